//! Requests in text frames, and waiting for what is decided.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::tungstenite::Message as Frame;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

pub(crate) struct Control(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Control {
    pub(crate) async fn open(url: &str) -> Result<Self> {
        Ok(Self(connect_async(url).await?.0))
    }

    async fn read(&mut self) -> Result<Value> {
        let frame = self
            .0
            .next()
            .await
            .context("the server closed the socket")??;
        // A ping is no JSON.
        Ok(serde_json::from_str(frame.to_text()?).unwrap_or_default())
    }

    pub(crate) async fn call(&mut self, method: &str, params: &Value) -> Result<Value> {
        let request = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        self.0.send(Frame::text(request.to_string())).await?;
        let mut said = Value::Null;
        while said.get("id").is_none() {
            said = self.read().await?;
        }
        ensure!(
            said["error"].is_null(),
            "{method}: {}",
            said["error"]["message"]
        );
        Ok(said["result"].take())
    }

    /// The proposal once somebody has decided.
    pub(crate) async fn decided(&mut self, proposal: &Value) -> Result<Value> {
        loop {
            let now = self.call("proposal.get", proposal).await?;
            if now["status"] != "submitted" {
                return Ok(now);
            }
            let told = async {
                while self.read().await?["method"] != "proposal.changed" {}
                anyhow::Ok(())
            };
            // What was told before the answer came is lost, so this looks every few seconds as well.
            timeout(Duration::from_secs(5), told)
                .await
                .unwrap_or(Ok(()))?;
        }
    }
}
