//! `entity.*`: the things in a plan, read and changed without a replica of it.

mod listing;

use std::collections::BTreeMap;
use std::sync::Arc;

use convene_plan::content::{Content, ONE, Value, fields_to_json};
use convene_plan::op::{Op, Why};
use convene_plan::schema::{Kind, Root, Shape};
use convene_protocol::control::entity::{
    Add, Archive, Entities, Entity, Get, List, Restore, Update,
};
use convene_protocol::error_code::ErrorCode;
use serde_json::{Map, Value as Json};
use sha2::{Digest, Sha256};
use ulid::Ulid;

use super::{Caller, Desk, Method};
use crate::auth::access::Grant;
use crate::clock::Clock;
use crate::error::Failure;
use crate::ids::{PlanId, RequestId, UserId};
use crate::room::ask::{Ask, EditRefused, Reply};
use crate::room::handle::JoinRefused;
use crate::storage::journal::Origin;

impl Method for List {
    async fn run(self, desk: &Desk, caller: &Caller) -> Result<Entities, Failure> {
        let grant = desk.grant(caller, &self.plan).await?;
        let content = desk.read_plan(grant.plan()).await?;
        desk.apart(move || listing::page(&content, &self)).await?
    }
}

impl Method for Get {
    async fn run(self, desk: &Desk, caller: &Caller) -> Result<Entity, Failure> {
        let grant = desk.grant(caller, &self.plan).await?;
        let place = Place::of(&self.root, self.id.as_deref())?;
        place.read(&*desk.read_plan(grant.plan()).await?)
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
        let path = vec![root.name.to_owned(), id.clone()];
        let fields = self.fields;
        let add = |_: &Content| Ok(vec![Op::Add { path, fields }]);
        desk.change_entity(caller, &self.plan, Place { root, id }, add)
            .await
    }
}

impl Method for Update {
    async fn run(self, desk: &Desk, caller: &Caller) -> Result<Entity, Failure> {
        let place = Place::of(&self.root, self.id.as_deref())?;
        let (set, expect) = (self.set, self.expect);
        let (root, path) = (place.root, place.path());
        let id = place.id.clone();
        desk.change_entity(caller, &self.plan, place, move |content| {
            let present = Place { root, id }.fields(content)?;
            let mut ops = Vec::new();
            for (field, expected) in expect {
                let place = (field.as_str(), present.get(&field));
                ops.push(expectation(root, &path, place, expected)?);
            }
            for (field, to) in set {
                ops.extend(field_ops(root, &path, (&field, present.get(&field)), to)?);
            }
            Ok(ops)
        })
        .await
    }
}

impl Method for Archive {
    async fn run(self, desk: &Desk, caller: &Caller) -> Result<Entity, Failure> {
        let place = Place::of(&self.root, Some(&self.id))?;
        let path = place.path();
        let archive = |_: &Content| Ok(vec![Op::Archive { path }]);
        desk.change_entity(caller, &self.plan, place, archive).await
    }
}

impl Method for Restore {
    async fn run(self, desk: &Desk, caller: &Caller) -> Result<Entity, Failure> {
        let place = Place::of(&self.root, Some(&self.id))?;
        let path = place.path();
        let restore = |_: &Content| Ok(vec![Op::Restore { path }]);
        desk.change_entity(caller, &self.plan, place, restore).await
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
        let id = (self.id != ONE).then(|| self.id.clone());
        std::iter::once(self.root.name.to_owned())
            .chain(id)
            .collect()
    }

    fn fields(&self, content: &Content) -> Result<BTreeMap<String, Value>, Failure> {
        match content.entity(self.root.name, &self.id) {
            Some(fields) => Ok(fields.clone()),
            None if self.id == ONE => Ok(BTreeMap::new()),
            None => Err(Failure::new(
                ErrorCode::NotFound,
                format!("there is no {} with the id {}", self.root.noun, self.id),
            )),
        }
    }

    fn read(&self, content: &Content) -> Result<Entity, Failure> {
        let entity = fields_to_json(self.root, &self.fields(content)?);
        Ok(Entity { entity })
    }
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

/// The operations that make a field what is asked for.
fn field_ops(
    root: &Root,
    path: &[String],
    (field, present): (&str, Option<&Value>),
    to: Json,
) -> Result<Vec<Op>, Failure> {
    let kind = root.field(field).map(|it| it.kind);
    let path: Vec<String> = path.iter().cloned().chain([field.to_owned()]).collect();
    let is_text = kind == Some(Kind::Text) || matches!(present, Some(Value::Text(_)));
    let is_map = kind.is_some_and(|kind| kind.is_set()) || matches!(present, Some(Value::Map(_)));
    let wrong = |what: &str| {
        let say = format!("set.{field}: must be {what}");
        Err(Failure::new(ErrorCode::Invalid, say))
    };
    if is_text {
        let to = match to {
            Json::String(to) => to,
            Json::Null => String::new(),
            Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_) => {
                return wrong("a text");
            }
        };
        Ok(vec![Op::Text {
            path,
            from: None,
            to,
        }])
    } else if is_map {
        match to {
            Json::Object(to) => Ok(member_ops(&path, present, &to)),
            Json::Null => Ok(member_ops(&path, present, &Map::new())),
            Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_) => {
                wrong("an object of members")
            }
        }
    } else {
        Ok(vec![Op::Set {
            path,
            from: None,
            to,
        }])
    }
}

fn member_ops(path: &[String], present: Option<&Value>, to: &Map<String, Json>) -> Vec<Op> {
    let with = |key: &str| path.iter().cloned().chain([key.to_owned()]).collect();
    let mut ops: Vec<Op> = to
        .iter()
        .map(|(key, value)| Op::Link {
            path: with(key),
            from: None,
            to: value.clone(),
        })
        .collect();
    if let Some(Value::Map(members)) = present {
        let gone = members.keys().filter(|key| !to.contains_key(*key));
        ops.extend(gone.map(|key| Op::Unlink {
            path: with(key),
            from: None,
        }));
    }
    ops
}

impl Desk {
    /// What the plan holds, as far as it is committed.
    pub(super) async fn read_plan(&self, plan: PlanId) -> Result<Arc<Content>, Failure> {
        match self.registry.ask(plan, Ask::Read).await {
            Ok(Reply::Content(content)) => Ok(content),
            Ok(Reply::Refused(refused)) => Err(edit_refused(&refused)),
            Ok(Reply::Edited) => Err(Failure::fault()),
            Err(refused) => Err(not_there(refused)),
        }
    }

    /// Performs operations for the caller, all or none, and waits until they are committed.
    pub(super) async fn edit_plan(
        &self,
        grant: &Grant,
        ops: Vec<Op>,
        origin: Origin,
    ) -> Result<(), Failure> {
        // Read again: working the operations out may have taken a while.
        let role = self.storage.find_role(grant.plan(), grant.user()).await?;
        let grant = role.map(|role| Grant::new(grant.plan(), grant.user(), role));
        let grant = grant.ok_or_else(super::no_such_plan)?;
        let access = grant.write().ok_or_else(|| {
            Failure::new(
                ErrorCode::Forbidden,
                "your role in this plan does not allow edits; ask its owner",
            )
        })?;
        match self
            .registry
            .ask(
                grant.plan(),
                Ask::Edit {
                    access,
                    ops,
                    origin,
                },
            )
            .await
        {
            Ok(Reply::Edited) => Ok(()),
            Ok(Reply::Refused(refused)) => Err(edit_refused(&refused)),
            Ok(Reply::Content(_)) => Err(Failure::fault()),
            Err(refused) => Err(not_there(refused)),
        }
    }

    /// Changes one thing by what it holds now, and answers what it holds then.
    async fn change_entity(
        &self,
        caller: &Caller,
        plan: &str,
        place: Place,
        ops: impl FnOnce(&Content) -> Result<Vec<Op>, Failure>,
    ) -> Result<Entity, Failure> {
        let grant = self.grant(caller, plan).await?;
        let ops = ops(&*self.read_plan(grant.plan()).await?)?;
        self.edit_plan(&grant, ops, Origin::Control).await?;
        place.read(&*self.read_plan(grant.plan()).await?)
    }
}

fn not_there(refused: JoinRefused) -> Failure {
    match refused {
        JoinRefused::PlanGone => super::no_such_plan(),
        JoinRefused::Full | JoinRefused::RoomGone | JoinRefused::Unavailable => {
            Failure::new(ErrorCode::Unavailable, refused.to_string())
        }
    }
}

fn edit_refused(refused: &EditRefused) -> Failure {
    let code = match refused {
        EditRefused::Op(refused) => match refused.why {
            Why::Unsound(_) => ErrorCode::Invalid,
            Why::Missing(_) => ErrorCode::NotFound,
            Why::Drifted { .. } => ErrorCode::Conflict,
        },
        EditRefused::Update(_) => ErrorCode::Unprocessable,
        EditRefused::Full => ErrorCode::TooLarge,
        EditRefused::Unavailable => ErrorCode::Unavailable,
    };
    Failure::new(code, refused.to_string())
}
