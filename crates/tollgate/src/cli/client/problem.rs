//! What a refusal, or any other problem, means to whoever sits here: its words, what to do next, and the exit code.

use serde::Deserialize;

use super::super::{CANNOT_START, Ended, USAGE, WRONG};
use super::http::Reply;
use super::text::visible;
use super::{NOT_ALLOWED, NOT_FOUND, REFUSED};

/// One of tollgate's problems (RFC 9457).
#[derive(Deserialize)]
#[cfg_attr(test, derive(Default))]
pub(super) struct Problem {
    r#type: String,
    title: String,
    detail: String,
    code: String,
    instance: String,
    #[serde(default)]
    errors: Vec<FieldError>,
    needed: Option<String>,
    available: Option<String>,
    period: Option<String>,
    cap: Option<String>,
    spent: Option<String>,
    held: Option<String>,
    resets_at: Option<String>,
}

#[derive(Deserialize)]
struct FieldError {
    field: String,
    detail: String,
}

/// The problem that a reply is, if it is one of tollgate's.
pub(super) fn of(reply: &Reply) -> Option<Problem> {
    let problem: Problem = serde_json::from_slice(&reply.body).ok()?;
    problem.r#type.starts_with("urn:tollgate:problem:").then_some(problem)
}

impl Problem {
    /// Whether it goes by itself, so that the same is best asked again. What may have been done already is asked again under
    /// a key alone: without one it would be done twice.
    pub(super) fn is_transient(&self, has_key: bool) -> bool {
        matches!(&*self.code, "busy" | "unavailable") || (has_key && self.leaves_open())
    }

    /// Whether what was asked may have been done all the same.
    pub(super) fn leaves_open(&self) -> bool {
        self.code == "outcome_unknown"
    }

    /// The end of a command that came to it.
    pub(super) fn ended(&self) -> Ended {
        let Self { title, code, instance, .. } = self;
        let mut lines = vec![format!("{} ({})", visible(title), visible(code))];
        lines.extend(self.errors.iter().map(|it| format!("{} {}", visible(&it.field), visible(&it.detail))));
        lines.extend(self.figures());
        lines.extend(self.next_step());
        lines.push(format!("request {}", visible(instance.trim_start_matches("urn:uuid:"))));
        Ended { code: self.exit_code(), sentence: lines.join("\n  ") }
    }

    /// What a script tells apart. A word that is new is taken by what it is not: neither wrong, nor lost, nor nothing.
    fn exit_code(&self) -> u8 {
        match &*self.code {
            "not_json" | "invalid" | "too_large" | "method_not_allowed" | "key_reused" => USAGE,
            "unauthenticated" | "forbidden" | "restricted" => NOT_ALLOWED,
            "not_found" => NOT_FOUND,
            "busy" | "unavailable" | "outcome_unknown" => CANNOT_START,
            "fault" => WRONG,
            _ => REFUSED,
        }
    }

    fn figures(&self) -> Option<String> {
        let Self { needed, available, period, cap, spent, held, resets_at, .. } = self;
        let figures = [
            ("needed", needed),
            ("available", available),
            ("cap", cap),
            ("spent", spent),
            ("held", held),
            ("resets at", resets_at),
        ];
        let period = period.iter().map(|it| format!("per {}", visible(it)));
        let figures = figures.into_iter().filter_map(|(name, it)| Some((name, it.as_ref()?)));
        let figures = figures.map(|(name, it)| format!("{name} {}", visible(it)));
        let figures: Vec<_> = period.chain(figures).collect();
        if figures.is_empty() { None } else { Some(figures.join(", ")) }
    }

    /// The server's own words, but where they are about HTTP, or the members at fault have been named.
    fn next_step(&self) -> Option<String> {
        match &*self.code {
            "unauthenticated" => Some(
                "Look at who asks (--as, TOLLGATE_ACCOUNT) and at their secret (--secret-file, TOLLGATE_SECRET or \
                 TOLLGATE_OPERATOR_TOKEN): it is wrong, or was revoked."
                    .to_owned(),
            ),
            "key_reused" => Some("This --key was used for something else. Take another.".to_owned()),
            "outcome_unknown" => {
                Some("The store did not say in time what became of it: it may have been done, or not.".to_owned())
            }
            "invalid" if !self.errors.is_empty() => None,
            _ => Some(visible(&self.detail).into_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::native;

    /// A code that is new in the API has an exit code here that somebody chose.
    #[test]
    fn every_code_of_the_document_has_its_exit_code() {
        let document: serde_json::Value = serde_json::from_slice(&native::openapi()).unwrap();
        let examples = document["components"]["examples"].as_object().unwrap();
        let mut seen = Vec::new();
        for example in examples.values().map(|it| &it["value"]) {
            let Ok(problem) = serde_json::from_value::<Problem>(example.clone()) else { continue };
            seen.push(format!("{} {}", problem.exit_code(), problem.code));
        }
        seen.sort();
        insta::assert_snapshot!(seen.join("\n"), @r#"
        1 fault
        2 invalid
        2 key_reused
        2 not_json
        2 too_large
        3 busy
        3 outcome_unknown
        3 unavailable
        5 already_reversed
        5 cap_reached
        5 closed
        5 credentials_max
        5 hold_ended
        5 insufficient_credit
        5 insufficient_funds
        5 last_credential
        5 not_empty
        5 number_taken
        5 secret_in_use
        5 subaccounts_max
        5 suspended
        5 webhooks_max
        6 forbidden
        6 restricted
        6 unauthenticated
        7 not_found
        "#);
    }

    /// Without a key what may have been done would be done twice.
    #[test]
    fn what_may_have_been_done_is_asked_again_under_a_key_alone() {
        let asked_again = |code: &str| {
            let problem = Problem { code: code.to_owned(), ..Problem::default() };
            [true, false].map(|has_key| problem.is_transient(has_key))
        };
        assert_eq!(asked_again("outcome_unknown"), [true, false]);
        assert_eq!([asked_again("busy"), asked_again("unavailable")], [[true; 2]; 2]);
        assert_eq!([asked_again("fault"), asked_again("insufficient_funds")], [[false; 2]; 2]);
    }

    #[test]
    fn a_problem_is_said_with_its_figures_and_without_what_steers_a_terminal() {
        let said = |body: &str| {
            let reply = Reply { status: 402, retry_after_s: None, body: body.to_owned().into() };
            of(&reply).map(|it| it.ended().sentence)
        };
        let body = r#"{"type":"urn:tollgate:problem:insufficient_funds","title":"Not enough available","status":402,
            "detail":"Pay \u001b[2J first.","code":"insufficient_funds","instance":"urn:uuid:1","needed":"0.75","available":"0.50"}"#;
        assert_eq!(
            said(body).unwrap(),
            "Not enough available (insufficient_funds)\n  needed 0.75, available 0.50\n  Pay \\u{1b}[2J first.\n  request 1"
        );
        for other in
            ["", "<html>", "{}", r#"{"type":"about:blank","title":"","detail":"","code":"","instance":""}"#]
        {
            assert_eq!(said(other), None, "{other:?}");
        }
    }
}
