//! The canonical `plan.json`: everything that a plan says, without loss, for backups, tests and comparing.

use serde_json::{Value as Json, json};

use super::{Import, Place, Unreadable, json_shape, limited};
use crate::content::{Content, NotContent};
use crate::schema::check::check_entity;
use crate::schema::{ROOTS, Shape};

/// What the file says it is.
pub const SCHEMA: &str = "convene.plan/1";

/// How the text is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// Indented, for people.
    Pretty,
    /// Without blanks.
    Compact,
}

/// Writes a plan, with sorted keys: the same plan is always the same text.
pub fn write(content: &Content, layout: Layout) -> String {
    let json = json!({ "schema": SCHEMA, "plan": content.to_json() });
    match layout {
        Layout::Pretty => format!("{json:#}\n"),
        Layout::Compact => json.to_string(),
    }
}

/// Reads a plan as it is. Roots that the schema does not know and values that do not fit it are reported
/// by their path; [`Import::fit`] makes the latter fit.
pub fn read(file: &[u8]) -> Result<Import, Unreadable> {
    let json = json_shape::parse(file)?;
    let other = |say: String| Unreadable::Other {
        format: "plan.json",
        say,
    };
    match json.get("schema").and_then(Json::as_str) {
        Some(SCHEMA) => {}
        Some(schema) => return Err(other(format!("its schema is {schema}, not {SCHEMA}"))),
        None => return Err(other(format!("it has no \"schema\": \"{SCHEMA}\""))),
    }
    let plan = json
        .get("plan")
        .ok_or_else(|| other("it has no \"plan\"".to_owned()))?;
    for root in ROOTS {
        if let (Shape::Many { .. }, Some(entities)) = (root.shape, plan.get(root.name)) {
            limited(
                root.name,
                entities.as_object().map_or(0, serde_json::Map::len),
            )?;
        }
    }
    let (content, unknown) =
        Content::from_json(plan).map_err(|error: NotContent| other(error.to_string()))?;
    let mut import = Import {
        content,
        ..Import::default()
    };
    for name in unknown {
        let at = Place::Thing(format!("plan.{name}"));
        let say = "is no root of a plan, and is left out";
        import.report.note(&at, "", say);
    }
    for key in json.as_object().into_iter().flatten().map(|(key, _)| key) {
        if !matches!(key.as_str(), "schema" | "plan") {
            import
                .report
                .note(&Place::Whole, key, "is not known, and is left out");
        }
    }
    for root in ROOTS {
        for (id, fields) in import.content.entities(root.name) {
            let path = match root.shape {
                Shape::Many { .. } => format!("plan.{}.{id}", root.name),
                Shape::One | Shape::Counts => format!("plan.{}", root.name),
            };
            for problem in check_entity(root, fields) {
                let at = Place::Thing(path.clone());
                import.report.note(&at, &problem.at, problem.say);
            }
        }
    }
    Ok(import)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_the_same_text_whatever_its_keys_were_sorted_like() {
        let file = br##"{"schema":"convene.plan/1","plan":{
            "tracks":{"tr_B":{"name":"B"},"tr_A":{"name":"A","color":"#000000"}},"meta":{"tz":"UTC"}}}"##;
        let import = read(file).unwrap();
        let text = write(&import.content, Layout::Compact);
        let expected = r##"{"plan":{"meta":{"tz":"UTC"},"tracks":{"tr_A":{"color":"#000000","name":"A"},"tr_B":{"name":"B"}}},"schema":"convene.plan/1"}"##;
        assert_eq!(text, expected);
        let pretty = write(&import.content, Layout::Pretty);
        assert_eq!(read(pretty.as_bytes()).unwrap().content, import.content);
    }

    #[test]
    fn unknown_roots_and_wrong_values_are_reported_with_their_path() {
        let file = br#"{"schema":"convene.plan/1","more":1,"plan":{
            "raffles":{},"sessions":{"se_A":{"title":"","kind":"talk","state":"draft"}}}}"#;
        let import = read(file).unwrap();
        let said: Vec<String> = import
            .report
            .notes
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            said,
            [
                "plan.raffles: is no root of a plan, and is left out",
                "the file: more: is not known, and is left out",
                "plan.sessions.se_A: title: must be one line of 1 to 200 characters",
                "plan.sessions.se_A: minutes: is missing",
            ]
        );
    }

    #[test]
    fn what_is_no_plan_is_refused_with_a_reason() {
        for (file, say) in [
            ("[]", "it has no \"schema\""),
            (r#"{"schema":"convene.plan/2"}"#, "convene.plan/2, not"),
            (r#"{"schema":"convene.plan/1"}"#, "it has no \"plan\""),
            (
                r#"{"schema":"convene.plan/1","plan":{"rooms":[]}}"#,
                "rooms must be an object",
            ),
            ("{", "line 1: "),
        ] {
            let error = read(file.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(say), "{error}");
        }
    }
}
