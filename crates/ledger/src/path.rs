//! Paths of calls, and the patterns that they are priced by.
//!
//! The price must be that of what the server behind the gate will serve. Servers differ in how they read some paths, so
//! only those that all of them read alike have a price: see [`is_normal`].

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// The most bytes of a path.
pub const PATH_MAX: usize = 2_048;

/// Why a text is no pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MalformedPattern;

/// A pattern of paths: `/v1/messages`, `/v1/accounts/*/calls` for any one part, `/v1/**` for all that begins so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathPattern {
    text: Arc<str>,
    parts: Arc<[Part]>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    /// As the bytes that it stands for: what may stand with an escape and without has one price.
    Is(Box<[u8]>),
    Any,
    Rest,
}

impl PathPattern {
    /// Whether a path in normal form is like this. A slash at its end makes no difference, because most servers see none.
    pub fn fits(&self, path: &str) -> bool {
        let mut given = parts(path);
        for part in self.parts.iter() {
            match (part, given.next()) {
                (Part::Rest, _) => return true,
                (Part::Any, Some(_)) => {}
                (Part::Is(is), Some(part)) if unescaped(part).eq(is.iter().copied()) => {}
                (Part::Any | Part::Is(_), _) => return false,
            }
        }
        given.next().is_none()
    }
}

impl FromStr for PathPattern {
    type Err = MalformedPattern;

    fn from_str(text: &str) -> Result<Self, MalformedPattern> {
        let parts: Vec<Part> = parts(text)
            .map(|part| match part {
                "*" => Part::Any,
                "**" => Part::Rest,
                part => Part::Is(unescaped(part).collect()),
            })
            .collect();
        // Stars stand in a path as they are, so a pattern is a path; but one within a name would look like more.
        let is_lawful = is_normal(text)
            && !self::parts(text).any(|it| it.contains('*') && !matches!(it, "*" | "**"))
            && !parts.iter().rev().skip(1).any(|it| *it == Part::Rest);
        if is_lawful { Ok(Self { text: text.into(), parts: parts.into() }) } else { Err(MalformedPattern) }
    }
}

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn parts(path: &str) -> impl Iterator<Item = &str> {
    let path = path.strip_prefix('/').unwrap_or(path);
    let path = path.strip_suffix('/').unwrap_or(path);
    path.split('/').filter(|it| !it.is_empty())
}

/// The bytes that a part of a path in normal form stands for.
fn unescaped(part: &str) -> impl Iterator<Item = u8> {
    let mut bytes = part.bytes();
    std::iter::from_fn(move || match bytes.next()? {
        b'%' => Some(capital_hex(bytes.next()?)? << 4 | capital_hex(bytes.next()?)?),
        byte => Some(byte),
    })
}

/// Whether a path is written in a way that every server reads alike: it begins with a slash; no part is empty, `.` or
/// `..`; no letter, digit, `-`, `.`, `_` or `~` is escaped; hex digits are capitals; and there is no slash, backslash, semicolon,
/// percent sign or control character behind an escape. One slash at its end is allowed. What is left that can be written
/// in two ways, such as `:` and `%3A`, which many clients send, is the same to every pattern.
pub fn is_normal(path: &str) -> bool {
    let Some(rest) = path.strip_prefix('/') else { return false };
    if path.len() > PATH_MAX {
        return false;
    }
    let body = rest.strip_suffix('/').unwrap_or(rest);
    let is_root = rest.is_empty();
    is_root || body.split('/').all(|it| !matches!(it, "" | "." | "..") && is_normal_part(it.as_bytes()))
}

fn is_normal_part(part: &[u8]) -> bool {
    let mut bytes = part.iter().copied();
    while let Some(byte) = bytes.next() {
        let is_fit = match byte {
            b'%' => match (bytes.next().and_then(capital_hex), bytes.next().and_then(capital_hex)) {
                (Some(high), Some(low)) => is_normal_escape(high << 4 | low),
                _ => false,
            },
            byte => is_plain(byte),
        };
        if !is_fit {
            return false;
        }
    }
    true
}

/// What stands in a path as it is (RFC 3986, `pchar`); a semicolon does not, for some servers cut the part off there.
const fn is_plain(byte: u8) -> bool {
    is_unreserved(byte)
        || matches!(byte, b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b'=' | b':' | b'@')
}

const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

const fn is_normal_escape(byte: u8) -> bool {
    !is_unreserved(byte) && !byte.is_ascii_control() && !matches!(byte, b'/' | b'\\' | b';' | b'%')
}

const fn capital_hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_normal_path_is_read_alike_everywhere() {
        for path in
            ["/", "/a", "/a/", "/v1/send", "/a/b-c_d~e.f", "/a/%C3%A4", "/a/b%20c", "/a:b@c", "/...", "/.a"]
        {
            assert!(is_normal(path), "{path}");
        }
        for path in [
            "", "a", "//", "/a//b", "//a", "/a//", "/./a", "/a/..", "/a/../b", "/a/.", "/%61", "/%2e%2e",
            "/%2E", "/a%2Fb", "/a%2fb", "/a%5Cb", "/a\\b", "/a;b", "/a%3Bb", "/a%", "/a%2", "/a%zz",
            "/a%25b", "/a%00", "/a%0A", "/a b", "/a?b", "/a#b", "/ä", "/a%c3%a4", "/\u{7f}",
        ] {
            assert!(!is_normal(path), "{path}");
        }
        assert!(is_normal(&format!("/{}", "a".repeat(PATH_MAX - 1))));
        assert!(!is_normal(&format!("/{}", "a".repeat(PATH_MAX))));
    }

    #[test]
    fn a_pattern_fits_part_by_part() {
        for (pattern, path, fits) in [
            ("/", "/", true),
            ("/", "/a", false),
            ("/a", "/a", true),
            ("/a", "/a/", true),
            ("/a/", "/a", true),
            ("/a", "/A", false),
            ("/a", "/a/b", false),
            ("/a/b", "/a", false),
            ("/a/*", "/a/b", true),
            ("/a/*", "/a", false),
            ("/a/*", "/a/b/c", false),
            ("/a/*/c", "/a/b/c", true),
            ("/a/*/c", "/a/b/d", false),
            ("/a/**", "/a/b/c", true),
            ("/a/**", "/a", true),
            ("/a/**", "/b", false),
            ("/**", "/", true),
            ("/**", "/a/b", true),
            // A server that serves one serves the other.
            ("/a:send", "/a%3Asend", true),
            ("/a%3Asend", "/a:send", true),
            ("/*/+49", "/x/%2B49", true),
            ("/%C3%A4", "/%C3%A4", true),
            ("/a:send", "/a%3Bsend", false),
            ("/%2A", "/x", false),
        ] {
            assert_eq!(pattern.parse::<PathPattern>().unwrap().fits(path), fits, "{pattern} {path}");
        }
    }

    #[test]
    fn a_pattern_that_could_never_fit_is_none() {
        for wrong in
            ["", "a", "/a b", "/%61", "/a/**/b", "/a*", "/../a", "/a?b", "/**/**", "//", "/a//b", "/a/**b"]
        {
            assert_eq!(wrong.parse::<PathPattern>(), Err(MalformedPattern), "{wrong}");
        }
        assert_eq!("/a/*/b/**".parse::<PathPattern>().unwrap().to_string(), "/a/*/b/**");
    }
}
