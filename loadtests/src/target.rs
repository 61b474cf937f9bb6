//! The servers under load: how each is started, ended and addressed.

mod accounts;
mod process;

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use self::accounts::Accounts;
pub(crate) use self::process::Process;
use crate::place::{Address, Place};

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
        }
    }

    /// How it acknowledges edits.
    pub(crate) const fn acks(self) -> Acks {
        match self {
            Self::Bare | Self::YWebsocketServer | Self::YSweet => Acks::None,
            Self::Convene => Acks::Echo,
            Self::ConveneHocuspocus | Self::Hocuspocus => Acks::Status,
        }
    }

    /// Whether what it acknowledges is on the disk.
    pub(crate) const fn acks_what_is_kept(self) -> bool {
        matches!(self, Self::Convene | Self::ConveneHocuspocus)
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
}

/// A running server with its own data.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) target: Target,
    process: Process,
    programs: Programs,
    data: TempDir,
    port: u16,
    accounts: Option<Accounts>,
    /// Rooms made so far: none is given out twice, on servers that have no accounts either.
    rooms_made: usize,
}

impl Server {
    /// Starts `target` on a free port and waits until it answers.
    pub(crate) async fn start(target: Target, programs: &Programs) -> Result<Self> {
        let data = tempfile::Builder::new().prefix("loadtests-").tempdir()?;
        let port = process::free_port()?;
        let process = Process::start(command(target, programs, data.path(), port)?, port).await?;
        let is_convene = matches!(target, Target::Convene | Target::ConveneHocuspocus);
        Ok(Self {
            target,
            process,
            programs: programs.clone(),
            data,
            port,
            accounts: is_convene.then(|| Accounts::new(port)),
            rooms_made: 0,
        })
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> Result<u32> {
        self.process.pid()
    }

    /// Where its files are.
    pub(crate) fn data(&self) -> &std::path::Path {
        self.data.path()
    }

    /// Ends it as an operator does and starts it again on the same data.
    pub(crate) async fn restart(&mut self) -> Result<()> {
        self.process.terminate().await?;
        self.start_again().await
    }

    /// Ends it as a power cut does.
    pub(crate) async fn kill(&mut self) -> Result<()> {
        self.process.kill().await
    }

    /// Starts it on the data it left.
    pub(crate) async fn start_again(&mut self) -> Result<()> {
        let command = command(self.target, &self.programs, self.data.path(), self.port)?;
        self.process = Process::start(command, self.port).await?;
        Ok(())
    }

    /// Makes `rooms` documents that `clients` clients each may open and edit.
    pub(crate) async fn rooms(&mut self, rooms: usize, clients: usize) -> Result<Vec<Vec<Place>>> {
        match self.target {
            Target::Convene | Target::ConveneHocuspocus => {
                let target = self.target;
                let accounts = self.accounts.as_mut().context("accounts")?;
                let grants = accounts.rooms(rooms, clients).await?;
                let place = |grant: accounts::Grant| grant.place(target, self.port);
                Ok(grants
                    .into_iter()
                    .map(|room| room.into_iter().map(place).collect())
                    .collect())
            }
            Target::Bare | Target::YWebsocketServer | Target::Hocuspocus | Target::YSweet => {
                let mut made = Vec::new();
                for _ in 0..rooms {
                    let room = format!("room-{}", self.rooms_made);
                    self.rooms_made += 1;
                    made.push(vec![self.open_place(&room).await?; clients]);
                }
                Ok(made)
            }
        }
    }

    async fn open_place(&self, room: &str) -> Result<Place> {
        let port = self.port;
        match self.target {
            Target::Bare | Target::YWebsocketServer => Ok(Place {
                url: format!("ws://127.0.0.1:{port}/{room}"),
                address: None,
            }),
            Target::Hocuspocus => Ok(Place {
                url: format!("ws://127.0.0.1:{port}"),
                address: Some(Address {
                    document: room.to_owned(),
                    token: "open".to_owned(),
                }),
            }),
            Target::YSweet => {
                let url = format!("http://127.0.0.1:{port}/doc/new");
                let body = serde_json::json!({ "docId": room });
                let answer = reqwest::Client::new().post(url).json(&body).send().await?;
                answer.error_for_status()?;
                Ok(Place {
                    url: format!("ws://127.0.0.1:{port}/d/{room}/ws/{room}"),
                    address: None,
                })
            }
            Target::Convene | Target::ConveneHocuspocus => bail!("convene has accounts"),
        }
    }
}

fn command(
    target: Target,
    programs: &Programs,
    data: &std::path::Path,
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
        Target::Convene | Target::ConveneHocuspocus => {
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
        Target::Hocuspocus => {
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
    command.env("PORT", port.to_string());
    Ok(command)
}
