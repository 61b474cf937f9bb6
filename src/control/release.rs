//! `release.*` and `outbox.*`: published versions, and drafts of what somebody has to send because of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use convene_plan::content::Content;
use convene_plan::diff::{Entry, changelog, diff};
use convene_plan::format::plan_json::{self, Layout};
use convene_plan::view::PlanView;
use convene_protocol::control::release::{
    Get, Line, List, ListOutbox, MESSAGES_MAX, MarkSent, Message, Messages, NextRelease, Preview,
    Publish, RELEASES_MAX, Recipient, Release, ReleaseBody, Releases,
};
use convene_protocol::error_code::ErrorCode;

use super::gate::{guard_letter, guard_publishing};
use super::people::People;
use super::{Caller, Desk, For, Method};
use crate::clock::Clock;
use crate::error::Failure;
use crate::ids::DraftId;
use crate::storage::releases::{self, Draft, NewDraft, NewRelease};

/// The longest note, in characters.
const NOTE_CHARS_MAX: usize = 5_000;
/// How often publishing is tried again when somebody else publishes.
const TRIES: u8 = 3;
/// Lines of one letter.
const LINES_MAX: usize = 50;
/// Why a speaker is written to.
const SCHEDULE_CHANGED: &str = "schedule.changed";

impl Method for Publish {
    async fn run(self, desk: &Desk, caller: &Caller) -> Result<ReleaseBody, Failure> {
        let access = desk.editor(caller, &self.plan).await?;
        let name = super::plan::name("a release's name", &self.name)?.to_owned();
        if self.note.chars().count() > NOTE_CHARS_MAX || self.note.contains('\0') {
            let say = format!("note: at most {NOTE_CHARS_MAX} characters, none of them zero");
            return Err(Failure::new(ErrorCode::Invalid, say));
        }
        for _ in 0..TRIES {
            let last = desk.storage.release(access.plan(), None).await?;
            let number = last.as_ref().map_or(1, |(last, _)| last.number + 1);
            if number > RELEASES_MAX {
                let say = format!("a plan has at most {RELEASES_MAX} releases");
                return Err(Failure::new(ErrorCode::TooLarge, say));
            }
            let reading = desk.level_reading(access.plan()).await?;
            guard_publishing(desk, &access, Arc::clone(&reading.content)).await?;
            let (content, clock, title) = (reading.content, desk.clock.clone(), name.clone());
            let before = last.map(|(_, content)| content);
            let frozen = desk
                .apart(move || freeze(&content, before.as_deref(), (&title, &clock)))
                .await??;
            let new = NewRelease {
                by: caller.principal.user,
                plan: access.plan(),
                number,
                name: &name,
                note: &self.note,
                seq: reading.seq,
                content: &frozen.content,
                changelog: serde_json::to_value(&frozen.changelog)
                    .map_err(|error| Failure::fault().caused_by(error))?,
                drafts: frozen.drafts.clone(),
            };
            if let Some(release) = desk.storage.publish(&new).await? {
                let people = desk.people([release.by]).await?;
                let drafts = u64::try_from(frozen.drafts.len()).unwrap_or(u64::MAX);
                let body = body(release, &people)?;
                return Ok(ReleaseBody {
                    drafts: Some(drafts),
                    ..body
                });
            }
        }
        Err(Failure::new(
            ErrorCode::Conflict,
            "somebody else publishes this plan at the moment; repeat this",
        ))
    }
}

impl Method for Preview {
    async fn run(self, desk: &Desk, caller: &Caller) -> Result<NextRelease, Failure> {
        let grant = desk.grant(caller, &self.plan).await?;
        let last = desk.storage.release(grant.plan(), None).await?;
        let number = last.as_ref().map_or(1, |(last, _)| last.number + 1);
        let before = last.map(|(_, content)| content);
        let content = desk.level_reading(grant.plan()).await?.content;
        let compared = desk
            .apart(move || compare(&content, before.as_deref()))
            .await??;
        Ok(NextRelease {
            number,
            changelog: compared.changelog.into_iter().map(line).collect(),
            recipients: compared.letters.into_iter().map(|it| it.to).collect(),
        })
    }
}

impl Method for List {
    const FOR: For = For::Everybody;

    async fn run(self, desk: &Desk, caller: &Caller) -> Result<Releases, Failure> {
        let grant = desk.grant(caller, &self.plan).await?;
        let releases = desk.storage.releases(grant.plan()).await?;
        let people = desk.people(releases.iter().map(|it| it.by)).await?;
        let releases = releases.into_iter().map(|it| body(it, &people));
        Ok(Releases {
            releases: releases.collect::<Result<_, _>>()?,
        })
    }
}

impl Method for Get {
    const FOR: For = For::Everybody;

    async fn run(self, desk: &Desk, caller: &Caller) -> Result<Release, Failure> {
        let grant = desk.grant(caller, &self.plan).await?;
        let found = match self.number {
            Some(number) if number < 1 => None,
            number => desk.storage.release(grant.plan(), number).await?,
        };
        let (release, content) = found.ok_or_else(|| {
            Failure::new(ErrorCode::NotFound, "there is no such release of this plan")
        })?;
        let people = desk.people([release.by]).await?;
        Ok(Release {
            release: body(release, &people)?,
            content: serde_json::from_str(&content).map_err(unreadable)?,
        })
    }
}

impl Method for ListOutbox {
    async fn run(self, desk: &Desk, caller: &Caller) -> Result<Messages, Failure> {
        let grant = desk.grant(caller, &self.plan).await?;
        let found = desk
            .storage
            .drafts(grant.plan(), self.sent, MESSAGES_MAX)
            .await?;
        let (drafts, total) = found;
        let senders = drafts.iter().filter_map(|it| it.sent).map(|(_, by)| by);
        let people = desk.people(senders).await?;
        let messages = drafts.into_iter().map(|it| message(it, &people));
        Ok(Messages {
            messages: messages.collect::<Result<_, _>>()?,
            total,
        })
    }
}

impl Method for MarkSent {
    async fn run(self, desk: &Desk, caller: &Caller) -> Result<Message, Failure> {
        let grant = desk.editor(caller, &self.plan).await?;
        let no_such = || Failure::new(ErrorCode::NotFound, "there is no such draft in this plan");
        let draft: DraftId = self.id.parse().map_err(|_| no_such())?;
        let found = desk.storage.find_draft(grant.plan(), draft).await?;
        guard_letter(desk, &grant, &found.ok_or_else(no_such)?).await?;
        let by = caller.principal.user;
        let marked = desk.storage.mark_sent(by, grant.plan(), draft).await?;
        let marked = marked.ok_or_else(no_such)?;
        let people = desk.people(marked.sent.map(|(_, by)| by)).await?;
        message(marked, &people)
    }
}

/// What is different from the release before, and who is told of it.
#[derive(Default)]
struct Compared {
    changelog: Vec<Entry>,
    letters: Vec<Letter>,
}

/// What somebody is told of.
struct Letter {
    to: Recipient,
    lines: Vec<String>,
}

/// What is published, and what follows from it.
struct Frozen {
    content: String,
    changelog: Vec<Line>,
    drafts: Vec<NewDraft>,
}

fn compare(content: &Content, before: Option<&str>) -> Result<Compared, Failure> {
    let Some(before) = before else {
        return Ok(Compared::default());
    };
    let before = plan_json::read(before.as_bytes())
        .map_err(unreadable)?
        .content;
    let changelog = changelog(&diff(&before, content), &before, content);
    let letters = letters(&before, content, &changelog);
    Ok(Compared { changelog, letters })
}

fn freeze(
    content: &Content,
    before: Option<&str>,
    (release, clock): (&str, &Clock),
) -> Result<Frozen, Failure> {
    let compared = compare(content, before)?;
    let event = content
        .field("meta", "", "name")
        .and_then(|name| name.plain()?.as_str())
        .unwrap_or("the event");
    let letters = compared.letters.into_iter();
    Ok(Frozen {
        content: plan_json::write(content, Layout::Compact),
        changelog: compared.changelog.into_iter().map(line).collect(),
        drafts: letters
            .map(|letter| draft(&letter, (event, release), clock))
            .collect(),
    })
}

fn line(entry: Entry) -> Line {
    let kind = serde_json::to_value(entry.kind).ok();
    Line {
        kind: kind
            .and_then(|kind| kind.as_str().map(str::to_owned))
            .unwrap_or_default(),
        root: entry.root.to_owned(),
        id: entry.id,
        say: entry.say,
    }
}

/// For everybody whose sessions are told of in a changelog: who is in them now or was before.
fn letters(before: &Content, after: &Content, changelog: &[Entry]) -> Vec<Letter> {
    let mut lines: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for entry in changelog.iter().filter(|entry| entry.root == "sessions") {
        let mut people: Vec<String> = Vec::new();
        for content in [before, after] {
            if let Some(convene_plan::content::Value::Map(members)) =
                content.field("sessions", &entry.id, "people")
            {
                people.extend(members.keys().cloned());
            }
        }
        people.sort_unstable();
        people.dedup();
        for person in people {
            lines.entry(person).or_default().push(entry.say.clone());
        }
    }
    let view = PlanView::new(after);
    let letter = |(id, lines): (String, Vec<String>)| Letter {
        to: Recipient {
            root: "speakers".to_owned(),
            name: view.name("speakers", &id).to_owned(),
            id,
        },
        lines,
    };
    lines.into_iter().map(letter).collect()
}

fn draft(letter: &Letter, (event, release): (&str, &str), clock: &Clock) -> NewDraft {
    let said = letter.lines.iter().take(LINES_MAX);
    let mut lines: Vec<String> = said.map(|say| format!("- {say}")).collect();
    let more = letter.lines.len().saturating_sub(LINES_MAX);
    if more > 0 {
        lines.push(format!("- and {more} more"));
    }
    NewDraft {
        id: DraftId::generate(clock),
        kind: SCHEDULE_CHANGED,
        recipient: serde_json::to_value(&letter.to).unwrap_or_default(),
        subject: format!("{event}: your sessions in \"{release}\""),
        body: format!(
            "Dear {},\n\nthe schedule of {event} has changed:\n\n{}\n\nPlease tell us if \
             this does not suit you.\n",
            letter.to.name,
            lines.join("\n")
        ),
    }
}

fn body(release: releases::Release, people: &People) -> Result<ReleaseBody, Failure> {
    Ok(ReleaseBody {
        number: release.number,
        name: release.name,
        note: release.note,
        by: people.person(release.by),
        at: release.at.to_rfc3339(),
        changelog: serde_json::from_value(release.changelog).map_err(unreadable)?,
        drafts: None,
    })
}

fn message(draft: Draft, people: &People) -> Result<Message, Failure> {
    Ok(Message {
        id: draft.id.to_string(),
        kind: draft.kind,
        to: serde_json::from_value(draft.recipient).map_err(unreadable)?,
        subject: draft.subject,
        body: draft.body,
        at: draft.at.to_rfc3339(),
        sent_at: draft.sent.map(|(at, _)| at.to_rfc3339()),
        sent_by: draft.sent.map(|(_, by)| people.person(by)),
    })
}

fn unreadable(error: impl std::error::Error + Send + Sync + 'static) -> Failure {
    Failure::new(ErrorCode::Internal, "what was published cannot be read").caused_by(error)
}
