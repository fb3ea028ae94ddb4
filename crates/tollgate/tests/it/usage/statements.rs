//! Whole statements in each of their forms, and what is refused.

use axum::http::Request;
use insta::assert_snapshot;
use ledger::TransferKind;
use serde_json::Value;

use super::{Auth, BY_OPERATOR, BalanceMode, Body, House, Month, Opening, at, charge, problem};

#[tokio::test]
async fn a_primarys_statement_has_its_balance_its_subaccounts_and_what_is_owed() {
    let month = Month::new().await;
    let answer = month.statement(&month.primary, "2026-02", month.primary.auth()).await;
    assert_snapshot!(month.house.shown(&answer), @r#"
    200
    content-type: application/json
    {
      "account": "<id of primary>",
      "api_key": "<Partner>",
      "balance": {
        "charges": {
          "amount": "4.00",
          "charged": "5.50",
          "charges": 3,
          "reversals": 1,
          "reversed": "1.50",
          "units": null
        },
        "closed_accounts": {
          "amount": "5.00",
          "count": 1
        },
        "closing_balance": "13.00",
        "opening_balance": "40.00",
        "operations": [
          {
            "amount": "0.50",
            "charged": "0.50",
            "charges": 1,
            "operation": null,
            "reversals": 0,
            "reversed": "0.00",
            "units": null
          },
          {
            "amount": "3.50",
            "charged": "5.00",
            "charges": 2,
            "operation": "call.minute",
            "reversals": 1,
            "reversed": "1.50",
            "units": null
          }
        ],
        "payments": {
          "paid_out": {
            "amount": "2.50",
            "count": 1
          },
          "received": {
            "amount": "7.50",
            "count": 1
          }
        },
        "transfers": {
          "received": {
            "amount": "2.00",
            "count": 1
          },
          "sent": {
            "amount": "35.00",
            "count": 2
          }
        }
      },
      "balance_mode": "own",
      "currency": "EUR",
      "family": {
        "charges": {
          "amount": "6.50000001",
          "charged": "8.25000001",
          "charges": 6,
          "reversals": 2,
          "reversed": "1.75",
          "units": "5.5"
        },
        "closing_balance": "38.49999999",
        "opening_balance": "40.00"
      },
      "from": "2026-02-01T00:00:00.000Z",
      "month": "2026-02",
      "name": "Partner",
      "owed": "0.00",
      "paid_by_primary": {
        "amount": "0.00",
        "charged": "0.00",
        "charges": 0,
        "operations": [],
        "reversals": 0,
        "reversed": "0.00",
        "units": null
      },
      "parent": null,
      "subaccounts": [
        {
          "account": "<id of own>",
          "api_key": "<=Own("x")>",
          "balance": {
            "charges": {
              "amount": "2.50000001",
              "charged": "2.75000001",
              "charges": 3,
              "reversals": 1,
              "reversed": "0.25",
              "units": "5.5"
            },
            "closed_accounts": {
              "amount": "0.00",
              "count": 0
            },
            "closing_balance": "25.49999999",
            "opening_balance": "0.00",
            "payments": {
              "paid_out": {
                "amount": "0.00",
                "count": 0
              },
              "received": {
                "amount": "0.00",
                "count": 0
              }
            },
            "transfers": {
              "received": {
                "amount": "30.00",
                "count": 1
              },
              "sent": {
                "amount": "2.00",
                "count": 1
              }
            }
          },
          "balance_mode": "own",
          "name": "=Own(\"x\")",
          "paid_by_primary": {
            "amount": "0.00",
            "charged": "0.00",
            "charges": 0,
            "reversals": 0,
            "reversed": "0.00",
            "units": null
          },
          "status": "active"
        },
        {
          "account": "<id of shared>",
          "api_key": "<Shared <script>, & "Sons">",
          "balance": null,
          "balance_mode": "shared",
          "name": "Shared <script>, & \"Sons\"",
          "paid_by_primary": {
            "amount": "3.50",
            "charged": "3.50",
            "charges": 2,
            "reversals": 0,
            "reversed": "0.00",
            "units": null
          },
          "status": "active"
        },
        {
          "account": "<id of closed>",
          "api_key": "<Closed>",
          "balance": {
            "charges": {
              "amount": "0.00",
              "charged": "0.00",
              "charges": 0,
              "reversals": 0,
              "reversed": "0.00",
              "units": null
            },
            "closed_accounts": {
              "amount": "-5.00",
              "count": 1
            },
            "closing_balance": "0.00",
            "opening_balance": "0.00",
            "payments": {
              "paid_out": {
                "amount": "0.00",
                "count": 0
              },
              "received": {
                "amount": "0.00",
                "count": 0
              }
            },
            "transfers": {
              "received": {
                "amount": "5.00",
                "count": 1
              },
              "sent": {
                "amount": "0.00",
                "count": 0
              }
            }
          },
          "balance_mode": "own",
          "name": "Closed",
          "paid_by_primary": {
            "amount": "0.00",
            "charged": "0.00",
            "charges": 0,
            "reversals": 0,
            "reversed": "0.00",
            "units": null
          },
          "status": "closed"
        }
      ],
      "time_zone": "UTC",
      "to": "2026-03-01T00:00:00.000Z",
      "until": null
    }
    "#);
}

#[tokio::test]
async fn a_statement_as_csv_is_one_line_for_each_figure_and_no_formula() {
    let month = Month::new().await;
    let answer = month.statement(&month.primary, "2026-02?format=csv", BY_OPERATOR).await;
    assert_eq!(
        answer.header("content-disposition").unwrap(),
        format!("attachment; filename=\"statement-{}-2026-02.csv\"", month.primary.key)
    );
    assert_eq!(answer.text().matches('\n').count(), answer.text().matches("\r\n").count());
    assert_snapshot!(month.house.shown(&answer).replace('\r', ""), @r#"
    200
    content-type: text/csv; charset=utf-8; header=present
    month,time_zone,until,account,api_key,name,line,operation,count,amount,currency,units
    2026-02,UTC,,<id of primary>,<Partner>,Partner,opening_balance,,,40.00,EUR,
    2026-02,UTC,,<id of primary>,<Partner>,Partner,payments_received,,1,7.50,EUR,
    2026-02,UTC,,<id of primary>,<Partner>,Partner,payments_paid_out,,1,-2.50,EUR,
    2026-02,UTC,,<id of primary>,<Partner>,Partner,transfers_received,,1,2.00,EUR,
    2026-02,UTC,,<id of primary>,<Partner>,Partner,transfers_sent,,2,-35.00,EUR,
    2026-02,UTC,,<id of primary>,<Partner>,Partner,closed_accounts,,1,5.00,EUR,
    2026-02,UTC,,<id of primary>,<Partner>,Partner,charges,,1,-0.50,EUR,
    2026-02,UTC,,<id of primary>,<Partner>,Partner,charges,call.minute,2,-5.00,EUR,
    2026-02,UTC,,<id of primary>,<Partner>,Partner,reversals,call.minute,1,1.50,EUR,
    2026-02,UTC,,<id of primary>,<Partner>,Partner,closing_balance,,,13.00,EUR,
    2026-02,UTC,,<id of own>,<=Own("x")>,"'=Own(""x"")",opening_balance,,,0.00,EUR,
    2026-02,UTC,,<id of own>,<=Own("x")>,"'=Own(""x"")",transfers_received,,1,30.00,EUR,
    2026-02,UTC,,<id of own>,<=Own("x")>,"'=Own(""x"")",transfers_sent,,1,-2.00,EUR,
    2026-02,UTC,,<id of own>,<=Own("x")>,"'=Own(""x"")",charges,call.minute,1,-1.50,EUR,
    2026-02,UTC,,<id of own>,<=Own("x")>,"'=Own(""x"")",charges,sms.send,2,-1.25000001,EUR,5.5
    2026-02,UTC,,<id of own>,<=Own("x")>,"'=Own(""x"")",reversals,sms.send,1,0.25,EUR,
    2026-02,UTC,,<id of own>,<=Own("x")>,"'=Own(""x"")",closing_balance,,,25.49999999,EUR,
    2026-02,UTC,,<id of shared>,<Shared <script>, & "Sons">,"Shared <script>, & ""Sons""",charges_paid_by_primary,,1,-0.50,EUR,
    2026-02,UTC,,<id of shared>,<Shared <script>, & "Sons">,"Shared <script>, & ""Sons""",charges_paid_by_primary,call.minute,1,-3.00,EUR,
    2026-02,UTC,,<id of closed>,<Closed>,Closed,opening_balance,,,0.00,EUR,
    2026-02,UTC,,<id of closed>,<Closed>,Closed,transfers_received,,1,5.00,EUR,
    2026-02,UTC,,<id of closed>,<Closed>,Closed,closed_accounts,,1,-5.00,EUR,
    2026-02,UTC,,<id of closed>,<Closed>,Closed,closing_balance,,,0.00,EUR,
    2026-02,UTC,,<id of primary>,<Partner>,Partner,owed,,,0.00,EUR,
    "#);
}

#[tokio::test]
async fn a_statement_as_a_page_is_escaped_and_loads_nothing() {
    let month = Month::new().await;
    let answer = month
        .statement(&month.shared, "2026-02?format=html&time_zone=Europe/Rome", month.shared.auth())
        .await;
    let policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    assert_eq!(answer.header("content-security-policy"), Some(policy));
    assert_snapshot!(month.house.shown(&answer), @r#"
    200
    content-type: text/html; charset=utf-8
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width">
    <title>Statement 2026-02: Shared &#60;script&#62;, &#38; &#34;Sons&#34;</title>
    <style>
    body { font: 11pt/1.4 sans-serif; color: #111; background: #fff; max-width: 48rem; margin: 2rem auto; padding: 0 1rem }
    h1 { font-size: 1.5rem } h2 { font-size: 1.1rem; margin-top: 2rem; break-after: avoid }
    dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem } dt { color: #555 } dd { margin: 0 }
    table { border-collapse: collapse; width: 100% } tr { break-inside: avoid }
    th, td { text-align: left; padding: .25rem .5rem; border-bottom: 1px solid #bbb; overflow-wrap: anywhere }
    .n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
    .total { font-weight: bold } .owed { font-size: 1.2rem; font-weight: bold; text-align: right }
    @media print { body { margin: 0; max-width: none } }
    </style>
    </head>
    <body>
    <h1>Statement 2026-02</h1>
    <dl>
    <dt>Account</dt><dd>Shared &#60;script&#62;, &#38; &#34;Sons&#34;</dd>
    <dt>API key</dt><dd><Shared <script>, & "Sons"></dd>
    <dt>From</dt><dd>2026-01-31T23:00:00.000Z</dd>
    <dt>To</dt><dd>2026-02-28T23:00:00.000Z</dd>
    <dt>Time zone</dt><dd>Europe/Rome</dd>
    <dt>Currency</dt><dd>EUR</dd>
    </dl>

    <p>Charges are paid by the primary account.</p>
    <table>
    <thead><tr><th>What</th><th>Operation</th><th class="n">Count</th><th class="n">Units</th><th class="n">Amount (EUR)</th></tr></thead>
    <tbody>
    <tr><td>Charges paid by the primary account</td><td></td><td class="n">1</td><td class="n"></td><td class="n">-0.50</td></tr>
    <tr><td>Charges paid by the primary account</td><td>call.minute</td><td class="n">1</td><td class="n"></td><td class="n">-3.00</td></tr>
    </tbody>
    </table>
    </body>
    </html>
    "#);
    let page = month.statement(&month.primary, "2026-03?format=html", BY_OPERATOR).await;
    let text = page.text();
    assert!(
        text.contains("<tr><td>Charges, less what was given back</td><td class=\"n\">-100.00</td></tr>"),
        "{text}"
    );
    for foreign in ["<script", "src=", "href=", "url(", "@import"] {
        assert!(!text.contains(foreign), "{foreign} in {text}");
    }
    assert!(
        text.contains("The month is not over: this is what it comes to until 2026-03-02T00:00:00.000Z."),
        "{text}"
    );
    assert!(text.contains("&#60;script&#62;") && text.contains("Owed: "), "{text}");
}

#[tokio::test]
async fn subaccounts_see_their_own_month_and_nothing_of_their_primary() {
    let month = Month::new().await;
    for (account, auth) in [(&month.own, month.own.auth()), (&month.shared, month.shared.auth())] {
        let seen = month.statement(account, "2026-02", auth).await;
        let by_primary = month.statement(account, "2026-02", month.primary.auth()).await;
        assert_eq!(seen.json(), by_primary.json());
    }
    let own = month.statement(&month.own, "2026-02", month.own.auth()).await;
    let shared = month.statement(&month.shared, "2026-02", month.shared.auth()).await;
    assert_snapshot!(format!("{}\n{}", month.house.shown(&own), month.house.shown(&shared)), @r#"
    200
    content-type: application/json
    {
      "account": "<id of own>",
      "api_key": "<=Own("x")>",
      "balance": {
        "charges": {
          "amount": "2.50000001",
          "charged": "2.75000001",
          "charges": 3,
          "reversals": 1,
          "reversed": "0.25",
          "units": "5.5"
        },
        "closed_accounts": {
          "amount": "0.00",
          "count": 0
        },
        "closing_balance": "25.49999999",
        "opening_balance": "0.00",
        "operations": [
          {
            "amount": "1.50",
            "charged": "1.50",
            "charges": 1,
            "operation": "call.minute",
            "reversals": 0,
            "reversed": "0.00",
            "units": null
          },
          {
            "amount": "1.00000001",
            "charged": "1.25000001",
            "charges": 2,
            "operation": "sms.send",
            "reversals": 1,
            "reversed": "0.25",
            "units": "5.5"
          }
        ],
        "payments": {
          "paid_out": {
            "amount": "0.00",
            "count": 0
          },
          "received": {
            "amount": "0.00",
            "count": 0
          }
        },
        "transfers": {
          "received": {
            "amount": "30.00",
            "count": 1
          },
          "sent": {
            "amount": "2.00",
            "count": 1
          }
        }
      },
      "balance_mode": "own",
      "currency": "EUR",
      "family": null,
      "from": "2026-02-01T00:00:00.000Z",
      "month": "2026-02",
      "name": "=Own(\"x\")",
      "owed": "0.00",
      "paid_by_primary": {
        "amount": "0.00",
        "charged": "0.00",
        "charges": 0,
        "operations": [],
        "reversals": 0,
        "reversed": "0.00",
        "units": null
      },
      "parent": "<id of primary>",
      "subaccounts": null,
      "time_zone": "UTC",
      "to": "2026-03-01T00:00:00.000Z",
      "until": null
    }
    200
    content-type: application/json
    {
      "account": "<id of shared>",
      "api_key": "<Shared <script>, & "Sons">",
      "balance": null,
      "balance_mode": "shared",
      "currency": "EUR",
      "family": null,
      "from": "2026-02-01T00:00:00.000Z",
      "month": "2026-02",
      "name": "Shared <script>, & \"Sons\"",
      "owed": null,
      "paid_by_primary": {
        "amount": "3.50",
        "charged": "3.50",
        "charges": 2,
        "operations": [
          {
            "amount": "0.50",
            "charged": "0.50",
            "charges": 1,
            "operation": null,
            "reversals": 0,
            "reversed": "0.00",
            "units": null
          },
          {
            "amount": "3.00",
            "charged": "3.00",
            "charges": 1,
            "operation": "call.minute",
            "reversals": 0,
            "reversed": "0.00",
            "units": null
          }
        ],
        "reversals": 0,
        "reversed": "0.00",
        "units": null
      },
      "parent": "<id of primary>",
      "subaccounts": null,
      "time_zone": "UTC",
      "to": "2026-03-01T00:00:00.000Z",
      "until": null
    }
    "#);
}

#[tokio::test]
async fn a_month_that_is_not_over_says_so_and_one_to_come_is_refused() {
    let month = Month::new().await;
    let statement = async |rest: &str| month.statement(&month.own, rest, month.own.auth()).await;
    let march = statement("2026-03").await.json();
    assert_eq!([&march["until"], &march["owed"]], ["2026-03-02T00:00:00.000Z", "74.50000001"]);
    assert_eq!(march["balance"]["opening_balance"], "25.49999999");
    assert_eq!(statement("2026-02").await.json()["until"], Value::Null);
    // Where it is March already.
    let said: Vec<_> = [
        statement("2026-04").await,
        statement("2026-4").await,
        statement("2026-13").await,
        statement("garbage").await,
        statement("2026-02?time_zone=Mars").await,
        statement("2026-02?format=pdf").await,
        statement("2026-02?month=2026-02").await,
        // Clocks in Dublin were 25 minutes and 21 seconds behind.
        statement("1900-01?time_zone=Europe/Dublin").await,
    ]
    .iter()
    .map(problem)
    .collect();
    assert_snapshot!(said.join("\n"), @r#"
    422 invalid month must have begun
    422 invalid month must be a month such as 2026-02
    422 invalid month must be a month such as 2026-02
    422 invalid month must be a month such as 2026-02
    422 invalid time_zone must be a time zone of the IANA database, such as Europe/Rome
    422 invalid format must be "json" or "csv" or "html"
    422 invalid month is not known here; known are time_zone, format
    422 invalid time_zone must have days that begin on a quarter of an hour
    "#);
}

#[tokio::test]
async fn the_form_of_a_statement_goes_by_what_is_accepted_unless_it_is_named() {
    let month = Month::new().await;
    let path = format!("/api/v1/accounts/{}/statements/2026-02", month.own.key);
    let mut said = Vec::new();
    for (accept, query) in [
        ("", ""),
        ("*/*", ""),
        ("text/csv", ""),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", ""),
        ("text/html;q=0.5, application/json;q=0.6, text/csv;q=0", ""),
        ("text/csv;q=0, application/json;q=0", ""),
        ("image/png", ""),
        ("text/csv", "?format=json"),
        ("application/json", "?format=html"),
    ] {
        let request = Request::builder().uri(format!("{path}{query}")).header("accept", accept);
        let answer = month.house.send(month.own.auth().on(request).body(Body::empty()).unwrap()).await;
        assert_eq!(answer.header("vary"), Some("accept"));
        said.push(format!("{accept} {query}: {}", answer.header("content-type").unwrap()));
    }
    assert_snapshot!(said.join("\n"), @"
     : application/json
    */* : application/json
    text/csv : text/csv; charset=utf-8; header=present
    text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8 : text/html; charset=utf-8
    text/html;q=0.5, application/json;q=0.6, text/csv;q=0 : application/json
    text/csv;q=0, application/json;q=0 : application/json
    image/png : application/json
    text/csv ?format=json: application/json
    application/json ?format=html: text/html; charset=utf-8
    ");
}

/// The invoice of the seed: 20 of its own, and 50 of its subaccount, are 70.
#[tokio::test]
async fn a_primary_owes_what_its_family_has_spent() {
    let house = House::new();
    at(&house, "2026-02-01T00:00:00Z");
    let primary = house.primary("Partner", "120").await;
    let first = house.subaccount(&primary, "End customer 1", BalanceMode::Own).await;
    house.transfer(TransferKind::Credit, &primary, (&primary, &first), "60").await;
    charge(&house, &primary, "20", Some("sms.send"), None).await;
    charge(&house, &first, "50", Some("sms.send"), None).await;
    let statement = async |account: &Opening, auth: Auth<'_>| {
        house.get(&format!("/api/v1/accounts/{}/statements/2026-02", account.key), auth).await.json()
    };
    assert_eq!(statement(&primary, primary.auth()).await["owed"], "70.00");
    assert_eq!(statement(&first, first.auth()).await["owed"], "50.00");
    // What the partner passes on of its own balance is not spent, and what is paid is not owed.
    house.transfer(TransferKind::Balance, &primary, (&primary, &first), "10").await;
    assert_eq!(statement(&primary, primary.auth()).await["owed"], "70.00");
    house.pay(&primary, "70").await;
    assert_eq!(statement(&primary, primary.auth()).await["owed"], "0.00");
}
