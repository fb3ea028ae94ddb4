//! Numbers: what adds and lists them, and how they are shown.

use std::borrow::Cow;

use ledger::{AccountId, Amount, ApplicationId, Country, Features, NewNumber, Number, NumberKind};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;

use super::super::error::Failure;
use super::bodies::{Cursor, NO_CURSOR, cursor, limit};
use super::members::Members;
use super::schema::{
    AccountAsked, AmountFromZero, CountryAsked, CurrencyAsked, CursorAsked, LimitAsked, words, words_or_null,
};
use super::{Text, Time};
use crate::app::NumberFilter;
use crate::http::Incoming;

const KINDS: [(&str, NumberKind); 5] = [
    ("mobile", NumberKind::Mobile),
    ("local", NumberKind::Local),
    ("national", NumberKind::National),
    ("tollfree", NumberKind::TollFree),
    ("shortcode", NumberKind::ShortCode),
];
const FEATURES: [(&str, Features); 3] = [
    ("SMS", Features { sms: true, voice: false, mms: false }),
    ("VOICE", Features { sms: false, voice: true, mms: false }),
    ("MMS", Features { sms: false, voice: false, mms: true }),
];
const PLACES: [(&str, bool); 2] = [("stock", false), ("rented", true)];
/// What a number can do when nothing is said.
const FEATURES_DEFAULT: Features = Features { sms: true, voice: true, mms: false };
/// What is wrong with a country.
const NO_COUNTRY: &str = "must be two letters such as \"GB\"";

/// `POST /api/v1/numbers`.
pub(in super::super) struct NumberBody<'a> {
    pub(in super::super) number: NewNumber,
    /// Who gets it; nobody when it comes into the stock.
    pub(in super::super) account: Option<Cow<'a, str>>,
}

impl JsonSchema for NumberBody<'_> {
    fn schema_name() -> Cow<'static, str> {
        "NumberBody".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        NumberMembers::json_schema(generator)
    }
}

/// A new number.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "describes a `NumberBody`, whose parts are read otherwise")]
struct NumberMembers {
    /// Its country.
    #[schemars(with = "CountryAsked")]
    country: (),
    /// Its digits, with the country's prefix: 3 to 15.
    #[schemars(with = "String", regex(pattern = "^[0-9]{3,15}$"))]
    msisdn: (),
    /// What kind of number it is; mobile when nothing is said.
    #[schemars(with = "Option<&'static str>", extend("enum" = words_or_null(&KINDS)))]
    r#type: (),
    /// What it can do; SMS and VOICE when nothing is said.
    #[schemars(with = "Option<Vec<Feature>>", length(min = 1))]
    features: (),
    /// What renting it takes, once; 0 when nothing is said.
    #[schemars(with = "Option<AmountFromZero>")]
    cost: (),
    /// The currency of that cost. EUR when nothing is said, or that of the account.
    #[schemars(with = "Option<CurrencyAsked>")]
    currency: (),
    /// The account that gets it at once and at no cost, for a number that a partner brings along. Without it the number comes into
    /// the stock.
    #[schemars(with = "Option<AccountAsked>")]
    account: (),
}

/// What a number can do.
enum Feature {}

impl JsonSchema for Feature {
    fn schema_name() -> Cow<'static, str> {
        "Feature".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "description": "What a number can do.", "type": "string", "enum": words(&FEATURES) })
    }
}

impl<'a> NumberBody<'a> {
    pub(in super::super) fn read(incoming: &'a Incoming) -> Result<Self, Failure> {
        let mut members = Members::of_body(incoming)?;
        let country = members.required("country", |members, name| members.parsed(name, NO_COUNTRY));
        let msisdn = members.required("msisdn", Members::text);
        let kind = members.one_of("type", &KINDS).unwrap_or(NumberKind::Mobile);
        let features = members.some_of("features", &FEATURES);
        let features = features.map_or(FEATURES_DEFAULT, |it| it.into_iter().fold(Features::default(), both));
        let cost = members.amount("cost").unwrap_or_default();
        let currency = members.parsed("currency", "must be three capital letters such as \"EUR\"");
        let account = members.text("account");
        let number = country.zip(msisdn).map(|(country, msisdn)| NewNumber {
            country,
            msisdn: msisdn.into(),
            kind,
            features,
            cost,
            currency,
        });
        members.finish(number.map(|number| Self { number, account }))
    }
}

const fn both(one: Features, other: Features) -> Features {
    Features { sms: one.sms || other.sms, voice: one.voice || other.voice, mms: one.mms || other.mms }
}

/// The query of `GET /api/v1/numbers`.
pub(in super::super) struct NumbersQuery {
    pub(in super::super) filter: NumberFilter,
    pub(in super::super) account: Option<String>,
    pub(in super::super) after: i64,
    pub(in super::super) limit: usize,
}

impl JsonSchema for NumbersQuery {
    fn schema_name() -> Cow<'static, str> {
        "NumbersQuery".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        NumbersMembers::json_schema(generator)
    }
}

/// Which numbers.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "describes a `NumbersQuery`, whose parts are read otherwise")]
struct NumbersMembers {
    /// Only those of this country.
    #[schemars(with = "Option<CountryAsked>")]
    country: (),
    /// Only those of exactly these digits.
    #[schemars(with = "Option<String>")]
    msisdn: (),
    /// Only those of this kind.
    #[schemars(with = "Option<&'static str>", extend("enum" = words_or_null(&KINDS)))]
    r#type: (),
    /// Only those in the stock, or only those that are rented.
    #[schemars(with = "Option<&'static str>", extend("enum" = words_or_null(&PLACES)))]
    status: (),
    /// Only those that this account rents. One that there is not has none.
    #[schemars(with = "Option<AccountAsked>")]
    account: (),
    /// Where the page begins.
    #[schemars(with = "Option<CursorAsked>")]
    cursor: (),
    /// The most numbers of the page.
    #[schemars(with = "Option<LimitAsked>")]
    limit: (),
}

impl NumbersQuery {
    pub(in super::super) fn read(incoming: &Incoming) -> Result<Self, Failure> {
        let mut members = Members::of_query(incoming)?;
        let filter = NumberFilter {
            country: members.parsed::<Country>("country", NO_COUNTRY),
            msisdn: members.text("msisdn").map(Cow::into_owned),
            kinds: members.one_of("type", &KINDS).into_iter().collect(),
            is_rented: members.one_of("status", &PLACES),
            ..NumberFilter::default()
        };
        let account = members.text("account").map(Cow::into_owned);
        let after = cursor(&mut members).map(|it| it.place());
        if after == Some(None) {
            members.fault("cursor", NO_CURSOR);
        }
        let limit = limit(&mut members);
        // Before the first place.
        let after = after.flatten().unwrap_or(0);
        members.finish(Some(Self { filter, account, after, limit }))
    }
}

/// A number.
#[derive(Serialize, JsonSchema)]
pub(in super::super) struct NumberRecord<'a> {
    /// The two letters of its country.
    country: &'a str,
    /// Its digits, with the country's prefix.
    msisdn: &'a str,
    /// What kind of number it is.
    #[schemars(extend("enum" = words(&KINDS)))]
    r#type: &'static str,
    /// What it can do.
    #[schemars(with = "Vec<Feature>")]
    features: Vec<&'static str>,
    /// What renting it takes, once.
    cost: Text<Amount>,
    /// The currency of that cost.
    currency: &'a str,
    /// In the stock, or rented.
    #[schemars(extend("enum" = words(&PLACES)))]
    status: &'static str,
    /// Who rents it. Null, as are the next and the last, while it is in the stock.
    account: Option<Text<AccountId>>,
    /// What answers it; null for nothing.
    application: Option<Text<ApplicationId>>,
    /// When it came.
    added_at: Text<Time>,
    /// When it was rented.
    rented_at: Option<Text<Time>>,
}

impl<'a> NumberRecord<'a> {
    pub(in super::super) fn new(number: &'a Number) -> Self {
        let features = FEATURES.into_iter().filter(|(_, feature)| number.features.include(*feature));
        Self {
            country: number.country.as_str(),
            msisdn: &number.msisdn,
            r#type: kind(number.kind),
            features: features.map(|it| it.0).collect(),
            cost: Text(number.cost),
            currency: number.currency.as_str(),
            status: if number.owner.is_some() { "rented" } else { "stock" },
            account: number.owner.map(Text),
            application: number.application.map(Text),
            added_at: Text(Time(number.added_at)),
            rented_at: number.rented_at.map(|it| Text(Time(it))),
        }
    }
}

const fn kind(kind: NumberKind) -> &'static str {
    match kind {
        NumberKind::Mobile => "mobile",
        NumberKind::Local => "local",
        NumberKind::National => "national",
        NumberKind::TollFree => "tollfree",
        NumberKind::ShortCode => "shortcode",
    }
}

/// A page of numbers, in the order in which they came.
#[derive(Serialize, JsonSchema)]
pub(in super::super) struct NumbersPage<'a> {
    /// The numbers, in the order in which they came.
    numbers: Vec<NumberRecord<'a>>,
    /// For the page after this one; null on the last.
    next: Option<Text<Cursor>>,
}

impl<'a> NumbersPage<'a> {
    /// Of one number more than the page has, if there is one, and their places.
    pub(in super::super) fn new(numbers: &'a [(i64, Number)], limit: usize) -> Self {
        let page = numbers.get(..limit).unwrap_or(numbers);
        let last = page.last().filter(|_| numbers.len() > limit);
        Self {
            numbers: page.iter().map(|(_, number)| NumberRecord::new(number)).collect(),
            next: last.map(|(place, _)| Text(Cursor::of_place(*place))),
        }
    }
}
