//! Names of things: UUIDs inside, an api key and an auth id outside. Made by the shell, only compared here.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};
use std::str::FromStr;

/// A text that is not the id that it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MalformedId;

macro_rules! uuid {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 16]);

        impl $name {
            /// From the 16 bytes of a UUID.
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            /// The 16 bytes of the UUID.
            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_uuid(&self.0, f)
            }
        }

        impl FromStr for $name {
            type Err = MalformedId;

            fn from_str(text: &str) -> Result<Self, MalformedId> {
                parse_uuid(text).map(Self).ok_or(MalformedId)
            }
        }
    };
}

uuid! {
    /// An account, inside. Outside it goes by [`ApiKey`] and [`AuthId`].
    AccountId
}
uuid! {
    /// A secret or an auth token of an account.
    CredentialId
}
uuid! {
    /// A token of the operator or of a gate.
    TokenId
}
uuid! {
    /// A line of the journal; the id of the payment, transfer, charge or hold that it records.
    LineId
}

uuid! {
    /// An event.
    EventId
}
uuid! {
    /// An address to which events are sent.
    WebhookId
}

macro_rules! digits {
    ($(#[$doc:meta])* $name:ident, $len:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u64);

        impl $name {
            /// Some id, by a random number.
            pub const fn from_random(random: u64) -> Self {
                const LEAST: u64 = 10_u64.pow($len - 1);
                Self(LEAST + random % (9 * LEAST))
            }

            /// The number that its digits spell.
            pub const fn number(self) -> u64 {
                self.0
            }

            /// From that number.
            pub const fn from_number(number: u64) -> Self {
                Self(number)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = MalformedId;

            fn from_str(text: &str) -> Result<Self, MalformedId> {
                let is_id = text.len() == $len && text.bytes().all(|it| it.is_ascii_digit());
                let number = text.parse().map_err(|_| MalformedId)?;
                // One with zeros before it would be another name of the same thing.
                if is_id && Self(number).to_string() == text { Ok(Self(number)) } else { Err(MalformedId) }
            }
        }
    };
}

digits! {
    /// An application: 17 digits.
    ApplicationId, 17
}
digits! {
    /// An endpoint: 14 digits.
    EndpointId, 14
}

impl AccountId {
    /// Names no account, and never will: what an unknown name resolves to, so that a command can carry it.
    pub const UNKNOWN: Self = Self([0; 16]);
}

impl LineId {
    /// The id of the `n`th line that one command writes beside its own: the last bytes count on, as RFC 9562 lets a
    /// UUIDv7 do, so that a command needs to bring only one id.
    pub fn nth(self, n: u32) -> Self {
        let [head @ .., a, b, c, d] = self.0;
        let counted = u32::from_be_bytes([a, b, c, d]).wrapping_add(n).to_be_bytes();
        let mut bytes = [0; 16];
        for (slot, byte) in bytes.iter_mut().zip(head.into_iter().chain(counted)) {
            *slot = byte;
        }
        Self(bytes)
    }
}

impl TokenId {
    /// The operator token that came with the environment and is stored nowhere.
    pub const ENVIRONMENT: Self = Self([0; 16]);
}

/// A map by one of our ids. Their last bytes are random already, so they are their own hash; nobody outside can choose
/// them.
pub type IdMap<Id, Value> = HashMap<Id, Value, BuildHasherDefault<IdHasher>>;

/// A set of our ids or names; see [`IdMap`].
pub type IdSet<Id> = HashSet<Id, BuildHasherDefault<IdHasher>>;

/// The hash of an id: its last eight bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct IdHasher(u64);

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        if let Some(tail) = bytes.last_chunk() {
            // Ids that count on (`LineId::nth`) differ in their last bits alone, and a map looks at the first ones too.
            self.0 = u64::from_be_bytes(*tail).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        }
    }

    /// The number of an api key.
    fn write_u32(&mut self, number: u32) {
        self.0 = u64::from(number).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }

    /// The length of the bytes, which is always the same.
    fn write_usize(&mut self, _: usize) {}
}

fn write_uuid(bytes: &[u8; 16], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut text = [b'-'; 36];
    let mut at = 0;
    for (index, byte) in bytes.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            at += 1;
        }
        for nibble in [byte >> 4, byte & 15] {
            if let (Some(slot), Some(digit)) = (text.get_mut(at), HEX.get(usize::from(nibble))) {
                *slot = *digit;
            }
            at += 1;
        }
    }
    f.write_str(std::str::from_utf8(&text).unwrap_or_default())
}

fn parse_uuid(text: &str) -> Option<[u8; 16]> {
    let text = text.as_bytes();
    if text.len() != 36 {
        return None;
    }
    let mut bytes = [0; 16];
    let mut at = 0;
    for (index, byte) in bytes.iter_mut().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            if text.get(at) != Some(&b'-') {
                return None;
            }
            at += 1;
        }
        *byte = hex_digit(*text.get(at)?)? << 4 | hex_digit(*text.get(at + 1)?)?;
        at += 2;
    }
    Some(bytes)
}

fn hex_digit(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

/// An account's name in the Vonage dialect: 8 lower-case hex digits, compared case-insensitively when read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApiKey(u32);

impl ApiKey {
    /// From the number that its digits spell.
    pub const fn from_number(number: u32) -> Self {
        Self(number)
    }

    /// The number that its digits spell.
    pub const fn number(self) -> u32 {
        self.0
    }
}

impl fmt::Display for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

impl FromStr for ApiKey {
    type Err = MalformedId;

    fn from_str(text: &str) -> Result<Self, MalformedId> {
        let is_key = text.len() == 8 && text.bytes().all(|it| it.is_ascii_hexdigit());
        if !is_key {
            return Err(MalformedId);
        }
        u32::from_str_radix(text, 16).map(Self).map_err(|_| MalformedId)
    }
}

/// An account's name in the Plivo dialect: `MA` (primary) or `SA` (subaccount), then 18 of `A-Z0-9`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AuthId([u8; 20]);

impl AuthId {
    /// How many characters follow the two letters.
    pub const TAIL_LEN: usize = 18;

    /// The auth id with this tail; `None` unless the tail is 18 of `A-Z0-9`.
    pub fn new(primary: bool, tail: &str) -> Option<Self> {
        format!("{}{tail}", if primary { "MA" } else { "SA" }).parse().ok()
    }

    /// The 20 characters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for AuthId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for AuthId {
    type Err = MalformedId;

    fn from_str(text: &str) -> Result<Self, MalformedId> {
        let bytes: [u8; 20] = text.as_bytes().try_into().map_err(|_| MalformedId)?;
        let tail_is_fit = bytes.iter().skip(2).all(|it| it.is_ascii_uppercase() || it.is_ascii_digit());
        if (text.starts_with("MA") || text.starts_with("SA")) && tail_is_fit {
            Ok(Self(bytes))
        } else {
            Err(MalformedId)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_reads_back_as_it_prints() {
        let text = "0192f0c1-2a3b-7c4d-8e5f-0123456789ab";
        assert_eq!(text.parse::<AccountId>().unwrap().to_string(), text);
        assert_eq!(text.to_uppercase().parse::<AccountId>().unwrap().to_string(), text);
        for wrong in [
            "",
            "0192f0c12a3b7c4d8e5f0123456789ab",
            "0192f0c1-2a3b-7c4d-8e5f-0123456789ag",
            "07b5-46e1-a527-85530e625800",
        ] {
            assert_eq!(wrong.parse::<AccountId>(), Err(MalformedId), "{wrong}");
        }
    }

    #[test]
    fn ids_that_count_on_are_spread_over_a_map() {
        let first = LineId::from_bytes([7; 16]);
        let ids: Vec<_> = (0..1_000).map(|it| first.nth(it)).collect();
        let map: IdMap<LineId, usize> = ids.iter().copied().zip(0..).collect();
        assert_eq!(map.len(), ids.len());
        assert!(ids.iter().zip(0..).all(|(id, n)| map.get(id) == Some(&n)));
        let hash =
            |id: &LineId| std::hash::BuildHasher::hash_one(&BuildHasherDefault::<IdHasher>::default(), id);
        let tops: HashSet<_> = ids.iter().map(|it| hash(it) >> 57).collect();
        assert!(tops.len() > 100, "{} of 128", tops.len());
    }

    #[test]
    fn the_id_of_an_application_or_an_endpoint_is_all_digits() {
        for random in [0, 1, 9_999_999_999_999_999, u64::MAX] {
            let (application, endpoint) =
                (ApplicationId::from_random(random), EndpointId::from_random(random));
            assert_eq!(application.to_string().parse(), Ok(application));
            assert_eq!(endpoint.to_string().parse(), Ok(endpoint));
        }
        assert_eq!(ApplicationId::from_random(0).to_string(), "10000000000000000");
        assert_eq!(EndpointId::from_random(u64::MAX).to_string().len(), 14);
        for wrong in
            ["", "1", "01234567890123456", "+2345678901234567", "123456789012345678", "1234567890123456x"]
        {
            assert_eq!(wrong.parse::<ApplicationId>(), Err(MalformedId), "{wrong}");
        }
        assert_eq!("12345678901234567".parse::<EndpointId>(), Err(MalformedId));
    }

    #[test]
    fn an_api_key_is_eight_hex_digits_in_any_case() {
        assert_eq!("ACC6111f".parse::<ApiKey>().unwrap().to_string(), "acc6111f");
        for wrong in ["", "acc6111", "acc6111ff", "acc6111g", "+cc6111f", "€€€€€€€€"] {
            assert_eq!(wrong.parse::<ApiKey>(), Err(MalformedId), "{wrong}");
        }
    }

    #[test]
    fn an_auth_id_tells_primary_from_subaccount() {
        assert_eq!(AuthId::new(true, "AB0DEFGHIJKLMNOPQ9").unwrap().as_str(), "MAAB0DEFGHIJKLMNOPQ9");
        assert!(AuthId::new(false, "AB0DEFGHIJKLMNOPQ9").unwrap().as_str().starts_with("SA"));
        for wrong in ["", "XAAB0DEFGHIJKLMNOPQ9", "MAab0DEFGHIJKLMNOPQ9", "MAAB0DEFGHIJKLMNOPQ"] {
            assert_eq!(wrong.parse::<AuthId>(), Err(MalformedId), "{wrong}");
        }
    }
}
