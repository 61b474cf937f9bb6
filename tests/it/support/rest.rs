//! Single requests and their answers, refused ones included.

use reqwest::header::HeaderMap;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;

use super::server::Server;

/// The long-lived part of a client: no redirects are followed.
pub(crate) struct Rest<'a> {
    server: &'a Server,
    client: Client,
}

/// One answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl<'a> Rest<'a> {
    pub(crate) fn new(server: &'a Server) -> Self {
        let client = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build();
        Self {
            server,
            client: client.expect("a client"),
        }
    }

    /// A request to be completed and given to [`send`].
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, self.server.url(path))
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        send(self.request(Method::GET, path)).await
    }

    pub(crate) async fn get_as(&self, token: &str, path: &str) -> Answer {
        send(self.request(Method::GET, path).bearer_auth(token)).await
    }

    pub(crate) async fn delete_as(&self, token: &str, path: &str) -> Answer {
        send(self.request(Method::DELETE, path).bearer_auth(token)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        send(self.request(Method::POST, path).json(body)).await
    }
}

/// Sends a request and reads the whole answer.
pub(crate) async fn send(request: RequestBuilder) -> Answer {
    let response = request.send().await.expect("the server answers");
    Answer {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        text: response.text().await.expect("the answer is text"),
    }
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    /// A field that is a text.
    pub(crate) fn field(&self, name: &str) -> String {
        let value = self.json();
        value[name]
            .as_str()
            .unwrap_or_else(|| panic!("no text {name}: {self:?}"))
            .to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .get(name)
            .map(|value| value.to_str().expect("headers are text"))
    }

    /// Checks the status and gives the answer back.
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }

    /// Checks that this is a refusal of the one shape, with this status and code.
    pub(crate) fn expect_refusal(self, status: u16, code: &str) -> Self {
        assert_eq!(
            (self.status, self.field("code").as_str()),
            (status, code),
            "{self:?}"
        );
        assert!(self.field("message").len() > 20, "{self:?}");
        assert_eq!(
            self.header("x-request-id"),
            Some(self.field("request_id").as_str())
        );
        assert_eq!(self.header("content-type"), Some("application/json"));
        self
    }
}
