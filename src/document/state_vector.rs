//! State vectors: how far a replica has come with every client's edits.

use std::collections::BTreeMap;

use bytes::Bytes;
use convene_protocol::lib0::{Reader, write_var_uint};

use super::wire_read::{read_client, read_clock};
use super::{ClientId, Refusal};

/// For each client the clock after the last struct that is here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StateVector(BTreeMap<ClientId, u32>);

impl StateVector {
    /// Reads an untrusted vector of at most `entries_max` entries. The last entry of a client counts.
    pub fn decode(bytes: &[u8], entries_max: usize) -> Result<Self, Refusal> {
        let mut reader = Reader::new(bytes);
        // An id and a clock: no entry is shorter than two bytes.
        let count = reader.count(2)?;
        if count > entries_max {
            return Err(Refusal::TooLarge("entries of a state vector"));
        }
        let mut clocks = BTreeMap::new();
        for _ in 0..count {
            let client = read_client(&mut reader)?;
            clocks.insert(client, read_clock(&mut reader)?);
        }
        reader.finish()?;
        Ok(Self(clocks))
    }

    /// The vector as every Yjs client reads it.
    pub fn encode(&self) -> Bytes {
        let mut out = Vec::with_capacity(4 + self.0.len() * 10);
        write_var_uint(&mut out, self.0.len() as u64);
        for (client, clock) in &self.0 {
            write_var_uint(&mut out, *client);
            write_var_uint(&mut out, u64::from(*clock));
        }
        out.into()
    }

    /// The clock of `client`; 0 when nothing of it is here.
    pub fn get(&self, client: ClientId) -> u32 {
        self.0.get(&client).copied().unwrap_or(0)
    }

    /// Moves `client` on to `clock`; never back.
    pub fn advance(&mut self, client: ClientId, clock: u32) {
        let known = self.0.entry(client).or_default();
        *known = clock.max(*known);
    }

    /// Puts `client` back to `clock`, as if the rest were not here.
    pub(super) fn set_back(&mut self, client: ClientId, clock: u32) {
        self.0.insert(client, clock);
    }

    /// Every client and its clock.
    pub fn iter(&self) -> impl Iterator<Item = (ClientId, u32)> {
        self.0.iter().map(|(client, clock)| (*client, *clock))
    }

    /// How many clients are in it.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether no client is in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(ClientId, u32)> for StateVector {
    fn from_iter<I: IntoIterator<Item = (ClientId, u32)>>(clocks: I) -> Self {
        Self(clocks.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vector_reads_and_writes_the_bytes_of_yjs() {
        let vector = StateVector::decode(&[1, 1, 3], 8).unwrap();
        assert_eq!(vector.get(1), 3);
        assert_eq!(vector.get(2), 0);
        assert_eq!(vector.encode().as_ref(), [1, 1, 3]);
        assert_eq!(StateVector::default().encode().as_ref(), [0]);
    }

    #[test]
    fn a_bomb_is_refused_before_it_allocates() {
        for bomb in [&[0x80, 0x80, 0x80, 0x40][..], &[0x80, 0x80, 0x80, 0x80, 1]] {
            assert!(matches!(
                StateVector::decode(bomb, 100),
                Err(Refusal::Malformed(_))
            ));
        }
        let many: Vec<u8> = std::iter::once(100)
            .chain((0..100).flat_map(|id| [id, 1]))
            .collect();
        assert!(matches!(
            StateVector::decode(&many, 99),
            Err(Refusal::TooLarge(_))
        ));
        assert_eq!(StateVector::decode(&many, 100).unwrap().len(), 100);
    }

    #[test]
    fn a_clock_beyond_what_yjs_counts_is_refused() {
        let far = [1, 1, 0xff, 0xff, 0xff, 0xff, 0x0f];
        assert!(matches!(
            StateVector::decode(&far, 8),
            Err(Refusal::Malformed(_))
        ));
    }
}
