//! A v1 update taken apart into its words, so that single ones can be changed.

use convene_protocol::lib0::{
    DecodeError, Reader, write_var_bytes, write_var_string, write_var_uint,
};

/// An update in parts.
#[derive(Debug, Clone, Default)]
pub struct Update {
    /// Structs by client.
    pub sections: Vec<Section>,
    /// Deleted ranges by client: clock and length.
    pub deletes: Vec<(u64, Vec<(u64, u64)>)>,
}

/// Consecutive structs of one client.
#[derive(Debug, Clone)]
pub struct Section {
    /// Whose.
    pub client: u64,
    /// The clock of the first.
    pub clock: u64,
    /// Each as its words.
    pub structs: Vec<Vec<Word>>,
}

/// One value inside a struct.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word {
    /// The byte that says what follows.
    Info(u8),
    /// A byte that chooses among few.
    Choice(u8),
    /// A client and a clock.
    Id(u64, u64),
    /// A length or count.
    Count(u64),
    /// A name, a text, or JSON.
    Text(String),
    /// Bytes behind their length.
    Bytes(Vec<u8>),
    /// Values, which are not taken apart.
    Values(Vec<u8>),
}

impl Update {
    /// Takes a sound update apart.
    pub fn parse(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let mut update = Self::default();
        for _ in 0..reader.count(1)? {
            let count = reader.count(1)?;
            let client = reader.var_uint()?;
            let clock = reader.var_uint()?;
            let structs = (0..count)
                .map(|_| words(&mut reader))
                .collect::<Result<_, _>>()?;
            update.sections.push(Section {
                client,
                clock,
                structs,
            });
        }
        for _ in 0..reader.count(1)? {
            let client = reader.var_uint()?;
            let count = reader.count(1)?;
            let range = |_| Ok((reader.var_uint()?, reader.var_uint()?));
            let ranges = (0..count).map(range).collect::<Result<_, DecodeError>>()?;
            update.deletes.push((client, ranges));
        }
        reader.finish()?;
        Ok(update)
    }

    /// Puts it together again.
    pub fn write(&self) -> Vec<u8> {
        let mut out = Vec::new();
        write_var_uint(&mut out, self.sections.len() as u64);
        for section in &self.sections {
            for number in [section.structs.len() as u64, section.client, section.clock] {
                write_var_uint(&mut out, number);
            }
            section
                .structs
                .iter()
                .flatten()
                .for_each(|word| word.write(&mut out));
        }
        write_var_uint(&mut out, self.deletes.len() as u64);
        for (client, ranges) in &self.deletes {
            write_var_uint(&mut out, *client);
            write_var_uint(&mut out, ranges.len() as u64);
            for (clock, len) in ranges {
                write_var_uint(&mut out, *clock);
                write_var_uint(&mut out, *len);
            }
        }
        out
    }
}

impl Word {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Info(byte) | Self::Choice(byte) => out.push(*byte),
            Self::Id(client, clock) => {
                write_var_uint(out, *client);
                write_var_uint(out, *clock);
            }
            Self::Count(count) => write_var_uint(out, *count),
            Self::Text(text) => write_var_string(out, text),
            Self::Bytes(bytes) => write_var_bytes(out, bytes),
            Self::Values(bytes) => out.extend_from_slice(bytes),
        }
    }
}

fn words(reader: &mut Reader<'_>) -> Result<Vec<Word>, DecodeError> {
    let info = reader.byte()?;
    let mut words = vec![Word::Info(info)];
    if info == 0 {
        words.push(Word::Count(reader.var_uint()?));
        return Ok(words);
    }
    for neighbour in [0x80, 0x40] {
        if info & neighbour != 0 {
            words.push(Word::Id(reader.var_uint()?, reader.var_uint()?));
        }
    }
    if info & 0xc0 == 0 {
        let is_root = reader.byte()?;
        words.push(Word::Choice(is_root));
        words.push(if is_root == 1 {
            Word::Text(reader.var_string()?.to_owned())
        } else {
            Word::Id(reader.var_uint()?, reader.var_uint()?)
        });
        if info & 0x20 != 0 {
            words.push(Word::Text(reader.var_string()?.to_owned()));
        }
    }
    content(reader, info & 0x1f, &mut words)?;
    Ok(words)
}

fn content(reader: &mut Reader<'_>, kind: u8, words: &mut Vec<Word>) -> Result<(), DecodeError> {
    match kind {
        1 => words.push(Word::Count(reader.var_uint()?)),
        3 => words.push(Word::Bytes(reader.var_bytes()?.to_vec())),
        4 | 5 => words.push(Word::Text(reader.var_string()?.to_owned())),
        6 => {
            words.push(Word::Text(reader.var_string()?.to_owned()));
            words.push(Word::Text(reader.var_string()?.to_owned()));
        }
        7 => {
            let kind = reader.byte()?;
            words.push(Word::Choice(kind));
            if kind == 3 {
                words.push(Word::Text(reader.var_string()?.to_owned()));
            }
        }
        8 => {
            let count = reader.var_uint()?;
            words.push(Word::Count(count));
            let first = reader.rest();
            for _ in 0..count {
                skip_value(reader)?;
            }
            let len = first.len() - reader.remaining();
            words.push(Word::Values(first.split_at(len).0.to_vec()));
        }
        _ => return Err(DecodeError::UnknownType),
    }
    Ok(())
}

fn skip_value(reader: &mut Reader<'_>) -> Result<(), DecodeError> {
    match reader.byte()? {
        125 => while reader.byte()? & 0x80 != 0 {},
        124 => drop(reader.take(4)?),
        122 | 123 => drop(reader.take(8)?),
        119 | 116 => drop(reader.var_bytes()?),
        118 => {
            for _ in 0..reader.count(2)? {
                reader.var_string()?;
                skip_value(reader)?;
            }
        }
        117 => {
            for _ in 0..reader.count(1)? {
                skip_value(reader)?;
            }
        }
        _ => {}
    }
    Ok(())
}
