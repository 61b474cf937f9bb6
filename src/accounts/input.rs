//! Checks what a person typed to register.

use convene_protocol::error_code::ErrorCode;

use crate::error::Failure;

/// The longest address that mail servers take (RFC 5321, 4.5.3.1.3, without the brackets).
const EMAIL_BYTES_MAX: usize = 254;

/// The longest name; it travels in every presence message.
const NAME_CHARS_MAX: usize = 100;

/// An address that has the shape of one, trimmed. Whether mail arrives there is not our business.
pub(super) fn email(typed: &str) -> Result<String, Failure> {
    let email = typed.trim();
    let fits = email.len() <= EMAIL_BYTES_MAX
        && !email.chars().any(|c| c.is_whitespace() || c.is_control())
        && email.rsplit_once('@').is_some_and(|(local, domain)| {
            !local.is_empty()
                && !local.contains('@')
                && domain.split('.').all(|label| !label.is_empty())
        });
    if fits {
        Ok(email.to_owned())
    } else {
        Err(Failure::new(
            ErrorCode::Invalid,
            "email is not an e-mail address; it has the form name@example.org.",
        ))
    }
}

/// A name with 1 to 100 characters, trimmed.
pub(super) fn name(typed: &str) -> Result<String, Failure> {
    let name = typed.trim();
    if (1..=NAME_CHARS_MAX).contains(&name.chars().count()) && !name.chars().any(char::is_control) {
        Ok(name.to_owned())
    } else {
        Err(Failure::new(
            ErrorCode::Invalid,
            "name must have 1 to 100 characters, and no line breaks or other control characters.",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_judged_by_its_shape_alone() {
        for good in [
            "ada@example.org",
            " ada@localhost ",
            "ada+plans@sub.example.org",
            "ädä@exämple.org",
        ] {
            assert_eq!(email(good).unwrap(), good.trim());
        }
        let long = format!("{}@example.org", "a".repeat(250));
        for bad in [
            "",
            "ada",
            "@example.org",
            "ada@",
            "a@b@c",
            "ada@.org",
            "ada@example..org",
            "a da@example.org",
            "ada@example.org\nbcc: all@example.org",
            &long,
        ] {
            assert!(email(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_name_has_1_to_100_characters_whatever_their_bytes() {
        assert_eq!(name(" Ada ").unwrap(), "Ada");
        assert!(name(&"ü".repeat(100)).is_ok());
        for bad in ["", "  ", "a\nb", &"ü".repeat(101)] {
            assert!(name(bad).is_err(), "{bad:?}");
        }
    }
}
