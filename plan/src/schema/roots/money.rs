//! What comes in and goes out: sponsors, tiers, the budget, contracts, tickets.

use super::{CANCELLATION, COUNT, LINE, NAME, needed, optional};
use crate::schema::Field;
use crate::schema::Kind::{
    AnyRef, Bool, Day, Enum, Int, List, Money, Number, Present, Record, Ref, Tags, Text, Url,
};

pub(super) const SPONSORS: &[Field] = &[
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

pub(super) const TIERS: &[Field] = &[
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

pub(super) const BUDGET: &[Field] = &[
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

pub(super) const CONTRACTS: &[Field] = &[
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

pub(super) const TICKETS: &[Field] = &[
    needed("name", NAME),
    needed("price", Money),
    optional("quota", COUNT),
    optional("sold", COUNT),
    optional("comp", COUNT),
    optional("opens", Day),
    optional("closes", Day),
];
