//! What is counted as what.

use convene::relay::envelope::Said;
use convene::room::effect::Effect;
use convene::room::input::{Elsewhere, PresenceScope};
use convene::storage::journal::AppendRefused;
use convene_protocol::error_code::ErrorCode;
use convene_protocol::frame::{ServerMessage, SyncStatus};

pub(crate) fn refusal(why: &AppendRefused) -> &'static str {
    match why {
        AppendRefused::PlanGone => "input: AppendRefused, PlanGone",
        AppendRefused::StaleEpoch => "input: AppendRefused, StaleEpoch",
        AppendRefused::ProposalMoved => "input: AppendRefused, ProposalMoved",
        AppendRefused::ClientIdTaken(_) => "input: AppendRefused, ClientIdTaken",
        AppendRefused::WriterEnded => "input: AppendRefused, WriterEnded",
    }
}

pub(crate) fn name_of(effect: &Effect) -> &'static str {
    match effect {
        Effect::Send { message, .. } => match message {
            ServerMessage::SyncStep1(_) => "effect: Send SyncStep1",
            ServerMessage::SyncStep2(_) => "effect: Send SyncStep2",
            ServerMessage::Update(_) => "effect: Send Update",
            ServerMessage::Awareness(_) => "effect: Send Awareness",
            ServerMessage::QueryAwareness => "effect: Send QueryAwareness",
            ServerMessage::Stateless(_) => "effect: Send Stateless",
            ServerMessage::SyncStatus(SyncStatus::Applied) => "effect: Send Applied",
            ServerMessage::SyncStatus(SyncStatus::NotApplied) => "effect: Send NotApplied",
            ServerMessage::Authenticated(_)
            | ServerMessage::PermissionDenied(_)
            | ServerMessage::AskToken
            | ServerMessage::Close(_)
            | ServerMessage::Keepalive => "effect: Send of the session's own",
        },
        Effect::Broadcast { .. } => "effect: Broadcast",
        Effect::BroadcastPresence { .. } => "effect: BroadcastPresence",
        Effect::Append { .. } => "effect: Append",
        Effect::Tell(Said::Committed(_)) => "effect: Tell Committed",
        Effect::Tell(Said::Present(_)) => "effect: Tell Present",
        Effect::Tell(Said::PresentAll(_)) => "effect: Tell PresentAll",
        Effect::Tell(Said::WhoIsHere) => "effect: Tell WhoIsHere",
        Effect::Tell(_) => "effect: Tell of the node's own",
        Effect::ReadRows { .. } => "effect: ReadRows",
        Effect::TryAgain { .. } => "effect: TryAgain",
        Effect::Reply { .. } => "effect: Reply",
        Effect::WriteSnapshot { .. } => "effect: WriteSnapshot",
        Effect::Quarantine { .. } => "effect: Quarantine",
        Effect::Refuse { code, .. } => match code {
            ErrorCode::Forbidden => "effect: Refuse, Forbidden",
            ErrorCode::Conflict => "effect: Refuse, Conflict",
            ErrorCode::TooLarge => "effect: Refuse, TooLarge",
            ErrorCode::Unprocessable => "effect: Refuse, Unprocessable",
            ErrorCode::Malformed => "effect: Refuse, Malformed",
            ErrorCode::Invalid
            | ErrorCode::Unauthenticated
            | ErrorCode::TokenExpired
            | ErrorCode::NotFound
            | ErrorCode::MethodNotFound
            | ErrorCode::UpgradeRequired
            | ErrorCode::RateLimited
            | ErrorCode::SlowConsumer
            | ErrorCode::ShuttingDown
            | ErrorCode::Unavailable
            | ErrorCode::Internal => "effect: Refuse, other",
        },
        Effect::Disconnect {
            code: ErrorCode::RateLimited,
            ..
        } => "effect: Disconnect, RateLimited",
        Effect::Disconnect { .. } => "effect: Disconnect",
        Effect::TellAccess { .. } => "effect: TellAccess",
        Effect::Rebuild => "effect: Rebuild",
        Effect::EndPlan => "effect: EndPlan",
        Effect::End => "effect: End",
    }
}

/// What a node hears.
pub(crate) fn name_of_said(said: &Said) -> &'static str {
    match said {
        Said::Committed(_) => "relay: Committed",
        Said::Moved { .. } => "relay: Moved",
        Said::Present(_) => "relay: Present",
        Said::PresentAll(_) => "relay: PresentAll",
        Said::WhoIsHere => "relay: WhoIsHere",
        Said::Changed => "relay: Changed",
        Said::Beat => "relay: Beat",
        Said::Bye => "relay: Bye",
        Said::SignedOut(_) => "relay: SignedOut",
    }
}

/// What a room hears.
pub(crate) fn name_of_elsewhere(elsewhere: &Elsewhere) -> &'static str {
    match elsewhere {
        Elsewhere::Committed(_) => "input: Elsewhere, Committed",
        Elsewhere::Moved { .. } => "input: Elsewhere, Moved",
        Elsewhere::EpochMoved(_) => "input: Elsewhere, EpochMoved",
        Elsewhere::Roles(_) => "input: Elsewhere, Roles",
        Elsewhere::Present {
            scope: PresenceScope::Some,
            ..
        } => "input: Elsewhere, Present",
        Elsewhere::Present {
            scope: PresenceScope::All,
            ..
        } => "input: Elsewhere, PresentAll",
        Elsewhere::Asked => "input: Elsewhere, Asked",
        Elsewhere::NodeGone(_) => "input: Elsewhere, NodeGone",
        Elsewhere::Deaf => "input: Elsewhere, Deaf",
        Elsewhere::Missed => "input: Elsewhere, Missed",
    }
}
