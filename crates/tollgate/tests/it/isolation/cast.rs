//! Two families, each of whose members has one of everything, marked so that it is known again wherever it is told.

use std::borrow::Cow;
use std::sync::OnceLock;

use ledger::{AccountId, Action, Amount, BalanceMode, Command, LineId, OnExpiry, Setting, TransferKind};
use serde_json::json;
use tollgate::app::{AccountChange, NewTransfer, NumberChange};

use crate::ground::Sql;
use crate::house::{Auth, BY_OPERATOR, House, OPERATOR, Opening, amount};

pub(super) struct Cast {
    pub(super) house: House,
    /// Whose things are asked for.
    pub(super) first: Family,
    pub(super) second: Family,
    /// With their columns, once they are known.
    tables: OnceLock<Vec<(String, Vec<String>)>>,
}

pub(super) struct Family {
    pub(super) primary: Member,
    /// With a balance of its own.
    pub(super) own: Member,
    pub(super) shared: Member,
    /// Between the primary and the first subaccount.
    pub(super) balance_transfer: String,
    pub(super) credit_transfer: String,
}

/// The balance of the first family's subaccount, what it has available, and its credit limit.
pub(super) const OWN_FIGURES: [&str; 3] = ["35179.2648", "35199.2465", "20.4817"];

/// A number of the stock, which everybody may know of.
pub(super) const STOCKED: &str = "447700955555";

pub(super) struct Member {
    /// In all its names and texts.
    pub(super) marker: String,
    pub(super) key: String,
    pub(super) auth_id: String,
    pub(super) secret: String,
    pub(super) auth_token: String,
    /// Another secret, and which.
    second_secret: String,
    pub(super) secret_id: String,
    pub(super) application: String,
    pub(super) endpoint: String,
    username: String,
    pub(super) number: String,
    pub(super) charge: String,
    pub(super) hold: String,
    /// The first that it was told of.
    pub(super) event: String,
    /// Where it is told of events, and one that was on its way there.
    pub(super) webhook: String,
    pub(super) sent: String,
    opening: Opening,
}

impl Cast {
    pub(super) async fn new() -> Self {
        Self::on(House::new()).await
    }

    /// In a house where nobody is yet.
    pub(super) async fn on(house: House) -> Self {
        let first = Family::new(&house, "First", 1).await;
        let second = Family::new(&house, "Second", 2).await;
        let body = json!({ "country": "GB", "msisdn": STOCKED }).to_string();
        assert_eq!(house.post("/api/v1/numbers", BY_OPERATOR, body).await.status, 201);
        // So that what an account stands at is known again, too.
        first.primary.stand_at(&house, "73914.6825").await;
        first.own.stand_at(&house, OWN_FIGURES[0]).await;
        for member in [&first.primary, &first.own, &first.shared] {
            member.be_refused(&house).await;
        }
        for kind in ["balance", "credit"] {
            first.be_refused(&house, kind).await;
        }
        Self { house, first, second, tables: OnceLock::new() }
    }

    /// Who is not to get at something of the first family, and whether it is of another one.
    pub(super) fn others(&self) -> [(&Member, bool); 5] {
        let (first, second) = (&self.first, &self.second);
        [
            (&second.primary, true),
            (&second.own, true),
            (&second.shared, true),
            (&first.own, false),
            (&first.shared, false),
        ]
    }

    /// What a caller must not be told, unless it says it itself.
    pub(super) fn not_for<'a>(&'a self, caller: &'a Member) -> impl Iterator<Item = Cow<'a, str>> {
        let first = &self.first;
        let is_of_family = [&first.own, &first.shared].iter().any(|it| it.id() == caller.id());
        let others =
            [&first.primary, &first.own, &first.shared].into_iter().filter(move |it| it.id() != caller.id());
        let told = others.flat_map(move |it| {
            // Whose it is, a subaccount may know; who shares its primary's balance, what that is.
            let is_above = is_of_family && it.id() == first.primary.id();
            let mut told = it.private();
            if !is_above {
                told.extend(it.names());
            }
            told.extend((it.id() == first.primary.id() && !is_above).then_some("73914.6825".into()));
            told.extend(OWN_FIGURES.map(Cow::Borrowed).into_iter().filter(|_| it.id() == first.own.id()));
            told
        });
        let transfers =
            [&first.balance_transfer, &first.credit_transfer].map(|it| Cow::Borrowed(it.as_str()));
        let is_side = caller.id() == first.own.id();
        told.chain(transfers.into_iter().filter(move |_| !is_side))
    }

    /// Every row that a request may change, but for what says when a credential was used and where a reader begins.
    pub(super) fn dump(&self) -> Vec<String> {
        let sql = self.house.sql();
        let tables = self.tables.get_or_init(|| tables(&sql));
        let mut all: Vec<_> = tables.iter().flat_map(|(table, columns)| rows(&sql, table, columns)).collect();
        let beside = self.house.ground().deliveries();
        all.extend(rows(&beside, "deliveries", &beside.columns("deliveries")));
        all
    }
}

/// What is dumped: the tables, and their columns.
fn tables(sql: &Sql) -> Vec<(String, Vec<String>)> {
    let mut tables = sql.tables();
    // How far whoever writes has come, whatever became of it; and the sums of lines, which are written some time after them.
    tables.retain(|it| !matches!(it.as_str(), "meta" | "lanes" | "usage" | "deliveries"));
    let columns = |table: String| {
        let mut columns = sql.columns(&table);
        columns.retain(|it| !matches!(it.as_str(), "used_at" | "last_line"));
        (table, columns)
    };
    tables.into_iter().map(columns).collect()
}

fn rows(sql: &Sql, table: &str, columns: &[String]) -> Vec<String> {
    let rows = sql.rows(&format!("SELECT {} FROM {table} ORDER BY 1", columns.join(", ")));
    let shown = |row: Vec<String>| {
        let named: Vec<_> =
            columns.iter().zip(row).map(|(name, value)| format!("{name}={value:?}")).collect();
        format!("{table}: {}", named.join(" "))
    };
    rows.into_iter().map(shown).collect()
}

impl Family {
    async fn new(house: &House, name: &str, digit: usize) -> Self {
        let open = async |role: &str, under: Option<(&Opening, BalanceMode)>| {
            let title = format!("Qz{name}{role} and Sons");
            // Lists are in the order of the ids, which only those of different milliseconds have.
            house.clock.advance(1);
            match under {
                None => house.primary(&title, "1000").await,
                Some((primary, mode)) => house.subaccount(primary, &title, mode).await,
            }
        };
        let primary = open("Main", None).await;
        house.pay(&primary, "500").await;
        let own = open("Own", Some((&primary, BalanceMode::Own))).await;
        let shared = open("Shared", Some((&primary, BalanceMode::Shared))).await;
        let transfer = async |kind, by| {
            let (from, to, reference) = (primary.id, own.id, Some(format!("Qz{name} moved").into()));
            let new = NewTransfer { kind, primary: from, from, to, amount: amount(by), reference };
            house.app.transfer(OPERATOR, None, new).await.unwrap().id.to_string()
        };
        let balance_transfer = transfer(TransferKind::Balance, "50").await;
        let credit = if digit == 1 { OWN_FIGURES[2] } else { "20" };
        let credit_transfer = transfer(TransferKind::Credit, credit).await;
        let member = async |role: &str, opening, nth: usize| {
            Member::new(house, format!("Qz{name}{role}"), opening, format!("4477009{digit}{nth}123")).await
        };
        Self {
            primary: member("Main", primary, 1).await,
            own: member("Own", own, 2).await,
            shared: member("Shared", shared, 3).await,
            balance_transfer,
            credit_transfer,
        }
    }

    /// A transfer out of the subaccount, of which the primary's list tells.
    async fn be_refused(&self, house: &House, kind: &str) {
        let Self { primary, own, .. } = self;
        let path = format!("/api/v1/accounts/{}/transfers", primary.key);
        let body = json!({ "kind": kind, "from": own.key, "amount": "1000000" });
        let request = axum::http::Request::post(path).header("idempotency-key", &own.marker);
        let answer = house.send(BY_OPERATOR.on(request).body(body.to_string().into()).unwrap()).await;
        assert_eq!(answer.status, 402, "{answer}");
    }
}

impl Member {
    /// Gives an account one of everything.
    async fn new(house: &House, marker: String, opening: Opening, number: String) -> Self {
        let (key, auth_id) = (opening.key.clone(), opening.opened.account.auth_id.to_string());
        let (secret, auth_token) = (opening.secret.clone(), opening.opened.auth_token.clone());
        let by = Auth::Basic(&key, &secret);
        let post = async |path: String, body: serde_json::Value| {
            let answer = house.post(&path, by, body.to_string()).await;
            assert_eq!(answer.status, 201, "{path}: {answer}");
            answer.json()
        };
        let credentials = format!("/api/v1/accounts/{key}/credentials");
        let made = post(credentials, json!({ "kind": "secret" })).await;
        let (second_secret, secret_id) = (text(&made["secret"]), text(&made["id"]));
        let plivo = format!("/v1/Account/{auth_id}");
        let body =
            json!({ "app_name": format!("{marker}_app"), "answer_url": format!("https://{marker}.example") });
        let application = text(&post(format!("{plivo}/Application/"), body).await["app_id"]);
        let body = json!({
            "username": marker, "password": "qwertz", "alias": format!("{marker} desk"), "app_id": application,
        });
        let made = post(format!("{plivo}/Endpoint/"), body).await;
        let (endpoint, username) = (text(&made["endpoint_id"]), text(&made["username"]));
        house.give_number(&opening, "GB", &number).await;
        let change = NumberChange {
            application: Some(Some(application.parse().unwrap())),
            settings: vec![(Setting::Alias, Some(format!("{marker} line").into()))],
            ..NumberChange::default()
        };
        let named = (opening.id, None, number.as_str().into());
        house.app.change_number(OPERATOR, None, named, change).await.unwrap();
        let url = Some(format!("https://{marker}.example/receipts").into());
        let settings = vec![(Setting::ReceiptCallbackUrl, url.clone()), (Setting::Address, url)];
        let change = AccountChange { settings, ..AccountChange::default() };
        house.app.change_account(OPERATOR, None, opening.id, change).await.unwrap();
        let charge = house.charge(&opening, "1").await.to_string();
        let hold = hold(house, opening.id).await;
        let events = house.get(&format!("/api/v1/events?account={key}"), BY_OPERATOR).await.json();
        let event = text(&events["events"][0]["id"]);
        // Nothing is sent to this machine, and nothing is to be looked up.
        let body = json!({ "url": format!("http://127.0.0.1:9/{marker}") });
        let webhook = text(&post("/api/v1/webhooks".to_owned(), body).await["id"]);
        house.room(false).settle().await.unwrap();
        let deliveries =
            house.get(&format!("/api/v1/webhooks/{webhook}/deliveries?limit=1"), by).await.json();
        let sent = text(&deliveries["deliveries"][0]["event"]);
        Self {
            marker,
            key,
            auth_id,
            secret,
            auth_token,
            second_secret,
            secret_id,
            application,
            endpoint,
            username,
            number,
            charge,
            hold,
            event,
            webhook,
            sent,
            opening,
        }
    }

    pub(super) fn id(&self) -> String {
        self.opening.id.to_string()
    }

    /// Everything that lets it in.
    pub(super) fn credentials(&self) -> [Auth<'_>; 6] {
        let (key, auth_id) = (&self.key, &self.auth_id);
        [
            Auth::Basic(key, &self.secret),
            Auth::Basic(auth_id, &self.auth_token),
            Auth::Basic(key, &self.auth_token),
            Auth::Basic(auth_id, &self.secret),
            Auth::Basic(key, &self.second_secret),
            Auth::Basic(auth_id, &self.second_secret),
        ]
    }

    /// All that tells of it.
    pub(super) fn untold(&self) -> Vec<Cow<'_, str>> {
        self.private().into_iter().chain(self.names()).collect()
    }

    /// What it goes by.
    fn names(&self) -> [Cow<'_, str>; 3] {
        [self.id().into(), self.key.as_str().into(), self.auth_id.as_str().into()]
    }

    pub(super) fn private(&self) -> Vec<Cow<'_, str>> {
        [
            &self.marker,
            &self.secret,
            &self.auth_token,
            &self.second_secret,
            &self.secret_id,
            &self.application,
            &self.endpoint,
            &self.username,
            &self.number,
            &self.charge,
            &self.hold,
            &self.event,
            &self.webhook,
            &self.sent,
        ]
        .map(|it| Cow::Borrowed(it.as_str()))
        .into()
    }

    /// So that there is something to be told of what was refused.
    async fn be_refused(&self, house: &House) {
        let request = axum::http::Request::post("/api/v1/charges").header("idempotency-key", &self.marker);
        let body = json!({ "account": self.key, "amount": "1000000" }).to_string();
        let answer = house.send(BY_OPERATOR.on(request).body(body.into()).unwrap()).await;
        assert_eq!(answer.status, 402, "{answer}");
    }

    async fn stand_at(&self, house: &House, balance: &str) {
        let account = house.app.account(OPERATOR, self.opening.id).await.unwrap().account;
        let missing = amount(balance).checked_sub(account.standing.balance).unwrap();
        house.app.pay(OPERATOR, None, self.opening.id, missing, None).await.unwrap();
    }
}

async fn hold(house: &House, account: AccountId) -> String {
    let (amount, lasts_ms) = (Amount::parse("0.5").unwrap(), 24 * 60 * 60 * 1_000);
    let (on_expiry, operation, reference) = (OnExpiry::Release, None, None);
    let action = Action::Hold { account, amount, lasts_ms, on_expiry, operation, reference };
    let id = LineId::from_bytes(*house.app.request_id().as_bytes());
    let command = Command { id, by: OPERATOR, from: None, once: None, action };
    house.app.store().execute(command, house.clock.now()).await.unwrap().id.to_string()
}

fn text(value: &serde_json::Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}
