//! Decides what becomes of appends, with no database: the rules of the journal in one place.
//!
//! `journal_batch.rs` reads what is [`Known`] with the plans' rows taken, asks [`settle`], and writes
//! what follows; so every rule holds on both engines, and for a model of the journal in tests.

use std::collections::{BTreeMap, HashMap};

use super::journal::{Append, AppendRefused, Committed, Epoch, NewRow, Seq};
use crate::ids::{AppendId, PlanId, ProposalId, UserId};

/// Client ids are below this: JavaScript's largest safe integer plus one.
const CLIENT_ID_END: u64 = 1 << 53;

/// What becomes of one append.
pub type Answer = Result<Committed, AppendRefused>;

/// What the database knows about a batch, with the plans' rows taken.
#[derive(Debug, Default)]
pub struct Known {
    /// Epoch and head of each plan that is there.
    pub plans: HashMap<PlanId, (Epoch, i64)>,
    /// The appends that were committed before.
    pub committed: HashMap<AppendId, Committed>,
    /// Whose the client ids are that the batch mentions.
    pub owners: HashMap<(PlanId, i64), UserId>,
    /// The version of each proposal that something happens to.
    pub proposals: HashMap<ProposalId, i64>,
}

/// One row with its place.
#[derive(Debug)]
pub struct PlacedRow<'a> {
    /// The append it came with.
    pub append: &'a Append,
    /// Its position in the plan's journal.
    pub seq: i64,
    /// The row.
    pub row: &'a NewRow,
}

/// What becomes of a batch.
#[derive(Debug, Default)]
pub struct Settled<'a> {
    /// One per append, in order.
    pub answers: Vec<Answer>,
    /// What is to be written.
    pub rows: Vec<PlacedRow<'a>>,
    /// New owners of client ids.
    pub owners: Vec<(PlanId, i64, UserId)>,
    /// New heads.
    pub heads: BTreeMap<PlanId, i64>,
}

/// Decides what becomes of each append, in order, as if each were a transaction of its own; `known`
/// knows it afterwards.
pub fn settle<'a>(batch: &'a [Append], known: &mut Known) -> Settled<'a> {
    let mut settled = Settled::default();
    for append in batch {
        let answer = settle_one(append, known, &mut settled);
        settled.answers.push(answer);
    }
    settled
}

fn settle_one<'a>(append: &'a Append, known: &mut Known, settled: &mut Settled<'a>) -> Answer {
    if let Some(committed) = known.committed.get(&append.id) {
        return Ok(*committed);
    }
    let (epoch, head) = known
        .plans
        .get_mut(&append.plan)
        .ok_or(AppendRefused::PlanGone)?;
    if *epoch != append.epoch {
        return Err(AppendRefused::StaleEpoch);
    }
    for along in append.rows.iter().filter_map(|row| row.along.as_deref()) {
        if known.proposals.get(&along.proposal) != Some(&along.version) {
            return Err(AppendRefused::ProposalMoved);
        }
    }
    let mut new_owners: HashMap<i64, UserId> = HashMap::new();
    for &(client, user) in &append.bindings {
        let refused = AppendRefused::ClientIdTaken(client);
        let id = client_key(client).ok_or(refused)?;
        let owner = known.owners.get(&(append.plan, id));
        match owner.or_else(|| new_owners.get(&id)) {
            Some(owner) if *owner != user => return Err(refused),
            Some(_) => {}
            None => {
                new_owners.insert(id, user);
            }
        }
    }
    for (client, user) in new_owners {
        known.owners.insert((append.plan, client), user);
        settled.owners.push((append.plan, client, user));
    }
    for along in append.rows.iter().filter_map(|row| row.along.as_deref()) {
        known.proposals.remove(&along.proposal);
    }
    let first = Seq(head.saturating_add(1));
    for row in &append.rows {
        *head = head.saturating_add(1);
        let seq = *head;
        settled.rows.push(PlacedRow { append, seq, row });
    }
    if !append.rows.is_empty() {
        settled.heads.insert(append.plan, *head);
    }
    let committed = Committed {
        first,
        last: Seq(*head),
    };
    known.committed.insert(append.id, committed);
    Ok(committed)
}

/// The client id as the databases keep it; none for what no honest client has.
pub(super) fn client_key(client: u64) -> Option<i64> {
    i64::try_from(client)
        .ok()
        .filter(|_| client < CLIENT_ID_END)
}
