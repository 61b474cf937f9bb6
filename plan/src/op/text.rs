//! Changes one text into another by few splices, so that what others write beside them is kept.

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

/// The splices that make `new` of `old`, from the last to the first, word by word.
pub(super) fn splices(old: &str, new: &str) -> Vec<Splice> {
    let (old, new) = (words(old), words(new));
    let mut splices = Vec::new();
    for op in capture_diff_slices(Algorithm::Myers, &old, &new) {
        if op.tag() == DiffTag::Equal {
            continue;
        }
        let (from, to) = (op.old_range(), op.new_range());
        let part = |words: &[&str], range| {
            words
                .get::<std::ops::Range<usize>>(range)
                .unwrap_or_default()
                .concat()
        };
        splices.push(Splice {
            at: units(&part(&old, 0..from.start)),
            delete: units(&part(&old, from)),
            insert: part(&new, to),
        });
    }
    splices.reverse();
    splices
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
fn words(text: &str) -> Vec<&str> {
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

    proptest! {
        #[test]
        fn splices_make_the_new_text(old in "[ab é🎤.]{0,20}", new in "[ab é🎤.]{0,20}") {
            prop_assert_eq!(spliced(&old, &splices(&old, &new)), new);
        }
    }
}
