//! What a command reads, brought into the batch's book before it is decided. A record that the batch has brought or
//! changed already is not brought again.

use std::sync::Arc;

use ledger::cap::ZONE_DEFAULT;
use ledger::{
    Account, AccountId, Action, Actor, Book, CapsChange, Change, Command, Limits, Line, LineId, Remembered,
    Timestamp, TokenId, WebhookId, decide,
};

use super::batch::{Batch, Brought};
use super::source::{Known, Source};
use crate::windows::{self, Calendar};

/// How long a key is remembered: 24 hours, in milliseconds (docs/rules.md, Once).
pub(super) const REMEMBERED_MS: i64 = 24 * 60 * 60 * 1_000;

/// The time zone in which a window of an account's caps is over.
fn zone_that_turned(account: &Account, now: Timestamp) -> Option<Arc<str>> {
    account.caps.as_ref().filter(|it| it.is_over(now)).map(|it| it.zone.clone())
}

/// Brings what one command reads from the engine's source into the batch's book.
pub(super) struct Bringing<'a, S: Source> {
    pub(super) source: &'a mut S,
    pub(super) book: &'a mut Book,
    pub(super) brought: &'a mut Brought<S::Key>,
    calendar: &'a mut Calendar,
    /// The time of the command.
    now: Timestamp,
}

impl<'a, S: Source> Bringing<'a, S> {
    pub(super) fn new(batch: &'a mut Batch<S::Key>, source: &'a mut S, now: Timestamp) -> Self {
        let Batch { book, brought, calendar, pending: _ } = batch;
        Self { source, book, brought, calendar, now }
    }

    /// Everything but what the command's key is bound to.
    pub(super) fn bring(&mut self, command: &Command) -> Result<(), S::Fault> {
        match command.by {
            Actor::Operator(token) | Actor::Gate(token) => self.bring_token(token)?,
            Actor::Account { account, .. } => self.bring_account(account)?,
            Actor::Server => {}
        }
        self.bring_named(&command.by, &command.action)
    }

    fn bring_named(&mut self, by: &Actor, action: &Action) -> Result<(), S::Fault> {
        match action {
            Action::OpenAccount { account, parent, api_key, auth_id, caps, .. } => {
                if let Some(change) = caps {
                    self.bring_for_caps(*account, change)?;
                }
                if let Some(parent) = parent {
                    self.bring_account(*parent)?;
                }
                if self.source.snapshot().names_taken(*api_key, auth_id)? {
                    self.book.bring_names(*api_key, *auth_id);
                }
            }
            Action::CloseAccount { account, .. } => self.bring_belongings(*account)?,
            Action::TransferBalance(transfer) | Action::TransferCredit(transfer) => {
                for account in [transfer.primary, transfer.from, transfer.to] {
                    self.bring_account(account)?;
                }
            }
            Action::ChangeAccount { account, plan, caps, .. } => {
                self.bring_account(*account)?;
                if let Some(change) = caps {
                    self.bring_for_caps(*account, change)?;
                }
                if plan.is_some() {
                    self.bring_plans()?;
                }
            }
            Action::Pay { account, .. }
            | Action::Charge { account, .. }
            | Action::Hold { account, .. }
            | Action::RevokeCredential { account, .. }
            | Action::RotateCredential { account, .. }
            | Action::ExpireCredential { account, .. } => self.bring_account(*account)?,
            Action::AddCredential { account, credential, .. } => {
                self.bring_account(*account)?;
                self.bring_limited_to(credential.limits.as_deref())?;
            }
            Action::PutPlan { .. } => self.bring_plans()?,
            Action::Check { account, gate, .. } => {
                if let Some(gate) = gate {
                    self.bring_token(*gate)?;
                }
                self.bring_plan_of(*account)?;
            }
            Action::Reverse { charge, .. } => self.bring_charge(*charge)?,
            Action::Settle { hold, .. }
            | Action::Release { hold }
            | Action::Extend { hold, .. }
            | Action::Expire { hold } => {
                self.bring_hold(*hold)?;
            }
            Action::AddNumber { .. }
            | Action::WithdrawNumber { .. }
            | Action::BringNumbers { .. }
            | Action::RentNumber { .. }
            | Action::UnrentNumber { .. }
            | Action::ChangeNumber { .. }
            | Action::MakeApplication { .. }
            | Action::ChangeApplication { .. }
            | Action::DeleteApplication { .. }
            | Action::MakeEndpoint { .. }
            | Action::ChangeEndpoint { .. }
            | Action::DeleteEndpoint { .. } => self.bring_owned(action)?,
            Action::TransferNumber { primary, from, to, msisdn, .. } => {
                for account in [*primary, *from, *to] {
                    self.bring_account(account)?;
                }
                self.bring_numbers(msisdn)?;
            }
            Action::MakeToken { limits, .. } => self.bring_limited_to(limits.as_deref())?,
            Action::RevokeToken { token } => self.bring_token(*token)?,
            Action::MakeWebhook { account, .. } => {
                if let Some(account) = account {
                    self.bring_account(*account)?;
                }
                // As many as the owner may have, of which all are counted.
                let owner = by.account();
                for id in self.source.webhooks_of(owner)? {
                    self.bring_webhook(id)?;
                }
            }
            Action::ChangeWebhook { webhook, .. }
            | Action::RotateWebhook { webhook, .. }
            | Action::DeleteWebhook { webhook }
            | Action::ResendEvent { webhook, .. } => {
                self.bring_webhook(*webhook)?;
                if let Some(owner) = self.book.webhook(*webhook).and_then(|it| it.owner) {
                    self.bring_account(owner)?;
                }
            }
        }
        Ok(())
    }

    fn bring_token(&mut self, id: TokenId) -> Result<(), S::Fault> {
        if self.book.token(id).is_none()
            && let Some(token) = self.source.token(id)?
        {
            self.book.bring(Change::TokenRevoked(token.clone()));
        }
        Ok(())
    }

    /// The accounts that a key is to be limited to.
    fn bring_limited_to(&mut self, limits: Option<&Limits>) -> Result<(), S::Fault> {
        for account in limits.and_then(Limits::accounts).into_iter().flatten() {
            self.bring_account(*account)?;
        }
        Ok(())
    }

    /// An account and its primary, which pays for it or decides whether it may call.
    pub(super) fn bring_account(&mut self, id: AccountId) -> Result<(), S::Fault> {
        if let Some(account) = self.book.account(id) {
            if let Some(zone) = zone_that_turned(account, self.now) {
                self.bring_windows(&zone, true);
            }
            return Ok(());
        }
        let Some(account) = self.source.account(id)? else { return Ok(()) };
        let (parent, turned) = (account.parent, zone_that_turned(account, self.now));
        self.book.bring(Change::Account(account.clone()));
        if let Some(zone) = turned {
            self.bring_windows(&zone, true);
        }
        if let Some(parent) = parent {
            self.bring_account(parent)?;
        }
        Ok(())
    }

    /// The day and the month that it is in a time zone. One that an account goes by, and that the calendar does not know
    /// any more, goes by the usual one from here on.
    fn bring_windows(&mut self, zone: &Arc<str>, is_in_use: bool) {
        let usual = || windows::of(ZONE_DEFAULT, self.now).filter(|_| is_in_use);
        if let Some(windows) = self.calendar.windows(zone, self.now).or_else(usual) {
            self.book.bring_windows(zone.clone(), windows);
        }
    }

    /// What a change of caps reads: the windows of the zones before and after it, and the open holds that count from now on.
    fn bring_for_caps(&mut self, id: AccountId, change: &CapsChange) -> Result<(), S::Fault> {
        let caps = self.book.account(id).and_then(|it| it.caps.as_deref());
        let zone = caps.map_or_else(|| ZONE_DEFAULT.into(), |it| it.zone.clone());
        let is_first = caps.is_none();
        self.bring_windows(&zone, true);
        if let Some(zone) = change.zone.as_ref().filter(|it| **it != zone) {
            self.bring_windows(zone, false);
        }
        if is_first && self.book.account(id).is_some() {
            for hold in self.source.snapshot().open_holds_of(id)? {
                if self.book.hold(hold.id).is_none() {
                    self.book.bring(Change::Hold(hold));
                }
            }
        }
        Ok(())
    }

    fn bring_webhook(&mut self, id: WebhookId) -> Result<(), S::Fault> {
        // One that the batch has deleted does not come back from the source.
        if self.book.webhook(id).is_none()
            && !self.brought.webhooks.contains(&id)
            && let Some(webhook) = self.source.webhook(id)?
        {
            self.book.bring(Change::Webhook { webhook: webhook.clone(), secret: None });
        }
        Ok(())
    }

    /// Every plan: one that becomes the default takes another's place.
    fn bring_plans(&mut self) -> Result<(), S::Fault> {
        for plan in self.source.plans()? {
            if self.book.plan(&plan.name).is_none() {
                self.book.bring(Change::Plan(plan.clone()));
            }
        }
        Ok(())
    }

    /// An account, and the plan that it goes by.
    fn bring_plan_of(&mut self, id: AccountId) -> Result<(), S::Fault> {
        self.bring_account(id)?;
        let Some(account) = self.book.account(id) else { return Ok(()) };
        if self.book.plan_of(account).is_some() {
            return Ok(());
        }
        let assigned = self.book.account(account.primary()).and_then(|it| it.plan.clone());
        let plan = match assigned {
            Some(name) => self.source.plan(&name)?,
            None => self.source.default_plan(account.currency)?,
        };
        // One that the batch has put already is as it is there, default or not.
        if let Some(plan) = plan.filter(|it| self.book.plan(&it.name).is_none()) {
            self.book.bring(Change::Plan(plan.clone()));
        }
        Ok(())
    }

    /// An account with its open holds and what it owns, all of which its close ends or hands over.
    fn bring_belongings(&mut self, id: AccountId) -> Result<(), S::Fault> {
        self.bring_account(id)?;
        for hold in self.source.snapshot().open_holds_of(id)? {
            if self.book.hold(hold.id).is_none() {
                self.bring_account(hold.payer)?;
                self.book.bring(Change::Hold(hold));
            }
        }
        self.bring_all_owned(id)
    }

    fn bring_charge(&mut self, id: LineId) -> Result<(), S::Fault> {
        if self.book.charge(id).is_none()
            && self.brought.charges.insert(id)
            && let Some(charge) = self.source.snapshot().charge(id)?
        {
            self.book.bring(Change::Charge(charge));
        }
        if let Some(charge) = self.book.charge(id).copied() {
            self.bring_account(charge.account)?;
            self.bring_account(charge.payer)?;
        }
        Ok(())
    }

    fn bring_hold(&mut self, id: LineId) -> Result<(), S::Fault> {
        if self.book.hold(id).is_none()
            && let Some(hold) = self.source.hold(id)?
        {
            self.book.bring(Change::Hold(hold));
        }
        if let Some((account, payer, ending)) = self.book.hold(id).map(|it| (it.account, it.payer, it.ending))
        {
            self.bring_account(account)?;
            self.bring_account(payer)?;
            if let Some(ending) = ending {
                // A late settle may have to give back a part of what its expiry captured.
                self.bring_charge(ending.line)?;
            }
        }
        Ok(())
    }

    /// What the command's key is bound to, if it is; and the key's hash.
    pub(super) fn bring_key(
        &mut self,
        command: &Command,
        known: Option<Known<S::Key>>,
    ) -> Result<Option<S::Key>, S::Fault> {
        let Some(once) = &command.once else { return Ok(None) };
        let scope = decide::scope(self.book, command);
        let Known { hash, place } = match known {
            Some(known) => known,
            None => self.source.key(&scope, &once.key)?,
        };
        let is_it = |line: &Line| {
            line.scope() == scope && line.once.as_ref().is_some_and(|first| first.key == once.key)
        };
        if let Some(outcome) = self.brought.keys.get(&hash).filter(|it| is_it(it)) {
            let outcome = outcome.clone();
            self.book.remember(Remembered { scope, outcome });
            return Ok(Some(hash));
        }
        let Some(place) = place else { return Ok(Some(hash)) };
        let snapshot = self.source.snapshot();
        let Some(recorded) = snapshot.line_at(place)? else { return Ok(Some(hash)) };
        let mut line = recorded.line;
        // A source forgets by the thousand or by the day, and the secrets that an answer showed are gone after a day to the
        // second: so the day is counted here.
        if line.at >= self.now.plus_millis(-REMEMBERED_MS) && is_it(&line) {
            if let Some(first) = &mut line.once {
                first.sealed = snapshot.shown_once(place)?.map(Into::into);
            }
            self.book.remember(Remembered { scope, outcome: Arc::new(line) });
        }
        Ok(Some(hash))
    }
}
