-- Sessions of XEP-0198 that outlive the server: written when it stops, taken and deleted when it
-- starts. Both clocks stand still in between, so what is left of a session is a duration; times are
-- Unix time. Lists are of lines.
CREATE TABLE session (
    domain VARCHAR(1023) NOT NULL,
    username VARCHAR(1023) NOT NULL,
    id VARCHAR(63) NOT NULL PRIMARY KEY,
    resource VARCHAR(1023) NOT NULL,
    client_id VARCHAR(256) NOT NULL,
    since_ms BIGINT NOT NULL,
    left_ms BIGINT NOT NULL,
    resume_s BIGINT NOT NULL,
    acked BIGINT NOT NULL,
    written BIGINT NOT NULL,
    handled BIGINT NOT NULL,
    available INTEGER NOT NULL,
    priority INTEGER NOT NULL,
    presence TEXT NOT NULL,
    directed TEXT NOT NULL
);
CREATE TABLE session_stanza (
    session_id VARCHAR(63) NOT NULL,
    number BIGINT NOT NULL,
    since_ms BIGINT NOT NULL,
    tag BIGINT NOT NULL,
    xml TEXT NOT NULL,
    PRIMARY KEY (session_id, number)
);
