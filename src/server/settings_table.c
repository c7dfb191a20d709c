#include "server/settings.h"

#include "sasl/sasl.h"

/* The defaults of limits are those of xml/reader.h and of RFC 6120 §13.12. */

enum { KIB = 1024, MIB = 1024 * KIB };
#define GIB ((int64_t)1024 * MIB)

static const char *const log_levels[] = {"error", "warning", "notice", "info", "debug", NULL};
static const char *const log_formats[] = {"text", "json", NULL};

static const char *check_mechanism(struct str item)
{
    return sasl_mech_find(item) ? NULL : "is no SASL mechanism of this server";
}

static const char *mechanism_at(size_t index)
{
    const struct sasl_mech *mech = sasl_mech_at(index);
    return mech ? sasl_mech_name(mech) : NULL;
}

#define AT(field) .offset = offsetof(struct settings, field)

static const struct settings_row rows[] = {
    {"domain", SETTINGS_DOMAIN, .fallback = "", AT(domain), .machine = true,
     .help = "The XMPP domain that is served: the part of an address after the @. When it is "
             "missing, the first start asks for it."},
    {"data", SETTINGS_PATH, .fallback = "/var/lib/linnet", AT(data), .machine = true,
     .help = "The directory of the database, the key of tokens, the certificate made at first "
             "start and the control socket. It is made when missing, for its owner only."},
    {"loops", SETTINGS_INT, .max = 256, .fallback = "0", AT(loops),
     .help = "How many event loops serve connections, each on a thread of its own. 0 takes as many "
             "as the machine has cores."},

    {"c2s.listen", SETTINGS_LISTEN, .fallback = "*:5222", AT(c2s_listen),
     .help = "Where clients connect and secure the stream with STARTTLS: IP:port, [IPv6]:port, or "
             "*:port for every address of both families. Port 0 takes a free one."},
    {"c2s.listen_tls", SETTINGS_LISTEN, .fallback = "*:5223", AT(c2s_listen_tls),
     .help = "Where clients connect with TLS from the first byte (XEP-0368)."},

    {"c2s.resume_s", SETTINGS_INT, SETTINGS_S, 0, 86400, .fallback = "10min", AT(c2s_resume_s),
     .live = true,
     .help = "For how long a session whose connection was lost waits to be resumed (XEP-0198). "
             "What is sent to it meanwhile is kept, up to limits.send_queue_bytes, also while the "
             "server is stopped and started. 0: it ends with its connection."},

    {"tls.certificate", SETTINGS_PATH, .fallback = "", AT(tls_certificate), .live = true,
     .machine = true,
     .help = "The certificate and its chain, PEM. When empty the server makes itself one in "
             "DATA/tls/cert.pem."},
    {"tls.key", SETTINGS_PATH, .fallback = "", AT(tls_key), .live = true, .machine = true,
     .help = "The private key of the certificate, PEM."},

    {"tls.early_data", SETTINGS_BOOL, .fallback = "false", AT(tls_early_data),
     .help =
         "Lets a client that was here before sign in with its token in the first bytes it sends "
         "(TLS 1.3 early data, XEP-0484), a round trip sooner. What it sends so can be replayed by "
         "who saw it; each ticket is accepted once and each count of a token once, on all loops."},

    {"login.mechanisms", SETTINGS_WORDS, .fallback = "", AT(login_mechanisms), .live = true,
     .check = check_mechanism, .choice = mechanism_at,
     .help = "The SASL mechanisms that are offered; when empty, every one that login.legacy "
             "allows, strongest first."},
    {"login.legacy", SETTINGS_BOOL, .fallback = "false", AT(login_legacy),
     .help = "Allows the weak mechanism DIGEST-MD5 for software of the past, and keeps the "
             "credential it needs for passwords set from then on. Switched off, these credentials "
             "are deleted at the next start."},
    {"login.iterations", SETTINGS_INT, .min = 4096, .max = 600000, .fallback = "10000",
     AT(login_iterations),
     .help = "PBKDF2 iterations of the SCRAM credentials of passwords set from then on. The server "
             "does as many for each sign-in to the console or with PLAIN, also for a stranger who "
             "guesses: 600000 take a core a third of a second, so there can be no more. Passwords "
             "that are there keep their number, by which clients can tell them from names that "
             "nobody has; set them anew after a change."},
    {"login.token_days", SETTINGS_INT, .max = 365, .fallback = "30", AT(login_token_days),
     .help = "For how many days a token is valid that a client got to sign in without its password "
             "(FAST, XEP-0484). It gets a new one before that. 0 issues none and takes none."},
    {"login.token_key_file", SETTINGS_PATH, .fallback = "", AT(login_token_key_file),
     .machine = true,
     .help = "The key from which tokens are derived, in a file that only the server's user may "
             "read; it is made when missing. When empty, DATA/token.key. Kept apart from the "
             "database, it makes a stolen copy of that useless for signing in. Without the old "
             "file all tokens are void, and clients sign in with their passwords again."},
    {"login.throttle", SETTINGS_BOOL, .fallback = "true", AT(login_throttle), .live = true,
     .help = "Makes guessing at passwords slow. After 5 wrong passwords from an address (a /64 of "
             "IPv6) its next attempts are answered 1, 2, 4 and at most 8 seconds late; after 10 "
             "for an account those from addresses it never signed in from, at most 4 seconds late. "
             "Attempts at one account that are under way at once count as wrong until they have "
             "ended. It wears off within minutes, and nobody is ever locked out."},

    {"logins.keep", SETTINGS_INT, .max = 10000, .fallback = "200", AT(logins_keep), .live = true,
     .help = "How many of the last sign-ins, good and bad, linnetctl logins can show, with what "
             "was said but for secrets. They are kept in memory, 1 MiB at most. 0 keeps none."},

    {"audit.keep", SETTINGS_INT, .min = 1000, .max = 1000000, .fallback = "100000", AT(audit_keep),
     .live = true, .machine = true, /* nobody shortens from the console what it says of him */
     .help = "How many changes the audit trail has at most (linnetctl audit): who changed what, "
             "and when. With each new one the oldest go, but none of the last day until there are "
             "ten times as many. Sign-ins to the console are counted apart, and so are those that "
             "failed, and what changes nothing that lasts, such as linnetctl reload."},

    {"limits.max_stanza_bytes", SETTINGS_INT, SETTINGS_BYTES, 10000, 16 * MIB, .fallback = "256KiB",
     AT(limits_max_stanza_bytes), .live = true,
     .help = "The largest stanza of a client that has signed in; a larger one ends its stream "
             "with policy-violation."},
    {"limits.max_stanza_bytes_before_auth", SETTINGS_INT, SETTINGS_BYTES, 4096, MIB,
     .fallback = "10000", AT(limits_max_stanza_bytes_before_auth), .live = true,
     .help = "The same before login."},
    {"limits.auth_timeout_s", SETTINGS_INT, SETTINGS_S, 1, 3600, .fallback = "60s",
     AT(limits_auth_timeout_s), .live = true,
     .help = "How long a connection may take until it has signed in and bound a resource."},
    {"limits.idle_timeout_s", SETTINGS_INT, SETTINGS_S, 0, 7 * 86400, .fallback = "30min",
     AT(limits_idle_timeout_s), .live = true,
     .help = "After how long without a byte from a client its stream is ended with "
             "connection-timeout. 0 is never."},
    {"limits.sessions_per_account", SETTINGS_INT, .min = 1, .max = 1000, .fallback = "10",
     AT(limits_sessions_per_account), .live = true,
     .help = "How many resources one account may have bound at once; one more is refused with "
             "resource-constraint."},
    {"limits.connections_per_address", SETTINGS_INT, .min = 1, .max = 1000000, .fallback = "1000",
     AT(limits_connections_per_address), .live = true,
     .help = "How many connections one IP address may hold open; one more is closed at once."},
    {"limits.handshakes_per_turn", SETTINGS_INT, .min = 1, .max = 10000, .fallback = "16",
     AT(limits_handshakes_per_turn), .live = true,
     .help = "How many TLS handshakes a loop advances before it serves those already signed in."},
    {"limits.memory_per_loop_bytes", SETTINGS_INT, SETTINGS_BYTES, 16 * MIB, 1024 * GIB,
     .fallback = "1GiB", AT(limits_memory_per_loop_bytes), .live = true,
     .help = "What the connections of one loop may hold in buffers; beyond it those that hold most "
             "are ended."},
    {"limits.send_queue_bytes", SETTINGS_INT, SETTINGS_BYTES, 64 * KIB, GIB, .fallback = "1MiB",
     AT(limits_send_queue_bytes), .live = true,
     .help =
         "What may wait to be sent to one client, or to be acknowledged by it (XEP-0198). Past a "
         "quarter of it those who send to that client are made to wait; beyond it its stream is "
         "ended with resource-constraint."},

    {"log.level", SETTINGS_CHOICE, .choices = log_levels, .fallback = "notice", AT(log_level),
     .live = true, .help = "The least important messages that are logged."},
    {"log.format", SETTINGS_CHOICE, .choices = log_formats, .fallback = "text", AT(log_format),
     .help = "One line for people, or one JSON object, per message."},

    {"console.listen", SETTINGS_LISTEN, .fallback = "127.0.0.1:9090", AT(console_listen),
     .machine = true,
     .help = "Where the web console answers, for accounts with a role (linnetctl user role). "
             "Addresses of this machine alone (127.0.0.1, [::1]), for it speaks HTTP without TLS: "
             "from elsewhere, through a tunnel (ssh -L 9090:127.0.0.1:9090). \"\": nowhere."},
    {"console.listen_tls", SETTINGS_LISTEN, .fallback = "", AT(console_listen_tls), .machine = true,
     .help = "Where the web console answers with TLS, at any address, usually *:9091. \"\": "
             "nowhere. Browsers find it by an IP address, or by a name of its certificate."},
    {"console.certificate", SETTINGS_PATH, .fallback = "", AT(console_certificate), .machine = true,
     .help =
         "The certificate of console.listen_tls and its chain, PEM. When empty the server makes "
         "itself one in DATA/console/cert.pem, which browsers warn of. SIGHUP takes a renewed one, "
         "and whoever is signed in signs in again."},
    {"console.key", SETTINGS_PATH, .fallback = "", AT(console_key), .machine = true,
     .help = "The private key of that certificate, PEM."},
    {"console.program", SETTINGS_PATH, .fallback = "", AT(console_program), .machine = true,
     .help = "The program of the console. When empty, linnet-console beside linnetd."},

    {"setup.user", SETTINGS_PATH, .fallback = "", AT(setup_user), .machine = true,
     .help = "The name of the first administrator. When there is a domain and no administrator at "
             "the start, this account is made with the password of setup.password_file, or becomes "
             "one and keeps its own, and no link for the set-up is printed."},
    {"setup.password_file", SETTINGS_PATH, .fallback = "", AT(setup_password_file), .machine = true,
     .help = "The password of setup.user: the first line of a file that only the server's user may "
             "read. It is read then only."},

    {"control.socket", SETTINGS_PATH, .fallback = "", AT(control_socket), .machine = true,
     .help = "The socket that linnetctl talks to. When empty, DATA/control.sock."},
};

_Static_assert(ARRAY_LEN(rows) <= SETTINGS_ROWS_MAX, "settings.origin is too short");

const struct settings_row *settings_row_at(size_t index)
{
    return index < ARRAY_LEN(rows) ? &rows[index] : NULL;
}

const struct settings_row *settings_row_find(const char *name, size_t *ret_index)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (strcmp(rows[i].name, name) != 0)
            continue;
        if (ret_index)
            *ret_index = i;
        return &rows[i];
    }
    return NULL;
}

const char *settings_type_name(enum settings_type type)
{
    static const char *const names[] = {"path",    "domain",  "words", "listen",
                                        "boolean", "integer", "choice"};
    return names[type];
}
