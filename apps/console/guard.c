#include "guard.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <strings.h>

enum { HOST_MAX_BYTES = 254 };   /* of arrays, with the NUL: the longest name of DNS */
enum { LENGTH_MAX_DIGITS = 18 }; /* what any 64-bit number holds */

static bool is_port(const char *text)
{
    if (*text != ':')
        return *text == '\0';
    size_t digits = strspn(text + 1, "0123456789");
    return digits >= 1 && digits <= 5 && text[1 + digits] == '\0';
}

/* Cuts the port off; an IPv6 address loses its brackets, and *ret_v6 says so. */
static bool take_host(const char *host, char out[HOST_MAX_BYTES], bool *ret_v6)
{
    *ret_v6 = host[0] == '[';
    const char *from = host + *ret_v6;
    size_t len = strcspn(from, *ret_v6 ? "]" : ":");
    if (len == 0 || len >= HOST_MAX_BYTES || (*ret_v6 && from[len] != ']'))
        return false;
    memcpy(out, from, len);
    out[len] = '\0';
    return is_port(from + len + *ret_v6);
}

static bool is_loopback(const char *host, bool v6)
{
    struct in_addr address;
    if (v6)
        return strcmp(host, "::1") == 0;
    return strcasecmp(host, "localhost") == 0 ||
           (inet_pton(AF_INET, host, &address) == 1 && ntohl(address.s_addr) >> 24 == 127);
}

static bool is_address(const char *host, bool v6)
{
    struct in6_addr address;
    return inet_pton(v6 ? AF_INET6 : AF_INET, host, &address) == 1;
}

/* "*.example.org" is for one label more than "example.org" (RFC 6125 §6.4.3). */
static bool is_named(const struct guard_names *ours, const char *host)
{
    static const char characters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
    const char *dot = strchr(host, '.');
    if (host[strspn(host, characters)] != '\0')
        return false;
    for (size_t i = 0; i < ours->count; i++) {
        const char *name = ours->names[i];
        bool wild = name[0] == '*' && name[1] == '.';
        if (wild ? dot && dot > host && strcasecmp(name + 1, dot) == 0
                 : strcasecmp(name, host) == 0)
            return true;
    }
    return false;
}

bool guard_host(const struct guard_names *ours, const char *host)
{
    char name[HOST_MAX_BYTES];
    bool v6;
    if (!host || !take_host(host, name, &v6))
        return false;
    if (!ours->tls)
        return is_loopback(name, v6);
    return is_address(name, v6) || (!v6 && is_named(ours, name));
}

bool guard_origin(const struct guard_names *ours, const char *origin, const char *host)
{
    const char *scheme = ours->tls ? "https://" : "http://";
    size_t len = strlen(scheme);
    return strncasecmp(origin, scheme, len) == 0 && strcasecmp(origin + len, host) == 0;
}

bool guard_site(const char *value)
{
    return !value || cstr_eq(value, "same-origin") || cstr_eq(value, "none");
}

/* RFC 9110 §5.6.2 */
static bool is_token(const char *text)
{
    static const char characters[] =
        "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    size_t len = strspn(text, characters);
    return len > 0 && text[len] == '\0';
}

static bool has_controls(const char *text)
{
    for (; *text; text++)
        if (((unsigned char)*text < ' ' && *text != '\t') || *text == 127)
            return true;
    return false;
}

static bool is_length(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    return digits > 0 && digits <= LENGTH_MAX_DIGITS && text[digits] == '\0';
}

void guard_frame_take(struct guard_frame *frame, const char *name, const char *value)
{
    bool length = strcasecmp(name, "Content-Length") == 0;
    frame->lengths += length;
    if (frame->lengths > 1 || (length && !is_length(value)) ||
        strcasecmp(name, "Transfer-Encoding") == 0 || !is_token(name) || has_controls(value))
        frame->unclear = true;
}

bool guard_json(const char *content_type)
{
    static const char *const types[] = {"application/json", "application/json; charset=utf-8",
                                        "application/json;charset=utf-8"};
    for (size_t i = 0; content_type && i < ARRAY_LEN(types); i++)
        if (strcasecmp(content_type, types[i]) == 0)
            return true;
    return false;
}

struct str guard_cookie(const char *header, const char *name)
{
    struct str found = STR_NONE;
    size_t name_len = strlen(name);
    while (header && *header) {
        header += strspn(header, "; ");
        size_t len = strcspn(header, ";");
        if (len > name_len && header[name_len] == '=' && strncmp(header, name, name_len) == 0) {
            if (found.ptr)
                return STR_NONE;
            found = str_of(header + name_len + 1, len - name_len - 1);
        }
        header += len;
    }
    return found;
}

bool guard_depth(struct str json, unsigned max)
{
    unsigned depth = 0;
    bool quoted = false;
    for (size_t i = 0; i < json.len; i++) {
        char c = json.ptr[i];
        if (quoted && c == '\\')
            i++;
        else if (c == '"')
            quoted = !quoted;
        else if (!quoted && (c == '{' || c == '[') && ++depth > max)
            return false;
        else if (!quoted && (c == '}' || c == ']') && depth > 0)
            depth--;
    }
    return true;
}

static int digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c ? strchr(digits, c >= 'A' && c <= 'F' ? c + 'a' - 'A' : c) : NULL;
    return at ? (int)(at - digits) : -1;
}

bool guard_decode(char *text)
{
    char *to = text;
    for (const char *from = text; *from; from++) {
        char c = *from;
        if (c == '+') {
            c = ' ';
        } else if (c == '%') {
            int high = digit(from[1]), low = high < 0 ? -1 : digit(from[2]);
            if (low < 0 || high + low == 0)
                return false;
            c = (char)(high << 4 | low);
            from += 2;
        }
        *to++ = c;
    }
    *to = '\0';
    return true;
}
