//! Changes one text into another by few splices, so that what others write beside them is kept.

use std::ops::Range;

use similar::{Algorithm, DiffTag, capture_diff_slices};

/// Replaces a part of a text. Places and lengths are in UTF-16 units, as Yjs counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Splice {
    /// Where.
    pub at: u32,
    /// How much is taken out there.
    pub delete: u32,
    /// What is put in there.
    pub insert: String,
}

/// Words of both texts that are compared one by one: the work may grow with their square.
const WORDS_MAX: usize = 4_000;

/// A run of words that is replaced by another; either may be empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hunk {
    /// The words of the old text.
    pub(crate) old: Range<usize>,
    /// Those of the new one.
    pub(crate) new: Range<usize>,
}

/// Where two texts differ, word by word and in order. Texts that differ in too much have one hunk.
pub(crate) fn hunks(old: &[&str], new: &[&str]) -> Vec<Hunk> {
    let is_same = |(a, b): &(&&str, &&str)| a == b;
    let head = old.iter().zip(new).take_while(is_same).count();
    let (old_rest, new_rest) = (rest(old, head), rest(new, head));
    let tail = old_rest.iter().rev().zip(new_rest.iter().rev());
    let tail = tail.take_while(is_same).count();
    let (old_middle, new_middle) = (
        part(old_rest, 0..old_rest.len() - tail),
        part(new_rest, 0..new_rest.len() - tail),
    );
    let beyond = |range: Range<usize>| range.start + head..range.end + head;
    if old_middle.is_empty() && new_middle.is_empty() {
        return Vec::new();
    }
    if old_middle.len() + new_middle.len() > WORDS_MAX {
        return vec![Hunk {
            old: beyond(0..old_middle.len()),
            new: beyond(0..new_middle.len()),
        }];
    }
    let ops = capture_diff_slices(Algorithm::Myers, old_middle, new_middle).into_iter();
    ops.filter(|op| op.tag() != DiffTag::Equal)
        .map(|op| Hunk {
            old: beyond(op.old_range()),
            new: beyond(op.new_range()),
        })
        .collect()
}

/// The splices that make `new` of `old`, from the last to the first, word by word. Texts that differ in
/// too much are one splice.
pub(crate) fn splices(old: &str, new: &str) -> Vec<Splice> {
    let (old, new) = (words(old), words(new));
    let length = |words: &[&str]| words.iter().map(|word| units(word)).sum::<u32>();
    let (mut at, mut done, mut splices) = (0, 0, Vec::new());
    for hunk in hunks(&old, &new) {
        at += length(part(&old, done..hunk.old.start));
        let delete = length(part(&old, hunk.old.clone()));
        splices.push(Splice {
            at,
            delete,
            insert: part(&new, hunk.new).concat(),
        });
        at += delete;
        done = hunk.old.end;
    }
    splices.reverse();
    splices
}

fn rest<'a, 'b>(words: &'a [&'b str], from: usize) -> &'a [&'b str] {
    words.get(from..).unwrap_or_default()
}

fn part<'a, 'b>(words: &'a [&'b str], range: Range<usize>) -> &'a [&'b str] {
    words.get(range).unwrap_or_default()
}

/// `old` with the splices in it; what lies beyond its end is left out.
pub(super) fn spliced(old: &str, splices: &[Splice]) -> String {
    let mut text: Vec<u16> = old.encode_utf16().collect();
    let place = |units: u32, len: usize| usize::try_from(units).unwrap_or(len).min(len);
    for splice in splices {
        let at = place(splice.at, text.len());
        let end = place(splice.at.saturating_add(splice.delete), text.len());
        text.splice(at..end, splice.insert.encode_utf16());
    }
    String::from_utf16_lossy(&text)
}

fn units(text: &str) -> u32 {
    u32::try_from(text.encode_utf16().count()).unwrap_or(u32::MAX)
}

/// Runs of letters and digits, and every other character by itself.
pub(crate) fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = if first.is_alphanumeric() {
            rest.find(|next: char| !next.is_alphanumeric())
                .unwrap_or(rest.len())
        } else {
            first.len_utf8()
        };
        let (word, after) = rest.split_at(end);
        words.push(word);
        rest = after;
    }
    words
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_the_words_that_differ_are_replaced() {
        let splices = splices("The venue costs 40000 EUR.", "The venue costs 55000 EUR.");
        let expected = Splice {
            at: 16,
            delete: 5,
            insert: "55000".to_owned(),
        };
        assert_eq!(splices, [expected]);
    }

    #[test]
    fn texts_that_differ_in_too_much_are_one_splice() {
        let (old, new) = ("a.".repeat(5_000), "b,".repeat(5_000));
        let all = splices(&format!("x {old} y"), &format!("x {new} y"));
        assert_eq!(all.len(), 1);
        assert_eq!((all[0].at, all[0].delete), (2, 10_000));
    }

    proptest! {
        #[test]
        fn splices_make_the_new_text(old in "[ab é🎤.]{0,20}", new in "[ab é🎤.]{0,20}") {
            prop_assert_eq!(spliced(&old, &splices(&old, &new)), new);
        }
    }
}
