/* api.h - the handlers of /api/v1, as web/console/openapi.yaml says. */
#ifndef CONSOLE_API_H
#define CONSOLE_API_H

#include "http.h"

/* Asks linnetd for who is signed in. Takes `args` (NULL for none); *ret is the caller's. */
enum linnet_error_code api_ask(struct request *r, const char *op, json_t *args, json_t **ret,
                               struct linnet_error *error) MUST_USE;

/* The same, and answers the browser with what linnetd says. */
void api_pass_on(struct request *r, const char *op, json_t *args);

/* api_audit.c */
void api_audit(struct request *r);

/* api_session.c */
void api_session_get(struct request *r);
void api_session_add(struct request *r);
void api_session_remove(struct request *r);

/* api_users.c */
void api_users_get(struct request *r);
void api_users_add(struct request *r);
void api_names_check(struct request *r);

/* api_account.c */
void api_user_get(struct request *r);
void api_user_password(struct request *r);
void api_user_disable(struct request *r);
void api_user_enable(struct request *r);
void api_user_logout(struct request *r);
void api_user_remove(struct request *r);
void api_user_role(struct request *r);
void api_user_token_revoke(struct request *r);

/* api_server.c */
void api_health(struct request *r);
void api_status(struct request *r);
void api_sessions(struct request *r);
void api_sessions_close(struct request *r);
void api_logins(struct request *r);
void api_login(struct request *r);

/* api_settings.c */
void api_settings_get(struct request *r);
void api_settings_history(struct request *r);
void api_settings_set(struct request *r);
void api_settings_reset(struct request *r);
void api_settings_check(struct request *r);
void api_reload(struct request *r);

/* api_security.c */
void api_mechanisms(struct request *r);
void api_throttle(struct request *r);
void api_throttle_forgive(struct request *r);
void api_blocks(struct request *r);
void api_blocks_add(struct request *r);
void api_blocks_remove(struct request *r);

/* api_events.c */
void api_events(struct request *r);

#endif
