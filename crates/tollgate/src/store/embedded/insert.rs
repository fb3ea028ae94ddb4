//! A line into its row.

use std::net::IpAddr;
use std::sync::Arc;

use ledger::{Actor, Line, Standing};
use rusqlite::{CachedStatement, Connection, Result};

use crate::store::record;
use crate::store::sql::{ACCOUNT, Column, FORCED, GATE, LATE, OPERATOR, SERVER};

const INSERT_LINE: &str = "INSERT INTO journal (seq, at, kind, id, caller, by_account, by_credential, family,
    account, account_before, balance_change, credit_change, held_change, balance, credit_limit, held,
    other, other_before, other_balance, other_credit_limit, other_held, about, operation, units, reference, marks,
    once_key, request, record, price, address, before)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23,
    ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31, ?32)";

/// Writes lines one after the other. What a line has in common with the one before it, which is most of thirty columns, is
/// not bound again.
pub(super) struct LineInsert<'a> {
    insert: CachedStatement<'a>,
    /// The line whose values are bound.
    bound: Option<Arc<Line>>,
}

impl<'a> LineInsert<'a> {
    pub(super) fn new(connection: &'a Connection) -> Result<Self> {
        Ok(Self { insert: connection.prepare_cached(INSERT_LINE)?, bound: None })
    }

    /// Writes a line at its place.
    pub(super) fn write(
        &mut self,
        seq: i64,
        line: &Arc<Line>,
        account_before: Option<i64>,
        other_before: Option<i64>,
    ) -> Result<()> {
        let bound = self.bound.take();
        let is_new = |differ: fn(&Line, &Line) -> bool| bound.as_ref().is_none_or(|it| differ(it, line));
        let insert = &mut self.insert;
        insert.raw_bind_parameter(1, seq)?;
        if is_new(|a, b| a.at != b.at) {
            insert.raw_bind_parameter(2, Column(line.at))?;
        }
        if is_new(|a, b| a.kind != b.kind) {
            insert.raw_bind_parameter(3, Column(line.kind))?;
        }
        insert.raw_bind_parameter(4, Column(line.id))?;
        if is_new(|a, b| a.by != b.by || a.address != b.address) {
            bind_origin(insert, line)?;
        }
        if is_new(|a, b| a.family != b.family) {
            insert.raw_bind_parameter(8, line.family.map(Column))?;
        }
        insert.raw_bind_parameter(10, account_before)?;
        insert.raw_bind_parameter(18, other_before)?;
        bind_move(insert, line, bound.as_deref())?;
        bind_texts(insert, line, bound.as_deref())?;
        insert.raw_execute()?;
        self.bound = Some(line.clone());
        Ok(())
    }
}

fn bind_origin(insert: &mut CachedStatement<'_>, line: &Line) -> Result<()> {
    let (caller, by_account, by_credential) = match &line.by {
        Actor::Operator(token) => (OPERATOR, None, Some(*token.as_bytes())),
        Actor::Gate(token) => (GATE, None, Some(*token.as_bytes())),
        Actor::Account { account, credential } => {
            (ACCOUNT, Some(Column(*account)), Some(*credential.as_bytes()))
        }
        Actor::Server => (SERVER, None, None),
    };
    insert.raw_bind_parameter(5, caller)?;
    insert.raw_bind_parameter(6, by_account)?;
    insert.raw_bind_parameter(7, by_credential.as_ref().map(<[u8; 16]>::as_slice))?;
    let (v4, v6);
    let address: Option<&[u8]> = match line.address {
        None => None,
        Some(IpAddr::V4(address)) => {
            v4 = address.octets();
            Some(&v4)
        }
        Some(IpAddr::V6(address)) => {
            v6 = address.octets();
            Some(&v6)
        }
    };
    insert.raw_bind_parameter(31, address)
}

/// The accounts and figures of a line.
fn bind_move(insert: &mut CachedStatement<'_>, line: &Line, bound: Option<&Line>) -> Result<()> {
    let (account, counter) = (line.account.as_ref(), line.counter.as_ref());
    let after = account.map(|it| it.after);
    let before = bound.and_then(|it| it.account.as_ref());
    if bound.is_none() || before.map(|it| it.account) != account.map(|it| it.account) {
        insert.raw_bind_parameter(9, account.map(|it| Column(it.account)))?;
    }
    insert.raw_bind_parameter(14, after.map(|it| Column(it.balance)))?;
    let still = |it: Option<Standing>| it.map(|it| (it.credit_limit, it.held));
    if bound.is_none() || still(before.map(|it| it.after)) != still(after) {
        insert.raw_bind_parameter(15, after.map(|it| Column(it.credit_limit)))?;
        insert.raw_bind_parameter(16, after.map(|it| Column(it.held)))?;
    }
    if bound.is_none_or(|it| it.change != line.change) {
        insert.raw_bind_parameter(11, Column(line.change.balance))?;
        insert.raw_bind_parameter(12, Column(line.change.credit_limit))?;
        insert.raw_bind_parameter(13, Column(line.change.held))?;
    }
    if bound.is_none_or(|it| it.counter != line.counter || it.cause != line.cause) {
        insert.raw_bind_parameter(17, counter.map(|it| it.account).or(line.cause).map(Column))?;
        insert.raw_bind_parameter(19, counter.map(|it| Column(it.after.balance)))?;
        insert.raw_bind_parameter(20, counter.map(|it| Column(it.after.credit_limit)))?;
        insert.raw_bind_parameter(21, counter.map(|it| Column(it.after.held)))?;
    }
    Ok(())
}

/// What a line is about, and what was said.
fn bind_texts(insert: &mut CachedStatement<'_>, line: &Line, bound: Option<&Line>) -> Result<()> {
    let is_new = |differ: fn(&Line, &Line) -> bool| bound.is_none_or(|it| differ(it, line));
    if is_new(|a, b| a.about != b.about) {
        insert.raw_bind_parameter(22, line.about.map(Column))?;
    }
    if is_new(|a, b| a.operation != b.operation) {
        insert.raw_bind_parameter(23, line.operation.as_deref())?;
    }
    if is_new(|a, b| a.units != b.units) {
        insert.raw_bind_parameter(24, line.units.as_deref())?;
    }
    if is_new(|a, b| a.reference != b.reference) {
        insert.raw_bind_parameter(25, line.reference.as_deref())?;
    }
    if is_new(|a, b| a.forced != b.forced || a.late != b.late) {
        let marks = if line.forced { FORCED } else { 0 } | if line.late { LATE } else { 0 };
        insert.raw_bind_parameter(26, marks)?;
    }
    let once = line.once.as_ref();
    insert.raw_bind_parameter(27, once.map(|it| &*it.key))?;
    if once.is_some_and(|it| it.request.is_some()) || is_new(|a, _| a.once.is_some()) {
        let request = once.and_then(|it| it.request.as_ref());
        insert.raw_bind_parameter(28, request.map(<[u8; 32]>::as_slice))?;
    }
    if line.record.is_some() || is_new(|a, _| a.record.is_some()) {
        insert.raw_bind_parameter(29, line.record.as_deref().map(record::encode))?;
    }
    if is_new(|a, b| a.price != b.price) {
        insert.raw_bind_parameter(30, line.price.as_deref())?;
    }
    if line.before.is_some() || is_new(|a, _| a.before.is_some()) {
        insert.raw_bind_parameter(32, line.before.as_deref().map(record::encode))?;
    }
    Ok(())
}
