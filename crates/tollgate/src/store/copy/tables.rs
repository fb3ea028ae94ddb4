//! The tables of a store, and the columns that both engines have.

use crate::store::sql::Kind;

/// A table, and the order in which it is copied.
pub(super) struct Table {
    pub(super) name: &'static str,
    pub(super) order: &'static str,
    pub(super) columns: &'static [Column],
    /// What PostgreSQL alone has, behind the others, with what it is of a file: an expression there.
    pub(super) of_postgres: &'static [(&'static str, &'static str, Kind)],
}

/// A column, and what stands in it.
pub(super) type Column = (&'static str, Kind);

macro_rules! columns {
    ($($name:ident: $kind:ident),* $(,)?) => {
        &[$((stringify!($name), Kind::$kind)),*]
    };
}

/// The first ones are looked at on the way.
pub(super) const JOURNAL: Table = Table {
    name: "journal",
    order: "seq",
    columns: columns![
        seq: Int, account: Id, other: Id, account_before: Int, other_before: Int, id: Id, at: Int, kind: Int, marks: Int,
        caller: Int, by_account: Id, by_credential: Id, family: Id, balance_change: Int, credit_change: Int,
        held_change: Int, balance: Int, credit_limit: Int, held: Int, other_balance: Int, other_credit_limit: Int,
        other_held: Int, about: Id, operation: Text, units: Text, reference: Text, once_key: Text, request: Bytes,
        price: Text, address: Bytes, record: Text, before: Text,
    ],
    of_postgres: &[("account_version", "NULL", Kind::Int), ("other_version", "NULL", Kind::Int)],
};

/// The first two are looked at on the way.
pub(super) const ACCOUNTS: Table = Table {
    name: "accounts",
    order: "number",
    columns: columns![
        id: Id, last_line: Int, number: Int, parent: Id, balance: Int, credit_limit: Int, held: Int, caps: Text, level: Int, status: Int,
        mode: Int, api_key: Int, auth_id: Text, name: Text, currency: Text, created_at: Int, changed_at: Int,
        subaccounts: Int, settings: Text, plan: Text, alert_low: Int, alert_depleted: Int, alert_recovered: Int,
    ],
    of_postgres: &[
        ("version", "0", Kind::Int),
        ("epoch", "0", Kind::Int),
        ("family", "COALESCE(parent, id)", Kind::Id),
    ],
};

/// What goes as it is.
pub(super) const PLAIN: [Table; 9] = [
    Table {
        name: "credentials",
        order: "id",
        columns: columns![
            id: Id, account: Id, kind: Int, verifier: Text, sealed: Bytes, created_at: Int, revoked_at: Int,
            expires_at: Int, used_at: Int, limits: Text,
        ],
        of_postgres: &[],
    },
    Table {
        name: "tokens",
        order: "id",
        columns: columns![
            id: Id, caller: Int, may_force: Bool, is_first: Bool, verifier: Text, created_at: Int, revoked_at: Int,
            limits: Text,
        ],
        of_postgres: &[],
    },
    Table {
        name: "holds",
        order: "id",
        columns: columns![
            id: Id, account: Id, payer: Id, amount: Int, placed_at: Int, expires_at: Int, on_expiry: Int,
            operation: Text, price: Text, ended_how: Int, ended_at: Int, ended_line: Id, charged: Int,
        ],
        of_postgres: &[(
            "family",
            "(SELECT COALESCE(parent, id) FROM accounts WHERE accounts.id = holds.account)",
            Kind::Id,
        )],
    },
    Table {
        name: "numbers",
        order: "number",
        columns: columns![
            number: Int, country: Text, msisdn: Text, owner: Id, kind: Int, features: Int, cost: Int, currency: Text,
            is_brought: Bool, added_at: Int, rented_at: Int, application: Int, settings: Text,
        ],
        of_postgres: &[],
    },
    Table {
        name: "applications",
        order: "number",
        columns: columns![
            number: Int, id: Int, owner: Id, name: Text, for_numbers: Bool, for_endpoints: Bool, settings: Text,
            created_at: Int,
        ],
        of_postgres: &[],
    },
    Table {
        name: "endpoints",
        order: "number",
        columns: columns![
            number: Int, id: Int, owner: Id, username: Text, alias: Text, password: Bytes, application: Int,
            created_at: Int,
        ],
        of_postgres: &[],
    },
    Table {
        name: "price_plans",
        order: "name, version",
        columns: columns![
            name: Text, version: Int, currency: Text, is_default: Bool, rules: Text, made_at: Int,
        ],
        of_postgres: &[],
    },
    Table { name: "places", order: "seq", columns: columns![seq: Int, place: Int], of_postgres: &[] },
    Table {
        name: "webhooks",
        order: "id",
        columns: columns![
            id: Id, owner: Id, family: Id, account: Id, url: Text, kinds: Int, created_at: Int, disabled_at: Int,
            secret: Bytes, secret_at: Int, old_secret: Bytes, old_secret_until: Int,
        ],
        of_postgres: &[],
    },
];

/// In a file of their own beside a store that is one.
pub(super) const DELIVERIES: Table = Table {
    name: "deliveries",
    order: "webhook, seq",
    columns: columns![
        webhook: Id, seq: Int, event: Id, kind: Int, account: Id, state: Int, is_resent: Bool, attempts: Int,
        queued_at: Int, next_at: Int, last_at: Int, last_status: Int, last_error: Text,
    ],
    of_postgres: &[],
};

/// What leads to a line by its place, which is the first of its columns.
pub(super) const LEADING: [Table; 2] = [
    Table {
        name: "shown_once",
        order: "seq",
        columns: columns![seq: Int, at: Int, sealed: Bytes],
        of_postgres: &[],
    },
    Table {
        name: "events",
        order: "seq",
        columns: columns![line: Int, seq: Int, id: Id, kind: Int, account: Id, family: Id, threshold: Int],
        of_postgres: &[],
    },
];

/// In a file it is added up anew.
pub(super) const USAGE: Table = Table {
    name: "usage",
    order: "quarter",
    columns: columns![
        quarter: Int, family: Int, account: Int, moved_by: Int, operation: Text, payer: Int, lines: Int, high: Int,
        low: Int, units_high: Int, units_low: Int, measured: Int,
    ],
    of_postgres: &[],
};

/// Hashes of keys, before what stands twice among them is found.
pub(super) const KEYS: Table = Table {
    name: "copied_keys",
    order: "seq",
    columns: columns![hash: Id, day: Int, seq: Int, family: Id],
    of_postgres: &[],
};
