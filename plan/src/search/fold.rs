//! Words of a text as they are compared: without marks, in one case, one way of writing each letter.

use std::collections::VecDeque;
use std::ops::Range;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Characters of a folded word at most; what is beyond is not compared.
pub const WORD_CHARS_MAX: usize = 64;

/// A word of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// Folded: letters and digits only, at least one and at most [`WORD_CHARS_MAX`].
    pub text: String,
    /// Which bytes of the original text it stands for. Several words can stand for one character.
    pub range: Range<usize>,
}

/// The words of a text, folded, in their order. Scripts that are written without blanks give a word for
/// each character.
pub fn fold(text: &str) -> Vec<Word> {
    words(text).collect()
}

/// The words of a text with one blank between: what an engine indexes.
pub fn folded_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in words(text) {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(&word.text);
    }
    out
}

/// As [`fold()`], as far as somebody asks.
pub(super) fn words(text: &str) -> impl Iterator<Item = Word> {
    Words {
        characters: text.char_indices(),
        ready: VecDeque::new(),
        open: None,
    }
}

struct Words<'t> {
    characters: std::str::CharIndices<'t>,
    ready: VecDeque<Word>,
    /// A word that may go on, and how many characters it has.
    open: Option<(Word, usize)>,
}

impl Iterator for Words<'_> {
    type Item = Word;

    fn next(&mut self) -> Option<Word> {
        while self.ready.is_empty() {
            let Some((at, it)) = self.characters.next() else {
                self.close();
                break;
            };
            self.take(it, at..at + it.len_utf8());
        }
        self.ready.pop_front()
    }
}

impl Words<'_> {
    fn take(&mut self, it: char, range: Range<usize>) {
        if is_combining_mark(it) || is_joiner(it) {
            // It belongs to the letter before, and is part of what is marked as found.
            let before = self.open.as_mut().map(|(word, _)| word);
            if let Some(word) = before.or(self.ready.back_mut()) {
                word.range.end = range.end;
            }
            return;
        }
        let mut is_word = false;
        for folded in folded(it) {
            is_word = true;
            if stands_alone(folded) {
                self.close();
                self.open = Some((
                    Word {
                        text: folded.to_string(),
                        range: range.clone(),
                    },
                    // Nothing but marks goes on with it.
                    WORD_CHARS_MAX,
                ));
            } else {
                self.push(folded, &range);
            }
        }
        if !is_word {
            self.close();
        }
    }

    fn push(&mut self, folded: char, range: &Range<usize>) {
        if self
            .open
            .as_ref()
            .is_some_and(|(word, _)| word.text.chars().any(stands_alone))
        {
            self.close();
        }
        let (word, length) = self.open.get_or_insert_with(|| {
            let word = Word {
                text: String::new(),
                range: range.clone(),
            };
            (word, 0)
        });
        word.range.end = range.end;
        if *length < WORD_CHARS_MAX {
            word.text.push(folded);
            *length += 1;
        }
    }

    fn close(&mut self) {
        self.ready.extend(self.open.take().map(|(word, _)| word));
    }
}

/// The letters and digits of a character as they are compared.
fn folded(it: char) -> impl Iterator<Item = char> {
    let plain = std::iter::once(it)
        .nfkd()
        .filter(|it| !is_combining_mark(*it));
    // By way of capitals, so that the two forms of small sigma, say, are one letter.
    let capital = plain.flat_map(char::to_uppercase);
    let small = capital.flat_map(char::to_lowercase);
    // Some small letters come out of that with a mark of their own.
    let small = small.nfkd().filter(|it| !is_combining_mark(*it));
    let bare = small.flat_map(|it| bare(it).chars().chain(bare(it).is_empty().then_some(it)));
    bare.filter(|it| it.is_alphanumeric())
}

/// What people write who do not have a letter with a stroke, or two in one, on their keyboard.
fn bare(it: char) -> &'static str {
    match it {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'ø' => "o",
        'ł' => "l",
        'đ' | 'ð' => "d",
        'þ' => "th",
        'ħ' => "h",
        'ŧ' => "t",
        'ı' => "i",
        _ => "",
    }
}

/// Whether it is invisible and ends no word: soft hyphen, joiner, non-joiner, word joiner.
fn is_joiner(it: char) -> bool {
    matches!(it, '\u{ad}' | '\u{200c}' | '\u{200d}' | '\u{2060}')
}

/// Whether a character is of a script that is written without blanks between words.
fn stands_alone(it: char) -> bool {
    matches!(it,
        // Thai, Lao, Myanmar, Khmer.
        '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}'
        // Radicals, kana, bopomofo, and ideographs with their extensions.
        | '\u{2e80}'..='\u{2fdf}' | '\u{3005}'..='\u{3007}' | '\u{3021}'..='\u{312f}' | '\u{31a0}'..='\u{31ff}'
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{1b000}'..='\u{1b16f}'
        | '\u{20000}'..='\u{3fffd}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_are_compared_without_marks_and_case() {
        for (text, folded) in [
            ("Café CAFÉ cafe\u{301}", "cafe cafe cafe"),
            ("Łódź, Straße & STRASSE", "lodz strasse strasse"),
            ("Ｆｕｌｌ ﬁne №5", "full fine no5"),
            ("ΟΔΟΣ οδος οδοσ", "οδοσ οδοσ οδοσ"),
            ("e-mail: don't, step_free", "e mail don t step free"),
            ("so\u{ad}ft", "soft"),
            ("東京タワーでRust", "東 京 タ ワ ー て rust"),
            ("한국 데이터", "한국 데이터"),
            ("🎤 … —", ""),
        ] {
            // Hangul comes apart into its letters.
            let folded: String = folded.nfd().collect();
            assert_eq!(folded_text(text), folded, "{text}");
        }
    }

    #[test]
    fn a_word_knows_what_it_stands_for() {
        let text = "Le cafe\u{301}, 会議";
        let found: Vec<&str> = fold(text)
            .into_iter()
            .map(|word| &text[word.range])
            .collect();
        assert_eq!(found, ["Le", "cafe\u{301}", "会", "議"]);
        // One character can be several words.
        let both = fold("㍿");
        assert_eq!((both.len(), both[3].range.clone()), (4, 0..3));
    }

    #[test]
    fn a_word_without_end_is_cut() {
        let text = format!("{} b", "é".repeat(1_000));
        let words = fold(&text);
        assert_eq!(words[0].text, "e".repeat(WORD_CHARS_MAX));
        assert_eq!((words[0].range.clone(), words.len()), (0..2_000, 2));
    }

    #[test]
    fn every_character_is_folded_once_and_for_all() {
        for it in '\0'..=char::MAX {
            let once = folded_text(&it.to_string());
            assert_eq!(folded_text(&once), once, "{it:?} {:x}", u32::from(it));
        }
    }

    proptest! {
        #[test]
        fn folding_again_changes_nothing(text in "(\\PC|[a-zé ]){0,40}") {
            let once = folded_text(&text);
            prop_assert_eq!(folded_text(&once), once.as_str());
            let words = fold(&text);
            for word in &words {
                prop_assert!(word.text.chars().all(char::is_alphanumeric) && !word.text.is_empty());
                prop_assert!(text.get(word.range.clone()).is_some());
            }
            prop_assert!(words.is_sorted_by(|a, b| a.range.start <= b.range.start && a.range.end <= b.range.end));
        }
    }
}
