-- One statement: the row is changed only if it has enough, and what else follows is written of what came of that. A statement
-- does not know the line before, so that the new one's place fills that column: the row is as wide.
\set payer random(:first, :last)
\set at 1790000000000 + random(0, 1000000)
\set id_high random(1, 9223372036854775807)
\set id_low random(1, 9223372036854775807)
\set key_high random(1, 9223372036854775807)
\set key_low random(1, 9223372036854775807)
\if :keyed
WITH new AS (
    SELECT nextval('place') AS seq
), paid AS (
    UPDATE accounts SET balance = balance - 1000000, version = version + 1, last_line = new.seq FROM new
    WHERE id = id(:payer) AND balance + credit_limit - held >= 1000000
    RETURNING new.seq, id, family, version, balance, credit_limit, held
), once AS (
    INSERT INTO keys (hash, day, seq, family)
    SELECT id(:key_high, :key_low), :day, seq, family FROM paid
)
INSERT INTO journal (
    seq, at, kind, marks, caller, id, by_credential, family, account, account_version, account_before, balance_change,
    credit_change, held_change, balance, credit_limit, held, other, other_version, other_before, operation, once_key, request
)
SELECT
    seq, :at, 3, 0, 2, id(:id_high, :id_low), '019a0000-0000-7000-8000-000000000001', family, id, version, seq, -1000000, 0, 0,
    balance, credit_limit, held, id, version, seq, 'sms.send', id(:key_high, :key_low)::text,
    '\x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f'::bytea
FROM paid;
\else
WITH new AS (
    SELECT nextval('place') AS seq
), paid AS (
    UPDATE accounts SET balance = balance - 1000000, version = version + 1, last_line = new.seq FROM new
    WHERE id = id(:payer) AND balance + credit_limit - held >= 1000000
    RETURNING new.seq, id, family, version, balance, credit_limit, held
)
INSERT INTO journal (
    seq, at, kind, marks, caller, id, by_credential, family, account, account_version, account_before, balance_change,
    credit_change, held_change, balance, credit_limit, held, other, other_version, other_before, operation
)
SELECT
    seq, :at, 3, 0, 2, id(:id_high, :id_low), '019a0000-0000-7000-8000-000000000001', family, id, version, seq, -1000000, 0, 0,
    balance, credit_limit, held, id, version, seq, 'sms.send'
FROM paid;
\endif
