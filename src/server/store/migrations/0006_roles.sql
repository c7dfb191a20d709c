-- What an account may do as an administrator: 0 nothing, 1 look, 2 everything.
ALTER TABLE account ADD COLUMN role INTEGER NOT NULL DEFAULT 0;
