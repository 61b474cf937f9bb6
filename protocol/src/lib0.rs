//! The primitives of the lib0 v1 encoding that every Yjs message is made of.
//!
//! `varUint` is LEB128 with seven bits a byte, low bits first, at most 2^53-1 so that JavaScript
//! can hold it. `varBytes` is a `varUint` length and that many bytes; `varString` is the same in
//! UTF-8.

/// The largest integer both JavaScript and this protocol can carry: 2^53 - 1.
pub const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;

/// Why bytes are not a message of this protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The input ended inside a value.
    #[error("the message ends in the middle of a value")]
    UnexpectedEnd,
    /// An integer above 2^53 - 1, or in more bytes than it needs at most.
    #[error("an integer is larger than 2^53 - 1")]
    IntegerTooLarge,
    /// A text that is not UTF-8.
    #[error("a text is not UTF-8")]
    InvalidUtf8,
    /// A declared count or length that the rest of the input cannot hold, or that is over a limit.
    #[error("a declared count is larger than the message")]
    CountTooLarge,
    /// A tag this protocol does not know.
    #[error("unknown message type")]
    UnknownType,
    /// Bytes are left over where the message should end.
    #[error("bytes are left over after the message")]
    TrailingBytes,
    /// A zero-length frame.
    #[error("the frame is empty")]
    Empty,
    /// More messages than one frame may carry.
    #[error("the frame holds too many messages")]
    TooManyMessages,
    /// A document address that is blank or longer than an address may be.
    #[error("the document address is blank or too long")]
    BadAddress,
    /// A presence state that is not a JSON object. It must never be relayed: a stock client on
    /// Node hears nothing any more after one.
    #[error("a presence state is not a JSON object")]
    InvalidState,
}

/// Reads lib0 values from a slice; never allocates and never reads past the end.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Starts at the first byte of `input`.
    pub const fn new(input: &'a [u8]) -> Self {
        Self { rest: input }
    }

    /// How many bytes have not been read.
    pub const fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// Whether everything has been read.
    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Everything that has not been read.
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// One byte.
    pub fn byte(&mut self) -> Result<u8, DecodeError> {
        let (first, rest) = self.rest.split_first().ok_or(DecodeError::UnexpectedEnd)?;
        self.rest = rest;
        Ok(*first)
    }

    /// Exactly `length` bytes.
    pub fn take(&mut self, length: usize) -> Result<&'a [u8], DecodeError> {
        let (taken, rest) = self
            .rest
            .split_at_checked(length)
            .ok_or(DecodeError::UnexpectedEnd)?;
        self.rest = rest;
        Ok(taken)
    }

    /// A `varUint`.
    pub fn var_uint(&mut self) -> Result<u64, DecodeError> {
        let mut value = 0_u64;
        for shift in (0..56).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return if value <= MAX_SAFE_INTEGER {
                    Ok(value)
                } else {
                    Err(DecodeError::IntegerTooLarge)
                };
            }
        }
        Err(DecodeError::IntegerTooLarge)
    }

    /// A count of items of which each takes at least `bytes_each` bytes of what is left.
    pub fn count(&mut self, bytes_each: usize) -> Result<usize, DecodeError> {
        let count = usize::try_from(self.var_uint()?).map_err(|_| DecodeError::CountTooLarge)?;
        if count <= self.remaining() / bytes_each.max(1) {
            Ok(count)
        } else {
            Err(DecodeError::CountTooLarge)
        }
    }

    /// A `varBytes`.
    pub fn var_bytes(&mut self) -> Result<&'a [u8], DecodeError> {
        let length = self.count(1)?;
        self.take(length)
    }

    /// A `varString`.
    pub fn var_string(&mut self) -> Result<&'a str, DecodeError> {
        std::str::from_utf8(self.var_bytes()?).map_err(|_| DecodeError::InvalidUtf8)
    }

    /// Checks that nothing is left.
    pub fn finish(self) -> Result<(), DecodeError> {
        if self.is_empty() {
            Ok(())
        } else {
            Err(DecodeError::TrailingBytes)
        }
    }
}

/// Appends a `varUint`.
pub fn write_var_uint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push((value & 0x7f) as u8);
}

/// Appends a `varBytes`.
pub fn write_var_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    write_var_uint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Appends a `varString`.
pub fn write_var_string(out: &mut Vec<u8>, text: &str) {
    write_var_bytes(out, text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn var_uint_matches_the_bytes_of_lib0() {
        for (value, bytes) in [
            (0, vec![0]),
            (127, vec![0x7f]),
            (300, vec![0xac, 0x02]),
            (
                MAX_SAFE_INTEGER,
                vec![0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f],
            ),
        ] {
            let mut out = Vec::new();
            write_var_uint(&mut out, value);
            assert_eq!(out, bytes);
            assert_eq!(Reader::new(&bytes).var_uint(), Ok(value));
        }
    }

    #[test]
    fn integers_above_what_javascript_holds_are_refused() {
        let too_large = [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10];
        assert_eq!(
            Reader::new(&too_large).var_uint(),
            Err(DecodeError::IntegerTooLarge)
        );
        assert_eq!(
            Reader::new(&[0xff; 20]).var_uint(),
            Err(DecodeError::IntegerTooLarge)
        );
    }

    #[test]
    fn a_count_never_exceeds_the_input() {
        assert_eq!(
            Reader::new(&[0x80, 0x80, 0x80, 0x40]).count(1),
            Err(DecodeError::CountTooLarge)
        );
        assert_eq!(
            Reader::new(&[2, 0, 0, 0]).count(2),
            Err(DecodeError::CountTooLarge)
        );
        assert_eq!(Reader::new(&[2, 0, 0, 0, 0]).count(2), Ok(2));
    }

    #[test]
    fn a_text_is_utf8() {
        assert_eq!(Reader::new(&[2, 0xc3, 0xa9]).var_string(), Ok("é"));
        assert_eq!(
            Reader::new(&[1, 0xc3]).var_string(),
            Err(DecodeError::InvalidUtf8)
        );
        assert_eq!(
            Reader::new(&[5, b'a']).var_string(),
            Err(DecodeError::CountTooLarge)
        );
    }
}
