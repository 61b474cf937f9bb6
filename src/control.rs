//! The control channel's methods: what a client may ask for beside the document itself.
//!
//! A carrier hands a parsed request to [`Desk::answer`]. To add a method: describe its parameters
//! and answer in the protocol crate, name them in its `for_each_call!`, and implement `Method` for them
//! in the file of its noun here.

mod agent;
mod asking;
mod audit;
mod document;
mod entity;
mod event;
mod finding;
mod gate;
mod history;
mod member;
mod people;
mod plan;
mod proposal;
mod release;
mod repeat;
mod search;
mod transfer;
mod upload;

use std::sync::Arc;

use convene_protocol::control::message::{CallId, Response};
use convene_protocol::control::{Call, Request};
use convene_protocol::for_each_call;
use convene_protocol::rest::ErrorBody;
use serde_json::value::RawValue;
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

pub use self::event::{Following, Line};
use self::repeat::Repeats;
use self::upload::Uploads;
use crate::auth::access::{Grant, OwnAccess};
use crate::auth::principal::{Principal, PrincipalKind};
use crate::clock::Clock;
use crate::error::Failure;
use crate::events::Events;
use crate::ids::{DocumentId, PlanId, RequestId, SessionId};
use crate::room::handle::RoomHandle;
use crate::room::registry::Registry;
use crate::storage::Storage;
use convene_protocol::error_code::ErrorCode;

/// Works on copies of plans at a time, on one node.
const APART_MAX: usize = 4;
/// Searches at a time, on one node: rooms are loaded by the same connections, of which SQLite has four.
const SEARCHES_MAX: usize = 2;

/// Histories that are read, plans that are squashed, and audits that are checked at a time, on one node: each
/// takes seconds of a processor or whole plans.
const HISTORIES_MAX: usize = 2;

/// What methods work with; cheap to clone.
#[derive(Debug, Clone)]
pub struct Desk {
    storage: Storage,
    registry: Registry,
    clock: Clock,
    repeats: Repeats,
    uploads: Uploads,
    apart: Arc<Semaphore>,
    histories: Arc<Semaphore>,
    searches: Arc<Semaphore>,
    events: Events,
    tracker: TaskTracker,
}

/// Who asks, and what they have open on the socket they ask by.
#[derive(Debug)]
pub struct Caller {
    /// Who.
    pub principal: Principal,
    /// The documents open on the same socket.
    pub opened: Vec<Opened>,
    /// Quoted in errors and logs.
    pub request: RequestId,
    /// Where later news go.
    pub line: Arc<dyn Line>,
    /// What the socket follows.
    pub following: Following,
    /// The drafts that it watches.
    pub watching: Following,
}

/// One document open on the caller's socket.
#[derive(Debug, Clone)]
pub struct Opened {
    /// The session.
    pub session: SessionId,
    /// Which.
    pub document: DocumentId,
    /// Its room.
    pub room: RoomHandle,
}

/// Who may call a method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum For {
    /// People alone.
    People,
    /// Agents too: it reads a plan, or has to do with proposals.
    Everybody,
}

/// A control method: its parameters, which know how to do the work.
trait Method: Call + Send {
    /// Who may call it. What nothing is said about is not for agents.
    const FOR: For = For::People;

    /// Does what is asked.
    fn run(
        self,
        desk: &Desk,
        caller: &Caller,
    ) -> impl Future<Output = Result<Self::Answer, Failure>> + Send;
}

macro_rules! methods {
    // The socket answers the first one itself.
    ($session:ty, $($method:ty),+ $(,)?) => {
        /// Runs the method a request names; `None` when there is no such method.
        async fn dispatch(
            desk: &Desk,
            caller: &Caller,
            request: &Request,
        ) -> Option<Result<Box<RawValue>, Failure>> {
            $(
                if request.method == <$method as Call>::METHOD {
                    return Some(call::<$method>(desk, caller, request).await);
                }
            )+
            None
        }
    };
}

for_each_call!(methods);

async fn call<M: Method>(
    desk: &Desk,
    caller: &Caller,
    request: &Request,
) -> Result<Box<RawValue>, Failure> {
    if M::FOR == For::People && caller.principal.kind == PrincipalKind::Agent {
        return Err(Failure::new(
            ErrorCode::Forbidden,
            "an agent may read its plan and propose changes to it; this is for people",
        ));
    }
    let params: M = request
        .params()
        .map_err(|failure| Failure::new(failure.code, failure.message))?;
    let key = params.idempotency_key().map(str::to_owned);
    let work = async {
        let answer = params.run(desk, caller).await?;
        serde_json::value::to_raw_value(&answer).map_err(|error| {
            Failure::new(ErrorCode::Internal, "the answer could not be written").caused_by(error)
        })
    };
    match key {
        None => work.await,
        Some(key) => desk.once(caller, M::METHOD, &key, work).await,
    }
}

impl Desk {
    /// A desk over these plans and rooms.
    pub fn new(
        storage: Storage,
        registry: Registry,
        clock: Clock,
        (events, tracker): (Events, TaskTracker),
    ) -> Self {
        Self {
            storage,
            registry,
            clock,
            repeats: Repeats::default(),
            uploads: Uploads::default(),
            apart: Arc::new(Semaphore::new(APART_MAX)),
            histories: Arc::new(Semaphore::new(HISTORIES_MAX)),
            searches: Arc::new(Semaphore::new(SEARCHES_MAX)),
            events,
            tracker,
        }
    }

    /// Works on a request; `None` when no answer is wanted.
    pub async fn answer(&self, caller: &Caller, request: &Request) -> Option<String> {
        let began = self.clock.monotonic();
        // As large as the largest method; most sockets never ask for one.
        let outcome = Box::pin(dispatch(self, caller, request))
            .await
            .unwrap_or_else(|| {
                let failure = request.unknown_method();
                Err(Failure::new(failure.code, failure.message))
            });
        let status = outcome
            .as_ref()
            .map_or_else(|failure| failure.code.as_str(), |_| "ok");
        metrics::counter!("convene_control_requests_total", "status" => status).increment(1);
        metrics::histogram!("convene_control_seconds").record(began.elapsed().as_secs_f64());
        if let Err(failure) = &outcome {
            log(caller, failure);
        }
        let id: &CallId = request.id.as_ref()?;
        Some(match outcome {
            Ok(result) => Response::success(id, &result),
            Err(failure) => {
                let request = caller.request.to_string();
                let mut body = ErrorBody::new(failure.code, failure.message, request);
                body.retry_after_ms = failure
                    .retry_after
                    .map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
                Response::failure(Some(id), &body)
            }
        })
    }

    /// Does what takes milliseconds of a processor, or copies of a plan, where no socket waits for it, and
    /// a few at a time.
    async fn apart<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Failure> {
        let permit = Arc::clone(&self.apart).acquire_owned().await;
        let permit = permit.map_err(|error| Failure::fault().caused_by(error))?;
        let work = move || {
            let done = work();
            drop(permit);
            done
        };
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|error| Failure::fault().caused_by(error))
    }

    /// The caller's standing in a plan; plans of others are as good as not there.
    async fn grant(&self, caller: &Caller, plan: &str) -> Result<Grant, Failure> {
        let plan: PlanId = plan.parse().map_err(|_| no_such_plan())?;
        let actor = caller.principal.actor();
        let role = self.storage.find_role(plan, actor.user).await?;
        let role = role.ok_or_else(no_such_plan)?;
        Ok(Grant::new(plan.into(), actor, role))
    }

    /// The same of who may edit it.
    async fn editor(&self, caller: &Caller, plan: &str) -> Result<Grant, Failure> {
        let grant = self.grant(caller, plan).await?;
        if grant.write().is_some() {
            Ok(grant)
        } else {
            Err(asking::may_not_write())
        }
    }

    async fn own(&self, caller: &Caller, plan: &str) -> Result<OwnAccess, Failure> {
        self.grant(caller, plan).await?.own().ok_or_else(|| {
            Failure::new(
                ErrorCode::Forbidden,
                "only an owner of the plan may do this",
            )
        })
    }
}

/// How much a page has at most: what was asked for, or all it may.
fn limit(asked: Option<u32>, max: u32) -> Result<u32, Failure> {
    let limit = asked.unwrap_or(max);
    if (1..=max).contains(&limit) {
        Ok(limit)
    } else {
        let say = format!("limit: 1 to {max}");
        Err(Failure::new(ErrorCode::Invalid, say))
    }
}

fn no_such_plan() -> Failure {
    Failure::new(
        ErrorCode::NotFound,
        "there is no such plan for this account",
    )
}

fn log(caller: &Caller, failure: &Failure) {
    let (request, code) = (caller.request, failure.code.as_str());
    if let Some(cause) = failure.cause() {
        tracing::warn!(request.id = %request, code, cause, "control request {request} failed");
    } else {
        tracing::info!(request.id = %request, code, "control request {request} refused");
    }
}
