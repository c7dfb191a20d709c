-- A page of the audit trail is put together of the newest rows of each action, of which there are few
-- (store_sql_audit.c): with these, whatever narrows it down, no row is looked at that is not in it.
DROP INDEX audit_actor;
DROP INDEX audit_object;
CREATE INDEX audit_actor ON audit (actor, action, id);
CREATE INDEX audit_object ON audit (object, action, id);
CREATE INDEX audit_both ON audit (object, actor, action, id);
