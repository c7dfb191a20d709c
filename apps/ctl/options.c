#include "options.h"

#include "ask.h"

#include <getopt.h>
#include <stddef.h>
#include <stdlib.h>

enum { LIMIT_MAX = 1000, HOURS_MAX = 10 * 366 * 24, FD_MAX = 65535 };
enum { ROW_FIRST = 256 }; /* what getopt_long calls the first row */

/* What the member is; only FLAG has no value. */
enum kind { FLAG, TEXT, NUMBER, ID };

struct option_row {
    const char *name;
    enum kind kind;
    size_t member;  /* where it goes in struct ctl_options */
    unsigned given; /* the CTL_ bit of those that only some commands take */
    int64_t min, max;
    const char *wants; /* what a number is; NULL: one from min to max */
};

#define MEMBER(name) offsetof(struct ctl_options, name)

static const struct option_row rows[] = {
    {"data", TEXT, MEMBER(data), 0},
    {"socket", TEXT, MEMBER(socket), 0},
    {"json", FLAG, MEMBER(json), 0},
    {"help", FLAG, MEMBER(help), 0},
    {"version", FLAG, MEMBER(version), 0},
    {"password-file", TEXT, MEMBER(password_file), CTL_PASSWORD},
    {"password-fd", NUMBER, MEMBER(password_fd), CTL_PASSWORD, 0, FD_MAX,
     "the number of a descriptor"},
    {"generate", FLAG, MEMBER(generate), CTL_PASSWORD},
    {"reason", TEXT, MEMBER(reason), CTL_REASON},
    {"hours", NUMBER, MEMBER(hours), CTL_HOURS, 1, HOURS_MAX},
    {"revoke", TEXT, MEMBER(revoke), CTL_REVOKE},
    {"follow", FLAG, MEMBER(follow), CTL_LOGINS},
    {"failed", FLAG, MEMBER(failed), CTL_LOGINS},
    {"user", TEXT, MEMBER(user), CTL_LOGINS},
    {"address", TEXT, MEMBER(address), CTL_LOGINS},
    {"trace", FLAG, MEMBER(trace), CTL_LOGINS},
    {"actor", TEXT, MEMBER(actor), CTL_AUDIT},
    {"action", TEXT, MEMBER(action), CTL_AUDIT},
    {"object", TEXT, MEMBER(object), CTL_AUDIT},
    {"before", ID, MEMBER(before), CTL_AUDIT, 1, INT64_MAX, "the id of a row"},
    {"filter", TEXT, MEMBER(filter), CTL_FILTER},
    {"limit", NUMBER, MEMBER(limit), CTL_LIMIT, 1, LIMIT_MAX},
};

static enum linnet_error_code take_number(struct ctl *ctl, const struct option_row *row,
                                          int64_t *ret)
{
    char *end;
    *ret = strtoll(optarg, &end, 10);
    if (*optarg != '\0' && *end == '\0' && *ret >= row->min && *ret <= row->max)
        return LINNET_OK;
    if (row->wants)
        return usage(ctl, "--%s takes %s, not \"%.40s\"", row->name, row->wants, optarg);
    return usage(ctl, "--%s takes a number from %d to %d, not \"%.40s\"", row->name, (int)row->min,
                 (int)row->max, optarg);
}

static enum linnet_error_code take_option(struct ctl *ctl, const struct option_row *row)
{
    void *member = (char *)&ctl->options + row->member;
    enum linnet_error_code code = LINNET_OK;
    int64_t number = 0;
    ctl->options.given |= row->given;
    if (row->kind == NUMBER || row->kind == ID)
        code = take_number(ctl, row, &number);
    switch (row->kind) {
    case FLAG:
        *(bool *)member = true;
        break;
    case TEXT:
        *(const char **)member = optarg;
        break;
    case NUMBER:
        *(int *)member = (int)number;
        break;
    case ID:
        *(int64_t *)member = number;
        break;
    }
    return code;
}

/* What getopt_long said: the value of a row, or another character. */
static enum linnet_error_code take(struct ctl *ctl, int option, char **argv)
{
    if (option >= ROW_FIRST)
        return take_option(ctl, &rows[option - ROW_FIRST]);
    if (option == ':')
        return usage(ctl, "%.60s needs a value", argv[optind - 1]);
    if (option != 'h')
        return usage(ctl, "There is no option %.60s; linnetctl --help lists them",
                     argv[optind - 1]);
    ctl->options.help = true;
    return LINNET_OK;
}

enum linnet_error_code options_read(struct ctl *ctl, int argc, char **argv)
{
    struct option options[ARRAY_LEN(rows) + 1] = {0};
    int option;
    enum linnet_error_code code = LINNET_OK;
    for (int i = 0; i < (int)ARRAY_LEN(rows); i++)
        options[i] =
            (struct option){rows[i].name, rows[i].kind == FLAG ? no_argument : required_argument,
                            NULL, ROW_FIRST + i};
    opterr = 0;
    while (code == LINNET_OK && (option = getopt_long(argc, argv, ":h", options, NULL)) != -1)
        code = take(ctl, option, argv);
    return code;
}
