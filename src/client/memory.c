#include "client/memory.h"

#include "base/base64.h"
#include "base/hash.h"
#include "base/wipe.h"

#include <inttypes.h>
#include <stdio.h>

void memory_init(struct account_memory *m)
{
    *m = (struct account_memory){0};
    buf_init(&m->token, MEMORY_TOKEN_BYTES, true);
    buf_init(&m->features, MEMORY_FEATURES_BYTES, true);
    buf_init(&m->tls_session, MEMORY_SESSION_BYTES, true);
}

void memory_finish(struct account_memory *m)
{
    buf_finish(&m->token);
    buf_finish(&m->features);
    buf_finish(&m->tls_session);
    wipe(m, sizeof *m);
    memory_init(m);
}

void memory_make_agent(struct account_memory *m, const struct random_source *random)
{
    uint8_t raw[16];
    char hex[2 * sizeof raw + 1];
    if (m->agent_id[0])
        return;
    random_fill(random, raw, sizeof raw);
    raw[6] = (uint8_t)((raw[6] & 0x0f) | 0x40);
    raw[8] = (uint8_t)((raw[8] & 0x3f) | 0x80);
    hash_hex(str_of(raw, sizeof raw), hex);
    snprintf(m->agent_id, sizeof m->agent_id, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12,
             hex + 16, hex + 20);
}

/* ---- the parts ---- */

void memory_leave_to_other(struct account_memory *m)
{
    m->agent_id[0] = '\0';
    memory_forget_token(m);
    memory_forget_session(m);
}

void memory_forget_token(struct account_memory *m)
{
    buf_finish(&m->token);
    m->token_mechanism[0] = '\0';
    m->token_expiry_s = 0;
    m->token_count = 0;
}

void memory_forget_features(struct account_memory *m)
{
    buf_finish(&m->features);
}

void memory_forget_session(struct account_memory *m)
{
    buf_finish(&m->tls_session);
}

void memory_forget_server(struct account_memory *m)
{
    memory_forget_token(m);
    memory_forget_features(m);
    memory_forget_session(m);
    m->had_scram = m->had_binding = m->has_certificate = false;
}

/* Replaces what `part` holds. */
static bool set_part(struct buf *part, struct str value)
{
    buf_finish(part);
    if (value.len > part->limit_bytes)
        return true;
    buf_str(part, value);
    if (!part->failed)
        return true;
    buf_finish(part);
    return false;
}

bool memory_set_token(struct account_memory *m, struct str mechanism, struct str token,
                      int64_t expiry_s)
{
    memory_forget_token(m);
    if (mechanism.len == 0 || mechanism.len >= sizeof m->token_mechanism)
        return true;
    memcpy(m->token_mechanism, mechanism.ptr, mechanism.len);
    m->token_mechanism[mechanism.len] = '\0';
    m->token_expiry_s = expiry_s > 0 ? expiry_s : 0;
    return set_part(&m->token, token);
}

bool memory_set_features(struct account_memory *m, struct str xml)
{
    return set_part(&m->features, xml);
}

bool memory_set_session(struct account_memory *m, struct str session)
{
    return set_part(&m->tls_session, session);
}

void memory_set_certificate(struct account_memory *m, const struct tls_certificate *certificate)
{
    m->has_certificate = certificate->present;
    memcpy(m->certificate_sha256, certificate->sha256, sizeof m->certificate_sha256);
    memcpy(m->spki_sha256, certificate->spki_sha256, sizeof m->spki_sha256);
}

bool memory_has_token(const struct account_memory *m, int64_t now_s)
{
    return buf_len(&m->token) > 0 && (m->token_expiry_s == 0 || now_s < m->token_expiry_s);
}

/* ---- values of a line ---- */

/* Takes the next word; words are parted by one space. */
static struct str take_word(struct str *rest)
{
    if (rest->len == 0)
        return *rest;
    const char *space = memchr(rest->ptr, ' ', rest->len);
    struct str word = str_of(rest->ptr, space ? (size_t)(space - rest->ptr) : rest->len);
    size_t taken = word.len + (space ? 1 : 0);
    *rest = str_of(rest->ptr + taken, rest->len - taken);
    return word;
}

static bool take_number(struct str *rest, uint64_t *ret)
{
    struct str word = take_word(rest);
    *ret = 0;
    for (size_t i = 0; i < word.len; i++) {
        unsigned digit = (unsigned)(unsigned char)word.ptr[i] - '0';
        if (digit > 9 || *ret > (UINT64_MAX - digit) / 10)
            return false;
        *ret = *ret * 10 + digit;
    }
    return word.len > 0 && (word.ptr[0] != '0' || word.len == 1);
}

static int hex_value(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool take_sha256(struct str *rest, uint8_t out[32])
{
    struct str word = take_word(rest);
    for (size_t i = 0; word.len == 64 && i < 32; i++) {
        int high = hex_value(word.ptr[2 * i]), low = hex_value(word.ptr[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return word.len == 64;
}

/* Decodes into an empty part, which has the limit. */
static bool take_base64(struct str *rest, struct buf *part)
{
    struct str word = take_word(rest);
    return word.len > 0 && word.len / 4 * 3 <= part->limit_bytes && base64_decode(part, word);
}

/* ---- the lines, each read and written in one place ---- */

static bool read_agent(struct account_memory *m, struct str *value)
{
    static const char form[] = "xxxxxxxx-xxxx-4xxx-xxxx-xxxxxxxxxxxx";
    struct str id = take_word(value);
    if (id.len != sizeof form - 1)
        return false;
    for (size_t i = 0; i < id.len; i++)
        if (form[i] == 'x' ? hex_value(id.ptr[i]) < 0 : id.ptr[i] != form[i])
            return false;
    memcpy(m->agent_id, id.ptr, id.len);
    return true;
}

static void write_agent(const struct account_memory *m, struct buf *out)
{
    buf_cstr(out, m->agent_id);
}

static bool read_scram(struct account_memory *m, struct str *value)
{
    return m->had_scram = str_is(take_word(value), "yes");
}

static void write_scram(const struct account_memory *m, struct buf *out)
{
    buf_cstr(out, m->had_scram ? "yes" : "");
}

static bool read_binding(struct account_memory *m, struct str *value)
{
    return m->had_binding = str_is(take_word(value), "yes");
}

static void write_binding(const struct account_memory *m, struct buf *out)
{
    buf_cstr(out, m->had_binding ? "yes" : "");
}

static bool read_certificate(struct account_memory *m, struct str *value)
{
    m->has_certificate = true;
    return take_sha256(value, m->certificate_sha256) && take_sha256(value, m->spki_sha256);
}

static void write_certificate(const struct account_memory *m, struct buf *out)
{
    char certificate[65], key[65];
    if (!m->has_certificate)
        return;
    hash_hex(str_of(m->certificate_sha256, 32), certificate);
    hash_hex(str_of(m->spki_sha256, 32), key);
    buf_printf(out, "%s %s", certificate, key);
}

static bool is_mechanism(struct str name)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    for (size_t i = 0; i < name.len; i++)
        if (!memchr(allowed, name.ptr[i], sizeof allowed - 1))
            return false;
    return name.len > 0;
}

static bool read_token(struct account_memory *m, struct str *value)
{
    uint64_t expiry_s;
    struct str mechanism = take_word(value);
    if (!is_mechanism(mechanism) || mechanism.len >= sizeof m->token_mechanism)
        return false;
    memcpy(m->token_mechanism, mechanism.ptr, mechanism.len);
    if (!take_number(value, &expiry_s) || expiry_s > INT64_MAX ||
        !take_number(value, &m->token_count) || m->token_count == UINT64_MAX)
        return false;
    m->token_expiry_s = (int64_t)expiry_s;
    return take_base64(value, &m->token);
}

static void write_token(const struct account_memory *m, struct buf *out)
{
    if (buf_len(&m->token) == 0)
        return;
    buf_printf(out, "%s %" PRId64 " %" PRIu64 " ", m->token_mechanism, m->token_expiry_s,
               m->token_count);
    base64_encode(out, buf_peek(&m->token));
}

static bool read_features(struct account_memory *m, struct str *value)
{
    return take_base64(value, &m->features);
}

static void write_features(const struct account_memory *m, struct buf *out)
{
    base64_encode(out, buf_peek(&m->features));
}

static bool read_session(struct account_memory *m, struct str *value)
{
    return take_base64(value, &m->tls_session);
}

static void write_session(const struct account_memory *m, struct buf *out)
{
    base64_encode(out, buf_peek(&m->tls_session));
}

/* A reader takes words of `value`, and none may be left; a writer that writes nothing has no line.
 */
static const struct line {
    const char *name;
    bool (*read)(struct account_memory *m, struct str *value);
    void (*write)(const struct account_memory *m, struct buf *out);
} lines[] = {
    {"agent", read_agent, write_agent},
    {"scram", read_scram, write_scram},
    {"binding", read_binding, write_binding},
    {"certificate", read_certificate, write_certificate},
    {"token", read_token, write_token},
    {"features", read_features, write_features},
    {"tls-session", read_session, write_session},
};

/* ---- the whole ---- */

#define FIRST_LINE "linnet-memory 1"

void memory_write(const struct account_memory *m, struct str address, struct buf *out)
{
    buf_cstr(out, FIRST_LINE "\naddress ");
    buf_str(out, address);
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        size_t before = buf_len(out);
        buf_printf(out, "\n%s ", lines[i].name);
        size_t empty = buf_len(out);
        lines[i].write(m, out);
        if (buf_len(out) == empty)
            buf_truncate(out, before);
    }
    buf_cstr(out, "\nend\n");
}

/* Takes the next line without its end; STR_NONE when there is none that is ended. */
static struct str take_line(struct str *rest)
{
    const char *end = rest->len ? memchr(rest->ptr, '\n', rest->len) : NULL;
    if (!end)
        return STR_NONE;
    struct str line = str_of(rest->ptr, (size_t)(end - rest->ptr));
    *rest = str_of(end + 1, rest->len - line.len - 1);
    return line;
}

static enum linnet_error_code refuse(char reason[MEMORY_REASON_BYTES], const char *why)
{
    snprintf(reason, MEMORY_REASON_BYTES, "%s", why);
    return LINNET_ERROR_USAGE;
}

static enum linnet_error_code read_head(struct str *rest, struct str address, char *reason)
{
    struct str line = take_line(rest);
    if (!str_is(line, FIRST_LINE)) {
        bool ours = str_is(take_word(&line), "linnet-memory");
        return refuse(reason, ours ? "the memory was written by another version of Linnet"
                                   : "the memory is not one of Linnet");
    }
    line = take_line(rest);
    if (!str_is(take_word(&line), "address"))
        return refuse(reason, "the memory is damaged");
    return str_eq(line, address) ? LINNET_OK
                                 : refuse(reason, "the memory is that of another address");
}

static bool buffers_failed(const struct account_memory *m)
{
    return m->token.failed || m->features.failed || m->tls_session.failed;
}

/* Lines come in the order of the table, each at most once. */
static bool read_lines(struct account_memory *m, struct str rest)
{
    size_t next = 0;
    for (;;) {
        struct str value = take_line(&rest);
        if (value.len > 0 && value.ptr[value.len - 1] == ' ')
            return false; /* one spelling: nothing follows the last word */
        struct str name = take_word(&value);
        if (str_is(name, "end"))
            return rest.len == 0 && value.len == 0;
        while (next < ARRAY_LEN(lines) && !str_is(name, lines[next].name))
            next++;
        if (next == ARRAY_LEN(lines) || !lines[next++].read(m, &value) || value.len > 0)
            return false;
    }
}

enum linnet_error_code memory_read(struct account_memory *m, struct str text, struct str address,
                                   char reason[MEMORY_REASON_BYTES])
{
    reason[0] = '\0';
    if (text.len == 0)
        return LINNET_OK;
    if (text.len > MEMORY_TEXT_BYTES)
        return refuse(reason, "the memory is too long");
    enum linnet_error_code code = read_head(&text, address, reason);
    if (code == LINNET_OK && !read_lines(m, text))
        code = refuse(reason, "the memory is damaged");
    if (code == LINNET_OK && buffers_failed(m))
        code = LINNET_ERROR_NO_MEMORY;
    if (code != LINNET_OK)
        memory_finish(m);
    return code;
}
