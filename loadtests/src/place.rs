//! Where a client connects, and how the dialect spoken there writes what every dialect says.

use bytes::Bytes;
use convene_protocol::lib0::{Reader, write_var_bytes, write_var_string};

/// One client's way into one document.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) url: String,
    /// Set for Hocuspocus framing; y-websocket has both in the URL.
    pub(crate) address: Option<Address>,
    /// Which node of a cluster this is, from 0.
    pub(crate) node: usize,
}

/// The document in front of every frame, and the token sent once.
#[derive(Debug, Clone)]
pub(crate) struct Address {
    pub(crate) document: String,
    pub(crate) token: String,
}

const SYNC: u8 = 0;
const AWARENESS: u8 = 1;
const AUTH: u8 = 2;
const SYNC_STATUS: u64 = 8;
/// Whole frames of one byte: are you there, and I am.
const PING: u8 = 9;
const PONG: u8 = 10;

/// What a server said, as far as a load is concerned.
#[derive(Debug, Clone)]
pub(crate) enum Heard {
    SyncStep1,
    SyncStep2(Bytes),
    Update(Bytes),
    Awareness(Bytes),
    /// An update or step 2 of this client was applied.
    Applied,
    /// One was not.
    NotApplied,
    Ping,
    Other,
}

impl Place {
    /// The frames a stock client sends first, for a document of which it has nothing.
    pub(crate) fn opening(&self) -> Vec<Bytes> {
        let mut frames = Vec::new();
        if let Some(address) = &self.address {
            let mut token = vec![AUTH, 0];
            write_var_string(&mut token, &address.token);
            write_var_string(&mut token, "4.8.0");
            frames.push(self.frame(&token));
        }
        frames.push(self.sync(0, &[0]));
        frames
    }

    /// An edit.
    pub(crate) fn update(&self, update: &[u8]) -> Bytes {
        self.sync(2, update)
    }

    /// The answer to a step 1 of somebody who has nothing the server lacks.
    pub(crate) fn nothing(&self) -> Bytes {
        self.sync(1, &[0, 0])
    }

    /// Presence.
    pub(crate) fn awareness(&self, update: &[u8]) -> Bytes {
        let mut body = vec![AWARENESS];
        write_var_bytes(&mut body, update);
        self.frame(&body)
    }

    /// The answer to a ping.
    pub(crate) fn pong() -> Bytes {
        Bytes::from_static(&[PONG])
    }

    fn sync(&self, step: u8, payload: &[u8]) -> Bytes {
        let mut body = Vec::with_capacity(payload.len() + 8);
        body.extend([SYNC, step]);
        write_var_bytes(&mut body, payload);
        self.frame(&body)
    }

    fn frame(&self, body: &[u8]) -> Bytes {
        let Some(address) = &self.address else {
            return Bytes::copy_from_slice(body);
        };
        let mut out = Vec::with_capacity(address.document.len() + body.len() + 2);
        write_var_string(&mut out, &address.document);
        out.extend_from_slice(body);
        out.into()
    }

    /// Reads a frame; one that cannot be read counts as [`Heard::Other`].
    pub(crate) fn hear(&self, frame: &Bytes) -> Heard {
        if self.address.is_some() && frame[..] == [PING] {
            return Heard::Ping;
        }
        self.read(frame).unwrap_or(Heard::Other)
    }

    fn read(&self, frame: &Bytes) -> Option<Heard> {
        let mut reader = Reader::new(frame);
        if self.address.is_some() {
            reader.var_string().ok()?;
        }
        let heard = match reader.var_uint().ok()? {
            0 => {
                let step = reader.var_uint().ok()?;
                let payload = frame.slice_ref(reader.var_bytes().ok()?);
                match step {
                    0 => Heard::SyncStep1,
                    1 => Heard::SyncStep2(payload),
                    2 => Heard::Update(payload),
                    _ => Heard::Other,
                }
            }
            1 => Heard::Awareness(frame.slice_ref(reader.var_bytes().ok()?)),
            SYNC_STATUS if self.address.is_some() => match reader.var_uint().ok()? {
                1 => Heard::Applied,
                _ => Heard::NotApplied,
            },
            _ => Heard::Other,
        };
        Some(heard)
    }
}
