//! The laws over random command sequences: two families, side by side in one book.
//!
//! Every run draws a fresh seed, prints it, and takes it back from `TOLLGATE_SEED`; `TOLLGATE_SEQUENCES` says how many
//! sequences it tries. A sequence that breaks a law is cut down to the steps that it takes before it is shown.
//!
//! A [`Step`] says in the abstract what is asked ("settle one of the holds"); [`World::command`] makes a command of it
//! with what is there, so that a sequence stays a sequence whatever is cut out of it.

#![cfg(test)]

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;

use ledger::authority::may_call;
use ledger::*;

/// Fewer have hit every law that was ever broken on purpose; more find rarer company within the time that a check has.
const SEQUENCES: u64 = 500;
const STEPS: u64 = 90;

#[test]
fn the_laws_hold_over_random_sequences() {
    let seed = from_environment("TOLLGATE_SEED").unwrap_or_else(|| RandomState::new().build_hasher().finish());
    let sequences = from_environment("TOLLGATE_SEQUENCES").unwrap_or(SEQUENCES);
    announce(seed);
    let mut seen = Seen::default();
    for n in 0..sequences {
        let steps = random_steps(&mut Random(seed.wrapping_add(n.wrapping_mul(0x9E37_79B9_7F4A_7C15))));
        match laws(&steps) {
            Ok(it) => seen.add(it),
            Err(broken) => {
                let (steps, broken) = shortest(steps, broken);
                panic!("{broken}\nTOLLGATE_SEED={seed}, sequence {n}, which needs {} steps: {steps:#?}", steps.len());
            }
        }
    }
    // A law that nothing puts to the test proves nothing: each of these is in 5 % of the sequences at least.
    for (what, count) in seen.counts() {
        assert!(count * 20 >= sequences, "{what} in only {count} of {sequences} sequences; TOLLGATE_SEED={seed}");
    }
}

#[expect(clippy::print_stdout, reason = "cargo shows it when the test fails")]
fn announce(seed: u64) {
    println!("TOLLGATE_SEED={seed}");
}

fn from_environment(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|it| it.parse().unwrap_or_else(|_| panic!("{name}={it} is no number")))
}

/// Runs the steps as they come, then family after family: what became of each must not depend on the other.
fn laws(steps: &[(Family, Step)]) -> Result<Seen, String> {
    let mut mixed = World::new();
    for (family, step) in steps {
        mixed.step(*family, step)?;
    }
    let mut sorted = World::new();
    for family in [Family::First, Family::Second] {
        for (_, step) in steps.iter().filter(|(it, _)| *it == family) {
            sorted.step(family, step)?;
        }
    }
    ensure(mixed.book == sorted.book, || "families commute".to_owned())?;
    Ok(mixed.seen)
}

/// Cuts out every step without which the same sequence still breaks a law.
fn shortest(mut steps: Vec<(Family, Step)>, mut broken: String) -> (Vec<(Family, Step)>, String) {
    let mut at = steps.len();
    while at > 0 {
        at -= 1;
        let mut fewer = steps.clone();
        fewer.remove(at);
        if let Err(still) = laws(&fewer) {
            (steps, broken, at) = (fewer, still, at.min(steps.len()));
        }
    }
    (steps, broken)
}

fn ensure(holds: bool, law: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(law()) }
}
