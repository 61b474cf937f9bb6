//! What a document says, as canonical JSON: the same on every replica that holds the same.
//!
//! Text is its characters, without formats and embeds. Maps and arrays are JSON. XML is a list of
//! nodes: a text is a string, an element an object of `name`, `attributes` and `children`. Bytes are
//! base64. The JSON is written by RFC 8785, for which every language has a library.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use convene_protocol::control::document as control;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use yrs::encoding::read::Cursor;
use yrs::types::xml::XmlOut;
use yrs::{
    Any, Array, GetString, Map as _, Number, Out, ReadTxn, TextRef, Xml, XmlElementRef,
    XmlFragment, XmlTextRef,
};

use super::Refusal;
use super::index::Seen;

/// How a root is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RootKind {
    /// As `Y.Text`.
    Text,
    /// As `Y.Map`.
    Map,
    /// As `Y.Array`.
    Array,
    /// As `Y.XmlFragment`.
    Xml,
}

impl From<control::RootKind> for RootKind {
    fn from(kind: control::RootKind) -> Self {
        match kind {
            control::RootKind::Text => Self::Text,
            control::RootKind::Map => Self::Map,
            control::RootKind::Array => Self::Array,
            control::RootKind::Xml => Self::Xml,
        }
    }
}

impl RootKind {
    /// Whether a root with this in it can be read so: yrs runs without end on some that cannot.
    pub(super) fn check(self, seen: Seen) -> Result<(), Refusal> {
        let strangers = match self {
            Self::Text => Seen::VALUES,
            // What is in a map has keys, which is apart from any list.
            Self::Map => Seen::default(),
            Self::Array => Seen::TEXT,
            Self::Xml => Seen::TEXT.and(Seen::VALUES).and(Seen::TYPES),
        };
        if seen.has(strangers) {
            Err(Refusal::Wiring("a root is read as what it is not"))
        } else {
            Ok(())
        }
    }
}

/// SHA-256 of the canonical JSON of `roots`, in hex.
pub(super) fn hash<T: ReadTxn>(txn: &T, roots: &[(String, RootKind)]) -> String {
    let object: Map<String, Value> = roots
        .iter()
        .map(|(name, kind)| (name.clone(), root(txn, name, *kind)))
        .collect();
    // Writing to memory what is in memory cannot fail; an empty text would only never compare equal.
    let text = serde_json_canonicalizer::to_vec(&object).unwrap_or_default();
    hex::encode(Sha256::digest(&text))
}

/// One root; one that is not here is as empty as one that is.
fn root<T: ReadTxn>(txn: &T, name: &str, kind: RootKind) -> Value {
    match kind {
        RootKind::Text => txn
            .get_text(name)
            .map_or_else(String::new, |text| text.get_string(txn))
            .into(),
        RootKind::Map => txn.get_map(name).map_or_else(
            || json!({}),
            |map| {
                map.iter(txn)
                    .map(|(key, value)| (key.to_owned(), out(txn, &value)))
                    .collect()
            },
        ),
        RootKind::Array => txn.get_array(name).map_or_else(
            || json!([]),
            |array| array.iter(txn).map(|value| out(txn, &value)).collect(),
        ),
        RootKind::Xml => txn
            .get_xml_fragment(name)
            .map_or_else(|| json!([]), |xml| children(txn, &xml)),
    }
}

pub(super) fn out<T: ReadTxn>(txn: &T, value: &Out) -> Value {
    match value {
        Out::Any(any) => plain(any),
        Out::YText(text) => text.get_string(txn).into(),
        Out::YArray(array) => array.iter(txn).map(|value| out(txn, &value)).collect(),
        Out::YMap(map) => map
            .iter(txn)
            .map(|(key, value)| (key.to_owned(), out(txn, &value)))
            .collect(),
        Out::YXmlElement(element) => xml_element(txn, element),
        Out::YXmlFragment(fragment) => children(txn, fragment),
        Out::YXmlText(text) => xml_text(txn, text),
        // The guard lets neither in.
        Out::YDoc(_) | Out::UndefinedRef(_) => Value::Null,
    }
}

fn children<T: ReadTxn>(txn: &T, parent: &impl XmlFragment) -> Value {
    parent
        .children(txn)
        .map(|child| match child {
            XmlOut::Element(element) => xml_element(txn, &element),
            XmlOut::Fragment(fragment) => children(txn, &fragment),
            XmlOut::Text(text) => xml_text(txn, &text),
        })
        .collect()
}

fn xml_element<T: ReadTxn>(txn: &T, element: &XmlElementRef) -> Value {
    let attributes: Map<String, Value> = element
        .attributes(txn)
        .map(|(key, value)| (key.to_owned(), out(txn, &value)))
        .collect();
    json!({
        "name": element.tag().as_ref(),
        "attributes": attributes,
        "children": children(txn, element),
    })
}

/// The characters alone: formats are written as tags by some readers and not by others.
fn xml_text<T: ReadTxn>(txn: &T, text: &XmlTextRef) -> Value {
    <XmlTextRef as AsRef<TextRef>>::as_ref(text)
        .get_string(txn)
        .into()
}

fn plain(any: &Any) -> Value {
    match any {
        Any::Null | Any::Undefined => Value::Null,
        Any::Bool(value) => (*value).into(),
        Any::Number(number) => self::number(*number),
        Any::String(text) => text.as_ref().into(),
        Any::Buffer(bytes) => STANDARD.encode(bytes).into(),
        Any::Array(values) => values.iter().map(plain).collect(),
        // JSON has no undefined: JavaScript leaves such members out.
        Any::Map(map) => map
            .iter()
            .filter(|(_, value)| !matches!(value, Any::Undefined))
            .map(|(key, value)| (key.clone(), plain(value)))
            .collect(),
    }
}

/// Numbers as JavaScript has them. A big integer that is also one of these is written as that by yrs,
/// so it must count as the same before it is written and after; the others are texts.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "it is looked at what is lost"
)]
fn number(number: Number) -> Value {
    match number {
        Number::Int(value) if (value as f64) as i64 == value => Value::from(value as f64),
        Number::Int(value) => value.to_string().into(),
        Number::Float(value) => Value::from(value),
    }
}

/// Reads encoded values one after the other, up to the first that cannot be read.
pub(super) struct EncodedValues<'a>(Cursor<'a>);

impl<'a> EncodedValues<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(Cursor::new(bytes))
    }
}

impl Iterator for EncodedValues<'_> {
    type Item = Value;

    fn next(&mut self) -> Option<Value> {
        Any::decode(&mut self.0).ok().map(|value| plain(&value))
    }
}

/// Whether two JSON texts say the same; yrs writes what it read in its own way.
pub(super) fn same_json(ours: &str, theirs: &str) -> bool {
    match (Any::from_json(ours), Any::from_json(theirs)) {
        (Ok(ours), Ok(theirs)) => plain(&ours) == plain(&theirs),
        _ => true,
    }
}
