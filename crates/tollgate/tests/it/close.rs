//! Closing a subaccount that has one of everything: where all of it goes, in one step that is done wholly or not at all.

mod kill;
mod sweep;

use std::sync::Arc;

use ledger::{
    AccountId, Action, Amount, ApplicationId, BalanceMode, Command, Defaults, EndpointId, Features, LineId,
    NewNumber, NumberKind, OnExpiry, Setting, Status, TransferKind,
};
use tollgate::app::{
    App, BroughtNumbers, NewAccount, NewApplication, NewCharge, NewEndpoint, NewTransfer, NumberChange,
    Opened, RentedNumber,
};

use crate::ground::Sql;
use crate::house::{OPERATOR, amount};

/// How a subaccount differs from the others that are closed.
#[derive(Clone, Copy, Debug)]
struct Shape {
    mode: BalanceMode,
    /// Owes more than it has, by a charge that was forced; only with an own balance.
    in_debt: bool,
    suspended: bool,
    /// How it is closed: what it owns goes to nobody, or to its primary.
    cascade: bool,
}

impl Shape {
    /// All of them, one after the other and again.
    fn nth(n: usize) -> Self {
        let bit = |nth: usize| n >> nth & 1 == 1;
        let mode = if bit(3) { BalanceMode::Shared } else { BalanceMode::Own };
        Self { mode, in_debt: bit(1), suspended: bit(2), cascade: bit(0) }
    }
}

/// How many shapes there are.
const SHAPES: usize = 16;

/// A subaccount with money, credentials, holds, numbers, applications and endpoints, and what of its primary's depends on
/// it.
struct Doomed {
    shape: Shape,
    primary: Arc<Opened>,
    opened: Opened,
    applications: [ApplicationId; 2],
    endpoints: [EndpointId; 2],
    /// From the stock: rented by it, and given to it by the operator.
    stocked: [String; 2],
    brought: String,
    /// The primary's own, answered by the subaccount's first application.
    number_of_primary: String,
    endpoint_of_primary: EndpointId,
}

fn id(account: &Opened) -> AccountId {
    account.account.id
}

async fn open(app: &App, parent: Option<&Opened>, name: &str, mode: BalanceMode) -> Opened {
    let credit_limit = if parent.is_some() { Amount::ZERO } else { amount("5000") };
    let (parent, name, status) = (parent.map(id), name.into(), Status::Active);
    let new = NewAccount {
        parent,
        name,
        currency: None,
        credit_limit,
        mode,
        status,
        secret: None,
        alerts: ledger::Alerts::default(),
        caps: None,
    };
    app.open_account(OPERATOR, None, new).await.unwrap()
}

/// A primary with plenty of money.
async fn rich(app: &App, name: &str) -> Arc<Opened> {
    let primary = open(app, None, name, BalanceMode::Own).await;
    app.pay(OPERATOR, None, id(&primary), amount("10000"), None).await.unwrap();
    Arc::new(primary)
}

async fn add_number(app: &App, msisdn: &str, cost: &str, account: Option<AccountId>) {
    let number = NewNumber {
        country: "GB".parse().unwrap(),
        msisdn: msisdn.into(),
        kind: NumberKind::Mobile,
        features: Features { sms: true, voice: true, mms: false },
        cost: amount(cost),
        currency: None,
    };
    app.add_number(OPERATOR, None, number, account).await.unwrap();
}

async fn hold(app: &App, account: AccountId, by: &str) {
    let (lasts_ms, on_expiry) = (20 * 60 * 60 * 1_000, OnExpiry::Release);
    let action =
        Action::Hold { account, amount: amount(by), lasts_ms, on_expiry, operation: None, reference: None };
    let id = LineId::from_bytes(*app.request_id().as_bytes());
    let command = Command { id, by: OPERATOR, from: None, once: None, action };
    app.store().execute(command, app.clock().now()).await.unwrap();
}

async fn make_application(app: &App, owner: AccountId, name: &str, is_default: bool) -> ApplicationId {
    let defaults = Defaults { numbers: is_default, endpoints: false };
    let settings = vec![(Setting::AnswerUrl, Some("https://example.com/answer".into()))];
    let new = NewApplication { owner, name: name.into(), defaults, settings };
    app.make_application(OPERATOR, None, new).await.unwrap().id
}

async fn make_endpoint(app: &App, owner: AccountId, application: ApplicationId) -> EndpointId {
    let new = NewEndpoint {
        owner,
        username: "desk".into(),
        alias: "Desk".into(),
        password_md5: "5f4dcc3b5aa765d61d8327deb882cf99".into(),
        application: Some(application),
    };
    app.make_endpoint(OPERATOR, None, new).await.unwrap().id
}

impl Doomed {
    /// The `n`th of a primary, with numbers of its own.
    async fn new(app: &App, primary: &Arc<Opened>, n: usize, shape: Shape) -> Self {
        let opened = open(app, Some(primary), &format!("End customer {n}"), shape.mode).await;
        let (own, of_primary) = (id(&opened), id(primary));
        Self::give_money(app, primary, &opened, shape).await;

        let applications = [
            make_application(app, own, "first", true).await,
            make_application(app, own, "second", false).await,
        ];
        let kept = make_application(app, of_primary, "kept", false).await;
        let endpoints = [make_endpoint(app, own, applications[1]).await, make_endpoint(app, own, kept).await];
        let endpoint_of_primary = make_endpoint(app, of_primary, applications[0]).await;

        let msisdn = |kind: usize| format!("44{kind}{n:08}");
        let [rented, given, brought, number_of_primary] = [1, 2, 3, 4].map(msisdn);
        add_number(app, &rented, "0.50", None).await;
        let (application, settings) = (None, vec![(Setting::Alias, Some("rented".into()))]);
        let rent = RentedNumber {
            account: own,
            country: None,
            msisdn: rented.as_str().into(),
            application,
            settings,
        };
        app.rent_number(OPERATOR, None, rent).await.unwrap();
        add_number(app, &given, "0", Some(own)).await;
        let (kind, msisdns) = (NumberKind::Local, vec![brought.as_str().into()]);
        let bring =
            BroughtNumbers { account: own, msisdns, kind, application: Some(kept), settings: Vec::new() };
        app.bring_numbers(OPERATOR, None, bring).await.unwrap();
        add_number(app, &number_of_primary, "0", Some(of_primary)).await;
        let change = NumberChange { application: Some(Some(applications[0])), ..NumberChange::default() };
        let number = (of_primary, None, number_of_primary.as_str().into());
        app.change_number(OPERATOR, None, number, change).await.unwrap();

        for by in ["0.30", "0.07"] {
            hold(app, own, by).await;
        }
        if shape.in_debt && shape.mode == BalanceMode::Own {
            let (operation, units, reference) = (None, None, None);
            let charge =
                NewCharge { account: own, amount: amount("12.25"), operation, units, reference, force: true };
            app.charge(OPERATOR, None, charge).await.unwrap();
        }
        if shape.suspended {
            let change =
                tollgate::app::AccountChange { status: Some(Status::Suspended), ..Default::default() };
            app.change_account(OPERATOR, None, own, change).await.unwrap();
        }
        let (primary, stocked) = (primary.clone(), [rented, given]);
        Self {
            shape,
            primary,
            opened,
            applications,
            endpoints,
            stocked,
            brought,
            number_of_primary,
            endpoint_of_primary,
        }
    }

    async fn give_money(app: &App, primary: &Opened, sub: &Opened, shape: Shape) {
        if shape.mode == BalanceMode::Own {
            app.pay(OPERATOR, None, id(sub), amount("5"), None).await.unwrap();
            for (kind, by) in [(TransferKind::Credit, "3"), (TransferKind::Balance, "1.25")] {
                let (from, to, amount) = (id(primary), id(sub), amount(by));
                let new = NewTransfer { kind, primary: from, from, to, amount, reference: None };
                app.transfer(OPERATOR, None, new).await.unwrap();
            }
        }
    }

    fn auth_id(&self) -> &str {
        self.opened.account.auth_id.as_str()
    }

    /// Where the Plivo dialect deletes it.
    fn path(&self) -> String {
        format!("/v1/Account/{}/Subaccount/{}/", self.primary.account.auth_id, self.auth_id())
    }

    /// Its id in a statement.
    fn id(&self, sql: &Sql) -> String {
        sql.id(id(&self.opened).as_bytes())
    }

    fn msisdns(&self) -> [&str; 4] {
        [&self.stocked[0], &self.stocked[1], &self.brought, &self.number_of_primary]
    }

    fn is_closed(&self, sql: &Sql) -> bool {
        value(sql, "SELECT status FROM accounts WHERE id = ?1", &self.id(sql)) == 3
    }

    /// Everything that is stored of it and of what depends on it, but for what a reader may leave behind.
    fn trace(&self, sql: &Sql) -> Vec<Vec<String>> {
        let mut all = rows(
            sql,
            "SELECT id, parent, name, mode, status, subaccounts, balance, credit_limit, held, settings, changed_at
             FROM accounts WHERE id = ?1",
            self.id(sql),
        );
        let credentials =
            "SELECT id, kind, verifier, sealed, expires_at, revoked_at FROM credentials WHERE account = ?1
             ORDER BY id";
        all.extend(rows(sql, credentials, self.id(sql)));
        all.extend(rows(sql, "SELECT * FROM holds WHERE account = ?1 ORDER BY id", self.id(sql)));
        for msisdn in self.msisdns() {
            all.extend(rows(sql, "SELECT * FROM numbers WHERE msisdn = ?1", quoted(msisdn)));
        }
        for application in self.applications {
            all.extend(rows(sql, "SELECT * FROM applications WHERE id = ?1", application.number()));
        }
        for endpoint in [self.endpoints[0], self.endpoints[1], self.endpoint_of_primary] {
            all.extend(rows(sql, "SELECT * FROM endpoints WHERE id = ?1", endpoint.number()));
        }
        all
    }

    /// What goes to its primary: balance, credit limit, and what it holds of the primary's that becomes free.
    fn inheritance(&self, sql: &Sql) -> [i64; 3] {
        let own = rows(
            sql,
            "SELECT balance, credit_limit, (SELECT COALESCE(SUM(amount), 0) FROM holds
                WHERE account = ?1 AND payer <> ?1 AND ended_how IS NULL) FROM accounts WHERE id = ?1",
            self.id(sql),
        );
        [0, 1, 2].map(|it| own[0][it].parse().unwrap())
    }

    /// Nothing of it is left that the rules do not want left, and everything is where they say.
    fn assert_closed(&self, sql: &Sql) {
        let about = format!("{} {:?}", self.auth_id(), self.shape);
        let own = self.id(sql);
        let row = rows(sql, "SELECT balance, credit_limit, held FROM accounts WHERE id = ?1", &own);
        assert_eq!(row, [["0"; 3]], "{about}: money");
        let live = "SELECT count(*) FROM credentials WHERE account = ?1
            AND (revoked_at IS NULL OR sealed IS NOT NULL)";
        assert_eq!(value(sql, live, &own), 0, "{about}: credentials");
        let holds = "SELECT count(*) FROM holds WHERE account = ?1 AND ended_how = 5 AND charged = 0";
        assert_eq!(value(sql, holds, &own), 2, "{about}: holds");
        let owned = "SELECT (SELECT count(*) FROM numbers WHERE owner = ?1) +
            (SELECT count(*) FROM applications WHERE owner = ?1) + (SELECT count(*) FROM endpoints WHERE owner = ?1)";
        assert_eq!(value(sql, owned, &own), 0, "{about}: it owns something");
        let closes = "SELECT count(*) FROM journal WHERE kind = 13 AND account = ?1";
        assert_eq!(value(sql, closes, &own), 1, "{about}: lines of its close");
        if self.shape.cascade {
            self.assert_is_given_up(sql, &about);
        } else {
            self.assert_is_inherited(sql, &about);
        }
    }

    fn assert_is_given_up(&self, sql: &Sql, about: &str) {
        for application in self.applications {
            let found = rows(sql, "SELECT 1 FROM applications WHERE id = ?1", application.number());
            assert!(found.is_empty(), "{about}: application {application}");
        }
        for endpoint in self.endpoints {
            let found = rows(sql, "SELECT 1 FROM endpoints WHERE id = ?1", endpoint.number());
            assert!(found.is_empty(), "{about}: endpoint {endpoint}");
        }
        for msisdn in &self.stocked {
            let in_stock = "SELECT owner, rented_at, application, settings FROM numbers WHERE msisdn = ?1";
            let found = rows(sql, in_stock, quoted(msisdn));
            assert_eq!(found, [["NULL"; 4]], "{about}: number {msisdn}");
        }
        let found = rows(sql, "SELECT 1 FROM numbers WHERE msisdn = ?1", quoted(&self.brought));
        assert!(found.is_empty(), "{about}: what it brought along");
        // What the primary has stays, and is not answered any more.
        let primary = id(&self.primary).to_string().replace('-', "");
        let answered = "SELECT owner, application FROM numbers WHERE msisdn = ?1";
        let found = rows(sql, answered, quoted(&self.number_of_primary));
        assert_eq!(found, [[primary.as_str(), "NULL"]], "{about}: the primary's number");
        let answered = "SELECT owner, application FROM endpoints WHERE id = ?1";
        let found = rows(sql, answered, self.endpoint_of_primary.number());
        assert_eq!(found, [[primary.as_str(), "NULL"]], "{about}: the primary's endpoint");
    }

    fn assert_is_inherited(&self, sql: &Sql, about: &str) {
        let primary = id(&self.primary).to_string().replace('-', "");
        for application in self.applications {
            let kept = "SELECT owner, for_numbers, for_endpoints FROM applications WHERE id = ?1";
            let found = rows(sql, kept, application.number());
            let expected = [primary.as_str(), "0", "0"];
            assert_eq!(found, [expected], "{about}: application {application}");
        }
        let [first, second] = self.applications.map(|it| it.number().to_string());
        let answered = "SELECT owner, application FROM endpoints WHERE id = ?1";
        let found = rows(sql, answered, self.endpoints[0].number());
        assert_eq!(found, [[primary.as_str(), &second]], "{about}: its endpoint");
        let found = rows(sql, answered, self.endpoint_of_primary.number());
        assert_eq!(found, [[primary.as_str(), &first]], "{about}: the primary's endpoint");
        let answered = "SELECT owner, application FROM numbers WHERE msisdn = ?1";
        for msisdn in [&self.stocked[0], &self.stocked[1], &self.number_of_primary] {
            let found = rows(sql, answered, quoted(msisdn));
            assert_eq!(found, [[primary.as_str(), &first]], "{about}: number {msisdn}");
        }
        let kept = "SELECT owner, settings FROM numbers WHERE msisdn = ?1";
        let alias = r#"{"alias":"rented"}"#;
        let found = rows(sql, kept, quoted(&self.stocked[0]));
        assert_eq!(found, [[primary.as_str(), alias]], "{about}: what is kept with a number");
        let found =
            rows(sql, "SELECT owner, is_brought FROM numbers WHERE msisdn = ?1", quoted(&self.brought));
        assert_eq!(found, [[primary.as_str(), "1"]], "{about}: what it brought along");
    }
}

/// What a primary stands at, and how many open subaccounts it has.
fn stands(sql: &Sql, primary: &Opened) -> [i64; 4] {
    let text = "SELECT balance, credit_limit, held, subaccounts FROM accounts WHERE id = ?1";
    let row = rows(sql, text, sql.id(id(primary).as_bytes()));
    [0, 1, 2, 3].map(|it| row[0][it].parse().unwrap())
}

/// The rows of a query about this.
fn rows(sql: &Sql, text: &str, this: impl std::fmt::Display) -> Vec<Vec<String>> {
    sql.rows(&text.replace("?1", &this.to_string()))
}

fn value(sql: &Sql, text: &str, this: &str) -> i64 {
    sql.number(&text.replace("?1", this))
}

/// A text in a statement.
fn quoted(text: &str) -> String {
    format!("'{text}'")
}
