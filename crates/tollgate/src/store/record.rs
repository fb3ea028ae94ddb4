//! The records in a journal line as JSON text: what an account, a hold, a number, a credential or a token was after it.

use ledger::{
    Account, Alerts, Amount, ApiKey, Application, ApplicationId, BalanceMode, Closed, Credential,
    CredentialKind, Currency, Defaults, Ending, Endpoint, EndpointId, EventKinds, Features, Hold, HoldEnd,
    Level, Limits, Number, NumberKind, OnExpiry, Record, Standing, Status, Timestamp, Token, TokenScope,
    Webhook,
};
use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::caps::{self, CapsJson};
use super::limits::{self, LimitsJson};
use super::plan::{self, PlanJson};
use super::settings;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RecordJson {
    Account(AccountJson),
    Hold(HoldJson),
    Number(NumberJson),
    Application(ApplicationJson),
    Endpoint(EndpointJson),
    Closed(ClosedJson),
    Plan(PlanJson),
    Credential(CredentialJson),
    Webhook(WebhookJson),
    Token {
        id: String,
        gate: bool,
        may_force: bool,
        is_first: bool,
        created_at: i64,
        revoked_at: Option<i64>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limits: Option<LimitsJson>,
    },
}

#[derive(Serialize, Deserialize)]
struct AccountJson {
    id: String,
    parent: Option<String>,
    api_key: u32,
    auth_id: String,
    name: String,
    currency: String,
    shared: bool,
    balance: i64,
    credit_limit: i64,
    held: i64,
    status: String,
    created_at: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    changed_at: Option<i64>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    settings: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    plan: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    caps: Option<CapsJson>,
    alerts: Option<AlertsJson>,
    /// Left out where it is fine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    level: Option<LevelJson>,
    credentials: Vec<CredentialJson>,
    subaccounts: u32,
}

#[derive(Serialize, Deserialize)]
struct WebhookJson {
    id: String,
    owner: Option<String>,
    family: Option<String>,
    account: Option<String>,
    url: String,
    kinds: u32,
    created_at: i64,
    disabled_at: Option<i64>,
    secret_at: i64,
    old_secret_until: Option<i64>,
}

#[derive(Serialize, Deserialize)]
struct AlertsJson {
    low: Option<i64>,
    depleted: i64,
    recovered: Option<i64>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum LevelJson {
    Low,
    Depleted,
}

#[derive(Serialize, Deserialize)]
struct NumberJson {
    country: String,
    msisdn: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    owner: Option<String>,
    // The rest was not there in the first schema.
    #[serde(default)]
    kind: NumberKindJson,
    #[serde(default = "features_at_first")]
    features: [bool; 3],
    #[serde(default)]
    cost: i64,
    #[serde(default = "currency_at_first")]
    currency: String,
    #[serde(default)]
    brought: bool,
    #[serde(default)]
    added_at: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rented_at: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    application: Option<u64>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    settings: BTreeMap<String, String>,
}

#[derive(Clone, Copy, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum NumberKindJson {
    #[default]
    Mobile,
    Local,
    National,
    TollFree,
    ShortCode,
}

const fn features_at_first() -> [bool; 3] {
    [true, true, false]
}

fn currency_at_first() -> String {
    "EUR".to_owned()
}

#[derive(Serialize, Deserialize)]
struct ApplicationJson {
    id: u64,
    owner: String,
    name: String,
    for_numbers: bool,
    for_endpoints: bool,
    settings: BTreeMap<String, String>,
    created_at: i64,
}

#[derive(Serialize, Deserialize)]
struct EndpointJson {
    id: u64,
    owner: String,
    username: String,
    alias: String,
    application: Option<u64>,
    created_at: i64,
}

#[derive(Serialize, Deserialize)]
struct ClosedJson {
    account: AccountJson,
    cascade: bool,
    holds: u32,
    released: i64,
    numbers: u32,
    applications: u32,
    endpoints: u32,
}

#[derive(Serialize, Deserialize)]
struct CredentialJson {
    id: String,
    token: bool,
    created_at: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    limits: Option<LimitsJson>,
}

#[derive(Serialize, Deserialize)]
struct HoldJson {
    id: String,
    account: String,
    payer: String,
    amount: i64,
    placed_at: i64,
    expires_at: i64,
    capture: bool,
    operation: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    price: Option<String>,
    ending: Option<EndingJson>,
}

#[derive(Serialize, Deserialize)]
struct EndingJson {
    how: String,
    at: i64,
    line: String,
    charged: i64,
}

pub(super) fn encode(record: &Record) -> String {
    let json = match record {
        Record::Account(account) => RecordJson::Account(account_json(account)),
        Record::Hold(hold) => RecordJson::Hold(hold_json(hold)),
        Record::Number(number) => RecordJson::Number(number_json(number)),
        Record::Application(application) => RecordJson::Application(ApplicationJson {
            id: application.id.number(),
            owner: application.owner.to_string(),
            name: application.name.to_string(),
            for_numbers: application.defaults.numbers,
            for_endpoints: application.defaults.endpoints,
            settings: settings::to_map(&application.settings),
            created_at: application.created_at.millis(),
        }),
        Record::Endpoint(endpoint) => RecordJson::Endpoint(EndpointJson {
            id: endpoint.id.number(),
            owner: endpoint.owner.to_string(),
            username: endpoint.username.to_string(),
            alias: endpoint.alias.to_string(),
            application: endpoint.application.map(ApplicationId::number),
            created_at: endpoint.created_at.millis(),
        }),
        Record::Plan(plan) => RecordJson::Plan(plan::to_json(plan)),
        Record::Closed(closed) => RecordJson::Closed(ClosedJson {
            account: account_json(&closed.account),
            cascade: closed.cascade,
            holds: closed.holds,
            released: closed.released.units(),
            numbers: closed.numbers,
            applications: closed.applications,
            endpoints: closed.endpoints,
        }),
        Record::Credential(credential) => RecordJson::Credential(credential_json(credential)),
        Record::Webhook(webhook) => RecordJson::Webhook(webhook_json(webhook)),
        Record::Token(token) => RecordJson::Token {
            id: token.id.to_string(),
            gate: token.scope != TokenScope::Operator,
            may_force: token.scope == TokenScope::Gate { may_force: true },
            is_first: token.is_first,
            created_at: token.created_at.millis(),
            revoked_at: token.revoked_at.map(Timestamp::millis),
            limits: token.limits.as_deref().map(limits::to_json),
        },
    };
    // Strings and integers alone always have a JSON text.
    serde_json::to_string(&json).unwrap_or_default()
}

/// `None` for a text that `encode` did not write.
pub(super) fn decode(text: &str) -> Option<Record> {
    Some(match serde_json::from_str(text).ok()? {
        RecordJson::Account(json) => Record::Account(account(&json)?),
        RecordJson::Hold(json) => Record::Hold(hold(&json)?),
        RecordJson::Number(json) => Record::Number(number(&json)?),
        RecordJson::Application(json) => Record::Application(Application {
            id: ApplicationId::from_number(json.id),
            owner: json.owner.parse().ok()?,
            name: json.name.into(),
            defaults: Defaults { numbers: json.for_numbers, endpoints: json.for_endpoints },
            settings: settings::from_map(&json.settings)?,
            created_at: Timestamp::from_millis(json.created_at),
        }),
        RecordJson::Endpoint(json) => Record::Endpoint(Endpoint {
            id: EndpointId::from_number(json.id),
            owner: json.owner.parse().ok()?,
            username: json.username.into(),
            alias: json.alias.into(),
            application: json.application.map(ApplicationId::from_number),
            created_at: Timestamp::from_millis(json.created_at),
        }),
        RecordJson::Plan(json) => Record::Plan(Arc::new(plan::from_json(&json)?)),
        RecordJson::Closed(json) => Record::Closed(Box::new(Closed {
            account: account(&json.account)?,
            cascade: json.cascade,
            holds: json.holds,
            released: Amount::from_units(json.released),
            numbers: json.numbers,
            applications: json.applications,
            endpoints: json.endpoints,
        })),
        RecordJson::Credential(json) => Record::Credential(credential(&json)?),
        RecordJson::Webhook(json) => Record::Webhook(webhook(&json)?),
        RecordJson::Token { id, gate, may_force, is_first, created_at, revoked_at, limits } => {
            Record::Token(Token {
                id: id.parse().ok()?,
                scope: if gate { TokenScope::Gate { may_force } } else { TokenScope::Operator },
                is_first,
                created_at: Timestamp::from_millis(created_at),
                revoked_at: revoked_at.map(Timestamp::from_millis),
                limits: limits_of(limits.as_ref())?,
            })
        }
    })
}

fn webhook_json(webhook: &Webhook) -> WebhookJson {
    WebhookJson {
        id: webhook.id.to_string(),
        owner: webhook.owner.map(|it| it.to_string()),
        family: webhook.family.map(|it| it.to_string()),
        account: webhook.account.map(|it| it.to_string()),
        url: webhook.url.to_string(),
        kinds: webhook.kinds.bits(),
        created_at: webhook.created_at.millis(),
        disabled_at: webhook.disabled_at.map(Timestamp::millis),
        secret_at: webhook.secret_at.millis(),
        old_secret_until: webhook.old_secret_until.map(Timestamp::millis),
    }
}

fn webhook(json: &WebhookJson) -> Option<Webhook> {
    let account = |it: &Option<String>| it.as_ref().map(|it| it.parse()).transpose();
    Some(Webhook {
        id: json.id.parse().ok()?,
        owner: account(&json.owner).ok()?,
        family: account(&json.family).ok()?,
        account: account(&json.account).ok()?,
        url: json.url.as_str().into(),
        kinds: EventKinds::from_bits(json.kinds)?,
        created_at: Timestamp::from_millis(json.created_at),
        disabled_at: json.disabled_at.map(Timestamp::from_millis),
        secret_at: Timestamp::from_millis(json.secret_at),
        old_secret_until: json.old_secret_until.map(Timestamp::from_millis),
    })
}

fn number_json(number: &Number) -> NumberJson {
    let Features { sms, voice, mms } = number.features;
    NumberJson {
        country: number.country.as_str().to_owned(),
        msisdn: number.msisdn.to_string(),
        owner: number.owner.map(|it| it.to_string()),
        kind: match number.kind {
            NumberKind::Mobile => NumberKindJson::Mobile,
            NumberKind::Local => NumberKindJson::Local,
            NumberKind::National => NumberKindJson::National,
            NumberKind::TollFree => NumberKindJson::TollFree,
            NumberKind::ShortCode => NumberKindJson::ShortCode,
        },
        features: [sms, voice, mms],
        cost: number.cost.units(),
        currency: number.currency.to_string(),
        brought: number.is_brought,
        added_at: number.added_at.millis(),
        rented_at: number.rented_at.map(Timestamp::millis),
        application: number.application.map(ApplicationId::number),
        settings: settings::to_map(&number.settings),
    }
}

fn number(json: &NumberJson) -> Option<Number> {
    let [sms, voice, mms] = json.features;
    Some(Number {
        country: json.country.parse().ok()?,
        msisdn: json.msisdn.as_str().into(),
        owner: match &json.owner {
            None => None,
            Some(owner) => Some(owner.parse().ok()?),
        },
        kind: match json.kind {
            NumberKindJson::Mobile => NumberKind::Mobile,
            NumberKindJson::Local => NumberKind::Local,
            NumberKindJson::National => NumberKind::National,
            NumberKindJson::TollFree => NumberKind::TollFree,
            NumberKindJson::ShortCode => NumberKind::ShortCode,
        },
        features: Features { sms, voice, mms },
        cost: Amount::from_units(json.cost),
        currency: json.currency.parse::<Currency>().ok()?,
        is_brought: json.brought,
        added_at: Timestamp::from_millis(json.added_at),
        rented_at: json.rented_at.map(Timestamp::from_millis),
        application: json.application.map(ApplicationId::from_number),
        settings: settings::from_map(&json.settings)?,
    })
}

fn account_json(account: &Account) -> AccountJson {
    AccountJson {
        id: account.id.to_string(),
        parent: account.parent.map(|it| it.to_string()),
        api_key: account.api_key.number(),
        auth_id: account.auth_id.to_string(),
        name: account.name.to_string(),
        currency: account.currency.to_string(),
        shared: account.mode == BalanceMode::Shared,
        balance: account.standing.balance.units(),
        credit_limit: account.standing.credit_limit.units(),
        held: account.standing.held.units(),
        status: match account.status {
            Status::Active => "active",
            Status::Suspended => "suspended",
            Status::Closed => "closed",
        }
        .to_owned(),
        created_at: account.created_at.millis(),
        changed_at: account.changed_at.map(Timestamp::millis),
        settings: settings::to_map(&account.settings),
        plan: account.plan.as_deref().map(str::to_owned),
        caps: account.caps.as_deref().map(caps::to_json),
        alerts: (account.alerts != Alerts::default()).then(|| AlertsJson {
            low: account.alerts.low.map(Amount::units),
            depleted: account.alerts.depleted.units(),
            recovered: account.alerts.recovered.map(Amount::units),
        }),
        level: match account.level {
            Level::Fine => None,
            Level::Low => Some(LevelJson::Low),
            Level::Depleted => Some(LevelJson::Depleted),
        },
        credentials: account.credentials.iter().map(credential_json).collect(),
        subaccounts: account.subaccounts,
    }
}

fn account(json: &AccountJson) -> Option<Account> {
    Some(Account {
        id: json.id.parse().ok()?,
        parent: match &json.parent {
            None => None,
            Some(parent) => Some(parent.parse().ok()?),
        },
        api_key: ApiKey::from_number(json.api_key),
        auth_id: json.auth_id.parse().ok()?,
        name: json.name.as_str().into(),
        currency: json.currency.parse().ok()?,
        mode: if json.shared { BalanceMode::Shared } else { BalanceMode::Own },
        standing: Standing {
            balance: Amount::from_units(json.balance),
            credit_limit: Amount::from_units(json.credit_limit),
            held: Amount::from_units(json.held),
        },
        status: match json.status.as_str() {
            "active" => Status::Active,
            "suspended" => Status::Suspended,
            "closed" => Status::Closed,
            _ => return None,
        },
        created_at: Timestamp::from_millis(json.created_at),
        changed_at: json.changed_at.map(Timestamp::from_millis),
        settings: settings::from_map(&json.settings)?,
        plan: json.plan.as_deref().map(Into::into),
        caps: json.caps.as_ref().map(caps::from_json),
        alerts: json.alerts.as_ref().map_or_else(Alerts::default, |it| Alerts {
            low: it.low.map(Amount::from_units),
            depleted: Amount::from_units(it.depleted),
            recovered: it.recovered.map(Amount::from_units),
        }),
        level: match json.level {
            None => Level::Fine,
            Some(LevelJson::Low) => Level::Low,
            Some(LevelJson::Depleted) => Level::Depleted,
        },
        credentials: json.credentials.iter().map(credential).collect::<Option<_>>()?,
        subaccounts: json.subaccounts,
    })
}

fn credential_json(credential: &Credential) -> CredentialJson {
    CredentialJson {
        id: credential.id.to_string(),
        token: credential.kind == CredentialKind::Token,
        created_at: credential.created_at.millis(),
        expires_at: credential.expires_at.map(Timestamp::millis),
        limits: credential.limits.as_deref().map(limits::to_json),
    }
}

fn credential(json: &CredentialJson) -> Option<Credential> {
    Some(Credential {
        id: json.id.parse().ok()?,
        kind: if json.token { CredentialKind::Token } else { CredentialKind::Secret },
        created_at: Timestamp::from_millis(json.created_at),
        expires_at: json.expires_at.map(Timestamp::from_millis),
        limits: limits_of(json.limits.as_ref())?,
    })
}

/// `None` for what `encode` did not write, `Some(None)` for no limits.
fn limits_of(json: Option<&LimitsJson>) -> Option<Option<Arc<Limits>>> {
    match json {
        None => Some(None),
        Some(json) => limits::from_json(json).map(|it| Some(Arc::new(it))),
    }
}

fn hold_json(hold: &Hold) -> HoldJson {
    HoldJson {
        id: hold.id.to_string(),
        account: hold.account.to_string(),
        payer: hold.payer.to_string(),
        amount: hold.amount.units(),
        placed_at: hold.placed_at.millis(),
        expires_at: hold.expires_at.millis(),
        capture: hold.on_expiry == OnExpiry::Capture,
        operation: hold.operation.as_deref().map(str::to_owned),
        price: hold.price.as_deref().map(str::to_owned),
        ending: hold.ending.map(|it| EndingJson {
            how: match it.how {
                HoldEnd::Settled => "settled",
                HoldEnd::Released => "released",
                HoldEnd::Expired => "expired",
                HoldEnd::Captured => "captured",
                HoldEnd::Closed => "closed",
            }
            .to_owned(),
            at: it.at.millis(),
            line: it.line.to_string(),
            charged: it.charged.units(),
        }),
    }
}

fn hold(json: &HoldJson) -> Option<Hold> {
    Some(Hold {
        id: json.id.parse().ok()?,
        account: json.account.parse().ok()?,
        payer: json.payer.parse().ok()?,
        amount: Amount::from_units(json.amount),
        placed_at: Timestamp::from_millis(json.placed_at),
        expires_at: Timestamp::from_millis(json.expires_at),
        on_expiry: if json.capture { OnExpiry::Capture } else { OnExpiry::Release },
        operation: json.operation.as_deref().map(Into::into),
        price: json.price.as_deref().map(Into::into),
        ending: match &json.ending {
            None => None,
            Some(ending) => Some(self::ending(ending)?),
        },
    })
}

fn ending(json: &EndingJson) -> Option<Ending> {
    Some(Ending {
        how: match json.how.as_str() {
            "settled" => HoldEnd::Settled,
            "released" => HoldEnd::Released,
            "expired" => HoldEnd::Expired,
            "captured" => HoldEnd::Captured,
            "closed" => HoldEnd::Closed,
            _ => return None,
        },
        at: Timestamp::from_millis(json.at),
        line: json.line.parse().ok()?,
        charged: Amount::from_units(json.charged),
    })
}
