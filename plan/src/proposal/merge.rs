//! Merges two texts that were made of a third, word by word, or not at all.
//!
//! A text that two merged texts make up is read by people, so a merge that could be nonsense is none: what
//! the two changed must have an unchanged word between, and where somebody rewrote a passage, what is left
//! of the old one in it by chance counts as rewritten too.

use std::ops::Range;

use crate::op::{Hunk, hunks, words};
use crate::schema::TEXT_CHARS_MAX;

/// Who replaced some words of the common text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whose {
    Mine,
    Theirs,
}

/// Bytes of texts that are merged for one proposal at most. Comparing long texts that have little in common
/// takes some milliseconds each; nobody's proposal has this much that others wrote in meanwhile.
const MERGED_BYTES_MAX: usize = 1 << 20;

/// How much more is merged.
pub(super) struct Merging {
    bytes_left: usize,
}

impl Merging {
    pub(super) fn new() -> Self {
        Self {
            bytes_left: MERGED_BYTES_MAX,
        }
    }

    /// What both texts made of the one `before`; none when they changed the same passage in different ways,
    /// what it would be is too long, or too much was merged already.
    pub(super) fn merge(&mut self, before: &str, mine: &str, theirs: &str) -> Option<String> {
        let bytes = before.len() + mine.len() + theirs.len();
        self.bytes_left = self.bytes_left.checked_sub(bytes)?;
        merge(before, mine, theirs)
    }
}

fn merge(before: &str, mine: &str, theirs: &str) -> Option<String> {
    if mine == theirs {
        return Some(mine.to_owned());
    }
    let (old, mine, theirs) = (words(before), words(mine), words(theirs));
    let of = |whose: Whose, text: &[&str]| {
        let hunks = passages(&old, text);
        hunks.into_iter().map(move |hunk| (whose, hunk))
    };
    let mut all: Vec<(Whose, Hunk)> = of(Whose::Mine, &mine)
        .chain(of(Whose::Theirs, &theirs))
        .collect();
    all.sort_by_key(|(_, hunk)| (hunk.old.start, hunk.old.end));
    let new = |whose: Whose, hunk: &Hunk| match whose {
        Whose::Mine => part(&mine, &hunk.new).concat(),
        Whose::Theirs => part(&theirs, &hunk.new).concat(),
    };
    let (mut merged, mut done) = (String::new(), 0);
    let mut last: Option<(Whose, Range<usize>, String)> = None;
    for (whose, hunk) in all {
        let text = new(whose, &hunk);
        if let Some((last_whose, last_old, last_text)) = &last
            && *last_whose != whose
        {
            if *last_old == hunk.old && *last_text == text {
                continue;
            }
            let between = last_old.end..hunk.old.start;
            if !has_word(part(&old, &between)) {
                return None;
            }
        }
        merged.push_str(&part(&old, &(done..hunk.old.start)).concat());
        merged.push_str(&text);
        done = hunk.old.end;
        last = Some((whose, hunk.old, text));
    }
    merged.push_str(&part(&old, &(done..old.len())).concat());
    (merged.chars().count() <= TEXT_CHARS_MAX).then_some(merged)
}

/// What a text replaced of the old one, with passages joined that have no more words between than were
/// replaced on either side: so much in common is chance.
fn passages(old: &[&str], text: &[&str]) -> Vec<Hunk> {
    let mut joined: Vec<Hunk> = Vec::new();
    for hunk in hunks(old, text) {
        let mut hunk = hunk;
        while let Some(last) = joined.pop() {
            let between = count(part(old, &(last.old.end..hunk.old.start)));
            let size = |it: &Hunk| count(part(old, &it.old)).max(count(part(text, &it.new)));
            if between > 0 && between > size(&last).min(size(&hunk)) {
                joined.push(last);
                break;
            }
            hunk = Hunk {
                old: last.old.start..hunk.old.end,
                new: last.new.start..hunk.new.end,
            };
        }
        joined.push(hunk);
    }
    joined
}

fn part<'a, 'b>(words: &'a [&'b str], range: &Range<usize>) -> &'a [&'b str] {
    words.get(range.clone()).unwrap_or_default()
}

fn is_word(text: &str) -> bool {
    text.starts_with(char::is_alphanumeric)
}

fn has_word(words: &[&str]) -> bool {
    words.iter().any(|word| is_word(word))
}

fn count(words: &[&str]) -> usize {
    words.iter().filter(|word| is_word(word)).count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn changes_of_different_passages_are_merged() {
        let before = "The hall costs 40000 EUR. Doors open at nine. Lunch is at noon.";
        let mine = "The hall costs 55000 EUR. Doors open at nine. Lunch is at noon.";
        let theirs = "The hall costs 40000 EUR. Doors open at nine. Lunch is served at one.";
        let both = "The hall costs 55000 EUR. Doors open at nine. Lunch is served at one.";
        assert_eq!(merge(before, mine, theirs).as_deref(), Some(both));
        assert_eq!(merge(before, theirs, mine).as_deref(), Some(both));
        let near = "The room costs 40000 EUR. Doors open at nine. Lunch is at noon.";
        let both = "The room costs 55000 EUR. Doors open at nine. Lunch is at noon.";
        assert_eq!(merge(before, mine, near).as_deref(), Some(both));
    }

    #[test]
    fn a_rewrite_and_an_edit_inside_it_are_a_conflict() {
        let before = "The venue costs 40000";
        let edited = "The venue costs 55000";
        for rewritten in [
            "Venue price: 40000 EUR incl. VAT.",
            "We pay 40000 for the venue",
            "The venue costs 40000 EUR",
            "For the venue, costs are 40000 and more",
            "",
        ] {
            assert_eq!(merge(before, edited, rewritten), None, "{rewritten}");
            assert_eq!(merge(before, rewritten, edited), None, "{rewritten}");
        }
    }

    #[test]
    fn the_same_change_of_both_is_made_once() {
        let (before, after) = ("Doors at nine.", "Doors at ten.");
        assert_eq!(merge(before, after, after).as_deref(), Some(after));
        let more = "Doors at ten. And a party, with a band, in the garden of the hall.";
        let before = "Doors at nine. And a party, with a band, in the cellar of the hall.";
        let mine = "Doors at ten. And a party, with a band, in the cellar of the hall.";
        assert_eq!(merge(before, mine, more).as_deref(), Some(more));
    }

    #[test]
    fn what_would_be_too_long_is_not_merged() {
        let middle = "word ".repeat(2_000);
        let before = format!("begin {middle}end");
        let mine = format!("begin {}{middle}end", "more ".repeat(1_500));
        let theirs = format!("begin {middle}{}end", "more ".repeat(1_500));
        assert_eq!(merge(&before, &mine, &theirs), None);
    }

    #[test]
    fn one_proposal_merges_so_much_and_no_more() {
        let before = format!("Doors open at nine. {}", "word ".repeat(3_000));
        let mine = before.replace("nine", "ten");
        let theirs = format!("{before}end");
        let mut merging = Merging::new();
        let merged = (0..100).take_while(|_| merging.merge(&before, &mine, &theirs).is_some());
        let once = before.len() + mine.len() + theirs.len();
        assert_eq!(merged.count(), MERGED_BYTES_MAX / once);
    }

    fn sentence() -> impl Strategy<Value = String> {
        prop::collection::vec("[a-d]{1,2}", 0..12).prop_map(|words| words.join(" "))
    }

    proptest! {
        #[test]
        fn merging_does_not_depend_on_whose_is_first(
            before in sentence(), mine in sentence(), theirs in sentence(),
        ) {
            prop_assert_eq!(merge(&before, &mine, &theirs), merge(&before, &theirs, &mine));
        }

        #[test]
        fn what_one_left_alone_becomes_the_others(before in sentence(), after in sentence()) {
            prop_assert_eq!(merge(&before, &before, &after), Some(after.clone()));
            prop_assert_eq!(merge(&before, &after, &before), Some(after));
        }

        #[test]
        fn a_merge_has_no_word_of_nobody(
            before in sentence(), mine in sentence(), theirs in sentence(),
        ) {
            if let Some(merged) = merge(&before, &mine, &theirs) {
                let known = [before.as_str(), &mine, &theirs].map(words).concat();
                prop_assert!(words(&merged).iter().all(|word| known.contains(word)));
            }
        }
    }
}
