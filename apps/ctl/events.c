#include "events.h"

#include "ask.h"
#include "table.h"

#include <stdio.h>

/* As it stands, or in quotes where it would run into what follows. */
static void print_quoted(const char *text)
{
    bool plain = *text && !strpbrk(text, " \"\\=");
    if (plain) {
        fputs(text, stdout);
        return;
    }
    putchar('"');
    for (; *text; text++)
        printf(*text == '"' || *text == '\\' ? "\\%c" : "%c", *text);
    putchar('"');
}

static void print_event(const struct ctl *ctl, json_t *event)
{
    const char *name;
    json_t *value;
    if (ctl->options.json) {
        print_json(event);
        return;
    }
    char when[TABLE_NUMBER_BYTES];
    table_clock(json_integer_value(json_object_get(event, "time_s")), when);
    printf("%s %s", when, text_of(event, "event"));
    json_object_foreach(json_object_get(event, "data"), name, value)
    {
        char text[512];
        const char *s = json_string_value(value);
        error_copy_text(text, sizeof text, str_from(s ? s : ""));
        if (json_is_integer(value))
            snprintf(text, sizeof text, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        printf(" %s=", name);
        print_quoted(text);
    }
    putchar('\n');
}

enum linnet_error_code events(struct ctl *ctl)
{
    json_t *result;
    enum linnet_error_code code = ask(ctl, "events.follow", json_object(), &result);
    json_decref(result);
    while (code == LINNET_OK) {
        json_t *event;
        code = control_client_event(ctl->client, &event, &ctl->error);
        if (code == LINNET_OK) {
            print_event(ctl, event);
            fflush(stdout);
            json_decref(event);
        }
    }
    return code;
}
