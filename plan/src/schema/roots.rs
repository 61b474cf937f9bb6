//! The 19 roots of a plan, with the event itself.

mod money;
mod programme;
mod work;

use super::Kind::{
    Bool, Country, Currency, Day, Enum, Instant, Int, Json, Language, Line, Money, Number, Record,
    Ref, Text, Zone,
};
use super::{Field, Kind, Root, Shape};

const fn needed(name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        kind,
        is_needed: true,
    }
}

const fn optional(name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        kind,
        is_needed: false,
    }
}

const fn many(
    name: &'static str,
    prefix: &'static str,
    noun: &'static str,
    fields: &'static [Field],
) -> Root {
    Root {
        name,
        shape: Shape::Many { prefix },
        noun,
        fields,
    }
}

const LINE: Kind = Line(0, 500);
const NAME: Kind = Line(1, 200);
const COUNT: Kind = Int(0, 10_000_000);
/// As far as whole numbers of JavaScript go.
const WHOLE: i64 = 9_007_199_254_740_991;

/// What every entity has beside the fields of its root.
pub const EVERY_ENTITY: &[Field] = &[
    needed("id", Line(1, 100)),
    needed("rank", Line(1, 64)),
    needed("archived", Bool),
    optional(
        "src", Json, // {kind: human | proposal | import, ref, extra?}
    ),
];

const INTERVAL: &[Field] = &[needed("from", Instant), needed("to", Instant)];
const CANCELLATION: &[Field] = &[
    needed("days_before", Int(0, 3_650)),
    needed("pct", Number(0.0, 100.0)),
];
const PLACE: &[Field] = &[
    needed("country", Country),
    optional("region", LINE),
    optional("city", LINE),
];

const META: &[Field] = &[
    needed("schema", Int(1, 1_000)),
    needed("name", NAME),
    needed("dates", Record(&[needed("start", Day), needed("end", Day)])),
    needed("tz", Zone),
    needed("cur", Currency),
    optional("lang", Language),
    needed("format", Enum(&["in_person", "online", "hybrid"])),
    needed(
        "phase",
        Enum(&[
            "idea",
            "planning",
            "announced",
            "live",
            "done",
            "postponed",
            "cancelled",
        ]),
    ),
    optional("place", Record(PLACE)),
    optional("venue_id", Ref("venues")),
];

const BRIEF: &[Field] = &[
    optional("description", Text),
    optional("goal", Text),
    optional("audience", Text),
    optional("constraints", Text),
    optional(
        "attendance",
        Record(&[
            needed("min", COUNT),
            needed("expected", COUNT),
            needed("max", COUNT),
        ]),
    ),
    optional("paid", Bool),
    optional("budget_cap", Money),
    optional("revenue_target", Money),
    // These four switch rules about compliance on.
    optional("minors", Bool),
    optional("alcohol", Bool),
    optional("music", Bool),
    optional("outdoor", Bool),
];

/// Counts of what people need, never who they are: whose is nobody's business here.
const NEEDS: &[Field] = &[];
/// How many people may need one thing.
pub(super) const NEED: Kind = Int(0, WHOLE);

/// Every root.
pub const ROOTS: &[Root] = &[
    Root {
        name: "meta",
        shape: Shape::One,
        noun: "event",
        fields: META,
    },
    Root {
        name: "brief",
        shape: Shape::One,
        noun: "brief",
        fields: BRIEF,
    },
    many("venues", "ve", "venue", programme::VENUES),
    many("rooms", "ro", "room", programme::ROOMS),
    many("tracks", "tr", "track", programme::TRACKS),
    many("sessions", "se", "session", programme::SESSIONS),
    many("speakers", "sp", "speaker", programme::SPEAKERS),
    many("sponsors", "so", "sponsor", money::SPONSORS),
    many("tiers", "ti", "tier", money::TIERS),
    many("budget", "bu", "budget line", money::BUDGET),
    many("contracts", "co", "contract", money::CONTRACTS),
    many("tasks", "ta", "task", work::TASKS),
    many("campaigns", "ca", "campaign", work::CAMPAIGNS),
    many("tickets", "tk", "ticket", money::TICKETS),
    Root {
        name: "needs",
        shape: Shape::Counts,
        noun: "need",
        fields: NEEDS,
    },
    many("travel", "tl", "journey", work::TRAVEL),
    many("risks", "ri", "risk", work::RISKS),
    many("compliance", "cp", "compliance row", work::COMPLIANCE),
    many("comments", "cm", "comment", work::COMMENTS),
];
