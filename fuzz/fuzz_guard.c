/* Any lines as what a browser sends to the console: Host, Origin, Cookie, a query, a body. What is
 * let in is ours by a second, plainer look. */
#include "guard.h"

#include <stdlib.h>
#include <strings.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool truth)
{
    if (!truth)
        abort();
}

static const char *const names[] = {"example.org", "*.example.com"};
static const struct guard_names kinds[] = {{0}, {true, names, ARRAY_LEN(names)}};

/* --- the plainer look --- */

static bool begins(const char *text, const char *with)
{
    return strncasecmp(text, with, strlen(with)) == 0;
}

static bool consists_of(const char *text, const char *characters)
{
    return strspn(text, characters) == strlen(text);
}

/* Loopback, and with TLS what is written in figures, or one of the names. */
static bool may_be_ours(const struct guard_names *ours, const char *host)
{
    bool near = begins(host, "localhost") || begins(host, "127.") || begins(host, "[::1]");
    bool address = consists_of(host, "0123456789.:") ||
                   (host[0] == '[' && consists_of(host, "0123456789abcdefABCDEF.:[]"));
    return ours->tls ? address || begins(host, "example.org") || strcasestr(host, ".example.com")
                     : near;
}

static void check_host(const struct guard_names *ours, const char *host, const char *origin)
{
    if (guard_host(ours, host)) {
        demand(may_be_ours(ours, host));
        demand(!strpbrk(host, "/@?#%\\ \t\r\n,;\"'<>"));
        demand(*host != '\0' && strlen(host) < 300);
    }
    if (guard_origin(ours, origin, host)) {
        demand(begins(origin, ours->tls ? "https://" : "http://"));
        demand(strcasecmp(strstr(origin, "://") + 3, host) == 0);
    }
}

/* What is found lies in the header, ends where a cookie ends, and is there once. */
static void check_cookie(const char *header)
{
    struct str value = guard_cookie(header, "linnet_session");
    if (!value.ptr)
        return;
    demand(value.ptr >= header + sizeof "linnet_session=" - 1);
    demand(value.ptr + value.len <= header + strlen(header));
    demand(!memchr(value.ptr, ';', value.len));
    demand(value.ptr[value.len] == ';' || value.ptr[value.len] == '\0');
    size_t name_len = sizeof "linnet_session=" - 1;
    demand(strncmp(value.ptr - name_len, "linnet_session=", name_len) == 0);
}

static void check_query(char *text)
{
    size_t len = strlen(text), escapes = 0;
    for (size_t i = 0; i < len; i++)
        escapes += text[i] == '%';
    if (guard_decode(text))
        demand(strlen(text) + 2 * escapes == len);
}

/* What fits within a depth fits within a greater one; without brackets there is none. */
static void check_body(struct str body)
{
    bool flat = !memchr(body.ptr, '{', body.len) && !memchr(body.ptr, '[', body.len);
    for (unsigned max = 0; max < 20; max++)
        demand(!guard_depth(body, max) || guard_depth(body, max + 1));
    demand(guard_depth(body, (unsigned)body.len));
    demand(!flat || guard_depth(body, 0));
    demand(flat || memchr(body.ptr, '"', body.len) || !guard_depth(body, 0));
}

/* The next line as a string of its own, so that a read past its end is seen. */
static char *take_line(struct str *rest)
{
    const char *end = memchr(rest->ptr, '\n', rest->len);
    size_t len = end ? (size_t)(end - rest->ptr) : rest->len;
    char *line = calloc(1, len + 1);
    demand(line != NULL);
    memcpy(line, rest->ptr, len);
    rest->ptr += len + (end != NULL);
    rest->len -= len + (end != NULL);
    return line;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str rest = str_of(size ? (const char *)data : "", size);
    char *host = take_line(&rest), *origin = take_line(&rest), *cookie = take_line(&rest);
    char *query = take_line(&rest);
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        check_host(&kinds[i], host, origin);
    check_cookie(cookie);
    check_query(query);
    check_body(rest);
    if (guard_json(origin))
        demand(begins(origin, "application/json"));
    free(host);
    free(origin);
    free(cookie);
    free(query);
    return 0;
}
