//! `plan.import` and `plan.export`: plans in the formats of others.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use convene_plan::content::Content;
use convene_plan::format::csv_table::{self, Mapping};
use convene_plan::format::plan_json::Layout;
use convene_plan::format::{
    Import as Read, Report, Unreadable, c3voc_json, frab_xml, ics, markdown, merge, plan_json,
};
use convene_plan::op::Op;
use convene_plan::schema::Root;
use convene_protocol::control::transfer::{Export, Exported, Format, Import, Imported, Mode, Note};
use convene_protocol::error_code::ErrorCode;
use serde_json::json;

use super::asking::{Edit, Worked};
use super::proposal::{NewDraft, Resubmitted};
use super::{Caller, Desk, For, Method, entity};
use crate::clock::Clock;
use crate::error::Failure;
use crate::storage::audit::chain::Chain;
use crate::storage::audit::{Act, Verb};
use crate::storage::journal::Origin;

impl Method for Import {
    async fn run(self, desk: &Desk, caller: &Caller) -> Result<Imported, Failure> {
        let grant = desk.grant(caller, &self.plan).await?;
        let file =
            desk.uploads
                .whole(caller.principal.user, &self.upload, desk.clock.monotonic())?;
        let table = table_root(self.format, self.root.as_deref())?;
        let (format, mapping) = (self.format, self.mapping);
        let read = desk
            .apart(move || read(&file, format, (table, &mapping)))
            .await?;
        let import = Arc::new(read.map_err(|error| unreadable(&error))?);
        let (clock, format, actor) = (desk.clock.clone(), self.format, caller.principal.user);
        let work = move |present: &Content| {
            let mut new_id = |prefix: &str| entity::new_id(&clock, prefix);
            let ops = merge::ops(present, &import, &mut new_id);
            let mut answer = summary(&ops);
            (answer.notes, answer.more_notes) = notes(import.report.clone());
            let act = Act {
                actor: Some(actor),
                verb: Verb::PlanImported,
                detail: json!({
                    "format": format,
                    "added": answer.added,
                    "changed": answer.changed,
                }),
            };
            Worked { ops, act, answer }
        };
        if self.mode == Mode::Preview {
            let present = desk.read_plan(grant.plan()).await?;
            return Ok(desk.apart(move || work(&present)).await?.answer);
        }
        if self.mode == Mode::Propose {
            let proposing = desk.propose_import(caller, &self.plan, (self.format, work));
            return Box::pin(proposing).await;
        }
        let (answer, seq) = desk.rework(&grant, Origin::Import, work).await?;
        Ok(Imported {
            applied: true,
            seq: seq.map(|seq| seq.0),
            ..answer
        })
    }
}

impl Desk {
    /// Makes a submitted proposal of what an import would change.
    async fn propose_import(
        &self,
        caller: &Caller,
        plan: &str,
        (format, work): (
            Format,
            impl Fn(&Content) -> Worked<Imported> + Send + 'static,
        ),
    ) -> Result<Imported, Failure> {
        let present = self.grant(caller, plan).await?.plan();
        let present = self.read_plan(present).await?;
        let (work, now) = self
            .apart(move || {
                let now = work(&present);
                (work, now)
            })
            .await?;
        if now.ops.is_empty() {
            return Ok(now.answer);
        }
        let name = serde_json::to_value(format).unwrap_or_default();
        let opening = NewDraft::of(format!("Import ({})", name.as_str().unwrap_or("file")));
        let case = self.open_draft(caller, plan, opening).await?;
        let drafted = self.drafted(&case.row).await?.content;
        let Worked { ops, answer, .. } = self.apart(move || work(&drafted)).await?;
        let proposed = async {
            self.edit_draft(&case, Edit::new(ops, Origin::Import))
                .await?;
            self.submit(caller, &case, Resubmitted::default()).await
        };
        let id = case.row.id.to_string();
        match Box::pin(proposed).await {
            Ok(()) => Ok(Imported {
                proposal: Some(id),
                ..answer
            }),
            Err(failure) => {
                // Nobody wants a proposal of nothing.
                let away = self.withdraw(case, "the file could not be proposed");
                Box::pin(away).await?;
                Err(failure)
            }
        }
    }
}

impl Method for Export {
    const FOR: For = For::Everybody;

    async fn run(self, desk: &Desk, caller: &Caller) -> Result<Exported, Failure> {
        let grant = desk.grant(caller, &self.plan).await?;
        let table = table_root(self.format, self.root.as_deref())?;
        let content = desk.read_plan(grant.plan()).await?;
        let (format, clock) = (self.format, desk.clock.clone());
        let exported = desk
            .apart(move || write(&content, format, table, &clock))
            .await?;
        let act = Act {
            actor: Some(caller.principal.user),
            verb: Verb::PlanExported,
            detail: json!({"format": self.format, "root": self.root}),
        };
        desk.storage.record(Chain::Plan(grant.plan()), &act).await?;
        Ok(exported)
    }
}

/// The root of a table; no other format has one.
fn table_root(format: Format, root: Option<&str>) -> Result<Option<&'static Root>, Failure> {
    match (format, root) {
        (Format::Csv, Some(root)) => entity::root(root).map(Some),
        (Format::Csv, None) => Err(Failure::new(
            ErrorCode::Invalid,
            "root: say which root the table is of",
        )),
        (_, Some(_)) => Err(Failure::new(
            ErrorCode::Invalid,
            "root: only a table is of one root",
        )),
        (_, None) => Ok(None),
    }
}

fn read(
    file: &[u8],
    format: Format,
    (table, mapping): (Option<&'static Root>, &Mapping),
) -> Result<Read, Unreadable> {
    let only_out = || Unreadable::Other {
        format: "file to import",
        say: "this format is only written".to_owned(),
    };
    let mut import = match (format, table) {
        (Format::PlanJson, _) => plan_json::read(file),
        (Format::FrabXml, _) => frab_xml::read(file),
        (Format::C3vocJson, _) => c3voc_json::read(file),
        (Format::Ics, _) => ics::read(file),
        (Format::Csv, Some(root)) => csv_table::read(file, root, mapping),
        (Format::Csv, None) | (Format::Markdown, _) => Err(only_out()),
    }?;
    import.fit();
    Ok(import)
}

fn unreadable(error: &Unreadable) -> Failure {
    let code = match error {
        Unreadable::TooLarge(_) | Unreadable::TooMany(_) => ErrorCode::TooLarge,
        Unreadable::TooDeep(_)
        | Unreadable::TooFull(_)
        | Unreadable::NotUtf8(_)
        | Unreadable::Syntax { .. }
        | Unreadable::Other { .. } => ErrorCode::Unprocessable,
    };
    Failure::new(code, error.to_string())
}

fn summary(ops: &[Op]) -> Imported {
    let mut added: BTreeMap<String, u64> = BTreeMap::new();
    let mut changed: BTreeSet<(&str, &str)> = BTreeSet::new();
    let mut made: BTreeSet<(&str, &str)> = BTreeSet::new();
    for op in ops {
        let path = op.path();
        let root = path.first().map_or("", String::as_str);
        let has_things = Root::of(root).is_some_and(|root| root.prefix().is_some());
        let id = path
            .get(1)
            .filter(|_| has_things)
            .map_or("", String::as_str);
        if matches!(op, Op::Add { .. }) {
            *added.entry(root.to_owned()).or_default() += 1;
            made.insert((root, id));
        } else if !made.contains(&(root, id)) {
            changed.insert((root, id));
        }
    }
    let mut by_root: BTreeMap<String, u64> = BTreeMap::new();
    for (root, _) in changed {
        *by_root.entry(root.to_owned()).or_default() += 1;
    }
    Imported {
        added,
        changed: by_root,
        applied: false,
        seq: None,
        proposal: None,
        notes: Vec::new(),
        more_notes: 0,
    }
}

fn notes(report: Report) -> (Vec<Note>, u64) {
    let note = |note: convene_plan::format::Note| Note {
        at: note.at.to_string(),
        field: note.field,
        say: note.say,
    };
    let more = u64::try_from(report.more).unwrap_or(u64::MAX);
    (report.notes.into_iter().map(note).collect(), more)
}

/// Now, as calendars stamp it.
fn moment(clock: &Clock) -> jiff::Timestamp {
    // A clock beyond the year 9999 stamps 1970.
    jiff::Timestamp::from_microsecond(clock.now().as_micros()).unwrap_or_default()
}

fn write(
    content: &Content,
    format: Format,
    table: Option<&'static Root>,
    clock: &Clock,
) -> Exported {
    let ((text, report), name, media_type) = match (format, table) {
        (Format::Csv, Some(root)) => (
            csv_table::write(content, root),
            format!("{}.csv", root.name),
            "text/csv",
        ),
        (Format::PlanJson | Format::Csv, _) => (
            (plan_json::write(content, Layout::Pretty), Report::default()),
            "plan.json".to_owned(),
            "application/json",
        ),
        (Format::FrabXml, _) => (
            frab_xml::write(content),
            "schedule.xml".to_owned(),
            "application/xml",
        ),
        (Format::C3vocJson, _) => (
            c3voc_json::write(content),
            "schedule.json".to_owned(),
            "application/json",
        ),
        (Format::Ics, _) => (
            ics::write(content, moment(clock)),
            "schedule.ics".to_owned(),
            "text/calendar",
        ),
        (Format::Markdown, _) => (
            (markdown::write(content), Report::default()),
            "plan.md".to_owned(),
            "text/markdown",
        ),
    };
    let (notes, more_notes) = notes(report);
    Exported {
        name,
        media_type: media_type.to_owned(),
        text,
        notes,
        more_notes,
    }
}
