//! An agent streams words into a draft before an audience, and what people who edit the plan feel of it.

use std::time::Duration;

use anyhow::Result;

use crate::crowd::{Crowd, Shape, wide};
use crate::report::{Figures, millis};
use crate::target::{Programs, Server, Target};
use crate::update::EDIT_CHARS_MIN;

/// Edits a second of somebody who types.
const TYPED: f64 = 20.0;
/// Words a second of a fast model.
const STREAMED: f64 = 200.0;
const WARM_UP: Duration = Duration::from_secs(1);
const MEASURED: Duration = Duration::from_secs(8);
/// Stretches of each kind, one after the other, so that both meet the same machine.
const ROUNDS: usize = 3;

const PLAN: Shape = Shape {
    rooms: 1,
    clients: 10,
    writers: 1,
    chars: EDIT_CHARS_MIN,
    keepers: 1,
};

const DRAFT: Shape = Shape {
    rooms: 1,
    clients: 51,
    writers: 1,
    chars: EDIT_CHARS_MIN,
    keepers: 1,
};

pub(super) async fn run(target: Target, programs: &Programs, figures: &mut Figures) -> Result<()> {
    let mut server = Server::start(target, programs).await?;
    let [plan, draft] = server.plan_and_draft(PLAN.clients, DRAFT.clients).await?;
    let plan = Crowd::enter(&[plan], PLAN, None).await?;
    let draft = Crowd::enter(&[draft], DRAFT, None).await?;
    tokio::try_join!(
        plan.load(&server, TYPED, WARM_UP),
        draft.load(&server, STREAMED, WARM_UP),
    )?;
    let (mut alone, mut beside, mut watched) = (Vec::new(), Vec::new(), Vec::new());
    let mut undelivered = 0;
    for _ in 0..ROUNDS {
        let quiet = plan.load(&server, TYPED, MEASURED).await?;
        alone.push(quiet.times.seen);
        let (typed, streamed) = tokio::try_join!(
            plan.load(&server, TYPED, MEASURED),
            draft.load(&server, STREAMED, MEASURED),
        )?;
        undelivered += typed.expected.saturating_sub(typed.delivered);
        undelivered += streamed.expected.saturating_sub(streamed.delivered);
        beside.push(typed.times.seen);
        watched.push(streamed.times.seen);
    }
    for (name, times) in [
        ("alone", &alone),
        ("beside", &beside),
        ("watched", &watched),
    ] {
        for (quantile, figure) in [(0.5, "p50"), (0.99, "p99")] {
            let mut all: Vec<f64> = times.iter().map(|it| millis(it, quantile)).collect();
            all.sort_by(f64::total_cmp);
            let median = all.get(all.len() / 2).copied().unwrap_or_default();
            figures.set(&format!("{name}_{figure}_ms"), median);
        }
    }
    figures.set("undelivered", wide(undelivered));
    Ok(())
}
