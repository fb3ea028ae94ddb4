//! What the demo prints: a headline for each step, its calls, and the family as a table.

use std::net::SocketAddr;

use ledger::Amount;

use super::client::Call;
use super::month::{Role, Step};
use super::server::Server;
use super::story::Member;
use crate::cli::say;

/// A line of the table.
pub(super) struct Row {
    /// The account's name.
    pub(super) name: String,
    /// Its balance; `None` if it shares the partner's.
    pub(super) balance: Option<Amount>,
    /// Its credit limit, as the Vonage dialect prints it: negative.
    pub(super) credit_limit: Option<Amount>,
    /// What it can spend.
    pub(super) available: Amount,
    /// Active or suspended.
    pub(super) status: &'static str,
}

/// Before the first step.
pub(super) fn opening(server: &Server, via: Option<SocketAddr>) {
    say("tollgate demo: a partner's month, over HTTP, every number checked");
    say("");
    say(&format!("  server: http://{} (process {})", server.address(), server.process_id()));
    say(&format!("  store:  {} (temporary)", server.store().display()));
    if let Some(via) = via {
        say(&format!("  via:    http://{via}"));
    }
    say("");
    say("  The operator speaks the native API, the partner and its customers speak the Vonage dialect.");
    say("  Each table is read after its step: balance and credit limit as the partner sees them, from");
    say("  GET /accounts/{api_key}/subaccounts; available as the operator sees it, from");
    say("  GET /api/v1/accounts/{api_key}.");
}

/// The beginning of a step.
pub(super) fn headline(number: usize, step: &Step) {
    say("");
    say("");
    say(&format!("{number}. {}", step.headline));
    say("");
    for line in step.story {
        say(&format!("   {line}"));
    }
    say("");
}

/// A call that was made.
pub(super) fn call(who: &str, call: &Call, status: u16) {
    say(&format!("   {who:<10}  {call} -> {status}"));
    if let Some(body) = &call.body {
        answered(body);
    }
}

/// Something more about the call.
pub(super) fn answered(text: &str) {
    say(&format!("   {:<10}  {text}", ""));
}

/// Why the call was refused.
pub(super) fn refused(reasons: &[&str]) {
    answered(&format!("refused: {}", reasons.join(", ")));
}

/// A sum out of the answers, in the tutorial's way.
pub(super) fn sum(of: &str, left: Amount, operator: &str, right: Amount, result: Amount) {
    say(&format!("   {of}: |{left}| {operator} |{right}| = {result}"));
}

/// The family.
pub(super) fn table(rows: &[Row]) {
    say("");
    say(&format!("   {:<16}{:>12}{:>15}{:>12}", "", "balance", "credit limit", "available"));
    for Row { name, balance, credit_limit, available, status } in rows {
        let cell = |amount: &Option<Amount>| amount.map_or("shared".to_owned(), |it| it.to_string());
        let line = format!(
            "   {name:<16}{:>12}{:>15}{:>12}   {status}",
            cell(balance),
            cell(credit_limit),
            available.to_string()
        );
        say(line.trim_end());
    }
}

/// A number that is not what it must be.
pub(super) fn wrong(sentence: &str) {
    say(&format!("   WRONG: {sentence}"));
}

/// After the last step.
pub(super) fn all_right(count: usize) {
    say("");
    say("");
    say(&format!("All {count} numbers and words in the answers are what they must be."));
}

/// What somebody who wants to look around needs.
pub(super) fn exploring(server: &Server, members: &[Member]) {
    say("");
    say("The server stays up until Ctrl-C; its store goes with it. In another terminal:");
    say("");
    say(&format!("  URL=http://{}", server.address()));
    say(&format!("  OPERATOR='Authorization: Bearer {}'", server.operator_token()));
    for Member { role, api_key, secret } in members {
        let name = variable(*role);
        say(&format!("  {name}={api_key} {name}_SECRET={secret}"));
    }
    say("");
    for (about, line) in LINES {
        say(&format!("  # {about}"));
        say(&format!("  {line}"));
    }
    say("");
    say("  # the journal leads to every balance, held against the live store");
    say(&format!("  tollgate check --store sqlite:{}", server.store().display()));
    say("");
}

const LINES: [(&str, &str); 8] = [
    (
        "the family, in the Vonage dialect",
        r#"curl -sw '\n' -u $PARTNER:$PARTNER_SECRET $URL/accounts/$PARTNER/subaccounts"#,
    ),
    (
        "more credit for end customer 1",
        r#"curl -sw '\n' -u $PARTNER:$PARTNER_SECRET $URL/accounts/$PARTNER/credit-transfers \
    -d '{"from":"'$PARTNER'","to":"'$CUSTOMER1'","amount":5}'"#,
    ),
    (
        "what end customer 2 sees of itself",
        r#"curl -sw '\n' -u $CUSTOMER2:$CUSTOMER2_SECRET $URL/account/get-balance"#,
    ),
    (
        "suspend it; with false, reactivate it",
        r#"curl -sw '\n' -u $PARTNER:$PARTNER_SECRET $URL/accounts/$PARTNER/subaccounts/$CUSTOMER2 \
    -X PATCH -d '{"suspended":true}'"#,
    ),
    (
        "charge a call; try more than there is",
        r#"curl -sw '\n' -H "$OPERATOR" $URL/api/v1/charges -d '{"account":"'$CUSTOMER1'","amount":"1.25"}'"#,
    ),
    (
        "the same under a key: sent twice, it happens once",
        r#"curl -sw '\n' -H "$OPERATOR" $URL/api/v1/charges -H 'Idempotency-Key: call-1' \
    -d '{"account":"'$CUSTOMER1'","amount":"0.10"}'"#,
    ),
    (
        "every movement of the partner's money, newest first",
        r#"curl -sw '\n' -H "$OPERATOR" $URL/api/v1/accounts/$PARTNER/postings"#,
    ),
    ("all accounts, in the native API", r#"curl -sw '\n' -H "$OPERATOR" $URL/api/v1/accounts"#),
];

fn variable(role: Role) -> &'static str {
    match role {
        Role::Partner => "PARTNER",
        Role::First => "CUSTOMER1",
        Role::Second => "CUSTOMER2",
    }
}
