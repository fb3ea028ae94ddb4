//! Takes a JSON object or a query apart, member by member, and collects everything that is wrong with it, so that a
//! caller learns of all of it at once. A number's digits are read from its text.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use axum::extract::Query;
use ledger::Amount;
use ledger::money::AmountError;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::error::Category;
use serde_json::value::RawValue;

use super::super::error::{Failure, FieldError};
use crate::http::{BODY_MAX, BodyError, Incoming};

/// How many unknown members are named in an answer, which a body of nothing else would make many times its size.
const UNKNOWN_MAX: usize = 20;

/// What a request has, less what was taken out, and what was wrong with that.
pub(super) struct Members<'a> {
    given: Vec<(Cow<'a, str>, Given<'a>)>,
    /// What was asked for, to be named where something else was given.
    known: Vec<&'static str>,
    errors: Vec<FieldError>,
    /// Where it stands in the request, such as `rules[0].`.
    within: String,
}

/// A value as it was given.
enum Given<'a> {
    /// In a body.
    Json(&'a RawValue),
    /// In a query.
    Text(String),
}

impl<'a> Members<'a> {
    /// Of a body.
    pub(super) fn of_body(incoming: &'a Incoming) -> Result<Self, Failure> {
        let body = match &incoming.body {
            Ok(body) => body,
            Err(BodyError::TooLarge) => return Err(Failure::TooLarge(BODY_MAX)),
            Err(BodyError::Broken) => {
                return Err(Failure::NotJson("The body broke off. Send it again.".into()));
            }
        };
        if body.is_empty() {
            return Err(Failure::NotJson("The body is empty. Send a JSON object.".into()));
        }
        let body = str::from_utf8(body).map_err(|error| {
            Failure::NotJson(format!(
                "The body is not UTF-8 from byte {} on. Mend it there.",
                error.valid_up_to()
            ))
        })?;
        let object: Object<'a> = serde_json::from_str(body).map_err(|error| match error.classify() {
            Category::Data => Failure::field("body", "must be a JSON object"),
            Category::Io | Category::Syntax | Category::Eof => Failure::NotJson(format!(
                "The body is not JSON from line {}, column {} on. Mend it there.",
                error.line(),
                error.column()
            )),
        })?;
        Ok(Self::new(object.0))
    }

    /// Of a body that may be left out.
    pub(super) fn of_optional_body(incoming: &'a Incoming) -> Result<Self, Failure> {
        if incoming.body.as_ref().is_ok_and(|it| it.is_empty()) {
            return Ok(Self::new(Vec::new()));
        }
        Self::of_body(incoming)
    }

    /// Of a query.
    pub(super) fn of_query(incoming: &Incoming) -> Result<Self, Failure> {
        let query = Query::<Vec<(String, String)>>::try_from_uri(&incoming.uri)
            .map_err(|_| Failure::field("query", "must be `name=value` pairs of percent-encoded UTF-8"))?;
        Ok(Self::new(query.0.into_iter().map(|(name, text)| (name.into(), Given::Text(text))).collect()))
    }

    /// Of one of many objects, whose text is not JSON or another value where it has no members.
    pub(super) fn of_object(text: &'a str) -> serde_json::Result<Self> {
        Ok(Self::new(serde_json::from_str::<Object<'a>>(text)?.0))
    }

    const fn new(given: Vec<(Cow<'a, str>, Given<'a>)>) -> Self {
        Self { given, known: Vec::new(), errors: Vec::new(), within: String::new() }
    }

    /// Notes that a member is at fault.
    pub(super) fn fault(&mut self, field: &'static str, detail: impl Into<Cow<'static, str>>) {
        let field =
            if self.within.is_empty() { field.into() } else { format!("{}{field}", self.within).into() };
        self.errors.push(FieldError { field, detail: detail.into() });
    }

    /// A list of objects, each taken apart like a request.
    pub(super) fn each<T>(
        &mut self,
        name: &'static str,
        read: impl Fn(&mut Members<'a>) -> Option<T>,
    ) -> Option<Vec<T>> {
        let objects = match self.take(name)? {
            Given::Text(_) => None,
            Given::Json(raw) => serde_json::from_str::<Vec<Object<'a>>>(raw.get()).ok(),
        };
        let Some(objects) = objects else {
            self.fault(name, "must be a list of objects");
            return None;
        };
        let mut all = Vec::with_capacity(objects.len());
        for (object, index) in objects.into_iter().zip(0..) {
            let mut members =
                Self { within: format!("{}{name}[{index}].", self.within), ..Self::new(object.0) };
            let one = read(&mut members);
            members.leftover();
            self.errors.append(&mut members.errors);
            all.extend(one);
        }
        Some(all)
    }

    /// An object within, taken apart like a request.
    pub(super) fn object<T>(
        &mut self,
        name: &'static str,
        read: impl Fn(&mut Members<'a>) -> Option<T>,
    ) -> Option<T> {
        let object = match self.take(name)? {
            Given::Text(_) => None,
            Given::Json(raw) => serde_json::from_str::<Object<'a>>(raw.get()).ok(),
        };
        let Some(object) = object else {
            self.fault(name, "must be an object");
            return None;
        };
        let mut members = Self { within: format!("{}{name}.", self.within), ..Self::new(object.0) };
        let one = read(&mut members);
        members.leftover();
        self.errors.append(&mut members.errors);
        one
    }

    /// Names what nobody asked for.
    fn leftover(&mut self) {
        for (name, _) in std::mem::take(&mut self.given).into_iter().take(UNKNOWN_MAX) {
            let detail = if self.known.is_empty() {
                "is not known here; nothing is".into()
            } else {
                format!("is not known here; known are {}", self.known.join(", ")).into()
            };
            self.errors.push(FieldError { field: format!("{}{name}", self.within).into(), detail });
        }
    }

    /// A member that must be there.
    pub(super) fn required<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&mut Self, &'static str) -> Option<T>,
    ) -> Option<T> {
        let errors = self.errors.len();
        let value = read(self, name);
        if value.is_none() && self.errors.len() == errors {
            self.fault(name, "is required");
        }
        value
    }

    /// A member that may be left out; `Err` where it is given and at fault.
    pub(super) fn faultless<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&mut Self, &'static str) -> Option<T>,
    ) -> Result<Option<T>, ()> {
        let errors = self.errors.len();
        let value = read(self, name);
        if self.errors.len() == errors { Ok(value) } else { Err(()) }
    }

    /// A text.
    pub(super) fn text(&mut self, name: &'static str) -> Option<Cow<'a, str>> {
        match self.take(name)? {
            Given::Text(text) => Some(text.into()),
            Given::Json(raw) => {
                let text = unquoted(raw);
                if text.is_none() {
                    self.fault(name, "must be a string");
                }
                text
            }
        }
    }

    /// A member that may be null, which is not the same as not being there: `Some(None)`.
    pub(super) fn nullable<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&mut Self, &'static str) -> Option<T>,
    ) -> Option<Option<T>> {
        let is_null = self
            .given
            .iter()
            .any(|(it, given)| *it == name && matches!(given, Given::Json(raw) if raw.get() == "null"));
        match read(self, name) {
            None => is_null.then_some(None),
            some => Some(some),
        }
    }

    /// A text that the ledger keeps.
    pub(super) fn kept<T: From<Cow<'a, str>>>(&mut self, name: &'static str) -> Option<T> {
        self.text(name).map(Into::into)
    }

    /// A text, or a number by its digits.
    pub(super) fn digits(&mut self, name: &'static str) -> Option<Cow<'a, str>> {
        match self.take(name)? {
            Given::Text(text) => Some(text.into()),
            Given::Json(raw) => {
                let text = unquoted(raw).or_else(|| is_number(raw).then(|| raw.get().into()));
                if text.is_none() {
                    self.fault(name, "must be a string or a number");
                }
                text
            }
        }
    }

    /// An amount: a decimal string, or a number by its digits.
    pub(super) fn amount(&mut self, name: &'static str) -> Option<Amount> {
        let digits = self.digits(name)?;
        match Amount::parse(&digits) {
            Ok(amount) => return Some(amount),
            Err(AmountError::Malformed) => self.fault(name, "must be a decimal number such as \"1.50\""),
            Err(AmountError::TooPrecise) => self.fault(name, "must have at most 8 decimals"),
            Err(AmountError::TooLarge) => self.fault(name, "is beyond what an amount can hold"),
        }
        None
    }

    /// A whole number.
    pub(super) fn whole(&mut self, name: &'static str) -> Option<i64> {
        let whole = self.digits(name)?.parse().ok();
        if whole.is_none() {
            self.fault(name, "must be a whole number");
        }
        whole
    }

    /// True or false.
    pub(super) fn flag(&mut self, name: &'static str) -> Option<bool> {
        let text = match self.take(name)? {
            Given::Text(text) => Cow::Owned(text),
            Given::Json(raw) => Cow::Borrowed(raw.get()),
        };
        let flag = text.parse().ok();
        if flag.is_none() {
            self.fault(name, "must be true or false");
        }
        flag
    }

    /// One of some words.
    pub(super) fn one_of<T: Copy>(&mut self, name: &'static str, words: &[(&str, T)]) -> Option<T> {
        let text = self.text(name)?;
        let word = words.iter().find(|(word, _)| *word == text).map(|it| it.1);
        if word.is_none() {
            let words: Vec<_> = words.iter().map(|(word, _)| format!("\"{word}\"")).collect();
            self.fault(name, format!("must be {}", words.join(" or ")));
        }
        word
    }

    /// A list of texts.
    pub(super) fn texts(&mut self, name: &'static str) -> Option<Vec<String>> {
        let texts = match self.take(name)? {
            Given::Text(text) => Some(vec![text]),
            Given::Json(raw) => serde_json::from_str::<Vec<String>>(raw.get()).ok(),
        };
        if texts.is_none() {
            self.fault(name, "must be a list of strings");
        }
        texts
    }

    /// A list of some words, at least one.
    pub(super) fn some_of<T: Copy>(&mut self, name: &'static str, words: &[(&str, T)]) -> Option<Vec<T>> {
        let texts = match self.take(name)? {
            Given::Text(text) => vec![Quoted(text.into())],
            Given::Json(raw) => serde_json::from_str(raw.get()).unwrap_or_default(),
        };
        let find = |text: &Quoted<'_>| words.iter().find(|(word, _)| *word == text.0).map(|it| it.1);
        let some: Option<Vec<T>> = texts.iter().map(find).collect();
        let some = some.filter(|it| !it.is_empty());
        if some.is_none() {
            let words: Vec<_> = words.iter().map(|(word, _)| format!("\"{word}\"")).collect();
            self.fault(name, format!("must be a list of one or more of {}", words.join(", ")));
        }
        some
    }

    /// A text that stands for something; `fault` says what it must be.
    pub(super) fn parsed<T: FromStr>(&mut self, name: &'static str, fault: &'static str) -> Option<T> {
        let parsed = self.text(name)?.parse().ok();
        if parsed.is_none() {
            self.fault(name, fault);
        }
        parsed
    }

    /// The request, if nothing was wrong with it and nothing is left over.
    pub(super) fn finish<T>(mut self, request: Option<T>) -> Result<T, Failure> {
        self.leftover();
        match request {
            Some(request) if self.errors.is_empty() => Ok(request),
            Some(_) | None => Err(Failure::Invalid(self.errors)),
        }
    }

    /// That there is no request, for what was wrong so far.
    pub(super) fn fail(self) -> Failure {
        Failure::Invalid(self.errors)
    }

    /// What was given under a name. Null is nothing.
    fn take(&mut self, name: &'static str) -> Option<Given<'a>> {
        self.known.push(name);
        let at = self.given.iter().position(|it| it.0 == name)?;
        let (_, given) = self.given.remove(at);
        if self.given.iter().any(|it| it.0 == name) {
            self.given.retain(|it| it.0 != name);
            self.fault(name, "is given more than once");
            return None;
        }
        match given {
            Given::Json(raw) if raw.get() == "null" => None,
            Given::Json(_) | Given::Text(_) => Some(given),
        }
    }
}

/// The text of a JSON string, borrowed where nothing in it is escaped.
fn unquoted(raw: &RawValue) -> Option<Cow<'_, str>> {
    serde_json::from_str::<Quoted<'_>>(raw.get()).ok().map(|it| it.0)
}

fn is_number(raw: &RawValue) -> bool {
    raw.get().starts_with(|first: char| first == '-' || first.is_ascii_digit())
}

#[derive(Deserialize)]
struct Quoted<'a>(#[serde(borrow)] Cow<'a, str>);

/// The members of an object in their order, repeated ones too.
struct Object<'a>(Vec<(Cow<'a, str>, Given<'a>)>);

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Object<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object<'de>, A::Error> {
                // More than any request of ours has.
                let mut members = Vec::with_capacity(8);
                while let Some((name, value)) = map.next_entry::<Quoted<'de>, &'de RawValue>()? {
                    members.push((name.0, Given::Json(value)));
                }
                Ok(Object(members))
            }
        }

        deserializer.deserialize_map(Members)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(text: &str) -> &RawValue {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn a_string_is_borrowed_unless_something_in_it_is_escaped() {
        assert!(matches!(unquoted(member(r#""sms.send""#)), Some(Cow::Borrowed("sms.send"))));
        assert_eq!(unquoted(member(r#""a\u00e9\n""#)).as_deref(), Some("aé\n"));
        for other in ["1", "null", "[]", "{}", "true"] {
            assert_eq!(unquoted(member(other)), None, "{other}");
        }
    }

    #[test]
    fn a_number_keeps_its_digits() {
        for text in ["0.10", "1e2", "-0.0", "123456789012345678901234567890.1"] {
            assert!(is_number(member(text)));
            assert_eq!(member(text).get(), text);
        }
        assert!(!is_number(member("true")));
    }
}
