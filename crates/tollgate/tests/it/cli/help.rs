//! What `--help` says, whole. What all commands have in common is compared once.

use insta::assert_snapshot;

use super::tollgate;
use crate::server::run;

/// The help of a command, without what all have in common.
#[track_caller]
fn help(command: &str) -> String {
    let ended = run(&mut tollgate(command.split(' ').chain(["--help"])));
    assert_eq!((ended.code, &*ended.stderr), (Some(0), ""), "{ended:?}");
    let (own, common) = ended.stdout.split_once("\n\nServer and caller:\n").unwrap_or((&ended.stdout, ""));
    assert_eq!(common.lines().next(), COMMON.lines().next(), "{ended:?}");
    own.to_owned()
}

const COMMON: &str =
    "      --api <URL>           The server [env: TOLLGATE_API=] [default: http://127.0.0.1:8080]";

pub(super) const COMMANDS: [&str; 25] = [
    "accounts",
    "accounts list",
    "accounts show",
    "accounts open",
    "accounts suspend",
    "accounts reactivate",
    "accounts close",
    "transfer",
    "transfer balance",
    "transfer credit",
    "payments",
    "payments record",
    "usage",
    "statement",
    "journal",
    "credentials",
    "credentials list",
    "credentials add",
    "credentials rotate",
    "credentials revoke",
    "prices",
    "prices list",
    "prices show",
    "prices put",
    "prices try",
];

#[test]
fn what_they_have_in_common() {
    let ended = run(&mut tollgate(["accounts", "--help"]));
    let common = ended.stdout.split_once("\n\nServer and caller:\n").unwrap().1;
    assert_snapshot!(common, @r#"
          --api <URL>           The server [env: TOLLGATE_API=] [default: http://127.0.0.1:8080]
          --as <WHO>            Who asks: an account, by its api key or auth id, or `operator`; the
                                operator unless said [env: TOLLGATE_ACCOUNT=]
          --secret-file <FILE>  The file with the secret or token of whoever asks; - for standard input
          --ca <FILE>           Trust the authorities in this PEM file for https, in place of the
                                system's [env: TOLLGATE_CA=]
          --patience <SECONDS>  For how long to ask again when the server cannot be reached or is busy;
                                always with the same key, so that a write happens once [default: 5]
          --json                Print the API's answers instead of tables: one JSON document a line, one
                                line for each page of a list

    The secret of an account is taken from --secret-file or TOLLGATE_SECRET, the operator's token from
    --secret-file or TOLLGATE_OPERATOR_TOKEN; on a terminal it is asked for.

    Exit codes:
      0    done
      1    a fault, or a question that was not answered by yes
      2    the command line, or a value in it, is wrong
      3    the server cannot be reached or is too busy: ask again, best with the same --key
      5    refused: money is short, an account is suspended or closed, a cap is reached, and the like
      6    not authenticated, or not allowed
      7    not found
      141  nobody reads the output any more
    "#);
    for command in COMMANDS {
        let other = run(&mut tollgate(command.split(' ').chain(["--help"]))).stdout;
        assert_eq!(other.split_once("\n\nServer and caller:\n").unwrap().1, common, "{command}");
    }
}

#[test]
fn the_whole() {
    assert_snapshot!(run(&mut tollgate(["--help"])).stdout, @r#"
    Subaccounts, credit and a toll gate for any API

    Usage: tollgate <COMMAND>

    Commands:
      serve        Run the server until SIGTERM or SIGINT, then answer what is in flight and stop
      check        Replay the journal of a store, live or not, and prove that every account follows from
                   it
      backup       Copy a store, live or not, to a new file (and its key file beside it)
      copy         Copy a store from a file to a PostgreSQL database, or back, whole and proven
      demo         Play a partner's month on a temporary store, then stay up for exploring
      openapi      Print the OpenAPI 3.1 document of the native API, which a running server shows at
                   /docs
      doctor       Call your own gateway with an account made for it, and prove that it refuses what it
                   must
      accounts     Accounts of a server: list, show, open, suspend, reactivate, close
      transfer     Move balance or credit limit between a primary account and its subaccount
      payments     Record money that the operator received for an account, or paid out
      usage        What an account, or its whole family, has spent
      statement    An account's month: a table, CSV, or a page to print
      journal      An account's postings, newest first
      credentials  The credentials of an account
      prices       Price plans of the operator's API
      help         Print this message or the help of the given subcommand(s)

    Options:
      -h, --help     Print help
      -V, --version  Print version

    Exit codes: 0 done; 1 something was found wrong; 2 the command line is wrong; 3 cannot start (store,
    key file, address, certificate), or cannot reach a server; 4 a sync to disk failed while serving.
    Those who ask a server (accounts, transfer, payments, usage, statement, journal, credentials,
    prices) have more: see their --help.
    "#);
}

#[test]
fn copy() {
    assert_snapshot!(run(&mut tollgate(["copy", "--help"])).stdout, @r#"
    Copy a store from a file to a PostgreSQL database, or back, whole and proven

    Usage: tollgate copy [OPTIONS] --from <STORE> --to <STORE>

    Options:
          --from <STORE>     The store to copy: sqlite:FILE or postgres://USER@HOST/DATABASE [env:
                             TOLLGATE_COPY_FROM]
          --to <STORE>       Where to copy it to: a file that does not exist yet, or a database without
                             a store [env: TOLLGATE_COPY_TO]
          --key-file <FILE>  The file with the key under which the secrets of both are sealed. FILE.key,
                             beside the file that is copied, when not given [env: TOLLGATE_KEY_FILE=]
      -h, --help             Print help

    One of the two is a file, the other a database. Stop every tollgate that serves the first one: it is
    locked while it is copied. At the second one there is nothing before everything is there, checked as
    by tollgate check and compared; so a copy that was broken off is just run again. The key file stays
    the same and is not copied.

    From a file to a database:
      tollgate copy --from sqlite:tollgate.db --to postgres://tollgate@db.example/tollgate
      tollgate serve --store postgres://tollgate@db.example/tollgate --key-file tollgate.db.key

    And back, to a file that does not exist yet:
      tollgate copy --from postgres://tollgate@db.example/tollgate --to sqlite:back.db \
        --key-file tollgate.db.key

    Exit codes: 0 copied; 1 what there is, or what was copied, is not right; 2 the command line is
    wrong; 3 a store or the key file cannot be used, or the copy was broken off.
    "#);
}

#[test]
fn accounts() {
    assert_snapshot!(help("accounts"), @r#"
    Accounts of a server: list, show, open, suspend, reactivate, close

    Usage: tollgate accounts [OPTIONS] <COMMAND>

    Commands:
      list        List the accounts that the caller may see, oldest first
      show        Show an account
      open        Open a primary account, or with --parent a subaccount; its secret and auth token are
                  shown this once
      suspend     Suspend an account: it, and all below it, can neither charge nor hold nor call
      reactivate  Let a suspended account charge, hold and call again
      close       Close an account for good: says what would become of everything, and asks
      help        Print this message or the help of the given subcommand(s)

    Options:
      -h, --help  Print help
    "#);
    assert_snapshot!(help("accounts list"), @r#"
    List the accounts that the caller may see, oldest first

    Usage: tollgate accounts list [OPTIONS]

    Options:
          --parent <ACCOUNT>  Only the subaccounts of this account
          --status <STATUS>   Only those of this state [possible values: active, suspended, closed]
          --name <NAME>       Only those whose name contains this, in capitals or not
          --limit <N>         The most entries to print [default: 50]
          --all               Print all of them
          --cursor <CURSOR>   Go on where another list ended: the `next` of its last page, which --json
                              prints
      -h, --help              Print help
    "#);
    assert_snapshot!(help("accounts show"), @r#"
    Show an account

    Usage: tollgate accounts show [OPTIONS] [ACCOUNT]

    Arguments:
      [ACCOUNT]  The account: its api key, auth id or id; the one that asks unless said

    Options:
      -h, --help  Print help
    "#);
    assert_snapshot!(help("accounts open"), @r#"
    Open a primary account, or with --parent a subaccount; its secret and auth token are shown this once

    Usage: tollgate accounts open [OPTIONS] <NAME>

    Arguments:
      <NAME>  What it is to be called: 1 to 255 characters

    Options:
          --parent <ACCOUNT>       The primary account that it is to be a subaccount of; a primary
                                   account that asks opens its own
          --balance <MODE>         A subaccount's balance: its own, or its primary's [possible values:
                                   own, shared]
          --currency <CURRENCY>    The currency of a primary account and its family, such as USD; EUR
                                   unless said
          --credit-limit <AMOUNT>  How far below zero a primary account's balance may go; 0 unless said
          --day-cap <AMOUNT>       The most that it may spend in a day
          --month-cap <AMOUNT>     The most that it may spend in a month
          --time-zone <ZONE>       Whose days and months those are, such as Europe/Rome; UTC unless said
          --key <KEY>              The key under which it happens once: repeated with the same key and
                                   the same words, it is not done again, and the first answer is
                                   printed. A new one each time unless said
      -h, --help                   Print help
    "#);
    assert_snapshot!(help("accounts suspend"), @r#"
    Suspend an account: it, and all below it, can neither charge nor hold nor call

    Usage: tollgate accounts suspend [OPTIONS] <ACCOUNT>

    Arguments:
      <ACCOUNT>  The account: its api key, auth id or id

    Options:
          --key <KEY>  The key under which it happens once: repeated with the same key and the same
                       words, it is not done again, and the first answer is printed. A new one each time
                       unless said
      -h, --help       Print help
    "#);
    assert_snapshot!(help("accounts reactivate"), @r#"
    Let a suspended account charge, hold and call again

    Usage: tollgate accounts reactivate [OPTIONS] <ACCOUNT>

    Arguments:
      <ACCOUNT>  The account: its api key, auth id or id

    Options:
          --key <KEY>  The key under which it happens once: repeated with the same key and the same
                       words, it is not done again, and the first answer is printed. A new one each time
                       unless said
      -h, --help       Print help
    "#);
    assert_snapshot!(help("accounts close"), @r#"
    Close an account for good: says what would become of everything, and asks

    Usage: tollgate accounts close [OPTIONS] <ACCOUNT>

    Arguments:
      <ACCOUNT>  The account: its api key, auth id or id

    Options:
          --cascade    Delete what it owns, and put its numbers back into the stock, instead of giving
                       all that to its primary
          --dry-run    Only say what the close would do
          --yes        Do not ask
          --key <KEY>  The key under which it happens once: repeated with the same key and the same
                       words, it is not done again, and the first answer is printed. A new one each time
                       unless said
      -h, --help       Print help
    "#);
}

#[test]
fn money() {
    assert_snapshot!(help("transfer"), @r#"
    Move balance or credit limit between a primary account and its subaccount

    Usage: tollgate transfer [OPTIONS] <COMMAND>

    Commands:
      balance  Move balance: at most what the giving account has available
      credit   Move credit limit: at most what the giving account does not use of it
      help     Print this message or the help of the given subcommand(s)

    Options:
      -h, --help  Print help
    "#);
    assert_snapshot!(help("transfer balance"), @r#"
    Move balance: at most what the giving account has available

    Usage: tollgate transfer balance [OPTIONS] <AMOUNT>

    Arguments:
      <AMOUNT>  How much, such as 12.50

    Options:
          --from <ACCOUNT>    The account that gives it; when not said, the primary account of the other
          --to <ACCOUNT>      The account that gets it; when not said, the primary account of the other
          --reference <TEXT>  What you know it by: at most 255 characters
          --key <KEY>         The key under which it happens once: repeated with the same key and the
                              same words, it is not done again, and the first answer is printed. A new
                              one each time unless said
      -h, --help              Print help
    "#);
    assert_snapshot!(help("transfer credit"), @r#"
    Move credit limit: at most what the giving account does not use of it

    Usage: tollgate transfer credit [OPTIONS] <AMOUNT>

    Arguments:
      <AMOUNT>  How much, such as 12.50

    Options:
          --from <ACCOUNT>    The account that gives it; when not said, the primary account of the other
          --to <ACCOUNT>      The account that gets it; when not said, the primary account of the other
          --reference <TEXT>  What you know it by: at most 255 characters
          --key <KEY>         The key under which it happens once: repeated with the same key and the
                              same words, it is not done again, and the first answer is printed. A new
                              one each time unless said
      -h, --help              Print help
    "#);
    assert_snapshot!(help("payments"), @r#"
    Record money that the operator received for an account, or paid out

    Usage: tollgate payments [OPTIONS] <COMMAND>

    Commands:
      record  Record a payment: it is added to the account's balance. For the operator
      help    Print this message or the help of the given subcommand(s)

    Options:
      -h, --help  Print help
    "#);
    assert_snapshot!(help("payments record"), @r#"
    Record a payment: it is added to the account's balance. For the operator

    Usage: tollgate payments record [OPTIONS] <ACCOUNT> <AMOUNT>

    Arguments:
      <ACCOUNT>  The account: its api key, auth id or id
      <AMOUNT>   How much was received, such as 50; negative for what was paid out, at most what is
                 available

    Options:
          --reference <TEXT>  What you know it by, such as the number of an invoice: at most 255
                              characters
          --key <KEY>         The key under which it happens once: repeated with the same key and the
                              same words, it is not done again, and the first answer is printed. A new
                              one each time unless said
      -h, --help              Print help
    "#);
}

#[test]
fn what_was_spent() {
    assert_snapshot!(help("usage"), @r#"
    What an account, or its whole family, has spent

    Usage: tollgate usage [OPTIONS] [ACCOUNT]

    Arguments:
      [ACCOUNT]  The account: its api key, auth id or id; the one that asks unless said

    Options:
          --children          With what its subaccounts have spent
          --by <WHAT>         What is told apart: one or some of them, with commas between [possible
                              values: day, operation, account]
          --from <TIME>       From when on: a day such as 2026-02-28, or a time such as
                              2026-02-28T12:15:00Z; the first of this month unless said
          --to <TIME>         Up to when, itself excluded; now unless said
          --time-zone <ZONE>  Whose days, such as Europe/Rome; UTC unless said
          --limit <N>         The most entries to print [default: 50]
          --all               Print all of them
          --cursor <CURSOR>   Go on where another list ended: the `next` of its last page, which --json
                              prints
      -h, --help              Print help
    "#);
    assert_snapshot!(help("statement"), @r#"
    An account's month: a table, CSV, or a page to print

    Usage: tollgate statement [OPTIONS] [ACCOUNT]

    Arguments:
      [ACCOUNT]  The account: its api key, auth id or id; the one that asks unless said

    Options:
          --month <MONTH>     Which month, such as 2026-02; the current one unless said
          --time-zone <ZONE>  Of which time zone, such as Europe/Rome [default: UTC]
          --csv               Print it for a spreadsheet
          --html              Print it as a page to print or to send
      -h, --help              Print help
    "#);
    assert_snapshot!(help("journal"), @r#"
    An account's postings, newest first

    Usage: tollgate journal [OPTIONS] [ACCOUNT]

    Arguments:
      [ACCOUNT]  The account: its api key, auth id or id; the one that asks unless said

    Options:
          --kind <KIND>            Only postings that record this [possible values: close, payment,
                                   balance_transfer, credit_transfer, charge, reversal, hold, settle,
                                   release, expiry, open, change, number_rented]
          --operation <OPERATION>  Only those of this operation
          --reference <TEXT>       Only those with exactly this reference
          --from <TIME>            Only those from then on: a time such as 2026-02-28T12:15:00Z, or the
                                   beginning of a day in UTC, such as 2026-02-28
          --to <TIME>              Only those before it
          --follow                 The last ones oldest first, and then each as it comes, until it is
                                   stopped
          --limit <N>              The most entries to print [default: 50]
          --all                    Print all of them
          --cursor <CURSOR>        Go on where another list ended: the `next` of its last page, which
                                   --json prints
      -h, --help                   Print help
    "#);
}

#[test]
fn credentials_and_prices() {
    assert_snapshot!(help("credentials"), @r#"
    The credentials of an account

    Usage: tollgate credentials [OPTIONS] <COMMAND>

    Commands:
      list    List those that live, oldest first, without their texts
      add     Add one beside the others, perhaps one that may do less; it is shown this once
      rotate  Make a new secret or token, and have the others of its kind end after the overlap; it is
              shown this once
      revoke  Revoke one: nobody gets in with it any more
      help    Print this message or the help of the given subcommand(s)

    Options:
      -h, --help  Print help
    "#);
    assert_snapshot!(help("credentials list"), @r#"
    List those that live, oldest first, without their texts

    Usage: tollgate credentials list [OPTIONS] [ACCOUNT]

    Arguments:
      [ACCOUNT]  The account: its api key, auth id or id; the one that asks unless said

    Options:
      -h, --help  Print help
    "#);
    assert_snapshot!(help("credentials add"), @r#"
    Add one beside the others, perhaps one that may do less; it is shown this once

    Usage: tollgate credentials add [OPTIONS] [ACCOUNT]

    Arguments:
      [ACCOUNT]  The account: its api key, auth id or id; the one that asks unless said

    Options:
          --kind <KIND>          An api secret, or an auth token of the Plivo dialect [default: secret]
                                 [possible values: secret, token]
          --read-only            It only reads
          --amount-max <AMOUNT>  The most that it moves at once, such as 50; 0 for nothing
          --only <ACCOUNT>       The only account that it sees and touches; may be repeated, and its own
                                 is among them only if it is named
          --key <KEY>            The key under which it happens once: repeated with the same key and the
                                 same words, it is not done again, and the first answer is printed. A
                                 new one each time unless said
      -h, --help                 Print help
    "#);
    assert_snapshot!(help("credentials revoke"), @r#"
    Revoke one: nobody gets in with it any more

    Usage: tollgate credentials revoke [OPTIONS] <CREDENTIAL> [ACCOUNT]

    Arguments:
      <CREDENTIAL>  Which: its id, as the list has it
      [ACCOUNT]     The account: its api key, auth id or id; the one that asks unless said

    Options:
          --key <KEY>  The key under which it happens once: repeated with the same key and the same
                       words, it is not done again, and the first answer is printed. A new one each time
                       unless said
      -h, --help       Print help
    "#);
    assert_snapshot!(help("credentials rotate"), @r#"
    Make a new secret or token, and have the others of its kind end after the overlap; it is shown this
    once

    Usage: tollgate credentials rotate [OPTIONS] [ACCOUNT]

    Arguments:
      [ACCOUNT]  The account: its api key, auth id or id; the one that asks unless said

    Options:
          --kind <KIND>        An api secret, or an auth token of the Plivo dialect [default: secret]
                               [possible values: secret, token]
          --overlap <SECONDS>  For how long the others live on, at most 2592000, which are 30 days; 0
                               ends them at once [default: 86400]
          --key <KEY>          The key under which it happens once: repeated with the same key and the
                               same words, it is not done again, and the first answer is printed. A new
                               one each time unless said
      -h, --help               Print help
    "#);
    assert_snapshot!(help("prices"), @r#"
    Price plans of the operator's API

    Usage: tollgate prices [OPTIONS] <COMMAND>

    Commands:
      list  List the newest version of each price plan, in order of their names
      show  Show a price plan: what calls cost
      put   Put a price plan, or a new version of one
      try   Say what calls would come to by a plan, or would by one that is not put yet
      help  Print this message or the help of the given subcommand(s)

    Options:
      -h, --help  Print help
    "#);
    assert_snapshot!(help("prices list"), @r#"
    List the newest version of each price plan, in order of their names

    Usage: tollgate prices list [OPTIONS]

    Options:
          --currency <CURRENCY>  Only those of this currency, such as USD
          --limit <N>            The most entries to print [default: 50]
          --all                  Print all of them
          --cursor <CURSOR>      Go on where another list ended: the `next` of its last page, which
                                 --json prints
      -h, --help                 Print help
    "#);
    assert_snapshot!(help("prices show"), @r#"
    Show a price plan: what calls cost

    Usage: tollgate prices show [OPTIONS] <NAME>

    Arguments:
      <NAME>  The plan's name

    Options:
          --version <N>  Which version; the one in force unless said
      -h, --help         Print help
    "#);
    assert_snapshot!(help("prices put"), @r#"
    Put a price plan, or a new version of one

    Usage: tollgate prices put [OPTIONS] <NAME> <FILE>

    Arguments:
      <NAME>  The plan's name: lower-case letters, digits, `.`, `-` and `_`
      <FILE>  The plan: a JSON object with `currency`, `rules` and perhaps `default`, as PUT
              /api/v1/price-plans/{name} takes it; - for standard input

    Options:
          --key <KEY>  The key under which it happens once: repeated with the same key and the same
                       words, it is not done again, and the first answer is printed. A new one each time
                       unless said
      -h, --help       Print help
    "#);
    assert_snapshot!(help("prices try"), @r#"
    Say what calls would come to by a plan, or would by one that is not put yet

    Usage: tollgate prices try [OPTIONS] <NAME> [METHOD] [PATH]

    Arguments:
      <NAME>    The plan's name
      [METHOD]  The call's method, such as POST
      [PATH]    The call's path, with a query or without

    Options:
          --operation <OPERATION>  What the call is, where the gate would name that
          --calls <FILE>           Try the calls in this file instead: a line each, METHOD PATH and
                                   perhaps OPERATION; - for standard input
          --plan <FILE>            Try this plan, a file as for `put`, in place of the one in force
      -h, --help                   Print help
    "#);
}

/// No flag takes a secret: everybody on the machine sees a command line.
#[test]
fn no_flag_takes_a_secret() {
    for command in ["accounts list", "payments record", "usage"] {
        for flag in ["--secret", "--token", "--operator-token", "--password"] {
            let ended = run(&mut tollgate(command.split(' ').chain([flag, "x"])));
            assert_eq!(ended.code, Some(super::USAGE), "{command} {flag}: {ended:?}");
        }
    }
}
