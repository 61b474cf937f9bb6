//! Claims of a plan that nobody approved: any editor can write them, only a gate makes them count.

use serde_json::{Value as Json, json};

use super::{Finding, Found, Severity};
use crate::content::{Fields, ONE};
use crate::op::Op;
use crate::schema::Root;
use crate::view::{CampaignState, ContractState, PlanView};

/// A value that needs an approved gate.
struct Claim<'a> {
    root: &'static str,
    id: &'a str,
    field: &'static str,
    value: Json,
    /// What is claimed, for people.
    say: String,
    /// The value that claims nothing.
    without: Json,
}

/// `gate.missing` (B): a claim has no approved gate, or has one about other values than those of now.
pub(super) fn missing(view: &PlanView<'_>, found: &mut Found) {
    for claim in claims(view) {
        let entity = (claim.root, claim.id);
        let is_approved = view.gates().has(entity, claim.field, &claim.value);
        let fields = view.entity(claim.root, claim.id);
        let drifted =
            fields.map_or_else(Vec::new, |now: &Fields| view.gates().drifted(entity, now));
        if is_approved && drifted.is_empty() {
            continue;
        }
        found.add(|| finding(&claim, &drifted));
    }
}

fn claims<'a>(view: &PlanView<'a>) -> Vec<Claim<'a>> {
    let signed = view.contracts().filter_map(|contract| {
        (contract.state == Some(ContractState::Signed)).then(|| Claim {
            root: "contracts",
            id: contract.id,
            field: "state",
            value: json!(ContractState::Signed.word()),
            say: format!(
                "The contract with {} is signed",
                contract.party.unwrap_or(contract.id)
            ),
            without: json!(ContractState::Review.word()),
        })
    });
    let sent = view.campaigns().filter_map(|campaign| {
        (campaign.state == Some(CampaignState::Sent)).then(|| Claim {
            root: "campaigns",
            id: campaign.id,
            field: "state",
            value: json!(CampaignState::Sent.word()),
            say: format!(
                "The campaign \"{}\" is sent",
                campaign.title.unwrap_or(campaign.id)
            ),
            without: json!(CampaignState::Ready.word()),
        })
    });
    let venue = view.meta().venue_id.map(|venue_id| Claim {
        root: "meta",
        id: ONE,
        field: "venue_id",
        value: json!(venue_id),
        say: format!("{} is the venue", view.name("venues", venue_id)),
        without: Json::Null,
    });
    signed.chain(sent).chain(venue).collect()
}

fn finding(claim: &Claim<'_>, drifted: &[&str]) -> Finding {
    let why = if drifted.is_empty() {
        "nobody approved that".to_owned()
    } else {
        format!("{} changed since that was approved", drifted.join(", "))
    };
    let say = format!("{}, but {why}", claim.say);
    let ids = [claim.root, claim.id, claim.field];
    let finding = Finding::new(Severity::Block, &ids, say)
        .at(claim.root, claim.id, claim.field)
        .fix("Request approval", Vec::new());
    let Some(root) = Root::of(claim.root) else {
        return finding;
    };
    let op = Op::Set {
        path: root.path(claim.id, &[claim.field]),
        from: Some(claim.value.clone()),
        to: claim.without.clone(),
    };
    finding.fix("Take the claim back", vec![op])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::sample::with;
    use crate::finding::find;
    use crate::view::Gates;

    #[test]
    fn a_claim_counts_only_with_a_gate_of_the_same_values() {
        let cases = [
            (
                "/contracts/co_1/state",
                json!("signed"),
                ("contracts", "co_1"),
                "state",
            ),
            (
                "/campaigns/ca_1/state",
                json!("sent"),
                ("campaigns", "ca_1"),
                "state",
            ),
            ("/meta/venue_id", json!("ve_1"), ("meta", ""), "venue_id"),
        ];
        for (pointer, value, (root, id), field) in cases {
            let content = with(&[(pointer, value.clone())]);
            let found = find(&content, &Gates::none());
            assert_eq!(found.len(), 1);
            assert_eq!(found[0].key, format!("gate.missing|{root}|{id}|{field}"));
            assert_eq!(found[0].fixes[0].say, "Request approval");
            let mut back = content.clone();
            back.apply(&found[0].fixes[1].ops).unwrap();
            assert_eq!(find(&back, &Gates::none()), []);
            let mut gates = Gates::none();
            gates.approve((root, "other"), field, value.clone());
            assert_eq!(find(&content, &gates).len(), 1);
            gates.approve((root, id), field, value);
            assert_eq!(find(&content, &gates), []);
        }
    }

    #[test]
    fn a_gate_is_void_when_what_it_froze_changes() {
        let content = |minor: i64| {
            with(&[
                ("/contracts/co_1/state", json!("signed")),
                (
                    "/contracts/co_1/value",
                    json!({"minor": minor, "cur": "EUR"}),
                ),
            ])
        };
        let mut gates = Gates::none();
        gates.approve(("contracts", "co_1"), "state", json!("signed"));
        gates.approve(
            ("contracts", "co_1"),
            "value",
            json!({"minor": 1_800_000, "cur": "EUR"}),
        );
        assert_eq!(find(&content(1_800_000), &gates), []);
        let found = find(&content(1_900_000), &gates);
        assert_eq!(
            found[0].say,
            "The contract with Hall is signed, but value changed since that was approved"
        );
    }
}
