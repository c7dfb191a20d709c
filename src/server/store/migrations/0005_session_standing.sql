-- Since when a session is available with its priority, by the count of its loop: which of the stanzas
-- that went to several it has (their tags are of the same count).
ALTER TABLE session ADD COLUMN standing BIGINT NOT NULL DEFAULT 0;
