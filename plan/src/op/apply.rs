//! Judges operations on a reading of the plan, and says which edits a document needs for them.

use serde_json::{Map, Value as Json, json};

use super::text::splices;
use super::{Change, Edit, Op, Refused, Why};
use crate::content;
use crate::content::{Content, Fields, ONE, Value, fields_from_json, fields_to_json};
use crate::rank::{self, between};
use crate::schema::check::check_field;
use crate::schema::{
    ENTITIES_MAX, ENTITY_BYTES_MAX, Field, Kind, Problem, Root, Shape, TEXT_CHARS_MAX,
};
use crate::value::normal;

/// Characters of an id beside its prefix.
const ID_CHARS_MAX: usize = 64;

impl Content {
    /// Performs `ops` in order, all or none. Answers what a document that says the same must do.
    pub fn apply(&mut self, ops: &[Op]) -> Result<Vec<Edit>, Refused> {
        let (after, edits) = self.after(ops)?;
        *self = after;
        Ok(edits)
    }

    /// What it is after `ops`, and what a document that says the same must do for that.
    pub fn after(&self, ops: &[Op]) -> Result<(Self, Vec<Edit>), Refused> {
        let mut after = self.clone();
        let mut edits = Vec::new();
        for (number, op) in ops.iter().enumerate() {
            let edit = after.perform(op).map_err(|why| Refused { number, why })?;
            if let Some(edit) = edit {
                let before = after.bytes_of(&edit);
                after.take(&edit);
                let bytes = after.bytes_of(&edit);
                // One that clients have made larger can still shrink.
                if bytes > ENTITY_BYTES_MAX.max(before) {
                    let why = too_large(&edit);
                    return Err(Refused { number, why });
                }
                edits.push(edit);
            }
        }
        Ok((after, edits))
    }

    fn bytes_of(&self, edit: &Edit) -> usize {
        let fields = self.entity(&edit.root, &edit.id);
        fields.map_or(0, |fields| fields.values().map(Value::bytes).sum())
    }

    /// The edit for one operation; none when everything is as it should be already.
    fn perform(&self, op: &Op) -> Result<Option<Edit>, Why> {
        let (root, id, rest) = place(op.path())?;
        let change = match (op, rest) {
            (Op::Add { fields, .. }, []) => self.add(root, id, fields)?,
            (Op::Archive { .. }, []) => self.archive(root, id, &Json::Bool(true))?,
            (Op::Restore { .. }, []) => self.archive(root, id, &Json::Bool(false))?,
            (Op::Set { from, to, .. }, [field]) => {
                let present = self.present(root, id)?;
                set(root, field, present.get(field), (from.as_ref(), to))?
            }
            (Op::Text { from, to, .. }, [field]) => {
                let present = self.present(root, id)?;
                write(root, field, present.get(field), (from.as_deref(), to))?
            }
            (Op::Link { from, to, .. }, [field, key]) => {
                let present = self.present(root, id)?;
                link(
                    root,
                    (field, key),
                    present.get(field),
                    (from.as_ref(), Some(to)),
                )?
            }
            (Op::Unlink { from, .. }, [field, key]) => {
                let present = self.present(root, id)?;
                link(
                    root,
                    (field, key),
                    present.get(field),
                    (from.as_ref(), None),
                )?
            }
            _ => return Err(Why::Unsound("the path is too short or too long".to_owned())),
        };
        Ok(change.map(|change| Edit {
            root: root.name.to_owned(),
            id: id.to_owned(),
            change,
        }))
    }

    fn present(&self, root: &Root, id: &str) -> Result<&Fields, Why> {
        static NOTHING: Fields = Fields::new();
        match root.shape {
            Shape::One | Shape::Counts => Ok(self.entity(root.name, id).unwrap_or(&NOTHING)),
            Shape::Many { .. } => self
                .entity(root.name, id)
                .ok_or_else(|| Why::Missing(format!("there is no {} with the id {id}", root.noun))),
        }
    }

    fn add(
        &self,
        root: &Root,
        id: &str,
        fields: &Map<String, Json>,
    ) -> Result<Option<Change>, Why> {
        let prefix = root.prefix().ok_or_else(|| {
            Why::Unsound(format!(
                "{} holds one thing, to which nothing is added",
                root.name
            ))
        })?;
        let tail = id.strip_prefix(prefix).and_then(|it| it.strip_prefix('_'));
        let is_id = tail.is_some_and(|tail| {
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
            (1..=ID_CHARS_MAX).contains(&tail.len()) && tail.bytes().all(is_plain)
        });
        if !is_id {
            return Err(Why::Unsound(format!(
                "the id of a {} is {prefix}_ and 1 to {ID_CHARS_MAX} letters, digits, - and _",
                root.noun
            )));
        }
        if let Some(rank) = fields.get("rank") {
            sound_rank(rank)?;
        }
        let mut made = match normal(Json::Object(fields.clone())) {
            Json::Object(fields) => fields_from_json(root, &fields),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_) => {
                Fields::new()
            }
        };
        sound(
            made.iter()
                .flat_map(|(name, value)| check_field(root, name, value)),
        )?;
        made.insert("id".to_owned(), Value::Plain(json!(id)));
        made.entry("archived".to_owned())
            .or_insert(Value::Plain(json!(false)));
        if let Some(present) = self.entity(root.name, id) {
            let has = |(name, value): (&String, &Value)| present.get(name) == Some(value);
            return if made.iter().all(has) {
                Ok(None)
            } else {
                Err(Why::Drifted {
                    expected: Json::Null,
                    present: fields_to_json(root, present),
                })
            };
        }
        if self.entities(root.name).count() >= ENTITIES_MAX {
            return Err(Why::Unsound(format!(
                "{} holds {ENTITIES_MAX} at most",
                root.name
            )));
        }
        let last = self
            .entities(root.name)
            .map(|(_, fields)| content::rank(fields))
            .max();
        made.entry("rank".to_owned())
            .or_insert_with(|| Value::Plain(json!(between(last, None))));
        // Two who made one later, at once, would each make their own, and one would be lost with its content.
        for field in root.fields {
            let empty = if field.kind == Kind::Text {
                Value::Text(String::new())
            } else if field.kind.is_set() {
                Value::Map(std::collections::BTreeMap::new())
            } else {
                continue;
            };
            made.entry(field.name.to_owned()).or_insert(empty);
        }
        Ok(Some(Change::Made(made)))
    }

    fn archive(&self, root: &Root, id: &str, to: &Json) -> Result<Option<Change>, Why> {
        if root.prefix().is_none() {
            return Err(Why::Unsound(format!("{} cannot be archived", root.name)));
        }
        let present = self
            .present(root, id)?
            .get("archived")
            .and_then(Value::plain);
        Ok((present != Some(to)).then(|| Change::Set("archived".to_owned(), to.clone())))
    }

    /// Does to this reading what a document does.
    fn take(&mut self, edit: &Edit) {
        let fields = self.entity_mut(&edit.root, &edit.id);
        match &edit.change {
            Change::Made(made) => *fields = made.clone(),
            Change::Set(field, json) => {
                fields.insert(field.clone(), Value::Plain(json.clone()));
            }
            Change::Unset(field) => {
                fields.remove(field);
            }
            Change::TextMade(field, text) => {
                fields.insert(field.clone(), Value::Text(text.clone()));
            }
            Change::TextSpliced(field, splices) => {
                if let Some(Value::Text(text)) = fields.get_mut(field) {
                    *text = super::text::spliced(text, splices);
                }
            }
            Change::MemberSet(field, key, json) => {
                let members = fields
                    .entry(field.clone())
                    .or_insert_with(|| Value::Map(std::collections::BTreeMap::new()));
                if let Value::Map(members) = members {
                    members.insert(key.clone(), json.clone());
                }
            }
            Change::MemberUnset(field, key) => {
                if let Some(Value::Map(members)) = fields.get_mut(field) {
                    members.remove(key);
                }
            }
        }
    }
}

fn too_large(edit: &Edit) -> Why {
    let say = "would hold over 256 KiB; keep large texts elsewhere and link to them";
    Why::Unsound(format!("{} {say}", edit.path()))
}

/// The root, the entity's id, and what is left of a path.
pub(crate) fn place(path: &[String]) -> Result<(&'static Root, &str, &[String]), Why> {
    let unsound = |say: &str| Why::Unsound(say.to_owned());
    let (name, rest) = path
        .split_first()
        .ok_or_else(|| unsound("the path is empty"))?;
    let root = Root::of(name).ok_or_else(|| Why::Unsound(format!("there is no root {name}")))?;
    if root.prefix().is_none() {
        return Ok((root, ONE, rest));
    }
    let (id, rest) = rest
        .split_first()
        .ok_or_else(|| Why::Unsound(format!("the path names no {}", root.noun)))?;
    Ok((root, id, rest))
}

fn sound(problems: impl Iterator<Item = Problem>) -> Result<(), Why> {
    let say: Vec<String> = problems.map(|problem| problem.to_string()).collect();
    if say.is_empty() {
        Ok(())
    } else {
        Err(Why::Unsound(say.join("; ")))
    }
}

fn expects(from: Option<&Json>, present: &Json) -> Result<(), Why> {
    match from {
        Some(expected) if normal(expected.clone()) != *present => Err(Why::Drifted {
            expected: expected.clone(),
            present: present.clone(),
        }),
        Some(_) | None => Ok(()),
    }
}

fn sound_rank(rank: &Json) -> Result<(), Why> {
    if rank.as_str().is_some_and(rank::is_rank) {
        return Ok(());
    }
    let say = "rank: must be 1 to 64 digits of base 62, of which the last is not 0";
    Err(Why::Unsound(say.to_owned()))
}

fn kind_of(root: &Root, field: &str) -> Option<Kind> {
    root.field(field).map(|it: &Field| it.kind)
}

fn set(
    root: &Root,
    field: &str,
    present: Option<&Value>,
    (from, to): (Option<&Json>, &Json),
) -> Result<Option<Change>, Why> {
    // A tag of a root of counts may be called so.
    if field == "id" && root.prefix().is_some() {
        return Err(Why::Unsound("an id stays as it is".to_owned()));
    }
    let kind = kind_of(root, field);
    if matches!(present, Some(Value::Text(_) | Value::Map(_)))
        || kind.is_some_and(|kind| kind == Kind::Text || kind.is_set())
    {
        let say = format!("{field} is a shared type; use text, or link and unlink");
        return Err(Why::Unsound(say));
    }
    let plain = present.and_then(Value::plain).unwrap_or(&Json::Null);
    expects(from, plain)?;
    let to = &normal(to.clone());
    if plain == to {
        return Ok(None);
    }
    if to.is_null() {
        return Ok(present.map(|_| Change::Unset(field.to_owned())));
    }
    if field == "rank" {
        sound_rank(to)?;
    }
    sound(check_field(root, field, &Value::Plain(to.clone())).into_iter())?;
    Ok(Some(Change::Set(field.to_owned(), to.clone())))
}

fn write(
    root: &Root,
    field: &str,
    present: Option<&Value>,
    (from, to): (Option<&str>, &str),
) -> Result<Option<Change>, Why> {
    if kind_of(root, field).is_some_and(|kind| kind != Kind::Text) {
        return Err(Why::Unsound(format!("{field} is no shared text")));
    }
    let text = match present {
        None => "",
        Some(Value::Text(text)) => text,
        Some(Value::Plain(_) | Value::Map(_)) => {
            return Err(Why::Unsound(format!("{field} holds no shared text now")));
        }
    };
    if let Some(expected) = from {
        expects(Some(&json!(expected)), &json!(text))?;
    }
    if text == to {
        return Ok(None);
    }
    sound(check_text(root, field, to))?;
    Ok(match present {
        None => Some(Change::TextMade(field.to_owned(), to.to_owned())),
        Some(_) => Some(Change::TextSpliced(field.to_owned(), splices(text, to))),
    })
}

/// A text that the schema does not know is no longer than one that it does.
fn check_text(root: &Root, field: &str, to: &str) -> impl Iterator<Item = Problem> {
    let mut problems = check_field(root, field, &Value::Text(to.to_owned()));
    if kind_of(root, field).is_none() && to.chars().count() > TEXT_CHARS_MAX {
        problems.push(Problem {
            at: field.to_owned(),
            say: format!("is longer than {TEXT_CHARS_MAX} characters"),
        });
    }
    problems.into_iter()
}

fn link(
    root: &Root,
    (field, key): (&str, &str),
    present: Option<&Value>,
    (from, to): (Option<&Json>, Option<&Json>),
) -> Result<Option<Change>, Why> {
    if kind_of(root, field).is_some_and(|kind| !kind.is_set()) {
        return Err(Why::Unsound(format!("{field} is no shared map")));
    }
    let member = match present {
        None => None,
        Some(Value::Map(members)) => members.get(key),
        Some(Value::Plain(_) | Value::Text(_)) => {
            return Err(Why::Unsound(format!("{field} holds no shared map now")));
        }
    };
    expects(from, member.unwrap_or(&Json::Null))?;
    let Some(to) = &to.cloned().map(normal) else {
        return Ok(member.map(|_| Change::MemberUnset(field.to_owned(), key.to_owned())));
    };
    let one = Value::Map([(key.to_owned(), to.clone())].into());
    sound(check_field(root, field, &one).into_iter())?;
    Ok((member != Some(to))
        .then(|| Change::MemberSet(field.to_owned(), key.to_owned(), to.clone())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn op(json: Json) -> Op {
        serde_json::from_value(json).unwrap()
    }

    fn with_session() -> Content {
        let mut content = Content::default();
        let add = op(json!({
            "op": "add", "path": ["sessions", "se_A"],
            "fields": {"title": "Kafka", "kind": "talk", "state": "draft", "minutes": 30,
                "abstract": "About logs.", "people": {"sp_1": {"role": "speaker"}}},
        }));
        content.apply(&[add]).unwrap();
        content
    }

    fn refused(content: &mut Content, json: Json) -> String {
        let before = content.clone();
        let refused = content.apply(&[op(json)]).unwrap_err();
        assert_eq!(*content, before);
        refused.to_string()
    }

    #[test]
    fn an_entity_is_made_with_shared_types_and_can_be_made_again() {
        let content = with_session();
        let fields = content.entity("sessions", "se_A").unwrap();
        assert_eq!(fields["abstract"], Value::Text("About logs.".to_owned()));
        assert!(matches!(&fields["people"], Value::Map(people) if people.contains_key("sp_1")));
        assert_eq!(fields["archived"], Value::Plain(json!(false)));
        assert!(rank::is_rank(content::rank(fields)));
        let again =
            op(json!({"op": "add", "path": ["sessions", "se_A"], "fields": {"title": "Kafka"}}));
        assert_eq!(content.clone().apply(&[again]).unwrap(), []);
        let other =
            json!({"op": "add", "path": ["sessions", "se_A"], "fields": {"title": "Redis"}});
        assert!(refused(&mut content.clone(), other).contains("\"Kafka\""));
    }

    #[test]
    fn a_value_is_replaced_only_where_the_expected_one_is() {
        let mut content = with_session();
        let path = json!(["sessions", "se_A", "minutes"]);
        let set = |from: i32, to: i32| json!({"op": "set", "path": path, "from": from, "to": to});
        let edits = content.apply(&[op(set(30, 45))]).unwrap();
        assert_eq!(
            edits[0].change,
            Change::Set("minutes".to_owned(), json!(45))
        );
        let say = refused(&mut content, set(30, 60));
        assert_eq!(say, "operation 0: expects 30, but 45 is there now");
        assert!(refused(&mut content, set(45, 3)).contains("from 5 to 1440"));
        // Nothing to do is fine.
        assert_eq!(content.apply(&[op(set(45, 45))]).unwrap(), []);
        let absent =
            json!({"op": "set", "path": ["sessions", "se_A", "expected"], "from": null, "to": 60});
        content.apply(&[op(absent.clone())]).unwrap();
        assert!(refused(&mut content, absent).contains("expects null, but 60"));
    }

    #[test]
    fn all_operations_are_performed_or_none() {
        let mut content = with_session();
        let before = content.clone();
        let ops = [
            op(json!({"op": "set", "path": ["sessions", "se_A", "minutes"], "to": 45})),
            op(json!({"op": "archive", "path": ["sessions", "se_B"]})),
        ];
        let refused = content.apply(&ops).unwrap_err();
        assert_eq!(refused.number, 1);
        assert!(matches!(refused.why, Why::Missing(_)));
        assert_eq!(content, before);
    }

    #[test]
    fn texts_change_by_splices_and_members_one_by_one() {
        let mut content = with_session();
        let text = json!({"op": "text", "path": ["sessions", "se_A", "abstract"], "from": "About logs.", "to": "About big logs."});
        let edits = content.apply(&[op(text)]).unwrap();
        assert!(matches!(&edits[0].change, Change::TextSpliced(_, splices) if splices.len() == 1));
        let text = Value::Text("About big logs.".to_owned());
        assert_eq!(content.field("sessions", "se_A", "abstract"), Some(&text));
        let link = json!({"op": "link", "path": ["sessions", "se_A", "people", "sp_2"], "to": {"role": "host"}});
        content.apply(&[op(link)]).unwrap();
        let unlink = json!({"op": "unlink", "path": ["sessions", "se_A", "people", "sp_1"]});
        let edits = content.apply(&[op(unlink)]).unwrap();
        assert_eq!(
            edits[0].change,
            Change::MemberUnset("people".to_owned(), "sp_1".to_owned())
        );
    }

    #[test]
    fn what_leads_nowhere_is_refused_with_what_to_do() {
        let mut content = with_session();
        for (json, say) in [
            (
                json!({"op": "archive", "path": ["raffles", "x"]}),
                "there is no root raffles",
            ),
            (
                json!({"op": "archive", "path": ["meta"]}),
                "meta cannot be archived",
            ),
            (
                json!({"op": "add", "path": ["rooms", "x"], "fields": {}}),
                "the id of a room is ro_",
            ),
            (
                json!({"op": "set", "path": ["sessions", "se_A", "abstract"], "to": "x"}),
                "use text",
            ),
            (
                json!({"op": "text", "path": ["sessions", "se_A", "title"], "to": "x"}),
                "no shared text",
            ),
            (
                json!({"op": "set", "path": ["sessions", "se_A"], "to": "x"}),
                "too short or too long",
            ),
            (
                json!({"op": "set", "path": ["sessions", "se_A", "id"], "to": "se_B"}),
                "an id stays",
            ),
            (
                json!({"op": "set", "path": ["sessions", "se_A", "rank"], "to": "a0"}),
                "base 62",
            ),
        ] {
            assert!(refused(&mut content, json.clone()).contains(say), "{json}");
        }
    }

    #[test]
    fn a_count_may_have_any_tag() {
        let mut content = Content::default();
        let set = json!({"op": "set", "path": ["needs", "id"], "from": null, "to": 3});
        content.apply(&[op(set)]).unwrap();
        assert_eq!(content.to_json(), json!({"needs": {"id": 3}}));
    }

    #[test]
    fn what_clients_made_too_large_can_still_shrink() {
        let mut content = with_session();
        let text = Value::Plain(json!("x".repeat(400_000)));
        content
            .entity_mut("sessions", "se_A")
            .insert("extra".to_owned(), text);
        let set = |to: Json| json!({"op": "set", "path": ["sessions", "se_A", "extra"], "to": to});
        assert!(refused(&mut content, set(json!("x".repeat(400_001)))).contains("over 256 KiB"));
        content
            .apply(&[op(set(json!("x".repeat(300_000))))])
            .unwrap();
    }

    #[test]
    fn an_entity_has_a_size_and_a_root_a_number_at_most() {
        let mut content = with_session();
        let extra =
            json!({"op": "set", "path": ["sessions", "se_A", "extra"], "to": "x".repeat(300_000)});
        assert!(refused(&mut content, extra).contains("sessions/se_A would hold over 256 KiB"));
        for number in 0..ENTITIES_MAX {
            content.entity_mut("tracks", &format!("tr_{number}"));
        }
        let add = json!({"op": "add", "path": ["tracks", "tr_x"], "fields": {}});
        assert!(refused(&mut content, add).contains("tracks holds 5000 at most"));
    }

    #[test]
    fn things_are_archived_and_come_back() {
        let mut content = with_session();
        let (archive, restore) = (
            op(json!({"op": "archive", "path": ["sessions", "se_A"]})),
            op(json!({"op": "restore", "path": ["sessions", "se_A"]})),
        );
        content.apply(&[archive.clone(), archive]).unwrap();
        assert!(content.live("sessions").is_empty());
        content.apply(&[restore]).unwrap();
        assert_eq!(content.live("sessions").len(), 1);
    }
}
