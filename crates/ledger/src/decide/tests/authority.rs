//! Who may see what, asked of `authority` as the shell asks it for reads, and what `may_call` makes of odd callers.

use super::scenarios;
use super::story::{Named, Story, check};
use super::words::Words;
use crate::account::TokenScope;
use crate::authority::{may_call, may_charge, may_manage_as, may_see, may_see_money, may_see_side};
use crate::command::Actor;
use crate::journal::{Line, Side};
use crate::refusal::Refusal;

scenarios! {
    a_refusal_shows_the_payers_figure_to_operator_server_and_gates: "
        operator  open p limit 10            -> ok
        p         open s under p shared      -> ok
        gate      charge s 11                 ! InsufficientFunds available 10 needed 11
        operator  charge s 11                 ! InsufficientFunds available 10 needed 11
        server    hold s 11                   ! InsufficientFunds available 10 needed 11
    ";
}

fn family() -> Story {
    check(
        "
        operator  open p                   -> ok
        operator  open q                   -> ok
        p         open own under p         -> ok
        p         open shared under p      -> ok
        p         open gone under p        -> ok
        p         close gone               -> ok
        p         open stopped under p     -> ok
        p         change stopped suspended -> ok
        ",
    )
}

/// Each line: an account and who may, of all who could ask.
fn check_who(table: &str, may: impl Fn(&Story, Actor, &str) -> bool) {
    let story = family();
    for line in table.lines().map(str::trim).filter(|it| !it.is_empty()) {
        let (account, expected) = line.split_once(':').expect("an account and who may");
        let everybody =
            ["operator", "server", "gate", "billing", "p", "q", "own", "shared", "gone", "stopped"];
        let who: Vec<_> = everybody
            .into_iter()
            .filter(|it| may(&story, story.actor(&mut Words::new(line, it)), account))
            .collect();
        assert_eq!(who.join(" "), expected.trim(), "{line}");
    }
}

#[test]
fn an_account_is_seen_by_operator_itself_and_its_primary_and_a_closed_one_not_by_itself() {
    check_who(
        "
        p: operator server p
        q: operator server q
        own: operator server p own
        shared: operator server p shared
        stopped: operator server p stopped
        gone: operator server p
        ",
        |story, by, account| may_see(&by, story.account(account)),
    );
}

#[test]
fn a_payers_figures_are_seen_by_operator_gates_and_the_payers_own_side() {
    check_who(
        "
        p: operator server gate billing p
        own: operator server gate billing p own
        ",
        |story, by, payer| may_see_money(&by, story.account(payer)),
    );
}

#[test]
fn what_a_side_of_a_line_stood_at_is_seen_by_operator_gates_itself_and_its_primary() {
    let story = check(
        "
        operator  open p limit 10               -> ok
        p         open s under p                -> ok
        p         open t under p shared         -> ok
        gate      charge t 1                    -> ok
        p         transfer balance 1 p > s      -> ok
        operator  open q                        -> ok
        q         open u under q                -> ok
        ",
    );
    let [.., charge, transfer, _, _] = story.journal.as_slice() else { panic!("too short") };
    let sees = |by: &str, line: &Line, side: Option<Side>| {
        may_see_side(&story.actor(&mut Words::new(by, by)), line, &side.expect("a side"))
    };
    for by in ["operator", "server", "gate", "billing", "p"] {
        assert!(sees(by, charge, charge.account) && sees(by, transfer, transfer.counter), "{by}");
    }
    assert!(sees("s", transfer, transfer.counter) && !sees("s", transfer, transfer.account));
    for by in ["t", "q", "u"] {
        assert!(!sees(by, charge, charge.account) && !sees(by, transfer, transfer.counter), "{by}");
    }
}

#[test]
fn a_family_is_managed_by_its_primary_and_the_operator() {
    check_who(
        "
        p: operator server gate billing p
        own:
        gone:
        ",
        |story, by, account| may_manage_as(&by, story.account(account)).is_ok(),
    );
    let story = family();
    let refusal = |by: &str, account: &str| {
        let account = story.account(account);
        let by = story.actor(&mut Words::new(by, by));
        (may_manage_as(&by, account).unwrap_err(), account.id)
    };
    assert!(matches!(refusal("own", "own"), (Refusal::NotPrimary(named), id) if named == id));
    assert!(matches!(refusal("operator", "own"), (Refusal::NotPrimary(named), id) if named == id));
    assert!(matches!(refusal("q", "own"), (Refusal::AccountNotFound(named), id) if named == id));
    assert!(matches!(refusal("operator", "gone"), (Refusal::AccountNotFound(named), id) if named == id));
}

#[test]
fn only_live_callers_may_call() {
    check_who("p: operator server gate billing p q own shared", |story, by, _| {
        may_call(&story.book, &by, story.now).is_ok()
    });
}

#[test]
fn a_token_is_taken_for_what_it_is_and_not_for_what_the_caller_says() {
    let story = family();
    let Some(Named::Token(Actor::Gate(gate))) = story.named("gate") else { panic!("no gate") };
    let Some(Named::Token(Actor::Operator(operator))) = story.named("operator") else {
        panic!("no operator")
    };
    assert_eq!(story.book.token(operator).unwrap().scope, TokenScope::Operator);
    for by in [Actor::Operator(gate), Actor::Gate(operator)] {
        assert_eq!(may_call(&story.book, &by, story.now), Err(Refusal::CredentialRevoked));
    }
    assert_eq!(may_charge(&story.book, &Actor::Gate(operator), true), Err(Refusal::Forbidden));
}
