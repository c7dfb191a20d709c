-- What was done, and by whom: written in the transaction of the change itself. The newest row is never
-- deleted, so the highest id and one is an id that no row has had.
CREATE TABLE audit (
    id INTEGER NOT NULL PRIMARY KEY,
    time_s BIGINT NOT NULL,
    actor VARCHAR(3071) NOT NULL,
    address VARCHAR(63) NOT NULL,
    action VARCHAR(63) NOT NULL,
    object VARCHAR(3071) NOT NULL,
    detail VARCHAR(1023) NOT NULL
);
CREATE INDEX audit_actor ON audit (actor, id);
CREATE INDEX audit_action ON audit (action, id);
CREATE INDEX audit_object ON audit (object, id);
