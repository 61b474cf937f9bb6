//! The database: what survives every crash.
//!
//! What becomes of an append is decided by the server's own `storage/settlement.rs`. The snapshot
//! fence mirrors the statement in `storage/snapshots.rs`, a load `storage/journal.rs`, and a new
//! epoch `Storage::begin_epoch`.

use std::collections::BTreeSet;

use bytes::Bytes;
use convene::auth::access::Role;
use convene::clock::Timestamp;
use convene::document::epoch_start;
use convene::ids::{AppendId, PlanId, ProposalId, UserId};
use convene::storage::audit::{Act, Verb};
use convene::storage::journal::{Append, Epoch, Origin, Row, Seq, StoredPlan};
use convene::storage::plans::PlanHead;
use convene::storage::proposals::deciding::{Along, Outcome};
use convene::storage::settlement::{Answer, Known, settle};
use serde_json::json;
use yrs::Doc;

use crate::oracle::{Promise, Truth, Violation, violation};
use crate::sabotage::Sabotage;

/// A snapshot on its way into the database.
#[derive(Debug, Clone)]
pub(crate) struct SnapshotWrite {
    pub(crate) epoch: Epoch,
    pub(crate) seq: Seq,
    pub(crate) bytes: Bytes,
}

/// Which snapshot a load starts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum From {
    NewestSnapshot,
    FirstRow,
}

/// The tables of one plan.
#[derive(Debug)]
pub(crate) struct Journal {
    plan: PlanId,
    known: Known,
    rows: Vec<Row>,
    appends: BTreeSet<AppendId>,
    snapshot: Option<(Seq, Bytes)>,
    /// Roles by the number of the user.
    pub(crate) roles: Vec<Option<Role>>,
    access_version: i64,
    pub(crate) truth: Truth,
    sabotage: Sabotage,
    /// The one proposal there is.
    proposal: ProposalId,
    /// The states of it about which somebody has decided.
    decided: BTreeSet<i64>,
}

impl Journal {
    pub(crate) fn new(plan: PlanId, roles: Vec<Option<Role>>, sabotage: Sabotage) -> Self {
        let mut known = Known::default();
        known.plans.insert(plan, (Epoch(1), 0));
        let proposal = ProposalId::from_uuid(plan.as_uuid());
        known.proposals.insert(proposal, 1);
        Self {
            plan,
            known,
            rows: Vec::new(),
            appends: BTreeSet::new(),
            snapshot: None,
            roles,
            access_version: 1,
            truth: Truth::new(),
            sabotage,
            proposal,
            decided: BTreeSet::new(),
        }
    }

    /// What happens with a row in which somebody decides about the proposal as it is now. Mirrors
    /// `Desk::decide`.
    pub(crate) fn decision(&self, by: UserId) -> Along {
        Along {
            plan: self.plan,
            proposal: self.proposal,
            version: self
                .known
                .proposals
                .get(&self.proposal)
                .copied()
                .unwrap_or_default(),
            what: Outcome::Withdrawn {
                reason: String::new(),
            },
            act: Act {
                actor: Some(by),
                verb: Verb::ProposalDecided,
                detail: json!({}),
            },
        }
    }

    fn epoch(&self) -> Option<(Epoch, i64)> {
        self.known.plans.get(&self.plan).copied()
    }

    pub(crate) fn head(&self) -> Seq {
        Seq(self.rows.len().try_into().unwrap())
    }

    pub(crate) fn is_deleted(&self) -> bool {
        self.epoch().is_none()
    }

    /// One transaction: settles `batch` and keeps its rows.
    pub(crate) fn append(&mut self, batch: &[Append]) -> (Vec<Answer>, Option<Violation>) {
        let unbound: Vec<Append>;
        let batch = if self.sabotage == Sabotage::ReusedClientId {
            let strip = |append: &Append| Append {
                bindings: Vec::new(),
                ..append.clone()
            };
            unbound = batch.iter().map(strip).collect();
            &unbound
        } else {
            batch
        };
        if self.sabotage == Sabotage::ForgottenAppends {
            self.known.committed.clear();
        }
        let version = self
            .known
            .proposals
            .get(&self.proposal)
            .copied()
            .unwrap_or_default();
        if self.sabotage == Sabotage::StaleDecision {
            let decisions = batch.iter().flat_map(|append| &append.rows);
            for along in decisions.filter_map(|row| row.along.as_deref()) {
                self.known.proposals.insert(along.proposal, along.version);
            }
        }
        let settled = settle(batch, &mut self.known);
        // Mirrors `write_along!`.
        let is_decided = settled.rows.iter().any(|placed| placed.row.along.is_some());
        let version = version + i64::from(is_decided);
        self.known.proposals.insert(self.proposal, version);
        let mut broken = None;
        let mut written: BTreeSet<AppendId> = BTreeSet::new();
        for placed in &settled.rows {
            let seq = Seq(placed.seq);
            if seq.0 != i64::try_from(self.rows.len()).unwrap() + 1 {
                broken = Some(violation(Promise::JournalHasNoHoles, format!("{seq:?}")));
            }
            if self.appends.contains(&placed.append.id) {
                let seen = format!("{:?} became rows twice", placed.append.id);
                broken = Some(violation(Promise::AppendedOnce, seen));
            }
            written.insert(placed.append.id);
            let row = &placed.row;
            if let Some(along) = &row.along
                && !self.decided.insert(along.version)
            {
                let seen = format!("somebody decided twice about state {}", along.version);
                broken = Some(violation(Promise::DecidedOnce, seen));
            }
            broken = self.truth.commit(&row.update, row.author).or(broken);
            self.rows.push(Row {
                seq,
                epoch: placed.append.epoch,
                update: row.update.clone(),
                author: row.author,
                origin: row.origin,
                at: row.at,
            });
        }
        self.appends.extend(written);
        (settled.answers, broken)
    }

    /// Everything a room starts from, read at one moment; none when the plan is deleted.
    pub(crate) fn load(&self, from: From) -> Option<StoredPlan> {
        let (epoch, head) = self.epoch()?;
        let snapshot = self
            .snapshot
            .clone()
            .filter(|_| from == From::NewestSnapshot);
        let start = snapshot.as_ref().map_or(Seq(0), |(seq, _)| *seq);
        let after = usize::try_from(start.0).unwrap();
        let owners = self.known.owners.iter();
        Some(StoredPlan {
            epoch,
            head: Seq(head),
            access_version: self.access_version,
            snapshot,
            rows: self.rows[after..].to_vec(),
            bindings: owners
                .map(|((_, id), user)| (u64::try_from(*id).unwrap(), *user))
                .collect(),
        })
    }

    /// What the rows up to `seq` make.
    pub(crate) fn document_at(&self, seq: Seq) -> Doc {
        let mut truth = Truth::new();
        for row in self.rows.iter().take_while(|row| row.seq <= seq) {
            truth.commit(&row.update, row.author);
        }
        truth.doc
    }

    /// At most `limit` rows after `after`. Mirrors `Storage::rows_after`.
    pub(crate) fn rows_after(&self, after: Seq, limit: u32) -> Vec<Row> {
        let after = usize::try_from(after.0).unwrap();
        let rows = self.rows.iter().skip(after);
        rows.take(usize::try_from(limit).unwrap())
            .cloned()
            .collect()
    }

    /// Where the plan stands; none when it is deleted. Mirrors `Storage::heads`.
    pub(crate) fn plan_head(&self) -> Option<PlanHead> {
        let (epoch, head) = self.epoch()?;
        Some(PlanHead {
            plan: self.plan,
            epoch,
            head: Seq(head),
            access_version: self.access_version,
            snapshot_seq: self.snapshot.as_ref().map_or(Seq(0), |(seq, _)| *seq),
            proposals: 0,
        })
    }

    /// Changes a member's role. Mirrors `storage/members.rs`.
    pub(crate) fn set_role(&mut self, user: usize, role: Option<Role>) {
        self.roles[user] = role;
        self.access_version += 1;
    }

    /// Keeps a snapshot if it is newer. False when an equal or newer one is there, the epoch has
    /// moved, or the plan is gone.
    pub(crate) fn write_snapshot(&mut self, write: &SnapshotWrite) -> (bool, Option<Violation>) {
        let newest = self.snapshot.as_ref().map_or(Seq(0), |(seq, _)| *seq);
        let is_newer = newest < write.seq && self.head() >= write.seq;
        let is_fenced = self.epoch().is_none_or(|(epoch, _)| epoch != write.epoch) || !is_newer;
        if is_fenced && self.sabotage != Sabotage::NoSnapshotFence {
            return (false, None);
        }
        self.snapshot = Some((write.seq, write.bytes.clone()));
        let broken = (write.seq < newest).then(|| {
            let seen = format!("{:?} took the place of {newest:?}", write.seq);
            violation(Promise::SnapshotOnlyForward, seen)
        });
        (true, broken)
    }

    /// Makes the stored snapshot one that cannot be read. False when there is none.
    pub(crate) fn spoil_snapshot(&mut self) -> bool {
        let spoilt = self.snapshot.as_mut();
        spoilt
            .map(|(_, bytes)| *bytes = Bytes::from_static(&[0xff]))
            .is_some()
    }

    /// Begins a new epoch with its marker as the first row. False when the plan is deleted.
    pub(crate) fn begin_epoch(&mut self, append: AppendId, at: Timestamp) -> bool {
        let Some((epoch, head)) = self.epoch() else {
            return false;
        };
        let (epoch, head) = (Epoch(epoch.0 + 1), head + 1);
        self.known.plans.insert(self.plan, (epoch, head));
        self.appends.insert(append);
        let update = epoch_start(self.plan, epoch.0);
        self.truth.commit(&update, None);
        self.rows.push(Row {
            seq: Seq(head),
            epoch,
            update,
            author: None,
            origin: Origin::Epoch,
            at,
        });
        true
    }

    /// Binds a client id for another node. False when it is bound.
    pub(crate) fn bind(&mut self, client: u64, user: UserId) -> bool {
        let key = (self.plan, i64::try_from(client).unwrap());
        let is_free = !self.known.owners.contains_key(&key);
        if is_free {
            self.known.owners.insert(key, user);
        }
        is_free
    }

    pub(crate) fn delete(&mut self) {
        self.known.plans.remove(&self.plan);
    }

    /// What a snapshot at `seq` has too little or too much, beside its rows.
    pub(crate) fn snapshot_differs(&self, write: &SnapshotWrite) -> Option<String> {
        if write.seq == self.head() {
            return self.truth.differs(&write.bytes);
        }
        let mut then = Truth::new();
        for row in self.rows.iter().take_while(|row| row.seq <= write.seq) {
            then.commit(&row.update, row.author);
        }
        then.differs(&write.bytes)
    }
}
