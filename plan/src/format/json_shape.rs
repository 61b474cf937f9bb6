//! Parses JSON files within limits, before any of it takes memory.

use serde_json::Value as Json;

use super::{DEPTH_MAX, NODES_MAX, Unreadable, text_of};

/// The JSON of a file.
pub(super) fn parse(file: &[u8]) -> Result<Json, Unreadable> {
    let text = text_of(file)?;
    measure(text.as_bytes())?;
    serde_json::from_str(text).map_err(|error| Unreadable::Syntax {
        line: error.line(),
        say: error.to_string(),
    })
}

/// Refuses what is nested too deep or has too many values; what is no JSON the parser tells.
fn measure(text: &[u8]) -> Result<(), Unreadable> {
    let (mut line, mut depth, mut values) = (1, 0_usize, 0);
    let (mut in_string, mut escaped) = (false, false);
    for byte in text {
        if *byte == b'\n' {
            line += 1;
        }
        if in_string {
            in_string = *byte != b'"' || escaped;
            escaped = *byte == b'\\' && !escaped;
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            b',' => values += 1,
            _ => {}
        }
        if depth > DEPTH_MAX {
            return Err(Unreadable::TooDeep(line));
        }
        if values > NODES_MAX {
            return Err(Unreadable::TooFull(line));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn brackets_in_texts_do_not_count() {
        let brackets = "[".repeat(200);
        let text = json!({ "a": format!("\\\"{brackets}") }).to_string();
        assert!(parse(text.as_bytes()).is_ok());
        assert_eq!(parse(brackets.as_bytes()), Err(Unreadable::TooDeep(1)));
        let commas = format!("[0\n{}]", ",0".repeat(NODES_MAX + 1));
        assert_eq!(parse(commas.as_bytes()), Err(Unreadable::TooFull(2)));
    }

    #[test]
    fn what_is_no_json_is_told_with_its_line() {
        let say = parse(b"{\n\"a\": ?\n}").unwrap_err().to_string();
        assert!(say.starts_with("line 2: "), "{say}");
    }
}
