//! One message between nodes, as bytes.
//!
//! `version · node · kind · plan · body · seal`: one byte of version; the node and the plan as 16 bytes of
//! UUID each, the plan all zero when every node is meant; one byte of kind; a body of lib0 values; and the
//! seal of all of it (see `seal.rs`). Another version is another name of the channel, so nodes of two
//! versions do not hear each other and repair from the journal, which is what a rolling upgrade needs.

use bytes::Bytes;
use convene_protocol::lib0::{
    DecodeError, Reader, write_var_bytes, write_var_string, write_var_uint,
};
use uuid::Uuid;

use super::seal::Seal;
use crate::document::PresenceEntry;
use crate::ids::{FamilyId, NodeId, PlanId, UserId};
use crate::storage::journal::{Epoch, Seq};

/// The version of this format, in every message and every channel's name.
pub(super) const VERSION: u8 = 1;
/// The largest message, in bytes. What is larger is not carried: its readers get it from the journal.
pub const MESSAGE_BYTES_MAX: usize = 256 << 10;
/// A client id, a clock, a user and the length of a state: no entry is shorter.
const ENTRY_BYTES_MIN: usize = 19;
/// A client id and a user.
const OWNER_BYTES_MIN: usize = 17;

/// Why bytes are not a message of a node of this installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Foreign {
    /// Another version of the format, or nothing of ours at all.
    #[error("another version")]
    Version,
    /// The seal does not fit: another installation, or somebody who is no node.
    #[error("the seal does not fit")]
    Seal,
    /// Sealed by a node, and still not readable.
    #[error(transparent)]
    Malformed(#[from] DecodeError),
}

impl Foreign {
    /// For the metric that counts what was dropped.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Version => "version",
            Self::Seal => "seal",
            Self::Malformed(_) => "malformed",
        }
    }
}

/// Who says what of which plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// Who.
    pub node: NodeId,
    /// Of which plan; none when it concerns every node.
    pub plan: Option<PlanId>,
    /// What.
    pub said: Said,
}

/// What a node says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// These rows are in the journal.
    Committed(Batch),
    /// The plan's head has come this far; the rows are too large to be carried.
    Moved {
        /// The line of history.
        epoch: Epoch,
        /// The last row.
        head: Seq,
    },
    /// Some of those who are present with this node, or have left it.
    Present(Vec<PresenceEntry>),
    /// All who are present with this node: others it has told of are gone.
    PresentAll(Vec<PresenceEntry>),
    /// Asks every node for all who are present with it.
    WhoIsHere,
    /// Somebody's role, the plan's epoch or its existence has changed: look it up.
    Changed,
    /// The node lives.
    Beat,
    /// The node ends: nobody is present with it any more.
    Bye,
    /// A sign-in has ended: its sockets are to be closed.
    SignedOut(FamilyId),
}

/// Rows that were committed together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// The line of history they belong to.
    pub epoch: Epoch,
    /// The first of them.
    pub first: Seq,
    /// The last.
    pub last: Seq,
    /// What they hold: one update that merges all of them, or each.
    pub updates: Vec<Bytes>,
    /// The client ids they show for the first time, and whose they are.
    pub owners: Vec<(u64, UserId)>,
}

const COMMITTED: u8 = 1;
const MOVED: u8 = 2;
const PRESENT: u8 = 3;
const PRESENT_ALL: u8 = 4;
const WHO_IS_HERE: u8 = 5;
const CHANGED: u8 = 6;
const BEAT: u8 = 7;
const BYE: u8 = 8;
const SIGNED_OUT: u8 = 9;

impl Envelope {
    /// The message, sealed. A batch that is too large to be carried becomes a word of how far the
    /// head has moved; none when presence is.
    pub fn encode(&self, seal: &Seal) -> Option<Bytes> {
        let mut bytes = self.unsealed();
        if bytes.len() > MESSAGE_BYTES_MAX {
            let Said::Committed(Batch { epoch, last, .. }) = self.said else {
                return None;
            };
            let said = Said::Moved { epoch, head: last };
            let short = Self {
                said,
                ..self.clone()
            };
            bytes = short.unsealed();
        }
        seal.close(&mut bytes);
        Some(bytes.into())
    }

    fn unsealed(&self) -> Vec<u8> {
        let mut out = vec![VERSION];
        out.extend(self.node.as_uuid().as_bytes());
        out.push(self.said.kind());
        let plan = self.plan.map_or(Uuid::nil(), PlanId::as_uuid);
        out.extend(plan.as_bytes());
        self.said.write(&mut out);
        out
    }

    /// Whether `bytes` claim to be what `node` itself has said, other than that it lives: not worth
    /// reading for it.
    pub fn is_echo(bytes: &[u8], node: NodeId) -> bool {
        let (from, kind) = (bytes.get(1..17), bytes.get(17));
        from == Some(node.as_uuid().as_bytes()) && kind != Some(&BEAT)
    }

    /// Reads a message, whoever sent it.
    pub fn decode(bytes: &Bytes, seal: &Seal) -> Result<Self, Foreign> {
        if bytes.first() != Some(&VERSION) {
            return Err(Foreign::Version);
        }
        let sealed = seal.open(bytes).ok_or(Foreign::Seal)?;
        let mut reader = Reader::new(sealed);
        reader.byte()?;
        let node = NodeId::from_uuid(read_uuid(&mut reader)?);
        let kind = reader.byte()?;
        let plan = read_uuid(&mut reader)?;
        let plan = (!plan.is_nil()).then(|| PlanId::from_uuid(plan));
        let said = Said::read(kind, &mut reader, bytes)?;
        reader.finish()?;
        Ok(Self { node, plan, said })
    }
}

impl Said {
    const fn kind(&self) -> u8 {
        match self {
            Self::Committed(_) => COMMITTED,
            Self::Moved { .. } => MOVED,
            Self::Present(_) => PRESENT,
            Self::PresentAll(_) => PRESENT_ALL,
            Self::WhoIsHere => WHO_IS_HERE,
            Self::Changed => CHANGED,
            Self::Beat => BEAT,
            Self::Bye => BYE,
            Self::SignedOut(_) => SIGNED_OUT,
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Committed(batch) => batch.write(out),
            Self::Moved { epoch, head } => {
                write_number(out, epoch.0);
                write_number(out, head.0);
            }
            Self::Present(all) | Self::PresentAll(all) => {
                write_var_uint(out, all.len() as u64);
                for one in all {
                    write_entry(out, one);
                }
            }
            Self::SignedOut(family) => out.extend(family.as_uuid().as_bytes()),
            Self::WhoIsHere | Self::Changed | Self::Beat | Self::Bye => {}
        }
    }

    fn read(kind: u8, reader: &mut Reader<'_>, whole: &Bytes) -> Result<Self, DecodeError> {
        Ok(match kind {
            COMMITTED => Self::Committed(Batch::read(reader, whole)?),
            MOVED => Self::Moved {
                epoch: Epoch(read_number(reader)?),
                head: Seq(read_number(reader)?),
            },
            PRESENT => Self::Present(read_present(reader)?),
            PRESENT_ALL => Self::PresentAll(read_present(reader)?),
            WHO_IS_HERE => Self::WhoIsHere,
            CHANGED => Self::Changed,
            BEAT => Self::Beat,
            BYE => Self::Bye,
            SIGNED_OUT => Self::SignedOut(FamilyId::from_uuid(read_uuid(reader)?)),
            _ => return Err(DecodeError::UnknownType),
        })
    }
}

impl Batch {
    fn write(&self, out: &mut Vec<u8>) {
        write_number(out, self.epoch.0);
        write_number(out, self.first.0);
        write_number(out, self.last.0);
        write_var_uint(out, self.owners.len() as u64);
        for (client, user) in &self.owners {
            write_var_uint(out, *client);
            out.extend(user.as_uuid().as_bytes());
        }
        write_var_uint(out, self.updates.len() as u64);
        for update in &self.updates {
            write_var_bytes(out, update);
        }
    }

    fn read(reader: &mut Reader<'_>, whole: &Bytes) -> Result<Self, DecodeError> {
        let epoch = Epoch(read_number(reader)?);
        let first = Seq(read_number(reader)?);
        let last = Seq(read_number(reader)?);
        let mut owners = Vec::new();
        for _ in 0..reader.count(OWNER_BYTES_MIN)? {
            let client = reader.var_uint()?;
            owners.push((client, UserId::from_uuid(read_uuid(reader)?)));
        }
        let mut updates = Vec::new();
        for _ in 0..reader.count(1)? {
            updates.push(whole.slice_ref(reader.var_bytes()?));
        }
        Ok(Self {
            epoch,
            first,
            last,
            updates,
            owners,
        })
    }
}

fn write_entry(out: &mut Vec<u8>, entry: &PresenceEntry) {
    write_var_uint(out, entry.client);
    write_var_uint(out, entry.clock);
    out.extend(entry.user.as_uuid().as_bytes());
    // No state is empty: the shortest is `{}`.
    write_var_string(out, entry.state.as_deref().unwrap_or_default());
}

fn read_entry(reader: &mut Reader<'_>) -> Result<PresenceEntry, DecodeError> {
    let (client, clock) = (reader.var_uint()?, reader.var_uint()?);
    let user = UserId::from_uuid(read_uuid(reader)?);
    let state = reader.var_string()?;
    Ok(PresenceEntry {
        client,
        clock,
        user,
        state: (!state.is_empty()).then(|| state.to_owned()),
    })
}

fn read_present(reader: &mut Reader<'_>) -> Result<Vec<PresenceEntry>, DecodeError> {
    let count = reader.count(ENTRY_BYTES_MIN)?;
    (0..count).map(|_| read_entry(reader)).collect()
}

fn read_uuid(reader: &mut Reader<'_>) -> Result<Uuid, DecodeError> {
    let bytes = reader.take(16)?;
    Uuid::from_slice(bytes).map_err(|_| DecodeError::UnexpectedEnd)
}

/// Positions and epochs are never negative.
fn write_number(out: &mut Vec<u8>, number: i64) {
    write_var_uint(out, number.unsigned_abs());
}

fn read_number(reader: &mut Reader<'_>) -> Result<i64, DecodeError> {
    i64::try_from(reader.var_uint()?).map_err(|_| DecodeError::IntegerTooLarge)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uuid(last: u8) -> Uuid {
        Uuid::from_u128(0x0190_f3a2_7b1c_7def_8a00_0000_0000_0000 + u128::from(last))
    }

    fn seal() -> Seal {
        Seal::new(&"0123456789abcdef0123456789abcdef".to_owned().into())
    }

    fn envelope(said: Said) -> Envelope {
        let concerns_all = matches!(said, Said::Beat | Said::Bye | Said::SignedOut(_));
        Envelope {
            node: NodeId::from_uuid(uuid(1)),
            plan: (!concerns_all).then(|| PlanId::from_uuid(uuid(2))),
            said,
        }
    }

    fn batch() -> Batch {
        Batch {
            epoch: Epoch(1),
            first: Seq(300),
            last: Seq(301),
            updates: vec![Bytes::from_static(&[
                1, 1, 1, 0, 4, 1, 1, b't', 2, b'h', b'i', 0,
            ])],
            owners: vec![(1, UserId::from_uuid(uuid(3)))],
        }
    }

    fn present() -> Vec<PresenceEntry> {
        let one = |client, state: Option<&str>| PresenceEntry {
            client,
            clock: 2,
            user: UserId::from_uuid(uuid(3)),
            state: state.map(str::to_owned),
        };
        vec![one(7, Some("{}")), one(8, None)]
    }

    fn all() -> Vec<Said> {
        let (epoch, head) = (Epoch(1), Seq(301));
        vec![
            Said::Committed(batch()),
            Said::Moved { epoch, head },
            Said::Present(present()),
            Said::PresentAll(present()),
            Said::WhoIsHere,
            Said::Changed,
            Said::Beat,
            Said::Bye,
            Said::SignedOut(FamilyId::from_uuid(uuid(4))),
        ]
    }

    fn hex(bytes: &[u8]) -> String {
        use std::fmt::Write as _;
        bytes.iter().fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").unwrap();
            text
        })
    }

    /// What is on the wire today: nodes of two builds of one version must understand each other.
    const GOLDEN: &[&str] = &[
        "010190f3a27b1c7def8a00000000000001010190f3a27b1c7def8a0000000000000201ac02ad0201\
         010190f3a27b1c7def8a00000000000003010c01010100040101740268690095a5041e27dc95d4bc\
         f177880f3f0932",
        "010190f3a27b1c7def8a00000000000001020190f3a27b1c7def8a0000000000000201ad027941e6\
         091e748245f89dab036642d4b7",
        "010190f3a27b1c7def8a00000000000001030190f3a27b1c7def8a000000000000020207020190f3\
         a27b1c7def8a00000000000003027b7d08020190f3a27b1c7def8a0000000000000300c444129cf7\
         50cc31a7488272b13cd28b",
        "010190f3a27b1c7def8a00000000000001040190f3a27b1c7def8a000000000000020207020190f3\
         a27b1c7def8a00000000000003027b7d08020190f3a27b1c7def8a000000000000030000e93c4f0f\
         8a54d46496cf963c6b77e7",
        "010190f3a27b1c7def8a00000000000001050190f3a27b1c7def8a00000000000002d122af3b9693\
         93ef5adad1c27afa1625",
        "010190f3a27b1c7def8a00000000000001060190f3a27b1c7def8a000000000000029bc6bdc4405d\
         0a652387069b6955f9ef",
        "010190f3a27b1c7def8a000000000000010700000000000000000000000000000000e92d2fcf54aa\
         40f6ba8fe9e794bc53e2",
        "010190f3a27b1c7def8a00000000000001080000000000000000000000000000000087af78dbfd5a\
         a26942ed113458aed103",
        "010190f3a27b1c7def8a0000000000000109000000000000000000000000000000000190f3a27b1c\
         7def8a00000000000004b3bf4f921a05dfce83a96476d6427f03",
    ];

    #[test]
    fn messages_are_what_they_always_were() {
        for (said, golden) in all().into_iter().zip(GOLDEN) {
            let bytes = envelope(said).encode(&seal()).unwrap();
            assert_eq!(hex(&bytes), *golden);
        }
        assert_eq!(GOLDEN.len(), all().len());
    }

    #[test]
    fn every_message_is_read_as_it_was_meant() {
        for said in all() {
            let envelope = envelope(said);
            let bytes = envelope.encode(&seal()).unwrap();
            assert_eq!(Envelope::decode(&bytes, &seal()), Ok(envelope));
        }
    }

    #[test]
    fn a_node_knows_what_it_said_itself_and_still_hears_its_beat() {
        let (own, other) = (NodeId::from_uuid(uuid(1)), NodeId::from_uuid(uuid(9)));
        for said in all() {
            let is_beat = said == Said::Beat;
            let bytes = envelope(said).encode(&seal()).unwrap();
            assert_eq!(Envelope::is_echo(&bytes, own), !is_beat);
            assert!(!Envelope::is_echo(&bytes, other));
        }
    }

    #[test]
    fn whoever_has_not_the_key_is_not_heard() {
        let bytes = envelope(Said::Committed(batch())).encode(&seal()).unwrap();
        let other = Seal::new(&"another key of another installation".to_owned().into());
        assert_eq!(Envelope::decode(&bytes, &other), Err(Foreign::Seal));
        for at in 1..bytes.len() {
            let mut forged = bytes.to_vec();
            forged[at] ^= 1;
            let heard = Envelope::decode(&forged.into(), &seal());
            assert_eq!(heard, Err(Foreign::Seal), "byte {at}");
        }
    }

    #[test]
    fn other_versions_and_cut_messages_are_told_apart_from_ours() {
        let bytes = envelope(Said::Beat).encode(&seal()).unwrap();
        let mut newer = bytes.to_vec();
        newer[0] = VERSION + 1;
        let heard = Envelope::decode(&newer.into(), &seal());
        assert_eq!(heard, Err(Foreign::Version));
        assert_eq!(
            Envelope::decode(&Bytes::new(), &seal()),
            Err(Foreign::Version)
        );
        assert_eq!(
            Envelope::decode(&bytes.slice(..9), &seal()),
            Err(Foreign::Seal)
        );
        let mut unknown = vec![VERSION; 34];
        seal().close(&mut unknown);
        let heard = Envelope::decode(&unknown.into(), &seal());
        assert!(matches!(heard, Err(Foreign::Malformed(_))), "{heard:?}");
    }

    #[test]
    fn what_is_too_large_to_be_carried_is_only_named() {
        let mut large = batch();
        large.updates = vec![Bytes::from(vec![0; MESSAGE_BYTES_MAX])];
        let bytes = envelope(Said::Committed(large)).encode(&seal()).unwrap();
        let moved = Said::Moved {
            epoch: Epoch(1),
            head: Seq(301),
        };
        assert_eq!(Envelope::decode(&bytes, &seal()).unwrap().said, moved);
    }
}
