//! What a document says in full, with formats and nested types, as a stock client would show it.
//!
//! Every shared type says what it is, numbers are JavaScript's, and what JSON has no word for has a
//! name beginning with `$`. `tests/clients/lib/histories.mjs` writes the same of a Yjs document.

use convene::document::RootKind;
use serde_json::{Map, Value, json};
use yrs::types::text::YChange;
use yrs::types::xml::XmlOut;
use yrs::updates::decoder::Decode;
use yrs::{
    Any, Array, ArrayRef, ClientID, Doc, Map as _, MapRef, Number, OffsetKind, Options, Out,
    ReadTxn, Text, TextRef, Transact, Update, WriteTxn, Xml, XmlElementRef, XmlFragment,
    XmlTextRef,
};

use crate::finding::Finding;

/// The content of a document by root.
#[derive(Debug, Clone, PartialEq)]
pub struct Content(pub Map<String, Value>);

impl Content {
    /// How much is in every root that is a list: what does not depend on the order.
    pub fn sizes(&self) -> Vec<(&str, usize)> {
        self.0
            .iter()
            .filter_map(|(name, root)| Some((name.as_str(), size(root)?)))
            .collect()
    }
}

/// Texts in units of UTF-16, other lists in members; maps have no size that can be relied on.
fn size(root: &Value) -> Option<usize> {
    if let Some(delta) = root.get("$text") {
        let units = |part: &Value| {
            part["insert"]
                .as_str()
                .map_or(1, |text| text.encode_utf16().count())
        };
        return Some(delta.as_array()?.iter().map(units).sum());
    }
    let list = root.get("$array").or_else(|| root.get("$xml"))?;
    list.as_array().map(Vec::len)
}

/// Reads `roots` of the document that `state` holds.
pub fn read(state: &[u8], roots: &[(&str, RootKind)]) -> Result<Content, Finding> {
    let mut options = Options::with_client_id(ClientID::new(0));
    options.offset_kind = OffsetKind::Utf16;
    options.cleanup_formatting = false;
    let doc = Doc::with_options(options);
    let failed = |error: &dyn std::fmt::Display| Finding::Broken(format!("unreadable: {error}"));
    let update = Update::decode_v1(state).map_err(|error| failed(&error))?;
    let mut txn = doc.transact_mut();
    txn.apply_update(update).map_err(|error| failed(&error))?;
    let content = roots
        .iter()
        .map(|(name, kind)| {
            let value = match kind {
                RootKind::Text => {
                    let text = txn.get_or_insert_text(*name);
                    self::text(&txn, &text)
                }
                RootKind::Map => {
                    let map = txn.get_or_insert_map(*name);
                    self::map(&txn, &map)
                }
                RootKind::Array => {
                    let array = txn.get_or_insert_array(*name);
                    self::array(&txn, &array)
                }
                RootKind::Xml => {
                    let xml = txn.get_or_insert_xml_fragment(*name);
                    json!({ "$xml": children(&txn, &xml) })
                }
            };
            ((*name).to_owned(), value)
        })
        .collect();
    Ok(Content(content))
}

fn text<T: ReadTxn>(txn: &T, text: &TextRef) -> Value {
    let mut delta: Vec<Value> = Vec::new();
    for part in text.diff(txn, YChange::identity) {
        let mut attributes = Map::new();
        for (key, value) in part.attributes.iter().flat_map(|all| all.iter()) {
            attributes.insert(key.to_string(), plain(value));
        }
        let insert = out(txn, &part.insert);
        // Where formats end and begin again is not shown: neighbours with the same ones are one.
        if let Some(last) = delta.last_mut()
            && last["attributes"] == Value::Object(attributes.clone())
            && let (Some(before), Some(after)) = (last["insert"].as_str(), insert.as_str())
        {
            last["insert"] = format!("{before}{after}").into();
        } else {
            delta.push(json!({ "insert": insert, "attributes": attributes }));
        }
    }
    json!({ "$text": delta })
}

fn map<T: ReadTxn>(txn: &T, map: &MapRef) -> Value {
    let inside: Map<String, Value> = map
        .iter(txn)
        .map(|(key, value)| (key.to_owned(), out(txn, &value)))
        .collect();
    json!({ "$map": inside })
}

fn array<T: ReadTxn>(txn: &T, array: &ArrayRef) -> Value {
    let inside: Vec<Value> = array.iter(txn).map(|value| out(txn, &value)).collect();
    json!({ "$array": inside })
}

fn children<T: ReadTxn>(txn: &T, parent: &impl XmlFragment) -> Vec<Value> {
    parent
        .children(txn)
        .map(|child| match child {
            XmlOut::Element(element) => xml_element(txn, &element),
            XmlOut::Fragment(fragment) => json!({ "$xml": children(txn, &fragment) }),
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
        "$element": element.tag().as_ref(),
        "attributes": attributes,
        "children": children(txn, element),
    })
}

fn xml_text<T: ReadTxn>(txn: &T, text: &XmlTextRef) -> Value {
    self::text(txn, text.as_ref())
}

fn out<T: ReadTxn>(txn: &T, value: &Out) -> Value {
    match value {
        Out::Any(any) => plain(any),
        Out::YText(text) => self::text(txn, text),
        Out::YArray(array) => self::array(txn, array),
        Out::YMap(map) => self::map(txn, map),
        Out::YXmlElement(element) => xml_element(txn, element),
        Out::YXmlFragment(fragment) => json!({ "$xml": children(txn, fragment) }),
        Out::YXmlText(text) => xml_text(txn, text),
        Out::YDoc(_) => "$document".into(),
        Out::UndefinedRef(_) => "$unknown".into(),
    }
}

fn plain(any: &Any) -> Value {
    match any {
        Any::Null => Value::Null,
        Any::Undefined => "$undefined".into(),
        Any::Bool(value) => (*value).into(),
        Any::Number(number) => self::number(*number),
        Any::String(text) => text.as_ref().into(),
        Any::Buffer(bytes) => {
            let bytes: Vec<u8> = bytes.to_vec();
            json!({ "$bytes": bytes })
        }
        Any::Array(values) => values.iter().map(plain).collect(),
        Any::Map(map) => map
            .iter()
            .map(|(key, value)| (key.clone(), plain(value)))
            .collect(),
    }
}

/// As JavaScript would show it; big integers are named that yrs does not write as numbers, and other
/// numbers that JSON lacks.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "it is looked at what is lost"
)]
fn number(number: Number) -> Value {
    let float = match number {
        Number::Int(value) if (value as f64) as i64 == value => value as f64,
        Number::Int(value) => return json!({ "$integer": value.to_string() }),
        Number::Float(value) => value,
    };
    // Adding makes minus zero, which yrs reads as zero, the same.
    serde_json::Number::from_f64(float + 0.0)
        .map_or_else(|| json!({ "$number": float.to_string() }), Value::Number)
}
