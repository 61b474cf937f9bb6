//! How far the cases have come, in a file that outlives the process that runs them.

use std::fs::File;
use std::io::{Seek, Write};
use std::path::Path;

use crate::finding::Tally;

/// How far it has come.
#[derive(Debug)]
pub struct Progress {
    file: Option<File>,
    seed: u64,
    cases: u64,
    tally: Tally,
}

impl Progress {
    /// Begins at nothing, written to `path`.
    pub fn create(path: &Path) -> std::io::Result<Self> {
        Ok(Self {
            file: Some(File::create(path)?),
            seed: 0,
            cases: 0,
            tally: Tally::default(),
        })
    }

    /// What was written to `path`; `None` before the first case.
    pub fn read(path: &Path) -> Option<Self> {
        let bytes = std::fs::read(path).ok()?;
        let mut numbers = bytes
            .chunks_exact(8)
            .filter_map(|number| Some(u64::from_le_bytes(number.try_into().ok()?)));
        Some(Self {
            file: None,
            seed: numbers.next()?,
            cases: numbers.next()?,
            tally: Tally {
                inputs: numbers.next()?,
                taken: numbers.next()?,
            },
        })
    }

    /// A case begins.
    pub fn begin(&mut self, seed: u64, tally: Tally) -> std::io::Result<()> {
        self.seed = seed;
        self.tally = tally;
        self.write()
    }

    /// It has ended without a finding.
    pub fn end(&mut self, tally: Tally) -> std::io::Result<()> {
        self.cases += 1;
        self.tally = tally;
        self.write()
    }

    fn write(&mut self) -> std::io::Result<()> {
        let Some(file) = &mut self.file else {
            return Ok(());
        };
        let mut bytes = [0; 32];
        let numbers = [self.seed, self.cases, self.tally.inputs, self.tally.taken];
        for (place, number) in bytes.chunks_exact_mut(8).zip(numbers) {
            place.copy_from_slice(&number.to_le_bytes());
        }
        file.rewind()?;
        file.write_all(&bytes)
    }

    /// The seed of the case that runs, or ran last.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Cases that ended without a finding.
    pub fn cases(&self) -> u64 {
        self.cases
    }

    /// What they counted.
    pub fn tally(&self) -> Tally {
        self.tally
    }
}
