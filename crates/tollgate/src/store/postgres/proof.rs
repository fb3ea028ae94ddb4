//! Proving what only this engine keeps, after the journal has led to every row: names, families, keys and what was shown once
//! follow from those rows and from the lines.

use ledger::{AccountId, LineId, Timestamp};

use super::directory::Outside;
use super::keys::{Keys, day_of};
use crate::store::bring::REMEMBERED_MS;
use crate::store::place::{TIMED, first_at};
use crate::store::replay::Wrong;
use crate::store::sql::{self, Fault, Reader, Result, Row, Value, values};

/// Proves them of a store whose key file says that.
///
/// # Errors
/// The first thing that is wrong.
pub(in crate::store) fn prove(reader: Reader<'_>, mark: &[u8; 32]) -> Result<(), Wrong> {
    prove_directory(reader)?;
    prove_families(reader)?;
    let keys = Keys::of(mark);
    prove_keys(reader, &keys)?;
    prove_remembered(reader, &keys)?;
    prove_shown_once(reader)
}

/// The directory holds two names of every account, every token, every number and every open hold, and nothing that there is
/// not; a hold that has ended may stay. Each leads to whom its row belongs.
fn prove_directory(reader: Reader<'_>) -> Result<(), Wrong> {
    let wrong = r#"WITH expected AS (
          SELECT 1 AS kind, lpad(to_hex(api_key), 8, '0') COLLATE "C" AS name, family, id AS account, TRUE AS is_needed
            FROM accounts UNION ALL
          SELECT 2, auth_id, family, id, TRUE FROM accounts UNION ALL
          SELECT 3, verifier, NULL, NULL, TRUE FROM tokens UNION ALL
          SELECT 4, country || '/' || msisdn, accounts.family, owner, TRUE
            FROM numbers LEFT JOIN accounts ON accounts.id = owner UNION ALL
          SELECT 5, id::text COLLATE "C", family, account, ended_how IS NULL FROM holds
        )
        SELECT COALESCE(directory.kind, expected.kind)::bigint AS kind, COALESCE(directory.name, expected.name) AS name,
          directory.name IS NOT NULL AS is_there, expected.name IS NOT NULL AS is_one
        FROM directory FULL JOIN expected ON directory.kind = expected.kind AND directory.name = expected.name
        WHERE expected.name IS NULL OR (directory.name IS NULL AND is_needed) OR (directory.name IS NOT NULL AND
          (directory.family IS DISTINCT FROM expected.family OR directory.account IS DISTINCT FROM expected.account))
        ORDER BY 1, 2 LIMIT 1"#;
    let wrong = reader.row(wrong, values![], |row| {
        let what = match (row.get("is_there")?, row.get("is_one")?) {
            (true, false) => "there is none",
            (false, _) => "it is missing there",
            (true, true) => "it leads to another account or family there",
        };
        let (kind, name): (i64, &str) = (row.get("kind")?, row.get("name")?);
        Ok(format!("the directory of names is wrong of {}: {what}", Outside::called(kind, name)))
    })?;
    wrong.map_or(Ok(()), |it| Err(Wrong::Other(it)))
}

fn prove_families(reader: Reader<'_>) -> Result<(), Wrong> {
    let wrong = "SELECT holds.id AS id FROM holds LEFT JOIN accounts ON accounts.id = holds.account
         WHERE holds.family IS DISTINCT FROM accounts.family ORDER BY holds.id LIMIT 1";
    match reader.row(wrong, values![], |row| sql::get::<LineId>(row, "id"))? {
        None => Ok(()),
        Some(hold) => Err(Wrong::Other(format!("hold {hold} is in another family than its account"))),
    }
}

/// Every key that is remembered leads to the line that it was used on.
fn prove_keys(reader: Reader<'_>, keys: &Keys) -> Result<(), Wrong> {
    let all = "SELECT keys.hash AS key_hash, keys.day AS key_day, keys.seq AS key_seq, keys.family AS key_family, journal.*
         FROM keys LEFT JOIN journal ON journal.seq = keys.seq";
    reader.each(all, values![], |row| {
        let seq = row.get("key_seq")?;
        let wrong = |what: &str| Wrong::Line { seq, what: what.to_owned() };
        if row.get::<Option<i64>>("seq")?.is_none() {
            return Err(wrong("a key says that it was used on it, and it is not there"));
        }
        let Some(hash) = hash_of(row, keys)? else {
            return Err(wrong("a key says that it was used on it, and it was written under none"));
        };
        let says = (u128::from_be_bytes(row.get("key_hash")?), row.get::<i64>("key_day")?);
        let at = sql::get::<Timestamp>(row, "at")?;
        let is_family = sql::get_opt::<AccountId>(row, "key_family")? == sql::get_opt(row, "family")?;
        if says == (hash, day_of(at.millis()).into()) && is_family {
            Ok(())
        } else {
            Err(wrong("another key says that it was used on it"))
        }
    })
}

/// The hash of the key that a line was written under.
fn hash_of(row: Row<'_>, keys: &Keys) -> Result<Option<u128>> {
    let line = sql::recorded(row)?.line;
    Ok(line.once.as_ref().map(|it| keys.hash(&line.scope(), &it.key)))
}

/// No key is forgotten before its time. Lines that were copied from a file are not asked for theirs.
fn prove_remembered(reader: Reader<'_>, keys: &Keys) -> Result<(), Wrong> {
    let now = "SELECT CAST(EXTRACT(EPOCH FROM now()) * 1000 AS bigint) AS now";
    let now: Option<i64> = reader.row(now, values![], |row| row.get("now"))?;
    let since = Timestamp::from_millis(now.ok_or(Fault::Missing("time"))?.saturating_sub(REMEMBERED_MS));
    let since = first_at(since).max(TIMED);
    let unkept = "SELECT * FROM journal WHERE seq >= ?1 AND once_key IS NOT NULL
         AND NOT EXISTS (SELECT 1 FROM keys WHERE keys.seq = journal.seq) ORDER BY seq";
    reader.each(unkept, values![since], |row| {
        let (seq, at): (i64, Timestamp) = (row.get("seq")?, sql::get(row, "at")?);
        let Some(hash) = hash_of(row, keys)? else { return Ok(()) };
        // Where a clock has gone back, the same key may have been used once more on the same day.
        let later = "SELECT 1 AS it FROM keys WHERE hash = ?1 AND day = ?2 AND seq > ?3";
        let day = i64::from(day_of(at.millis()));
        let hash = Value::Id(hash.to_be_bytes());
        let [day, seq_value] = [Value::Int(day), Value::Int(seq)];
        match reader.row(later, &[hash, day, seq_value], |_| Ok(()))? {
            Some(()) => Ok(()),
            None => Err(Wrong::Line { seq, what: "its key is forgotten".into() }),
        }
    })
}

/// What was shown once is kept with the line whose answer it is.
fn prove_shown_once(reader: Reader<'_>) -> Result<(), Wrong> {
    let wrong =
        "SELECT shown_once.seq AS seq FROM shown_once LEFT JOIN journal ON journal.seq = shown_once.seq
         WHERE journal.once_key IS NULL OR journal.at <> shown_once.at ORDER BY 1 LIMIT 1";
    match reader.row(wrong, values![], |row| row.get("seq"))? {
        None => Ok(()),
        Some(seq) => {
            let what = "a secret is kept as what its answer showed, and it is not one of it".into();
            Err(Wrong::Line { seq, what })
        }
    }
}
