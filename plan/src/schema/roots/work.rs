//! What is to be done and watched: tasks, campaigns, journeys, risks, rules, comments.

use super::{LINE, NAME, needed, optional};
use crate::schema::Kind::{
    AnyRef, Bool, Day, Enum, Instant, Int, Json, List, Money, Number, Present, Record, Ref, Refs,
    Text, Url,
};
use crate::schema::{Field, Kind};

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

pub(super) const TASKS: &[Field] = &[
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

pub(super) const CAMPAIGNS: &[Field] = &[
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

pub(super) const TRAVEL: &[Field] = &[
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

pub(super) const RISKS: &[Field] = &[
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

pub(super) const COMPLIANCE: &[Field] = &[
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

pub(super) const COMMENTS: &[Field] = &[
    needed("on", AnyRef),
    needed("author", LINE),
    needed("at", Instant),
    optional("body", Text),
    optional("resolved", Bool),
];
