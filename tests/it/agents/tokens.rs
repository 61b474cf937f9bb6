//! Agents' tokens: where they are good, where they are not, and that nobody finds them in a log.

use reqwest::Method;
use serde_json::json;

use super::Stage;
use crate::support::account::Account;
use crate::support::driver::Connect;
use crate::support::engine::Engine;
use crate::support::operator::Operator;
use crate::support::raw::{RawSocket, Received};
use crate::support::rest::{Rest, send};
use crate::support::server::Options;
use crate::support::until::{SOON, until};

impl Stage {
    /// How a socket with `token` on `document` is closed at once.
    async fn turned_away(&self, document: &str, token: &str) -> (u16, String) {
        let mut socket = RawSocket::ywebsocket(&self.server, document, token).await;
        match socket.next(SOON).await {
            Some(Received::Closed(code, say)) => (code, say),
            other => panic!("not turned away: {other:?}"),
        }
    }
}

#[tokio::test]
async fn an_agents_token_is_taken_wherever_a_socket_takes_one_and_told_to_no_log() {
    let options = Options::default().set("CONVENE_LOG", "debug,sqlx=warn");
    let stage = Stage::with(Engine::Sqlite, options).await;
    let connect = |lib| Connect::new(&stage.server, lib, &stage.plan, &stage.agent.token);
    for by in ["query", "header", "subprotocol"] {
        let connect = connect("y-websocket-3.1").with("token_by", by);
        stage.driver.join(connect).await;
    }
    for by in ["query", "header", "frame"] {
        let connect = connect("hocuspocus-4.8").with("token_by", by);
        stage.driver.join(connect).await;
    }
    let mut socket = RawSocket::open(&stage.server.ws_url()).await;
    let request = json!({
        "jsonrpc": "2.0", "id": 1, "method": "session.authenticate",
        "params": { "token": stage.agent.token },
    });
    socket.send_text(&request.to_string()).await;
    let answer: serde_json::Value = serde_json::from_str(&socket.text().await).unwrap();
    assert_eq!(
        answer["result"]["user"],
        json!({ "id": stage.agent.user, "name": "Scout" })
    );
    let listed = stage
        .owner
        .call(&stage.server, "agent.list", json!({ "plan": stage.plan }))
        .await;
    let agent = &listed["agents"][0];
    assert_eq!(answer["result"]["expires_at"], agent["expires_at"]);
    until("its use is noted", SOON, async || {
        let params = json!({ "plan": stage.plan });
        let listed = stage.owner.call(&stage.server, "agent.list", params).await;
        listed["agents"][0]["last_used_at"]
            .is_string()
            .then_some(())
    })
    .await;
    stage.turned_away(&stage.plan, "cva_rubbish").await;
    let secret = stage.agent.token.strip_prefix("cva_").unwrap();
    let log = stage.server.log();
    assert!(log.contains("opened"), "the log is read");
    assert!(!log.contains(secret) && !log.contains("cva_"), "{log}");
}

#[tokio::test]
async fn wrong_tokens_are_all_the_same_and_old_ones_are_told_so() {
    let stage = Stage::new().await;
    let good = &stage.agent.token;
    let mut changed = good.clone();
    let last = changed.pop().unwrap();
    changed.push(if last == 'A' { 'B' } else { 'A' });
    for wrong in [
        "rubbish".to_owned(),
        "cva_".to_owned(),
        "cva_rubbish".to_owned(),
        changed,
        good.to_uppercase(),
        good.replacen("cva_", "", 1),
        format!("cva_{}", stage.owner.token),
        format!("{good}%00"),
    ] {
        assert_eq!(
            stage.turned_away(&stage.plan, &wrong).await,
            (4401, "the access token is not valid; sign in".to_owned()),
            "{wrong}"
        );
    }
    let other = stage.owner.create_plan(&stage.server).await;
    let (code, say) = stage.turned_away(&other, good).await;
    assert_eq!(code, 4404, "{say}");
    assert!(say.starts_with("there is no such plan"), "{say}");

    let agent = stage.database.id(&stage.agent.user);
    let sql = format!("update families set expires_at = 1 where user_id = {agent}");
    stage.database.run(sql).await;
    let (code, say) = stage.turned_away(&stage.plan, good).await;
    assert_eq!(code, 4401);
    assert!(say.starts_with("this agent's token is over"), "{say}");
    let connect = Connect::new(&stage.server, "hocuspocus-4.8", &stage.plan, good);
    let client = stage.driver.connect(connect).await;
    let denied = until("it is denied", SOON, async || {
        client.status().await.denied.pop()
    })
    .await;
    assert!(denied.starts_with("this agent's token is over"), "{denied}");
}

#[tokio::test]
async fn an_agent_has_no_account_to_sign_in_to() {
    let stage = Stage::new().await;
    let rest = Rest::new(&stage.server);
    for (method, path) in [
        (Method::GET, "/api/v1/auth/me"),
        (Method::GET, "/api/v1/auth/sessions"),
        (Method::DELETE, "/api/v1/auth/sessions"),
        (Method::POST, "/api/v1/auth/logout"),
    ] {
        let request = rest.request(method, path).json(&json!({}));
        let answer = send(request.bearer_auth(&stage.agent.token)).await;
        let answer = answer.expect_refusal(401, "unauthenticated");
        let say = answer.field("message");
        assert!(say.contains("An agent's token"), "{path}: {say}");
    }
    let email = format!("agent-{}@agents.invalid", stage.agent.user);
    for password in ["!", "!!!!!!!!!!!!!!", "correct horse battery"] {
        let body = json!({ "email": email, "password": password });
        let of_agent = rest.post("/api/v1/auth/login", &body).await;
        let body = json!({ "email": "nobody@example.org", "password": password });
        let of_nobody = rest.post("/api/v1/auth/login", &body).await;
        assert_eq!(of_agent.status, 401, "{of_agent:?}");
        assert_eq!(of_agent.field("message"), of_nobody.field("message"));
    }
    let data = stage.server.data();
    let operator = Operator {
        data: &data,
        url: None,
    };
    let say = operator.must_fail(&["user", "reset-password", &email]);
    assert!(say.contains("an agent"), "{say}");
    stage
        .join("y-websocket-3.1", &stage.plan, &stage.agent)
        .await;
}

#[tokio::test]
async fn an_agent_is_ended_by_an_owner_and_stays_on_the_list() {
    let stage = Stage::new().await;
    let plan = &stage.plan;
    let second = stage
        .owner
        .create_agent(&stage.server, plan, "Second")
        .await;
    let (one, _) = stage.open_draft(&stage.agent).await;
    // Nobody but an owner, by neither way.
    let revoke = json!({ "plan": plan, "agent": stage.agent.user });
    let remove = json!({ "plan": plan, "user": second.user });
    for who in [&stage.suggester, &second] {
        for (method, params) in [("agent.revoke", &revoke), ("member.remove", &remove)] {
            let refused = who.is_refused(&stage.server, method, params.clone()).await;
            assert_eq!(refused.0, "forbidden", "{method}: {}", refused.1);
        }
    }
    let call = async |method: &str, params| stage.owner.call(&stage.server, method, params).await;
    let role = json!({ "plan": plan, "email": second.email, "role": "editor" });
    let refused = stage
        .owner
        .is_refused(&stage.server, "member.set_role", role)
        .await;
    assert_eq!(refused.0, "forbidden");
    assert!(refused.1.contains("an agent is a suggester"), "{refused:?}");
    let members = call("member.list", json!({ "plan": plan })).await;
    let kinds: Vec<_> = members["members"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (it["kind"].clone(), it["role"].clone()))
        .collect();
    assert_eq!(
        json!(kinds),
        json!([
            ["person", "owner"],
            ["person", "suggester"],
            ["agent", "suggester"],
            ["agent", "suggester"],
        ])
    );

    assert_eq!(call("agent.revoke", revoke.clone()).await, json!({}));
    assert_eq!(call("member.remove", remove).await, json!({}));
    let members = call("member.list", json!({ "plan": plan })).await;
    assert_eq!(members["members"].as_array().unwrap().len(), 2);
    let agents = call("agent.list", json!({ "plan": plan })).await;
    let agents = agents["agents"].as_array().unwrap();
    assert_eq!(agents.len(), 2);
    assert!(agents.iter().all(|it| it["revoked_at"].is_string()));
    let refused = stage
        .owner
        .is_refused(&stage.server, "agent.revoke", revoke)
        .await;
    assert_eq!(refused.0, "not_found");
    for agent in [&stage.agent, &second] {
        let (code, say) = stage.turned_away(plan, &agent.token).await;
        assert_eq!(code, 4401, "{say}");
    }
    let entries = stage.audit("agent.revoke").await;
    let withdrawn: Vec<_> = entries
        .iter()
        .map(|it| &it["detail"]["withdrawn"])
        .collect();
    assert_eq!(json!(withdrawn), json!([[], [one]]));
}

#[tokio::test]
async fn an_agent_is_made_within_limits() {
    let stage = Stage::new().await;
    let made = async |owner: &Account, params: serde_json::Value| {
        let mut all = json!({ "plan": stage.plan, "name": "Scout" });
        all.as_object_mut()
            .unwrap()
            .extend(params.as_object().unwrap().clone());
        owner.is_refused(&stage.server, "agent.create", all).await
    };
    let mut too_many = vec!["rooms"; 51];
    too_many[0] = "sessions";
    for wrong in [
        json!({ "name": "" }),
        json!({ "name": "  " }),
        json!({ "name": "x".repeat(81) }),
        json!({ "name": "two\nlines" }),
        json!({ "open_max": 0 }),
        json!({ "open_max": 21 }),
        json!({ "days": 0 }),
        json!({ "days": 367 }),
        json!({ "days": -1 }),
        json!({ "paths": too_many }),
        json!({ "paths": ["nowhere"] }),
        json!({ "paths": [""] }),
        json!({ "paths": ["/rooms"] }),
        json!({ "paths": ["rooms/"] }),
        json!({ "paths": ["rooms//name"] }),
        json!({ "paths": ["rooms/ro_1/nothing"] }),
        json!({ "paths": ["rooms/ro_1/name/deeper"] }),
        json!({ "paths": ["meta/nothing"] }),
        json!({ "paths": [format!("rooms/{}", "x".repeat(129))] }),
        json!({ "paths": ["rooms/a\u{0}b"] }),
    ] {
        let refused = made(&stage.owner, wrong.clone()).await;
        assert_eq!(refused.0, "invalid", "{wrong}: {}", refused.1);
    }
    for who in [&stage.suggester, &stage.agent] {
        assert_eq!(made(who, json!({})).await.0, "forbidden");
    }
    let params = json!({
        "plan": stage.plan, "name": " Scout ", "open_max": 20, "days": 366,
        "paths": ["rooms", "rooms/ro_1", "rooms/ro_1/name", "meta/name"],
    });
    let answer = stage
        .owner
        .call(&stage.server, "agent.create", params)
        .await;
    assert_eq!(answer["agent"]["name"], "Scout");
    assert_eq!(answer["agent"]["made_by"]["name"], "Olga");
    assert_eq!(answer["agent"]["paths"].as_array().unwrap().len(), 4);
    assert_eq!(answer["token"].as_str().unwrap().len(), 47);
    for _ in 2..20 {
        stage
            .owner
            .create_agent(&stage.server, &stage.plan, "Further")
            .await;
    }
    assert_eq!(made(&stage.owner, json!({})).await.0, "too_large");
}
