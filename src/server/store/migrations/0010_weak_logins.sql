-- Who last signed in with a weak mechanism, and when: whom it would lock out to take that away.
CREATE TABLE weak_login (
    domain VARCHAR(1023) NOT NULL,
    username VARCHAR(1023) NOT NULL,
    mechanism VARCHAR(31) NOT NULL,
    last_s BIGINT NOT NULL,
    software VARCHAR(127) NOT NULL,
    PRIMARY KEY (domain, username, mechanism),
    FOREIGN KEY (domain, username) REFERENCES account (domain, username)
);
