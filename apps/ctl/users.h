/* users.h - linnetctl user: accounts, their roles and their tokens. */
#ifndef CTL_USERS_H
#define CTL_USERS_H

#include "ctl.h"

enum linnet_error_code user_add(struct ctl *ctl);
enum linnet_error_code user_passwd(struct ctl *ctl);
enum linnet_error_code user_list(struct ctl *ctl);
enum linnet_error_code user_show(struct ctl *ctl);
enum linnet_error_code user_remove(struct ctl *ctl);
enum linnet_error_code user_disable(struct ctl *ctl);
enum linnet_error_code user_enable(struct ctl *ctl);
enum linnet_error_code user_role(struct ctl *ctl);
enum linnet_error_code user_tokens(struct ctl *ctl);
enum linnet_error_code user_logout(struct ctl *ctl);

#endif
