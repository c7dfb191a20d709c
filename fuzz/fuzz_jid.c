/* Any bytes as an address. What is accepted must come out unchanged when it goes in again, whole
 * and in parts, and its parts must add up to it. */
#include "core/jid.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool truth)
{
    if (!truth)
        abort();
}

static void check_parts(const struct jid *j)
{
    size_t local = j->local.ptr ? j->local.len + 1 : 0;
    size_t resource = j->resource.ptr ? j->resource.len + 1 : 0;
    demand(local + j->domain.len == j->bare_len);
    demand(j->bare_len + resource == strlen(j->full));
    demand(j->domain.len > 0 && j->domain.len <= JID_PART_MAX_BYTES);
    demand(!j->local.ptr || (j->local.len > 0 && j->local.len <= JID_PART_MAX_BYTES));
    demand(!j->resource.ptr || (j->resource.len > 0 && j->resource.len <= JID_PART_MAX_BYTES));
    demand(!memchr(j->full, '/', j->bare_len));
    demand(!memchr(j->domain.ptr, '@', j->domain.len));
    demand(!j->local.ptr || !memchr(j->local.ptr, '@', j->local.len));
}

static void check_round_trip(const struct jid *j)
{
    struct jid again, parts, copy;
    demand(jid_parse(jid_full(j), &again) == JID_OK && jid_equal(j, &again));
    demand(jid_make(j->local, j->domain, j->resource, &parts) == JID_OK && jid_equal(j, &parts));
    demand(jid_copy(j, &copy) && jid_equal(j, &copy));
    jid_finish(&again);
    jid_finish(&parts);
    jid_finish(&copy);
}

/* The A-label form of a host name names the same domain. */
static void check_domain(struct str domain)
{
    char ascii[256], back[JID_PART_MAX_BYTES + 1];
    size_t len = 0;
    if (jid_domain_is_ip(domain) || !jid_domain_ascii(domain, ascii))
        return;
    demand(jid_prepare_domain(str_from(ascii), back, &len) == JID_OK);
    demand(str_eq(str_of(back, len), domain));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct jid j;
    if (jid_parse(str_of(data, size), &j) == JID_OK) {
        check_parts(&j);
        check_round_trip(&j);
        check_domain(j.domain);
    } else {
        demand(!j.full && !j.domain.ptr);
    }
    jid_finish(&j);
    return 0;
}
