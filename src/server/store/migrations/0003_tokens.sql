-- Tokens of XEP-0484, two at most per client. A token's text is in no column: it is derived from
-- its id and a key that is not in the database. The mark of an account is a random number, new
-- with every change after which an older proof of its password counts no more.
ALTER TABLE account ADD COLUMN mark BIGINT NOT NULL DEFAULT 0;
CREATE TABLE token (
    domain VARCHAR(1023) NOT NULL,
    username VARCHAR(1023) NOT NULL,
    client_id VARCHAR(256) NOT NULL,
    slot INTEGER NOT NULL,
    id VARCHAR(32) NOT NULL,
    mechanism VARCHAR(31) NOT NULL,
    count BIGINT NOT NULL,
    issued_s BIGINT NOT NULL,
    expires_s BIGINT NOT NULL,
    used_s BIGINT NOT NULL,
    software VARCHAR(100) NOT NULL,
    device VARCHAR(100) NOT NULL,
    PRIMARY KEY (domain, username, client_id, slot),
    FOREIGN KEY (domain, username) REFERENCES account (domain, username)
);
