#include "server/c2s/restart_row.h"

#include "base/buf.h"
#include "server/c2s/redeliver.h"
#include "server/memory.h"

/* Far beyond what can be, and far enough from the ends of int64_t that differences are right. */
#define FAR (INT64_C(1) << 60)

static bool within(int64_t value, int64_t least, int64_t most)
{
    return value >= least && value <= most;
}

/* Text that goes on as a C string. */
static bool is_plain(struct str text, size_t max_bytes)
{
    return text.len <= max_bytes && !(text.len > 0 && memchr(text.ptr, '\0', text.len));
}

/* Prepared before: it must not be another address than it says. */
static bool is_address(const struct store_session *row, const char *domain, struct jid *ret)
{
    if (jid_make(row->user, str_from(domain), row->resource, ret) != JID_OK)
        return false;
    if (str_eq(ret->local, row->user) && str_eq(ret->resource, row->resource))
        return true;
    jid_finish(ret);
    return false;
}

static bool are_counts(const struct store_session *row)
{
    return within(row->left_ms, 0, FAR) && within(row->resume_s, 0, UINT32_MAX) &&
           within(row->acked, 0, FAR) && within(row->handled, 0, FAR) &&
           within(row->written, row->acked, row->acked + (int64_t)row->stanza_count) &&
           within(row->since_ms, -FAR, FAR) && within(row->priority, INT8_MIN, INT8_MAX) &&
           within(row->standing, 0, FAR >> 8);
}

/* Each on a line of its own, which has an end. */
static bool are_addresses(struct str lines)
{
    size_t begin = 0;
    for (size_t i = 0; i < lines.len; i++) {
        struct jid jid;
        if (lines.ptr[i] != '\n')
            continue;
        if (jid_parse(str_of(lines.ptr + begin, i - begin), &jid) != JID_OK)
            return false;
        jid_finish(&jid);
        begin = i + 1;
    }
    return begin == lines.len;
}

static bool is_stanza(struct str xml, enum stanza_kind kind)
{
    struct arena a;
    arena_init(&a, 0, false);
    const struct element *e = redeliver_read_back(&a, xml);
    enum stanza_kind found = e ? stanza_kind(e, NS_CLIENT) : STANZA_NONE;
    if (a.failed)
        memory_exhausted();
    arena_finish(&a);
    return found != STANZA_NONE && (kind == STANZA_NONE || found == kind);
}

/* It is there while the session is available, and only then. */
static bool is_presence(const struct store_session *row)
{
    struct buf whole = {0};
    if (row->presence.len == 0 || !row->available)
        return row->presence.len == 0 && !row->available;
    block_head(&whole, STANZA_PRESENCE, STR_NONE, STREAM_FRAMING_TCP);
    buf_str(&whole, row->presence);
    if (whole.failed)
        memory_exhausted();
    bool ok = is_stanza(buf_peek(&whole), STANZA_PRESENCE);
    buf_finish(&whole);
    return ok;
}

static bool are_stanzas(const struct store_session *row)
{
    for (size_t i = 0; i < row->stanza_count; i++)
        if (!within(row->stanzas[i].since_ms, -FAR, FAR) || !within(row->stanzas[i].tag, 0, FAR) ||
            !is_stanza(row->stanzas[i].xml, STANZA_NONE))
            return false;
    return true;
}

const char *restart_row_fault(const struct store_session *row, const char *domain,
                              struct jid *ret_jid)
{
    const char *fault = NULL;
    if (row->id.len == 0 || !is_plain(row->id, STORE_SESSION_ID_BYTES - 1))
        return "its id is none";
    if (!is_plain(row->client, STORE_CLIENT_BYTES - 1))
        return "the id of its client is none";
    if (!is_address(row, domain, ret_jid))
        return "its address is none";
    if (!are_counts(row))
        fault = "its numbers cannot be";
    else if (!are_addresses(row->directed))
        fault = "whom it sent presence to is no list of addresses";
    else if (!is_presence(row))
        fault = "its presence is none";
    else if (!are_stanzas(row))
        fault = "a stanza that it holds is none";
    if (fault)
        jid_finish(ret_jid);
    return fault;
}
