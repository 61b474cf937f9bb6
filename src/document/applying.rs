//! Makes documents of yrs, and lets it apply updates and edits with its panics caught.

use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};

use yrs::updates::decoder::Decode;
use yrs::{ClientID, Doc, OffsetKind, Options, ReadTxn, Transact, TransactionMut};

use super::ClientId;

/// Why yrs did not take an update.
#[derive(Debug)]
pub(super) enum Failure {
    /// It could not read it; the document is as it was.
    Undecodable,
    /// It failed on the way: the document is lost.
    Harmed(String),
}

/// An empty document that is edited as `client`; a replica that is never edited by itself is nobody, 0.
pub(super) fn new_doc_as(client: ClientId) -> Doc {
    let mut options = Options::with_guid_and_client_id("convene".into(), ClientID::new(client));
    options.offset_kind = OffsetKind::Utf16;
    // Crafted formats make the clean-up run without end, and clients do their own.
    options.cleanup_formatting = false;
    Doc::with_options(options)
}

/// Lets yrs apply `bytes`.
pub(super) fn integrate<T>(
    doc: &Doc,
    bytes: &[u8],
    emit: impl FnOnce(&TransactionMut<'_>) -> T,
) -> Result<T, Failure> {
    let update = catch_unwind(|| yrs::Update::decode_v1(bytes))
        .ok()
        .and_then(Result::ok)
        .ok_or(Failure::Undecodable)?;
    transact(
        doc,
        |txn| txn.apply_update(update).map_err(|error| error.to_string()),
        emit,
    )
}

/// Performs `work` as one transaction; `emit` reads what it did.
pub(super) fn transact<T>(
    doc: &Doc,
    work: impl FnOnce(&mut TransactionMut<'_>) -> Result<(), String>,
    emit: impl FnOnce(&TransactionMut<'_>) -> T,
) -> Result<T, Failure> {
    let txn = doc
        .try_transact_mut()
        .map_err(|error| Failure::Harmed(error.to_string()))?;
    // Dropped only after it has committed: dropping commits, and a second panic would abort.
    let mut txn = ManuallyDrop::new(txn);
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let done = work(&mut txn);
        txn.commit();
        done?;
        if txn.has_missing_updates() {
            return Err("something was left pending".to_owned());
        }
        Ok(emit(&txn))
    }));
    match outcome {
        Ok(outcome) => {
            drop(ManuallyDrop::into_inner(txn));
            outcome.map_err(Failure::Harmed)
        }
        Err(panic) => Err(Failure::Harmed(said(&*panic))),
    }
}

/// What a panic said.
pub(super) fn said(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
        .unwrap_or_else(|| "a panic without words".to_owned())
}
