-- What those need who charge without tollgate, in the tables that tollgate makes: account 0, the hot one, and 1 to 10,000, which
-- charges are spread over.

-- Places that ascend and fall into this month's part of the journal, as those of tollgate do.
SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint << 21 AS first \gset
CREATE SEQUENCE place START :first;

-- Of the numbers that pgbench has, what a client of its own would send. Both are inlined where they are called.
CREATE FUNCTION id(number bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$ SELECT lpad(to_hex(number), 32, '0')::uuid $$;
CREATE FUNCTION id(high bigint, low bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT (lpad(to_hex(high), 16, '0') || lpad(to_hex(low), 16, '0'))::uuid
$$;

INSERT INTO accounts (
    id, family, version, epoch, last_line, balance, credit_limit, held, level, status, mode, api_key, auth_id, name, currency,
    created_at, changed_at, subaccounts, alert_depleted
)
SELECT
    id(it), id(it), 0, 0, 0, 4000000000000000000, 0, 0, 1, 1, 1, it, 'MA' || lpad(it::text, 18, '0'),
    'Account number ' || it, 'EUR', 1790000000000, 1790000000000, 0, 0
FROM generate_series(0, 10000) AS it;

VACUUM ANALYZE accounts;
CHECKPOINT;
