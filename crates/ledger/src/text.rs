//! Texts with limits: what is too long is refused, never cut (docs/rules.md, Limits). Lengths count
//! characters.

/// The most characters of an account's name.
pub const NAME_MAX: usize = 255;
/// The most characters of a reference.
pub const REFERENCE_MAX: usize = 255;
/// The most characters of an operation such as `sms.send`.
pub const OPERATION_MAX: usize = 64;
/// The most characters of an idempotency key.
pub const KEY_MAX: usize = 255;
/// The most characters of a number of units.
pub const UNITS_MAX: usize = 32;
/// The fewest digits of a phone number or short code.
pub const MSISDN_MIN: usize = 3;
/// The most digits of a phone number (E.164).
pub const MSISDN_MAX: usize = 15;

/// Whether this may be an account's name: 1 to [`NAME_MAX`] characters, not all blank.
pub fn is_name(text: &str) -> bool {
    !text.trim().is_empty() && fits(text, NAME_MAX)
}

/// Whether this may be an idempotency key: 1 to [`KEY_MAX`] characters.
pub fn is_key(text: &str) -> bool {
    !text.is_empty() && fits(text, KEY_MAX)
}

/// Whether this may be an operation: 1 to [`OPERATION_MAX`] characters, none of them blank or a control character.
pub fn is_operation(text: &str) -> bool {
    !text.is_empty()
        && fits(text, OPERATION_MAX)
        && !text.chars().any(|it| it.is_whitespace() || it.is_control())
}

/// Whether these may be the digits of a number.
pub fn is_msisdn(text: &str) -> bool {
    (MSISDN_MIN..=MSISDN_MAX).contains(&text.len()) && text.bytes().all(|it| it.is_ascii_digit())
}

/// Whether the text has at most `max` characters.
pub fn fits(text: &str, max: usize) -> bool {
    // A character is at least one byte, so short texts need no counting.
    text.len() <= max || text.chars().nth(max).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_count_characters_not_bytes() {
        assert!(is_name(&"€".repeat(255)));
        assert!(!is_name(&"€".repeat(256)));
        assert!(!is_name(" \t\u{a0}"));
        assert!(is_key("k") && !is_key("") && !is_key(&"k".repeat(256)));
        assert!(is_operation("sms.send") && !is_operation("sms send") && !is_operation(""));
        assert!(is_msisdn("447700900000") && !is_msisdn("+447700900000") && !is_msisdn("12"));
    }
}
