-- Settings that were set while the server ran, and every change of them: by whom, from where, what
-- it was before and after. No value (NULL): it was, or is, not set here.
CREATE TABLE setting (
    name VARCHAR(63) NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);
CREATE TABLE setting_change (
    id BIGINT NOT NULL PRIMARY KEY,
    time_s BIGINT NOT NULL,
    actor VARCHAR(511) NOT NULL,
    address VARCHAR(63) NOT NULL,
    name VARCHAR(63) NOT NULL,
    old_value TEXT,
    new_value TEXT
);
