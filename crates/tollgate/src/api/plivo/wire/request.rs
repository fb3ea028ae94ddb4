//! What a request says, in the ways in which seven SDKs say it: unknown members are ignored, null is absent, a boolean
//! may be a text or a number. The first thing that is not fit is the answer.

use std::sync::Arc;

use axum::body::Bytes;
use ledger::{Features, NumberKind, Setting, SettingChange, text};
use md5::{Digest, Md5};
use serde_json::{Map, Value};

use super::super::error::Problem;
use crate::app::{NumberFilter, Slice};
use crate::http::{BODY_MAX, BodyError, Incoming};

/// The most entries of a page, and how many there are when nothing is said.
const LIMIT_MAX: usize = 20;

/// The arguments of a request, from its query or its body.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Args(Map<String, Value>);

/// Which part of a list is asked for, and what else the query says.
#[derive(Clone, Debug)]
pub(in super::super) struct Paging {
    pub(in super::super) slice: Slice,
    /// The other arguments, for the addresses of the next page and the one before.
    pub(in super::super) filters: Vec<(String, String)>,
}

impl Args {
    /// Of a query; an argument without a value is absent.
    pub(in super::super) fn of_query(incoming: &Incoming) -> Self {
        let pairs = form_urlencoded::parse(incoming.uri.query().unwrap_or_default().as_bytes());
        let given = pairs.filter(|(_, value)| !value.is_empty());
        Self(given.map(|(name, value)| (name.into_owned(), Value::String(value.into_owned()))).collect())
    }

    /// Of the body of a POST.
    pub(in super::super) fn of_body(incoming: &Incoming) -> Result<Self, Problem> {
        match parsed(incoming)? {
            Some(Value::Object(members)) => Ok(Self(members)),
            Some(_) | None => Err(Problem::bad("request body must be a JSON object")),
        }
    }

    /// Of a body that may say nothing, in any of the ways in which that is said.
    pub(in super::super) fn of_optional_body(incoming: &Incoming) -> Result<Self, Problem> {
        match parsed(incoming)? {
            Some(Value::Object(members)) => Ok(Self(members)),
            None | Some(Value::Null) => Ok(Self::default()),
            Some(Value::String(text)) if text.is_empty() => Ok(Self::default()),
            Some(_) => Err(Problem::bad("request body must be a JSON object")),
        }
    }

    /// Whether an argument is there, null or not.
    pub(in super::super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    fn value(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|it| !it.is_null())
    }

    /// A text.
    pub(in super::super) fn text(&self, name: &'static str) -> Result<Option<&str>, Problem> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Problem::bad(format!("{name} must be a string"))),
        }
    }

    /// An id or a number's digits, which some send as a JSON number.
    pub(in super::super) fn digits(&self, name: &'static str) -> Result<Option<String>, Problem> {
        match self.value(name) {
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            _ => Ok(self.text(name)?.map(str::to_owned)),
        }
    }

    /// A boolean.
    pub(in super::super) fn flag(&self, name: &'static str) -> Result<Option<bool>, Problem> {
        let text = match self.value(name) {
            None => return Ok(None),
            Some(Value::Bool(flag)) => return Ok(Some(*flag)),
            Some(Value::Number(number)) => number.to_string(),
            Some(Value::String(text)) => text.to_ascii_lowercase(),
            Some(Value::Null | Value::Array(_) | Value::Object(_)) => String::new(),
        };
        match text.as_str() {
            "true" | "1" => Ok(Some(true)),
            "false" | "0" => Ok(Some(false)),
            _ => Err(Problem::bad(format!("{name} must be a boolean"))),
        }
    }

    /// A name that must be there.
    pub(in super::super) fn required_name(&self) -> Result<Arc<str>, Problem> {
        self.name()?.ok_or_else(|| Problem::bad("name is a required parameter"))
    }

    /// A name, where one is given; a blank one is none.
    pub(in super::super) fn name(&self) -> Result<Option<Arc<str>>, Problem> {
        match self.text("name")?.filter(|it| !it.trim().is_empty()) {
            None => Ok(None),
            Some(name) if text::fits(name, text::NAME_MAX) => Ok(Some(name.into())),
            Some(_) => Err(Problem::bad("name must not exceed 255 characters")),
        }
    }

    /// Whether what the subaccount owns goes with it: from the query, else from the body.
    pub(in super::super) fn cascade(incoming: &Incoming) -> Result<Option<bool>, Problem> {
        let body = Self::of_optional_body(incoming)?;
        let in_body = body.flag("cascade")?;
        Ok(Self::of_query(incoming).flag("cascade")?.or(in_body))
    }

    /// The settings of a thing that are given, each by its name here; an empty text takes one away.
    pub(in super::super) fn settings(
        &self,
        names: &[(&'static str, Setting)],
    ) -> Result<Vec<SettingChange>, Problem> {
        let mut changes = Vec::new();
        for (name, setting) in names {
            if let Some(text) = self.text(name)? {
                if !text::fits(text, text::SETTING_MAX) {
                    let max = text::SETTING_MAX;
                    return Err(Problem::bad(format!("{name} must not exceed {max} characters")));
                }
                changes.push((*setting, (!text.is_empty()).then(|| text.into())));
            }
        }
        Ok(changes)
    }

    /// The callbacks of an application: addresses, methods and flags.
    pub(in super::super) fn callbacks(&self) -> Result<Vec<SettingChange>, Problem> {
        const URLS: [(&str, Setting); 4] = [
            ("answer_url", Setting::AnswerUrl),
            ("fallback_answer_url", Setting::FallbackUrl),
            ("hangup_url", Setting::HangupUrl),
            ("message_url", Setting::MessageUrl),
        ];
        let mut changes = self.settings(&URLS)?;
        for name in URLS.map(|it| it.0) {
            let is_address = |it: &str| it.starts_with("http://") || it.starts_with("https://");
            if self.text(name)?.is_some_and(|it| !it.is_empty() && !is_address(it)) {
                return Err(Problem::bad(format!("{name} must begin with http:// or https://")));
            }
        }
        for (name, setting) in [
            ("answer_method", Setting::AnswerMethod),
            ("fallback_method", Setting::FallbackMethod),
            ("hangup_method", Setting::HangupMethod),
            ("message_method", Setting::MessageMethod),
        ] {
            let Some(method) = self.text(name)? else { continue };
            let method = method.to_ascii_uppercase();
            match method.as_str() {
                "" => changes.push((setting, None)),
                "GET" | "POST" => changes.push((setting, Some(method.into()))),
                _ => return Err(Problem::bad(format!("{name} must be GET or POST"))),
            }
        }
        for (name, setting) in
            [("log_incoming_messages", Setting::LogIncomingMessages), ("public_uri", Setting::PublicUri)]
        {
            if let Some(flag) = self.flag(name)? {
                changes.push((setting, Some(flag.to_string().into())));
            }
        }
        Ok(changes)
    }

    /// What a list of numbers is narrowed to.
    pub(in super::super) fn number_filter(&self) -> Result<NumberFilter, Problem> {
        let pattern = self.digits("number_startswith")?;
        Ok(NumberFilter {
            pattern: pattern.map(|it| only_digits(&it, "number_startswith")).transpose()?.map(|it| it + "*"),
            kinds: self.number_kinds("type")?,
            features: self.services()?,
            alias: self.text("alias")?.map(str::to_owned),
            cnam_lookup: self.text("cnam_lookup")?.map(str::to_owned),
            ..NumberFilter::default()
        })
    }

    /// Whether it asks for numbers with something that no number here has.
    pub(in super::super) fn asks_for_none(&self) -> bool {
        const NEVER: [&str; 8] = [
            "renewal_date",
            "renewal_date__gt",
            "renewal_date__gte",
            "renewal_date__lt",
            "renewal_date__lte",
            "tendlc_campaign_id",
            "toll_free_sms_verification",
            "toll_free_sms_verification_order_status",
        ];
        let status = self.value("tendlc_registration_status").and_then(Value::as_str);
        NEVER.iter().any(|it| self.value(it).is_some()) || status.is_some_and(|it| it != "UNREGISTERED")
    }

    /// What a search of the stock is narrowed to.
    pub(in super::super) fn stock_filter(&self) -> Result<NumberFilter, Problem> {
        let country = self.text("country_iso")?;
        let country = country.ok_or_else(|| Problem::bad("country_iso is a required parameter"))?;
        let country =
            country.parse().map_err(|_| Problem::bad("country_iso must be two letters such as US"))?;
        let pattern = self.digits("pattern")?;
        Ok(NumberFilter {
            country: Some(country),
            pattern: pattern.map(|it| only_digits(&it, "pattern")).transpose()?.map(|it| format!("*{it}*")),
            kinds: self.number_kinds("type")?,
            features: self.services()?,
            ..NumberFilter::default()
        })
    }

    /// The kinds of number that a word means; none means all.
    pub(in super::super) fn number_kinds(&self, name: &'static str) -> Result<Vec<NumberKind>, Problem> {
        let Some(word) = self.text(name)? else { return Ok(Vec::new()) };
        Ok(match word {
            "any" => Vec::new(),
            "fixed" => vec![NumberKind::Local, NumberKind::National],
            "local" => vec![NumberKind::Local],
            "national" => vec![NumberKind::National],
            "mobile" => vec![NumberKind::Mobile],
            "tollfree" => vec![NumberKind::TollFree],
            "shortcode" => vec![NumberKind::ShortCode],
            _ => {
                return Err(Problem::bad(format!(
                    "{name} must be any, fixed, local, mobile, national, shortcode or tollfree"
                )));
            }
        })
    }

    fn services(&self) -> Result<Features, Problem> {
        let mut features = Features::default();
        for service in self.text("services")?.unwrap_or_default().split(',').filter(|it| !it.is_empty()) {
            match service.trim() {
                "sms" => features.sms = true,
                "voice" => features.voice = true,
                "mms" => features.mms = true,
                _ => return Err(Problem::bad("services must be sms, voice and mms, with commas between")),
            }
        }
        Ok(features)
    }

    /// Which part of a list is asked for.
    pub(in super::super) fn paging(&self) -> Result<Paging, Problem> {
        let number = |name| match self.digits(name)? {
            None => Ok(None),
            Some(text) if text.bytes().all(|it| it.is_ascii_digit()) => Ok(Some(text.parse().ok())),
            Some(_) => Ok(Some(None)),
        };
        let limit = match number("limit")? {
            None => LIMIT_MAX,
            Some(Some(limit)) if (1..=LIMIT_MAX).contains(&limit) => limit,
            Some(_) => return Err(Problem::bad("limit must be an integer from 1 to 20")),
        };
        let offset = match number("offset")? {
            None => 0,
            Some(Some(offset)) => offset,
            Some(None) => return Err(Problem::bad("offset must be a non-negative integer")),
        };
        let others = self.0.iter().filter(|(name, _)| !matches!(name.as_str(), "limit" | "offset"));
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let filters = others.map(|(name, value)| (name.clone(), text(value))).collect();
        Ok(Paging { slice: Slice { offset, limit }, filters })
    }
}

fn only_digits(text: &str, name: &'static str) -> Result<String, Problem> {
    let digits = text.trim_start_matches('+');
    if digits.bytes().all(|it| it.is_ascii_digit()) {
        Ok(digits.to_owned())
    } else {
        Err(Problem::bad(format!("{name} must be digits")))
    }
}

/// The JSON of a body, whatever its type says; `None` for an empty one.
fn parsed(incoming: &Incoming) -> Result<Option<Value>, Problem> {
    let body: &Bytes = match &incoming.body {
        Ok(body) => body,
        Err(BodyError::TooLarge) => {
            return Err(Problem::bad(format!("request body must not exceed {BODY_MAX} bytes")));
        }
        Err(BodyError::Broken) => return Err(Problem::bad("request body must be a JSON object")),
    };
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(None);
    }
    serde_json::from_slice(body).map(Some).map_err(|_| Problem::bad("request body must be a JSON object"))
}

/// The MD5 of a password in hex, which is what this dialect shows of it.
pub(in super::super) fn md5(password: &str) -> String {
    Md5::digest(password.as_bytes()).iter().map(|it| format!("{it:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_shown_as_its_md5() {
        assert_eq!(md5("testpassword"), "e16b2ab8d12314bf4efbd6203906ea6c");
    }

    #[test]
    fn a_boolean_is_read_as_every_sdk_writes_it() {
        let args = |json: &str| Args(serde_json::from_str(json).unwrap());
        for (json, flag) in [
            (r#"{"x":true}"#, Some(true)),
            (r#"{"x":"true"}"#, Some(true)),
            (r#"{"x":"True"}"#, Some(true)),
            (r#"{"x":1}"#, Some(true)),
            (r#"{"x":"1"}"#, Some(true)),
            (r#"{"x":false}"#, Some(false)),
            (r#"{"x":"FALSE"}"#, Some(false)),
            (r#"{"x":0}"#, Some(false)),
            (r#"{"x":"0"}"#, Some(false)),
            (r#"{"x":null}"#, None),
            ("{}", None),
        ] {
            assert_eq!(args(json).flag("x").unwrap(), flag, "{json}");
        }
        for json in [r#"{"x":"yes"}"#, r#"{"x":2}"#, r#"{"x":[]}"#, r#"{"x":{}}"#, r#"{"x":""}"#] {
            assert!(args(json).flag("x").is_err(), "{json}");
        }
    }
}
