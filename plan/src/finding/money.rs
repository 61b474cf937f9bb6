//! Amounts that cannot be added up.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::{Finding, Found, Severity};
use crate::schema::{Field, Kind, ROOTS};
use crate::view::{Amount, PlanView};

/// `money.currency` (I): an amount is in another currency than the event's, so that totals leave it out.
pub(super) fn currency(view: &PlanView<'_>, found: &mut Found) {
    let Some(own) = view.meta().currency else {
        return;
    };
    for root in ROOTS {
        let fields: Vec<&Field> = root.fields.iter().filter(|it| bears(&it.kind)).collect();
        if fields.is_empty() {
            continue;
        }
        for (id, entity) in view.live(root.name) {
            for field in &fields {
                let mut others = BTreeSet::new();
                if let Some(json) = entity.get(field.name).and_then(|value| value.plain()) {
                    currencies(&field.kind, json, &mut others);
                }
                others.remove(own);
                if others.is_empty() {
                    continue;
                }
                found.add(|| {
                    let others: Vec<&str> = others.into_iter().collect();
                    let say = format!(
                        "{} of the {} \"{}\" is in {}, the event in {own}",
                        field.name,
                        root.noun,
                        view.name(root.name, id),
                        others.join(", ")
                    );
                    let ids = [root.name, id, field.name];
                    Finding::new(Severity::Info, &ids, say).at(root.name, id, field.name)
                });
            }
        }
    }
}

/// Whether money is in such a field.
fn bears(kind: &Kind) -> bool {
    if let Kind::Record(fields) | Kind::List(fields) = kind {
        fields.iter().any(|field| bears(&field.kind))
    } else {
        *kind == Kind::Money
    }
}

/// The currencies of all money in a value.
fn currencies<'a>(kind: &Kind, json: &'a Json, into: &mut BTreeSet<&'a str>) {
    if let Kind::Record(fields) = kind {
        for field in fields.iter().filter(|field| bears(&field.kind)) {
            if let Some(json) = json.get(field.name) {
                currencies(&field.kind, json, into);
            }
        }
    } else if let Kind::List(fields) = kind {
        for item in json.as_array().into_iter().flatten() {
            currencies(&Kind::Record(fields), item, into);
        }
    } else if *kind == Kind::Money {
        into.extend(Amount::read(json).map(|amount| amount.cur));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::sample::{NOTHING, keys};
    use super::*;

    #[test]
    fn no_money_of_the_schema_is_in_a_shared_map() {
        for field in ROOTS.iter().flat_map(|root| root.fields) {
            if let Kind::Refs(_, inner) | Kind::Tags(inner) = field.kind {
                assert!(!bears(inner), "{}", field.name);
            }
        }
    }

    #[test]
    fn another_currency_is_mentioned_wherever_money_is() {
        let dollars = json!({"minor": 5, "cur": "USD"});
        let cases = [
            ("/brief/budget_cap", dollars.clone(), "brief||budget_cap"),
            (
                "/contracts/co_1/payments",
                json!([{"due": "2027-01-01", "money": dollars}]),
                "contracts|co_1|payments",
            ),
            (
                "/venues/ve_1/quote",
                json!({"items": [{"label": "Hall", "money": dollars}]}),
                "venues|ve_1|quote",
            ),
        ];
        for (pointer, value, key) in cases {
            assert_eq!(keys(&[(pointer, value)]), [format!("money.currency|{key}")]);
        }
        let euros = json!([{"due": "2027-01-01", "money": {"minor": 5, "cur": "EUR"}}]);
        assert_eq!(keys(&[("/contracts/co_1/payments", euros)]), NOTHING);
    }
}
