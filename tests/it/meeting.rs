//! Every published client version meets every other in one plan, in both dialects.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::account::Account;
use crate::support::converge::converge;
use crate::support::driver::{Client, Connect, Driver, HOCUSPOCUSES, PYCRDT, Y_WEBSOCKETS};
use crate::support::server::{Options, Server};
use crate::support::until::{SOON, stays, until};

/// The watchdog of the providers: they reconnect when no data frame came for this long.
const WATCHDOG: Duration = Duration::from_secs(30);

/// What every client reads in these tests.
pub(crate) fn roots() -> Value {
    json!({ "text": "text", "facts": "map", "steps": "array", "page": "xml" })
}

/// One client of every published version, those of the two dialects with different accounts.
struct Meeting {
    server: Server,
    owner: Account,
    editor: Account,
    clients: Vec<Client>,
}

impl Meeting {
    async fn of_everyone() -> Self {
        let server = Server::start(Options::default()).await;
        let owner = Account::register(&server, "Olga").await;
        let editor = Account::register(&server, "Emil").await;
        let plan = owner.create_plan(&server).await;
        owner.set_role(&server, &plan, &editor, "editor").await;
        let (javascript, python) = tokio::join!(Driver::javascript(), Driver::python());
        let mut clients = Vec::new();
        for lib in HOCUSPOCUSES {
            let connect = Connect::new(&server, lib, &plan, &owner.token);
            clients.push(javascript.connect(connect).await);
        }
        let batching = Connect::new(&server, "hocuspocus-4.8", &plan, &owner.token);
        clients.push(javascript.connect(batching.with("flush_ms", 50)).await);
        for lib in Y_WEBSOCKETS {
            let connect = Connect::new(&server, lib, &plan, &editor.token);
            clients.push(javascript.connect(connect).await);
        }
        let connect = Connect::new(&server, PYCRDT, &plan, &editor.token);
        clients.push(python.connect(connect).await);
        for client in &clients {
            client.wait_synced().await;
        }
        Self {
            server,
            owner,
            editor,
            clients,
        }
    }

    /// Every client writes one word, and every client gets all of them.
    async fn everyone_writes(&self, word: &str) -> Value {
        for (number, client) in self.clients.iter().enumerate() {
            client.edit(one_of_each(&format!("{word}{number}"))).await;
        }
        self.everyone_has(word).await
    }

    async fn everyone_has(&self, word: &str) -> Value {
        let last = self.clients.len();
        converge(&self.clients, &roots(), |content| {
            let text = content["text"].as_str().unwrap_or_default();
            (0..last).all(|number| text.contains(&format!("{word}{number} ")))
        })
        .await
    }

    async fn everything_is_saved(&self) {
        for client in self.clients.iter().filter(|client| client.lib != PYCRDT) {
            client.wait_saved().await;
        }
        for client in &self.clients {
            let status = client.status().await;
            assert_eq!(status.unsynced_changes.unwrap_or(0), 0, "{}", client.lib);
            assert_eq!(status.not_applied, 0, "{}", client.lib);
            if status.green.is_some() {
                client.wait_for("green", SOON).await;
            }
        }
    }

    /// How often each client opened a socket, which tells who reconnected.
    async fn sockets_opened(&self) -> Vec<u32> {
        let mut opened = Vec::new();
        for client in &self.clients {
            let status = client.status().await;
            assert_eq!(
                status.text_frames, 0,
                "{} was sent text and went deaf",
                client.lib
            );
            opened.push(status.opens);
        }
        opened
    }

    async fn nobody_reconnected(&self) {
        assert_eq!(self.sockets_opened().await, vec![1; self.clients.len()]);
    }
}

/// An edit of every kind of content that carries `word`.
pub(crate) fn one_of_each(word: &str) -> Value {
    json!([
        { "op": "text.insert", "root": "text", "text": format!("{word} ") },
        { "op": "map.set", "root": "facts", "key": word,
          "value": { "$map": { "who": word, "seats": 3, "tags": { "$array": ["a", 1.5, true] } } } },
        { "op": "map.set", "root": "facts", "path": [word], "key": "later", "value": null },
        { "op": "array.insert", "root": "steps",
          "values": [word, 7, { "$map": { "step": word } }] },
        { "op": "xml.insert", "root": "page",
          "element": { "name": "p", "attributes": { "class": "x" }, "children": [word] } },
    ])
}

#[tokio::test]
async fn every_client_version_edits_the_same_plan() {
    let meeting = Meeting::of_everyone().await;
    let first = meeting.everyone_writes("one").await;
    assert_eq!(
        first["steps"].as_array().unwrap().len(),
        meeting.clients.len() * 3
    );
    assert_eq!(first["facts"]["one0"]["tags"], json!(["a", 1.5, true]));
    assert_eq!(
        first["page"].as_array().unwrap().len(),
        meeting.clients.len()
    );
    meeting.everything_is_saved().await;
    // A client that went deaf on a frame would not see these.
    meeting.everyone_writes("two").await;
    meeting.everything_is_saved().await;
    meeting.nobody_reconnected().await;
}

#[tokio::test]
async fn clients_of_every_version_delete_what_others_wrote() {
    let meeting = Meeting::of_everyone().await;
    meeting.everyone_writes("one").await;
    for (number, client) in meeting.clients.iter().enumerate() {
        let neighbour = format!("one{}", (number + 1) % meeting.clients.len());
        client
            .edit(json!([
                { "op": "text.delete", "root": "text", "at": 0, "length": 2 },
                { "op": "map.delete", "root": "facts", "key": neighbour },
                { "op": "array.delete", "root": "steps", "at": 0, "length": 1 },
            ]))
            .await;
    }
    let left = converge(&meeting.clients, &roots(), |content| {
        content["facts"] == json!({})
    })
    .await;
    // Two clients may delete the same step at once, so that fewer are gone than were asked for.
    assert!(left["steps"].as_array().unwrap().len() >= meeting.clients.len() * 2);
    meeting.everyone_writes("two").await;
    meeting.everything_is_saved().await;
    meeting.nobody_reconnected().await;
}

#[tokio::test]
async fn edits_made_offline_arrive_after_reconnecting() {
    let meeting = Meeting::of_everyone().await;
    meeting.everyone_writes("before").await;
    for client in &meeting.clients {
        client.disconnect().await;
    }
    until("all sockets are closed", SOON, async || {
        (meeting.server.count("convene_sockets").await == 0).then_some(())
    })
    .await;
    for (number, client) in meeting.clients.iter().enumerate() {
        client.edit(one_of_each(&format!("offline{number}"))).await;
        client
            .edit(json!([{ "op": "text.delete", "root": "text", "at": number, "length": 1 }]))
            .await;
    }
    for client in &meeting.clients {
        client.reconnect().await;
    }
    meeting.everyone_has("offline").await;
    meeting.everything_is_saved().await;
    meeting.everyone_writes("after").await;
    assert_eq!(
        meeting.sockets_opened().await,
        vec![2; meeting.clients.len()]
    );
}

#[tokio::test]
async fn a_lost_connection_mends_itself() {
    let meeting = Meeting::of_everyone().await;
    for client in meeting.clients.iter().filter(|client| client.lib != PYCRDT) {
        client.tell("cut", json!({})).await;
    }
    meeting.everyone_writes("cut").await;
    meeting.everything_is_saved().await;
    let lost = meeting
        .clients
        .iter()
        .map(|client| u32::from(client.lib != PYCRDT) + 1);
    assert_eq!(meeting.sockets_opened().await, lost.collect::<Vec<_>>());
}

#[tokio::test]
async fn presence_is_seen_in_both_dialects_with_the_names_of_the_accounts() {
    let meeting = Meeting::of_everyone().await;
    let mut everyone = Vec::new();
    for client in &meeting.clients {
        let presence = json!({ "user": { "name": "Mallory", "color": "#aa00aa" }, "cursor": 3 });
        client.set_presence(presence).await;
        let who = if HOCUSPOCUSES.contains(&client.lib.as_str()) {
            &meeting.owner
        } else {
            &meeting.editor
        };
        everyone.push((client.status().await.client_id, who));
    }
    for client in &meeting.clients {
        let own = client.status().await.client_id;
        until(
            "everybody is seen under the account's name",
            SOON,
            async || {
                let seen = client.presence().await;
                let others = everyone.iter().filter(|(id, _)| *id != own);
                let mut all = others.map(|(id, who)| {
                    let state = seen
                        .iter()
                        .find(|(seen, _)| seen == id)
                        .map(|(_, state)| state);
                    state.is_some_and(|state| {
                        state["user"]["name"] == who.name.as_str()
                            && state["user"]["id"] == who.user.as_str()
                            && state["user"]["color"] == "#aa00aa"
                            && state["cursor"] == 3
                    })
                });
                all.all(|is_seen| is_seen).then_some(())
            },
        )
        .await;
    }
}

#[tokio::test]
async fn who_leaves_is_no_longer_seen() {
    let meeting = Meeting::of_everyone().await;
    let [stays, leaves @ ..] = meeting.clients.as_slice() else {
        panic!("there are clients")
    };
    let mut everyone = Vec::new();
    for client in &meeting.clients {
        client.set_presence(json!({ "cursor": 1 })).await;
        everyone.push((client.status().await.client_id, client.lib.clone()));
    }
    let away = async || {
        let seen = stays.presence().await;
        let away = everyone
            .iter()
            .filter(|(id, _)| seen.iter().all(|(other, _)| other != id));
        away.map(|(_, lib)| lib.as_str()).collect::<Vec<_>>()
    };
    until("everybody is seen", SOON, async || {
        away().await.is_empty().then_some(())
    })
    .await;
    for client in leaves {
        client.disconnect().await;
    }
    until("nobody else is seen", SOON, async || {
        (away().await.len() == leaves.len()).then_some(())
    })
    .await;
    for client in leaves {
        client.reconnect().await;
    }
    let mut last = Vec::new();
    until("everybody is back", SOON, async || {
        let now = away().await;
        if now != last {
            println!("still away: {now:?}");
            last.clone_from(&now);
        }
        now.is_empty().then_some(())
    })
    .await;
}

#[tokio::test]
async fn tiptap_editors_type_into_one_page() {
    let meeting = Meeting::of_everyone().await;
    let javascript: Vec<Client> = meeting
        .clients
        .iter()
        .filter(|client| client.lib != PYCRDT)
        .cloned()
        .collect();
    for client in &javascript {
        client.tell("open_editor", json!({ "field": "page" })).await;
    }
    for (number, client) in javascript.iter().enumerate() {
        let text = format!("typed{number} 🎪 ");
        client.tell("type_text", json!({ "text": text })).await;
        let heading = json!({ "text": format!("heading{number}"), "level": 1 + number % 3 });
        client.tell("type_heading", heading).await;
        let items = json!({ "items": [format!("item{number}"), "second"] });
        client.tell("type_list", items).await;
    }
    let page = json!({ "page": "xml" });
    let content = converge(&meeting.clients, &page, |content| {
        let all = content.to_string();
        (0..javascript.len()).all(|number| {
            ["typed", "heading", "item"]
                .iter()
                .all(|what| all.contains(&format!("{what}{number}")))
        })
    })
    .await;
    assert!(content["page"].as_array().unwrap().len() >= javascript.len() * 3);
    let first = javascript[0].tell("editor_html", json!({})).await;
    for client in &javascript {
        assert_eq!(
            client.tell("editor_html", json!({})).await,
            first,
            "{}",
            client.lib
        );
    }
    meeting.everything_is_saved().await;
    meeting.nobody_reconnected().await;
}

#[tokio::test]
async fn one_hocuspocus_socket_carries_many_plans() {
    const PLANS: usize = 20;
    let server = Server::start(Options::default()).await;
    let owner = Account::register(&server, "Olga").await;
    let driver = Driver::javascript().await;
    for lib in HOCUSPOCUSES {
        let mut clients = Vec::new();
        for _ in 0..PLANS {
            let plan = owner.create_plan(&server).await;
            let connect = Connect::new(&server, lib, &plan, &owner.token).with("socket", lib);
            let inside = driver.connect(connect).await;
            let outside = Connect::new(&server, "y-websocket-3.1", &plan, &owner.token);
            clients.push((inside, driver.connect(outside).await));
        }
        for (number, (inside, outside)) in clients.iter().enumerate() {
            inside.append("text", &format!("plan {number}")).await;
            inside.wait_saved().await;
            outside.wait_text("text", &format!("plan {number}")).await;
        }
        assert_eq!(clients[0].0.status().await.opens, 1, "one socket for all");
        // Leaving one plan leaves the others alone.
        clients[0].0.tell("destroy", json!({})).await;
        clients[1].0.append("text", "!").await;
        clients[1].1.wait_text("text", "plan 1!").await;
    }
}

#[tokio::test]
async fn session_awareness_opens_one_plan_twice_on_one_socket() {
    let server = Server::start(Options::default()).await;
    let owner = Account::register(&server, "Olga").await;
    let plan = owner.create_plan(&server).await;
    let driver = Driver::javascript().await;
    let connect = Connect::new(&server, "hocuspocus-4.8", &plan, &owner.token)
        .with("socket", "shared")
        .with("session_aware", true);
    let one = driver.join(connect.clone()).await;
    let two = driver.join(connect).await;
    one.append("text", "from one").await;
    two.wait_text("text", "from one").await;
    two.append("text", ", from two").await;
    one.wait_text("text", "from one, from two").await;
    one.wait_saved().await;
    two.wait_saved().await;
    one.set_presence(json!({ "cursor": 1 })).await;
    let id = one.status().await.client_id;
    until("one sees two", SOON, async || {
        two.presence()
            .await
            .iter()
            .any(|(other, _)| *other == id)
            .then_some(())
    })
    .await;
    one.tell("destroy", json!({})).await;
    until("one is gone", SOON, async || {
        (two.presence().await.len() == 1).then_some(())
    })
    .await;
    two.append("text", ".").await;
    two.wait_saved().await;
    assert_eq!(two.status().await.opens, 1);
}

/// The slow one: providers reconnect when they hear nothing for 30 seconds, and pings do not count.
#[tokio::test]
async fn nobody_reconnects_while_nothing_happens() {
    let meeting = Meeting::of_everyone().await;
    // Without presence of its own a client gets nothing back that would keep it content.
    for client in meeting.clients.iter().filter(|client| client.lib != PYCRDT) {
        client.set_presence(Value::Null).await;
    }
    let everyone = vec![1; meeting.clients.len()];
    stays(
        "nobody has reconnected",
        WATCHDOG + Duration::from_secs(8),
        async || meeting.sockets_opened().await == everyone,
    )
    .await;
    meeting.everyone_writes("awake").await;
    meeting.nobody_reconnected().await;
}
