-- From where a line was asked, and what it changed as it was before.

-- 4 or 16 bytes; NULL for what tollgate itself did, and for lines from before.
ALTER TABLE journal ADD COLUMN address BLOB;
-- As the column record has it.
ALTER TABLE journal ADD COLUMN before TEXT;
-- The line from which on each one says what it found.
INSERT INTO meta (name, value) SELECT 'before_from', COALESCE(MAX(seq), 0) + 1 FROM journal;
