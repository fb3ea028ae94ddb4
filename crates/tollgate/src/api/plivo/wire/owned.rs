//! What an account owns, as objects.

use ledger::account::Status;
use ledger::{Account, Amount, Application, Number, NumberKind, Setting, Settings};
use serde::Serialize;

use super::answer::account_uri;
use super::day;
use crate::app::{Shown, ShownEndpoint};

/// An application.
#[derive(Serialize)]
pub(in super::super) struct ApplicationObject<'a> {
    answer_method: &'a str,
    answer_url: &'a str,
    app_id: String,
    app_name: &'a str,
    application_type: &'static str,
    default_app: bool,
    default_endpoint_app: bool,
    enabled: bool,
    fallback_answer_url: &'a str,
    fallback_method: &'a str,
    hangup_method: &'a str,
    hangup_url: &'a str,
    /// Some SDKs read the one, some the other.
    log_incoming_message: bool,
    log_incoming_messages: bool,
    message_method: &'a str,
    message_url: &'a str,
    public_uri: bool,
    resource_uri: String,
    sip_uri: String,
    sub_account: Option<String>,
}

impl<'a> ApplicationObject<'a> {
    /// As the account whose auth id is `caller` sees it.
    pub(in super::super) fn new(shown: &'a Shown<Application>, caller: &str, sip_domain: &str) -> Self {
        let Shown { it, owner } = shown;
        let url = |setting| setting_or(&it.settings, setting, "");
        let method = |setting| setting_or(&it.settings, setting, "POST");
        let logs = setting_or(&it.settings, Setting::LogIncomingMessages, "true") == "true";
        let answer_url = url(Setting::AnswerUrl);
        Self {
            answer_method: method(Setting::AnswerMethod),
            answer_url,
            app_id: it.id.to_string(),
            app_name: &it.name,
            application_type: "XML",
            default_app: it.defaults.numbers,
            default_endpoint_app: it.defaults.endpoints,
            enabled: owner.status == Status::Active,
            fallback_answer_url: url(Setting::FallbackUrl),
            fallback_method: method(Setting::FallbackMethod),
            hangup_method: method(Setting::HangupMethod),
            hangup_url: setting_or(&it.settings, Setting::HangupUrl, answer_url),
            log_incoming_message: logs,
            log_incoming_messages: logs,
            message_method: method(Setting::MessageMethod),
            message_url: url(Setting::MessageUrl),
            public_uri: setting_or(&it.settings, Setting::PublicUri, "false") == "true",
            resource_uri: format!("{}Application/{}/", account_uri(caller), it.id),
            sip_uri: format!("sip:{}@app.{sip_domain}", it.id),
            sub_account: sub_account_uri(owner),
        }
    }
}

/// An endpoint.
#[derive(Serialize)]
pub(in super::super) struct EndpointObject<'a> {
    alias: &'a str,
    application: Option<String>,
    endpoint_id: String,
    password: &'a str,
    resource_uri: String,
    /// A text, not a boolean. Nobody registers here.
    sip_registered: &'static str,
    sip_uri: String,
    sub_account: Option<String>,
    username: &'a str,
}

impl<'a> EndpointObject<'a> {
    /// As the account whose auth id is `caller` sees it.
    pub(in super::super) fn new(shown: &'a Shown<ShownEndpoint>, caller: &str, sip_domain: &str) -> Self {
        let Shown { it: ShownEndpoint { endpoint, password_md5 }, owner } = shown;
        Self {
            alias: &endpoint.alias,
            application: endpoint.application.map(|it| format!("{}Application/{it}/", account_uri(caller))),
            endpoint_id: endpoint.id.to_string(),
            password: password_md5,
            resource_uri: format!("{}Endpoint/{}/", account_uri(caller), endpoint.id),
            sip_registered: "false",
            sip_uri: format!("sip:{}@phone.{sip_domain}", endpoint.username),
            sub_account: sub_account_uri(owner),
            username: &endpoint.username,
        }
    }
}

/// A number that somebody has.
#[derive(Serialize)]
pub(in super::super) struct NumberObject<'a> {
    active: bool,
    added_on: String,
    alias: Option<&'a str>,
    application: Option<String>,
    carrier: &'a str,
    city: Option<&'a str>,
    cnam_lookup: Option<&'a str>,
    compliance_application_id: Option<&'a str>,
    compliance_status: Option<&'a str>,
    country: Option<&'a str>,
    mms_enabled: bool,
    mms_rate: &'static str,
    monthly_rental_rate: &'static str,
    number: &'a str,
    number_type: &'static str,
    region: &'a str,
    renewal_date: Option<&'a str>,
    resource_uri: String,
    sms_enabled: bool,
    sms_rate: &'static str,
    sub_account: Option<&'a str>,
    sub_account_name: Option<&'a str>,
    tendlc_campaign_id: Option<&'a str>,
    tendlc_registration_status: &'static str,
    toll_free_sms_verification: Option<&'a str>,
    toll_free_sms_verification_id: Option<&'a str>,
    toll_free_sms_verification_order_status: Option<&'a str>,
    #[serde(rename = "type")]
    kind: &'static str,
    verification_info: [(); 0],
    voice_enabled: bool,
    voice_rate: &'static str,
}

/// What a month or a call costs is not told by a number: prices are the operator's.
const NO_RATE: &str = "0.00000";

impl<'a> NumberObject<'a> {
    /// As the account whose auth id is `caller` sees it.
    pub(in super::super) fn new(shown: &'a Shown<Number>, caller: &str) -> Self {
        let Shown { it, owner } = shown;
        let setting = |setting| it.settings.get(setting).map(|it| &**it);
        let of_subaccount = !owner.is_primary();
        let country = it.country.as_str();
        Self {
            active: true,
            added_on: day(it.rented_at.unwrap_or(it.added_at)),
            alias: setting(Setting::Alias),
            application: it.application.map(|it| format!("{}Application/{it}/", account_uri(caller))),
            carrier: setting(Setting::Carrier).unwrap_or("Plivo"),
            city: None,
            cnam_lookup: setting(Setting::CnamLookup),
            compliance_application_id: None,
            compliance_status: None,
            country: (!it.is_brought).then_some(country),
            mms_enabled: it.features.mms,
            mms_rate: NO_RATE,
            monthly_rental_rate: NO_RATE,
            number: &it.msisdn,
            number_type: kind(it.kind),
            region: setting(Setting::Region).unwrap_or(if it.is_brought { "" } else { country }),
            renewal_date: None,
            resource_uri: format!("{}Number/{}/", account_uri(caller), it.msisdn),
            sms_enabled: it.features.sms,
            sms_rate: NO_RATE,
            sub_account: of_subaccount.then(|| owner.auth_id.as_str()),
            sub_account_name: of_subaccount.then(|| &*owner.name),
            tendlc_campaign_id: None,
            tendlc_registration_status: "UNREGISTERED",
            toll_free_sms_verification: None,
            toll_free_sms_verification_id: None,
            toll_free_sms_verification_order_status: None,
            kind: kind(it.kind),
            verification_info: [],
            voice_enabled: it.features.voice,
            voice_rate: NO_RATE,
        }
    }
}

/// A number of the stock.
#[derive(Serialize)]
pub(in super::super) struct StockObject<'a> {
    city: Option<&'a str>,
    compliance_requirement: Option<&'a str>,
    country: &'a str,
    lata: Option<&'a str>,
    mms_enabled: bool,
    mms_rate: &'static str,
    monthly_rental_rate: &'static str,
    number: &'a str,
    prefix: Option<&'a str>,
    rate_center: Option<&'a str>,
    region: &'a str,
    resource_uri: String,
    restriction: Option<&'a str>,
    restriction_text: Option<&'a str>,
    /// What renting it takes, once.
    setup_rate: String,
    sms_enabled: bool,
    sms_rate: &'static str,
    sub_type: Option<&'a str>,
    #[serde(rename = "type")]
    kind: &'static str,
    voice_enabled: bool,
    voice_rate: &'static str,
}

impl<'a> StockObject<'a> {
    /// As the account whose auth id is `caller` sees it.
    pub(in super::super) fn new(it: &'a Number, caller: &str) -> Self {
        Self {
            city: None,
            compliance_requirement: None,
            country: it.country.as_str(),
            lata: None,
            mms_enabled: it.features.mms,
            mms_rate: NO_RATE,
            monthly_rental_rate: NO_RATE,
            number: &it.msisdn,
            prefix: None,
            rate_center: None,
            region: it.country.as_str(),
            resource_uri: format!("{}PhoneNumber/{}/", account_uri(caller), it.msisdn),
            restriction: None,
            restriction_text: None,
            setup_rate: rate(it.cost),
            sms_enabled: it.features.sms,
            sms_rate: NO_RATE,
            sub_type: None,
            kind: kind(it.kind),
            voice_enabled: it.features.voice,
            voice_rate: NO_RATE,
        }
    }
}

/// Five decimals, and never less than what is taken.
fn rate(cost: Amount) -> String {
    let floored = cost.checked_neg().map_or_else(|| cost.text_floored(5), |it| it.text_floored(5));
    floored.trim_start_matches('-').to_owned()
}

const fn kind(kind: NumberKind) -> &'static str {
    match kind {
        NumberKind::Mobile => "mobile",
        NumberKind::Local => "local",
        NumberKind::National => "national",
        NumberKind::TollFree => "tollfree",
        NumberKind::ShortCode => "shortcode",
    }
}

fn setting_or<'a>(settings: &'a Settings, setting: Setting, otherwise: &'a str) -> &'a str {
    settings.get(setting).map_or(otherwise, |it| &**it)
}

/// A subaccount addressed as an account; null for the main account.
fn sub_account_uri(owner: &Account) -> Option<String> {
    (!owner.is_primary()).then(|| account_uri(owner.auth_id.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_never_less_than_what_is_taken() {
        for (cost, text) in [("0", "0.00000"), ("1.25", "1.25000"), ("0.00000001", "0.00001")] {
            assert_eq!(rate(Amount::parse(cost).unwrap()), text);
        }
    }
}
