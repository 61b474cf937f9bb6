//! Every choice of a generator: from a seed, or from a script that a fuzzer changes byte by byte.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// Makes the choices of one case. The same seed or script makes the same choices.
#[derive(Debug)]
pub struct Dice(Source);

#[derive(Debug)]
enum Source {
    Seeded(Box<StdRng>),
    /// What is left of the script.
    Scripted(Vec<u8>),
}

impl Dice {
    /// Chooses at random, the same way for the same seed.
    pub fn seeded(seed: u64) -> Self {
        Self(Source::Seeded(Box::new(StdRng::seed_from_u64(seed))))
    }

    /// Chooses what the bytes say, one or a few for each choice; always the first when none are left.
    pub fn scripted(script: &[u8]) -> Self {
        Self(Source::Scripted(script.iter().rev().copied().collect()))
    }

    /// Whether choices are left; a seed has them without end.
    pub fn is_spent(&self) -> bool {
        match &self.0 {
            Source::Seeded(_) => false,
            Source::Scripted(script) => script.is_empty(),
        }
    }

    /// A number below `end`; 0 when there is none.
    pub fn below(&mut self, end: usize) -> usize {
        if end <= 1 {
            return 0;
        }
        match &mut self.0 {
            Source::Seeded(rng) => rng.random_range(0..end),
            Source::Scripted(script) => {
                let mut number = usize::from(script.pop().unwrap_or(0));
                let mut reach = 0x100;
                while reach < end {
                    number = number << 8 | usize::from(script.pop().unwrap_or(0));
                    reach <<= 8;
                }
                number % end
            }
        }
    }

    /// A number from `from` to `to`, both included.
    pub fn between(&mut self, from: usize, to: usize) -> usize {
        from + self.below(to - from + 1)
    }

    /// True in so many of a hundred cases.
    pub fn percent(&mut self, chance: usize) -> bool {
        self.below(100) < chance
    }

    /// One of `of`, which holds something.
    pub fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        let at = self.below(of.len());
        match of.get(at) {
            Some(picked) => *picked,
            None => panic!("nothing to pick from"),
        }
    }

    /// Any byte.
    pub fn byte(&mut self) -> u8 {
        u8::try_from(self.below(0x100)).unwrap_or(0)
    }

    /// Numbers at which something overflows, ends or changes its length more often than others.
    pub fn number(&mut self) -> u64 {
        let edge = self.pick(&[0, 1, 7, 8, 14, 16, 31, 32, 33, 53, 54, 63, 64_u32]);
        let near = self.between(0, 4) as u64;
        1_u64
            .checked_shl(edge)
            .unwrap_or(0)
            .wrapping_add(near)
            .wrapping_sub(2)
    }
}
