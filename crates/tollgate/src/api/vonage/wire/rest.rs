//! What the rest host answers.

use ledger::{Account, Amount, ApplicationId, Features, Number, NumberKind, Setting};
use serde::Serialize;

use super::answer::{Money, Shown};
use crate::app::{Listed, Shown as Owned};

/// How many decimals a balance has, always.
const DECIMALS_BALANCE: usize = 8;
/// How many decimals what a number costs has at least.
const DECIMALS_COST: usize = 2;
/// Requests in a second, which Vonage's documents give as 30 in each direction and in all. Nothing here is bounded by
/// it; the PHP SDK reads all three.
const REQUESTS_PER_SECOND: u32 = 30;

/// What an account can see as its balance.
#[derive(Serialize)]
pub(in super::super) struct Balance {
    value: Money,
    #[serde(rename = "autoReload")]
    auto_reload: bool,
}

impl Balance {
    pub(in super::super) const fn of(amount: Amount) -> Self {
        Self { value: Money { amount, decimals_min: DECIMALS_BALANCE }, auto_reload: false }
    }
}

/// That what was asked for is done: strings, for three SDKs compare them with strings.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub(in super::super) struct Success {
    error_code: &'static str,
    error_code_label: &'static str,
}

impl Success {
    pub(in super::super) const fn new() -> Self {
        Self { error_code: "200", error_code_label: "success" }
    }
}

/// Where an account's messages and receipts go, empty for nowhere, and how many of them there may be.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub(in super::super) struct AccountSettings<'a> {
    mo_callback_url: &'a str,
    dr_callback_url: &'a str,
    max_outbound_request: u32,
    max_inbound_request: u32,
    max_calls_per_second: u32,
}

impl<'a> AccountSettings<'a> {
    pub(in super::super) fn of(account: &'a Account) -> Self {
        let url = |setting| account.settings.get(setting).map_or("", |it| &**it);
        Self {
            mo_callback_url: url(Setting::MessageCallbackUrl),
            dr_callback_url: url(Setting::ReceiptCallbackUrl),
            max_outbound_request: REQUESTS_PER_SECOND,
            max_inbound_request: REQUESTS_PER_SECOND,
            max_calls_per_second: REQUESTS_PER_SECOND,
        }
    }
}

/// A part of a list of numbers, and how long the whole of it is; always both, for two SDKs make null of an empty object.
#[derive(Serialize)]
pub(in super::super) struct NumberList<'a> {
    count: usize,
    numbers: Vec<NumberRow<'a>>,
}

impl<'a> NumberList<'a> {
    /// Numbers that an account has.
    pub(in super::super) fn owned(listed: &'a Listed<Owned<Number>>) -> Self {
        let numbers = listed.rows.iter().map(|it| NumberRow::owned(&it.it)).collect();
        Self { count: listed.total, numbers }
    }

    /// Numbers that are for rent.
    pub(in super::super) fn offered(listed: &'a Listed<Number>) -> Self {
        let numbers = listed.rows.iter().map(NumberRow::offered).collect();
        Self { count: listed.total, numbers }
    }
}

/// A number: what it is, and where it is set what it costs and what its owner keeps with it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NumberRow<'a> {
    country: &'a str,
    msisdn: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    features: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cost: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mo_http_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mo_smpp_sys_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    voice_callback_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    voice_callback_value: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    voice_status_callback: Option<&'a str>,
    #[serde(rename = "app_id", skip_serializing_if = "Option::is_none")]
    application: Option<Shown<ApplicationId>>,
}

impl<'a> NumberRow<'a> {
    fn owned(number: &'a Number) -> Self {
        let kept = |setting| number.settings.get(setting).map(|it| &**it);
        Self {
            country: number.country.as_str(),
            msisdn: &number.msisdn,
            kind: kind(number.kind),
            features: features(number.features),
            cost: None,
            mo_http_url: kept(Setting::MessageUrl),
            mo_smpp_sys_type: kept(Setting::SmppSystemType),
            voice_callback_type: kept(Setting::VoiceCallbackType),
            voice_callback_value: kept(Setting::VoiceCallbackValue),
            voice_status_callback: kept(Setting::VoiceStatusUrl),
            application: number.application.map(Shown),
        }
    }

    /// What is in the stock has nothing with it.
    fn offered(number: &'a Number) -> Self {
        Self { cost: Some(number.cost.text(DECIMALS_COST).to_string()), ..Self::owned(number) }
    }
}

/// What this dialect calls a kind. It has one word for landlines of a place and of a country.
const fn kind(kind: NumberKind) -> &'static str {
    match kind {
        NumberKind::Mobile => "mobile-lvn",
        NumberKind::Local | NumberKind::National => "landline",
        NumberKind::TollFree => "landline-toll-free",
        NumberKind::ShortCode => "mobile-shortcode",
    }
}

fn features(Features { sms, voice, mms }: Features) -> Vec<&'static str> {
    let all = [(voice, "VOICE"), (sms, "SMS"), (mms, "MMS")];
    all.into_iter().filter_map(|(can, feature)| can.then_some(feature)).collect()
}
