//! What a request says. Unknown members are ignored, a member that is null is absent, and whatever is not fit is
//! remembered by its name, so that the answer names all of it.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

use ledger::{Amount, ApiKey, BalanceMode, Country, Status, Timestamp, TransferKind, text};
use serde_json::{Map, Value};

use crate::api::vonage::error::{Fault, reason};
use crate::app::{AccountChange, TransferFilter};

/// The most characters of a name that this dialect gives; longer ones made elsewhere are shown whole.
const NAME_MAX: usize = 80;
/// The most digits before the point of an amount in a string; beyond 10¹⁰ nothing moves anyway.
const AMOUNT_WHOLE_MAX: usize = 12;

/// The members of a body, and what was not fit of those that were read.
#[derive(Debug, Default)]
pub(in super::super) struct Fields {
    members: Map<String, Value>,
    faults: Vec<Fault>,
}

/// A subaccount to be.
#[derive(Debug)]
pub(in super::super) struct NewSubaccount {
    pub(in super::super) name: Arc<str>,
    pub(in super::super) secret: Option<String>,
    pub(in super::super) mode: BalanceMode,
}

/// Balance or credit to be moved, between accounts as they were named.
#[derive(Debug)]
pub(in super::super) struct Money {
    pub(in super::super) from: String,
    pub(in super::super) to: String,
    pub(in super::super) amount: Amount,
    pub(in super::super) reference: Option<Box<str>>,
}

/// A number to be moved, between accounts as they were named.
#[derive(Debug)]
pub(in super::super) struct NumberMove {
    pub(in super::super) from: String,
    pub(in super::super) to: String,
    pub(in super::super) msisdn: Arc<str>,
    pub(in super::super) country: Option<Country>,
}

impl Fields {
    /// The members of a JSON object; `None` for everything else.
    pub(in super::super) fn of(body: &[u8]) -> Option<Self> {
        Some(Self { members: serde_json::from_slice(body).ok()?, faults: Vec::new() })
    }

    /// Everything that was not fit.
    pub(in super::super) fn into_faults(self) -> Vec<Fault> {
        self.faults
    }

    pub(in super::super) fn new_subaccount(&mut self) -> Option<NewSubaccount> {
        let name = if self.has("name") { self.name() } else { self.not_fit("name", reason::LENGTH) };
        let secret = self.secret();
        let mode = self.mode().unwrap_or(BalanceMode::Shared);
        Some(NewSubaccount { name: name?, secret, mode })
    }

    pub(in super::super) fn modification(&mut self) -> Option<AccountChange> {
        let (name, mode) = (self.name(), self.mode());
        let status = self.flag("suspended").map(|it| if it { Status::Suspended } else { Status::Active });
        Some(AccountChange { name, status, mode, ..AccountChange::default() })
    }

    /// With `strict`, an amount is a JSON number and nothing else.
    pub(in super::super) fn money(&mut self, strict: bool) -> Option<Money> {
        let (from, to) = self.sides();
        let amount = self.amount(strict);
        let reference = self.reference();
        Some(Money { from: from?, to: to?, amount: amount?, reference })
    }

    pub(in super::super) fn number(&mut self) -> Option<NumberMove> {
        let (from, to) = self.sides();
        let msisdn = self.msisdn();
        let country = self.country();
        Some(NumberMove { from: from?, to: to?, msisdn: msisdn?, country })
    }

    /// The secret that is to be added.
    pub(in super::super) fn new_secret(&mut self) -> Option<String> {
        if !self.has("secret") {
            return self.not_fit("secret", reason::COMPLEXITY);
        }
        self.secret()
    }

    fn get(&self, name: &str) -> Option<&Value> {
        self.members.get(name).filter(|it| !it.is_null())
    }

    fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    fn not_fit<T>(&mut self, name: &'static str, reason: &'static str) -> Option<T> {
        self.faults.push(Fault { reason, name });
        None
    }

    /// A member that may be absent; one that is there and that `read` makes nothing of is a fault.
    fn optional<T>(
        &mut self,
        name: &'static str,
        reason: &'static str,
        read: impl FnOnce(&Value) -> Option<T>,
    ) -> Option<T> {
        let value = self.get(name)?;
        match read(value) {
            Some(read) => Some(read),
            None => self.not_fit(name, reason),
        }
    }

    fn name(&mut self) -> Option<Arc<str>> {
        self.optional("name", reason::LENGTH, |it| {
            it.as_str().filter(|it| text::is_name(it) && text::fits(it, NAME_MAX)).map(Arc::from)
        })
    }

    fn secret(&mut self) -> Option<String> {
        self.optional("secret", reason::COMPLEXITY, |it| {
            it.as_str().filter(|it| text::is_secret(it)).map(str::to_owned)
        })
    }

    fn flag(&mut self, name: &'static str) -> Option<bool> {
        self.optional(name, reason::BOOLEAN, Value::as_bool)
    }

    fn mode(&mut self) -> Option<BalanceMode> {
        let shares = self.flag("use_primary_account_balance")?;
        Some(if shares { BalanceMode::Shared } else { BalanceMode::Own })
    }

    /// Both sides of a transfer. That they differ is asked here too, so that it is named beside the other faults.
    fn sides(&mut self) -> (Option<String>, Option<String>) {
        let (from, to) = (self.side("from"), self.side("to"));
        if let (Some(from), Some(to)) = (&from, &to)
            && from.eq_ignore_ascii_case(to)
        {
            self.not_fit::<()>("from", reason::SAME_ACCOUNT);
        }
        (from, to)
    }

    fn side(&mut self, name: &'static str) -> Option<String> {
        match self.get(name) {
            None => self.not_fit(name, reason::REQUIRED),
            Some(Value::String(key)) if key.is_empty() => self.not_fit(name, reason::REQUIRED),
            Some(Value::String(key)) => Some(key.clone()),
            Some(Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) | Value::Null) => {
                self.not_fit(name, reason::MALFORMED)
            }
        }
    }

    fn amount(&mut self, strict: bool) -> Option<Amount> {
        match self.get("amount").filter(|it| !strict || it.is_number()).and_then(amount) {
            Some(amount) => Some(amount),
            None => self.not_fit("amount", reason::AMOUNT),
        }
    }

    fn reference(&mut self) -> Option<Box<str>> {
        self.optional("reference", reason::LENGTH, |it| {
            it.as_str().filter(|it| text::fits(it, text::REFERENCE_MAX)).map(Box::from)
        })
    }

    fn msisdn(&mut self) -> Option<Arc<str>> {
        if !self.has("number") {
            return self.not_fit("number", reason::REQUIRED);
        }
        self.optional("number", reason::MALFORMED, |it| {
            let digits = if it.is_string() { undressed(it.as_str()?) } else { plain(it)?.into_owned() };
            text::is_msisdn(&digits).then(|| digits.into())
        })
    }

    fn country(&mut self) -> Option<Country> {
        self.optional("country", reason::MALFORMED, |it| it.as_str()?.parse().ok())
    }
}

/// Digits without what people write between them.
pub(super) fn undressed(digits: &str) -> String {
    digits.chars().filter(|it| !matches!(it, '+' | ' ' | '-')).collect()
}

/// The digits of a number as they were sent, or the text of a string.
pub(super) fn plain(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::Number(number) => Some(Cow::Owned(number.to_string())),
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A number, or a string that holds a plain decimal; more than 8 decimals are rounded half-even.
fn amount(value: &Value) -> Option<Amount> {
    if value.as_str().is_some_and(|it| !is_plain_decimal(it)) {
        return None;
    }
    Amount::parse_rounded(&plain(value)?).ok().filter(|it| it.is_movable())
}

/// `^\d{1,12}(\.\d+)?$`
fn is_plain_decimal(text: &str) -> bool {
    let is_digits = |it: &str| !it.is_empty() && it.bytes().all(|it| it.is_ascii_digit());
    let (whole, fraction) = text.split_once('.').map_or((text, None), |(whole, rest)| (whole, Some(rest)));
    is_digits(whole) && whole.len() <= AMOUNT_WHOLE_MAX && fraction.is_none_or(is_digits)
}

/// Which transfers are asked for.
#[derive(Debug)]
pub(in super::super) struct TransferQuery {
    pub(in super::super) filter: TransferFilter,
    /// Only those from or to one of these; all where nothing is said.
    pub(in super::super) accounts: Option<HashSet<ApiKey>>,
}

impl TransferQuery {
    /// From the query of a list.
    ///
    /// # Errors
    /// The parameters that are not fit.
    pub(in super::super) fn of(query: Option<&str>, kind: TransferKind) -> Result<Self, Vec<Fault>> {
        let (mut from, mut to) = (Timestamp::from_millis(0), Timestamp::from_millis(i64::MAX));
        let (mut accounts, mut faults) = (None, Vec::new());
        for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            match (&*name, &*value) {
                (_, "") => {}
                ("start_date", date) => match span(date) {
                    Some((first, _)) => from = first,
                    None => faults.push(Fault { name: "start_date", reason: reason::MALFORMED }),
                },
                ("end_date", date) => match span(date) {
                    Some((_, last)) => to = last,
                    None => faults.push(Fault { name: "end_date", reason: reason::MALFORMED }),
                },
                ("subaccount" | "sub" | "sub_account", keys) => {
                    // What is no key is nobody's: it narrows the list and matches nothing.
                    let keys = keys.split(',').filter_map(|it| it.trim().parse::<ApiKey>().ok());
                    accounts.get_or_insert_with(HashSet::new).extend(keys);
                }
                _ => {}
            }
        }
        if faults.is_empty() {
            Ok(Self { filter: TransferFilter { kind, from, to }, accounts })
        } else {
            Err(faults)
        }
    }
}

/// The first and the last millisecond of what a date names, to the precision that it states: RFC 3339, or a bare date.
fn span(text: &str) -> Option<(Timestamp, Timestamp)> {
    const DAY_NS: i128 = 86_400_000_000_000;
    let (date, rest) = text.split_at_checked(10)?;
    if !has_shape(date, "0000-00-00") {
        return None;
    }
    let (exact, lasts_ns) =
        if rest.is_empty() { (format!("{date}T00:00:00Z"), DAY_NS) } else { time_of_day(date, rest)? };
    let first_ns = exact.parse::<jiff::Timestamp>().ok()?.as_nanosecond();
    let last_ns = first_ns.checked_add(lasts_ns)?.checked_sub(1)?;
    let millis = |it| i64::try_from(it).ok().map(Timestamp::from_millis);
    // Nothing here is stamped finer than a millisecond: the first one within the span, and the last.
    Some((millis(-(-first_ns).div_euclid(1_000_000))?, millis(last_ns.div_euclid(1_000_000))?))
}

/// `THH:MM:SS[.fraction](Z|±HH:MM)` after a date; a plus may have become a space on its way. Returns the instant in
/// one spelling, and for how many nanoseconds its last digit stands.
fn time_of_day(date: &str, rest: &str) -> Option<(String, i128)> {
    /// As many digits as the calendar can tell apart.
    const FRACTION_MAX: usize = 9;
    let (time, rest) = rest.split_at_checked(9)?;
    let (fraction, zone) = match rest.strip_prefix('.') {
        None => ("", rest),
        Some(rest) => rest.split_at_checked(rest.find(|it: char| !it.is_ascii_digit())?)?,
    };
    let zone = zone.replace(' ', "+").to_ascii_uppercase();
    let has_fraction = rest.starts_with('.');
    let is_zone = zone == "Z" || has_shape(&zone.replace('-', "+"), "+00:00");
    if !has_shape(&time.to_ascii_uppercase(), "T00:00:00")
        || !is_zone
        || (has_fraction && fraction.is_empty())
    {
        return None;
    }
    let fraction = fraction.get(..FRACTION_MAX).unwrap_or(fraction);
    let lasts_ns = (fraction.len()..FRACTION_MAX).fold(1, |it: i128, _| it.saturating_mul(10));
    let point = if fraction.is_empty() { "" } else { "." };
    Some((format!("{date}{time}{point}{fraction}{zone}"), lasts_ns))
}

/// Whether a text is like a pattern, in which `0` stands for any digit.
fn has_shape(text: &str, pattern: &str) -> bool {
    text.len() == pattern.len()
        && text.bytes().zip(pattern.bytes()).all(|it| match it {
            (is, b'0') => is.is_ascii_digit(),
            (is, wanted) => is == wanted,
        })
}

/// An api key and secret in a query or a form, as the rest host takes them.
pub(in super::super) fn credentials(form: &[u8]) -> Option<(String, String)> {
    let find = |wanted: &str| {
        form_urlencoded::parse(form).find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned())
    };
    find("api_key").zip(find("api_secret"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_covers_what_it_names() {
        let of = |text: &str| span(text).map(|(first, last)| (first.millis(), last.millis()));
        let day = 1_551_484_800_000;
        assert_eq!(of("2019-03-02"), Some((day, day + 86_399_999)));
        let second = day + 59_689_000;
        for text in ["2019-03-02T16:34:49Z", "2019-03-02t16:34:49z", "2019-03-02T18:34:49 02:00"] {
            assert_eq!(of(text), Some((second, second + 999)), "{text}");
        }
        assert_eq!(of("2019-03-02T14:34:49-02:00"), Some((second, second + 999)));
        assert_eq!(of("2019-03-02T16:34:49.1Z"), Some((second + 100, second + 199)));
        assert_eq!(of("2019-03-02T16:34:49.123+00:00"), Some((second + 123, second + 123)));
        // Between two stamps: the first one after it, and the last one before it.
        assert_eq!(of("2019-03-02T16:34:49.1234Z"), Some((second + 124, second + 123)));
        assert_eq!(of("2019-03-02T16:34:49.1230000000001Z"), Some((second + 123, second + 123)));
        for text in [
            "",
            "yesterday",
            "2019",
            "2019-3-2",
            "2019-02-30",
            "2019-03-02T",
            "2019-03-02T16:34Z",
            "2019-03-02T16:34:49",
            "2019-03-02 16:34:49Z",
            "2019-03-02T16:34:49.Z",
            "2019-03-02T16:34:49.5",
            "2019-03-02T24:00:00Z",
            "2019-03-02T16:34:49+0200",
            "2019-03-02T16:34:49+99:00",
            "2019-03-02T16:34:49Z[UTC]",
            "20190302T163449Z",
            "1551484800",
            "2019-03-0€",
            "2019-03-02T16:34:4€",
        ] {
            assert_eq!(of(text), None, "{text}");
        }
    }

    #[test]
    fn an_amount_is_a_number_or_a_plain_decimal_in_a_string() {
        let of = |text: &str| amount(&serde_json::from_str(text).unwrap()).map(Amount::units);
        for (text, units) in [
            ("20.0", 2_000_000_000),
            ("35.0000", 3_500_000_000),
            ("\"123.45\"", 12_345_000_000),
            ("0.30000000000000004", 30_000_000),
            ("1e-05", 1_000),
            ("1E2", 10_000_000_000),
            ("\"0007\"", 700_000_000),
            ("10000000000", 1_000_000_000_000_000_000),
            ("0.12345678901234567890", 12_345_679),
        ] {
            assert_eq!(of(text), Some(units), "{text}");
        }
        for text in [
            "0",
            "-1",
            "-0.0",
            "0.000000001",
            "10000000000.00000001",
            "1e400",
            "true",
            "[1]",
            "{}",
            "\"\"",
            "\"abc\"",
            "\"1e2\"",
            "\"-1\"",
            "\"+1\"",
            "\" 1\"",
            "\"1.\"",
            "\".5\"",
            "\"1,5\"",
            "\"1234567890123\"",
        ] {
            assert_eq!(of(text), None, "{text}");
        }
    }
}
