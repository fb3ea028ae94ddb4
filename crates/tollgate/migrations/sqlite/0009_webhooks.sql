-- Where events are sent.

CREATE TABLE webhooks (
    id               BLOB    PRIMARY KEY NOT NULL,
    -- The account whose events it gets, a primary those of its family; NULL for the operator's, which gets everybody's.
    owner            BLOB,
    -- The primary of the owner's family.
    family           BLOB,
    -- Only those of this account.
    account          BLOB,
    url              TEXT    NOT NULL,
    -- A bit for each kind, in the order of EventKind::ALL; 0 for all.
    kinds            INTEGER NOT NULL,
    created_at       INTEGER NOT NULL,
    -- Since when nothing is sent there; NULL while it is.
    disabled_at      INTEGER,
    -- What its events are signed with, sealed, and since when.
    secret           BLOB    NOT NULL,
    secret_at        INTEGER NOT NULL,
    -- What they are signed with as well, until then.
    old_secret       BLOB,
    old_secret_until INTEGER
);
CREATE INDEX webhooks_owner ON webhooks (owner, id);
CREATE INDEX webhooks_family ON webhooks (family, id);
CREATE INDEX webhooks_disabled ON webhooks (id) WHERE disabled_at IS NOT NULL;
