//! Where a struct belongs, and whether it may be there.

use super::Refusal;
use super::guard::Writer;
use super::index::{Index, Kind, NOWHERE, Owner, Seen};
use super::wire::{Body, Content, Id, Item, Parent, Struct, TypeKind};

/// Shared types inside each other: readers of documents recurse once a level.
const TYPE_DEPTH_MAX: u8 = 32;

/// What a struct is and where it belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Settled {
    pub(super) kind: Kind,
    pub(super) place: u32,
    /// One of its neighbours is collected and the other one is not, so it is to be collected too.
    pub(super) is_torn: bool,
}

/// Where a struct belongs and what it is, or why it must not be there.
pub(super) fn settle(
    index: &mut Index,
    one: &Struct<'_>,
    known_part: Option<Id>,
    writer: Writer,
) -> Result<Settled, Refusal> {
    let is_torn = !writer.is_trusted() && is_torn(index, one);
    let item = match one.body {
        Body::Item(item) if !is_torn => item,
        Body::Item(_) | Body::Collected => {
            return Ok(Settled {
                kind: Kind::Gone,
                place: NOWHERE,
                is_torn,
            });
        }
    };
    let before = known_part
        .and_then(|id| index.at(id))
        .map_or(NOWHERE, |(_, place)| place);
    let place = match place_of(index, &item).and_then(|place| one_place(before, place)) {
        Ok(place) => place,
        Err(_) if writer.is_trusted() => NOWHERE,
        Err(refusal) => return Err(refusal),
    };
    if let Err(refusal) = fits(index, place, &item, one.len)
        && !writer.is_trusted()
    {
        return Err(refusal);
    }
    let kind = match item.content {
        Content::Deleted => Kind::Gone,
        Content::Type { kind, .. } => Kind::Type {
            kind,
            depth: index.place(place).map_or(0, |place| place.depth),
        },
        Content::Format { .. } => Kind::Format,
        Content::Binary(_) | Content::Text(_) | Content::Embed(_) | Content::Values(_) => {
            Kind::Leaf
        }
    };
    Ok(Settled {
        kind,
        place,
        is_torn: false,
    })
}

/// Whether one of two neighbours is collected and the other one is not.
fn is_torn(index: &Index, one: &Struct<'_>) -> bool {
    let Body::Item(Item {
        origin: Some(left),
        right_origin: Some(right),
        ..
    }) = one.body
    else {
        return false;
    };
    let is_nowhere = |id| index.at(id).is_none_or(|(_, place)| place == NOWHERE);
    is_nowhere(left) != is_nowhere(right)
}

fn place_of(index: &mut Index, item: &Item<'_>) -> Result<u32, Refusal> {
    match item.parent {
        Some(Parent::Root(name)) => {
            let root = index.root(name);
            Ok(index.place_in(Owner::Root(root), None, 0, item.key))
        }
        Some(Parent::Item(id)) => match index.at(id) {
            Some((Kind::Type { kind, depth }, _)) => Ok(index.place_in(
                Owner::Item(id),
                Some(kind),
                depth.saturating_add(1),
                item.key,
            )),
            // Deleted meanwhile: yrs collects what comes into it.
            Some((Kind::Gone, _)) => Ok(NOWHERE),
            Some((Kind::Leaf | Kind::Format, _)) | None => {
                Err(Refusal::Wiring("a parent that cannot hold anything"))
            }
        },
        None => {
            let place = |id: Id| index.at(id).map_or(NOWHERE, |(_, place)| place);
            let left = item.origin.map(place);
            let right = item.right_origin.map(place);
            one_place(left.unwrap_or(NOWHERE), right.unwrap_or(NOWHERE))
        }
    }
}

/// The place that two neighbours share; what is nowhere has no say.
fn one_place(left: u32, right: u32) -> Result<u32, Refusal> {
    match (left, right) {
        (NOWHERE, place) | (place, NOWHERE) => Ok(place),
        (left, right) if left == right => Ok(left),
        _ => Err(Refusal::Wiring("neighbours that are not neighbours")),
    }
}

/// Whether `content` may be in `place`; notes in a root what it holds.
fn fits(index: &mut Index, place: u32, item: &Item<'_>, len: u32) -> Result<(), Refusal> {
    let Some(place) = index.place(place) else {
        return Ok(());
    };
    let content = &item.content;
    // It would be kept apart from what it is one with, and yrs would join all of it its own way.
    if item.is_keyed && !place.is_keyed {
        return Err(Refusal::Wiring("a key in a list"));
    }
    if let Content::Type { .. } = content
        && place.depth >= TYPE_DEPTH_MAX
    {
        return Err(Refusal::TooLarge("how deep shared types are nested"));
    }
    if matches!(content, Content::Deleted) {
        return Ok(());
    }
    let fits = if place.is_keyed {
        // A value of several clocks would be split, and a map key holds one value.
        len == 1 && fits_key(place.owner_kind, content)
    } else {
        match (place.owner_kind, place.owner) {
            (Some(kind), _) => fits_list(kind, content),
            (None, Owner::Root(root)) => return fits_root(index, root, content),
            (None, Owner::Item(_)) => false,
        }
    };
    if fits {
        Ok(())
    } else {
        Err(Refusal::Wiring("content that its parent cannot hold"))
    }
}

fn fits_key(owner: Option<TypeKind>, content: &Content<'_>) -> bool {
    let has_keys = match owner {
        None | Some(TypeKind::Map | TypeKind::Text | TypeKind::XmlElement | TypeKind::XmlText) => {
            true
        }
        Some(TypeKind::Array | TypeKind::XmlFragment) => false,
    };
    has_keys
        && matches!(
            content,
            Content::Values(_) | Content::Binary(_) | Content::Type { .. }
        )
}

fn fits_list(owner: TypeKind, content: &Content<'_>) -> bool {
    match owner {
        TypeKind::Map => false,
        TypeKind::Array => {
            matches!(
                content,
                Content::Values(_) | Content::Binary(_) | Content::Type { .. }
            )
        }
        TypeKind::Text | TypeKind::XmlText => matches!(
            content,
            Content::Text(_) | Content::Embed(_) | Content::Format { .. } | Content::Type { .. }
        ),
        TypeKind::XmlElement | TypeKind::XmlFragment => matches!(
            content,
            Content::Type {
                kind: TypeKind::XmlElement | TypeKind::XmlText,
                ..
            }
        ),
    }
}

/// A root is what is in it: text and values exclude each other, since no reader of one survives the
/// other.
fn fits_root(index: &mut Index, root: u32, content: &Content<'_>) -> Result<(), Refusal> {
    let (what, excludes) = match content {
        Content::Text(_) | Content::Embed(_) | Content::Format { .. } => (Seen::TEXT, Seen::VALUES),
        Content::Values(_) | Content::Binary(_) => (Seen::VALUES, Seen::TEXT),
        Content::Type {
            kind: TypeKind::XmlElement | TypeKind::XmlText,
            ..
        } => (Seen::XML, Seen::default()),
        Content::Type { .. } => (Seen::TYPES, Seen::default()),
        Content::Deleted => return Ok(()),
    };
    let is_torn = index.seen(root).has(excludes);
    // Also when it should not be there: a journal may hold it, where a snapshot had forgotten what was
    // deleted, and no reader of the other kind must be let near it.
    index.see(root, what);
    if is_torn {
        Err(Refusal::Wiring("text and values in one root"))
    } else {
        Ok(())
    }
}
