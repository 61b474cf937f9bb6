//! Which thing of an import is which thing of the plan.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::Value as Json;

use super::super::{guid, normalised};
use crate::content::{Content, Fields, Value};
use crate::schema::{ROOTS, Root};

/// Characters of an id behind its prefix, as operations have it.
const ID_CHARS_MAX: usize = 64;
/// Roots whose things are known by their names when nothing else tells who they are.
const BY_NAME: &[&str] = &["rooms", "tracks", "speakers"];

/// The plan's ids of an import's things, by root.
pub(super) struct Matching<'p> {
    ids: BTreeMap<&'static str, BTreeMap<String, String>>,
    present: &'p Content,
    names: BTreeMap<&'static str, BTreeMap<String, &'p str>>,
}

/// The things of one root of the plan by what they are called.
struct Present<'p> {
    by_id: BTreeMap<&'p str, &'p Fields>,
    by_reference: BTreeMap<&'p str, VecDeque<&'p str>>,
    by_guid: BTreeMap<String, &'p str>,
    by_name: BTreeMap<String, VecDeque<&'p str>>,
    claimed: BTreeSet<&'p str>,
}

fn name(fields: &Fields) -> Option<String> {
    let name = fields.get("name").or_else(|| fields.get("title"));
    let name = name.and_then(Value::plain).and_then(Json::as_str);
    name.map(normalised).filter(|name| !name.is_empty())
}

impl<'p> Present<'p> {
    fn new(content: &'p Content, root: &Root) -> Self {
        let mut present = Self {
            by_id: content.entities(root.name).collect(),
            by_reference: BTreeMap::new(),
            by_guid: BTreeMap::new(),
            by_name: BTreeMap::new(),
            claimed: BTreeSet::new(),
        };
        for (id, fields) in content.entities(root.name) {
            if let Some(reference) = guid::reference(fields) {
                present
                    .by_reference
                    .entry(reference)
                    .or_default()
                    .push_back(id);
            }
            present
                .by_guid
                .entry(guid::exported(id, fields))
                .or_insert(id);
            if let Some(name) = name(fields) {
                present.by_name.entry(name).or_default().push_back(id);
            }
        }
        present
    }

    fn claim(&mut self, id: &'p str) -> Option<&'p str> {
        self.claimed.insert(id).then_some(id)
    }

    /// The first that is not claimed yet; those before it never will be asked for again.
    fn claim_first(
        ids: &mut VecDeque<&'p str>,
        claimed: &mut BTreeSet<&'p str>,
    ) -> Option<&'p str> {
        while let Some(id) = ids.pop_front() {
            if claimed.insert(id) {
                return Some(id);
            }
        }
        None
    }

    fn by_id(&mut self, key: &str) -> Option<&'p str> {
        let (id, _) = self.by_id.get_key_value(key)?;
        let id = *id;
        self.claim(id)
    }

    /// By the same id, and from the same place too.
    fn by_both(&mut self, key: &str, reference: Option<&str>) -> Option<&'p str> {
        let fields = self.by_id.get(key)?;
        (reference == guid::reference(fields)).then(|| self.by_id(key))?
    }

    fn by_reference(&mut self, reference: Option<&str>) -> Option<&'p str> {
        let ids = self.by_reference.get_mut(reference?)?;
        Self::claim_first(ids, &mut self.claimed)
    }

    fn by_guid(&mut self, reference: &str) -> Option<&'p str> {
        let id = self.by_guid.get(&guid::of(reference)).copied()?;
        self.claim(id)
    }

    fn by_name(&mut self, fields: &Fields) -> Option<&'p str> {
        let ids = self.by_name.get_mut(&name(fields)?)?;
        Self::claim_first(ids, &mut self.claimed)
    }
}

impl<'p> Matching<'p> {
    /// Finds everything of `import` in `present`, and gives ids to what is not there.
    pub(super) fn new(
        present: &'p Content,
        import: &Content,
        new_id: &mut dyn FnMut(&str) -> String,
    ) -> Self {
        let (mut ids, mut names) = (BTreeMap::new(), BTreeMap::new());
        for root in ROOTS {
            let Some(prefix) = root.prefix() else {
                continue;
            };
            let mut there = Present::new(present, root);
            let first = |(name, ids): (&String, &VecDeque<&'p str>)| {
                let first = ids.front()?;
                Some((name.clone(), *first))
            };
            names.insert(root.name, there.by_name.iter().filter_map(first).collect());
            let mut found = found(&mut there, (root, import));
            for (key, _) in import.entities(root.name) {
                if !found.contains_key(key) {
                    let is_own = is_id(prefix, key) && present.entity(root.name, key).is_none();
                    let id = if is_own {
                        key.to_owned()
                    } else {
                        new_id(prefix)
                    };
                    found.insert(key.to_owned(), id);
                }
            }
            ids.insert(root.name, found);
        }
        Self {
            ids,
            present,
            names,
        }
    }

    /// The plan's id of a thing of the import.
    pub(super) fn id(&self, root: &str, key: &str) -> Option<&str> {
        self.ids.get(root)?.get(key).map(String::as_str)
    }

    /// The plan's id for what the import refers to: its own thing, an id of the plan, or a name there.
    pub(super) fn resolve(&self, root: &str, key: &str) -> String {
        if let Some(id) = self.id(root, key) {
            return id.to_owned();
        }
        if self.present.entity(root, key).is_some() {
            return key.to_owned();
        }
        let named = self
            .names
            .get(root)
            .and_then(|names| names.get(&normalised(key)));
        named.map_or_else(|| key.to_owned(), |id| (*id).to_owned())
    }
}

/// First by where things came from, then by ids, then by names; nothing is found twice.
fn found<'p>(
    there: &mut Present<'p>,
    (root, import): (&Root, &Content),
) -> BTreeMap<String, String> {
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    let mut pass = |find: &mut dyn FnMut(&str, &Fields) -> Option<&'p str>| {
        for (key, fields) in import.entities(root.name) {
            if !found.contains_key(key)
                && let Some(id) = find(key, fields)
            {
                found.insert(key.to_owned(), id.to_owned());
            }
        }
    };
    pass(&mut |key, fields| there.by_both(key, guid::reference(fields)));
    let prefix = root.prefix().unwrap_or("");
    pass(&mut |key, fields| there.by_reference(known_as(prefix, key, fields)));
    pass(&mut |key, _| there.by_id(key));
    pass(&mut |key, fields| there.by_guid(guid::reference(fields).unwrap_or(key)));
    if BY_NAME.contains(&root.name) {
        pass(&mut |_, fields| there.by_name(fields));
    }
    found
}

/// By what a thing of an import is known in the plan: where it came from, or what the import calls it.
pub(super) fn known_as<'f>(prefix: &str, key: &'f str, fields: &'f Fields) -> Option<&'f str> {
    let name = if key.is_empty() { "no id" } else { key };
    guid::reference(fields).or_else(|| (!is_id(prefix, key)).then_some(name))
}

/// Whether operations take this as an id.
fn is_id(prefix: &str, id: &str) -> bool {
    let tail = id.strip_prefix(prefix).and_then(|it| it.strip_prefix('_'));
    tail.is_some_and(|tail| {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        (1..=ID_CHARS_MAX).contains(&tail.len()) && tail.bytes().all(is_plain)
    })
}
