/* The domainpart: IP literals, host names, internationalised labels (RFC 7622 §3.2). */
#include "core/ip_literal.h"
#include "core/jid.h"
#include "core/precis.h"

#include <idn2.h>

enum { LABEL_MAX_BYTES = 63, DNS_NAME_MAX_BYTES = 253 };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_ascii(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((uint8_t)s.ptr[i] >= 0x80)
            return false;
    return true;
}

/* The label that starts at `at` in `domain`. */
static struct str label_at(struct str domain, size_t at)
{
    const char *start = domain.ptr + at;
    const char *dot = memchr(start, '.', domain.len - at);
    return str_of(start, dot ? (size_t)(dot - start) : domain.len - at);
}

/* --- host names ------------------------------------------------------------------------------ */

static bool is_a_label(struct str label)
{
    return label.len >= 4 && memcmp(label.ptr, "xn--", 4) == 0;
}

static const bool ldh[256] = {['a' ... 'z'] = true, ['0' ... '9'] = true, ['-'] = true};

/* RFC 5890 §2.3.1: letters, digits and hyphens, no hyphen at the ends, nor in places three and
 * four (an A-label is looked at elsewhere). */
static bool is_ldh(struct str label)
{
    if (label.len == 0 || label.len > LABEL_MAX_BYTES || label.ptr[0] == '-' ||
        label.ptr[label.len - 1] == '-')
        return false;
    if (label.len >= 4 && label.ptr[2] == '-' && label.ptr[3] == '-')
        return false;
    for (size_t i = 0; i < label.len; i++)
        if (!ldh[(uint8_t)label.ptr[i]])
            return false;
    return true;
}

/* RFC 1123 §2.1: "the highest-level component label will be alphabetic". Such a name that is no
 * IPv4 address would be one to some resolvers. */
static bool ends_in_number(struct str domain)
{
    size_t i = domain.len;
    while (i > 0 && is_digit(domain.ptr[i - 1]))
        i--;
    return i < domain.len && (i == 0 || domain.ptr[i - 1] == '.');
}

/* A host name that needs no preparation: the common case. */
static bool is_plain_host(struct str s)
{
    for (size_t at = 0; at <= s.len;) {
        struct str label = label_at(s, at);
        if (!is_ldh(label))
            return false;
        at += label.len + 1;
    }
    return s.len <= JID_PART_MAX_BYTES && !ends_in_number(s);
}

/* --- internationalised labels ---------------------------------------------------------------- */

static enum jid_fault fault_of_idn(int rc)
{
    return rc == IDN2_MALLOC ? JID_NO_MEMORY : JID_DOMAIN_INVALID;
}

/* Whether the U-label `u` is one that the mapping of domains leaves alone, so that the address
 * stays what it is when it is read again: libidn2 and utf8proc may know different versions of
 * Unicode. */
static bool is_mapped(struct str u)
{
    char mapped[JID_PART_MAX_BYTES + 1];
    size_t len = 0;
    return precis_map_domain(u, mapped, &len) == PRECIS_OK && str_eq(str_of(mapped, len), u);
}

/* A label of at most 63 bytes as A-label, or more as U-label, to a U-label: appends it to `out`. */
static enum jid_fault append_u_label(struct str label, char *out, size_t *used)
{
    char text[JID_PART_MAX_BYTES + 1];
    uint8_t *checked = NULL;
    char *decoded = NULL;
    const char *u = text;
    int rc = IDN2_OK;
    enum jid_fault fault = JID_DOMAIN_INVALID;
    memcpy(text, label.ptr, label.len);
    text[label.len] = '\0';
    if (is_a_label(label)) {
        rc = idn2_to_unicode_8z8z(text, &decoded, IDN2_NO_TR46);
        u = decoded;
    }
    /* Registration is the strict form of IDNA2008: every contextual rule, and both forms of the
     * label must lead to each other. libidn2's Bidi Rule misses the conditions 3 and 4. */
    if (rc == IDN2_OK)
        rc = idn2_register_u8((const uint8_t *)u, is_a_label(label) ? (const uint8_t *)text : NULL,
                              &checked, 0);
    if (rc != IDN2_OK) {
        fault = fault_of_idn(rc);
        goto out;
    }
    size_t len = strlen(u);
    if (!is_mapped(str_of(u, len)) || !precis_bidi_valid(str_of(u, len)))
        goto out;
    fault = *used + len > JID_PART_MAX_BYTES ? JID_TOO_LONG : JID_OK;
    if (fault)
        goto out;
    memcpy(out + *used, u, len);
    *used += len;
out:
    idn2_free(decoded);
    idn2_free(checked);
    return fault;
}

static enum jid_fault append_label(struct str label, char *out, size_t *used)
{
    if (memchr(label.ptr, '\0', label.len))
        return JID_DOMAIN_INVALID;
    if (!is_ascii(label) || is_a_label(label))
        return append_u_label(label, out, used);
    if (!is_ldh(label))
        return JID_DOMAIN_INVALID;
    if (*used + label.len > JID_PART_MAX_BYTES)
        return JID_TOO_LONG;
    memcpy(out + *used, label.ptr, label.len);
    *used += label.len;
    return JID_OK;
}

/* Labels joined again, in place. */
static enum jid_fault prepare_labels(char *domain, size_t *len)
{
    char in[JID_PART_MAX_BYTES + 1];
    size_t used = 0;
    memcpy(in, domain, *len);
    struct str all = str_of(in, *len);
    for (size_t at = 0; at <= all.len;) {
        struct str label = label_at(all, at);
        if (at > 0 && used == JID_PART_MAX_BYTES)
            return JID_TOO_LONG;
        if (at > 0)
            domain[used++] = '.';
        enum jid_fault fault = append_label(label, domain, &used);
        if (fault)
            return fault;
        at += label.len + 1;
    }
    *len = used;
    domain[used] = '\0';
    return JID_OK;
}

/* --- the part -------------------------------------------------------------------------------- */

/* RFC 7622 §3.2.2: case, width and NFC, before labels are looked at. */
static enum jid_fault map(struct str in, char *out, size_t *ret_len)
{
    if (!is_ascii(in)) {
        enum precis_fault fault = precis_map_domain(in, out, ret_len);
        return fault == PRECIS_OK         ? JID_OK
               : fault == PRECIS_NOT_UTF8 ? JID_NOT_UTF8
               : fault == PRECIS_TOO_LONG ? JID_TOO_LONG
                                          : JID_DOMAIN_INVALID;
    }
    if (in.len > JID_PART_MAX_BYTES)
        return JID_TOO_LONG;
    for (size_t i = 0; i < in.len; i++)
        out[i] = in.ptr[i] >= 'A' && in.ptr[i] <= 'Z' ? (char)(in.ptr[i] | 0x20) : in.ptr[i];
    out[in.len] = '\0';
    *ret_len = in.len;
    return JID_OK;
}

/* "[...]" to its canonical text. */
static enum jid_fault prepare_v6(char *domain, size_t *len)
{
    uint8_t ip[16];
    if (domain[*len - 1] != ']' || !ip_literal_v6(str_of(domain + 1, *len - 2), ip))
        return JID_DOMAIN_INVALID;
    size_t text_len = ip_literal_v6_print(ip, domain + 1);
    domain[text_len + 1] = ']';
    domain[text_len + 2] = '\0';
    *len = text_len + 2;
    return JID_OK;
}

/* What is in `out`, mapped, by its kind. */
static enum jid_fault prepare_mapped(char *out, size_t *len)
{
    struct str domain = str_of(out, *len);
    uint8_t v4[4];
    if (out[0] == '[')
        return *len > 2 ? prepare_v6(out, len) : JID_DOMAIN_INVALID;
    if (ends_in_number(domain))
        return ip_literal_v4(domain, v4) ? JID_OK : JID_DOMAIN_INVALID;
    return prepare_labels(out, len);
}

enum jid_fault jid_prepare_domain(struct str in, char *out, size_t *ret_len)
{
    if (in.len == 0)
        return JID_EMPTY;
    if (is_plain_host(in)) {
        memcpy(out, in.ptr, in.len);
        out[in.len] = '\0';
        *ret_len = in.len;
        return JID_OK;
    }
    enum jid_fault fault = map(in, out, ret_len);
    if (fault)
        return fault;
    /* RFC 7622 §3.2: "If the domainpart includes a final character considered to be a label
     * separator (dot) ... this character MUST be stripped". */
    if (out[*ret_len - 1] == '.')
        out[--*ret_len] = '\0';
    return *ret_len > 0 ? prepare_mapped(out, ret_len) : JID_EMPTY;
}

bool jid_domain_is_ip(struct str domain)
{
    uint8_t v4[4];
    return domain.len > 0 && (domain.ptr[0] == '[' || ip_literal_v4(domain, v4));
}

bool jid_domain_ascii(struct str domain, char out[256])
{
    char text[JID_PART_MAX_BYTES + 1];
    uint8_t *ascii = NULL;
    if (domain.len > 2 && domain.ptr[0] == '[')
        domain = str_of(domain.ptr + 1, domain.len - 2);
    if (domain.len == 0 || domain.len > JID_PART_MAX_BYTES)
        return false;
    memcpy(text, domain.ptr, domain.len);
    text[domain.len] = '\0';
    const char *name = text;
    if (!is_ascii(domain)) {
        if (idn2_lookup_u8((const uint8_t *)text, &ascii, IDN2_NO_TR46) != IDN2_OK)
            return false;
        name = (const char *)ascii;
    }
    size_t len = strlen(name);
    if (len <= DNS_NAME_MAX_BYTES)
        memcpy(out, name, len + 1);
    idn2_free(ascii);
    return len <= DNS_NAME_MAX_BYTES;
}
