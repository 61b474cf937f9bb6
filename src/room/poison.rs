//! Updates that harmed a replica once are not tried again.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use sha2::{Digest, Sha256};

/// Updates remembered at most; the oldest is forgotten first.
const REMEMBERED: usize = 1_024;

/// The digests of updates that made the document library panic or run without end.
#[derive(Debug, Default)]
pub struct PoisonList {
    /// Nearly always false, which spares every update a digest.
    is_used: AtomicBool,
    digests: Mutex<VecDeque<[u8; 32]>>,
}

impl PoisonList {
    /// Remembers `update`.
    pub fn add(&self, update: &[u8]) {
        let mut digests = self.digests.lock().unwrap_or_else(PoisonError::into_inner);
        if digests.len() == REMEMBERED {
            digests.pop_front();
        }
        digests.push_back(Sha256::digest(update).into());
        self.is_used.store(true, Ordering::Release);
    }

    /// Whether `update` is one of them.
    pub fn contains(&self, update: &[u8]) -> bool {
        if !self.is_used.load(Ordering::Acquire) {
            return false;
        }
        let digest: [u8; 32] = Sha256::digest(update).into();
        self.digests
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .contains(&digest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_update_is_remembered_by_its_bytes() {
        let list = PoisonList::default();
        assert!(!list.contains(b"harm"));
        list.add(b"harm");
        assert!(list.contains(b"harm"));
        assert!(!list.contains(b"other"));
    }
}
