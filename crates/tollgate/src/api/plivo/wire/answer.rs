//! Answers: every key always there, in order of the alphabet, types exact.

use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use ledger::{Account, Amount, BalanceMode, Setting, Status};
use serde::Serialize;
use uuid::Uuid;

use super::request::Paging;
use super::{JSON, day};
use crate::app::{AuthTokens, ShownSubaccount};

/// An object, and the request that it answers.
#[derive(Serialize)]
struct Answered<'a, T> {
    api_id: Uuid,
    #[serde(flatten)]
    object: &'a T,
}

/// A 200 with one object, or another status with what was done.
pub(in super::super) fn answered(status: StatusCode, api_id: Uuid, object: &impl Serialize) -> Response {
    // Texts, booleans and integers alone always have a JSON text.
    let body = serde_json::to_vec(&Answered { api_id, object }).unwrap_or_default();
    (status, [(CONTENT_TYPE, JSON)], body).into_response()
}

/// Something was changed.
#[derive(Serialize)]
pub(in super::super) struct Changed {
    message: &'static str,
}

impl Changed {
    pub(in super::super) const fn new() -> Self {
        Self { message: "changed" }
    }
}

/// A subaccount was created.
#[derive(Serialize)]
pub(in super::super) struct Created<'a> {
    pub(in super::super) auth_id: &'a str,
    pub(in super::super) auth_token: &'a str,
    message: &'static str,
}

impl<'a> Created<'a> {
    pub(in super::super) fn new(account: &'a Account, auth_token: &'a str) -> Self {
        Self { auth_id: account.auth_id.as_str(), auth_token, message: "created" }
    }
}

/// An application was created.
#[derive(Serialize)]
pub(in super::super) struct Made {
    app_id: String,
    message: &'static str,
}

impl Made {
    pub(in super::super) const fn new(app_id: String) -> Self {
        Self { app_id, message: "created" }
    }
}

/// An endpoint was created.
#[derive(Serialize)]
pub(in super::super) struct EndpointCreated<'a> {
    alias: &'a str,
    endpoint_id: String,
    message: &'static str,
    username: &'a str,
}

impl<'a> EndpointCreated<'a> {
    pub(in super::super) fn new(endpoint: &'a ledger::Endpoint) -> Self {
        Self {
            alias: &endpoint.alias,
            endpoint_id: endpoint.id.to_string(),
            message: "created",
            username: &endpoint.username,
        }
    }
}

/// A number was rented.
#[derive(Serialize)]
pub(in super::super) struct Bought<'a> {
    message: &'static str,
    numbers: [BoughtNumber<'a>; 1],
    status: &'static str,
}

#[derive(Serialize)]
struct BoughtNumber<'a> {
    number: &'a str,
    status: &'static str,
}

impl<'a> Bought<'a> {
    pub(in super::super) const fn new(number: &'a str) -> Self {
        let numbers = [BoughtNumber { number, status: "Success" }];
        Self { message: "created", numbers, status: "fulfilled" }
    }
}

/// A part of a list.
#[derive(Serialize)]
pub(in super::super) struct Page<T> {
    meta: Meta,
    objects: Vec<T>,
}

#[derive(Serialize)]
struct Meta {
    limit: usize,
    next: Option<String>,
    offset: usize,
    previous: Option<String>,
    total_count: usize,
}

impl<T: Serialize> Page<T> {
    /// The part of the list at `path`.
    pub(in super::super) fn new(path: &str, paging: &Paging, total_count: usize, objects: Vec<T>) -> Self {
        let limit = paging.slice.limit;
        let offset = paging.slice.offset;
        let at = |offset: usize| {
            let mut query = form_urlencoded::Serializer::new(String::new());
            query.extend_pairs(&paging.filters);
            query.append_pair("limit", &limit.to_string()).append_pair("offset", &offset.to_string());
            format!("{path}/?{}", query.finish())
        };
        let end = offset.saturating_add(limit);
        let meta = Meta {
            limit,
            next: (end < total_count).then(|| at(end)),
            offset,
            previous: (offset > 0).then(|| at(offset.saturating_sub(limit))),
            total_count,
        };
        Self { meta, objects }
    }
}

/// A subaccount.
#[derive(Serialize)]
pub(in super::super) struct SubaccountObject<'a> {
    account: String,
    auth_id: &'a str,
    auth_token: &'a str,
    created: String,
    enabled: bool,
    modified: Option<String>,
    name: &'a str,
    new_auth_token: &'a str,
    resource_uri: String,
}

impl<'a> SubaccountObject<'a> {
    /// As its primary, whose auth id is `main`, sees it.
    pub(in super::super) fn new(shown: &'a ShownSubaccount, main: &str) -> Self {
        let ShownSubaccount { account, tokens: AuthTokens { current, coming } } = shown;
        Self {
            account: account_uri(main),
            auth_id: account.auth_id.as_str(),
            auth_token: current,
            created: day(account.created_at),
            enabled: account.status == Status::Active,
            modified: account.changed_at.map(day),
            name: &account.name,
            new_auth_token: coming,
            resource_uri: format!("{}Subaccount/{}/", account_uri(main), account.auth_id),
        }
    }
}

/// The calling account.
#[derive(Serialize)]
pub(in super::super) struct AccountObject<'a> {
    account_type: &'static str,
    address: &'a str,
    auth_id: &'a str,
    auto_recharge: bool,
    billing_mode: &'static str,
    cash_credits: String,
    city: &'a str,
    name: &'a str,
    resource_uri: String,
    state: &'a str,
    timezone: &'static str,
}

impl<'a> AccountObject<'a> {
    pub(in super::super) fn new(account: &'a Account, is_postpaid: bool) -> Self {
        let setting = |it| account.settings.get(it).map_or("", |it| &**it);
        let cash = match account.mode {
            BalanceMode::Own => account.standing.balance,
            BalanceMode::Shared => Amount::ZERO,
        };
        Self {
            account_type: "standard",
            address: setting(Setting::Address),
            auth_id: account.auth_id.as_str(),
            auto_recharge: false,
            billing_mode: if is_postpaid { "postpaid" } else { "prepaid" },
            cash_credits: cash.text_floored(5),
            city: setting(Setting::City),
            name: &account.name,
            resource_uri: account_uri(account.auth_id.as_str()),
            state: setting(Setting::State),
            timezone: "UTC",
        }
    }
}

/// Where an account is.
pub(super) fn account_uri(auth_id: &str) -> String {
    format!("/v1/Account/{auth_id}/")
}
