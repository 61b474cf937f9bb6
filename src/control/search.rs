//! `search.query`: finds things by the words in them, in all plans of the asking account.

use convene_plan::search::{self, excerpt};
use convene_protocol::control::entity::Archived;
use convene_protocol::control::search::{
    BEHIND_MAX, HITS_MAX, Hit, Hits, Part, Query, TEXT_CHARS_MAX,
};
use convene_protocol::error_code::ErrorCode;

use super::{Caller, Desk, For, Method, limit};
use crate::error::Failure;
use crate::storage::search::{Hit as Found, Search, Which};

/// Hits of an answer when the client does not say.
const HITS: u32 = 20;
/// Characters of a title and of an excerpt.
const TITLE_CHARS_MAX: usize = 200;
const EXCERPT_CHARS_MAX: usize = 200;

impl Method for Query {
    const FOR: For = For::Everybody;

    async fn run(self, desk: &Desk, caller: &Caller) -> Result<Hits, Failure> {
        let limit = limit(self.limit.or(Some(HITS)), HITS_MAX)?;
        if self.text.chars().count() > TEXT_CHARS_MAX {
            let say = format!("text: at most {TEXT_CHARS_MAX} characters");
            return Err(Failure::new(ErrorCode::Invalid, say));
        }
        let query = search::Query::parse(&self.text);
        let query =
            query.map_err(|empty| Failure::new(ErrorCode::Invalid, format!("text: {empty}")))?;
        let plan = match &self.plan {
            None => None,
            Some(plan) => Some(desk.grant(caller, plan).await?.plan()),
        };
        let user = caller.principal.user;
        let permit = desk.searches.acquire().await;
        let permit = permit.map_err(|error| Failure::fault().caused_by(error))?;
        // Before it is looked through: what is written meanwhile is named and found rather than neither.
        let behind = desk.storage.behind_for(user, plan, BEHIND_MAX).await?;
        let search = Search {
            user,
            query: &query,
            plan,
            which: which(self.archived.unwrap_or_default()),
            limit,
        };
        let found = desk.storage.search(&search).await?;
        drop(permit);
        let show = move || found.into_iter().map(|found| hit(&query, found)).collect();
        Ok(Hits {
            hits: desk.apart(show).await?,
            behind: behind.iter().map(ToString::to_string).collect(),
        })
    }
}

const fn which(archived: Archived) -> Which {
    match archived {
        Archived::Without => Which::Live,
        Archived::With => Which::All,
        Archived::Only => Which::Archived,
    }
}

fn hit(query: &search::Query, found: Found) -> Hit {
    Hit {
        title: parts(query, &found.title, TITLE_CHARS_MAX),
        excerpt: parts(query, &found.body, EXCERPT_CHARS_MAX),
        plan: found.plan.to_string(),
        plan_name: found.plan_name,
        root: found.place.root,
        id: found.place.id,
        archived: found.archived,
    }
}

fn parts(query: &search::Query, text: &str, chars_max: usize) -> Vec<Part> {
    let parts = excerpt(query, text, chars_max).into_iter();
    let part = |search::Part { text, hit }| Part { text, hit };
    parts.map(part).collect()
}
