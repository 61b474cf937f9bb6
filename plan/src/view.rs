//! A plan read for judging it: typed, borrowed, and only as far as somebody asks.
//!
//! ```text
//! Content ──> PlanView ──> sessions(), speakers(), rooms() … of live entities, each list read once
//! ```
//!
//! A reading is lenient: what cannot be read is none, and is somebody else's to report. Lists hold live
//! entities; those that were archived can be looked up by their ids.

mod agenda;
mod event;
mod field;
mod gate;
mod money;
mod people;
mod reference;
mod word;

use std::cell::OnceCell;
use std::collections::BTreeMap;

pub use self::agenda::{Room, Session, Track};
pub use self::event::{Attendance, Brief, Meta, Venue};
pub use self::gate::Gates;
pub use self::money::{Amount, BudgetLine, Campaign, Contract, Payment, Quantity};
pub use self::people::{Interval, Speaker};
pub use self::reference::{Place, Reference};
pub use self::word::{
    CampaignState, ContractState, LineState, Per, Phase, SessionKind, SessionState, Side,
    SpeakerStatus, VenueStatus,
};
use crate::content::{Content, Fields, ONE, is_archived};
use crate::schema::{ROOTS, Root, Shape};

/// What a rule names beside roots when it reads [`Gates`].
pub const GATES: &str = "gates";

/// Whether an entity can be pointed at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is there.
    Live,
    /// It is there, put away.
    Archived,
    /// There is no such thing.
    Missing,
}

/// A plan's content, read as far as it is asked for.
pub struct PlanView<'a> {
    content: &'a Content,
    gates: &'a Gates,
    meta: OnceCell<Meta<'a>>,
    sessions: OnceCell<Vec<Session<'a>>>,
    speakers: OnceCell<BTreeMap<&'a str, Speaker<'a>>>,
    rooms: OnceCell<BTreeMap<&'a str, Room<'a>>>,
    references: OnceCell<Vec<Reference<'a>>>,
    /// Which roots were asked for, so that tests can hold rules to what they declare.
    #[cfg(test)]
    asked: std::cell::RefCell<std::collections::BTreeSet<String>>,
}

impl<'a> PlanView<'a> {
    /// Of this content, beside which nothing was approved.
    pub fn new(content: &'a Content) -> Self {
        static NONE: Gates = Gates::none();
        Self::with_gates(content, &NONE)
    }

    /// Of this content and what was approved of it; nothing is read yet.
    pub fn with_gates(content: &'a Content, gates: &'a Gates) -> Self {
        Self {
            content,
            gates,
            meta: OnceCell::new(),
            sessions: OnceCell::new(),
            speakers: OnceCell::new(),
            rooms: OnceCell::new(),
            references: OnceCell::new(),
            #[cfg(test)]
            asked: std::cell::RefCell::default(),
        }
    }

    #[cfg(test)]
    pub(crate) fn asked(&self) -> std::collections::BTreeSet<String> {
        self.asked.borrow().clone()
    }

    #[cfg(test)]
    fn note<'s>(&self, roots: impl IntoIterator<Item = &'s str>) {
        let roots = roots.into_iter().map(str::to_owned);
        self.asked.borrow_mut().extend(roots);
    }

    /// The content of one root; the only way to it here.
    #[cfg_attr(not(test), expect(unused_variables, reason = "only tests note it"))]
    fn of(&self, root: &str) -> &'a Content {
        #[cfg(test)]
        self.note([root]);
        self.content
    }

    /// What was approved.
    pub fn gates(&self) -> &'a Gates {
        #[cfg(test)]
        self.note([GATES]);
        self.gates
    }

    /// The live entities of any root by their ids; a root that holds one thing has it under [`ONE`].
    pub fn live(&self, root: &str) -> impl Iterator<Item = (&'a str, &'a Fields)> + use<'a> {
        let entities = self.of(root).entities(root);
        entities.filter(|(_, fields)| !is_archived(fields))
    }

    /// An entity of any root, also an archived one.
    pub fn entity(&self, root: &str, id: &str) -> Option<&'a Fields> {
        self.of(root).entity(root, id)
    }

    /// The keys of what stands in a root where an entity should.
    pub fn strays(&self, root: &str) -> impl Iterator<Item = &'a str> {
        let strays = self.of(root).strays.iter();
        strays
            .filter(move |(at, _)| at == root)
            .map(|(_, key)| key.as_str())
    }

    /// Whether there is an entity to point at. What a root without entities holds is always there.
    pub fn standing(&self, root: &str, id: &str) -> Standing {
        match Root::of(root).map(|root| root.shape) {
            None => Standing::Missing,
            Some(Shape::One | Shape::Counts) => Standing::Live,
            Some(Shape::Many { .. }) => match self.entity(root, id) {
                None => Standing::Missing,
                Some(fields) if is_archived(fields) => Standing::Archived,
                Some(_) => Standing::Live,
            },
        }
    }

    /// What people call an entity, also an archived one: its name, title, label or party, else its id.
    pub fn name<'s>(&self, root: &str, id: &'s str) -> &'s str
    where
        'a: 's,
    {
        let naming = Root::of(root).and_then(Root::naming);
        let name = naming.and_then(|naming| field::text(self.entity(root, id)?, naming.name));
        name.unwrap_or(id)
    }

    /// The event itself.
    pub fn meta(&self) -> &Meta<'a> {
        let content = self.of("meta");
        self.meta
            .get_or_init(|| Meta::read(content.entity("meta", ONE)))
    }

    /// What the event is for.
    pub fn brief(&self) -> Brief<'a> {
        Brief::read(self.entity("brief", ONE))
    }

    /// The sessions by their ids.
    pub fn sessions(&self) -> &[Session<'a>] {
        let live = self.live("sessions");
        self.sessions
            .get_or_init(|| live.map(|(id, fields)| Session::read(id, fields)).collect())
    }

    /// The speakers by their ids.
    pub fn speakers(&self) -> &BTreeMap<&'a str, Speaker<'a>> {
        let live = self.live("speakers");
        self.speakers.get_or_init(|| {
            live.map(|(id, fields)| (id, Speaker::read(id, fields)))
                .collect()
        })
    }

    /// The rooms by their ids.
    pub fn rooms(&self) -> &BTreeMap<&'a str, Room<'a>> {
        let live = self.live("rooms");
        self.rooms.get_or_init(|| {
            live.map(|(id, fields)| (id, Room::read(id, fields)))
                .collect()
        })
    }

    /// The tracks by their ids.
    pub fn tracks(&self) -> impl Iterator<Item = Track<'a>> + use<'a> {
        self.live("tracks")
            .map(|(id, fields)| Track::read(id, fields))
    }

    /// The venues by their ids.
    pub fn venues(&self) -> impl Iterator<Item = Venue<'a>> + use<'a> {
        self.live("venues")
            .map(|(id, fields)| Venue::read(id, fields))
    }

    /// The lines of the budget by their ids.
    pub fn budget(&self) -> impl Iterator<Item = BudgetLine<'a>> + use<'a> {
        self.live("budget")
            .map(|(id, fields)| BudgetLine::read(id, fields))
    }

    /// The contracts by their ids.
    pub fn contracts(&self) -> impl Iterator<Item = Contract<'a>> + use<'a> {
        self.live("contracts")
            .map(|(id, fields)| Contract::read(id, fields))
    }

    /// The campaigns by their ids.
    pub fn campaigns(&self) -> impl Iterator<Item = Campaign<'a>> + use<'a> {
        self.live("campaigns")
            .map(|(id, fields)| Campaign::read(id, fields))
    }

    /// Every reference of a live entity to another, as the schema has them.
    pub fn references(&self) -> &[Reference<'a>] {
        let of_root = |root: &'static Root| {
            let entities = self.live(root.name);
            entities.flat_map(move |(id, fields)| Reference::of_entity(root, id, fields))
        };
        #[cfg(test)]
        self.note(ROOTS.iter().map(|root| root.name));
        self.references
            .get_or_init(|| ROOTS.iter().flat_map(of_root).collect())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::value::{Slot, instant, read};

    fn content(json: &Json) -> Content {
        Content::from_json(json).unwrap().0
    }

    #[test]
    fn a_session_is_read_with_the_instants_of_its_start_and_end() {
        let slot = json!({"start": "2027-05-03T14:00:00+02:00", "room_id": "ro_B"});
        let content = content(&json!({"sessions": {"se_A": {
            "title": "Kafka", "kind": "talk", "state": "confirmed", "minutes": 45, "slot": slot,
            "track_id": "tr_1", "people": {"sp_1": {"role": "host"}}, "expected": 60,
            "needs": {"captions": true},
        }}}));
        let view = PlanView::new(&content);
        let session = &view.sessions()[0];
        assert_eq!(session.title, Some("Kafka"));
        assert_eq!(session.kind, Some(SessionKind::Talk));
        assert_eq!(session.state, Some(SessionState::Confirmed));
        assert_eq!(session.start, read::<Slot>(&slot).unwrap().starts());
        assert_eq!(session.end, instant("2027-05-03T12:45:00Z"));
        assert_eq!(session.room_id, Some("ro_B"));
        assert_eq!(session.people().collect::<Vec<_>>(), ["sp_1"]);
        assert_eq!(
            (session.track_id, session.expected),
            (Some("tr_1"), Some(60))
        );
        assert!(session.needs().eq(["captions"]));
    }

    #[test]
    fn what_cannot_be_read_is_none() {
        let content = content(&json!({
            "meta": {"tz": "Mars", "dates": {"start": "soon"}, "cur": 5},
            "sessions": {"se_A": {"kind": "raffle", "minutes": "long", "people": [1],
                "slot": {"start": "2027-05-03T14:00:00+02:00"}}},
        }));
        let view = PlanView::new(&content);
        let meta = view.meta();
        assert!(meta.zone.is_none() && meta.dates.is_none() && meta.currency.is_none());
        let session = &view.sessions()[0];
        assert!(session.kind.is_none() && session.room_id.is_none() && session.end.is_none());
        assert!(session.start.is_some());
        assert_eq!(session.people().count(), 0);
    }

    #[test]
    fn lists_hold_live_entities_and_archived_ones_can_be_looked_up() {
        let content = content(&json!({"rooms": {
            "ro_A": {"name": "Aula", "archived": true},
            "ro_B": {"name": "Bühne", "cap": {"theatre": 120, "classroom": 60},
                "features": {"step_free": true}},
        }}));
        let view = PlanView::new(&content);
        assert_eq!(view.rooms().keys().collect::<Vec<_>>(), [&"ro_B"]);
        let room = &view.rooms()["ro_B"];
        assert_eq!(
            (room.cap("theatre"), room.cap("banquet")),
            (Some(120), None)
        );
        assert!(room.has_feature("step_free") && !room.has_feature("stage"));
        assert_eq!(view.name("rooms", "ro_A"), "Aula");
        assert_eq!(view.standing("rooms", "ro_A"), Standing::Archived);
        assert_eq!(view.standing("rooms", "ro_B"), Standing::Live);
        assert_eq!(view.standing("rooms", "ro_C"), Standing::Missing);
        assert_eq!(view.standing("raffles", "ra_1"), Standing::Missing);
        assert_eq!(view.standing("meta", ""), Standing::Live);
    }

    #[test]
    fn money_and_what_it_is_for_are_read() {
        let content = content(&json!({
            "budget": {"bu_1": {"side": "expense", "cat": "catering", "label": "Lunch",
                "unit": {"minor": 1_850, "cur": "EUR"}, "qty": {"per": "attendee", "n": 1.5},
                "state": "quoted", "tax_bp": 1_900}},
            "contracts": {"co_1": {"party": "Hall", "state": "signed", "sign_by": "2027-01-01",
                "payments": [{"due": "2027-02-01", "money": {"minor": 5, "cur": "EUR"}, "paid": true}, 7]}},
        }));
        let view = PlanView::new(&content);
        let line = view.budget().next().unwrap();
        assert_eq!(
            line.unit.map(|unit| (unit.minor, unit.cur)),
            Some((1_850, "EUR"))
        );
        assert_eq!(line.quantity.map(|it| it.per), Some(Per::Attendee));
        assert_eq!(
            (line.side, line.state),
            (Some(Side::Expense), Some(LineState::Quoted))
        );
        let contract = view.contracts().next().unwrap();
        assert_eq!(contract.state, Some(ContractState::Signed));
        let paid: Vec<_> = contract.payments().map(|it| it.is_paid).collect();
        assert_eq!(paid, [true]);
    }

    #[test]
    fn a_speaker_is_read_with_when_they_can_come() {
        let content = content(
            &json!({"speakers": {"sp_1": {"name": "Ada", "status": "confirmed",
            "avail": [{"from": "2027-05-03T08:00:00Z", "to": "2027-05-03T12:00:00Z"}, {"from": 1}],
            "from": {"country": "GB"}}}}),
        );
        let view = PlanView::new(&content);
        let ada = &view.speakers()["sp_1"];
        assert_eq!(ada.status, Some(SpeakerStatus::Confirmed));
        assert_eq!((ada.country, ada.org), (Some("GB"), None));
        let avail: Vec<_> = ada.available().collect();
        assert_eq!(avail.len(), 1);
        assert!(avail[0].from < avail[0].to);
    }
}
