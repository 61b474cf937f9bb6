//! The demo plan itself: a real conference, with what a planner would have beside it.
//!
//! `ATTRIBUTION.md` says whose the data is, what is invented, and what is wrong with the plan on purpose.
//! Ids are readable and the same in every demo plan: they are ids within one plan.

/// What the plan is called in lists.
pub(super) const NAME: &str = "Rails World 2025 (demo)";

/// The plan as `plan.json`, in its canonical layout.
pub(super) const JSON: &str = include_str!("rails-world-2025.json");

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use convene_plan::content::Content;
    use convene_plan::finding::{RULES, find};
    use convene_plan::format::plan_json::{self, Layout};
    use convene_plan::format::{Import, merge};
    use convene_plan::schema::ROOTS;
    use convene_plan::schema::check::check_entity;
    use convene_plan::view::{Gates, PlanView};
    use serde_json::Value;

    use super::*;

    /// What is wrong on purpose, as `ATTRIBUTION.md` lists it.
    const FINDINGS: [&str; 12] = [
        "ref.missing|tasks|ta_captions|ref|co_captions_2024",
        "ref.archived|sessions|se_lightning_talks|people|sp_stand_in_emcee",
        "agenda.room_overlap|se_active_record_8_resilient|se_lightning_talks",
        "agenda.person_overlap|sp_yara_alder|se_podcast|se_ruby_rails_a_chat",
        "agenda.room_change|sp_hana_birch|se_coming_soon_offline_mode|se_office_hours",
        "agenda.out_of_range|se_pre_registration",
        "agenda.no_person|se_passkeys_have_problems_but",
        "dup.person|sp_zeno_alder|sp_zeno_alder_2",
        "gate.missing|campaigns|ca_save_the_date|state",
        "gate.missing|contracts|co_venue|state",
        "gate.missing|meta||venue_id",
        "money.currency|budget|bu_streaming|unit",
    ];

    fn demo() -> Import {
        plan_json::read(JSON.as_bytes()).unwrap()
    }

    fn keys(content: &Content) -> Vec<String> {
        let found = find(content, &Gates::none());
        found.into_iter().map(|finding| finding.key).collect()
    }

    #[test]
    fn the_demo_plan_fits_the_schema_and_is_in_its_canonical_layout() {
        let demo = demo();
        assert_eq!(demo.report, convene_plan::format::Report::default());
        assert_eq!(plan_json::write(&demo.content, Layout::Pretty), JSON);
        for root in ROOTS {
            assert!(
                demo.content.entities(root.name).next().is_some(),
                "{}",
                root.name
            );
            for (id, fields) in demo.content.entities(root.name) {
                assert_eq!(check_entity(root, fields), [], "{id}");
                let own = fields.get("id").and_then(|value| value.plain()?.as_str());
                assert!(root.prefix().is_none() || own == Some(id), "{id}");
            }
        }
    }

    #[test]
    fn what_is_wrong_with_the_demo_plan_is_what_is_meant_to_be() {
        let content = demo().content;
        assert_eq!(keys(&content), FINDINGS);
        // Every rule has something to show, but for those about values that do not fit.
        let shown: BTreeSet<&str> = FINDINGS
            .iter()
            .filter_map(|it| it.split('|').next())
            .collect();
        let rules = RULES.iter().map(|rule| rule.name);
        let rules: BTreeSet<&str> = rules.filter(|name| !name.starts_with("schema.")).collect();
        assert_eq!(shown, rules);
        let attribution = include_str!("ATTRIBUTION.md");
        for key in FINDINGS {
            assert!(
                attribution.contains(&format!("`{}`", key.replace('|', "\\|"))),
                "{key}"
            );
        }
    }

    #[test]
    fn every_reference_leads_somewhere_but_the_two_that_are_meant_not_to() {
        let content = demo().content;
        let view = PlanView::new(&content);
        let lost: Vec<(&str, &str)> = view
            .references()
            .iter()
            .filter(|it| {
                content
                    .live(it.to_root)
                    .iter()
                    .all(|(id, _)| *id != it.to_id)
            })
            .map(|it| (it.id, it.to_id))
            .collect();
        let expected = [
            ("se_lightning_talks", "sp_stand_in_emcee"),
            ("ta_captions", "co_captions_2024"),
        ];
        assert_eq!(lost, expected);
        // Prerequisites of campaigns are references that the schema does not know as such.
        for (id, fields) in content.entities("campaigns") {
            let needs = fields
                .get("needs")
                .and_then(|value| value.plain()?.as_array());
            for need in needs.into_iter().flatten() {
                let part = |key: &str| need.get(key).and_then(Value::as_str).unwrap();
                let there = content.field(part("root"), part("id"), part("field"));
                assert!(there.is_some(), "{id}: {need}");
            }
        }
    }

    #[test]
    fn an_empty_plan_has_the_whole_demo_after_the_import() {
        let (demo, mut content) = (demo(), Content::default());
        let mut no_new_id = |prefix: &str| panic!("{prefix} has an id that is not taken");
        let ops = merge::ops(&content, &demo, &mut no_new_id);
        content.apply(&ops).unwrap();
        assert_eq!(content, demo.content);
        assert_eq!(merge::ops(&content, &demo, &mut no_new_id), []);
    }

    #[test]
    fn the_programme_is_the_published_one() {
        let content = demo().content;
        let count = |root: &str, field: &str, value: &str| {
            let is = |it: &Value| it.as_str() == Some(value);
            let live = content.live(root).into_iter();
            live.filter(|(_, fields)| fields.get(field).and_then(|it| it.plain()).is_some_and(is))
                .count()
        };
        let [keynotes, talks, panels] =
            ["keynote", "talk", "panel"].map(|kind| count("sessions", "kind", kind));
        assert_eq!((keynotes, talks, panels), (3, 20, 1));
        assert_eq!(content.live("sponsors").len(), 40);
        let tiers = ["ti_platinum", "ti_gold", "ti_silver", "ti_members"];
        assert_eq!(
            tiers.map(|tier| count("sponsors", "tier_id", tier)),
            [1, 5, 10, 24]
        );
    }
}
