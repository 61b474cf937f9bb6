//! `document.*`: about the live document of a plan open on the same socket.

use convene_protocol::control::Done;
use convene_protocol::control::document::WatchHash;
use convene_protocol::error_code::ErrorCode;

use super::{Caller, Desk, For, Method, no_such_plan};
use crate::error::Failure;
use crate::ids::DocumentId;
use crate::room::input::Input;

/// Roots one session can watch.
const ROOTS_MAX: usize = 32;

impl Method for WatchHash {
    const FOR: For = For::Everybody;

    async fn run(self, _desk: &Desk, caller: &Caller) -> Result<Done, Failure> {
        if self.roots.len() > ROOTS_MAX {
            return Err(Failure::new(
                ErrorCode::Invalid,
                format!("at most {ROOTS_MAX} roots can be watched"),
            ));
        }
        let document: DocumentId = self.plan.parse().map_err(|_| no_such_plan())?;
        let opened = caller
            .opened
            .iter()
            .find(|opened| opened.document == document);
        let opened = opened.ok_or_else(|| {
            Failure::new(
                ErrorCode::NotFound,
                "open this plan on the same connection first",
            )
        })?;
        let roots = self.roots.into_iter().collect();
        let input = Input::HashWatched {
            session: opened.session,
            roots,
        };
        opened.room.tell(input).await.map_err(|_| {
            Failure::new(
                ErrorCode::Unavailable,
                "the plan is being loaded again; repeat this",
            )
        })?;
        Ok(Done {})
    }
}
