//! Several committed updates as one, without reading what is in them.
//!
//! The updates come from one replica in the order it took them, so the structs of a client in them
//! are consecutive: they are put behind each other as they are. That is linear, where merging
//! through yrs is not, and it is what every frame of a busy room goes through.

use std::collections::BTreeMap;

use bytes::Bytes;
use convene_protocol::lib0::write_var_uint;

use super::ClientId;
use super::wire::{Section, Update};

/// Merges consecutive updates of one replica; `None` when they are not that.
pub fn merge(updates: &[Bytes]) -> Option<Bytes> {
    if let [one] = updates {
        return Some(one.clone());
    }
    let mut sections: BTreeMap<ClientId, Vec<Section<'_>>> = BTreeMap::new();
    let mut deletes: BTreeMap<ClientId, Vec<(u32, u32)>> = BTreeMap::new();
    for update in updates {
        let update = Update::parse(update).ok()?;
        for section in update.sections {
            let line = sections.entry(section.client).or_default();
            if line.last().is_some_and(|last| last.end != section.start) {
                return None;
            }
            line.push(section);
        }
        for deleted in update.deletes {
            deletes
                .entry(deleted.client)
                .or_default()
                .extend(deleted.ranges);
        }
    }
    let mut out = Vec::with_capacity(updates.iter().map(Bytes::len).sum());
    write_sections(&mut out, &sections)?;
    write_deletes(&mut out, deletes);
    Some(out.into())
}

fn write_sections(
    out: &mut Vec<u8>,
    sections: &BTreeMap<ClientId, Vec<Section<'_>>>,
) -> Option<()> {
    write_var_uint(out, sections.len() as u64);
    // Higher client ids first, as every encoder of Yjs does.
    for (client, line) in sections.iter().rev() {
        let structs: usize = line.iter().map(|section| section.count).sum();
        write_var_uint(out, structs as u64);
        write_var_uint(out, *client);
        write_var_uint(out, u64::from(line.first()?.start));
        for section in line {
            out.extend_from_slice(section.structs);
        }
    }
    Some(())
}

fn write_deletes(out: &mut Vec<u8>, deletes: BTreeMap<ClientId, Vec<(u32, u32)>>) {
    write_var_uint(out, deletes.len() as u64);
    for (client, mut ranges) in deletes.into_iter().rev() {
        ranges.sort_unstable();
        let mut joined: Vec<(u32, u32)> = Vec::with_capacity(ranges.len());
        for (start, end) in ranges {
            match joined.last_mut() {
                Some((_, last)) if start <= *last => *last = end.max(*last),
                _ => joined.push((start, end)),
            }
        }
        write_var_uint(out, client);
        write_var_uint(out, joined.len() as u64);
        for (start, end) in joined {
            write_var_uint(out, u64::from(start));
            write_var_uint(out, u64::from(end - start));
        }
    }
}
