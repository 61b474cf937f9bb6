//! The envelopes of JSON-RPC 2.0: requests, answers, errors and notifications.

use std::borrow::Cow;

use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Call, Notice};
use crate::error_code::ErrorCode;
use crate::rest::ErrorBody;

/// The longest id of a request that is given back, in bytes of JSON.
pub const CALL_ID_BYTES_MAX: usize = 256;

/// JSON-RPC's number for JSON that is not a request; the code is [`ErrorCode::Malformed`].
const INVALID_REQUEST: i32 = -32_600;

/// The id of a request, given back exactly as it was written: a text, a number or `null`.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub struct CallId(Box<RawValue>);

impl CallId {
    /// The id as JSON.
    pub fn as_json(&self) -> &str {
        self.0.get()
    }
}

impl<'de> Deserialize<'de> for CallId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let scalar = matches!(
            raw.get().as_bytes().first(),
            Some(b'"' | b'-' | b'0'..=b'9' | b'n')
        );
        if scalar && raw.get().len() <= CALL_ID_BYTES_MAX {
            Ok(Self(raw))
        } else {
            Err(D::Error::custom(
                "the id must be a short text, a number or null",
            ))
        }
    }
}

/// One request, or with no id a notification that is never answered.
#[derive(Debug)]
pub struct Request {
    /// What the answer carries; `None` means that none is wanted.
    pub id: Option<CallId>,
    /// What to do.
    pub method: String,
    params: Option<Box<RawValue>>,
}

impl Request {
    /// The parameters as JSON, `{}` when there are none.
    pub fn params_json(&self) -> &str {
        self.params.as_ref().map_or("{}", |params| params.get())
    }

    /// The parameters as those of one method; left out, they count as `{}`.
    pub fn params<C: Call>(&self) -> Result<C, RpcFailure> {
        serde_json::from_str(self.params_json()).map_err(|error| RpcFailure {
            id: self.id.clone(),
            number: ErrorCode::Invalid.json_rpc(),
            code: ErrorCode::Invalid,
            message: format!("The params of {} cannot be read: {error}.", C::METHOD).into(),
        })
    }

    /// That there is no such method.
    pub fn unknown_method(&self) -> RpcFailure {
        RpcFailure {
            id: self.id.clone(),
            number: ErrorCode::MethodNotFound.json_rpc(),
            code: ErrorCode::MethodNotFound,
            message: "There is no such method. Check its spelling and the server's version.".into(),
        }
    }
}

/// Why a text is not a request that can be carried out.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct RpcFailure {
    /// What the answer carries; `None` becomes `null`.
    pub id: Option<CallId>,
    /// The JSON-RPC error code.
    pub number: i32,
    /// What the error is called.
    pub code: ErrorCode,
    /// What is wrong and what to do, for a person.
    pub message: Cow<'static, str>,
}

impl RpcFailure {
    /// The answer to send.
    pub fn answer(&self, request_id: &str) -> String {
        let body = ErrorBody::new(self.code, self.message.as_ref(), request_id);
        write_failure(self.id.as_ref(), self.number, &body)
    }

    fn not_a_request(id: Option<CallId>, message: &'static str) -> Self {
        Self {
            id,
            number: INVALID_REQUEST,
            code: ErrorCode::Malformed,
            message: message.into(),
        }
    }
}

#[derive(Deserialize)]
struct RawRequest<'a> {
    #[serde(borrow)]
    jsonrpc: Option<&'a RawValue>,
    #[serde(default, deserialize_with = "present")]
    id: Option<CallId>,
    #[serde(borrow)]
    method: Option<&'a RawValue>,
    #[serde(borrow)]
    params: Option<&'a RawValue>,
}

/// Tells `"id": null`, which wants an answer, from no id, which wants none.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<CallId>, D::Error> {
    CallId::deserialize(deserializer).map(Some)
}

/// Reads one request. Batches are refused; the parameters stay text until
/// [`Request::params`], so a text costs at most three times its size in memory.
pub fn parse_request(text: &str) -> Result<Request, RpcFailure> {
    let whole = serde_json::from_str::<&RawValue>(text).map_err(|_| RpcFailure {
        id: None,
        number: ErrorCode::Malformed.json_rpc(),
        code: ErrorCode::Malformed,
        message: "This is not JSON. Send one JSON-RPC 2.0 request.".into(),
    })?;
    match whole.get().as_bytes().first() {
        Some(b'{') => {}
        Some(b'[') => {
            return Err(RpcFailure::not_a_request(
                None,
                "Batches are not accepted. Send one request a message.",
            ));
        }
        _ => {
            return Err(RpcFailure::not_a_request(
                None,
                "This is not a request. Send one JSON-RPC 2.0 request, an object.",
            ));
        }
    }
    let raw = serde_json::from_str::<RawRequest<'_>>(whole.get()).map_err(|_| {
        RpcFailure::not_a_request(
            None,
            "The id must be a text of at most 254 bytes, a number or null, and no member may be \
             given twice.",
        )
    })?;
    check(raw)
}

fn check(raw: RawRequest<'_>) -> Result<Request, RpcFailure> {
    let refuse = |id, message| Err(RpcFailure::not_a_request(id, message));
    if raw.jsonrpc.map(RawValue::get) != Some(r#""2.0""#) {
        return refuse(raw.id, r#"The member "jsonrpc" must be "2.0"."#);
    }
    let Some(Ok(method)) = raw
        .method
        .map(|method| serde_json::from_str::<String>(method.get()))
    else {
        return refuse(raw.id, r#"The member "method" must be a text."#);
    };
    if raw
        .params
        .is_some_and(|params| !params.get().starts_with('{'))
    {
        return Err(RpcFailure {
            id: raw.id,
            number: ErrorCode::Invalid.json_rpc(),
            code: ErrorCode::Invalid,
            message: r#"The member "params" must be an object; positions are not accepted."#.into(),
        });
    }
    Ok(Request {
        id: raw.id,
        method,
        params: raw.params.map(ToOwned::to_owned),
    })
}

/// Writes answers.
#[derive(Debug, Clone, Copy)]
pub struct Response;

#[derive(Serialize)]
struct Success<'a, T> {
    jsonrpc: &'static str,
    id: &'a CallId,
    result: &'a T,
}

#[derive(Serialize)]
struct Failure<'a> {
    jsonrpc: &'static str,
    id: Option<&'a CallId>,
    error: FailureObject<'a>,
}

/// The `error` of an answer.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(super) struct FailureObject<'a> {
    /// JSON-RPC's number of the error.
    code: i32,
    /// What is wrong and what to do, for a person.
    message: &'a str,
    /// What a client acts on.
    data: FailureData<'a>,
}

/// What a client acts on when a method failed.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct FailureData<'a> {
    /// What the error is called.
    code: ErrorCode,
    /// What to quote when asking the operator; it is in the server's log.
    request_id: &'a str,
    /// Milliseconds after which trying again makes sense.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u64>,
    /// Which values of the request cannot be accepted, and why.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    fields: &'a [crate::rest::FieldError],
}

impl Response {
    /// The answer of a method that did its work.
    pub fn success(id: &CallId, result: &impl Serialize) -> String {
        write(&Success {
            jsonrpc: "2.0",
            id,
            result,
        })
    }

    /// The answer of a method that did not; the id is `null` where none could be read.
    pub fn failure(id: Option<&CallId>, error: &ErrorBody) -> String {
        write_failure(id, error.code.json_rpc(), error)
    }
}

fn write_failure(id: Option<&CallId>, number: i32, error: &ErrorBody) -> String {
    write(&Failure {
        jsonrpc: "2.0",
        id,
        error: FailureObject {
            code: number,
            message: &error.message,
            data: FailureData {
                code: error.code,
                request_id: &error.request_id,
                retry_after_ms: error.retry_after_ms,
                fields: &error.fields,
            },
        },
    })
}

#[derive(Serialize)]
struct Notification<'a, T> {
    jsonrpc: &'static str,
    method: &'a str,
    params: &'a T,
}

/// Writes a notification of any method.
pub fn notification(method: &str, params: &impl Serialize) -> String {
    write(&Notification {
        jsonrpc: "2.0",
        method,
        params,
    })
}

/// Writes one of the notifications of this protocol.
pub fn notify<N: Notice>(notice: &N) -> String {
    notification(N::METHOD, notice)
}

fn write(message: &impl Serialize) -> String {
    // Fails only for maps whose keys are not texts, and nothing here has such.
    serde_json::to_string(message).unwrap_or_else(|error| {
        debug_assert!(false, "an answer cannot be written: {error}");
        String::from(
            r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32603,"message":"The answer could not be written."}}"#,
        )
    })
}
