//! The records in a journal line as JSON text: what an account, a hold, a number, a credential or a token was after it.

use ledger::account::Country;
use ledger::{
    Account, Amount, ApiKey, BalanceMode, Credential, CredentialKind, Ending, Hold, HoldEnd, Number,
    OnExpiry, Record, Standing, Status, Timestamp, Token, TokenScope,
};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RecordJson {
    Account(AccountJson),
    Hold(HoldJson),
    Number {
        country: String,
        msisdn: String,
        owner: String,
    },
    Credential(CredentialJson),
    Token {
        id: String,
        gate: bool,
        may_force: bool,
        is_first: bool,
        created_at: i64,
        revoked_at: Option<i64>,
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
    credentials: Vec<CredentialJson>,
    subaccounts: u32,
}

#[derive(Serialize, Deserialize)]
struct CredentialJson {
    id: String,
    token: bool,
    created_at: i64,
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
        Record::Number(number) => RecordJson::Number {
            country: number.country.as_str().to_owned(),
            msisdn: number.msisdn.to_string(),
            owner: number.owner.to_string(),
        },
        Record::Credential(credential) => RecordJson::Credential(credential_json(credential)),
        Record::Token(token) => RecordJson::Token {
            id: token.id.to_string(),
            gate: token.scope != TokenScope::Operator,
            may_force: token.scope == TokenScope::Gate { may_force: true },
            is_first: token.is_first,
            created_at: token.created_at.millis(),
            revoked_at: token.revoked_at.map(Timestamp::millis),
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
        RecordJson::Number { country, msisdn, owner } => Record::Number(Number {
            country: country.parse::<Country>().ok()?,
            msisdn: msisdn.into(),
            owner: owner.parse().ok()?,
        }),
        RecordJson::Credential(json) => Record::Credential(credential(&json)?),
        RecordJson::Token { id, gate, may_force, is_first, created_at, revoked_at } => Record::Token(Token {
            id: id.parse().ok()?,
            scope: if gate { TokenScope::Gate { may_force } } else { TokenScope::Operator },
            is_first,
            created_at: Timestamp::from_millis(created_at),
            revoked_at: revoked_at.map(Timestamp::from_millis),
        }),
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
        credentials: json.credentials.iter().map(credential).collect::<Option<_>>()?,
        subaccounts: json.subaccounts,
    })
}

fn credential_json(credential: &Credential) -> CredentialJson {
    CredentialJson {
        id: credential.id.to_string(),
        token: credential.kind == CredentialKind::Token,
        created_at: credential.created_at.millis(),
    }
}

fn credential(json: &CredentialJson) -> Option<Credential> {
    Some(Credential {
        id: json.id.parse().ok()?,
        kind: if json.token { CredentialKind::Token } else { CredentialKind::Secret },
        created_at: Timestamp::from_millis(json.created_at),
    })
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
