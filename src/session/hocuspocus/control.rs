//! Control requests on a Hocuspocus socket: in text frames, or stateless messages of an address.

use convene_protocol::control::session::{Authenticate, Authenticated, User};
use convene_protocol::control::{Call, Request, Response};
use convene_protocol::error_code::ErrorCode;
use convene_protocol::hocuspocus::Address;

use super::Hocuspocus;
use crate::auth::principal::Principal;
use crate::control::Opened;
use crate::error::Failure;
use crate::session::attachment::Opening;
use crate::session::requests::Carrier;

impl Hocuspocus {
    /// A request in a text frame.
    pub(crate) async fn text(&mut self, text: &str) {
        self.request(text, Carrier::Text, None).await;
    }

    /// A request in a stateless message.
    pub(super) async fn stateless(&mut self, address: Address, text: &str) {
        self.request(text, Carrier::Stateless(address.clone()), Some(address))
            .await;
    }

    async fn request(&mut self, text: &str, carrier: Carrier, address: Option<Address>) {
        let Some(request) = self.requests.read(text, &carrier) else {
            return;
        };
        if request.method == Authenticate::METHOD {
            return self.authenticate_control(&request, &carrier).await;
        }
        let Some(principal) = self.principal_of(address.as_ref()) else {
            let failure = Failure::new(
                ErrorCode::Unauthenticated,
                "nobody has signed in on this connection: call session.authenticate first",
            );
            return self.requests.fail(&carrier, &request, failure);
        };
        let opened = self
            .addresses
            .open()
            .map(|attachment| Opened {
                session: attachment.session,
                document: attachment.grant.document(),
                room: attachment.room.clone(),
            })
            .collect();
        self.requests.run(request, carrier, principal, opened).await;
    }

    async fn authenticate_control(&mut self, request: &Request, carrier: &Carrier) {
        let outcome = self.principal_from(request).await;
        match outcome {
            Ok(principal) => {
                let answer = Authenticated {
                    user: User {
                        id: principal.user.to_string(),
                        name: principal.name.clone(),
                        email: None,
                    },
                    expires_at: principal.expires_at.to_rfc3339(),
                };
                self.authenticated = true;
                self.principal = Some(principal);
                if let Some(id) = &request.id {
                    self.requests
                        .answer(carrier, Response::success(id, &answer));
                }
            }
            Err(failure) => self.requests.fail(carrier, request, failure),
        }
    }

    async fn principal_from(&self, request: &Request) -> Result<Principal, Failure> {
        let params: Authenticate = request
            .params()
            .map_err(|failure| Failure::new(failure.code, failure.message))?;
        let opening = Opening {
            state: &self.state,
            place: &self.place,
            outbox: &self.outbox,
        };
        opening.principal(&params.token).await
    }

    /// The token of the upgrade speaks for the socket until another does.
    pub(crate) async fn take_upgrade_token(&mut self) {
        let Some(token) = self.upgrade_token.clone() else {
            return;
        };
        let opening = Opening {
            state: &self.state,
            place: &self.place,
            outbox: &self.outbox,
        };
        // One that does not count is as good as none: the client is told when it asks for something.
        if let Ok(principal) = opening.principal(&token).await {
            self.authenticated = true;
            self.principal = Some(principal);
        }
    }
}
