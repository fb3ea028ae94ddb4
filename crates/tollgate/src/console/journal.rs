//! The journal of an account: what moved its money, newest first, as a page and as a file for spreadsheets.

use std::collections::HashMap;

use askama::Template;
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::response::{IntoResponse, Response};
use ledger::{AccountId, Actor, Amount, Kind, Line, LineId, Standing, authority};

use super::account::{Segment, Tabs, segment};
use super::page::{self, Frame};
use super::show::{Money, Time};
use super::visit::{Form, Visit};
use super::zones;
use crate::app::{App, Error, PostingFilter, Postings};
use crate::calendar::Day;

/// How many lines a page has.
const PAGE_LEN: usize = 50;
/// How many lines a file has at most.
const FILE_LEN: usize = 100_000;

#[derive(Template)]
#[template(path = "console/journal.html")]
struct Page {
    frame: Frame,
    tabs: Tabs,
    rows: Vec<Row>,
    asked: Asked,
    file: String,
    older: Option<String>,
}

/// What a journal was narrowed to.
#[derive(Clone, Debug)]
struct Asked {
    kind: String,
    operation: String,
    reference: String,
    from: String,
    to: String,
    zone: zones::Asked,
    problem: Option<String>,
}

struct Row {
    at: Time,
    what: &'static str,
    marks: &'static str,
    operation: String,
    reference: String,
    /// Which figure it moved, and by how much.
    moved: Vec<(&'static str, Money)>,
    after: Option<Money>,
    other: Option<(String, String)>,
}

/// The kinds of line that move money, by the names that a form gives them.
const KINDS: [(&str, Kind); 10] = [
    ("charge", Kind::Charge),
    ("reversal", Kind::Reversal),
    ("payment", Kind::Payment),
    ("balance_transfer", Kind::BalanceTransfer),
    ("credit_transfer", Kind::CreditTransfer),
    ("hold", Kind::Hold),
    ("settle", Kind::Settle),
    ("release", Kind::Release),
    ("expiry", Kind::Expiry),
    ("close", Kind::Close),
];

/// What a line records, in words.
pub(super) const fn words(kind: Kind) -> &'static str {
    match kind {
        Kind::Open => "opened",
        Kind::Change => "changed",
        Kind::Close => "closed",
        Kind::Payment => "payment",
        Kind::BalanceTransfer => "balance transfer",
        Kind::CreditTransfer => "credit transfer",
        Kind::Charge => "charge",
        Kind::Reversal => "reversal",
        Kind::Hold => "hold",
        Kind::Extend => "hold extended",
        Kind::Settle => "hold settled",
        Kind::Release => "hold released",
        Kind::Expiry => "hold expired",
        Kind::NumberGiven => "number given",
        Kind::NumberTransfer => "number transferred",
        Kind::NumberAdded => "number added",
        Kind::NumberWithdrawn => "number withdrawn",
        Kind::NumberRented => "number rented",
        Kind::NumberUnrented => "number given back",
        Kind::NumberChanged => "number changed",
        Kind::ApplicationMade => "application made",
        Kind::ApplicationChanged => "application changed",
        Kind::ApplicationDeleted => "application deleted",
        Kind::EndpointMade => "endpoint made",
        Kind::EndpointChanged => "endpoint changed",
        Kind::EndpointDeleted => "endpoint deleted",
        Kind::PlanPut => "price plan",
        Kind::CredentialAdded => "credential added",
        Kind::CredentialChanged => "credential changed",
        Kind::CredentialRevoked => "credential revoked",
        Kind::TokenMade => "token made",
        Kind::TokenRevoked => "token revoked",
        Kind::WebhookMade => "webhook made",
        Kind::WebhookChanged => "webhook changed",
        Kind::WebhookDeleted => "webhook deleted",
        Kind::EventResent => "event sent once more",
    }
}

impl Asked {
    fn read(form: &Form) -> Self {
        let text = |name| form.text(name).to_owned();
        Self {
            kind: text("kind"),
            operation: text("operation"),
            reference: text("reference"),
            from: text("from"),
            to: text("to"),
            zone: zones::Asked::read(form),
            problem: None,
        }
    }

    /// Days are those of the time zone, the last one included.
    fn filter(&mut self) -> PostingFilter {
        let some = |text: &str| Some(text).filter(|it| !it.is_empty()).map(Into::into);
        let zone = &self.zone.zone;
        let [from, to] = [&self.from, &self.to].map(|text| text.parse::<Day>());
        let is_wrong =
            [(&self.from, &from), (&self.to, &to)].iter().any(|it| !it.0.is_empty() && it.1.is_err());
        self.problem = match &self.zone.problem {
            Some(problem) => Some(problem.clone()),
            None => is_wrong.then(|| "A day is written like 2026-02-28.".to_owned()),
        };
        let from = from.ok().and_then(|it| zone.start_of(it));
        let to = to.ok().and_then(Day::next).and_then(|it| zone.start_of(it));
        PostingFilter {
            kind: KINDS.iter().find(|it| it.0 == self.kind).map(|it| it.1),
            operation: some(&self.operation),
            reference: some(&self.reference),
            from,
            to,
        }
    }

    fn query(&self, more: &[(&str, &str)]) -> String {
        let fields = [
            ("kind", &*self.kind),
            ("operation", &self.operation),
            ("reference", &self.reference),
            ("from", &self.from),
            ("to", &self.to),
            ("zone", self.zone.name().unwrap_or_default()),
        ];
        let fields = fields.iter().chain(more).filter(|it| !it.1.is_empty());
        form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
    }

    const fn kinds() -> [(&'static str, Kind); 10] {
        KINDS
    }

    const fn word(kind: &Kind) -> &'static str {
        words(*kind)
    }

    fn is_all(&self) -> bool {
        self.query(&[]).is_empty()
    }
}

/// By how much a line moved the account that is looked at, or the payer of what it caused; what that stood at after it, where
/// whoever looks may see it; and the other account.
struct Seen {
    change: Standing,
    after: Option<Standing>,
    other: Option<AccountId>,
}

impl Seen {
    fn new(by: &Actor, of: AccountId, line: &Line) -> Self {
        let is_counter = line.counter.is_some_and(|it| it.account == of);
        // A line whose opposite does not fit an amount is never written.
        let opposite = line.change.checked_neg().unwrap_or(Standing::ZERO);
        let (side, other, change) = match is_counter {
            true => (line.counter, line.account, opposite),
            false => (line.account, line.counter, line.change),
        };
        let other = line.cause.filter(|it| *it != of).or(other.map(|it| it.account));
        let payer = side.map(|it| it.account).filter(|it| *it != of);
        let after = side.filter(|it| authority::may_see_side(by, line, it)).map(|it| it.after);
        Self { change, after, other: payer.or(other).filter(|it| *it != of) }
    }

    fn moved(&self) -> Vec<(&'static str, Amount)> {
        let Standing { balance, credit_limit, held } = self.change;
        let all = [("", balance), ("credit limit", credit_limit), ("held", held)];
        all.into_iter().filter(|it| !it.1.is_zero()).collect()
    }
}

/// `GET /console/accounts/{account}/journal`.
pub(super) async fn show(name: Segment, visit: Visit) -> Response {
    visit
        .answer(async {
            let id = visit.app.named(segment(&name)).await?;
            let tabs = Tabs::of(&visit, id).await?;
            let mut asked = Asked::read(&visit.form);
            let filter = asked.filter();
            let before: Option<LineId> = visit.form.text("before").parse().ok();
            let page = visit.app.postings(visit.by, id, filter, before, PAGE_LEN).await?.unwrap_or_default();
            let Postings { lines, next } = page;
            let names = names(&visit.app, visit.by, id, &lines).await?;
            let rows = lines.iter().map(|it| row(&visit.by, id, it, &names)).collect();
            let frame = visit.frame(format!("Journal of {}", tabs.it.account.name));
            let file = format!("/console/accounts/{}/journal.csv?{}", tabs.it.key(), asked.query(&[]));
            let older = next.map(|it| format!("?{}", asked.query(&[("before", &it.to_string())])));
            page::ok(&Page { frame, tabs, rows, asked, file, older })
        })
        .await
}

fn row(by: &Actor, of: AccountId, line: &Line, names: &HashMap<AccountId, (String, String)>) -> Row {
    let seen = Seen::new(by, of, line);
    Row {
        at: Time(line.at),
        what: words(line.kind),
        marks: match (line.forced, line.late) {
            (_, true) => "late",
            (true, false) => "forced",
            (false, false) => "",
        },
        operation: line.operation.as_deref().unwrap_or("").to_owned(),
        reference: line.reference.as_deref().unwrap_or("").to_owned(),
        moved: seen.moved().into_iter().map(|(what, by)| (what, by.into())).collect(),
        after: seen.after.map(|it| it.balance.into()),
        other: seen.other.and_then(|it| names.get(&it)).cloned(),
    }
}

/// The names and api keys of the other accounts, as far as whoever looks sees those.
async fn names(
    app: &App,
    by: Actor,
    of: AccountId,
    lines: &[Line],
) -> Result<HashMap<AccountId, (String, String)>, Error> {
    let mut others: Vec<_> = lines.iter().filter_map(|it| Seen::new(&by, of, it).other).collect();
    others.sort_unstable();
    others.dedup();
    let figures = app.figures(by, others, None).await?;
    let accounts = figures.accounts.into_iter().map(|it| it.account);
    Ok(accounts.map(|it| (it.id, (it.name.to_string(), it.api_key.to_string()))).collect())
}

/// `GET /console/accounts/{account}/journal.csv`: the same for spreadsheets (RFC 4180), newest first.
pub(super) async fn file(name: Segment, visit: Visit) -> Response {
    visit
        .answer(async {
            let id = visit.app.named(segment(&name)).await?;
            let account = visit.app.account(visit.by, id).await?.account;
            let filter = Asked::read(&visit.form).filter();
            let mut file = csv::Writer::from_writer(Vec::new());
            file.write_record(HEADINGS).map_err(|_| Error::Fault)?;
            let (mut before, mut written) = (None, 0);
            loop {
                let page = visit.app.postings(visit.by, id, filter.clone(), before, 1_000).await?;
                let Postings { lines, next } = page.unwrap_or_default();
                written += lines.len();
                for line in &lines {
                    file.write_record(record(&visit.by, id, line)).map_err(|_| Error::Fault)?;
                }
                before = next;
                if next.is_none() || written >= FILE_LEN {
                    break;
                }
            }
            let body = file.into_inner().map_err(|_| Error::Fault)?;
            let name = format!("attachment; filename=\"journal-{}.csv\"", account.api_key);
            let headers = [
                (CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8; header=present")),
                (CONTENT_DISPOSITION, HeaderValue::try_from(name).map_err(|_| Error::Fault)?),
                (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
                (CACHE_CONTROL, HeaderValue::from_static("no-store")),
            ];
            Ok((headers, body).into_response())
        })
        .await
}

const HEADINGS: [&str; 10] = [
    "id",
    "time",
    "what",
    "operation",
    "units",
    "balance change",
    "credit limit change",
    "held change",
    "balance after",
    "reference",
];

fn record(by: &Actor, of: AccountId, line: &Line) -> [String; 10] {
    let Seen { change, after, .. } = Seen::new(by, of, line);
    let text = |it: Option<&str>| it.unwrap_or("").to_owned();
    [
        line.id.to_string(),
        Time(line.at).rfc3339(),
        words(line.kind).to_owned(),
        text(line.operation.as_deref()),
        text(line.units.as_deref()),
        change.balance.to_string(),
        change.credit_limit.to_string(),
        change.held.to_string(),
        after.map_or_else(String::new, |it| it.balance.to_string()),
        text(line.reference.as_deref()),
    ]
}
