//! `convene demo`: fills a plan on a running server through its public doors, as any script would.
//!
//! ```text
//! sign_in (rest) ──> token ──> socket: session.authenticate, plan.create, upload.begin, upload.append,
//!                                      plan.import, plan.findings ──> Report
//! ```
//!
//! The server knows nothing of demos: whatever is done here, a client without convene's code can do by
//! `protocol/SPEC.md` alone.

pub mod address;
mod plan;
pub mod report;
mod rest;
mod sign_in;
mod socket;

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use convene_protocol::control::finding::{Find, Findings};
use convene_protocol::control::plan::{Create, PlanBody};
use convene_protocol::control::session::Authenticate;
use convene_protocol::control::transfer::{Append, Begin, Format, Import, Imported, Mode};

use self::address::Address;
use self::report::Report;
use self::sign_in::sign_in;
pub use self::sign_in::{EMAIL, Owner};
use self::socket::Socket;
use crate::auth::opaque_token::OpaqueToken;

/// How long the server may take for each answer. It takes milliseconds; a loaded one on a slow disk may
/// take seconds.
const ANSWERS_WITHIN: Duration = Duration::from_secs(20);

/// Bytes of a part of the upload, which are a third more in base64. A request takes 1 MiB.
const PART_BYTES: usize = 512 << 10;

/// Why there is no demo plan, or not all of it.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// Nobody listens there.
    #[error(
        "no server answers at {address} ({why}): start one with `make run`, or name another with --url"
    )]
    NoServer {
        /// Where it should be.
        address: Address,
        /// What the system says.
        why: io::Error,
    },
    /// Somebody listens there who does not answer.
    #[error("{address} did not answer within {ANSWERS_WITHIN:?}, asked for {asked}")]
    Silent {
        /// Where it is.
        address: Address,
        /// The route or the method.
        asked: &'static str,
    },
    /// The answer is none that convene gives.
    #[error(
        "{address} does not answer {asked} as convene does ({say}): see whether --url is right, and what the server logs"
    )]
    Strange {
        /// Where it is.
        address: Address,
        /// The route or the method.
        asked: &'static str,
        /// What is strange about it.
        say: String,
    },
    /// The server refuses, and says why.
    #[error("the server refused {asked}: {say}")]
    Refused {
        /// The route or the method.
        asked: &'static str,
        /// Its own sentence.
        say: String,
    },
    /// The account cannot be used.
    #[error("{0}")]
    Account(String),
}

/// Signs in, makes a plan, brings the demo into it and asks what is wrong with it. Each call makes a plan
/// of its own. Fails at the first step that the server refuses or does not answer in time.
pub async fn run(server: &Address, owner: &Owner) -> Result<Report, DemoError> {
    let signed_in = sign_in(server, owner).await?;
    let mut socket = Socket::open(server).await?;
    let token = signed_in.token.clone();
    socket.call(&Authenticate { token }).await?;
    let create = Create {
        name: plan::NAME.to_owned(),
        idempotency_key: Some(new_key()),
    };
    let created: PlanBody = socket.call(&create).await?;
    let imported = import(&mut socket, &created.id).await?;
    let plan = created.id.clone();
    let found: Findings = socket.call(&Find { plan }).await?;
    socket.close().await;
    Ok(Report {
        server: server.clone(),
        signed_in,
        plan: created,
        imported,
        found,
    })
}

/// Uploads the demo plan and brings it into `plan`.
async fn import(socket: &mut Socket, plan: &str) -> Result<Imported, DemoError> {
    let file = plan::JSON.as_bytes();
    let bytes = file.len() as u64;
    let begun = socket.call(&Begin { bytes }).await?;
    let mut at = begun.received;
    for part in file.chunks(PART_BYTES) {
        let append = Append {
            upload: begun.upload.clone(),
            at,
            data: STANDARD.encode(part),
        };
        at = socket.call(&append).await?.received;
    }
    let import = Import {
        plan: plan.to_owned(),
        upload: begun.upload,
        format: Format::PlanJson,
        root: None,
        mapping: BTreeMap::new(),
        mode: Mode::Apply,
        idempotency_key: Some(new_key()),
    };
    socket.call(&import).await
}

/// A key that no other change has.
fn new_key() -> String {
    OpaqueToken::generate().expose_text().to_owned()
}

/// Waits for an answer of the server, up to [`ANSWERS_WITHIN`].
async fn in_time<T>(
    (address, asked): (&Address, &'static str),
    answer: impl Future<Output = Result<T, DemoError>>,
) -> Result<T, DemoError> {
    let answered = tokio::time::timeout(ANSWERS_WITHIN, answer).await;
    answered.unwrap_or_else(|_| {
        let address = address.clone();
        Err(DemoError::Silent { address, asked })
    })
}
