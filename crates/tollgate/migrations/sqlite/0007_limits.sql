-- What restricted credentials and tokens are limited to, as JSON objects; null for the others.

ALTER TABLE credentials ADD COLUMN limits TEXT;
ALTER TABLE tokens ADD COLUMN limits TEXT;
