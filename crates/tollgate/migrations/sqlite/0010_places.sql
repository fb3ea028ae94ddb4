-- Lines that were copied from PostgreSQL, where a place says when: the place that each had there, to which its id leads. Lines
-- of one command had places one behind the other, and those that a file wrote itself are not here.
CREATE TABLE places (
    seq   INTEGER PRIMARY KEY,
    place INTEGER NOT NULL UNIQUE
);
