/* ctl.h - what the files of linnetctl share: the command line once read, and a command's row. */
#ifndef CTL_CTL_H
#define CTL_CTL_H

#include "base/buf.h"
#include "base/error.h"
#include "server/control/client.h"

#define CTL_DEFAULT_DATA "/var/lib/linnet"

/* Options that only some commands take, as bits. */
enum {
    CTL_PASSWORD = 1 << 0, /* --password-file, --password-fd, --generate */
    CTL_REASON = 1 << 1,
    CTL_REVOKE = 1 << 2,
    CTL_LOGINS = 1 << 3,  /* --follow, --failed, --user, --address, --trace */
    CTL_EVENTS = 1 << 4,  /* none; help lists the kinds */
    CTL_ROLE = 1 << 5,    /* a second word: the role */
    CTL_SESSION = 1 << 6, /* the name is the full address of a session */
    CTL_LIMIT = 1 << 7,
    CTL_AUDIT = 1 << 8,     /* --actor, --action, --object, --before */
    CTL_FILTER = 1 << 9,    /* --filter */
    CTL_SETTING = 1 << 10,  /* the name is that of a setting */
    CTL_VALUE = 1 << 11,    /* a second word: its value */
    CTL_OPTIONAL = 1 << 12, /* the name may be left out */
    CTL_NETWORK = 1 << 13,  /* the name is a network */
    CTL_GUESSER = 1 << 14,  /* it is an IP address or an account */
    CTL_HOURS = 1 << 15     /* --hours */
};

struct ctl_options {
    const char *data;   /* --data, or NULL */
    const char *socket; /* --socket, or NULL */
    bool json, help, version;
    unsigned given; /* CTL_ bits */
    const char *password_file;
    int password_fd; /* -1 when not given */
    bool generate;
    const char *reason;
    const char *revoke; /* a client's id or "all"; or NULL */
    bool follow, failed, trace;
    const char *user, *address;
    const char *filter;                  /* or NULL */
    int limit;                           /* 0 when not given */
    int hours;                           /* the same */
    const char *actor, *action, *object; /* or NULL */
    int64_t before;                      /* 0 when not given */
    const char *name;                    /* the account, for commands that take one */
    const char *role;
    const char *value;
};

/* A run: the options, and the connection once there is one. */
struct ctl {
    struct ctl_options options;
    struct control_client *client;
    struct linnet_error error;
};

struct ctl_command {
    const char *words; /* "user add" */
    bool wants_name;
    unsigned takes; /* CTL_ bits */
    const char *summary;
    const char *examples; /* lines */
    enum linnet_error_code (*run)(struct ctl *ctl);
};

extern const struct ctl_command ctl_commands[];
extern const size_t ctl_command_count;

#endif
