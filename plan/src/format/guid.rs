//! Under which UUID the things of a plan are exported, so that they are found again in the export.

use serde_json::Value as Json;
use sha1_smol::Sha1;

use crate::content::{Fields, Value};

/// The namespace of addresses (RFC 9562, 6.6).
const NAMESPACE_URL: [u8; 16] = [
    0x6b, 0xa7, 0xb8, 0x11, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8,
];

/// The UUID of a plan's id or of a foreign reference: a UUID as it is, anything else by version 5 of
/// RFC 9562, so that it is always the same.
pub(super) fn of(reference: &str) -> String {
    if is_uuid(reference) {
        return reference.to_ascii_lowercase();
    }
    let mut hash = Sha1::new();
    hash.update(&NAMESPACE_URL);
    hash.update(b"convene:");
    hash.update(reference.as_bytes());
    let mut text = String::with_capacity(36);
    for (number, byte) in hash.digest().bytes().into_iter().take(16).enumerate() {
        let byte = match number {
            // The version and the variant (RFC 9562, 5.5).
            6 => byte & 0x0f | 0x50,
            8 => byte & 0x3f | 0x80,
            _ => byte,
        };
        if matches!(number, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        for digit in [byte >> 4, byte & 0x0f] {
            text.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
        }
    }
    text
}

fn is_uuid(text: &str) -> bool {
    let fits = |(at, byte): (usize, u8)| match at {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    };
    text.len() == 36 && text.bytes().enumerate().all(fits)
}

/// What an entity is called where it came from.
pub(super) fn reference(fields: &Fields) -> Option<&str> {
    let src = fields.get("src").and_then(Value::plain)?;
    let reference = src.get("ref").and_then(Json::as_str);
    reference.filter(|reference| !reference.is_empty())
}

/// The UUID that an entity is exported under: by where it came from, else by its id.
pub(super) fn exported(id: &str, fields: &Fields) -> String {
    of(reference(fields).unwrap_or(id))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_uuid_stays_and_an_id_always_has_the_same() {
        let uuid = "9c3ebb8c-7716-5130-b9fe-ff8544f5636d";
        assert_eq!(of(uuid), uuid);
        // As every other implementation of version 5 says for the name `convene:se_A`.
        assert_eq!(of("se_A"), "b652ef6c-bafd-513e-a63c-a2e0ef8ca907");
        assert_ne!(of("se_A"), of("se_B"));
        let mut fields = Fields::new();
        assert_eq!(exported("se_A", &fields), of("se_A"));
        fields.insert("src".to_owned(), Value::Plain(json!({"ref": uuid})));
        assert_eq!(exported("se_A", &fields), uuid);
    }
}
