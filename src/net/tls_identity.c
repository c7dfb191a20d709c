#include "net/tls_identity.h"

#include "base/error.h"

#include <arpa/inet.h>
#include <idn2.h>
#include <openssl/asn1.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

/* id-on-xmppAddr and id-on-dnsSRV, 1.3.6.1.5.5.7.8.5 and .7, as DER contents. */
static const uint8_t oid_xmpp_addr[] = {0x2b, 6, 1, 5, 5, 7, 8, 5};
static const uint8_t oid_dns_srv[] = {0x2b, 6, 1, 5, 5, 7, 8, 7};

enum name_kind { NAME_OTHER, NAME_DNS, NAME_IP, NAME_SRV, NAME_XMPP };

/* One subjectAltName: its kind, and its bytes (borrowed). */
struct san_name {
    enum name_kind kind;
    struct str value;
};

static struct str asn1_str(const ASN1_STRING *s)
{
    return str_of(ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s));
}

static bool oid_is(const ASN1_OBJECT *oid, const uint8_t *der, size_t len)
{
    return OBJ_length(oid) == len && memcmp(OBJ_get0_data(oid), der, len) == 0;
}

static struct san_name name_other(const OTHERNAME *other)
{
    const ASN1_TYPE *value = other->value;
    if (oid_is(other->type_id, oid_dns_srv, sizeof(oid_dns_srv)) && value->type == V_ASN1_IA5STRING)
        return (struct san_name){NAME_SRV, asn1_str(value->value.ia5string)};
    if (oid_is(other->type_id, oid_xmpp_addr, sizeof(oid_xmpp_addr)) &&
        value->type == V_ASN1_UTF8STRING)
        return (struct san_name){NAME_XMPP, asn1_str(value->value.utf8string)};
    return (struct san_name){NAME_OTHER, STR_NONE};
}

static struct san_name name_read(const GENERAL_NAME *g)
{
    switch (g->type) {
    case GEN_DNS:
        return (struct san_name){NAME_DNS, asn1_str(g->d.dNSName)};
    case GEN_IPADD:
        return (struct san_name){NAME_IP, asn1_str(g->d.iPAddress)};
    case GEN_OTHERNAME:
        return name_other(g->d.otherName);
    default:
        return (struct san_name){NAME_OTHER, STR_NONE};
    }
}

/* Letters, digits, hyphens, underscores in non-empty labels: so no NUL, and nothing to decode. */
static bool is_host_name(struct str s)
{
    bool label_empty = true;
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     c == '-' || c == '_';
        if (!plain && (c != '.' || label_empty))
            return false;
        label_empty = c == '.';
    }
    return s.len > 0 && s.len <= 253 && !label_empty;
}

/* Host names compare without regard to ASCII case (RFC 9525 §6.3). */
static bool host_equal(struct str presented, struct str host)
{
    return presented.len == host.len && is_host_name(presented) &&
           strncasecmp(presented.ptr, host.ptr, host.len) == 0;
}

static struct str str_from_offset(struct str s, size_t offset)
{
    return str_of(s.ptr + offset, s.len - offset);
}

/* A wildcard stands for the whole left-most label, and for that one only (RFC 9525 §6.3). What
 * remains must have a dot: no certificate speaks for all of a top-level domain. */
static bool dns_matches(struct str presented, struct str host)
{
    if (presented.len < 2 || memcmp(presented.ptr, "*.", 2) != 0)
        return host_equal(presented, host);
    const char *dot = memchr(host.ptr, '.', host.len);
    struct str rest = str_from_offset(presented, 1);
    return dot && dot > host.ptr && memchr(rest.ptr + 1, '.', rest.len - 1) &&
           host_equal(str_from_offset(rest, 1),
                      str_from_offset(host, (size_t)(dot + 1 - host.ptr)));
}

/* "_service.host" (RFC 4985 §2). */
static bool srv_matches(struct str presented, const char *service, struct str host)
{
    size_t len = strlen(service);
    return presented.len > len + 2 && presented.ptr[0] == '_' &&
           strncasecmp(presented.ptr + 1, service, len) == 0 && presented.ptr[len + 1] == '.' &&
           host_equal(str_from_offset(presented, len + 2), host);
}

/* An XmppAddr holds a domain in UTF-8 (RFC 6120 §13.7.1.4): compare its A-label form. */
static bool xmpp_matches(struct str presented, struct str host)
{
    if (host_equal(presented, host))
        return true;
    char utf8[512];
    if (presented.len == 0 || presented.len >= sizeof(utf8) ||
        memchr(presented.ptr, 0, presented.len))
        return false;
    memcpy(utf8, presented.ptr, presented.len);
    utf8[presented.len] = 0;
    char *ascii = NULL;
    int result = idn2_to_ascii_8z(utf8, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
    bool same = result == IDN2_OK && host_equal(str_from(ascii), host);
    idn2_free(ascii);
    return same;
}

/* The binary form of an IP literal, or length 0. */
static size_t ip_parse(const char *text, uint8_t out[16])
{
    if (inet_pton(AF_INET, text, out) == 1)
        return 4;
    return inet_pton(AF_INET6, text, out) == 1 ? 16 : 0;
}

static bool name_matches(const struct san_name *n, const struct tls_identity *id)
{
    struct str host = str_from(id->host);
    switch (n->kind) {
    case NAME_DNS:
        return dns_matches(n->value, host);
    case NAME_SRV:
        return id->srv_service && srv_matches(n->value, id->srv_service, host);
    case NAME_XMPP:
        return id->xmpp_addr && xmpp_matches(n->value, host);
    default:
        return false;
    }
}

bool tls_identity_matches(X509 *cert, const struct tls_identity *id)
{
    uint8_t ip[16];
    size_t ip_len = ip_parse(id->host, ip);
    GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    bool found = false;
    for (int i = 0; i < sk_GENERAL_NAME_num(names) && !found; i++) {
        struct san_name n = name_read(sk_GENERAL_NAME_value(names, i));
        found = ip_len == 0 ? name_matches(&n, id)
                            : n.kind == NAME_IP && str_eq(n.value, str_of(ip, ip_len));
    }
    GENERAL_NAMES_free(names);
    return found;
}

/* What people read for a name; "" for kinds we do not know. */
static void name_text(const struct san_name *n, char *out, size_t out_size)
{
    out[0] = 0;
    if (n->kind == NAME_IP && (n->value.len == 4 || n->value.len == 16))
        inet_ntop(n->value.len == 4 ? AF_INET : AF_INET6, n->value.ptr, out, (socklen_t)out_size);
    else if (n->kind == NAME_XMPP && out_size > 5) {
        memcpy(out, "xmpp:", 6);
        error_copy_text(out + 5, out_size - 5, n->value);
    } else if (n->kind == NAME_DNS || n->kind == NAME_SRV)
        error_copy_text(out, out_size, n->value);
}

void tls_identity_list(X509 *cert, char *out, size_t out_size)
{
    size_t used = 0;
    out[0] = 0;
    GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        struct san_name n = name_read(sk_GENERAL_NAME_value(names, i));
        char text[280];
        name_text(&n, text, sizeof(text));
        size_t len = strlen(text);
        if (len == 0)
            continue;
        if (used + len + 8 > out_size) { /* room for ", " and for the dots */
            snprintf(out + used, out_size - used, ", ...");
            break;
        }
        used += (size_t)snprintf(out + used, out_size - used, "%s%s", used ? ", " : "", text);
    }
    GENERAL_NAMES_free(names);
}
