#include "guard.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <strings.h>

static bool is_port(const char *text)
{
    if (*text != ':')
        return *text == '\0';
    size_t digits = strspn(text + 1, "0123456789");
    return digits >= 1 && digits <= 5 && text[1 + digits] == '\0';
}

static bool is_loopback(const char *ip)
{
    struct in_addr address;
    return inet_pton(AF_INET, ip, &address) == 1 && ntohl(address.s_addr) >> 24 == 127;
}

bool guard_host(const char *host)
{
    static const char *const names[] = {"localhost", "[::1]"};
    char ip[INET_ADDRSTRLEN] = "";
    if (!host)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        size_t len = strlen(names[i]);
        if (strncasecmp(host, names[i], len) == 0)
            return is_port(host + len);
    }
    size_t len = strcspn(host, ":");
    if (len == 0 || len >= sizeof ip)
        return false;
    memcpy(ip, host, len);
    return is_loopback(ip) && is_port(host + len);
}

bool guard_origin(const char *origin, const char *host)
{
    static const char scheme[] = "http://";
    size_t len = sizeof scheme - 1;
    return strncasecmp(origin, scheme, len) == 0 && strcasecmp(origin + len, host) == 0;
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
