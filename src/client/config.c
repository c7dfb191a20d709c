#include "client/config.h"

#include "base/base64.h"
#include "base/wipe.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    LOGIN_MS = 60000,
    STAGE_MS = 30000,
    PING_INTERVAL_MS = 300000,
    PING_TIMEOUT_MS = 30000,
    RECONNECT_CAP_MAX_MS = 86400000
};

struct linnet_config *linnet_config_new(void)
{
    struct linnet_config *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->login_ms = LOGIN_MS;
    c->stage_ms = STAGE_MS;
    c->ping_interval_ms = PING_INTERVAL_MS;
    c->ping_timeout_ms = PING_TIMEOUT_MS;
    return c;
}

void linnet_config_free(struct linnet_config *c)
{
    if (!c)
        return;
    jid_finish(&c->address);
    wipe_free(c->password, c->password_len);
    config_memory_free(&c->memory);
    for (size_t i = 0; i < CONFIG_TEXTS; i++)
        free(c->texts[i]);
    for (size_t i = 0; i < c->feature_count; i++)
        free(c->features[i]);
    wipe_free(c, sizeof *c);
}

/* ---- faults: the first one stays ---- */

static bool sound(const struct linnet_config *c)
{
    return c && c->fault.code == LINNET_OK;
}

static void fault_memory(struct linnet_config *c)
{
    if (sound(c))
        error_set(&c->fault, LINNET_ERROR_NO_MEMORY, LINNET_ORIGIN_HERE, NULL);
}

static void fault_usage(struct linnet_config *c, const char *reason)
{
    if (sound(c))
        error_set(&c->fault, LINNET_ERROR_USAGE, LINNET_ORIGIN_HERE, "reason", reason, NULL);
}

/* The inside's text is a sentence of its own. */
const char *config_jid_reason(enum jid_fault fault, char out[CONFIG_JID_REASON_BYTES])
{
    int len = snprintf(out, CONFIG_JID_REASON_BYTES, "%s", jid_fault_text(fault));
    if (out[0] >= 'A' && out[0] <= 'Z')
        out[0] = (char)(out[0] - 'A' + 'a');
    if (len > 0 && len < CONFIG_JID_REASON_BYTES && out[len - 1] == '.')
        out[len - 1] = '\0';
    return out;
}

/* ---- strings ---- */

static bool empty(const char *s)
{
    return !s || !*s;
}

static void set_text(struct linnet_config *c, enum config_text which, const char *value)
{
    if (!c)
        return;
    char *copy = empty(value) ? NULL : strdup(value);
    if (!copy && !empty(value)) {
        fault_memory(c);
        return;
    }
    free(c->texts[which]);
    c->texts[which] = copy;
}

void linnet_config_set_address(struct linnet_config *c, const char *address)
{
    if (!c)
        return;
    jid_finish(&c->address);
    if (empty(address))
        return;
    char reason[CONFIG_JID_REASON_BYTES];
    enum jid_fault fault = jid_parse(str_from(address), &c->address);
    if (fault == JID_NO_MEMORY)
        fault_memory(c);
    else if (fault != JID_OK && sound(c))
        error_set(&c->fault, LINNET_ERROR_BAD_ADDRESS, LINNET_ORIGIN_HERE, "address", address,
                  "reason", config_jid_reason(fault, reason), NULL);
}

void config_forget_password(struct linnet_config *c)
{
    wipe_free(c->password, c->password_len);
    c->password = NULL;
    c->password_len = 0;
}

void linnet_config_set_password(struct linnet_config *c, const char *password, size_t len)
{
    if (!c)
        return;
    config_forget_password(c);
    if (!password)
        return;
    c->password = malloc(len + 1); /* one more, so that an empty password is not a NULL */
    if (!c->password) {
        fault_memory(c);
        return;
    }
    memcpy(c->password, password, len);
    c->password_len = len;
}

void linnet_config_set_resource(struct linnet_config *c, const char *resource)
{
    char prepared[JID_PART_MAX_BYTES + 1];
    size_t len;
    if (!c)
        return;
    if (empty(resource)) {
        set_text(c, CONFIG_RESOURCE, NULL);
        return;
    }
    enum jid_fault fault = jid_prepare_resource(str_from(resource), prepared, &len);
    if (fault == JID_OK)
        set_text(c, CONFIG_RESOURCE, prepared);
    else if (fault == JID_NO_MEMORY)
        fault_memory(c);
    else
        fault_usage(c, "the resource holds characters that a resource may not hold, or too many");
}

void linnet_config_set_lang(struct linnet_config *c, const char *lang)
{
    size_t len = lang ? strlen(lang) : 0;
    size_t allowed = lang ? strspn(lang, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                         "0123456789-")
                          : 0;
    if (len != allowed || len > 64)
        fault_usage(c, "the language is not a tag such as \"en\" or \"de-CH\"");
    else
        set_text(c, CONFIG_LANG, lang);
}

/* ---- where ---- */

/* Host names of private networks are laxer than a JID's domain: "build_7" is one. */
static bool plain_host(const char *host)
{
    size_t len = strlen(host);
    return len < 254 && len == strspn(host, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                            "0123456789.-_");
}

/* The A-label form, or an IP literal without brackets. */
static bool host_ascii(const char *host, char out[256])
{
    struct in6_addr v6;
    size_t len = strlen(host);
    bool bracketed = host[0] == '[' && len > 2 && host[len - 1] == ']';
    if (len < 250 && (bracketed || strchr(host, ':'))) {
        size_t skip = bracketed ? 1 : 0;
        memcpy(out, host + skip, len - 2 * skip);
        out[len - 2 * skip] = '\0';
        return inet_pton(AF_INET6, out, &v6) == 1;
    }
    if (plain_host(host)) {
        memcpy(out, host, len + 1);
        return true;
    }
    char prepared[JID_PART_MAX_BYTES + 1];
    size_t prepared_len;
    return jid_prepare_domain(str_from(host), prepared, &prepared_len) == JID_OK &&
           jid_domain_ascii(str_of(prepared, prepared_len), out);
}

static void fault_host(struct linnet_config *c, const char *host)
{
    char quoted[128], reason[256];
    error_copy_text(quoted, sizeof quoted, str_from(host));
    snprintf(reason, sizeof reason, "the host \"%s\" is neither a host name nor an IP address",
             quoted);
    fault_usage(c, reason);
}

void linnet_config_set_host(struct linnet_config *c, const char *host)
{
    char ascii[256];
    if (empty(host))
        set_text(c, CONFIG_HOST, NULL);
    else if (host_ascii(host, ascii))
        set_text(c, CONFIG_HOST, ascii);
    else
        fault_host(c, host);
}

void linnet_config_set_port(struct linnet_config *c, uint16_t port)
{
    if (c)
        c->port = port;
}

void linnet_config_set_direct_tls(struct linnet_config *c, bool direct_tls)
{
    if (c)
        c->direct_tls = direct_tls;
}

/* ---- trust ---- */

void linnet_config_set_tls(struct linnet_config *c, enum linnet_tls_policy tls)
{
    if ((unsigned)tls > LINNET_TLS_OFF)
        fault_usage(c, "the TLS policy is none of require, prefer and off");
    else if (c)
        c->tls = tls;
}

void linnet_config_set_ca_file(struct linnet_config *c, const char *path)
{
    set_text(c, CONFIG_CA_FILE, path);
}

static int hex_digit(char ch)
{
    if (ch >= '0' && ch <= '9')
        return ch - '0';
    ch |= 0x20;
    return ch >= 'a' && ch <= 'f' ? ch - 'a' + 10 : -1;
}

static bool pin_hex(const char *text, uint8_t out[32])
{
    size_t n = 0;
    for (; *text; text++) {
        if (*text == ':' && n > 0 && n % 2 == 0)
            continue;
        int digit = hex_digit(*text);
        if (digit < 0 || n >= 64)
            return false;
        out[n / 2] = (uint8_t)(n % 2 ? out[n / 2] << 4 | digit : digit);
        n++;
    }
    return n == 64;
}

/* -1: out of memory. */
static int pin_base64(const char *text, uint8_t out[32])
{
    struct buf raw;
    buf_init(&raw, 0, false);
    int result = base64_decode(&raw, str_from(text)) && buf_len(&raw) == 32;
    if (result)
        memcpy(out, buf_peek(&raw).ptr, 32);
    if (raw.failed)
        result = -1;
    buf_finish(&raw);
    return result;
}

void linnet_config_add_pin(struct linnet_config *c, const char *pin)
{
    static const char prefix[] = "sha256//";
    uint8_t key[32];
    if (!c)
        return;
    bool based = pin && strncmp(pin, prefix, sizeof prefix - 1) == 0;
    int good = based ? pin_base64(pin + sizeof prefix - 1, key) : pin && pin_hex(pin, key);
    if (good < 0)
        fault_memory(c);
    else if (!good)
        fault_usage(c, "a pin is \"sha256//\" with base64, or 64 hexadecimal digits");
    else if (c->pin_count == TLS_PINS_MAX)
        fault_usage(c, "there are more than 8 pins");
    else
        memcpy(c->pins[c->pin_count++], key, sizeof key);
}

void linnet_config_set_ask_certificate(struct linnet_config *c, bool ask)
{
    if (c)
        c->ask_certificate = ask;
}

void linnet_config_set_mechanism(struct linnet_config *c, const char *mechanism)
{
    char reason[64];
    if (!empty(mechanism) && !sasl_mech_find(str_from(mechanism))) {
        snprintf(reason, sizeof reason, "%.24s is not a mechanism that Linnet knows", mechanism);
        fault_usage(c, reason);
    } else {
        set_text(c, CONFIG_MECHANISM, mechanism);
    }
}

void linnet_config_set_legacy(struct linnet_config *c, bool legacy)
{
    if (c)
        c->legacy = legacy;
}

/* ---- time ---- */

static uint32_t or_default(uint32_t value, uint32_t fallback)
{
    return value ? value : fallback;
}

void linnet_config_set_timeout_ms(struct linnet_config *c, uint32_t login_ms, uint32_t stage_ms)
{
    if (!c)
        return;
    c->login_ms = or_default(login_ms, LOGIN_MS);
    c->stage_ms = or_default(stage_ms, STAGE_MS);
}

void linnet_config_set_keepalive_ms(struct linnet_config *c, uint32_t keepalive_ms)
{
    if (c)
        c->keepalive_ms = keepalive_ms;
}

void linnet_config_set_ping_ms(struct linnet_config *c, uint32_t interval_ms, uint32_t timeout_ms)
{
    if (!c)
        return;
    c->ping_interval_ms = or_default(interval_ms, PING_INTERVAL_MS);
    c->ping_timeout_ms = or_default(timeout_ms, PING_TIMEOUT_MS);
}

void linnet_config_set_reconnect(struct linnet_config *c, bool reconnect)
{
    if (c)
        c->reconnect = reconnect;
}

void linnet_config_set_stream_management(struct linnet_config *c, bool on)
{
    if (c)
        c->no_stream_management = !on;
}

void linnet_config_set_reconnect_cap_ms(struct linnet_config *c, uint32_t cap_ms)
{
    if (c && cap_ms <= RECONNECT_CAP_MAX_MS)
        c->reconnect_cap_ms = cap_ms;
    else
        fault_usage(c, "the longest wait between two logins is more than a day");
}

/* ---- what we say about ourselves ---- */

void linnet_config_set_software(struct linnet_config *c, const char *name, const char *version,
                                const char *type)
{
    set_text(c, CONFIG_SOFTWARE, name);
    set_text(c, CONFIG_VERSION, version);
    set_text(c, CONFIG_CLIENT_TYPE, type);
}

void linnet_config_set_device(struct linnet_config *c, const char *device)
{
    set_text(c, CONFIG_DEVICE, device);
}

void linnet_config_add_feature(struct linnet_config *c, const char *ns)
{
    if (!c)
        return;
    if (empty(ns) || c->feature_count == CONFIG_FEATURES_MAX) {
        fault_usage(c, "a feature is without namespace, or there are more than 32");
        return;
    }
    char *copy = strdup(ns);
    if (copy)
        c->features[c->feature_count++] = copy;
    else
        fault_memory(c);
}

void linnet_config_set_trace(struct linnet_config *c,
                             void (*sink)(void *ctx, enum linnet_direction direction,
                                          const char *xml, size_t len),
                             void *ctx, bool secrets)
{
    if (c)
        c->trace = (struct config_trace){sink, ctx, secrets};
}

/* ---- a copy to work with ---- */

static bool copy_owned(struct linnet_config *to, const struct linnet_config *from)
{
    if (!jid_copy(&from->address, &to->address) || !config_memory_copy(&to->memory, &from->memory))
        return false;
    linnet_config_set_password(to, from->password, from->password_len);
    for (size_t i = 0; i < CONFIG_TEXTS; i++)
        set_text(to, (enum config_text)i, from->texts[i]);
    for (size_t i = 0; i < from->feature_count; i++)
        linnet_config_add_feature(to, from->features[i]);
    return sound(to);
}

static bool complete(const struct linnet_config *c, bool needs_account, struct linnet_error *error)
{
    if (!c->address.full) {
        error_set(error, LINNET_ERROR_USAGE, LINNET_ORIGIN_HERE, "reason", "no address is set",
                  NULL);
        return false;
    }
    if (needs_account && !c->address.local.ptr) {
        error_set(error, LINNET_ERROR_BAD_ADDRESS, LINNET_ORIGIN_HERE, "address", c->address.full,
                  "reason", "there is no @ in it", NULL);
        return false;
    }
    return true;
}

struct linnet_config *config_dup(const struct linnet_config *from, bool needs_account,
                                 struct linnet_error *error)
{
    struct linnet_config *to = from ? malloc(sizeof *to) : NULL;
    if (!to)
        goto no_memory;
    if (!sound(from)) {
        free(to);
        if (error)
            *error = from->fault;
        return NULL;
    }
    *to = *from;
    to->address = (struct jid){0};
    to->password = NULL;
    to->memory.text = NULL;
    to->password_len = to->feature_count = 0;
    memset(to->texts, 0, sizeof to->texts);
    if (!complete(from, needs_account, error)) {
        linnet_config_free(to);
        return NULL;
    }
    if (copy_owned(to, from))
        return to;
no_memory:
    linnet_config_free(to);
    error_set(error, LINNET_ERROR_NO_MEMORY, LINNET_ORIGIN_HERE, NULL);
    return NULL;
}
