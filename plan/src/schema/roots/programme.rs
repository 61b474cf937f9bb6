//! What happens where, and who is on stage: venues, rooms, tracks, sessions, speakers.

use super::{CANCELLATION, COUNT, INTERVAL, LINE, NAME, needed, optional};
use crate::schema::Field;
use crate::schema::Kind::{
    Bool, Color, Country, Day, Enum, Instant, Int, Json, Language, Line, List, Money, Number,
    Present, Record, Ref, Refs, Tags, Text, Url,
};

pub(super) const VENUES: &[Field] = &[
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

pub(super) const ROOMS: &[Field] = &[
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

pub(super) const TRACKS: &[Field] = &[needed("name", Line(1, 80)), optional("color", Color)];

pub(super) const SESSIONS: &[Field] = &[
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

pub(super) const SPEAKERS: &[Field] = &[
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
