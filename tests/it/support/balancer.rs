//! What stands in front of several nodes: new connections go to one that says it is healthy.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::AbortHandle;

use super::cut::{Cut, NETWORK};
use super::server::Server;
use super::until::SOON;

/// How often each node is asked, and how long it may take to answer.
const ASK_EVERY: Duration = Duration::from_millis(50);
const ANSWER_MAX: Duration = Duration::from_secs(1);

/// A balancer of its own for some clients, which have a node that they prefer.
pub(crate) struct Balancer {
    door: Cut,
    order: watch::Sender<Vec<String>>,
    healthy: watch::Receiver<Vec<String>>,
    asking: AbortHandle,
}

impl Balancer {
    /// Leads to `nodes[home]`, and while that is down or leaving to the next one that is healthy.
    pub(crate) async fn to(nodes: &[Server], home: usize) -> Self {
        let mut wished: Vec<String> = nodes.iter().map(|node| node.address().to_owned()).collect();
        wished.rotate_left(home);
        let (healthy, following) = watch::channel(wished.clone());
        let (order, wished) = watch::channel(wished);
        let asking = NETWORK.spawn(ask(wished, healthy)).abort_handle();
        Self {
            door: Cut::to_first_of(following.clone()).await,
            order,
            healthy: following,
            asking,
        }
    }

    /// From now on new connections go to `node`, which is healthy.
    pub(crate) async fn prefer(&self, node: &Server) {
        let node = node.address().to_owned();
        self.order.send_modify(|wished| {
            wished.retain(|other| *other != node);
            wished.insert(0, node.clone());
        });
        let mut healthy = self.healthy.clone();
        let first = healthy.wait_for(|nodes| nodes.first() == Some(&node));
        let first = tokio::time::timeout(SOON, first).await;
        first
            .expect("the node is healthy")
            .expect("nodes are asked for as long as this lives");
    }

    /// The address of the sockets behind it, as a provider takes it.
    pub(crate) fn ws_url(&self) -> String {
        format!("ws://{}/ws", self.door.address())
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        self.asking.abort();
    }
}

/// Keeps `healthy` to those of `wished` that take new work.
async fn ask(wished: watch::Receiver<Vec<String>>, healthy: watch::Sender<Vec<String>>) {
    loop {
        let nodes = wished.borrow().clone();
        let mut well = Vec::new();
        for node in nodes {
            if is_healthy(&node).await {
                well.push(node);
            }
        }
        healthy.send_if_modified(|before| {
            let changed = *before != well;
            *before = well;
            changed
        });
        tokio::time::sleep(ASK_EVERY).await;
    }
}

/// A node that is killed refuses at once, one that leaves says 503.
async fn is_healthy(node: &str) -> bool {
    let answer = async {
        let mut stream = TcpStream::connect(node).await?;
        let request =
            format!("GET /api/v1/health/ HTTP/1.1\r\nhost: {node}\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut status = [0; "HTTP/1.1 200".len()];
        stream.read_exact(&mut status).await?;
        Ok::<_, std::io::Error>(status == *b"HTTP/1.1 200")
    };
    matches!(tokio::time::timeout(ANSWER_MAX, answer).await, Ok(Ok(true)))
}
