//! What the operator alone sees and does: all primary accounts, tokens, price plans, the stock of numbers, the node's health.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use ledger::{Number, PricePlan, Pricing, Refusal, Token, TokenId, TokenScope};

use super::account::Seen;
use super::family::Asked;
use super::live;
use super::page::{self, Frame};
use super::show::{Money, Time};
use super::visit::Visit;
use crate::app::{Error, FamilyTotals, Health, NumberFilter, PlanFilter, PrimariesPage, TokenFilter};

/// How many entries the lists of the operator have at once.
const LISTED: usize = 200;

#[derive(Template)]
#[template(path = "console/primaries.html")]
struct PrimariesShown {
    frame: Frame,
    rows: Vec<Seen>,
    totals: Vec<(String, FamilyTotals)>,
    asked: Asked,
    total: usize,
}

impl PrimariesShown {
    fn money(&self, totals: &FamilyTotals) -> [Money; 3] {
        [totals.balance.into(), totals.credit_limit.into(), totals.held.into()]
    }

    fn has_any(&self) -> bool {
        !self.totals.is_empty()
    }
}

/// `GET /console/primaries`.
pub(super) async fn primaries(visit: Visit) -> Response {
    visit
        .answer(async {
            let asked = Asked::read(&visit.form, &visit.path);
            let page = visit.app.primaries_page(visit.by, asked.filter(), asked.slice()).await?;
            let PrimariesPage { primaries, total, totals } = page;
            let rows: Vec<_> = primaries.into_iter().map(Seen::new).collect();
            let mut frame = visit.frame("Primary accounts");
            frame.live = Some(live::place_of(rows.iter().filter(|it| !it.is_closed()), None));
            page::ok(&PrimariesShown { frame, rows, totals, asked: asked.of(total), total })
        })
        .await
}

#[derive(Template)]
#[template(path = "console/tokens.html")]
struct TokensPage {
    frame: Frame,
    rows: Vec<Token>,
    /// One that was just made, and what it may do.
    made: Option<(String, &'static str)>,
}

impl TokensPage {
    const fn scope(&self, token: &Token) -> &'static str {
        scope(&token.scope)
    }

    const fn at(&self, token: &Token) -> Time {
        Time(token.created_at)
    }
}

const fn scope(of: &TokenScope) -> &'static str {
    match of {
        TokenScope::Operator => "operator",
        TokenScope::Gate { may_force: false } => "gate",
        TokenScope::Gate { may_force: true } => "gate that may force",
    }
}

/// `GET /console/tokens`.
pub(super) async fn tokens(visit: Visit) -> Response {
    visit.answer(async { tokens_page(&visit, None).await }).await
}

async fn tokens_page(visit: &Visit, made: Option<(String, &'static str)>) -> Result<Response, Error> {
    let filter = TokenFilter { lives: Some(true), ..TokenFilter::default() };
    let rows = visit.app.tokens(visit.by, filter, None, LISTED).await?;
    page::ok(&TokensPage { frame: visit.frame("Tokens"), rows, made })
}

/// `POST /console/tokens`: makes one, which is shown in this answer alone.
pub(super) async fn make_token(visit: Visit) -> Response {
    visit
        .answer(async {
            let scope_asked = match visit.form.text("scope") {
                "operator" => TokenScope::Operator,
                "forcing" => TokenScope::Gate { may_force: true },
                _ => TokenScope::Gate { may_force: false },
            };
            let (token, text) = visit.app.make_token(visit.by, visit.once(), scope_asked, None).await?;
            tokens_page(&visit, Some((text, scope(&token.scope)))).await
        })
        .await
}

/// `POST /console/tokens/revoke`.
pub(super) async fn revoke_token(visit: Visit) -> Response {
    visit
        .answer(async {
            let token: Option<TokenId> = visit.form.text("token").parse().ok();
            let token = token.ok_or(Error::Refused(Refusal::TokenNotFound))?;
            visit.app.revoke_token(visit.by, visit.once(), token).await?;
            Ok(visit.done("/console/tokens", "The token is revoked: nobody gets in with it any more."))
        })
        .await
}

#[derive(Template)]
#[template(path = "console/prices.html")]
struct PricesPage {
    frame: Frame,
    plans: Vec<PricePlan>,
}

impl PricesPage {
    const fn at(&self, plan: &PricePlan) -> Time {
        Time(plan.made_at)
    }

    fn price(&self, pricing: &Pricing) -> String {
        match pricing {
            Pricing::Free => "free".to_owned(),
            Pricing::Deny => "not allowed".to_owned(),
            Pricing::Charge { unit_price, units: 1 } => Money::from(*unit_price).text(),
            Pricing::Charge { unit_price, units } => format!("{units} × {}", Money::from(*unit_price).text()),
            Pricing::Hold { amount, lasts_ms, .. } => {
                format!("holds {} for {} s", Money::from(*amount).text(), lasts_ms / 1_000)
            }
        }
    }
}

/// `GET /console/prices`.
pub(super) async fn prices(visit: Visit) -> Response {
    visit
        .answer(async {
            let plans = visit.app.price_plans(visit.by, PlanFilter::default(), None, LISTED).await?;
            page::ok(&PricesPage { frame: visit.frame("Price plans"), plans })
        })
        .await
}

#[derive(Template)]
#[template(path = "console/stock.html")]
struct StockPage {
    frame: Frame,
    rows: Vec<Number>,
    asked: String,
    next: Option<i64>,
}

impl StockPage {
    fn cost(&self, number: &Number) -> Money {
        number.cost.into()
    }
}

/// `GET /console/numbers`: the stock, and what was rented of it.
pub(super) async fn numbers(visit: Visit) -> Response {
    visit
        .answer(async {
            let asked = visit.form.text("show").to_owned();
            let is_rented = match &*asked {
                "rented" => Some(true),
                "all" => None,
                _ => Some(false),
            };
            let filter = NumberFilter { is_rented, ..NumberFilter::default() };
            let after = visit.form.text("after").parse().unwrap_or(0);
            let mut found = visit.app.all_numbers(visit.by, None, filter, after, LISTED + 1).await?;
            let has_more = found.len() > LISTED;
            found.truncate(LISTED);
            let next = found.last().map(|it| it.0).filter(|_| has_more);
            let rows = found.into_iter().map(|it| it.1).collect();
            page::ok(&StockPage { frame: visit.frame("Numbers"), rows, asked, next })
        })
        .await
}

#[derive(Template)]
#[template(path = "console/health.html")]
struct HealthPage {
    frame: Frame,
    health: Health,
}

impl HealthPage {
    fn oldest_key(&self) -> Option<Time> {
        self.health.oldest_key.map(Time)
    }
}

/// `GET /console/health`.
pub(super) async fn health(visit: Visit) -> Response {
    visit
        .answer(async {
            visit.operator()?;
            let health = visit.app.health();
            let status = if health.takes_writes { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
            page::page(status, &HealthPage { frame: visit.frame("Health"), health })
        })
        .await
}
