// What can be done from here about a sign-in that failed. No page.
//
// By code of the failure catalogue (docs/errors.md), then by heading: src/server/login_words.c has several
// for a code. A row has the message for what to do (without one, the server's own words say it) and the
// places that it leads to.
import { hostOf, isThisMachine } from "./hosts.js";

// What only whoever has the server's machine can look at.
const OTHER = { "The sign-in failed": { to: [] } };

export const remedies = {
    "bad-credentials": {
        "The connection was tampered with": { to: ["from"] },
        "Token not valid": { words: "remedy.token", to: ["account"] },
        "The offer was changed on its way": { to: ["from"] },
        "The client signs in wrongly": { to: [] },
        "No such account": { words: "remedy.no_account", to: ["users", "create", "from"] },
        "Wrong password": { words: "remedy.wrong_password", to: ["password", "from", "waiting", "block"] },
    },
    "bad-address": { "Nobody acts for another": { to: [] } },
    "account-disabled": { "Account disabled": { words: "remedy.disabled", to: ["account", "enable"] } },
    "credentials-expired": {
        "Token used before": { to: ["account"] },
        "Password expired": { words: "remedy.expired", to: ["password"] },
    },
    "auth-temporary": {
        "The server could not check the sign-in": { words: "remedy.not_checked", to: ["waiting", "login.throttle"] },
    },
    "tls-missing": { "Sign-in without encryption": { to: ["c2s.listen_tls"] } },
    "no-mechanism": { "No common sign-in method": { words: "remedy.no_method", to: ["methods"] } },
    interrupted: { "The client broke off the sign-in": { to: [] } },
    policy: {
        "Too many sessions": { words: "remedy.sessions", to: ["sessions", "limits.sessions_per_account"] },
        "Ended by the server's rules": { to: ["limits"] },
    },
    "tls-failed": {
        "The client refused the certificate": { words: "remedy.certificate", to: ["certificate"] },
        "TLS failed": { to: [] },
    },
    "not-xmpp": { "Not XMPP": { to: ["c2s.listen", "c2s.listen_tls"] } },
    timeout: { "The client took too long": { to: ["limits.auth_timeout_s"] } },
    "host-unknown": { "The client wants another domain": { to: [] } },
    "connection-lost": {
        "The client left without asking for TLS": { to: ["c2s.listen_tls"] },
        "The client said nothing": { to: [] },
        "The client left without trying to sign in": { words: "remedy.left", to: ["certificate"] },
        "The client went away": { to: [] },
    },
    shutdown: { "Ended by the server": { to: [] } },
    protocol: { "The client broke the rules of XMPP": { words: "remedy.protocol", to: [] } },
    internal: OTHER,
    "no-memory": OTHER,
    store: OTHER,
    settings: OTHER,
    "cert-untrusted": OTHER,
    "cert-name": OTHER,
    "cert-expired": OTHER,
    downgrade: OTHER,
    conflict: OTHER,
    "redirect-loop": OTHER,
};

// A server that is newer may have others: then its own words are all there is.
export function remedyOf({ code, heading }) {
    return remedies[code]?.[heading] ?? { to: [] };
}

const nobody = ({ user }) => !user;

// Where each place is: [path, query], of the sign-in. `not` says when there is no such place; what
// changes something is for those who may.
const PLACES = {
    account: { not: nobody, at: ({ user }) => ["/users", { user }] },
    password: { acts: true, not: nobody, at: ({ user }) => ["/users", { user, act: "password" }] },
    enable: { acts: true, not: nobody, at: ({ user }) => ["/users", { user, act: "enable" }] },
    users: { at: () => ["/users", {}] },
    create: { acts: true, not: nobody, at: ({ user }) => ["/users/new", { user }] },
    from: { at: ({ address }) => ["/sign-ins", { from: hostOf(address), failed: "1" }] },
    waiting: { at: () => ["/security", {}] },
    block: { acts: true, not: ({ address }) => isThisMachine(hostOf(address)), at: ({ address }) => ["/security", { block: hostOf(address) }] },
    methods: { at: () => ["/security", {}] },
    certificate: { at: () => ["/security", {}] },
    sessions: { not: nobody, at: ({ user, domain }) => ["/sessions", { q: `${user}@${domain}` }] },
    limits: { at: () => ["/settings", { q: "limits." }] },
};

const setting = (name) => ({ at: () => ["/settings", { name }] });

// [{name, path, query}, ...]: where something can be done about `login`, by a reader who is `full` or not.
export function placesOf(login, full) {
    return remedyOf(login.failure)
        .to.map((name) => ({ name, ...(PLACES[name] ?? setting(name)) }))
        .filter(({ acts, not }) => (full || !acts) && !not?.(login))
        .map(({ name, at }) => ({ name, path: at(login)[0], query: at(login)[1] }));
}
