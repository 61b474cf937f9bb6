//! A client of the control channel: one request at a time, and its answer.

use convene_protocol::control::Call;
use convene_protocol::rest::ErrorBody;
use futures_util::{SinkExt, StreamExt};
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use super::address::Address;
use super::{DemoError, in_time};

/// What is read of one message. All findings of a plan with their ways out are the largest.
const MESSAGE_BYTES_MAX: usize = 4 << 20;

/// An open socket that speaks for nobody until `session.authenticate`.
pub(super) struct Socket {
    server: Address,
    stream: WebSocketStream<TcpStream>,
    last_id: u64,
}

/// An answer, or a notification when it has no id.
#[derive(Deserialize)]
struct Answer<'a> {
    id: Option<u64>,
    #[serde(borrow)]
    result: Option<&'a RawValue>,
    error: Option<Refusal>,
}

#[derive(Deserialize)]
struct Refusal {
    message: String,
}

impl Socket {
    /// Connects, and asks for the upgrade.
    pub(super) async fn open(server: &Address) -> Result<Self, DemoError> {
        let config = WebSocketConfig::default()
            .max_message_size(Some(MESSAGE_BYTES_MAX))
            .max_frame_size(Some(MESSAGE_BYTES_MAX));
        let opened = async {
            let stream = server.connect().await?;
            client_async_with_config(server.sockets(), stream, Some(config))
                .await
                .map_err(|error| strange((server, "/ws"), &error))
        };
        let (stream, _) = in_time((server, "/ws"), opened).await?;
        Ok(Self {
            server: server.clone(),
            stream,
            last_id: 0,
        })
    }

    /// Asks, and waits for the answer; what comes in between is passed over.
    pub(super) async fn call<C: Call>(&mut self, params: &C) -> Result<C::Answer, DemoError> {
        self.last_id += 1;
        let id = self.last_id;
        let request = json!({ "jsonrpc": "2.0", "id": id, "method": C::METHOD, "params": params });
        let (server, stream) = (&self.server, &mut self.stream);
        let asked = (server, C::METHOD);
        let answer = async {
            let sent = stream.send(Message::text(request.to_string())).await;
            sent.map_err(|error| strange(asked, &error))?;
            loop {
                let text = next_text(stream).await;
                let text = text.map_err(|error| strange(asked, &error))?;
                if let Some(answer) = answer_to::<C>(id, &text, asked)? {
                    return Ok(answer);
                }
            }
        };
        in_time(asked, answer).await
    }

    /// Says goodbye; whether the server hears it makes no difference any more.
    pub(super) async fn close(mut self) {
        let asked = (&self.server, "/ws");
        let closed = async {
            self.stream.close(None).await.ok();
            Ok(())
        };
        in_time(asked, closed).await.ok();
    }
}

/// The next text that the server sends.
async fn next_text(stream: &mut WebSocketStream<TcpStream>) -> Result<String, Error> {
    loop {
        match stream.next().await {
            Some(Ok(Message::Text(text))) => return Ok(text.to_string()),
            Some(Ok(Message::Close(_))) | None => return Err(Error::ConnectionClosed),
            Some(Ok(
                Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_),
            )) => {}
            Some(Err(error)) => return Err(error),
        }
    }
}

/// What `text` answers to the request `id`; none when it is about something else.
fn answer_to<C: Call>(
    id: u64,
    text: &str,
    (server, asked): (&Address, &'static str),
) -> Result<Option<C::Answer>, DemoError> {
    let strange = |say: String| DemoError::Strange {
        address: server.clone(),
        asked,
        say,
    };
    let answer: Answer<'_> =
        serde_json::from_str(text).map_err(|error| strange(error.to_string()))?;
    if answer.id != Some(id) {
        return Ok(None);
    }
    if let Some(refusal) = answer.error {
        let say = refusal.message;
        return Err(DemoError::Refused { asked, say });
    }
    let result = answer
        .result
        .ok_or_else(|| strange("neither result nor error".to_owned()))?;
    let read = serde_json::from_str(result.get());
    read.map(Some).map_err(|error| strange(error.to_string()))
}

fn strange((address, asked): (&Address, &'static str), error: &Error) -> DemoError {
    let address = address.clone();
    if let Error::Http(response) = error {
        // The server's own sentence, when it is convene that refuses the upgrade.
        let body = response.body().as_deref().unwrap_or_default();
        if let Ok(body) = serde_json::from_slice::<ErrorBody>(body) {
            let say = body.message;
            return DemoError::Refused { asked, say };
        }
    }
    DemoError::Strange {
        address,
        asked,
        say: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use convene_protocol::control::plan::{List, Plans};

    use super::*;

    fn read(text: &str) -> Result<Option<Plans>, DemoError> {
        let server = Address::parse("http://localhost:1").unwrap();
        answer_to::<List>(7, text, (&server, "plan.list"))
    }

    #[test]
    fn only_the_answer_to_the_request_is_taken() {
        for other in [
            r#"{"jsonrpc":"2.0","id":6,"result":{"plans":[]}}"#,
            r#"{"jsonrpc":"2.0","method":"member.changed","params":{}}"#,
        ] {
            assert_eq!(read(other).unwrap(), None, "{other}");
        }
        let own = read(r#"{"jsonrpc":"2.0","id":7,"result":{"plans":[]}}"#);
        assert_eq!(own.unwrap(), Some(Plans { plans: Vec::new() }));
    }

    #[test]
    fn a_refusal_is_told_in_the_words_of_the_server_and_anything_else_is_strange() {
        let refusal = r#"{"id":7,"error":{"code":-32003,"message":"only an owner may","data":{}}}"#;
        for (answer, say) in [
            (refusal, "refused plan.list: only an owner may"),
            (r#"{"id":7}"#, "neither result nor error"),
            (
                r#"{"id":7,"result":{"plans":3}}"#,
                "does not answer plan.list",
            ),
            ("<html>", "does not answer plan.list"),
        ] {
            let error = read(answer).unwrap_err().to_string();
            assert!(error.contains(say), "{error}");
        }
    }
}
