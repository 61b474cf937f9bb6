//! The one table of errors: what each is called, and how HTTP, JSON-RPC and the two WebSocket
//! dialects say it.

use serde::{Deserialize, Serialize};

/// What went wrong, as every carrier says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// The bytes or the JSON are not a message of this protocol.
    Malformed,
    /// A well-formed request with a value that cannot be accepted.
    Invalid,
    /// No token, or one that does not count (any more).
    Unauthenticated,
    /// The access token was good and is over; sign in again or refresh it.
    TokenExpired,
    /// The token is good, the role is not enough.
    Forbidden,
    /// There is no such thing, or not for this account.
    NotFound,
    /// There is no such control method.
    MethodNotFound,
    /// Something else happened first.
    Conflict,
    /// The frame, body or document is over its limit.
    TooLarge,
    /// The update cannot be part of this document: it would harm every replica.
    Unprocessable,
    /// The client must be a newer one.
    UpgradeRequired,
    /// Too many, too fast.
    RateLimited,
    /// The socket does not take what is sent to it.
    SlowConsumer,
    /// The server is stopping; another takes over.
    ShuttingDown,
    /// Something the server needs is away for now, or a limit of the node is reached.
    Unavailable,
    /// A fault of the server.
    Internal,
}

/// Which of the two stock protocols a socket speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// One document a socket, the document in the URL.
    YWebsocket,
    /// Many documents on one socket, the document's name in front of every frame.
    Hocuspocus,
}

impl ErrorCode {
    /// Every code, in the order of the table.
    pub const ALL: [Self; 16] = [
        Self::Malformed,
        Self::Invalid,
        Self::Unauthenticated,
        Self::TokenExpired,
        Self::Forbidden,
        Self::NotFound,
        Self::MethodNotFound,
        Self::Conflict,
        Self::TooLarge,
        Self::Unprocessable,
        Self::UpgradeRequired,
        Self::RateLimited,
        Self::SlowConsumer,
        Self::ShuttingDown,
        Self::Unavailable,
        Self::Internal,
    ];

    /// The code as it is written in JSON.
    pub const fn as_str(self) -> &'static str {
        self.row().name
    }

    /// The HTTP status of an answer with this error.
    pub const fn http_status(self) -> u16 {
        self.row().http
    }

    /// The JSON-RPC 2.0 error code.
    pub const fn json_rpc(self) -> i32 {
        self.row().json_rpc
    }

    /// The WebSocket close code for a socket of `dialect`.
    ///
    /// y-websocket 3.1 never comes back after 4400 to 4499, so only what a retry cannot mend is
    /// there. A Hocuspocus provider comes back after any code.
    pub const fn close_code(self, dialect: Dialect) -> u16 {
        match dialect {
            Dialect::YWebsocket => self.row().ywebsocket,
            Dialect::Hocuspocus => self.row().hocuspocus,
        }
    }

    const fn row(self) -> Row {
        match self {
            Self::Malformed => row("malformed", 400, -32_700, 4400, 4400),
            Self::Invalid => row("invalid", 422, -32_602, 4400, 4400),
            Self::Unauthenticated => row("unauthenticated", 401, -32_001, 4401, 4401),
            Self::TokenExpired => row("token_expired", 401, -32_002, 4501, 4401),
            Self::Forbidden => row("forbidden", 403, -32_003, 4403, 4403),
            Self::NotFound => row("not_found", 404, -32_004, 4404, 4404),
            Self::MethodNotFound => row("method_not_found", 404, -32_601, 4400, 4400),
            Self::Conflict => row("conflict", 409, -32_009, 4422, 4422),
            Self::TooLarge => row("too_large", 413, -32_013, 4413, 1009),
            Self::Unprocessable => row("unprocessable", 422, -32_022, 4422, 4422),
            Self::UpgradeRequired => row("upgrade_required", 426, -32_026, 4426, 4426),
            Self::RateLimited => row("rate_limited", 429, -32_029, 4529, 1013),
            Self::SlowConsumer => row("slow_consumer", 503, -32_030, 1013, 1013),
            Self::ShuttingDown => row("shutting_down", 503, -32_031, 1012, 1012),
            Self::Unavailable => row("unavailable", 503, -32_032, 1013, 1013),
            Self::Internal => row("internal", 500, -32_603, 1011, 1011),
        }
    }
}

#[derive(Clone, Copy)]
struct Row {
    name: &'static str,
    http: u16,
    json_rpc: i32,
    ywebsocket: u16,
    hocuspocus: u16,
}

const fn row(
    name: &'static str,
    http: u16,
    json_rpc: i32,
    ywebsocket: u16,
    hocuspocus: u16,
) -> Row {
    Row {
        name,
        http,
        json_rpc,
        ywebsocket,
        hocuspocus,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_json_name_is_the_table_name() {
        for code in ErrorCode::ALL {
            assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
        }
    }

    #[test]
    fn what_a_retry_can_mend_is_never_terminal_for_y_websocket() {
        for code in [
            ErrorCode::TokenExpired,
            ErrorCode::RateLimited,
            ErrorCode::SlowConsumer,
            ErrorCode::ShuttingDown,
            ErrorCode::Unavailable,
            ErrorCode::Internal,
        ] {
            assert!(
                !(4400..4500).contains(&code.close_code(Dialect::YWebsocket)),
                "{code:?}"
            );
        }
    }
}
