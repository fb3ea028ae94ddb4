//! How values stand on a page: money, times, states and the bar of an account. Each is HTML that holds nothing but what is
//! made here; whatever anybody has written is put in by the templates, which escape it.

use std::fmt;

use askama::filters::HtmlSafe;
use ledger::{Account, Amount, BalanceMode, Standing, Status, Timestamp, Total};

use crate::app::is_near;

/// An amount, with thin spaces between thousands, a minus that is one, and at least two decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Money(pub(super) Total);

impl From<Amount> for Money {
    fn from(amount: Amount) -> Self {
        Self(amount.into())
    }
}

impl From<Total> for Money {
    fn from(total: Total) -> Self {
        Self(total)
    }
}

impl Money {
    /// As text, for what is no HTML.
    pub(super) fn text(self) -> String {
        let plain = self.0.to_string();
        let (sign, digits) = match plain.strip_prefix('-') {
            Some(digits) => ("\u{2212}", digits),
            None => ("", plain.as_str()),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "00"));
        let mut text = String::from(sign);
        for (at, digit) in whole.char_indices() {
            if at > 0 && (whole.len() - at).is_multiple_of(3) {
                text.push(',');
            }
            text.push(digit);
        }
        text.push('.');
        text.push_str(fraction);
        text
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 < Total::ZERO {
            write!(f, r#"<span class="minus">{}</span>"#, self.text())
        } else {
            f.write_str(&self.text())
        }
    }
}

impl HtmlSafe for Money {}

/// A time: in UTC, until the script says it in the reader's zone and leaves UTC for whoever points at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Time(pub(super) Timestamp);

impl Time {
    fn utc(self) -> jiff::Timestamp {
        jiff::Timestamp::from_millisecond(self.0.millis()).unwrap_or(jiff::Timestamp::MAX)
    }

    /// As programs write it.
    pub(super) fn rfc3339(self) -> String {
        format!("{:.3}", self.utc())
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let utc = self.utc().strftime("%Y-%m-%d %H:%M:%S UTC");
        write!(f, r#"<time datetime="{}" title="{utc}">{utc}</time>"#, self.rfc3339())
    }
}

impl HtmlSafe for Time {}

/// How an account is, in a word and a shape; nothing where all is well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Badge {
    Fine,
    Closed,
    Suspended,
    AtLimit,
    NearLimit,
}

impl Badge {
    pub(super) fn of(account: &Account) -> Self {
        match account.status {
            Status::Closed => Self::Closed,
            Status::Suspended => Self::Suspended,
            Status::Active if account.mode == BalanceMode::Shared => Self::Fine,
            Status::Active if account.standing.balance_movable().is_zero() => Self::AtLimit,
            Status::Active if is_near(&account.standing, &account.alerts) => Self::NearLimit,
            Status::Active => Self::Fine,
        }
    }
}

impl fmt::Display for Badge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (class, shape, word) = match self {
            Self::Fine => return Ok(()),
            Self::Closed => ("calm", "M1 1 9 9M9 1 1 9", "closed"),
            Self::Suspended => ("alarm", "M1 0h3v10H1zM6 0h3v10H6z", "suspended"),
            Self::AtLimit => ("alarm", "M0 0h10v10H0z", "nothing available"),
            Self::NearLimit => ("alarm", "M5 0 10 10H0z", "nearly empty"),
        };
        write!(
            f,
            r#"<span class="badge {class}"><svg viewBox="0 0 10 10" aria-hidden="true"><path d="{shape}"/></svg>{word}</span>"#
        )
    }
}

impl HtmlSafe for Badge {}

/// From the credit limit below zero to the balance: how much is left, how much of that is held, how much is used up. Each bar
/// has a scale of its own, because what is large for one account is nothing for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bar {
    standing: Standing,
    /// What another bar shows that is to have the same scale.
    beside: Option<Standing>,
}

/// How wide a bar is, in its own units.
const WIDTH: i128 = 10_000;

impl Bar {
    /// With a scale of its own.
    pub(super) const fn new(standing: Standing) -> Self {
        Self { standing, beside: None }
    }

    /// With the same scale as the bar of another standing.
    pub(super) const fn beside(standing: Standing, other: Standing) -> Self {
        Self { standing, beside: Some(other) }
    }

    fn ends(&self) -> (i128, i128) {
        let ends = |it: Standing| {
            let [balance, limit] = [it.balance, it.credit_limit].map(|it| i128::from(it.units()));
            ((-limit).min(balance), balance.max(0))
        };
        let (low, high) = ends(self.standing);
        let (low, high) =
            self.beside.map(ends).map_or((low, high), |other| (low.min(other.0), high.max(other.1)));
        (low, high.max(low + 1))
    }

    /// Where an amount lies.
    fn at(&self, units: i128) -> i128 {
        let (low, high) = self.ends();
        ((units - low) * WIDTH / (high - low)).clamp(0, WIDTH)
    }

    fn part(&self, f: &mut fmt::Formatter<'_>, how: &str, from: i128, to: i128) -> fmt::Result {
        let (from, to) = (self.at(from), self.at(to));
        if from < to {
            write!(f, r#"<rect {how} x="{from}" y="4" width="{}" height="16"/>"#, to - from)?;
        }
        Ok(())
    }
}

impl fmt::Display for Bar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Standing { balance, credit_limit, held } = self.standing;
        let [balance, limit, held] = [balance, credit_limit, held].map(|it| i128::from(it.units()));
        let money = |units| Money(Total::from_units(units)).text();
        write!(
            f,
            r#"<svg class="bar" viewBox="0 0 {WIDTH} 24" preserveAspectRatio="none" role="img" aria-label="balance {}, credit limit {}, held {}, available {}"><rect class="track" width="{WIDTH}" height="16" y="4"/>"#,
            money(balance),
            money(limit),
            money(held),
            money(balance + limit - held),
        )?;
        if balance < -limit {
            self.part(f, r#"class="over""#, balance, -limit)?;
        } else {
            self.part(f, r#"class="credit""#, -limit, balance.min(0))?;
            self.part(f, r#"class="left""#, 0, balance)?;
            self.part(f, r#"fill="url(#held)""#, balance - held, balance)?;
        }
        let zero = (self.at(0) - 20).clamp(0, WIDTH - 40);
        write!(
            f,
            r#"<rect class="frame" width="{WIDTH}" height="16" y="4"/><rect class="zero" x="{zero}" width="40" height="24"/></svg>"#
        )
    }
}

impl HtmlSafe for Bar {}

#[cfg(test)]
mod tests {
    use super::*;

    fn money(units: i128) -> String {
        Money(Total::from_units(units)).text()
    }

    fn bar(balance: i64, credit_limit: i64, held: i64) -> String {
        let [balance, credit_limit, held] = [balance, credit_limit, held].map(Amount::from_units);
        Bar::new(Standing { balance, credit_limit, held }).to_string()
    }

    #[test]
    fn money_has_its_thousands_apart_and_all_its_digits() {
        assert_eq!(money(0), "0.00");
        assert_eq!(money(99_900_000_000), "999.00");
        assert_eq!(money(103_024_000_000), "1,030.24");
        assert_eq!(money(-123_456_712_345_678), "\u{2212}1,234,567.12345678");
        assert_eq!(
            Money(Total::from_units(-1)).to_string(),
            "<span class=\"minus\">\u{2212}0.00000001</span>"
        );
    }

    #[test]
    fn a_time_is_one_that_programs_read() {
        let time = Time(Timestamp::from_millis(1_724_854_292_239)).to_string();
        assert_eq!(
            time,
            r#"<time datetime="2024-08-28T14:11:32.239Z" title="2024-08-28 14:11:32 UTC">2024-08-28 14:11:32 UTC</time>"#
        );
    }

    #[test]
    fn a_bar_goes_from_the_limit_over_zero_to_the_balance() {
        let both = bar(500, 500, 100);
        assert!(both.contains(r#"class="credit" x="0" y="4" width="5000""#), "{both}");
        assert!(both.contains(r#"class="left" x="5000" y="4" width="5000""#), "{both}");
        assert!(both.contains(r#"fill="url(#held)" x="9000" y="4" width="1000""#), "{both}");
        let owed = bar(-870, 1_000, 100);
        assert!(owed.contains(r#"class="credit" x="0" y="4" width="1300""#), "{owed}");
        assert!(!owed.contains("left"), "{owed}");
        assert!(owed.contains(r#"fill="url(#held)" x="300" y="4" width="1000""#), "{owed}");
        let over = bar(-2_000, 1_000, 0);
        assert!(over.contains(r#"class="over" x="0" y="4" width="5000""#), "{over}");
    }

    #[test]
    fn a_bar_of_nothing_and_of_all_there_is_has_a_width() {
        for it in [bar(0, 0, 0), bar(i64::MAX, i64::MAX, i64::MAX), bar(i64::MIN, 0, i64::MAX)] {
            assert!(it.contains("zero"), "{it}");
        }
    }
}
