/* security.h - linnetctl mechanisms, throttle and block: weak sign-ins, guessers, networks. */
#ifndef CTL_SECURITY_H
#define CTL_SECURITY_H

#include "ctl.h"

enum linnet_error_code mechanisms(struct ctl *ctl);
enum linnet_error_code throttle_list(struct ctl *ctl);
enum linnet_error_code throttle_forgive(struct ctl *ctl);
enum linnet_error_code block_list(struct ctl *ctl);
enum linnet_error_code block_add(struct ctl *ctl);
enum linnet_error_code block_remove(struct ctl *ctl);

#endif
