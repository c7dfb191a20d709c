#include "core/stream_private.h"

/* Headers of both roles (RFC 6120 §4.7) and restarts (§4.3.3). */

static void attribute(struct buf *out, const char *name, struct str value)
{
    if (!value.ptr)
        return;
    buf_printf(out, " %s='", name);
    xml_escape_attr(out, value);
    buf_byte(out, '\'');
}

static void write_header(struct stream *s, struct str to, struct str from, struct str id)
{
    struct buf header;
    buf_init(&header, 0, false);
    buf_cstr(&header, "<?xml version='1.0'?>");
    /* The line end is white space to XMPP, but makes a web server answer at once that it is not
     * what we look for. */
    if (stream_is_client(s))
        buf_byte(&header, '\n');
    size_t declaration = buf_len(&header);
    buf_cstr(&header, "<stream:stream xmlns='" NS_CLIENT "' xmlns:stream='" NS_STREAM "'");
    attribute(&header, "from", from);
    attribute(&header, "to", to);
    attribute(&header, "id", id);
    attribute(&header, "version", STR_LIT("1.0"));
    attribute(&header, "xml:lang", str_from(s->config->lang));
    buf_byte(&header, '>');
    if (header.failed) {
        stream_out_of_memory(s);
    } else {
        struct str all = buf_peek(&header);
        stream_trace_text(s, STREAM_SENT, str_of(all.ptr + declaration, all.len - declaration));
        buf_str(&s->out, all);
        s->header_sent = true;
        if (s->out.failed)
            stream_out_of_memory(s);
    }
    buf_finish(&header);
}

/* `from` names the account only where nobody else can read it (RFC 6120 §4.7.1). */
static void open_client(struct stream *s)
{
    struct buf from;
    buf_init(&from, 0, false);
    bool named = s->tls && s->config->username.ptr;
    if (named)
        buf_printf(&from, "%.*s@%s", STR_ARG(s->config->username), s->domain);
    if (from.failed)
        stream_out_of_memory(s);
    else
        write_header(s, s->config->domain, named ? buf_peek(&from) : STR_NONE, STR_NONE);
    buf_finish(&from);
    if (!stream_over(s))
        sasl2_pipeline(s);
}

/* `id` is new and unpredictable in every header (RFC 6120 §4.7.3). */
static void open_server(struct stream *s, struct str to)
{
    uint8_t raw[STREAM_ID_BYTES];
    char id[2 * sizeof raw + 1];
    random_fill(&s->config->random, raw, sizeof raw);
    hash_hex(str_of(raw, sizeof raw), id);
    write_header(s, to, str_from(s->domain), str_from(id));
}

void stream_open(struct stream *s)
{
    stream_move(s, PHASE_HEADER);
    if (stream_is_client(s))
        open_client(s);
    else
        open_server(s, STR_NONE);
}

static struct xml_limits limits_of(const struct stream *s)
{
    struct xml_limits limits = s->authenticated ? xml_limits_after_auth : xml_limits_before_auth;
    limits.element_bytes =
        s->authenticated ? s->config->max_bytes_after_auth : s->config->max_bytes_before_auth;
    return limits;
}

void stream_trust(struct stream *s)
{
    struct xml_limits limits = limits_of(s);
    xml_reader_set_limits(s->reader, &limits);
}

void stream_restart(struct stream *s)
{
    struct xml_limits limits = limits_of(s);
    xml_reader_free(s->reader);
    if (!s->authenticated)
        sign_in_forget(s->sign_in); /* TLS begins: whoever spoke in clear may have been another */
    s->reader = xml_reader_new(&limits, s->config->framing == STREAM_FRAMING_WEBSOCKET);
    s->header_sent = s->header_received = false;
    s->skip_space = true;
    s->login->active = NULL;
    s->login->features = NULL;
    arena_finish(&s->login->features_arena);
    stream_move(s, PHASE_HEADER);
    if (!s->reader)
        stream_out_of_memory(s);
    else if (stream_is_client(s))
        stream_open(s);
}

/* ---- the peer's header ---- */

static void keep_header(struct stream *s, const struct element *e)
{
    struct arena *a = &s->header_arena;
    arena_finish(a);
    s->login->auth = (struct stream_auth_info){0}; /* its name was in there */
    s->login->header = (struct stream_header_info){
        .to = arena_dup(a, str_from(element_attr(e, "to"))),
        .from = arena_dup(a, str_from(element_attr(e, "from"))),
        .id = arena_dup(a, str_from(element_attr(e, "id"))),
        .lang = arena_dup(a, str_from(element_attr_ns(e, NS_XML, "lang"))),
    };
    if (a->failed)
        stream_out_of_memory(s);
}

/* "1.0" compared as two integers (RFC 6120 §4.7.5); an absent version is 0.9. Returns the major
 * number, or -1 when it is not a version. */
static int version_major(const char *version)
{
    if (!version)
        return 0;
    int major = 0;
    const char *p = version;
    for (; *p >= '0' && *p <= '9' && major < 1000; p++)
        major = major * 10 + (*p - '0');
    return p > version && *p == '.' && p[1] >= '0' && p[1] <= '9' ? major : -1;
}

static bool same_domain(const char *text, const char *prepared)
{
    char domain[JID_PART_MAX_BYTES + 1];
    size_t len;
    return text && jid_prepare_domain(str_from(text), domain, &len) == JID_OK &&
           cstr_eq(domain, prepared);
}

static const char *served_domain(const struct stream *s, const char *to)
{
    for (const char *const *d = s->config->domains; d && *d; d++)
        if (same_domain(to, *d))
            return *d;
    return NULL;
}

/* The client must stay with the domain and the account it began with. */
static bool server_accepts_again(struct stream *s, const char *domain)
{
    if (s->authenticated && !cstr_eq(domain, s->domain)) {
        stream_fail(s, STREAM_HOST_UNKNOWN, LINNET_ERROR_HOST_UNKNOWN, LINNET_ORIGIN_PEER, "domain",
                    s->login->header.to, "server", s->domain, NULL);
        return false;
    }
    if (!s->authenticated || !s->login->header.from)
        return true;
    struct jid from;
    bool same = jid_parse(str_from(s->login->header.from), &from) == JID_OK &&
                str_eq(from.local, str_from(s->login->username)) && str_is(from.domain, s->domain);
    jid_finish(&from);
    if (!same)
        stream_fail_protocol(s, STREAM_INVALID_FROM,
                             "the stream header names another account than the one signed in");
    return same;
}

static void server_header(struct stream *s, int major)
{
    const char *domain = served_domain(s, s->login->header.to);
    if (!domain) {
        open_server(s, str_from(s->login->header.from));
        stream_fail(s, STREAM_HOST_UNKNOWN, LINNET_ERROR_HOST_UNKNOWN, LINNET_ORIGIN_PEER, "domain",
                    s->login->header.to ? s->login->header.to : "(none)", "server", s->domain,
                    NULL);
        return;
    }
    if (!server_accepts_again(s, domain))
        return;
    s->domain = domain;
    open_server(s, str_from(s->login->header.from));
    if (major < 1) {
        stream_fail_protocol(s, STREAM_UNSUPPORTED_VERSION, "the client does not speak XMPP 1.0");
        return;
    }
    stream_move(s, PHASE_NEGOTIATE);
    stream_emit(s, (struct stream_event){.kind = STREAM_EVENT_HEADER, .header = &s->login->header});
    feature_write_all(s);
}

static void client_header(struct stream *s, int major)
{
    /* Before TLS anybody may have written `from`; after it, a server that names another domain
     * than the one we asked for is not the one we want (RFC 6120 §4.7.2). */
    if (s->tls && s->login->header.from && !same_domain(s->login->header.from, s->domain)) {
        stream_fail(s, STREAM_INVALID_FROM, LINNET_ERROR_HOST_UNKNOWN, LINNET_ORIGIN_PEER, "domain",
                    s->domain, "server", s->login->header.from, NULL);
        return;
    }
    if (major < 1) {
        stream_fail_protocol(s, STREAM_UNSUPPORTED_VERSION,
                             "the server speaks a protocol from before XMPP 1.0");
        return;
    }
    stream_move(s, PHASE_FEATURES);
    stream_emit(s, (struct stream_event){.kind = STREAM_EVENT_HEADER, .header = &s->login->header});
}

/* The content namespace (RFC 6120 §4.8.2), where it is declared as the default one. */
static bool is_for_clients(const struct stream *s)
{
    const char *ns = xml_reader_default_ns(s->reader);
    return !*ns || cstr_eq(ns, NS_CLIENT) || cstr_eq(ns, NS_STREAM);
}

void stream_header_received(struct stream *s, const struct element *e)
{
    s->header_received = true;
    keep_header(s, e);
    if (stream_over(s))
        return;
    if (!cstr_eq(e->ns, NS_STREAM)) {
        stream_fail_protocol(s, STREAM_INVALID_NAMESPACE, "the stream has a foreign namespace");
        return;
    }
    if (!cstr_eq(e->name, "stream")) {
        stream_fail_protocol(s, STREAM_BAD_FORMAT, "the first element is not a stream");
        return;
    }
    if (!is_for_clients(s)) {
        stream_fail_protocol(s, STREAM_INVALID_NAMESPACE, "the stream is not one for clients");
        return;
    }
    int major = version_major(element_attr(e, "version"));
    if (stream_is_client(s))
        client_header(s, major);
    else
        server_header(s, major);
}
