-- Price plans, and by which price a line was paid; credentials that are shown without their account's name.

ALTER TABLE accounts ADD COLUMN plan TEXT;

-- Plan, version and number of the rule: `standard/3/7`.
ALTER TABLE journal ADD COLUMN price TEXT;
ALTER TABLE holds ADD COLUMN price TEXT;

CREATE TABLE price_plans (
    name       TEXT    NOT NULL,
    version    INTEGER NOT NULL,
    currency   TEXT    NOT NULL,
    is_default INTEGER NOT NULL,
    -- The rules as a JSON array.
    rules      TEXT    NOT NULL,
    made_at    INTEGER NOT NULL,
    PRIMARY KEY (name, version)
);

CREATE INDEX credentials_verifier ON credentials (verifier) WHERE revoked_at IS NULL;
