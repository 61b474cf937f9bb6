//! XML as a tree of elements with their lines, within limits; and text as XML can hold it.

use quick_xml::Reader;
use quick_xml::XmlVersion;
use quick_xml::escape::resolve_html5_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};
use serde_json::{Map, Value as Json, json};

use super::super::{DEPTH_MAX, NODES_MAX, Unreadable, text_of};

/// One element.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Element {
    pub(super) name: String,
    pub(super) attributes: Vec<(String, String)>,
    pub(super) children: Vec<Element>,
    /// All text directly in it.
    pub(super) text: String,
    /// Where it begins, counted from 1.
    pub(super) line: usize,
}

impl Element {
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(super) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// As JSON: its text, or an object of its attributes as `@name`, its children, and its text as `$`.
    pub(super) fn to_json(&self) -> Json {
        if self.attributes.is_empty() && self.children.is_empty() {
            return json!(self.text);
        }
        let mut object = Map::new();
        for (name, value) in &self.attributes {
            object.insert(format!("@{name}"), json!(value));
        }
        for child in &self.children {
            let json = child.to_json();
            match object.get_mut(&child.name) {
                None => {
                    object.insert(child.name.clone(), json);
                }
                Some(Json::Array(items)) => items.push(json),
                Some(one) => *one = json!([one.take(), json]),
            }
        }
        if !self.text.trim().is_empty() {
            object.insert("$".to_owned(), json!(self.text));
        }
        Json::Object(object)
    }
}

/// Counts lines up to places that only grow.
struct Lines<'t> {
    text: &'t str,
    at: usize,
    line: usize,
}

impl Lines<'_> {
    fn line(&mut self, place: u64) -> usize {
        let place = usize::try_from(place).unwrap_or(self.text.len());
        let passed = self.text.as_bytes().get(self.at..place).unwrap_or_default();
        self.line += super::super::lines(passed);
        self.at = self.at.max(place.min(self.text.len()));
        self.line
    }
}

/// The outermost element of a file.
pub(super) fn parse(file: &[u8]) -> Result<Element, Unreadable> {
    let text = text_of(file)?;
    let mut reader = Reader::from_str(text);
    // A bare `&` is what exports that do not escape have.
    reader.config_mut().allow_dangling_amp = true;
    let mut lines = Lines {
        text,
        at: 0,
        line: 1,
    };
    let (mut open, mut nodes) = (vec![Element::default()], 0);
    loop {
        let line = lines.line(reader.buffer_position());
        let syntax = |say: String| Unreadable::Syntax { line, say };
        let event = reader.read_event().map_err(|error| Unreadable::Syntax {
            line: lines.line(reader.error_position()),
            say: error.to_string(),
        })?;
        match event {
            Event::Start(start) => {
                nodes += 1;
                open.push(element(&start, line)?);
                if open.len() > DEPTH_MAX {
                    return Err(Unreadable::TooDeep(line));
                }
            }
            Event::Empty(start) => {
                nodes += 1;
                let element = element(&start, line)?;
                if let Some(parent) = open.last_mut() {
                    parent.children.push(element);
                }
            }
            Event::End(_) => {
                let ended = open.pop();
                if let (Some(ended), Some(parent)) = (ended, open.last_mut()) {
                    parent.children.push(ended);
                }
            }
            Event::Text(text) => append(&mut open, &text.xml10_content()),
            Event::CData(text) => append(&mut open, &text.xml10_content()),
            Event::GeneralRef(name) => append(&mut open, &referred(&name).map_err(syntax)?),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
            Event::Eof => break,
        }
        if nodes > NODES_MAX {
            return Err(Unreadable::TooFull(line));
        }
    }
    outermost(open, lines.line)
}

/// The one element that is left when all are closed.
fn outermost(mut open: Vec<Element>, line: usize) -> Result<Element, Unreadable> {
    let syntax = |say: String| Unreadable::Syntax { line, say };
    let last = open.pop().unwrap_or_default();
    if !open.is_empty() {
        let say = format!("<{}> of line {} is not closed", last.name, last.line);
        return Err(syntax(say));
    }
    let first = last.children.into_iter().next();
    first.ok_or_else(|| syntax("there is no element".to_owned()))
}

fn append(open: &mut [Element], text: &str) {
    // Blanks between elements are layout.
    if let Some(element) = open.last_mut()
        && !(element.text.is_empty() && !element.children.is_empty() && text.trim().is_empty())
    {
        element.text.push_str(text);
    }
}

/// What a reference stands for. Those of HTML are no XML, and occur.
fn referred(name: &BytesRef<'_>) -> Result<String, String> {
    match name.resolve_char_ref() {
        Ok(Some(character)) => return Ok(character.to_string()),
        Ok(None) => {}
        Err(error) => return Err(error.to_string()),
    }
    let known = resolve_html5_entity(name);
    known
        .map(str::to_owned)
        .ok_or_else(|| format!("&{}; is not known", &**name))
}

fn element(start: &BytesStart<'_>, line: usize) -> Result<Element, Unreadable> {
    let mut element = Element {
        name: start.name().as_ref().to_owned(),
        line,
        ..Element::default()
    };
    for attribute in start.attributes().with_checks(false) {
        let attribute = attribute.map_err(|error| Unreadable::Syntax {
            line,
            say: error.to_string(),
        })?;
        let value = attribute
            .normalized_value_with(XmlVersion::Explicit1_0, 1, resolve_html5_entity)
            .map_err(|error| Unreadable::Syntax {
                line,
                say: error.to_string(),
            })?;
        let name = attribute.key.as_ref().to_owned();
        element.attributes.push((name, value.into_owned()));
    }
    Ok(element)
}

/// Whether a name can be an element's or an attribute's (XML 1.0, production 5, as far as it is ASCII).
pub(super) fn is_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    let first = bytes.next();
    first.is_some_and(|it| it.is_ascii_alphabetic() || it == b'_')
        && bytes.all(|it| it.is_ascii_alphanumeric() || matches!(it, b'_' | b'-' | b'.'))
}

/// Text with what XML cannot hold (production 2) replaced, and whether there was any.
pub(super) fn escaped(text: &str) -> (String, bool) {
    let mut out = String::with_capacity(text.len());
    let mut has_lost = false;
    for it in text.chars() {
        match it {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // A reader makes an end of line, and in attributes a blank, of these.
            '\r' => out.push_str("&#13;"),
            '\t' => out.push_str("&#9;"),
            '\n' => out.push('\n'),
            it if it.is_control() && it < ' ' || matches!(it, '\u{fffe}' | '\u{ffff}') => {
                out.push('\u{fffd}');
                has_lost = true;
            }
            it => out.push(it),
        }
    }
    (out, has_lost)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_knows_its_lines_and_its_text() {
        let root = parse(b"<?xml version='1.0'?>\n<a x='1 &amp; 2'>\n <b>c&lt;<![CDATA[<d>]]>&eacute;</b>\n <e/>\n</a>").unwrap();
        assert_eq!(root.attribute("x"), Some("1 & 2"));
        let b = root.child("b").unwrap();
        assert_eq!((b.text.as_str(), b.line), ("c<<d>\u{e9}", 3));
        assert_eq!(
            root.to_json(),
            json!({"@x": "1 & 2", "b": "c<<d>\u{e9}", "e": ""})
        );
    }

    #[test]
    fn a_bare_ampersand_is_one() {
        let root = parse(b"<a>R&D & more</a>").unwrap();
        assert_eq!(root.text, "R&D & more");
    }

    #[test]
    fn what_is_malformed_is_told_with_its_line() {
        for (file, say) in [
            ("<a>\n<b>\n</a>", "line 3: "),
            ("<a>\n<b>", "line 2: <b> of line 2 is not closed"),
            ("<a>\n&nothing;</a>", "line 2: &nothing; is not known"),
            ("<a>\n<b c=d></b></a>", "line 2: "),
            ("<a>\n<b c=\"&nothing;\"/></a>", "line 2: "),
            ("\n", "line 2: there is no element"),
        ] {
            let error = parse(file.as_bytes()).unwrap_err().to_string();
            assert!(error.starts_with(say), "{error}");
        }
    }

    #[test]
    fn nesting_and_numbers_have_limits() {
        let deep = "<a>".repeat(DEPTH_MAX + 1);
        assert_eq!(parse(deep.as_bytes()), Err(Unreadable::TooDeep(1)));
        let many = format!("<a>\n{}</a>", "<b/>".repeat(NODES_MAX + 1));
        assert_eq!(parse(many.as_bytes()), Err(Unreadable::TooFull(2)));
    }
}
