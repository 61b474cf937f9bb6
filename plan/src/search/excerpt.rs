//! The part of a text that shows why it was found, in its own words.

use std::ops::Range;

use super::fold::{Word, fold};
use super::query::{End, Query, Term};

/// How far before the first hit an excerpt begins, as a part of its length: enough to see what it is about.
const LEAD_PART: usize = 4;
const ELLIPSIS: &str = "…";

/// A piece of an excerpt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// As it is in the text, or with `…` where the text goes on.
    pub text: String,
    /// Whether it was looked for.
    pub hit: bool,
}

/// A word, or words in a row, that a term means.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Hit {
    bytes: Range<usize>,
    term: usize,
}

/// At most `chars_max` characters of `text` beside the `…` at its ends: where most of what `query` looks for
/// stands, or the beginning when nothing of it does. A text that is short enough is whole.
pub fn excerpt(query: &Query, text: &str, chars_max: usize) -> Vec<Part> {
    let words = fold(text);
    let hits = hits(query, &words);
    let window = window(text, &words, &hits, chars_max);
    let mut parts = Vec::new();
    let mut at = window.start;
    let mut rest = String::new();
    if at > 0 {
        rest.push_str(ELLIPSIS);
    }
    for hit in hits {
        let begin = hit.bytes.start.max(at);
        if hit.bytes.end > window.end || begin >= hit.bytes.end || hit.bytes.start < window.start {
            continue;
        }
        rest.push_str(text.get(at..begin).unwrap_or_default());
        add(&mut parts, std::mem::take(&mut rest), Mark::Plain);
        let found = text.get(begin..hit.bytes.end).unwrap_or_default();
        add(&mut parts, found.to_owned(), Mark::Hit);
        at = hit.bytes.end;
    }
    rest.push_str(text.get(at..window.end).unwrap_or_default());
    if window.end < text.len() {
        rest.push_str(ELLIPSIS);
    }
    add(&mut parts, rest, Mark::Plain);
    parts
}

#[derive(Clone, Copy, PartialEq)]
enum Mark {
    Hit,
    Plain,
}

fn add(parts: &mut Vec<Part>, text: String, mark: Mark) {
    let hit = mark == Mark::Hit;
    match parts.last_mut() {
        _ if text.is_empty() => {}
        Some(last) if last.hit == hit => last.text.push_str(&text),
        Some(_) | None => parts.push(Part { text, hit }),
    }
}

/// Every place that a term means, by its beginning.
fn hits(query: &Query, words: &[Word]) -> Vec<Hit> {
    let mut hits = Vec::new();
    for (number, term) in query.terms().iter().enumerate() {
        for row in words.windows(term.words.len()) {
            if let (true, Some(first), Some(last)) = (means(term, row), row.first(), row.last()) {
                hits.push(Hit {
                    bytes: first.range.start..last.range.end,
                    term: number,
                });
            }
        }
    }
    hits.sort_by_key(|hit| (hit.bytes.start, hit.bytes.end));
    hits
}

fn means(term: &Term, row: &[Word]) -> bool {
    let last = term.words.len() - 1;
    let mut pairs = term.words.iter().zip(row).enumerate();
    pairs.all(|(number, (wanted, word))| match term.end {
        End::Prefix if number == last => word.text.starts_with(wanted.as_str()),
        End::Prefix | End::Whole => word.text == *wanted,
    })
}

/// Which bytes of the text are shown.
fn window(text: &str, words: &[Word], hits: &[Hit], chars_max: usize) -> Range<usize> {
    // Where each character begins, and where the text ends.
    let mut begins: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
    begins.push(text.len());
    let length = begins.len() - 1;
    if length <= chars_max {
        return 0..text.len();
    }
    let character = |byte: usize| begins.partition_point(|begin| *begin < byte);
    let byte = |character: usize| begins.get(character).copied().unwrap_or(text.len());
    let (first, last) = best(hits, chars_max, &character).unwrap_or((0, 0));
    // What is left of the length beside the hits is before and behind them.
    let lead = (chars_max / LEAD_PART).min(chars_max.saturating_sub(last - first));
    let start = first.saturating_sub(lead).min(length - chars_max);
    let end = start + chars_max;
    // No word is cut, if there is a whole one.
    let (start, end) = (byte(start), byte(end));
    let starts = words.iter().find(|word| word.range.start >= start);
    let ends = words.iter().rev().find(|word| word.range.end <= end);
    let whole = starts.zip(ends).map(|(first, last)| {
        let start = if start == 0 { 0 } else { first.range.start };
        let end = if end == text.len() {
            end
        } else {
            last.range.end
        };
        start..end
    });
    whole
        .filter(|whole| whole.start < whole.end)
        .unwrap_or(start..end)
}

/// The characters from the first hit to the end of the last where most different terms are near each
/// other, and most hits if several places have as many.
fn best(
    hits: &[Hit],
    chars_max: usize,
    character: &impl Fn(usize) -> usize,
) -> Option<(usize, usize)> {
    let mut best: Option<((usize, usize), (usize, usize))> = None;
    let mut counts = [0_usize; super::query::WORDS_MAX];
    let (mut behind, mut distinct) = (0, 0);
    for (number, hit) in hits.iter().enumerate() {
        let first = character(hit.bytes.start);
        while let Some(next) = hits.get(behind) {
            if behind > number && character(next.bytes.end) - first > chars_max {
                break;
            }
            if let Some(count) = counts.get_mut(next.term) {
                distinct += usize::from(*count == 0);
                *count += 1;
            }
            behind += 1;
        }
        let value = (distinct, behind - number);
        let last = hits
            .get(behind - 1)
            .map_or(first, |hit| character(hit.bytes.end));
        if best.is_none_or(|(known, _)| value > known) {
            best = Some((value, (first, last.clamp(first, first + chars_max))));
        }
        if let Some(count) = counts.get_mut(hit.term) {
            *count -= 1;
            distinct -= usize::from(*count == 0);
        }
    }
    best.map(|(_, range)| range)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn marked(query: &str, text: &str, chars_max: usize) -> String {
        let parts = excerpt(&Query::parse(query).unwrap(), text, chars_max);
        let part = |part: &Part| {
            if part.hit {
                format!("[{}]", part.text)
            } else {
                part.text.clone()
            }
        };
        parts.iter().map(part).collect()
    }

    #[test]
    fn hits_are_marked_in_the_original_words() {
        for (query, text, said) in [
            ("cafe", "Un Café", "Un [Café]"),
            ("ka", "Kafka, KAFKA and caf", "[Kafka], [KAFKA] and caf"),
            ("ka ", "Kafka", "Kafka"),
            ("\"big logs\"", "big, logs and big", "[big, logs] and big"),
            ("会議 室", "大会議室", "大[会議室]"),
            ("nothing", "Short", "Short"),
        ] {
            assert_eq!(marked(query, text, 100), said);
        }
    }

    #[test]
    fn an_excerpt_is_where_most_of_the_query_is() {
        let filler = "lorem ipsum dolor sit amet ".repeat(20);
        let text = format!("kafka {filler} logs then kafka {filler}");
        let said = marked("kafka logs ", &text, 40);
        assert_eq!(said, "…sit amet  [logs] then [kafka] lorem ipsum…");
        let said = marked("nothing", &text, 20);
        assert_eq!(said, "kafka lorem ipsum…");
    }

    #[test]
    fn a_word_that_is_too_long_is_cut() {
        let text = "é".repeat(1_000);
        let said = marked("x", &text, 10);
        assert_eq!(said, format!("{}…", "é".repeat(10)));
    }

    proptest! {
        #[test]
        fn an_excerpt_is_a_part_of_the_text(
            query in "[a-c会é]{1,2}( [a-c]{1,2}){0,2} ?",
            text in "([a-ce\u{301}会 ]|[a-c]{1,3} |\\PC){0,60}",
            chars_max in 1_usize..40,
        ) {
            let query = Query::parse(&query).unwrap();
            prop_assume!(!text.contains('…'));
            let parts = excerpt(&query, &text, chars_max);
            let all: String = parts.iter().map(|part| part.text.as_str()).collect();
            let bare = all.trim_start_matches('…').trim_end_matches('…');
            prop_assert!(text.contains(bare));
            prop_assert!(bare.chars().count() <= chars_max);
            prop_assert!(parts.iter().all(|part| !part.text.is_empty()));
            prop_assert!(parts.windows(2).all(|pair| pair[0].hit != pair[1].hit));
            if text.chars().count() <= chars_max {
                prop_assert_eq!(all, text);
            }
        }

        #[test]
        fn what_is_found_is_shown(word in "[a-z]{3,8}", before in "[A-Z ]{0,300}", after in "[A-Z ]{0,300}") {
            let text = format!("{before} 1{word} {after}");
            let query = Query::parse(&format!("1{word}")).unwrap();
            let parts = excerpt(&query, &text, 40);
            prop_assert!(parts.iter().any(|part| part.hit && part.text == format!("1{word}")), "{:?}", parts);
        }
    }
}
