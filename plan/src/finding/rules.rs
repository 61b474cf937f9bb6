//! The table of rules: what each is called, what it reads, and how it is looked for.

use super::Find::{EachRoot, Together};
use super::{Rule, agenda, gate, money, overlap, person, reference, schema};
use crate::view::GATES;

/// Every root: of rules that follow references, which can lead anywhere.
const EVERYWHERE: &[&str] = &[
    "meta",
    "brief",
    "venues",
    "rooms",
    "tracks",
    "sessions",
    "speakers",
    "sponsors",
    "tiers",
    "budget",
    "contracts",
    "tasks",
    "campaigns",
    "tickets",
    "needs",
    "travel",
    "risks",
    "compliance",
    "comments",
];
const AGENDA: &[&str] = &["meta", "sessions", "rooms"];
const PEOPLE: &[&str] = &["meta", "sessions", "rooms", "speakers"];

/// Every rule, in the order in which findings are shown.
pub const RULES: &[Rule] = &[
    Rule {
        name: "schema.type",
        reads: EVERYWHERE,
        find: EachRoot(schema::types),
    },
    Rule {
        name: "schema.incomplete",
        reads: EVERYWHERE,
        find: EachRoot(schema::incomplete),
    },
    Rule {
        name: "ref.missing",
        reads: EVERYWHERE,
        find: Together(reference::missing),
    },
    Rule {
        name: "ref.archived",
        reads: EVERYWHERE,
        find: Together(reference::archived),
    },
    Rule {
        name: "agenda.room_overlap",
        reads: AGENDA,
        find: Together(overlap::room_overlap),
    },
    Rule {
        name: "agenda.person_overlap",
        reads: PEOPLE,
        find: Together(overlap::person_overlap),
    },
    Rule {
        name: "agenda.room_change",
        reads: PEOPLE,
        find: Together(overlap::room_change),
    },
    Rule {
        name: "agenda.out_of_range",
        reads: AGENDA,
        find: Together(agenda::out_of_range),
    },
    Rule {
        name: "agenda.no_person",
        reads: &["sessions", "speakers"],
        find: Together(agenda::no_person),
    },
    Rule {
        name: "dup.person",
        reads: EVERYWHERE,
        find: Together(person::duplicates),
    },
    Rule {
        name: "gate.missing",
        reads: &["meta", "venues", "contracts", "campaigns", GATES],
        find: Together(gate::missing),
    },
    Rule {
        name: "money.currency",
        reads: EVERYWHERE,
        find: Together(money::currency),
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::ROOTS;

    #[test]
    fn everywhere_is_every_root() {
        assert!(
            ROOTS
                .iter()
                .map(|root| root.name)
                .eq(EVERYWHERE.iter().copied())
        );
    }
}
