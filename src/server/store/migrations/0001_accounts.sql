-- Accounts, and what they may sign in with: one row of credentials per scheme, never a plaintext.
CREATE TABLE account (
    domain VARCHAR(1023) NOT NULL,
    username VARCHAR(1023) NOT NULL,
    created_s BIGINT NOT NULL,
    password_s BIGINT NOT NULL,
    disabled INTEGER NOT NULL,
    reason VARCHAR(255) NOT NULL,
    PRIMARY KEY (domain, username)
);
CREATE TABLE credential (
    domain VARCHAR(1023) NOT NULL,
    username VARCHAR(1023) NOT NULL,
    scheme VARCHAR(23) NOT NULL,
    value VARCHAR(511) NOT NULL,
    PRIMARY KEY (domain, username, scheme),
    FOREIGN KEY (domain, username) REFERENCES account (domain, username)
);
