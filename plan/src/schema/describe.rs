//! The schema written down: as JSON for programs, and as a table for people.

use std::fmt::Write;

use serde_json::{Value as Json, json};

use super::{Field, Kind, ROOTS, Shape, TEXT_CHARS_MAX, VERSION, roots};

/// The whole schema as JSON: roots in order, their fields in order.
pub fn to_json() -> Json {
    let root = |root: &super::Root| {
        json!({
            "name": root.name,
            "noun": root.noun,
            "holds": match root.shape {
                Shape::One => "one",
                Shape::Many { .. } => "many",
                Shape::Counts => "counts",
            },
            "prefix": root.prefix(),
            "fields": fields(root.fields),
        })
    };
    json!({
        "version": VERSION,
        "every_entity": fields(roots::EVERY_ENTITY),
        "roots": ROOTS.iter().map(root).collect::<Vec<_>>(),
    })
}

fn fields(fields: &[Field]) -> Json {
    let field = |field: &Field| {
        let mut json = kind(&field.kind);
        if let Some(object) = json.as_object_mut() {
            object.insert("name".to_owned(), json!(field.name));
            object.insert("needed".to_owned(), json!(field.is_needed));
        }
        json
    };
    fields.iter().map(field).collect()
}

fn kind(kind: &Kind) -> Json {
    let is = |name: &str| json!({ "kind": name });
    match kind {
        Kind::Text => json!({ "kind": "text", "chars_max": TEXT_CHARS_MAX }),
        Kind::Line(min, max) => json!({ "kind": "line", "chars_min": min, "chars_max": max }),
        Kind::Bool => is("bool"),
        Kind::Int(min, max) => json!({ "kind": "int", "min": min, "max": max }),
        Kind::Number(min, max) => json!({ "kind": "number", "min": min, "max": max }),
        Kind::Enum(values) => json!({ "kind": "enum", "values": values }),
        Kind::Day => is("day"),
        Kind::Instant => is("instant"),
        Kind::Zone => is("zone"),
        Kind::Currency => is("currency"),
        Kind::Country => is("country"),
        Kind::Language => is("language"),
        Kind::Color => is("color"),
        Kind::Url => is("url"),
        Kind::Money => is("money"),
        Kind::Ref(root) => json!({ "kind": "ref", "root": root }),
        Kind::AnyRef => is("any_ref"),
        Kind::Record(inner) => json!({ "kind": "record", "fields": fields(inner) }),
        Kind::List(inner) => json!({ "kind": "list", "fields": fields(inner) }),
        Kind::Refs(root, item) => {
            json!({ "kind": "refs", "root": root, "member": self::kind(item) })
        }
        Kind::Tags(item) => json!({ "kind": "tags", "member": self::kind(item) }),
        Kind::Present => is("present"),
        Kind::Json => is("json"),
    }
}

/// A table of every root in Markdown; a field that an entity needs is in bold.
pub fn to_markdown() -> String {
    let mut table = String::from("| root | holds | fields |\n|---|---|---|\n");
    for root in ROOTS {
        let holds = match root.shape {
            Shape::One => "one thing".to_owned(),
            Shape::Many { prefix } => format!("`{prefix}_…`: {}", root.noun),
            Shape::Counts => "a whole number by tag".to_owned(),
        };
        let fields: Vec<String> = root.fields.iter().map(cell).collect();
        // Writing into a text cannot fail.
        writeln!(
            table,
            "| `{}` | {holds} | {} |",
            root.name,
            fields.join(" · ")
        )
        .ok();
    }
    table
}

fn cell(field: &Field) -> String {
    let name = format!("`{}`", field.name);
    let name = if field.is_needed {
        format!("**{name}**")
    } else {
        name
    };
    format!("{name} {}", words(&field.kind))
}

fn words(kind: &Kind) -> String {
    match kind {
        Kind::Text => "shared text".to_owned(),
        Kind::Line(_, max) => format!("line of at most {max}"),
        Kind::Bool => "true or false".to_owned(),
        Kind::Int(min, max) => format!("{min} to {max}"),
        Kind::Number(min, max) => format!("number, {min} to {max}"),
        Kind::Enum(values) => values.join(", "),
        Kind::Day => "day".to_owned(),
        Kind::Instant => "instant".to_owned(),
        Kind::Zone => "time zone".to_owned(),
        Kind::Currency => "currency".to_owned(),
        Kind::Country => "country".to_owned(),
        Kind::Language => "language".to_owned(),
        Kind::Color => "colour".to_owned(),
        Kind::Url => "address".to_owned(),
        Kind::Money => "money".to_owned(),
        Kind::Ref(root) => format!("id of `{root}`"),
        Kind::AnyRef => "`{root, id}`".to_owned(),
        Kind::Record(inner) => format!("`{{{}}}`", names(inner)),
        Kind::List(inner) => format!("list of `{{{}}}`", names(inner)),
        Kind::Refs(root, item) => format!("shared map by id of `{root}`: {}", words(item)),
        Kind::Tags(item) => format!("shared map by tag: {}", words(item)),
        Kind::Present => "true".to_owned(),
        Kind::Json => "any JSON".to_owned(),
    }
}

fn names(fields: &[Field]) -> String {
    let names: Vec<&str> = fields.iter().map(|field| field.name).collect();
    names.join(", ")
}
