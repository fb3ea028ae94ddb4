-- What was spent and what else moved balances, added up by quarters of an hour: sums of journal lines, and of nothing else.
-- A start of the server fills it from the journal.

CREATE TABLE usage (
    -- Quarters of an hour since the epoch; first, so that what is written together stands together.
    quarter    INTEGER NOT NULL,
    -- Accounts by accounts.number: the primary, who caused it, and whose balance was moved.
    family     INTEGER NOT NULL,
    account    INTEGER NOT NULL,
    moved_by   INTEGER NOT NULL,
    -- Empty where none was named.
    operation  TEXT    NOT NULL,
    payer      INTEGER NOT NULL,
    lines      INTEGER NOT NULL,
    -- The sum of the balance changes is high × 2^32 + low, with low from 0 to 2^32 − 1: it fits, however many there were.
    high       INTEGER NOT NULL,
    low        INTEGER NOT NULL,
    -- The same for units, and how many lines said how many.
    units_high INTEGER NOT NULL,
    units_low  INTEGER NOT NULL,
    measured   INTEGER NOT NULL,
    -- The line up to which the row counts. Those after meta.usage_through may be missing in it, and are added by readers.
    through    INTEGER NOT NULL,
    PRIMARY KEY (quarter, family, account, moved_by, operation, payer)
) WITHOUT ROWID;
