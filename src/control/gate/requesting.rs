//! `gate.request`: asks for approvals of what is no proposal.

use convene_plan::content::Content;
use convene_plan::format::plan_json::{self, Layout};
use convene_plan::proposal::gate::{Frozen, GateNeed, needed};
use convene_plan::proposal::{Change, Kind, value_at};
use convene_protocol::control::gate::{GateBody, LETTERS_MAX, Request, Subject};
use convene_protocol::error_code::ErrorCode;
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

use super::super::{Caller, Desk, Method, no_such_plan};
use crate::auth::access::Grant;
use crate::error::Failure;
use crate::ids::{DraftId, GateId};
use crate::storage::gates::NewGate;

impl Method for Request {
    async fn run(self, desk: &Desk, caller: &Caller) -> Result<GateBody, Failure> {
        let grant = desk.editor(caller, &self.plan).await?;
        let asked = match self.subject {
            Subject::Claim { path } => desk.claim(&grant, path).await?,
            Subject::Publish {} => desk.publishing(&grant).await?,
            Subject::Outreach { letters } => desk.outreach(&grant, &letters).await?,
        };
        let frozen = serde_json::to_string(&asked.frozen);
        let new = NewGate {
            id: GateId::generate(&desk.clock),
            plan: grant.plan(),
            kind: asked.kind,
            subject: asked.subject,
            say: asked.say,
            frozen: frozen.map_err(|error| Failure::fault().caused_by(error))?,
            needs: asked.needs,
            needs_owners: asked.needs_owners,
            change: None,
            by: grant.user(),
        };
        let gate = Box::pin(desk.storage.request_gate(&new)).await?;
        let gate = gate.ok_or_else(no_such_plan)?;
        desk.registry.tell_changed(grant.plan());
        desk.gate_body(&grant, gate).await
    }
}

/// What is asked for.
struct Asked {
    kind: String,
    subject: String,
    say: String,
    frozen: Vec<Frozen>,
    needs: u32,
    needs_owners: u32,
}

impl Desk {
    async fn claim(&self, grant: &Grant, path: Vec<String>) -> Result<Asked, Failure> {
        let content = self.level_reading(grant.plan()).await?.content;
        let subject = path.join("/");
        let need = self
            .apart(move || claimed(&content, path))
            .await?
            .ok_or_else(|| {
                Failure::new(
                    ErrorCode::Invalid,
                    "subject.path: nothing that needs an approval is claimed there",
                )
            })?;
        Ok(Asked {
            kind: super::super::proposal::gate_kind(&need),
            subject,
            say: need.say,
            frozen: need.frozen,
            needs: u32::from(need.needs),
            needs_owners: u32::from(need.owner),
        })
    }

    async fn publishing(&self, grant: &Grant) -> Result<Asked, Failure> {
        let content = self.level_reading(grant.plan()).await?.content;
        let frozen = self.apart(move || published(&content)).await?;
        Ok(Asked {
            kind: "publish".to_owned(),
            subject: "publish".to_owned(),
            say: "The plan is published as it is now".to_owned(),
            frozen: vec![frozen],
            needs: 1,
            needs_owners: 1,
        })
    }

    async fn outreach(&self, grant: &Grant, letters: &[String]) -> Result<Asked, Failure> {
        if letters.is_empty() || letters.len() > LETTERS_MAX {
            let say = format!("subject.letters: 1 to {LETTERS_MAX} of them");
            return Err(Failure::new(ErrorCode::Invalid, say));
        }
        let mut frozen = Vec::with_capacity(letters.len());
        for letter in letters {
            let no_such =
                || Failure::new(ErrorCode::NotFound, "there is no such draft in this plan");
            let id: DraftId = letter.parse().map_err(|_| no_such())?;
            let draft = self.storage.find_draft(grant.plan(), id).await?;
            let draft = draft.ok_or_else(no_such)?;
            frozen.push(letter_value(id, &draft.subject, &draft.body));
        }
        frozen.sort_by(|a, b| a.path.cmp(&b.path));
        let mut names: Vec<&str> = letters.iter().map(String::as_str).collect();
        names.sort_unstable();
        let count = names.len();
        Ok(Asked {
            kind: "outreach".to_owned(),
            subject: format!("outreach/{}", names.join(",")),
            say: format!("{count} letters leave the building as they are now"),
            frozen,
            needs: 1,
            needs_owners: 0,
        })
    }
}

/// What a value that stands in the plan already would have needed.
fn claimed(content: &Content, path: Vec<String>) -> Option<GateNeed> {
    let after = value_at(content, &path);
    if after.is_null() {
        return None;
    }
    let before = without(content, &path)?;
    let change = Change {
        no: 1,
        op: Kind::Set,
        path,
        before: Json::Null,
        after,
        depends_on: Vec::new(),
    };
    needed(&change, &before, content)
}

/// The plan without this value.
fn without(content: &Content, path: &[String]) -> Option<Content> {
    let op = convene_plan::op::Op::Set {
        path: path.to_vec(),
        from: None,
        to: Json::Null,
    };
    content.after(&[op]).ok().map(|(before, _)| before)
}

/// The whole plan as what an approval is bound to.
pub(super) fn published(content: &Content) -> Frozen {
    let text = plan_json::write(content, Layout::Compact);
    Frozen {
        path: vec!["plan".to_owned()],
        value: json!(hex::encode(Sha256::digest(text))),
    }
}

/// A letter as what an approval is bound to.
pub(super) fn letter_value(id: DraftId, subject: &str, body: &str) -> Frozen {
    let mut hash = Sha256::new_with_prefix(subject);
    hash.update(b"\0");
    hash.update(body);
    Frozen {
        path: vec!["outbox".to_owned(), id.to_string()],
        value: json!(hex::encode(hash.finalize())),
    }
}
