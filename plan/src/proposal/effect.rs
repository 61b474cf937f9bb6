//! What follows from a change of a plan: findings, totals and dates, before and after.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::dates::moved_dates;
use super::totals::moved_totals;
use crate::content::Content;
use crate::finding::{Finding, find};
use crate::view::{Gates, PlanView};

/// What follows from accepting changes.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ProposalEffect"))]
pub struct Effect {
    /// What is wrong now and is not then, by rule and key.
    pub cleared: Vec<Finding>,
    /// What is wrong then and is not now.
    pub caused: Vec<Finding>,
    /// Totals of the budget that change, by name and currency.
    pub totals: Vec<TotalMoved>,
    /// Days and times that change of things that are there before and after, 500 of them at most.
    pub dates: Vec<DateMoved>,
    /// How many more of these there are.
    pub dates_left_out: u32,
}

/// A total of the budget that changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TotalMoved {
    /// Which: `expense planned`, `income planned`, `expense approved`, `expense committed` or `expense actual`.
    pub name: String,
    /// ISO 4217.
    pub cur: String,
    /// Before, in minor units.
    pub before: i64,
    /// After, in minor units.
    pub after: i64,
}

/// A day or a time that changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DateMoved {
    /// Where it is: as an operation's path, and further into a record.
    pub path: Vec<String>,
    /// What it belongs to, for people.
    pub name: String,
    /// The day or instant before, if there was one.
    pub before: Option<String>,
    /// The day or instant after, if there is one.
    pub after: Option<String>,
}

/// What follows from the difference between two contents.
pub(super) fn effect(before: &Content, after: &Content, gates: &Gates) -> Effect {
    let (old, new) = (find(before, gates), find(after, gates));
    let keys = |findings: &[Finding]| -> BTreeSet<String> {
        findings.iter().map(|it| it.key.clone()).collect()
    };
    let (old_keys, new_keys) = (keys(&old), keys(&new));
    let views = (PlanView::new(before), PlanView::new(after));
    let (dates, dates_left_out) = moved_dates(&views.0, &views.1);
    Effect {
        cleared: without(old, &new_keys),
        caused: without(new, &old_keys),
        totals: moved_totals(&views.0, &views.1),
        dates,
        dates_left_out,
    }
}

fn without(findings: Vec<Finding>, keys: &BTreeSet<String>) -> Vec<Finding> {
    let others = findings.into_iter().filter(|it| !keys.contains(&it.key));
    others.collect()
}
