//! `entity.*`: the things in a plan, read and changed without a replica of it.

mod listing;

use std::collections::BTreeMap;

use convene_plan::content::{Content, Fields, ONE, Value, fields_to_json};
use convene_plan::op::{Op, between};
use convene_plan::schema::{Kind, Root, Shape};
use convene_protocol::control::entity::{
    Add, Archive, Entities, Entity, Get, List, Restore, Update,
};
use convene_protocol::error_code::ErrorCode;
use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use ulid::Ulid;

use super::{Caller, Desk, For, Method};
use crate::clock::Clock;
use crate::error::Failure;
use crate::ids::{RequestId, UserId};
use crate::storage::journal::Origin;

impl Method for List {
    const FOR: For = For::Everybody;

    async fn run(self, desk: &Desk, caller: &Caller) -> Result<Entities, Failure> {
        let grant = desk.grant(caller, &self.plan).await?;
        let content = desk.read_plan(grant.plan()).await?;
        desk.apart(move || listing::page(&content, &self)).await?
    }
}

impl Method for Get {
    const FOR: For = For::Everybody;

    async fn run(self, desk: &Desk, caller: &Caller) -> Result<Entity, Failure> {
        let grant = desk.grant(caller, &self.plan).await?;
        let place = Place::of(&self.root, self.id.as_deref())?;
        let content = desk.read_plan(grant.plan()).await?;
        place.read(&content)
    }
}

impl Method for Add {
    async fn run(self, desk: &Desk, caller: &Caller) -> Result<Entity, Failure> {
        let root = root(&self.root)?;
        let prefix = root.prefix().ok_or_else(|| holds_one(root))?;
        let id = self.id.unwrap_or_else(|| match &self.idempotency_key {
            // A repeat of a request whose answer was lost makes the same thing.
            Some(key) => keyed_id(caller.principal.user, key, prefix),
            None => new_id(&desk.clock, prefix),
        });
        let place = Place { root, id };
        let add = Op::Add {
            path: place.path(),
            fields: self.fields,
        };
        desk.change(caller, &self.plan, (place, vec![add])).await
    }
}

impl Method for Update {
    async fn run(self, desk: &Desk, caller: &Caller) -> Result<Entity, Failure> {
        let place = Place::of(&self.root, self.id.as_deref())?;
        let (root, path) = (place.root, place.path());
        let grant = desk.grant(caller, &self.plan).await?;
        let content = desk.read_plan(grant.plan()).await?;
        let present = place.fields(&content)?;
        let mut ops = Vec::new();
        for (field, expected) in self.expect {
            let at = (field.as_str(), present.get(&field));
            ops.push(expectation(root, &path, at, expected)?);
        }
        for (field, to) in &self.set {
            ops.extend(field_ops(root, &path, (field, present.get(field)), to)?);
        }
        let content = desk
            .edit_plan(&grant, ops, (Origin::Control, None))
            .await?
            .content;
        place.read(&content)
    }
}

impl Method for Archive {
    async fn run(self, desk: &Desk, caller: &Caller) -> Result<Entity, Failure> {
        let place = Place::of(&self.root, Some(&self.id))?;
        let path = place.path();
        desk.change(caller, &self.plan, (place, vec![Op::Archive { path }]))
            .await
    }
}

impl Method for Restore {
    async fn run(self, desk: &Desk, caller: &Caller) -> Result<Entity, Failure> {
        let place = Place::of(&self.root, Some(&self.id))?;
        let path = place.path();
        desk.change(caller, &self.plan, (place, vec![Op::Restore { path }]))
            .await
    }
}

impl Desk {
    /// Changes one thing, and answers what it holds then.
    async fn change(
        &self,
        caller: &Caller,
        plan: &str,
        (place, ops): (Place, Vec<Op>),
    ) -> Result<Entity, Failure> {
        let grant = self.grant(caller, plan).await?;
        let content = self
            .edit_plan(&grant, ops, (Origin::Control, None))
            .await?
            .content;
        place.read(&content)
    }
}

/// An id that nobody has made up before: a ULID behind the root's prefix.
pub(super) fn new_id(clock: &Clock, prefix: &str) -> String {
    let number = RequestId::generate(clock).as_uuid();
    format!("{prefix}_{}", Ulid::from_bytes(number.into_bytes()))
}

/// The id that a request of `user` with this key makes up, whenever it comes.
fn keyed_id(user: UserId, key: &str, prefix: &str) -> String {
    let mut digest = Sha256::new();
    digest.update(user.as_uuid().as_bytes());
    digest.update(key.as_bytes());
    let mut number = [0; 16];
    for (byte, from) in number.iter_mut().zip(digest.finalize()) {
        *byte = from;
    }
    format!("{prefix}_{}", Ulid::from_bytes(number))
}

/// Where a thing is.
struct Place {
    root: &'static Root,
    /// [`ONE`] where the root holds one thing.
    id: String,
}

impl Place {
    fn of(name: &str, id: Option<&str>) -> Result<Self, Failure> {
        let root = root(name)?;
        let id = match (root.shape, id) {
            (Shape::Many { .. }, Some(id)) if !id.is_empty() => id,
            (Shape::One | Shape::Counts, None | Some(ONE)) => ONE,
            (Shape::Many { .. }, _) => {
                return Err(Failure::new(
                    ErrorCode::Invalid,
                    format!("id: say which {} is meant", root.noun),
                ));
            }
            (Shape::One | Shape::Counts, Some(_)) => return Err(holds_one(root)),
        };
        Ok(Self {
            root,
            id: id.to_owned(),
        })
    }

    fn path(&self) -> Vec<String> {
        self.root.path(&self.id, &[])
    }

    fn fields<'a>(&self, content: &'a Content) -> Result<&'a Fields, Failure> {
        static NOTHING: Fields = Fields::new();
        match content.entity(self.root.name, &self.id) {
            Some(fields) => Ok(fields),
            None if self.id == ONE => Ok(&NOTHING),
            None => Err(Failure::new(
                ErrorCode::NotFound,
                format!("there is no {} with the id {}", self.root.noun, self.id),
            )),
        }
    }

    fn read(&self, content: &Content) -> Result<Entity, Failure> {
        let entity = to_json(self.root, &self.id, self.fields(content)?);
        Ok(Entity { entity })
    }
}

/// A thing as JSON, with its id also where a client has not written it into the thing.
fn to_json(root: &Root, id: &str, fields: &Fields) -> Json {
    let mut json = fields_to_json(root, fields);
    if let (Json::Object(entity), true) = (&mut json, id != ONE) {
        entity.insert("id".to_owned(), id.into());
    }
    json
}

pub(super) fn root(name: &str) -> Result<&'static Root, Failure> {
    Root::of(name).ok_or_else(|| {
        let names: Vec<&str> = convene_plan::schema::ROOTS
            .iter()
            .map(|it| it.name)
            .collect();
        let say = format!("root: there is no {name}; there are {}", names.join(", "));
        Failure::new(ErrorCode::Invalid, say)
    })
}

fn holds_one(root: &Root) -> Failure {
    let say = format!("{} holds one thing, which has no id", root.name);
    Failure::new(ErrorCode::Invalid, say)
}

/// An operation that changes nothing, and fails when something else is there than expected.
fn expectation(
    root: &Root,
    path: &[String],
    (field, present): (&str, Option<&Value>),
    expected: Json,
) -> Result<Op, Failure> {
    let kind = root.field(field).map(|it| it.kind);
    let path = path.iter().cloned().chain([field.to_owned()]).collect();
    let is_text = match present {
        Some(Value::Text(_)) => true,
        Some(Value::Plain(_) | Value::Map(_)) => false,
        None => kind == Some(Kind::Text),
    };
    if matches!(present, Some(Value::Map(_))) || kind.is_some_and(|kind| kind.is_set()) {
        let say = format!("expect.{field}: members of a shared map are expected by plan.edit");
        return Err(Failure::new(ErrorCode::Invalid, say));
    }
    // What is expected is also what it is to be: nothing changes, or nothing is done.
    if !is_text {
        return Ok(Op::Set {
            path,
            from: Some(expected.clone()),
            to: expected,
        });
    }
    let Json::String(expected) = expected else {
        let say = format!("expect.{field}: must be a text");
        return Err(Failure::new(ErrorCode::Invalid, say));
    };
    Ok(Op::Text {
        path,
        from: Some(expected.clone()),
        to: expected,
    })
}

/// The operations that make a field what is asked for, whatever it holds by then.
fn field_ops(
    root: &Root,
    path: &[String],
    (field, present): (&str, Option<&Value>),
    to: &Json,
) -> Result<Vec<Op>, Failure> {
    let kind = root.field(field).map(|it| it.kind);
    let is_text = kind == Some(Kind::Text) || matches!(present, Some(Value::Text(_)));
    let is_map = kind.is_some_and(|kind| kind.is_set()) || matches!(present, Some(Value::Map(_)));
    let wanted = match to {
        Json::Null | Json::String(_) if is_text => {
            Value::Text(to.as_str().unwrap_or_default().to_owned())
        }
        Json::Null if is_map => Value::Map(BTreeMap::new()),
        Json::Object(members) if is_map => Value::Map(members.clone().into_iter().collect()),
        Json::Null
        | Json::Bool(_)
        | Json::Number(_)
        | Json::String(_)
        | Json::Array(_)
        | Json::Object(_) => Value::Plain(to.clone()),
    };
    let path = [path, &[field.to_owned()]].concat();
    let is_other = (is_text || is_map) && matches!(wanted, Value::Plain(_));
    let ops = between(&path, present, &wanted).filter(|_| !is_other);
    let ops = ops.ok_or_else(|| {
        let what = if is_text {
            "a text"
        } else if is_map {
            "an object of members"
        } else {
            "what the field holds"
        };
        Failure::new(ErrorCode::Invalid, format!("set.{field}: must be {what}"))
    })?;
    Ok(ops.into_iter().map(Op::without_expectation).collect())
}
