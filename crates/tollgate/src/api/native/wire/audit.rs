//! The audit trail: what asks for it, and how a line of the journal is shown in it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::str::FromStr;

use ledger::{
    Account, AccountId, Actor, Amount, ApiKey, Application, ApplicationId, AuthId, BalanceMode, Endpoint,
    EndpointId, Kind, Line, LineId, Number, Record, Setting, Settings, Side, Standing, Status, Timestamp,
    authority,
};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;

use super::super::error::Failure;
use super::accounts::AccountRecord;
use super::bodies::{Cursor, cursor, limit};
use super::credentials::CredentialRecord;
use super::holds::HoldRecord;
use super::members::Members;
use super::numbers::NumberRecord;
use super::prices::PlanRecord;
use super::records::{By, KINDS, PriceRecord, TokenRecord, kind};
use super::schema::{AccountAsked, CursorAsked, LimitAsked};
use super::webhooks::WebhookRecord;
use super::{Text, Time};
use crate::app::{App, Audited, Cause, Error, Recorded};
use crate::http::Incoming;

/// The query of `GET /api/v1/audit`.
#[derive(JsonSchema)]
pub(in super::super) struct AuditParameters {
    /// Only the lines of this account: what they are about, what it caused, and what it was the other side of.
    #[schemars(with = "Option<AccountAsked>")]
    pub(in super::super) account: Option<String>,
    /// Only what this one caused: `operator`, `gate`, `account` or `server` (tollgate itself) for all of a kind; an api key or
    /// auth id for an account; or the id of a token, a credential or an account.
    #[schemars(with = "Option<String>")]
    pub(in super::super) actor: Option<Who>,
    /// Only lines of this kind.
    #[schemars(with = "Option<&'static str>", extend("enum" = kinds_or_null()))]
    pub(in super::super) kind: Option<Kind>,
    /// Only lines from this time on.
    #[schemars(with = "Option<Moment>")]
    pub(in super::super) from: Option<Timestamp>,
    /// Only lines before this time.
    #[schemars(with = "Option<Moment>")]
    pub(in super::super) to: Option<Timestamp>,
    /// Where the page begins.
    #[schemars(with = "Option<CursorAsked>")]
    pub(in super::super) cursor: Option<[u8; 16]>,
    /// The most lines of the page.
    #[schemars(with = "Option<LimitAsked>")]
    pub(in super::super) limit: usize,
}

fn kinds() -> Vec<&'static str> {
    KINDS.iter().map(|it| kind(*it)).collect()
}

fn kinds_or_null() -> Vec<Option<&'static str>> {
    kinds().into_iter().map(Some).chain([None]).collect()
}

impl AuditParameters {
    pub(in super::super) fn read(incoming: &Incoming) -> Result<Self, Failure> {
        let mut members = Members::of_query(incoming)?;
        let account = members.text("account").map(Cow::into_owned);
        let actor = members.parsed("actor", NO_ACTOR);
        let kind = members.parsed("kind", "must be a kind of line such as \"change\"").map(|Word(kind)| kind);
        let from = members.parsed("from", NO_TIME).map(|Moment(at)| at);
        let to = members.parsed("to", NO_TIME).map(|Moment(at)| at);
        let cursor = cursor(&mut members).map(|it| it.0);
        let limit = limit(&mut members);
        members.finish(Some(Self { account, actor, kind, from, to, cursor, limit }))
    }
}

const NO_ACTOR: &str = "must be \"operator\", \"gate\", \"account\", \"server\", an api key, an auth id, or the id of a \
     token, credential or account";
const NO_TIME: &str =
    "must be a time such as \"2026-01-31T23:59:59Z\", or a day in UTC such as \"2026-02-01\"";

/// Who caused a line, as a query says it.
pub(in super::super) enum Who {
    Known(Cause),
    /// An account by one of its names.
    Named(String),
}

impl FromStr for Who {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Ok(match text {
            "operator" => Self::Known(Cause::Operator),
            "gate" => Self::Known(Cause::Gate),
            "account" => Self::Known(Cause::AnyAccount),
            "server" => Self::Known(Cause::Server),
            name if name.parse::<ApiKey>().is_ok() || name.parse::<AuthId>().is_ok() => {
                Self::Named(name.to_owned())
            }
            // All ids are alike.
            id => Self::Known(Cause::Id(*id.parse::<AccountId>().map_err(|_| ())?.as_bytes())),
        })
    }
}

impl Who {
    /// The same, with an account that is named looked up; one that there is not caused nothing.
    pub(in super::super) async fn cause(self, app: &App) -> Result<Cause, Error> {
        match self {
            Self::Known(cause) => Ok(cause),
            Self::Named(name) => Ok(Cause::Account(app.named(&name).await?)),
        }
    }
}

struct Word(Kind);

impl FromStr for Word {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        KINDS.iter().find(|it| kind(**it) == text).map(|it| Self(*it)).ok_or(())
    }
}

struct Moment(Timestamp);

impl JsonSchema for Moment {
    fn schema_name() -> Cow<'static, str> {
        "TimeAsked".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A time of RFC 3339 with its offset, or a day, which is its first moment in UTC.",
            "type": "string",
            "examples": ["2026-01-31T23:59:59Z", "2026-02-01"],
        })
    }
}

impl FromStr for Moment {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let time = text.parse::<jiff::Timestamp>().or_else(|_| {
            let day = text.parse::<jiff::civil::Date>()?;
            // A date reads on into a time, which is not a day.
            let is_day = text.len() == "2026-02-01".len();
            let day = day.to_zoned(jiff::tz::TimeZone::UTC)?;
            if is_day { Ok(day.timestamp()) } else { text.parse() }
        });
        Ok(Self(Timestamp::from_millis(time.map_err(|_| ())?.as_millisecond())))
    }
}

/// A page of the audit trail.
#[derive(Serialize, JsonSchema)]
pub(in super::super) struct AuditPage<'a> {
    /// The lines, newest first. There may be fewer than were asked for, or none, and more behind them: `next` says so.
    lines: Vec<AuditRecord<'a>>,
    /// For the page after this one; null when the journal was looked through to its end.
    next: Option<Text<Cursor>>,
}

impl<'a> AuditPage<'a> {
    pub(in super::super) fn new(by: &Actor, audited: &'a Audited) -> Self {
        Self {
            lines: audited.lines.iter().map(|it| AuditRecord::new(by, it, audited.shows_places)).collect(),
            next: audited.next.map(|it| Text(Cursor(it))),
        }
    }
}

/// A line of the journal.
#[derive(Serialize, JsonSchema)]
struct AuditRecord<'a> {
    /// Its place in the journal, from 1 on, for the operator alone: it tells how much goes on in all. Null for accounts, and for a token
    /// for some accounts.
    line: Option<i64>,
    /// Its id, and that of what it recorded.
    id: Text<LineId>,
    /// When it was written; never before the line before it.
    created_at: Text<Time>,
    /// What happened.
    #[schemars(extend("enum" = kinds()))]
    kind: &'static str,
    /// The account that it is about; null for what is nobody's, such as a token, a price plan or a number of the stock.
    account: Option<Text<AccountId>>,
    /// The other side of a transfer, the heir of a closed account, who got what was handed over.
    counterparty: Option<Text<AccountId>>,
    /// The account that caused it, where another one paid.
    cause: Option<Text<AccountId>>,
    /// Who did it.
    by: By,
    /// From which address it was asked; null for what tollgate itself did, for lines from before addresses were kept, and where
    /// whoever did it is not the account that reads or one below it.
    address: Option<String>,
    /// The `Idempotency-Key`; of a checked call the proxy's name for it.
    key: Option<&'a str>,
    /// The charge that it gave back, the hold that it ended or moved.
    about: Option<Text<LineId>>,
    /// What was sold.
    operation: Option<&'a str>,
    /// How much of it.
    units: Option<&'a str>,
    /// The rule of the price plan that it went by.
    price: Option<PriceRecord<'a>>,
    /// What the caller knows it by.
    reference: Option<&'a str>,
    /// Whether it was booked whatever the limit and the status.
    forced: bool,
    /// Whether it settled a hold that had ended.
    late: bool,
    /// What `account` stood at before and after it; null where nothing moved.
    figures: Option<FiguresMoved>,
    /// The same of `counterparty`.
    counterparty_figures: Option<FiguresMoved>,
    /// What it changed, as it was; null for what is new, for what is all in the figures, for lines from before this was kept, and
    /// for who got what was another's.
    before: Option<AuditedThing<'a>>,
    /// What it made or changed, as it was after it; null for what is gone.
    after: Option<AuditedThing<'a>>,
}

impl<'a> AuditRecord<'a> {
    fn new(by: &Actor, recorded: &'a Recorded, shows_place: bool) -> Self {
        let line = &recorded.line;
        let is_operator = by.account().is_none();
        let opposite = line.change.checked_neg();
        let figures = |side: Option<Side>, change: Option<Standing>| {
            let side = side.filter(|_| line.is_posting())?;
            Some(FiguresMoved::new(&side, change.filter(|_| authority::may_see_side(by, line, &side))))
        };
        Self {
            line: recorded.place.number().filter(|_| is_operator && shows_place),
            id: Text(line.id),
            created_at: Text(Time(line.at)),
            kind: kind(line.kind),
            account: line.account.map(|it| Text(it.account)),
            counterparty: line.counter.map(|it| Text(it.account)),
            cause: line.cause.map(Text),
            by: By::new(&line.by),
            address: line.address.filter(|_| may_see_address(by, line)).map(|it| it.to_string()),
            key: line.once.as_ref().map(|it| &*it.key),
            about: line.about.map(Text),
            operation: line.operation.as_deref(),
            units: line.units.as_deref(),
            price: line.price.as_deref().and_then(PriceRecord::new),
            reference: line.reference.as_deref(),
            forced: line.forced,
            late: line.late,
            figures: figures(line.account, Some(line.change)),
            counterparty_figures: figures(line.counter, opposite),
            before: line.before.as_deref().filter(|_| may_see_before(by, line)).map(AuditedThing::new),
            after: line.record.as_deref().filter(|_| !ends(line)).map(AuditedThing::new),
        }
    }
}

/// Where its caller is, a line tells to the operator, to the caller itself and to the primary above it.
fn may_see_address(by: &Actor, line: &Line) -> bool {
    match by.account() {
        None => true,
        Some(reader) => line.by.account().is_some_and(|it| it == reader || line.family == Some(reader)),
    }
}

/// What was another's before it was handed over, that one may see, and its primary.
fn may_see_before(by: &Actor, line: &Line) -> bool {
    line.account.is_none_or(|it| authority::may_see_side(by, line, &it))
}

/// Whether nothing is left of what a line is about.
fn ends(line: &Line) -> bool {
    match line.record.as_deref() {
        Some(Record::Number(number)) => {
            line.kind == Kind::NumberWithdrawn || (line.kind == Kind::NumberUnrented && number.is_brought)
        }
        Some(_) | None => {
            matches!(line.kind, Kind::ApplicationDeleted | Kind::EndpointDeleted | Kind::CredentialRevoked)
        }
    }
}

/// What one side of a line stood at, before and after it.
#[derive(Serialize, JsonSchema)]
struct FiguresMoved {
    /// What it stood at before the line.
    before: StandingRecord,
    /// What it stood at after it.
    after: StandingRecord,
}

/// What an account stood at.
#[derive(Serialize, JsonSchema)]
struct StandingRecord {
    /// The balance; null, as the next three, where the caller may not see it.
    balance: Option<Text<Amount>>,
    /// The credit limit.
    credit_limit: Option<Text<Amount>>,
    /// What was held.
    held: Option<Text<Amount>>,
    /// What was available.
    available: Option<Text<Amount>>,
}

impl FiguresMoved {
    /// Of a side that was moved by `change`, if that may be seen.
    fn new(side: &Side, change: Option<Standing>) -> Self {
        let after = change.map(|_| side.after);
        // What was added before it was written can be taken off again.
        let before = change.and_then(|it| side.after.checked_add(&it.checked_neg()?));
        Self { before: StandingRecord::new(before), after: StandingRecord::new(after) }
    }
}

impl StandingRecord {
    fn new(standing: Option<Standing>) -> Self {
        Self {
            balance: standing.map(|it| Text(it.balance)),
            credit_limit: standing.map(|it| Text(it.credit_limit)),
            held: standing.map(|it| Text(it.held)),
            available: standing.map(|it| Text(it.available())),
        }
    }
}

/// A record, under the name of its sort: always one of these.
#[derive(Serialize, JsonSchema, Default)]
struct AuditedThing<'a> {
    /// An account.
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<AuditedAccount<'a>>,
    /// A hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    hold: Option<HoldRecord<'a>>,
    /// A number.
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<AuditedNumber<'a>>,
    /// An application.
    #[serde(skip_serializing_if = "Option::is_none")]
    application: Option<AuditedApplication<'a>>,
    /// An endpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    endpoint: Option<AuditedEndpoint<'a>>,
    /// A version of a price plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    price_plan: Option<PlanRecord<'a>>,
    /// A credential.
    #[serde(skip_serializing_if = "Option::is_none")]
    credential: Option<CredentialRecord<'a>>,
    /// An operator or gate token.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<TokenRecord<'a>>,
    /// A webhook.
    #[serde(skip_serializing_if = "Option::is_none")]
    webhook: Option<WebhookRecord<'a>>,
}

type Kept<'a> = BTreeMap<&'static str, &'a str>;

/// An account, as it was.
#[derive(Serialize, JsonSchema)]
struct AuditedAccount<'a> {
    #[serde(flatten)]
    account: AccountRecord<'a>,
    /// What it kept about itself.
    settings: Kept<'a>,
}

/// A number, as it was.
#[derive(Serialize, JsonSchema)]
struct AuditedNumber<'a> {
    #[serde(flatten)]
    number: NumberRecord<'a>,
    /// What was kept with it.
    settings: Kept<'a>,
}

/// An application, as it was.
#[derive(Serialize, JsonSchema)]
struct AuditedApplication<'a> {
    /// Its id.
    id: Text<ApplicationId>,
    /// Whose it was.
    account: Text<AccountId>,
    /// What it was called.
    name: &'a str,
    /// Whether it answered new numbers of which nothing was said.
    default_for_numbers: bool,
    /// Whether it answered new endpoints of which nothing was said.
    default_for_endpoints: bool,
    /// When it was made.
    created_at: Text<Time>,
    /// Its addresses.
    settings: Kept<'a>,
}

/// An endpoint, as it was; its password nobody is shown.
#[derive(Serialize, JsonSchema)]
struct AuditedEndpoint<'a> {
    /// Its id.
    id: Text<EndpointId>,
    /// Whose it was.
    account: Text<AccountId>,
    /// The name that a device registers with.
    username: &'a str,
    /// What it was called.
    alias: &'a str,
    /// What answered it; null for nothing.
    application: Option<Text<ApplicationId>>,
    /// When it was made.
    created_at: Text<Time>,
}

impl<'a> AuditedThing<'a> {
    fn new(record: &'a Record) -> Self {
        let none = Self::default();
        match record {
            Record::Account(account) => Self { account: Some(AuditedAccount::new(account)), ..none },
            Record::Closed(closed) => Self { account: Some(AuditedAccount::new(&closed.account)), ..none },
            Record::Hold(hold) => Self { hold: Some(HoldRecord::new(hold)), ..none },
            Record::Number(number) => Self { number: Some(AuditedNumber::new(number)), ..none },
            Record::Application(it) => Self { application: Some(AuditedApplication::new(it)), ..none },
            Record::Endpoint(endpoint) => Self { endpoint: Some(AuditedEndpoint::new(endpoint)), ..none },
            Record::Plan(plan) => Self { price_plan: Some(PlanRecord::new(plan)), ..none },
            Record::Credential(it) => Self { credential: Some(CredentialRecord::new(it)), ..none },
            Record::Token(token) => Self { token: Some(TokenRecord::new(token)), ..none },
            Record::Webhook(webhook) => Self { webhook: Some(WebhookRecord::new(webhook)), ..none },
        }
    }
}

impl<'a> AuditedNumber<'a> {
    fn new(number: &'a Number) -> Self {
        Self { number: NumberRecord::new(number), settings: settings(&number.settings) }
    }
}

impl<'a> AuditedAccount<'a> {
    fn new(account: &'a Account) -> Self {
        let is_open = account.status != Status::Closed && account.mode == BalanceMode::Own;
        let available = is_open.then(|| account.standing.available());
        Self { account: AccountRecord::of(account, available), settings: settings(&account.settings) }
    }
}

impl<'a> AuditedApplication<'a> {
    fn new(application: &'a Application) -> Self {
        Self {
            id: Text(application.id),
            account: Text(application.owner),
            name: &application.name,
            default_for_numbers: application.defaults.numbers,
            default_for_endpoints: application.defaults.endpoints,
            created_at: Text(Time(application.created_at)),
            settings: settings(&application.settings),
        }
    }
}

impl<'a> AuditedEndpoint<'a> {
    fn new(endpoint: &'a Endpoint) -> Self {
        Self {
            id: Text(endpoint.id),
            account: Text(endpoint.owner),
            username: &endpoint.username,
            alias: &endpoint.alias,
            application: endpoint.application.map(Text),
            created_at: Text(Time(endpoint.created_at)),
        }
    }
}

fn settings(settings: &Settings) -> Kept<'_> {
    settings.iter().map(|(setting, text)| (called(setting), &**text)).collect()
}

const fn called(setting: Setting) -> &'static str {
    match setting {
        Setting::Address => "address",
        Setting::City => "city",
        Setting::State => "state",
        Setting::MessageCallbackUrl => "message_callback_url",
        Setting::ReceiptCallbackUrl => "receipt_callback_url",
        Setting::Alias => "alias",
        Setting::Carrier => "carrier",
        Setting::CnamLookup => "cnam_lookup",
        Setting::MessageUrl => "message_url",
        Setting::Region => "region",
        Setting::SmppSystemType => "smpp_system_type",
        Setting::VoiceCallbackType => "voice_callback_type",
        Setting::VoiceCallbackValue => "voice_callback_value",
        Setting::VoiceStatusUrl => "voice_status_url",
        Setting::AnswerMethod => "answer_method",
        Setting::AnswerUrl => "answer_url",
        Setting::FallbackMethod => "fallback_method",
        Setting::FallbackUrl => "fallback_url",
        Setting::HangupMethod => "hangup_method",
        Setting::HangupUrl => "hangup_url",
        Setting::LogIncomingMessages => "log_incoming_messages",
        Setting::MessageMethod => "message_method",
        Setting::PublicUri => "public_uri",
    }
}
