-- What an account owns: numbers from the operator's stock, applications and endpoints; what it keeps about itself; and
-- when its credentials end and were used. Settings are JSON objects of texts.

ALTER TABLE accounts ADD COLUMN changed_at INTEGER;
ALTER TABLE accounts ADD COLUMN settings TEXT;

ALTER TABLE credentials ADD COLUMN expires_at INTEGER;
-- To the minute, and not in the journal.
ALTER TABLE credentials ADD COLUMN used_at INTEGER;
CREATE INDEX credentials_due ON credentials (expires_at) WHERE expires_at IS NOT NULL AND revoked_at IS NULL;

ALTER TABLE numbers RENAME TO numbers_before;
DROP INDEX numbers_owner;
CREATE TABLE numbers (
    -- In the order in which they came, and never used again, for lists go on from it.
    number      INTEGER PRIMARY KEY AUTOINCREMENT,
    country     TEXT    NOT NULL,
    msisdn      TEXT    NOT NULL,
    -- Without one it is in the stock.
    owner       BLOB,
    kind        INTEGER NOT NULL,
    -- 1 text messages, 2 calls, 4 multimedia messages.
    features    INTEGER NOT NULL,
    cost        INTEGER NOT NULL,
    currency    TEXT    NOT NULL,
    is_brought  INTEGER NOT NULL,
    added_at    INTEGER NOT NULL,
    rented_at   INTEGER,
    application INTEGER,
    settings    TEXT,
    UNIQUE (msisdn, country)
);
INSERT INTO numbers (country, msisdn, owner, kind, features, cost, currency, is_brought, added_at)
    SELECT country, msisdn, owner, 1, 3, 0, currency, 0, 0
    FROM numbers_before JOIN accounts ON accounts.id = owner ORDER BY numbers_before.rowid;
DROP TABLE numbers_before;
CREATE INDEX numbers_owner ON numbers (owner) WHERE owner IS NOT NULL;
CREATE INDEX numbers_stock ON numbers (country, msisdn) WHERE owner IS NULL;
CREATE INDEX numbers_application ON numbers (application) WHERE application IS NOT NULL;

CREATE TABLE applications (
    number        INTEGER PRIMARY KEY,
    id            INTEGER NOT NULL UNIQUE,
    owner         BLOB    NOT NULL,
    name          TEXT    NOT NULL,
    for_numbers   INTEGER NOT NULL,
    for_endpoints INTEGER NOT NULL,
    settings      TEXT,
    created_at    INTEGER NOT NULL
);
CREATE INDEX applications_owner ON applications (owner);

CREATE TABLE endpoints (
    number      INTEGER PRIMARY KEY,
    id          INTEGER NOT NULL UNIQUE,
    owner       BLOB    NOT NULL,
    username    TEXT    NOT NULL UNIQUE,
    alias       TEXT    NOT NULL,
    -- Sealed.
    password    BLOB    NOT NULL,
    application INTEGER,
    created_at  INTEGER NOT NULL
);
CREATE INDEX endpoints_owner ON endpoints (owner);
CREATE INDEX endpoints_application ON endpoints (application) WHERE application IS NOT NULL;
