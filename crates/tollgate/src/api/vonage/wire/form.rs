//! What a request to the rest host says: a query, a form or, for whoever sends one, a JSON object of plain values. Which
//! of them a body is, it says itself: the SDKs label forms as JSON. The case of names does not matter, as they write
//! `moCallBackUrl` in two ways.

use std::borrow::Cow;
use std::str::FromStr;
use std::sync::Arc;

use ledger::{ApplicationId, Country, Features, NumberKind, Setting, SettingChange, text};
use serde_json::{Map, Value};

use super::request::{plain, undressed};
use crate::api::vonage::error::Fault;
use crate::api::vonage::error::rest::reason;
use crate::app::{NumberChange, NumberFilter, Slice};

/// How many numbers are listed when nothing is said.
const SIZE: usize = 10;
/// And at most.
const SIZE_MAX: usize = 100;
/// What an inbound call may be handed to.
const VOICE_TYPES: [&str; 4] = ["sip", "tel", "vxml", "app"];
/// Goes by none of an application's names: too few digits.
const NO_APPLICATION: ApplicationId = ApplicationId::from_number(0);

/// The members of a request, and what was not fit of those that were read.
#[derive(Debug)]
pub(in super::super) struct Form {
    members: Vec<(String, String)>,
    faults: Vec<Fault>,
}

/// Which numbers are asked for.
#[derive(Debug)]
pub(in super::super) struct NumberQuery {
    pub(in super::super) filter: NumberFilter,
    pub(in super::super) slice: Slice,
}

/// A number, and the subaccount that it is for as it was named.
#[derive(Debug)]
pub(in super::super) struct NamedNumber {
    pub(in super::super) country: Country,
    pub(in super::super) msisdn: Arc<str>,
    pub(in super::super) target: Option<String>,
}

impl Form {
    /// `None` for a JSON object that has more than plain values.
    pub(in super::super) fn of(body: &[u8], query: Option<&str>) -> Option<Self> {
        let pairs = |it| form_urlencoded::parse(it).into_owned();
        let mut members: Vec<_> =
            if body.trim_ascii_start().starts_with(b"{") { json(body)? } else { pairs(body).collect() };
        members.extend(pairs(query.unwrap_or_default().as_bytes()));
        Some(Self { members, faults: Vec::new() })
    }

    /// Everything that was not fit.
    pub(in super::super) fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// What the caller's own numbers are narrowed to.
    pub(in super::super) fn owned(&mut self) -> Option<NumberQuery> {
        let (country, pattern, slice) = (self.country(), self.pattern(), self.slice());
        // What is no id is nobody's: it narrows the list and matches nothing.
        let application = self.said("application_id").map(|it| it.parse().unwrap_or(NO_APPLICATION));
        let has_application =
            self.read("has_application", reason::BOOLEAN, |it| bool::from_str(&it.to_ascii_lowercase()).ok());
        let filter =
            NumberFilter { country, pattern, application, has_application, ..NumberFilter::default() };
        Some(NumberQuery { filter, slice })
    }

    /// What the stock is narrowed to.
    pub(in super::super) fn search(&mut self) -> Option<NumberQuery> {
        let country = self.needed("country", Self::country);
        let (pattern, slice) = (self.pattern(), self.slice());
        let kinds = self.read("type", reason::TYPE, kinds).unwrap_or_default();
        let features = self.read("features", reason::FEATURES, features).unwrap_or_default();
        let filter =
            NumberFilter { country: Some(country?), pattern, kinds, features, ..NumberFilter::default() };
        Some(NumberQuery { filter, slice })
    }

    /// The number that a request names.
    pub(in super::super) fn number(&mut self) -> Option<NamedNumber> {
        let country = self.needed("country", Self::country);
        let msisdn = self.needed("msisdn", |form| {
            form.read("msisdn", reason::MSISDN, |it| {
                let digits = undressed(it);
                text::is_msisdn(&digits).then(|| digits.into())
            })
        });
        let target = self.said("target_api_key").map(str::to_owned);
        Some(NamedNumber { country: country?, msisdn: msisdn?, target })
    }

    /// The number that a request names, and what is to be different about it. What is not there stays as it is.
    pub(in super::super) fn update(&mut self) -> Option<(NamedNumber, NumberChange)> {
        let number = self.number();
        let application = match self.get("app_id") {
            None => None,
            Some("") => Some(None),
            Some(_) => self.read("app_id", reason::APPLICATION, |it| it.parse().ok()).map(Some),
        };
        let mut settings = self.texts(&[
            ("moHttpUrl", Setting::MessageUrl),
            ("moSmppSysType", Setting::SmppSystemType),
            ("voiceStatusCallback", Setting::VoiceStatusUrl),
        ]);
        settings.extend(self.voice_callback());
        Some((number?, NumberChange { application, settings, ..NumberChange::default() }))
    }

    /// What is to be different about an account; nothing where it is only to be read.
    pub(in super::super) fn account_settings(&self) -> Vec<SettingChange> {
        self.texts(&[
            ("moCallBackUrl", Setting::MessageCallbackUrl),
            ("drCallBackUrl", Setting::ReceiptCallbackUrl),
        ])
    }

    /// A member that is there, perhaps empty.
    fn get(&self, name: &str) -> Option<&str> {
        self.members.iter().find(|it| it.0.eq_ignore_ascii_case(name)).map(|it| it.1.as_str())
    }

    /// A member that says something.
    fn said(&self, name: &str) -> Option<&str> {
        self.get(name).map(str::trim).filter(|it| !it.is_empty())
    }

    fn not_fit<T>(&mut self, name: &'static str, reason: &'static str) -> Option<T> {
        self.faults.push(Fault { reason, name });
        None
    }

    /// A member that may be absent or empty; one that says what `read` makes nothing of is a fault.
    fn read<T>(
        &mut self,
        name: &'static str,
        reason: &'static str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        match read(self.said(name)?) {
            Some(read) => Some(read),
            None => self.not_fit(name, reason),
        }
    }

    /// A member that may be neither.
    fn needed<T>(&mut self, name: &'static str, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        if self.said(name).is_some() { read(self) } else { self.not_fit(name, reason::REQUIRED) }
    }

    fn country(&mut self) -> Option<Country> {
        self.read("country", reason::COUNTRY, |it| it.parse().ok())
    }

    /// What digits are to be like: with what they begin unless something else is said.
    fn pattern(&mut self) -> Option<String> {
        let place = self.read("search_pattern", reason::SEARCH_PATTERN, |it| match it {
            "0" => Some(["", "*"]),
            "1" => Some(["*", "*"]),
            "2" => Some(["*", ""]),
            _ => None,
        });
        let digits = self.read("pattern", reason::PATTERN, |it| {
            let digits = undressed(it);
            digits.bytes().all(|it| it.is_ascii_digit()).then_some(digits)
        })?;
        let [before, behind] = place.unwrap_or(["", "*"]);
        Some(format!("{before}{digits}{behind}"))
    }

    fn slice(&mut self) -> Slice {
        let number = |it: &str| it.parse::<usize>().ok().filter(|it| *it > 0);
        let limit = self.read("size", reason::SIZE, |it| number(it).filter(|it| *it <= SIZE_MAX));
        let (limit, index) = (limit.unwrap_or(SIZE), self.read("index", reason::INDEX, number).unwrap_or(1));
        Slice { offset: index.saturating_sub(1).saturating_mul(limit), limit }
    }

    /// The texts that are there; an empty one takes away what was set.
    fn texts(&self, names: &[(&str, Setting)]) -> Vec<SettingChange> {
        let text = |it: &(&str, Setting)| Some((it.1, filled(self.get(it.0)?)));
        names.iter().filter_map(text).collect()
    }

    /// What inbound calls are handed to: a kind and a value, both or neither.
    fn voice_callback(&mut self) -> Vec<SettingChange> {
        const KIND: &str = "voiceCallbackType";
        let (kind, value) = (self.get(KIND), self.get("voiceCallbackValue"));
        if kind.or(value).is_none() {
            return Vec::new();
        }
        let (kind, value) = (kind.and_then(filled), value.and_then(filled));
        if kind.is_some() != value.is_some() {
            self.not_fit::<()>(KIND, reason::VOICE_PAIR);
        }
        let kind = kind.map(|it| it.to_ascii_lowercase());
        if kind.as_ref().is_some_and(|it| !VOICE_TYPES.contains(&&**it)) {
            self.not_fit::<()>(KIND, reason::VOICE_TYPE);
        }
        vec![(Setting::VoiceCallbackType, kind.map(Into::into)), (Setting::VoiceCallbackValue, value)]
    }
}

/// The plain values of a JSON object; one that is null is as if it were not there.
fn json(body: &[u8]) -> Option<Vec<(String, String)>> {
    let members: Map<String, Value> = serde_json::from_slice(body).ok()?;
    let text = |it: &Value| match it.as_bool() {
        Some(flag) => Some(flag.to_string()),
        None => plain(it).map(Cow::into_owned),
    };
    let is_there = |it: &(String, Value)| !it.1.is_null();
    members.into_iter().filter(is_there).map(|(name, value)| Some((name, text(&value)?))).collect()
}

fn filled(text: &str) -> Option<Arc<str>> {
    (!text.is_empty()).then(|| text.into())
}

/// The kinds that one of this dialect's words covers.
fn kinds(text: &str) -> Option<Vec<NumberKind>> {
    match text {
        "mobile-lvn" => Some(vec![NumberKind::Mobile]),
        "landline" => Some(vec![NumberKind::Local, NumberKind::National]),
        "landline-toll-free" => Some(vec![NumberKind::TollFree]),
        "mobile-shortcode" => Some(vec![NumberKind::ShortCode]),
        _ => None,
    }
}

/// All that a number is to be able to do, separated by commas.
fn features(text: &str) -> Option<Features> {
    let mut features = Features::default();
    for feature in text.split(',') {
        match &*feature.trim().to_ascii_uppercase() {
            "SMS" => features.sms = true,
            "VOICE" => features.voice = true,
            "MMS" => features.mms = true,
            _ => return None,
        }
    }
    Some(features)
}
