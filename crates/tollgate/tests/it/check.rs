//! `tollgate check` finds what somebody changed in a stopped store, and says where; `tollgate backup` copies a live one.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::ground::{Engine, Sql};
use crate::server::{Account, Api, Options, Server, Store, send, text, tollgate};

/// What `check` ends with when it has found something.
const WRONG: i32 = 1;

/// What the message must name.
#[derive(Clone, Copy)]
enum Named {
    /// The line that was changed.
    Line,
    /// The line that follows, which does not fit any more.
    NextLine,
    /// Either of the two.
    LineOrNext,
    /// One of three: how soon it shows depends on their times.
    LineOrNextTwo,
    /// The next line that changes the same account.
    NextChange,
    /// The account in that row.
    Account,
    /// The account that the line is about.
    AccountOfLine,
    /// The account that the credential is for.
    AccountOfCredential,
    /// The number in that row.
    Number,
    /// The one that is put in.
    NewNumber,
    /// The number that the line is about.
    NumberOfLine,
    /// The application in that row.
    Application,
    /// The endpoint in that row.
    Endpoint,
    /// The version of the price plan that was changed.
    Plan,
    /// The event at that place.
    Event,
    /// The first one.
    FirstEvent,
    /// The webhook in that row.
    Webhook,
    /// That there are more versions or fewer than there should be.
    Plans,
    /// The plan that there should not be.
    Mine,
}

struct Case {
    what: &'static str,
    /// Finds the row that is changed: the `seq` of a line, the `number` or the `rowid` of everything else.
    row: &'static str,
    /// Changes it; `:n` is the row, `:next` the line after it, `:id` another id.
    change: &'static str,
    named: Named,
}

const fn case(what: &'static str, row: &'static str, change: &'static str, named: Named) -> Case {
    Case { what, row, change, named }
}

const PAYMENT: &str = "SELECT seq FROM journal WHERE kind = 3 LIMIT 1";
const CHARGE: &str = "SELECT seq FROM journal WHERE kind = 6 AND other IS NULL LIMIT 1";
/// The last line of its account.
const ONLY_CHARGE: &str = "SELECT seq FROM journal WHERE reference = 'of a stranger'";
const SHARED_CHARGE: &str = "SELECT seq FROM journal WHERE kind = 6 AND other IS NOT NULL LIMIT 1";
const REVERSAL: &str = "SELECT seq FROM journal WHERE kind = 7 LIMIT 1";
const BALANCE_TRANSFER: &str = "SELECT seq FROM journal WHERE kind = 4 LIMIT 1";
const CREDIT_TRANSFER: &str = "SELECT seq FROM journal WHERE kind = 5 LIMIT 1";
const CREDIT_CHANGE: &str = "SELECT seq FROM journal WHERE kind = 2 AND credit_change <> 0 LIMIT 1";
const PRICED: &str = "SELECT seq FROM journal WHERE price IS NOT NULL AND kind = 6 LIMIT 1";
const PRICED_HOLD: &str = "SELECT seq FROM journal WHERE price IS NOT NULL AND kind = 8 LIMIT 1";
const PLAN: &str = "SELECT rowid FROM price_plans WHERE name = 'standard' AND version = 2";
const FIRST: &str = "SELECT min(seq) FROM journal";
const LAST: &str = "SELECT max(seq) FROM journal";
const PRIMARY: &str = "SELECT number FROM accounts WHERE parent IS NULL AND balance <> 0 LIMIT 1";
const OWN: &str = "SELECT number FROM accounts WHERE parent IS NOT NULL AND balance <> 0 LIMIT 1";
const SHARED: &str = "SELECT number FROM accounts WHERE parent IS NOT NULL AND mode = 2 LIMIT 1";
const SUSPENDED: &str = "SELECT number FROM accounts WHERE status = 2 LIMIT 1";
/// Two lines of one account, next to each other.
const PAIR: &str = "SELECT seq FROM journal a WHERE kind = 6 AND EXISTS
    (SELECT 1 FROM journal b WHERE b.seq = (SELECT min(seq) FROM journal WHERE seq > a.seq)
        AND b.kind = 6 AND b.account = a.account) LIMIT 1";
/// Two lines next to each other that have no account in common.
const STRANGERS: &str = "SELECT seq FROM journal a WHERE kind = 6 AND EXISTS
    (SELECT 1 FROM journal b WHERE b.seq = (SELECT min(seq) FROM journal WHERE seq > a.seq) AND b.kind = 6
        AND COALESCE(b.other, b.account) <> a.account AND b.account <> COALESCE(a.other, a.account)
        AND b.account <> a.account) LIMIT 1";

const DELETE: &str = "DELETE FROM journal WHERE seq = :n";
/// Leaves no gap behind.
const DELETE_AND_CLOSE_UP: &str = "DELETE FROM journal WHERE seq = :n;
    UPDATE journal SET seq = -seq WHERE seq > :n; UPDATE journal SET seq = -seq - (:next - :n) WHERE seq < 0";
const DOUBLE_AT_END: &str = "CREATE TEMP TABLE twin AS SELECT * FROM journal WHERE seq = :n;
    UPDATE twin SET id = :id, seq = (SELECT max(seq) + 1 FROM journal);
    INSERT INTO journal SELECT * FROM twin";
const DOUBLE_IN_PLACE: &str = "CREATE TEMP TABLE twin AS SELECT * FROM journal WHERE seq = :n;
    UPDATE twin SET id = :id, seq = seq + 1;
    UPDATE journal SET seq = -seq WHERE seq > :n; UPDATE journal SET seq = -seq + 1 WHERE seq < 0;
    INSERT INTO journal SELECT * FROM twin";
const SWAP: &str =
    "UPDATE journal SET seq = -1 WHERE seq = :n; UPDATE journal SET seq = :n WHERE seq = :next;
    UPDATE journal SET seq = :next WHERE seq = -1";

const RENTED: &str = "SELECT number FROM numbers WHERE owner IS NOT NULL AND application IS NOT NULL LIMIT 1";
const STOCKED: &str = "SELECT number FROM numbers WHERE owner IS NULL LIMIT 1";
const APPLICATION: &str = "SELECT min(number) FROM applications WHERE for_numbers";
const ENDPOINT: &str = "SELECT min(number) FROM endpoints WHERE application IS NOT NULL";
const ROTATED: &str =
    "SELECT min(rowid) FROM credentials WHERE expires_at IS NOT NULL AND revoked_at IS NULL";
const NOT_ROTATED: &str =
    "SELECT max(rowid) FROM credentials WHERE expires_at IS NULL AND revoked_at IS NULL";
const ALERTED: &str = "SELECT number FROM accounts WHERE level = 2 AND alert_low IS NOT NULL LIMIT 1";
const OPENED: &str =
    "SELECT max(seq) FROM journal WHERE kind = 1 AND instr(record, '\"level\":\"depleted\"') > 0";
const EVENT: &str = "SELECT min(seq) FROM events WHERE threshold IS NOT NULL AND line > 5 AND seq > 1";
const WEBHOOK: &str = "SELECT min(rowid) FROM webhooks WHERE owner IS NOT NULL";
const LAST_EVENT: &str = "SELECT max(seq) FROM events";
const SETTLED: &str = "SELECT number FROM accounts WHERE settings IS NOT NULL LIMIT 1";

const CAPPED: &str = "SELECT number FROM accounts WHERE caps IS NOT NULL LIMIT 1";
const CAPPING: &str = "SELECT max(seq) FROM journal WHERE record LIKE '%\"caps\":{%'";

#[rustfmt::skip]
const CASES: &[Case] = &[
    case("the amount of a payment", PAYMENT, "UPDATE journal SET balance_change = balance_change + 1 WHERE seq = :n", Named::Line),
    case("the amount of a charge", CHARGE, "UPDATE journal SET balance_change = balance_change + 1 WHERE seq = :n", Named::Line),
    case("the amount of a shared charge", SHARED_CHARGE, "UPDATE journal SET balance_change = balance_change - 1 WHERE seq = :n", Named::Line),
    case("the amount of a reversal", REVERSAL, "UPDATE journal SET balance_change = balance_change + 1 WHERE seq = :n", Named::Line),
    case("the amount of a balance transfer", BALANCE_TRANSFER, "UPDATE journal SET balance_change = 2 * balance_change WHERE seq = :n", Named::Line),
    case("the amount of a credit transfer", CREDIT_TRANSFER, "UPDATE journal SET credit_change = credit_change - 1 WHERE seq = :n", Named::Line),
    case("the amount of a credit limit's change", CREDIT_CHANGE, "UPDATE journal SET credit_change = credit_change + 1 WHERE seq = :n", Named::Line),
    case("a held amount in a charge", CHARGE, "UPDATE journal SET held_change = 1 WHERE seq = :n", Named::Line),
    case("the balance after a charge", CHARGE, "UPDATE journal SET balance = balance - 1 WHERE seq = :n", Named::Line),
    case("the credit limit after a charge", CHARGE, "UPDATE journal SET credit_limit = credit_limit + 1 WHERE seq = :n", Named::Line),
    case("the held amount after a charge", CHARGE, "UPDATE journal SET held = held + 1 WHERE seq = :n", Named::Line),
    case("an amount and what it led to", ONLY_CHARGE, "UPDATE journal SET balance_change = balance_change + 1, balance = balance + 1 WHERE seq = :n", Named::AccountOfLine),
    case("the other balance after a transfer", BALANCE_TRANSFER, "UPDATE journal SET other_balance = other_balance + 1 WHERE seq = :n", Named::Line),
    case("the other credit limit after a transfer", CREDIT_TRANSFER, "UPDATE journal SET other_credit_limit = other_credit_limit + 1 WHERE seq = :n", Named::Line),
    case("the other held amount after a transfer", CREDIT_TRANSFER, "UPDATE journal SET other_held = 1 WHERE seq = :n", Named::Line),
    case("a primary's balance", PRIMARY, "UPDATE accounts SET balance = balance + 1 WHERE number = :n", Named::Account),
    case("a subaccount's balance", OWN, "UPDATE accounts SET balance = balance - 1 WHERE number = :n", Named::Account),
    case("a shared subaccount's balance", SHARED, "UPDATE accounts SET balance = 1 WHERE number = :n", Named::Account),
    case("a credit limit", OWN, "UPDATE accounts SET credit_limit = credit_limit + 1 WHERE number = :n", Named::Account),
    case("a held amount", PRIMARY, "UPDATE accounts SET held = 1 WHERE number = :n", Named::Account),
    case("a state", SUSPENDED, "UPDATE accounts SET status = 1 WHERE number = :n", Named::Account),
    case("a balance mode", SHARED, "UPDATE accounts SET mode = 1 WHERE number = :n", Named::Account),
    case("an account deleted", OWN, "DELETE FROM accounts WHERE number = :n", Named::Account),
    case("the first line deleted", FIRST, DELETE, Named::LineOrNext),
    case("a line deleted", CHARGE, DELETE, Named::LineOrNext),
    case("a line deleted and the gap closed", PAIR, DELETE_AND_CLOSE_UP, Named::Line),
    case("the last line deleted", LAST, DELETE, Named::AccountOfLine),
    case("a charge doubled at the end", LAST, DOUBLE_AT_END, Named::NextLine),
    case("a charge doubled in place", CHARGE, DOUBLE_IN_PLACE, Named::NextLine),
    case("a payment doubled in place", PAYMENT, DOUBLE_IN_PLACE, Named::NextLine),
    case("two lines of an account swapped", PAIR, SWAP, Named::Line),
    case("two lines of strangers swapped", STRANGERS, SWAP, Named::LineOrNextTwo),
    case("the price of a call", PRICED, "UPDATE journal SET price = 'standard/2/2' WHERE seq = :n", Named::Line),
    case("the version of a call's price", PRICED, "UPDATE journal SET price = 'standard/1/1' WHERE seq = :n", Named::Line),
    case("the plan of a call's price", PRICED, "UPDATE journal SET price = 'other/1/1' WHERE seq = :n", Named::Line),
    case("a price that there never was", PRICED, "UPDATE journal SET price = 'standard/2/9' WHERE seq = :n", Named::Line),
    case("no price for a call", PRICED, "UPDATE journal SET price = NULL WHERE seq = :n", Named::Line),
    case("a price for a charge", CHARGE, "UPDATE journal SET price = 'standard/2/1' WHERE seq = :n", Named::Line),
    case("what a call was for", PRICED, "UPDATE journal SET operation = 'other' WHERE seq = :n", Named::Line),
    case("the price of a held call", PRICED_HOLD, "UPDATE journal SET price = 'standard/2/1' WHERE seq = :n", Named::Line),
    case("a family's plan", PRIMARY, "UPDATE accounts SET plan = NULL WHERE number = :n", Named::Account),
    case("a subaccount's plan", OWN, "UPDATE accounts SET plan = 'standard' WHERE number = :n", Named::Account),
    case("the rules of a plan", PLAN, "UPDATE price_plans SET rules = replace(rules, '5000000', '4000000') WHERE rowid = :n", Named::Plan),
    case("which plan is the default", PLAN, "UPDATE price_plans SET is_default = NOT is_default WHERE rowid = :n", Named::Plan),
    case("the currency of a plan", PLAN, "UPDATE price_plans SET currency = 'USD' WHERE rowid = :n", Named::Plan),
    case("a version of a plan deleted", PLAN, "DELETE FROM price_plans WHERE rowid = :n", Named::Plans),
    case("a plan that nobody put", PLAN, "INSERT INTO price_plans SELECT 'mine', 1, currency, FALSE, rules, made_at FROM price_plans WHERE rowid = :n", Named::Mine),
    case("a sealed value", "SELECT min(rowid) FROM credentials WHERE sealed IS NOT NULL",
        "UPDATE credentials SET sealed = zeroblob(length(sealed)) WHERE rowid = :n", Named::AccountOfCredential),
    case("the end of a credential", ROTATED, "UPDATE credentials SET expires_at = expires_at + 1 WHERE rowid = :n", Named::AccountOfCredential),
    case("a credential without its end", ROTATED, "UPDATE credentials SET expires_at = NULL WHERE rowid = :n", Named::AccountOfCredential),
    case("a credential with an end", NOT_ROTATED, "UPDATE credentials SET expires_at = 1 WHERE rowid = :n", Named::AccountOfCredential),
    case("a credential revoked", NOT_ROTATED, "UPDATE credentials SET revoked_at = 1 WHERE rowid = :n", Named::AccountOfCredential),
    case("a revoked credential", "SELECT min(rowid) FROM credentials WHERE revoked_at IS NOT NULL", "UPDATE credentials SET revoked_at = NULL WHERE rowid = :n", Named::AccountOfCredential),
    case("an account's settings", SETTLED, "UPDATE accounts SET settings = replace(settings, 'example', 'elsewhere') WHERE number = :n", Named::Account),
    case("an account's settings taken away", SETTLED, "UPDATE accounts SET settings = NULL WHERE number = :n", Named::Account),
    case("an account's settings garbled", SETTLED, "UPDATE accounts SET settings = '{\"nobody\":\"knows\"}' WHERE number = :n", Named::Account),
    case("when an account was changed", SETTLED, "UPDATE accounts SET changed_at = changed_at - 1 WHERE number = :n", Named::Account),
    case("that an account was changed", OWN, "UPDATE accounts SET changed_at = 1 WHERE number = :n", Named::Account),
    case("a number's owner", RENTED, "UPDATE numbers SET owner = (SELECT id FROM accounts WHERE id <> owner LIMIT 1) WHERE number = :n", Named::Number),
    case("a number given back", RENTED, "UPDATE numbers SET owner = NULL, rented_at = NULL, application = NULL, settings = NULL WHERE number = :n", Named::Number),
    case("a number taken", STOCKED, "UPDATE numbers SET owner = (SELECT id FROM accounts LIMIT 1), rented_at = 1 WHERE number = :n", Named::Number),
    case("a number's cost", STOCKED, "UPDATE numbers SET cost = 0 WHERE number = :n", Named::Number),
    case("a number's currency", STOCKED, "UPDATE numbers SET currency = 'USD' WHERE number = :n", Named::Number),
    case("a number's kind", STOCKED, "UPDATE numbers SET kind = 5 WHERE number = :n", Named::Number),
    case("a number's features", STOCKED, "UPDATE numbers SET features = 4 WHERE number = :n", Named::Number),
    case("when a number was rented", RENTED, "UPDATE numbers SET rented_at = rented_at + 1 WHERE number = :n", Named::Number),
    case("where a number is from", RENTED, "UPDATE numbers SET is_brought = TRUE WHERE number = :n", Named::Number),
    case("what answers a number", RENTED, "UPDATE numbers SET application = NULL WHERE number = :n", Named::Number),
    case("what is kept with a number", RENTED, "UPDATE numbers SET settings = replace(settings, 'Front', 'Back') WHERE number = :n", Named::Number),
    case("what is kept with a number garbled", RENTED, "UPDATE numbers SET settings = 'nothing' WHERE number = :n", Named::Number),
    case("a number deleted", STOCKED, "DELETE FROM numbers WHERE number = :n", Named::Number),
    case("a rented number deleted", RENTED, "DELETE FROM numbers WHERE number = :n", Named::Number),
    case("a number that nobody added", "SELECT max(number) + 1 FROM numbers",
        "INSERT INTO numbers SELECT :n, 'FR', '33900000', NULL, 1, 3, 0, 'EUR', FALSE, 1, NULL, NULL, NULL", Named::NewNumber),
    case("an application's owner", APPLICATION, "UPDATE applications SET owner = (SELECT id FROM accounts WHERE id <> owner LIMIT 1) WHERE number = :n", Named::Application),
    case("an application's name", APPLICATION, "UPDATE applications SET name = 'other' WHERE number = :n", Named::Application),
    case("an application's defaults", APPLICATION, "UPDATE applications SET for_numbers = FALSE WHERE number = :n", Named::Application),
    case("an application's other defaults", APPLICATION, "UPDATE applications SET for_endpoints = TRUE WHERE number = :n", Named::Application),
    case("an application's addresses", APPLICATION, "UPDATE applications SET settings = replace(settings, 'example', 'elsewhere') WHERE number = :n", Named::Application),
    case("an application deleted", APPLICATION, "DELETE FROM applications WHERE number = :n", Named::Application),
    case("an endpoint's owner", ENDPOINT, "UPDATE endpoints SET owner = (SELECT id FROM accounts WHERE id <> owner LIMIT 1) WHERE number = :n", Named::Endpoint),
    case("an endpoint's username", ENDPOINT, "UPDATE endpoints SET username = 'other' WHERE number = :n", Named::Endpoint),
    case("an endpoint's alias", ENDPOINT, "UPDATE endpoints SET alias = 'other' WHERE number = :n", Named::Endpoint),
    case("what answers an endpoint", ENDPOINT, "UPDATE endpoints SET application = NULL WHERE number = :n", Named::Endpoint),
    case("an endpoint's password", ENDPOINT, "UPDATE endpoints SET password = zeroblob(length(password)) WHERE number = :n", Named::Endpoint),
    case("an endpoint without its password", ENDPOINT, "UPDATE endpoints SET password = zeroblob(0) WHERE number = :n", Named::Endpoint),
    case("an endpoint deleted", ENDPOINT, "DELETE FROM endpoints WHERE number = :n", Named::Endpoint),
    case("a number in its line", "SELECT max(number) FROM numbers WHERE owner IS NULL",
        "UPDATE journal SET record = replace(record, '\"cost\":', '\"cost\":7') WHERE kind = 20 AND instr(record, (SELECT msisdn FROM numbers WHERE number = :n)) > 0", Named::Number),
    case("a line that rents nothing", "SELECT min(seq) FROM journal WHERE kind = 22", "UPDATE journal SET record = NULL, before = NULL WHERE seq = :n", Named::NumberOfLine),
    case("what a change found", CREDIT_CHANGE, "UPDATE journal SET before = replace(before, '\"active\"', '\"suspended\"') WHERE seq = :n", Named::Line),
    case("that a change found anything", CREDIT_CHANGE, "UPDATE journal SET before = NULL WHERE seq = :n", Named::Line),
    case("what a change found garbled", CREDIT_CHANGE, "UPDATE journal SET before = '{}' WHERE seq = :n", Named::Line),
    case("what a change left that another one found", CREDIT_CHANGE,
        "UPDATE journal SET record = replace(record, '\"name\":\"', '\"name\":\"x') WHERE seq = :n", Named::NextChange),
    case("a charge that found something", CHARGE,
        "UPDATE journal SET before = (SELECT before FROM journal WHERE before IS NOT NULL LIMIT 1) WHERE seq = :n", Named::Line),
    case("what a revoked credential was", "SELECT min(seq) FROM journal WHERE kind = 17",
        "UPDATE journal SET before = replace(before, '\"created_at\":', '\"created_at\":1') WHERE seq = :n", Named::Line),
    case("what a rented number was", "SELECT min(seq) FROM journal WHERE kind = 22",
        "UPDATE journal SET before = replace(before, '\"cost\":', '\"cost\":7') WHERE seq = :n", Named::Line),
    case("what a plan was", "SELECT max(seq) FROM journal WHERE kind = 32",
        "UPDATE journal SET before = replace(before, '4000000', '3000000') WHERE seq = :n", Named::Line),
    case("an address that is none", CHARGE, "UPDATE journal SET address = unhex('7F0000') WHERE seq = :n", Named::Line),
    case("an address in another form", CHARGE,
        "UPDATE journal SET address = unhex('00000000000000000000FFFF7F000001') WHERE seq = :n", Named::Line),
    case("a line of tollgate's own from somewhere", PAYMENT,
        "UPDATE journal SET caller = 4, by_account = NULL, by_credential = NULL WHERE seq = :n", Named::Line),
    case("what was spent of a cap", CAPPED, "UPDATE accounts SET caps = json_set(caps, '$.day.spent', 0) WHERE number = :n", Named::Account),
    case("what was spent of a longer cap", CAPPED, "UPDATE accounts SET caps = json_set(caps, '$.month.spent', 0) WHERE number = :n", Named::Account),
    case("what counts as held for a cap", CAPPED, "UPDATE accounts SET caps = json_set(caps, '$.held', 0) WHERE number = :n", Named::Account),
    case("a cap", CAPPED, "UPDATE accounts SET caps = json_set(caps, '$.day.most', 6000000000) WHERE number = :n", Named::Account),
    case("since when a cap counts", CAPPED, "UPDATE accounts SET caps = json_set(caps, '$.day.since', json_extract(caps, '$.day.since') - 1) WHERE number = :n", Named::Account),
    case("until when a cap counts", CAPPED, "UPDATE accounts SET caps = json_set(caps, '$.day.until', json_extract(caps, '$.day.until') - 1) WHERE number = :n", Named::Account),
    case("the time zone of a cap", CAPPED, "UPDATE accounts SET caps = json_set(caps, '$.zone', 'UTC') WHERE number = :n", Named::Account),
    case("a cap taken away", CAPPED, "UPDATE accounts SET caps = json_remove(caps, '$.month') WHERE number = :n", Named::Account),
    case("all caps taken away", CAPPED, "UPDATE accounts SET caps = NULL WHERE number = :n", Named::Account),
    case("caps garbled", CAPPED, "UPDATE accounts SET caps = '{}' WHERE number = :n", Named::Account),
    case("caps of an account that has none", OWN, "UPDATE accounts SET caps = (SELECT caps FROM accounts WHERE caps IS NOT NULL) WHERE number = :n", Named::Account),
    case("a cap in its line", CAPPING, "UPDATE journal SET record = json_set(record, '$.account.caps.day.most', 1) WHERE seq = :n", Named::AccountOfLine),
    case("what was spent in the line of a cap", CAPPING, "UPDATE journal SET record = json_set(record, '$.account.caps.day.spent', 1) WHERE seq = :n", Named::Line),
    case("what was held in the line of a cap", CAPPING, "UPDATE journal SET record = json_set(record, '$.account.caps.held', 0) WHERE seq = :n", Named::Line),
    case("a threshold", ALERTED, "UPDATE accounts SET alert_low = alert_low + 1 WHERE number = :n", Named::Account),
    case("another threshold", ALERTED, "UPDATE accounts SET alert_depleted = 1 WHERE number = :n", Named::Account),
    case("a threshold that was never set", ALERTED, "UPDATE accounts SET alert_recovered = 5000000000 WHERE number = :n", Named::Account),
    case("the level of an account", ALERTED, "UPDATE accounts SET level = 1 WHERE number = :n", Named::Account),
    case("the level in a record", OPENED, "UPDATE journal SET record = replace(record, '\"level\":\"depleted\",', '') WHERE seq = :n", Named::Line),
    case("an event deleted", EVENT, "DELETE FROM events WHERE seq = :n", Named::Event),
    case("the last event deleted", LAST_EVENT, "DELETE FROM events WHERE seq = :n", Named::Event),
    case("an event that never was", "SELECT max(seq) + 1 FROM events", "INSERT INTO events SELECT :n, id, kind, account, family, line, threshold FROM events WHERE seq = 1", Named::Event),
    case("the kind of an event", EVENT, "UPDATE events SET kind = kind % 12 + 1 WHERE seq = :n", Named::Event),
    case("whose an event is", EVENT, "UPDATE events SET account = (SELECT id FROM accounts WHERE id <> account LIMIT 1) WHERE seq = :n", Named::Event),
    case("of which family an event is", EVENT, "UPDATE events SET family = (SELECT id FROM accounts WHERE parent IS NOT NULL LIMIT 1) WHERE seq = :n", Named::Event),
    case("the line of an event", EVENT, "UPDATE events SET line = line - 1 WHERE seq = :n", Named::Event),
    case("the threshold of an event", EVENT, "UPDATE events SET threshold = threshold + 1 WHERE seq = :n", Named::Event),
    case("the id of an event", EVENT, "UPDATE events SET id = (SELECT id FROM events WHERE seq = 1) WHERE seq = :n", Named::Event),
    case("where a webhook sends to", WEBHOOK, "UPDATE webhooks SET url = 'https://elsewhere.example' WHERE rowid = :n", Named::Webhook),
    case("whose a webhook is", WEBHOOK, "UPDATE webhooks SET owner = NULL WHERE rowid = :n", Named::Webhook),
    case("what a webhook wants", WEBHOOK, "UPDATE webhooks SET kinds = 1 WHERE rowid = :n", Named::Webhook),
    case("what a webhook's events are signed with", WEBHOOK, "UPDATE webhooks SET secret = zeroblob(length(secret)) WHERE rowid = :n", Named::Webhook),
    case("a webhook deleted", WEBHOOK, "DELETE FROM webhooks WHERE rowid = :n", Named::Webhook),
    case("from where on there are events", "SELECT max(seq) FROM journal", "UPDATE meta SET value = :n WHERE name = 'events_after'", Named::FirstEvent),
];

#[tokio::test(flavor = "multi_thread")]
async fn check_finds_what_was_changed_and_names_the_line_or_the_account() {
    let store = store_of_every_kind().await;
    store.assert_clean("before anything was changed");
    let mut faults = Vec::new();
    for case in CASES {
        if let Err(fault) = find(&store.copy(), case) {
            faults.push(format!("{}: {fault}", case.what));
        }
    }
    assert!(faults.is_empty(), "{} of {}:\n{}", faults.len(), CASES.len(), faults.join("\n"));
}

/// The words of SQLite that the cases use, for PostgreSQL, which has others.
const WORDS: &str = r"
    CREATE FUNCTION instr(text, text) RETURNS int LANGUAGE sql AS 'SELECT strpos($1, $2)';
    CREATE FUNCTION unhex(text) RETURNS bytea LANGUAGE sql AS 'SELECT decode($1, ''hex'')';
    CREATE FUNCTION zeroblob(int) RETURNS bytea LANGUAGE sql AS 'SELECT decode(repeat(''00'', $1), ''hex'')';
    CREATE FUNCTION json_path(text) RETURNS text[] LANGUAGE sql AS 'SELECT string_to_array(substr($1, 3), ''.'')';
    CREATE FUNCTION json_extract(text, text) RETURNS bigint LANGUAGE sql
        AS 'SELECT ($1::jsonb #>> json_path($2))::bigint';
    CREATE FUNCTION json_remove(text, text) RETURNS text LANGUAGE sql AS 'SELECT ($1::jsonb #- json_path($2))::text';
    CREATE FUNCTION json_set(text, text, bigint) RETURNS text LANGUAGE sql
        AS 'SELECT jsonb_set($1::jsonb, json_path($2), to_jsonb($3))::text';
    CREATE FUNCTION json_set(text, text, text) RETURNS text LANGUAGE sql
        AS 'SELECT jsonb_set($1::jsonb, json_path($2), to_jsonb($3))::text'";

/// A statement as this engine has it said.
fn said_to(sql: &Sql, statement: &str) -> String {
    match sql.engine() {
        Engine::Sqlite => statement.to_owned(),
        Engine::Postgres => statement.replace("rowid = :n", "ctid = ':n'").replace("rowid", "ctid"),
    }
}

/// Makes the change in a copy and looks at what `check` says.
fn find(copy: &Store, case: &Case) -> Result<(), String> {
    let sql = copy.sql();
    if sql.engine() == Engine::Postgres {
        sql.execute(WORDS);
    }
    let row = sql.value(&said_to(&sql, case.row));
    let names = names(&sql, case.named, &row);
    let mut change = said_to(&sql, case.change).replace(":id", sql.random_id());
    if change.contains(":next") {
        change = change.replace(":next", &sql.value(&next(&row)));
    }
    let changed = sql.execute(&change.replace(":n", &row));
    assert!(changed > 0, "{} changed nothing", case.what);
    drop(sql);

    let ended = copy.check();
    let said = format!("{}\n{}", ended.stdout, ended.stderr);
    if ended.code != Some(WRONG) {
        return Err(format!("ended with {:?} and said {said:?}", ended.code));
    }
    if !names.iter().any(|it| says(&said, it)) {
        return Err(format!("names none of {names:?}: {said:?}"));
    }
    Ok(())
}

/// Asks for the line after one.
fn next(row: &str) -> String {
    format!("SELECT min(seq) FROM journal WHERE seq > {row}")
}

/// What the message may call it.
fn names(sql: &Sql, named: Named, row: &str) -> Vec<String> {
    let value = |query: &str| sql.value(&said_to(sql, query).replace(":n", row));
    let account = |which: &str| {
        let api_key: i64 = value(&format!("SELECT api_key FROM accounts WHERE {which}")).parse().unwrap();
        vec![format!("{api_key:08x}")]
    };
    let line = || format!("line {row}");
    // Where it is doubled, the double stands right behind it.
    let next_lines = || {
        let behind = row.parse::<i64>().unwrap() + 1;
        [format!("line {behind}"), format!("line {}", sql.value(&next(row)))]
    };
    match named {
        Named::Line => vec![line()],
        Named::NextLine => next_lines().into(),
        Named::LineOrNext => next_lines().into_iter().chain([line()]).collect(),
        Named::LineOrNextTwo => {
            let three = sql.rows(&format!("SELECT seq FROM journal WHERE seq >= {row} ORDER BY seq LIMIT 3"));
            three.iter().map(|it| format!("line {}", it[0])).collect()
        }
        Named::NextChange => {
            let next = "SELECT min(seq) FROM journal WHERE kind = 2 AND seq > :n
                AND account = (SELECT account FROM journal WHERE seq = :n)";
            vec![format!("line {}", value(next))]
        }
        Named::Account => account("number = :n"),
        Named::AccountOfLine => account("id = (SELECT account FROM journal WHERE seq = :n)"),
        Named::Plan => vec!["version 2 of price plan standard".to_owned()],
        Named::Event => vec![format!("event {row}")],
        Named::Webhook => vec![format!("webhook {}", value("SELECT id FROM webhooks WHERE rowid = :n"))],
        Named::FirstEvent => vec!["event 1".to_owned()],
        Named::Plans => vec!["versions of price plans".to_owned()],
        Named::Mine => vec!["price plan mine".to_owned()],
        Named::AccountOfCredential => account("id = (SELECT account FROM credentials WHERE rowid = :n)"),
        Named::Number => {
            vec![value("SELECT 'number ' || country || ' ' || msisdn FROM numbers WHERE number = :n")]
        }
        Named::NewNumber => vec!["number FR 33900000".to_owned()],
        Named::NumberOfLine => vec![value(
            "SELECT 'number ' || country || ' ' || msisdn FROM numbers JOIN journal
                ON instr(record, '\"' || msisdn || '\"') > 0 WHERE seq = :n",
        )],
        Named::Application => vec![value("SELECT 'application ' || id FROM applications WHERE number = :n")],
        Named::Endpoint => vec![value("SELECT 'endpoint ' || id FROM endpoints WHERE number = :n")],
    }
}

/// `line 1` is not in `line 17`.
fn says(said: &str, name: &str) -> bool {
    said.match_indices(name).any(|(at, _)| {
        let follows = said[at + name.len()..].chars().next();
        !follows.is_some_and(|it| it.is_ascii_alphanumeric())
    })
}

#[test]
fn check_of_no_store_says_so_and_makes_none() {
    let store = Store::on_file();
    let ended = store.check();
    assert_ne!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stderr.contains("t.db"), "{ended:?}");
    assert!(!store.file().exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn check_reads_a_live_store() {
    let store = Store::new();
    let server = Server::start(Options::on(&store));
    let load = Load::begin(&server.api()).await;
    for _ in 0..3 {
        let store = store.clone();
        tokio::task::spawn_blocking(move || store.assert_clean("under load")).await.unwrap();
    }
    load.end().await;
    server.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_a_live_store_is_clean_and_holds_all_that_was_acknowledged_before_it() {
    let store = Store::on_file();
    let server = Server::start(Options::on(&store));
    let load = Load::begin(&server.api()).await;
    let before = store.journal().len();
    let copy = Store::on_file();
    let ended = {
        let (store, copy) = (store.url(), copy.file());
        let backup = move || tollgate(["backup", "--store", &store, &copy.display().to_string()]);
        tokio::task::spawn_blocking(backup).await.unwrap()
    };
    assert_eq!(ended.code, Some(0), "{ended:?}");
    load.end().await;
    server.stop();

    let mode = fs::metadata(copy.key_file()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "of the key file's copy");
    copy.assert_clean("of a backup");
    let (copied, all) = (copy.journal(), store.journal());
    assert!(all.starts_with(&copied), "the copy is no prefix of the journal");
    assert!(copied.len() >= before, "{} lines were there, {} were copied", before, copied.len());
    let server = Server::start(Options::on(&copy));
    server.api().open_with("1.00").await;
    server.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_overwrites_nothing() {
    let store = Store::on_file();
    Server::start(Options::on(&store)).stop();
    let precious = store.dir().join("precious");
    fs::write(&precious, "mine").unwrap();
    let ended = tollgate(["backup", "--store", &store.url(), &precious.display().to_string()]);
    assert_ne!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stderr.contains("precious"), "{ended:?}");
    assert_eq!(fs::read_to_string(&precious).unwrap(), "mine");
}

/// A stopped store with lines of every kind that HTTP can write.
async fn store_of_every_kind() -> Store {
    let store = Store::new();
    let server = Server::start(Options::on(&store));
    let api = server.api();
    let primary = api.open_primary("100.00").await;
    api.pay(&primary, "50.00").await;
    api.pay(&primary, "-5.00").await;
    let path = format!("/api/v1/accounts/{}", primary.id);
    change(&api, &path, json!({ "credit_limit": "120.00" })).await;

    let own = api.open_sub(&primary, "own").await;
    let shared = api.open_sub(&primary, "shared").await;
    let suspended = api.open_sub(&primary, "own").await;
    api.give(&primary, &own, "20.00").await;
    let transfers = format!("{path}/transfers");
    let credit = json!({ "kind": "credit", "to": own.id, "amount": "35.00", "reference": "March" });
    api.post(&transfers, credit).await.expect(201);
    let back = json!({ "kind": "balance", "from": own.id, "amount": "1.50" });
    api.post(&transfers, back).await.expect(201);

    call_by_price(&api, &primary, &shared).await;
    let other = api.open_with("10.00").await;
    let number = json!({ "account": own.id, "country": "GB", "msisdn": "447700900000" });
    api.post("/api/v1/numbers", number).await.expect(201);
    api.post("/api/v1/tokens", json!({ "scope": "gate" })).await.expect(201);
    change(&api, &format!("/api/v1/accounts/{}", suspended.id), json!({ "status": "suspended" })).await;
    add_secret(&api, &primary).await;

    own_everything(&api, &primary, &own).await;
    let caps = json!({ "caps": { "day": "50", "month": "60", "time_zone": "Asia/Tokyo" } });
    change(&api, &format!("/api/v1/accounts/{}", shared.id), caps).await;
    api.charge(&shared, "0.25", "of the primary").await.expect(201);
    let first = api.charge(&own, "1.00", "first").await.expect(201);
    api.charge(&own, "2.00", "second").await.expect(201);
    let path = format!("/api/v1/charges/{}/reverse", text(&first["id"]));
    api.post(&path, json!({ "amount": "0.40" })).await.expect(201);
    api.charge(&own, "3.00", "third").await.expect(201);
    api.charge(&other, "4.00", "of a stranger").await.expect(201);
    let webhook = json!({ "url": "https://hook.example", "types": ["account.closed"] });
    let webhook = send(api.request_as(&primary, "POST", "/api/v1/webhooks").body(webhook.to_string())).await;
    webhook.unwrap().expect(201);
    let alerts = json!({ "alerts": { "low": "100.00" } });
    change(&api, &format!("/api/v1/accounts/{}", own.id), alerts).await;
    api.charge(&own, "5.00", "last").await.expect(201);
    server.stop();
    store
}

/// Numbers in the stock, rented, given back and brought along, applications, endpoints, settings and rotated credentials.
async fn own_everything(api: &Api, primary: &Account, own: &Account) {
    for (msisdn, cost) in [("447700900001", "0.10"), ("447700900002", "0.20"), ("447700900003", "0.30")] {
        let number = json!({ "country": "GB", "msisdn": msisdn, "cost": cost, "type": "tollfree" });
        api.post("/api/v1/numbers", number).await.expect(201);
    }
    let by_plivo = async |account: &Account, method: &str, rest: &str, body: Value, status: u16| {
        let auth_id = text(&api.account(&account.id).await["auth_id"]);
        let path = format!("/v1/Account/{auth_id}/{rest}");
        send(api.request_as(account, method, &path).body(body.to_string())).await.unwrap().expect(status)
    };
    let body =
        json!({ "app_name": "answers", "answer_url": "https://example.com/", "default_number_app": true });
    for account in [primary, own] {
        by_plivo(account, "POST", "Application/", body.clone(), 201).await;
    }
    let second = json!({ "app_name": "second", "default_number_app": true });
    let second = text(&by_plivo(primary, "POST", "Application/", second, 201).await["app_id"]);
    by_plivo(primary, "POST", "PhoneNumber/447700900001/", json!({ "alias": "Front desk" }), 201).await;
    by_plivo(primary, "POST", "PhoneNumber/447700900002/", json!({}), 201).await;
    by_plivo(primary, "DELETE", "Number/447700900002/", json!({}), 204).await;
    let brought = json!({ "numbers": "15550100,15550101", "carrier": "Ours", "region": "here" });
    by_plivo(primary, "POST", "Number/", brought, 202).await;
    by_plivo(primary, "POST", "Number/15550100/", json!({ "app_id": "" }), 202).await;
    for app_id in [Some(&second), None] {
        let body = json!({ "username": "desk", "password": "secret", "alias": "Desk", "app_id": app_id });
        by_plivo(primary, "POST", "Endpoint/", body, 201).await;
    }
    by_plivo(primary, "POST", "", json!({ "city": "example" }), 202).await;
    let rotate = |account: &Account| format!("/api/v1/accounts/{}/credentials/rotate", account.id);
    api.post(&rotate(primary), json!({ "kind": "token" })).await.expect(201);
    api.post(&rotate(own), json!({ "kind": "token", "overlap_seconds": 0 })).await.expect(201);
}

/// Two versions of a plan and another one, and calls that a gate had checked.
async fn call_by_price(api: &Api, primary: &Account, shared: &Account) {
    let rule = |path, operation, mode, price| {
        let price_of = if mode == "hold" { "reserve" } else { "unit_price" };
        json!({ "path": path, "operation": operation, "mode": mode, price_of: price })
    };
    let other =
        json!({ "currency": "EUR", "default": true, "rules": [rule("/sms", "sms", "charge", "0.05")] });
    put(api, "other", other).await;
    for price in ["0.04", "0.05"] {
        let rules = json!([
            rule("/sms", "sms", "charge", price),
            rule("/mms", "mms", "charge", "0.06"),
            rule("/call", "call", "hold", "1.00"),
        ]);
        put(api, "standard", json!({ "currency": "EUR", "rules": rules })).await;
    }
    let plan = json!({ "price_plan": "standard" });
    change(api, &format!("/api/v1/accounts/{}", primary.id), plan).await;
    let gate = api.post("/api/v1/tokens", json!({ "scope": "gate" })).await.expect(201);
    for path in ["/sms", "/call"] {
        let check = api.request_as(shared, "POST", &format!("/gate/envoy{path}"));
        send(check.header("x-gate-token", text(&gate["token"]))).await.unwrap().expect(200);
    }
}

async fn put(api: &Api, name: &str, plan: Value) {
    let path = format!("/api/v1/price-plans/{name}");
    send(api.request("PUT", &path).body(plan.to_string())).await.unwrap().expect(200);
}

async fn change(api: &Api, path: &str, body: Value) {
    send(api.request("PATCH", path).body(body.to_string())).await.unwrap().expect(200);
}

async fn add_secret(api: &Api, account: &Account) {
    let path = format!("/accounts/{}/secrets", account.api_key);
    let body = json!({ "secret": "Password123" }).to_string();
    send(api.request_as(account, "POST", &path).body(body)).await.unwrap().expect(201);
}

/// Clients that charge until they are told to end.
struct Load {
    over: Arc<AtomicBool>,
    clients: JoinSet<()>,
}

impl Load {
    /// Returns when a hundred charges are acknowledged.
    async fn begin(api: &Api) -> Self {
        let account = api.open_with("1000.00").await;
        let over = Arc::new(AtomicBool::new(false));
        let (answered, mut answers) = tokio::sync::mpsc::unbounded_channel();
        let mut clients = JoinSet::new();
        for client in 0..8 {
            let (api, account, over) = (api.clone(), account.clone(), Arc::clone(&over));
            let answered = answered.clone();
            clients.spawn(async move {
                let mut number = 0;
                while !over.load(Ordering::Relaxed) {
                    api.charge(&account, "0.01", &format!("load-{client}-{number}")).await.expect(201);
                    number += 1;
                    // Nobody listens any more after the first hundred.
                    let _told = answered.send(());
                }
            });
        }
        for _ in 0..100 {
            answers.recv().await.unwrap();
        }
        Self { over, clients }
    }

    async fn end(self) {
        self.over.store(true, Ordering::Relaxed);
        self.clients.join_all().await;
    }
}
