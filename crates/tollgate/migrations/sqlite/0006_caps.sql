-- Spending caps, and what was spent of them: a JSON object (src/store/caps.rs). It stands in the row, because it changes
-- with each charge of an account that has one; of all others it is null and costs nothing.

ALTER TABLE accounts ADD COLUMN caps TEXT;
