//! The order of entities: each has a rank, a fraction written in base 62, and whoever puts one between
//! two others gives it a rank between theirs. Lists are sorted by rank, then by id.

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The longest rank, in bytes; ranks beyond are spread anew.
pub const RANK_BYTES_MAX: usize = 64;

fn digit(byte: u8) -> Option<usize> {
    DIGITS.iter().position(|digit| *digit == byte)
}

fn letter(digit: usize) -> char {
    DIGITS.get(digit).map_or('0', |byte| char::from(*byte))
}

/// Whether `rank` can be compared with others, and put something before it.
pub fn is_rank(rank: &str) -> bool {
    let digits = rank.bytes().all(|byte| digit(byte).is_some());
    !rank.is_empty() && rank.len() <= RANK_BYTES_MAX && digits && !rank.ends_with('0')
}

/// A rank between two; none is before the first, or behind the last. When `low` is not before `high`, one
/// behind `low`.
pub fn between(low: Option<&str>, high: Option<&str>) -> String {
    let low = low.filter(|rank| is_rank(rank)).unwrap_or("");
    let high = high.filter(|rank| is_rank(rank) && *rank > low);
    let mut rank = String::new();
    let mut bounded = high.is_some();
    for at in 0.. {
        let from = low
            .as_bytes()
            .get(at)
            .and_then(|byte| digit(*byte))
            .unwrap_or(0);
        let to = high.filter(|_| bounded).map_or(DIGITS.len(), |high| {
            high.as_bytes()
                .get(at)
                .and_then(|byte| digit(*byte))
                .unwrap_or(0)
        });
        if to > from + 1 {
            rank.push(letter(usize::midpoint(from, to)));
            break;
        }
        // As `low` up to here; once below `high`, anything may follow.
        bounded &= to == from;
        rank.push(letter(from));
    }
    rank
}

/// `count` ranks in order, behind `low`, as far apart as they can be.
pub fn spread(low: Option<&str>, count: usize) -> Vec<String> {
    let low = low.filter(|rank| is_rank(rank));
    // Behind a first letter, so that there is room before the first one.
    let first = low.map_or_else(|| "I".to_owned(), |low| between(Some(low), None));
    let mut width = 1;
    while DIGITS.len().saturating_pow(width) / 2 <= count {
        width += 1;
    }
    let step = (DIGITS.len().saturating_pow(width) / (count + 1)).max(1);
    let rank = |number: usize| {
        let mut rest = number * step;
        let mut tail: Vec<char> = Vec::new();
        for _ in 0..width {
            tail.push(letter(rest % DIGITS.len()));
            rest /= DIGITS.len();
        }
        let tail: String = tail.into_iter().rev().collect();
        format!("{first}{}", tail.trim_end_matches('0'))
    };
    (1..=count).map(rank).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ranks_can_be_made_before_behind_and_between() {
        let middle = between(None, None);
        let first = between(None, Some(&middle));
        let last = between(Some(&middle), None);
        let inner = between(Some(&first), Some(&middle));
        assert!(first < inner && inner < middle && middle < last);
    }

    #[test]
    fn many_ranks_are_spread_in_order_behind_one() {
        for count in [1, 2, 61, 62, 5_000] {
            for low in [None, Some("z"), Some("zzzz1")] {
                let ranks = spread(low, count);
                assert_eq!(ranks.len(), count);
                assert!(ranks.iter().all(|rank| is_rank(rank)));
                assert!(ranks.is_sorted_by(|a, b| a < b), "{ranks:?}");
                assert!(low.is_none_or(|low| ranks[0].as_str() > low));
            }
        }
    }

    proptest! {
        #[test]
        fn a_rank_is_between_its_neighbours(places in prop::collection::vec(0_usize..64, 1..200)) {
            let mut ranks: Vec<String> = Vec::new();
            for place in places {
                let at = place % (ranks.len() + 1);
                let low = at.checked_sub(1).map(|at| ranks[at].clone());
                let high = ranks.get(at).cloned();
                ranks.insert(at, between(low.as_deref(), high.as_deref()));
            }
            prop_assert!(ranks.is_sorted_by(|a, b| a < b), "{ranks:?}");
            prop_assert!(ranks.iter().all(|rank| !rank.ends_with('0')));
        }
    }
}
