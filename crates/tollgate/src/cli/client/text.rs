//! Text of others on our terminal: what is in a name is shown, and does nothing.

use std::borrow::Cow;
use std::fmt::Write;

use unicode_width::UnicodeWidthStr;

/// Whether a character may steer a terminal, or turn what stands beside it round, or cannot be seen.
fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
        )
}

/// A text with everything visible: a character that would not be seen, or do something, is written as Rust writes it.
pub(super) fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match character {
            '\n' => shown.push_str("\\n"),
            '\t' => shown.push_str("\\t"),
            '\r' => shown.push_str("\\r"),
            hidden if is_hidden(hidden) => {
                // Writing to a string cannot fail.
                let _written = write!(shown, "\\u{{{:x}}}", u32::from(hidden));
            }
            other => shown.push(other),
        }
    }
    Cow::Owned(shown)
}

/// How many columns a visible text takes.
pub(super) fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// The same JSON on one line, with what a terminal might take for more than text escaped: it means the same.
pub(super) fn json_line(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut line = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match character {
            // Between its parts; within a text JSON has neither.
            '\n' | '\r' | '\t' => {}
            hidden if is_hidden(hidden) => {
                for unit in hidden.encode_utf16(&mut [0; 2]) {
                    // Writing to a string cannot fail.
                    let _written = write!(line, "\\u{unit:04x}");
                }
            }
            other => line.push(other),
        }
    }
    Cow::Owned(line)
}

/// A document on a terminal: its lines stay, and nothing else in it does something.
pub(super) fn document(text: &str) -> String {
    text.lines().map(visible).collect::<Vec<_>>().join("\n")
}

/// A part of a path, or of a query, in which nothing has a meaning of its own.
pub(super) fn encoded(text: &str) -> String {
    // A plus is written as %2B by it, so that those that are there are blanks.
    form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

/// A query, with what is given.
pub(super) fn query<'a>(pairs: impl IntoIterator<Item = (&'a str, Option<&'a str>)>) -> String {
    let given = pairs.into_iter().filter_map(|(name, value)| Some(format!("{name}={}", encoded(value?))));
    let given: Vec<_> = given.collect();
    if given.is_empty() { String::new() } else { format!("?{}", given.join("&")) }
}

/// A time of the API as people read it: to the second, in UTC.
pub(super) fn time(text: &str) -> String {
    let seconds = text.split_once('.').map_or(text, |it| it.0).trim_end_matches('Z');
    format!("{}Z", visible(&seconds.replace('T', " ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_name_steers_a_terminal() {
        for (text, shown) in [
            ("Ann", "Ann"),
            ("Müller & Söhne 株式会社", "Müller & Söhne 株式会社"),
            ("\u{1b}[2J\u{1b}]0;title\u{7}", "\\u{1b}[2J\\u{1b}]0;title\\u{7}"),
            ("\u{9b}31m\u{7f}", "\\u{9b}31m\\u{7f}"),
            ("a\nb\tc\r", "a\\nb\\tc\\r"),
            ("\u{202e}evil\u{2069}", "\\u{202e}evil\\u{2069}"),
            ("zero\u{200b}width\u{feff}", "zero\\u{200b}width\\u{feff}"),
        ] {
            assert_eq!(visible(text), shown);
        }
    }

    #[test]
    fn json_means_the_same_on_one_line_without_them() {
        let text = "{\n \"name\": \"\u{9b}31m \u{202e}\u{e0041}\\u001b ü\"\n}";
        let line = json_line(text);
        assert_eq!(line, r#"{ "name": "\u009b31m \u202e\udb40\udc41\u001b ü"}"#);
        let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(read(&line), read(text));
    }

    #[test]
    fn what_is_asked_for_is_no_other_path() {
        assert_eq!(encoded("../a b/c?d#e%+ü"), "..%2Fa%20b%2Fc%3Fd%23e%25%2B%C3%BC");
        assert_eq!(query([("a", Some("x y")), ("b", None), ("c", Some("&"))]), "?a=x%20y&c=%26");
        assert_eq!(query([("a", None)]), "");
    }

    #[test]
    fn a_time_is_short() {
        assert_eq!(time("2026-02-28T12:15:00.123Z"), "2026-02-28 12:15:00Z");
        assert_eq!(time("2026-02-28T12:15:00Z"), "2026-02-28 12:15:00Z");
    }
}
