//! Sessions that are too close: in one room, or for one person.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;

use super::{Finding, Found, Severity};
use crate::content::{Fields, Value};
use crate::op::Op;
use crate::view::{PlanView, Session};

/// What it takes to get from one room to another. 15 minutes are better, which is advice and no finding.
const ROOM_CHANGE: SignedDuration = SignedDuration::from_mins(10);

/// A session that takes place.
#[derive(Clone, Copy)]
struct Timed<'s, 'a> {
    start: Timestamp,
    end: Timestamp,
    session: &'s Session<'a>,
}

/// The sessions that take place, by what `keys` answers for each, in the order of their starts.
fn by<'s, 'a, K: IntoIterator<Item = &'a str>>(
    sessions: &'s [Session<'a>],
    keys: impl Fn(&'s Session<'a>) -> K,
) -> BTreeMap<&'a str, Vec<Timed<'s, 'a>>> {
    let mut groups: BTreeMap<&str, Vec<Timed<'s, 'a>>> = BTreeMap::new();
    for session in sessions {
        let Some((start, end)) = session.time() else {
            continue;
        };
        for key in keys(session) {
            groups.entry(key).or_default().push(Timed {
                start,
                end,
                session,
            });
        }
    }
    for group in groups.values_mut() {
        group.sort_by_key(|it| (it.start, it.session.id));
    }
    groups
}

/// Calls `meet` for every two of `group`, sorted by start, for which
/// `a.start < b.end && b.start < a.end` (half open, so that one may begin when another ends).
fn sweep<'s, 'a>(group: &[Timed<'s, 'a>], mut meet: impl FnMut(Timed<'s, 'a>, Timed<'s, 'a>)) {
    let mut open: Vec<Timed<'_, '_>> = Vec::new();
    for next in group {
        open.retain(|it| it.end > next.start);
        for earlier in &open {
            meet(*earlier, *next);
        }
        open.push(*next);
    }
}

/// Two sessions, the one with the smaller id first.
fn by_id<'s, 'a>(a: Timed<'s, 'a>, b: Timed<'s, 'a>) -> (Timed<'s, 'a>, Timed<'s, 'a>) {
    if a.session.id <= b.session.id {
        (a, b)
    } else {
        (b, a)
    }
}

/// When two sessions take place at once, for people.
fn together(view: &PlanView<'_>, a: Timed<'_, '_>, b: Timed<'_, '_>) -> String {
    view.meta().span(a.start.max(b.start), a.end.min(b.end))
}

/// `agenda.room_overlap` (B): two sessions are in one room at once.
pub(super) fn room_overlap(view: &PlanView<'_>, found: &mut Found) {
    for (room_id, group) in by(view.sessions(), |session| session.room_id) {
        sweep(&group, |a, b| {
            found.add(|| {
                let (a, b) = by_id(a, b);
                let say = format!(
                    "\"{}\" and \"{}\" both use {}, {}",
                    a.session.name(),
                    b.session.name(),
                    view.name("rooms", room_id),
                    together(view, a, b)
                );
                let ids = [a.session.id, b.session.id];
                let finding = Finding::new(Severity::Block, &ids, say)
                    .at("sessions", a.session.id, "slot")
                    .at("sessions", b.session.id, "slot");
                unschedule(unschedule(finding, b.session), a.session)
            });
        });
    }
}

/// `agenda.person_overlap` (B): somebody is in two sessions at once.
pub(super) fn person_overlap(view: &PlanView<'_>, found: &mut Found) {
    for (person, group) in by(view.sessions(), Session::people) {
        sweep(&group, |a, b| {
            found.add(|| {
                let (a, b) = by_id(a, b);
                let say = format!(
                    "{} is in \"{}\" and \"{}\" at once, {}",
                    view.name("speakers", person),
                    a.session.name(),
                    b.session.name(),
                    together(view, a, b)
                );
                let ids = [person, a.session.id, b.session.id];
                let finding = Finding::new(Severity::Block, &ids, say)
                    .on("speakers", person)
                    .at("sessions", a.session.id, "slot")
                    .at("sessions", b.session.id, "slot");
                let name = view.name("speakers", person);
                let finding = leave_out(finding, b.session, (person, name));
                leave_out(finding, a.session, (person, name))
            });
        });
    }
}

/// `agenda.room_change` (W): somebody has less than 10 minutes to get to another room.
pub(super) fn room_change(view: &PlanView<'_>, found: &mut Found) {
    for (person, group) in by(view.sessions(), Session::people) {
        let mut ends: Vec<&Timed<'_, '_>> = group.iter().collect();
        ends.sort_by_key(|it| (it.end, it.session.id));
        for next in &group {
            // Only from where they were last: what lies before was a change of its own.
            let before = ends.partition_point(|it| it.end <= next.start);
            let Some(last) = before.checked_sub(1).and_then(|at| ends.get(at)) else {
                continue;
            };
            let gap = next.start.duration_since(last.end);
            let rooms = last.session.room_id.zip(next.session.room_id);
            if let Some((from, to)) = rooms.filter(|(from, to)| from != to)
                && gap < ROOM_CHANGE
            {
                found.add(|| {
                    let say = format!(
                        "{} has {} min from {} to {}, between \"{}\" and \"{}\"",
                        view.name("speakers", person),
                        gap.as_mins(),
                        view.name("rooms", from),
                        view.name("rooms", to),
                        last.session.name(),
                        next.session.name()
                    );
                    let (a, b) = by_id(**last, *next);
                    let ids = [person, a.session.id, b.session.id];
                    Finding::new(Severity::Warn, &ids, say)
                        .on("speakers", person)
                        .at("sessions", a.session.id, "slot")
                        .at("sessions", b.session.id, "slot")
                });
            }
        }
    }
}

fn field_path(session: &Session<'_>, parts: &[&str]) -> Vec<String> {
    let path = ["sessions", session.id].into_iter();
    path.chain(parts.iter().copied())
        .map(str::to_owned)
        .collect()
}

fn plain<'a>(fields: &'a Fields, name: &str) -> Option<&'a Json> {
    fields.get(name).and_then(Value::plain)
}

/// Offers to take a session off the agenda, unless it is locked there.
pub(super) fn unschedule(finding: Finding, session: &Session<'_>) -> Finding {
    let slot = plain(session.fields(), "slot").filter(|_| !session.is_locked);
    let Some(slot) = slot else {
        return finding;
    };
    let op = Op::Set {
        path: field_path(session, &["slot"]),
        from: Some(slot.clone()),
        to: Json::Null,
    };
    finding.fix(
        format!("Take \"{}\" off the agenda", session.name()),
        vec![op],
    )
}

fn leave_out(finding: Finding, session: &Session<'_>, (person, name): (&str, &str)) -> Finding {
    let member = match session.fields().get("people") {
        Some(Value::Map(people)) => people.get(person),
        Some(Value::Plain(_) | Value::Text(_)) | None => None,
    };
    let op = Op::Unlink {
        path: field_path(session, &["people", person]),
        from: member.cloned(),
    };
    let say = format!("Leave {name} out of \"{}\"", session.name());
    finding.fix(say, vec![op])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::sample::{NOTHING, findings, keys, slot};
    use super::*;

    #[test]
    fn two_sessions_in_one_room_at_once_block() {
        let planted = [("/sessions/se_2/slot", slot("03T14:29", "ro_A"))];
        let found = findings(&planted);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].key, "agenda.room_overlap|se_1|se_2");
        assert_eq!(found[0].severity, Severity::Block);
        assert_eq!(
            found[0].say,
            "\"Kafka\" and \"CRDTs\" both use Room A, 2027-05-03, 14:29-14:30"
        );
        // The neighbour: not at once, in another room, or cancelled.
        assert_eq!(
            keys(&[("/sessions/se_2/slot", slot("03T14:30", "ro_A"))]),
            NOTHING
        );
        assert_eq!(
            keys(&[("/sessions/se_2/slot", slot("03T14:29", "ro_C"))]),
            ["ref.missing|sessions|se_2|slot|ro_C"]
        );
        let cancelled = [
            planted[0].clone(),
            ("/sessions/se_1/state", json!("cancelled")),
        ];
        assert_eq!(keys(&cancelled), NOTHING);
    }

    #[test]
    fn one_person_in_two_sessions_at_once_blocks() {
        let planted = [("/sessions/se_3/people", json!({"sp_1": {}}))];
        let found = findings(&planted);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].key, "agenda.person_overlap|sp_1|se_1|se_3");
        assert_eq!(
            found[0].say,
            "Ada Lovelace is in \"Kafka\" and \"Ropes\" at once, 2027-05-03, 14:00-14:30"
        );
        let later = [
            planted[0].clone(),
            ("/sessions/se_3/slot", slot("03T15:00", "ro_B")),
        ];
        assert_eq!(keys(&later), NOTHING);
    }

    #[test]
    fn a_short_way_between_rooms_warns() {
        let person = ("/sessions/se_3/people", json!({"sp_1": {}}));
        let nine = [
            person.clone(),
            ("/sessions/se_3/slot", slot("03T14:39", "ro_B")),
        ];
        let found = findings(&nine);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].key, "agenda.room_change|sp_1|se_1|se_3");
        assert!(
            found[0]
                .say
                .starts_with("Ada Lovelace has 9 min from Room A to Room B")
        );
        let ten = [
            person.clone(),
            ("/sessions/se_3/slot", slot("03T14:40", "ro_B")),
        ];
        assert_eq!(keys(&ten), NOTHING);
        let same_room = [
            person,
            ("/sessions/se_3/slot", slot("03T15:05", "ro_A")),
            ("/sessions/se_1/slot", slot("03T15:35", "ro_A")),
        ];
        assert_eq!(keys(&same_room), NOTHING);
    }

    #[test]
    fn a_change_of_rooms_is_from_where_somebody_was_last() {
        // From A to B at once, and from there to C after a minute; not from A to C.
        let found = keys(&[
            ("/rooms/ro_C", json!({"name": "Room C"})),
            ("/sessions/se_2/people", json!({"sp_1": {}})),
            ("/sessions/se_3/people", json!({"sp_1": {}})),
            ("/sessions/se_2/minutes", json!(5)),
            ("/sessions/se_2/slot", slot("03T14:30", "ro_B")),
            ("/sessions/se_3/slot", slot("03T14:36", "ro_C")),
        ]);
        assert_eq!(
            found,
            [
                "agenda.room_change|sp_1|se_1|se_2",
                "agenda.room_change|sp_1|se_2|se_3",
            ]
        );
    }

    #[test]
    fn a_locked_session_is_not_taken_off_the_agenda() {
        let planted = ("/sessions/se_2/slot", slot("03T14:29", "ro_A"));
        let says = |found: &[Finding]| -> Vec<String> {
            let fixes = found.iter().flat_map(|it| &it.fixes);
            fixes.map(|fix| fix.say.clone()).collect()
        };
        let both = says(&findings(std::slice::from_ref(&planted)));
        assert_eq!(
            both,
            [
                "Take \"CRDTs\" off the agenda",
                "Take \"Kafka\" off the agenda"
            ]
        );
        let locked = [planted, ("/sessions/se_2/locked", json!(true))];
        assert_eq!(says(&findings(&locked)), ["Take \"Kafka\" off the agenda"]);
    }
}
