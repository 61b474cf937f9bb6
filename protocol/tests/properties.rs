//! What holds for any bytes: nothing panics, and what is written is read again as it was.

use bytes::Bytes;
use convene_protocol::control::parse_request;
use convene_protocol::frame::{ClientMessage, ServerMessage};
use convene_protocol::hocuspocus::{self, Address, ClientFrame};
use convene_protocol::lib0::{MAX_SAFE_INTEGER, Reader, write_var_uint};
use convene_protocol::{awareness, ywebsocket};
use proptest::collection::vec;
use proptest::prelude::*;

/// Bytes that are often nearly a message: a frame of either dialect, cut or changed somewhere.
fn nearly_frames() -> impl Strategy<Value = Vec<u8>> {
    let whole = prop_oneof![
        messages().prop_map(|(_, message)| ywebsocket::encode(&message).unwrap_or_default()),
        (addresses(), messages())
            .prop_map(|(address, (_, message))| hocuspocus::encode(&address, &message)),
    ];
    (
        whole,
        any::<u8>(),
        any::<prop::sample::Index>(),
        any::<bool>(),
    )
        .prop_map(|(frame, byte, at, cut)| {
            let mut frame = frame.to_vec();
            let at = at.index(frame.len().max(1));
            if cut {
                frame.truncate(at);
            } else if let Some(old) = frame.get_mut(at) {
                *old = byte;
            }
            frame
        })
}

fn payloads() -> impl Strategy<Value = Bytes> {
    vec(any::<u8>(), 0..300).prop_map(Bytes::from)
}

fn addresses() -> impl Strategy<Value = Address> {
    "[a-z0-9-]{1,40}(\0[a-z0-9]{1,11})?"
        .prop_filter_map("not an address", |text| Address::parse(&text).ok())
}

/// A message that both sides say, as each names it.
fn messages() -> impl Strategy<Value = (ClientMessage, ServerMessage)> {
    prop_oneof![
        payloads().prop_map(|bytes| (
            ClientMessage::SyncStep1(bytes.clone()),
            ServerMessage::SyncStep1(bytes)
        )),
        payloads().prop_map(|bytes| (
            ClientMessage::SyncStep2(bytes.clone()),
            ServerMessage::SyncStep2(bytes)
        )),
        payloads().prop_map(|bytes| (
            ClientMessage::Update(bytes.clone()),
            ServerMessage::Update(bytes)
        )),
        payloads().prop_map(|bytes| (
            ClientMessage::Awareness(bytes.clone()),
            ServerMessage::Awareness(bytes)
        )),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_a_decoder_panic(bytes in prop_oneof![vec(any::<u8>(), 0..200), nearly_frames()]) {
        let frame = Bytes::from(bytes);
        if let Ok(messages) = ywebsocket::decode(&frame) {
            prop_assert!(!messages.is_empty());
        }
        if let Ok(ClientFrame::Addressed { address, .. }) = hocuspocus::decode(&frame) {
            prop_assert!(!address.document().is_empty());
        }
        if let Ok(entries) = awareness::decode(&frame) {
            for entry in entries {
                prop_assert!(entry.client_id <= MAX_SAFE_INTEGER);
            }
        }
        let mut reader = Reader::new(&frame);
        while reader.var_bytes().is_ok_and(|_| !reader.is_empty()) {}
    }

    #[test]
    fn no_text_makes_the_control_channel_panic(text in prop_oneof![
        any::<String>(),
        r#"\{"jsonrpc":"2\.0","id":[-0-9a-z"\[\{]{0,5},"method":"[a-z.]{0,9}"(,"params":[\{\[][a-z":]{0,9}[\}\]])?\}?"#,
    ]) {
        if let Ok(request) = parse_request(&text) {
            let is_object = request.params_json().starts_with('{');
            prop_assert!(is_object);
        }
    }

    #[test]
    fn what_one_dialect_writes_it_reads_again((read, written) in messages(), address in addresses()) {
        let frame = ywebsocket::encode(&written).unwrap();
        prop_assert_eq!(ywebsocket::decode(&frame), Ok(vec![read.clone()]));
        let frame = hocuspocus::encode(&address, &written);
        let expected = ClientFrame::Addressed { address, message: read };
        prop_assert_eq!(hocuspocus::decode(&frame), Ok(expected));
    }

    #[test]
    fn messages_packed_into_one_frame_are_read_in_order(packed in vec(messages(), 1..64)) {
        let mut frame = Vec::new();
        for (_, message) in &packed {
            frame.extend(ywebsocket::encode(message).unwrap());
        }
        let expected: Vec<_> = packed.into_iter().map(|(read, _)| read).collect();
        prop_assert_eq!(ywebsocket::decode(&frame.into()), Ok(expected));
    }

    #[test]
    fn presence_is_read_as_it_was_written(entries in vec(
        (0..=MAX_SAFE_INTEGER, 0..=MAX_SAFE_INTEGER, prop_oneof![
            Just(None),
            r#"\{"name":"[a-zA-Zé😀]{0,20}"\}"#.prop_map(Some),
        ]),
        0..20,
    )) {
        let written = awareness::encode(
            entries.iter().map(|(client, clock, state)| (*client, *clock, state.as_deref())),
        );
        let read: Vec<_> = awareness::decode(&written)
            .unwrap()
            .into_iter()
            .map(|entry| (entry.client_id, entry.clock, entry.state.map(ToOwned::to_owned)))
            .collect();
        prop_assert_eq!(read, entries);
    }

    #[test]
    fn integers_are_read_as_they_were_written(value in 0..=MAX_SAFE_INTEGER) {
        let mut out = Vec::new();
        write_var_uint(&mut out, value);
        prop_assert_eq!(Reader::new(&out).var_uint(), Ok(value));
    }
}
