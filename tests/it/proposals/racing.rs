//! Two who decide at once, on two nodes and while one is killed: what is decided is decided once.

use std::time::Duration;

use super::*;
use crate::support::cluster::Cluster;
use crate::support::database::Database;
use crate::support::raw::RawSocket;
use crate::support::redis::Redis;
use crate::support::rounds::{random_moment, rounds};

/// A decision takes a small part of a random moment.
const MOMENTS: u32 = 40;

/// Two nodes, two editors who decide, and an agent that proposes.
struct Race {
    cluster: Cluster,
    people: [Account; 2],
    agent: Account,
    plan: String,
}

impl Race {
    async fn start() -> Self {
        let cluster = Cluster::start(2, Some(Redis::start().await)).await;
        let (people, plan) = cluster.two_people().await;
        let agent = people[0]
            .create_agent(&cluster.nodes[0], &plan, "Scout")
            .await;
        let race = Self {
            cluster,
            people,
            agent,
            plan,
        };
        let add =
            json!([{ "op": "add", "path": ["rooms", "ro_1"], "fields": { "name": "Room 0" } }]);
        race.call(0, &race.people[0], "plan.edit", json!({ "ops": add }))
            .await;
        race
    }

    async fn call(&self, node: usize, who: &Account, method: &str, mut params: Value) -> Value {
        params["plan"] = json!(self.plan);
        who.call(&self.cluster.nodes[node], method, params).await
    }

    /// What became of it, or the code of its error.
    async fn ask(&self, node: usize, who: &Account, method: &str, mut params: Value) -> Value {
        params["plan"] = json!(self.plan);
        who.ask(&self.cluster.nodes[node], method, params).await
    }

    /// A submitted proposal for another name of the room, and what one decides about it.
    async fn proposal(&self, to: &str) -> (Value, Value) {
        let opened = json!({ "title": "A name" });
        let opened = self.call(0, &self.agent, "proposal.open", opened).await;
        let ops = json!([{ "op": "set", "path": ["rooms", "ro_1", "name"], "to": to }]);
        let edit = json!({ "proposal": opened["id"], "ops": ops });
        self.call(0, &self.agent, "proposal.edit", edit).await;
        let submit = json!({ "proposal": opened["id"] });
        let proposal = self.call(0, &self.agent, "proposal.submit", submit).await;
        let change = &proposal["changes"][0];
        let changes = json!([{ "no": 1, "shown": change["shown"] }]);
        let decide = json!({ "proposal": proposal["id"], "revision": 1, "verdict": "approve",
            "changes": changes });
        (proposal, decide)
    }

    /// How many rows of the plan, and how many decisions, a proposal became.
    async fn traces(&self, proposal: &Value) -> (i64, i64) {
        let database = Database::Postgres(self.cluster.url.clone());
        let id = proposal["id"].as_str().unwrap();
        let rows = format!("select count(*) from journal where origin_detail = '{id}:1'");
        let decisions = format!("select count(*) from decisions where proposal_id = '{id}'");
        (
            database.number(rows).await,
            database.number(decisions).await,
        )
    }

    async fn name(&self) -> Value {
        let content = self
            .call(1, &self.people[1], "plan.content", json!({}))
            .await;
        content["roots"]["rooms"]["ro_1"]["name"].clone()
    }
}

#[tokio::test]
async fn of_two_who_decide_at_once_on_two_nodes_one_does() {
    let race = Race::start().await;
    for round in 0..rounds() * 5 {
        let to = format!("Room {round}a");
        let (proposal, decide) = race.proposal(&to).await;
        let [first, second] = &race.people;
        let answers: (Value, Value) = tokio::join!(
            race.ask(0, first, "proposal.decide", decide.clone()),
            race.ask(1, second, "proposal.decide", decide.clone()),
        );
        let done = [&answers.0, &answers.1]
            .iter()
            .filter(|answer| answer["result"]["done"] == json!([1]))
            .count();
        assert_eq!(done, 1, "{answers:?}");
        let refused = [&answers.0, &answers.1];
        let refused = refused.iter().find(|answer| answer.get("error").is_some());
        assert_eq!(
            refused.unwrap()["error"]["data"]["code"],
            "conflict",
            "{answers:?}"
        );
        assert_eq!(race.traces(&proposal).await, (1, 1));
        until("both nodes have it", SOON, async || {
            (race.name().await == json!(to)).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn a_decision_is_taken_once_although_its_node_is_killed_in_the_middle() {
    let mut race = Race::start().await;
    for round in 0..rounds() * 3 {
        let to = format!("Room {round}k");
        let (proposal, decide) = race.proposal(&to).await;
        let who = race.people[1].clone();
        let mut asked = decide.clone();
        asked["plan"] = json!(race.plan);
        asked["idempotency_key"] = json!(format!("key-{round}"));
        let url = format!("{}?token={}", race.cluster.nodes[1].ws_url(), who.token);
        let mut socket = RawSocket::open(&url).await;
        let request =
            json!({ "jsonrpc": "2.0", "id": 1, "method": "proposal.decide", "params": asked });
        socket.send_text(&request.to_string()).await;
        // Anywhere from before it is read until after it is answered.
        tokio::time::sleep(random_moment() / MOMENTS).await;
        race.cluster.nodes[1].kill9();
        race.cluster.nodes[1].start_again().await;
        // Whoever got no answer asks again; the same person does not wait for their own turn to end.
        let again = until("it is decided", Duration::from_secs(40), async || {
            let answer = race.ask(1, &who, "proposal.decide", asked.clone()).await;
            (answer["result"]["done"] == json!([1])).then_some(answer)
        })
        .await;
        assert_eq!(again["result"]["proposal"]["status"], "approved");
        assert_eq!(race.traces(&proposal).await, (1, 1));
        assert_eq!(race.name().await, json!(to));
    }
}
