//! Single sessions that are not where or with whom they should be.

use super::overlap::unschedule;
use super::{Finding, Found, Severity};
use crate::view::{PlanView, SessionKind, SessionState, SpeakerStatus};

/// `agenda.out_of_range` (W): a session begins on no day of the event. Cancelled ones do not count.
pub(super) fn out_of_range(view: &PlanView<'_>, found: &mut Found) {
    let meta = view.meta();
    let Some((first, last)) = meta.dates else {
        return;
    };
    for session in view.sessions() {
        let is_cancelled = session.state == Some(SessionState::Cancelled);
        let day = session.start.and_then(|start| meta.day(start));
        let Some(day) = day.filter(|day| !is_cancelled && !(first..=last).contains(day)) else {
            continue;
        };
        found.add(|| {
            let say = format!(
                "\"{}\" is on {day}, but the event is from {first} to {last}",
                session.name()
            );
            let finding = Finding::new(Severity::Warn, &[session.id], say)
                .at("sessions", session.id, "slot")
                .at("meta", "", "dates");
            unschedule(finding, session)
        });
    }
}

/// `agenda.no_person` (B): a confirmed session that people come to hear somebody at has nobody who is
/// confirmed. Breaks, meals, socials, registrations and blockers need nobody.
pub(super) fn no_person(view: &PlanView<'_>, found: &mut Found) {
    let speakers = view.speakers();
    let is_confirmed = |id: &str| {
        let status = speakers.get(id).and_then(|speaker| speaker.status);
        status == Some(SpeakerStatus::Confirmed)
    };
    for session in view.sessions() {
        let is_content = session.kind.is_some_and(SessionKind::is_content);
        let is_ready = session.state == Some(SessionState::Confirmed);
        if !is_content || !is_ready || session.people().any(is_confirmed) {
            continue;
        }
        found.add(|| {
            let people: Vec<&str> = session.people().collect();
            let say = if people.is_empty() {
                format!("\"{}\" is confirmed, but nobody gives it", session.name())
            } else {
                let say = "is confirmed, but nobody who gives it is";
                format!("\"{}\" {say}", session.name())
            };
            let finding = Finding::new(Severity::Block, &[session.id], say);
            let finding = finding.at("sessions", session.id, "people");
            people
                .into_iter()
                .filter(|id| speakers.contains_key(id))
                .fold(finding, |finding, id| finding.at("speakers", id, "status"))
        });
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::super::sample::{NOTHING, keys, slot};

    #[test]
    fn a_session_outside_the_days_of_the_event_warns() {
        for (start, is_out) in [
            ("02T23:59", true),
            // Before 03:00 it is still the night before: the one before the first day, that of the last.
            ("03T02:59", true),
            ("03T03:00", false),
            ("05T02:59", false),
            ("05T03:00", true),
        ] {
            let found = keys(&[("/sessions/se_3/slot", slot(start, "ro_B"))]);
            let expected: &[&str] = if is_out {
                &["agenda.out_of_range|se_3"]
            } else {
                &[]
            };
            assert_eq!(found, expected, "{start}");
        }
        // What is cancelled may be anywhere.
        let cancelled = [
            ("/sessions/se_3/slot", slot("13T10:00", "ro_B")),
            ("/sessions/se_3/state", json!("cancelled")),
        ];
        assert_eq!(keys(&cancelled), NOTHING);
        // The event's clocks count, not the offset it is written with.
        let utc = json!({"start": "2027-05-02T23:30:00-05:00", "room_id": "ro_B"});
        assert_eq!(keys(&[("/sessions/se_3/slot", utc)]), NOTHING);
    }

    #[test]
    fn a_confirmed_session_without_a_confirmed_person_blocks() {
        let expected = ["agenda.no_person|se_3"];
        assert_eq!(keys(&[("/sessions/se_3/people", Json::Null)]), expected);
        let approached = ("/speakers/sp_3/status", json!("approached"));
        assert_eq!(keys(std::slice::from_ref(&approached)), expected);
        assert_eq!(
            keys(&[
                approached.clone(),
                ("/sessions/se_3/state", json!("accepted"))
            ]),
            NOTHING
        );
        for kind in ["break", "meal", "social", "registration", "blocker"] {
            assert_eq!(
                keys(&[approached.clone(), ("/sessions/se_3/kind", json!(kind))]),
                NOTHING
            );
        }
        // One of two is enough.
        let both = ("/sessions/se_3/people", json!({"sp_3": {}, "sp_2": {}}));
        let apart = ("/sessions/se_3/slot", slot("04T10:00", "ro_B"));
        assert_eq!(keys(&[approached, both, apart]), NOTHING);
    }
}
