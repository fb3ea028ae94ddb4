//! The calls of the examination, and what each has brought about.
//!
//! Reading order: [`Examination::run`]; `refusals` and `spoofs` are the checks.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::DoctorArgs;
use super::api::Api;
use super::call::{self, Answer, Call, Trust};
use super::canary::{Canary, Posting};
use super::price::Price;
use super::report::{Check, Fault, Report, Verdict};

/// A header that says nothing to anybody; an answer that holds its value shows what came to the upstream.
const MARK: &str = "x-tollgate-doctor";

/// A check that came off, or what is misconfigured.
pub(super) type Judged = Result<String, (Fault, String)>;

/// What a call came to: at the client, and in the books.
pub(super) struct Seen {
    /// A sentence where there was no answer.
    pub(super) reply: Result<Answer, String>,
    pub(super) postings: Vec<Posting>,
}

pub(super) struct Examination<'a> {
    pub(super) args: &'a DoctorArgs,
    pub(super) api: &'a Api,
    pub(super) trust: &'a Trust,
    pub(super) price: &'a Price,
    pub(super) canary: &'a Canary,
    pub(super) report: &'a mut Report,
    /// Not to be guessed and not to be met by chance.
    pub(super) mark: String,
    /// What a call that has come through looks like.
    pub(super) passed: Option<Answer>,
    newest: Option<String>,
    is_echoed: bool,
    /// What of the credentials stood in an answer.
    leak: Option<&'static str>,
}

impl<'a> Examination<'a> {
    pub(super) const fn new(
        args: &'a DoctorArgs,
        api: &'a Api,
        price: &'a Price,
        canary: &'a Canary,
        report: &'a mut Report,
        mark: String,
    ) -> Self {
        let trust = &api.trust;
        let (passed, newest, leak) = (None, None, None);
        Self { args, api, trust, price, canary, report, mark, passed, newest, is_echoed: false, leak }
    }

    /// Tries everything. Where the gate is not asked at all, there is nothing more to be tried.
    ///
    /// # Errors
    /// A sentence, when tollgate or the gateway cannot be reached.
    pub(super) async fn run(&mut self) -> Result<(), String> {
        if self.credit().await? {
            self.no_credit().await?;
            self.no_credentials().await?;
            self.wrong_secret().await?;
            self.suspended().await?;
            self.down().await?;
            self.request_id().await?;
            self.path().await?;
            self.headers().await?;
            self.spelling().await?;
        } else {
            self.report.fill(Some(Check::Credentials));
        }
        self.credentials();
        Ok(())
    }

    /// The call, with the canary's credentials.
    pub(super) fn call(&self) -> Call {
        self.call_as(&self.canary.api_key, &self.canary.secret)
    }

    pub(super) fn call_as(&self, name: &str, secret: &str) -> Call {
        let pair = format!("{name}:{secret}");
        match &self.args.key_header {
            Some(header) => self.bare().with(header.as_str(), pair),
            None => self.bare().with("authorization", format!("Basic {}", STANDARD.encode(pair))),
        }
    }

    /// The call, in nobody's name.
    pub(super) fn bare(&self) -> Call {
        let headers = self.args.headers.iter().map(|it| (it.name.clone(), it.value.clone())).collect();
        let (method, body) = (self.args.method.clone(), self.args.data.clone());
        let call = Call { method, target: self.target(&self.args.through.path), headers, body };
        call.with(MARK, &*self.mark)
            .with("user-agent", concat!("tollgate-doctor/", env!("CARGO_PKG_VERSION")))
    }

    /// A path with the call's own query.
    pub(super) fn target(&self, path: &str) -> String {
        match &self.args.through.query {
            Some(query) => format!("{path}?{query}"),
            None => path.to_owned(),
        }
    }

    /// Makes a call through the gateway, and reads what it was charged.
    pub(super) async fn send(&mut self, call: Call) -> Result<Seen, String> {
        let reply = call::send(&self.args.through, self.trust, &call).await;
        if let Ok(answer) = &reply {
            self.report.meet(answer);
            self.is_echoed |= answer.holds(&self.mark);
            self.leak = self.leak.or_else(|| self.leak_in(answer));
        }
        let (postings, newest) = self.canary.postings(self.api, self.newest.as_deref()).await?;
        self.newest = newest;
        Ok(Seen { reply, postings })
    }

    /// Leaves the canary exactly what so many calls cost.
    pub(super) async fn fund(&self, calls: u32) -> Result<(), String> {
        self.canary.fund(self.api, self.price, calls).await
    }

    pub(super) fn note(&mut self, check: Check, judged: Judged) {
        let verdict = match judged {
            Ok(says) => Verdict::Ok(says),
            Err((fault, says)) => Verdict::Fault(fault, says),
        };
        self.report.note(check, verdict);
    }

    /// Whether an answer is the upstream's, as far as that shows: one of success, or one like that to the call that was
    /// paid for.
    pub(super) fn is_upstreams(&self, answer: &Answer) -> bool {
        let is_like = |passed: &Answer| {
            passed.status == answer.status && passed.header("content-type") == answer.header("content-type")
        };
        let is_success = (200..300).contains(&answer.status);
        answer.problem().is_none() && (is_success || self.passed.as_ref().is_some_and(is_like))
    }

    pub(super) fn came_through(&self, seen: &Seen) -> bool {
        seen.reply.as_ref().is_ok_and(|it| self.is_upstreams(it))
    }

    /// Whether a call was paid for once, at the price of the operator's plan.
    pub(super) fn is_paid(&self, seen: &Seen) -> bool {
        let price = self.price;
        let is_right =
            |it: &Posting| it.amount == price.amount && it.rule == price.rule && it.plan == price.plan;
        seen.postings.len() == 1 && seen.postings.iter().all(is_right)
    }

    fn leak_in(&self, answer: &Answer) -> Option<&'static str> {
        let Canary { api_key, secret, .. } = self.canary;
        let basic = STANDARD.encode(format!("{api_key}:{secret}"));
        if answer.holds(secret) {
            Some("an answer holds the canary's secret")
        } else if answer.holds(basic.trim_end_matches('=')) {
            Some("an answer holds the canary's Authorization header")
        } else {
            None
        }
    }

    /// What was seen of the credentials on the way.
    fn credentials(&mut self) {
        let verdict = match (self.leak, self.is_echoed) {
            (Some(leak), _) if self.args.upstream_sees_credentials => Verdict::Ok(format!("{leak}, as it is meant to")),
            (Some(leak), _) => Verdict::Fault(Fault::CredentialsPassed, format!("{leak}, so the upstream had it")),
            (None, true) => Verdict::Ok("the upstream echoes what it got, and they were not in it".to_owned()),
            (None, false) if self.passed.is_none() => Verdict::NotTried,
            (None, false) => Verdict::NotProven(
                "the upstream does not echo what it gets; a call that is answered with its own request headers would show it"
                    .to_owned(),
            ),
        };
        self.report.note(Check::Credentials, verdict);
    }
}

impl Seen {
    /// What the client got, in a few words.
    pub(super) fn got(&self) -> String {
        match &self.reply {
            Ok(answer) => got(answer),
            Err(sentence) => sentence.clone(),
        }
    }

    /// What was charged, in a few words.
    pub(super) fn charged(&self) -> String {
        match &*self.postings {
            [] => "nothing was charged".to_owned(),
            [one] => format!(
                "{} was charged for {} by rule {} of {}",
                one.amount.text(2),
                one.operation,
                one.rule,
                one.plan
            ),
            some => format!("it was charged {} times", some.len()),
        }
    }

    pub(super) fn code(&self) -> Option<String> {
        Some(self.reply.as_ref().ok()?.problem()?.code)
    }
}

/// An answer in a few words.
pub(super) fn got(answer: &Answer) -> String {
    match answer.problem() {
        Some(problem) => format!("{} {}: {}", answer.status, problem.code, problem.detail),
        None => answer.status.to_string(),
    }
}
