/* The table as a file for --print-config, and as a section of the manual. */
#include "server/settings.h"

#include <ctype.h>
#include <stdio.h>

/* The group of "c2s.listen" is "c2s"; of "domain", "". */
static struct str group_of(const struct settings_row *row)
{
    const char *dot = strchr(row->name, '.');
    return dot ? str_of(row->name, (size_t)(dot - row->name)) : STR_LIT("");
}

/* Wraps `text` at 96 columns, each line begun by `lead`. */
static void print_wrapped(struct buf *out, const char *lead, const char *text)
{
    enum { COLUMNS = 96 };
    while (*text) {
        size_t room = COLUMNS - strlen(lead), len = strlen(text);
        if (len > room) {
            for (len = room; len > 0 && text[len] != ' '; len--)
                ;
        }
        buf_printf(out, "%s%.*s\n", lead, (int)len, text);
        text += len;
        while (*text == ' ')
            text++;
    }
}

/* A string of libconfig. */
static void print_quoted(struct buf *out, struct str text)
{
    buf_byte(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '"' || text.ptr[i] == '\\')
            buf_byte(out, '\\');
        buf_byte(out, (uint8_t)text.ptr[i]);
    }
    buf_byte(out, '"');
}

static void print_value(struct buf *out, const struct settings_row *row, struct str text)
{
    bool digits = text.len > 0 && strspn(text.ptr, "0123456789") >= text.len;
    if (row->type == SETTINGS_BOOL || (row->type == SETTINGS_INT && digits)) {
        buf_str(out, text);
        return;
    }
    if (!settings_is_list(row)) {
        print_quoted(out, text);
        return;
    }
    buf_cstr(out, "[");
    for (size_t start = 0; start < text.len;) {
        const char *comma = memmem(text.ptr + start, text.len - start, ", ", 2);
        size_t end = comma ? (size_t)(comma - text.ptr) : text.len;
        buf_cstr(out, start > 0 ? ", " : "");
        print_quoted(out, str_of(text.ptr + start, end - start));
        start = comma ? end + 2 : end;
    }
    buf_cstr(out, "]");
}

const char *settings_source_name(enum settings_source source)
{
    static const char *const names[] = {"default", "console", "file", "environment", "argument"};
    return names[source];
}

/* "LINNETD_C2S_LISTEN" of "c2s.listen". */
static void print_variable(struct buf *out, const char *name)
{
    buf_cstr(out, "LINNETD_");
    for (; *name; name++)
        buf_byte(out, *name == '.' ? '_' : (uint8_t)toupper((unsigned char)*name));
}

bool settings_fixed_by(const struct settings *s, size_t index, struct buf *out)
{
    const struct settings_row *row = settings_row_at(index);
    struct settings_origin origin = s->next_origin[index];
    switch (origin.source) {
    case SETTINGS_FILE:
        buf_printf(out, "%s:%u", s->file, origin.line);
        return true;
    case SETTINGS_ENVIRONMENT:
        print_variable(out, row->name);
        return true;
    case SETTINGS_ARGUMENT:
        buf_cstr(out, "--set");
        return true;
    case SETTINGS_DEFAULT:
    case SETTINGS_CONSOLE:
        break;
    }
    buf_cstr(out, row->machine ? "machine" : "");
    return row->machine;
}

static void print_origin(struct buf *out, const struct settings *s, size_t index)
{
    struct settings_origin origin = s->origin[index];
    if (settings_row_at(index)->offset == offsetof(struct settings, domain) && !s->domain[0])
        buf_cstr(out, " # must be set\n");
    else if (origin.source == SETTINGS_FILE)
        buf_printf(out, " # %s:%u\n", s->file, origin.line);
    else
        buf_printf(out, " # %s\n", settings_source_name(origin.source));
}

static void print_row(struct buf *out, const struct settings *s, size_t index)
{
    const struct settings_row *row = settings_row_at(index);
    struct str group = group_of(row);
    const char *indent = group.len ? "    " : "";
    print_wrapped(out, group.len ? "    # " : "# ", row->help);
    struct buf text = {0};
    settings_value_print(row, (const char *)s + row->offset, &text);
    buf_byte(&text, '\0');
    buf_printf(out, "%s%s = ", indent, row->name + (group.len ? group.len + 1 : 0));
    print_value(out, row, str_from(text.failed ? "" : buf_peek(&text).ptr));
    buf_cstr(out, ";");
    print_origin(out, s, index);
    out->failed = out->failed || text.failed;
    buf_finish(&text);
}

void settings_print_config(const struct settings *s, struct buf *out)
{
    const struct settings_row *row;
    struct str open = STR_LIT("");
    for (size_t i = 0; (row = settings_row_at(i)); i++) {
        struct str group = group_of(row);
        if (!str_eq(group, open)) {
            buf_cstr(out, open.len ? "};\n" : "");
            buf_printf(out, "\n%.*s: {\n", STR_ARG(group));
            open = group;
        } else {
            buf_cstr(out, i > 0 ? "\n" : "");
        }
        print_row(out, s, i);
    }
    buf_cstr(out, open.len ? "};\n" : "");
}

/* scdoc takes '_', '*' and '\' for markup. */
static void print_scdoc(struct buf *out, const char *text)
{
    for (; *text; text++) {
        if (strchr("_*\\<>[]#~", *text))
            buf_byte(out, '\\');
        buf_byte(out, (uint8_t)*text);
    }
}

/* The default in the notation of --print-config. */
static void print_fallback(struct buf *out, const struct settings_row *row)
{
    int64_t number;
    char reason[SETTINGS_REASON_BYTES];
    if (row->type == SETTINGS_INT &&
        settings_value_parse(row, str_from(row->fallback), &number, reason))
        settings_value_print(row, &number, out);
    else
        print_scdoc(out, row->fallback[0] ? row->fallback : "none");
}

static void print_range(struct buf *out, const struct settings_row *row)
{
    buf_cstr(out, ", from ");
    settings_value_print(row, &row->min, out);
    buf_cstr(out, " to ");
    settings_value_print(row, &row->max, out);
}

static void print_manual_row(struct buf *out, const struct settings_row *row)
{
    buf_byte(out, '*');
    print_scdoc(out, row->name);
    buf_cstr(out, "*\n\t");
    print_scdoc(out, row->help);
    buf_cstr(out, " Takes ");
    if (row->type == SETTINGS_CHOICE) {
        for (size_t i = 0; row->choices[i]; i++) {
            buf_cstr(out, i == 0 ? "" : row->choices[i + 1] ? ", " : " or ");
            print_scdoc(out, row->choices[i]);
        }
    } else {
        print_scdoc(out, settings_value_kind(row));
    }
    if (row->type == SETTINGS_INT)
        print_range(out, row);
    buf_cstr(out, ". Default: ");
    print_fallback(out, row);
    buf_cstr(out, row->live ? ". Taken over on SIGHUP." : ".");
    buf_cstr(out, row->machine ? " Not to be set while the server runs.\n\n" : "\n\n");
}

void settings_print_manual(struct buf *out)
{
    const struct settings_row *row;
    buf_cstr(out,
             "# SETTINGS\n\n"
             "Each is set in the file (libconfig; the name before the dot is a group), by an\n"
             "environment variable (*LINNETD\\_C2S\\_LISTEN* for *c2s.listen*), or by\n"
             "*--set* _name_=_value_; the last wins. Lists are separated by commas. What is set\n"
             "while the server runs (*linnetctl settings set*, the web console) is kept in the\n"
             "database; it goes before the default, and all the others go before it.\n\n");
    for (size_t i = 0; (row = settings_row_at(i)); i++)
        print_manual_row(out, row);
}
