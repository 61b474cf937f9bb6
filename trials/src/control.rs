//! Texts of the control channel: requests of every method, changed ones, and what is not JSON at all.

use convene::document::{self, Replica};
use convene::ids::{PlanId, UserId};
use convene_protocol::control::document::WatchHash;
use convene_protocol::control::{Call, METHODS, Request, Response, RpcFailure, parse_request};
use convene_protocol::for_each_call;
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::dice::Dice;
use crate::finding::{Finding, Tally, must, within_limits, within_memory};
use crate::judge::Judge;
use crate::mutation::change_bytes;
use crate::wiring::Wild;

/// Texts of one case.
const TEXTS: usize = 48;
/// Memory that a text takes for each byte of it, and for any text.
const BYTES_PER_BYTE: usize = 3;
const BYTES_SLACK: usize = 4 << 10;
/// Names that parameters have, and some that they have not.
const MEMBERS: [&str; 10] = [
    "plan",
    "name",
    "roots",
    "token",
    "email",
    "role",
    "user",
    "idempotency_key",
    "other",
    "",
];

/// One case: texts, and hashes of a wild document for those that ask for them.
pub(crate) fn case(dice: &mut Dice) -> Result<Tally, Finding> {
    let mut tally = Tally::default();
    let mut judge = Judge::default();
    let mut wild = Wild::default();
    for _ in 0..4 {
        let update = wild.update(dice);
        judge.apply(0, &update)?;
    }
    let pool: Vec<Vec<u8>> = (0..6).map(|_| request(dice).into_bytes()).collect();
    for _ in 0..TEXTS {
        let mut text = pool
            .get(dice.below(pool.len()))
            .cloned()
            .unwrap_or_default();
        for _ in 0..dice.below(3) {
            change_bytes(dice, &mut text, &pool);
        }
        let text = String::from_utf8_lossy(&text);
        let read = self::judge(&text)?;
        tally.count(&read.as_ref().ok_or(()));
        if let Some(request) = read {
            answer_hash(&request, judge.replica())?;
        }
        if dice.is_spent() {
            break;
        }
    }
    Ok(tally)
}

fn request(dice: &mut Dice) -> String {
    let method = if dice.percent(90) {
        dice.pick(METHODS)
    } else {
        "no.such"
    };
    let id = dice.pick(&[
        "1",
        "\"a\"",
        "null",
        "-0.5e9",
        "[]",
        "{}",
        "99999999999999999999",
    ]);
    let params: Vec<String> = (0..dice.below(4))
        .map(|_| {
            let member = dice.pick(&MEMBERS);
            format!("\"{member}\":{}", json(dice, member))
        })
        .collect();
    let params = params.join(",");
    format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"{method}\",\"params\":{{{params}}}}}")
}

fn json(dice: &mut Dice, member: &str) -> String {
    if member == "roots" && dice.percent(80) {
        let kind = dice.pick(&["text", "map", "array", "xml", "other"]);
        let name = dice.pick(&["t", "m", "a", "x", "\\u0000", "\\ud800", "é"]);
        return format!("{{\"{name}\":\"{kind}\"}}");
    }
    match dice.below(7) {
        0 => "null".to_owned(),
        1 => "-12.5e3".to_owned(),
        2 => "[".repeat(dice.between(1, 200)),
        3 => format!("[{}]", ["1"; 3].join(",")),
        4 => "\"0190f3a2-7b1c-7def-8a00-1234567890ab\"".to_owned(),
        _ => format!("\"{}\"", "x".repeat(dice.below(60))),
    }
}

/// Reads a text as a request, and its parameters as those of every method. What answers it is JSON
/// and carries the id exactly.
pub fn judge(text: &str) -> Result<Option<Request>, Finding> {
    let memory_max = text.len() * BYTES_PER_BYTE + BYTES_SLACK;
    let read = within_memory("a request", memory_max, || parse_request(text))?;
    let request = match read {
        Ok(request) => request,
        Err(failure) => {
            check_failure(&failure)?;
            return Ok(None);
        }
    };
    must!(
        request.params_json().starts_with('{'),
        "params that are no object: {text}"
    );
    if let Some(id) = &request.id {
        let answer = Response::success(id, &Value::Null);
        // An id may be a number that no number type holds.
        must!(
            serde_json::from_str::<IgnoredAny>(&answer).is_ok() && answer.contains(id.as_json()),
            "{answer} does not answer {text}"
        );
    }
    check_failure(&request.unknown_method())?;
    macro_rules! check {
        ($($call:ty),+ $(,)?) => { $(check_params::<$call>(&request)?;)+ };
    }
    for_each_call!(check);
    Ok(Some(request))
}

fn check_failure(failure: &RpcFailure) -> Result<(), Finding> {
    let answer = failure.answer("request");
    let is_json = serde_json::from_str::<IgnoredAny>(&answer).is_ok();
    must!(
        is_json && answer.contains("\"error\":{\"code\":"),
        "an answer that is none: {answer}"
    );
    Ok(())
}

/// Parameters that can be read say the same when they are written again.
fn check_params<C: Call>(request: &Request) -> Result<(), Finding> {
    let bytes = request.params_json().len();
    let read = within_limits("params", bytes, || request.params::<C>())?;
    let params = match read {
        Ok(params) => params,
        Err(failure) => return check_failure(&failure),
    };
    let written = serde_json::to_value(&params);
    let again = written
        .as_ref()
        .map_err(ToString::to_string)
        .and_then(|value| {
            serde_json::from_value::<C>(value.clone()).map_err(|error| error.to_string())
        })
        .and_then(|params| serde_json::to_value(params).map_err(|error| error.to_string()));
    must!(
        written.as_ref().ok() == again.as_ref().ok() && written.is_ok(),
        "{} reads {} as {written:?} and then {again:?}",
        C::METHOD,
        request.params_json()
    );
    Ok(())
}

/// What a room does for whoever watches hashes, and what a plan's name is read as.
fn answer_hash(request: &Request, replica: &Replica) -> Result<(), Finding> {
    let Ok(watch) = request.params::<WatchHash>() else {
        return Ok(());
    };
    drop((watch.plan.parse::<PlanId>(), watch.plan.parse::<UserId>()));
    let roots: Vec<(String, document::RootKind)> = watch
        .roots
        .into_iter()
        .map(|(name, kind)| (name, kind.into()))
        .collect();
    let hash = within_limits("a hash", request.params_json().len(), || {
        replica.content_hash(&roots)
    })?;
    let is_poisoned = matches!(hash, Err(document::Refusal::Poisoned(_)));
    must!(!is_poisoned, "{hash:?} for {roots:?}");
    Ok(())
}
