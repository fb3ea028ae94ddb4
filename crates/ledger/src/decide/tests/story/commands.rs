//! Reading who asks what.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::belongings::settings;
use super::{Named, Story};
use crate::account::{BalanceMode, CredentialKind, Status, TokenScope};
use crate::cap::CapsChange;
use crate::command::{Action, Actor, Command, NewCredential, Once, Proof, Transfer};
use crate::decide::tests::words::Words;
use crate::event::Alerts;
use crate::hold::OnExpiry;
use crate::id::{AccountId, ApiKey, AuthId, CredentialId, EventId, LineId, TokenId, WebhookId};
use crate::limits::Limits;
use crate::money::Amount;
use crate::webhook::EventKinds;

/// A command as read, and the names that it binds if it is accepted.
pub(super) struct Asked {
    pub(super) action: Action,
    pub(super) binds: Vec<(String, Named)>,
}

/// A credential to be, whose text may be another one's, and its name.
type NewNamed = (AccountId, NewCredential, Option<CredentialId>, Vec<(String, Named)>);

impl From<Action> for Asked {
    fn from(action: Action) -> Self {
        Self { action, binds: Vec::new() }
    }
}

impl Story {
    pub(super) fn command(&mut self, words: &mut Words<'_>) -> (Command, Vec<(String, Named)>) {
        let key = words.value("key").map(Words::text);
        let from = words.value("from-address").map(|it| words.read(it));
        let said = words.value("request").map(str::to_owned);
        let left = words.left();
        let by = self.actor(words);
        let id = LineId::from_bytes(self.id());
        let bound = words.value("as");
        let beside = words.value("charges");
        let mut asked = self.asked(words, by);
        if let Some(name) = beside {
            asked.binds.push((name.to_owned(), Named::Line(id.nth(1))));
        }
        if let Some(name) = bound {
            asked.binds.push((name.to_owned(), Named::Line(id)));
        }
        // Of a call, what it asks for is all that is sent.
        let of_call = if let Action::Check { method, path, operation, .. } = &asked.action {
            Some(format!("{method} {path} {}", operation.as_deref().unwrap_or_default()))
        } else {
            None
        };
        let request = said.or(of_call).unwrap_or(left);
        // One of many in a body has no request of its own.
        let request = (request != "none").then(|| hash(&request));
        let once = key.map(|key| Once { key: key.into(), request, sealed: None });
        (Command { id, by, from, once, action: asked.action }, asked.binds)
    }

    pub(in crate::decide::tests) fn actor(&self, words: &mut Words<'_>) -> Actor {
        let name = words.next();
        match self.named(name) {
            Some(Named::Token(actor)) => actor,
            Some(Named::Credential(account, credential)) => Actor::Account { account, credential },
            Some(Named::Account(account)) => match self.named(&format!("{name}.secret")) {
                Some(Named::Credential(_, credential)) => Actor::Account { account, credential },
                Some(_) | None => Actor::Account { account, credential: CredentialId::from_bytes([0; 16]) },
            },
            Some(Named::Line(_) | Named::Application(_) | Named::Endpoint(_) | Named::Webhook(_)) | None => {
                words.fail(&format!("`{name}` is nobody who could ask"))
            }
        }
    }

    fn asked(&mut self, words: &mut Words<'_>, by: Actor) -> Asked {
        let verb = words.next();
        match verb {
            "open" => self.open(words),
            "change" => self.change(words).into(),
            "close" => {
                Action::CloseAccount { account: self.account_id(words), cascade: words.flag("cascade") }
                    .into()
            }
            "pay" => Action::Pay {
                account: self.account_id(words),
                amount: words.amount(),
                reference: words.value("ref").map(boxed),
            }
            .into(),
            "transfer" => self.transfer(words, by).into(),
            "charge" => self.charge(words).into(),
            "reverse" => Action::Reverse {
                charge: self.line_id(words),
                reference: words.value("ref").map(boxed),
                amount: (!words.is_empty()).then(|| words.amount()),
            }
            .into(),
            "hold" => self.hold(words).into(),
            "price" => self.price(words).into(),
            "check" => self.check_call(words, by).into(),
            "settle" => Action::Settle {
                hold: self.line_id(words),
                amount: words.amount(),
                force: words.flag("force"),
            }
            .into(),
            "release" => Action::Release { hold: self.line_id(words) }.into(),
            "extend" => Action::Extend { hold: self.line_id(words), lasts_ms: words.millis() }.into(),
            "expire" => Action::Expire { hold: self.line_id(words) }.into(),
            "move" => self.move_number(words, by).into(),
            "give" | "stock" | "withdraw" | "bring" | "rent" | "unrent" | "set" => {
                self.number(words, verb).into()
            }
            "make" if matches!(words.peek(), Some("app" | "phone")) => self.make(words),
            "edit" => self.edit(words).into(),
            "delete" => self.delete(words).into(),
            "add" => self.add_credential(words),
            "rotate" => self.rotate(words),
            "retire" => self.retire(words).into(),
            "revoke" => self.revoke(words).into(),
            "make" => self.make_token(words),
            "listen" => self.listen(words),
            "relisten" => {
                let webhook = self.webhook_id(words);
                let url = Some(Words::text(words.next()).into());
                Action::ChangeWebhook { webhook, url, kinds: None, is_enabled: None }.into()
            }
            "mute" | "unmute" => {
                let is_enabled = Some(verb == "unmute");
                let webhook = self.webhook_id(words);
                Action::ChangeWebhook { webhook, url: None, kinds: None, is_enabled }.into()
            }
            "resign" => {
                let webhook = self.webhook_id(words);
                Action::RotateWebhook { webhook, secret: [2; 8].into(), overlap_ms: words.millis() }.into()
            }
            "resend" => {
                let webhook = self.webhook_id(words);
                Action::ResendEvent { webhook, event: EventId::from_bytes([7; 16]) }.into()
            }
            "unlisten" => Action::DeleteWebhook { webhook: self.webhook_id(words) }.into(),
            other => words.fail(&format!("unknown command `{other}`")),
        }
    }

    fn open(&mut self, words: &mut Words<'_>) -> Asked {
        let name = words.next();
        let account = AccountId::from_bytes(self.id());
        let secret = CredentialId::from_bytes(self.id());
        let token = CredentialId::from_bytes(self.id());
        let parent = words.value("under").map(|it| self.account_named(words, it));
        let number = u32::from(self.ids);
        // Names that are another account's already.
        let api_key = words.value("api-key-of").map(|it| self.account(it).api_key);
        let auth_id = words.value("auth-id-of").map(|it| self.account(it).auth_id);
        let new_auth_id = AuthId::new(parent.is_none(), &format!("{number:018}"));
        let action = Action::OpenAccount {
            account,
            parent,
            api_key: api_key.unwrap_or(ApiKey::from_number(number)),
            auth_id: auth_id.or(new_auth_id).expect("18 digits are a tail"),
            name: words.value("called").map_or_else(|| name.to_owned(), Words::text).into(),
            currency: words.value("currency").map(|it| words.read(it)),
            credit_limit: words.value("limit").map_or(Amount::ZERO, |it| words.amount_of(it)),
            mode: if words.flag("shared") { BalanceMode::Shared } else { BalanceMode::Own },
            status: status(words).unwrap_or(Status::Active),
            alerts: alerts(words).unwrap_or_default(),
            credentials: vec![
                new_credential(secret, CredentialKind::Secret),
                new_credential(token, CredentialKind::Token),
            ],
            subaccounts_max: words.value("max").map(|it| words.read(it)),
            caps: caps(words),
        };
        let binds = vec![
            (name.to_owned(), Named::Account(account)),
            (format!("{name}.secret"), Named::Credential(account, secret)),
            (format!("{name}.token"), Named::Credential(account, token)),
        ];
        Asked { action, binds }
    }

    fn change(&self, words: &mut Words<'_>) -> Action {
        let modes = [("own", BalanceMode::Own), ("shared", BalanceMode::Shared)];
        Action::ChangeAccount {
            account: self.account_id(words),
            name: words.value("called").map(|it| Words::text(it).into()),
            credit_limit: words.value("limit").map(|it| words.amount_of(it)),
            status: status(words),
            mode: modes.into_iter().find(|(word, _)| words.flag(word)).map(|(_, it)| it),
            settings: settings(words),
            // `-` for the default of its currency.
            plan: words.value("plan").map(|it| (it != "-").then(|| Words::text(it).into())),
            caps: caps(words),
            alerts: alerts(words),
        }
    }

    fn transfer(&self, words: &mut Words<'_>, by: Actor) -> Action {
        let what = words.next();
        let amount = words.amount();
        let (from, to, primary) = self.sides(words, by);
        let reference = words.value("ref").map(boxed);
        let transfer = Transfer { primary, from, to, amount, reference };
        match what {
            "balance" => Action::TransferBalance(transfer),
            "credit" => Action::TransferCredit(transfer),
            other => words.fail(&format!("neither balance nor credit: `{other}`")),
        }
    }

    /// `from > to [in primary]`; the primary is the one that asks when nothing is said.
    fn sides(&self, words: &mut Words<'_>, by: Actor) -> (AccountId, AccountId, AccountId) {
        let primary = words.value("in").map(|it| self.account_named(words, it)).or(by.account());
        let from = self.account_id(words);
        if words.next() != ">" {
            words.fail("a transfer goes from > to");
        }
        let to = self.account_id(words);
        (from, to, primary.unwrap_or_else(|| words.fail("in whose name? say `in partner`")))
    }

    fn charge(&self, words: &mut Words<'_>) -> Action {
        Action::Charge {
            account: self.account_id(words),
            amount: words.amount(),
            operation: words.value("for").map(|it| Words::text(it).into()),
            units: words.value("units").map(boxed),
            reference: words.value("ref").map(boxed),
            force: words.flag("force"),
        }
    }

    fn hold(&self, words: &mut Words<'_>) -> Action {
        Action::Hold {
            account: self.account_id(words),
            amount: words.amount(),
            lasts_ms: words.value("lasts").map_or(3_600_000, |it| words.millis_of(it)),
            on_expiry: if words.flag("capture") { OnExpiry::Capture } else { OnExpiry::Release },
            operation: words.value("for").map(|it| Words::text(it).into()),
            reference: words.value("ref").map(boxed),
        }
    }

    fn move_number(&self, words: &mut Words<'_>, by: Actor) -> Action {
        let country = words.value("country").map(|it| words.read(it));
        let msisdn = Words::text(words.next()).into();
        let (from, to, primary) = self.sides(words, by);
        Action::TransferNumber { primary, from, to, country, msisdn }
    }

    fn add_credential(&mut self, words: &mut Words<'_>) -> Asked {
        let (account, credential, same_as, binds) = self.new_credential(words);
        Asked { action: Action::AddCredential { account, credential, same_as }, binds }
    }

    /// `rotate s token new 24h`.
    fn rotate(&mut self, words: &mut Words<'_>) -> Asked {
        let (account, credential, same_as, binds) = self.new_credential(words);
        let overlap_ms = words.millis();
        Asked { action: Action::RotateCredential { account, credential, same_as, overlap_ms }, binds }
    }

    fn new_credential(&mut self, words: &mut Words<'_>) -> NewNamed {
        let account = self.account_id(words);
        let kind = match words.next() {
            "secret" => CredentialKind::Secret,
            "token" => CredentialKind::Token,
            other => words.fail(&format!("neither secret nor token: `{other}`")),
        };
        let name = words.next().to_owned();
        let id = CredentialId::from_bytes(self.id());
        let same_as = words.value("same-as").map(|it| self.credential_named(words, it));
        let limits = self.limits(words);
        let new = NewCredential { limits, ..new_credential(id, kind) };
        (account, new, same_as, vec![(name, Named::Credential(account, id))])
    }

    /// `retire s s.token`: the sweeper ends what has come to its end.
    fn retire(&self, words: &mut Words<'_>) -> Action {
        let account = self.account_id(words);
        let name = words.next();
        Action::ExpireCredential { account, credential: self.credential_named(words, name) }
    }

    /// `revoke token t1` or `revoke s1 s1.secret`.
    fn revoke(&self, words: &mut Words<'_>) -> Action {
        if words.flag("token") {
            return Action::RevokeToken { token: self.token_id(words) };
        }
        let account = self.account_id(words);
        let name = words.next();
        let credential = self.credential_named(words, name);
        Action::RevokeCredential { account, credential }
    }

    fn make_token(&mut self, words: &mut Words<'_>) -> Asked {
        let name = words.next().to_owned();
        let token = TokenId::from_bytes(self.id());
        let (scope, actor) = match words.next() {
            "operator" => (TokenScope::Operator, Actor::Operator(token)),
            "gate" => (TokenScope::Gate { may_force: false }, Actor::Gate(token)),
            "billing" => (TokenScope::Gate { may_force: true }, Actor::Gate(token)),
            other => words.fail(&format!("unknown scope `{other}`")),
        };
        let proof = Proof { verifier: "v".into(), sealed: None };
        let limits = self.limits(words);
        let binds = vec![(name, Named::Token(actor))];
        Asked { action: Action::MakeToken { token, scope, proof, limits }, binds }
    }

    /// `read-only`, `up-to 5`, `only s+t`, or some of them.
    fn limits(&self, words: &mut Words<'_>) -> Option<Arc<Limits>> {
        let is_read_only = words.flag("read-only");
        let amount_max = words.value("up-to").map(|it| words.amount_of(it));
        let only = words.value("only");
        let accounts = only.map(|it| it.split('+').map(|it| self.account_named(words, it)).collect());
        Limits::new(is_read_only, amount_max, accounts).map(Arc::new)
    }

    /// `listen hook https://example.com on s`.
    fn listen(&mut self, words: &mut Words<'_>) -> Asked {
        let name = words.next().to_owned();
        let webhook = WebhookId::from_bytes(self.id());
        let account = words.value("on").map(|it| self.account_named(words, it));
        let url = Words::text(words.next()).into();
        let (kinds, secret) = (EventKinds::ALL, [1; 8].into());
        let action = Action::MakeWebhook { webhook, account, url, kinds, secret };
        Asked { action, binds: vec![(name, Named::Webhook(webhook))] }
    }

    pub(super) fn webhook_id(&self, words: &mut Words<'_>) -> WebhookId {
        let name = words.next();
        match self.named(name) {
            Some(Named::Webhook(id)) => id,
            other => words.fail(&format!("`{name}` is {other:?}, not a webhook")),
        }
    }

    pub(super) fn token_id(&self, words: &mut Words<'_>) -> TokenId {
        let name = words.next();
        self.token_named(words, name)
    }

    pub(super) fn token_named(&self, words: &Words<'_>, name: &str) -> TokenId {
        match self.named(name) {
            Some(Named::Token(Actor::Operator(token) | Actor::Gate(token))) => token,
            other => words.fail(&format!("`{name}` is {other:?}, not a token")),
        }
    }

    pub(super) fn account_id(&self, words: &mut Words<'_>) -> AccountId {
        let name = words.next();
        self.account_named(words, name)
    }

    pub(super) fn account_named(&self, words: &Words<'_>, name: &str) -> AccountId {
        match self.named(name) {
            Some(Named::Account(id)) => id,
            other => words.fail(&format!("`{name}` is {other:?}, not an account")),
        }
    }

    pub(super) fn credential_named(&self, words: &Words<'_>, name: &str) -> CredentialId {
        match self.named(name) {
            Some(Named::Credential(_, id)) => id,
            other => words.fail(&format!("`{name}` is {other:?}, not a credential")),
        }
    }

    /// A charge or a hold; `nothing` is one that never was.
    pub(super) fn line_id(&self, words: &mut Words<'_>) -> LineId {
        match (words.next(), words) {
            ("nothing", _) => LineId::from_bytes([0; 16]),
            (name, words) => match self.named(name) {
                Some(Named::Line(id)) => id,
                other => words.fail(&format!("`{name}` is {other:?}, neither charge nor hold")),
            },
        }
    }
}

pub(super) fn new_credential(id: CredentialId, kind: CredentialKind) -> NewCredential {
    NewCredential { id, kind, proof: Proof { verifier: "v".into(), sealed: None }, limits: None }
}

fn status(words: &mut Words<'_>) -> Option<Status> {
    let states = [("active", Status::Active), ("suspended", Status::Suspended), ("closed", Status::Closed)];
    states.into_iter().find(|(word, _)| words.flag(word)).map(|(_, it)| it)
}

/// `cap-day 5 cap-month - zone east`; `-` for no cap.
fn caps(words: &mut Words<'_>) -> Option<CapsChange> {
    let mut most = |name| {
        let word = words.value(name)?;
        Some((word != "-").then(|| words.amount_of(word)))
    };
    let (day, month) = (most("cap-day"), most("cap-month"));
    let zone = words.value("zone").map(Into::into);
    let change = CapsChange { zone, day, month };
    (change != CapsChange::default()).then_some(change)
}

/// `alerts low 10 depleted 1 recovered 20`, each of which may be left out.
fn alerts(words: &mut Words<'_>) -> Option<Alerts> {
    words.flag("alerts").then(|| Alerts {
        low: words.value("low").map(|it| words.amount_of(it)),
        depleted: words.value("depleted").map_or(Amount::ZERO, |it| words.amount_of(it)),
        recovered: words.value("recovered").map(|it| words.amount_of(it)),
    })
}

fn boxed(word: &str) -> Box<str> {
    Words::text(word).into()
}

fn hash(request: &str) -> [u8; 32] {
    let mut hasher = DefaultHasher::new();
    request.hash(&mut hasher);
    let mut hash = [0; 32];
    hash[..8].copy_from_slice(&hasher.finish().to_be_bytes());
    hash
}
