//! What is asked, in the abstract and at random.

/// The most steps of a sequence, of both families together.
const STEPS_MAX: u64 = 200;

/// SplitMix64.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    fn byte(&mut self, end: u64) -> u8 {
        u8::try_from(self.below(end)).expect("callers ask for less than 256")
    }

    fn index(&mut self) -> usize {
        usize::try_from(self.below(1_000)).expect("1,000 is a usize everywhere")
    }

    /// Mostly around the limits that accounts have here, often to the unit.
    fn amount(&mut self) -> i64 {
        let whole = i64::try_from(self.below(60)).expect("60 is an i64") * 100_000_000;
        let fine = i64::try_from(self.below(3)).expect("3 is an i64") - 1;
        if self.chance(70) { whole } else { whole + fine }
    }

    fn millis(&mut self) -> i64 {
        i64::try_from(self.below(90_000_000)).expect("a day or so is an i64")
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    First,
    Second,
}

pub(crate) const FAMILIES: [Family; 2] = [Family::First, Family::Second];

/// Who asks: slots 0 to 6 are a family's accounts, 0 its primary.
#[derive(Clone, Copy, Debug)]
pub(crate) enum By {
    /// Whoever should.
    Right,
    Operator,
    Gate,
    Account(u8),
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub(crate) waits_ms: i64,
    pub(crate) by: By,
    pub(crate) key: Option<u8>,
    pub(crate) asks: Asks,
}

/// Holds, charges and keyed commands are meant by number: the nth of those that there are, round and round.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Asks {
    Open {
        slot: u8,
        shared: bool,
    },
    Own {
        slot: u8,
    },
    Status {
        slot: u8,
        active: bool,
    },
    Limit {
        amount: i64,
    },
    Close {
        slot: u8,
        cascade: bool,
    },
    Pay {
        slot: u8,
        amount: i64,
    },
    Balance {
        slot: u8,
        up: bool,
        amount: i64,
    },
    Credit {
        slot: u8,
        up: bool,
        amount: i64,
    },
    Give {
        slot: u8,
        number: u8,
    },
    Move {
        to: u8,
        number: u8,
    },
    AddSecret {
        slot: u8,
    },
    RevokeSecret {
        slot: u8,
        nth: usize,
    },
    Call(Call),
    /// A keyed command that was accepted, once more.
    Again {
        nth: usize,
    },
    /// Its key with another request.
    Clash {
        nth: usize,
    },
}

/// What gates and the sweeper ask.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Call {
    Charge { slot: u8, amount: i64, force: bool },
    Reverse { nth: usize, amount: Option<i64> },
    Hold { slot: u8, amount: i64, lasts_ms: i64, capture: bool },
    Settle { nth: usize, amount: i64, force: bool },
    Release { nth: usize },
    Extend { nth: usize, lasts_ms: i64 },
    Expire { nth: usize, in_time: bool },
}

pub(crate) fn random_steps(random: &mut Random) -> Vec<(Family, Step)> {
    let len = 10 + random.below(STEPS_MAX - 9);
    (0..len).map(|_| (FAMILIES[usize::from(random.chance(50))], random_step(random))).collect()
}

fn random_step(random: &mut Random) -> Step {
    let asks = random_asks(random);
    let by = match random.below(20) {
        0 => By::Operator,
        1 => By::Gate,
        2 => By::Account(random.byte(7)),
        _ => By::Right,
    };
    let key = random.chance(25).then(|| random.byte(6));
    Step { waits_ms: if random.chance(20) { random.millis() / 8 } else { 0 }, by, key, asks }
}

fn random_asks(random: &mut Random) -> Asks {
    // Low slots are busy ones, high ones are opened late.
    let slot = random.byte(7).min(random.byte(5));
    let other = 1 + random.byte(6).min(random.byte(6));
    let (amount, nth, up) = (random.amount(), random.index(), random.chance(50));
    match random.below(100) {
        0..8 => Asks::Open { slot: other, shared: up },
        8..13 => Asks::Own { slot },
        13..17 => Asks::Status { slot, active: random.chance(75) },
        17..19 => Asks::Limit { amount: amount * 2 },
        19..22 => Asks::Close { slot: other, cascade: up },
        22..28 => Asks::Pay { slot, amount: if random.chance(80) { amount } else { -amount } },
        28..35 => Asks::Balance { slot: other, up: random.chance(30), amount },
        35..41 => Asks::Credit { slot: other, up: random.chance(30), amount },
        41..52 => Asks::Call(Call::Charge { slot, amount, force: random.chance(20) }),
        52..56 => Asks::Call(Call::Reverse { nth, amount: up.then_some(amount) }),
        56..68 => Asks::Call(Call::Hold { slot, amount, lasts_ms: random.millis(), capture: up }),
        68..77 => Asks::Call(Call::Settle { nth, amount, force: random.chance(20) }),
        77..79 => Asks::Call(Call::Release { nth }),
        79..81 => Asks::Call(Call::Extend { nth, lasts_ms: random.millis() }),
        81..88 => Asks::Call(Call::Expire { nth, in_time: random.chance(80) }),
        88..90 => Asks::Give { slot, number: random.byte(4) },
        90..92 => Asks::Move { to: slot, number: random.byte(4) },
        92..94 => Asks::AddSecret { slot },
        94..95 => Asks::RevokeSecret { slot, nth },
        95..98 => Asks::Again { nth },
        _ => Asks::Clash { nth },
    }
}
