//! Finds the approvals that one change of a plan needs.

use std::cmp::Reverse;

use serde_json::Value as Json;

use super::super::present::Target;
use super::super::totals::planned;
use super::super::{Change, Kind};
use super::{
    Approvals, Frozen, GateNeed, RISK_GRAVE, RULES, Rule, SPEND_CAP_PERCENT, SPEND_MAJOR,
    SPEND_OVER_PERCENT, When,
};
use crate::content::{Content, Fields, Value, is_archived, value_to_json};
use crate::value::Money;
use crate::view::{Amount, LineState, PlanView, Side};

/// The approvals that `change` needs, where a plan is `before` and `after` all that is accepted with it.
/// When several rules ask for some, the answer is the strictest of them, and has as many owners as any.
pub fn needed(change: &Change, before: &Content, after: &Content) -> Option<GateNeed> {
    let target = Target::of(&change.path)?;
    let judged = Judged {
        change,
        target,
        before,
        after,
    };
    let rules = RULES.iter().filter(|rule| rule.root == target.root.name);
    let mut asked: Vec<(&Rule, Approvals)> = rules
        .filter_map(|rule| Some((rule, judged.asked(rule)?)))
        .collect();
    asked.sort_by_key(|(_, approvals)| Reverse(*approvals));
    let owner = asked.iter().map(|(_, approvals)| approvals.owner).max()?;
    let (rule, strictest) = asked.into_iter().next()?;
    let approvals = Approvals {
        needs: strictest.needs.max(owner),
        owner,
    };
    let frozen = rule.frozen.iter().map(|field| Frozen {
        path: target.root.path(target.id, &[field]),
        value: judged.value(field),
    });
    Some(GateNeed {
        kind: rule.kind,
        needs: approvals.needs,
        owner,
        role: approvals.role(),
        say: format!("{} {} needs {approvals}", rule.act, target.say(after)),
        frozen: frozen.collect(),
    })
}

/// A change, and the plan around it.
struct Judged<'a> {
    change: &'a Change,
    target: Target<'a>,
    before: &'a Content,
    after: &'a Content,
}

impl Judged<'_> {
    /// The approvals that a rule asks for.
    fn asked(&self, rule: &Rule) -> Option<Approvals> {
        let is_of = |field: &&str| self.is_of(field);
        let field = rule.fields.iter().copied().find(is_of)?;
        let (old, new) = (
            self.plain(self.before, field),
            self.plain(self.after, field),
        );
        let asks = match rule.when {
            When::Becomes(words) => {
                let is_word = |json: &Json| words.iter().any(|word| json == word);
                old != new && new.is_some_and(is_word)
            }
            When::Changes => old != new,
            When::Chosen => old != new && new.is_some(),
            When::ChangesWhile(other, word) => {
                let is = |content| self.plain(content, other).is_some_and(|json| json == word);
                let differs = |field: &&str| {
                    self.is_of(field)
                        && self.plain(self.before, field) != self.plain(self.after, field)
                };
                is(self.before) && is(self.after) && rule.fields.iter().any(differs)
            }
            When::Commits => self.commits(),
            When::AcceptsRisk => self.accepts_risk(),
        };
        let large = rule.large.filter(|(percent, _)| {
            let amount = match rule.when {
                When::Commits => self.committed(self.after),
                When::Becomes(_)
                | When::Changes
                | When::Chosen
                | When::ChangesWhile(..)
                | When::AcceptsRisk => self.amount(self.after, "value"),
            };
            amount.is_some_and(|amount| self.is_over_cap(&amount, *percent))
        });
        asks.then(|| large.map_or(rule.approvals, |(_, approvals)| approvals))
    }

    /// Whether the change is of this field; making or bringing back an entity is of all.
    fn is_of(&self, field: &str) -> bool {
        match self.change.op {
            Kind::Add | Kind::Restore => true,
            Kind::Set | Kind::Text | Kind::Link | Kind::Unlink => {
                self.target.field() == Some(field)
            }
            Kind::Archive => false,
        }
    }

    fn live<'a>(&self, content: &'a Content) -> Option<&'a Fields> {
        let fields = content.entity(self.target.root.name, self.target.id);
        fields.filter(|fields| !is_archived(fields))
    }

    fn plain<'a>(&self, content: &'a Content, field: &str) -> Option<&'a Json> {
        self.live(content)?.get(field).and_then(Value::plain)
    }

    /// What a field is after the change.
    fn value(&self, field: &str) -> Json {
        let value = self.live(self.after).and_then(|fields| fields.get(field));
        value.map_or(Json::Null, |value| {
            value_to_json(self.target.root, field, value)
        })
    }

    fn amount(&self, content: &Content, field: &str) -> Option<Money> {
        let amount = Amount::read(self.plain(content, field)?)?;
        Some(owned(amount))
    }

    /// Whether an amount is over so much of the budget's cap. What cannot be compared is.
    fn is_over_cap(&self, amount: &Money, percent: i64) -> bool {
        let cap = |content| PlanView::new(content).brief().budget_cap.map(owned);
        // A proposal must not make room for itself.
        let cap = cap(self.before).or_else(|| cap(self.after));
        cap.is_some_and(|cap| is_over(amount, &cap, percent))
    }

    /// What a line of the budget commits: what was ordered, or all that is planned once its state says so.
    fn committed(&self, content: &Content) -> Option<Money> {
        let view = PlanView::new(content);
        let line = view.budget().find(|line| line.id == self.target.id)?;
        if line.side == Some(Side::Income) {
            return None;
        }
        let is_committed = matches!(line.state, Some(LineState::Committed | LineState::Paid));
        let by_state = || {
            let planned = || planned(&view, &line).map(|(minor, cur)| Money { minor, cur });
            line.actual.map(owned).or_else(planned)
        };
        let by_state = is_committed.then(by_state).flatten();
        line.committed.map(owned).or(by_state)
    }

    fn commits(&self) -> bool {
        let Some(now) = self.committed(self.after) else {
            return false;
        };
        let is_more = self
            .committed(self.before)
            .is_none_or(|was| was.cur != now.cur || was.minor < now.minor);
        let exponent = Money::exponent(&now.cur).unwrap_or(0);
        let free = SPEND_MAJOR.saturating_mul(10_i64.saturating_pow(exponent));
        let is_over_approved = self
            .amount(self.after, "approved")
            .is_some_and(|approved| is_over(&now, &approved, 100 + SPEND_OVER_PERCENT));
        is_more
            && (now.minor > free || self.is_over_cap(&now, SPEND_CAP_PERCENT) || is_over_approved)
    }

    fn accepts_risk(&self) -> bool {
        let is_grave = |content: &Content| {
            let grade = |residual, plain| {
                let grade = |field| self.plain(content, field).and_then(Json::as_i64);
                // As long as nobody says what is left of it, all is.
                grade(residual).or_else(|| grade(plain)).unwrap_or(0)
            };
            let is_accepted = self
                .plain(content, "state")
                .is_some_and(|it| it == "accepted");
            is_accepted && grade("rl", "l").saturating_mul(grade("ri", "i")) >= RISK_GRAVE
        };
        is_grave(self.after) && !is_grave(self.before)
    }
}

fn owned(amount: Amount<'_>) -> Money {
    Money {
        minor: amount.minor,
        cur: amount.cur.to_owned(),
    }
}

/// Whether an amount is over so many percent of another. In another currency it is taken to be.
fn is_over(amount: &Money, of: &Money, percent: i64) -> bool {
    let scaled = |minor: i64, by: i64| i128::from(minor) * i128::from(by);
    amount.cur != of.cur || scaled(amount.minor, 100) > scaled(of.minor, percent)
}
