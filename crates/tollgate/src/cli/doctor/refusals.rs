//! What must pass, and what must be refused and how.

use super::call::Answer;
use super::examination::{Examination, Judged, Seen, got};
use super::report::{Check, Fault, Verdict};

impl Examination<'_> {
    /// A call with exactly enough for it. Whether there is anything more to try.
    pub(super) async fn credit(&mut self) -> Result<bool, String> {
        self.fund(1).await?;
        let seen = self.send(self.call()).await?;
        let answer = match &seen.reply {
            Ok(answer) => answer.clone(),
            Err(sentence) => return Err(sentence.clone()),
        };
        let judged = self.judge_credit(&answer, &seen);
        let is_asked = !seen.postings.is_empty();
        if is_asked && !is_refusal(&answer) {
            self.passed = Some(answer);
        }
        self.note(Check::Credit, judged);
        Ok(is_asked)
    }

    fn judge_credit(&self, answer: &Answer, seen: &Seen) -> Judged {
        let (got, charged) = (got(answer), seen.charged());
        if let Some(problem) = answer.problem() {
            let fault = match &*problem.code {
                "gate_misconfigured" if problem.detail.starts_with("x-gate-token is wrong") => {
                    Fault::GateToken
                }
                "gate_misconfigured" => Fault::Misconfigured,
                "unauthenticated" => Fault::NotShown,
                "no_price" | "denied" | "path_not_normal" | "insufficient_funds" => Fault::OtherPrice,
                _ => Fault::NotChecked,
            };
            return Err((fault, format!("a call that can pay for itself got {got}")));
        }
        if seen.postings.is_empty() {
            let fault = if is_refusal(answer) { Fault::NotChecked } else { Fault::NotAsked };
            return Err((fault, format!("a call with credit got {got}, and {charged}")));
        }
        if seen.postings.len() > 1 {
            return Err((Fault::ChargedTwice, format!("one call got {got}, and {charged}")));
        }
        if !self.is_paid(seen) {
            let price = self.price;
            let (must, rule, plan) = (price.amount.text(2), price.rule, &price.plan);
            return Err((Fault::OtherPrice, format!("{charged}, and rule {rule} of {plan} says {must}")));
        }
        if is_refusal(answer) {
            return Err((Fault::NotDelivered, format!("{charged}, and the client got {got}")));
        }
        let id = seen.postings.first().map_or("", |it| &it.id);
        let hint = match answer.status {
            200..300 => "",
            _ => {
                "; a call that the upstream answers with success would be told apart from a refusal more surely"
            }
        };
        Ok(format!("{got}, and {charged}, posting {id}{hint}"))
    }

    /// The next one, with nothing left.
    pub(super) async fn no_credit(&mut self) -> Result<(), String> {
        self.fund(0).await?;
        let seen = self.send(self.call()).await?;
        let mut judged = self.judge_refusal(&seen, 402, "insufficient_funds");
        let needed =
            seen.reply.as_ref().ok().and_then(Answer::problem).and_then(|it| it.needed.zip(it.available));
        if let (Ok(says), Some((needed, available))) = (&mut judged, needed) {
            *says = format!("{says}, needed {needed}, available {available}");
        }
        self.note(Check::NoCredit, judged);
        Ok(())
    }

    pub(super) async fn no_credentials(&mut self) -> Result<(), String> {
        self.fund(1).await?;
        let seen = self.send(self.bare()).await?;
        let judged = self.judge_refusal(&seen, 401, "unauthenticated");
        self.note(Check::NoCredentials, judged);
        Ok(())
    }

    pub(super) async fn wrong_secret(&mut self) -> Result<(), String> {
        let seen = self.send(self.call_as(&self.canary.api_key, "not-its-secret")).await?;
        let judged = self.judge_refusal(&seen, 401, "unauthenticated");
        self.note(Check::WrongSecret, judged);
        Ok(())
    }

    pub(super) async fn suspended(&mut self) -> Result<(), String> {
        self.fund(1).await?;
        self.canary.suspend(self.api, true).await?;
        let seen = self.send(self.call()).await?;
        self.canary.suspend(self.api, false).await?;
        let judged = self.judge_refusal(&seen, 403, "suspended");
        self.note(Check::Suspended, judged);
        Ok(())
    }

    /// A call whose check gets no answer, as if tollgate had gone away.
    pub(super) async fn down(&mut self) -> Result<(), String> {
        let drill = self.api.post("/api/v1/drills", serde_json::json!({})).await;
        let drill =
            drill.and_then(|it| Ok((super::api::text(&it, "/name")?, super::api::text(&it, "/secret")?)));
        let (name, secret) = match drill {
            Ok(drill) => drill,
            Err(reason) => {
                self.report.note(Check::Down, Verdict::NotProven(reason));
                return Ok(());
            }
        };
        let seen = self.send(self.call_as(&name, &secret)).await?;
        let got = seen.got();
        let judged = if self.came_through(&seen) {
            Err((
                Fault::FailsOpen,
                format!("a call whose check was not answered got {got}, as if it were paid for"),
            ))
        } else if seen.code().as_deref() == Some("unauthenticated") {
            Err((Fault::NotShown, format!("the gate was not shown what the call came with: {got}")))
        } else {
            Ok(format!("a call whose check was not answered got {got}"))
        };
        self.note(Check::Down, judged);
        Ok(())
    }

    /// A call that must be refused like this, and so that the client is told why.
    fn judge_refusal(&self, seen: &Seen, status: u16, code: &str) -> Judged {
        let got = seen.got();
        if !seen.postings.is_empty() || self.came_through(seen) {
            return Err((Fault::NotRefused, format!("it got {got}, and {}", seen.charged())));
        }
        let answer = match &seen.reply {
            Ok(answer) => answer,
            Err(sentence) => return Err((Fault::Garbled, sentence.clone())),
        };
        match answer.problem() {
            Some(problem) if answer.status == status && problem.code == code => {
                Ok(format!("{status} {code}"))
            }
            Some(_) => Err((Fault::Garbled, format!("{status} {code} has turned into {got}"))),
            None if answer.status == status => Err((
                Fault::Garbled,
                format!("the client got a bare {status}, and not the body that says {code}"),
            )),
            None => Err((Fault::Garbled, format!("{status} {code} has turned into a bare {got}"))),
        }
    }
}

/// Whether an answer says that the call was not served, by whomever.
fn is_refusal(answer: &Answer) -> bool {
    answer.problem().is_some() || matches!(answer.status, 401 | 402 | 403 | 407 | 429 | 500..)
}
