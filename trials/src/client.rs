//! A stock client that edits at random: everything that shared types can hold.

use convene::document::RootKind;
use yrs::updates::decoder::Decode;
use yrs::updates::encoder::Encode;
use yrs::{ClientID, Doc, OffsetKind, Options, ReadTxn, StateVector, Transact, Update};

use crate::dice::Dice;
use crate::edits;
use crate::finding::Finding;

/// A document of its own that sends what it writes and applies what it is sent.
#[derive(Debug)]
pub(crate) struct Client {
    /// The document.
    pub(crate) doc: Doc,
    /// The number of its account.
    pub(crate) user: usize,
    /// What is edited while it is away is sent as one update when it comes back.
    pub(crate) online: bool,
}

impl Client {
    /// A client with an empty document.
    pub(crate) fn new(id: u64, user: usize) -> Self {
        let mut options = Options::with_client_id(ClientID::new(id));
        options.offset_kind = OffsetKind::Utf16;
        Self {
            doc: Doc::with_options(options),
            user,
            online: true,
        }
    }

    /// Edits `roots` in one transaction; the update that it would send.
    pub(crate) fn edit(&self, dice: &mut Dice, roots: &[(&str, RootKind)]) -> Vec<u8> {
        let mut txn = self.doc.transact_mut();
        for _ in 0..dice.between(1, 3) {
            edits::any(&mut txn, dice, roots);
        }
        txn.encode_update_v1()
    }

    /// Applies what it is sent.
    pub(crate) fn receive(&self, update: &[u8]) -> Result<(), Finding> {
        let failed = |error: &dyn std::fmt::Display| {
            Finding::Broken(format!("a client cannot apply what it is sent: {error}"))
        };
        let update = Update::decode_v1(update).map_err(|error| failed(&error))?;
        self.doc
            .transact_mut()
            .apply_update(update)
            .map_err(|error| failed(&error))
    }

    /// Its state vector, encoded.
    pub(crate) fn vector(&self) -> Vec<u8> {
        self.doc.transact().state_vector().encode_v1()
    }

    /// What it has that somebody with this vector lacks.
    pub(crate) fn missing_at(&self, vector: &[u8]) -> Result<Vec<u8>, Finding> {
        let vector = StateVector::decode_v1(vector)
            .map_err(|error| Finding::Broken(format!("a vector of the replica: {error}")))?;
        Ok(self.doc.transact().encode_state_as_update_v1(&vector))
    }

    /// Everything it has.
    pub(crate) fn state(&self) -> Vec<u8> {
        self.doc
            .transact()
            .encode_state_as_update_v1(&StateVector::default())
    }
}
