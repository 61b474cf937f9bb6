//! Single edits of every shared type at random.

use std::collections::HashMap;
use std::sync::Arc;

use convene::document::RootKind;
use yrs::types::Attrs;
use yrs::types::text::YChange;
use yrs::{
    Any, Array, ArrayPrelim, ArrayRef, Map, MapPrelim, MapRef, Number, Out, Text, TextPrelim,
    TextRef, TransactionMut, WriteTxn, Xml, XmlElementPrelim, XmlFragment, XmlFragmentRef,
    XmlTextPrelim,
};

use crate::dice::Dice;

/// How deep values are nested in values.
const VALUE_DEPTH_MAX: usize = 3;
/// How deep an edit goes into types inside types.
const TYPE_DEPTH_MAX: usize = 4;
const KEYS: [&str; 4] = ["k", "l", "title", "é"];
const WORDS: [&str; 6] = ["a", "plan", "é", "\u{1f600}", "Zürich ", "\n"];

/// One edit of one of `roots`.
pub(crate) fn any(txn: &mut TransactionMut<'_>, dice: &mut Dice, roots: &[(&str, RootKind)]) {
    let (name, kind) = dice.pick(roots);
    match kind {
        RootKind::Text => {
            let root = txn.get_or_insert_text(name);
            text(txn, &root, dice);
        }
        RootKind::Map => {
            let root = txn.get_or_insert_map(name);
            map(txn, &root, dice, 0);
        }
        RootKind::Array => {
            let root = txn.get_or_insert_array(name);
            array(txn, &root, dice, 0);
        }
        RootKind::Xml => {
            let root = txn.get_or_insert_xml_fragment(name);
            fragment(txn, &root, dice);
        }
    }
}

/// The positions between whole characters: Yjs replaces the halves of one that is split.
fn edges(txn: &TransactionMut<'_>, text: &TextRef) -> Vec<u32> {
    let mut edges = vec![0];
    let mut end = 0;
    for part in text.diff(txn, YChange::identity) {
        if let Out::Any(Any::String(chars)) = part.insert {
            for char in chars.chars() {
                end += u32::from(char.len_utf16() == 2) + 1;
                edges.push(end);
            }
        } else {
            end += 1;
            edges.push(end);
        }
    }
    edges
}

fn format(dice: &mut Dice) -> Attrs {
    let key = dice.pick(&["b", "i"]);
    let value = match dice.below(3) {
        0 => Any::Null,
        1 => Any::Bool(true),
        _ => Any::from("x"),
    };
    Attrs::from([(Arc::from(key), value)])
}

fn text(txn: &mut TransactionMut<'_>, text: &TextRef, dice: &mut Dice) {
    let edges = edges(txn, text);
    let at = dice.below(edges.len());
    let start = edges.get(at).copied().unwrap_or(0);
    let rest = edges.split_at(at).1;
    let end = rest.get(dice.between(1, 4)).copied();
    match (dice.below(8), end) {
        (0..=2, Some(end)) => text.remove_range(txn, start, end - start),
        (3..=4, Some(end)) => text.format(txn, start, end - start, format(dice)),
        (5, _) => {
            let embed = HashMap::from([("src".to_owned(), Any::from("a.png"))]);
            text.insert_embed(txn, start, Any::Map(Arc::new(embed)));
        }
        (6, _) => text.insert_with_attributes(txn, start, dice.pick(&WORDS), format(dice)),
        _ => text.insert(txn, start, dice.pick(&WORDS)),
    }
}

fn map(txn: &mut TransactionMut<'_>, map: &MapRef, dice: &mut Dice, depth: usize) {
    let key = dice.pick(&KEYS);
    match dice.below(9) {
        0 => {
            map.remove(txn, key);
        }
        1 => {
            map.insert(txn, key, MapPrelim::from([("in", 1)]));
        }
        2 => {
            map.insert(txn, key, TextPrelim::new("nested"));
        }
        3 => {
            map.insert(txn, key, ArrayPrelim::from([1, 2]));
        }
        4..=5 if depth < TYPE_DEPTH_MAX => {
            if let Some(inner) = map.get(txn, key) {
                inside(txn, &inner, dice, depth);
            }
        }
        _ => {
            map.insert(txn, key, value(dice, 0));
        }
    }
}

fn array(txn: &mut TransactionMut<'_>, array: &ArrayRef, dice: &mut Dice, depth: usize) {
    let len = array.len(txn);
    let at = u32::try_from(dice.below(len as usize + 1)).unwrap_or(0);
    match dice.below(8) {
        0..=1 if at < len => {
            let count = u32::try_from(dice.between(1, 3)).unwrap_or(1);
            array.remove_range(txn, at, count.min(len - at));
        }
        2 => {
            array.insert(txn, at, ArrayPrelim::from([1, 2, 3]));
        }
        3 => {
            array.insert(txn, at, MapPrelim::from([("in", "array")]));
        }
        4..=5 if depth < TYPE_DEPTH_MAX => {
            if let Some(inner) = array.get(txn, at) {
                inside(txn, &inner, dice, depth);
            }
        }
        _ => {
            let values: Vec<Any> = (0..dice.between(1, 3)).map(|_| value(dice, 0)).collect();
            array.insert_range(txn, at, values);
        }
    }
}

fn inside(txn: &mut TransactionMut<'_>, inner: &Out, dice: &mut Dice, depth: usize) {
    if let Out::YText(inner) = inner {
        text(txn, inner, dice);
    } else if let Out::YMap(inner) = inner {
        map(txn, inner, dice, depth + 1);
    } else if let Out::YArray(inner) = inner {
        array(txn, inner, dice, depth + 1);
    }
}

fn fragment(txn: &mut TransactionMut<'_>, xml: &XmlFragmentRef, dice: &mut Dice) {
    let len = xml.len(txn);
    let at = u32::try_from(dice.below(len as usize + 1)).unwrap_or(0);
    if at < len && dice.percent(25) {
        return xml.remove_range(txn, at, 1);
    }
    if at < len && dice.percent(50) {
        return match xml.get(txn, at) {
            Some(yrs::XmlOut::Element(element)) => {
                let level = i32::try_from(dice.between(1, 3)).unwrap_or(1);
                element.insert_attribute(txn, "level", level);
                element.push_back(txn, XmlTextPrelim::new("more"));
            }
            Some(yrs::XmlOut::Text(inner)) => text(txn, inner.as_ref(), dice),
            Some(yrs::XmlOut::Fragment(_)) | None => {}
        };
    }
    if dice.percent(30) {
        xml.insert(txn, at, XmlTextPrelim::new("text"));
        return;
    }
    let paragraph = xml.insert(txn, at, XmlElementPrelim::empty("p"));
    paragraph.insert_attribute(txn, "level", 1);
    paragraph.push_back(txn, XmlTextPrelim::new("text"));
}

/// Any value that a client can put into a map or an array.
pub(crate) fn value(dice: &mut Dice, depth: usize) -> Any {
    let kinds = if depth < VALUE_DEPTH_MAX { 11 } else { 9 };
    match dice.below(kinds) {
        0 => Any::Null,
        1 => Any::Undefined,
        2 => Any::Bool(dice.percent(50)),
        3 => Any::Number(Number::Int(i64::from(dice.byte()) - 128)),
        4 => Any::Number(Number::Int(i64::from_ne_bytes(dice.number().to_ne_bytes()))),
        5 => Any::Number(Number::Float(0.5 + f64::from(dice.byte()))),
        6 => Any::Number(Number::Float(1e300)),
        7 => Any::from(dice.pick(&WORDS)),
        8 => Any::Buffer((0..dice.below(4)).map(|_| dice.byte()).collect()),
        9 => {
            let inner = (0..dice.below(3)).map(|_| value(dice, depth + 1));
            Any::Array(inner.collect())
        }
        _ => {
            let inner: HashMap<String, Any> = (0..dice.below(3))
                .map(|_| (dice.pick(&KEYS).to_owned(), value(dice, depth + 1)))
                .collect();
            Any::Map(Arc::new(inner))
        }
    }
}
