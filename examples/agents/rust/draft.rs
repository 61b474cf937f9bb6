//! The abstract of a session in a draft, on a y-websocket socket: what elsewhere is a provider.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use futures_util::{SinkExt, StreamExt};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::tungstenite::Message as Frame;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use yrs::sync::{Awareness, DefaultProtocol, Message, Protocol, SyncMessage};
use yrs::updates::encoder::{Encode, Encoder, EncoderV1};
use yrs::{Doc, GetString, Map, MapRef, ReadTxn, Text, TextRef, Transact};

pub(crate) struct Draft {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    replica: Awareness,
    session: String,
}

impl Draft {
    /// Opens a draft, with this presence in it; the server adds the token's name.
    pub(crate) async fn open(url: &str, session: &str, presence: &str) -> Result<Self> {
        let mut draft = Self {
            socket: connect_async(url).await?.0,
            replica: Awareness::new(Doc::new()),
            session: session.to_owned(),
        };
        draft.replica.set_local_state_raw(presence);
        let mut hello = EncoderV1::new();
        DefaultProtocol.start(&draft.replica, &mut hello)?;
        draft.socket.send(Frame::binary(hello.to_vec())).await?;
        while draft.text().is_none() {
            draft.listen(Duration::from_millis(10)).await?;
        }
        Ok(draft)
    }

    fn text(&self) -> Option<TextRef> {
        let txn = self.replica.doc().transact();
        let session = txn.get_map("sessions")?.get(&txn, &self.session)?;
        let session: MapRef = session.cast().ok()?;
        session.get(&txn, "abstract")?.cast().ok()
    }

    /// What the abstract says.
    pub(crate) fn read(&self) -> Result<String> {
        let text = self.text().context("the abstract is gone")?;
        Ok(text.get_string(&self.replica.doc().transact()))
    }

    /// Writes a word at its end, as one edit.
    pub(crate) async fn append(&mut self, word: &str) -> Result<()> {
        let text = self.text().context("the abstract is gone")?;
        let update = {
            let mut txn = self.replica.doc().transact_mut();
            let word = [if text.len(&txn) > 0 { " " } else { "" }, word].concat();
            text.push(&mut txn, &word);
            txn.encode_update_v1()
        };
        let message = Message::Sync(SyncMessage::Update(update));
        Ok(self.socket.send(Frame::binary(message.encode_v1())).await?)
    }

    /// Takes what others write and answers what the server asks, for as long as this.
    pub(crate) async fn listen(&mut self, span: Duration) -> Result<()> {
        let taken = async {
            while let Some(frame) = self.socket.next().await {
                let frame = frame?.into_data();
                for answer in DefaultProtocol.handle(&mut self.replica, &frame)? {
                    self.socket.send(Frame::binary(answer.encode_v1())).await?;
                }
            }
            bail!("the server closed the draft")
        };
        timeout(span, taken).await.unwrap_or(Ok(()))
    }
}
