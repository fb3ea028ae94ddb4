-- Events: what others want to be told of. Each follows from a line of the journal; those up to meta.events_after, which
-- were written before there were any, have none.

ALTER TABLE accounts ADD COLUMN alert_low INTEGER;
ALTER TABLE accounts ADD COLUMN alert_depleted INTEGER NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN alert_recovered INTEGER;
-- 1 fine, 2 low, 3 depleted.
ALTER TABLE accounts ADD COLUMN level INTEGER NOT NULL DEFAULT 1;
UPDATE accounts SET level = 3 WHERE mode = 1 AND status <> 3 AND balance + credit_limit - held <= 0;

-- One for each thing to be told of, in order, never changed.
CREATE TABLE events (
    seq       INTEGER PRIMARY KEY,
    -- Leads to seq, under the key of the store; see src/store/line_id.rs.
    id        BLOB    NOT NULL,
    kind      INTEGER NOT NULL,
    account   BLOB    NOT NULL,
    family    BLOB    NOT NULL,
    -- The line that it follows from, which says when and what.
    line      INTEGER NOT NULL,
    threshold INTEGER
);
CREATE INDEX events_family ON events (family, seq);
CREATE INDEX events_account ON events (account, seq);

INSERT INTO meta (name, value) SELECT 'events_after', COALESCE(MAX(seq), 0) FROM journal;
