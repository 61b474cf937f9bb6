//! What the public is told when a programme is released again: what it can see, and no more.
//!
//! The public sees sessions that are on the agenda and not cancelled, who is on them, the rooms and tracks
//! they are in, and of the event its name, dates, place and venue. What is planned beside that, as a
//! speaker who is only asked, never gets here.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value as Json;

use super::Difference;
use super::words::value::{NOTHING, Side, Values, clipped};
use crate::content::{Content, ONE, is_archived};
use crate::schema::Root;
use crate::view::{PlanView, Session, SessionState};

/// What happened to something that the public sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// It is new in the programme.
    Added,
    /// It takes place at another time, or in another room.
    Moved,
    /// Something else that is seen of it is different.
    Changed,
    /// It does not take place.
    Cancelled,
    /// It is not in the programme any more, for no reason that is told.
    Archived,
    /// It was cancelled or put away, and is back.
    Restored,
}

/// One line of a changelog.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// What happened.
    pub kind: Kind,
    /// To what kind of thing.
    pub root: &'static str,
    /// To which; empty for the event itself.
    pub id: String,
    /// In words, without a full stop.
    pub say: String,
}

/// The changelog of a release whose content is `after` since the one whose content was `before`, of the
/// differences between them: the event first, then sessions, speakers, rooms and tracks, each by id.
/// A thing of which several changes are told has several entries.
pub fn changelog(differences: &[Difference], before: &Content, after: &Content) -> Vec<Entry> {
    let mut log = Changelog {
        values: Values::new(before, after),
        contents: (before, after),
        entries: Vec::new(),
    };
    let old = Shown::read(log.values.of(Side::Before));
    let new = Shown::read(log.values.of(Side::After));
    let touched: BTreeSet<(&'static str, &str)> = differences
        .iter()
        .map(|it| (it.root(), it.id.as_str()))
        .collect();
    log.event(&touched);
    for (root, id) in &touched {
        if *root == "sessions" {
            log.session(id, (old.sessions.get(id), new.sessions.get(id)));
        }
    }
    // Whoever is on the last of their sessions is gone with it, so these are compared as a whole.
    for (root, old, new) in [
        ("speakers", &old.speakers, &new.speakers),
        ("rooms", &old.rooms, &new.rooms),
        ("tracks", &old.tracks, &new.tracks),
    ] {
        let ids: BTreeSet<&str> = old.union(new).copied().collect();
        for id in ids {
            log.named(root, id, (old.contains(id), new.contains(id)));
        }
    }
    log.entries
}

/// What the public sees of one content.
struct Shown<'a> {
    sessions: BTreeMap<&'a str, Session<'a>>,
    speakers: BTreeSet<&'a str>,
    rooms: BTreeSet<&'a str>,
    tracks: BTreeSet<&'a str>,
}

impl<'a> Shown<'a> {
    fn read(view: &PlanView<'a>) -> Self {
        let sessions = view.sessions().iter().cloned();
        let sessions: BTreeMap<&str, Session<'_>> = sessions
            .filter(|it| it.start.is_some() && it.state != Some(SessionState::Cancelled))
            .map(|it| (it.id, it))
            .collect();
        let is_live = |root: &str, id: &str| {
            view.entity(root, id)
                .is_some_and(|fields| !is_archived(fields))
        };
        let live = |root: &'static str, ids: BTreeSet<&'a str>| -> BTreeSet<&'a str> {
            ids.into_iter().filter(|id| is_live(root, id)).collect()
        };
        let all = || sessions.values();
        Self {
            speakers: live("speakers", all().flat_map(Session::people).collect()),
            rooms: live("rooms", all().filter_map(|it| it.room_id).collect()),
            tracks: live("tracks", all().filter_map(|it| it.track_id).collect()),
            sessions,
        }
    }
}

struct Changelog<'a> {
    values: Values<'a>,
    contents: (&'a Content, &'a Content),
    entries: Vec<Entry>,
}

impl Changelog<'_> {
    fn tell(&mut self, kind: Kind, root: &'static str, id: &str, say: String) {
        self.entries.push(Entry {
            kind,
            root,
            id: id.to_owned(),
            say,
        });
    }

    /// Name, dates, place, and the venue that is chosen.
    fn event(&mut self, touched: &BTreeSet<(&'static str, &str)>) {
        if touched.contains(&("meta", ONE)) {
            for (field, say) in [
                ("name", "The event is called"),
                ("dates", "The event is on"),
                ("place", "The event is in"),
            ] {
                let (was, is) = (
                    self.said(field, Side::Before),
                    self.said(field, Side::After),
                );
                if was != is {
                    let say = match was.as_str() {
                        NOTHING => format!("{say} {is}"),
                        _ => format!("{say} {is}, was {was}"),
                    };
                    self.tell(Kind::Changed, "meta", ONE, say);
                }
            }
        }
        let venue = |side| {
            let view = self.values.of(side);
            let id = view.meta().venue_id?;
            view.entity("venues", id)
                .map(|_| self.values.name("venues", id, side))
        };
        match (venue(Side::Before), venue(Side::After)) {
            (Some(was), Some(is)) if was != is => {
                let say = format!("The venue is {is}, was {was}");
                self.tell(Kind::Changed, "meta", ONE, say);
            }
            (None, Some(is)) => {
                self.tell(Kind::Changed, "meta", ONE, format!("The venue is {is}"));
            }
            (Some(was), None) => {
                let say = format!("The venue is not {was} any more");
                self.tell(Kind::Changed, "meta", ONE, say);
            }
            (Some(_) | None, _) => {}
        }
    }

    /// What a field of the event says on one side.
    fn said(&self, field: &str, side: Side) -> String {
        let content = match side {
            Side::Before => self.contents.0,
            Side::After => self.contents.1,
        };
        let json = content.field("meta", ONE, field);
        let json = json.and_then(|value| value.plain()).unwrap_or(&Json::Null);
        let part = |key: &str| json.get(key).and_then(Json::as_str);
        match field {
            "dates" => {
                let day = |key: &str| Some(self.values.day(crate::value::day(part(key)?)?));
                match (day("start"), day("end")) {
                    (Some(start), Some(end)) if start == end => start,
                    (Some(start), Some(end)) => format!("{start} to {end}"),
                    (Some(_) | None, _) => NOTHING.to_owned(),
                }
            }
            "place" => {
                let parts = ["city", "region", "country"].iter();
                let parts: Vec<&str> = parts.filter_map(|key| part(key)).collect();
                if parts.is_empty() {
                    NOTHING.to_owned()
                } else {
                    clipped(&parts.join(", "))
                }
            }
            _ => {
                let kind = Root::of("meta").and_then(|root| root.field(field));
                self.values.value(kind.map(|field| &field.kind), json, side)
            }
        }
    }

    fn session(&mut self, id: &str, (was, is): (Option<&Session<'_>>, Option<&Session<'_>>)) {
        let thing = |side| self.values.thing("sessions", id, side);
        let slot = |session: &Session<'_>, side| {
            let slot = session.fields().get("slot").and_then(|slot| slot.plain());
            self.values.slot(slot.unwrap_or(&Json::Null), side)
        };
        match (was, is) {
            (None, Some(is)) => {
                let there = self.contents.0.entity("sessions", id);
                let was_away = there.is_some_and(|fields| {
                    let state = fields.get("state").and_then(|state| state.plain());
                    is_archived(fields) || state == Some(&Json::from("cancelled"))
                });
                let (kind, word) = if was_away {
                    (Kind::Restored, "is back")
                } else {
                    (Kind::Added, "added")
                };
                let say = format!("{} {word}: {}", thing(Side::After), slot(is, Side::After));
                self.tell(kind, "sessions", id, say);
            }
            (Some(was), None) => {
                let thing = thing(Side::Before);
                let slot = slot(was, Side::Before);
                let now = self.contents.1.entity("sessions", id);
                let state = now.and_then(|fields| fields.get("state")?.plain());
                if state == Some(&Json::from("cancelled")) {
                    let say = format!("{thing} cancelled, was at {slot}");
                    self.tell(Kind::Cancelled, "sessions", id, say);
                } else {
                    let say = format!("{thing} is not in the programme any more, was at {slot}");
                    self.tell(Kind::Archived, "sessions", id, say);
                }
            }
            (Some(was), Some(is)) => {
                if (was.start, was.room_id) != (is.start, is.room_id) {
                    let (thing, from, to) = (
                        thing(Side::After),
                        slot(was, Side::Before),
                        slot(is, Side::After),
                    );
                    let say = format!("{thing} moved from {from} to {to}");
                    self.tell(Kind::Moved, "sessions", id, say);
                }
                for say in self.changes(was, is) {
                    self.tell(Kind::Changed, "sessions", id, say);
                }
            }
            (None, None) => {}
        }
    }

    /// What is different about a session beside when and where it is.
    fn changes(&self, was: &Session<'_>, is: &Session<'_>) -> Vec<String> {
        let mut say = Vec::new();
        if was.title != is.title {
            let old = self.values.thing("sessions", was.id, Side::Before);
            let new = self.values.name("sessions", is.id, Side::After);
            say.push(format!("{old} is now called \"{new}\""));
        }
        let thing = self.values.thing("sessions", is.id, Side::After);
        if let (Some(was), Some(is)) = (was.minutes, is.minutes)
            && was != is
        {
            say.push(format!("{thing} takes {is} minutes, was {was}"));
        }
        if was.track_id != is.track_id {
            let track = |id: Option<&str>, side| {
                id.map_or_else(
                    || "none".to_owned(),
                    |id| self.values.name("tracks", id, side),
                )
            };
            let (was, is) = (
                track(was.track_id, Side::Before),
                track(is.track_id, Side::After),
            );
            say.push(format!("{thing}: track {was} -> {is}"));
        }
        let people = |session: &Session<'_>| -> BTreeSet<String> {
            session.people().map(str::to_owned).collect()
        };
        let (old, new) = (people(was), people(is));
        let names = |ids: &mut dyn Iterator<Item = &String>, side| -> String {
            let names: Vec<String> = ids
                .map(|id| self.values.name("speakers", id, side))
                .collect();
            names.join(", ")
        };
        let came = names(&mut new.difference(&old), Side::After);
        let went = names(&mut old.difference(&new), Side::Before);
        match (came.is_empty(), went.is_empty()) {
            (true, true) => {}
            (false, true) => say.push(format!("{thing} now with {came}")),
            (true, false) => say.push(format!("{thing} without {went}")),
            (false, false) => say.push(format!("{thing} now with {came}, without {went}")),
        }
        say
    }

    /// Speakers, rooms and tracks: whether they are seen, and what they are called.
    fn named(&mut self, root: &'static str, id: &str, stands: (bool, bool)) {
        let thing = |side| self.values.thing(root, id, side);
        match stands {
            (false, true) => {
                let say = format!("{} added", thing(Side::After));
                self.tell(Kind::Added, root, id, say);
            }
            (true, false) => {
                let say = format!("{} is not in the programme any more", thing(Side::Before));
                self.tell(Kind::Archived, root, id, say);
            }
            (true, true) => {
                let name = |side| self.values.name(root, id, side);
                let (was, is) = (name(Side::Before), name(Side::After));
                if was != is {
                    let say = format!("{} is now called \"{is}\"", thing(Side::Before));
                    self.tell(Kind::Changed, root, id, say);
                }
            }
            (false, false) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::diff::diff;

    fn plan() -> Json {
        let slot = |hour: &str, room: &str| json!({"start": format!("2026-05-04T{hour}:00:00+02:00"), "room_id": room});
        json!({
            "meta": {"name": "Days", "tz": "Europe/Berlin", "dates": {"start": "2026-05-04", "end": "2026-05-04"},
                "venue_id": "ve_1"},
            "venues": {"ve_1": {"name": "Mill"}, "ve_2": {"name": "Hall"}},
            "rooms": {"ro_A": {"name": "Aula"}, "ro_B": {"name": "Bar"}},
            "tracks": {"tr_1": {"name": "Web"}},
            "sessions": {
                "se_1": {"title": "Kafka", "minutes": 30, "state": "confirmed", "slot": slot("09", "ro_A"),
                    "track_id": "tr_1", "people": {"sp_1": {}}},
                "se_2": {"title": "Rust", "minutes": 30, "state": "confirmed", "slot": slot("10", "ro_A"), "people": {"sp_2": {}}},
                "se_3": {"title": "Nix", "state": "cancelled", "slot": slot("11", "ro_A")},
                "se_4": {"title": "Secret", "state": "draft", "people": {"sp_3": {}}},
            },
            "speakers": {"sp_1": {"name": "Ada"}, "sp_2": {"name": "Bo"}, "sp_3": {"name": "Cy"}},
            "budget": {"bu_1": {"label": "Catering"}},
        })
    }

    fn told(after: &Json) -> Vec<(Kind, &'static str, String)> {
        let (before, _) = Content::from_json(&plan()).unwrap();
        let (after, _) = Content::from_json(after).unwrap();
        let entries = changelog(&diff(&before, &after), &before, &after);
        entries
            .into_iter()
            .map(|it| (it.kind, it.root, it.say))
            .collect()
    }

    #[test]
    fn the_public_is_told_what_became_of_the_programme() {
        let mut after = plan();
        let sessions = &mut after["sessions"];
        sessions["se_1"]["slot"]["room_id"] = json!("ro_B");
        sessions["se_1"]["title"] = json!("Kafka in depth");
        sessions["se_1"]["minutes"] = json!(45);
        sessions["se_1"]["people"] = json!({"sp_2": {}});
        sessions["se_1"]["track_id"] = json!(null);
        sessions["se_2"]["state"] = json!("cancelled");
        sessions["se_3"]["state"] = json!("confirmed");
        after["meta"]["dates"]["end"] = json!("2026-05-05");
        after["meta"]["place"] = json!({"country": "DE", "city": "Köln"});
        after["venues"]["ve_1"]["name"] = json!("Old Mill");
        let said = told(&after);
        let said: Vec<String> = said
            .iter()
            .map(|(kind, root, say)| format!("{kind:?} {root}: {say}"))
            .collect();
        assert_eq!(
            said,
            [
                "Changed meta: The event is on Mon 4 May to Tue 5 May, was Mon 4 May",
                "Changed meta: The event is in Köln, DE",
                "Changed meta: The venue is Old Mill, was Mill",
                "Moved sessions: Session \"Kafka in depth\" moved from Mon 4 May 09:00, Aula to Mon 4 May 09:00, Bar",
                "Changed sessions: Session \"Kafka\" is now called \"Kafka in depth\"",
                "Changed sessions: Session \"Kafka in depth\" takes 45 minutes, was 30",
                "Changed sessions: Session \"Kafka in depth\": track Web -> none",
                "Changed sessions: Session \"Kafka in depth\" now with Bo, without Ada",
                "Cancelled sessions: Session \"Rust\" cancelled, was at Mon 4 May 10:00, Aula",
                "Restored sessions: Session \"Nix\" is back: Mon 4 May 11:00, Aula",
                "Archived speakers: Speaker \"Ada\" is not in the programme any more",
                "Added rooms: Room \"Bar\" added",
                "Archived tracks: Track \"Web\" is not in the programme any more",
            ]
        );
    }

    #[test]
    fn what_the_public_does_not_see_is_not_told() {
        let mut after = plan();
        after["sessions"]["se_4"]["title"] = json!("More secret");
        after["sessions"]["se_1"]["expected"] = json!(60);
        after["sessions"]["se_1"]["state"] = json!("accepted");
        after["speakers"]["sp_3"]["name"] = json!("Cyd");
        after["speakers"]["sp_1"]["fee"] = json!({"minor": 5, "cur": "EUR"});
        after["speakers"]["sp_4"] = json!({"name": "Dee", "status": "approached"});
        after["venues"]["ve_2"]["name"] = json!("Great Hall");
        after["budget"]["bu_1"]["label"] = json!("Food");
        after["meta"]["phase"] = json!("live");
        assert_eq!(told(&after), []);
    }

    #[test]
    fn what_is_taken_off_the_agenda_or_put_away_is_gone() {
        let mut after = plan();
        after["sessions"]["se_1"]["slot"] = json!(null);
        after["sessions"]["se_2"]["archived"] = json!(true);
        let kinds: Vec<(Kind, &str)> = told(&after)
            .into_iter()
            .map(|(kind, root, _)| (kind, root))
            .collect();
        let gone = [
            "sessions", "sessions", "speakers", "speakers", "rooms", "tracks",
        ];
        assert_eq!(kinds, gone.map(|root| (Kind::Archived, root)));
    }
}
