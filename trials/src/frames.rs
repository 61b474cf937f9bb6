//! Frames of both dialects: sound ones, changed ones, and what is left of them when they are read.

use bytes::Bytes;
use convene::document::StateVector;
use convene_protocol::frame::{ClientMessage, ServerMessage};
use convene_protocol::hocuspocus::{self, Address, ClientFrame};
use convene_protocol::lib0::{write_var_string, write_var_uint};
use convene_protocol::{awareness, ywebsocket};

use crate::dice::Dice;
use crate::finding::{Finding, Tally, must, within_memory};
use crate::mutation::change_bytes;

/// Frames of one case.
const FRAMES: usize = 64;
/// Memory that reading takes for each byte of a frame: what it borrows is listed...
const BYTES_PER_BYTE: usize = 16;
/// ...and for any frame.
const BYTES_SLACK: usize = 16 << 10;

/// One case: sound frames, most of them changed.
pub(crate) fn case(dice: &mut Dice) -> Result<Tally, Finding> {
    let mut tally = Tally::default();
    let pool: Vec<Vec<u8>> = (0..8).map(|_| sound(dice)).collect();
    for _ in 0..FRAMES {
        let mut frame = pool
            .get(dice.below(pool.len()))
            .cloned()
            .unwrap_or_default();
        for _ in 0..dice.below(4) {
            change_bytes(dice, &mut frame, &pool);
        }
        tally = tally.and(judge(&frame)?);
        if dice.is_spent() {
            break;
        }
    }
    Ok(tally)
}

/// A frame that a client or a server of either dialect sends.
fn sound(dice: &mut Dice) -> Vec<u8> {
    let payload: Bytes = (0..dice.below(12)).map(|_| dice.byte()).collect();
    let text = dice.pick(&["", "a reason", "{\"jsonrpc\":\"2.0\"}", "é\u{1f600}"]);
    let message = match dice.below(8) {
        0 => ServerMessage::SyncStep1(payload),
        1 => ServerMessage::SyncStep2(payload),
        2 => ServerMessage::Update(payload),
        3 => ServerMessage::Awareness(awareness::encode([(7, 1, Some("{\"a\":1}"))])),
        4 => ServerMessage::QueryAwareness,
        5 => ServerMessage::PermissionDenied(text.to_owned()),
        6 => ServerMessage::Stateless(text.to_owned()),
        _ => ServerMessage::Close(text.to_owned()),
    };
    if dice.percent(10) {
        return token(dice, text);
    }
    let address = dice.pick(&["plan", "plan\0tab", "é", "convene"]);
    match (Address::parse(address), ywebsocket::encode(&message)) {
        (Ok(address), None) => hocuspocus::encode(&address, &message).to_vec(),
        (Ok(address), Some(_)) if dice.percent(50) => {
            hocuspocus::encode(&address, &message).to_vec()
        }
        (_, frame) => frame.unwrap_or_default().to_vec(),
    }
}

/// A token, with or without a version and what future providers might add.
fn token(dice: &mut Dice, text: &str) -> Vec<u8> {
    let mut frame = Vec::new();
    write_var_string(&mut frame, "plan");
    write_var_uint(&mut frame, 2);
    write_var_uint(&mut frame, 0);
    for _ in 0..dice.between(1, 3) {
        write_var_string(&mut frame, text);
    }
    frame
}

/// Reads a frame as either dialect. What is read says the same when it is written again.
pub fn judge(frame: &[u8]) -> Result<Tally, Finding> {
    let memory_max = frame.len() * BYTES_PER_BYTE + BYTES_SLACK;
    let mut tally = Tally::default();
    let bytes = Bytes::copy_from_slice(frame);
    let read = within_memory("a frame", memory_max, || ywebsocket::decode(&bytes))?;
    tally.count(&read);
    for message in read.unwrap_or_default() {
        look_into(&message)?;
        if let Some(again) = as_server(&message)
            && let Some(written) = ywebsocket::encode(&again)
        {
            must!(
                ywebsocket::decode(&written).as_deref() == Ok(&[message.clone()][..]),
                "{message:?} is written as {written:?}"
            );
        }
    }
    let read = within_memory("a frame", memory_max, || hocuspocus::decode(&bytes))?;
    tally.count(&read);
    if let Ok(ClientFrame::Addressed { address, message }) = read {
        must!(
            !address.document().trim().is_empty() && frame.len() > address.as_str().len(),
            "a frame for nothing: {address:?}"
        );
        look_into(&message)?;
        if let Some(again) = as_server(&message) {
            let written = hocuspocus::encode(&address, &again);
            let frame = ClientFrame::Addressed { address, message };
            must!(
                hocuspocus::decode(&written).as_ref() == Ok(&frame),
                "{frame:?} is written as {written:?}"
            );
        }
    }
    Ok(tally)
}

/// The same said by the server, where it has the same word.
fn as_server(message: &ClientMessage) -> Option<ServerMessage> {
    match message.clone() {
        ClientMessage::SyncStep1(bytes) => Some(ServerMessage::SyncStep1(bytes)),
        ClientMessage::SyncStep2(bytes) => Some(ServerMessage::SyncStep2(bytes)),
        ClientMessage::Update(bytes) => Some(ServerMessage::Update(bytes)),
        ClientMessage::Awareness(bytes) => Some(ServerMessage::Awareness(bytes)),
        ClientMessage::QueryAwareness => Some(ServerMessage::QueryAwareness),
        ClientMessage::Stateless(text) => Some(ServerMessage::Stateless(text)),
        ClientMessage::Auth { .. }
        | ClientMessage::Detach
        | ClientMessage::Pong
        | ClientMessage::Ignored => None,
    }
}

/// Reads what a message carries.
fn look_into(message: &ClientMessage) -> Result<(), Finding> {
    match message {
        ClientMessage::SyncStep1(bytes) => {
            let memory_max = bytes.len() * BYTES_PER_BYTE * 4 + BYTES_SLACK;
            drop(within_memory("a state vector", memory_max, || {
                StateVector::decode(bytes, usize::MAX)
            })?);
        }
        ClientMessage::Awareness(bytes) => {
            let memory_max = bytes.len() * BYTES_PER_BYTE + BYTES_SLACK;
            drop(within_memory("presence", memory_max, || {
                awareness::decode(bytes)
            })?);
        }
        ClientMessage::Stateless(text) => drop(crate::control::judge(text)?),
        ClientMessage::SyncStep2(_)
        | ClientMessage::Update(_)
        | ClientMessage::QueryAwareness
        | ClientMessage::Auth { .. }
        | ClientMessage::Detach
        | ClientMessage::Pong
        | ClientMessage::Ignored => {}
    }
    Ok(())
}
