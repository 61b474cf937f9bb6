//! The servers under load: how each is started, ended and addressed.

mod accounts;
mod postgres;
mod process;
mod shared;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use self::accounts::{Accounts, Grant};
pub(crate) use self::process::Process;
use self::shared::Shared;
use crate::place::{Address, Place};
use crate::usage::{self, Usage};

/// A server, with the dialect in which it is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Target {
    /// Frames passed on by bare tungstenite, no document at all: the limit.
    Bare,
    /// This server on its embedded default, y-websocket dialect
    Convene,
    /// This server on its embedded default, Hocuspocus dialect
    ConveneHocuspocus,
    /// `@y/websocket-server` with its `LevelDB` store
    YWebsocketServer,
    /// `@hocuspocus/server` with SQLite
    Hocuspocus,
    /// y-sweet with its file store
    YSweet,
    /// Two nodes of this server on PostgreSQL and Redis, y-websocket dialect
    ConvenePair,
    /// Two nodes of this server on PostgreSQL and Redis, Hocuspocus dialect
    ConvenePairHocuspocus,
    /// Two nodes of `@hocuspocus/server` with its Redis extension, on PostgreSQL
    HocuspocusPair,
}

/// How a server tells a client that an edit was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Acks {
    /// Not at all.
    None,
    /// By sending it back, once it is committed.
    Echo,
    /// By a status.
    Status,
}

impl Target {
    /// How it is called in tables.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Bare => "bare tungstenite",
            Self::Convene => "convene",
            Self::ConveneHocuspocus => "convene, Hocuspocus dialect",
            Self::YWebsocketServer => "y-websocket-server",
            Self::Hocuspocus => "Hocuspocus",
            Self::YSweet => "y-sweet",
            Self::ConvenePair => "convene x 2",
            Self::ConvenePairHocuspocus => "convene x 2, Hocuspocus dialect",
            Self::HocuspocusPair => "Hocuspocus x 2",
        }
    }

    /// How many processes serve the same documents.
    pub(crate) const fn nodes(self) -> usize {
        match self {
            Self::ConvenePair | Self::ConvenePairHocuspocus | Self::HocuspocusPair => 2,
            Self::Bare
            | Self::Convene
            | Self::ConveneHocuspocus
            | Self::YWebsocketServer
            | Self::Hocuspocus
            | Self::YSweet => 1,
        }
    }

    /// Whether it is this server.
    pub(crate) const fn is_convene(self) -> bool {
        matches!(
            self,
            Self::Convene
                | Self::ConveneHocuspocus
                | Self::ConvenePair
                | Self::ConvenePairHocuspocus
        )
    }

    const fn speaks_hocuspocus(self) -> bool {
        matches!(
            self,
            Self::ConveneHocuspocus
                | Self::ConvenePairHocuspocus
                | Self::Hocuspocus
                | Self::HocuspocusPair
        )
    }

    /// How it acknowledges edits.
    pub(crate) const fn acks(self) -> Acks {
        if self.speaks_hocuspocus() {
            Acks::Status
        } else if self.is_convene() {
            Acks::Echo
        } else {
            Acks::None
        }
    }

    /// Whether what it acknowledges is on the disk.
    pub(crate) const fn acks_what_is_kept(self) -> bool {
        self.is_convene()
    }

    /// Whether it keeps a document at all.
    pub(crate) const fn keeps_documents(self) -> bool {
        !matches!(self, Self::Bare)
    }
}

/// Where the programs under load are.
#[derive(Debug, Clone)]
pub(crate) struct Programs {
    /// The release build of this server.
    pub(crate) convene: PathBuf,
    /// The folder `loadtests/peers`, set up.
    pub(crate) peers: PathBuf,
    /// `y-sweet`.
    pub(crate) y_sweet: PathBuf,
    /// The folder of PostgreSQL: `bin`, `lib` and what they need.
    pub(crate) postgres: PathBuf,
    /// `redis-server`; a name alone is looked for as a shell does.
    pub(crate) redis: PathBuf,
}

/// A running server with its own data; a cluster where it has several nodes.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) target: Target,
    nodes: Vec<Node>,
    /// Ends after the nodes, which use it.
    shared: Option<Shared>,
    programs: Programs,
    data: TempDir,
    accounts: Option<Accounts>,
    /// Rooms made so far: none is given out twice, on servers that have no accounts either.
    rooms_made: usize,
}

#[derive(Debug)]
struct Node {
    process: Process,
    door: Door,
}

/// Where a node is spoken to.
#[derive(Debug, Clone, Copy)]
struct Door {
    /// The node's number, from 0.
    node: usize,
    port: u16,
}

impl Server {
    /// Starts `target` on free ports and waits until all of it answers.
    pub(crate) async fn start(target: Target, programs: &Programs) -> Result<Self> {
        let mut server = Self {
            target,
            nodes: Vec::new(),
            shared: None,
            programs: programs.clone(),
            data: tempfile::Builder::new().prefix("loadtests-").tempdir()?,
            accounts: None,
            rooms_made: 0,
        };
        if target.nodes() > 1 {
            server.shared = Some(Shared::start(programs).await?);
        }
        for node in 0..target.nodes() {
            let port = process::free_port()?;
            let door = Door { node, port };
            let process = server.start_node(door).await?;
            server.nodes.push(Node { process, door });
        }
        if target.is_convene() {
            let first = server.nodes.first().context("a node")?;
            server.accounts = Some(Accounts::new(first.door.port));
        }
        Ok(server)
    }

    async fn start_node(&self, door: Door) -> Result<Process> {
        // Nodes of this server have nothing in common but the database.
        let data = if self.target.is_convene() {
            self.data.path().join(format!("node-{}", door.node))
        } else {
            self.data.path().to_owned()
        };
        std::fs::create_dir_all(&data)?;
        let mut command = command(self.target, &self.programs, &data, door.port)?;
        if let Some(shared) = &self.shared {
            command.envs(shared.environment());
        }
        Process::start(command, door.port).await
    }

    /// What its processes used, all nodes together; not what they share.
    pub(crate) fn usage(&self) -> Result<Usage> {
        self.nodes
            .iter()
            .map(|node| usage::of(node.process.pid()?))
            .sum()
    }

    /// Processor time of Redis and the database that the nodes of a cluster share.
    pub(crate) fn shared_processor(&self) -> Result<Duration> {
        self.shared
            .as_ref()
            .map_or(Ok(Duration::ZERO), Shared::processor)
    }

    /// Where its files are.
    pub(crate) fn data(&self) -> &Path {
        self.data.path()
    }

    /// Ends it as an operator does and starts it again on the same data.
    pub(crate) async fn restart(&mut self) -> Result<()> {
        for node in &mut self.nodes {
            node.process.terminate().await?;
        }
        self.start_again().await
    }

    /// Ends it as a power cut does.
    pub(crate) async fn kill(&mut self) -> Result<()> {
        for node in &mut self.nodes {
            node.process.kill().await?;
        }
        Ok(())
    }

    /// Starts it on the data it left.
    pub(crate) async fn start_again(&mut self) -> Result<()> {
        for number in 0..self.nodes.len() {
            let door = self.nodes.get(number).context("a node")?.door;
            let process = self.start_node(door).await?;
            self.nodes.get_mut(number).context("a node")?.process = process;
        }
        Ok(())
    }

    /// Makes a plan that `clients` clients may edit, and a draft of it that `watchers` clients may.
    pub(crate) async fn plan_and_draft(
        &mut self,
        clients: usize,
        watchers: usize,
    ) -> Result<[Vec<Place>; 2]> {
        let door = self.nodes.first().context("a node")?.door;
        let accounts = self.accounts.as_mut().context("only plans have drafts")?;
        let plan = accounts.rooms(1, clients).await?.pop().context("a plan")?;
        let draft = accounts.draft(&plan, watchers).await?;
        let target = self.target;
        let places = |grants: Vec<Grant>| {
            let grants = grants.into_iter();
            grants.map(|grant| grant.place(target, door)).collect()
        };
        Ok([places(plan), places(draft)])
    }

    /// Makes `rooms` documents that `clients` clients each may open and edit. Clients of a room are on
    /// one node after the other, the first one of the next room on the next node.
    pub(crate) async fn rooms(&mut self, rooms: usize, clients: usize) -> Result<Vec<Vec<Place>>> {
        let doors: Vec<Door> = self.nodes.iter().map(|node| node.door).collect();
        let doors_of = |room: usize| doors.iter().copied().cycle().skip(room % doors.len());
        let mut made = Vec::with_capacity(rooms);
        if let Some(accounts) = &mut self.accounts {
            let grants = accounts.rooms(rooms, clients).await?;
            for (room, grants) in grants.into_iter().enumerate() {
                let entering = grants.into_iter().zip(doors_of(room));
                made.push(
                    entering
                        .map(|(grant, door)| grant.place(self.target, door))
                        .collect(),
                );
            }
            return Ok(made);
        }
        for room in 0..rooms {
            let name = format!("room-{}", self.rooms_made);
            self.rooms_made += 1;
            self.make_room(&name).await?;
            let places = doors_of(room).take(clients);
            made.push(
                places
                    .map(|door| self.open_place(&name, door))
                    .collect::<Result<_>>()?,
            );
        }
        Ok(made)
    }

    /// Some servers open only documents that were made before.
    async fn make_room(&self, room: &str) -> Result<()> {
        if self.target == Target::YSweet {
            let port = self.nodes.first().context("a node")?.door.port;
            let url = format!("http://127.0.0.1:{port}/doc/new");
            let body = serde_json::json!({ "docId": room });
            let answer = reqwest::Client::new().post(url).json(&body).send().await?;
            answer.error_for_status()?;
        }
        Ok(())
    }

    fn open_place(&self, room: &str, Door { node, port }: Door) -> Result<Place> {
        let (url, address) = match self.target {
            Target::Bare | Target::YWebsocketServer => {
                (format!("ws://127.0.0.1:{port}/{room}"), None)
            }
            Target::Hocuspocus | Target::HocuspocusPair => {
                let address = Address {
                    document: room.to_owned(),
                    token: "open".to_owned(),
                };
                (format!("ws://127.0.0.1:{port}"), Some(address))
            }
            Target::YSweet => (format!("ws://127.0.0.1:{port}/d/{room}/ws/{room}"), None),
            Target::Convene
            | Target::ConveneHocuspocus
            | Target::ConvenePair
            | Target::ConvenePairHocuspocus => bail!("convene has accounts"),
        };
        Ok(Place { url, address, node })
    }
}

fn command(
    target: Target,
    programs: &Programs,
    data: &Path,
    port: u16,
) -> Result<tokio::process::Command> {
    let peer = |script: &str| {
        let mut command =
            tokio::process::Command::new(programs.peers.join("node_modules/node/bin/node"));
        command
            .arg(programs.peers.join(script))
            .current_dir(&programs.peers);
        command
    };
    let mut command = match target {
        Target::Bare => {
            let mut command = tokio::process::Command::new(std::env::current_exe()?);
            command.args(["bare", &port.to_string()]);
            command
        }
        Target::Convene
        | Target::ConveneHocuspocus
        | Target::ConvenePair
        | Target::ConvenePairHocuspocus => {
            let mut command = tokio::process::Command::new(&programs.convene);
            command
                .arg("serve")
                .env("CONVENE_LISTEN", format!("127.0.0.1:{port}"))
                .env("CONVENE_DATA", data)
                .env("CONVENE_LOG", "warn")
                .current_dir(data);
            command
        }
        Target::YWebsocketServer => {
            let mut command = peer("node_modules/@y/websocket-server/src/server.js");
            command.env("HOST", "127.0.0.1").env("YPERSISTENCE", data);
            command
        }
        Target::Hocuspocus | Target::HocuspocusPair => {
            let mut command = peer("hocuspocus.mjs");
            command.env("DATA", data);
            command
        }
        Target::YSweet => {
            let mut command = tokio::process::Command::new(&programs.y_sweet);
            command.arg("serve").arg(data).args(["--host", "127.0.0.1"]);
            command
        }
    };
    // A server has what it is given here, not what whoever measures uses for something else.
    command
        .env("PORT", port.to_string())
        .env_remove("DATABASE_URL")
        .env_remove("REDIS_URL");
    Ok(command)
}
