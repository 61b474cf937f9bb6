//! Under which UUID the things of a plan are exported, so that they are found again in the export.

use serde_json::Value as Json;
use uuid::Uuid;

use crate::content::{Fields, Value};

/// Characters of a UUID with hyphens.
const HYPHENATED: usize = 36;

/// The UUID of a plan's id or of a foreign reference: a UUID as it is, anything else by version 5 of
/// RFC 9562, so that it is always the same.
pub(super) fn of(reference: &str) -> String {
    let written = Uuid::try_parse(reference).ok();
    // A UUID has other spellings too, which stand for themselves.
    let written = written.filter(|_| reference.len() == HYPHENATED);
    let made = || {
        Uuid::new_v5(
            &Uuid::NAMESPACE_URL,
            format!("convene:{reference}").as_bytes(),
        )
    };
    written.unwrap_or_else(made).hyphenated().to_string()
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
