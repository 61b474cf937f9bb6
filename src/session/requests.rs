//! Control requests of one socket: a few at a time, beside the document frames.

use std::sync::Arc;

use convene_protocol::control::message::{CallId, Request, Response};
use convene_protocol::error_code::ErrorCode;
use convene_protocol::frame::ServerMessage;
use convene_protocol::hocuspocus::{self, Address};
use convene_protocol::rest::ErrorBody;
use tokio::sync::Semaphore;

use crate::auth::principal::Principal;
use crate::clock::Clock;
use crate::control::{Caller, Desk, Following, Line, Opened};
use crate::error::Failure;
use crate::ids::RequestId;
use crate::room::outbox::{Frame, Outbox};
use crate::session::rate_limit::Bucket;
use crate::session::upgrade::SessionState;

/// Requests of one socket that are worked on at the same time.
const AT_ONCE: usize = 8;

/// Where an answer goes: the carrier the request came by.
#[derive(Debug, Clone)]
pub(super) enum Carrier {
    /// A text frame.
    Text,
    /// A stateless message of this address.
    Stateless(Address),
}

/// The control requests of one socket.
#[derive(Debug)]
pub(super) struct Requests {
    desk: Desk,
    clock: Clock,
    outbox: Arc<Outbox>,
    at_once: Arc<Semaphore>,
    rate: Bucket,
    bytes_max: usize,
    tracker: tokio_util::task::TaskTracker,
    following: Following,
    watching: Following,
}

/// The way to a socket by one of its carriers.
struct SocketLine {
    outbox: Arc<Outbox>,
    carrier: Carrier,
}

impl Line for SocketLine {
    fn send(&self, text: String) {
        put(&self.outbox, &self.carrier, text);
    }

    fn is_full(&self) -> bool {
        self.outbox.is_over_limit()
    }
}

impl Requests {
    pub(super) fn new(state: &SessionState, outbox: Arc<Outbox>) -> Self {
        let per_second = f64::from(state.limits.control_requests_per_second);
        Self {
            desk: state.desk.clone(),
            clock: state.clock.clone(),
            outbox,
            at_once: Arc::new(Semaphore::new(AT_ONCE)),
            rate: Bucket::new(per_second, per_second, state.clock.monotonic()),
            bytes_max: state.limits.control_bytes_max,
            tracker: state.tracker.clone(),
            following: Following::default(),
            watching: Following::default(),
        }
    }

    /// Reads a request; one that cannot be read, or comes too fast, is answered here.
    pub(super) fn read(&mut self, text: &str, carrier: &Carrier) -> Option<Request> {
        if text.len() > self.bytes_max {
            let failure = Failure::new(
                ErrorCode::TooLarge,
                format!("a control request may have {} bytes", self.bytes_max),
            );
            self.write_failure(carrier, None, failure);
            return None;
        }
        let request = match convene_protocol::control::parse_request(text) {
            Ok(request) => request,
            Err(failure) => {
                let id = RequestId::generate(&self.clock);
                self.answer(carrier, failure.answer(&id.to_string()));
                return None;
            }
        };
        let wait = self.rate.take(1.0, self.clock.monotonic());
        if !wait.is_zero() {
            let failure =
                Failure::new(ErrorCode::RateLimited, "too many control requests a second")
                    .retry_after(wait);
            self.fail(carrier, &request, failure);
            return None;
        }
        Some(request)
    }

    /// Works on `request` beside the socket's frames; waits only while too many are under way.
    pub(super) async fn run(
        &self,
        request: Request,
        carrier: Carrier,
        principal: Principal,
        opened: Vec<Opened>,
    ) {
        // Never closed, so a permit always comes.
        let Ok(permit) = Arc::clone(&self.at_once).acquire_owned().await else {
            return;
        };
        let (desk, outbox) = (self.desk.clone(), Arc::clone(&self.outbox));
        let caller = Caller {
            principal,
            opened,
            request: RequestId::generate(&self.clock),
            line: Arc::new(SocketLine {
                outbox: Arc::clone(&outbox),
                carrier: carrier.clone(),
            }),
            following: self.following.clone(),
            watching: self.watching.clone(),
        };
        drop(self.tracker.spawn(async move {
            if let Some(answer) = desk.answer(&caller, &request).await {
                put(&outbox, &carrier, answer);
            }
            drop(permit);
        }));
    }

    /// Answers with a failure, unless the request wanted no answer.
    pub(super) fn fail(&self, carrier: &Carrier, request: &Request, failure: Failure) {
        if let Some(id) = &request.id {
            self.write_failure(carrier, Some(id), failure);
        }
    }

    fn write_failure(&self, carrier: &Carrier, id: Option<&CallId>, failure: Failure) {
        let request = RequestId::generate(&self.clock);
        let mut body = ErrorBody::new(failure.code, failure.message, request.to_string());
        body.retry_after_ms = failure
            .retry_after
            .map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
        self.answer(carrier, Response::failure(id, &body));
    }

    pub(super) fn answer(&self, carrier: &Carrier, text: String) {
        put(&self.outbox, carrier, text);
    }
}

fn put(outbox: &Outbox, carrier: &Carrier, text: String) {
    let frame = match carrier {
        Carrier::Text => Frame::Text(text),
        Carrier::Stateless(address) => {
            Frame::Binary(hocuspocus::encode(address, &ServerMessage::Stateless(text)))
        }
    };
    outbox.push_answer(frame);
}
