//! Many charges, settles and reversals in one body, as a JSON array or an object a line, and an answer to each.

use std::borrow::Cow;
use std::fmt;
use std::io::Write;

use ledger::{Actor, LineId, Outcome};
use schemars::JsonSchema;
use serde::de::{IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::error::Category;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::super::error::{Failure, Names, ProblemRecord};
use super::charge_text::ChargeText;
use super::members::Members;
use super::schema::{AccountAsked, AmountAsked, AmountFromZero, DigitsAsked};
use super::{ChargeRecord, HoldRecord, ReversalRecord};
use crate::app::{self, Item, Keyed};
use crate::http::{BATCH_BODY_MAX, BodyError, Incoming};

/// The most that one body may ask for.
pub(in super::super) const ITEMS_MAX: usize = 10_000;

const KINDS: [(&str, Kind); 3] =
    [("charge", Kind::Charge), ("settle", Kind::Settle), ("reverse", Kind::Reverse)];

#[derive(Clone, Copy)]
enum Kind {
    Charge,
    Settle,
    Reverse,
}

/// How a body, and its answer, hold many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Form {
    /// A JSON array.
    Array,
    /// A JSON value a line.
    Lines,
}

impl Form {
    const LINES: &str = "application/x-ndjson";

    fn of(incoming: &Incoming) -> Self {
        let kind = incoming.headers.get(axum::http::header::CONTENT_TYPE);
        let kind = kind.and_then(|it| it.to_str().ok()).and_then(|it| it.split(';').next()).unwrap_or("");
        if kind.trim().eq_ignore_ascii_case(Self::LINES) { Self::Lines } else { Self::Array }
    }

    /// The media type.
    pub(in super::super) const fn media_type(self) -> &'static str {
        match self {
            Self::Array => "application/json",
            Self::Lines => Self::LINES,
        }
    }
}

/// The body of `POST /api/v1/charges/batch`, taken apart into one text for each that is asked.
pub(in super::super) struct Batch<'a> {
    pub(in super::super) form: Form,
    /// Not UTF-8 from this byte on, where it is no text.
    pub(in super::super) texts: Vec<Result<&'a str, usize>>,
}

impl<'a> Batch<'a> {
    pub(in super::super) fn read(incoming: &'a Incoming) -> Result<Self, Failure> {
        let body: &[u8] = match &incoming.body {
            Ok(body) => body,
            Err(BodyError::TooLarge) => return Err(Failure::TooLarge(BATCH_BODY_MAX)),
            Err(BodyError::Broken) => {
                return Err(Failure::NotJson("The body broke off. Send it again.".into()));
            }
        };
        let form = Form::of(incoming);
        let Texts { texts, count } = match form {
            Form::Array => elements(body)?,
            Form::Lines => lines(body),
        };
        if count > ITEMS_MAX {
            return Err(Failure::field("body", "must ask for at most 10000 at once"));
        }
        Ok(Self { form, texts })
    }
}

/// What a batch asks for: at most 10000.
#[derive(JsonSchema)]
#[schemars(transparent)]
#[expect(dead_code, reason = "describes a `Batch`, whose parts are read otherwise")]
pub(in super::super) struct BatchBody(#[schemars(length(max = 10_000))] Vec<ItemMembers>);

/// One of a batch. What is none of these is answered by a problem in its place.
#[derive(JsonSchema)]
#[schemars(rename = "BatchItem", untagged, deny_unknown_fields)]
#[expect(dead_code, reason = "describes what `read_item` reads, member by member")]
enum ItemMembers {
    /// A charge.
    Charge {
        /// `charge`, when nothing is said.
        #[schemars(with = "Option<&'static str>", extend("enum" = ["charge", null]))]
        r#type: (),
        /// The key under which it happens once, as an `Idempotency-Key`: 1 to 255 characters.
        #[schemars(with = "String", length(min = 1, max = 255))]
        key: (),
        /// The account that the call is for.
        #[schemars(with = "AccountAsked")]
        account: (),
        /// What the call costs.
        #[schemars(with = "AmountAsked")]
        amount: (),
        /// What was sold, such as `sms.send`: 1 to 64 characters, none of them blank.
        #[schemars(with = "Option<String>", length(min = 1, max = 64))]
        operation: (),
        /// How much of it; kept as it is written.
        #[schemars(with = "Option<DigitsAsked>")]
        units: (),
        /// What the caller knows the call by: at most 255 characters.
        #[schemars(with = "Option<String>", length(max = 255))]
        reference: (),
        /// Books a call that has happened already: below the limit too, and on a suspended account too.
        #[schemars(with = "Option<bool>")]
        force: (),
    },
    /// The settling of a hold.
    Settle {
        /// That it is one.
        #[schemars(with = "String", extend("enum" = ["settle"]))]
        r#type: (),
        /// The key under which it happens once.
        #[schemars(with = "String", length(min = 1, max = 255))]
        key: (),
        /// The hold's id.
        #[schemars(with = "String")]
        hold: (),
        /// What was really used; 0 for nothing.
        #[schemars(with = "AmountFromZero")]
        amount: (),
        /// Books more than was held below the limit too.
        #[schemars(with = "Option<bool>")]
        force: (),
    },
    /// The reversal of a charge.
    Reverse {
        /// That it is one.
        #[schemars(with = "String", extend("enum" = ["reverse"]))]
        r#type: (),
        /// The key under which it happens once.
        #[schemars(with = "String", length(min = 1, max = 255))]
        key: (),
        /// The charge's id.
        #[schemars(with = "String")]
        charge: (),
        /// How much of it; all that is left of it when nothing is said.
        #[schemars(with = "Option<AmountAsked>")]
        amount: (),
        /// Why, or what the caller knows it by: at most 255 characters.
        #[schemars(with = "Option<String>", length(max = 255))]
        reference: (),
    },
}

/// The answer to one of a batch: one of `charge`, `hold`, `reversal` and `problem`.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "describes what `Answers` writes, one after the other")]
pub(in super::super) struct BatchAnswer<'a> {
    /// The key; null where it cannot be read.
    key: Option<&'a str>,
    /// The status that it would have had alone.
    #[schemars(range(min = 200, max = 599))]
    status: u16,
    /// The charge, where one was asked for.
    #[schemars(skip_serializing_if = "Option::is_none")]
    charge: Option<ChargeRecord<'a>>,
    /// The hold as it is now, where it was to be settled.
    #[schemars(skip_serializing_if = "Option::is_none")]
    hold: Option<HoldRecord<'a>>,
    /// The reversal, where one was asked for.
    #[schemars(skip_serializing_if = "Option::is_none")]
    reversal: Option<ReversalRecord<'a>>,
    /// Why nothing was done.
    #[schemars(skip_serializing_if = "Option::is_none")]
    problem: Option<ProblemRecord<'a>>,
}

/// The first [`ITEMS_MAX`] texts of a body, and how many there are in all.
struct Texts<'a> {
    texts: Vec<Result<&'a str, usize>>,
    count: usize,
}

/// Blank lines are none.
fn lines(body: &[u8]) -> Texts<'_> {
    let mut found = Texts { texts: Vec::new(), count: 0 };
    for line in body.split(|it| *it == b'\n').map(<[u8]>::trim_ascii).filter(|it| !it.is_empty()) {
        found.count += 1;
        if found.count <= ITEMS_MAX {
            found.texts.push(str::from_utf8(line).map_err(|it| it.valid_up_to()));
        }
    }
    found
}

fn elements(body: &[u8]) -> Result<Texts<'_>, Failure> {
    if body.is_empty() {
        let detail = "The body is empty. Send a JSON array, or with `Content-Type: application/x-ndjson` an object \
                      a line.";
        return Err(Failure::NotJson(detail.into()));
    }
    let body = str::from_utf8(body).map_err(|error| {
        Failure::NotJson(format!(
            "The body is not UTF-8 from byte {} on. Mend it there.",
            error.valid_up_to()
        ))
    })?;
    serde_json::from_str(body).map_err(|error| match error.classify() {
        Category::Data => Failure::field("body", NO_ARRAY),
        Category::Io | Category::Syntax | Category::Eof => Failure::NotJson(format!(
            "The body is not JSON from line {}, column {} on. Mend it there. An object a line needs `Content-Type: \
             application/x-ndjson`.",
            error.line(),
            error.column()
        )),
    })
}

const NO_ARRAY: &str = "must be a JSON array; an object a line needs `Content-Type: application/x-ndjson`";

impl<'de> Deserialize<'de> for Texts<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Elements;

        impl<'de> Visitor<'de> for Elements {
            type Value = Texts<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Texts<'de>, A::Error> {
                let mut found = Texts { texts: Vec::new(), count: 0 };
                while found.count < ITEMS_MAX
                    && let Some(element) = seq.next_element::<&'de RawValue>()?
                {
                    found.texts.push(Ok(element.get()));
                    found.count += 1;
                }
                // What is too many is only counted, whatever it is.
                if found.count == ITEMS_MAX {
                    while seq.next_element::<IgnoredAny>()?.is_some() {
                        found.count += 1;
                    }
                }
                Ok(found)
            }
        }

        deserializer.deserialize_seq(Elements)
    }
}

/// One of a batch that is not asked of the ledger, and its key where it can be read.
pub(in super::super) struct Unfit<'a> {
    pub(in super::super) key: Option<Cow<'a, str>>,
    pub(in super::super) failure: Failure,
}

/// Reads one of a batch.
pub(in super::super) fn read_item<'a>(
    text: Result<&'a str, usize>,
    form: Form,
) -> Result<Keyed<'a>, Box<Unfit<'a>>> {
    let unfit = |failure| Box::new(Unfit { key: None, failure });
    let text = text.map_err(|at| {
        let detail = format!("The line is not UTF-8 from its byte {at} on. Mend it there.");
        unfit(Failure::NotJson(detail))
    })?;
    if let Some(item) = Plain::read(text) {
        return Ok(item);
    }
    let members = Members::of_object(text).map_err(|error| match error.classify() {
        Category::Data => unfit(Failure::field(
            if form == Form::Lines { "line" } else { "element" },
            "must be a JSON object",
        )),
        Category::Io | Category::Syntax | Category::Eof => unfit(Failure::NotJson(format!(
            "The line is not JSON from column {} on. Mend it there.",
            error.column()
        ))),
    })?;
    read_members(members)
}

fn read_members<'a>(mut members: Members<'a>) -> Result<Keyed<'a>, Box<Unfit<'a>>> {
    let key = members.required("key", Members::text);
    let kind = members.faultless("type", |members, name| members.one_of(name, &KINDS));
    let read = match kind {
        // Which other members there should be hangs on it.
        Err(()) => Err(members.fail()),
        Ok(Some(Kind::Charge) | None) => {
            let account = members.required("account", Members::text);
            let amount = members.required("amount", Members::amount);
            let operation = members.text("operation");
            let units = members.digits("units");
            let reference = members.text("reference");
            let force = members.flag("force").unwrap_or(false);
            let item = account.zip(amount).map(|(account, amount)| Item::Charge {
                account,
                amount,
                operation,
                units,
                reference,
                force,
            });
            members.finish(item)
        }
        Ok(Some(Kind::Settle)) => {
            let hold = members.required("hold", Members::text);
            let amount = members.required("amount", Members::amount);
            let force = members.flag("force").unwrap_or(false);
            let item =
                hold.zip(amount).map(|(hold, amount)| Item::Settle { hold: line(&hold), amount, force });
            members.finish(item)
        }
        Ok(Some(Kind::Reverse)) => {
            let charge = members.required("charge", Members::text);
            let amount = members.amount("amount");
            let reference = members.text("reference");
            members.finish(charge.map(|it| Item::Reverse { charge: line(&it), amount, reference }))
        }
    };
    match (read, key) {
        (Ok(item), Some(key)) => Ok(Keyed { key, item }),
        (Err(failure), key) => Err(Box::new(Unfit { key, failure })),
        // A key that is missing is a fault of its own, so that nothing was read.
        (Ok(_), None) => Err(Box::new(Unfit { key: None, failure: Failure::field("key", "is required") })),
    }
}

/// The line of a charge or hold; what is no id names none.
fn line(id: &str) -> LineId {
    id.parse().unwrap_or(LineId::from_bytes([0; 16]))
}

/// A charge in which nothing is escaped, wrong or left over, as nearly all are: read three times as fast. Of whatever is
/// not one, [`Members`] says what it is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Plain<'a> {
    r#type: Option<&'a str>,
    key: &'a str,
    account: &'a str,
    #[serde(borrow)]
    amount: &'a RawValue,
    operation: Option<&'a str>,
    units: Option<&'a RawValue>,
    reference: Option<&'a str>,
    force: Option<bool>,
}

impl<'a> Plain<'a> {
    fn read(text: &'a str) -> Option<Keyed<'a>> {
        let Self { r#type, key, account, amount, operation, units, reference, force } =
            serde_json::from_str(text).ok()?;
        if r#type.is_some_and(|it| it != "charge") {
            return None;
        }
        let amount = ledger::Amount::parse(plain_digits(amount)?).ok()?;
        let units = match units {
            Some(units) => Some(plain_digits(units)?.into()),
            None => None,
        };
        let [operation, reference] = [operation, reference].map(|it| it.map(Cow::Borrowed));
        let force = force.unwrap_or(false);
        let item = Item::Charge { account: account.into(), amount, operation, units, reference, force };
        Some(Keyed { key: key.into(), item })
    }
}

/// A number, or a string in which nothing is escaped.
fn plain_digits(value: &RawValue) -> Option<&str> {
    let text = value.get();
    let digits = text.strip_prefix('"').map_or(Some(text), |it| it.strip_suffix('"'))?;
    digits.bytes().all(|it| matches!(it, b'0'..=b'9' | b'.' | b'-' | b'+' | b'e' | b'E')).then_some(digits)
}

/// The answer to all of a batch, written one after the other.
pub(in super::super) struct Answers<'a> {
    form: Form,
    by: &'a Actor,
    /// The request's name.
    request: Uuid,
    written: Vec<u8>,
    count: usize,
    charges: ChargeText,
}

impl<'a> Answers<'a> {
    /// To so many.
    pub(in super::super) fn new(form: Form, by: &'a Actor, request: Uuid, len: usize) -> Self {
        /// What the answer to a charge takes, with room for a long key.
        const ANSWER_LEN: usize = 448;
        let written = Vec::with_capacity(len * ANSWER_LEN + 2);
        Self { form, by, request, written, count: 0, charges: ChargeText::default() }
    }

    /// What the ledger answered.
    pub(in super::super) fn add(
        &mut self,
        asked: &Keyed<'_>,
        answer: &Result<Outcome, app::Error>,
    ) -> Result<(), Failure> {
        let key = Some(&*asked.key);
        let line = match answer {
            Ok(line) => line,
            Err(error) => return self.add_problem(key, Failure::App(error.clone(), Names::IN_BATCH)),
        };
        match asked.item {
            Item::Charge { .. } => {
                self.put_with(key, 201, "charge", |charges, out, by| charges.write(out, by, line))
            }
            Item::Reverse { .. } => self.put(key, 201, "reversal", &ReversalRecord::new(self.by, line)),
            Item::Settle { .. } => {
                let hold = line.hold_record().ok_or(app::Error::Fault)?;
                self.put(key, 200, "hold", &HoldRecord::new(hold))
            }
        }
    }

    /// What was never asked of the ledger.
    pub(in super::super) fn add_unfit(&mut self, unfit: Unfit<'_>) -> Result<(), Failure> {
        let Unfit { key, failure } = unfit;
        self.add_problem(key.as_deref(), failure)
    }

    fn add_problem(&mut self, key: Option<&str>, failure: Failure) -> Result<(), Failure> {
        let problem = failure.problem();
        self.put(key, problem.status().as_u16(), "problem", &problem.body(self.request))
    }

    fn put(
        &mut self,
        key: Option<&str>,
        status: u16,
        name: &'static str,
        said: &impl Serialize,
    ) -> Result<(), Failure> {
        self.put_with(key, status, name, |_, out, _| Ok(serde_json::to_writer(out, said)?))
    }

    fn put_with(
        &mut self,
        key: Option<&str>,
        status: u16,
        name: &'static str,
        say: impl FnOnce(&mut ChargeText, &mut Vec<u8>, &Actor) -> std::io::Result<()>,
    ) -> Result<(), Failure> {
        let separator = match (self.form, self.count) {
            (Form::Array, 0) => "[",
            (Form::Array, _) => ",",
            (Form::Lines, _) => "",
        };
        let written = &mut self.written;
        written.extend_from_slice(separator.as_bytes());
        written.extend_from_slice(br#"{"key":"#);
        serde_json::to_writer(&mut *written, &key).map_err(|_| app::Error::Fault)?;
        write!(written, r#","status":{status},"{name}":"#).map_err(|_| app::Error::Fault)?;
        say(&mut self.charges, written, self.by).map_err(|_| app::Error::Fault)?;
        written.push(b'}');
        if self.form == Form::Lines {
            self.written.push(b'\n');
        }
        self.count += 1;
        Ok(())
    }

    /// All of it.
    pub(in super::super) fn finish(mut self) -> Vec<u8> {
        if self.form == Form::Array {
            self.written.extend_from_slice(if self.count == 0 { b"[]" } else { b"]" });
        }
        self.written
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHARGES: [&str; 24] = [
        r#"{"account":"acc6111f","amount":"1","key":"k"}"#,
        r#"{"key":"k","amount":0.10,"account":"acc6111f","type":"charge","force":true}"#,
        r#"{"account":"a","amount":"1e2","key":"","operation":"sms.send","units":3.50,"reference":""}"#,
        r#"{"account":"a","amount":-1,"key":"k","units":"","operation":null,"reference":null,"force":null}"#,
        r#"{"account":"a","amount":"1","key":"k","type":null,"units":null}"#,
        r#"{"account":"a","amount":"1","key":"k","units":"ten"}"#,
        r#"{"account":"\u0061","amount":"1","key":"k"}"#,
        r#"{"account":"a","amount":"\u0031","key":"k","units":"\u0031"}"#,
        r#"{"account":"a","amount":"1","key":"k","reference":"a\nb"}"#,
        r#"{"account":"a","amount":"1","key":"k","\u006bey":"l"}"#,
        r#"{"account":"a","amount":"1","key":"k","key":"k"}"#,
        r#"{"account":"a","amount":"1","amount":"1","key":"k"}"#,
        r#"{"account":"a","amount":"1,5","key":"k"}"#,
        r#"{"account":"a","amount":"0.000000001","key":"k"}"#,
        r#"{"account":"a","amount":null,"key":"k"}"#,
        r#"{"account":"a","amount":"","key":"k"}"#,
        r#"{"account":"a","amount":"1","key":"k","units":true}"#,
        r#"{"account":"a","amount":"1","key":"k","force":"true"}"#,
        r#"{"account":"a","amount":"1","key":"k","type":"Charge"}"#,
        r#"{"account":"a","amount":"1","key":"k","hold":null}"#,
        r#"{"account":1,"amount":"1","key":"k"}"#,
        r#"{"account":"a","key":"k"}"#,
        r#"{"amount":"1","key":"k"}"#,
        r#"{"account":"a","amount":"1"}"#,
    ];

    #[test]
    fn a_plain_charge_is_read_as_any_other() {
        let mut plain = 0;
        for text in CHARGES {
            let strict = read_members(Members::of_object(text).unwrap()).ok();
            if let Some(item) = Plain::read(text) {
                assert_eq!(Some(&item), strict.as_ref(), "{text}");
                plain += 1;
            }
            assert_eq!(read_item(Ok(text), Form::Lines).ok(), strict, "{text}");
        }
        assert_eq!(plain, 5, "charges that are read fast");
    }

    #[test]
    fn what_is_too_many_is_counted_and_not_kept() {
        let many = format!("[{}1]", "{},".repeat(ITEMS_MAX));
        let found: Texts<'_> = serde_json::from_str(&many).unwrap();
        assert_eq!((found.texts.len(), found.count), (ITEMS_MAX, ITEMS_MAX + 1));
        let many = b"{}\n".repeat(ITEMS_MAX + 1);
        let found = lines(&many);
        assert_eq!((found.texts.len(), found.count), (ITEMS_MAX, ITEMS_MAX + 1));
    }
}
