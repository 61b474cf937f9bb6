//! Whether all clients of a plan hold the same.

use std::time::Duration;

use serde_json::Value;

use super::driver::Client;
use super::until::until;

/// Many clients on a busy machine take a while.
const CONVERGE_WITHIN: Duration = Duration::from_secs(30);

/// Waits until all `clients` hold the same content of `roots`, and it is `complete`.
pub(crate) async fn converge(
    clients: &[Client],
    roots: &Value,
    complete: impl Fn(&Value) -> bool,
) -> Value {
    let mut last = Vec::new();
    let deadline = tokio::time::Instant::now() + CONVERGE_WITHIN;
    until(
        "all clients hold the same",
        CONVERGE_WITHIN * 2,
        async || {
            let mut contents = Vec::new();
            for client in clients {
                contents.push(client.read(roots).await);
            }
            let same = contents.windows(2).all(|pair| pair[0] == pair[1]);
            if same && complete(&contents[0]) {
                return Some(contents.swap_remove(0));
            }
            last = contents;
            if tokio::time::Instant::now() > deadline {
                for (client, content) in clients.iter().zip(&last) {
                    eprintln!("{} holds {content}", client.lib);
                }
                panic!("the clients do not hold the same");
            }
            None
        },
    )
    .await
}
