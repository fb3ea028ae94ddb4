//! The stock of numbers, which the operator fills, and who rents what.

use std::collections::HashMap;

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use ledger::{Amount, Country, Features, NewNumber, Number, NumberKind, Refusal};

use super::page::{self, Frame};
use super::show::Money;
use super::visit::{Form, Visit};
use super::words;
use crate::app::{Error, NumberFilter};

/// How many numbers a page has.
const LISTED: usize = 200;

/// The kinds of numbers, by the names that a form gives them, and in words.
const KINDS: [(&str, NumberKind, &str); 5] = [
    ("mobile", NumberKind::Mobile, "mobile"),
    ("local", NumberKind::Local, "local"),
    ("national", NumberKind::National, "national"),
    ("tollfree", NumberKind::TollFree, "toll-free"),
    ("shortcode", NumberKind::ShortCode, "short code"),
];

#[derive(Template)]
#[template(path = "console/stock.html")]
struct Page {
    frame: Frame,
    rows: Vec<Row>,
    asked: Asked,
    next: Option<String>,
    new: New,
    problem: Option<String>,
}

struct Row {
    number: Number,
    /// The name and the api key of who rents it.
    owner: Option<(String, String)>,
}

/// What the list was narrowed to.
struct Asked {
    show: String,
    country: String,
    msisdn: String,
    account: String,
}

/// What was filled in of a number to be added.
#[derive(Default)]
struct New {
    msisdn: String,
    country: String,
    kind: String,
    sms: bool,
    voice: bool,
    mms: bool,
    cost: String,
    currency: String,
    account: String,
}

impl Asked {
    fn read(form: &Form) -> Self {
        let text = |name| form.text(name).to_owned();
        Self {
            show: text("show"),
            country: text("country"),
            msisdn: text("msisdn"),
            account: text("account"),
        }
    }

    fn is_all(&self) -> bool {
        let is_usual = matches!(&*self.show, "" | "stock");
        is_usual && self.country.is_empty() && self.msisdn.is_empty() && self.account.is_empty()
    }

    fn after(&self, place: i64) -> String {
        let fields = [
            ("show", &*self.show),
            ("country", &self.country),
            ("msisdn", &self.msisdn),
            ("account", &self.account),
            ("after", &place.to_string()),
        ];
        format!("?{}", form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish())
    }

    /// Those of an account are all rented.
    fn is_rented(&self) -> Option<bool> {
        match &*self.show {
            "rented" => Some(true),
            "all" => None,
            _ if self.account.is_empty() => Some(false),
            _ => None,
        }
    }
}

impl New {
    fn read(form: &Form) -> Self {
        let text = |name| form.text(name).to_owned();
        Self {
            msisdn: text("msisdn"),
            country: text("country"),
            kind: text("kind"),
            sms: form.is_ticked("sms"),
            voice: form.is_ticked("voice"),
            mms: form.is_ticked("mms"),
            cost: text("cost"),
            currency: text("currency"),
            account: text("account"),
        }
    }

    /// The number that it is, or what is wrong.
    fn number(&self) -> Result<NewNumber, &'static str> {
        let country: Country =
            self.country.parse().map_err(|_| "The country is its two letters, such as GB.")?;
        let cost = if self.cost.is_empty() { Ok(Amount::ZERO) } else { Amount::parse(&self.cost) };
        let cost = cost.map_err(|_| "The cost must be a number such as 1.50, or be left empty.")?;
        let currency = Some(&self.currency).filter(|it| !it.is_empty()).map(|it| it.parse());
        let currency =
            currency.transpose().map_err(|_| "The currency is three capital letters, such as EUR.")?;
        let kind = KINDS.iter().find(|it| it.0 == self.kind).map_or(NumberKind::Mobile, |it| it.1);
        let Self { sms, voice, mms, .. } = *self;
        if !(sms || voice || mms) {
            return Err("Say what the number can do: SMS, voice, MMS, or several of them.");
        }
        let features = Features { sms, voice, mms };
        Ok(NewNumber { country, msisdn: (*self.msisdn).into(), kind, features, cost, currency })
    }
}

impl Page {
    fn cost(&self, number: &Number) -> Money {
        number.cost.into()
    }

    fn kind(&self, number: &Number) -> &'static str {
        KINDS.iter().find(|it| it.1 == number.kind).map_or("", |it| it.2)
    }

    fn can(&self, number: &Number) -> String {
        can(number.features)
    }

    fn kinds(&self) -> [(&'static str, &'static str); 5] {
        KINDS.map(|it| (it.0, it.2))
    }
}

/// What a number can do, in words.
pub(super) fn can(features: Features) -> String {
    let Features { sms, voice, mms } = features;
    let words = [(sms, "SMS"), (voice, "voice"), (mms, "MMS")];
    words.into_iter().filter(|it| it.0).map(|it| it.1).collect::<Vec<_>>().join(", ")
}

/// `GET /console/numbers`.
pub(super) async fn show(visit: Visit) -> Response {
    visit
        .answer(async {
            let new = New { sms: true, voice: true, ..New::default() };
            listed(&visit, Asked::read(&visit.form), new, None).await
        })
        .await
}

async fn listed(visit: &Visit, asked: Asked, new: New, problem: Option<String>) -> Result<Response, Error> {
    let account = match &*asked.account {
        "" => None,
        name => Some(visit.app.named(name).await?),
    };
    let filter = NumberFilter {
        is_rented: asked.is_rented(),
        country: asked.country.parse().ok(),
        msisdn: Some(asked.msisdn.clone()).filter(|it| !it.is_empty()),
        ..NumberFilter::default()
    };
    let after = visit.form.text("after").parse().unwrap_or(0);
    let mut found = visit.app.all_numbers(visit.by, account, filter, after, LISTED + 1).await?;
    let has_more = found.len() > LISTED;
    found.truncate(LISTED);
    let next = found.last().filter(|_| has_more).map(|it| asked.after(it.0));
    let mut owners: Vec<_> = found.iter().filter_map(|it| it.1.owner).collect();
    owners.sort_unstable();
    owners.dedup();
    let owners = visit.app.figures(visit.by, owners, None).await?.accounts.into_iter();
    let owners: HashMap<_, _> = owners
        .map(|it| (it.account.id, (it.account.name.to_string(), it.account.api_key.to_string())))
        .collect();
    let rows = found.into_iter().map(|(_, number)| {
        let owner = number.owner.and_then(|it| owners.get(&it)).cloned();
        Row { number, owner }
    });
    let rows = rows.collect();
    let status = if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    page::page(status, &Page { frame: visit.frame("Numbers"), rows, asked, next, new, problem })
}

/// `POST /console/numbers`: puts one into the stock, or gives it to an account at no cost.
pub(super) async fn add(visit: Visit) -> Response {
    visit
        .answer(async {
            visit.operator()?;
            let new = New::read(&visit.form);
            let nothing = || Asked::read(&Form::default());
            let number = match new.number() {
                Ok(number) => number,
                Err(problem) => return listed(&visit, nothing(), new, Some(problem.to_owned())).await,
            };
            let account = match &*new.account {
                "" => None,
                name => Some(visit.app.named(name).await?),
            };
            let msisdn = number.msisdn.clone();
            match visit.app.add_number(visit.by, visit.once(), number, account).await {
                Ok(number) => {
                    let to = if number.owner.is_some() { "given to the account" } else { "in the stock" };
                    Ok(visit.done("/console/numbers", format!("{msisdn} is {to}.")))
                }
                Err(Error::Refused(refusal)) => {
                    listed(&visit, nothing(), new, Some(words::refused(&refusal).into_owned())).await
                }
                Err(error) => Err(error),
            }
        })
        .await
}

/// `POST /console/numbers/withdraw`: takes one out of the stock for good.
pub(super) async fn withdraw(visit: Visit) -> Response {
    visit
        .answer(async {
            visit.operator()?;
            let country = visit.form.text("country").parse();
            let country = country.map_err(|_| Error::Refused(Refusal::NumberNotFound))?;
            let msisdn = visit.form.text("msisdn");
            visit.app.withdraw_number(visit.by, visit.once(), country, msisdn.into()).await?;
            Ok(visit.done("/console/numbers", format!("{msisdn} is withdrawn: nobody can rent it any more.")))
        })
        .await
}
