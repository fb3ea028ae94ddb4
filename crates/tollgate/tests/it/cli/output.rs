//! What people see: the partner's month from the first account to the last, as the operator and the partner see it.

use insta::assert_snapshot;
use serde_json::json;

use super::Desk;

/// A charge by whoever lets calls through.
async fn charge(desk: &Desk, account: &str, amount: &str, operation: &str, units: Option<u32>) {
    let body = json!({ "account": account, "amount": amount, "operation": operation, "units": units });
    desk.api.post("/api/v1/charges", body).await.expect(201);
}

#[tokio::test]
async fn accounts_are_opened_listed_and_shown() {
    let desk = Desk::new().await;
    let key = desk.partner.key.as_str();
    assert_snapshot!(desk.prints(["accounts", "list"]), @r#"
    API KEY   KIND     STATUS  BALANCE  CREDIT LIMIT  HELD  AVAILABLE  CUR  NAME
    aaaaaaaa  primary  active     0.00        100.00  0.00     100.00  EUR  Partner
    bbbbbbbb  own      active     0.00          0.00  0.00       0.00  EUR  Ann
    cccccccc  shared   active     -             -     -        100.00  EUR  株式会社
    "#);
    assert_snapshot!(desk.prints(["accounts", "show", key]), @r#"
    Partner
      api key       aaaaaaaa
      auth id       AUTH-ID-AUTH-ID-AUTH
      id            00000000-0000-0000-0000-000000000000
      status        active
      kind          primary account
      balance         0.00 EUR
      credit limit  100.00 EUR
      held            0.00 EUR
      available     100.00 EUR
      price plan    the default
      opened        yyyy-mm-dd hh:mm:ssZ
      changed       never
    "#);
    let caps = ["--day-cap", "10", "--month-cap", "100.5", "--time-zone", "Europe/Rome"];
    let open = ["accounts", "open", "Capped & <shown>", "--parent", key, "--balance", "shared"];
    let opened = desk.run(open.into_iter().chain(caps));
    let new_key = opened.stdout.lines().nth(1).unwrap().trim_start_matches("  api key").trim().to_owned();
    assert_snapshot!(desk.plain(&opened).replace(&new_key, "dddddddd"), @r#"
    Capped & <shown>
      api key       dddddddd
      auth id       AUTH-ID-AUTH-ID-AUTH
      id            00000000-0000-0000-0000-000000000000
      parent        00000000-0000-0000-0000-000000000000
      status        active
      kind          subaccount that shares its primary's balance
      balance         -
      credit limit    -
      held            -
      available     100.00 EUR
      day cap       10.00 EUR, 0.00 of it spent, until yyyy-mm-dd hh:mm:ssZ
      month cap     100.50 EUR, 0.00 of it spent, until yyyy-mm-dd hh:mm:ssZ
      caps          0.00 EUR held beside that, days of Europe/Rome
      opened        yyyy-mm-dd hh:mm:ssZ
      changed       never

    Shown this once; keep them:
      api secret  SECRET-SECRET-SECRET-SECR
      auth token  TOKEN-TOKEN-TOKEN-TOKEN-TOKEN-TOKEN-TOKE
    "#);
    let primary = desk.run(["accounts", "open", "Other", "--currency", "USD", "--credit-limit", "0.125"]);
    let new_key = primary.stdout.lines().nth(1).unwrap().trim_start_matches("  api key").trim().to_owned();
    assert_snapshot!(desk.plain(&primary).replace(&new_key, "eeeeeeee"), @r#"
    Other
      api key       eeeeeeee
      auth id       AUTH-ID-AUTH-ID-AUTH
      id            00000000-0000-0000-0000-000000000000
      status        active
      kind          primary account
      balance       0.00  USD
      credit limit  0.125 USD
      held          0.00  USD
      available     0.125 USD
      price plan    the default
      opened        yyyy-mm-dd hh:mm:ssZ
      changed       never

    Shown this once; keep them:
      api secret  SECRET-SECRET-SECRET-SECR
      auth token  TOKEN-TOKEN-TOKEN-TOKEN-TOKEN-TOKEN-TOKE
    "#);
    // What the partner sees, and what a customer does.
    let list = desk.run_as(&desk.partner, ["accounts", "list", "--name", "Ann"]);
    assert_snapshot!(desk.plain(&list), @r#"
    API KEY   KIND  STATUS  BALANCE  CREDIT LIMIT  HELD  AVAILABLE  CUR  NAME
    bbbbbbbb  own   active     0.00          0.00  0.00       0.00  EUR  Ann
    "#);
    let own = desk.run_as(&desk.ann, ["accounts", "show"]);
    assert_eq!(own.stdout, desk.run(["accounts", "show", &desk.ann.key]).stdout);
    let list = desk.run_as(&desk.shared, ["accounts", "list"]);
    assert_snapshot!(desk.plain(&list), @r#"
    API KEY   KIND    STATUS  BALANCE  CREDIT LIMIT  HELD  AVAILABLE  CUR  NAME
    cccccccc  shared  active        -             -     -          -  EUR  株式会社
    "#);
    assert_snapshot!(desk.prints(["accounts", "list", "--status", "suspended"]), @"[no accounts]");
}

#[tokio::test]
async fn a_month_is_moved_spent_and_settled() {
    let desk = Desk::new().await;
    let (partner, ann, shared) = (&*desk.partner.key, &*desk.ann.key, &*desk.shared.key);
    let paid = desk.prints(["payments", "record", partner, "50", "--reference", "bank transfer"]);
    assert_snapshot!(paid, @r#"
    50.00 EUR booked for Partner (aaaaaaaa), payment 00000000-0000-0000-0000-000000000000; after it:
      balance        50.00 EUR
      credit limit  100.00 EUR
      held            0.00 EUR
      available     150.00 EUR
    "#);
    assert_snapshot!(desk.prints(["payments", "record", partner, "-0.0075"]), @r#"
    -0.0075 EUR booked for Partner (aaaaaaaa), payment 00000000-0000-0000-0000-000000000000; after it:
      balance        49.9925 EUR
      credit limit  100.00   EUR
      held            0.00   EUR
      available     149.9925 EUR
    "#);
    // By the partner, who need not name itself; and back.
    let given =
        desk.run_as(&desk.partner, ["transfer", "balance", "10", "--to", ann, "--reference", "first"]);
    assert_snapshot!(desk.plain(&given), @r#"
    10.00 EUR of balance from Partner (aaaaaaaa) to Ann (bbbbbbbb), transfer 00000000-0000-0000-0000-000000000000; after it:
    API KEY   BALANCE  CREDIT LIMIT  HELD  AVAILABLE  CUR  NAME
    aaaaaaaa  39.9925        100.00  0.00   139.9925  EUR  Partner
    bbbbbbbb  10.00            0.00  0.00    10.00    EUR  Ann
    "#);
    let credit = desk.prints(["transfer", "credit", "20", "--from", partner, "--to", ann]);
    assert_snapshot!(credit, @r#"
    20.00 EUR of credit limit from Partner (aaaaaaaa) to Ann (bbbbbbbb), transfer 00000000-0000-0000-0000-000000000000; after it:
    API KEY   BALANCE  CREDIT LIMIT  HELD  AVAILABLE  CUR  NAME
    aaaaaaaa  39.9925         80.00  0.00   119.9925  EUR  Partner
    bbbbbbbb  10.00           20.00  0.00    30.00    EUR  Ann
    "#);
    assert_snapshot!(desk.prints(["transfer", "balance", "1.5", "--from", ann]), @r#"
    1.50 EUR of balance from Ann (bbbbbbbb) to Partner (aaaaaaaa), transfer 00000000-0000-0000-0000-000000000000; after it:
    API KEY   BALANCE  CREDIT LIMIT  HELD  AVAILABLE  CUR  NAME
    bbbbbbbb   8.50           20.00  0.00    28.50    EUR  Ann
    aaaaaaaa  41.4925         80.00  0.00   121.4925  EUR  Partner
    "#);

    for (account, amount, operation, units) in [
        (ann, "0.0075", "sms.send", Some(3)),
        (shared, "2", "call.minute", None),
        (ann, "12.50", "look.up", Some(100)),
        (partner, "1", "sms.send", Some(1)),
    ] {
        charge(&desk, account, amount, operation, units).await;
    }
    let by = ["--from", "2020-01-01", "--by", "operation,account"];
    let usage = desk.run_as(&desk.partner, ["usage", "--children"].into_iter().chain(by));
    assert_snapshot!(desk.plain(&usage), @r#"
    Partner (aaaaaaaa) and its subaccounts, from yyyy-mm-dd hh:mm:ssZ to yyyy-mm-dd hh:mm:ssZ, days of UTC
    API KEY   OPERATION    CHARGES  CHARGED  REVERSALS  REVERSED    SPENT  CUR  UNITS  NAME
    aaaaaaaa  sms.send           1   1.00            0      0.00   1.00    EUR      1  Partner
    bbbbbbbb  look.up            1  12.50            0      0.00  12.50    EUR    100  Ann
    bbbbbbbb  sms.send           1   0.0075          0      0.00   0.0075  EUR      3  Ann
    cccccccc  call.minute        1   2.00            0      0.00   2.00    EUR         株式会社
    total                        4  15.5075          0      0.00  15.5075  EUR    104
    "#);
    assert_snapshot!(desk.prints(["usage", ann]), @r#"
    Ann (bbbbbbbb), from yyyy-mm-dd hh:mm:ssZ to yyyy-mm-dd hh:mm:ssZ, days of UTC
    CHARGES  CHARGED  REVERSALS  REVERSED    SPENT  CUR  UNITS
          2  12.5075          0      0.00  12.5075  EUR    103
    "#);
    assert_snapshot!(desk.prints(["statement", partner]), @r#"
    Partner (aaaaaaaa): yyyy-mm, UTC, up to yyyy-mm-dd hh:mm:ssZ
    API KEY   LINE                     OPERATION    COUNT    AMOUNT  CUR  UNITS  NAME
    aaaaaaaa  opening balance                                0.00    EUR
    aaaaaaaa  payments received                         1   50.00    EUR
    aaaaaaaa  payments paid out                         1   -0.0075  EUR
    aaaaaaaa  transfers received                        1    1.50    EUR
    aaaaaaaa  transfers sent                            1  -10.00    EUR
    aaaaaaaa  charges                  call.minute      1   -2.00    EUR
    aaaaaaaa  charges                  sms.send         1   -1.00    EUR      1
    aaaaaaaa  closing balance                               38.4925  EUR
    bbbbbbbb  opening balance                                0.00    EUR         Ann
    bbbbbbbb  transfers received                        1   10.00    EUR
    bbbbbbbb  transfers sent                            1   -1.50    EUR
    bbbbbbbb  charges                                   2  -12.5075  EUR    103
    bbbbbbbb  closing balance                               -4.0075  EUR
    cccccccc  charges paid by primary                   1   -2.00    EUR         株式会社
    aaaaaaaa  owed                                           0.00    EUR
    "#);
    let statement = desk.run_as(&desk.shared, ["statement", "--time-zone", "Asia/Tokyo"]);
    assert_snapshot!(desk.plain(&statement), @r#"
    株式会社 (cccccccc): yyyy-mm, Asia/Tokyo, up to yyyy-mm-dd hh:mm:ssZ
    API KEY   LINE                     OPERATION    COUNT  AMOUNT  CUR  UNITS  NAME
    cccccccc  charges paid by primary  call.minute      1   -2.00  EUR
    "#);
    assert_snapshot!(desk.prints(["statement", ann, "--csv"]), @r#"
    month,time_zone,until,account,api_key,name,line,operation,count,amount,currency,units
    yyyy-mm,UTC,yyyy-mm-ddThh:mm:ss.mmmZ,00000000-0000-0000-0000-000000000000,bbbbbbbb,Ann,opening_balance,,,0.00,EUR,
    yyyy-mm,UTC,yyyy-mm-ddThh:mm:ss.mmmZ,00000000-0000-0000-0000-000000000000,bbbbbbbb,Ann,transfers_received,,1,10.00,EUR,
    yyyy-mm,UTC,yyyy-mm-ddThh:mm:ss.mmmZ,00000000-0000-0000-0000-000000000000,bbbbbbbb,Ann,transfers_sent,,1,-1.50,EUR,
    yyyy-mm,UTC,yyyy-mm-ddThh:mm:ss.mmmZ,00000000-0000-0000-0000-000000000000,bbbbbbbb,Ann,charges,look.up,1,-12.50,EUR,100
    yyyy-mm,UTC,yyyy-mm-ddThh:mm:ss.mmmZ,00000000-0000-0000-0000-000000000000,bbbbbbbb,Ann,charges,sms.send,1,-0.0075,EUR,3
    yyyy-mm,UTC,yyyy-mm-ddThh:mm:ss.mmmZ,00000000-0000-0000-0000-000000000000,bbbbbbbb,Ann,closing_balance,,,-4.0075,EUR,
    yyyy-mm,UTC,yyyy-mm-ddThh:mm:ss.mmmZ,00000000-0000-0000-0000-000000000000,bbbbbbbb,Ann,owed,,,4.0075,EUR,
    "#);
    let page = desk.prints(["statement", ann, "--html"]);
    assert!(page.starts_with("<!doctype html>") && page.contains("Closing balance"), "{page}");

    assert_snapshot!(desk.prints(["journal", partner]), @r#"
    TIME                  KIND                CHANGE  CREDIT  HELD  BALANCE  AVAILABLE  CUR  ACCOUNT        OPERATION    REFERENCE
    yyyy-mm-dd hh:mm:ssZ  charge             -1.00                  38.4925   118.4925  EUR                 sms.send
    yyyy-mm-dd hh:mm:ssZ  charge             -2.00                  39.4925   119.4925  EUR  for cccccccc   call.minute
    yyyy-mm-dd hh:mm:ssZ  balance_transfer    1.50                  41.4925   121.4925  EUR  from bbbbbbbb
    yyyy-mm-dd hh:mm:ssZ  credit_transfer             -20.00        39.9925   119.9925  EUR  to bbbbbbbb
    yyyy-mm-dd hh:mm:ssZ  balance_transfer  -10.00                  39.9925   139.9925  EUR  to bbbbbbbb                 first
    yyyy-mm-dd hh:mm:ssZ  payment            -0.0075                49.9925   149.9925  EUR
    yyyy-mm-dd hh:mm:ssZ  payment            50.00                  50.00     150.00    EUR                              bank transfer
    yyyy-mm-dd hh:mm:ssZ  open                        100.00         0.00     100.00    EUR
    "#);
    let journal = desk.run_as(&desk.ann, ["journal", "--kind", "charge", "--operation", "sms.send"]);
    assert_snapshot!(desk.plain(&journal), @r#"
    TIME                  KIND     CHANGE  CREDIT  HELD  BALANCE  AVAILABLE  CUR  ACCOUNT  OPERATION  REFERENCE
    yyyy-mm-dd hh:mm:ssZ  charge  -0.0075                 8.4925    28.4925  EUR           sms.send
    "#);
    assert_snapshot!(desk.prints(["journal", ann, "--to", "2020-01-01"]), @"[no postings]");
    assert_snapshot!(desk.prints(["journal", ann, "--reference", "first", "--from", "2020-01-01T00:00:00+01:00"]), @r#"
    TIME                  KIND              CHANGE  CREDIT  HELD  BALANCE  AVAILABLE  CUR  ACCOUNT        OPERATION  REFERENCE
    yyyy-mm-dd hh:mm:ssZ  balance_transfer   10.00                  10.00      10.00  EUR  from aaaaaaaa             first
    "#);
}

#[tokio::test]
async fn accounts_are_suspended_reactivated_and_closed() {
    let desk = Desk::new().await;
    let (partner, ann) = (&*desk.partner.key, &*desk.ann.key);
    desk.prints(["payments", "record", partner, "12.5"]);
    desk.prints(["transfer", "balance", "12.5", "--to", ann]);
    let hold = json!({ "account": ann, "amount": "2.25", "expires_in": 3600, "operation": "chat" });
    desk.api.post("/api/v1/holds", hold).await.expect(201);
    assert_snapshot!(desk.prints(["accounts", "suspend", ann]), @"Ann (bbbbbbbb) is suspended.");
    assert_snapshot!(desk.prints(["accounts", "list", "--status", "suspended"]), @r#"
    API KEY   KIND  STATUS     BALANCE  CREDIT LIMIT  HELD  AVAILABLE  CUR  NAME
    bbbbbbbb  own   suspended    12.50          0.00  2.25      10.25  EUR  Ann
    "#);
    assert_snapshot!(desk.prints(["accounts", "reactivate", ann]), @"Ann (bbbbbbbb) is active.");
    assert_snapshot!(desk.prints(["accounts", "close", ann, "--dry-run"]), @r#"
    Ann (bbbbbbbb) would be closed for good, and its credentials are dead:
      balance       12.50 EUR to Partner (aaaaaaaa)
      credit limit  0.00 EUR to Partner (aaaaaaaa)
      open holds    1 released, 2.25 EUR together
      numbers       none
      applications  none
      endpoints     none
    "#);
    let closed = desk.run_as(&desk.partner, ["accounts", "close", ann, "--yes", "--cascade"]);
    assert_snapshot!(desk.plain(&closed), @r#"
    Ann (bbbbbbbb) is closed for good, and its credentials are dead:
      balance       12.50 EUR to Partner (aaaaaaaa)
      credit limit  0.00 EUR to Partner (aaaaaaaa)
      open holds    1 released, 2.25 EUR together
      numbers       none
      applications  none
      endpoints     none
    "#);
    let list = desk.run_as(&desk.partner, ["accounts", "list"]);
    assert_snapshot!(desk.plain(&list), @r#"
    API KEY   KIND     STATUS  BALANCE  CREDIT LIMIT  HELD  AVAILABLE  CUR  NAME
    aaaaaaaa  primary  active    12.50        100.00  0.00     112.50  EUR  Partner
    bbbbbbbb  own      closed     0.00          0.00  0.00       -     EUR  Ann
    cccccccc  shared   active     -             -     -        112.50  EUR  株式会社
    "#);
}

#[tokio::test]
async fn credentials_are_rotated() {
    let desk = Desk::new().await;
    let rotated = desk.run_as(&desk.ann, ["credentials", "rotate", "--overlap", "0"]);
    assert_snapshot!(desk.plain(&rotated), @r#"
    A new api secret of bbbbbbbb, shown this once; keep it:
      api secret  SECRET-SECRET-SECRET-SECR
      id          00000000-0000-0000-0000-000000000000
    The others have ended.
    "#);
    assert_eq!(desk.run_as(&desk.ann, ["usage"]).code, Some(super::NOT_ALLOWED));
    let line = rotated.stdout.lines().find_map(|it| it.trim().strip_prefix("api secret")).unwrap().trim();
    let ann = super::Member { secret: line.to_owned(), ..desk.ann.clone() };
    assert_eq!(desk.run_as(&ann, ["usage"]).code, Some(0));
    assert_snapshot!(desk.prints(["credentials", "rotate", &desk.ann.key, "--kind", "token"]), @r#"
    A new auth token of bbbbbbbb, shown this once; keep it:
      auth token  TOKEN-TOKEN-TOKEN-TOKEN-TOKEN-TOKEN-TOKE
      id          00000000-0000-0000-0000-000000000000
    The others end in 86400 seconds, if they had no end before.
    "#);
}

#[tokio::test]
async fn credentials_are_listed_added_and_revoked() {
    let desk = Desk::new().await;
    let (partner, ann) = (&*desk.partner.key, &*desk.ann.key);
    let most = ["--read-only", "--amount-max", "12.5", "--only", ann];
    let added = desk.run(["credentials", "add", ann].into_iter().chain(most));
    assert_snapshot!(desk.plain(&added), @r#"
    A new api secret of bbbbbbbb, shown this once; keep it:
      api secret  SECRET-SECRET-SECRET-SECR
      id          00000000-0000-0000-0000-000000000000
    It only reads, moves 12.50 at once, for 1 account.
    "#);
    let secret = added.stdout.lines().find_map(|it| it.trim().strip_prefix("api secret")).unwrap().trim();
    let reader = super::Member { secret: secret.to_owned(), ..desk.ann.clone() };
    assert_eq!(desk.run_as(&reader, ["accounts", "show"]).code, Some(0));
    assert_snapshot!(desk.prints(["credentials", "add", ann, "--kind", "token"]), @r#"
    A new auth token of bbbbbbbb, shown this once; keep it:
      auth token  TOKEN-TOKEN-TOKEN-TOKEN-TOKEN-TOKEN-TOKE
      id          00000000-0000-0000-0000-000000000000
    The others stay as they are.
    "#);
    assert_snapshot!(desk.prints(["credentials", "list", ann]), @r#"
    ID                                    KIND    MADE                  LAST USED             ENDS  AT MOST
    00000000-0000-0000-0000-000000000000  secret  yyyy-mm-dd hh:mm:ssZ  never                 -
    00000000-0000-0000-0000-000000000000  token   yyyy-mm-dd hh:mm:ssZ  never                 -
    00000000-0000-0000-0000-000000000000  secret  yyyy-mm-dd hh:mm:ssZ  yyyy-mm-dd hh:mm:ssZ  -     only reads, moves 12.50 at once, for 1 account
    00000000-0000-0000-0000-000000000000  token   yyyy-mm-dd hh:mm:ssZ  never                 -
    "#);
    let listed = desk.run(["credentials", "list", ann, "--json"]);
    let listed: serde_json::Value = serde_json::from_str(&listed.stdout).unwrap();
    let id = listed["credentials"][2]["id"].as_str().unwrap();
    assert_snapshot!(desk.plain(&desk.run_as(&desk.partner, ["credentials", "revoke", id, ann])), @"The secret 00000000-0000-0000-0000-000000000000 of bbbbbbbb is revoked: nobody gets in with it any more.");
    assert_eq!(desk.run_as(&reader, ["accounts", "show"]).code, Some(super::NOT_ALLOWED));
    // Each ends as its class says.
    for (args, code) in [
        (vec!["credentials", "revoke", id, ann], super::NOT_FOUND),
        (vec!["credentials", "revoke", id, partner], super::NOT_FOUND),
        (vec!["credentials", "revoke", "x/../..", ann], super::NOT_FOUND),
        (vec!["credentials", "list", "nobody"], super::NOT_FOUND),
        (vec!["credentials", "add", ann, "--kind", "token"], super::REFUSED),
        (vec!["credentials", "add", ann, "--amount-max", "1,5"], super::USAGE),
        (vec!["credentials", "list"], super::USAGE),
    ] {
        assert_eq!(desk.run(args.clone()).code, Some(code), "{args:?}");
    }
}

#[tokio::test]
async fn prices_are_put_and_tried() {
    let desk = Desk::new().await;
    let dir = desk.store.dir();
    let file = |name: &str, text: &str| {
        let path = dir.join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let plan = file(
        "plan.json",
        r#"{ "currency": "EUR", "default": true, "rules": [
            { "method": "POST", "path": "/v1/messages", "operation": "sms.send", "mode": "charge", "unit_price": "0.0075" },
            { "path": "/v1/chat/**", "operation": "chat.tokens", "mode": "hold", "reserve": "0.50", "expires_in": 60 },
            { "path": "/v1/account", "operation": "account.read", "mode": "free" },
            { "path": "/admin/**", "operation": "admin", "mode": "deny" } ] }"#,
    );
    assert_snapshot!(desk.prints(["prices", "put", "standard", &plan]), @r#"
    standard version 1, EUR, the default of its currency:
    RULE  MODE                 PRICE  CUR  UNITS  METHOD  PATH          OPERATION
       1  charge              0.0075  EUR      1  POST    /v1/messages  sms.send
       2  hold 60 s, release  0.50    EUR         *       /v1/chat/**   chat.tokens
       3  free                                    *       /v1/account   account.read
       4  deny                                    *       /admin/**     admin
    "#);
    assert_snapshot!(desk.prints(["prices", "try", "standard", "POST", "/v1/messages?to=49"]), @r#"
    OUTCOME  AMOUNT  RULE  OPERATION  METHOD  PATH
    charge   0.0075     1  sms.send   POST    /v1/messages?to=49
    "#);
    let calls = file(
        "calls.txt",
        "# method path operation\nPOST /v1/chat/a\n\nGET /v1/account account.read\nGET /admin/x\nGET /v2\nGET /a//b\n",
    );
    assert_snapshot!(desk.prints(["prices", "try", "standard", "--calls", &calls]), @r#"
    OUTCOME          AMOUNT  RULE  OPERATION     METHOD  PATH
    hold               0.50     2  chat.tokens   POST    /v1/chat/a
    free               0.00     3  account.read  GET     /v1/account
    deny                        4  admin         GET     /admin/x
    no_price                                     GET     /v2
    path_not_normal                              GET     /a//b
    "#);
    let cheaper = file(
        "cheaper.json",
        r#"{ "currency": "EUR", "rules": [
        { "path": "/v2", "operation": "new", "mode": "charge", "unit_price": "0.10", "units": 3 } ] }"#,
    );
    let tried = desk.prints(["prices", "try", "standard", "GET", "/v2", "--plan", &cheaper]);
    assert_snapshot!(tried, @r#"
    OUTCOME  AMOUNT  RULE  OPERATION  METHOD  PATH
    charge     0.30     1  new        GET     /v2
    "#);
    // Another version by way of standard input, as a script makes it.
    let mut put = desk.command(["prices", "put", "standard", "-"]);
    put.stdin(std::fs::File::open(dir.join("cheaper.json")).unwrap());
    assert_snapshot!(desk.plain(&crate::server::run(&mut put)), @r#"
    standard version 2, EUR:
    RULE  MODE    PRICE  CUR  UNITS  METHOD  PATH  OPERATION
       1  charge   0.10  EUR      3  *       /v2   new
    "#);
    assert_snapshot!(desk.prints(["prices", "list"]), @r#"
    NAME      VERSION  CUR  DEFAULT  RULES  SINCE
    standard        2  EUR  no           1  yyyy-mm-dd hh:mm:ssZ
    "#);
    assert_snapshot!(desk.prints(["prices", "list", "--currency", "USD"]), @"[no price plans]");
    let first = desk.prints(["prices", "show", "standard", "--version", "1"]);
    assert!(
        first.starts_with("standard version 1, EUR, the default of its currency:\nRULE  MODE "),
        "{first}"
    );
    assert_snapshot!(desk.prints(["prices", "show", "standard"]), @r#"
    standard version 2, EUR:
    RULE  MODE    PRICE  CUR  UNITS  METHOD  PATH  OPERATION
       1  charge   0.10  EUR      3  *       /v2   new
    "#);
    assert_eq!(desk.run(["prices", "show", "none"]).code, Some(super::NOT_FOUND));
    assert_eq!(desk.run_as(&desk.partner, ["prices", "list"]).code, Some(super::NOT_ALLOWED));
}

/// Whatever an account is called, it is shown and does nothing.
#[tokio::test]
async fn no_name_steers_a_terminal() {
    let desk = Desk::new().await;
    let name = "\u{1b}[2J\u{1b}]0;owned\u{7}\u{9b}31m\u{202e}txt.exe\nsecond line";
    let body = json!({ "name": name, "parent": desk.partner.id });
    let evil = desk.api.post("/api/v1/accounts", body).await.expect(201);
    let key = evil["api_key"].as_str().unwrap();
    let (partner, path) = (&*desk.partner.key, format!("/api/v1/accounts/{}/payments", desk.partner.key));
    let body = json!({ "amount": "5", "reference": name });
    desk.api.post(&path, body).await.expect(201);
    for args in [
        &["accounts", "list"][..],
        &["accounts", "list", "--json"],
        &["accounts", "show", key],
        &["accounts", "show", key, "--json"],
        &["accounts", "suspend", key],
        &["accounts", "reactivate", key],
        &["transfer", "balance", "1", "--to", key],
        &["journal", partner],
        &["journal", partner, "--json"],
        &["statement", partner],
        &["usage", partner, "--children", "--by", "account"],
        &["accounts", "close", key, "--dry-run"],
        &["accounts", "close", key, "--yes"],
        &["accounts", "show", name],
    ] {
        let ended = desk.run(args.iter().copied());
        for said in [&ended.stdout, &ended.stderr] {
            let hidden = said.chars().find(|it| (it.is_control() && *it != '\n') || *it == '\u{202e}');
            assert_eq!(hidden, None, "{args:?}: {ended:?}");
            assert!(!said.lines().any(|it| it.starts_with("second line")), "{args:?}: {ended:?}");
        }
        if args.contains(&"--json") {
            assert!(ended.stdout.contains("\\u009b31m\\u202etxt.exe"), "{ended:?}");
        }
    }
    assert_snapshot!(desk.prints(["accounts", "list", "--name", name]).replace(key, "dddddddd"), @r#"
    API KEY   KIND  STATUS  BALANCE  CREDIT LIMIT  HELD  AVAILABLE  CUR  NAME
    dddddddd  own   closed     0.00          0.00  0.00          -  EUR  \u{1b}[2J\u{1b}]0;owned\u{7}\u{9b}31m\u{202e}txt.exe\nsecond line
    "#);
}
