//! Proving what only this engine keeps, after the journal has led to every row: names, families, keys and what was shown once
//! follow from those rows and from the lines.

use ledger::{AccountId, LineId, Timestamp};

use super::directory::Outside;
use super::keys::{Keys, day_of};
use crate::store::bring::REMEMBERED_MS;
use crate::store::place::{TIMED, first_at};
use crate::store::replay::Wrong;
use crate::store::sql::{self, Column, Fault, Reader, Result, Row, Value, values};

/// Proves them of a store whose key file says that.
///
/// # Errors
/// The first thing that is wrong.
pub(in crate::store) fn prove(reader: Reader<'_>, mark: &[u8; 32]) -> Result<(), Wrong> {
    prove_families(reader)?;
    prove_directory(reader)?;
    let keys = Keys::of(mark);
    prove_keys(reader, &keys)?;
    prove_remembered(reader, &keys)?;
    prove_shown_once(reader)
}

/// The directory holds two names of every account, every token, every number and every hold, and nothing that there is not.
/// Each leads to whom its row belongs.
fn prove_directory(reader: Reader<'_>) -> Result<(), Wrong> {
    let wrong = r#"WITH expected AS (
          SELECT 1 AS kind, lpad(to_hex(api_key), 8, '0') COLLATE "C" AS name, family, id AS account
            FROM accounts UNION ALL
          SELECT 2, auth_id, family, id FROM accounts UNION ALL
          SELECT 3, verifier, NULL, NULL FROM tokens UNION ALL
          SELECT 4, country || '/' || msisdn, accounts.family, owner
            FROM numbers LEFT JOIN accounts ON accounts.id = owner UNION ALL
          SELECT 5, id::text COLLATE "C", family, account FROM holds
        )
        SELECT COALESCE(directory.kind, expected.kind)::bigint AS kind, COALESCE(directory.name, expected.name) AS name,
          directory.name IS NOT NULL AS is_there, expected.name IS NOT NULL AS is_one
        FROM directory FULL JOIN expected ON directory.kind = expected.kind AND directory.name = expected.name
        WHERE expected.name IS NULL OR directory.name IS NULL OR
          (directory.family IS DISTINCT FROM expected.family OR directory.account IS DISTINCT FROM expected.account)
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

/// No key is forgotten before its time, of lines that were copied from a file neither.
fn prove_remembered(reader: Reader<'_>, keys: &Keys) -> Result<(), Wrong> {
    let now = "SELECT CAST(EXTRACT(EPOCH FROM now()) * 1000 AS bigint) AS now";
    let now: Option<i64> = reader.row(now, values![], |row| row.get("now"))?;
    let since = Timestamp::from_millis(now.ok_or(Fault::Missing("time"))?.saturating_sub(REMEMBERED_MS));
    let first = first_at(since).max(TIMED);
    let unkept = "SELECT * FROM journal WHERE (seq >= ?1 OR (seq < ?2 AND at >= ?3)) AND once_key IS NOT NULL
         AND NOT EXISTS (SELECT 1 FROM keys WHERE keys.seq = journal.seq) ORDER BY seq";
    reader.each(unkept, values![first, TIMED, Column(since)], |row| {
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use ledger::{
        Action, BalanceMode, Country, Currency, Features, NewNumber, NumberKind, OnExpiry, Proof, TokenId,
        TokenScope,
    };

    use super::super::test_cluster;
    use super::super::tests::{charge, command, open, opening};
    use super::*;
    use crate::random::Random;
    use crate::store::{Replay, Store, StoreUrl, replay};

    fn proven(url: &str) -> Result<Replay, Wrong> {
        replay(&StoreUrl::Postgres(url.parse().unwrap()), &|_| true)
    }

    async fn done(store: &Store, action: Action, key: Option<&str>) {
        let now = Timestamp::default();
        store.execute(command(action, key), now).await.unwrap();
    }

    fn account() -> AccountId {
        AccountId::from_bytes(Random::System.uuid(Timestamp::default()))
    }

    fn number(msisdn: &str, account: Option<AccountId>) -> Action {
        let number = NewNumber {
            country: country(),
            msisdn: msisdn.into(),
            kind: NumberKind::Mobile,
            features: Features { sms: true, voice: true, mms: false },
            cost: ledger::Amount::ZERO,
            currency: Some("EUR".parse::<Currency>().unwrap()),
        };
        Action::AddNumber { number, account }
    }

    fn country() -> Country {
        "GB".parse().unwrap()
    }

    /// A closed store in which two lanes have written something of everything.
    async fn store() -> String {
        let url = tokio::task::spawn_blocking(test_cluster::database).await.unwrap();
        let store = open(&url, 2);
        let (primary, sub) = (account(), account());
        done(&store, opening(primary, None, BalanceMode::Own), Some("open")).await;
        done(&store, opening(sub, Some(primary), BalanceMode::Shared), None).await;
        let amount = |it: &str| ledger::Amount::parse(it).unwrap();
        done(&store, Action::Pay { account: primary, amount: amount("0.07"), reference: None }, Some("pay"))
            .await;
        let hold = Action::Hold {
            account: sub,
            amount: amount("0.01"),
            lasts_ms: 60_000,
            on_expiry: OnExpiry::Release,
            operation: None,
            reference: None,
        };
        done(&store, hold, None).await;
        for (nth, account) in [primary, sub, primary, sub, primary].into_iter().enumerate() {
            done(&store, charge(account), Some(&nth.to_string())).await;
        }
        done(&store, number("447700900001", None), None).await;
        done(&store, number("447700900002", Some(sub)), None).await;
        let token = TokenId::from_bytes(Random::System.uuid(Timestamp::default()));
        let proof = Proof { verifier: "hash".into(), sealed: None };
        let scope = TokenScope::Gate { may_force: false };
        done(&store, Action::MakeToken { token, scope, proof, limits: None }, None).await;
        store.close();
        url
    }

    /// The third charge, which was made under a key.
    const CHARGE: &str = "(SELECT seq FROM journal WHERE kind = 6 ORDER BY seq OFFSET 2 LIMIT 1)";

    /// What is done to the rows, and what is said of it.
    const DAMAGE: [(&str, &str); 33] = [
        ("DELETE FROM journal WHERE seq = :charge", "was the last one of account"),
        (
            "DELETE FROM journal WHERE seq = (SELECT MAX(seq) FROM journal WHERE kind = 6)",
            "it stands at balance",
        ),
        ("DELETE FROM journal WHERE kind = 1 AND family = account", "is not there"),
        ("UPDATE journal SET id = gen_random_uuid() WHERE seq = :charge", "its id belongs to another line"),
        ("UPDATE journal SET seq = seq + 1 WHERE seq = :charge", "its id belongs to another line"),
        ("UPDATE journal SET at = at + 1 WHERE seq = :charge", "its time is not that of its place"),
        ("UPDATE journal SET at = at - 1 WHERE seq = :charge", "its time is not that of its place"),
        (
            "UPDATE journal SET account_version = account_version + 1 WHERE seq = :charge",
            "it says that it is line number",
        ),
        ("UPDATE journal SET account_version = NULL WHERE seq = :charge", "it says that it is line number 0"),
        (
            "UPDATE journal SET other_version = 1 WHERE kind = 6 AND other IS NOT NULL",
            "it says that it is line number 1",
        ),
        (
            "UPDATE journal SET account_before = account_before - 1 WHERE seq = :charge",
            "was the last one of account",
        ),
        ("UPDATE accounts SET version = version + 1 WHERE parent IS NULL", "lines, in the journal"),
        ("UPDATE accounts SET last_line = last_line - 1", "its last line is"),
        ("UPDATE accounts SET family = id WHERE parent IS NOT NULL", "its row is in another family"),
        ("DELETE FROM events WHERE seq = 2", "event 2 is gone"),
        ("DELETE FROM events WHERE seq = 1", "event 1 is gone"),
        ("UPDATE event_head SET last = last + 1", "is gone"),
        ("UPDATE event_head SET last = last - 1", "was never told"),
        ("UPDATE events SET kind = kind % 12 + 1 WHERE seq = 2", "event 2 is not as the journal leads to"),
        ("UPDATE usage SET lines = lines + 1", "the roll-up of usage of account number"),
        ("UPDATE usage SET quarter = 1", "usage"),
        ("DELETE FROM usage", "no roll-up of usage counts it"),
        (
            "INSERT INTO lanes (owner, lane, batch, since, node) VALUES (gen_random_uuid(), 0, 0, 0, 'x'),
             (gen_random_uuid(), 1, 0, 0, 'x')",
            "the roll-up of usage of account number",
        ),
        ("DELETE FROM directory WHERE kind = 1", "the directory of names is wrong of api key"),
        ("UPDATE directory SET account = NULL WHERE kind = 2", "it leads to another account or family there"),
        (
            "DELETE FROM directory WHERE kind = 3",
            "the directory of names is wrong of a token: it is missing there",
        ),
        (
            "UPDATE directory SET name = 'GB/1' WHERE kind = 4 AND account IS NULL",
            "of number GB 1: there is none",
        ),
        ("DELETE FROM directory WHERE kind = 5", "the directory of names is wrong of hold"),
        ("UPDATE holds SET family = account", "is in another family than its account"),
        ("DELETE FROM keys WHERE seq = :charge", "its key is forgotten"),
        (
            "UPDATE keys SET hash = gen_random_uuid() WHERE seq = :charge",
            "another key says that it was used on it",
        ),
        (
            "UPDATE keys SET seq = 1 WHERE seq = :charge",
            "a key says that it was used on it, and it is not there",
        ),
        (
            "INSERT INTO shown_once SELECT MIN(seq), 0, '' FROM journal",
            "a secret is kept as what its answer showed",
        ),
    ];

    #[tokio::test(flavor = "multi_thread")]
    async fn what_was_changed_in_a_database_is_found() {
        let url = store().await;
        let faults = tokio::task::spawn_blocking(move || {
            let replay = proven(&url).unwrap();
            assert_eq!((replay.lines, replay.accounts, replay.open_holds), (12, 2, 1));
            let (server, name) = url.rsplit_once('/').unwrap();
            let mut faults = Vec::new();
            for (nth, (damage, says)) in DAMAGE.iter().enumerate() {
                let copy = format!("{name}_{nth}");
                let make = format!("CREATE DATABASE {copy} TEMPLATE {name}");
                test_cluster::connect(&format!("{server}/postgres")).batch(&make).unwrap();
                let copy = format!("{server}/{copy}");
                test_cluster::connect(&copy).batch(&damage.replace(":charge", CHARGE)).unwrap();
                match proven(&copy) {
                    Ok(_) => faults.push(format!("{damage}: nothing was found")),
                    Err(wrong) if wrong.to_string().contains(says) => {}
                    Err(wrong) => faults.push(format!("{damage}: {wrong}")),
                }
            }
            faults
        });
        let faults = faults.await.unwrap();
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }

    /// What belongs to no family alone changes on several nodes within a millisecond, and its lines are in that order.
    #[tokio::test(flavor = "multi_thread")]
    async fn what_several_nodes_have_written_is_proven() {
        let url = tokio::task::spawn_blocking(test_cluster::database).await.unwrap();
        let nodes = [open(&url, 2), open(&url, 2)];
        let primaries = [account(), account()];
        for primary in primaries {
            done(&nodes[0], opening(primary, None, BalanceMode::Own), None).await;
            let pay = Action::Pay {
                account: primary,
                amount: ledger::Amount::parse("9").unwrap(),
                reference: None,
            };
            done(&nodes[1], pay, None).await;
        }
        let calls = (0..400).map(|nth: usize| {
            let (node, account) = (nodes[nth % 2].clone(), primaries[nth / 2 % 2]);
            tokio::spawn(async move { done(&node, charge(account), Some(&nth.to_string())).await })
        });
        let calls: Vec<_> = calls.collect();
        for nth in 0..60 {
            let msisdn: Arc<str> = "447700900001".into();
            done(&nodes[nth % 2], number(&msisdn, None), None).await;
            done(&nodes[(nth + 1) % 2], Action::WithdrawNumber { country: country(), msisdn }, None).await;
        }
        for call in calls {
            call.await.unwrap();
        }
        // One of them lives on: what its lanes have not counted yet is not asked of the roll-ups.
        nodes[0].close();
        let live = url.clone();
        let replay = tokio::task::spawn_blocking(move || proven(&live)).await.unwrap().unwrap();
        assert_eq!(replay.lines, 524);
        nodes[1].close();
        tokio::task::spawn_blocking(move || proven(&url)).await.unwrap().unwrap();
    }
}
