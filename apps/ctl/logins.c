#include "logins.h"

#include "../cli/output.h"
#include "ask.h"
#include "table.h"

#include <stdio.h>

/* Each sign-in as the ladder of its stages, as `linnet login` prints its own; then what went wrong
 * and what to do. */

enum { LIMIT = 20 };

/* ---- the ladder ---- */

/* The parts that are there, with commas between them. */
static void add_parts(struct buf *to, const char *const *parts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (parts[i][0])
            buf_printf(to, "%s%s", buf_len(to) > 0 ? ", " : "", parts[i]);
}

static void add_tls(struct buf *to, const json_t *tls)
{
    buf_printf(to, "%s %s", text_of(tls, "version"), text_of(tls, "cipher"));
    add_parts(to, (const char *[]){is(tls, "resumed") ? "resumed" : ""}, 1);
}

static void add_attempt(struct buf *to, const json_t *step)
{
    const char *condition = text_of(step, "condition"), *reason = text_of(step, "reason");
    json_int_t held_ms = number_of(step, "held_ms");
    add_parts(to, (const char *[]){text_of(step, "mechanism"), text_of(step, "binding")}, 2);
    if (held_ms > 0)
        buf_printf(to, ", held for %.0f s after wrong passwords", (double)held_ms / 1000);
    if (!is(step, "ok"))
        buf_printf(to, "%srefused: %s%s%s", buf_len(to) > 0 ? ", " : "", condition,
                   reason[0] ? ", " : "", reason);
}

static void add_detail(struct buf *to, const json_t *record, const json_t *step)
{
    const char *stage = text_of(step, "stage");
    const char *port = is(record, "direct_tls") ? "direct TLS" : "STARTTLS";
    if (cstr_eq(stage, "connect"))
        add_parts(to, (const char *[]){text_of(record, "address"), port}, 2);
    else if (cstr_eq(stage, "header"))
        buf_cstr(to, text_of(record, "domain"));
    else if (cstr_eq(stage, "secure"))
        add_tls(to, json_object_get(record, "tls"));
    else if (cstr_eq(stage, "bind") && is(step, "ok"))
        add_parts(to, (const char *[]){text_of(record, "jid"), text_of(record, "software")}, 2);
    else
        add_attempt(to, step);
}

enum { DETAIL_COLUMN = 21 };

static void print_detail(const json_t *record, const json_t *step)
{
    struct buf text = {0};
    add_detail(&text, record, step);
    buf_byte(&text, '\0');
    output_wrapped(stdout, DETAIL_COLUMN, text.failed ? "(out of memory)" : buf_peek(&text).ptr);
    buf_finish(&text);
}

static void print_rung(const char *colour, const char *name, json_int_t ms)
{
    printf("  %s%-8s%s %5" JSON_INTEGER_FORMAT " ms  ", colour, name, output_plain(stdout), ms);
}

static void print_steps(const json_t *record)
{
    size_t i;
    json_t *step;
    json_int_t before_ms = 0;
    json_array_foreach(json_object_get(record, "steps"), i, step)
    {
        json_int_t at_ms = number_of(step, "at_ms");
        print_rung(is(step, "ok") ? output_green(stdout) : output_red(stdout),
                   text_of(step, "stage"), at_ms - before_ms);
        print_detail(record, step);
        before_ms = at_ms;
    }
}

static void print_heading(const json_t *record)
{
    char when[TABLE_NUMBER_BYTES];
    const char *user = text_of(record, "user");
    table_clock(number_of(record, "time_ms") / 1000, when);
    printf("%s%s%s  connection %" JSON_INTEGER_FORMAT "  ", output_bold(stdout), when,
           output_plain(stdout), number_of(record, "connection"));
    if (*user) {
        output_printable(stdout, user);
        printf("@%s", text_of(record, "domain"));
    } else {
        fputs("(no user name)", stdout);
    }
    putchar('\n');
}

static void print_failure(const json_t *record)
{
    const json_t *failure = json_object_get(record, "failure");
    printf("  %s%-8s   failed%s  after %" JSON_INTEGER_FORMAT " ms in all\n\n", output_red(stdout),
           text_of(failure, "stage"), output_plain(stdout), number_of(record, "total_ms"));
    printf("  %s%s%s\n    ", output_red(stdout), text_of(failure, "heading"), output_plain(stdout));
    output_wrapped(stdout, 4, text_of(failure, "sentence"));
    fputs("    ", stdout);
    output_wrapped(stdout, 4, text_of(failure, "remedy"));
}

static void print_trace(const char *trace)
{
    if (*trace)
        puts("");
    while (*trace) {
        size_t len = strcspn(trace, "\n");
        fputs("    ", stdout);
        output_printable_bytes(stdout, trace, len);
        putchar('\n');
        trace += len + (trace[len] == '\n');
    }
}

/* How the login was shorter than that of RFC 6120, which is not worth a word. */
static const char *shortcut_of(const json_t *record)
{
    static const char *const shortcuts[][2] = {{"sasl2", ", with SASL2"},
                                               {"fast", ", with a token (FAST)"},
                                               {"early", ", with a token in early data"},
                                               {"resumed", ", the session before goes on"}};
    for (size_t i = 0; i < ARRAY_LEN(shortcuts); i++)
        if (cstr_eq(text_of(record, "path"), shortcuts[i][0]))
            return shortcuts[i][1];
    return "";
}

static void print_record(const struct ctl *ctl, json_t *record)
{
    if (ctl->options.json) {
        print_json(record);
        return;
    }
    print_heading(record);
    print_steps(record);
    if (is(record, "ok")) {
        print_rung(output_green(stdout), "ready", number_of(record, "total_ms"));
        printf("in all%s\n", shortcut_of(record));
    } else {
        print_failure(record);
    }
    print_trace(text_of(record, "trace"));
    putchar('\n');
}

/* ---- asking ---- */

/* NULL when an argument is not UTF-8. */
static json_t *query(const struct ctl *ctl)
{
    const struct ctl_options *o = &ctl->options;
    return json_pack("{s:b,s:b,s:s*,s:s*}", "failed", o->failed, "trace", o->trace, "user", o->user,
                     "address", o->address);
}

static enum linnet_error_code show(struct ctl *ctl)
{
    size_t i;
    json_t *args = query(ctl), *result, *record;
    json_int_t limit = ctl->options.limit ? ctl->options.limit : LIMIT;
    if (args)
        json_object_set_new(args, "limit", json_integer(limit));
    enum linnet_error_code code = ask(ctl, "logins.list", args, &result);
    if (code != LINNET_OK)
        return code;
    const json_t *records = json_object_get(result, "logins");
    json_array_foreach(records, i, record) print_record(ctl, record);
    if (!ctl->options.json && !ctl->options.follow && json_array_size(records) == 0)
        puts("No such sign-ins since the server started.");
    if (is(result, "more") && !ctl->options.limit) /* who said how many knows that there are more */
        fprintf(stderr, "linnetctl: there are older ones; --limit shows more of them.\n");
    json_decref(result);
    return code;
}

static enum linnet_error_code follow(struct ctl *ctl)
{
    json_t *result;
    enum linnet_error_code code = ask(ctl, "logins.follow", query(ctl), &result);
    json_decref(result);
    while (code == LINNET_OK) {
        json_t *event;
        fflush(stdout);
        code = control_client_event(ctl->client, &event, &ctl->error);
        if (code == LINNET_OK && cstr_eq(text_of(event, "event"), "login"))
            print_record(ctl, json_object_get(event, "data"));
        json_decref(event);
    }
    return code;
}

enum linnet_error_code logins(struct ctl *ctl)
{
    enum linnet_error_code code = LINNET_OK;
    if (!ctl->options.follow || ctl->options.limit)
        code = show(ctl);
    if (code == LINNET_OK && ctl->options.follow)
        code = follow(ctl);
    return code;
}
