//! The answers of this API. They borrow from the records that they spell.

use ledger::{
    AccountId, Actor, Amount, Kind, Line, LineId, Side, Standing, Token, TokenId, TokenScope, authority,
};
use schemars::JsonSchema;
use serde::Serialize;

use super::bodies::{Cursor, SCOPES};
use super::limits::LimitsRecord;
use super::schema::words;
use super::{Text, Time};
use crate::app::Postings;

type Figure = Option<Text<Amount>>;

/// What one side of a line stood at after it; all null where the caller may not see it.
#[derive(Serialize, JsonSchema)]
struct After {
    /// The balance after it; null, as the next three, where the caller may not see it.
    balance: Figure,
    /// The credit limit after it.
    credit_limit: Figure,
    /// What is held after it.
    held: Figure,
    /// What is available after it.
    available: Figure,
}

impl After {
    fn new(by: &Actor, line: &Line, side: Option<&Side>) -> Self {
        let seen = side.filter(|it| authority::may_see_side(by, line, it)).map(|it| it.after);
        Self {
            balance: seen.map(|it| Text(it.balance)),
            credit_limit: seen.map(|it| Text(it.credit_limit)),
            held: seen.map(|it| Text(it.held)),
            available: seen.map(|it| Text(it.available())),
        }
    }
}

/// A payment.
#[derive(Serialize, JsonSchema)]
pub(in super::super) struct PaymentRecord<'a> {
    /// Its id.
    id: Text<LineId>,
    /// Whose balance it changed.
    account: Option<Text<AccountId>>,
    /// What was added; negative for what was paid out.
    amount: Text<Amount>,
    /// What the caller knows it by; null for nothing said.
    reference: Option<&'a str>,
    #[serde(flatten)]
    after: After,
    /// When it was booked.
    created_at: Text<Time>,
}

impl<'a> PaymentRecord<'a> {
    pub(in super::super) fn new(by: &Actor, line: &'a Line) -> Self {
        Self {
            id: Text(line.id),
            account: line.account.map(|it| Text(it.account)),
            amount: Text(line.change.balance),
            reference: line.reference.as_deref(),
            after: After::new(by, line, line.account.as_ref()),
            created_at: Text(Time(line.at)),
        }
    }
}

/// A transfer of balance or credit limit.
#[derive(Serialize, JsonSchema)]
pub(in super::super) struct TransferRecord<'a> {
    /// Its id.
    id: Text<LineId>,
    /// Whether balance moved, or credit limit.
    #[schemars(extend("enum" = ["balance", "credit"]))]
    kind: &'static str,
    /// The account that gave it.
    from: Option<Text<AccountId>>,
    /// The account that got it.
    to: Option<Text<AccountId>>,
    /// How much moved.
    amount: Text<Amount>,
    /// What the caller knows it by; null for nothing said.
    reference: Option<&'a str>,
    /// What the giving account stood at after it.
    from_after: After,
    /// What the getting account stood at after it.
    to_after: After,
    /// When it was booked.
    created_at: Text<Time>,
}

impl<'a> TransferRecord<'a> {
    pub(in super::super) fn new(by: &Actor, line: &'a Line) -> Self {
        Self {
            id: Text(line.id),
            kind: if line.kind == Kind::CreditTransfer { "credit" } else { "balance" },
            from: line.account.map(|it| Text(it.account)),
            to: line.counter.map(|it| Text(it.account)),
            amount: Text(line.amount()),
            reference: line.reference.as_deref(),
            from_after: After::new(by, line, line.account.as_ref()),
            to_after: After::new(by, line, line.counter.as_ref()),
            created_at: Text(Time(line.at)),
        }
    }
}

// Rendered 50,000 times a second, so it is one flat struct.
/// A charge.
#[derive(Serialize, JsonSchema)]
pub(in super::super) struct ChargeRecord<'a> {
    /// Its id, by which it is reversed.
    id: Text<LineId>,
    /// The account that was charged.
    account: Option<Text<AccountId>>,
    /// The account that paid: itself, or the primary whose balance it shares, or the heir of a closed one.
    payer: Option<Text<AccountId>>,
    /// What was taken.
    amount: Text<Amount>,
    /// What was sold; null, as the next, for nothing said.
    operation: Option<&'a str>,
    /// How much of it.
    units: Option<&'a str>,
    /// The rule of the price plan that it went by; null for an amount that the caller named.
    price: Option<PriceRecord<'a>>,
    /// What the caller knows it by; null for nothing said.
    reference: Option<&'a str>,
    /// Whether it was booked whatever the limit and the status.
    forced: bool,
    /// The payer's balance after it; null, as the next, where the caller may not see it.
    balance: Figure,
    /// What the payer has available after it.
    available: Figure,
    /// When it was booked.
    created_at: Text<Time>,
}

impl<'a> ChargeRecord<'a> {
    pub(in super::super) fn new(by: &Actor, line: &'a Line) -> Self {
        let After { balance, available, .. } = After::new(by, line, line.account.as_ref());
        Self {
            id: Text(line.id),
            account: line.caused_by().map(Text),
            payer: line.account.map(|it| Text(it.account)),
            amount: Text(line.amount()),
            operation: line.operation.as_deref(),
            units: line.units.as_deref(),
            price: line.price.as_deref().and_then(PriceRecord::new),
            reference: line.reference.as_deref(),
            forced: line.forced,
            balance,
            available,
            created_at: Text(Time(line.at)),
        }
    }
}

/// A reversal.
#[derive(Serialize, JsonSchema)]
pub(in super::super) struct ReversalRecord<'a> {
    /// Its id.
    id: Text<LineId>,
    /// The charge that it gave back, or a part of it.
    charge: Option<Text<LineId>>,
    /// The account that had been charged.
    account: Option<Text<AccountId>>,
    /// The account that had paid and got it back, or its heir.
    payer: Option<Text<AccountId>>,
    /// What was given back.
    amount: Text<Amount>,
    /// What the caller knows it by; null for nothing said.
    reference: Option<&'a str>,
    /// The payer's balance after it; null, as the next, where the caller may not see it.
    balance: Figure,
    /// What the payer has available after it.
    available: Figure,
    /// When it was booked.
    created_at: Text<Time>,
}

impl<'a> ReversalRecord<'a> {
    pub(in super::super) fn new(by: &Actor, line: &'a Line) -> Self {
        let After { balance, available, .. } = After::new(by, line, line.account.as_ref());
        Self {
            id: Text(line.id),
            charge: line.about.map(Text),
            account: line.caused_by().map(Text),
            payer: line.account.map(|it| Text(it.account)),
            amount: Text(line.amount()),
            reference: line.reference.as_deref(),
            balance,
            available,
            created_at: Text(Time(line.at)),
        }
    }
}

/// A line that moved money, credit limit or a held amount, as the account sees it whose postings are listed: in a
/// transfer that it received, the changes are its own and not the giving side's.
#[derive(Serialize, JsonSchema)]
pub(in super::super) struct PostingRecord<'a> {
    /// Its id.
    id: Text<LineId>,
    /// What it records.
    kind: &'static str,
    /// When it was booked.
    created_at: Text<Time>,
    /// Whose figures these are: the account listed, or the payer of what it caused.
    account: Option<Text<AccountId>>,
    /// The other side of a transfer; the heir of a closed account.
    counterparty: Option<Text<AccountId>>,
    /// The account that caused it, where that is not `account`.
    cause: Option<Text<AccountId>>,
    /// What it added to the balance; negative for what it took.
    balance_change: Text<Amount>,
    /// What it added to the credit limit.
    credit_change: Text<Amount>,
    /// What it added to what is held.
    held_change: Text<Amount>,
    #[serde(flatten)]
    after: After,
    /// The charge of a reversal, the hold of what ended it.
    about: Option<Text<LineId>>,
    /// What was sold; null, as the next, for nothing said.
    operation: Option<&'a str>,
    /// How much of it.
    units: Option<&'a str>,
    /// The rule of the price plan that it went by; null for an amount that the caller named.
    price: Option<PriceRecord<'a>>,
    /// What the caller knows it by; null for nothing said.
    reference: Option<&'a str>,
    /// Whether it was booked whatever the limit and the status.
    forced: bool,
    /// Whether it settled a hold that had ended already.
    late: bool,
    /// Who caused it.
    by: By,
    /// The `Idempotency-Key` that it came with; null for none.
    key: Option<&'a str>,
}

impl<'a> PostingRecord<'a> {
    pub(in super::super) fn new(by: &Actor, listed: AccountId, line: &'a Line) -> Self {
        let is_counter = line.counter.is_some_and(|it| it.account == listed);
        // A line whose opposite does not fit an amount is never written.
        let opposite = line.change.checked_neg().unwrap_or(Standing::ZERO);
        let (side, other, change) = match is_counter {
            true => (line.counter, line.account, opposite),
            false => (line.account, line.counter, line.change),
        };
        Self {
            id: Text(line.id),
            kind: kind(line.kind),
            created_at: Text(Time(line.at)),
            account: side.map(|it| Text(it.account)),
            counterparty: other.map(|it| Text(it.account)),
            cause: line.cause.map(Text),
            balance_change: Text(change.balance),
            credit_change: Text(change.credit_limit),
            held_change: Text(change.held),
            after: After::new(by, line, side.as_ref()),
            about: line.about.map(Text),
            operation: line.operation.as_deref(),
            units: line.units.as_deref(),
            price: line.price.as_deref().and_then(PriceRecord::new),
            reference: line.reference.as_deref(),
            forced: line.forced,
            late: line.late,
            by: By::new(&line.by),
            key: line.once.as_ref().map(|it| &*it.key),
        }
    }
}

/// The price that a posting went by.
#[derive(Serialize, JsonSchema)]
pub(super) struct PriceRecord<'a> {
    /// The name of the plan.
    plan: &'a str,
    /// The version of the plan, from 1 on.
    version: u32,
    /// The number of the rule in it, from 1 on.
    rule: usize,
}

impl<'a> PriceRecord<'a> {
    pub(super) fn new(tag: &'a str) -> Option<Self> {
        let mut parts = tag.split('/');
        let (plan, version, rule) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Self { plan, version: version.parse().ok()?, rule: rule.parse().ok()? })
    }
}

/// The word of each kind, and a list of all, so that none can be missing from it.
macro_rules! kinds {
    ($(Kind::$kind:ident => $word:literal,)*) => {
        pub(super) const fn kind(kind: Kind) -> &'static str {
            match kind { $(Kind::$kind => $word),* }
        }

        pub(super) const KINDS: &[Kind] = &[$(Kind::$kind),*];
    };
}

kinds! {
        Kind::Open => "open",
        Kind::Change => "change",
        Kind::Close => "close",
        Kind::Payment => "payment",
        Kind::BalanceTransfer => "balance_transfer",
        Kind::CreditTransfer => "credit_transfer",
        Kind::Charge => "charge",
        Kind::Reversal => "reversal",
        Kind::Hold => "hold",
        Kind::Extend => "extend",
        Kind::Settle => "settle",
        Kind::Release => "release",
        Kind::Expiry => "expiry",
        Kind::NumberGiven => "number_given",
        Kind::NumberTransfer => "number_transfer",
        Kind::NumberAdded => "number_added",
        Kind::NumberWithdrawn => "number_withdrawn",
        Kind::NumberRented => "number_rented",
        Kind::NumberUnrented => "number_unrented",
        Kind::NumberChanged => "number_changed",
        Kind::ApplicationMade => "application_made",
        Kind::ApplicationChanged => "application_changed",
        Kind::ApplicationDeleted => "application_deleted",
        Kind::EndpointMade => "endpoint_made",
        Kind::EndpointChanged => "endpoint_changed",
        Kind::EndpointDeleted => "endpoint_deleted",
        Kind::PlanPut => "price_plan_put",
        Kind::CredentialChanged => "credential_changed",
        Kind::CredentialAdded => "credential_added",
        Kind::CredentialRevoked => "credential_revoked",
        Kind::TokenMade => "token_made",
        Kind::TokenRevoked => "token_revoked",
        Kind::WebhookMade => "webhook_made",
        Kind::WebhookChanged => "webhook_changed",
        Kind::WebhookDeleted => "webhook_deleted",
        Kind::EventResent => "event_resent",
}

/// Who caused a posting.
#[derive(Serialize, JsonSchema)]
pub(super) struct By {
    /// What kind of caller: an operator token, a gate token, an account, or tollgate itself.
    #[schemars(extend("enum" = ["operator", "gate", "account", "server"]))]
    kind: &'static str,
    /// The account, where it was one.
    account: Option<Text<AccountId>>,
    /// The token or credential; null for tollgate itself.
    credential: Option<String>,
}

impl By {
    pub(super) fn new(by: &Actor) -> Self {
        let account = by.account().map(Text);
        match by {
            Actor::Operator(token) => Self { kind: "operator", account, credential: Some(token.to_string()) },
            Actor::Gate(token) => Self { kind: "gate", account, credential: Some(token.to_string()) },
            Actor::Account { credential, .. } => {
                Self { kind: "account", account, credential: Some(credential.to_string()) }
            }
            Actor::Server => Self { kind: "server", account, credential: None },
        }
    }
}

/// The kinds of lines that are postings.
pub(super) const POSTINGS: [(&str, Kind); 13] = [
    ("close", Kind::Close),
    ("payment", Kind::Payment),
    ("balance_transfer", Kind::BalanceTransfer),
    ("credit_transfer", Kind::CreditTransfer),
    ("charge", Kind::Charge),
    ("reversal", Kind::Reversal),
    ("hold", Kind::Hold),
    ("settle", Kind::Settle),
    ("release", Kind::Release),
    ("expiry", Kind::Expiry),
    ("open", Kind::Open),
    ("change", Kind::Change),
    ("number_rented", Kind::NumberRented),
];

/// A page of postings, newest first.
#[derive(Serialize, JsonSchema)]
pub(in super::super) struct PostingsPage<'a> {
    /// The postings, newest first.
    postings: Vec<PostingRecord<'a>>,
    /// For the page after this one; null on the last.
    next: Option<Text<Cursor>>,
}

impl<'a> PostingsPage<'a> {
    pub(in super::super) fn new(by: &Actor, listed: AccountId, page: &'a Postings) -> Self {
        Self {
            postings: page.lines.iter().map(|line| PostingRecord::new(by, listed, line)).collect(),
            next: page.next.map(|it| Text(Cursor(*it.as_bytes()))),
        }
    }
}

/// An operator or gate token.
#[derive(Serialize, JsonSchema)]
pub(in super::super) struct TokenRecord<'a> {
    /// Its id, by which it is revoked.
    id: Text<TokenId>,
    /// What it may do: everything, or only charge, reverse and hold.
    #[schemars(extend("enum" = words(&SCOPES)))]
    scope: &'static str,
    /// Whether it may book what has happened already; an operator token may.
    may_force: bool,
    /// When it was made.
    created_at: Text<Time>,
    /// When it was revoked; null while it lives.
    revoked_at: Option<Text<Time>>,
    /// What it is limited to; null for one that may do all that its scope may.
    limits: Option<LimitsRecord>,
    /// Its text. Shown once: in the answer to what made it, and in that answer's repeats under its key.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<&'a str>,
    /// Within how many milliseconds what was done is in force wherever this is served; 0 where it was when this was answered. Said in
    /// the answers to what made it and what revoked it.
    #[serde(skip_serializing_if = "Option::is_none")]
    in_force_within_ms: Option<u64>,
}

impl<'a> TokenRecord<'a> {
    pub(in super::super) fn new(token: &Token) -> Self {
        let (scope, may_force) = match token.scope {
            TokenScope::Operator => ("operator", true),
            TokenScope::Gate { may_force } => ("gate", may_force),
        };
        Self {
            id: Text(token.id),
            scope,
            may_force,
            created_at: Text(Time(token.created_at)),
            revoked_at: token.revoked_at.map(|it| Text(Time(it))),
            limits: token.limits.as_deref().map(LimitsRecord::new),
            token: None,
            in_force_within_ms: None,
        }
    }

    /// With its text, which is shown once.
    pub(in super::super) fn showing(self, text: &'a str) -> Self {
        Self { token: Some(text), ..self }
    }

    /// After it was made or revoked, which is in force everywhere within so many milliseconds.
    pub(in super::super) fn in_force_within(self, ms: u64) -> Self {
        Self { in_force_within_ms: Some(ms), ..self }
    }
}

/// A page of tokens.
#[derive(Serialize, JsonSchema)]
pub(in super::super) struct TokensPage<'a> {
    /// The tokens, oldest first.
    tokens: Vec<TokenRecord<'a>>,
    /// For the page after this one; null on the last.
    next: Option<Text<Cursor>>,
}

impl TokensPage<'_> {
    /// Of one token more than the page has, if there is one.
    pub(in super::super) fn new(tokens: &[Token], limit: usize) -> Self {
        let page = tokens.get(..limit).unwrap_or(tokens);
        let last = page.last().filter(|_| tokens.len() > limit);
        Self {
            tokens: page.iter().map(TokenRecord::new).collect(),
            next: last.map(|it| Text(Cursor(*it.id.as_bytes()))),
        }
    }
}
