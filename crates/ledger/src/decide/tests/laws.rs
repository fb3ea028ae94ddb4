//! The laws the other way round: decisions that `decide` would never make, each refused for what is wrong with it.

use std::sync::Arc;

use super::story::{Story, check};
use crate::account::{Account, Standing};
use crate::book::Change;
use crate::cap::Caps;
use crate::command::Actor;
use crate::decide::Decision;
use crate::event::Level;
use crate::hold::Hold;
use crate::id::{AccountId, LineId};
use crate::journal::{Kind, Line, Record, Side};
use crate::laws::{Broken, prove};
use crate::money::Amount;
use crate::time::Timestamp;

fn amount(whole: i64) -> Amount {
    Amount::from_units(whole * 100_000_000)
}

/// `p` at 50/-100 with a hold of 5, its subaccount `s` at 20/-10, and `q` of another family.
fn books() -> Story {
    check(
        "
        operator  open p limit 110           -> ok
        p         open s under p             -> ok
        operator  open q limit 10            -> ok
        operator  pay p 70                   -> ok
        p         transfer balance 20 p > s  -> ok
        p         transfer credit 10 p > s   -> p 50/-100  s 20/-10
        gate      hold p 5 as h              -> p 50/-100 held 5
        p         add s secret extra         -> ok
        ",
    )
}

/// Breaks the honest decision on a command and says what the laws find.
fn broken(asked: &str, break_it: impl FnOnce(&Story, &mut Decision)) -> Result<(), Broken> {
    let mut story = books();
    let mut decision = story.decision(asked);
    assert_eq!(prove(&story.book, &decision), Ok(()), "{asked}");
    break_it(&story, &mut decision);
    prove(&story.book, &decision)
}

fn accounts(decision: &mut Decision) -> impl Iterator<Item = &mut Account> {
    decision.changes.iter_mut().filter_map(|it| if let Change::Account(it) = it { Some(it) } else { None })
}

/// What a decision leaves each account standing at that it changes or moves.
fn standings(decision: &mut Decision) -> impl Iterator<Item = (AccountId, &mut Standing)> {
    decision.changes.iter_mut().filter_map(|it| {
        let id = it.account()?;
        if let Change::Account(Account { standing, .. }) | Change::Standing { standing, .. } = it {
            Some((id, standing))
        } else {
            None
        }
    })
}

fn holds(decision: &mut Decision) -> impl Iterator<Item = &mut Hold> {
    decision.changes.iter_mut().filter_map(|it| if let Change::Hold(it) = it { Some(it) } else { None })
}

fn line(decision: &mut Decision) -> &mut Line {
    Arc::make_mut(decision.lines.last_mut().expect("a line"))
}

/// Moves the account of a decision's line by another amount, in line and record alike.
fn rewrite(story: &Story, decision: &mut Decision, change: Standing) {
    let id = line(decision).account.expect("an account").account;
    let before = story.book.account(id).expect("in the book").standing;
    let after = before.checked_add(&change).expect("fits");
    line(decision).change = change;
    line(decision).account = Some(Side { account: id, after });
    *standings(decision).find(|it| it.0 == id).expect("changed").1 = after;
}

#[test]
fn an_account_stands_where_its_lines_take_it() {
    let p = books().account("p").id;
    let s = books().account("s").id;
    let charge = "gate charge p 1";
    let transfer = "p transfer balance 1 p > s";
    let standing = |id| Err(Broken::Standing(id));

    let record_is_off = broken(charge, |_, it| standings(it).for_each(|it| it.1.balance = amount(48)));
    assert_eq!(record_is_off, standing(p));
    let after_figure_is_off = broken(charge, |_, it| {
        line(it).account.as_mut().expect("p").after.balance = amount(48);
    });
    assert_eq!(after_figure_is_off, standing(p));
    let change_is_off = broken(charge, |_, it| line(it).change = Standing::of_balance(amount(-2)));
    assert_eq!(change_is_off, standing(p));
    assert_eq!(broken(charge, |_, it| it.lines.clear()), standing(p), "a change without a line");
    let record_is_missing = broken(charge, |_, it| it.changes.retain(|it| it.account() != Some(p)));
    assert_eq!(record_is_missing, standing(p), "a line without a change");
    let line_is_doubled = broken(charge, |_, it| it.lines.push(it.lines[0].clone()));
    assert_eq!(line_is_doubled, standing(p));
    let other_side_is_off = broken(transfer, |_, it| {
        line(it).counter.as_mut().expect("s").after.balance = amount(22);
    });
    assert_eq!(other_side_is_off, standing(s));
    let money_is_made = broken(transfer, |_, it| standings(it).last().expect("s").1.balance = amount(22));
    assert_eq!(money_is_made, standing(s));
    let sum_does_not_fit =
        broken(charge, |_, it| line(it).change = Standing::of_balance(Amount::from_units(i64::MIN)));
    assert_eq!(sum_does_not_fit, standing(p));
}

#[test]
fn an_account_is_at_the_level_that_its_figures_say() {
    let p = books().account("p").id;
    let fine = broken("gate charge p 145", |_, it| accounts(it).for_each(|it| it.level = Level::Fine));
    assert_eq!(fine, Err(Broken::Level(p)), "nothing is left");
    let unsaid = broken("gate charge p 145", |_, it| {
        let standing = *standings(it).next().expect("p").1;
        it.changes.retain(|it| it.account() != Some(p));
        it.changes.push(Change::Standing { account: p, standing });
    });
    assert_eq!(unsaid, Err(Broken::Level(p)), "nothing is left, and nobody keeps it in mind");
    let low = broken("gate charge p 1", |story, it| {
        let standing = *standings(it).next().expect("p").1;
        it.changes.push(Change::Account(Account {
            standing,
            level: Level::Low,
            ..story.account("p").clone()
        }));
    });
    assert_eq!(low, Err(Broken::Level(p)), "nothing is low");
}

#[test]
fn an_account_holds_the_sum_of_its_open_holds() {
    let p = books().account("p").id;
    let q = books().account("q").id;
    let held = |id| Err(Broken::Held(id));

    let hold_is_missing =
        broken("gate hold p 7", |_, it| it.changes.retain(|it| !matches!(it, Change::Hold(_))));
    assert_eq!(hold_is_missing, held(p));
    let hold_is_smaller = broken("gate hold p 7", |_, it| holds(it).for_each(|it| it.amount = amount(6)));
    assert_eq!(hold_is_smaller, held(p));
    let hold_goes_on = broken("gate settle h 1", |_, it| holds(it).for_each(|it| it.ending = None));
    assert_eq!(hold_goes_on, held(p));
    let hold_is_anothers = broken("gate hold p 7", |_, it| holds(it).for_each(|it| it.payer = q));
    assert_eq!(hold_is_anothers, held(p));
    let hold_comes_along = broken("gate charge q 1", |story, it| {
        let hold = story.book.holds().next().expect("h").clone();
        it.changes.push(Change::Hold(Hold { id: LineId::from_bytes([9; 16]), ..hold }));
    });
    assert_eq!(hold_comes_along, held(p), "though nothing else of p changes");
}

#[test]
fn neither_credit_limit_nor_held_amount_is_ever_negative() {
    let s = books().account("s").id;
    let limit_below_zero = broken("p transfer credit 1 s > p", |story, it| {
        let change = Standing::of_credit_limit(amount(-11));
        rewrite(story, it, change);
        let p = story.account("p");
        let after = Standing { credit_limit: amount(111), ..p.standing };
        line(it).counter = Some(Side { account: p.id, after });
        *standings(it).find(|it| it.0 == p.id).expect("changed").1 = after;
    });
    assert_eq!(limit_below_zero, Err(Broken::Negative(s)));
    let p = books().account("p").id;
    let limit_at_zero = broken("operator change p limit 90", |story, it| {
        rewrite(story, it, Standing::of_credit_limit(amount(-100)));
    });
    assert_eq!(limit_at_zero, Ok(()));

    // A book whose hold was never added up.
    let mut story = books();
    let account = Account { standing: Standing::of_balance(amount(50)), ..story.account("p").clone() };
    story.book.bring(Change::Account(account));
    let decision = story.decision("gate release h");
    assert_eq!(prove(&story.book, &decision), Err(Broken::Negative(p)));
}

#[test]
fn only_what_is_forced_and_a_close_go_below_the_limit() {
    let p = books().account("p").id;
    let unforced = |_: &Story, it: &mut Decision| line(it).forced = false;
    let below = Err(Broken::BelowLimit(p));

    assert_eq!(broken("billing charge p 145 force", unforced), Ok(()), "to the limit");
    assert_eq!(broken("billing charge p 146 force", unforced), below);
    assert_eq!(broken("billing settle h 151 force", unforced), below);
    let paid_out = broken("operator pay p -1", |story, it| {
        rewrite(story, it, Standing::of_balance(amount(-146)));
    });
    assert_eq!(paid_out, below);
    let overheld = broken("gate hold p 7", |story, it| {
        holds(it).for_each(|it| it.amount = amount(146));
        rewrite(story, it, Standing::of_held(amount(146)));
    });
    assert_eq!(overheld, below);
}

#[test]
fn an_account_below_its_limit_may_stay_there_and_rise_but_not_sink() {
    let mut story = books();
    let forced = story.decision("billing charge p 200 force");
    story.book.apply(&forced);
    let p = story.account("p").id;
    for harmless in ["gate settle h 5", "gate settle h 4", "gate release h", "operator pay p 1"] {
        let decision = story.decision(harmless);
        assert_eq!(prove(&story.book, &decision), Ok(()), "{harmless}");
    }
    let mut decision = story.decision("billing charge p 1 force");
    line(&mut decision).forced = false;
    assert_eq!(prove(&story.book, &decision), Err(Broken::BelowLimit(p)));
}

#[test]
fn a_close_takes_its_heir_below_the_limit_and_nobody_else() {
    let mut story = books();
    let forced = story.decision("billing charge s 500 force");
    story.book.apply(&forced);
    let mut decision = story.decision("p close s");
    assert_eq!(prove(&story.book, &decision), Ok(()));

    // A forced charge of one account is no excuse for another.
    let q = story.account("q").id;
    decision = story.decision("billing charge p 200 force");
    let mut other = story.decision("billing charge q 200 force");
    line(&mut other).forced = false;
    decision.lines.extend(other.lines);
    decision.changes.extend(other.changes);
    assert_eq!(prove(&story.book, &decision), Err(Broken::BelowLimit(q)));
}

#[test]
fn what_counts_for_a_cap_is_what_the_lines_take_and_only_force_takes_more() {
    let mut story = check(
        "
        operator  open p limit 100 cap-day 5  -> ok
        gate      charge p 3 as c             -> ok
        gate      hold p 2 as h               -> p is day 3/5 holding 2
        ",
    );
    let p = story.account("p").id;
    let mut broken = |asked: &str, break_it: &dyn Fn(&mut Decision)| {
        let mut decision = story.decision(asked);
        assert_eq!(prove(&story.book, &decision), Ok(()), "{asked}");
        break_it(&mut decision);
        prove(&story.book, &decision)
    };
    fn caps(decision: &mut Decision) -> &mut Caps {
        accounts(decision).next().and_then(|it| it.caps.as_deref_mut()).expect("caps")
    }
    let cap = Err(Broken::Cap(p));
    let unforced = |it: &mut Decision| line(it).forced = false;
    assert_eq!(broken("billing charge p 0.00000001 force", &unforced), cap);
    assert_eq!(broken("billing settle h 3 force", &unforced), cap);
    assert_eq!(broken("gate settle h 2", &|it| caps(it).held = amount(2)), cap, "it goes on being held");
    assert_eq!(broken("gate release h", &|it| caps(it).held = amount(1)), cap);
    let spent =
        |spent: i64| move |it: &mut Decision| caps(it).day.as_mut().expect("a day").spent = amount(spent);
    assert_eq!(broken("gate reverse c 1", &spent(1)), cap, "more comes back than was given back");
    assert_eq!(broken("gate settle h 1", &spent(3)), cap, "what was settled is not counted");
    assert_eq!(broken("gate settle h 1", &|it| accounts(it).for_each(|it| it.caps = None)), cap);
    let later = |it: &mut Decision| line(it).at = Timestamp::from_millis(86_400_000);
    assert_eq!(broken("gate settle h 1", &later), cap, "it is counted in a day that is over");
}

/// What each kind may move: signs of balance, credit limit and held amount, and whether it has another side.
const MOVES: &str = "
    Open               0   -0+ 0  one
    Change             0   -0+ 0  one
    Close              -0+ -0+ 0  two
    Close              0   -0+ 0  one
    Payment            -+  0   0  one
    BalanceTransfer    -   0   0  two
    CreditTransfer     0   -   0  two
    Charge             -   0   0  one
    Reversal           +   0   0  one
    Hold               0   0   +  one
    Extend             0   0   0  one
    Settle             -0  0   -  one
    late-Settle        -0+ 0   0  one
    Release            0   0   -  one
    Expiry             -0  0   -  one
    NumberGiven        0   0   0  one
    NumberTransfer     0   0   0  two
    NumberAdded        0   0   0  one
    NumberWithdrawn    0   0   0  one
    NumberRented       0   0   0  one
    NumberUnrented     0   0   0  one
    NumberChanged      0   0   0  one
    ApplicationMade    0   0   0  one
    ApplicationChanged 0   0   0  one
    ApplicationChanged 0   0   0  two
    ApplicationDeleted 0   0   0  one
    EndpointMade       0   0   0  one
    EndpointChanged    0   0   0  one
    EndpointChanged    0   0   0  two
    EndpointDeleted    0   0   0  one
    PlanPut            0   0   0  one
    CredentialAdded    0   0   0  one
    CredentialChanged  0   0   0  one
    CredentialRevoked  0   0   0  one
    TokenMade          0   0   0  one
    TokenRevoked       0   0   0  one
";

const KINDS: [Kind; 32] = [
    Kind::Open,
    Kind::Change,
    Kind::Close,
    Kind::Payment,
    Kind::BalanceTransfer,
    Kind::CreditTransfer,
    Kind::Charge,
    Kind::Reversal,
    Kind::Hold,
    Kind::Extend,
    Kind::Settle,
    Kind::Release,
    Kind::Expiry,
    Kind::NumberGiven,
    Kind::NumberTransfer,
    Kind::NumberAdded,
    Kind::NumberWithdrawn,
    Kind::NumberRented,
    Kind::NumberUnrented,
    Kind::NumberChanged,
    Kind::ApplicationMade,
    Kind::ApplicationChanged,
    Kind::ApplicationDeleted,
    Kind::EndpointMade,
    Kind::EndpointChanged,
    Kind::EndpointDeleted,
    Kind::PlanPut,
    Kind::CredentialAdded,
    Kind::CredentialChanged,
    Kind::CredentialRevoked,
    Kind::TokenMade,
    Kind::TokenRevoked,
];

fn is_allowed(kind: Kind, late: bool, [balance, limit, held]: [char; 3], sides: &str) -> bool {
    let name = if late && kind == Kind::Settle { format!("late-{kind:?}") } else { format!("{kind:?}") };
    let rows = MOVES.lines().map(|it| it.split_whitespace().collect::<Vec<_>>());
    let mut rows = rows.filter(|it| it.first() == Some(&name.as_str())).peekable();
    assert!(rows.peek().is_some(), "{name} is in the table");
    rows.any(|it| it[1].contains(balance) && it[2].contains(limit) && it[3].contains(held) && it[4] == sides)
}

/// Every combination of signs, and a change that has them.
fn changes() -> Vec<([char; 3], Standing)> {
    let signs = [('-', amount(-1)), ('0', Amount::ZERO), ('+', amount(1))];
    let pairs = signs.iter().flat_map(|balance| signs.iter().map(move |limit| (balance, limit)));
    let triples = pairs.flat_map(|(balance, limit)| signs.iter().map(move |held| (balance, limit, held)));
    triples
        .map(|(balance, limit, held)| {
            let change = Standing { balance: balance.1, credit_limit: limit.1, held: held.1 };
            ([balance.0, limit.0, held.0], change)
        })
        .collect()
}

#[test]
fn a_line_of_each_kind_moves_only_what_that_kind_may() {
    let story = books();
    let side = |name| Side { account: story.account(name).id, after: story.account(name).standing };
    for kind in KINDS {
        for (late, sides) in [(false, "one"), (false, "two"), (true, "one"), (true, "two")] {
            for (signs, change) in changes() {
                let counter = (sides == "two").then(|| side("s"));
                let found = prove(&story.book, &lone(kind, change, late, side("p"), counter));
                let is_refused = found == Err(Broken::Move(kind));
                let is_allowed = is_allowed(kind, late, signs, sides);
                assert_eq!(is_refused, !is_allowed, "{kind:?} late {late} {signs:?} {sides}");
            }
        }
    }
}

/// A decision of a single line.
fn lone(kind: Kind, change: Standing, late: bool, account: Side, counter: Option<Side>) -> Decision {
    let line = Line {
        id: LineId::from_bytes([7; 16]),
        at: Timestamp::from_millis(0),
        kind,
        by: Actor::Server,
        address: None,
        family: Some(account.account),
        account: Some(account),
        change,
        counter,
        cause: None,
        about: None,
        operation: None,
        units: None,
        price: None,
        reference: None,
        forced: false,
        late,
        once: None,
        record: None,
        before: None,
    };
    let line = Arc::new(line);
    Decision {
        changes: Vec::new(),
        lines: vec![line.clone()],
        outcome: line,
        remembered: None,
        events: Vec::new(),
    }
}

#[test]
fn a_line_that_changes_something_says_what_it_found_and_no_other_does() {
    let change = "p change s called t";
    let found = |kind| Err(Broken::Before(kind));
    assert_eq!(broken(change, |_, it| line(it).before = None), found(Kind::Change));
    let another_ones = broken(change, |story, it| {
        line(it).before = Some(Box::new(Record::Account(story.account("p").clone())));
    });
    assert_eq!(another_ones, found(Kind::Change));
    let as_it_is_after = broken(change, |_, it| line(it).before = line(it).record.clone());
    assert_eq!(as_it_is_after, found(Kind::Change));
    let standing_is_off = broken(change, |story, it| {
        let mut before = story.account("s").clone();
        before.standing.balance = amount(21);
        line(it).before = Some(Box::new(Record::Account(before)));
    });
    assert_eq!(standing_is_off, found(Kind::Change));
    let of_another_sort = broken("p revoke s extra", |story, it| {
        line(it).before = Some(Box::new(Record::Account(story.account("s").clone())));
    });
    assert_eq!(of_another_sort, found(Kind::CredentialRevoked));
    let a_charge_found_something = broken("gate charge p 1", |story, it| {
        line(it).before = Some(Box::new(Record::Account(story.account("p").clone())));
    });
    assert_eq!(a_charge_found_something, found(Kind::Charge));
    assert_eq!(broken("gate extend h 2h", |_, it| line(it).before = None), found(Kind::Extend));
}
