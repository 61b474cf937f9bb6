//! References that lead to nothing, or to what was put away.

use super::{Finding, Found, Severity};
use crate::content::Value;
use crate::op::Op;
use crate::schema::Root;
use crate::view::{PlanView, Reference, SessionState, Standing};

/// `ref.missing`: something refers to what is not there.
pub(super) fn missing(view: &PlanView<'_>, found: &mut Found) {
    for reference in leading_to(view, Standing::Missing) {
        found.add(|| {
            let say = format!(
                "{} refers to {}, which is not there",
                subject(view, reference),
                reference.to_id
            );
            finding(view, reference, say)
        });
    }
}

/// `ref.archived`: something refers to what was put away. Comments stay with what they are about, and
/// are left out.
pub(super) fn archived(view: &PlanView<'_>, found: &mut Found) {
    for reference in leading_to(view, Standing::Archived) {
        if reference.root.name == "comments" {
            continue;
        }
        found.add(|| {
            let name = view.name(reference.to_root, reference.to_id);
            let noun = Root::of(reference.to_root).map_or("entity", |root| root.noun);
            let subject = subject(view, reference);
            let say = format!("{subject} refers to the {noun} \"{name}\", which was put away");
            let restore = Op::Restore {
                path: vec![reference.to_root.to_owned(), reference.to_id.to_owned()],
            };
            finding(view, reference, say)
                .on(reference.to_root, reference.to_id)
                .fix(format!("Bring \"{name}\" back"), vec![restore])
        });
    }
}

/// The references of live entities that lead to something that stands so.
fn leading_to<'v, 'a>(
    view: &'v PlanView<'a>,
    standing: Standing,
) -> impl Iterator<Item = &'v Reference<'a>> {
    let references = view.references().iter();
    references.filter(move |it| view.standing(it.to_root, it.to_id) == standing)
}

/// What refers, for people: `the session "Kafka"`.
fn subject(view: &PlanView<'_>, reference: &Reference<'_>) -> String {
    let (root, field) = (reference.root, reference.field.name);
    if root.prefix().is_none() {
        return format!("{field} of the {}", root.noun);
    }
    let name = view.name(root.name, reference.id);
    format!("{field} of the {} \"{name}\"", root.noun)
}

fn finding(view: &PlanView<'_>, reference: &Reference<'_>, say: String) -> Finding {
    let (root, field) = (reference.root, reference.field.name);
    let ids = [root.name, reference.id, field, reference.to_id];
    let finding = Finding::new(severity(view, reference), &ids, say);
    let finding = finding.at(root.name, reference.id, field);
    match reference.unassign() {
        Some(op) => {
            let say = format!("Clear {}", subject(view, reference));
            finding.fix(say, vec![op])
        }
        None => finding,
    }
}

/// What is published must lead somewhere; what only those who plan see should.
fn severity(view: &PlanView<'_>, reference: &Reference<'_>) -> Severity {
    let is_cancelled = || {
        let state = view.entity("sessions", reference.id)?.get("state");
        let state = state.and_then(Value::plain)?.as_str()?;
        Some(SessionState::read(state) == Some(SessionState::Cancelled))
    };
    match reference.root.name {
        "meta" => Severity::Block,
        "sessions" if is_cancelled() != Some(true) => Severity::Block,
        _ => Severity::Warn,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::sample::{NOTHING, keys, slot, with};
    use super::*;
    use crate::finding::find;
    use crate::view::Gates;

    #[test]
    fn a_reference_to_nothing_is_found_in_every_kind_of_field() {
        let cases = [
            (
                "/sessions/se_1/track_id",
                json!("tr_9"),
                "sessions|se_1|track_id|tr_9",
                Severity::Block,
            ),
            (
                "/sessions/se_1/slot",
                slot("03T10:00", "ro_9"),
                "sessions|se_1|slot|ro_9",
                Severity::Block,
            ),
            (
                "/sessions/se_1/people/sp_9",
                json!({}),
                "sessions|se_1|people|sp_9",
                Severity::Block,
            ),
            (
                "/travel/tl_1/who",
                json!({"speaker_id": "sp_9"}),
                "travel|tl_1|who|sp_9",
                Severity::Warn,
            ),
            (
                "/tasks/ta_1/ref",
                json!({"root": "raffles", "id": "ra_1"}),
                "tasks|ta_1|ref|ra_1",
                Severity::Warn,
            ),
            (
                "/tasks/ta_1/after",
                json!({"ta_9": true}),
                "tasks|ta_1|after|ta_9",
                Severity::Warn,
            ),
            (
                "/rooms/ro_A/venue_id",
                json!("ve_9"),
                "rooms|ro_A|venue_id|ve_9",
                Severity::Warn,
            ),
        ];
        for (pointer, value, key, severity) in cases {
            let mut content = with(&[(pointer, value)]);
            let found = find(&content, &Gates::none());
            assert_eq!(found.len(), 1, "{pointer}: {found:?}");
            assert_eq!(
                (found[0].key.clone(), found[0].severity),
                (format!("ref.missing|{key}"), severity)
            );
            // Its fix is an operation that can be performed, and after which nothing is found.
            content.apply(&found[0].fixes[0].ops).unwrap();
            assert_eq!(find(&content, &Gates::none()), [], "{pointer}");
        }
        let whole = [("/tasks/ta_1/ref", json!({"root": "brief", "id": ""}))];
        assert_eq!(keys(&whole), NOTHING);
    }

    #[test]
    fn a_reference_to_what_was_put_away_can_be_cleared_or_brought_back() {
        let content = with(&[("/tracks/tr_1/archived", json!(true))]);
        let found = find(&content, &Gates::none());
        let keys: Vec<&str> = found.iter().map(|it| it.key.as_str()).collect();
        assert_eq!(
            keys,
            [
                "ref.archived|sessions|se_1|track_id|tr_1",
                "ref.archived|sessions|se_2|track_id|tr_1",
                "ref.archived|sessions|se_3|track_id|tr_1"
            ]
        );
        assert_eq!(found[0].severity, Severity::Block);
        let mut cleared = content.clone();
        for finding in &found {
            cleared.apply(&finding.fixes[0].ops).unwrap();
        }
        assert_eq!(find(&cleared, &Gates::none()), []);
        let mut restored = content;
        restored.apply(&found[0].fixes[1].ops).unwrap();
        assert_eq!(find(&restored, &Gates::none()), []);
        // An archived entity may refer to anything, and comments go with what they are about.
        let away = [
            ("/tracks/tr_1/archived", json!(true)),
            ("/sessions", json!({})),
            (
                "/comments",
                json!({"cm_1": {"on": {"root": "tracks", "id": "tr_1"}, "author": "ada",
                "at": "2027-01-01T00:00:00Z"}}),
            ),
        ];
        assert_eq!(super::super::sample::keys(&away), NOTHING);
    }

    #[test]
    fn a_cancelled_session_does_not_block_with_what_it_refers_to() {
        let content = with(&[
            ("/sessions/se_1/track_id", json!("tr_9")),
            ("/sessions/se_1/state", json!("cancelled")),
        ]);
        let found = find(&content, &Gates::none());
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].severity, Severity::Warn);
    }
}
