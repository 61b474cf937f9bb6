//! Derives the changes of a draft from how it differs from what it was made of.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};

use super::present::{Target, has_entities};
use super::{CHANGES_BYTES_MAX, CHANGES_MAX, Change, Kind, trial};
use crate::content::{
    Content, Fields, Value, fields_from_json, is_archived, json_bytes, value_from_json,
};
use crate::diff::{Difference, What, diff};
use crate::op::Op;
use crate::schema::Root;
use crate::value::normal;
use crate::view::Reference;

/// Reports of what is wrong with one draft at most.
const UNSOUND_MAX: usize = 100;

/// Something in a draft that no change can be made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "UnsoundChange"))]
pub struct Unsound {
    /// Where it is; empty for the draft as a whole.
    pub path: Vec<String>,
    /// What is wrong and what to do, in a sentence.
    pub say: String,
}

/// The changes that make `draft` of `base`: by root in the schema's order, then by id, field and member.
/// What a draft took out altogether is put away. Fails with everything that is wrong, up to 100 of it.
pub fn changes(base: &Content, draft: &Content) -> Result<Vec<Change>, Vec<Unsound>> {
    let differences = diff(base, draft);
    // Some differences are of no meaning, and some need two to be told.
    if differences.len() > 2 * CHANGES_MAX {
        return Err(vec![too_many(differences.len())]);
    }
    let mut changes = Vec::new();
    let mut unsound = strays(base, draft);
    for difference in &differences {
        match change(difference, base) {
            Ok(change) => changes.extend(change),
            Err(wrong) => unsound.push(wrong),
        }
    }
    if changes.len() > CHANGES_MAX {
        return Err(vec![too_many(changes.len())]);
    }
    let bytes = |change: &Change| json_bytes(&change.before) + json_bytes(&change.after);
    if changes.iter().map(bytes).sum::<usize>() > CHANGES_BYTES_MAX {
        let say = format!(
            "what these changes replace and make is over {CHANGES_BYTES_MAX} bytes; propose it in parts"
        );
        return Err(vec![whole(say)]);
    }
    for (change, no) in changes.iter_mut().zip(1..) {
        change.no = no;
    }
    unsound.extend(refused(base, &changes));
    if !unsound.is_empty() {
        unsound.truncate(UNSOUND_MAX);
        return Err(unsound);
    }
    depend(&mut changes);
    Ok(changes)
}

/// The changes that operations make of `base`.
pub fn changes_of_ops(base: &Content, ops: &[Op]) -> Result<Vec<Change>, Vec<Unsound>> {
    let (draft, _) = base.after(ops).map_err(|refused| {
        let path = ops.get(refused.number).map(Op::path);
        vec![Unsound {
            path: path.unwrap_or_default().to_vec(),
            say: refused.to_string(),
        }]
    })?;
    changes(base, &draft)
}

fn whole(say: String) -> Unsound {
    Unsound {
        path: Vec::new(),
        say,
    }
}

fn too_many(number: usize) -> Unsound {
    whole(format!(
        "these are {number} changes, and a proposal has {CHANGES_MAX} at most; propose them in parts"
    ))
}

/// What stands where an entity should, and did not before.
fn strays(base: &Content, draft: &Content) -> Vec<Unsound> {
    let known: BTreeSet<&(String, String)> = base.strays.iter().collect();
    let strays = draft.strays.iter().filter(|stray| !known.contains(stray));
    let stray = |(root, key): &(String, String)| Unsound {
        path: vec![root.clone(), key.clone()],
        say: format!("{root}/{key} is no shared map; take it out, and add an entity instead"),
    };
    strays.map(stray).collect()
}

/// The change of one difference; none of one without a meaning.
fn change(difference: &Difference, base: &Content) -> Result<Option<Change>, Unsound> {
    let Some(root) = Root::of(difference.root()) else {
        return Ok(None);
    };
    let path = |within: &[&str]| root.path(&difference.id, within);
    let null = |json: &Option<Json>| json.clone().unwrap_or(Json::Null);
    let (op, path, before, after) = match &difference.what {
        What::Made { fields } => {
            let fields = filled(root, &difference.id, fields)?;
            (Kind::Add, path(&[]), Json::Null, fields)
        }
        What::Gone { .. } => {
            let was = base.entity(root.name, &difference.id);
            let was_archived = was.is_some_and(is_archived);
            (Kind::Archive, path(&[]), json!(was_archived), json!(true))
        }
        What::Archived => (Kind::Archive, path(&[]), json!(false), json!(true)),
        What::Restored => (Kind::Restore, path(&[]), json!(true), json!(false)),
        What::Set { field, after, .. } if field == "archived" && has_entities(root) => {
            return archived(path(&[field]), after.as_ref());
        }
        What::Set {
            field,
            before,
            after,
        } => (Kind::Set, path(&[field]), null(before), null(after)),
        What::Text {
            field,
            before,
            after,
        } => (Kind::Text, path(&[field]), json!(before), json!(after)),
        What::Linked { field, key, after } => {
            let path = member(path(&[field, key]), after)?;
            (Kind::Link, path, Json::Null, after.clone())
        }
        What::Relinked {
            field,
            key,
            before,
            after,
        } => {
            let path = member(path(&[field, key]), after)?;
            (Kind::Link, path, before.clone(), after.clone())
        }
        What::Unlinked { field, key, before } => (
            Kind::Unlink,
            path(&[field, key]),
            before.clone(),
            Json::Null,
        ),
        What::Retyped { field, .. } => {
            return Err(Unsound {
                path: path(&[field]),
                say: retyped(root, field),
            });
        }
    };
    let (before, after) = (normal(before), normal(after));
    Ok((before != after).then_some(Change {
        no: 0,
        op,
        path,
        before,
        after,
        depends_on: Vec::new(),
    }))
}

/// The path of a member with this value, which no operation makes `null`.
fn member(path: Vec<String>, value: &Json) -> Result<Vec<String>, Unsound> {
    if !value.is_null() {
        return Ok(path);
    }
    let say = "a member of a shared map cannot be null; give it a value, or take it out".to_owned();
    Err(Unsound { path, say })
}

/// The fields of an entity that is made, with those that every entity has.
fn filled(root: &Root, id: &str, fields: &Map<String, Json>) -> Result<Json, Unsound> {
    let mut fields = fields.clone();
    fields.retain(|_, json| !json.is_null());
    let named = fields.entry("id").or_insert_with(|| json!(id));
    if named != id {
        return Err(Unsound {
            path: root.path(id, &["id"]),
            say: format!("its id is {named}, but it is kept under {id}; give it that id"),
        });
    }
    fields.entry("archived").or_insert(json!(false));
    Ok(Json::Object(fields))
}

/// Whether something is put away is told by what becomes of it; this is about other values.
fn archived(path: Vec<String>, after: Option<&Json>) -> Result<Option<Change>, Unsound> {
    if after.is_none_or(Json::is_boolean) {
        return Ok(None);
    }
    Err(Unsound {
        path,
        say: "archived must be true or false; archive or restore it".to_owned(),
    })
}

fn retyped(root: &Root, field: &str) -> String {
    if field == "id" {
        return "an id stays as it is; add another entity instead".to_owned();
    }
    let kind = root.field(field).map(|field| field.kind);
    let wanted = match kind {
        Some(crate::schema::Kind::Text) => "a shared text",
        Some(kind) if kind.is_set() => "a shared map",
        Some(_) => "a plain value",
        None => "of the type it was",
    };
    format!("{field} must be {wanted}; take back what was made of it, and write in what was there")
}

/// What the schema, or a limit, refuses of the changes.
fn refused(base: &Content, changes: &[Change]) -> Vec<Unsound> {
    let ops = |change: &Change| {
        vec![
            change
                .performed(change.before.clone())
                .without_expectation(),
        ]
    };
    let groups: Vec<Vec<Op>> = changes.iter().map(ops).collect();
    let refused = trial::perform(base, groups, UNSOUND_MAX).refused;
    let unsound = |(number, say): (usize, String)| {
        let path = changes.get(number).map(|change| change.path.clone());
        Unsound {
            path: path.unwrap_or_default(),
            say,
        }
    };
    refused.into_iter().map(unsound).collect()
}

/// Fills in what each change depends on.
fn depend(changes: &mut [Change]) {
    let mut brought: BTreeMap<(String, String), u32> = BTreeMap::new();
    for change in changes.iter() {
        if let (Kind::Add | Kind::Restore, Some(target)) = (change.op, Target::of(&change.path)) {
            brought.insert(
                (target.root.name.to_owned(), target.id.to_owned()),
                change.no,
            );
        }
    }
    for change in changes {
        let mut needs = BTreeSet::new();
        if let Some(target) = Target::of(&change.path) {
            let own = (target.root.name.to_owned(), target.id.to_owned());
            needs.extend(brought.get(&own));
            for to in references(change, &target) {
                needs.extend(brought.get(&to));
            }
        }
        needs.remove(&change.no);
        change.depends_on = needs.into_iter().collect();
    }
}

/// The entities that the value which a change makes refers to: root and id.
pub(super) fn references(change: &Change, target: &Target<'_>) -> Vec<(String, String)> {
    let fields: Fields = match (change.op, &change.after, target.field()) {
        (Kind::Add, Json::Object(fields), _) => fields_from_json(target.root, fields),
        (Kind::Set, json, Some(field)) => {
            let value = value_from_json(target.root, field, json);
            [(field.to_owned(), value)].into()
        }
        (Kind::Link, json, Some(field)) => {
            let member = target.member().unwrap_or_default().to_owned();
            let members = Value::Map([(member, json.clone())].into());
            [(field.to_owned(), members)].into()
        }
        (
            Kind::Add
            | Kind::Set
            | Kind::Link
            | Kind::Unlink
            | Kind::Text
            | Kind::Archive
            | Kind::Restore,
            _,
            _,
        ) => return Vec::new(),
    };
    let references = Reference::of_entity(target.root, target.id, &fields);
    references
        .iter()
        .map(|it| (it.to_root.to_owned(), it.to_id.to_owned()))
        .collect()
}
