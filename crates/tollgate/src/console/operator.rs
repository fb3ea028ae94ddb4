//! What the operator alone sees and does: all primary accounts and what their families come to, tokens, the node's health.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use ledger::{Refusal, Token, TokenId, TokenScope};

use super::account::Seen;
use super::family::Asked;
use super::page::{self, Frame};
use super::show::{Money, Time};
use super::visit::Visit;
use super::{limits, live, words};
use crate::app::{CurrencyTotals, Error, FamilyTotals, Health, PrimariesPage, TokenFilter};

/// How many entries the lists of the operator have at once.
const LISTED: usize = 200;

#[derive(Template)]
#[template(path = "console/primaries.html")]
struct PrimariesShown {
    frame: Frame,
    /// Each primary, what its whole family comes to, and its subaccounts alone.
    rows: Vec<(Seen, FamilyTotals, FamilyTotals)>,
    totals: Vec<CurrencyTotals>,
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
            let rows = primaries.into_iter().map(|(view, below)| {
                let whole = FamilyTotals::of(&view.account).plus(&below);
                (Seen::new(view), whole, below)
            });
            let rows: Vec<_> = rows.collect();
            let mut frame = visit.frame("Primary accounts");
            frame.live = Some(live::place_of(rows.iter().map(|it| &it.0).filter(|it| !it.is_closed()), None));
            page::ok(&PrimariesShown { frame, rows, totals, asked: asked.of(total), total })
        })
        .await
}

#[derive(Template)]
#[template(path = "console/tokens.html")]
struct TokensPage {
    frame: Frame,
    /// Each, and what it may do at most.
    rows: Vec<(Token, String)>,
    /// One that was just made, and what it may do.
    made: Option<(String, &'static str)>,
    problem: Option<String>,
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
    visit.answer(async { tokens_page(&visit, None, None).await }).await
}

async fn tokens_page(
    visit: &Visit,
    made: Option<(String, &'static str)>,
    problem: Option<String>,
) -> Result<Response, Error> {
    let filter = TokenFilter { lives: Some(true), ..TokenFilter::default() };
    let tokens = visit.app.tokens(visit.by, filter, None, LISTED).await?;
    let all: Vec<_> = tokens.iter().map(|it| it.limits.as_deref()).collect();
    let said = limits::said(visit, &all).await?;
    let rows = tokens.into_iter().zip(said).collect();
    let status = if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    page::page(status, &TokensPage { frame: visit.frame("Tokens"), rows, made, problem })
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
            visit.operator()?;
            let limits = match limits::read(&visit).await? {
                Ok(limits) => limits,
                Err(problem) => return tokens_page(&visit, None, Some(problem)).await,
            };
            match visit.app.make_token(visit.by, visit.once(), scope_asked, limits).await {
                Ok((token, text)) => tokens_page(&visit, Some((text, scope(&token.scope))), None).await,
                Err(Error::Refused(refusal)) => {
                    tokens_page(&visit, None, Some(words::refused(&refusal).into_owned())).await
                }
                Err(error) => Err(error),
            }
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
#[template(path = "console/health.html")]
struct HealthPage {
    frame: Frame,
    health: Health,
}

impl HealthPage {
    const fn version(&self) -> &'static str {
        env!("CARGO_PKG_VERSION")
    }

    /// How many seconds this machine's clock differs from the database's, and whether it is behind, where that is worth
    /// looking after.
    fn clock_apart(&self) -> Option<(u64, bool)> {
        let ahead_ms = self.health.database_ahead_ms;
        Some(((ahead_ms.unsigned_abs() + 500) / 1_000, ahead_ms > 0)).filter(|it| it.0 > 0)
    }

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
