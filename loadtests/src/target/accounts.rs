//! Accounts and plans on convene, made over the doors that people use and within its default limits.

use std::net::{IpAddr, Ipv4Addr};

use anyhow::{Context, Result, bail};
use convene_protocol::control::Call;
use convene_protocol::control::member::SetRole;
use convene_protocol::control::plan::Create;
use convene_protocol::control::proposal::Open;
use convene_protocol::rest::{RegisterRequest, TokenAnswer};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::{Door, Target};
use crate::place::{Address, Place};

/// Clients of one account: fewer than the 50 sessions it may have, for those that are just ending.
const CLIENTS_PER_ACCOUNT: usize = 40;
/// An address may register 20 accounts a minute, so every account comes from its own. All of
/// 127.0.0.0/8 is this machine.
const FIRST_ADDRESS: Ipv4Addr = Ipv4Addr::new(127, 0, 1, 1);

/// The people of one server.
#[derive(Debug)]
pub(super) struct Accounts {
    port: u16,
    made: Vec<Account>,
}

#[derive(Debug)]
struct Account {
    email: String,
    /// Good for longer than any load lasts.
    token: String,
}

/// That one client may open and edit one plan.
#[derive(Debug)]
pub(super) struct Grant {
    plan: String,
    token: String,
}

impl Grant {
    /// Where the client goes that enters by this door.
    pub(super) fn place(self, target: Target, Door { node, port }: Door) -> Place {
        let Self { plan, token } = self;
        if target.speaks_hocuspocus() {
            Place {
                node,
                url: format!("ws://127.0.0.1:{port}/ws"),
                address: Some(Address {
                    document: plan,
                    token,
                }),
            }
        } else {
            Place {
                node,
                url: format!("ws://127.0.0.1:{port}/ws/{plan}?token={token}"),
                address: None,
            }
        }
    }
}

impl Accounts {
    /// Nobody yet, on the server at `port`.
    pub(super) const fn new(port: u16) -> Self {
        Self {
            port,
            made: Vec::new(),
        }
    }

    /// Makes `rooms` plans that `clients` clients each may edit: one grant for each client.
    pub(super) async fn rooms(&mut self, rooms: usize, clients: usize) -> Result<Vec<Vec<Grant>>> {
        let accounts = (rooms * clients).div_ceil(CLIENTS_PER_ACCOUNT);
        for number in self.made.len()..accounts {
            self.made.push(register(self.port, number).await?);
        }
        let mut made = Vec::with_capacity(rooms);
        for room in 0..rooms {
            let seats = room * clients..(room + 1) * clients;
            let accounts: Vec<&Account> = seats
                .filter_map(|seat| self.made.get(seat / CLIENTS_PER_ACCOUNT))
                .collect();
            let plan = shared_plan(self.port, &accounts).await?;
            let grant = |account: &&Account| Grant {
                plan: plan.clone(),
                token: account.token.clone(),
            };
            made.push(accounts.iter().map(grant).collect());
        }
        Ok(made)
    }
}

impl Accounts {
    /// Opens a draft of the plan of these grants, which `clients` clients may open and edit.
    pub(super) async fn draft(&mut self, plan: &[Grant], clients: usize) -> Result<Vec<Grant>> {
        let plan = &plan.first().context("a room has clients")?.plan;
        let wanted = clients.div_ceil(CLIENTS_PER_ACCOUNT);
        let of_plan = self.made.len();
        for number in of_plan..of_plan + wanted {
            self.made.push(register(self.port, number).await?);
        }
        let owner = self.made.first().context("an owner")?;
        let mut control = Control::open(self.port, owner).await?;
        for other in self.made.iter().skip(of_plan) {
            control.call(&editor(plan, &other.email)).await?;
        }
        let open = Open {
            plan: plan.clone(),
            title: "A load".to_owned(),
            rationale: None,
            about: None,
            supersedes: None,
            days: None,
            idempotency_key: None,
        };
        let draft = control.call(&open).await?.draft;
        let watching = self.made.iter().skip(of_plan);
        let seats = watching.flat_map(|account| std::iter::repeat_n(account, CLIENTS_PER_ACCOUNT));
        let grant = |account: &Account| Grant {
            plan: draft.clone(),
            token: account.token.clone(),
        };
        Ok(seats.take(clients).map(grant).collect())
    }
}

fn editor(plan: &str, email: &str) -> SetRole {
    SetRole {
        plan: plan.to_owned(),
        email: email.to_owned(),
        role: "editor".to_owned(),
        idempotency_key: None,
    }
}

async fn register(port: u16, number: usize) -> Result<Account> {
    let email = format!("client-{number}@example.org");
    let address = Ipv4Addr::from_bits(FIRST_ADDRESS.to_bits() + u32::try_from(number)?);
    let client = reqwest::Client::builder()
        .local_address(IpAddr::V4(address))
        .build()?;
    let request = RegisterRequest {
        email: email.clone(),
        password: "correct horse battery".to_owned(),
        name: "Load".to_owned(),
        invite: None,
    };
    let answer = client
        .post(format!("http://127.0.0.1:{port}/api/v1/auth/register"))
        .json(&request)
        .send()
        .await?
        .error_for_status()?;
    let token = answer.json::<TokenAnswer>().await?.access_token;
    Ok(Account { email, token })
}

/// A plan of the first of `accounts` in which the others are editors.
async fn shared_plan(port: u16, accounts: &[&Account]) -> Result<String> {
    let owner = accounts.first().context("a room has clients")?;
    let mut control = Control::open(port, owner).await?;
    let name = "A load".to_owned();
    let create = Create {
        name,
        idempotency_key: None,
    };
    let plan = control.call(&create).await?.id;
    // The clients of one account stand together.
    for [one, next] in accounts.array_windows() {
        if one.email != next.email {
            control.call(&editor(&plan, &next.email)).await?;
        }
    }
    Ok(plan)
}

/// A socket for control methods.
struct Control(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Control {
    async fn open(port: u16, account: &Account) -> Result<Self> {
        let url = format!("ws://127.0.0.1:{port}/ws?token={}", account.token);
        Ok(Self(connect_async(url).await?.0))
    }

    async fn call<C: Call>(&mut self, call: &C) -> Result<C::Answer> {
        let request = json!({ "jsonrpc": "2.0", "id": 1, "method": C::METHOD, "params": call });
        self.0.send(Message::text(request.to_string())).await?;
        while let Some(message) = self.0.next().await {
            let Message::Text(text) = message? else {
                continue;
            };
            let mut answer: Value = serde_json::from_str(&text)?;
            // Notices have no id.
            if let Some(result) = answer.get_mut("result") {
                return Ok(serde_json::from_value(result.take())?);
            }
            if answer.get("error").is_some() {
                bail!("{} was answered {text}", C::METHOD);
            }
        }
        bail!("{} was not answered", C::METHOD)
    }
}
