//! What is done to a server, each in a file of its own.

mod churn;
mod cold_load;
mod drafting;
mod durability;
mod idle;
mod presence;
mod reconnect;
mod slow_reader;
mod steady;
mod throughput;
mod trace;

use std::time::Duration;

use anyhow::Result;
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::crowd::Shape;
use crate::report::{Figures, Report};
use crate::target::{Programs, Target};
use crate::update::EDIT_CHARS_MIN;

/// One kind of load.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Scenario {
    /// 20 rooms of 10 clients, one of them typing 20 edits a second
    FanOut,
    /// 1 room of 200 clients, 5 of them typing 20 edits a second
    HotRoom,
    /// 20 rooms of 10 clients, all typing faster and faster
    ManyRoomsMost,
    /// 1 room of 200 clients, 50 of them typing faster and faster
    OneRoomMost,
    /// 2,000 connections on 200 documents that do nothing
    Idle,
    /// 1,000 clients lose their connection and come back at once
    Reconnect,
    /// A text of 259,778 single-character edits is written, and opened after a restart
    ColdLoad,
    /// 1 room of 100 clients, 20 of them moving their cursor 10 times a second
    Presence,
    /// A busy room in which one client stops reading for 30 seconds
    SlowReader,
    /// 20 documents written 20 times a second while the server is killed twice
    Durability,
    /// 10,000 opens and closes
    Churn,
    /// A plan of 10 clients, one of them typing 20 edits a second, alone and beside a draft that is written
    /// 200 times a second before 50 watchers
    Drafting,
    /// 20 rooms of 10 clients, half of them on each node, one of them typing 20 edits a second
    CrossNode,
    /// 1 room of 50 clients, half of them on each node, 5 of them typing 20 edits a second
    CrossNodeHot,
}

/// How long people type at people's speed.
const MEASURED: Duration = Duration::from_secs(8);
/// On clusters longer than Hocuspocus puts off its saving, 10 s, so that this is in its figures too.
const MEASURED_ACROSS: Duration = Duration::from_secs(20);

/// Rooms as people use them.
const FAN_OUT: Shape = Shape {
    rooms: 20,
    clients: 10,
    writers: 1,
    chars: EDIT_CHARS_MIN,
    keepers: 10,
};

/// An audience.
const HOT_ROOM: Shape = Shape {
    rooms: 1,
    clients: 200,
    writers: 5,
    chars: EDIT_CHARS_MIN,
    keepers: 200,
};

/// An audience that two nodes share.
const CROSS_NODE_HOT: Shape = Shape {
    rooms: 1,
    clients: 50,
    writers: 5,
    chars: EDIT_CHARS_MIN,
    keepers: 50,
};

impl Scenario {
    /// Whether it says anything about `target`.
    pub(crate) fn applies_to(self, target: Target) -> bool {
        let is_cluster = target.nodes() > 1;
        match self {
            Self::CrossNode | Self::CrossNodeHot => is_cluster,
            Self::Drafting => target.is_convene() && !is_cluster,
            _ if is_cluster => false,
            Self::FanOut
            | Self::HotRoom
            | Self::ManyRoomsMost
            | Self::OneRoomMost
            | Self::Idle
            | Self::Reconnect
            | Self::Presence
            | Self::Churn => true,
            Self::ColdLoad | Self::Durability | Self::SlowReader => target.keeps_documents(),
        }
    }

    /// Does it to a server of its own.
    pub(crate) async fn run(self, target: Target, programs: &Programs) -> Result<Report> {
        let mut figures = Figures::default();
        let run = async {
            let figures = &mut figures;
            match self {
                Self::FanOut => steady::run(target, programs, FAN_OUT, MEASURED, figures).await,
                Self::HotRoom => steady::run(target, programs, HOT_ROOM, MEASURED, figures).await,
                Self::CrossNode => {
                    steady::run(target, programs, FAN_OUT, MEASURED_ACROSS, figures).await
                }
                Self::CrossNodeHot => {
                    steady::run(target, programs, CROSS_NODE_HOT, MEASURED_ACROSS, figures).await
                }
                Self::ManyRoomsMost => {
                    let shape = Shape {
                        writers: 10,
                        keepers: 1,
                        ..FAN_OUT
                    };
                    throughput::run(target, programs, shape, figures).await
                }
                Self::OneRoomMost => {
                    let shape = Shape {
                        writers: 50,
                        keepers: 2,
                        ..HOT_ROOM
                    };
                    throughput::run(target, programs, shape, figures).await
                }
                Self::Idle => idle::run(target, programs, figures).await,
                Self::Reconnect => reconnect::run(target, programs, figures).await,
                Self::ColdLoad => cold_load::run(target, programs, figures).await,
                Self::Presence => presence::run(target, programs, figures).await,
                Self::SlowReader => slow_reader::run(target, programs, figures).await,
                Self::Durability => durability::run(target, programs, figures).await,
                Self::Churn => churn::run(target, programs, figures).await,
                Self::Drafting => drafting::run(target, programs, figures).await,
            }
        };
        tokio::time::timeout(RUN_MAX, run).await??;
        Ok(Report {
            target,
            scenario: self,
            figures: figures.0,
        })
    }
}

/// No scenario takes longer on a machine that is fit to measure on.
const RUN_MAX: Duration = Duration::from_mins(8);
