//! Why an update is not taken.

use convene_protocol::lib0::DecodeError;

use super::ClientId;

/// Why an update or a state vector was refused. Only [`Refusal::Poisoned`] leaves the replica harmed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The bytes are no sound update.
    #[error("not a sound update: {0}")]
    Malformed(&'static str),
    /// Something that the update builds on has not arrived. Sending all of it mends this.
    #[error("the update builds on something that is not here")]
    Hole,
    /// The client id belongs to another account, or was used twice for different edits.
    #[error("client id {0} is not this replica's")]
    ForeignClientId(ClientId),
    /// The update would tie structs together that are in different places.
    #[error("the update would break the document: {0}")]
    Wiring(&'static str),
    /// More of something than one update or one document may hold.
    #[error("over a limit: {0}")]
    TooLarge(&'static str),
    /// The CRDT library failed on it: the replica must be made anew.
    #[error("the document library failed: {0}")]
    Poisoned(String),
}

impl From<DecodeError> for Refusal {
    fn from(error: DecodeError) -> Self {
        Self::Malformed(match error {
            DecodeError::UnexpectedEnd => "it ends in the middle of a value",
            DecodeError::IntegerTooLarge => "an integer is larger than 2^53 - 1",
            DecodeError::InvalidUtf8 => "a text is not UTF-8",
            DecodeError::CountTooLarge => "a declared count is larger than the update",
            DecodeError::TrailingBytes => "bytes are left over after its end",
            DecodeError::UnknownType
            | DecodeError::Empty
            | DecodeError::TooManyMessages
            | DecodeError::BadAddress
            | DecodeError::InvalidState => "it is not an update",
        })
    }
}
