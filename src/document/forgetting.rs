//! Structs of an update that are told to yrs as less than they are: as deleted, or as collected.
//!
//! Stock clients send some that are forgotten the moment they arrive, and that yrs must not see:
//!
//! - Yjs joins the values that a client gave one map key after another once all of them are deleted
//!   and an undo manager keeps them. yrs would keep the run under a key, which holds one value, and
//!   corrupt memory when something splits it. Deleted content may have any length.
//! - Something written into a list that was deleted meanwhile can have a neighbour that is collected
//!   already and one that is not. Yjs collects it; yrs would take the place of the other one.

use std::collections::HashSet;

use convene_protocol::lib0::write_var_uint;

use super::wire::{Body, Content, Id, Section, Struct, Update, write_deletes};

/// The first byte of a collected struct, and the kind of deleted content in that of an item.
const COLLECTED: u8 = 0;
const DELETED: u8 = 1;
/// The bits of an item's first byte that say what else follows.
const NOT_KIND: u8 = 0xe0;

/// What a struct is told as.
enum Told<'a> {
    Collected,
    /// Where it belongs, without these values.
    Deleted(&'a [u8]),
}

/// `update` with the runs of values that it deletes itself as deleted; `None` when it holds none.
pub(super) fn forget_deleted_runs(update: &Update<'_>) -> Option<Vec<u8>> {
    if update.deletes.is_empty() {
        return None;
    }
    rewrite(update, |id, one| {
        let Body::Item(item) = one.body else {
            return None;
        };
        let Content::Values(values) = item.content else {
            return None;
        };
        let is_deleted = one.len > 1 && update.deleted_from(id) >= id.clock + one.len;
        is_deleted.then_some(Told::Deleted(values))
    })
}

/// `update` with the structs at `collected` as collected; `None` when that is none.
pub(super) fn collect(update: &Update<'_>, collected: &[Id]) -> Option<Vec<u8>> {
    if collected.is_empty() {
        return None;
    }
    let collected: HashSet<Id> = collected.iter().copied().collect();
    rewrite(update, |id, _| {
        collected.contains(&id).then_some(Told::Collected)
    })
}

fn rewrite<'a>(
    update: &Update<'a>,
    tell: impl Fn(Id, &Struct<'a>) -> Option<Told<'a>>,
) -> Option<Vec<u8>> {
    let is_told_less = |section: &Section<'a>| {
        let mut structs = section.structs().flatten();
        structs.any(|(clock, one)| tell(id(section, clock), &one).is_some())
    };
    if !update.sections.iter().any(is_told_less) {
        return None;
    }
    let mut out = Vec::new();
    write_var_uint(&mut out, update.sections.len() as u64);
    for section in &update.sections {
        for number in [
            section.count as u64,
            section.client,
            u64::from(section.start),
        ] {
            write_var_uint(&mut out, number);
        }
        write_structs(&mut out, section, &tell)?;
    }
    write_deletes(&mut out, update);
    Some(out)
}

fn id(section: &Section<'_>, clock: u32) -> Id {
    Id {
        client: section.client,
        clock,
    }
}

/// `None` cannot come: the structure was checked before.
fn write_structs<'a>(
    out: &mut Vec<u8>,
    section: &Section<'a>,
    tell: impl Fn(Id, &Struct<'a>) -> Option<Told<'a>>,
) -> Option<()> {
    let mut structs = section.structs();
    let mut rest = structs.rest();
    while let Some(read) = structs.next() {
        let (clock, one) = read.ok()?;
        let (bytes, _) = rest.split_at_checked(rest.len() - structs.rest().len())?;
        rest = structs.rest();
        let mut len = Vec::new();
        write_var_uint(&mut len, u64::from(one.len));
        match tell(id(section, clock), &one) {
            None => out.extend_from_slice(bytes),
            Some(Told::Collected) => {
                out.push(COLLECTED);
                out.extend_from_slice(&len);
            }
            Some(Told::Deleted(values)) => {
                // All before the count of the values stays, but for their kind.
                let place = bytes.len().checked_sub(len.len() + values.len())?;
                let (info, place) = bytes.get(..place)?.split_first()?;
                out.push(info & NOT_KIND | DELETED);
                out.extend_from_slice(place);
                out.extend_from_slice(&len);
            }
        }
    }
    Some(())
}
