//! The files in which writers and watchers note, as it happens, what became of each mark.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// One file of `tests/clients/lib/writer.mjs`.
pub(crate) struct Notes(PathBuf);

impl Notes {
    pub(crate) fn new(folder: &Path, name: &str) -> Self {
        Self(folder.join(name))
    }

    pub(crate) fn path(&self) -> &str {
        self.0.to_str().expect("temporary folders have plain names")
    }

    /// The marks noted as `what`: sent, acked or seen.
    pub(crate) fn marks(&self, what: &str) -> BTreeSet<String> {
        // Nothing happened yet when there is no file. A line that was being written at the end of
        // its process is cut short: it tells nothing.
        let text = std::fs::read_to_string(&self.0).unwrap_or_default();
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        let lines = whole.lines().filter_map(|line| line.split_once(' '));
        lines
            .filter(|(noted, _)| *noted == what)
            .map(|(_, mark)| mark.to_owned())
            .collect()
    }
}

/// The marks noted as `what` in any of the files.
pub(crate) fn marks_of(notes: &[Notes], what: &str) -> BTreeSet<String> {
    notes.iter().flat_map(|notes| notes.marks(what)).collect()
}
