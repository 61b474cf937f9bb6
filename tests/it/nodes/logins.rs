//! Tries to sign in count together on all nodes, and on each node alone while Redis is away.

use std::time::Duration;

use serde_json::json;

use crate::support::cluster::Cluster;
use crate::support::redis::Redis;
use crate::support::rest::{Answer, Rest};
use crate::support::server::{Options, Server};

const LOGIN: &str = "/api/v1/auth/login";
const TRIES: usize = 5;
/// A Redis that does not answer holds up nobody longer than this.
const ANSWER_MAX: Duration = Duration::from_secs(2);

async fn try_on(node: &Server, email: &str) -> Answer {
    let body = json!({ "email": email, "password": "not the password" });
    let rest = Rest::new(node);
    let answer = tokio::time::timeout(ANSWER_MAX, rest.post(LOGIN, &body)).await;
    answer.unwrap_or_else(|_| panic!("no answer within {ANSWER_MAX:?}"))
}

fn expect_too_many(answer: Answer) {
    let answer = answer.expect_refusal(429, "rate_limited");
    let retry_after = answer.header("retry-after").expect("it says when");
    let seconds: u64 = retry_after.parse().expect("in seconds");
    assert!((1..=60).contains(&seconds), "after {seconds} s");
}

#[tokio::test]
async fn tries_on_all_nodes_count_together_and_on_each_alone_without_redis() {
    let options = Options::default().set("CONVENE_LOGINS_PER_ACCOUNT_PER_MINUTE", TRIES);
    let cluster = Cluster::with(options, 2, Some(Redis::start().await)).await;
    let [one, two] = cluster.nodes.as_slice() else {
        panic!("there are two nodes")
    };
    for number in 0..TRIES {
        let answer = try_on(&cluster.nodes[number % 2], "ada@example.org").await;
        answer.expect_refusal(401, "unauthenticated");
    }
    expect_too_many(try_on(one, "ada@example.org").await);
    expect_too_many(try_on(two, "Ada@Example.org").await);
    // Others are not affected.
    try_on(two, "bob@example.org")
        .await
        .expect_refusal(401, "unauthenticated");

    cluster.redis().pause(Duration::from_mins(1)).await;
    for number in 0..TRIES {
        let answer = try_on(one, "cora@example.org").await;
        assert_eq!(answer.status, 401, "try {number}: {answer:?}");
    }
    expect_too_many(try_on(one, "cora@example.org").await);
    cluster.redis().kill9();
    for node in [one, two] {
        for number in 0..TRIES {
            let answer = try_on(node, "dave@example.org").await;
            assert_eq!(answer.status, 401, "try {number}: {answer:?}");
        }
        expect_too_many(try_on(node, "dave@example.org").await);
    }
}
