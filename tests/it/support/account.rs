//! Accounts over REST, and plans over the control channel.

use std::sync::atomic::{AtomicU32, Ordering};

use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

use super::raw::RawSocket;
use super::server::Server;

/// Long enough for every test account.
const PASSWORD: &str = "correct horse battery";

/// Tells accounts apart: every test may register whom it likes.
static REGISTERED: AtomicU32 = AtomicU32::new(0);

/// A registered person, signed in.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) user: String,
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) token: String,
    refresh_token: String,
}

impl Account {
    /// Makes an account called `name`.
    pub(crate) async fn register(server: &Server, name: &str) -> Self {
        let number = REGISTERED.fetch_add(1, Ordering::Relaxed);
        let email = format!("{}-{number}@example.org", name.to_lowercase());
        let body = json!({ "email": email, "password": PASSWORD, "name": name });
        let answer = post(server, "/api/v1/auth/register", &body).await;
        Self {
            user: text(&answer["user"]["id"]),
            name: name.to_owned(),
            email,
            token: text(&answer["access_token"]),
            refresh_token: text(&answer["refresh_token"]),
        }
    }

    /// A second sign-in of the same person.
    pub(crate) async fn login(&self, server: &Server) -> Self {
        let body = json!({ "email": self.email, "password": PASSWORD });
        let answer = post(server, "/api/v1/auth/login", &body).await;
        self.with_tokens(&answer)
    }

    /// The next pair of tokens of this sign-in.
    pub(crate) async fn refresh(&self, server: &Server) -> Self {
        let body = json!({ "refresh_token": self.refresh_token });
        let answer = post(server, "/api/v1/auth/refresh", &body).await;
        self.with_tokens(&answer)
    }

    /// Ends this sign-in.
    pub(crate) async fn logout(&self, server: &Server) {
        let request = Client::new().post(server.url("/api/v1/auth/logout"));
        let answer = request
            .bearer_auth(&self.token)
            .send()
            .await
            .expect("the server answers");
        assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    }

    fn with_tokens(&self, answer: &Value) -> Self {
        Self {
            token: text(&answer["access_token"]),
            refresh_token: text(&answer["refresh_token"]),
            ..self.clone()
        }
    }

    /// Makes a plan, as its owner, and gives back its id.
    pub(crate) async fn create_plan(&self, server: &Server) -> String {
        let answer = self
            .call(server, "plan.create", json!({ "name": "A plan" }))
            .await;
        text(&answer["id"])
    }

    /// Makes an agent of a plan of this account. It is an account that has a token of its own kind.
    pub(crate) async fn create_agent(&self, server: &Server, plan: &str, name: &str) -> Self {
        let params = json!({ "plan": plan, "name": name });
        self.create_agent_with(server, params).await
    }

    /// The same with what else is said of it.
    pub(crate) async fn create_agent_with(&self, server: &Server, params: Value) -> Self {
        let name = text(&params["name"]);
        let answer = self.call(server, "agent.create", params).await;
        let user = text(&answer["agent"]["id"]);
        Self {
            name,
            email: format!("agent-{user}@agents.invalid"),
            token: text(&answer["token"]),
            refresh_token: String::new(),
            user,
        }
    }

    /// Opens a proposal with its draft, and gives back its id.
    pub(crate) async fn open_draft(&self, server: &Server, plan: &str) -> String {
        let params = json!({ "plan": plan, "title": "Something better" });
        text(&self.call(server, "proposal.open", params).await["id"])
    }

    /// Gives `other` a role in a plan of this account.
    pub(crate) async fn set_role(&self, server: &Server, plan: &str, other: &Self, role: &str) {
        let params = json!({ "plan": plan, "email": other.email, "role": role });
        self.call(server, "member.set_role", params).await;
    }

    /// A control request in a text frame, which must succeed.
    pub(crate) async fn call(&self, server: &Server, method: &str, params: Value) -> Value {
        let answer = self.ask(server, method, params).await;
        assert_eq!(answer.get("error"), None, "{method} was refused: {answer}");
        answer["result"].clone()
    }

    /// A control request that must fail: its code and its sentence.
    pub(crate) async fn is_refused(
        &self,
        server: &Server,
        method: &str,
        params: Value,
    ) -> (String, String) {
        let answer = self.ask(server, method, params).await;
        let error = &answer["error"];
        (text(&error["data"]["code"]), text(&error["message"]))
    }

    /// A control request in a text frame; gives back the whole answer.
    pub(crate) async fn ask(&self, server: &Server, method: &str, params: Value) -> Value {
        let mut socket =
            RawSocket::open(&format!("{}?token={}", server.ws_url(), self.token)).await;
        let request = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        socket.send_text(&request.to_string()).await;
        serde_json::from_str(&socket.text().await).expect("answers are JSON")
    }
}

async fn post(server: &Server, path: &str, body: &Value) -> Value {
    let request = Client::new().post(server.url(path)).json(body);
    let answer = request.send().await.expect("the server answers");
    let status = answer.status();
    let body = answer.text().await.expect("the answer is text");
    assert!(status.is_success(), "{path} answered {status}: {body}");
    serde_json::from_str(&body).expect("answers are JSON")
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("{value} is not a text"))
        .to_owned()
}
