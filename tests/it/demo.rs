//! `convene demo`, as a newcomer runs it against a server.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::time::Instant;

use crate::support::driver::{Connect, Driver};
use crate::support::operator::{Operator, Said};
use crate::support::raw::RawSocket;
use crate::support::server::{Options, Server};
use crate::support::until::{SOON, until};

/// What the plan is to hold.
const PLAN: &str = include_str!("../../src/demo/rails-world-2025.json");
const PASSWORD: &str = "correct horse battery\n";

/// `convene demo` with these arguments; `input` is what it reads.
fn demo(server: &Server, arguments: &[&str], input: &str) -> Said {
    let url = server.url("");
    let data = server.data();
    let operator = Operator {
        data: &data,
        url: None,
    };
    operator.run(&[&["demo", "--url", &url], arguments].concat(), input)
}

/// The same, which must succeed; gives back what it printed.
fn must(server: &Server, arguments: &[&str], input: &str) -> String {
    let said = demo(server, arguments, input);
    assert!(said.succeeded, "{said:?}");
    said.stdout
}

/// The first word behind `label`.
fn told<'a>(printed: &'a str, label: &str) -> &'a str {
    let line = printed
        .lines()
        .find_map(|line| line.strip_prefix(label)?.strip_prefix(' '));
    let word = line.and_then(|line| line.split_whitespace().next());
    word.unwrap_or_else(|| panic!("no {label} in {printed}"))
}

async fn call(server: &Server, token: &str, method: &str, params: Value) -> Value {
    let mut socket = RawSocket::open(&format!("{}?token={token}", server.ws_url())).await;
    let request = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
    socket.send_text(&request.to_string()).await;
    let answer: Value = serde_json::from_str(&socket.text().await).expect("answers are JSON");
    answer["result"].clone()
}

#[tokio::test]
async fn a_newcomer_has_a_whole_conference_to_look_at_with_one_command() {
    let server = Server::start(Options::default()).await;
    let began = Instant::now();
    let printed = must(&server, &[], "");
    let took = began.elapsed();
    eprintln!("after {took:?}:\n{printed}");
    assert!(took < Duration::from_secs(2), "{took:?}");
    assert!(printed.contains("demo@example.org (made)"), "{printed}");
    assert!(printed.contains("44 sessions"), "{printed}");
    assert!(
        printed.contains("12 (7 block, 4 warn, 1 info)"),
        "{printed}"
    );
    let (plan, token) = (told(&printed, "plan"), told(&printed, "token"));
    assert!(printed.contains(&format!("{}/{plan} ", server.ws_url())));
    let expected: Value = serde_json::from_str(PLAN).expect("the plan is JSON");
    let content = call(&server, token, "plan.content", json!({ "plan": plan })).await;
    assert_eq!(content["roots"], expected["plan"]);
    // A stock client that knows nothing but the names of the roots reads the same.
    let roots = expected["plan"].as_object().expect("roots");
    let as_maps: Map<String, Value> = roots.keys().map(|it| (it.clone(), json!("map"))).collect();
    let driver = Driver::javascript().await;
    let connect = Connect::new(&server, "hocuspocus-4.8", plan, token);
    let client = driver.join(connect).await;
    until("the client has the plan", SOON, async || {
        let read = client.read(&Value::Object(as_maps.clone())).await;
        (read == expected["plan"]).then_some(())
    })
    .await;
    // The password that was made up is good, and needed: the account is there now.
    let said = demo(&server, &[], "");
    assert!(
        !said.succeeded && said.stderr.contains("has an account there"),
        "{said:?}"
    );
    let password = told(&printed, "password");
    let again = must(&server, &["--email", "demo@example.org"], password);
    assert!(again.contains("demo@example.org (signed in)"), "{again}");
    assert!(!again.contains("password"), "{again}");
}

#[tokio::test]
async fn a_second_demo_is_a_second_plan_of_the_same_account() {
    let server = Server::start(Options::default()).await;
    let arguments = ["--email", "Ada@example.org", "--name", "Ada"];
    let first = must(&server, &arguments, PASSWORD);
    let second = must(&server, &arguments, PASSWORD);
    assert!(
        first.contains("(made)") && second.contains("(signed in)"),
        "{first}{second}"
    );
    let list = call(&server, told(&second, "token"), "plan.list", json!({})).await;
    let mut plans: Vec<&str> = list["plans"]
        .as_array()
        .expect("plans")
        .iter()
        .filter_map(|plan| plan["id"].as_str())
        .collect();
    plans.sort_unstable();
    let mut made = [told(&first, "plan"), told(&second, "plan")];
    made.sort_unstable();
    assert_eq!(plans, made);
}

#[tokio::test]
async fn whoever_cannot_have_a_demo_is_told_why_and_what_to_do() {
    let server = Server::start(Options::default()).await;
    let ada = ["--email", "ada@example.org"];
    must(&server, &ada, PASSWORD);
    let closed = Server::start(Options::default().set("CONVENE_REGISTRATION", "closed")).await;
    for (server, arguments, input, say) in [
        (
            &server,
            &ada[..],
            "battery staple\n",
            "not the password of ada@example.org",
        ),
        (&server, &ada[..], "", "give its password on standard input"),
        (
            &server,
            &["--email", "ada"][..],
            PASSWORD,
            "is not an e-mail address",
        ),
        (
            &server,
            &["--email", "bob@example.org"][..],
            "short\n",
            "at least 8",
        ),
        (&closed, &[][..], "", "Nobody can register here"),
        (&closed, &ada[..], PASSWORD, "fit no account there"),
    ] {
        let said = demo(server, arguments, input);
        assert!(
            !said.succeeded && said.stderr.contains(say),
            "{say}: {said:?}"
        );
        assert_eq!(said.stdout, "");
    }
}

/// What `convene demo` says of a server that is none of ours.
fn refusal(url: &str) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let operator = Operator {
        data: folder.path(),
        url: None,
    };
    operator.must_fail(&["demo", "--url", url])
}

#[test]
fn where_no_convene_answers_the_command_says_so() {
    let free = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = free.local_addr().expect("an address");
    drop(free);
    let said = refusal(&format!("http://{address}"));
    assert!(
        said.contains("no server answers") && said.contains("make run"),
        "{said}"
    );
    for (url, say) in [
        ("127.0.0.1:8080", "is no address of a server"),
        ("https://127.0.0.1:8080", "needs TLS"),
    ] {
        let said = refusal(url);
        assert!(said.contains(url) && said.contains(say), "{said}");
    }
}

#[test]
fn an_answer_without_end_is_not_read_to_its_end() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let endless = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("the command comes");
        let mut request = [0; 4096];
        let asked = stream.read(&mut request).expect("it asks");
        stream
            .write_all(b"HTTP/1.1 200 OK\r\n\r\n")
            .expect("an answer");
        let mut written = 0_usize;
        // Ends when the command has hung up.
        while let Ok(()) = stream.write_all(&[b' '; 16_384]) {
            written += 16_384;
        }
        (asked, written)
    });
    let said = refusal(&format!("http://{address}"));
    assert!(said.contains("does not answer"), "{said}");
    let (asked, written) = endless.join().expect("it hung up");
    assert!(asked > 0);
    assert!(written < 64 << 20, "{written} bytes were read");
}
