//! How long 1,000 charges take: `cargo run --release -p ledger --example decide_speed`.
//!
//! Each charge is decided on the book that the ones before it left, as in a batch of the store. Two families: in one
//! every charge falls on a primary whose balance 1,000 subaccounts share, in the other each subaccount pays its own.
//! Nothing asserts a figure.

use std::io::Write;
use std::time::{Duration, Instant};

use ledger::laws::prove;
use ledger::{
    AccountId, Action, Actor, Amount, ApiKey, AuthId, BalanceMode, Book, Command, LineId, Timestamp, decide,
};

const CHARGES: u32 = 1_000;
const ROUNDS: usize = 100;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut out = std::io::stdout().lock();
    for (name, mode) in
        [("hot: one shared balance", BalanceMode::Shared), ("spread: own balances", BalanceMode::Own)]
    {
        let book = family(mode)?;
        let charges: Vec<_> = (1..=CHARGES).map(|n| command(n, charge(n))).collect();
        let mut rounds = Vec::new();
        for _ in 0..ROUNDS {
            rounds.push(round(book.clone(), &charges)?);
        }
        let [decide, prove, apply] = [0, 1, 2].map(|stage| median(&rounds, stage));
        writeln!(out, "{name}: {CHARGES} charges, median of {ROUNDS}")?;
        writeln!(out, "  decide {decide:?}, prove {prove:?}, apply {apply:?}")?;
    }
    Ok(())
}

/// What `decide`, `prove` and `apply` took, each with the clock's own time, about 30 ns a charge.
fn round(mut book: Book, charges: &[Command]) -> Result<[Duration; 3], String> {
    let now = Timestamp::from_millis(1);
    let [mut deciding, mut proving, mut applying] = [Duration::ZERO; 3];
    for command in charges {
        let start = Instant::now();
        let decision = decide(&book, command, now).map_err(|it| format!("{it:?}"))?;
        let decided = Instant::now();
        prove(&book, &decision).map_err(|it| format!("{it:?}"))?;
        let proved = Instant::now();
        book.apply(&decision);
        deciding += decided - start;
        proving += proved - decided;
        applying += proved.elapsed();
    }
    Ok([deciding, proving, applying])
}

fn median(rounds: &[[Duration; 3]], stage: usize) -> Duration {
    let mut times: Vec<_> = rounds.iter().filter_map(|it| it.get(stage).copied()).collect();
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// A primary with money, or subaccounts with money of their own.
fn family(mode: BalanceMode) -> Result<Book, String> {
    let mut book = Book::default();
    let mut run = |id: u32, action| {
        let decision = decide(&book, &command(id, action), Timestamp::from_millis(0));
        decision.map(|it| book.apply(&it)).map_err(|it| format!("{it:?}"))
    };
    let money = Amount::from_units(1_000_000_000_000);
    run(0, open(0, BalanceMode::Own)?)?;
    run(0, Action::Pay { account: account(0), amount: money, reference: None })?;
    for n in 1..=CHARGES {
        run(n, open(n, mode)?)?;
        if mode == BalanceMode::Own {
            run(n, Action::Pay { account: account(n), amount: money, reference: None })?;
        }
    }
    Ok(book)
}

fn open(n: u32, mode: BalanceMode) -> Result<Action, String> {
    Ok(Action::OpenAccount {
        account: account(n),
        parent: (n > 0).then(|| account(0)),
        api_key: ApiKey::from_number(n),
        auth_id: AuthId::new(n == 0, &format!("{n:018}")).ok_or("18 digits are a tail")?,
        name: "n".into(),
        currency: None,
        credit_limit: Amount::ZERO,
        mode,
        status: ledger::Status::Active,
        alerts: ledger::Alerts::default(),
        credentials: Vec::new(),
        subaccounts_max: None,
        caps: None,
    })
}

fn charge(n: u32) -> Action {
    Action::Charge {
        account: account(n),
        amount: Amount::from_units(1_000_000),
        operation: Some("sms.send".into()),
        units: Some("1".into()),
        reference: None,
        force: false,
    }
}

fn command(n: u32, action: Action) -> Command {
    Command { id: LineId::from_bytes(bytes(n)), by: Actor::Server, from: None, once: None, action }
}

fn account(n: u32) -> AccountId {
    AccountId::from_bytes(bytes(n.wrapping_add(1)))
}

fn bytes(n: u32) -> [u8; 16] {
    u128::from(n).to_be_bytes()
}
