-- Networks that may not connect, each written in one way only: 192.0.2.0/24. Times are Unix time;
-- until_s 0 is for ever.
CREATE TABLE block (
    network VARCHAR(55) NOT NULL PRIMARY KEY,
    since_s BIGINT NOT NULL,
    until_s BIGINT NOT NULL,
    reason VARCHAR(255) NOT NULL,
    actor VARCHAR(511) NOT NULL
);
