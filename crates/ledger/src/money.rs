//! Amounts: exact integers of 10⁻⁸ of a currency, read from and printed as decimal text, never through a float.

use std::fmt;

/// An amount of money in units of 10⁻⁸ of its currency, about ±92 billion.
///
/// All arithmetic is checked: a sum that does not fit is `None`, never a wrong number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount(i64);

/// Why a text is not an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AmountError {
    /// Not a decimal number.
    Malformed,
    /// More decimals than the 8 that an amount can hold.
    TooPrecise,
    /// Beyond ±92 billion.
    TooLarge,
}

/// What to do with decimals beyond the eighth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Excess {
    Refuse,
    RoundHalfEven,
}

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// Digits after the point.
    pub const DECIMALS: u32 = 8;
    /// The most that one charge, hold, transfer, payment or credit limit may be: 10¹⁰ (docs/rules.md, Money),
    /// that is 10¹⁸ units; `i64` holds nine times as much.
    pub const MOVE_MAX: Self = Self(1_000_000_000_000_000_000);

    const ONE: i64 = 100_000_000;

    /// From units of 10⁻⁸.
    pub const fn from_units(units: i64) -> Self {
        Self(units)
    }

    /// In units of 10⁻⁸.
    pub const fn units(self) -> i64 {
        self.0
    }

    /// The sum, or `None` where it does not fit.
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(units) => Some(Self(units)),
            None => None,
        }
    }

    /// The difference, or `None` where it does not fit.
    pub const fn checked_sub(self, other: Self) -> Option<Self> {
        match self.0.checked_sub(other.0) {
            Some(units) => Some(Self(units)),
            None => None,
        }
    }

    /// The same amount with the other sign, or `None` for the one that has none.
    pub const fn checked_neg(self) -> Option<Self> {
        match self.0.checked_neg() {
            Some(units) => Some(Self(units)),
            None => None,
        }
    }

    /// Below zero.
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// Exactly zero.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// What a charge, a hold or a transfer may be: more than zero and at most [`Amount::MOVE_MAX`].
    pub const fn is_movable(self) -> bool {
        self.0 > 0 && self.0 <= Self::MOVE_MAX.0
    }

    /// Reads a decimal number and refuses what it cannot hold exactly.
    ///
    /// # Errors
    /// [`AmountError`], by what is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, AmountError> {
        parse(text, Excess::Refuse)
    }

    /// Reads a decimal number and rounds half-even to 8 decimals, for wires that send `0.30000000000000004`.
    ///
    /// # Errors
    /// [`AmountError::Malformed`] or [`AmountError::TooLarge`].
    pub fn parse_rounded(text: &str) -> Result<Self, AmountError> {
        parse(text, Excess::RoundHalfEven)
    }

    /// Plain decimal text with at least `decimals_min` digits after the point (8 at the most) and no more than needed.
    pub const fn text(self, decimals_min: usize) -> AmountText {
        AmountText { amount: self, decimals_min }
    }

    /// Plain decimal text with exactly `decimals` digits (8 at the most), the rest cut off towards minus infinity.
    pub fn text_floored(self, decimals: u32) -> String {
        let decimals = decimals.min(Self::DECIMALS);
        let step = 10_i64.pow(Self::DECIMALS.saturating_sub(decimals));
        // Cannot overflow for `step` 1; below that the product is nearer to zero than the amount, or one step beyond.
        let floored = self.0.div_euclid(step).saturating_mul(step);
        let whole = Self(floored).text(8).to_string();
        let cut = usize::try_from(Self::DECIMALS.saturating_sub(decimals)).unwrap_or(0);
        whole.get(..whole.len().saturating_sub(cut)).unwrap_or("").trim_end_matches('.').to_owned()
    }
}

/// Prints an [`Amount`]; made by [`Amount::text`].
#[derive(Clone, Copy, Debug)]
pub struct AmountText {
    amount: Amount,
    decimals_min: usize,
}

impl fmt::Display for AmountText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        print_short(self.amount.0, self.decimals_min, f)
    }
}

/// Prints units of 10⁻⁸ with at least so many decimals.
fn print(units: i128, decimals_min: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if let Ok(units) = i64::try_from(units) {
        return print_short(units, decimals_min, f);
    }
    let sign = if units < 0 { "-" } else { "" };
    let one = u128::from(Amount::ONE.unsigned_abs());
    let fraction = format!("{:08}", units.unsigned_abs() % one);
    let needed = fraction.trim_end_matches('0').len();
    let decimals = needed.max(decimals_min.min(fraction.len()));
    let shown = fraction.get(..decimals).unwrap_or(&fraction);
    let point = if shown.is_empty() { "" } else { "." };
    write!(f, "{sign}{}{point}{shown}", units.unsigned_abs() / one)
}

/// A sum of amounts, in the same units and exact however many they are: 2⁶⁴ of the largest fit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Total(i128);

impl Total {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// From units of 10⁻⁸.
    pub const fn from_units(units: i128) -> Self {
        Self(units)
    }

    /// In units of 10⁻⁸.
    pub const fn units(self) -> i128 {
        self.0
    }

    /// Both together.
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// This one without the other.
    pub const fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// The same with the other sign.
    pub const fn negated(self) -> Self {
        Self(self.0.saturating_neg())
    }

    /// Plain decimal text with no more digits than needed.
    pub fn shortest(self) -> String {
        struct Shortest(i128);
        impl fmt::Display for Shortest {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                print(self.0, 0, f)
            }
        }
        Shortest(self.0).to_string()
    }
}

impl From<Amount> for Total {
    fn from(amount: Amount) -> Self {
        Self(i128::from(amount.0))
    }
}

impl fmt::Display for Total {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        print(self.0, 2, f)
    }
}

/// Prints as most do, in one piece: some millions are printed each second.
fn print_short(units: i64, decimals_min: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    // From the right.
    let (magnitude, one) = (units.unsigned_abs(), Amount::ONE.unsigned_abs());
    let (mut whole, mut fraction) = (magnitude / one, magnitude % one);
    let mut decimals = DECIMALS;
    while decimals > decimals_min && fraction.is_multiple_of(10) {
        fraction /= 10;
        decimals -= 1;
    }
    // A sign, eleven digits, a point and eight more.
    let mut text = [b'0'; 21];
    let mut at = text.len();
    let mut put = |byte: u8| {
        at = at.saturating_sub(1);
        if let Some(slot) = text.get_mut(at) {
            *slot = byte;
        }
    };
    for _ in 0..decimals {
        put(last_digit(fraction));
        fraction /= 10;
    }
    if decimals > 0 {
        put(b'.');
    }
    loop {
        put(last_digit(whole));
        whole /= 10;
        if whole == 0 {
            break;
        }
    }
    if units < 0 {
        put(b'-');
    }
    f.write_str(std::str::from_utf8(text.get(at..).unwrap_or_default()).unwrap_or_default())
}

/// How many digits stand behind the point at the most.
const DECIMALS: usize = 8;

/// In ASCII.
fn last_digit(number: u64) -> u8 {
    // One digit always fits.
    b'0' + u8::try_from(number % 10).unwrap_or(0)
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text(2).fmt(f)
    }
}

/// Reads `-?digits[.digits][e±digits]`, the grammar of a JSON number; leading zeros do no harm.
fn parse(text: &str, excess: Excess) -> Result<Amount, AmountError> {
    let (negative, rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, parse_exponent(exponent)?),
        None => (rest, 0),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((_, "")) => return Err(AmountError::Malformed),
        Some((whole, fraction)) => (whole, fraction),
        None => (mantissa, ""),
    };
    let digits = || whole.bytes().chain(fraction.bytes());
    if whole.is_empty() || !digits().all(|it| it.is_ascii_digit()) {
        return Err(AmountError::Malformed);
    }
    if digits().all(|it| it == b'0') {
        return Ok(Amount::ZERO);
    }
    // How many of the digits stand before the end of the eighth decimal.
    let whole_len = i64::try_from(whole.len()).map_err(|_| AmountError::TooLarge)?;
    let kept = whole_len.saturating_add(exponent).saturating_add(i64::from(Amount::DECIMALS));
    let units = scale(digits(), kept, excess)?;
    let units = if negative { units.checked_neg() } else { Some(units) };
    let units = units.and_then(|it| i64::try_from(it).ok()).ok_or(AmountError::TooLarge)?;
    Ok(Amount(units))
}

fn parse_exponent(text: &str) -> Result<i64, AmountError> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|it| it.is_ascii_digit()) {
        return Err(AmountError::Malformed);
    }
    // Beyond ±9999 every amount but zero is too large or rounds to nothing; the sign is all that matters.
    let size: i64 =
        if digits.trim_start_matches('0').len() > 4 { 9_999 } else { digits.parse().unwrap_or(9_999) };
    Ok(if text.starts_with('-') { size.saturating_neg() } else { size })
}

/// The first `kept` digits as an integer (padded with zeros on the right), the rest refused or rounded half-even.
fn scale(digits: impl Iterator<Item = u8>, kept: i64, excess: Excess) -> Result<i128, AmountError> {
    let mut units: i128 = 0;
    let mut seen: i64 = 0;
    // The first digit that falls off, and whether any digit behind it counts.
    let (mut first_off, mut more_off) = (0_u8, false);
    for digit in digits.map(|it| it.wrapping_sub(b'0')) {
        if seen < kept {
            units = push_digit(units, digit)?;
        } else if seen == kept {
            first_off = digit;
        } else {
            more_off |= digit != 0;
        }
        seen = seen.saturating_add(1);
    }
    while seen < kept {
        units = push_digit(units, 0)?;
        seen = seen.saturating_add(1);
    }
    if first_off == 0 && !more_off {
        return Ok(units);
    }
    match excess {
        Excess::Refuse => Err(AmountError::TooPrecise),
        Excess::RoundHalfEven => {
            let up = first_off > 5 || (first_off == 5 && (more_off || units % 2 == 1));
            Ok(if up { units.saturating_add(1) } else { units })
        }
    }
}

fn push_digit(units: i128, digit: u8) -> Result<i128, AmountError> {
    let pushed = units.checked_mul(10).and_then(|it| it.checked_add(i128::from(digit)));
    pushed.filter(|it| *it <= i128::from(i64::MAX)).ok_or(AmountError::TooLarge)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_read_digit_by_digit() {
        for (text, units) in [
            ("0", 0),
            ("-0.0", 0),
            ("1", 100_000_000),
            ("0.00000001", 1),
            ("-12.5", -1_250_000_000),
            ("1e-05", 1_000),
            ("1.5E+2", 15_000_000_000),
            ("0.10000000000", 10_000_000),
            ("92233720368.54775807", i64::MAX),
            ("0e99999999999999999999", 0),
        ] {
            assert_eq!(Amount::parse(text), Ok(Amount(units)), "{text}");
        }
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for text in
            ["", "-", ".5", "5.", "+5", "1e", "1e+", "0x1", "1,5", " 1", "NaN", "1.2.3", "--1", "1e5.0", "٣"]
        {
            assert_eq!(Amount::parse(text), Err(AmountError::Malformed), "{text:?}");
        }
        for text in ["0.000000001", "1e-9", "1e-9999999999999"] {
            assert_eq!(Amount::parse(text), Err(AmountError::TooPrecise), "{text:?}");
        }
        for text in
            ["92233720368.54775808", "1e11", "1e999999", "-99999999999999999999999999999999999999999999999"]
        {
            assert_eq!(Amount::parse(text), Err(AmountError::TooLarge), "{text:?}");
        }
    }

    #[test]
    fn rounding_is_half_even() {
        for (text, units) in [
            ("0.30000000000000004", 30_000_000),
            ("0.000000005", 0),
            ("0.000000015", 2),
            ("0.000000025", 2),
            ("0.0000000250000001", 3),
            ("0.000000026", 3),
            ("-0.000000015", -2),
            ("1e-9", 0),
            ("9e-9", 1),
            ("9e-10", 0),
            ("9e-99", 0),
        ] {
            assert_eq!(Amount::parse_rounded(text), Ok(Amount(units)), "{text}");
        }
    }

    #[test]
    fn text_is_plain_and_as_short_as_asked() {
        for (units, decimals, text) in [
            (0, 4, "0.0000"),
            (0, 0, "0"),
            (-1, 2, "-0.00000001"),
            (2_966_720_000, 4, "29.6672"),
            (2_966_720_000, 2, "29.6672"),
            (-4_000_000_000, 2, "-40.00"),
            (i64::MIN, 2, "-92233720368.54775808"),
            (1_250_000_000, 99, "12.50000000"),
        ] {
            assert_eq!(Amount(units).text(decimals).to_string(), text);
        }
        assert_eq!(Amount(2_966_729_999).text_floored(5), "29.66729");
        assert_eq!(Amount(-1).text_floored(5), "-0.00001");
        assert_eq!(Amount(0).text_floored(5), "0.00000");
        assert_eq!(Amount(250_000_000).text_floored(0), "2");
    }

    #[test]
    fn a_total_holds_and_prints_more_than_an_amount() {
        let most = Total::from(Amount(i64::MAX));
        assert_eq!(most.plus(most).to_string(), "184467440737.09551614");
        assert_eq!(most.negated().minus(most).to_string(), "-184467440737.09551614");
        let [none, three] = [Total::ZERO, Total::from_units(300_000_000)];
        assert_eq!([none.to_string(), three.to_string(), three.shortest()], ["0.00", "3.00", "3"]);
    }
}
