//! The month that the demo plays: what happens in it, and what the books must show after each step. The numbers are
//! those of Vonage's tutorial for subaccounts.

use Act::{
    AskBalance, AskBalanceSuspended, Charge, Invoice, OpenPartner, OpenSubaccount, OwnBalance, Pay,
    RefusedAsSuspended, RefusedForFunds, SpareCredit, Suspend, TransferBalance, TransferCredit,
};
use Role::{First, Second};
use Stand::{Own, Shared};

/// Who has an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// The primary account.
    Partner,
    /// A subaccount.
    First,
    /// Another one.
    Second,
}

impl Role {
    /// The name of the account.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Partner => "Partner",
            Self::First => "End customer 1",
            Self::Second => "End customer 2",
        }
    }

    /// Who makes a call, in a word or two.
    pub(super) fn caller(self) -> &'static str {
        match self {
            Self::Partner => "partner",
            Self::First => "customer 1",
            Self::Second => "customer 2",
        }
    }
}

/// Something that happens. Amounts are whole euros.
#[derive(Clone, Copy, Debug)]
pub(super) enum Act {
    /// The operator opens the partner's account with a credit limit.
    OpenPartner {
        /// How much the partner may owe.
        credit_limit: i64,
    },
    /// The partner opens a subaccount.
    OpenSubaccount(Role),
    /// The partner gives a subaccount a balance of its own.
    OwnBalance(Role),
    /// The partner gives a subaccount a part of its credit limit.
    TransferCredit(Role, i64),
    /// The partner gives a subaccount a part of its balance.
    TransferBalance(Role, i64),
    /// An end customer's calls are charged.
    Charge(Role, i64),
    /// A call is refused: there is not a cent available for it.
    RefusedForFunds(Role),
    /// A call is refused: its account is suspended.
    RefusedAsSuspended(Role),
    /// How much credit the partner can still give away: what its credit limit is, less what it owes.
    SpareCredit {
        /// The size of its credit limit.
        credit_limit: i64,
        /// What it owes.
        owed: i64,
        /// The difference.
        spare: i64,
    },
    /// What the partner and end customer 1 owe together.
    Invoice {
        /// What the partner owes.
        partner: i64,
        /// What end customer 1 owes.
        first: i64,
        /// The sum.
        sum: i64,
    },
    /// The operator records a payment of the partner.
    Pay(i64),
    /// The partner suspends a subaccount, or reactivates it.
    Suspend(Role, bool),
    /// An end customer asks for its balance with its own credentials.
    AskBalance(Role, i64),
    /// The same, while it is suspended.
    AskBalanceSuspended(Role),
}

/// Where an account must stand.
#[derive(Clone, Copy, Debug)]
pub(super) enum Stand {
    /// Not open yet.
    None,
    /// On the partner's balance, with this much available.
    Shared(i64),
    /// Balance, credit limit and what is available.
    Own(i64, i64, i64),
}

/// What the books must show.
#[derive(Clone, Copy, Debug)]
pub(super) struct Books {
    /// The primary account.
    pub(super) partner: Stand,
    /// End customer 1.
    pub(super) first: Stand,
    /// End customer 2.
    pub(super) second: Stand,
    /// Total balance, total credit limit, and what the family has available.
    pub(super) total: (i64, i64, i64),
    /// Who is suspended.
    pub(super) suspended: Option<Role>,
}

impl Books {
    /// Where an account must stand.
    pub(super) fn of(&self, role: Role) -> Stand {
        match role {
            Role::Partner => self.partner,
            First => self.first,
            Second => self.second,
        }
    }

    /// Where whoever pays for an account must stand: balance, credit limit and what is available.
    pub(super) fn payer_of(&self, role: Role) -> (i64, i64, i64) {
        match (self.of(role), self.partner) {
            (Own(balance, credit_limit, available), _) => (balance, credit_limit, available),
            (Shared(_) | Stand::None, Own(balance, credit_limit, available)) => {
                (balance, credit_limit, available)
            }
            (Shared(_) | Stand::None, Shared(_) | Stand::None) => (0, 0, 0),
        }
    }
}

/// One step of the month.
pub(super) struct Step {
    /// What it is about.
    pub(super) headline: &'static str,
    /// The story, in lines.
    pub(super) story: &'static [&'static str],
    /// What happens.
    pub(super) acts: &'static [Act],
    /// What the books must show afterwards.
    pub(super) books: Books,
}

const fn books(partner: Stand, first: Stand, second: Stand, total: (i64, i64, i64)) -> Books {
    Books { partner, first, second, total, suspended: None }
}

const OPENED: Books = books(Own(0, -100, 100), Stand::None, Stand::None, (0, -100, 100));
const SHARING: Books = books(Own(-20, -100, 80), Shared(80), Stand::None, (-20, -100, 80));
const ALLOCATED: Books = books(Own(-20, -60, 40), Own(0, -40, 40), Shared(40), (-20, -100, 80));
const USED_UP: Books = books(Own(-20, -60, 40), Own(-40, -40, 0), Shared(40), (-60, -100, 40));
const HELPED_OUT: Books = books(Own(-20, -40, 20), Own(-40, -60, 20), Shared(20), (-60, -100, 40));
const GOING_ON: Books = books(Own(-20, -40, 20), Own(-50, -60, 10), Shared(20), (-70, -100, 30));
const PAID: Books = books(Own(50, -40, 90), Own(-50, -60, 10), Shared(90), (0, -100, 100));
const SETTLED: Books = books(Own(5, -40, 45), Own(-5, -60, 55), Shared(45), (0, -100, 100));
const SECOND_OWN: Books = books(Own(5, -10, 15), Own(-5, -60, 55), Own(0, -30, 30), (0, -100, 100));
const REACTIVATED: Books = books(Own(5, -10, 15), Own(-5, -60, 55), Own(-25, -30, 5), (-25, -100, 75));
const SUSPENDED: Books = Books { suspended: Some(Second), ..REACTIVATED };

/// The month, step by step.
pub(super) const MONTH: [Step; 11] = [
    Step {
        headline: "A partner, with credit",
        story: &[
            "The operator opens an account for a partner, who may owe up to 100 and pays at month's end.",
        ],
        acts: &[OpenPartner { credit_limit: 100 }],
        books: OPENED,
    },
    Step {
        headline: "An end customer on the partner's balance",
        story: &[
            "The partner gives end customer 1 credentials of its own. Its calls cost 20 so far, and they",
            "fall on the partner's balance: a subaccount shares that unless it is told otherwise.",
        ],
        acts: &[OpenSubaccount(First), Charge(First, 20)],
        books: SHARING,
    },
    Step {
        headline: "A balance and a limit of its own",
        story: &[
            "One busy customer could use up what all of them live on. So the partner, who also has an",
            "end customer 2 by now, gives end customer 1 its own balance and 40 of its own credit limit.",
        ],
        acts: &[OpenSubaccount(Second), OwnBalance(First), TransferCredit(First, 40)],
        books: ALLOCATED,
    },
    Step {
        headline: "40 out of 40",
        story: &[
            "End customer 1 uses up its credit. The next call, for a single cent, is refused; others go on.",
        ],
        acts: &[Charge(First, 40), RefusedForFunds(First)],
        books: USED_UP,
    },
    Step {
        headline: "Additional credit",
        story: &[
            "Rather than wait for end customer 1 to pay, the partner gives it 20 more of what it can spare.",
        ],
        acts: &[SpareCredit { credit_limit: 60, owed: 20, spare: 40 }, TransferCredit(First, 20)],
        books: HELPED_OUT,
    },
    Step {
        headline: "End customer 1 goes on",
        story: &["It makes calls for 10 more, and has then spent 50 since it has its own balance."],
        acts: &[Charge(First, 10)],
        books: GOING_ON,
    },
    Step {
        headline: "Month's end: the invoice",
        story: &[
            "The partner owes what its whole family has spent. It pays, and the operator records the payment.",
        ],
        acts: &[Invoice { partner: 20, first: 50, sum: 70 }, Pay(70)],
        books: PAID,
    },
    Step {
        headline: "Month's end: end customer 1 has paid 45 of its 50",
        story: &["What it paid to the partner, the partner moves to its balance."],
        acts: &[TransferBalance(First, 45)],
        books: SETTLED,
    },
    Step {
        headline: "End customer 2 gets the same",
        story: &["Its own balance, and a credit limit of 30."],
        acts: &[OwnBalance(Second), TransferCredit(Second, 30)],
        books: SECOND_OWN,
    },
    Step {
        headline: "Suspended",
        story: &["End customer 2 spends 25 in no time. The partner, alarmed, suspends it."],
        acts: &[
            Charge(Second, 25),
            Suspend(Second, true),
            RefusedAsSuspended(Second),
            AskBalanceSuspended(Second),
        ],
        books: SUSPENDED,
    },
    Step {
        headline: "Reactivated",
        story: &["They have talked. End customer 2 is back, and nothing of its money has changed."],
        acts: &[Suspend(Second, false), AskBalance(Second, -25)],
        books: REACTIVATED,
    },
];
