//! One request after the other: asked again where that helps, and what comes back read or printed.

use std::time::{Duration, Instant};

use bytes::Bytes;
use hyper::Method;
use hyper::header::HeaderValue;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;

use super::super::Ended;
use super::caller::{Caller, ConnectionArgs, Server};
use super::http::{Call, Lost, Reply, Wire};
use super::out::Out;
use super::problem;
use super::progress::Progress;
use super::text::json_line;
use crate::random::Random;

/// How long the first pause before asking again lasts; each further one twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// The longest pause that is not the server's wish.
const PAUSE_MAX: Duration = Duration::from_secs(2);

const JSON: &str = "application/json";

/// A server, who asks it, and where the answers go.
pub(super) struct Session {
    wire: Wire,
    server: Server,
    account: Option<String>,
    patience: Duration,
    is_json: bool,
    pub(super) out: Out,
    pub(super) progress: Progress,
}

/// What a success said.
pub(super) struct Answer {
    text: String,
    server: Server,
}

impl Answer {
    /// The record that it is.
    ///
    /// # Errors
    /// When it is none that tollgate answers.
    pub(super) fn read<T: DeserializeOwned>(&self) -> Result<T, Ended> {
        serde_json::from_str(&self.text).map_err(|error| {
            Ended::wrong(format!("{} answered something else than was asked for: {error}", self.server))
        })
    }

    /// As it came.
    pub(super) fn text(&self) -> &str {
        &self.text
    }
}

/// The key under which a write happens once, however often it is sent.
#[derive(clap::Args, Clone, Debug)]
pub(super) struct KeyArgs {
    /// The key under which it happens once: repeated with the same key and the same words, it is not done again, and the
    /// first answer is printed. A new one each time unless said
    #[arg(long, value_name = "KEY", value_parser = key)]
    key: Option<HeaderValue>,
}

impl KeyArgs {
    /// The key that was given, or a new one.
    fn key(&self) -> Result<HeaderValue, Ended> {
        if let Some(key) = &self.key {
            return Ok(key.clone());
        }
        let hex: String = Random::System.bytes::<16>().iter().map(|it| format!("{it:02x}")).collect();
        HeaderValue::try_from(format!("cli-{hex}")).map_err(Ended::wrong)
    }
}

fn key(text: &str) -> Result<HeaderValue, &'static str> {
    let wrong = "must have 1 to 255 printable ASCII characters";
    let is_fit = (1..=255).contains(&text.len()) && text.bytes().all(|it| (b' '..=b'~').contains(&it));
    if !is_fit || text.trim() != text {
        return Err(wrong);
    }
    HeaderValue::from_str(text).map_err(|_| wrong)
}

impl Session {
    /// With the secret of whoever asks, which may have to be asked for. No connection is made yet.
    ///
    /// # Errors
    /// When nobody asks, or a file cannot be used.
    pub(super) async fn open(args: &ConnectionArgs) -> Result<Self, Ended> {
        let Caller { account, authorization } = Caller::of(args).await?;
        Ok(Self {
            wire: Wire::new(args.ca.as_deref(), args.api.is_tls(), authorization)?,
            server: args.api.clone(),
            account,
            patience: Duration::from_secs(args.patience.into()),
            is_json: args.json,
            out: Out::new(),
            progress: Progress::new(),
        })
    }

    /// Whether programs read what is printed.
    pub(super) const fn is_json(&self) -> bool {
        self.is_json
    }

    /// The account that was named, or else the one that asks.
    ///
    /// # Errors
    /// When the operator asks, who has none.
    pub(super) fn account_or_own(&self, named: Option<&str>) -> Result<String, Ended> {
        let account = named.map(str::to_owned).or_else(|| self.account.clone());
        account.ok_or_else(|| Ended::usage("which account? The operator names one"))
    }

    /// Reads something.
    ///
    /// # Errors
    /// By what went wrong.
    pub(super) async fn get(&mut self, target: String) -> Result<Answer, Ended> {
        self.get_as(target, JSON).await
    }

    /// Reads something that is no JSON.
    ///
    /// # Errors
    /// By what went wrong.
    pub(super) async fn get_as(&mut self, target: String, accept: &'static str) -> Result<Answer, Ended> {
        let call = Call { method: Method::GET, target, body: None, accept, key: None };
        self.send(&call).await
    }

    /// Asks for something that needs a body and changes nothing.
    ///
    /// # Errors
    /// By what went wrong.
    pub(super) async fn ask(&mut self, target: String, body: &Value) -> Result<Answer, Ended> {
        let body = Some(Bytes::from(body.to_string()));
        self.send(&Call { method: Method::POST, target, body, accept: JSON, key: None }).await
    }

    /// Changes something, once.
    ///
    /// # Errors
    /// By what went wrong.
    pub(super) async fn write(
        &mut self,
        method: Method,
        target: String,
        body: impl Into<Bytes>,
        key: &KeyArgs,
    ) -> Result<Answer, Ended> {
        let (body, key) = (Some(body.into()), Some(key.key()?));
        self.send(&Call { method, target, body, accept: JSON, key }).await
    }

    /// Prints an answer for a program.
    ///
    /// # Errors
    /// When it is no JSON, or nobody can read it.
    pub(super) fn print_json(&mut self, answer: &Answer) -> Result<(), Ended> {
        answer.read::<IgnoredAny>()?;
        self.print_line(&answer.text)
    }

    /// Prints JSON for a program, on one line.
    ///
    /// # Errors
    /// When nobody can read it.
    pub(super) fn print_line(&mut self, json: &str) -> Result<(), Ended> {
        self.progress.make_room();
        self.out.line(json_line(json.trim()))?;
        self.out.flush()
    }

    /// Ends what is printed.
    ///
    /// # Errors
    /// When nobody can read it.
    pub(super) fn close(&mut self) -> Result<(), Ended> {
        self.progress.hide();
        self.out.flush()
    }

    async fn send(&mut self, call: &Call) -> Result<Answer, Ended> {
        let begun = Instant::now();
        let address = self.server.at(&call.target);
        let mut pause = FIRST_PAUSE;
        let mut is_unknown = false;
        loop {
            let (wait, ended) = match self.progress.during(self.wire.send(&address, call)).await {
                Ok(reply) if (200..300).contains(&reply.status) => return self.answer(reply),
                Ok(reply) => match problem::of(&reply) {
                    Some(problem) if problem.is_transient(call.key.is_some()) => {
                        is_unknown |= problem.leaves_open();
                        let wait = Duration::from_secs(reply.retry_after_s.unwrap_or(0));
                        (wait, problem.ended())
                    }
                    Some(problem) => {
                        if self.is_json {
                            self.print_line(&String::from_utf8_lossy(&reply.body))?;
                        }
                        return Err(problem.ended());
                    }
                    // A proxy between us may have lost the answer.
                    None if matches!(reply.status, 502..=504) => {
                        is_unknown = true;
                        (
                            Duration::ZERO,
                            self.no_answer(&format!("something before it says {}", reply.status)),
                        )
                    }
                    None => return Err(self.not_tollgate(reply.status)),
                },
                Err(Lost { why, is_untrusted: true, .. }) => {
                    return Err(self.no_answer(&format!("{why}; --ca FILE trusts another authority")));
                }
                Err(Lost { why, never_sent, .. }) => {
                    is_unknown |= !never_sent;
                    (Duration::ZERO, self.no_answer(&why))
                }
            };
            let wait = wait.max(pause);
            if begun.elapsed() + wait > self.patience {
                return Err(match &call.key {
                    Some(key) if is_unknown => ended.and_say(&unknown(key)),
                    Some(_) | None => ended,
                });
            }
            self.progress.during(tokio::time::sleep(wait)).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    fn answer(&self, reply: Reply) -> Result<Answer, Ended> {
        let text = String::from_utf8(reply.body.into()).map_err(|_| self.not_tollgate(reply.status))?;
        Ok(Answer { text, server: self.server.clone() })
    }

    fn no_answer(&self, why: &str) -> Ended {
        Ended::cannot_start(format!("no answer from {}: {why}", self.server))
    }

    fn not_tollgate(&self, status: u16) -> Ended {
        Ended::wrong(format!("{} answered {status}, and not as tollgate does; is --api right?", self.server))
    }
}

/// What to do when nobody knows whether a write happened.
fn unknown(key: &HeaderValue) -> String {
    let key = key.to_str().unwrap_or_default();
    format!("It is not known whether it was done. The same again with --key '{key}' does it once.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_fit_for_a_header() {
        for fit in ["a", "month-2026-11", "two words", &"x".repeat(255)] {
            assert!(key(fit).is_ok(), "{fit:?}");
        }
        for unfit in ["", " a", "a ", "ä", "a\nb", &"x".repeat(256)] {
            assert!(key(unfit).is_err(), "{unfit:?}");
        }
        let own = KeyArgs { key: None };
        let (one, other) = (own.key().unwrap(), own.key().unwrap());
        assert_ne!(one, other);
        assert_eq!(one.len(), 36);
    }
}
