-- Amounts are integers of 10^-8 of the account's currency; times are milliseconds since 1970-01-01T00:00:00Z;
-- ids are the 16 bytes of a UUIDv7. Words stand as small integers, listed in src/store/sql/columns.rs.

-- What each account is and stands at, current with every commit.
CREATE TABLE accounts (
    -- The row's own number, so that a charge updates by it and touches no index.
    number       INTEGER PRIMARY KEY,
    id           BLOB    NOT NULL UNIQUE,
    parent       BLOB,
    api_key      INTEGER NOT NULL UNIQUE,
    auth_id      TEXT    NOT NULL UNIQUE,
    name         TEXT    NOT NULL,
    currency     TEXT    NOT NULL,
    mode         INTEGER NOT NULL,
    status       INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    subaccounts  INTEGER NOT NULL,
    balance      INTEGER NOT NULL,
    credit_limit INTEGER NOT NULL,
    held         INTEGER NOT NULL,
    -- The newest journal line of the account, where the chain of its lines begins; but of lines that it only caused,
    -- those after meta.heads_through are not counted yet.
    last_line    INTEGER NOT NULL
);
-- A family's list, oldest first; and all primaries (parent NULL) in the order of their ids.
CREATE INDEX accounts_family ON accounts (parent, id);

-- One line for each accepted write, in order, never changed.
CREATE TABLE journal (
    seq            INTEGER PRIMARY KEY,
    at             INTEGER NOT NULL,
    kind           INTEGER NOT NULL,
    -- Leads to seq, under the key of the store; see src/store/line_id.rs.
    id             BLOB    NOT NULL,
    -- Who caused it: the kind of caller, the account that called, its credential or token.
    caller         INTEGER NOT NULL,
    by_account     BLOB,
    by_credential  BLOB,
    family         BLOB,
    -- The account that it is about, the line of that account before this one, and by how much it was moved.
    account        BLOB,
    account_before INTEGER,
    balance_change INTEGER NOT NULL,
    credit_change  INTEGER NOT NULL,
    held_change    INTEGER NOT NULL,
    balance        INTEGER,
    credit_limit   INTEGER,
    held           INTEGER,
    -- The other account: with figures it is the counterparty of the move, without them only its cause.
    other              BLOB,
    other_before       INTEGER,
    other_balance      INTEGER,
    other_credit_limit INTEGER,
    other_held         INTEGER,
    about     BLOB,
    operation TEXT,
    units     TEXT,
    reference TEXT,
    -- 1 forced, 2 late.
    marks     INTEGER NOT NULL,
    once_key  TEXT,
    request   BLOB,
    -- What the line made or changed, as it was after it, where that is more than figures.
    record    TEXT
);
-- A family's transfers by time; few lines are transfers, so few pay for it.
CREATE INDEX journal_transfers ON journal (family, kind, seq) WHERE kind IN (4, 5);
-- What gave back a charge.
CREATE INDEX journal_about ON journal (about) WHERE about IS NOT NULL;

CREATE TABLE credentials (
    id         BLOB    PRIMARY KEY NOT NULL,
    account    BLOB    NOT NULL,
    kind       INTEGER NOT NULL,
    verifier   TEXT    NOT NULL,
    sealed     BLOB,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER
);
CREATE INDEX credentials_account ON credentials (account, id);

CREATE TABLE tokens (
    id         BLOB    PRIMARY KEY NOT NULL,
    caller     INTEGER NOT NULL,
    may_force  INTEGER NOT NULL,
    is_first   INTEGER NOT NULL,
    verifier   TEXT    NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER
);

CREATE TABLE holds (
    id         BLOB    PRIMARY KEY NOT NULL,
    account    BLOB    NOT NULL,
    payer      BLOB    NOT NULL,
    amount     INTEGER NOT NULL,
    placed_at  INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    on_expiry  INTEGER NOT NULL,
    operation  TEXT,
    ended_how  INTEGER,
    ended_at   INTEGER,
    ended_line BLOB,
    charged    INTEGER
);
-- The open ones only: by what is due next, and by account for its close.
CREATE INDEX holds_due ON holds (expires_at) WHERE ended_how IS NULL;
CREATE INDEX holds_open ON holds (account) WHERE ended_how IS NULL;

CREATE TABLE numbers (
    country TEXT NOT NULL,
    msisdn  TEXT NOT NULL,
    owner   BLOB NOT NULL,
    PRIMARY KEY (msisdn, country)
);
CREATE INDEX numbers_owner ON numbers (owner);

-- Secrets that an answer showed once, sealed, for as long as the key of the request is remembered.
CREATE TABLE shown_once (
    seq    INTEGER PRIMARY KEY,
    at     INTEGER NOT NULL,
    sealed BLOB    NOT NULL
);

-- key_mark: a value that only the right key file makes. heads_through: the line up to which accounts.last_line counts
-- everything; without it, none.
CREATE TABLE meta (
    name  TEXT PRIMARY KEY NOT NULL,
    value BLOB NOT NULL
);
