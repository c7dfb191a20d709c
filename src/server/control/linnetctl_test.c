/* linnetctl itself (LINNETCTL in the environment) against a control socket: what it prints, how it
 * ends, and where it takes passwords from. Registered in apps/ctl/meson.build. */
#include "server/control/control_fixture.h"

#include "base/buf.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

enum { ARGS_MAX = 16 };

/* How a run went: exit status and what was printed. */
struct run {
    int status;
    char out[8192], err[4096];
};

static void slurp(int fd, char *to, size_t size)
{
    size_t len = 0;
    ssize_t n;
    while ((n = read(fd, to + len, size - 1 - len)) > 0)
        len += (size_t)n;
    to[len] = '\0';
    close(fd);
}

/* Runs linnetctl with `input` on descriptor 0, without a terminal. */
static struct run run_with(const char *input, const char *const *args)
{
    static const char *argv[ARGS_MAX + 2];
    struct run r = {0};
    int in[2], out[2], err[2], status;
    size_t count = 0;
    argv[count++] = "linnetctl";
    while (*args && count <= ARGS_MAX)
        argv[count++] = *args++;
    argv[count] = NULL;
    assert_int_equal(pipe(in) | pipe(out) | pipe(err), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        setsid();
        dup2(in[0], 0);
        dup2(out[1], 1);
        dup2(err[1], 2);
        for (int fd = 3; fd < 256; fd++)
            close(fd);
        setenv("TZ", "UTC", 1);
        execv(getenv("LINNETCTL"), (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    close(err[1]);
    assert_int_equal(write(in[1], input, strlen(input)), strlen(input));
    close(in[1]);
    slurp(out[0], r.out, sizeof r.out);
    slurp(err[0], r.err, sizeof r.err);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    r.status = WEXITSTATUS(status);
    return r;
}

#define RUN(input, ...) run_with(input, (const char *const[]){__VA_ARGS__, NULL})

static void says(const struct run *r, int status, const char *out, const char *err)
{
    if (r->status != status || !strstr(r->out, out) || !strstr(r->err, err))
        fail_msg("status %d\n--- output:\n%s--- errors:\n%s", r->status, r->out, r->err);
    if (!*err)
        assert_string_equal(r->err, "");
}

static int make(void **state)
{
    struct control_fixture *f = calloc(1, sizeof *f);
    *state = f;
    return f && control_fixture_start(f) ? 0 : -1;
}

static int unmake(void **state)
{
    control_fixture_stop(*state);
    free(*state);
    return 0;
}

static void runs_the_life_of_an_account(void **state)
{
    const char *dir = ((struct control_fixture *)*state)->dir;
    struct run r = RUN("secret\n", "--data", dir, "user", "add", "Alice", "--password-fd", "0");
    says(&r, 0, "alice@example.org was added.\n", "");
    r = RUN("secret\n", "--data", dir, "user", "add", "alice", "--password-fd", "0");
    says(&r, 51, "", "alice@example.org already belongs to someone");
    says(&r, 51, "", "linnetctl user passwd NAME");
    r = RUN("secret\n", "--data", dir, "user", "add", "x@other.org", "--password-fd", "0");
    says(&r, 40, "", "Name the account by the part before the @ alone");
    r = RUN("other\r\n", "user", "passwd", "alice", "--password-fd=0", "--data", dir);
    says(&r, 0, "alice@example.org has a new password.\n", "");
    r = RUN("", "--data", dir, "user", "disable", "alice", "--reason", "on leave");
    says(&r, 0, "alice@example.org may not sign in any more.\n", "");
    r = RUN("", "--data", dir, "user", "show", "alice@example.org");
    says(&r, 0,
         "account        alice@example.org\nstate          disabled\nreason         on leave\n",
         "");
    says(&r, 0, "credentials    SCRAM-SHA-1, SCRAM-SHA-256, SCRAM-SHA-512\n", "");
    r = RUN("", "--data", dir, "user", "list");
    says(&r, 0, "USER   STATE     ROLE  MADE              REASON\nalice  disabled  none  ", "");
    r = RUN("", "--data", dir, "--json", "user", "list");
    says(&r, 0, "\"disabled\":true", "");
    assert_non_null(strstr(r.out, "\"reason\":\"on leave\""));
    r = RUN("", "--data", dir, "user", "disable", "alice", "--reason", "\u4e2d\u6587\u202e\x7f");
    says(&r, 0, "", "");
    r = RUN("", "--data", dir, "--json", "user", "list"); /* steers no terminal */
    says(&r, 0, "\"reason\":\"\u4e2d\u6587\\u202e\\u007f\"", "");
    r = RUN("", "--data", dir, "user", "role", "alice", "read-only");
    says(&r, 0, "alice@example.org is an administrator (read-only).\n", "");
    r = RUN("", "--data", dir, "user", "show", "alice");
    says(&r, 0, "administrator  read-only\n", "");
    r = RUN("", "--data", dir, "user", "list");
    says(&r, 0, "\nalice  disabled  read-only  ", "");
    r = RUN("", "--data", dir, "user", "role", "alice", "root");
    says(&r, 2, "", "role must be full, read-only or none");
    r = RUN("", "--data", dir, "user", "role", "alice");
    says(&r, 2, "", "\"user role\" needs a role: full, read-only or none");
    r = RUN("", "--data", dir, "user", "role", "alice", "full", "now");
    says(&r, 2, "", "\"user role\" does not take \"now\"");
    r = RUN("", "--data", dir, "user", "role", "alice", "none");
    says(&r, 0, "alice@example.org is no administrator.\n", "");
    r = RUN("", "--data", dir, "user", "enable", "alice");
    says(&r, 0, "alice@example.org may sign in again.\n", "");
    r = RUN("", "--data", dir, "--json", "user", "show", "alice");
    says(&r, 0, "\"disabled\":false,", "");
    assert_null(strstr(r.out, "reason"));
    r = RUN("", "--data", dir, "user", "remove", "alice");
    says(&r, 0, "alice@example.org was removed.\n", "");
    r = RUN("", "--data", dir, "user", "remove", "alice");
    says(&r, 2, "", "linnetctl: There is no account alice@example.org.\n");
    assert_string_equal(r.err, "linnetctl: There is no account alice@example.org.\n");
    r = RUN("", "--data", dir, "--json", "user", "remove", "alice");
    says(&r, 2, "{\"error\":{\"code\":\"usage\",\"exit\":2,\"sentence\":", "");
}

static void warns_of_the_last_administrator(void **state)
{
    static const char warning[] = "linnetctl: nobody can change anything in the console any more; "
                                  "linnetctl user role NAME full "
                                  "gives it back.\n";
    const char *dir = ((struct control_fixture *)*state)->dir;
    struct run r;
    for (const char *const *name = (const char *const[]){"alice", "bob", NULL}; *name; name++) {
        RUN("secret\n", "--data", dir, "user", "add", *name, "--password-fd", "0");
        RUN("", "--data", dir, "user", "role", *name, "full");
    }
    r = RUN("", "--data", dir, "user", "role", "alice", "read-only");
    says(&r, 0, "alice@example.org is an administrator (read-only).\n", "");
    r = RUN("", "--data", dir, "user", "role", "bob", "none");
    says(&r, 0, "bob@example.org is no administrator.\n", warning);
    RUN("", "--data", dir, "user", "role", "bob", "full");
    r = RUN("", "--data", dir, "user", "disable", "bob");
    says(&r, 0, "bob@example.org may not sign in any more.\n", warning);
    RUN("", "--data", dir, "user", "enable", "bob");
    r = RUN("", "--data", dir, "--json", "user", "remove", "bob");
    says(&r, 0, "{\"jid\":\"bob@example.org\",\"last_admin\":true}\n", warning);
}

static void lists_and_revokes_tokens(void **state)
{
    const struct control_fixture *f = *state;
    struct run r = RUN("x\n", "--data", f->dir, "user", "add", "alice", "--password-fd", "0");
    says(&r, 0, "was added", "");
    r = RUN("", "--data", f->dir, "user", "tokens", "alice");
    says(&r, 0, "No tokens: each login needs the password.\n", "");
    assert_true(control_fixture_token(f, "alice", "phone", 1000000000));
    assert_true(control_fixture_token(f, "alice", "it's \"tv\"", 1000000000));
    r = RUN("", "--data", f->dir, "user", "tokens", "alice");
    says(&r, 0,
         "SOFTWARE  DEVICE  LAST LOGIN  EXPIRES           CLIENT\n"
         "Soft \"1\"          not yet     2101-08-16 01:46  it's \"tv\"\n"
         "Soft \"1\"          not yet     2101-08-16 01:46  phone\n",
         "");
    assert_null(strstr(r.out, "feedface"));
    r = RUN("", "--data", f->dir, "--json", "user", "tokens", "alice");
    says(&r, 0,
         "{\"client\":\"phone\",\"software\":\"Soft \\\"1\\\"\",\"mechanism\":"
         "\"HT-SHA-256-ENDP\",\"issued_s\":1000000000,\"used_s\":1000000000,"
         "\"expires_s\":4153600000,\"pending\":true}\n",
         "");
    assert_null(strstr(r.out, "feedface"));
    r = RUN("", "--data", f->dir, "user", "tokens", "alice", "--revoke", "it's \"tv\"");
    says(&r, 0, "alice@example.org has no token for that client any more.\n", "");
    r = RUN("", "--data", f->dir, "user", "tokens", "alice", "--revoke", "it's \"tv\"");
    says(&r, 2, "", "linnetctl: That client has no token of alice@example.org.\n");
    r = RUN("", "--data", f->dir, "user", "tokens", "alice", "--revoke", "");
    says(&r, 2, "", "No client has such an id");
    r = RUN("", "--data", f->dir, "user", "tokens", "alice", "--revoke", "\xff");
    says(&r, 2, "", "must be UTF-8"); /* and not: of all */
    r = RUN("", "--data", f->dir, "user", "disable", "alice", "--reason", "\xff");
    says(&r, 2, "", "must be UTF-8");
    r = RUN("", "--data", f->dir, "user", "tokens", "alice", "--revoke=all");
    says(&r, 0, "alice@example.org has no tokens any more.\n", "");
    r = RUN("", "--data", f->dir, "--json", "user", "tokens", "alice");
    says(&r, 0, "", "");
    assert_string_equal(r.out, "");
    r = RUN("", "--data", f->dir, "user", "logout", "alice");
    says(&r, 0, "alice@example.org is logged out everywhere.\n", "");
    r = RUN("", "--data", f->dir, "user", "logout", "bob");
    says(&r, 2, "", "There is no account bob@example.org.");
}

static void makes_passwords(void **state)
{
    const char *dir = ((struct control_fixture *)*state)->dir;
    struct run r = RUN("", "--data", dir, "user", "add", "bob", "--generate");
    says(&r, 0, "password: ", "");
    assert_int_equal(strcspn(r.out + 10, "\n"), 23);
    r = RUN("", "--data", dir, "user", "passwd", "bob", "--generate", "--json");
    says(&r, 0, "{\"jid\":\"bob@example.org\",\"password\":\"", "");
}

static void takes_private_password_files_only(void **state)
{
    const struct control_fixture *f = *state;
    char path[80];
    snprintf(path, sizeof path, "%s/password", f->dir);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    assert_int_equal(write(fd, "secret\nrest\n", 12), 12);
    close(fd);
    struct run r = RUN("", "--data", f->dir, "user", "add", "carol", "--password-file", path);
    says(&r, 0, "carol@example.org was added.\n", "");
    chmod(path, 0640);
    r = RUN("", "--data", f->dir, "user", "passwd", "carol", "--password-file", path);
    says(&r, 2, "", "chmod 600 it");
    chmod(path, 0600);
    assert_int_equal(truncate(path, 0), 0);
    r = RUN("", "--data", f->dir, "user", "passwd", "carol", "--password-file", path);
    says(&r, 2, "", "is empty");
    r = RUN("", "--data", f->dir, "user", "passwd", "carol", "--password-file", f->dir);
    says(&r, 2, "", "no regular file");
    unlink(path);
    r = RUN("", "--data", f->dir, "user", "passwd", "carol", "--password-file", path);
    says(&r, 2, "", "cannot be opened: No such file or directory");
    r = RUN("", "--data", f->dir, "user", "passwd", "carol");
    says(&r, 2, "", "There is no terminal");
    r = RUN("x", "--data", f->dir, "user", "passwd", "carol", "--generate", "--password-fd", "0");
    says(&r, 2, "", "Only one of");
}

static void lists_the_server(void **state)
{
    const char *dir = ((struct control_fixture *)*state)->dir;
    struct run r = RUN("", "--data", dir, "status");
    says(&r, 0,
         "version                  0\n"
         "uptime                   59s\n"
         "listening                127.0.0.1:1, [::1]:2\n"
         "certificate valid until  2100-01-01 00:00\n"
         "lag                      3 ms\n"
         "commit mean              1.2 ms\n"
         "\nloops:\n"
         "sessions  memory\n"
         "2         1.5 KiB\n"
         "0         0 B\n"
         "\nwarning: It is late.\nGo home.\n",
         "");
    r = RUN("", "--data", dir, "--json", "status");
    says(&r, 0, "{\"version\":\"0\",\"uptime_s\":59,\"listening\":[\"127.0.0.1:1\",\"[::1]:2\"],",
         "");
    r = RUN("", "--data", dir, "sessions");
    says(&r, 0,
         "SESSION               ADDRESS      CLIENT  TLS      MECHANISM  BINDING  FOR       IN     "
         "  "
         "OUT  LOOP\n"
         "alice@example.org/tv  127.0.0.1:9  Radio   TLSv1.3  PLAIN      -        1h 05min  2.0 "
         "KiB  "
         "-    0\n",
         "");
    r = RUN("", "--data", dir, "sessions", "--filter", "radio");
    says(&r, 0, "alice@example.org/tv", "");
    r = RUN("", "--data", dir, "status", "--filter", "radio");
    says(&r, 2, "", "\"status\" does not take --filter");
    r = RUN("", "--data", dir, "session", "close", "alice@example.org/tv");
    says(&r, 0, "alice@example.org/tv was closed.\n", "");
    r = RUN("", "--data", dir, "session", "close", "alice@example.org/radio");
    says(&r, 2, "", "linnetctl: no such session.\n");
    r = RUN("", "--data", dir, "session", "close", "alice");
    says(&r, 3, "", "\"alice\" is not a valid address");
    r = RUN("", "--data", dir, "session", "close", "\xff");
    says(&r, 2, "", "must be UTF-8");
    r = RUN("", "--data", dir, "settings");
    says(&r, 0, "domain                               example.org", "");
}

static void changes_settings(void **state)
{
    const char *dir = ((struct control_fixture *)*state)->dir;
    struct run r = RUN("", "--data", dir, "settings", "history");
    says(&r, 0, "Nothing was set while the server ran.\n", "");
    r = RUN("", "--data", dir, "settings", "set", "limits.idle_timeout_s", "3600");
    says(&r, 0, "limits.idle_timeout_s is \"1h\" from now on.\n", "");
    r = RUN("", "--data", dir, "settings", "set", "loops", "3");
    says(&r, 0, "loops is \"3\" from the next start on.\n", "");
    r = RUN("", "--data", dir, "settings");
    says(&r, 0, "0 (at the next start: 3)", "");
    r = RUN("", "--data", dir, "reload");
    says(&r, 0, "were read again.\nloops takes effect at the next start.\n", "");
    r = RUN("", "--data", dir, "--json", "settings", "reset", "loops");
    says(&r, 0, "{\"name\":\"loops\",\"value\":\"0\",\"applied\":true}\n", "");
    r = RUN("", "--data", dir, "settings", "history", "loops");
    says(&r, 0, "SETTING  BEFORE  AFTER\n", "");
    says(&r, 0, "  loops    3       -\n", "");
    says(&r, 0, "  loops    -       3\n", "");
    assert_null(strstr(r.out, "idle"));
    r = RUN("", "--data", dir, "settings", "set", "loops", "many");
    says(&r, 2, "", "linnetctl: loops: must be a whole number.\n");
    r = RUN("", "--data", dir, "settings", "set", "loops");
    says(&r, 2, "", "\"settings set\" needs a value");
    r = RUN("", "--data", dir, "settings", "reset");
    says(&r, 2, "", "\"settings reset\" needs the NAME of a setting");
    r = RUN("", "--data", dir, "settings", "set", "loops", "\xff");
    says(&r, 2, "", "must be UTF-8");
    r = RUN("", "--data", dir, "settings", "history", "loops", "more");
    says(&r, 2, "", "\"settings history\" does not take \"more\"");
}

static void shows_sign_ins(void **state)
{
    struct control_fixture *f = *state;
    struct run r = RUN("", "--data", f->dir, "logins");
    says(&r, 0, "No such sign-ins since the server started.\n", "");
    fixture_login(f, "juliet", true);
    fixture_login(f, "romeo", false);
    r = RUN("", "--data", f->dir, "logins");
    says(&r, 0,
         "2026-01-02 13:44:00  connection 7  juliet@example.org\n"
         "  connect      0 ms  [::]:0, STARTTLS\n"
         "  header       2 ms  example.org\n"
         "  secure      11 ms  TLSv1.3 TLS_X\n"
         "  sign in     33 ms  SCRAM-SHA-256\n"
         "  bind         9 ms  juliet@example.org/balcony\n"
         "  ready       55 ms  in all\n"
         "\n"
         "2026-01-02 13:44:00  connection 7  romeo@example.org\n"
         "  connect      0 ms  [::]:0, STARTTLS\n"
         "  header       2 ms  example.org\n"
         "  secure      11 ms  TLSv1.3 TLS_X\n"
         "  sign in   8033 ms  SCRAM-SHA-256, held for 8 s after wrong passwords, refused: "
         "not-authorized\n"
         "  sign in    failed  after 8055 ms in all\n"
         "\n"
         "  Wrong password\n"
         "    The password given for romeo@example.org was wrong.\n"
         "    If the person has forgotten it, ",
         "");
    r = RUN("", "--data", f->dir, "logins", "--failed", "--trace");
    says(&r, 0, "\n         1 ms  C: <auth>***</auth>\n", "");
    assert_null(strstr(r.out, "juliet"));
    r = RUN("", "--data", f->dir, "logins", "--user", "Juliet@example.org", "--json");
    says(&r, 0, "{\"id\":1,\"connection\":7,\"time_ms\":1767361440123,", "");
    assert_null(strstr(r.out, "romeo"));
    assert_null(strstr(r.out, "trace"));
    r = RUN("", "--data", f->dir, "logins", "--limit", "1");
    says(&r, 0, "romeo", "");
    assert_null(strstr(r.out, "juliet"));
    assert_string_equal(r.err, "");
    r = RUN("", "--data", f->dir, "logins", "--address", "192.0.2.");
    says(&r, 0, "No such sign-ins", "");
    r = RUN("", "--data", f->dir, "logins", "--limit", "0");
    says(&r, 2, "", "--limit takes a number from 1 to 1000");
    r = RUN("", "--data", f->dir, "status", "--failed");
    says(&r, 2, "", "\"status\" does not take options of \"logins\"");
    r = RUN("", "--data", f->dir, "logins", "--user", "a b");
    says(&r, 2, "", "user is none that an account could have");
    r = RUN("", "--data", f->dir, "logins", "--user", "\xff");
    says(&r, 2, "", "must be UTF-8"); /* and not: of all */
    r = RUN("", "--data", f->dir, "logins", "--address", "\xff");
    says(&r, 2, "", "must be UTF-8");
}

static void blocks_and_forgives(void **state)
{
    const struct control_fixture *f = *state;
    const char *dir = f->dir;
    const struct peer peer = {.ip = {{{[10] = 0xff, [11] = 0xff, [12] = 192, [14] = 2, [15] = 7}}}};
    struct run r = RUN("", "--data", dir, "block", "list");
    says(&r, 0, "No network is blocked.\n", "");
    r = RUN("", "--data", dir, "block", "add", "192.0.2.7", "--reason", "spam");
    says(&r, 0, "192.0.2.7/32 may not connect any more.\n", "");
    r = RUN("", "--data", dir, "block", "list");
    says(&r, 0, "NETWORK       SINCE             UNTIL     HITS  BY     ", "");
    says(&r, 0, "  for ever  0     uid ", "");
    r = RUN("", "--data", dir, "--json", "block", "remove", "192.0.2.7");
    says(&r, 0, "{\"network\":\"192.0.2.7/32\"}\n", "");
    r = RUN("", "--data", dir, "block", "add", "::1");
    says(&r, 2, "", "This machine itself");
    r = RUN("", "--data", dir, "block", "add");
    says(&r, 2, "", "needs the NETWORK, like 192.0.2.0/24");
    r = RUN("", "--data", dir, "block", "list", "--hours", "3");
    says(&r, 2, "", "\"block list\" does not take --hours");
    r = RUN("", "--data", dir, "block", "add", "192.0.2.7", "--hours", "3h");
    says(&r, 2, "", "--hours takes a number from 1 to 87840, not \"3h\"");
    for (int i = 0; i < 5; i++)
        throttle_failed(f->throttle, loop_now_ms(),
                        &(struct throttle_who){&peer, STR_LIT("alice")});
    r = RUN("", "--data", dir, "throttle");
    says(&r, 0, "address  192.0.2.7  5         1 s         0\n", "");
    r = RUN("", "--data", dir, "throttle", "forgive", "192.0.2.7");
    says(&r, 0, "192.0.2.7 owes nothing any more.\n", "");
    r = RUN("", "--data", dir, "--json", "throttle", "forgive", "alice");
    says(&r, 0, "{\"kind\":\"account\",\"who\":\"alice\",\"forgiven\":true}\n", "");
    r = RUN("", "--data", dir, "throttle");
    says(&r, 0, "Nobody has given a wrong password lately.\n", "");
    r = RUN("", "--data", dir, "mechanisms");
    says(&r, 0, "DIGEST-MD5          digest  no       yes   0       -\n", "");
    says(&r, 0, "Nobody has signed in with a weak mechanism.\n", "");
}

/* The row of a forgiveness is written behind its answer, but before the next change. */
static void shows_who_blocked_and_forgave(void **state)
{
    const struct control_fixture *f = *state;
    const char *dir = f->dir;
    const struct peer peer = {.ip = {{{[10] = 0xff, [11] = 0xff, [12] = 192, [14] = 2, [15] = 7}}}};
    char own[64];
    throttle_failed(f->throttle, loop_now_ms(), &(struct throttle_who){&peer, STR_LIT("alice")});
    RUN("", "--data", dir, "throttle", "forgive", "192.0.2.7");
    RUN("", "--data", dir, "throttle", "forgive", "alice");
    RUN("", "--data", dir, "throttle", "forgive", "alice"); /* owes nothing: is not there */
    RUN("", "--data", dir, "block", "add", "192.0.2.7", "--reason", "spam");
    RUN("", "--data", dir, "block", "remove", "192.0.2.7");
    RUN("", "--data", dir, "block", "remove", "192.0.2.7"); /* nor is what failed */
    struct run r = RUN("", "--data", dir, "audit");
    says(&r, 0, "block.removed      192.0.2.7/32       \n3 ", "");
    says(&r, 0, "block.added        192.0.2.7/32       spam (for ever)\n2 ", "");
    says(&r, 0, "throttle.forgiven  alice@example.org  \n1 ", "");
    says(&r, 0, "throttle.forgiven  192.0.2.7          \n", "");
    snprintf(own, sizeof own, "uid %lu", (unsigned long)getuid());
    r = RUN("", "--data", dir, "audit", "--action", "block.", "--actor", own);
    says(&r, 0, "\n4   ", "");
    assert_null(strstr(r.out, "throttle."));
}

static void refuses_what_it_does_not_know(void **state)
{
    const char *dir = ((struct control_fixture *)*state)->dir;
    struct run r = RUN("", "--data", dir);
    says(&r, 2, "", "A command is missing");
    r = RUN("", "fly");
    says(&r, 2, "", "There is no command \"fly\"");
    r = RUN("", "user", "fly");
    says(&r, 2, "", "There is no command \"user fly\"");
    r = RUN("", "user");
    says(&r, 2, "", "\"user\" needs another word");
    assert_null(strstr(r.err, "can be asked and how"));
    r = RUN("", "session", "close");
    says(&r, 2, "", "needs the JID of a session");
    r = RUN("", "session", "fly");
    says(&r, 2, "", "There is no command \"session fly\"");
    r = RUN("", "--fly", "status");
    says(&r, 2, "", "There is no option --fly");
    r = RUN("", "status", "--data");
    says(&r, 2, "", "--data needs a value");
    r = RUN("", "status", "alice");
    says(&r, 2, "", "\"status\" does not take \"alice\"");
    r = RUN("", "user", "add");
    says(&r, 2, "", "needs the NAME");
    r = RUN("", "user", "show", "a", "--generate");
    says(&r, 2, "", "does not take a password");
    r = RUN("", "user", "show", "a", "--reason", "x");
    says(&r, 2, "", "does not take --reason");
    r = RUN("", "user", "show", "a", "--revoke", "x");
    says(&r, 2, "", "does not take --revoke");
    r = RUN("", "user", "tokens", "a", "--revoke");
    says(&r, 2, "", "--revoke needs a value");
    r = RUN("", "user", "add", "a", "--password-fd", "x");
    says(&r, 2, "", "takes the number of a descriptor");
    r = RUN("", "--data", dir, "--socket", "x", "status");
    says(&r, 2, "", "Either --data or --socket");
    r = RUN("", "--data", dir, "user", "show", "a b");
    says(&r, 3, "", "\"a b\" is not a valid address");
}

static void tells_that_no_server_runs(void **state)
{
    (void)state;
    struct run r = RUN("", "--data", "/nonexistent", "status");
    says(&r, 11, "",
         "The server is not running: nobody answers at /nonexistent/control.sock\n"
         "Start it, for example: linnetd --data /nonexistent --set domain=");
    r = RUN("", "--socket", "/nonexistent/x", "--json", "status");
    says(&r, 11, "{\"error\":{\"code\":\"refused\",\"exit\":11,", "");
}

static void helps(void **state)
{
    (void)state;
    static const char *const commands[][2] = {
        {"user", "add"},      {"user", "passwd"},    {"user", "list"},
        {"user", "show"},     {"user", "remove"},    {"user", "disable"},
        {"user", "enable"},   {"user", "tokens"},    {"user", "logout"},
        {"status", NULL},     {"logins", NULL},      {"sessions", NULL},
        {"settings", NULL},   {"events", NULL},      {"session", "close"},
        {"settings", "set"},  {"settings", "reset"}, {"settings", "history"},
        {"reload", NULL},     {"block", "add"},      {"block", "remove"},
        {"block", "list"},    {"throttle", NULL},    {"throttle", "forgive"},
        {"mechanisms", NULL}, {"audit", NULL}};
    struct run r = RUN("", "--help");
    says(&r, 0, "Usage: linnetctl", "");
    r = RUN("", "help");
    says(&r, 0, "Usage: linnetctl", "");
    r = RUN("", "help", "user", "add");
    says(&r, 0, "linnetctl user add", "");
    r = RUN("", "--version");
    says(&r, 0, "linnetctl ", "");
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        const char *one = commands[i][0], *two = commands[i][1];
        r = two ? RUN("", one, two, "--help") : RUN("", one, "--help");
        says(&r, 0, "Examples:\n  ", "");
    }
    r = RUN("", "events", "--help");
    for (int kind = OPS_ACCOUNT_ADDED; kind <= OPS_LOGGED_OUT; kind++)
        says(&r, 0, ops_event_name((enum ops_event_kind)kind), "");
}

static void shows_who_changed_what(void **state)
{
    const char *dir = ((struct control_fixture *)*state)->dir;
    char own[64];
    struct run r = RUN("", "--data", dir, "audit");
    says(&r, 0, "Nothing of that kind is in the audit trail.\n", "");
    RUN("secret\n", "--data", dir, "user", "add", "alice", "--password-fd", "0");
    RUN("", "--data", dir, "user", "disable", "alice", "--reason", "on leave");
    r = RUN("", "--data", dir, "audit");
    says(&r, 0, "ID  TIME ", "");
    snprintf(own, sizeof own, "  uid %lu  -  ", (unsigned long)getuid());
    assert_non_null(strstr(strstr(r.out, "\n2   "), own));
    says(&r, 0, "account.disabled  alice@example.org  on leave\n1   ", "");
    says(&r, 0, "account.added     alice@example.org", "");
    r = RUN("", "--data", dir, "audit", "--limit", "1");
    says(&r, 0, "account.disabled", "linnetctl: there are older ones: --before 2\n");
    assert_null(strstr(r.out, "account.added"));
    r = RUN("", "--data", dir, "--json", "audit", "--before", "2");
    says(&r, 0, "{\"id\":1,\"time_s\":", "");
    says(&r, 0, "\"action\":\"account.added\",\"object\":\"alice@example.org\"}\n", "");
    snprintf(own, sizeof own, "uid %lu", (unsigned long)getuid());
    r = RUN("", "--data", dir, "audit", "--action", "account.d", "--object", "alice@example.org",
            "--actor", own);
    says(&r, 0, "\n2   ", "");
    assert_null(strstr(r.out, "\n1   "));
    r = RUN("", "--data", dir, "audit", "--actor", "uid 4294967294");
    says(&r, 0, "Nothing of that kind", "");
    r = RUN("", "--data", dir, "audit", "--before", "x");
    says(&r, 2, "", "--before takes the id of a row");
    r = RUN("", "--data", dir, "audit", "--object", "\xff");
    says(&r, 2, "", "The arguments must be UTF-8");
    r = RUN("", "--data", dir, "audit", "--failed");
    says(&r, 2, "", "\"audit\" does not take options of \"logins\"");
    r = RUN("", "--data", dir, "logins", "--object", "x");
    says(&r, 2, "", "\"logins\" does not take options of \"audit\"");
    r = RUN("", "--data", dir, "status", "--limit", "5");
    says(&r, 2, "", "\"status\" does not take --limit");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make, unmake)
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        TEST(runs_the_life_of_an_account),
        TEST(warns_of_the_last_administrator),
        TEST(lists_and_revokes_tokens),
        TEST(makes_passwords),
        TEST(takes_private_password_files_only),
        TEST(lists_the_server),
        TEST(changes_settings),
        TEST(shows_sign_ins),
        TEST(shows_who_changed_what),
        TEST(blocks_and_forgives),
        TEST(shows_who_blocked_and_forgave),
        TEST(refuses_what_it_does_not_know),
        cmocka_unit_test(tells_that_no_server_runs),
        cmocka_unit_test(helps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
