//! People who are in the plan twice.

use std::collections::BTreeMap;

use unicode_normalization::UnicodeNormalization;

use super::{Finding, Found, Severity};
use crate::op::Op;
use crate::view::{PlanView, Reference, Speaker};

/// Letters of Latin, Greek and Cyrillic are the same person's with and without these. The marks of other
/// scripts, as the vowel signs of Devanagari, tell names apart.
const ACCENTS: std::ops::RangeInclusive<char> = '\u{300}'..='\u{36f}';

/// `dup.person`: two speakers have the same name. W when nothing says they are two people, I when they
/// work for different organisations.
pub(super) fn duplicates(view: &PlanView<'_>, found: &mut Found) {
    let mut names: BTreeMap<String, Vec<&Speaker<'_>>> = BTreeMap::new();
    for speaker in view.speakers().values() {
        let name = speaker.name.map(normalised).filter(|name| !name.is_empty());
        if let Some(name) = name {
            names.entry(name).or_default().push(speaker);
        }
    }
    names.retain(|_, speakers| speakers.len() > 1);
    if names.is_empty() {
        return;
    }
    let references = references(view);
    for speakers in names.values() {
        for (number, first) in speakers.iter().enumerate() {
            for second in speakers.iter().skip(number + 1) {
                found.add(|| finding(first, second, &references));
            }
        }
    }
}

/// References to speakers, by the speaker.
type References<'v, 'a> = BTreeMap<&'a str, Vec<&'v Reference<'a>>>;

fn references<'v, 'a>(view: &'v PlanView<'a>) -> References<'v, 'a> {
    let mut references = References::new();
    for reference in view.references() {
        if reference.to_root == "speakers" {
            references
                .entry(reference.to_id)
                .or_default()
                .push(reference);
        }
    }
    references
}

/// Two speakers; the one with the smaller id is the first.
fn finding<'a>(
    first: &Speaker<'a>,
    second: &Speaker<'a>,
    references: &References<'_, 'a>,
) -> Finding {
    let orgs = first.org.zip(second.org);
    let differ = orgs.filter(|(one, other)| normalised(one) != normalised(other));
    let name = first.name.unwrap_or(first.id);
    let (severity, say) = match differ {
        Some((one, other)) => (
            Severity::Info,
            format!("{name} is there twice, from {one} and from {other}"),
        ),
        None => (Severity::Warn, format!("{name} is there twice")),
    };
    let merge = |keep: &Speaker<'a>, other: &Speaker<'a>| -> Vec<Op> {
        let references = references.get(other.id).into_iter().flatten();
        let rewrites = references.flat_map(|reference| reference.replace(keep.id));
        let archive = Op::Archive {
            path: vec!["speakers".to_owned(), other.id.to_owned()],
        };
        rewrites.chain([archive]).collect()
    };
    Finding::new(severity, &[first.id, second.id], say)
        .on("speakers", first.id)
        .on("speakers", second.id)
        .fix(
            format!("Keep {}, put {} away", first.id, second.id),
            merge(first, second),
        )
        .fix(
            format!("Keep {}, put {} away", second.id, first.id),
            merge(second, first),
        )
}

/// A name without what people write differently: case, accents, hyphens, dots, blanks, and
/// `Lovelace, Ada` for `Ada Lovelace`.
fn normalised(name: &str) -> String {
    let turned = name
        .split_once(',')
        .map(|(last, first)| format!("{first} {last}"));
    let name = turned.as_deref().unwrap_or(name);
    let letters = name.nfkd().filter(|letter| !ACCENTS.contains(letter));
    let lower: String = letters.flat_map(char::to_lowercase).collect();
    let is_between = |it: char| it.is_whitespace() || matches!(it, '.' | ',' | '\'' | '’' | '-');
    let words: Vec<&str> = lower
        .split(is_between)
        .filter(|word| !word.is_empty())
        .collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::sample::{NOTHING, findings, keys, with};
    use super::*;
    use crate::finding::find;
    use crate::view::Gates;

    #[test]
    fn names_are_the_same_however_they_are_written() {
        for same in [
            "ada lovelace",
            " Ada  LOVELACE ",
            "Lovelace, Ada",
            "Adá Lovelace",
            "Ada-Lovelace",
        ] {
            assert_eq!(normalised(same), "ada lovelace", "{same}");
        }
        assert_eq!(normalised("Jose\u{301} Núñez"), normalised("José Nunez"));
        assert_ne!(normalised("Ada Lovelace"), normalised("Ada Byron"));
        // Different vowel signs: two names.
        assert_ne!(normalised("राम"), normalised("रमा"));
        assert_eq!(normalised(" . "), "");
    }

    #[test]
    fn the_same_person_twice_can_be_made_one() {
        let twice = (
            "/speakers/sp_4",
            json!({"name": "bit, BEN", "kind": "cfp", "status": "confirmed"}),
        );
        let both = (
            "/sessions/se_3/people",
            json!({"sp_4": {"role": "host"}, "sp_3": {}}),
        );
        let content = with(&[twice, both]);
        let found = find(&content, &Gates::none());
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(
            (found[0].key.as_str(), found[0].severity),
            ("dup.person|sp_2|sp_4", Severity::Warn)
        );
        for (fix, (kept, gone)) in found[0]
            .fixes
            .iter()
            .zip([("sp_2", "sp_4"), ("sp_4", "sp_2")])
        {
            let mut merged = content.clone();
            merged.apply(&fix.ops).unwrap();
            let view = PlanView::new(&merged);
            assert!(view.speakers().contains_key(kept) && !view.speakers().contains_key(gone));
            let json = merged.to_json();
            assert!(json["sessions"]["se_2"]["people"].get(kept).is_some());
            assert_eq!(
                json["sessions"]["se_3"]["people"][kept],
                json!({"role": "host"})
            );
            assert_eq!(json["travel"]["tl_1"]["who"]["speaker_id"], kept);
            // What is left is what the merge shows: from one room to the other at once.
            let left = find(&merged, &Gates::none());
            assert!(
                left.iter().all(|it| it.rule == "agenda.room_change"),
                "{left:?}"
            );
        }
    }

    #[test]
    fn people_of_one_name_and_two_organisations_may_be_two() {
        let pair = |one: &str, other: &str| {
            let twin = json!({"name": "Ben Bit", "org": other, "kind": "cfp", "status": "idea"});
            findings(&[("/speakers/sp_2/org", json!(one)), ("/speakers/sp_4", twin)])
        };
        assert_eq!(pair("ACME", "acme")[0].severity, Severity::Warn);
        assert_eq!(pair("ACME", "Bolt")[0].severity, Severity::Info);
        let other = json!({"name": "Ben Byte", "kind": "cfp", "status": "idea"});
        assert_eq!(keys(&[("/speakers/sp_4", other)]), NOTHING);
    }
}
