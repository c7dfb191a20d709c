#include "core/jid.h"

#include "core/precis.h"

#include <stdlib.h>

_Static_assert((int)PRECIS_MAX_BYTES == (int)JID_PART_MAX_BYTES, "one limit for all parts");

const char *jid_fault_text(enum jid_fault fault)
{
    switch (fault) {
    case JID_OK:
        break;
    case JID_EMPTY:
        return "A part of the address is empty.";
    case JID_TOO_LONG:
        return "A part of the address is longer than 1023 bytes.";
    case JID_NOT_UTF8:
        return "The address is not valid UTF-8.";
    case JID_LOCAL_CHARACTER:
        return "A user name may not contain spaces, symbols or any of \" & ' / : < > @.";
    case JID_DOMAIN_INVALID:
        return "The domain is not a host name or IP address.";
    case JID_RESOURCE_CHARACTER:
        return "The resource contains a character that is not allowed there.";
    case JID_NO_MEMORY:
        return "There was not enough memory to read the address.";
    }
    return "The address is valid.";
}

/* --- parts ----------------------------------------------------------------------------------- */

static bool is_ascii(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((uint8_t)s.ptr[i] >= 0x80)
            return false;
    return true;
}

static enum jid_fault fault_of(enum precis_fault fault, enum jid_fault character)
{
    switch (fault) {
    case PRECIS_OK:
        return JID_OK;
    case PRECIS_NOT_UTF8:
        return JID_NOT_UTF8;
    case PRECIS_TOO_LONG:
        return JID_TOO_LONG;
    case PRECIS_CHARACTER:
        break;
    }
    return character;
}

/* ASCII that may stand in a localpart as it is: not space, not upper case, not what RFC 7622 §3.3.1
 * excludes. */
static const bool local_ascii[256] = {
    ['!'] = true,         ['#' ... '%'] = true, ['(' ... '.'] = true, ['0' ... '9'] = true,
    [';'] = true,         ['='] = true,         ['?'] = true,         ['[' ... '`'] = true,
    ['a' ... 'z'] = true, ['{' ... '~'] = true};

/* Copies what needs no preparation; false when there is more to do. */
static bool copy_plain_local(struct str in, char *out, size_t *ret_len)
{
    if (in.len > JID_PART_MAX_BYTES)
        return false;
    for (size_t i = 0; i < in.len; i++) {
        if (!local_ascii[(uint8_t)in.ptr[i]])
            return false;
        out[i] = in.ptr[i];
    }
    out[in.len] = '\0';
    *ret_len = in.len;
    return true;
}

enum jid_fault jid_prepare_local(struct str in, char *out, size_t *ret_len)
{
    if (in.len == 0)
        return JID_EMPTY;
    if (copy_plain_local(in, out, ret_len))
        return JID_OK;
    enum precis_fault fault = precis_username(in, out, ret_len);
    if (fault)
        return fault_of(fault, JID_LOCAL_CHARACTER);
    for (size_t i = 0; i < *ret_len; i++)
        if ((uint8_t)out[i] < 0x80 && !local_ascii[(uint8_t)out[i]])
            return JID_LOCAL_CHARACTER;
    return JID_OK;
}

enum jid_fault jid_prepare_resource(struct str in, char *out, size_t *ret_len)
{
    if (in.len == 0)
        return JID_EMPTY;
    if (!is_ascii(in))
        return fault_of(precis_opaque(in, out, ret_len), JID_RESOURCE_CHARACTER);
    if (in.len > JID_PART_MAX_BYTES)
        return JID_TOO_LONG;
    for (size_t i = 0; i < in.len; i++)
        if (in.ptr[i] < ' ' || in.ptr[i] == 0x7f)
            return JID_RESOURCE_CHARACTER;
    memcpy(out, in.ptr, in.len);
    out[in.len] = '\0';
    *ret_len = in.len;
    return JID_OK;
}

/* --- whole addresses ------------------------------------------------------------------------- */

enum jid_fault jid_make(struct str local, struct str domain, struct str resource, struct jid *ret)
{
    char work[JID_MAX_BYTES + 1];
    size_t used = 0, local_len = 0, domain_len = 0, resource_len = 0, bare_len;
    enum jid_fault fault = JID_OK;
    *ret = (struct jid){0};
    if (local.ptr) {
        fault = jid_prepare_local(local, work, &local_len);
        if (fault)
            return fault;
        used = local_len;
        work[used++] = '@';
    }
    fault = jid_prepare_domain(domain, work + used, &domain_len);
    if (fault)
        return fault;
    bare_len = used += domain_len;
    if (resource.ptr) {
        work[used++] = '/';
        fault = jid_prepare_resource(resource, work + used, &resource_len);
        if (fault)
            return fault;
        used += resource_len;
    }
    char *full = malloc(used + 1);
    if (!full)
        return JID_NO_MEMORY;
    memcpy(full, work, used);
    full[used] = '\0';
    ret->full = full;
    ret->bare_len = bare_len;
    ret->local = local.ptr ? str_of(full, local_len) : STR_NONE;
    ret->domain = str_of(full + bare_len - domain_len, domain_len);
    ret->resource = resource.ptr ? str_of(full + bare_len + 1, resource_len) : STR_NONE;
    return JID_OK;
}

/* RFC 7622 §3.1: the separators are found before any part is prepared: the first '/' ends the bare
 * address, and a '@' behind it is part of the resource. */
enum jid_fault jid_parse(struct str text, struct jid *ret)
{
    *ret = (struct jid){0};
    if (text.len == 0)
        return JID_EMPTY;
    struct str local = STR_NONE, domain = text, resource = STR_NONE;
    const char *slash = memchr(text.ptr, '/', text.len);
    if (slash) {
        domain.len = (size_t)(slash - text.ptr);
        resource = str_of(slash + 1, text.len - domain.len - 1);
    }
    const char *at = memchr(domain.ptr, '@', domain.len);
    if (at) {
        local = str_of(domain.ptr, (size_t)(at - domain.ptr));
        domain = str_of(at + 1, domain.len - local.len - 1);
    }
    return jid_make(local, domain, resource, ret);
}

void jid_finish(struct jid *j)
{
    free(j->full);
    *j = (struct jid){0};
}

bool jid_copy(const struct jid *from, struct jid *ret)
{
    *ret = (struct jid){0};
    if (!from->full)
        return true;
    size_t size = strlen(from->full) + 1;
    char *full = malloc(size);
    if (!full)
        return false;
    memcpy(full, from->full, size);
    *ret = *from;
    ret->full = full;
    if (from->local.ptr)
        ret->local.ptr = full + (from->local.ptr - from->full);
    ret->domain.ptr = full + (from->domain.ptr - from->full);
    if (from->resource.ptr)
        ret->resource.ptr = full + (from->resource.ptr - from->full);
    return true;
}

bool jid_equal(const struct jid *a, const struct jid *b)
{
    return cstr_eq(a->full, b->full);
}

bool jid_bare_equal(const struct jid *a, const struct jid *b)
{
    return str_eq(jid_bare(a), jid_bare(b));
}
