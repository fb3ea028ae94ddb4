//! The directory of outside names: what is asked for by a name is found by it, whosever it is.

use std::borrow::Cow;

use ledger::{Account, AccountId, ApiKey, AuthId, Book, Change, Country, LineId};

use crate::store::sql::{Column, Reader, Result, values};

/// A name that comes from outside.
#[derive(Clone, Copy, Debug)]
pub(in crate::store) enum Outside<'a> {
    /// Of an account in the Vonage dialect.
    ApiKey(ApiKey),
    /// Of an account in the Plivo dialect.
    AuthId(&'a AuthId),
    /// A token, by the hash of its text.
    Token(&'a str),
    /// A phone number in a country.
    Number(Country, &'a str),
    /// A hold.
    Hold(LineId),
}

impl<'a> Outside<'a> {
    /// What the columns `kind` and `name` hold.
    pub(in crate::store) fn columns(self) -> (i64, Cow<'a, str>) {
        match self {
            Self::ApiKey(key) => (1, key.to_string().into()),
            Self::AuthId(auth) => (2, auth.as_str().into()),
            Self::Token(verifier) => (3, verifier.into()),
            Self::Number(country, msisdn) => (4, format!("{}/{msisdn}", country.as_str()).into()),
            Self::Hold(id) => (5, id.to_string().into()),
        }
    }
}

impl Outside<'_> {
    /// What a row is called to the operator. Of a token its hash says nothing to anybody.
    pub(super) fn called(kind: i64, name: &str) -> String {
        match kind {
            1 => format!("api key {name}"),
            2 => format!("auth id {name}"),
            3 => "a token".to_owned(),
            4 => format!("number {}", name.replacen('/', " ", 1)),
            5 => format!("hold {name}"),
            _ => format!("{name}, which is of no kind"),
        }
    }
}

/// Adds names of one kind, whose families and accounts never change.
pub(super) const INSERT: &str = "INSERT INTO directory (kind, name, family, account)
    SELECT $1::smallint, new.name, new.family, new.account
    FROM unnest($2::text[], $3::uuid[], $4::uuid[]) AS new (name, family, account) ON CONFLICT (kind, name) DO NOTHING";

/// The names of an account that was opened.
pub(super) fn write_account(reader: Reader<'_>, account: &Account) -> Result<()> {
    let family = Some(account.primary());
    write_name(reader, Outside::ApiKey(account.api_key), family, Some(account.id))?;
    write_name(reader, Outside::AuthId(&account.auth_id), family, Some(account.id))
}

/// The names that a change brings along, moves or ends. Those of accounts and holds are written with them.
pub(super) fn write(reader: Reader<'_>, change: &Change, book: &Book) -> Result<()> {
    match change {
        Change::Number(number) => {
            let family = number.owner.map(|it| book.account(it).map_or(it, Account::primary));
            write_name(reader, Outside::Number(number.country, &number.msisdn), family, number.owner)
        }
        Change::NumberGone { country, msisdn } => {
            let (kind, name) = Outside::Number(*country, msisdn).columns();
            let gone = "DELETE FROM directory WHERE kind = ?1 AND name = ?2";
            reader.execute(gone, values![kind, &*name]).map(drop)
        }
        Change::TokenMade { proof, .. } => write_name(reader, Outside::Token(&proof.verifier), None, None),
        Change::Account(_)
        | Change::Standing { .. }
        | Change::Hold(_)
        | Change::Charge(_)
        | Change::Application(_)
        | Change::ApplicationGone(_)
        | Change::Endpoint { .. }
        | Change::EndpointGone(_)
        | Change::Plan(_)
        | Change::CredentialAdded { .. }
        | Change::CredentialChanged(_)
        | Change::CredentialRevoked { .. }
        | Change::TokenRevoked(_)
        | Change::Webhook { .. }
        | Change::WebhookGone(_) => Ok(()),
    }
}

fn write_name(
    reader: Reader<'_>,
    name: Outside<'_>,
    family: Option<AccountId>,
    account: Option<AccountId>,
) -> Result<()> {
    let (kind, name) = name.columns();
    reader
        .execute(
            "INSERT INTO directory (name, kind, family, account) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (kind, name) DO UPDATE SET family = excluded.family, account = excluded.account",
            values![&*name, kind, family.map(Column), account.map(Column)],
        )
        .map(drop)
}
