//! Totals of the budget: derived anew from the plan, since a line for each attendee costs what attendance says.

use std::collections::{BTreeMap, BTreeSet};

use super::effect::TotalMoved;
use crate::view::{Amount, BudgetLine, Per, PlanView, Side, SpeakerStatus};

/// What the lines of a budget come to, by name and currency, in minor units.
type Totals = BTreeMap<(&'static str, String), i64>;

/// The totals that are different.
pub(super) fn moved_totals(before: &PlanView<'_>, after: &PlanView<'_>) -> Vec<TotalMoved> {
    let (old, new) = (totals(before), totals(after));
    let names: BTreeSet<_> = old.keys().chain(new.keys()).collect();
    let moved = |name: &(&'static str, String)| {
        let of = |totals: &Totals| totals.get(name).copied().unwrap_or(0);
        let (before, after) = (of(&old), of(&new));
        (before != after).then(|| TotalMoved {
            name: name.0.to_owned(),
            cur: name.1.clone(),
            before,
            after,
        })
    };
    names.into_iter().filter_map(moved).collect()
}

fn totals(view: &PlanView<'_>) -> Totals {
    let mut totals = Totals::new();
    for line in view.budget() {
        let planned = planned(view, &line);
        let mut sums = vec![];
        if line.side == Some(Side::Income) {
            sums.push(("income planned", planned));
        } else {
            let amount =
                |amount: Option<Amount<'_>>| amount.map(|it| (it.minor, it.cur.to_owned()));
            sums.push(("expense planned", planned));
            sums.push(("expense approved", amount(line.approved)));
            sums.push(("expense committed", amount(line.committed)));
            sums.push(("expense actual", amount(line.actual)));
        }
        let currencies: BTreeSet<&String> = sums
            .iter()
            .filter_map(|(_, money)| Some(&money.as_ref()?.1))
            .collect();
        // A line in several currencies is in no total, as everywhere else.
        if currencies.len() > 1 {
            continue;
        }
        for (name, money) in sums {
            if let Some((minor, cur)) = money {
                let total = totals.entry((name, cur)).or_default();
                *total = total.saturating_add(minor);
            }
        }
    }
    totals
}

/// What a line comes to as it is planned: minor units and currency. None without a price, or when it is
/// counted by something that the plan does not count.
pub(super) fn planned(view: &PlanView<'_>, line: &BudgetLine<'_>) -> Option<(i64, String)> {
    let unit = line.unit?;
    let (per, n) = line.quantity.map_or((Per::Fixed, 1.0), |it| (it.per, it.n));
    let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    let times = match per {
        Per::Fixed => 1,
        Per::Attendee => view.brief().attendance?.expected,
        Per::Speaker => {
            let confirmed = |it: &&_| is_confirmed(it);
            count(view.speakers().values().filter(confirmed).count())
        }
        Per::Day => {
            let (start, end) = view.meta().dates?;
            i64::from(start.until(end).ok()?.get_days()) + 1
        }
        Per::Room => count(view.rooms().len()),
        Per::Track => count(view.tracks().count()),
        Per::Staff => return None,
    };
    Some((rounded(unit.minor, n, times), unit.cur.to_owned()))
}

fn is_confirmed(speaker: &crate::view::Speaker<'_>) -> bool {
    speaker.status == Some(SpeakerStatus::Confirmed)
}

/// Half a minor unit is rounded up, as pages do.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "amounts are below what floats count exactly, and larger ones stay large"
)]
fn rounded(minor: i64, n: f64, times: i64) -> i64 {
    (minor as f64 * n * times as f64 + 0.5).floor() as i64
}
