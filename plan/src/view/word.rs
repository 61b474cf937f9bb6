//! The words of the schema that rules decide by, as types.

/// An enumeration of words, with reading and writing them.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name {
            $(#[doc = concat!("`", $word, "`")] $variant,)+
        }

        impl $name {
            /// Every one, in the schema's order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The one that is written so.
            pub fn read(word: &str) -> Option<Self> {
                match word {
                    $($word => Some(Self::$variant),)+
                    _ => None,
                }
            }

            /// As it is written.
            pub fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }
    };
}

words!(
    /// `meta.phase`
    Phase {
        Idea = "idea",
        Planning = "planning",
        Announced = "announced",
        Live = "live",
        Done = "done",
        Postponed = "postponed",
        Cancelled = "cancelled",
    }
);
words!(
    /// `venues.status`
    VenueStatus {
        Lead = "lead",
        RfpSent = "rfp_sent",
        Quoted = "quoted",
        Visited = "visited",
        Held = "held",
        Contracted = "contracted",
        Rejected = "rejected",
    }
);
words!(
    /// `sessions.kind`
    SessionKind {
        Keynote = "keynote",
        Talk = "talk",
        Panel = "panel",
        Workshop = "workshop",
        Lightning = "lightning",
        Break = "break",
        Meal = "meal",
        Social = "social",
        Registration = "registration",
        Blocker = "blocker",
    }
);
words!(
    /// `sessions.state`
    SessionState {
        Draft = "draft",
        Submitted = "submitted",
        Accepted = "accepted",
        Confirmed = "confirmed",
        Cancelled = "cancelled",
    }
);
words!(
    /// `speakers.status`
    SpeakerStatus {
        Idea = "idea",
        Approached = "approached",
        Interested = "interested",
        Confirmed = "confirmed",
        Declined = "declined",
        Withdrawn = "withdrawn",
    }
);
words!(
    /// `budget.side`
    Side {
        Expense = "expense",
        Income = "income",
    }
);
words!(
    /// `budget.state`
    LineState {
        Estimate = "estimate",
        Quoted = "quoted",
        Approved = "approved",
        Committed = "committed",
        Paid = "paid",
    }
);
words!(
    /// `budget.qty.per`: what a line of the budget is counted by.
    Per {
        Fixed = "fixed",
        Attendee = "attendee",
        Speaker = "speaker",
        Staff = "staff",
        Day = "day",
        Room = "room",
        Track = "track",
    }
);
words!(
    /// `contracts.state`
    ContractState {
        Draft = "draft",
        Review = "review",
        Signed = "signed",
        Ended = "ended",
    }
);
words!(
    /// `campaigns.state`
    CampaignState {
        Idea = "idea",
        Draft = "draft",
        Ready = "ready",
        Sent = "sent",
        Cancelled = "cancelled",
    }
);

impl SessionKind {
    /// Whether people come to hear somebody, so that a session without one is not ready.
    pub fn is_content(self) -> bool {
        match self {
            Self::Keynote | Self::Talk | Self::Panel | Self::Workshop | Self::Lightning => true,
            Self::Break | Self::Meal | Self::Social | Self::Registration | Self::Blocker => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{Kind, Root};

    fn schema(root: &str, field: &str) -> Vec<&'static str> {
        let mut kind = Root::of(root).unwrap().field(field).unwrap().kind;
        if let Kind::Record(fields) = kind {
            kind = fields[0].kind;
        }
        let Kind::Enum(words) = kind else {
            panic!("{root}.{field} is {kind:?}");
        };
        words.to_vec()
    }

    #[test]
    fn the_words_are_those_of_the_schema() {
        macro_rules! same {
            ($($root:literal . $field:literal: $name:ident),+) => {$(
                let words: Vec<_> = $name::ALL.iter().map(|it| it.word()).collect();
                assert_eq!(words, schema($root, $field));
                let again: Vec<_> = words.into_iter().filter_map($name::read).collect();
                assert_eq!(again, $name::ALL);
            )+};
        }
        same!(
            "meta"."phase": Phase, "venues"."status": VenueStatus, "sessions"."kind": SessionKind,
            "sessions"."state": SessionState, "speakers"."status": SpeakerStatus,
            "budget"."side": Side, "budget"."state": LineState, "budget"."qty": Per,
            "contracts"."state": ContractState, "campaigns"."state": CampaignState
        );
    }
}
