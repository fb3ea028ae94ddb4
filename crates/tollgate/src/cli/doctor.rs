//! `tollgate doctor`: calls the operator's own API through the operator's own gateway, with an account made for it, and
//! says what of the gateway's configuration lets pass what must not.
//!
//! Reading order: [`run`]; `price` finds what the call costs, `canary` makes the account and takes it away, `examination`
//! makes the calls, `refusals` and `spoofs` judge them, `report` says it.

mod api;
mod call;
mod canary;
mod examination;
mod price;
mod refusals;
mod report;
mod spoofs;

use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;
use hyper::Method;
use hyper::header::{HeaderName, HeaderValue};
use serde_json::json;

use self::api::Api;
use self::call::{Trust, Url};
use self::canary::Canary;
use self::examination::Examination;
use self::price::Price;
use self::report::Report;
use super::stop::Stop;
use super::{Ended, say};
use crate::random::Random;

/// Flags of `tollgate doctor`.
#[derive(Args, Debug)]
#[command(
    after_help = "Exit codes: 0 all is as it should be; 1 a fault was found, or it was stopped before its end; 2 the \
                        command line is wrong; 3 tollgate or the gateway cannot be reached, or the call has no price."
)]
pub(super) struct DoctorArgs {
    /// A call of your own API through your own gateway, which costs something by your price plan: such as
    /// http://127.0.0.1:8000/v1/messages. What is behind the gateway gets the calls that pass, some eight of them
    #[arg(long, value_name = "URL")]
    through: Url,

    /// The method of the call
    #[arg(long, value_name = "METHOD", default_value = "POST")]
    method: Method,

    /// The body of the call, JSON unless a --header says otherwise; empty when not given
    #[arg(long, value_name = "TEXT")]
    data: Option<String>,

    /// A further header of the call, as "NAME: VALUE"; may be repeated
    #[arg(long = "header", value_name = "HEADER")]
    headers: Vec<Header>,

    /// The header that the gate takes credentials from, where `serve` was given --gate-key-header; else Authorization
    #[arg(long, value_name = "HEADER")]
    key_header: Option<HeaderName>,

    /// tollgate itself
    #[arg(long, env = "TOLLGATE_API", default_value = "http://127.0.0.1:8080", value_name = "URL")]
    api: Url,

    /// The operator token
    #[arg(long, env = "TOLLGATE_OPERATOR_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    operator_token: String,

    /// The price plan that the call is paid by; the default one of its currency when not given
    #[arg(long, value_name = "NAME")]
    price_plan: Option<String>,

    /// Trust the authorities in this PEM file for https, in place of the system's
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,

    /// The upstream is meant to get the caller's credentials, so that this is no fault
    #[arg(long)]
    upstream_sees_credentials: bool,

    /// Print one JSON object instead of lines
    #[arg(long)]
    json: bool,
}

/// A header given on the command line.
#[derive(Clone, Debug)]
struct Header {
    name: String,
    value: String,
}

impl FromStr for Header {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, value) = text.split_once(':').ok_or("must be \"NAME: VALUE\"")?;
        let is_fit = HeaderName::from_str(name).is_ok() && HeaderValue::from_str(value.trim()).is_ok();
        if !is_fit {
            return Err("must be a header's name and a value that is fit for one");
        }
        Ok(Self { name: name.to_owned(), value: value.trim().to_owned() })
    }
}

pub(super) fn run(args: &DoctorArgs) -> Result<(), Ended> {
    // One call at a time needs no second thread.
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Ended::cannot_start)?;
    runtime.block_on(doctor(args))
}

async fn doctor(args: &DoctorArgs) -> Result<(), Ended> {
    // From here on a signal breaks off the examination, and not what takes the accounts away.
    let mut stop = Stop::listen()?;
    let trust = Trust::new(args.ca.as_deref()).map_err(Ended::cannot_start)?;
    let api = Api { url: args.api.clone(), trust, operator_token: args.operator_token.clone() };
    let price = Price::find(&api, args.price_plan.as_deref(), args.method.as_str(), &args.through.path).await;
    let price = price.map_err(Ended::cannot_start)?;
    let canary = Canary::open(&api, &price).await.map_err(Ended::cannot_start)?;
    let mut report = Report::new(args.json);
    opening(args, &price, &canary, &report);

    let mark = Random::System.bytes::<12>().iter().map(|it| format!("{it:02x}")).collect();
    let mut examination = Examination::new(args, &api, &price, &canary, &mut report, mark);
    let examined = tokio::select! {
        biased;
        () = stop.asked() => Err(Ended::wrong("the examination was stopped before its end")),
        examined = examination.run() => examined.map_err(Ended::cannot_start),
    };
    let closed = canary.close(&api).await;
    report.fill(None);
    closing(args, &price, &canary, &report, &closed);

    examined?;
    closed.map_err(Ended::wrong)?;
    match &*report.faults() {
        [] => Ok(()),
        [one] => Err(Ended::wrong(format!("found a fault: {one}"))),
        some => Err(Ended::wrong(format!("found {} faults: {}", some.len(), some.join("; ")))),
    }
}

fn opening(args: &DoctorArgs, price: &Price, canary: &Canary, report: &Report) {
    let Price { plan, currency, rule, operation, is_hold, amount, .. } = price;
    let amount = amount.text(2);
    let is_paid = if *is_hold { "held" } else { "charged" };
    report.say(&format!("{} {}", args.method, args.through));
    report.say(&format!("  price: {amount} {currency} {is_paid} for {operation}, by rule {rule} of {plan}"));
    let Canary { account, api_key, primary, .. } = canary;
    report.say(&format!("  canary: account {account} (api key {api_key}) of primary {primary}"));
}

fn closing(args: &DoctorArgs, price: &Price, canary: &Canary, report: &Report, closed: &Result<(), String>) {
    match closed {
        Ok(()) => {
            report.say("  the canary's accounts are closed, and what was left of their money is paid back")
        }
        Err(reason) => report.say(&format!("  {reason}")),
    }
    if args.json {
        let found = json!({
            "through": args.through.to_string(),
            "method": args.method.as_str(),
            "price": {
                "plan": price.plan,
                "rule": price.rule,
                "operation": price.operation,
                "mode": if price.is_hold { "hold" } else { "charge" },
                "amount": price.amount.text(2).to_string(),
                "currency": price.currency,
            },
            "canary": { "primary": canary.primary, "account": canary.account },
            "is_closed": closed.is_ok(),
            "checks": report.json(),
        });
        say(&found.to_string());
    }
}
