//! The budget, contracts and campaigns: what costs money, and what others are told.

use jiff::civil::Date;
use serde_json::Value as Json;

use super::field;
use super::word::{CampaignState, ContractState, LineState, Per, Side};
use crate::content::Fields;
use crate::value;

/// An amount of money, borrowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amount<'a> {
    /// Whole minor units of the currency.
    pub minor: i64,
    /// ISO 4217.
    pub cur: &'a str,
}

impl<'a> Amount<'a> {
    /// Reads `{minor, cur}`.
    pub fn read(json: &'a Json) -> Option<Self> {
        Some(Self {
            minor: json.get("minor")?.as_i64()?,
            cur: field::part(json, "cur")?,
        })
    }
}

/// How often a line of the budget is paid.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quantity {
    /// What it is counted by.
    pub per: Per,
    /// How many for each.
    pub n: f64,
}

/// A line of the budget.
#[derive(Debug, Clone)]
pub struct BudgetLine<'a> {
    /// Its id.
    pub id: &'a str,
    /// What it is for.
    pub label: Option<&'a str>,
    /// Whether money goes or comes.
    pub side: Option<Side>,
    /// Its category, as `catering`.
    pub category: Option<&'a str>,
    /// The price of one.
    pub unit: Option<Amount<'a>>,
    /// How many.
    pub quantity: Option<Quantity>,
    /// What may be spent.
    pub approved: Option<Amount<'a>>,
    /// What was ordered.
    pub committed: Option<Amount<'a>>,
    /// What was paid.
    pub actual: Option<Amount<'a>>,
    /// How sure it is.
    pub state: Option<LineState>,
    /// When it is to be paid.
    pub due: Option<Date>,
    /// The contract it is paid by.
    pub contract_id: Option<&'a str>,
    /// Tax in basis points.
    pub tax_bp: Option<i64>,
}

impl<'a> BudgetLine<'a> {
    pub(super) fn read(id: &'a str, fields: &'a Fields) -> Self {
        let amount = |name| field::json(fields, name).and_then(Amount::read);
        let quantity = || {
            let qty = field::json(fields, "qty")?;
            Some(Quantity {
                per: Per::read(field::part(qty, "per")?)?,
                n: qty.get("n")?.as_f64()?,
            })
        };
        Self {
            id,
            label: field::text(fields, "label"),
            side: field::text(fields, "side").and_then(Side::read),
            category: field::text(fields, "cat"),
            unit: amount("unit"),
            quantity: quantity(),
            approved: amount("approved"),
            committed: amount("committed"),
            actual: amount("actual"),
            state: field::text(fields, "state").and_then(LineState::read),
            due: field::day(fields, "due"),
            contract_id: field::text(fields, "contract_id"),
            tax_bp: field::int(fields, "tax_bp"),
        }
    }
}

/// One payment of a contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Payment<'a> {
    /// When it is due.
    pub due: Date,
    /// How much.
    pub money: Amount<'a>,
    /// Whether it was paid.
    pub is_paid: bool,
}

/// A contract.
#[derive(Debug, Clone)]
pub struct Contract<'a> {
    fields: &'a Fields,
    /// Its id.
    pub id: &'a str,
    /// Who the other side is.
    pub party: Option<&'a str>,
    /// What it is about, as `catering`.
    pub kind: Option<&'a str>,
    /// What it is worth.
    pub value: Option<Amount<'a>>,
    /// How far it is.
    pub state: Option<ContractState>,
    /// When it should be signed.
    pub sign_by: Option<Date>,
}

impl<'a> Contract<'a> {
    pub(super) fn read(id: &'a str, fields: &'a Fields) -> Self {
        Self {
            fields,
            id,
            party: field::text(fields, "party"),
            kind: field::text(fields, "kind"),
            value: field::json(fields, "value").and_then(Amount::read),
            state: field::text(fields, "state").and_then(ContractState::read),
            sign_by: field::day(fields, "sign_by"),
        }
    }

    /// Its payments, as far as they can be read.
    pub fn payments(&self) -> impl Iterator<Item = Payment<'a>> + use<'a> {
        let items = field::items(self.fields, "payments");
        items.iter().filter_map(|item| {
            Some(Payment {
                due: value::day(field::part(item, "due")?)?,
                money: Amount::read(item.get("money")?)?,
                is_paid: item.get("paid") == Some(&Json::Bool(true)),
            })
        })
    }
}

/// Something that others are told.
#[derive(Debug, Clone)]
pub struct Campaign<'a> {
    /// Its id.
    pub id: &'a str,
    /// What it is called.
    pub title: Option<&'a str>,
    /// Where it is told, as `email`.
    pub channel: Option<&'a str>,
    /// How far it is.
    pub state: Option<CampaignState>,
}

impl<'a> Campaign<'a> {
    pub(super) fn read(id: &'a str, fields: &'a Fields) -> Self {
        Self {
            id,
            title: field::text(fields, "title"),
            channel: field::text(fields, "channel"),
            state: field::text(fields, "state").and_then(CampaignState::read),
        }
    }
}
