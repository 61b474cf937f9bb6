//! The marker that begins an epoch: a client id that is in every state vector of it.

use bytes::Bytes;
use convene_protocol::lib0::write_var_uint;
use sha2::{Digest, Sha256};

use super::ClientId;
use crate::ids::PlanId;

/// The client id that marks `epoch` of `plan`. It is derived, so that every node finds the same one,
/// and above 2^32, where the ids of JavaScript clients are not.
pub fn epoch_client(plan: PlanId, epoch: i64) -> ClientId {
    let mut digest = Sha256::new_with_prefix(b"convene epoch\0");
    digest.update(plan.as_uuid().as_bytes());
    digest.update(epoch.to_be_bytes());
    let digest = digest.finalize();
    let bytes = digest.iter().take(8);
    let number = bytes.fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    (number >> 11) | (1 << 32)
}

/// The update that puts the marker into a document: one collected struct, which nobody sees.
pub fn epoch_start(plan: PlanId, epoch: i64) -> Bytes {
    // One section of one struct...
    let mut out = vec![1, 1];
    write_var_uint(&mut out, epoch_client(plan, epoch));
    // ...at clock 0: collected, of length 1; and nothing is deleted.
    out.extend_from_slice(&[0, 0, 1, 0]);
    out.into()
}
