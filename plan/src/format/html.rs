//! HTML of schedules as Markdown: paragraphs, headings, lists, quotes, code, links and emphasis.
//!
//! One pass from tag to tag without a tree: a file from outside can neither nest so deep that the stack
//! ends, nor make the output much longer than itself. What it does not know loses its tags and keeps its text.

mod token;

use std::borrow::Cow;

use self::token::{Token, Tokens, attribute, unescaped};

/// Lists and quotes in each other that are shown at most; each level indents every line.
const LEVELS_MAX: usize = 8;
/// Tags by which a text is taken for HTML.
const TELLING: &[&str] = &[
    "p",
    "br",
    "hr",
    "a",
    "ul",
    "ol",
    "li",
    "strong",
    "em",
    "b",
    "i",
    "code",
    "pre",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "div",
    "span",
    "blockquote",
    "table",
];

/// The text as Markdown; one without tags of HTML is Markdown already.
pub(super) fn to_markdown(text: &str) -> Cow<'_, str> {
    let is_telling = |token: &Token<'_>| match token {
        Token::Open(name, _) | Token::Close(name) => TELLING.contains(&name.as_str()),
        Token::Text(_) | Token::Comment => false,
    };
    if !Tokens(text).any(|token| is_telling(&token)) {
        return Cow::Borrowed(text);
    }
    let mut writer = Writer::default();
    for token in Tokens(text) {
        match token {
            Token::Text(text) => writer.text(text),
            Token::Open(name, attributes) => writer.open(&name, attributes),
            Token::Close(name) => writer.close(&name),
            Token::Comment => {}
        }
    }
    writer.end_marks();
    writer.out.truncate(writer.out.trim_end().len());
    Cow::Owned(writer.out)
}

/// Emphasis, code or a link that is open: its tag, where it began, and what ends it.
struct Mark {
    tag: String,
    at: usize,
    begin: &'static str,
    end: String,
}

#[derive(Default)]
struct Writer {
    out: String,
    /// Ends of lines before the next text.
    breaks: usize,
    /// Whether a blank is due before the next text.
    is_apart: bool,
    /// What begins the next list item.
    item: Option<String>,
    /// The numbers of the lists that are open; none for those with bullets.
    lists: Vec<Option<usize>>,
    quotes: usize,
    marks: Vec<Mark>,
    is_verbatim: bool,
    /// The tag whose content is not text.
    hidden: Option<String>,
}

impl Writer {
    fn text(&mut self, text: &str) {
        if self.hidden.is_some() {
            return;
        }
        let text = unescaped(text);
        if self.is_verbatim {
            for (number, line) in text.split('\n').enumerate() {
                if number > 0 {
                    self.breaks += 1;
                }
                if !line.is_empty() {
                    self.begin();
                    self.out.push_str(line);
                }
            }
            return;
        }
        let is_code = self.marks.iter().any(|mark| mark.begin == "`");
        for word in text.split_inclusive(is_blank) {
            let bare = word.trim_end_matches(is_blank);
            if !bare.is_empty() {
                let is_first = self.breaks > 0 || self.out.is_empty();
                let place = if is_first { Spot::First } else { Spot::Later };
                self.begin();
                if is_code {
                    self.out.push_str(bare);
                } else {
                    escape(bare, place, &mut self.out);
                }
            }
            self.is_apart |= bare.len() < word.len();
        }
    }

    /// Ends lines and begins the one that text comes to.
    fn begin(&mut self) {
        if self.out.is_empty() {
            self.is_apart = false;
        }
        let breaks = if self.out.is_empty() { 0 } else { self.breaks };
        // What follows in an item stands below its text, and an item below those of its own list.
        let levels = self.lists.len() - usize::from(self.item.is_some() && !self.lists.is_empty());
        let width = |list: &Option<usize>| if list.is_some() { 3 } else { 2 };
        let indent: usize = self.lists.iter().take(levels).map(width).sum();
        for number in 0..breaks {
            self.out.push('\n');
            let is_last = number + 1 == breaks;
            if self.quotes > 0 {
                self.out.push_str(&">".repeat(self.quotes));
                self.out.push_str(if is_last { " " } else { "" });
            }
            if is_last {
                self.out.push_str(&" ".repeat(indent));
            }
        }
        if self.breaks == 0 && self.is_apart {
            self.out.push(' ');
        }
        if let Some(item) = self.item.take() {
            self.out.push_str(&item);
        }
        (self.breaks, self.is_apart) = (0, false);
    }

    /// The next text begins a line, behind `blank` empty ones.
    fn line(&mut self, blank: usize) {
        self.end_marks();
        self.breaks = self.breaks.max(blank + 1);
    }

    fn open(&mut self, name: &str, attributes: &str) {
        match name {
            "script" | "style" | "head" | "template" => self.hidden = Some(name.to_owned()),
            "br" => self.line(0),
            "hr" => {
                self.line(1);
                self.begin();
                self.out.push_str("---");
                self.line(1);
            }
            "ul" | "ol" => {
                self.line(usize::from(self.lists.is_empty()));
                if self.lists.len() < LEVELS_MAX {
                    self.lists.push((name == "ol").then_some(0));
                }
            }
            "li" => {
                self.line(0);
                self.item = Some(match self.lists.last_mut() {
                    Some(Some(number)) => {
                        *number += 1;
                        format!("{number}. ")
                    }
                    Some(None) | None => "- ".to_owned(),
                });
            }
            "blockquote" => {
                self.line(1);
                self.quotes = (self.quotes + 1).min(LEVELS_MAX);
            }
            "pre" => {
                self.line(1);
                self.begin();
                self.out.push_str("```");
                self.line(0);
                self.is_verbatim = true;
            }
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                self.line(1);
                let level = name
                    .chars()
                    .last()
                    .and_then(|it| it.to_digit(10))
                    .unwrap_or(1);
                self.begin();
                for _ in 0..level {
                    self.out.push('#');
                }
                self.is_apart = true;
            }
            "td" | "th" => self.is_apart = true,
            "img" => self.image(attributes),
            "p" | "div" | "section" | "article" | "table" | "tr" | "dl" | "dt" | "dd" => {
                // A paragraph that begins an item stays on its line.
                if self.item.is_none() {
                    self.line(usize::from(name == "p" || name == "table"));
                }
            }
            _ => self.mark(name, attributes),
        }
    }

    fn mark(&mut self, name: &str, attributes: &str) {
        let (begin, end) = match name {
            "strong" | "b" => ("**", "**".to_owned()),
            "em" | "i" => ("*", "*".to_owned()),
            "code" | "tt" | "kbd" if !self.is_verbatim => ("`", "`".to_owned()),
            "a" => match attribute(attributes, "href").filter(|href| is_address(href)) {
                Some(href) => ("[", format!("]({href})")),
                None => return,
            },
            _ => return,
        };
        if self.marks.len() >= LEVELS_MAX || self.marks.iter().any(|mark| mark.begin == begin) {
            return;
        }
        self.begin();
        self.marks.push(Mark {
            tag: name.to_owned(),
            at: self.out.len(),
            begin,
            end,
        });
        self.out.push_str(begin);
    }

    fn image(&mut self, attributes: &str) {
        if let Some(source) = attribute(attributes, "src").filter(|source| is_address(source)) {
            let words = attribute(attributes, "alt").unwrap_or_default();
            self.begin();
            let words = words.replace(['[', ']', '\n'], " ");
            for part in ["![", &words, "](", &source, ")"] {
                self.out.push_str(part);
            }
        }
    }

    fn close(&mut self, name: &str) {
        if self.hidden.as_deref() == Some(name) {
            self.hidden = None;
        }
        match name {
            "ul" | "ol" => {
                self.lists.pop();
                self.item = None;
                self.line(usize::from(self.lists.is_empty()));
            }
            "blockquote" => {
                self.line(1);
                self.quotes = self.quotes.saturating_sub(1);
            }
            "pre" if self.is_verbatim => {
                self.is_verbatim = false;
                self.line(0);
                self.breaks = 1;
                self.begin();
                self.out.push_str("```");
                self.line(1);
            }
            "p" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "table" => self.line(1),
            "li" | "div" | "section" | "article" | "tr" | "dt" | "dd" => self.line(0),
            _ => {
                if let Some(at) = self.marks.iter().rposition(|mark| mark.tag == name) {
                    for mark in self.marks.split_off(at).into_iter().rev() {
                        self.end(&mark);
                    }
                }
            }
        }
    }

    /// Emphasis does not reach over the end of a line.
    fn end_marks(&mut self) {
        while let Some(mark) = self.marks.pop() {
            self.end(&mark);
        }
    }

    fn end(&mut self, mark: &Mark) {
        if self.out.len() == mark.at + mark.begin.len() {
            self.out.truncate(mark.at);
        } else {
            self.out.push_str(&mark.end);
        }
    }
}

/// A blank that lines are broken at; a no-break space is none.
fn is_blank(it: char) -> bool {
    it.is_ascii_whitespace()
}

/// Whether a link may lead there: addresses of the web and of mail, and relative ones.
fn is_address(href: &str) -> bool {
    let scheme = href
        .split(['/', '?', '#'])
        .next()
        .and_then(|it| it.split_once(':'));
    let is_known = scheme.is_none_or(|(scheme, _)| {
        ["http", "https", "mailto"]
            .iter()
            .any(|known| scheme.eq_ignore_ascii_case(known))
    });
    is_known && !href.is_empty() && !href.contains([' ', '\n', '\t', '(', ')', '<', '>'])
}

/// Where in its line a word is.
#[derive(Clone, Copy, PartialEq)]
enum Spot {
    First,
    Later,
}

/// Writes a word so that Markdown does not take its characters for marks.
fn escape(word: &str, place: Spot, out: &mut String) {
    let is_first = place == Spot::First;
    let is_number =
        |digits: &str| !digits.is_empty() && digits.bytes().all(|it| it.is_ascii_digit());
    let begins_block = match word {
        "-" | "+" | ">" => true,
        _ if word.starts_with('>') => true,
        _ if word.bytes().all(|it| it == b'#') => true,
        _ => false,
    };
    if is_first && begins_block {
        out.push('\\');
    }
    if let Some(number) = word
        .strip_suffix('.')
        .filter(|number| is_first && is_number(number))
    {
        out.push_str(number);
        out.push_str("\\.");
        return;
    }
    let mut before = ' ';
    let mut characters = word.chars().peekable();
    while let Some(it) = characters.next() {
        let after = characters.peek().copied().unwrap_or(' ');
        let is_mark = match it {
            '\\' | '*' | '`' => true,
            '_' => !(before.is_alphanumeric() && after.is_alphanumeric()),
            '<' => after.is_ascii_alphabetic() || matches!(after, '/' | '!'),
            _ => false,
        };
        if is_mark {
            out.push('\\');
        }
        out.push(it);
        before = it;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn html_becomes_markdown() {
        for (html, markdown) in [
            (
                "<p>One</p>\n<p>two <b>three</b>.</p>",
                "One\n\ntwo **three**.",
            ),
            (
                "<h2>Why</h2><ul>\n<li>a</li>\n<li><p>b <a href=\"https://x.org/\">c</a></p></li></ul>",
                "## Why\n\n- a\n- b [c](https://x.org/)",
            ),
            (
                "<ol><li>a<ul><li>b</li></ul></li><li>c</li></ol>",
                "1. a\n   - b\n2. c",
            ),
            (
                "<ul><li>a<br>b</li><li>c<ul><li>d</li></ul></li></ul>e",
                "- a\n  b\n- c\n  - d\n\ne",
            ),
            ("a<br/>b &amp; c&nbsp;d &#x41;", "a\nb & c\u{a0}d A"),
            (
                "<pre><code>if a &lt; b:\n    c</code></pre><p>d</p>",
                "```\nif a < b:\n    c\n```\n\nd",
            ),
            (
                "<blockquote><p>a</p><p>b</p></blockquote><p>c</p>",
                "a\n>\n> b\n\nc",
            ),
            (
                "<p>2 * 3 <em>snake_case</em> &lt;T&gt;</p>",
                "2 \\* 3 *snake_case* \\<T>",
            ),
            ("<p>a<script>alert(1)</script></p>", "a"),
            (
                "<p><a href=\"javascript:x\">a</a> <strong></strong></p>",
                "a",
            ),
            ("<code>a*b</code> x < y", "`a*b` x < y"),
        ] {
            assert_eq!(to_markdown(html), markdown, "{html}");
        }
    }

    #[test]
    fn what_is_no_html_stays_as_it_is() {
        for text in ["a < b and `Vec<u8>`", "## x\n\n* y\n", "<generic>"] {
            assert!(matches!(to_markdown(text), Cow::Borrowed(_)), "{text}");
        }
    }

    #[test]
    fn hostile_nesting_takes_neither_stack_nor_time() {
        let html = "<ul><li><blockquote><b>".repeat(200_000) + "x";
        assert!(to_markdown(&html).len() < 4 * html.len());
        for part in ["<a", "&#", "<a href=", "<!-", "<p", "<b>x</p>"] {
            let html = format!("<p>{}", part.repeat(2_000_000));
            assert!(to_markdown(&html).len() < 4 * html.len());
        }
    }

    proptest! {
        #[test]
        fn anything_is_converted(
            parts in prop::collection::vec(
                prop_oneof!["<p>|</p>|<li>|<ul>|</ul>|<ol>|<b>|</b>|<pre>|</pre>|<br>|<a href=|&#|&amp|;|<!--|-->", "[ -~é]{0,5}"],
                0..40,
            ),
        ) {
            let html = parts.concat();
            let markdown = to_markdown(&html);
            prop_assert!(markdown.len() <= 16 * html.len() + 16);
        }
    }
}
