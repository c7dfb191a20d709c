/* One value of a setting: from text and back. */
#include "server/settings.h"

#include "core/jid.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

enum { TEXT_MAX_BYTES = 4096 };

struct unit_suffix {
    enum settings_unit unit;
    const char *suffix;
    int64_t factor;
};

/* The largest first, so that printing takes the shortest form. */
static const struct unit_suffix suffixes[] = {
    {SETTINGS_BYTES, "GiB", 1024 * 1024 * 1024},
    {SETTINGS_BYTES, "MiB", 1024 * 1024},
    {SETTINGS_BYTES, "KiB", 1024},
    {SETTINGS_BYTES, "B", 1},
    {SETTINGS_MS, "h", 3600 * 1000},
    {SETTINGS_MS, "min", 60 * 1000},
    {SETTINGS_MS, "s", 1000},
    {SETTINGS_MS, "ms", 1},
    {SETTINGS_S, "d", 86400},
    {SETTINGS_S, "h", 3600},
    {SETTINGS_S, "min", 60},
    {SETTINGS_S, "s", 1},
};

static bool refuse(char *reason, const char *why)
{
    snprintf(reason, SETTINGS_REASON_BYTES, "%s", why);
    return false;
}

static struct str trim(struct str s)
{
    while (s.len > 0 && isspace((unsigned char)s.ptr[0])) {
        s.ptr++;
        s.len--;
    }
    while (s.len > 0 && isspace((unsigned char)s.ptr[s.len - 1]))
        s.len--;
    return s;
}

static bool printable(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if ((unsigned char)s.ptr[i] < 0x20 || s.ptr[i] == 0x7f)
            return false;
    }
    return true;
}

static char *dup_str(struct str s)
{
    char *copy = malloc(s.len + 1);
    if (!copy)
        return NULL;
    if (s.len > 0)
        memcpy(copy, s.ptr, s.len);
    copy[s.len] = '\0';
    return copy;
}

/* --- whole numbers --- */

const char *settings_value_kind(const struct settings_row *row)
{
    switch (row->type) {
    case SETTINGS_PATH:
        return "a path";
    case SETTINGS_DOMAIN:
        return "a domain name";
    case SETTINGS_WORDS:
        return "names";
    case SETTINGS_LISTEN:
        return "addresses such as 127.0.0.1:5222, [::1]:5222 or *:5222";
    case SETTINGS_BOOL:
        return "true or false";
    case SETTINGS_CHOICE:
        return "one of its words";
    case SETTINGS_INT:
        break;
    }
    switch (row->unit) {
    case SETTINGS_BYTES:
        return "a number of bytes (B, KiB, MiB, GiB)";
    case SETTINGS_MS:
        return "a number of milliseconds (ms, s, min, h)";
    case SETTINGS_S:
        return "a number of seconds (s, min, h, d)";
    case SETTINGS_COUNT:
        break;
    }
    return "a whole number";
}

static int64_t suffix_factor(enum settings_unit unit, struct str suffix)
{
    if (suffix.len == 0)
        return 1;
    for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
        if (suffixes[i].unit == unit && str_is(suffix, suffixes[i].suffix))
            return suffixes[i].factor;
    }
    return 0;
}

static void print_int(enum settings_unit unit, int64_t value, struct buf *out)
{
    for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
        if (suffixes[i].unit == unit && value != 0 && value % suffixes[i].factor == 0 &&
            !(unit == SETTINGS_BYTES && suffixes[i].factor == 1)) {
            buf_printf(out, "%lld%s", (long long)(value / suffixes[i].factor), suffixes[i].suffix);
            return;
        }
    }
    buf_printf(out, "%lld", (long long)value);
}

static bool out_of_range(const struct settings_row *row, char *reason)
{
    struct buf range = {0};
    buf_cstr(&range, "must be from ");
    print_int(row->unit, row->min, &range);
    buf_cstr(&range, " to ");
    print_int(row->unit, row->max, &range);
    snprintf(reason, SETTINGS_REASON_BYTES, "%.*s", STR_ARG(buf_peek(&range)));
    buf_finish(&range);
    return false;
}

static bool parse_int(const struct settings_row *row, struct str text, int64_t *at, char *reason)
{
    size_t digits = 0;
    int64_t value = 0;
    bool negative = text.len > 0 && text.ptr[0] == '-';
    bool overflow = false;
    size_t first = negative ? 1 : 0;
    while (first + digits < text.len && isdigit((unsigned char)text.ptr[first + digits])) {
        int digit = text.ptr[first + digits++] - '0';
        overflow = overflow || __builtin_mul_overflow(value, 10, &value) ||
                   __builtin_add_overflow(value, digit, &value);
    }
    struct str suffix = trim(str_of(text.ptr + first + digits, text.len - first - digits));
    int64_t factor = suffix_factor(row->unit, suffix);
    if (digits == 0 || factor == 0) {
        snprintf(reason, SETTINGS_REASON_BYTES, "must be %s", settings_value_kind(row));
        return false;
    }
    overflow = overflow || __builtin_mul_overflow(value, factor, &value);
    if (overflow || negative || value < row->min || value > row->max)
        return out_of_range(row, reason);
    *at = value;
    return true;
}

/* --- true and false, choices --- */

static bool parse_bool(struct str text, bool *at, char *reason)
{
    static const char *const words[] = {"false", "true", "no", "yes", "off", "on"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (str_is(text, words[i])) {
            *at = i % 2 == 1;
            return true;
        }
    }
    return refuse(reason, "must be true or false");
}

static bool parse_choice(const struct settings_row *row, struct str text, int *at, char *reason)
{
    struct buf words = {0};
    for (int i = 0; row->choices[i]; i++) {
        if (str_is(text, row->choices[i])) {
            *at = i;
            buf_finish(&words);
            return true;
        }
        buf_printf(&words, "%s%s", i > 0 ? ", " : "", row->choices[i]);
    }
    snprintf(reason, SETTINGS_REASON_BYTES, "must be one of %.*s", STR_ARG(buf_peek(&words)));
    buf_finish(&words);
    return false;
}

/* --- strings --- */

static bool parse_string(const struct settings_row *row, struct str text, char **at, char *reason)
{
    char domain[JID_PART_MAX_BYTES + 1];
    if (row->type == SETTINGS_DOMAIN && text.len > 0) {
        size_t len;
        enum jid_fault fault = jid_prepare_domain(text, domain, &len);
        if (fault != JID_OK)
            return refuse(reason, jid_fault_text(fault));
        text = str_of(domain, len);
    }
    char *copy = dup_str(text);
    if (!copy)
        return refuse(reason, "out of memory");
    free(*at);
    *at = copy;
    return true;
}

/* --- lists --- */

/* Cuts the next item off `rest`: items are separated by commas and white space. */
static struct str next_item(struct str *rest)
{
    size_t i = 0;
    while (i < rest->len && (rest->ptr[i] == ',' || isspace((unsigned char)rest->ptr[i])))
        i++;
    size_t start = i;
    while (i < rest->len && rest->ptr[i] != ',' && !isspace((unsigned char)rest->ptr[i]))
        i++;
    struct str item = str_of(rest->ptr + start, i - start);
    *rest = str_of(rest->ptr + i, rest->len - i);
    return item;
}

static size_t item_count(struct str text)
{
    size_t count = 0;
    while (next_item(&text).len > 0)
        count++;
    return count;
}

static bool parse_address(struct str item, struct settings_address *ret, char *reason)
{
    *ret = (struct settings_address){0};
    const char *colon = memrchr(item.ptr, ':', item.len);
    if (!colon)
        return refuse(reason, "an address needs a port: 127.0.0.1:5222, [::1]:5222 or *:5222");
    struct str host = str_of(item.ptr, (size_t)(colon - item.ptr));
    struct str port = str_of(colon + 1, item.len - host.len - 1);

    const struct settings_row range = {.type = SETTINGS_INT, .max = 65535};
    int64_t number;
    if (!parse_int(&range, port, &number, reason))
        return refuse(reason, "the port must be from 0 to 65535");
    ret->port = (uint16_t)number;

    bool bracketed = host.len >= 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']';
    if (bracketed)
        host = str_of(host.ptr + 1, host.len - 2);
    if (host.len == 0 || host.len >= sizeof ret->host)
        return refuse(reason, "the part before the port must be an IP address, or * for all");
    memcpy(ret->host, host.ptr, host.len);

    struct in6_addr ignored;
    if (inet_pton(bracketed ? AF_INET6 : AF_INET, ret->host, &ignored) == 1 ||
        (!bracketed && str_is(host, "*")))
        return true;
    if (!bracketed && inet_pton(AF_INET6, ret->host, &ignored) == 1)
        return refuse(reason, "an IPv6 address stands in brackets: [::1]:5222");
    return refuse(reason, "the part before the port must be an IP address, or * for all");
}

static bool parse_listen(struct str text, struct settings_listen *at, char *reason)
{
    struct settings_listen list = {.count = item_count(text)};
    if (list.count > SETTINGS_ITEMS_MAX)
        return refuse(reason, "lists more than 64 items");
    list.items = calloc(list.count + 1, sizeof *list.items);
    if (!list.items)
        return refuse(reason, "out of memory");
    for (size_t i = 0; i < list.count; i++) {
        if (!parse_address(next_item(&text), &list.items[i], reason)) {
            free(list.items);
            return false;
        }
    }
    free(at->items);
    *at = list;
    return true;
}

static void free_texts(struct settings_texts *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i]);
    free(list->items);
    *list = (struct settings_texts){0};
}

static bool parse_text_item(const struct settings_row *row, struct str item, char **ret,
                            char *reason)
{
    const char *wrong = row->check ? row->check(item) : NULL;
    if (wrong) {
        snprintf(reason, SETTINGS_REASON_BYTES, "\"%.*s\" %s", STR_ARG(item), wrong);
        return false;
    }
    *ret = dup_str(item);
    return *ret ? true : refuse(reason, "out of memory");
}

static bool parse_texts(const struct settings_row *row, struct str text, struct settings_texts *at,
                        char *reason)
{
    struct settings_texts list = {0};
    size_t count = item_count(text);
    if (count > SETTINGS_ITEMS_MAX)
        return refuse(reason, "lists more than 64 items");
    list.items = calloc(count + 1, sizeof *list.items);
    if (!list.items)
        return refuse(reason, "out of memory");
    for (; list.count < count; list.count++) {
        if (!parse_text_item(row, next_item(&text), &list.items[list.count], reason)) {
            free_texts(&list);
            return false;
        }
    }
    free_texts(at);
    *at = list;
    return true;
}

/* --- any --- */

bool settings_value_parse(const struct settings_row *row, struct str text, void *at,
                          char reason[SETTINGS_REASON_BYTES])
{
    text = trim(text);
    if (text.len > TEXT_MAX_BYTES)
        return refuse(reason, "is longer than 4096 bytes");
    if (!printable(text))
        return refuse(reason, "holds a control character");
    switch (row->type) {
    case SETTINGS_PATH:
    case SETTINGS_DOMAIN:
        return parse_string(row, text, at, reason);
    case SETTINGS_WORDS:
        return parse_texts(row, text, at, reason);
    case SETTINGS_LISTEN:
        return parse_listen(text, at, reason);
    case SETTINGS_BOOL:
        return parse_bool(text, at, reason);
    case SETTINGS_INT:
        return parse_int(row, text, at, reason);
    case SETTINGS_CHOICE:
        return parse_choice(row, text, at, reason);
    }
    return refuse(reason, "has no type");
}

static void print_address(const struct settings_address *a, struct buf *out)
{
    bool brackets = strchr(a->host, ':');
    buf_printf(out, "%s%s%s:%u", brackets ? "[" : "", a->host, brackets ? "]" : "", a->port);
}

static void print_texts(const struct settings_texts *list, struct buf *out)
{
    for (size_t i = 0; i < list->count; i++)
        buf_printf(out, "%s%s", i > 0 ? ", " : "", list->items[i]);
}

static void print_listen(const struct settings_listen *list, struct buf *out)
{
    for (size_t i = 0; i < list->count; i++) {
        buf_cstr(out, i > 0 ? ", " : "");
        print_address(&list->items[i], out);
    }
}

void settings_value_print(const struct settings_row *row, const void *at, struct buf *out)
{
    switch (row->type) {
    case SETTINGS_PATH:
    case SETTINGS_DOMAIN: {
        const char *text = *(char *const *)at;
        buf_cstr(out, text ? text : "");
        return;
    }
    case SETTINGS_WORDS:
        print_texts(at, out);
        return;
    case SETTINGS_LISTEN:
        print_listen(at, out);
        return;
    case SETTINGS_BOOL:
        buf_cstr(out, *(const bool *)at ? "true" : "false");
        return;
    case SETTINGS_INT:
        print_int(row->unit, *(const int64_t *)at, out);
        return;
    case SETTINGS_CHOICE:
        buf_cstr(out, row->choices[*(const int *)at]);
        return;
    }
}

void settings_value_finish(const struct settings_row *row, void *at)
{
    switch (row->type) {
    case SETTINGS_PATH:
    case SETTINGS_DOMAIN:
        free(*(char **)at);
        *(char **)at = NULL;
        return;
    case SETTINGS_WORDS:
        free_texts(at);
        return;
    case SETTINGS_LISTEN:
        free(((struct settings_listen *)at)->items);
        *(struct settings_listen *)at = (struct settings_listen){0};
        return;
    case SETTINGS_BOOL:
    case SETTINGS_INT:
    case SETTINGS_CHOICE:
        return;
    }
}
