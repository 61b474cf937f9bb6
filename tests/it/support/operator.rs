//! What an operator does from a shell, beside a running server or without one.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use super::process::CONVENE;

/// The key of every server on PostgreSQL in these tests.
const SECRET_KEY: &str = "0123456789abcdef0123456789abcdef";

/// Whose data the commands are about.
pub(crate) struct Operator<'a> {
    /// The data folder.
    pub(crate) data: &'a Path,
    /// PostgreSQL, or the embedded database when there is none.
    pub(crate) url: Option<&'a str>,
}

/// What a command said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) succeeded: bool,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Operator<'_> {
    /// Runs `convene` with `arguments`; `input` is what it reads.
    pub(crate) fn run(&self, arguments: &[&str], input: &str) -> Said {
        let mut command = Command::new(CONVENE);
        command
            .args(arguments)
            .env_clear()
            .env("CONVENE_DATA", self.data)
            .env("CONVENE_LOG", "warn")
            .current_dir(self.data)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if let Some(url) = self.url {
            command
                .env("DATABASE_URL", url)
                .env("SECRET_KEY", SECRET_KEY);
        }
        let mut child = command.spawn().expect("the command starts");
        let mut pipe = child.stdin.take().expect("it reads");
        // One that reads nothing may have ended already.
        pipe.write_all(input.as_bytes()).ok();
        drop(pipe);
        Said::of(child.wait_with_output().expect("the command ends"))
    }

    /// The same, which must succeed; gives back what it printed.
    pub(crate) fn must(&self, arguments: &[&str], input: &str) -> String {
        let said = self.run(arguments, input);
        assert!(said.succeeded, "convene {arguments:?} failed: {said:?}");
        said.stdout
    }

    /// The same, which must fail; gives back why it says it did.
    pub(crate) fn must_fail(&self, arguments: &[&str]) -> String {
        let said = self.run(arguments, "");
        assert!(
            !said.succeeded,
            "convene {arguments:?} did not fail: {said:?}"
        );
        said.stderr
    }
}

impl Said {
    fn of(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("it says text");
        Self {
            succeeded: output.status.success(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }
}
