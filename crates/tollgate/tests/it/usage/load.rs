//! Under load, across the ends of days and months: every answer is the sum over the journal as it stood at one line
//! between the question and the answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ledger::{BalanceMode, LineId, OnExpiry, TransferKind};
use tollgate::app::NewCharge;
use tollgate::store::replay;

use super::oracle::{self, AUCKLAND, Journal, Months, Place, ROME, UTC, Usage};
use super::{BY_OPERATOR, House, OPERATOR, Opening, amount, at, hold, utc};
use crate::server::{Random, long};

const OPERATIONS: [Option<&str>; 4] = [Some("sms.send"), Some("call.minute"), Some("look, \"up\""), None];

struct Family {
    house: House,
    primary: Opening,
    own: Vec<Opening>,
    shared: Vec<Opening>,
    /// Closed on the way.
    closing: Opening,
}

impl Family {
    async fn new() -> Self {
        let house = House::new();
        at(&house, "2026-01-02T03:04:05Z");
        let primary = house.primary("Primary", "10000000").await;
        let (mut own, mut shared) = (Vec::new(), Vec::new());
        for n in 0..3 {
            house.clock.advance(1);
            own.push(house.subaccount(&primary, &format!("Own {n}"), BalanceMode::Own).await);
            house.clock.advance(1);
            shared.push(house.subaccount(&primary, &format!("Shared {n}"), BalanceMode::Shared).await);
        }
        let closing = house.subaccount(&primary, "Closing", BalanceMode::Own).await;
        for to in own.iter().chain([&closing]) {
            house.transfer(TransferKind::Credit, &primary, (&primary, to), "1000000").await;
        }
        Self { house, primary, own, shared, closing }
    }

    fn all(&self) -> Vec<String> {
        let subs = self.own.iter().chain(&self.shared).chain([&self.closing]);
        subs.chain([&self.primary]).map(|it| it.id.to_string()).collect()
    }
}

/// An answer, and the lines between which its state was.
struct Told {
    question: Question,
    between: (i64, i64),
    said: Said,
}

#[derive(Clone, Copy)]
enum Question {
    Usage(Place),
    Month(Place, &'static str),
}

enum Said {
    Usage(Usage),
    Month(Months),
}

/// From the first day of these months to the last, whoever asks where.
const SPAN: (&str, &str) = ("2026-01-01T00:00:00Z", "2026-12-01T00:00:00Z");

async fn ask(family: &Family, question: Question) -> Told {
    let sql = family.house.sql();
    let from = oracle::last(&sql);
    let said = match question {
        Question::Usage(place) => {
            let path = format!(
                "/api/v1/usage?account={}&include=children&group_by=day,account,operation&limit=1000&time_zone={}&from={}&to={}",
                family.primary.key, place.name, SPAN.0, SPAN.1
            );
            let answer = family.house.get(&path, BY_OPERATOR).await;
            assert_eq!(answer.status, 200, "{answer}");
            Said::Usage(oracle::usage_of(&answer.json()))
        }
        Question::Month(place, month) => {
            let path = format!(
                "/api/v1/accounts/{}/statements/{month}?time_zone={}&format=csv",
                family.primary.key, place.name
            );
            let answer = family.house.get(&path, family.primary.auth()).await;
            assert_eq!(answer.status, 200, "{answer}");
            Said::Month(oracle::months_of(answer.text()))
        }
    };
    Told { question, between: (from, oracle::last(&sql)), said }
}

/// Whether the answer is what the journal came to at one of the lines between which it was given.
fn assert_is_the_journals(told: &Told, journal: &Journal, accounts: &[String]) {
    let span = (utc(SPAN.0).millis(), utc(SPAN.1).millis());
    let (mut usage, mut months) = (Usage::new(), Months::new());
    let (before, within): (Vec<_>, Vec<_>) = {
        let rows = journal.rows.iter().filter(|it| it.seq <= told.between.1);
        rows.partition(|it| it.seq <= told.between.0)
    };
    let mut add = |row: &oracle::Row| match told.question {
        Question::Usage(place) => row.add_to(&mut usage, &place, span, accounts),
        Question::Month(place, month) => row.add_to_month(&mut months, &place, month),
    };
    before.iter().for_each(|it| add(it));
    let mut rest = within.into_iter();
    loop {
        let is_it = match &told.said {
            Said::Usage(said) => *said == usage,
            Said::Month(said) => *said == oracle::without_nothing(months.clone()),
        };
        if is_it {
            return;
        }
        match rest.next() {
            None => break,
            Some(row) => match told.question {
                Question::Usage(place) => row.add_to(&mut usage, &place, span, accounts),
                Question::Month(place, month) => row.add_to_month(&mut months, &place, month),
            },
        }
    }
    match &told.said {
        Said::Usage(said) => assert_eq!(*said, usage, "at no line of {:?}", told.between),
        Said::Month(said) => {
            assert_eq!(*said, oracle::without_nothing(months), "at no line of {:?}", told.between);
        }
    }
}

/// Random postings of all kinds.
async fn work(family: &Family, mut random: Random, mut left: u32) {
    let house = &family.house;
    let subs: Vec<_> =
        family.own.iter().chain(&family.shared).chain([&family.primary, &family.closing]).collect();
    let (mut charges, mut holds): (Vec<LineId>, Vec<LineId>) = (Vec::new(), Vec::new());
    while left > 0 {
        left -= 1;
        let account = random.one_of(&subs).id;
        let by = format!("0.{:08}", random.within(1..99_999_999));
        match random.within(0..20) {
            0 => drop(house.app.pay(OPERATOR, None, family.primary.id, amount(&by), None).await),
            1 => {
                let own = random.one_of(&family.own);
                let sides =
                    if random.within(0..2) == 0 { (&family.primary, own) } else { (own, &family.primary) };
                house.transfer(TransferKind::Balance, &family.primary, sides, &by).await;
            }
            2 | 3 if !charges.is_empty() => {
                let charge = *random.one_of(&charges);
                let part = Some(amount("0.00000001")).filter(|_| random.within(0..2) == 0);
                drop(house.app.reverse(OPERATOR, None, charge, part, None).await);
            }
            4 | 5 if account != family.closing.id => {
                let on_expiry = *random.one_of(&[OnExpiry::Capture, OnExpiry::Release]);
                holds.push(hold(house, account, &by, on_expiry).await);
            }
            // In time or late, less or more.
            6 | 7 if !holds.is_empty() => {
                let hold = *random.one_of(&holds);
                let used = format!("0.{:08}", random.within(0..99_999_999));
                drop(house.app.settle(OPERATOR, None, hold, amount(&used), true).await);
            }
            8 => drop(house.app.expire_due_holds().await),
            _ => {
                let operation = random.one_of(&OPERATIONS).map(Into::into);
                let units = (random.within(0..3) == 0).then(|| format!("{}.5", random.within(0..9)).into());
                let force = random.within(0..10) == 0;
                let (amount, reference) = (amount(&by), None);
                let new = NewCharge { account, amount, operation, units, reference, force };
                if let Ok(line) = house.app.charge(OPERATOR, None, new).await {
                    charges.push(line.id);
                }
            }
        }
    }
}

/// Goes through these times while postings of all kinds and questions come in between and at once.
async fn across(name: &str, times: &[&str], questions: &[Question]) {
    let mut random = Random::for_test(name);
    let family = Arc::new(Family::new().await);
    let mut told = Vec::new();
    let per_round = if long() { 400 } else { 25 };
    for (round, time) in times.iter().enumerate() {
        at(&family.house, time);
        let working = Arc::new(AtomicBool::new(true));
        let workers = (0..6).map(|_| {
            let (family, random) = (family.clone(), random.fork());
            tokio::spawn(async move { work(&family, random, per_round).await })
        });
        let workers: Vec<_> = workers.collect();
        let asking = {
            let (family, working, questions) = (family.clone(), working.clone(), questions.to_vec());
            tokio::spawn(async move {
                let mut told = Vec::new();
                for question in questions.iter().cycle() {
                    if !working.load(Ordering::SeqCst) && told.len() >= questions.len() {
                        break;
                    }
                    told.push(ask(&family, *question).await);
                }
                told
            })
        };
        for worker in workers {
            worker.await.unwrap();
        }
        working.store(false, Ordering::SeqCst);
        told.extend(asking.await.unwrap());
        if round == times.len() / 2 {
            family.house.close(&family.closing).await;
        }
    }
    // As a check of a live store finds it.
    replay(&family.house.url(), &|_| true).unwrap();
    let journal = Journal::read(&family.house.sql());
    let between = told.iter().filter(|it| it.between.0 < it.between.1).count();
    assert!(between > 0, "no question of {} was asked under load", told.len());
    for told in &told {
        assert_is_the_journals(told, &journal, &family.all());
    }

    // Opened again, all of it is read from the roll-ups.
    family.house.app.store().close();
    let again = family.house.copy();
    let end = times.last().unwrap();
    at(&again, end);
    let family = Family { house: again, ..Arc::into_inner(family).unwrap() };
    for question in questions {
        let told = ask(&family, *question).await;
        assert_is_the_journals(&told, &journal, &family.all());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn usage_and_statements_are_the_journals_across_a_months_end_in_rome_and_in_auckland_in_spring() {
    let times = [
        // The clocks go forward in Rome at 01:00 UTC.
        "2026-03-29T00:59:59.999Z",
        "2026-03-29T01:00:00Z",
        // The month ends in Auckland, and half a day later in Rome.
        "2026-03-31T10:59:59.999Z",
        "2026-03-31T11:00:00Z",
        "2026-03-31T21:59:59.999Z",
        "2026-03-31T22:00:00Z",
        "2026-04-01T00:00:00Z",
        // The clocks go back in Auckland at 14:00 UTC.
        "2026-04-04T13:30:00Z",
        "2026-04-04T14:30:00Z",
        "2026-04-30T11:59:59.999Z",
        "2026-04-30T12:00:00Z",
    ];
    let questions = [
        Question::Usage(ROME),
        Question::Month(ROME, "2026-03"),
        Question::Usage(AUCKLAND),
        Question::Month(AUCKLAND, "2026-03"),
        Question::Usage(UTC),
        Question::Month(UTC, "2026-03"),
        Question::Month(ROME, "2026-01"),
    ];
    across("usage in spring", &times, &questions).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn usage_and_statements_are_the_journals_across_a_months_end_in_rome_and_in_auckland_in_autumn() {
    let times = [
        "2026-09-01T00:00:00Z",
        // The clocks go forward in Auckland at 14:00 UTC.
        "2026-09-26T13:59:59.999Z",
        "2026-09-26T14:00:00Z",
        "2026-09-30T10:59:59.999Z",
        "2026-09-30T11:00:00Z",
        "2026-09-30T21:59:59.999Z",
        "2026-09-30T22:00:00Z",
        // The clocks go back in Rome at 01:00 UTC.
        "2026-10-25T00:30:00Z",
        "2026-10-25T01:30:00Z",
        "2026-10-31T22:59:59.999Z",
        "2026-10-31T23:00:00Z",
    ];
    let questions = [
        Question::Usage(ROME),
        Question::Month(ROME, "2026-09"),
        Question::Usage(AUCKLAND),
        Question::Month(AUCKLAND, "2026-09"),
        Question::Month(AUCKLAND, "2026-08"),
        Question::Month(UTC, "2026-09"),
    ];
    across("usage in autumn", &times, &questions).await;
}

/// Of an account that shares, and of one that does not, as they see it.
#[tokio::test(flavor = "multi_thread")]
async fn a_subaccounts_own_usage_and_statement_are_the_journals() {
    let family = Family::new().await;
    let random = Random::for_test("usage of subaccounts");
    at(&family.house, "2026-03-31T12:00:00Z");
    work(&family, random, 300).await;
    let journal = Journal::read(&family.house.sql());
    let span = (utc(SPAN.0).millis(), utc(SPAN.1).millis());
    for account in family.own.iter().chain(&family.shared).chain([&family.primary]) {
        let path = format!(
            "/api/v1/usage?group_by=day,account,operation&limit=1000&time_zone=Pacific/Auckland&from={}&to={}",
            SPAN.0, SPAN.1
        );
        let answer = family.house.get(&path, account.auth()).await;
        let mut usage = Usage::new();
        let own = [account.id.to_string()];
        journal.rows.iter().for_each(|it| it.add_to(&mut usage, &AUCKLAND, span, &own));
        assert_eq!(oracle::usage_of(&answer.json()), usage);
        if account.id == family.primary.id {
            continue;
        }
        let path = format!("/api/v1/accounts/{}/statements/2026-03?format=csv", account.key);
        let answer = family.house.get(&path, account.auth()).await;
        let mut months = Months::new();
        journal.rows.iter().for_each(|it| it.add_to_month(&mut months, &UTC, "2026-03"));
        months.retain(|key, _| key.0 == own[0]);
        assert_eq!(oracle::months_of(answer.text()), oracle::without_nothing(months));
    }
}

#[test]
fn the_clocks_of_this_test_are_those_that_were_decreed() {
    for (place, at, day) in [
        (ROME, "2026-03-31T21:59:59.999Z", "2026-03-31"),
        (ROME, "2026-03-31T22:00:00Z", "2026-04-01"),
        (ROME, "2026-10-31T22:59:59.999Z", "2026-10-31"),
        (ROME, "2026-10-31T23:00:00Z", "2026-11-01"),
        (AUCKLAND, "2026-03-31T10:59:59.999Z", "2026-03-31"),
        (AUCKLAND, "2026-03-31T11:00:00Z", "2026-04-01"),
        (AUCKLAND, "2026-04-30T11:59:59.999Z", "2026-04-30"),
        (AUCKLAND, "2026-04-30T12:00:00Z", "2026-05-01"),
        (AUCKLAND, "2026-09-30T11:00:00Z", "2026-10-01"),
        (UTC, "2024-02-29T23:59:59Z", "2024-02-29"),
    ] {
        assert_eq!(place.day(utc(at).millis()), day, "{} {at}", place.name);
    }
    assert_eq!(utc("2026-03-29T01:00:00Z").millis(), 1_774_746_000_000);
    assert_eq!(utc("2026-10-25T01:00:00Z").millis(), 1_792_890_000_000);
    assert_eq!(utc("2026-04-04T14:00:00Z").millis(), 1_775_311_200_000);
    assert_eq!(utc("2026-09-26T14:00:00Z").millis(), 1_790_431_200_000);
}
