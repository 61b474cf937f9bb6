//! The 19 roots of a plan.

use super::Kind::{
    AnyRef, Bool, Color, Country, Currency, Day, Enum, Instant, Int, Json, Language, Line, List,
    Money, Number, Present, Record, Ref, Refs, Tags, Text, Url, Zone,
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

const LANES: &[&str] = &[
    "venue_scout",
    "speaker_outreach",
    "sponsorship_manager",
    "budget_controller",
    "marketing_ops",
    "attendee_experience",
    "logistics_travel",
    "risk_compliance",
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

const VENUES: &[Field] = &[
    needed("name", NAME),
    optional("address", Json),
    optional("geo", Json), // [lat, lon]
    optional("contact", LINE),
    needed(
        "status",
        Enum(&[
            "lead",
            "rfp_sent",
            "quoted",
            "visited",
            "held",
            "contracted",
            "rejected",
        ]),
    ),
    optional("hold_until", Day),
    optional(
        "quote",
        Record(&[needed(
            "items",
            List(&[
                needed("label", LINE),
                needed("money", Money),
                optional("basis", LINE),
            ]),
        )]),
    ),
    optional("cancel", List(CANCELLATION)),
    optional("access", Tags(&Enum(&["yes", "no", "unknown"]))),
    optional("scores", Tags(&Number(0.0, 5.0))),
    optional("notes", Text),
];

const ROOMS: &[Field] = &[
    optional("venue_id", Ref("venues")),
    needed("name", NAME),
    optional(
        "cap",
        Record(&[
            optional("theatre", COUNT),
            optional("classroom", COUNT),
            optional("banquet", COUNT),
            optional("reception", COUNT),
            optional("boardroom", COUNT),
        ]),
    ),
    optional("area_m2", Number(0.0, 1e7)),
    optional("features", Tags(&Present)),
    optional("avail", List(INTERVAL)),
];

const TRACKS: &[Field] = &[needed("name", Line(1, 80)), optional("color", Color)];

const SESSIONS: &[Field] = &[
    needed("title", NAME),
    optional("abstract", Text),
    needed(
        "kind",
        Enum(&[
            "keynote",
            "talk",
            "panel",
            "workshop",
            "lightning",
            "break",
            "meal",
            "social",
            "registration",
            "blocker",
        ]),
    ),
    needed(
        "state",
        Enum(&["draft", "submitted", "accepted", "confirmed", "cancelled"]),
    ),
    needed("minutes", Int(5, 1_440)),
    optional(
        "slot",
        Record(&[needed("start", Instant), needed("room_id", Ref("rooms"))]),
    ),
    optional("track_id", Ref("tracks")),
    optional(
        "people",
        Refs(
            "speakers",
            &Record(&[optional("role", LINE), optional("rank", LINE)]),
        ),
    ),
    optional("expected", COUNT),
    optional("lang", Language),
    optional("record", Enum(&["yes", "no", "audio", "unknown"])),
    optional("needs", Tags(&Present)),
    optional("turnaround", Int(0, 1_440)),
    optional("sponsor_id", Ref("sponsors")),
    optional("locked", Bool),
];

const SPEAKERS: &[Field] = &[
    needed("name", NAME),
    optional("org", LINE),
    optional("bio", Text),
    optional("photo", Url),
    needed(
        "kind",
        Enum(&["keynote", "invited", "cfp", "panelist", "mc"]),
    ),
    needed(
        "status",
        Enum(&[
            "idea",
            "approached",
            "interested",
            "confirmed",
            "declined",
            "withdrawn",
        ]),
    ),
    optional("avail", List(INTERVAL)),
    optional("fee", Money),
    optional(
        "from",
        Record(&[needed("country", Country), optional("city", LINE)]),
    ),
    optional("agreement", Enum(&["none", "sent", "signed"])),
    optional("asked_on", Day),
    optional("due_on", Day),
    // An id in the system that keeps personal data; nothing of it is kept here.
    optional("vault", LINE),
];

const SPONSORS: &[Field] = &[
    needed("name", NAME),
    optional("tier_id", Ref("tiers")),
    needed(
        "stage",
        Enum(&[
            "prospect",
            "contacted",
            "negotiating",
            "verbal",
            "contracted",
            "paid",
            "declined",
        ]),
    ),
    optional("amount", Money),
    optional("in_kind", Money),
    optional("category", LINE),
    optional(
        "benefits",
        Tags(&Record(&[optional("due", Day), optional("done", Bool)])),
    ),
    optional("asked_on", Day),
    optional("notes", Text),
];

const TIERS: &[Field] = &[
    needed("name", NAME),
    needed("price", Money),
    optional("slots", COUNT),
    optional("tickets", COUNT),
    optional("benefits", Tags(&Present)),
];

/// Of lines of the budget; the first 16 are expenses.
const CATEGORIES: &[&str] = &[
    "venue",
    "catering",
    "av",
    "speakers",
    "travel",
    "lodging",
    "marketing",
    "print_signage",
    "swag",
    "staff",
    "insurance_permits",
    "accessibility",
    "tech",
    "fees",
    "contingency",
    "misc",
    "tickets",
    "sponsorship",
    "exhibition",
    "grants",
    "merch",
    "other",
];

const BUDGET: &[Field] = &[
    needed("side", Enum(&["expense", "income"])),
    needed("cat", Enum(CATEGORIES)),
    needed("label", NAME),
    optional("unit", Money),
    optional(
        "qty",
        Record(&[
            needed(
                "per",
                Enum(&[
                    "fixed", "attendee", "speaker", "staff", "day", "room", "track",
                ]),
            ),
            needed("n", Number(0.0, 1e9)),
        ]),
    ),
    optional("approved", Money),
    optional("committed", Money),
    optional("actual", Money),
    needed(
        "state",
        Enum(&["estimate", "quoted", "approved", "committed", "paid"]),
    ),
    optional("due", Day),
    optional("contract_id", Ref("contracts")),
    optional("ref", AnyRef),
    optional("tax_bp", Int(0, 10_000)),
];

const CONTRACTS: &[Field] = &[
    needed("party", NAME),
    needed(
        "kind",
        Enum(&[
            "venue",
            "catering",
            "av",
            "hotel",
            "speaker",
            "sponsor",
            "insurance",
            "other",
        ]),
    ),
    optional("ref", AnyRef),
    optional("value", Money),
    needed("state", Enum(&["draft", "review", "signed", "ended"])),
    optional("sign_by", Day),
    optional(
        "payments",
        List(&[
            needed("due", Day),
            needed("money", Money),
            optional("paid", Bool),
        ]),
    ),
    optional("cancel", List(CANCELLATION)),
    optional(
        "block",
        Record(&[
            needed("rooms", COUNT),
            needed("nights", COUNT),
            optional("rate", Money),
            optional("cutoff", Day),
            optional("attrition_pct", Number(0.0, 100.0)),
            optional("picked_up", COUNT),
        ]),
    ),
    optional("file", Url),
];

const TASKS: &[Field] = &[
    needed("title", NAME),
    optional("body", Text),
    needed(
        "state",
        Enum(&["todo", "doing", "blocked", "done", "dropped"]),
    ),
    optional("owner", LINE),
    optional("lane", Enum(LANES)),
    optional(
        "due",
        Record(&[
            optional("day", Day),
            optional("anchor", Enum(&["start", "cfp_close", "sales_open"])),
            optional("offset_days", Int(-3_650, 3_650)),
        ]),
    ),
    optional("after", Refs("tasks", &Present)),
    optional("ref", AnyRef),
];

const CAMPAIGNS: &[Field] = &[
    needed("title", NAME),
    needed(
        "channel",
        Enum(&["email", "social", "web", "press", "partner", "ads", "print"]),
    ),
    optional("copy", Text),
    optional("audience", LINE),
    optional("send_at", Instant),
    needed(
        "state",
        Enum(&["idea", "draft", "ready", "sent", "cancelled"]),
    ),
    optional(
        "needs",
        List(&[
            needed("root", LINE),
            needed("id", LINE),
            needed("field", LINE),
            needed("equals", Json),
        ]),
    ),
    optional(
        "kpi",
        Record(&[
            needed("metric", LINE),
            optional("target", Number(-1e12, 1e12)),
            optional("actual", Number(-1e12, 1e12)),
        ]),
    ),
];

const TICKETS: &[Field] = &[
    needed("name", NAME),
    needed("price", Money),
    optional("quota", COUNT),
    optional("sold", COUNT),
    optional("comp", COUNT),
    optional("opens", Day),
    optional("closes", Day),
];

const TRAVEL: &[Field] = &[
    needed(
        "who",
        Record(&[
            optional("speaker_id", Ref("speakers")),
            optional("user_id", LINE),
        ]),
    ),
    needed(
        "kind",
        Enum(&["flight", "rail", "car", "hotel", "transfer"]),
    ),
    optional("dep", Instant),
    optional("arr", Instant),
    optional("from", LINE),
    optional("to", LINE),
    optional("cost", Money),
    needed("state", Enum(&["idea", "held", "booked", "cancelled"])),
    optional(
        "visa",
        Enum(&["na", "unknown", "in_progress", "ok", "at_risk"]),
    ),
    optional("contract_id", Ref("contracts")),
];

const GRADE: Kind = Int(1, 5);

const RISKS: &[Field] = &[
    needed("title", NAME),
    optional("cause", Text),
    optional("effect", Text),
    needed(
        "cat",
        Enum(&[
            "safety",
            "security",
            "money",
            "legal",
            "reputation",
            "supplier",
            "weather",
            "health",
            "data",
            "programme",
            "people",
        ]),
    ),
    // Likelihood and impact, now and after what is done about it.
    needed("l", GRADE),
    needed("i", GRADE),
    optional("rl", GRADE),
    optional("ri", GRADE),
    optional("mitigation", Text),
    optional("trigger", LINE),
    optional("owner", LINE),
    needed("state", Enum(&["open", "mitigating", "accepted", "closed"])),
    optional("review_on", Day),
];

const COMPLIANCE: &[Field] = &[
    needed("rule", LINE),
    needed("title", NAME),
    needed("class", Enum(&["uk", "eu", "us", "other"])),
    needed(
        "state",
        Enum(&["todo", "doing", "evidenced", "na", "waived"]),
    ),
    optional("due", Day),
    optional("evidence", Url),
    optional("owner", LINE),
];

const COMMENTS: &[Field] = &[
    needed("on", AnyRef),
    needed("author", LINE),
    needed("at", Instant),
    optional("body", Text),
    optional("resolved", Bool),
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
    many("venues", "ve", "venue", VENUES),
    many("rooms", "ro", "room", ROOMS),
    many("tracks", "tr", "track", TRACKS),
    many("sessions", "se", "session", SESSIONS),
    many("speakers", "sp", "speaker", SPEAKERS),
    many("sponsors", "so", "sponsor", SPONSORS),
    many("tiers", "ti", "tier", TIERS),
    many("budget", "bu", "budget line", BUDGET),
    many("contracts", "co", "contract", CONTRACTS),
    many("tasks", "ta", "task", TASKS),
    many("campaigns", "ca", "campaign", CAMPAIGNS),
    many("tickets", "tk", "ticket", TICKETS),
    Root {
        name: "needs",
        shape: Shape::Counts,
        noun: "need",
        fields: NEEDS,
    },
    many("travel", "tl", "journey", TRAVEL),
    many("risks", "ri", "risk", RISKS),
    many("compliance", "cp", "compliance row", COMPLIANCE),
    many("comments", "cm", "comment", COMMENTS),
];
