/* The failure catalogue: every row of docs/errors.md, which is generated from here. The syntax of
 * the sentences is that of error_render (base/error.h). A remedy speaks to the person in front of
 * any front end: it names no flag of a program and no button of a window. The evidence of a row is
 * every parameter that any of its occurrences carries. */
#include "base/error.h"

#define ROW(code, id, heading, retry, evidence, sentence, remedy)                                  \
    {                                                                                              \
        LINNET_ERROR_##code, id, heading, sentence, remedy, LINNET_RETRY_##retry, evidence         \
    }

/* In the order of the codes. */
static const struct linnet_error_info rows[] = {
    ROW(INTERNAL, "internal", "Something went wrong inside Linnet", NO, "reason",
        "Linnet met a fault of its own[: {reason}].",
        "This is a bug: record what happens with tracing on and report it."),
    ROW(USAGE, "usage", "That cannot be done as asked", NO, "reason",
        "[{reason}|The request was not understood].",
        "Look at the help for what can be asked and how."),
    ROW(BAD_ADDRESS, "bad-address", "Check the address", NO, "address reason",
        "[\"{address}\" is not a valid address|The address is not valid][: {reason}].",
        "Write it like name@example.org: a user name, an @ and the domain of the server."),
    ROW(NO_MEMORY, "no-memory", "Out of memory", NO, "reason domain answer",
        "There was not enough memory to go on[: {reason}].",
        "Close other programs or raise the memory limit, then try again."),
    ROW(STORE, "store", "The database failed", NO, "reason",
        "The database could not do what it was asked[: {reason}].",
        "Check the free space and the access rights of the data folder, and the server's log."),
    ROW(SETTINGS, "settings", "Check the settings", NO, "reason",
        "The settings cannot be used[: {reason}].", "Correct what is named and start again."),

    ROW(DNS_NONE, "dns-none", "No such server", NO, "domain host redirect answer",
        "[The host {redirect} that the server of {domain} names has no address|"
        "The host {host} that was set for {domain} has no address|There is no server for {domain}|"
        "There is no server for the domain of this address][: {answer}].",
        "Check the name for misspellings; if the server of the domain has another name, set host "
        "and port."),
    ROW(REFUSED, "refused", "Server is not accepting connections", YES, "targets",
        "No server accepted the connection[; tried {targets}].",
        "Check that the server is running, that host and port are right, and that no firewall is "
        "in the way."),
    ROW(TIMEOUT, "timeout", "Server did not answer", YES, "seconds stage target",
        "The server did not answer[ within {seconds} s][ (stage: {stage})].",
        "Try again; if it stays silent, check the network and whether the server is well."),
    ROW(OFFLINE, "offline", "You are offline", ON_NETWORK, "targets",
        "This device has no connection to the network.",
        "Check the cable, the wireless network or the VPN of this device."),
    ROW(NOT_XMPP, "not-xmpp", "That port is not XMPP", NO, "target found",
        "[{target}|What answers there] does not speak XMPP[: it looks like {found}].",
        "Use the port for XMPP clients: 5222 as a rule, or 5223 for direct TLS; 9090 is the web "
        "console of many servers."),
    ROW(DNS_FAILED, "dns-failed", "The name could not be looked up", YES, "domain answer",
        "[The name {domain}|The name of the server] could not be looked up[: {answer}].",
        "Check the network and its name servers, then try again."),
    ROW(CONNECTION_LOST, "connection-lost", "Connection lost", YES, "target reason domain address",
        "The connection[ to {target}] was lost[: {reason}].", "Check the network, then try again."),

    ROW(TLS_FAILED, "tls-failed", "Secure connection failed", YES, "target reason",
        "The connection[ to {target}] could not be secured with TLS[: {reason}].",
        "Try again; if it stays so, ask the server's administrator which TLS versions it speaks."),
    ROW(CERT_UNTRUSTED, "cert-untrusted", "Certificate not trusted", NO,
        "domain reason names issuer not_before not_after sha256 pin seen",
        "The certificate shown for [{domain}|the server] is not trusted[: {reason}]"
        "[; it names {names}][; issued by {issuer}][; valid from {not_before} until {not_after}]"
        "[; SHA-256 {sha256}][; {seen}].",
        "Accept it only if the server's administrator confirms its SHA-256 to you; otherwise "
        "do not go on."),
    ROW(CERT_NAME, "cert-name", "Certificate not trusted: wrong name", NO,
        "domain reason names issuer not_before not_after sha256 pin seen",
        "The certificate does not belong to [{domain}|the domain of this address]"
        "[; it names {names}][; issued by {issuer}][; SHA-256 {sha256}][; {seen}].",
        "Check the domain of the address; if it is right, someone else may be answering: ask the "
        "server's administrator before you go on."),
    ROW(CERT_EXPIRED, "cert-expired", "Certificate not trusted: out of date", NO,
        "domain reason names issuer not_before not_after sha256 pin seen",
        "The certificate of [{domain}|the server] is not valid today[: {reason}]"
        "[; it is valid from {not_before} until {not_after}][; SHA-256 {sha256}][; {seen}].",
        "Check the clock of this device; if it is right, the server's administrator must renew "
        "the certificate."),
    ROW(TLS_MISSING, "tls-missing", "Server offers no encryption", NO, "domain address reason",
        "[{domain}|The server] offers no encryption, so nothing secret was sent.",
        "Ask the server's administrator to switch TLS on; going on without it must be allowed "
        "explicitly."),

    ROW(BAD_CREDENTIALS, "bad-credentials", "Wrong user name or password", NO,
        "address domain mechanism reason unusable",
        "[They were not sent: {unusable}|The server did not accept the user name or the password "
        "of "
        "{address}|The server did not accept the user name or the password].",
        "Type the password again, and check the spelling of the address."),
    ROW(NO_MECHANISM, "no-mechanism", "No common sign-in method", NO,
        "offered ours excluded mechanism reason domain address",
        "[{mechanism} cannot be used: {reason}|There is no common sign-in method]"
        "[; the server offers {offered}][; this program has "
        "{ours}][; policy excludes {excluded}].",
        "Ask the server's administrator for SCRAM; a method that policy excludes must be allowed "
        "explicitly."),
    ROW(ACCOUNT_DISABLED, "account-disabled", "Account disabled", NO, "address domain reason",
        "The account[ {address}] is disabled.",
        "Ask the server's administrator for the reason, and to enable it again."),
    ROW(CREDENTIALS_EXPIRED, "credentials-expired", "Password expired", NO, "address domain reason",
        "The password[ of {address}] has expired.",
        "Set a new password with the server's administrator or on the server's web page."),
    ROW(AUTH_TEMPORARY, "auth-temporary", "Try again later", YES, "address domain reason",
        "The server cannot check the sign-in[ of {address}] at present.",
        "Wait a while, then try again."),
    ROW(SERVER_PROOF, "server-proof", "The server could not prove itself", NO,
        "domain mechanism reason",
        "[{domain}|The server] did not prove that it knows the account[ (method {mechanism})]"
        "[: {reason}]; nothing was accepted.",
        "Do not sign in from this network until the server's administrator has explained it: "
        "someone may stand between you and the server."),
    ROW(DOWNGRADE, "downgrade", "Someone weakened the connection", NO,
        "domain mechanism reason before now",
        "[Someone changed the sign-in on its way: {reason}|The server now offers less protection "
        "than "
        "before][; before: {before}][; now: {now}].",
        "Do not sign in from this network; if the administrator confirms that the server was "
        "changed, accept the change, or ask for a method by name."),

    ROW(HOST_UNKNOWN, "host-unknown", "Server does not serve this domain", NO,
        "domain server address reason",
        "[The address says {domain}; the server is {server}|The server does not serve {domain}|"
        "The server does not serve the domain of this address].",
        "Use the domain that the server serves, or set the host and port of the right server."),
    ROW(CONFLICT, "conflict", "Signed in elsewhere", NO, "address domain reason",
        "[{address}|This account] is signed in elsewhere, which left no place for the session "
        "here.",
        "Sign in again to use it here, or give each device a resource of its own."),
    ROW(REDIRECT_LOOP, "redirect-loop", "Too many redirects", NO, "hosts redirect",
        "[The server sent the login on to {redirect}|The server sent the login from host to host "
        "too many times][: {hosts}].",
        "Tell the administrator of the domain: its servers point at each other."),
    ROW(POLICY, "policy", "Refused by the server's rules", NO, "domain reason address limit",
        "[A limit of this program was reached: {limit}|{domain} ended the session because of its "
        "rules: {reason}|The server ended the session because of its rules].",
        "Do what the server's words ask for, or ask its administrator."),
    ROW(SHUTDOWN, "shutdown", "Server is going down", YES, "domain reason address",
        "[{domain}|The server] is shutting down or cannot serve at present[: {reason}].",
        "Wait until the server is back, then try again."),
    ROW(PROTOCOL, "protocol", "The conversation broke down", NO, "domain reason address mechanism",
        "The exchange with [{domain}|the server] broke the rules of XMPP[: {reason}].",
        "This is a bug at one of the two ends: record it with tracing on and report it."),
    ROW(SIGNED_OUT, "signed-out", "The server signed you out", NO, "domain address",
        "[{domain}|The server] ended the session of [{address}|this account]: its operator signed "
        "it "
        "out, or its password or its rights were changed.",
        "Sign in again with the password; if that is refused, ask the server's administrator."),

    ROW(REGISTER_UNSUPPORTED, "register-unsupported", "No registration here", NO, "domain reason",
        "[{domain}|The server] does not create accounts from within a program[: {reason}].",
        "Ask the server's administrator for an account."),
    ROW(REGISTER_TAKEN, "register-taken", "User name taken", NO, "address",
        "[The address {address}|That user name] already belongs to someone.",
        "Choose another user name; if the account is yours, sign in."),
    ROW(REGISTER_REJECTED, "register-rejected", "Registration rejected", NO, "domain reason",
        "[{domain}|The server] did not create the account[: {reason}].",
        "Correct what the server names and try again."),
    ROW(REGISTER_WEB, "register-web", "Registration on the web", NO, "domain url",
        "[{domain}|The server] creates accounts on its web site[: {url}].",
        "Create the account there, then sign in here."),

    ROW(STANZA, "stanza-error", "Message not delivered", NO, "to",
        "What was sent[ to {to}] was not delivered.",
        "Check the address; the reason that came back says what stands in the way."),
    ROW(RECEIPT_TIMEOUT, "receipt-timeout", "No receipt yet", NO, "seconds",
        "No receipt came[ within {seconds} s].",
        "The message may still arrive: wait, or ask the recipient."),

    ROW(INTERRUPTED, "interrupted", "Interrupted", NO, "",
        "The work was interrupted before it was done.", "Start it again."),
};

const struct linnet_error_info *linnet_error_info(enum linnet_error_code code)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (rows[i].code == code)
            return &rows[i];
    return NULL;
}

const struct linnet_error_info *linnet_error_info_by_id(const char *id)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (cstr_eq(rows[i].id, id))
            return &rows[i];
    return NULL;
}

const struct linnet_error_info *linnet_error_info_at(size_t index)
{
    return index < ARRAY_LEN(rows) ? &rows[index] : NULL;
}

const char *linnet_stage_name(enum linnet_stage stage)
{
    static const char *const names[] = {"",        "resolve", "connect", "secure",
                                        "sign in", "bind",    "ready"};
    return (size_t)stage < ARRAY_LEN(names) ? names[stage] : "";
}

const char *linnet_origin_name(enum linnet_origin origin)
{
    static const char *const names[] = {"here", "network", "peer"};
    return (size_t)origin < ARRAY_LEN(names) ? names[origin] : "";
}

const char *linnet_retry_name(enum linnet_retry retry)
{
    static const char *const names[] = {"no", "yes", "on-network", "long"};
    return (size_t)retry < ARRAY_LEN(names) ? names[retry] : "";
}
