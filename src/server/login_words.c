#include "server/login_words.h"

#include "server/c2s/login_record.h"

/* Tokens have mechanisms of their own (XEP-0484). */
static bool by_token(const struct login_record *r)
{
    const char *mechanism = linnet_error_param(r->failure, "mechanism");
    return mechanism && strncmp(mechanism, "HT-", 3) == 0;
}

static bool nobody(const struct login_record *r)
{
    return r->no_account || !r->user;
}

/* It could have asked for TLS, and did not. */
static bool never_asked_for_tls(const struct login_record *r)
{
    return !r->direct_tls && !r->tls_version[0] &&
           r->steps[r->step_count - 1].stage == LOGIN_HEADER;
}

static bool said_nothing(const struct login_record *r)
{
    return r->step_count == 1;
}

/* Whether the reason of the refusal has these words. */
static bool reason_says(const struct login_record *r, const char *words)
{
    const char *reason = linnet_error_param(r->failure, "reason");
    return reason && strstr(reason, words);
}

static bool bound_elsewhere(const struct login_record *r)
{
    return reason_says(r, "another channel");
}

static bool saw_another_offer(const struct login_record *r)
{
    return reason_says(r, "-PLUS");
}

/* Refused before the password, or the name, was looked at. */
static bool not_the_password(const struct login_record *r)
{
    return !reason_says(r, "wrong user name or password") && !reason_says(r, "not-authorized") &&
           !reason_says(r, "forbidden characters");
}

static bool at_binding(const struct login_record *r)
{
    return r->failed_stage == LOGIN_BIND;
}

static bool refused_certificate(const struct login_record *r)
{
    return reason_says(r, "certificate") || reason_says(r, "unknown CA");
}

#define TRIES "[; {tries} attempts were refused in all]"

static const struct login_words rows[] = {
    {LINNET_ERROR_BAD_CREDENTIALS, bound_elsewhere, "The connection was tampered with",
     "Client and server see different TLS connections: {reason}" TRIES ".",
     "Something between the two opens TLS (a proxy, a virus scanner, an attacker), or a client "
     "binds the wrong bytes; the password was not given away."},
    {LINNET_ERROR_BAD_CREDENTIALS, by_token, "Token not valid",
     "The token that the client presented for [{address}|an account] is not valid" TRIES ".",
     "It may be old: the client signs in with the password next, and gets a new one. linnetctl "
     "user tokens NAME shows those that are valid."},
    {LINNET_ERROR_BAD_CREDENTIALS, saw_another_offer, "The offer was changed on its way",
     "The client was shown other mechanisms than the server offers: {reason}" TRIES ".",
     "Something between the two changes what is said, or the client is wrong about channel "
     "binding; the password was not given away."},
    {LINNET_ERROR_BAD_CREDENTIALS, not_the_password, "The client signs in wrongly",
     "The sign-in[ of {address}][ with {mechanism}] was refused: {reason}" TRIES ".",
     "The password was not looked at: some clients try in this way what the server does not "
     "have. If no other attempt follows, it is a bug of the client."},
    {LINNET_ERROR_BAD_CREDENTIALS, nobody, "No such account",
     "[There is no account {address} that could sign in with {mechanism}|There is no account "
     "{address}|The user name is none that an account could have]" TRIES ".",
     "Check the spelling with the person; linnetctl user list shows all accounts, linnetctl user "
     "add NAME makes one."},
    {LINNET_ERROR_BAD_CREDENTIALS, NULL, "Wrong password",
     "The password given for [{address}|the account] was wrong" TRIES ".",
     "If the person has forgotten it, give the account another: linnetctl user passwd NAME. Many "
     "of these from one address mean that somebody guesses."},
    {LINNET_ERROR_BAD_ADDRESS, NULL, "Nobody acts for another",
     "The client wanted to sign in[ as {address}] and to act for somebody else.",
     "Leave the authorization identity (authzid) empty in the client."},
    {LINNET_ERROR_ACCOUNT_DISABLED, NULL, "Account disabled",
     "The password was right, but the account[ {address}] is disabled.",
     "linnetctl user show NAME tells since when and why, linnetctl user enable NAME lets it sign "
     "in again."},
    {LINNET_ERROR_CREDENTIALS_EXPIRED, by_token, "Token used before",
     "The token that the client presented for [{address}|an account] was right, but its count had "
     "been used before, or it was taken back at this moment" TRIES ".",
     "A client whose memory was copied or put back does that. If none was, somebody saw a sign-in "
     "in TLS early data and plays it again, which lets nobody in. The client signs in with the "
     "password next, and gets a new token."},
    {LINNET_ERROR_CREDENTIALS_EXPIRED, NULL, "Password expired",
     "The password[ of {address}] has expired.",
     "Give the account a new one: linnetctl user passwd NAME."},
    {LINNET_ERROR_AUTH_TEMPORARY, NULL, "The server could not check the sign-in",
     "The server could not check the sign-in[ of {address}][: {reason}].",
     "Look at the server's log: the database may fail, there may be more sign-ins than it can "
     "check, or too many attempts from this address wait already (login.throttle)."},
    {LINNET_ERROR_TLS_MISSING, NULL, "Sign-in without encryption",
     "The client tried to sign in without TLS, which is refused.",
     "Switch STARTTLS on in the client, or direct TLS at the port of c2s.listen_tls."},
    {LINNET_ERROR_NO_MECHANISM, NULL, "No common sign-in method",
     "The client asked for [{mechanism}, which is not on offer|a sign-in method that is not on "
     "offer]" TRIES ".",
     "The setting login.mechanisms says what is on offer; login.legacy adds DIGEST-MD5 for "
     "software of the past. The trace shows what the client asked for."},
    {LINNET_ERROR_INTERRUPTED, NULL, "The client broke off the sign-in",
     "The client broke off the sign-in[ as {address}][ with {mechanism}].",
     "The client did not like the server's answer, or the person changed their mind: the client's "
     "own words say which."},
    {LINNET_ERROR_POLICY, at_binding, "Too many sessions",
     "[{address}|The account] has as many sessions as it may have ({reason}).",
     "linnetctl sessions shows them; limits.sessions_per_account says how many there may be."},
    {LINNET_ERROR_POLICY, NULL, "Ended by the server's rules",
     "The server ended the connection[: {reason}].",
     "The limits.* settings say what a client may do before it has signed in."},
    {LINNET_ERROR_TLS_FAILED, refused_certificate, "The client refused the certificate",
     "The client did not accept the server's certificate: {reason}.",
     "linnetctl status shows the certificate in force. Clients accept one from a public "
     "authority (tls.certificate), or one that they were told the pin of."},
    {LINNET_ERROR_TLS_FAILED, NULL, "TLS failed", "TLS could not be set up[: {reason}].",
     "TLS 1.2 and 1.3 are spoken here. Old software may know neither; a port scanner does not "
     "care."},
    {LINNET_ERROR_NOT_XMPP, NULL, "Not XMPP",
     "What connected does not speak XMPP here[; it said: {found}].",
     "Port scanners and web browsers do that. If it was a client of yours, check its port: "
     "c2s.listen is for "
     "STARTTLS, c2s.listen_tls for TLS at once."},
    {LINNET_ERROR_TIMEOUT, NULL, "The client took too long",
     "The client had not signed in after [{seconds} s|the time that it is given].",
     "limits.auth_timeout_s says how long it may take. The last line of the stages is how far it "
     "came."},
    {LINNET_ERROR_HOST_UNKNOWN, NULL, "The client wants another domain",
     "The client asked for [{domain}; this server serves {server}|a domain that is not served "
     "here].",
     "Correct the domain of the address in the client; or it is DNS that sends clients of that "
     "domain here."},
    {LINNET_ERROR_CONNECTION_LOST, never_asked_for_tls, "The client left without asking for TLS",
     "The client was told that TLS is required, and left[: {reason}].",
     "It may have only looked. If it cannot sign in, switch STARTTLS on in it, or direct TLS at "
     "the port of c2s.listen_tls."},
    {LINNET_ERROR_CONNECTION_LOST, said_nothing, "The client said nothing",
     "The client connected and left[: {reason}].",
     "Port scanners and load balancers do that; nothing is wrong here."},
    {LINNET_ERROR_CONNECTION_LOST, NULL, "The client went away",
     "The client went away before it had signed in[: {reason}].",
     "If that happens each time, the client's own words say why; the trace shows what it heard "
     "last."},
    {LINNET_ERROR_SHUTDOWN, NULL, "Ended by the server",
     "The server ended the connection[: {reason}].", "The server's log has more."},
    {LINNET_ERROR_PROTOCOL, NULL, "The client broke the rules of XMPP",
     "The exchange broke the rules of XMPP[: {reason}].",
     "The trace shows what was said: linnetctl logins --trace. It is a bug of the client, or one "
     "of Linnet's to be reported."},
    {LINNET_OK, NULL, "The sign-in failed", "The sign-in failed[: {reason}].",
     "The server's log has more."},
};

const struct login_words *login_words_for(const struct login_record *r)
{
    const struct login_words *row = rows;
    while (row->code != LINNET_OK &&
           (row->code != r->failure->code || (row->about && !row->about(r))))
        row++;
    return row;
}
