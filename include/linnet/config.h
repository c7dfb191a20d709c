/*
 * linnet/config.h - what a client is told before it logs in.
 *
 * A struct linnet_config is filled, given to linnet_client_new (or linnet_probe), which copies it,
 * and freed. Setting is sticky: a setter that cannot accept its value (or has no memory) remembers
 * the first such failure, and linnet_client_new reports it with a sentence that names the setting.
 * So a configuration is filled freely and checked once.
 *
 * Strings are copied. NULL or "" takes a setting back to its default. Secrets are kept in memory
 * that is wiped when it is freed. One thread at a time.
 */
#ifndef LINNET_CONFIG_H
#define LINNET_CONFIG_H

#include <linnet/error.h>

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct linnet_config;

/* NULL when out of memory; every setter and linnet_client_new accept that NULL. */
LINNET_API struct linnet_config *linnet_config_new(void) LINNET_MUST_USE;

/* Wipes and frees. */
LINNET_API void linnet_config_free(struct linnet_config *config);

/* ---- who ---- */

/* The address to log in as, "juliet@example.org" or with a resource, "…/balcony" (RFC 7622). For a
 * probe a domain alone is enough. Required. */
LINNET_API void linnet_config_set_address(struct linnet_config *config, const char *address);

/* The password: `len` bytes of UTF-8, without a terminator. The caller wipes its own copy.
 * `password` NULL: none, and a login that needs one raises LINNET_EVENT_PASSWORD. */
LINNET_API void linnet_config_set_password(struct linnet_config *config, const char *password,
                                           size_t len);

/* The resource to ask for (RFC 6120 §7.7); overrides the address's. Default: the server makes one,
 * which tells strangers least. */
LINNET_API void linnet_config_set_resource(struct linnet_config *config, const char *resource);

/* Our xml:lang (RFC 6120 §4.7.4), in which the server may word its texts. Default "en". */
LINNET_API void linnet_config_set_lang(struct linnet_config *config, const char *lang);

/* ---- where ---- */

/* Connects to this host name or IP literal instead of what DNS SRV says (RFC 6120 §3.2.3). The
 * certificate must still be for the domain of the address. */
LINNET_API void linnet_config_set_host(struct linnet_config *config, const char *host);

/* The port, with or without a host (then it is the address's domain that is connected to). Default
 * with a host: 5222, or 5223 with direct TLS. 0: default. */
LINNET_API void linnet_config_set_port(struct linnet_config *config, uint16_t port);

/* TLS from the first byte (XEP-0368) instead of STARTTLS. Matters with a host or port; without
 * them both kinds are looked up in DNS, and true then leaves out the STARTTLS targets. */
LINNET_API void linnet_config_set_direct_tls(struct linnet_config *config, bool direct_tls);

/* ---- trust ---- */

enum linnet_tls_policy {
    LINNET_TLS_REQUIRE = 0, /* nothing secret goes out without TLS and a verified server */
    LINNET_TLS_PREFER,      /* TLS when the server offers it; else in clear, never with PLAIN */
    LINNET_TLS_OFF          /* no STARTTLS: for links that are private by other means */
};

/* Default LINNET_TLS_REQUIRE (RFC 7590 §3). */
LINNET_API void linnet_config_set_tls(struct linnet_config *config, enum linnet_tls_policy tls);

/* A PEM file of trust anchors that replaces the system's (RFC 6120 §13.6). Read when a login
 * begins; a file that cannot be used then fails with LINNET_ERROR_SETTINGS. */
LINNET_API void linnet_config_set_ca_file(struct linnet_config *config, const char *path);

/* Accepts the server whose public key has this SHA-256, whatever its certificate's chain, names and
 * dates, and no other server. Written "sha256//BASE64" or as 64 hexadecimal digits, with or without
 * colons. May be called up to 8 times; any of the keys will do. */
LINNET_API void linnet_config_add_pin(struct linnet_config *config, const char *pin);

/* When true, a certificate that does not verify raises LINNET_EVENT_CERTIFICATE and the login waits
 * (within its deadline) for linnet_client_answer_certificate. Default false: it fails at once. A
 * pin that does not match is never asked about. */
LINNET_API void linnet_config_set_ask_certificate(struct linnet_config *config, bool ask);

/* Only this SASL mechanism, such as "SCRAM-SHA-256". Overrides the order of preference and the
 * legacy switch, never the need for verified TLS. Default: the best that both ends have. */
LINNET_API void linnet_config_set_mechanism(struct linnet_config *config, const char *mechanism);

/* Lets weak, obsolete mechanisms (DIGEST-MD5) take part. Default false. */
LINNET_API void linnet_config_set_legacy(struct linnet_config *config, bool legacy);

/* ---- time ---- */

/* The longest that a login may take in all, and that it may wait for any single answer of the
 * network. 0: the defaults, 60,000 and 30,000 ms. Time spent waiting for the application (a
 * password, a certificate) counts in the first only. */
LINNET_API void linnet_config_set_timeout_ms(struct linnet_config *config, uint32_t login_ms,
                                             uint32_t stage_ms);

/* Online and nothing sent for so long: one space goes out (RFC 6120 §4.6.1), which keeps the
 * mappings of routers alive. 0, the default: never. */
LINNET_API void linnet_config_set_keepalive_ms(struct linnet_config *config, uint32_t keepalive_ms);

/* Online and nothing received for `interval_ms`: the server is pinged (XEP-0199); no answer within
 * `timeout_ms` ends the session with LINNET_ERROR_TIMEOUT. Defaults 300,000 and 30,000;
 * an interval of UINT32_MAX switches pings off, 0 means the default. */
LINNET_API void linnet_config_set_ping_ms(struct linnet_config *config, uint32_t interval_ms,
                                          uint32_t timeout_ms);

/* When true, the client logs in again by itself after every failure that another attempt can mend:
 * see "logging in again" in linnet/client.h. Default false. */
LINNET_API void linnet_config_set_reconnect(struct linnet_config *config, bool reconnect);

/* The longest that it waits between two attempts when nobody asked for more: the delay doubles up
 * to this. 0: the default, 300,000 ms; 600,000 suits a phone. At most a day. */
LINNET_API void linnet_config_set_reconnect_cap_ms(struct linnet_config *config, uint32_t cap_ms);

/* Stream management (XEP-0198) where the server has it: what arrived is confirmed, and with
 * reconnecting a session outlives its connections. Default true. */
LINNET_API void linnet_config_set_stream_management(struct linnet_config *config, bool on);

/* ---- what we say about ourselves ---- */

/* Name and version for XEP-0092, and for XEP-0030 the name with the client type ("console", "bot",
 * "pc", "phone", "web"; default "bot"). Without a name version requests are declined. */
LINNET_API void linnet_config_set_software(struct linnet_config *config, const char *name,
                                           const char *version, const char *type);

/* A protocol that the application speaks: its namespace is added to the answers of disco#info
 * (XEP-0030), and iq requests whose child is in it are given to the application as
 * LINNET_EVENT_STANZA, which must answer each (RFC 6120 §8.2.3). All other requests are answered by
 * the library. May be called up to 32 times. */
LINNET_API void linnet_config_add_feature(struct linnet_config *config, const char *ns);

/* A word for the device, which the server may show beside the name and version of above when it
 * lists where an account is signed in (XEP-0388): "Juliet's phone". Default: none. Goes out only
 * with a memory, or with tokens. */
LINNET_API void linnet_config_set_device(struct linnet_config *config, const char *device);

/* ---- what is remembered of the account ---- */

/* What linnet_client_memory gave after an earlier login of this account: so nobody can weaken the
 * sign-in unnoticed, and the next login takes fewer round trips. The client then also tells of each
 * change, by LINNET_EVENT_MEMORY. "" with `len` 0 is a memory of nothing yet. `text` NULL, the
 * default: nothing is kept beyond the client.
 *
 * A memory is of one address and, best, of one server: whoever uses a host of its own choice
 * (linnet_config_set_host) keeps one for each. linnet_client_new refuses with LINNET_ERROR_USAGE
 * what is damaged, of another version or of another address; it never goes on with half of it.
 *
 * From a memory follows:
 *   - after SCRAM neither PLAIN nor a legacy mechanism, after a channel binding nothing without
 *     one (LINNET_ERROR_DOWNGRADE), unless linnet_config_set_mechanism names it;
 *   - LINNET_EVENT_CERTIFICATE_CHANGED, when a server proves itself with another key;
 *   - a resumed TLS session; a token in place of the password (XEP-0484); sign-in together with
 *     the stream header (XEP-0509).
 */
LINNET_API void linnet_config_set_memory(struct linnet_config *config, const char *text,
                                         size_t len);

/* When true, the server's present state is taken as right: all that the memory says of the server
 * is forgotten before the first login, and what that login finds is remembered instead. For a
 * person who knows why the server changed. Default false. */
LINNET_API void linnet_config_accept_change(struct linnet_config *config, bool accept);

/* Whether to sign in with tokens (FAST, XEP-0484) and to ask for them. Default: when there is a
 * memory. A mechanism that was set excludes tokens. */
LINNET_API void linnet_config_set_fast(struct linnet_config *config, bool fast);

/* Whether another client with the same memory is, or may be, online, and is to stay so. A server
 * takes a second session of one installation for the successor of the first, and ends that
 * (XEP-0386). So this client is an installation of its own for as long as it lives (a new
 * user-agent id, XEP-0388 §2.1), and leaves the token and the TLS session of the memory to the
 * other; the rest of the memory protects it as usual. Do not save its memory. Default false. */
LINNET_API void linnet_config_set_alongside(struct linnet_config *config, bool alongside);

/* Whether a token may be sent in TLS 1.3 early data (RFC 8446 §2.3) where the server says that it
 * takes it: one round trip less. What travels so could be replayed by whoever sees it; the server
 * must accept each count of a token once, and this library sends nothing else early. Default
 * false. */
LINNET_API void linnet_config_set_early_data(struct linnet_config *config, bool early_data);

/* Whether to sign in the shorter way (SASL2, XEP-0388) where the server offers it. Default true;
 * false is for servers whose SASL2 is broken, and excludes tokens. */
LINNET_API void linnet_config_set_sasl2(struct linnet_config *config, bool sasl2);

/* Whether the first login will try a token, so that the password may never be needed: whoever has
 * to ask a person for it can wait for LINNET_EVENT_PASSWORD. False where the memory cannot be
 * used. */
LINNET_API bool linnet_config_has_token(const struct linnet_config *config);

/* ---- the wire, as text ---- */

enum linnet_direction { LINNET_RECEIVED = 0, LINNET_SENT };

/* Where each item of the stream is written for debugging, from inside linnet_client_dispatch and
 * the calls that send. `xml` has `len` bytes and no terminator and is borrowed for the call; the
 * sink may not call the client. Passwords, tokens and SASL payloads are masked unless `secrets`. */
LINNET_API void linnet_config_set_trace(struct linnet_config *config,
                                        void (*sink)(void *ctx, enum linnet_direction direction,
                                                     const char *xml, size_t len),
                                        void *ctx, bool secrets);

#ifdef __cplusplus
}
#endif
#endif
