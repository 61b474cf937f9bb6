//! Whether all clients of a plan hold the same.

use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::driver::Client;
use super::until::LOOK_EVERY;

/// Many clients on a busy machine take a while.
const CONVERGE_WITHIN: Duration = Duration::from_secs(30);
/// How much of each content a failing test prints.
const SHOWN_BYTES: usize = 3000;

/// Waits until all `clients` hold the same content of `roots`, and it is `complete`.
pub(crate) async fn converge(
    clients: &[Client],
    roots: &Value,
    complete: impl Fn(&Value) -> bool,
) -> Value {
    converge_by(Instant::now() + CONVERGE_WITHIN, clients, roots, complete).await
}

/// The same with a deadline. The clients are asked at least once.
pub(crate) async fn converge_by(
    deadline: Instant,
    clients: &[Client],
    roots: &Value,
    complete: impl Fn(&Value) -> bool,
) -> Value {
    loop {
        let in_time = Instant::now() < deadline;
        let mut contents = Vec::new();
        for client in clients {
            contents.push(client.read(roots).await);
        }
        let same = contents.windows(2).all(|pair| pair[0] == pair[1]);
        let whole = complete(&contents[0]);
        if same && whole {
            return contents.swap_remove(0);
        }
        if !in_time {
            for (client, content) in clients.iter().zip(&contents) {
                let mut content = content.to_string();
                content.truncate(content.floor_char_boundary(SHOWN_BYTES));
                eprintln!("{} holds {content}", client.lib);
            }
            assert!(same, "the clients do not hold the same");
            panic!("what all clients hold is not complete");
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
