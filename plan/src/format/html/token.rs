//! HTML as a row of texts and tags, however broken it is.

use std::borrow::Cow;

use quick_xml::escape::resolve_html5_entity;

/// Bytes of a character reference at most, as in `&CounterClockwiseContourIntegral;`.
const REFERENCE_BYTES_MAX: usize = 34;

/// One piece of HTML.
pub(super) enum Token<'t> {
    Text(&'t str),
    Open(String, &'t str),
    Close(String),
    Comment,
}

/// What is left of the text.
pub(super) struct Tokens<'t>(pub(super) &'t str);

impl<'t> Iterator for Tokens<'t> {
    type Item = Token<'t>;

    fn next(&mut self) -> Option<Token<'t>> {
        let text = self.0;
        let first = text.chars().next()?;
        if first == '<'
            && let Some((token, rest)) = tag(text)
        {
            self.0 = rest;
            return Some(token);
        }
        let after = first.len_utf8();
        let end = text
            .get(after..)?
            .find('<')
            .map_or(text.len(), |at| at + after);
        let (run, rest) = text.split_at(end);
        self.0 = rest;
        Some(Token::Text(run))
    }
}

/// The tag or comment that `text` begins with, and what follows it.
fn tag(text: &str) -> Option<(Token<'_>, &str)> {
    if let Some(comment) = text.strip_prefix("<!--") {
        let (_, rest) = comment.split_once("-->").unwrap_or((comment, ""));
        return Some((Token::Comment, rest));
    }
    let inside = text.strip_prefix('<')?;
    let (is_close, inside) = match inside.strip_prefix('/') {
        Some(inside) => (true, inside),
        None => (false, inside),
    };
    if !inside.starts_with(|it: char| it.is_ascii_alphabetic()) {
        return None;
    }
    // Ending at the next `<` too keeps a text of nothing but `<a<a<a` linear.
    let end = inside.find(['>', '<'])?;
    let (inside, rest) = inside.split_at(end);
    let rest = rest.strip_prefix('>')?;
    let end = inside
        .find(|it: char| !it.is_ascii_alphanumeric())
        .unwrap_or(inside.len());
    let (name, attributes) = inside.split_at(end);
    let name = name.to_ascii_lowercase();
    let token = if is_close {
        Token::Close(name)
    } else {
        Token::Open(name, attributes)
    };
    Some((token, rest))
}

/// One attribute of a tag, if it has it.
pub(super) fn attribute(attributes: &str, name: &str) -> Option<String> {
    let mut rest = attributes;
    loop {
        let (before, after) = rest.split_once('=')?;
        let key = before.trim();
        let after = after.trim_start();
        let quote = after.chars().next().filter(|it| matches!(it, '"' | '\''));
        let (value, next) = match quote {
            Some(quote) => after.get(1..)?.split_once(quote)?,
            None => after.split_once(char::is_whitespace).unwrap_or((after, "")),
        };
        let key = key.rsplit(char::is_whitespace).next().unwrap_or(key);
        if key.eq_ignore_ascii_case(name) {
            return Some(unescaped(value));
        }
        rest = next;
    }
}

/// Character references replaced; what is none stays as it is.
pub(super) fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let end = after
            .bytes()
            .take(REFERENCE_BYTES_MAX)
            .position(|byte| byte == b';');
        let name = end.and_then(|end| after.get(..end));
        let character = name.and_then(|name| match name.strip_prefix('#') {
            Some(number) => numbered(number).map(Cow::Owned),
            None => resolve_html5_entity(name).map(Cow::Borrowed),
        });
        let behind = end.and_then(|end| after.get(end + 1..));
        if let (Some(character), Some(behind)) = (character, behind) {
            out.push_str(&character);
            rest = behind;
        } else {
            out.push('&');
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

fn numbered(number: &str) -> Option<String> {
    let code = match number.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16).ok()?,
        None => number.parse().ok()?,
    };
    let character = char::from_u32(code).filter(|it| !it.is_control() || *it == '\n')?;
    Some(character.to_string())
}
