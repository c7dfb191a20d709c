/* settings.h - linnetctl settings: what they are, changing them while the server runs, and who did;
 * linnetctl reload. */
#ifndef CTL_SETTINGS_H
#define CTL_SETTINGS_H

#include "ctl.h"

enum linnet_error_code settings(struct ctl *ctl);
enum linnet_error_code settings_set(struct ctl *ctl);
enum linnet_error_code settings_reset(struct ctl *ctl);
enum linnet_error_code settings_history(struct ctl *ctl);
enum linnet_error_code reload(struct ctl *ctl);

#endif
