//! What somebody looks for, and how it is written for each engine.
//!
//! A query is a list of terms, all of which must be there. A term is words in a row: one, or those in
//! quotes, or the characters of a script without blanks. Words hold letters and digits only, so nothing that
//! is typed can be read as an operator by an engine.

use super::fold::{Word, words};

/// Words of a query at most; those beyond are not looked for.
pub const WORDS_MAX: usize = 16;

/// A query that looks for nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no word in the query: write at least one letter or digit")]
pub struct EmptyQuery;

/// What somebody looks for: at least one term, and at most [`WORDS_MAX`] words in all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    terms: Vec<Term>,
}

/// Words that must be in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Term {
    pub(super) words: Vec<String>,
    pub(super) end: End,
}

/// How the last word of a term is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Whole,
    /// It is still being typed: words that begin with it are meant too.
    Prefix,
}

/// What the text is cut into before its words are looked at.
struct Piece<'t> {
    text: &'t str,
    is_quoted: bool,
}

impl Query {
    /// Reads what somebody typed. `"words in quotes"` must be in a row; the last word is the beginning of
    /// one, unless a blank or a closing quote follows it.
    pub fn parse(text: &str) -> Result<Self, EmptyQuery> {
        let (mut terms, mut left): (Vec<Term>, usize) = (Vec::new(), WORDS_MAX);
        let mut is_cut = false;
        for piece in pieces(text) {
            let mut before: Option<Word> = None;
            for word in words(piece.text) {
                if left == 0 {
                    is_cut = true;
                    break;
                }
                left -= 1;
                let goes_on = before
                    .as_ref()
                    .is_some_and(|before| piece.is_quoted || word.range.start <= before.range.end);
                match terms.last_mut().filter(|_| goes_on) {
                    Some(term) => term.words.push(word.text.clone()),
                    None => terms.push(Term {
                        words: vec![word.text.clone()],
                        end: End::Whole,
                    }),
                }
                before = Some(word);
            }
        }
        let is_done = text.ends_with(|it: char| it.is_whitespace() || is_quote(it));
        let last = terms.last_mut().ok_or(EmptyQuery)?;
        if !is_done && !is_cut {
            last.end = End::Prefix;
        }
        Ok(Self { terms })
    }

    /// For `MATCH` of SQLite's FTS5, over texts that are folded: `"kafka" AND "big log"*`.
    pub fn to_fts5(&self) -> String {
        let term = |term: &Term| {
            let star = match term.end {
                End::Whole => "",
                End::Prefix => "*",
            };
            format!("\"{}\"{star}", term.words.join(" "))
        };
        let terms: Vec<String> = self.terms.iter().map(term).collect();
        terms.join(" AND ")
    }

    /// For a `tsquery` of PostgreSQL, over vectors of texts that are folded: `'kafka' & ('big' <-> 'log':*)`.
    pub fn to_tsquery(&self) -> String {
        let term = |term: &Term| {
            let words: Vec<String> = term.words.iter().map(|word| format!("'{word}'")).collect();
            let star = match term.end {
                End::Whole => "",
                End::Prefix => ":*",
            };
            format!("({}{star})", words.join(" <-> "))
        };
        let terms: Vec<String> = self.terms.iter().map(term).collect();
        terms.join(" & ")
    }

    pub(super) fn terms(&self) -> &[Term] {
        &self.terms
    }
}

fn is_quote(it: char) -> bool {
    matches!(it, '"' | '“' | '”' | '„' | '«' | '»')
}

/// What is in quotes and what is not, in turn; a quote that is not closed goes on to the end.
fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let pieces = text.split(is_quote).enumerate();
    pieces.map(|(number, text)| Piece {
        text,
        is_quoted: number % 2 == 1,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::fold::WORD_CHARS_MAX;
    use super::*;

    fn fts5(text: &str) -> String {
        Query::parse(text).unwrap().to_fts5()
    }

    #[test]
    fn a_query_is_written_for_both_engines() {
        let query = Query::parse("Kafka \"big logs\" OR ca").unwrap();
        assert_eq!(
            query.to_fts5(),
            "\"kafka\" AND \"big logs\" AND \"or\" AND \"ca\"*"
        );
        assert_eq!(
            query.to_tsquery(),
            "('kafka') & ('big' <-> 'logs') & ('or') & ('ca':*)"
        );
    }

    #[test]
    fn the_last_word_is_the_beginning_of_one_while_it_is_typed() {
        assert_eq!(fts5("ops ka"), "\"ops\" AND \"ka\"*");
        assert_eq!(fts5("ops ka "), "\"ops\" AND \"ka\"");
        assert_eq!(fts5("\"ops ka\""), "\"ops ka\"");
        assert_eq!(fts5("\"ops ka"), "\"ops ka\"*");
        assert_eq!(fts5("会議 "), "\"会 議\"");
        assert_eq!(fts5("C++"), "\"c\"*");
    }

    #[test]
    fn a_query_has_an_end() {
        let text = format!("{} last", "word ".repeat(WORDS_MAX));
        let query = Query::parse(&text).unwrap();
        assert_eq!(query.terms().len(), WORDS_MAX);
        assert_eq!(query.terms()[15].end, End::Whole);
    }

    #[test]
    fn what_looks_for_nothing_is_refused() {
        for text in ["", "  ", "\"\"", "*", "🎤", "' & |"] {
            assert_eq!(Query::parse(text), Err(EmptyQuery), "{text}");
        }
    }

    /// Whether a query is what [`Query::to_fts5`] may write, read by the engine's own rules: phrases in
    /// quotes with AND between.
    fn is_sound_fts5(query: &str) -> bool {
        query.split(" AND ").all(|term| {
            let inside = term
                .trim_end_matches('*')
                .strip_prefix('"')
                .and_then(|it| it.strip_suffix('"'));
            inside.is_some_and(is_words)
        })
    }

    fn is_sound_tsquery(query: &str) -> bool {
        query.split(" & ").all(|term| {
            let inside = term.strip_prefix('(').and_then(|it| it.strip_suffix(')'));
            inside.is_some_and(|it| {
                it.split(" <-> ").all(|lexeme| {
                    let lexeme = lexeme.strip_suffix(":*").unwrap_or(lexeme);
                    let word = lexeme
                        .strip_prefix('\'')
                        .and_then(|it| it.strip_suffix('\''));
                    word.is_some_and(|word| is_words(word) && !word.contains(' '))
                })
            })
        })
    }

    fn is_words(text: &str) -> bool {
        text.split(' ').all(|word| {
            let length = word.chars().count();
            (1..=WORD_CHARS_MAX).contains(&length) && word.chars().all(char::is_alphanumeric)
        })
    }

    proptest! {
        #[test]
        fn whatever_is_typed_is_harmless(text in "(\\PC|[\"'*&|!<>():\\\\a-c ]|AND|NEAR|\0|\n){0,60}") {
            if let Ok(query) = Query::parse(&text) {
                prop_assert!(is_sound_fts5(&query.to_fts5()), "{}", query.to_fts5());
                prop_assert!(is_sound_tsquery(&query.to_tsquery()), "{}", query.to_tsquery());
                let count: usize = query.terms().iter().map(|term| term.words.len()).sum();
                prop_assert!((1..=WORDS_MAX).contains(&count));
            }
        }
    }
}
