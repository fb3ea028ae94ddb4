//! What was found, line by line for people or in one JSON object for programs.

use serde_json::{Value, json};

use super::super::say;
use super::call::Answer;

/// What is proven, in the order in which it is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Check {
    Credit,
    NoCredit,
    NoCredentials,
    WrongSecret,
    Suspended,
    Down,
    RequestId,
    Path,
    Headers,
    Spelling,
    Credentials,
}

const CHECKS: [Check; 11] = [
    Check::Credit,
    Check::NoCredit,
    Check::NoCredentials,
    Check::WrongSecret,
    Check::Suspended,
    Check::Down,
    Check::RequestId,
    Check::Path,
    Check::Headers,
    Check::Spelling,
    Check::Credentials,
];

impl Check {
    const fn name(self) -> &'static str {
        match self {
            Self::Credit => "credit",
            Self::NoCredit => "no_credit",
            Self::NoCredentials => "no_credentials",
            Self::WrongSecret => "wrong_secret",
            Self::Suspended => "suspended",
            Self::Down => "down",
            Self::RequestId => "request_id",
            Self::Path => "path",
            Self::Headers => "headers",
            Self::Spelling => "spelling",
            Self::Credentials => "credentials",
        }
    }

    const fn claim(self) -> &'static str {
        match self {
            Self::Credit => "a call with credit passes and is paid for once",
            Self::NoCredit => "a call without credit is refused with 402",
            Self::NoCredentials => "a call without credentials is refused with 401",
            Self::WrongSecret => "a wrong secret is refused with 401",
            Self::Suspended => "a suspended account is refused with 403",
            Self::Down => "nothing passes while the gate does not answer",
            Self::RequestId => "a client's request id makes no call free",
            Self::Path => "a client's headers do not say what path and method are paid for",
            Self::Headers => "a client's other headers and its query change no price and no identity",
            Self::Spelling => "no other spelling of the path passes unpaid",
            Self::Credentials => "the credentials do not reach the upstream",
        }
    }
}

/// What is misconfigured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    NotAsked,
    GateToken,
    Misconfigured,
    NotShown,
    NotChecked,
    NotDelivered,
    ChargedTwice,
    OtherPrice,
    NotRefused,
    Garbled,
    FailsOpen,
    RequestId,
    Path,
    Headers,
    Spelling,
    CredentialsPassed,
}

/// Which gateway it is, by what its answers say of themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gateway {
    Nginx,
    Caddy,
    Envoy,
    Unknown,
}

impl Gateway {
    fn of(answer: &Answer) -> Self {
        let known = [
            ("nginx", Self::Nginx),
            ("openresty", Self::Nginx),
            ("caddy", Self::Caddy),
            ("envoy", Self::Envoy),
        ];
        let signatures = answer.signatures().collect::<Vec<_>>().join(" ").to_ascii_lowercase();
        known.into_iter().find(|it| signatures.contains(it.0)).map_or(Self::Unknown, |it| it.1)
    }

    /// The recipe, and what of it is meant.
    fn look_at(self, nginx: &str, caddy: &str, envoy: &str) -> String {
        match self {
            Self::Nginx => format!("docs/gateways/nginx.conf: {nginx}"),
            Self::Caddy => format!("docs/gateways/Caddyfile: {caddy}"),
            Self::Envoy => format!("docs/gateways/envoy.yaml: {envoy}"),
            Self::Unknown => format!("docs/gateways/: {nginx} (nginx), {caddy} (Caddy), {envoy} (Envoy)"),
        }
    }
}

impl Fault {
    /// For programs.
    const fn code(self) -> &'static str {
        match self {
            Self::NotAsked => "not_asked",
            Self::GateToken => "gate_token",
            Self::Misconfigured => "gate_misconfigured",
            Self::NotShown => "credentials_not_shown",
            Self::NotChecked => "not_checked",
            Self::NotDelivered => "not_delivered",
            Self::ChargedTwice => "charged_twice",
            Self::OtherPrice => "other_price",
            Self::NotRefused => "not_refused",
            Self::Garbled => "refusal_garbled",
            Self::FailsOpen => "fails_open",
            Self::RequestId => "request_id_spoofable",
            Self::Path => "path_spoofable",
            Self::Headers => "headers_believed",
            Self::Spelling => "spelling_unpaid",
            Self::CredentialsPassed => "credentials_passed",
        }
    }

    /// What is misconfigured, in a few words.
    const fn name(self) -> &'static str {
        match self {
            Self::NotAsked => "the gateway does not ask the gate before this call",
            Self::GateToken => "the gateway's gate token is wrong",
            Self::Misconfigured => "the gateway does not ask the gate as it should",
            Self::NotShown => "the gateway does not show the caller's credentials to the gate",
            Self::NotChecked => "the gateway refuses the call, and the gate has not",
            Self::NotDelivered => "the call is paid for and does not come through",
            Self::ChargedTwice => "the gateway has a call checked more than once",
            Self::OtherPrice => "the gateway asks the gate about another call than the client's",
            Self::NotRefused => "the gateway lets pass what the gate refuses",
            Self::Garbled => "the gateway does not hand on the gate's refusal",
            Self::FailsOpen => "the gateway fails open",
            Self::RequestId => "the gateway takes the client's request id for its own",
            Self::Path => "the gateway has the client say what path or method is paid for",
            Self::Headers => "the gateway hands on what only the gate may say",
            Self::Spelling => "the gateway lets another spelling of the path pass unchecked",
            Self::CredentialsPassed => "the gateway passes the caller's credentials to the upstream",
        }
    }

    fn look_at(self, gateway: Gateway) -> String {
        let (nginx, caddy, envoy) = self.lines();
        gateway.look_at(nginx, caddy, envoy)
    }

    /// What the recipes for nginx, Caddy and Envoy have there. Between backticks stands what is in the recipe, word by word.
    const fn lines(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::NotAsked | Self::ChargedTwice => (
                "`auth_request /_gate;` in the location that serves the call",
                "`forward_auth` in the route that serves the call",
                "`name: envoy.filters.http.router` comes after `ExtAuthz`, and no route disables it",
            ),
            Self::GateToken => (
                "`proxy_set_header X-Gate-Token`",
                "`forward_auth` goes to the address of --gate-listen, which needs no token",
                "`key: x-gate-token`",
            ),
            Self::Misconfigured | Self::OtherPrice => (
                "the lines from `location = /_gate` on",
                "`uri /gate/forward`",
                "`path_prefix: /gate/envoy` and `normalize_path: false`",
            ),
            Self::NotShown => (
                "`proxy_set_header Authorization $http_authorization;`",
                "`request_header -Authorization` comes after `forward_auth`",
                "`exact: authorization` in `allowed_headers`",
            ),
            Self::NotChecked => (
                "`proxy_pass http://tollgate/gate/nginx;`, and nginx's error log",
                "the address behind `forward_auth`, and Caddy's log",
                "`name: tollgate` among the clusters, and Envoy's log",
            ),
            Self::NotDelivered => (
                "`proxy_pass http://api;`, and nginx's error log",
                "`reverse_proxy`, and Caddy's log",
                "`name: api` among the clusters, and Envoy's log",
            ),
            Self::NotRefused | Self::Garbled => (
                "`error_page 401 403 = @denied;`, `location @denied`, `auth_request_set $sub_token` and \
                 `proxy_pass http://tollgate/gate/nginx;`",
                "`forward_auth` has no handle_response",
                "`authorization_response` has no allowed_client_headers, and there is no local_reply_config",
            ),
            Self::FailsOpen => (
                "`error_page 500 = @unavailable;`, and no other error_page for 500 to 504, above all none in \
                 `location = /_gate`",
                "no handle_errors that leads to the API",
                "`failure_mode_allow: false`",
            ),
            Self::RequestId => (
                "`proxy_set_header X-Gate-Request-Id $request_id;` in `location = /_gate`",
                "`request_header X-Gate-Request-Id {http.request.uuid}`",
                "`key: x-gate-request-id` and `preserve_external_request_id: false`",
            ),
            Self::Path => (
                "`proxy_set_header X-Original-URI $request_uri;` and `proxy_set_header X-Original-Method $request_method;`",
                "`uri /gate/forward`, and no X-Forwarded-Uri or X-Forwarded-Method of your own in `forward_auth`",
                "`path_prefix: /gate/envoy`",
            ),
            Self::Headers => (
                "`proxy_set_header X-Sub-Account $sub_account;` and the lines like it",
                "`copy_headers` and `request_header -X-Sub-*` and the lines like it",
                "`allowed_upstream_headers` and `prefix: x-sub-`",
            ),
            Self::Spelling => (
                "`auth_request /_gate;` in every location that leads to the API",
                "`forward_auth` in every route that leads to the API",
                "no route that leads to the API disables `ExtAuthz`",
            ),
            Self::CredentialsPassed => (
                "`proxy_set_header Authorization \"\";`",
                "`request_header -Authorization`",
                "`request_headers_to_remove: [authorization`",
            ),
        }
    }
}

/// What a check came to.
#[derive(Clone, Debug)]
pub(super) enum Verdict {
    Ok(String),
    Fault(Fault, String),
    /// Neither shown nor refuted.
    NotProven(String),
    /// Not tried, because of what was found before.
    NotTried,
}

/// Everything that was found.
pub(super) struct Report {
    is_json: bool,
    gateway: Gateway,
    found: Vec<(Check, Verdict)>,
}

impl Report {
    pub(super) const fn new(is_json: bool) -> Self {
        Self { is_json, gateway: Gateway::Unknown, found: Vec::new() }
    }

    /// Says something to people alone.
    pub(super) fn say(&self, line: &str) {
        if !self.is_json {
            say(line);
        }
    }

    /// Looks at an answer for the name of the gateway.
    pub(super) fn meet(&mut self, answer: &Answer) {
        if self.gateway == Gateway::Unknown {
            self.gateway = Gateway::of(answer);
        }
    }

    /// Notes what a check came to.
    pub(super) fn note(&mut self, check: Check, verdict: Verdict) {
        let claim = check.claim();
        match &verdict {
            Verdict::Ok(says) => self.say(&format!("  ok     {claim}: {says}")),
            Verdict::NotProven(says) => self.say(&format!("  ?      {claim}: not proven: {says}")),
            Verdict::NotTried => self.say(&format!("  -      {claim}: not tried")),
            Verdict::Fault(fault, says) => {
                self.say(&format!("  FAULT  {claim}: {}: {says}", fault.name()));
                self.say(&format!("         look at {}", fault.look_at(self.gateway)));
            }
        }
        self.found.push((check, verdict));
    }

    /// Says of all that was not tried, up to the one that still comes, that it was not.
    pub(super) fn fill(&mut self, before: Option<Check>) {
        for check in CHECKS.into_iter().take_while(|it| Some(*it) != before) {
            if !self.found.iter().any(|it| it.0 == check) {
                self.note(check, Verdict::NotTried);
            }
        }
    }

    /// The faults, each in a few words, none twice.
    pub(super) fn faults(&self) -> Vec<&'static str> {
        let mut names = Vec::new();
        for (_, verdict) in &self.found {
            if let Verdict::Fault(fault, _) = verdict
                && !names.contains(&fault.name())
            {
                names.push(fault.name());
            }
        }
        names
    }

    /// For programs.
    pub(super) fn json(&self) -> Value {
        let found = self.found.iter().map(|(check, verdict)| {
            let (word, fault, says) = match verdict {
                Verdict::Ok(says) => ("ok", None, Some(says)),
                Verdict::Fault(fault, says) => ("fault", Some(*fault), Some(says)),
                Verdict::NotProven(says) => ("not_proven", None, Some(says)),
                Verdict::NotTried => ("not_tried", None, None),
            };
            json!({
                "check": check.name(),
                "verdict": word,
                "says": says,
                "fault": fault.map(Fault::code),
                "look_at": fault.map(|it| it.look_at(self.gateway)),
            })
        });
        Value::Array(found.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAULTS: [Fault; 16] = [
        Fault::NotAsked,
        Fault::GateToken,
        Fault::Misconfigured,
        Fault::NotShown,
        Fault::NotChecked,
        Fault::NotDelivered,
        Fault::ChargedTwice,
        Fault::OtherPrice,
        Fault::NotRefused,
        Fault::Garbled,
        Fault::FailsOpen,
        Fault::RequestId,
        Fault::Path,
        Fault::Headers,
        Fault::Spelling,
        Fault::CredentialsPassed,
    ];

    #[test]
    fn every_line_that_is_pointed_at_is_in_its_recipe() {
        for fault in FAULTS {
            let (nginx, caddy, envoy) = fault.lines();
            for (recipe, says) in [("nginx.conf", nginx), ("Caddyfile", caddy), ("envoy.yaml", envoy)] {
                let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/gateways/");
                let text = std::fs::read_to_string(format!("{folder}{recipe}")).unwrap();
                for line in says.split('`').skip(1).step_by(2) {
                    assert!(text.contains(line), "{recipe} has no {line:?}");
                }
            }
        }
    }
}
