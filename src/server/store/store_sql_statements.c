/* The statements, each prepared by the connection that first needs it. */
#include "server/store/store_sql_private.h"

#define ACCOUNT_COLUMNS                                                                            \
    "SELECT a.username, a.created_s, a.password_s, a.disabled, a.reason, a.role,"                  \
    " COALESCE(c.scheme, '')"
#define ACCOUNT_JOIN                                                                               \
    " a LEFT JOIN credential c ON c.domain = a.domain AND c.username = a.username"                 \
    " ORDER BY a.username, c.scheme"

#define TOKENS_OF                                                                                  \
    "SELECT a.disabled, a.reason, a.mark, t.client_id, t.slot, t.id, t.mechanism, t.count,"        \
    " t.issued_s, t.expires_s, t.used_s, t.software, t.device FROM account a"                      \
    " LEFT JOIN token t ON t.domain = a.domain AND t.username = a.username"
#define TOKENS_ORDER " WHERE a.domain = ? AND a.username = ? ORDER BY t.client_id, t.slot DESC"

#define AUDIT_ROWS "SELECT id, time_s, actor, address, action, object, detail FROM audit WHERE "
/* ?1 before, ?2 limit, ?3 and ?4 actions from and below, ?5 actor, ?6 object. Steps from action to
 * action, along the index that `whose` leads to, and takes the newest of each: what is looked at
 * are as many rows as there are actions, of which the server has few, times the limit. Along an
 * index that knows no action it would be all rows of an actor. */
#define AUDIT_PAGE(whose)                                                                          \
    "WITH RECURSIVE seen(action) AS"                                                               \
    " (SELECT MIN(action) FROM audit WHERE " whose "action >= ?3 AND action < ?4"                  \
    " UNION ALL SELECT (SELECT MIN(action) FROM audit WHERE " whose                                \
    "action > seen.action AND action < ?4) FROM seen WHERE seen.action IS NOT NULL) " AUDIT_ROWS   \
    "id IN (SELECT one.id FROM seen CROSS JOIN audit one WHERE one.id IN"                          \
    " (SELECT id FROM audit WHERE " whose "action = seen.action AND id < ?1"                       \
    " ORDER BY id DESC LIMIT ?2) ORDER BY one.id DESC LIMIT ?2) ORDER BY id DESC"

/* BEGIN_WRITE is the driver's own. */
const char *const store_sql_texts[STATEMENT_COUNT] = {
    [COMMIT] = "COMMIT",
    [ROLLBACK] = "ROLLBACK",
    [SAVE_ONE] = "SAVEPOINT one",
    [KEEP_ONE] = "RELEASE one",
    [UNDO_ONE] = "ROLLBACK TO one",
    [LOGIN] = "SELECT c.value, a.disabled, a.reason, a.mark, a.role FROM credential c"
              " JOIN account a ON a.domain = c.domain AND a.username = c.username"
              " WHERE c.domain = ? AND c.username = ?"
              " AND (c.scheme = ? OR (? = '' AND c.scheme LIKE 'SCRAM-%'))"
              " ORDER BY c.scheme = 'SCRAM-SHA-256' DESC, c.scheme DESC LIMIT 1",
    [ACCOUNT] = ACCOUNT_COLUMNS
    " FROM (SELECT * FROM account WHERE domain = ? AND username = ?)" ACCOUNT_JOIN,
    [ACCOUNTS] = ACCOUNT_COLUMNS " FROM (SELECT * FROM account WHERE domain = ? AND username >= ?"
                                 " AND username < ? ORDER BY username LIMIT ?)" ACCOUNT_JOIN,
    [HAS_ROLE] = "SELECT 1 FROM account WHERE domain = ? AND role = ? AND disabled = 0 LIMIT 1",
    [LAST_ADMIN] = "SELECT 1 FROM account a WHERE a.domain = ? AND a.username = ? AND a.role = ?"
                   " AND a.disabled = 0 AND NOT EXISTS (SELECT 1 FROM account b WHERE"
                   " b.domain = a.domain AND b.username <> a.username AND b.role = a.role"
                   " AND b.disabled = 0)",
    [MAY_CHANGE] = "SELECT 1 FROM account WHERE domain = ? AND username = ? AND role = ?"
                   " AND mark = ? AND disabled = 0",
    [META] = "SELECT value FROM meta WHERE name = ?",
    [ADD_ACCOUNT] = "INSERT INTO account (domain, username, created_s, password_s, disabled,"
                    " reason, mark) VALUES (?, ?, ?, ?, 0, '', ?)",
    [ADD_CREDENTIAL] = "INSERT INTO credential (domain, username, scheme, value)"
                       " VALUES (?, ?, ?, ?)",
    [ADD_CREDENTIAL_BY_MARK] = "INSERT INTO credential (domain, username, scheme, value)"
                               " SELECT domain, username, ?, ? FROM account"
                               " WHERE domain = ? AND username = ? AND mark = ? AND disabled = 0",
    [SET_PASSWORD_TIME] = "UPDATE account SET password_s = ? WHERE domain = ? AND username = ?",
    [SET_MARK] = "UPDATE account SET mark = ? WHERE domain = ? AND username = ?",
    [SET_DISABLED] = "UPDATE account SET disabled = ?, reason = ?"
                     " WHERE domain = ? AND username = ?",
    [SET_ROLE] = "UPDATE account SET role = ? WHERE domain = ? AND username = ?",
    [DROP_CREDENTIALS] = "DELETE FROM credential WHERE domain = ? AND username = ?",
    [DROP_ACCOUNT] = "DELETE FROM account WHERE domain = ? AND username = ?",
    [DROP_SCHEME] = "DELETE FROM credential WHERE scheme = ?",
    [ADD_META] = "INSERT INTO meta (name, value) VALUES (?, ?)",
    [TOKENS] = TOKENS_OF TOKENS_ORDER,
    [TOKENS_OF_CLIENT] = TOKENS_OF " AND t.client_id = ?" TOKENS_ORDER,
    [ADD_TOKEN] = "INSERT INTO token (domain, username, client_id, slot, id, mechanism, count,"
                  " issued_s, expires_s, used_s, software, device)"
                  " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [DROP_TOKENS] = "DELETE FROM token WHERE domain = ? AND username = ?",
    [SET_TOKEN] = "UPDATE token SET id = ?, mechanism = ?, count = ?, issued_s = ?,"
                  " expires_s = ?, used_s = ?, software = ?, device = ?"
                  " WHERE domain = ? AND username = ? AND client_id = ? AND slot = ?",
    [DROP_TOKEN] = "DELETE FROM token"
                   " WHERE domain = ? AND username = ? AND client_id = ? AND slot = ?",
    [DROP_CLIENT] = "DELETE FROM token WHERE domain = ? AND username = ? AND client_id = ?",
    [DROP_EXPIRED] = "DELETE FROM token WHERE domain = ? AND username = ? AND expires_s <= ?",
    [OLDEST_CLIENT] = "SELECT client_id FROM token"
                      " WHERE domain = ? AND username = ? AND client_id <> ?"
                      " GROUP BY client_id ORDER BY MAX(used_s) DESC, client_id"
                      " LIMIT 1 OFFSET ?",
    [SESSIONS] = "SELECT s.username, s.id, s.resource, s.client_id, s.since_ms, s.left_ms,"
                 " s.resume_s, s.acked, s.written, s.handled, s.available, s.priority,"
                 " s.presence, s.directed, s.standing FROM session s"
                 " JOIN account a ON a.domain = s.domain AND a.username = s.username"
                 " WHERE a.disabled = 0 AND s.domain = ? AND s.id > ? ORDER BY s.id LIMIT ?",
    [STANZAS] = "SELECT since_ms, tag, xml FROM session_stanza WHERE session_id = ?"
                " ORDER BY number",
    [ADD_SESSION] = "INSERT INTO session (domain, username, id, resource, client_id, presence,"
                    " directed, since_ms, left_ms, resume_s, acked, written, handled, available,"
                    " priority, standing) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [ADD_STANZA] = "INSERT INTO session_stanza (session_id, xml, number, since_ms, tag)"
                   " VALUES (?, ?, ?, ?, ?)",
    [CLEAR_SESSIONS] = "DELETE FROM session",
    [CLEAR_STANZAS] = "DELETE FROM session_stanza",
    [ADD_AUDIT] = "INSERT INTO audit (id, number, kind, time_s, actor, address, action, object,"
                  " detail) SELECT COALESCE(MAX(id), 0) + 1,"
                  " (SELECT COALESCE(MAX(number), 0) + 1 FROM audit WHERE kind = ?),"
                  " ?, ?, ?, ?, ?, ?, ? FROM audit",
    [AUDIT_ENDS] = "SELECT (SELECT MAX(id) FROM audit),"
                   " (SELECT MIN(number) FROM audit WHERE kind = ?),"
                   " (SELECT MAX(number) FROM audit WHERE kind = ?)",
    [AUDIT_YOUNG] = "SELECT number FROM audit WHERE kind = ? AND number BETWEEN ? AND ?"
                    " AND +time_s > ? ORDER BY number LIMIT 1",
    [DROP_AUDIT] = "DELETE FROM audit WHERE kind = ? AND number <= ?",
    [AUDIT_NEWEST] = AUDIT_ROWS "id < ?1 ORDER BY id DESC LIMIT ?2",
    [AUDIT_PAGES] = AUDIT_PAGE(""),
    [AUDIT_PAGES + 1] = AUDIT_PAGE("actor = ?5 AND "),
    [AUDIT_PAGES + 2] = AUDIT_PAGE("object = ?6 AND "),
    [AUDIT_PAGES + 3] = AUDIT_PAGE("object = ?6 AND actor = ?5 AND "),
    [SETTINGS] = "SELECT name, value FROM setting ORDER BY name LIMIT ?",
    [SETTING] = "SELECT value FROM setting WHERE name = ?",
    [DROP_SETTING] = "DELETE FROM setting WHERE name = ?",
    [ADD_SETTING] = "INSERT INTO setting (name, value) VALUES (?, ?)",
    [SETTING_CHANGES] = "SELECT id, time_s, actor, address, name, old_value IS NULL, old_value,"
                        " new_value IS NULL, new_value FROM setting_change"
                        " WHERE (? = '' OR name = ?) AND id < ? ORDER BY id DESC LIMIT ?",
    [ADD_SETTING_CHANGE] = "INSERT INTO setting_change (id, actor, address, name, old_value,"
                           " new_value, time_s) SELECT COALESCE(MAX(id), 0) + 1, ?, ?, ?,"
                           " (SELECT value FROM setting WHERE name = ?),"
                           " CASE ? WHEN 1 THEN ? END, ? FROM setting_change",
    [DROP_OLD_CHANGES] = "DELETE FROM setting_change"
                         " WHERE id <= (SELECT MAX(id) FROM setting_change) - ?",
    [BLOCKS] = "SELECT network, since_s, until_s, reason, actor FROM block ORDER BY network",
    [BLOCK_COUNT] = "SELECT COUNT(*) FROM block",
    [ADD_BLOCK] = "INSERT INTO block (network, reason, actor, since_s, until_s)"
                  " VALUES (?, ?, ?, ?, ?)",
    [DROP_BLOCK] = "DELETE FROM block WHERE network = ?",
    [DROP_EXPIRED_BLOCKS] = "DELETE FROM block WHERE until_s <> 0 AND until_s <= ?",
    [WEAK_LOGINS] = "SELECT username, mechanism, last_s, software FROM weak_login"
                    " WHERE domain = ? ORDER BY last_s DESC, username, mechanism LIMIT ?",
    [ADD_WEAK_LOGIN] = "INSERT INTO weak_login (domain, username, mechanism, software, last_s)"
                       " SELECT domain, username, ?, ?, ? FROM account"
                       " WHERE domain = ? AND username = ?",
    [DROP_WEAK_LOGIN] = "DELETE FROM weak_login"
                        " WHERE domain = ? AND username = ? AND mechanism = ?",
    [DROP_WEAK_LOGINS] = "DELETE FROM weak_login WHERE domain = ? AND username = ?",
};
