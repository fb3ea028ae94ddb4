//! What is asked, in the abstract and at random.

/// The most steps of a sequence, of both families together.
const STEPS_MAX: u64 = 200;

/// SplitMix64.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// For the nth sequence of a run. Drawn, not counted on: SplitMix64 itself only counts on, and sequences whose
    /// seeds did so, too, would all be cut from one short stream.
    pub(crate) fn of(seed: u64, n: u64) -> Self {
        Self(Self(seed.wrapping_add(n)).next())
    }

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
    Alerts {
        slot: u8,
        low: i64,
        gap: i64,
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
    AddSecret {
        slot: u8,
    },
    RevokeSecret {
        slot: u8,
        nth: usize,
    },
    Rotate {
        slot: u8,
        overlap_ms: i64,
    },
    Retire {
        slot: u8,
        nth: usize,
        in_time: bool,
    },
    Call(Call),
    /// Another version of one of the family's plans.
    Put {
        plan: u8,
        price: i64,
        units: u32,
    },
    Assign {
        slot: u8,
        plan: Option<u8>,
    },
    /// A cap for a day or a month, or none any more.
    Cap {
        slot: u8,
        is_month: bool,
        most: Option<i64>,
    },
    Number(OfNumber),
    Application(OfApplication),
    Endpoint(OfEndpoint),
    /// A keyed command that was accepted, once more.
    Again {
        nth: usize,
    },
    /// Its key with another request.
    Clash {
        nth: usize,
    },
}

/// What is added to nobody comes into the stock.
#[derive(Clone, Copy, Debug)]
pub(crate) enum OfNumber {
    Add { number: Digits, to: Option<u8>, cost: i64, dollars: bool },
    Withdraw { number: Digits },
    Bring { slot: u8, numbers: [u8; 2], app: Link },
    Rent { slot: u8, number: Digits, app: Link },
    Unrent { number: Digits },
    Change { number: Digits, to: Option<u8>, app: Option<Link> },
    Move { to: u8, number: Digits },
}

/// Applications and endpoints, too, are meant by number.
#[derive(Clone, Copy, Debug)]
pub(crate) enum OfApplication {
    Make { slot: u8, numbers: bool, endpoints: bool },
    Change { nth: usize, to: Option<u8>, numbers: Option<bool>, endpoints: Option<bool> },
    Delete { nth: usize, cascade: bool, successor: Link },
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum OfEndpoint {
    Make { slot: u8, username: u8, app: Link },
    Change { nth: usize, to: Option<u8>, app: Option<Link> },
    Delete { nth: usize },
}

/// One of a family's numbers, and whether its country is said; where none fits, these digits in one of two countries.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Digits {
    pub(crate) digits: u8,
    pub(crate) country: u8,
    pub(crate) is_said: bool,
}

/// An application that is to answer something.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Link {
    None,
    /// One of the family's, by number.
    Own(usize),
    /// One of the other family's.
    Foreign(usize),
}

/// What gates and the sweeper ask.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Call {
    Check { slot: u8, path: u8 },
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
    match random.below(228) {
        205..213 => {
            let most = random.chance(85).then_some(amount.max(0) * if up { 2 } else { 1 });
            Asks::Cap { slot, is_month: up, most }
        }
        213..221 => Asks::Call(Call::Reverse { nth, amount: up.then_some(amount) }),
        221..228 => Asks::Alerts { slot, low: amount, gap: random.amount() },
        150..172 => Asks::Call(Call::Check { slot, path: random.byte(6) }),
        172..177 => Asks::Put { plan: random.byte(2), price: amount / 3, units: u32::from(random.byte(4)) },
        177..180 => Asks::Assign { slot: slot / 3, plan: up.then(|| random.byte(3)) },
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
        88..90 => Asks::AddSecret { slot },
        90..91 => Asks::RevokeSecret { slot, nth },
        91..93 => Asks::Rotate { slot, overlap_ms: if up { random.millis() } else { 0 } },
        93..95 => Asks::Retire { slot, nth, in_time: random.chance(80) },
        95..98 => Asks::Again { nth },
        98..100 => Asks::Clash { nth },
        _ => random_belonging(random, slot),
    }
}

fn random_belonging(random: &mut Random, slot: u8) -> Asks {
    let number = Digits { digits: random.byte(60), country: random.byte(2), is_said: random.chance(50) };
    let to = random.chance(40).then(|| random.byte(5));
    let (nth, one, other) = (random.index(), random.chance(50), random.chance(50));
    let app = random_link(random);
    match random.below(25) {
        0..5 => {
            let cost = random.amount().max(0) / 10;
            Asks::Number(OfNumber::Add { number, to: to.filter(|_| one), cost, dollars: random.chance(10) })
        }
        5 => Asks::Number(OfNumber::Withdraw { number }),
        6 => Asks::Number(OfNumber::Bring { slot, numbers: [random.byte(4), random.byte(4)], app }),
        7..11 => Asks::Number(OfNumber::Rent { slot, number, app }),
        11 => Asks::Number(OfNumber::Unrent { number }),
        12 => Asks::Number(OfNumber::Change { number, to, app: one.then_some(app) }),
        13 => Asks::Number(OfNumber::Move { to: slot, number }),
        14..17 => Asks::Application(OfApplication::Make { slot, numbers: one, endpoints: other }),
        17..19 => {
            let (numbers, endpoints) = (one.then_some(other), other.then_some(one));
            Asks::Application(OfApplication::Change { nth, to, numbers, endpoints })
        }
        19 => Asks::Application(OfApplication::Delete { nth, cascade: one, successor: app }),
        20..23 => Asks::Endpoint(OfEndpoint::Make { slot, username: random.byte(6), app }),
        23 => Asks::Endpoint(OfEndpoint::Change { nth, to, app: one.then_some(app) }),
        _ => Asks::Endpoint(OfEndpoint::Delete { nth }),
    }
}

fn random_link(random: &mut Random) -> Link {
    let nth = random.index();
    match random.below(20) {
        0..9 => Link::None,
        9 => Link::Foreign(nth),
        _ => Link::Own(nth),
    }
}
