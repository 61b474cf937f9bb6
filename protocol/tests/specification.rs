//! Every example in `SPEC.md` is what the code reads and writes.

#![cfg(test)]

#[path = "specification/examples.rs"]
mod examples;

use std::collections::BTreeSet;

use bytes::Bytes;
use convene_protocol::control::{Call, METHODS, NOTIFICATIONS, Notice, Request, parse_request};
use convene_protocol::frame::ClientMessage;
use convene_protocol::{for_each_call, for_each_notice, hocuspocus, ywebsocket};
use serde_json::{Value, json};

use self::examples::{Example, blocks, control};

/// The bytes in front of the explanation, which two blanks set off.
fn frame(text: &str) -> Bytes {
    let bytes = text.trim_start().split("  ").next().unwrap_or_default();
    hex::decode(bytes.replace(' ', ""))
        .unwrap_or_else(|error| panic!("{text}: {error}"))
        .into()
}

fn frames(kind: &str) -> (Vec<Bytes>, Vec<Bytes>) {
    let (mut of_clients, mut of_servers) = (Vec::new(), Vec::new());
    for line in blocks(kind).concat() {
        if let Some(text) = line.strip_prefix('→') {
            of_clients.push(frame(text));
        } else if let Some(text) = line.strip_prefix('←') {
            of_servers.push(frame(text));
        } else {
            panic!("neither → nor ←: {line}");
        }
    }
    assert!(!of_clients.is_empty() && !of_servers.is_empty(), "{kind}");
    (of_clients, of_servers)
}

/// Reads `value` as a `T` and back: nothing of the example is left out or made up.
fn is_a<T: serde::Serialize + serde::de::DeserializeOwned>(value: &Value) {
    let read: T =
        serde_json::from_value(value.clone()).unwrap_or_else(|error| panic!("{value}: {error}"));
    assert_eq!(&serde_json::to_value(read).unwrap(), value);
}

fn check_call<C: Call>(request: &Request, answer: &Value) -> bool {
    if request.method != C::METHOD {
        return false;
    }
    let params: C = request
        .params()
        .unwrap_or_else(|error| panic!("{}: {error}", request.method));
    let given: Value = serde_json::from_str(request.params_json()).unwrap();
    assert_eq!(serde_json::to_value(&params).unwrap(), given);
    if let Some(result) = answer.get("result") {
        is_a::<C::Answer>(result);
    }
    true
}

fn check_notice<N: Notice>(method: &str, params: &Value) -> bool {
    if method == N::METHOD {
        is_a::<N>(params);
    }
    method == N::METHOD
}

fn check_exchange(request: &str, answer: &str) -> String {
    let request = parse_request(request).unwrap_or_else(|error| panic!("{request}: {error}"));
    let answer: Value = serde_json::from_str(answer).unwrap_or_else(|_| panic!("{answer}"));
    let id: Value = serde_json::from_str(request.id.as_ref().unwrap().as_json()).unwrap();
    assert_eq!(answer.get("id"), Some(&id));
    assert_eq!(answer.get("jsonrpc"), Some(&json!("2.0")));
    macro_rules! check {
        ($($call:ty),+ $(,)?) => { false $(|| check_call::<$call>(&request, &answer))+ };
    }
    let known = for_each_call!(check);
    assert!(known, "no such method: {}", request.method);
    request.method
}

fn check_notification(text: &str) -> String {
    let notification: Value = serde_json::from_str(text).unwrap_or_else(|_| panic!("{text}"));
    assert!(notification.get("id").is_none());
    let method = notification["method"].as_str().unwrap();
    let params = &notification["params"];
    macro_rules! check {
        ($($notice:ty),+ $(,)?) => { false $(|| check_notice::<$notice>(method, params))+ };
    }
    let known = for_each_notice!(check);
    assert!(known, "no such notification: {method}");
    method.to_owned()
}

#[test]
fn every_control_method_and_notification_has_an_example_that_is_right() {
    let (mut methods, mut notifications) = (BTreeSet::new(), BTreeSet::new());
    for example in control() {
        match example {
            Example::Exchange { request, answer } => {
                methods.insert(check_exchange(request, answer));
            }
            Example::Notification(text) => {
                notifications.insert(check_notification(text));
            }
        }
    }
    let all = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(methods, all(METHODS));
    assert_eq!(notifications, all(NOTIFICATIONS));
}

#[test]
fn the_y_websocket_exchange_is_what_the_codec_reads_and_writes() {
    let (of_client, of_server) = frames("ywebsocket");
    for frame in of_client {
        assert_eq!(ywebsocket::decode(&frame).unwrap().len(), 1, "{frame:?}");
    }
    // What a server may say beside sync and presence, a client may not: these read as the same.
    for frame in of_server {
        assert_eq!(ywebsocket::decode(&frame).unwrap().len(), 1, "{frame:?}");
    }
}

#[test]
fn the_hocuspocus_exchange_is_what_the_codec_reads() {
    let (of_client, of_server) = frames("hocuspocus");
    for frame in of_client.into_iter().chain(of_server) {
        if frame.as_ref() == b"\x05plan1\x02\x00" {
            // The server's wish for a token has no token in it, so no client can send it.
            assert!(hocuspocus::decode(&frame).is_err());
            continue;
        }
        let decoded = hocuspocus::decode(&frame);
        let Ok(hocuspocus::ClientFrame::Addressed { address, message }) = decoded else {
            panic!("{frame:?}: {decoded:?}");
        };
        assert_eq!(address.as_str(), "plan1");
        assert_ne!(message, ClientMessage::Pong);
    }
}
