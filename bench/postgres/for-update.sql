-- The usual way: lock the payer's row, look at what it has, write what follows, commit.
\set payer random(:first, :last)
\set at 1790000000000 + random(0, 1000000)
\set id_high random(1, 9223372036854775807)
\set id_low random(1, 9223372036854775807)
\set key_high random(1, 9223372036854775807)
\set key_low random(1, 9223372036854775807)
BEGIN;
SELECT balance, credit_limit, held, version, last_line FROM accounts WHERE id = id(:payer) FOR UPDATE \gset
\if :balance + :credit_limit - :held >= 1000000
\if :keyed
SELECT count(*) AS seen FROM keys WHERE hash = id(:key_high, :key_low) AND day >= :day - 1 \gset
\endif
INSERT INTO journal (
    seq, at, kind, marks, caller, id, by_credential, family, account, account_version, account_before, balance_change,
    credit_change, held_change, balance, credit_limit, held, other, other_version, other_before, operation, once_key, request
)
SELECT
    seq, :at, 3, 0, 2, id(:id_high, :id_low), '019a0000-0000-7000-8000-000000000001',
    id(:payer), id(:payer), :version::bigint + 1, :last_line, -1000000, 0, 0,
    :balance::bigint - 1000000, :credit_limit, :held, id(:payer), :version::bigint + 1, :last_line, 'sms.send',
    CASE WHEN :keyed = 1 THEN id(:key_high, :key_low)::text END,
    CASE WHEN :keyed = 1 THEN '\x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f'::bytea END
FROM nextval('place') AS seq
RETURNING seq AS place \gset
\if :keyed
INSERT INTO keys (hash, day, seq, family) VALUES (id(:key_high, :key_low), :day, :place, id(:payer));
\endif
UPDATE accounts SET balance = :balance::bigint - 1000000, version = :version::bigint + 1, last_line = :place WHERE id = id(:payer);
\endif
COMMIT;
