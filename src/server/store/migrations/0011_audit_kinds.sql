-- Sign-ins to the console have room of their own in the audit trail: `number` rises by one with each
-- row of a kind, so that it counts them. Rows of before count as changes, whatever they are.
ALTER TABLE audit ADD COLUMN kind INTEGER NOT NULL DEFAULT 0;
ALTER TABLE audit ADD COLUMN number BIGINT NOT NULL DEFAULT 0;
UPDATE audit SET number = id;
CREATE UNIQUE INDEX audit_kind ON audit (kind, number);
