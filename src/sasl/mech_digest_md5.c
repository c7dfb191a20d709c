/*
 * DIGEST-MD5 (RFC 2831; Historic since RFC 6331): for servers and clients that have nothing better.
 *
 *     S: realm, nonce, qop, charset, algorithm
 *     C: charset, username, realm, nonce, nc, cnonce, digest-uri, maxbuf, response, qop, authzid
 *     S: rspauth
 *
 * Only qop "auth", and no subsequent authentication: a nonce serves once, so nc is 00000001.
 */
#include "base/wipe.h"
#include "sasl/sasl_mech.h"
#include "sasl/saslprep.h"

#include <utf8proc.h>

enum {
    CHALLENGE_MAX_BYTES = 2047, /* RFC 2831 §2.1.1 */
    RESPONSE_MAX_BYTES = 4095,  /* §2.1.2 */
    URP_BYTES = 16,             /* H(user:realm:password) */
    HEX_BYTES = 32
};

enum digest_stage { STAGE_CHALLENGE, STAGE_RESPONSE, STAGE_RSPAUTH };

struct digest {
    enum digest_stage stage;
    bool utf8; /* charset=utf-8 */
    struct str realm, nonce, cnonce, uri, authzid;
    struct str response;               /* server: as the client gave it */
    char rspauth[HEX_BYTES + 1];       /* client: as it must be */
    struct sasl_credential credential; /* server */
    bool genuine;
};

/* ---- directives: #(name "=" (token / quoted-string)), RFC 2831 §7.1 ---- */

struct directive {
    const char *name;
    struct str value;  /* the first, without quotes and escapes */
    struct str prefer; /* a later value that counts more than the first; usually STR_NONE */
    unsigned count;
};

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* token of RFC 2616 §2.2 */
static bool is_token(char c)
{
    return c > 0x20 && c < 0x7f && !strchr("()<>@,;:\\\"/[]?={}", c);
}

static void skip_space(struct str *rest)
{
    while (rest->len > 0 && is_space(rest->ptr[0])) {
        rest->ptr++;
        rest->len--;
    }
}

static struct str take_token(struct str *rest)
{
    struct str token = str_of(rest->ptr, 0);
    while (token.len < rest->len && is_token(rest->ptr[token.len]))
        token.len++;
    rest->ptr += token.len;
    rest->len -= token.len;
    return token;
}

/* Where the quoted-string that `text` begins with has its end quote; 0: nowhere. */
static size_t quote_ends(struct str text)
{
    for (size_t at = 1; at < text.len; at++) {
        if (text.ptr[at] == '"')
            return at;
        if (text.ptr[at] == '\\')
            at++;
    }
    return 0;
}

/* A quoted-string without its quotes and escapes, in the arena: all of a message takes no more than
 * its own length there. */
static bool take_quoted(struct sasl *s, struct str *rest, struct str *ret)
{
    size_t end = quote_ends(*rest), len = 0;
    char *out = end ? arena_bytes(&s->arena, end) : NULL;
    if (!out)
        return false;
    for (size_t at = 1; at < end; at++) {
        at += rest->ptr[at] == '\\';
        out[len++] = rest->ptr[at];
    }
    *ret = str_of(out, len);
    *rest = str_of(rest->ptr + end + 1, rest->len - end - 1);
    return true;
}

/* The next directive; quotes may be where the RFC has none and the other way round. */
static bool take_directive(struct sasl *s, struct str *rest, struct str *ret_name,
                           struct str *ret_value)
{
    *ret_name = take_token(rest);
    skip_space(rest);
    if (ret_name->len == 0 || rest->len == 0 || rest->ptr[0] != '=')
        return false;
    *rest = str_of(rest->ptr + 1, rest->len - 1);
    skip_space(rest);
    if (rest->len > 0 && rest->ptr[0] == '"') {
        if (!take_quoted(s, rest, ret_value))
            return false;
    } else {
        *ret_value = take_token(rest);
        if (ret_value->len == 0)
            return false;
    }
    skip_space(rest);
    return rest->len == 0 || rest->ptr[0] == ',';
}

static void note(struct directive *known, size_t count, struct str name, struct str value)
{
    for (size_t i = 0; i < count; i++) {
        struct directive *d = &known[i];
        if (!sasl_equal_nocase(name, str_from(d->name)))
            continue;
        if (d->count++ == 0 || (d->prefer.ptr && str_eq(value, d->prefer)))
            d->value = value;
    }
}

/* Fills `known`; directives that are not there are ignored. */
static bool parse(struct sasl *s, struct str in, struct directive *known, size_t count)
{
    struct str rest = in;
    bool any = false;
    if (in.len == 0 || memchr(in.ptr, 0, in.len))
        return false;
    while (rest.len > 0) {
        struct str name, value;
        skip_space(&rest);
        if (rest.len > 0 && rest.ptr[0] == ',') {
            rest = str_of(rest.ptr + 1, rest.len - 1); /* empty elements are allowed */
            continue;
        }
        if (rest.len == 0)
            break;
        if (!take_directive(s, &rest, &name, &value))
            return false;
        note(known, count, name, value);
        any = true;
    }
    return any;
}

/* name="value" */
static void write_quoted(struct buf *out, const char *name, struct str value)
{
    buf_printf(out, "%s=\"", name);
    for (size_t i = 0; i < value.len; i++) {
        if (value.ptr[i] == '"' || value.ptr[i] == '\\')
            buf_byte(out, '\\');
        buf_byte(out, (uint8_t)value.ptr[i]);
    }
    buf_byte(out, '"');
}

/* ---- character sets: what ISO 8859-1 can hold is hashed as ISO 8859-1 (RFC 2831 §2.1.2.1) ---- */

/* Appends `in` as ISO 8859-1; false, appending nothing, when it cannot hold it. */
static bool to_latin1(struct str in, struct buf *out)
{
    size_t before = buf_len(out);
    for (size_t at = 0; at < in.len;) {
        int32_t point;
        utf8proc_ssize_t len =
            utf8proc_iterate((const uint8_t *)in.ptr + at, (utf8proc_ssize_t)(in.len - at), &point);
        if (len <= 0 || point > 0xff) {
            buf_truncate(out, before);
            return false;
        }
        at += (size_t)len;
        buf_byte(out, (uint8_t)point);
    }
    return true;
}

/* ISO 8859-1 as UTF-8, in the arena. */
static struct str from_latin1(struct sasl *s, struct str in)
{
    char *out = arena_bytes(&s->arena, 2 * in.len);
    size_t len = 0;
    for (size_t i = 0; out && i < in.len; i++) {
        uint8_t c = (uint8_t)in.ptr[i];
        if (c >= 0x80)
            out[len++] = (char)(0xc0 | c >> 6);
        out[len++] = (char)(c < 0x80 ? c : 0x80 | (c & 0x3f));
    }
    return out ? str_of(out, len) : STR_NONE;
}

static void append_for_hash(struct buf *out, struct str value)
{
    if (!to_latin1(value, out))
        buf_str(out, value);
}

/* ---- digests (RFC 2831 §2.1.2.1) ---- */

static bool hash_urp(struct str user, struct str realm, struct str password, uint8_t *ret)
{
    struct buf text;
    buf_init(&text, 0, true);
    append_for_hash(&text, user);
    buf_byte(&text, ':');
    append_for_hash(&text, realm);
    buf_byte(&text, ':');
    append_for_hash(&text, password);
    struct str all = buf_peek(&text);
    bool ok = !text.failed && hash_digest(HASH_MD5, &all, 1, ret);
    buf_finish(&text);
    return ok;
}

bool sasl_digest_credential(struct str username, struct str realm, struct str password,
                            struct sasl_credential *ret)
{
    struct buf user, pass;
    buf_init(&user, 0, true);
    buf_init(&pass, 0, true);
    *ret = (struct sasl_credential){.scheme = "DIGEST-MD5", .key_len = URP_BYTES};
    bool ok = sasl_prepare_password(username, &user) && sasl_prepare_password(password, &pass) &&
              hash_urp(buf_peek(&user), realm, buf_peek(&pass), ret->stored_key);
    buf_finish(&user);
    buf_finish(&pass);
    return ok;
}

static bool hex_digest(const struct str *parts, size_t count, char *ret)
{
    uint8_t digest[HASH_MAX_BYTES];
    bool ok = hash_digest(HASH_MD5, parts, count, digest);
    if (ok)
        hash_hex(str_of(digest, URP_BYTES), ret);
    wipe(digest, sizeof digest);
    return ok;
}

/* response with method "AUTHENTICATE", rspauth with method "". */
static bool respond(const struct digest *d, const uint8_t *urp, const char *method, char *ret)
{
    char a1[HEX_BYTES + 1], a2[HEX_BYTES + 1];
    struct str colon = STR_LIT(":");
    const struct str a1_parts[] = {str_of(urp, URP_BYTES),
                                   colon,
                                   d->nonce,
                                   colon,
                                   d->cnonce,
                                   d->authzid.len ? colon : STR_NONE,
                                   d->authzid};
    const struct str a2_parts[] = {str_from(method), colon, d->uri};
    const struct str kd_parts[] = {str_of(a1, HEX_BYTES), colon,     d->nonce,
                                   STR_LIT(":00000001:"), d->cnonce, STR_LIT(":auth:"),
                                   str_of(a2, HEX_BYTES)};
    bool ok = hex_digest(a1_parts, ARRAY_LEN(a1_parts), a1) &&
              hex_digest(a2_parts, ARRAY_LEN(a2_parts), a2) &&
              hex_digest(kd_parts, ARRAY_LEN(kd_parts), ret);
    wipe(a1, sizeof a1);
    return ok;
}

/* ---- client ---- */

/* Whether qop-options, a list, has "auth"; absent means "auth". */
static bool offers_auth(const struct directive *qop)
{
    struct str rest = qop->count ? qop->value : STR_LIT("auth");
    while (rest.ptr) {
        struct str option = sasl_cut(&rest, ',');
        skip_space(&option);
        while (option.len > 0 && is_space(option.ptr[option.len - 1]))
            option.len--;
        if (sasl_equal_nocase(option, STR_LIT("auth")))
            return true;
    }
    return false;
}

static enum sasl_next client_challenge(struct sasl *s, struct digest *d, struct str in)
{
    enum { REALM, NONCE, QOP, CHARSET, ALGORITHM, MAXBUF, STALE };
    struct directive got[] = {
        [REALM] = {"realm", .prefer = s->config.host},
        [NONCE] = {"nonce"},
        [QOP] = {"qop"},
        [CHARSET] = {"charset"},
        [ALGORITHM] = {"algorithm"},
        [MAXBUF] = {"maxbuf"},
        [STALE] = {"stale"},
    };
    if (in.len > CHALLENGE_MAX_BYTES || !parse(s, in, got, ARRAY_LEN(got)))
        return sasl_malformed(s, "the challenge breaks the grammar");
    if (got[NONCE].count != 1 || got[NONCE].value.len == 0 || got[ALGORITHM].count != 1 ||
        got[QOP].count > 1 || got[CHARSET].count > 1 || got[MAXBUF].count > 1 ||
        got[STALE].count > 1)
        return sasl_malformed(s, "a directive of the challenge is missing or twice there");
    if (!sasl_equal_nocase(got[ALGORITHM].value, STR_LIT("md5-sess")) ||
        (got[CHARSET].count && !sasl_equal_nocase(got[CHARSET].value, STR_LIT("utf-8"))))
        return sasl_malformed(s, "the challenge names another algorithm or character set");
    if (!offers_auth(&got[QOP]))
        return sasl_fail(s, SASL_FAULT_POLICY, SASL_ERROR_NONE,
                         "the server demands a security layer");
    d->utf8 = got[CHARSET].count > 0;
    d->nonce = sasl_keep(s, got[NONCE].value);
    d->realm = sasl_keep(s, got[REALM].value);
    if (d->realm.ptr && !d->utf8)
        d->realm = from_latin1(s, d->realm);
    if (d->realm.ptr && !saslprep_is_utf8(d->realm))
        return sasl_malformed(s, "the realm is not UTF-8");
    s->want = (struct sasl_want){
        .username = s->username, .realm = d->realm, .scheme = s->config.mech->scheme};
    return SASL_NEXT_SECRET;
}

/* Without charset=utf-8, names travel as ISO 8859-1 or not at all. */
static bool write_name(struct sasl *s, const struct digest *d, const char *name, struct str value,
                       struct buf *out)
{
    struct buf latin1 = {0};
    bool ok = d->utf8 || to_latin1(value, &latin1);
    if (ok)
        write_quoted(out, name, d->utf8 ? value : buf_peek(&latin1));
    s->arena.failed |= latin1.failed;
    buf_finish(&latin1);
    return ok;
}

static bool write_response(struct sasl *s, const struct digest *d, const char *response,
                           struct buf *out)
{
    buf_cstr(out, d->utf8 ? "charset=utf-8," : "");
    if (!write_name(s, d, "username", s->username, out))
        return false;
    if (d->realm.ptr) {
        buf_byte(out, ',');
        if (!write_name(s, d, "realm", d->realm, out))
            return false;
    }
    buf_byte(out, ',');
    write_quoted(out, "nonce", d->nonce);
    buf_cstr(out, ",nc=00000001,");
    write_quoted(out, "cnonce", d->cnonce);
    buf_byte(out, ',');
    write_quoted(out, "digest-uri", d->uri);
    buf_printf(out, ",maxbuf=65536,response=%s,qop=auth", response);
    if (d->authzid.len > 0) {
        buf_byte(out, ',');
        write_quoted(out, "authzid", d->authzid);
    }
    return true;
}

static enum sasl_next client_secret(struct sasl *s, const struct sasl_secret *secret,
                                    struct buf *out)
{
    struct digest *d = s->state;
    struct str password;
    uint8_t urp[URP_BYTES];
    char response[HEX_BYTES + 1], *uri;
    if (!sasl_take_password(s, secret, &password))
        return SASL_NEXT_FAILED;
    uri = arena_printf(&s->arena, "%.*s/%.*s", STR_ARG(s->config.service), STR_ARG(s->config.host));
    d->uri = str_from(uri);
    d->cnonce = sasl_nonce(s);
    d->authzid = s->config.authzid;
    bool ok = hash_urp(s->username, d->realm, password, urp) &&
              respond(d, urp, "AUTHENTICATE", response) && respond(d, urp, "", d->rspauth);
    wipe(urp, sizeof urp);
    if (!ok)
        return sasl_unavailable(s);
    if (!write_response(s, d, response, out))
        return sasl_fail(s, SASL_FAULT_PREPARE, SASL_ERROR_NONE,
                         "the server takes ISO 8859-1 only, which lacks characters of the name");
    d->stage = STAGE_RSPAUTH;
    return SASL_NEXT_SEND;
}

/* In a last challenge or with <success/>: the server shows that it knows the password too. */
static enum sasl_next client_rspauth(struct sasl *s, const struct digest *d, struct str in)
{
    struct directive rspauth = {"rspauth"};
    if (in.len > CHALLENGE_MAX_BYTES || !parse(s, in, &rspauth, 1) || rspauth.count != 1)
        return sasl_malformed(s, "the server's last message breaks the grammar");
    if (rspauth.value.len != HEX_BYTES ||
        !sasl_prove(s, d->rspauth, rspauth.value.ptr, HEX_BYTES, true))
        return sasl_fail(s, SASL_FAULT_SERVER_PROOF, SASL_ERROR_NONE, "rspauth is wrong");
    return SASL_NEXT_END;
}

static enum sasl_next client_step(struct sasl *s, struct str in, struct buf *out)
{
    struct digest *d = s->state;
    (void)out;
    if (d->stage == STAGE_RSPAUTH)
        return client_rspauth(s, d, in);
    if (!sasl_prepare_user(s))
        return SASL_NEXT_FAILED;
    return client_challenge(s, d, in);
}

/* ---- server ---- */

static enum sasl_next write_challenge(struct sasl *s, struct digest *d, struct buf *out)
{
    d->realm = s->config.host;
    d->nonce = sasl_nonce(s);
    write_quoted(out, "realm", d->realm);
    buf_byte(out, ',');
    write_quoted(out, "nonce", d->nonce);
    buf_cstr(out, ",qop=\"auth\",charset=utf-8,algorithm=md5-sess");
    d->stage = STAGE_RESPONSE;
    return SASL_NEXT_SEND;
}

/* digest-uri is "xmpp/domain", or "xmpp/host/domain" when a host serves it (RFC 2831 §2.1.2). */
static bool uri_is_ours(const struct sasl *s, struct str uri)
{
    struct str rest = uri, service = sasl_cut(&rest, '/'), host = sasl_cut(&rest, '/');
    struct str domain = rest.ptr ? rest : host;
    return host.len > 0 && sasl_equal_nocase(service, s->config.service) &&
           sasl_equal_nocase(domain, s->config.host);
}

enum { USERNAME, REALM, NONCE, CNONCE, NC, QOP, URI, RESPONSE, MAXBUF, CHARSET, AUTHZID };

/* The rules of RFC 2831 §2.1.2 that hold whoever the user is. */
static enum sasl_next check_response(struct sasl *s, const struct digest *d,
                                     const struct directive *got)
{
    if (!str_is(got[NC].value, "00000001") || got[RESPONSE].value.len != HEX_BYTES ||
        got[CNONCE].value.len == 0 || (got[AUTHZID].count && got[AUTHZID].value.len == 0) ||
        (got[CHARSET].count && !sasl_equal_nocase(got[CHARSET].value, STR_LIT("utf-8"))))
        return sasl_malformed(s, "a directive of the response has a forbidden value");
    if (got[QOP].count && !sasl_equal_nocase(got[QOP].value, STR_LIT("auth")))
        return sasl_fail(s, SASL_FAULT_POLICY, SASL_ERROR_MALFORMED_REQUEST,
                         "the client demands a security layer");
    if (!str_eq(got[NONCE].value, d->nonce))
        return sasl_fail(s, SASL_FAULT_PROTOCOL, SASL_ERROR_NOT_AUTHORIZED,
                         "the nonce is not that of this exchange");
    if (!uri_is_ours(s, got[URI].value))
        return sasl_fail(s, SASL_FAULT_PROTOCOL, SASL_ERROR_NOT_AUTHORIZED,
                         "the response is for another service");
    return SASL_NEXT_SECRET;
}

/* The names, which are in UTF-8 only if the client said so. */
static enum sasl_next take_names(struct sasl *s, struct digest *d, const struct directive *got)
{
    struct str user = got[USERNAME].value, realm = got[REALM].value;
    if (!got[CHARSET].count) {
        user = from_latin1(s, user);
        realm = from_latin1(s, realm);
    }
    if (!str_eq(realm, d->realm))
        return sasl_fail(s, SASL_FAULT_CREDENTIALS, SASL_ERROR_NOT_AUTHORIZED,
                         "the realm is not ours");
    if (!sasl_prepare(s, user, &s->username))
        return sasl_fail(s, SASL_FAULT_CREDENTIALS, SASL_ERROR_NOT_AUTHORIZED,
                         "the user name has forbidden characters");
    if (got[AUTHZID].count && !sasl_check_authzid(s, got[AUTHZID].value))
        return SASL_NEXT_FAILED;
    return SASL_NEXT_SECRET;
}

static enum sasl_next server_response(struct sasl *s, struct digest *d, struct str in)
{
    struct directive got[] = {
        [USERNAME] = {"username"},
        [REALM] = {"realm"},
        [NONCE] = {"nonce"},
        [CNONCE] = {"cnonce"},
        [NC] = {"nc"},
        [QOP] = {"qop"},
        [URI] = {"digest-uri"},
        [RESPONSE] = {"response"},
        [MAXBUF] = {"maxbuf"},
        [CHARSET] = {"charset"},
        [AUTHZID] = {"authzid"},
    };
    static const int required[] = {USERNAME, NONCE, CNONCE, NC, URI, RESPONSE};
    if (in.len > RESPONSE_MAX_BYTES || !parse(s, in, got, ARRAY_LEN(got)))
        return sasl_malformed(s, "the response breaks the grammar");
    for (size_t i = 0; i < ARRAY_LEN(got); i++) {
        if (got[i].count > 1)
            return sasl_malformed(s, "a directive of the response is twice there");
    }
    for (size_t i = 0; i < ARRAY_LEN(required); i++) {
        if (got[required[i]].count == 0)
            return sasl_malformed(s, "a directive of the response is missing");
    }
    enum sasl_next next = check_response(s, d, got);
    if (next != SASL_NEXT_FAILED)
        next = take_names(s, d, got);
    d->cnonce = sasl_keep(s, got[CNONCE].value);
    d->uri = sasl_keep(s, got[URI].value);
    d->authzid = sasl_keep(s, got[AUTHZID].value);
    d->response = sasl_keep(s, got[RESPONSE].value);
    s->want = (struct sasl_want){
        .username = s->username, .realm = d->realm, .scheme = s->config.mech->scheme};
    return next;
}

static enum sasl_next server_secret(struct sasl *s, const struct sasl_secret *secret,
                                    struct buf *out)
{
    struct digest *d = s->state;
    char expected[HEX_BYTES + 1], rspauth[HEX_BYTES + 1];
    const uint8_t *urp = d->credential.stored_key;
    if (!sasl_take_credential(s, secret, &d->credential, &d->genuine))
        return SASL_NEXT_FAILED;
    bool ok = respond(d, urp, "AUTHENTICATE", expected) && respond(d, urp, "", rspauth);
    bool proved = ok && sasl_prove(s, expected, d->response.ptr, HEX_BYTES, d->genuine);
    wipe(expected, sizeof expected);
    if (!ok)
        return sasl_unavailable(s);
    if (!proved)
        return sasl_fail(s, SASL_FAULT_CREDENTIALS, SASL_ERROR_NOT_AUTHORIZED,
                         "wrong user name or password");
    buf_printf(out, "rspauth=%s", rspauth);
    return SASL_NEXT_END;
}

static enum sasl_next server_step(struct sasl *s, struct str in, struct buf *out)
{
    struct digest *d = s->state;
    return d->stage == STAGE_CHALLENGE ? write_challenge(s, d, out) : server_response(s, d, in);
}

static const struct sasl_half client = {client_step, client_secret, NULL};
static const struct sasl_half server = {server_step, server_secret, NULL};

const struct sasl_mech sasl_mech_digest_md5 = {
    .name = "DIGEST-MD5",
    .scheme = "DIGEST-MD5",
    .flags = SASL_MECH_LEGACY | SASL_MECH_PROVES_SERVER,
    .alg = HASH_MD5,
    .state_bytes = sizeof(struct digest),
    .client = &client,
    .server = &server,
};
