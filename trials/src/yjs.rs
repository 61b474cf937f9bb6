//! Stock Yjs clients in Node against the replica: random histories that `tests/clients/histories.mjs`
//! makes and this answers. No update is refused, and all end with the same document.

use std::cell::RefCell;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use convene::document::Refusal;
use serde_json::Value;

use crate::finding::{Finding, Tally, must};
use crate::judge::{From, Judge, Likeness, Outcome, ROOTS};
use crate::reading::{Content, read};

/// The largest question: a whole document of a short history.
const QUESTION_BYTES_MAX: usize = 16 << 20;

thread_local! {
    /// Starting Node takes as long as many histories.
    static NODE: RefCell<Option<Node>> = const { RefCell::new(None) };
}

/// One history. `Node` is started once and ended by a finding.
pub(crate) fn case(seed: u64) -> Result<Tally, Finding> {
    NODE.with_borrow_mut(|node| {
        if node.is_none() {
            *node = Some(Node::start().map_err(|error| failed(&error))?);
        }
        let outcome = node
            .as_mut()
            .map_or(Ok(Tally::default()), |node| History::new(node).run(seed));
        if outcome.is_err() {
            *node = None;
        }
        outcome
    })
}

fn failed(error: &std::io::Error) -> Finding {
    Finding::Broken(format!(
        "the clients ended; what they said is above, `make test-tools` sets them up: {error}"
    ))
}

/// The process with the clients.
struct Node {
    process: Child,
    questions: ChildStdout,
    answers: ChildStdin,
    /// Asked for already: the next seed.
    is_waiting: bool,
}

impl Node {
    fn start() -> std::io::Result<Self> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/clients/histories.mjs");
        let mut process = Command::new("node")
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let (Some(questions), Some(answers)) = (process.stdout.take(), process.stdin.take()) else {
            return Err(std::io::Error::other("its pipes are missing"));
        };
        Ok(Self {
            process,
            questions,
            answers,
            is_waiting: false,
        })
    }

    fn question(&mut self) -> std::io::Result<(u8, Vec<u8>)> {
        let mut length = [0; 4];
        self.questions.read_exact(&mut length)?;
        let length = usize::try_from(u32::from_le_bytes(length)).unwrap_or(usize::MAX);
        if length > QUESTION_BYTES_MAX {
            return Err(std::io::Error::other(format!("{length} bytes at once")));
        }
        let mut body = vec![0; length];
        self.questions.read_exact(&mut body)?;
        if body.is_empty() {
            return Err(std::io::Error::other("an empty question"));
        }
        let about = body.split_off(1);
        Ok((body.first().copied().unwrap_or(0), about))
    }

    fn answer(&mut self, parts: &[&[u8]]) -> std::io::Result<()> {
        let length: usize = parts.iter().map(|part| part.len()).sum();
        let mut all = little_endian(length).to_vec();
        for part in parts {
            all.extend_from_slice(part);
        }
        self.answers.write_all(&all)
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // It may have ended by itself; either way it is collected.
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

fn little_endian(length: usize) -> [u8; 4] {
    u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes()
}

struct History<'a> {
    node: &'a mut Node,
    judge: Judge,
    /// What the clients hold in the end.
    content: Option<Vec<u8>>,
}

impl<'a> History<'a> {
    fn new(node: &'a mut Node) -> Self {
        Self {
            node,
            judge: Judge::default(),
            content: None,
        }
    }

    fn run(mut self, seed: u64) -> Result<Tally, Finding> {
        if !self.node.is_waiting {
            self.node.question().map_err(|error| failed(&error))?;
        }
        self.node.is_waiting = false;
        let seed = seed.to_string();
        self.node
            .answer(&[seed.as_bytes()])
            .map_err(|error| failed(&error))?;
        // Every history ends by asking for the next one.
        while !self.node.is_waiting {
            let (letter, about) = self.node.question().map_err(|error| failed(&error))?;
            self.reply(letter, &about)?;
        }
        must!(self.content.is_some(), "a history without an end");
        self.judge.conclude(Likeness::Same)
    }

    fn reply(&mut self, letter: u8, about: &[u8]) -> Result<(), Finding> {
        let answered = match letter {
            b'H' => {
                self.node.is_waiting = true;
                Ok(())
            }
            b'U' => self.take(about)?,
            b'S' => {
                let vector = self.judge.replica().state_vector();
                let diff = self
                    .judge
                    .diff(about)?
                    .ok_or_else(|| Finding::broken("a state vector of Yjs was refused"))?;
                self.node
                    .answer(&[&little_endian(vector.len()), &vector, &diff])
            }
            b'R' => {
                let from = match about.first() {
                    Some(0) => From::Rows,
                    Some(1) => From::Snapshot,
                    Some(_) | None => From::Both,
                };
                self.judge.restart(from, Likeness::Same)?;
                self.judge.take_snapshot()?;
                self.node.answer(&[])
            }
            b'E' => {
                self.compare(about)?;
                self.node.answer(&[])
            }
            other => return Err(Finding::Broken(format!("a question of kind {other}"))),
        };
        answered.map_err(|error| failed(&error))
    }

    /// Takes an update. Only what is sent out of order may miss something, and then only that.
    fn take(&mut self, about: &[u8]) -> Result<std::io::Result<()>, Finding> {
        let (Some(user), Some(may_miss)) = (about.first(), about.get(1)) else {
            return Err(Finding::broken("an update of nobody"));
        };
        let update = about.split_at(2).1;
        let outcome = self.judge.apply(usize::from(*user), update)?;
        Ok(match outcome {
            Outcome::Taken(new) => self.node.answer(&[&[0], &new.unwrap_or_default()]),
            Outcome::Refused(Refusal::Hole) if *may_miss == 1 => self.node.answer(&[&[1]]),
            Outcome::Refused(refusal) => {
                return Err(Finding::Broken(format!(
                    "an update of Yjs was refused: {refusal}\n{update:02x?}"
                )));
            }
        })
    }

    /// What Yjs holds is what yrs holds.
    fn compare(&mut self, content: &[u8]) -> Result<(), Finding> {
        let theirs: Value = serde_json::from_slice(content)
            .map_err(|error| Finding::Broken(format!("the content of Yjs: {error}")))?;
        let state = self
            .judge
            .replica()
            .encode()
            .map_err(|refusal| Finding::Broken(format!("it cannot be encoded: {refusal}")))?;
        let Content(ours) = read(&state, &ROOTS)?;
        let (ours, theirs) = (floats(Value::Object(ours)), floats(theirs));
        must!(ours == theirs, "Yjs holds\n{theirs}\nand yrs\n{ours}");
        self.content = Some(content.to_vec());
        Ok(())
    }
}

/// JavaScript has one kind of number, and writes 5 where another writes 5.0.
fn floats(value: Value) -> Value {
    match value {
        Value::Number(number) => number.as_f64().map_or(Value::Null, Value::from),
        Value::Array(values) => values.into_iter().map(floats).collect(),
        Value::Object(members) => members
            .into_iter()
            .map(|(key, value)| (key, floats(value)))
            .collect(),
        Value::Null | Value::Bool(_) | Value::String(_) => value,
    }
}
