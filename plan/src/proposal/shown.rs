//! The bytes that stand for what somebody was shown of a change when they decided it.

use serde_json::json;

use super::{Change, Class};
use crate::value::normal;

/// Canonical JSON of a change and its class: sorted keys, no blanks, whole numbers as integers. The same
/// bytes mean that the same was shown, so a hash of them binds a decision to it.
pub fn shown(change: &Change, class: &Class) -> Vec<u8> {
    let mut json = normal(json!({ "change": change, "class": class }));
    json.sort_all_objects();
    json.to_string().into_bytes()
}
