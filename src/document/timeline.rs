//! A plan's document on its way through the journal: what each row changed, in the plan's own terms.
//!
//! Rows are read here as they were written by this server, so no guard stands before them.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use convene_plan::content::{Content, Fields, ONE};
use convene_plan::schema::{ROOTS, Root, Shape};
use yrs::types::{Event, Events, PathSegment};
use yrs::{DeepObservable, Doc, Map, Out, ReadTxn, Transact, TransactionMut};

use super::applying::{Failure, integrate, new_doc_as};
use super::reading::{field, fields};

/// Something in a plan that a row changed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Touched {
    /// The root's name.
    pub root: &'static str,
    /// The entity; [`ONE`] where the root holds one thing.
    pub id: String,
    /// The field; none for the entity itself, which came or went.
    pub field: Option<String>,
}

/// What the library said it touched: an entity as a whole, or one of its fields.
type Places = Arc<Mutex<BTreeSet<Touched>>>;

/// A document that takes row after row.
pub struct Timeline {
    doc: Doc,
    content: Content,
    places: Places,
}

/// A row that cannot be read.
#[derive(Debug, Clone, thiserror::Error)]
#[error("a row of the history cannot be read: {0}")]
pub struct RowUnreadable(String);

impl Default for Timeline {
    fn default() -> Self {
        let (doc, places) = (new_doc_as(0), Places::default());
        for root in ROOTS {
            let noted = Arc::clone(&places);
            let map = doc.get_or_insert_map(root.name);
            map.observe_deep("timeline", move |txn, events| {
                let mut noted = noted.lock().unwrap_or_else(PoisonError::into_inner);
                note(root, txn, events, &mut noted);
            });
        }
        Self {
            doc,
            content: Content::default(),
            places,
        }
    }
}

impl Timeline {
    /// Begins anew, with nothing in it.
    pub fn restart(&mut self) {
        *self = Self::default();
    }

    /// What the plan holds after the last row.
    pub fn content(&self) -> &Content {
        &self.content
    }

    /// Takes the next row; what it changed, if it changed anything that one can see.
    pub fn take(&mut self, row: &[u8]) -> Result<Vec<Touched>, RowUnreadable> {
        integrate(&self.doc, row, |_| ()).map_err(|failure| match failure {
            Failure::Undecodable => RowUnreadable("it is no update".to_owned()),
            Failure::Harmed(say) => RowUnreadable(say),
        })?;
        let places =
            std::mem::take(&mut *self.places.lock().unwrap_or_else(PoisonError::into_inner));
        let txn = self.doc.transact();
        let mut touched = Vec::new();
        for place in places {
            look(&txn, &mut self.content, place, &mut touched);
        }
        Ok(touched)
    }
}

/// Notes which entities and fields of `root` the events are about.
fn note(root: &Root, txn: &TransactionMut<'_>, events: &Events<'_>, noted: &mut BTreeSet<Touched>) {
    for event in events.iter() {
        let path: Vec<String> = event
            .path()
            .into_iter()
            .map(|segment| match segment {
                PathSegment::Key(key) => key.as_ref().to_owned(),
                PathSegment::Index(at) => at.to_string(),
            })
            .collect();
        let keys: Vec<String> = if let Event::Map(map) = event {
            map.keys(txn)
                .keys()
                .map(|key| key.as_ref().to_owned())
                .collect()
        } else {
            Vec::new()
        };
        let holds_one = matches!(root.shape, Shape::One | Shape::Counts);
        let mut add = |id: &str, field: Option<&str>| {
            noted.insert(Touched {
                root: root.name,
                id: id.to_owned(),
                field: field.map(str::to_owned),
            });
        };
        match (holds_one, path.as_slice()) {
            (true, []) => keys.iter().for_each(|key| add(ONE, Some(key))),
            (true, [name, ..]) => add(ONE, Some(name)),
            (false, []) => keys.iter().for_each(|id| add(id, None)),
            (false, [id]) => keys.iter().for_each(|key| add(id, Some(key))),
            (false, [id, name, ..]) => add(id, Some(name)),
        }
    }
}

/// Brings `content` up to date where `place` is, and says what is different there.
fn look<T: ReadTxn>(txn: &T, content: &mut Content, place: Touched, touched: &mut Vec<Touched>) {
    let Some(map) = txn.get_map(place.root) else {
        return;
    };
    let entity = if place.id == ONE {
        Some(map)
    } else {
        match map.get(txn, &place.id) {
            Some(Out::YMap(entity)) => Some(entity),
            _ => None,
        }
    };
    let Some(entity) = entity else {
        if content.remove_entity(place.root, &place.id) {
            touched.push(Touched {
                field: None,
                ..place
            });
        }
        return;
    };
    let Some(name) = &place.field else {
        let after = fields(txn, &entity);
        return look_at_all(content, place, after, touched);
    };
    let after = entity.get(txn, name).map(|value| field(txn, &value));
    if content.field(place.root, &place.id, name) == after.as_ref() {
        return;
    }
    let present = content.entity_mut(place.root, &place.id);
    match after {
        Some(after) => present.insert(name.clone(), after),
        None => present.remove(name),
    };
    touched.push(place);
}

/// The same of a whole entity.
fn look_at_all(content: &mut Content, place: Touched, after: Fields, touched: &mut Vec<Touched>) {
    let is_new = content.entity(place.root, &place.id).is_none();
    let before = content.entity_mut(place.root, &place.id);
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let changed = names
        .into_iter()
        .filter(|name| before.get(*name) != after.get(*name));
    touched.extend(changed.map(|name| Touched {
        field: Some(name.clone()),
        ..place.clone()
    }));
    *before = after;
    if is_new {
        touched.push(place);
    }
}

#[cfg(test)]
mod tests {
    use convene_plan::diff::diff;
    use rand::rngs::SmallRng;
    use rand::{RngExt, SeedableRng};
    use yrs::updates::decoder::Decode;
    use yrs::{GetString, MapPrelim, StateVector, Text, TextPrelim, Update, WriteTxn};

    use super::super::reading;
    use super::*;

    const IDS: [&str; 3] = ["sp_1", "sp_2", "sp_3"];

    /// Somebody changes something.
    fn edit(txn: &mut TransactionMut<'_>, dice: &mut SmallRng) {
        let number = dice.random_range(0..100_i64);
        match dice.random_range(0..8_u8) {
            0 => {
                txn.get_or_insert_map("meta").insert(txn, "name", number);
            }
            1 => {
                let needs = txn.get_or_insert_map("needs");
                needs.remove(txn, "vegan");
                needs.insert(txn, "vegan", number);
            }
            2 => {
                let brief = txn.get_or_insert_map("brief");
                brief.insert(txn, "goal", TextPrelim::new(format!("goal {number}")));
            }
            other => {
                let id = IDS[dice.random_range(0..IDS.len())];
                let speakers = txn.get_or_insert_map("speakers");
                let Some(Out::YMap(speaker)) = speakers.get(txn, id) else {
                    let speaker = speakers.insert(txn, id, MapPrelim::default());
                    speaker.insert(txn, "name", number);
                    speaker.insert(txn, "bio", TextPrelim::new("who"));
                    return;
                };
                match other {
                    3 => {
                        speakers.remove(txn, id);
                    }
                    4 => {
                        speaker.remove(txn, "name");
                    }
                    5 => {
                        speaker.insert(txn, "name", number);
                    }
                    _ => {
                        if let Some(Out::YText(bio)) = speaker.get(txn, "bio") {
                            let len = bio.get_string(txn).len();
                            bio.insert(txn, u32::try_from(len).unwrap(), "x");
                        }
                    }
                }
            }
        }
    }

    /// Where two contents differ, as rows are told to touch it.
    fn places(before: &Content, after: &Content) -> BTreeSet<(&'static str, String)> {
        let differences = diff(before, after);
        differences
            .iter()
            .map(|one| (one.root(), one.id.clone()))
            .collect()
    }

    #[test]
    fn what_a_row_touches_is_what_it_changed() {
        for seed in 0..300 {
            let mut dice = SmallRng::seed_from_u64(seed);
            let docs = [1, 2, 3].map(new_doc_as);
            let mut timeline = Timeline::default();
            let server = new_doc_as(9);
            for _ in 0..40 {
                let doc = &docs[dice.random_range(0..docs.len())];
                if dice.random_bool(0.4) {
                    let news = server
                        .transact()
                        .encode_diff_v1(&doc.transact().state_vector());
                    let update = Update::decode_v1(&news).unwrap();
                    doc.transact_mut().apply_update(update).unwrap();
                }
                edit(&mut doc.transact_mut(), &mut dice);
                let known = server.transact().state_vector();
                let row = doc.transact().encode_diff_v1(&known);
                let update = Update::decode_v1(&row).unwrap();
                server.transact_mut().apply_update(update).unwrap();
                let before = timeline.content().clone();
                let touched = timeline.take(&row).unwrap();
                let after = reading::content(&server.transact());
                assert_eq!(diff(timeline.content(), &after), [], "seed {seed}");
                let changed = places(&before, &after);
                let told: BTreeSet<(&str, String)> = touched
                    .iter()
                    .map(|one| (one.root, one.id.clone()))
                    .collect();
                assert!(
                    changed.is_subset(&told),
                    "seed {seed}: {changed:?} {told:?}"
                );
                if touched.is_empty() {
                    assert_eq!(diff(&before, &after), [], "seed {seed}");
                }
            }
            let whole = server.transact().encode_diff_v1(&StateVector::default());
            timeline.restart();
            timeline.take(&whole).unwrap();
            let whole = reading::content(&server.transact());
            assert_eq!(diff(timeline.content(), &whole), []);
        }
    }
}
