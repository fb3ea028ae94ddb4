//! The lines of a batch as columns: an array each, so that one statement writes all of them.

use std::net::IpAddr;

use ledger::{AccountId, Actor, Line, Standing};
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::store::record;
use crate::store::sql::{ACCOUNT, Bind, Column, FORCED, GATE, LATE, OPERATOR, SERVER, Value};

/// Writes lines; the arrays come in the order of [`Lines::arrays`].
pub(super) const INSERT: &str = "INSERT INTO journal (seq, at, kind, marks, caller, id, by_account, by_credential, family,
    account, account_version, account_before, balance_change, credit_change, held_change, balance, credit_limit, held,
    other, other_version, other_before, other_balance, other_credit_limit, other_held, about, operation, units, reference,
    once_key, request, price, address, record, before)
    SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::smallint[], $4::smallint[], $5::smallint[], $6::uuid[], $7::uuid[],
    $8::uuid[], $9::uuid[], $10::uuid[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[], $15::bigint[],
    $16::bigint[], $17::bigint[], $18::bigint[], $19::uuid[], $20::bigint[], $21::bigint[], $22::bigint[], $23::bigint[],
    $24::bigint[], $25::uuid[], $26::text[], $27::text[], $28::text[], $29::text[], $30::bytea[], $31::text[], $32::bytea[],
    $33::text[], $34::text[])";

/// Where a line hangs in the chain of one of its accounts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hung {
    /// Which of the account's lines it is, from 1.
    pub(super) version: i64,
    /// The account's line before it; 0 for none.
    pub(super) before: i64,
}

/// Lines, column by column.
#[derive(Default)]
pub(super) struct Lines<'a> {
    seq: Vec<i64>,
    at: Vec<i64>,
    kind: Vec<i16>,
    marks: Vec<i16>,
    caller: Vec<i16>,
    id: Vec<Uuid>,
    by_account: Vec<Option<Uuid>>,
    by_credential: Vec<Option<Uuid>>,
    family: Vec<Option<Uuid>>,
    account: Side,
    balance_change: Vec<i64>,
    credit_change: Vec<i64>,
    held_change: Vec<i64>,
    other: Side,
    about: Vec<Option<Uuid>>,
    operation: Vec<Option<&'a str>>,
    units: Vec<Option<&'a str>>,
    reference: Vec<Option<&'a str>>,
    once_key: Vec<Option<&'a str>>,
    request: Vec<Option<&'a [u8]>>,
    price: Vec<Option<&'a str>>,
    address: Vec<Option<Vec<u8>>>,
    record: Vec<Option<String>>,
    before: Vec<Option<String>>,
}

/// One of the two accounts of each line.
#[derive(Default)]
struct Side {
    account: Vec<Option<Uuid>>,
    version: Vec<Option<i64>>,
    before: Vec<Option<i64>>,
    balance: Vec<Option<i64>>,
    credit_limit: Vec<Option<i64>>,
    held: Vec<Option<i64>>,
}

impl Side {
    fn push(&mut self, account: Option<AccountId>, hung: Option<Hung>, after: Option<Standing>) {
        self.account.push(account.map(|it| Uuid::from_bytes(*it.as_bytes())));
        self.version.push(hung.map(|it| it.version));
        self.before.push(hung.map(|it| it.before));
        self.balance.push(after.map(|it| it.balance.units()));
        self.credit_limit.push(after.map(|it| it.credit_limit.units()));
        self.held.push(after.map(|it| it.held.units()));
    }
}

impl<'a> Lines<'a> {
    /// Adds a line at its place, hung in the chains of its accounts.
    pub(super) fn push(&mut self, seq: i64, line: &'a Line, account: Option<Hung>, other: Option<Hung>) {
        self.seq.push(seq);
        self.at.push(line.at.millis());
        self.kind.push(word(Column(line.kind)));
        let marks = if line.forced { FORCED } else { 0 } | if line.late { LATE } else { 0 };
        self.marks.push(small(marks));
        self.id.push(Uuid::from_bytes(*line.id.as_bytes()));
        self.push_origin(line);
        self.family.push(line.family.map(|it| Uuid::from_bytes(*it.as_bytes())));
        self.account.push(line.account.map(|it| it.account), account, line.account.map(|it| it.after));
        self.balance_change.push(line.change.balance.units());
        self.credit_change.push(line.change.credit_limit.units());
        self.held_change.push(line.change.held.units());
        let counter = line.counter;
        self.other.push(counter.map(|it| it.account).or(line.cause), other, counter.map(|it| it.after));
        self.about.push(line.about.map(|it| Uuid::from_bytes(*it.as_bytes())));
        self.operation.push(line.operation.as_deref());
        self.units.push(line.units.as_deref());
        self.reference.push(line.reference.as_deref());
        let once = line.once.as_ref();
        self.once_key.push(once.map(|it| &*it.key));
        self.request.push(once.and_then(|it| it.request.as_ref()).map(<[u8; 32]>::as_slice));
        self.price.push(line.price.as_deref());
        self.record.push(line.record.as_deref().map(record::encode));
        self.before.push(line.before.as_deref().map(record::encode));
    }

    fn push_origin(&mut self, line: &Line) {
        let (caller, by_account, by_credential) = match &line.by {
            Actor::Operator(token) => (OPERATOR, None, Some(*token.as_bytes())),
            Actor::Gate(token) => (GATE, None, Some(*token.as_bytes())),
            Actor::Account { account, credential } => {
                (ACCOUNT, Some(*account.as_bytes()), Some(*credential.as_bytes()))
            }
            Actor::Server => (SERVER, None, None),
        };
        self.caller.push(small(caller));
        self.by_account.push(by_account.map(Uuid::from_bytes));
        self.by_credential.push(by_credential.map(Uuid::from_bytes));
        self.address.push(line.address.map(|it| match it {
            IpAddr::V4(it) => it.octets().to_vec(),
            IpAddr::V6(it) => it.octets().to_vec(),
        }));
    }

    /// Its columns, as [`INSERT`] wants them.
    pub(super) fn arrays(&self) -> [&(dyn ToSql + Sync); 34] {
        let Self { account, other, .. } = self;
        [
            &self.seq,
            &self.at,
            &self.kind,
            &self.marks,
            &self.caller,
            &self.id,
            &self.by_account,
            &self.by_credential,
            &self.family,
            &account.account,
            &account.version,
            &account.before,
            &self.balance_change,
            &self.credit_change,
            &self.held_change,
            &account.balance,
            &account.credit_limit,
            &account.held,
            &other.account,
            &other.version,
            &other.before,
            &other.balance,
            &other.credit_limit,
            &other.held,
            &self.about,
            &self.operation,
            &self.units,
            &self.reference,
            &self.once_key,
            &self.request,
            &self.price,
            &self.address,
            &self.record,
            &self.before,
        ]
    }
}

/// A word as it stands in a column of small integers.
pub(super) fn word<'a>(word: impl Bind<'a>) -> i16 {
    // Every word is an integer in a column.
    if let Value::Int(word) = word.bind() { small(word) } else { 0 }
}

/// All words and marks are small.
pub(super) fn small(word: i64) -> i16 {
    i16::try_from(word).unwrap_or(i16::MAX)
}
