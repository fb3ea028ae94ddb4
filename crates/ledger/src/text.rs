//! Texts with limits: what is too long is refused, never cut (docs/rules.md, Limits). Lengths count
//! characters. U+0000 is none: not every store can keep it.

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
/// The most characters of a price plan's name.
pub const PLAN_MAX: usize = 64;
/// The most characters of a method such as `POST`.
pub const METHOD_MAX: usize = 32;
/// The fewest digits of a phone number or short code.
pub const MSISDN_MIN: usize = 3;
/// The most digits of a phone number (E.164).
pub const MSISDN_MAX: usize = 15;
/// The fewest characters of a secret that a person chose.
pub const SECRET_MIN: usize = 8;
/// The most characters of a secret that a person chose.
pub const SECRET_MAX: usize = 25;
/// The most characters of a setting, such as an address.
pub const SETTING_MAX: usize = 2_048;
/// The most characters of an application's name or an endpoint's alias.
pub const LABEL_MAX: usize = 255;
/// The most characters of an endpoint's username: the 25 that are asked for and the digits that are put behind them.
pub const USERNAME_MAX: usize = 37;

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
    // As nearly all are, and quicker to see.
    let is_plain = text.len() <= OPERATION_MAX && text.bytes().all(|it| it.is_ascii_graphic());
    let is_fit =
        || fits(text, OPERATION_MAX) && !text.chars().any(|it| it.is_whitespace() || it.is_control());
    !text.is_empty() && (is_plain || is_fit())
}

/// Whether these may be the digits of a number.
pub fn is_msisdn(text: &str) -> bool {
    (MSISDN_MIN..=MSISDN_MAX).contains(&text.len()) && text.bytes().all(|it| it.is_ascii_digit())
}

/// Whether a person may choose this as a secret: [`SECRET_MIN`] to [`SECRET_MAX`] characters, among them a lower-case
/// letter, a capital and a digit.
pub fn is_secret(text: &str) -> bool {
    let has = |class: fn(&u8) -> bool| text.bytes().any(|it| class(&it));
    (SECRET_MIN..=SECRET_MAX).contains(&text.chars().count())
        && has(u8::is_ascii_lowercase)
        && has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_digit)
}

/// Whether events may be sent there: an http or https address by RFC 3986, of at most [`SETTING_MAX`] characters, with a host,
/// without a name and password in it and without a fragment.
pub fn is_web_address(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let may_stand = |it: u8| it.is_ascii_alphanumeric() || b"-._~:/?[]@!$&'()*+,;=%".contains(&it);
    let Some(rest) = rest.filter(|_| text.len() <= SETTING_MAX).filter(|it| it.bytes().all(may_stand)) else {
        return false;
    };
    let authority = rest.split(['/', '?']).next().unwrap_or("");
    // The colons of an IPv6 address stand in brackets.
    let (host, port) = match authority.rsplit_once(':').filter(|it| !it.1.ends_with(']')) {
        Some((host, port)) => (host, Some(port)),
        None => (authority, None),
    };
    let is_host = |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'.' | b'-' | b'_');
    let is_address = |it: &str| it.parse::<core::net::Ipv6Addr>().is_ok();
    let is_named = match host.strip_prefix('[').and_then(|it| it.strip_suffix(']')) {
        Some(address) => is_address(address),
        None => !host.is_empty() && host.bytes().all(is_host),
    };
    let is_port =
        |it: &str| it.bytes().all(|it| it.is_ascii_digit()) && it.parse::<u16>().is_ok_and(|it| it > 0);
    is_named && port.is_none_or(is_port)
}

/// Whether this may be an application's name: 1 to [`LABEL_MAX`] letters, digits, `-` and `_`.
pub fn is_label(text: &str) -> bool {
    (1..=LABEL_MAX).contains(&text.len())
        && text.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-' || it == b'_')
}

/// Whether this may be an endpoint's username: a letter, then letters and digits, at most [`USERNAME_MAX`].
pub fn is_username(text: &str) -> bool {
    (1..=USERNAME_MAX).contains(&text.len())
        && text.starts_with(|it: char| it.is_ascii_alphabetic())
        && text.bytes().all(|it| it.is_ascii_alphanumeric())
}

/// Whether this may be a price plan's name: 1 to [`PLAN_MAX`] lower-case letters, digits, `.`, `-` and `_`.
pub fn is_plan_name(text: &str) -> bool {
    let is_fit = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit() || matches!(it, b'.' | b'-' | b'_');
    (1..=PLAN_MAX).contains(&text.len()) && text.bytes().all(is_fit)
}

/// Whether this may be the method of a call: 1 to [`METHOD_MAX`] capital letters.
pub fn is_method(text: &str) -> bool {
    (1..=METHOD_MAX).contains(&text.len()) && text.bytes().all(|it| it.is_ascii_uppercase())
}

/// Whether the text has at most `max` characters, and no U+0000.
pub fn fits(text: &str, max: usize) -> bool {
    // A character is at least one byte, so short texts need no counting.
    (text.len() <= max || text.chars().nth(max).is_none()) && !text.bytes().any(|it| it == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_count_characters_not_bytes() {
        assert!(is_name(&"€".repeat(255)));
        assert!(!is_name(&"€".repeat(256)));
        assert!(!is_name(" \t\u{a0}"));
        assert!(fits("a\tb\u{1}", 4) && !fits("a\0b", 4) && !is_name("a\0") && !is_key("\0"));
        assert!(is_key("k") && !is_key("") && !is_key(&"k".repeat(256)));
        assert!(is_operation("sms.send") && !is_operation("sms send") && !is_operation(""));
        assert!(
            is_label("Call_me-1") && !is_label("") && !is_label("call me") && !is_label(&"a".repeat(256))
        );
        assert!(is_username("a1") && !is_username("") && !is_username("1a") && !is_username("a_b"));
        assert!(is_username(&"a".repeat(37)) && !is_username(&"a".repeat(38)));
        assert!(is_msisdn("447700900000") && !is_msisdn("+447700900000") && !is_msisdn("12"));
    }
    #[test]
    fn a_secret_has_its_length_and_its_classes() {
        for text in ["Short123", "The new secret1", "Aa1€€€€€", "Passwort1234567890123456x"] {
            assert!(is_secret(text), "{text}");
        }
        for text in ["Short12", "Passwort1234567890123456xy", "password123", "PASSWORD123", "PasswordOnly"] {
            assert!(!is_secret(text), "{text}");
        }
    }
}
