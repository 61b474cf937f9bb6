//! Tokens on a Hocuspocus socket: the first opens a document, later ones keep it open.

use std::time::Duration;

use convene_protocol::error_code::ErrorCode;
use convene_protocol::frame::{Scope, ServerMessage, SyncStatus};
use convene_protocol::hocuspocus::{Address, CONTROL_ADDRESS};

use super::addresses::Slot;
use super::{Hocuspocus, deliver, is_update};
use crate::auth::opaque_token::OpaqueToken;
use crate::auth::principal::Principal;
use crate::error::Failure;
use crate::room::outbox::Ending;
use crate::session::attachment::{Opening, no_such_plan};

/// How often a token is looked at again while the database is away.
const RETRY_EVERY: Duration = Duration::from_secs(1);

impl Hocuspocus {
    /// A token for a document. A good one is answered before any sync.
    pub(super) async fn authenticate(
        &mut self,
        address: &Address,
        token: String,
    ) -> Result<(), Ending> {
        if self.is_refused(address) {
            let say = "this replica was refused; open the document anew".to_owned();
            self.say(address, &ServerMessage::PermissionDenied(say));
            return Ok(());
        }
        let token = match (&self.upgrade_token, token) {
            (Some(upgrade), token) if token.is_empty() => upgrade.clone(),
            (_, token) => token,
        };
        match self.try_authenticate(address, &token).await {
            Ok(()) => self.release(address).await,
            Err(failure) if failure.code == ErrorCode::Unavailable => {
                tracing::info!(error = %failure, "a token waits for the database");
                self.waits_signed |= !OpaqueToken::is_of_agent(&token);
                self.addresses.retry_later(address, token);
                let again = self.state.clock.now().after(RETRY_EVERY);
                self.retry_at.get_or_insert(again);
                Ok(())
            }
            Err(failure) => {
                self.deny(address, failure).await;
                Ok(())
            }
        }
    }

    /// Whether the replica behind this address was refused and has not been detached.
    fn is_refused(&self, address: &Address) -> bool {
        match self.addresses.get(address) {
            Some(Slot::Open(attachment)) => attachment.is_refused(),
            Some(Slot::Waiting(_) | Slot::Control(_)) | None => false,
        }
    }

    async fn try_authenticate(&mut self, address: &Address, token: &str) -> Result<(), Failure> {
        let opening = Opening {
            state: &self.state,
            place: &self.place,
            outbox: &self.outbox,
        };
        if let Slot::Open(attachment) = self.addresses.slot_mut(address) {
            let (principal, role) = opening.member(token, attachment.grant.document()).await?;
            if attachment.grant.user() != principal.user {
                return Err(Failure::new(
                    ErrorCode::Forbidden,
                    "this document was opened by another account; detach it first",
                ));
            }
            let role = role.ok_or_else(no_such_plan)?;
            attachment.renew(principal, role, self.state.clock.now());
            let scope = attachment.scope();
            self.say(address, &ServerMessage::Authenticated(scope));
            return Ok(());
        }
        if address.document() == CONTROL_ADDRESS {
            let principal = opening.principal(token).await?;
            self.say(address, &ServerMessage::Authenticated(Scope::ReadWrite));
            self.take_slot(address, Slot::Control(Box::new(principal)));
            return Ok(());
        }
        let attachment = opening
            .open(token, address.document(), Some(address.clone()))
            .await?;
        self.say(address, &ServerMessage::Authenticated(attachment.scope()));
        self.take_slot(address, Slot::Open(Box::new(attachment)));
        Ok(())
    }

    /// Puts `slot` in the place of the waiting one, keeping what waited for [`Self::release`].
    fn take_slot(&mut self, address: &Address, slot: Slot) {
        self.authenticated = true;
        let old = std::mem::replace(self.addresses.slot_mut(address), slot);
        if let Slot::Waiting(waiting) = old {
            self.released = waiting.queue;
        }
    }

    /// Delivers what came before the token.
    async fn release(&mut self, address: &Address) -> Result<(), Ending> {
        let queue = std::mem::take(&mut self.released);
        self.waiting_frames = self.waiting_frames.saturating_sub(queue.len());
        if self.waiting_frames == 0 {
            self.waiting_bytes = 0;
        }
        for message in queue {
            match self.addresses.get(address) {
                Some(Slot::Open(attachment)) => deliver(attachment, message).await?,
                Some(Slot::Control(_)) => {
                    super::answer_control_document(&self.outbox, address, &message);
                }
                Some(Slot::Waiting(_)) | None => {}
            }
        }
        Ok(())
    }

    /// Refuses a token. The socket stays, and another token may follow.
    async fn deny(&mut self, address: &Address, failure: Failure) {
        metrics::counter!("convene_denials_total", "code" => failure.code.as_str()).increment(1);
        tracing::info!(code = failure.code.as_str(), say = %failure.message, "denied a document");
        match self.addresses.remove(address) {
            Some(Slot::Waiting(waiting)) => {
                let queue = waiting.queue;
                self.waiting_frames = self.waiting_frames.saturating_sub(queue.len());
                let unsaved = queue.iter().filter(|message| is_update(message)).count();
                for _ in 0..unsaved {
                    self.say(address, &ServerMessage::SyncStatus(SyncStatus::NotApplied));
                }
            }
            // The room would go on sending what the account may not see any more.
            Some(Slot::Open(attachment)) => attachment.leave().await,
            Some(Slot::Control(_)) | None => {}
        }
        self.say(
            address,
            &ServerMessage::PermissionDenied(failure.message.into_owned()),
        );
    }

    /// Who speaks on `address`, or on the socket as a whole.
    pub(super) fn principal_of(&self, address: Option<&Address>) -> Option<Principal> {
        let by_address = address.and_then(|address| match self.addresses.get(address) {
            Some(Slot::Control(principal)) => Some((**principal).clone()),
            Some(Slot::Open(attachment)) => Some(attachment.principal.clone()),
            Some(Slot::Waiting(_)) | None => None,
        });
        by_address
            .or_else(|| self.principal.clone())
            .filter(|principal| principal.expires_at > self.state.clock.now())
    }
}
