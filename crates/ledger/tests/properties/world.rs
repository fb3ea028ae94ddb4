//! Two families in one book, and what a step means to them.

use std::collections::HashMap;
use std::sync::Arc;

use ledger::{
    AccountId, Action, Actor, Alerts, Amount, ApiKey, AuthId, BalanceMode, Book, Change, Command,
    CredentialId, CredentialKind, Decision, Hold, Kind, Level, Line, LineId, NewCredential, OnExpiry, Once,
    Period, Proof, Refusal, Standing, Status, Timestamp, Token, TokenId, TokenScope, Transfer, decide,
};

use crate::steps::{Asks, By, Call, Family, Step};
use crate::{Seen, alerts, caps, prices};

/// How a step is taken.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Run {
    /// With every law looked after.
    Checked,
    /// Only decided and applied.
    Bare,
    /// Time passes, nothing is asked.
    LeftOut,
}

const OPERATOR: TokenId = TokenId::ENVIRONMENT;
const GATE: TokenId = TokenId::from_bytes([1; 16]);
const BILLING: TokenId = TokenId::from_bytes([2; 16]);

pub(crate) struct World {
    pub(crate) book: Book,
    pub(crate) kin: [Kin; 2],
    pub(crate) seen: Seen,
}

/// What belongs to one family, and must not depend on the other.
#[derive(Default)]
pub(crate) struct Kin {
    pub(crate) now_ms: i64,
    pub(crate) steps: u16,
    pub(crate) holds: Vec<LineId>,
    pub(crate) charges: Vec<LineId>,
    pub(crate) keyed: Vec<(Command, Arc<Line>)>,
    pub(crate) lines: Vec<Arc<Line>>,
    /// Where the lines alone take each account.
    pub(crate) replayed: HashMap<AccountId, Figures>,
    /// At which level each account is, by the events alone.
    pub(crate) told: HashMap<AccountId, Level>,
    /// Payments − charges + reversals, by the lines alone.
    pub(crate) money: i64,
    /// Since which of the lines each cap counts, and when it was set.
    pub(crate) capped: HashMap<(AccountId, Period), (usize, i64)>,
}

/// Balance, credit limit, held.
pub(crate) type Figures = [i64; 3];

pub(crate) fn figures(standing: &Standing) -> Figures {
    [standing.balance.units(), standing.credit_limit.units(), standing.held.units()]
}

/// By its own arithmetic, not the ledger's.
pub(crate) const fn available([balance, credit_limit, held]: Figures) -> i64 {
    balance + credit_limit - held
}

pub(crate) fn account_id(family: Family, slot: u8) -> AccountId {
    let family = if family == Family::First { 1 } else { 2 };
    AccountId::from_bytes([family, slot + 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
}

pub(crate) fn is_of(family: Family, account: AccountId) -> bool {
    account.as_bytes()[0] == account_id(family, 0).as_bytes()[0]
}

fn secret_id(account: AccountId, n: u16) -> CredentialId {
    let mut bytes = *account.as_bytes();
    bytes[14..].copy_from_slice(&n.to_be_bytes());
    CredentialId::from_bytes(bytes)
}

fn proof() -> Proof {
    Proof { verifier: "v".into(), sealed: None }
}

impl World {
    pub(crate) fn new() -> Self {
        let mut book = Book::default();
        for (id, scope) in [
            (OPERATOR, TokenScope::Operator),
            (GATE, TokenScope::Gate { may_force: false }),
            (BILLING, TokenScope::Gate { may_force: true }),
        ] {
            let token = Token {
                id,
                scope,
                is_first: false,
                created_at: Timestamp::default(),
                revoked_at: None,
                limits: None,
            };
            book.bring(Change::TokenMade { token, proof: proof() });
        }
        Self { book, kin: [Kin::default(), Kin::default()], seen: Seen::new() }
    }

    pub(crate) fn now_ms(&self, family: Family) -> i64 {
        self.kin[usize::from(family == Family::Second)].now_ms
    }

    pub(crate) fn kin(&mut self, family: Family) -> &mut Kin {
        &mut self.kin[usize::from(family == Family::Second)]
    }

    /// Takes a step and says whether it wrote a line.
    pub(crate) fn step(&mut self, family: Family, step: &Step, run: Run) -> Result<bool, String> {
        let kin = self.kin(family);
        kin.now_ms += step.waits_ms;
        kin.steps += 1;
        // A family's first steps open some of its accounts, or nothing else would ever happen.
        let opens = match kin.steps {
            1 => Some((By::Operator, Asks::Open { slot: 0, shared: false })),
            2 => Some((By::Right, Asks::Open { slot: 1, shared: false })),
            3 => Some((By::Right, Asks::Open { slot: 2, shared: true })),
            4 => Some((By::Right, Asks::Put { plan: 0, price: 100_000_001, units: 3 })),
            5 => Some((By::Right, Asks::Assign { slot: 0, plan: Some(0) })),
            _ => None,
        };
        let first = opens.map(|(by, asks)| Step { by, asks, ..*step });
        let step = first.as_ref().unwrap_or(step);
        let command = self.command(family, step);
        self.bring_windows(family);
        let Some(command) = command else { return Ok(false) };
        if run == Run::LeftOut {
            return Ok(false);
        }
        let now = Timestamp::from_millis(self.kin(family).now_ms);
        let decided = decide(&self.book, &command, now);
        if run == Run::Checked {
            self.check_limits(family, &command, &decided, now)?;
        }
        let decision = match decided {
            Ok(decision) => decision,
            Err(refusal) => {
                self.seen.insert(if refusal == Refusal::KeyReused { "key reused" } else { "refusal" });
                if matches!(refusal, Refusal::CapReached(_)) {
                    self.seen.insert("cap reached");
                }
                return self.check_refusal(family, step, &refusal, &command, now).map(|()| false);
            }
        };
        if run == Run::Checked {
            self.check(family, step, &command, &decision)?;
        }
        self.book.apply(&decision);
        if run == Run::Checked {
            self.check_held(family)?;
            self.check_records(&decision)?;
            self.check_belongings(family)?;
            self.check_repeat(family, &command, &decision)?;
        }
        self.keep(family, &command, &decision);
        if run == Run::Checked {
            self.check_caps(family, &decision)?;
        }
        Ok(!decision.is_repeat())
    }

    /// Remembers what later steps may mean by a number.
    fn keep(&mut self, family: Family, command: &Command, decision: &Decision) {
        let kin = self.kin(family);
        kin.lines.extend(decision.lines.iter().cloned());
        caps::keep(kin, command, decision);
        for line in &decision.lines {
            if line.kind == Kind::Hold {
                kin.holds.push(line.id);
            } else if matches!(line.kind, Kind::Charge | Kind::Settle | Kind::Expiry) {
                kin.charges.push(line.id);
            }
        }
        if decision.remembered.is_some() {
            kin.keyed.push((command.clone(), decision.outcome.clone()));
        }
    }
}

/// Making commands of steps.
impl World {
    fn command(&mut self, family: Family, step: &Step) -> Option<Command> {
        let kin = self.kin(family);
        let mut id = [0; 16];
        id[..2].copy_from_slice(&account_id(family, 0).as_bytes()[..2]);
        id[4..6].copy_from_slice(&kin.steps.to_be_bytes());
        let id = LineId::from_bytes(id);
        if let Asks::Again { nth } | Asks::Clash { nth } = step.asks {
            let (first, _) = nth_of(&kin.keyed, nth)?;
            let mut once = first.once.clone()?;
            if matches!(step.asks, Asks::Clash { .. }) {
                once.request = Some([0xFF; 32]);
            }
            return Some(Command { id, once: Some(once), ..first.clone() });
        }
        let action = self.action(family, step)?;
        let by = self.actor(family, step.by, &action);
        let kin = self.kin(family);
        // A key that another family's things by the same operator can have, too, would tie the families together.
        let once = step.key.map(|key| {
            let [a, b] = kin.steps.to_be_bytes();
            let mut request = [0; 32];
            // Of a call, what it asks for is all that is sent.
            let path = if let Asks::Call(Call::Check { path, .. }) = step.asks { Some(path) } else { None };
            request[..2].copy_from_slice(&path.map_or([a, b], |path| [path, 0xCC]));
            Once { key: format!("{family:?} {key}").into(), request: Some(request), sealed: None }
        });
        Some(Command { id, by, from: None, once, action })
    }

    fn actor(&self, family: Family, by: By, action: &Action) -> Actor {
        let now = Timestamp::from_millis(self.now_ms(family));
        let of_account = |slot| {
            let account = account_id(family, slot);
            let live = self.book.account(account);
            let live = live.and_then(|it| it.credentials.iter().find(|it| it.lives_at(now)));
            Actor::Account { account, credential: live.map_or(secret_id(account, 0), |it| it.id) }
        };
        match (by, action) {
            (By::Operator, _) => Actor::Operator(OPERATOR),
            (By::Gate, _) => Actor::Gate(GATE),
            (By::Account(slot), _) => of_account(slot),
            (By::Right, Action::Charge { force: true, .. } | Action::Settle { force: true, .. }) => {
                Actor::Gate(BILLING)
            }
            (
                By::Right,
                Action::Charge { .. }
                | Action::Hold { .. }
                | Action::Settle { .. }
                | Action::Release { .. }
                | Action::Extend { .. }
                | Action::Reverse { .. },
            ) => Actor::Gate(GATE),
            (By::Right, Action::Expire { .. } | Action::ExpireCredential { .. }) => Actor::Server,
            (
                By::Right,
                Action::Pay { .. }
                | Action::AddNumber { .. }
                | Action::WithdrawNumber { .. }
                | Action::PutPlan { .. },
            ) => Actor::Operator(OPERATOR),
            (By::Right, Action::Check { account, .. }) => of_account(account.as_bytes()[1] - 1),
            // Every other time the account itself, else its primary.
            (
                By::Right,
                Action::RentNumber { account, .. }
                | Action::UnrentNumber { account, .. }
                | Action::ChangeNumber { account, .. }
                | Action::MakeApplication { owner: account, .. }
                | Action::MakeEndpoint { owner: account, .. },
            ) if self.kin[usize::from(family == Family::Second)].steps % 2 == 1 => {
                of_account(account.as_bytes()[1] - 1)
            }
            (By::Right, Action::DeleteApplication { application, .. }) => {
                let owner = self.book.application(*application).map(|it| it.owner);
                of_account(owner.map_or(0, |it| it.as_bytes()[1] - 1))
            }
            (By::Right, Action::ChangeAccount { account, .. }) if *account == account_id(family, 0) => {
                Actor::Operator(OPERATOR)
            }
            (By::Right, _) => of_account(0),
        }
    }

    fn action(&mut self, family: Family, step: &Step) -> Option<Action> {
        let account = |slot| account_id(family, slot);
        let change = |slot, credit_limit, status, mode| Action::ChangeAccount {
            account: account(slot),
            name: None,
            credit_limit,
            status,
            mode,
            settings: Vec::new(),
            plan: None,
            caps: None,
            alerts: None,
        };
        let units = Amount::from_units;
        Some(match step.asks {
            Asks::Open { slot, shared } => open(family, slot, shared),
            Asks::Own { slot } => change(slot, None, None, Some(BalanceMode::Own)),
            Asks::Status { slot, active: true } => change(slot, None, Some(Status::Active), None),
            Asks::Status { slot, active: false } => change(slot, None, Some(Status::Suspended), None),
            Asks::Limit { amount } => change(0, Some(units(amount)), None, None),
            Asks::Alerts { slot, low, gap } => alerts::set(family, slot, alerts::alerts(low, gap)),
            Asks::Close { slot, cascade } => Action::CloseAccount { account: account(slot), cascade },
            Asks::Pay { slot, amount } => {
                Action::Pay { account: account(slot), amount: units(amount), reference: None }
            }
            Asks::Balance { slot, up, amount } => Action::TransferBalance(transfer(family, slot, up, amount)),
            Asks::Credit { slot, up, amount } => Action::TransferCredit(transfer(family, slot, up, amount)),
            Asks::AddSecret { slot } => {
                let id = secret_id(account(slot), self.kin(family).steps);
                let credential =
                    NewCredential { id, kind: CredentialKind::Secret, proof: proof(), limits: None };
                Action::AddCredential { account: account(slot), credential, same_as: None }
            }
            Asks::RevokeSecret { slot, nth } => {
                let live = &self.book.account(account(slot))?.credentials;
                Action::RevokeCredential { account: account(slot), credential: nth_of(live, nth)?.id }
            }
            Asks::Rotate { slot, overlap_ms } => {
                let id = secret_id(account(slot), self.kin(family).steps);
                let credential =
                    NewCredential { id, kind: CredentialKind::Secret, proof: proof(), limits: None };
                Action::RotateCredential { account: account(slot), credential, same_as: None, overlap_ms }
            }
            Asks::Retire { slot, nth, in_time } => return self.retire(family, slot, nth, in_time),
            Asks::Cap { slot, is_month, most } => caps::set(family, slot, is_month, most),
            Asks::Put { plan, price, units } => prices::put(family, plan, price, units),
            Asks::Assign { slot, plan } => prices::assign(family, slot, plan),
            Asks::Call(call) => return self.call(family, call),
            Asks::Number(asks) => return self.number(family, asks),
            Asks::Application(asks) => self.application(family, asks),
            Asks::Endpoint(asks) => self.endpoint(family, asks),
            Asks::Again { .. } | Asks::Clash { .. } => return None,
        })
    }

    /// Of the credentials that have an end, if there are any; time passes until then.
    fn retire(&mut self, family: Family, slot: u8, nth: usize, in_time: bool) -> Option<Action> {
        let account = account_id(family, slot);
        let all = &self.book.account(account)?.credentials;
        let ending: Vec<_> = all.iter().filter(|it| it.expires_at.is_some()).collect();
        let credential = (*nth_of(&ending, nth).or(all.first().as_ref())?).clone();
        if let Some(expires_at) = credential.expires_at.filter(|_| in_time) {
            let kin = self.kin(family);
            kin.now_ms = kin.now_ms.max(expires_at.millis());
        }
        Some(Action::ExpireCredential { account, credential: credential.id })
    }

    fn call(&mut self, family: Family, call: Call) -> Option<Action> {
        let kin = self.kin(family);
        let units = Amount::from_units;
        Some(match call {
            Call::Check { slot, path } => prices::check(account_id(family, slot), path),
            Call::Charge { slot, amount, force } => Action::Charge {
                account: account_id(family, slot),
                amount: units(amount),
                operation: None,
                units: None,
                reference: None,
                force,
            },
            Call::Reverse { nth, amount } => Action::Reverse {
                charge: *nth_of(&kin.charges, nth)?,
                amount: amount.map(units),
                reference: None,
            },
            Call::Hold { slot, amount, lasts_ms, capture } => Action::Hold {
                account: account_id(family, slot),
                amount: units(amount),
                lasts_ms,
                on_expiry: if capture { OnExpiry::Capture } else { OnExpiry::Release },
                operation: None,
                reference: None,
            },
            Call::Settle { nth, amount, force } => {
                Action::Settle { hold: *nth_of(&kin.holds, nth)?, amount: units(amount), force }
            }
            Call::Release { nth } => Action::Release { hold: *nth_of(&kin.holds, nth)? },
            Call::Extend { nth, lasts_ms } => Action::Extend { hold: *nth_of(&kin.holds, nth)?, lasts_ms },
            Call::Expire { nth, in_time } => {
                let is_open = |it: &LineId| self.book.hold(*it).is_some_and(Hold::is_open);
                let index = usize::from(family == Family::Second);
                let open: Vec<_> = self.kin[index].holds.iter().copied().filter(is_open).collect();
                let hold = *nth_of(&open, nth)?;
                let expires_at = self.book.hold(hold)?.expires_at.millis();
                let kin = self.kin(family);
                kin.now_ms = if in_time { kin.now_ms.max(expires_at) } else { kin.now_ms };
                Action::Expire { hold }
            }
        })
    }
}

pub(crate) fn nth_of<T>(things: &[T], nth: usize) -> Option<&T> {
    things.get(nth.checked_rem(things.len())?)
}

fn open(family: Family, slot: u8, shared: bool) -> Action {
    let account = account_id(family, slot);
    let number = u32::from_be_bytes([0, 0, account.as_bytes()[0], account.as_bytes()[1]]);
    Action::OpenAccount {
        account,
        parent: (slot > 0).then(|| account_id(family, 0)),
        api_key: ApiKey::from_number(number),
        auth_id: AuthId::new(slot == 0, &format!("{number:018}")).expect("18 digits are a tail"),
        name: "n".into(),
        currency: None,
        credit_limit: Amount::from_units(if slot == 0 { 10_000_000_000 } else { 0 }),
        mode: if shared { BalanceMode::Shared } else { BalanceMode::Own },
        status: Status::Active,
        alerts: Alerts::default(),
        credentials: vec![NewCredential {
            id: secret_id(account, 0),
            kind: CredentialKind::Secret,
            proof: proof(),
            limits: None,
        }],
        subaccounts_max: None,
        caps: None,
    }
}

fn transfer(family: Family, slot: u8, up: bool, amount: i64) -> Transfer {
    let (primary, other) = (account_id(family, 0), account_id(family, slot));
    let (from, to) = if up { (other, primary) } else { (primary, other) };
    Transfer { primary, from, to, amount: Amount::from_units(amount), reference: None }
}
