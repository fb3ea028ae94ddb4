//! What a command reads, brought into the batch's book before it is decided. A record that the batch has brought or
//! changed already is not brought again.

use std::sync::Arc;

use ledger::cap::ZONE_DEFAULT;
use ledger::{
    Account, AccountId, Action, Actor, CapsChange, Change, Command, Limits, Line, LineId, Remembered,
    Timestamp, TokenId, WebhookId, decide,
};

use super::once::REMEMBERED_MS;
use super::writer::Writer;
use crate::store::sql::{Reader, Result};
use crate::store::{Place, Snapshot};
use crate::windows;

/// The time zone in which a window of an account's caps is over.
fn zone_that_turned(account: &Account, now: Timestamp) -> Option<Arc<str>> {
    account.caps.as_ref().filter(|it| it.is_over(now)).map(|it| it.zone.clone())
}

/// What memory knows of a command's key before the batch.
#[derive(Clone, Copy)]
pub(super) struct Known {
    hash: u64,
    /// The line that it was perhaps used on.
    seq: Option<i64>,
}

impl Writer {
    /// Returns the hash of the command's key.
    pub(super) fn bring(
        &mut self,
        command: &Command,
        known: Option<Known>,
        now: Timestamp,
    ) -> Result<Option<u64>> {
        self.now = now;
        match command.by {
            Actor::Operator(token) | Actor::Gate(token) => self.bring_token(token),
            Actor::Account { account, .. } => self.bring_account(account),
            Actor::Server => {}
        }
        self.bring_named(&command.by, &command.action)?;
        self.bring_key(command, known, now)
    }

    pub(super) fn snapshot(&self) -> Snapshot<'_> {
        Snapshot::new(Reader::Sqlite(&self.connection), None, self.shared.ids)
    }

    fn bring_named(&mut self, by: &Actor, action: &Action) -> Result<()> {
        match action {
            Action::OpenAccount { account, parent, api_key, auth_id, caps, .. } => {
                if let Some(change) = caps {
                    self.bring_for_caps(*account, change)?;
                }
                if let Some(parent) = parent {
                    self.bring_account(*parent);
                }
                let snapshot = self.snapshot();
                if snapshot.names_taken(*api_key, auth_id)? {
                    self.book.bring_names(*api_key, *auth_id);
                }
            }
            Action::CloseAccount { account, .. } => self.bring_belongings(*account)?,
            Action::TransferBalance(transfer) | Action::TransferCredit(transfer) => {
                for account in [transfer.primary, transfer.from, transfer.to] {
                    self.bring_account(account);
                }
            }
            Action::ChangeAccount { account, plan, caps, .. } => {
                self.bring_account(*account);
                if let Some(change) = caps {
                    self.bring_for_caps(*account, change)?;
                }
                if plan.is_some() {
                    self.bring_plans();
                }
            }
            Action::Pay { account, .. }
            | Action::Charge { account, .. }
            | Action::Hold { account, .. }
            | Action::RevokeCredential { account, .. }
            | Action::RotateCredential { account, .. }
            | Action::ExpireCredential { account, .. } => self.bring_account(*account),
            Action::AddCredential { account, credential, .. } => {
                self.bring_account(*account);
                self.bring_limited_to(credential.limits.as_deref());
            }
            Action::PutPlan { .. } => self.bring_plans(),
            Action::Check { account, gate, .. } => {
                if let Some(gate) = gate {
                    self.bring_token(*gate);
                }
                self.bring_plan_of(*account);
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
                    self.bring_account(account);
                }
                self.bring_numbers(msisdn)?;
            }
            Action::MakeToken { limits, .. } => self.bring_limited_to(limits.as_deref()),
            Action::RevokeToken { token } => self.bring_token(*token),
            Action::MakeWebhook { account, .. } => {
                if let Some(account) = account {
                    self.bring_account(*account);
                }
                // As many as the owner may have, of which all are counted.
                let owner = by.account();
                let mine = self.resident.webhooks.values().filter(|it| it.owner == owner);
                let mine: Vec<_> = mine.map(|it| it.id).collect();
                for id in mine {
                    self.bring_webhook(id);
                }
            }
            Action::ChangeWebhook { webhook, .. }
            | Action::RotateWebhook { webhook, .. }
            | Action::DeleteWebhook { webhook }
            | Action::ResendEvent { webhook, .. } => {
                self.bring_webhook(*webhook);
                if let Some(owner) = self.book.webhook(*webhook).and_then(|it| it.owner) {
                    self.bring_account(owner);
                }
            }
        }
        Ok(())
    }

    fn bring_token(&mut self, id: TokenId) {
        if self.book.token(id).is_none()
            && let Some(token) = self.resident.tokens.get(&id)
        {
            self.book.bring(Change::TokenRevoked(token.clone()));
        }
    }

    /// The accounts that a key is to be limited to.
    fn bring_limited_to(&mut self, limits: Option<&Limits>) {
        for account in limits.and_then(Limits::accounts).into_iter().flatten() {
            self.bring_account(*account);
        }
    }

    /// An account and its primary, which pays for it or decides whether it may call.
    pub(super) fn bring_account(&mut self, id: AccountId) {
        if let Some(account) = self.book.account(id) {
            if let Some(zone) = zone_that_turned(account, self.now) {
                self.bring_windows(&zone, true);
            }
            return;
        }
        let Some(row) = self.resident.accounts.get(&id) else { return };
        let (parent, turned) = (row.account.parent, zone_that_turned(&row.account, self.now));
        self.book.bring(Change::Account(row.account.clone()));
        if let Some(zone) = turned {
            self.bring_windows(&zone, true);
        }
        if let Some(parent) = parent {
            self.bring_account(parent);
        }
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
    fn bring_for_caps(&mut self, id: AccountId, change: &CapsChange) -> Result<()> {
        let caps = self.book.account(id).and_then(|it| it.caps.as_deref());
        let zone = caps.map_or_else(|| ZONE_DEFAULT.into(), |it| it.zone.clone());
        let is_first = caps.is_none();
        self.bring_windows(&zone, true);
        if let Some(zone) = change.zone.as_ref().filter(|it| **it != zone) {
            self.bring_windows(zone, false);
        }
        if is_first && self.book.account(id).is_some() {
            for hold in self.snapshot().open_holds_of(id)? {
                if self.book.hold(hold.id).is_none() {
                    self.book.bring(Change::Hold(hold));
                }
            }
        }
        Ok(())
    }

    fn bring_webhook(&mut self, id: WebhookId) {
        // One that the batch has deleted does not come back from memory.
        if self.book.webhook(id).is_none()
            && !self.brought.webhooks.contains(&id)
            && let Some(webhook) = self.resident.webhooks.get(&id)
        {
            self.book.bring(Change::Webhook { webhook: webhook.clone(), secret: None });
        }
    }

    /// Every plan: one that becomes the default takes another's place.
    fn bring_plans(&mut self) {
        for plan in self.resident.plans.values() {
            if self.book.plan(&plan.name).is_none() {
                self.book.bring(Change::Plan(plan.clone()));
            }
        }
    }

    /// An account, and the plan that it goes by.
    fn bring_plan_of(&mut self, id: AccountId) {
        self.bring_account(id);
        let Some(account) = self.book.account(id) else { return };
        if self.book.plan_of(account).is_some() {
            return;
        }
        let assigned = self.book.account(account.primary()).and_then(|it| it.plan.clone());
        let plan = match assigned {
            Some(name) => self.resident.plans.get(&name),
            None => self.resident.plans.values().find(|it| it.is_default && it.currency == account.currency),
        };
        // One that the batch has put already is as it is there, default or not.
        if let Some(plan) = plan.filter(|it| self.book.plan(&it.name).is_none()) {
            self.book.bring(Change::Plan(plan.clone()));
        }
    }

    /// An account with its open holds and what it owns, all of which its close ends or hands over.
    fn bring_belongings(&mut self, id: AccountId) -> Result<()> {
        self.bring_account(id);
        for hold in self.snapshot().open_holds_of(id)? {
            if self.book.hold(hold.id).is_none() {
                self.bring_account(hold.payer);
                self.book.bring(Change::Hold(hold));
            }
        }
        self.bring_all_owned(id)
    }

    fn bring_charge(&mut self, id: LineId) -> Result<()> {
        if self.book.charge(id).is_none()
            && self.brought.charges.insert(id)
            && let Some(charge) = self.snapshot().charge(id)?
        {
            self.book.bring(Change::Charge(charge));
        }
        if let Some(charge) = self.book.charge(id).copied() {
            self.bring_account(charge.account);
            self.bring_account(charge.payer);
        }
        Ok(())
    }

    fn bring_hold(&mut self, id: LineId) -> Result<()> {
        if self.book.hold(id).is_none() {
            let hold = match self.resident.holds.get(&id) {
                Some(open) => Some(open.clone()),
                None => self.snapshot().hold(id)?,
            };
            if let Some(hold) = hold {
                self.book.bring(Change::Hold(hold));
            }
        }
        if let Some((account, payer, ending)) = self.book.hold(id).map(|it| (it.account, it.payer, it.ending))
        {
            self.bring_account(account);
            self.bring_account(payer);
            if let Some(ending) = ending {
                // A late settle may have to give back a part of what its expiry captured.
                self.bring_charge(ending.line)?;
            }
        }
        Ok(())
    }

    /// Looks the keys of charges up beforehand, so that they wait for memory together.
    pub(super) fn look_up(&self, commands: &[Command]) -> Vec<Option<Known>> {
        let hash = |command: &Command| {
            let once = command.once.as_ref()?;
            // Within what its key is unique nothing but the charge itself says.
            let is_charge = matches!(command.action, Action::Charge { .. });
            is_charge.then(|| self.resident.once.hash(&decide::scope(&self.book, command), &once.key))
        };
        let hashes: Vec<_> = commands.iter().map(hash).collect();
        self.resident.once.fetch(hashes.iter().copied().flatten());
        let known = |hash: u64| Known { hash, seq: self.resident.once.get(hash) };
        hashes.into_iter().map(|it| it.map(known)).collect()
    }

    /// What the command's key is bound to, if it is; and the key's hash.
    fn bring_key(&mut self, command: &Command, known: Option<Known>, now: Timestamp) -> Result<Option<u64>> {
        let Some(once) = &command.once else { return Ok(None) };
        let scope = decide::scope(&self.book, command);
        let Known { hash, seq } = known.unwrap_or_else(|| {
            let hash = self.resident.once.hash(&scope, &once.key);
            Known { hash, seq: self.resident.once.get(hash) }
        });
        let is_it = |line: &Line| {
            line.scope() == scope && line.once.as_ref().is_some_and(|first| first.key == once.key)
        };
        if let Some(outcome) = self.brought.keys.get(&hash).filter(|it| is_it(it)) {
            let outcome = outcome.clone();
            self.book.remember(Remembered { scope, outcome });
            return Ok(Some(hash));
        }
        let Some(seq) = seq else { return Ok(Some(hash)) };
        let snapshot = self.snapshot();
        let Some(recorded) = snapshot.line_at(Place::Seq(seq))? else { return Ok(Some(hash)) };
        let mut line = recorded.line;
        // The map forgets by the thousand, and the secrets that an answer showed are gone after a day to the second: so
        // the day is counted here.
        if line.at >= now.plus_millis(-REMEMBERED_MS) && is_it(&line) {
            if let Some(first) = &mut line.once {
                first.sealed = snapshot.shown_once(Place::Seq(seq))?.map(Into::into);
            }
            self.book.remember(Remembered { scope, outcome: Arc::new(line) });
        }
        Ok(Some(hash))
    }
}
