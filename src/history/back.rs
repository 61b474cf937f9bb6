//! Works out how something from before comes back: a state, or what a change undid.

use convene_plan::content::Content;
use convene_plan::diff::{Difference, What, diff};
use convene_plan::op::{Op, Why};

/// What is to be done, and what is left alone.
#[derive(Debug, Default)]
pub struct Way {
    /// The operations, with what they expect to find; none when there is nothing to do.
    pub ops: Vec<Op>,
    /// How many differences they are for.
    pub changes: u64,
    /// What stays as it is: where, and why.
    pub kept: Vec<(Vec<String>, String)>,
}

/// The part of a plan that is brought back.
#[derive(Debug, Clone, Default)]
pub struct Part {
    /// Only this root.
    pub root: Option<String>,
    /// Only this entity.
    pub id: Option<String>,
    /// Only this field.
    pub field: Option<String>,
}

impl Part {
    /// Whether a difference is in it.
    pub fn holds(&self, difference: &Difference) -> bool {
        let fits = |wanted: &Option<String>, is: &str| wanted.as_deref().is_none_or(|it| it == is);
        fits(&self.root, difference.root())
            && fits(&self.id, &difference.id)
            && self
                .field
                .as_deref()
                .is_none_or(|field| field_of(&difference.what) == Some(field))
    }
}

/// The field that a difference is about, if it is about one.
pub fn field_of(what: &What) -> Option<&str> {
    match what {
        What::Made { .. } | What::Gone { .. } => None,
        What::Archived | What::Restored => Some("archived"),
        What::Set { field, .. }
        | What::Text { field, .. }
        | What::Linked { field, .. }
        | What::Relinked { field, .. }
        | What::Unlinked { field, .. }
        | What::Retyped { field, .. } => Some(field),
    }
}

/// Makes of `present` what `then` was, in one part of it.
pub fn to_state(present: &Content, then: &Content, part: &Part) -> Way {
    let mut differences = diff(present, then);
    differences.retain(|it| part.holds(it));
    let steps = differences.iter().map(|it| (it, it.ops()));
    Way::through(present, steps.collect())
}

/// Takes back what led from `before` to `after`, wherever `present` still has it.
pub fn undo(present: &Content, (before, after): (&Content, &Content)) -> Way {
    let differences = diff(before, after);
    let (mut steps, mut edited) = (Vec::new(), Vec::new());
    for difference in differences.iter().rev() {
        let (root, id) = (difference.root(), difference.id.as_str());
        let is_made = matches!(difference.what, What::Made { .. });
        if is_made && present.entity(root, id) != after.entity(root, id) {
            edited.push(difference);
        } else {
            steps.push((difference, difference.inverse()));
        }
    }
    let mut way = Way::through(present, steps);
    for difference in edited {
        way.keep(difference, "it has been edited since");
    }
    way
}

impl Way {
    /// Goes as many of these steps as can be gone.
    fn through(present: &Content, steps: Vec<(&Difference, Vec<Op>)>) -> Self {
        let mut way = Self::default();
        let all: Vec<Op> = steps
            .iter()
            .flat_map(|(_, ops)| ops.iter().cloned())
            .collect();
        let is_plain = steps.iter().all(|(_, ops)| !ops.is_empty());
        // Nearly always, and much less work than one by one.
        if is_plain && let Ok((after, _)) = present.after(&all) {
            let differs = |(difference, _): &&(&Difference, Vec<Op>)| {
                let (root, id) = (difference.root(), difference.id.as_str());
                present.entity(root, id) != after.entity(root, id)
            };
            way.changes = u64::try_from(steps.iter().filter(differs).count()).unwrap_or(u64::MAX);
            if way.changes > 0 {
                way.ops = all;
            }
            return way;
        }
        let mut now = present.clone();
        for (difference, ops) in steps {
            if ops.is_empty() {
                way.keep(difference, "it is of another type; change it in an editor");
                continue;
            }
            match now.after(&ops) {
                Ok((next, edits)) => {
                    now = next;
                    // It may be so already.
                    if !edits.is_empty() {
                        way.changes += 1;
                        way.ops.extend(ops);
                    }
                }
                Err(refused) => match refused.why {
                    Why::Drifted { present, .. } => {
                        way.keep(
                            difference,
                            &format!("it has been changed since, to {present}"),
                        );
                    }
                    Why::Missing(say) | Why::Unsound(say) => way.keep(difference, &say),
                },
            }
        }
        way
    }

    fn keep(&mut self, difference: &Difference, say: &str) {
        let parts = [
            Some(difference.root()),
            Some(difference.id.as_str()),
            field_of(&difference.what),
        ];
        let path = parts.into_iter().flatten().filter(|part| !part.is_empty());
        self.kept
            .push((path.map(str::to_owned).collect(), say.to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn content(json: &serde_json::Value) -> Content {
        Content::from_json(json).unwrap().0
    }

    fn apply(content: &Content, way: &Way) -> Content {
        content.after(&way.ops).unwrap().0
    }

    #[test]
    fn a_change_is_undone_where_nobody_changed_the_same_since() {
        let before = content(&json!({"speakers": {"sp_1": {"name": "Ada", "org": "A"}}}));
        let after = content(&json!({"speakers": {
            "sp_1": {"name": "Ada L.", "org": "B"},
            "sp_2": {"name": "Ben"},
            "sp_3": {"name": "Eve"},
        }}));
        let present = content(&json!({"speakers": {
            "sp_1": {"name": "Ada L.", "org": "C", "kind": "keynote"},
            "sp_2": {"name": "Ben"},
            "sp_3": {"name": "Eva"},
        }}));
        let way = undo(&present, (&before, &after));
        let kept: Vec<Vec<String>> = way.kept.iter().map(|(path, _)| path.clone()).collect();
        assert_eq!(
            kept,
            [vec!["speakers", "sp_1", "org"], vec!["speakers", "sp_3"]]
        );
        assert_eq!(way.changes, 2);
        let expected = content(&json!({"speakers": {
            "sp_1": {"name": "Ada", "org": "C", "kind": "keynote"},
            "sp_2": {"name": "Ben", "archived": true},
            "sp_3": {"name": "Eva"},
        }}));
        assert_eq!(diff(&apply(&present, &way), &expected), []);
        // Undone twice is undone once.
        let again = undo(&apply(&present, &way), (&before, &after));
        assert_eq!((again.changes, again.kept.len()), (0, 4));
    }

    #[test]
    fn what_would_not_be_taken_today_stays_and_the_rest_comes_back() {
        let then = content(
            &json!({"speakers": {"sp_1": {"name": "Ada", "status": "a word of an editor"}}}),
        );
        let present = content(&json!({"speakers": {"sp_1": {"name": "Eve", "status": "idea"}}}));
        let way = to_state(&present, &then, &Part::default());
        assert_eq!((way.changes, way.kept.len()), (1, 1));
        assert!(way.kept[0].1.contains("must be one of"), "{:?}", way.kept);
        let expected = content(&json!({"speakers": {"sp_1": {"name": "Ada", "status": "idea"}}}));
        assert_eq!(diff(&apply(&present, &way), &expected), []);
    }

    #[test]
    fn a_part_comes_back_and_the_rest_stays() {
        let then = content(
            &json!({"meta": {"name": "Old"}, "speakers": {"sp_1": {"name": "Ada", "org": "A"}}}),
        );
        let present = content(
            &json!({"meta": {"name": "New"}, "speakers": {"sp_1": {"name": "Eve", "org": "B"}}}),
        );
        let part = Part {
            root: Some("speakers".to_owned()),
            id: Some("sp_1".to_owned()),
            field: Some("org".to_owned()),
        };
        let way = to_state(&present, &then, &part);
        let expected = content(
            &json!({"meta": {"name": "New"}, "speakers": {"sp_1": {"name": "Eve", "org": "A"}}}),
        );
        assert_eq!(diff(&apply(&present, &way), &expected), []);
        let all = to_state(&present, &then, &Part::default());
        assert_eq!(diff(&apply(&present, &all), &then), []);
    }
}
