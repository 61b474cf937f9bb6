//! The full-text index: what is found, by whom, and who may write it.

use std::time::Duration;

use convene::auth::access::Role;
use convene::ids::{PlanId, UserId};
use convene::storage::journal::{Epoch, Seq};
use convene::storage::search::{Entry, Hit, NewEntry, Place, Search, Step, Which};
use convene_plan::search::{Query, folded_text};
use tokio::time::Instant;

use super::Bench;

fn place(id: &str) -> Place {
    Place {
        root: "sessions".to_owned(),
        id: id.to_owned(),
    }
}

fn new_entry(id: &str, title: &str, body: &str) -> NewEntry {
    let entry = Entry {
        place: place(id),
        title: title.to_owned(),
        body: body.to_owned(),
        archived: false,
    };
    NewEntry {
        digest: entry.digest(),
        title_words: folded_text(title),
        body_words: folded_text(body),
        entry,
    }
}

fn archived(mut new: NewEntry) -> NewEntry {
    new.entry.archived = true;
    new.digest = new.entry.digest();
    new
}

impl Bench {
    /// Writes entries for the first epoch, and that the index goes up to `seq`.
    async fn put(&self, plan: PlanId, seq: i64, put: &[NewEntry]) {
        let revision = self.storage.find_indexed(plan).await.unwrap().revision;
        let step = Step {
            plan,
            revision,
            put,
            take: &[],
            reached: Some((Epoch(1), Seq(seq))),
        };
        let next = self.storage.write_search(&step).await.unwrap();
        assert_eq!(next, Some(revision + 1));
    }

    async fn take(&self, plan: PlanId, id: &str) {
        let revision = self.storage.find_indexed(plan).await.unwrap().revision;
        let step = Step {
            plan,
            revision,
            put: &[],
            take: &[place(id)],
            reached: None,
        };
        self.storage.write_search(&step).await.unwrap().unwrap();
    }

    async fn search(&self, user: UserId, text: &str, which: Which) -> Vec<Hit> {
        let query = Query::parse(text).unwrap();
        let search = Search {
            user,
            query: &query,
            plan: None,
            which,
            limit: 20,
        };
        self.storage.search(&search).await.unwrap()
    }

    /// The ids of what is not put away, the best first.
    async fn found(&self, user: UserId, text: &str) -> Vec<String> {
        let hits = self.search(user, text, Which::Live).await;
        hits.into_iter().map(|hit| hit.place.id).collect()
    }
}

pub(super) async fn what_is_indexed_is_found_as_it_is_now(bench: Bench) {
    let (ada, plan) = bench.ada_and_plan().await;
    let first = [
        new_entry("se_1", "Kafka", "About logs."),
        new_entry("se_2", "Redis", "About caches."),
    ];
    bench.put(plan, 1, &first).await;
    let hits = bench.search(ada, "kafka", Which::Live).await;
    let expected = Hit {
        plan,
        plan_name: "A plan".to_owned(),
        place: place("se_1"),
        title: "Kafka".to_owned(),
        body: "About logs.".to_owned(),
        archived: false,
    };
    assert_eq!(hits, [expected]);
    let indexed = bench.storage.find_indexed(plan).await.unwrap();
    assert!(indexed.covers(Epoch(1), Seq(1)) && !indexed.covers(Epoch(1), Seq(2)));
    assert!(indexed.has(&place("se_1"), &first[0].digest));
    // What was overwritten is not found any more, on either engine.
    let changed = new_entry("se_1", "Kafka", "About streams.");
    bench.put(plan, 2, std::slice::from_ref(&changed)).await;
    assert!(bench.found(ada, "logs").await.is_empty());
    assert_eq!(bench.found(ada, "streams").await, ["se_1"]);
    assert_eq!(bench.found(ada, "about").await.len(), 2);
    bench.put(plan, 3, &[archived(changed)]).await;
    assert!(bench.found(ada, "streams").await.is_empty());
    assert_eq!(bench.search(ada, "streams", Which::Archived).await.len(), 1);
    bench.take(plan, "se_1").await;
    assert!(bench.search(ada, "kafka", Which::All).await.is_empty());
    assert_eq!(bench.found(ada, "about").await, ["se_2"]);
    // A step without the last one's row moves nothing.
    let indexed = bench.storage.find_indexed(plan).await.unwrap();
    assert_eq!(indexed.reached, (Epoch(1), Seq(3)));
    assert_eq!(indexed.entries.len(), 1);
}

pub(super) async fn words_are_found_whatever_marks_and_case_they_have(bench: Bench) {
    let (ada, plan) = bench.ada_and_plan().await;
    let body = "Café in ŁÓDŹ, the node.js and C++ meet-up; 東京タワー. e-mail: a@b.example.org/x?y=1, 1e5 3.14";
    bench
        .put(plan, 1, &[new_entry("se_1", "Straße", body)])
        .await;
    for text in [
        "cafe",
        "CAFÉ ",
        "lodz",
        "strasse",
        "STRASS",
        "node.js",
        "node",
        "js ",
        "c++ ",
        "\"c meet\"",
        "meet-up",
        "東京",
        "タワー",
        "a@b.example.org",
        "example",
        "1e5",
        "3.14 ",
        "strasse \"in lodz\"",
    ] {
        assert_eq!(bench.found(ada, text).await, ["se_1"], "{text}");
    }
    for text in [
        "caf ",
        "京東",
        "\"lodz in\"",
        "strasse redis",
        "\"strasse cafe\"",
        "x1",
    ] {
        assert!(bench.found(ada, text).await.is_empty(), "{text}");
    }
}

pub(super) async fn the_best_come_first_and_what_is_put_away_last(bench: Bench) {
    let (ada, plan) = bench.ada_and_plan().await;
    let other = "Other words that say nothing of it. ".repeat(10);
    let entries = [
        new_entry(
            "se_body",
            "Something else",
            &format!("{other} Kafka. {other}"),
        ),
        new_entry("se_title", "Kafka", &other),
        archived(new_entry("se_away", "Kafka", "Kafka")),
        new_entry("se_none", "Redis", &other),
    ];
    bench.put(plan, 1, &entries).await;
    let ids = |hits: Vec<Hit>| -> Vec<String> { hits.into_iter().map(|it| it.place.id).collect() };
    assert_eq!(bench.found(ada, "kafka").await, ["se_title", "se_body"]);
    let all = bench.search(ada, "kafka", Which::All).await;
    assert_eq!(ids(all), ["se_title", "se_body", "se_away"]);
    let away = bench.search(ada, "kafka", Which::Archived).await;
    assert_eq!(ids(away), ["se_away"]);
    let query = Query::parse("kafka").unwrap();
    let one = Search {
        user: ada,
        query: &query,
        plan: None,
        which: Which::All,
        limit: 1,
    };
    assert_eq!(ids(bench.storage.search(&one).await.unwrap()), ["se_title"]);
}

pub(super) async fn nobody_finds_anything_in_plans_of_others(bench: Bench) {
    let (ada, plan) = bench.ada_and_plan().await;
    let eve = bench.user("eve@example.org").await.id;
    let own = bench.plan(eve).await;
    for plan in [plan, own] {
        bench.put(plan, 1, &[new_entry("se_1", "Kafka", "")]).await;
    }
    let plans = async |user, only| -> Vec<PlanId> {
        let query = Query::parse("kafka").unwrap();
        let search = Search {
            user,
            query: &query,
            plan: only,
            which: Which::All,
            limit: 20,
        };
        let hits = bench.storage.search(&search).await.unwrap();
        hits.iter().map(|hit| hit.plan).collect()
    };
    assert_eq!(plans(ada, None).await, [plan]);
    assert_eq!(plans(eve, None).await, [own]);
    assert_eq!(plans(eve, Some(plan)).await, []);
    let storage = &bench.storage;
    storage
        .set_role(ada, plan, eve, Role::Viewer)
        .await
        .unwrap();
    assert_eq!(plans(eve, None).await.len(), 2);
    assert_eq!(plans(eve, Some(plan)).await, [plan]);
    storage.remove_member(ada, plan, eve).await.unwrap();
    assert_eq!(plans(eve, None).await, [own]);
    storage.delete_plan(eve, own).await.unwrap();
    assert_eq!(plans(eve, None).await, []);
}

pub(super) async fn who_worked_from_an_older_index_writes_nothing(bench: Bench) {
    let (ada, plan) = bench.ada_and_plan().await;
    let newer = [new_entry("se_1", "Newer", "")];
    let older = [
        new_entry("se_1", "Older", ""),
        new_entry("se_2", "Older", ""),
    ];
    let seen = bench.storage.find_indexed(plan).await.unwrap();
    bench.put(plan, 7, &newer).await;
    let late = |revision| Step {
        plan,
        revision,
        put: &older,
        take: &[],
        reached: Some((Epoch(1), Seq(6))),
    };
    for revision in [seen.revision, 5] {
        let wrote = bench.storage.write_search(&late(revision)).await.unwrap();
        assert_eq!(wrote, None);
    }
    assert!(bench.found(ada, "older").await.is_empty());
    assert_eq!(bench.found(ada, "newer").await, ["se_1"]);
    let indexed = bench.storage.find_indexed(plan).await.unwrap();
    assert!(indexed.covers(Epoch(1), Seq(6)));
    // Two at once, of which one finds that the other was there.
    let step = late(indexed.revision);
    let both = tokio::join!(
        bench.storage.write_search(&step),
        bench.storage.write_search(&step)
    );
    let wrote = [both.0.unwrap(), both.1.unwrap()];
    assert_eq!(wrote.iter().flatten().count(), 1, "{wrote:?}");
}

pub(super) async fn plans_are_behind_until_their_last_row_is_indexed(bench: Bench) {
    let (ada, plan) = bench.ada_and_plan().await;
    let eve = bench.user("eve@example.org").await.id;
    let (empty, gone) = (bench.plan(ada).await, bench.plan(ada).await);
    let all = [plan, empty, gone];
    let now = bench.clock.now();
    let storage = &bench.storage;
    let behind = async || -> Vec<PlanId> {
        let among = storage.behind_among(&all).await.unwrap();
        let since = storage.behind_since(now, 10).await.unwrap();
        assert_eq!(among, since);
        let for_ada = storage.behind_for(ada, None, 10).await.unwrap();
        let among: Vec<PlanId> = among.iter().map(|it| it.plan).collect();
        assert_eq!(among, for_ada);
        assert_eq!(storage.behind_for(eve, None, 10).await.unwrap(), []);
        among
    };
    assert_eq!(behind().await, [], "nothing was written");
    for plan in [plan, gone] {
        let append = bench.append(plan, ada, &["a", "b"]);
        storage.append(&[append]).await.unwrap()[0].unwrap();
    }
    storage.delete_plan(ada, gone).await.unwrap();
    assert_eq!(behind().await, [plan]);
    let before = now.before(Duration::from_secs(1));
    assert_eq!(storage.behind_since(before, 10).await.unwrap(), []);
    bench.put(plan, 1, &[]).await;
    assert_eq!(behind().await, [plan], "one of two rows");
    bench.put(plan, 2, &[]).await;
    assert_eq!(behind().await, []);
    // A new line of history is indexed again, whatever its rows are.
    let marker = bench.row("marker", ada);
    let (epoch, seq) = storage.begin_epoch(plan, &marker).await.unwrap().unwrap();
    bench.put(plan, seq.0, &[]).await;
    assert_eq!(behind().await, [plan]);
    assert_eq!(storage.behind_among(&all).await.unwrap()[0].epoch, epoch);
}

pub(super) async fn whatever_is_typed_is_looked_for_and_nothing_else(bench: Bench) {
    let (ada, plan) = bench.ada_and_plan().await;
    let eve = bench.user("eve@example.org").await.id;
    let entry = new_entry("se_1", "AND or NOT", "near title body x");
    bench.put(plan, 1, &[entry]).await;
    for text in [
        "and",
        "\"or not\"",
        "AND OR NOT NEAR(",
        "title:x",
        "-x*",
        "^x",
        "x' & 'body",
        "x:*",
        "!x <-> (",
        "{title} : x",
        "x\\",
        "x\0",
        "\"x",
        "x'; drop table plans; --",
        &"x ".repeat(500),
    ] {
        let finds_it = !text.contains("drop");
        let found = bench.found(ada, text).await;
        assert_eq!(found.len(), usize::from(finds_it), "{text:?}");
        assert!(bench.found(eve, text).await.is_empty());
    }
    // The id of a plan is a word for the engine alone.
    for text in [plan.as_uuid().simple().to_string(), "none".to_owned()] {
        assert!(bench.found(ada, &text).await.is_empty(), "{text}");
    }
    assert!(bench.found(ada, &"y".repeat(100_000)).await.is_empty());
}

/// As large as the texts of one entry may be, with as many different words as there is room for; and as
/// many entries as a large event has. Prints what it takes.
pub(super) async fn a_large_plan_is_indexed_and_found(bench: Bench) {
    let (ada, plan) = bench.ada_and_plan().await;
    let words: Vec<String> = (0..16_000).map(|number| format!("{number:x}한")).collect();
    let body = words.join(" ");
    let largest = &body[..body.floor_char_boundary(64 << 10)];
    bench
        .put(plan, 1, &[new_entry("se_0", largest, largest)])
        .await;
    assert_eq!(bench.found(ada, "7cf한 ").await, ["se_0"]);
    let began = Instant::now();
    for chunk in 0..40 {
        let entries: Vec<NewEntry> = (0..50)
            .map(|number| {
                let text = "Some words about streams and logs. ".repeat(30);
                let number = chunk * 50 + number;
                new_entry(
                    &format!("se_a{number}"),
                    &format!("Session {number}"),
                    &format!("{text} word{}", number % 100),
                )
            })
            .collect();
        bench.put(plan, 1, &entries).await;
    }
    let wrote = began.elapsed();
    let began = Instant::now();
    let indexed = bench.storage.find_indexed(plan).await.unwrap();
    assert_eq!(indexed.entries.len(), 2_001);
    let read = began.elapsed();
    let mut times = Vec::new();
    for text in ["word7 ", "session", "logs", "\"streams and logs\" word99"] {
        let began = Instant::now();
        assert!(!bench.found(ada, text).await.is_empty());
        times.push(began.elapsed());
    }
    eprintln!(
        "{}: 2,000 entries in 40 steps {wrote:?}, their hashes {read:?}, queries {times:?}",
        bench.storage.engine()
    );
}
