-- What the server keeps about itself, such as the key from which the salts of unknown users come.
CREATE TABLE meta (
    name VARCHAR(63) NOT NULL PRIMARY KEY,
    value VARCHAR(511) NOT NULL
);
