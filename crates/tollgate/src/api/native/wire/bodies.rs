//! The requests of this API.

use std::borrow::Cow;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ledger::{AccountId, Amount, BalanceMode, Currency, LineId, Status, TokenScope, TransferKind};

use super::super::error::Failure;
use super::members::Members;
use crate::http::Incoming;

const MODES: [(&str, BalanceMode); 2] = [("own", BalanceMode::Own), ("shared", BalanceMode::Shared)];
const STATUSES: [(&str, Status); 3] =
    [("active", Status::Active), ("suspended", Status::Suspended), ("closed", Status::Closed)];
/// An account is closed by closing it, not by a change.
const CHANGES: [(&str, Status); 2] = [("active", Status::Active), ("suspended", Status::Suspended)];
/// Entries of a page when nothing is said.
const LIMIT_DEFAULT: usize = 50;
/// The most entries of a page.
const LIMIT_MAX: usize = 1_000;

/// `POST /api/v1/accounts`.
pub(in super::super) struct AccountBody<'a> {
    pub(in super::super) name: Cow<'a, str>,
    pub(in super::super) currency: Option<Currency>,
    pub(in super::super) credit_limit: Amount,
    pub(in super::super) parent: Option<Cow<'a, str>>,
    pub(in super::super) mode: BalanceMode,
}

impl<'a> AccountBody<'a> {
    pub(in super::super) fn read(incoming: &'a Incoming) -> Result<Self, Failure> {
        let mut members = Members::of_body(incoming)?;
        let name = members.required("name", Members::text);
        let currency = members.parsed("currency", "must be three capital letters such as \"EUR\"");
        let credit_limit = members.amount("credit_limit").unwrap_or_default();
        let parent = members.text("parent");
        let mode = members.one_of("balance", &MODES).unwrap_or(BalanceMode::Own);
        members.finish(name.map(|name| Self { name, currency, credit_limit, parent, mode }))
    }
}

/// `PATCH /api/v1/accounts/{account}`.
pub(in super::super) struct ChangeBody<'a> {
    pub(in super::super) name: Option<Cow<'a, str>>,
    pub(in super::super) credit_limit: Option<Amount>,
    pub(in super::super) status: Option<Status>,
    pub(in super::super) mode: Option<BalanceMode>,
    /// `Some(None)` for the default of its currency.
    pub(in super::super) plan: Option<Option<Cow<'a, str>>>,
}

impl<'a> ChangeBody<'a> {
    pub(in super::super) fn read(incoming: &'a Incoming) -> Result<Self, Failure> {
        let mut members = Members::of_body(incoming)?;
        let name = members.text("name");
        let credit_limit = members.amount("credit_limit");
        let status = members.one_of("status", &CHANGES);
        let mode = members.one_of("balance", &MODES);
        // An empty name is none: null would be nothing said.
        let plan = members.text("price_plan").map(|it| (!it.is_empty()).then_some(it));
        members.finish(Some(Self { name, credit_limit, status, mode, plan }))
    }
}

/// `POST /api/v1/accounts/{account}/payments`.
pub(in super::super) struct PaymentBody {
    pub(in super::super) amount: Amount,
    pub(in super::super) reference: Option<Box<str>>,
}

impl PaymentBody {
    pub(in super::super) fn read(incoming: &Incoming) -> Result<Self, Failure> {
        let mut members = Members::of_body(incoming)?;
        let amount = members.required("amount", Members::amount);
        let reference = members.kept("reference");
        members.finish(amount.map(|amount| Self { amount, reference }))
    }
}

/// `POST /api/v1/accounts/{account}/transfers`.
pub(in super::super) struct TransferBody<'a> {
    pub(in super::super) kind: TransferKind,
    /// `to` or `from`, whichever is given.
    pub(in super::super) side: &'static str,
    /// The account that it names.
    pub(in super::super) other: Cow<'a, str>,
    pub(in super::super) amount: Amount,
    pub(in super::super) reference: Option<Box<str>>,
}

impl<'a> TransferBody<'a> {
    pub(in super::super) fn read(incoming: &'a Incoming) -> Result<Self, Failure> {
        const KINDS: [(&str, TransferKind); 2] =
            [("balance", TransferKind::Balance), ("credit", TransferKind::Credit)];
        let mut members = Members::of_body(incoming)?;
        let kind = members.required("kind", |members, name| members.one_of(name, &KINDS));
        let side = members.required("to", |members, _| match (members.text("to"), members.text("from")) {
            (Some(to), None) => Some(("to", to)),
            (None, Some(from)) => Some(("from", from)),
            (Some(_), Some(_)) => {
                members.fault(
                    "from",
                    "must not be given beside `to`: the account in the path is the other side",
                );
                None
            }
            (None, None) => None,
        });
        let amount = members.required("amount", Members::amount);
        let reference = members.kept("reference");
        let all = kind.zip(side).zip(amount);
        members.finish(all.map(|((kind, (side, other)), amount)| Self {
            kind,
            side,
            other,
            amount,
            reference,
        }))
    }
}

/// `POST /api/v1/charges`.
pub(in super::super) struct ChargeBody<'a> {
    pub(in super::super) account: Cow<'a, str>,
    pub(in super::super) amount: Amount,
    pub(in super::super) operation: Option<Box<str>>,
    pub(in super::super) units: Option<Box<str>>,
    pub(in super::super) reference: Option<Box<str>>,
    pub(in super::super) force: bool,
}

impl<'a> ChargeBody<'a> {
    pub(in super::super) fn read(incoming: &'a Incoming) -> Result<Self, Failure> {
        let mut members = Members::of_body(incoming)?;
        let account = members.required("account", Members::text);
        let amount = members.required("amount", Members::amount);
        let operation = members.kept("operation");
        let units = members.digits("units").map(Into::into);
        let reference = members.kept("reference");
        let force = members.flag("force").unwrap_or(false);
        let all = account.zip(amount);
        members.finish(all.map(|(account, amount)| Self {
            account,
            amount,
            operation,
            units,
            reference,
            force,
        }))
    }
}

/// `POST /api/v1/charges/{id}/reverse`, whose body may be left out.
pub(in super::super) struct ReversalBody {
    pub(in super::super) amount: Option<Amount>,
    pub(in super::super) reference: Option<Box<str>>,
}

impl ReversalBody {
    pub(in super::super) fn read(incoming: &Incoming) -> Result<Self, Failure> {
        let mut members = Members::of_optional_body(incoming)?;
        let amount = members.amount("amount");
        let reference = members.kept("reference");
        members.finish(Some(Self { amount, reference }))
    }
}

/// `POST /api/v1/tokens`.
pub(in super::super) struct TokenBody {
    pub(in super::super) scope: TokenScope,
}

impl TokenBody {
    pub(in super::super) fn read(incoming: &Incoming) -> Result<Self, Failure> {
        let mut members = Members::of_body(incoming)?;
        let is_gate = members
            .required("scope", |members, name| members.one_of(name, &[("operator", false), ("gate", true)]));
        let may_force = members.flag("may_force");
        if is_gate == Some(false) && may_force == Some(false) {
            members.fault("may_force", "must not be false for an operator token, which may do everything");
        }
        let may_force = may_force.unwrap_or(false);
        members.finish(is_gate.map(|is_gate| Self {
            scope: if is_gate { TokenScope::Gate { may_force } } else { TokenScope::Operator },
        }))
    }
}

/// The query of `GET /api/v1/accounts`.
pub(in super::super) struct AccountsQuery {
    pub(in super::super) parent: Option<String>,
    pub(in super::super) status: Option<Status>,
    pub(in super::super) name: Option<String>,
    pub(in super::super) after: Option<AccountId>,
    pub(in super::super) limit: usize,
}

impl AccountsQuery {
    pub(in super::super) fn read(incoming: &Incoming) -> Result<Self, Failure> {
        let mut members = Members::of_query(incoming)?;
        let parent = members.text("parent").map(Cow::into_owned);
        let status = members.one_of("status", &STATUSES);
        let name = members.text("name").map(Cow::into_owned);
        let after = cursor(&mut members).map(|it| AccountId::from_bytes(it.0));
        let limit = limit(&mut members);
        members.finish(Some(Self { parent, status, name, after, limit }))
    }
}

/// The query of `GET /api/v1/accounts/{account}/postings`.
pub(in super::super) struct PostingsQuery {
    pub(in super::super) before: Option<LineId>,
    pub(in super::super) limit: usize,
}

impl PostingsQuery {
    pub(in super::super) fn read(incoming: &Incoming) -> Result<Self, Failure> {
        let mut members = Members::of_query(incoming)?;
        let before = cursor(&mut members).map(|it| LineId::from_bytes(it.0));
        let limit = limit(&mut members);
        members.finish(Some(Self { before, limit }))
    }
}

/// What is wrong with a cursor that no page gave.
pub(in super::super) const NO_CURSOR: &str = "must be the `next` of the page before";

pub(super) fn cursor(members: &mut Members<'_>) -> Option<Cursor> {
    members.parsed("cursor", NO_CURSOR)
}

pub(super) fn limit(members: &mut Members<'_>) -> usize {
    let limit: Option<Limit> = members.parsed("limit", "must be a whole number from 1 to 1000");
    limit.map_or(LIMIT_DEFAULT, |it| it.0)
}

struct Limit(usize);

impl FromStr for Limit {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let limit = text.parse().map_err(|_| ())?;
        if (1..=LIMIT_MAX).contains(&limit) { Ok(Self(limit)) } else { Err(()) }
    }
}

/// The last entry of a page, for the next one to go on from; callers look not inside.
pub(super) struct Cursor(pub(super) [u8; 16]);

impl Cursor {
    /// Of an entry that goes by its place in the list.
    pub(super) fn of_place(place: i64) -> Self {
        Self(i128::from(place).to_be_bytes())
    }

    /// That place, where it is of such an entry.
    pub(super) fn place(&self) -> Option<i64> {
        i128::from_be_bytes(self.0).try_into().ok()
    }
}

impl FromStr for Cursor {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| ())?;
        bytes.try_into().map(Self).map_err(|_| ())
    }
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_as_it_prints() {
        let cursor = Cursor([0xfb; 16]);
        assert_eq!(cursor.to_string().parse::<Cursor>().map(|it| it.0), Ok(cursor.0));
        for garbage in ["", "!", "AAAA", &cursor.to_string()[1..], &format!("{cursor}=")] {
            assert!(garbage.parse::<Cursor>().is_err(), "{garbage:?}");
        }
        assert_eq!((Cursor::of_place(7).place(), cursor.place()), (Some(7), None));
    }
}
