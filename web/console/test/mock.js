// linnet-console without linnetd: the API of openapi.yaml over made-up data, and the built pages with
// the headers that the console gives them. `node test/mock.js [PORT]` runs it by itself.
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import http from "node:http";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { callsOfA, moreOfA } from "./mock_more_a.js";
import { makeAccounts, makeLogins, makeSessions, makeStatus, makeTokens } from "./mock_data.js";
import { makeCalls, makeSecurity, moreSession, moreStatus } from "./mock_more_b.js";

const DIST = fileURLToPath(new URL("../dist", import.meta.url));
const DOMAIN = "example.org";
const PASSWORDS = { admin: "correct horse", auditor: "battery staple", juliet: "wherefore" };
const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml" };
const BODY_BYTES = 16384;
const ATTEMPTS = 5;
const NO_PASSWORD = "The password cannot be used: it is empty, not UTF-8, or holds characters that no password may hold.";
const STATUS_MS = 2000;

export const HEADERS = {
    "Content-Security-Policy":
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
};

class Refusal extends Error {
    constructor(status, code, sentence, remedy = "", headers = {}) {
        super(sentence);
        Object.assign(this, { status, headers, body: { error: { code, sentence, remedy } } });
    }
}

// A stand-in for PRECIS: enough for what the tests type.
function prepare(name) {
    const user = name.normalize("NFC").toLowerCase();
    const bad = /["&'/:<>@\s\p{C}]/u.exec(user);
    if (bad) return { sentence: `"${name}" is not a valid address: A user name may not contain spaces, symbols or any of " & ' / : < > @.` };
    return user ? { user } : { sentence: "The address is not valid: A part of the address is empty." };
}

function newWorld(now) {
    const now_ms = now();
    return {
        now, // the clock: milliseconds
        started_ms: now_ms,
        accounts: makeAccounts(now_ms).map((account) => ({ ...account, tokens: makeTokens(account.user, now_ms) })),
        sessions: makeSessions().map((session, i) => moreSession(session, i, now_ms)),
        seen: null, // the sessions when status was asked last, and how often they were others
        comings: 0,
        security: makeSecurity(now_ms),
        logins: makeLogins(now_ms),
        passwords: { ...PASSWORDS },
        signed: new Map(), // cookie -> who
        streams: new Set(), // {cookie, answer}
        failures: 0,
        status: {}, // what it says otherwise
        down: false, // linnetd does not answer
        frozen: null, // a promise: until then it says nothing at all
        streamsFull: false,
        status_ms: STATUS_MS,
        onStreamGone: () => {},
        ...moreOfA(now_ms),
    };
}

// Rises when a session came or went.
function countComings(world) {
    const seen = world.sessions.map(({ id, jid }) => `${id} ${jid}`).join("\n");
    if (seen !== world.seen) world.comings++;
    world.seen = seen;
    return world.comings;
}

function statusOf(world) {
    const now_ms = world.now();
    return { ...makeStatus(now_ms, world.sessions, world.started_ms), changes: countComings(world), ...moreStatus(now_ms, world.started_ms), ...world.status };
}

function tell(world, event, data) {
    for (const { answer } of world.streams) answer.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
}

// ---- the calls ----

function number(query, name, otherwise, most) {
    const text = query.get(name);
    if (text === null) return otherwise;
    const value = Number(text);
    if (!/^\d{1,15}$/.test(text) || value < 0 || value > most) throw new Refusal(400, "bad-request", `${name} is out of range.`);
    return value;
}

function signIn(world, { body }) {
    const who = world.accounts.find((account) => account.user === body.user?.toLowerCase());
    if (world.failures >= ATTEMPTS) throw new Refusal(429, "auth-temporary", "Too many attempts.", "", { "Retry-After": "7" });
    if (!who || world.passwords[who.user] !== body.password) {
        world.failures++;
        throw new Refusal(401, "bad-credentials", "The server did not accept the user name or the password.");
    }
    if (who.role === "none") throw new Refusal(403, "policy", "The account is no administrator.");
    world.failures = 0;
    const cookie = randomBytes(32).toString("hex");
    const csrf = randomBytes(32).toString("hex");
    const session = { user: who.user, jid: `${who.user}@${DOMAIN}`, role: who.role, version: "0.1.0" };
    world.signed.set(cookie, { session, csrf });
    return [200, { ...session, csrf }, { "Set-Cookie": `linnet_session=${cookie}; HttpOnly; SameSite=Strict; Path=/` }];
}

function signOut(world, { cookie }) {
    world.signed.delete(cookie);
    for (const stream of world.streams) if (stream.cookie === cookie) stream.answer.end();
    return [204];
}

function listUsers(world, { query }) {
    const limit = number(query, "limit", 50, 200);
    const after = query.get("after");
    const q = (query.get("q") ?? "").toLowerCase();
    const online = new Set(world.sessions.map((session) => session.jid.split("@")[0]));
    const found = world.accounts
        .filter((account) => account.user.startsWith(q) && (after === null || account.user > after))
        .sort((a, b) => (a.user < b.user ? -1 : 1));
    const accounts = found.slice(0, limit).map(({ tokens, ...account }) => ({ ...account, online: online.has(account.user) }));
    return [200, { accounts, more: found.length > limit }];
}

function mustBeFull(who) {
    if (who.role !== "full") throw new Refusal(403, "policy", "The role is read-only.");
}

function addUser(world, { body, who }) {
    mustBeFull(who);
    const name = prepare(body.user ?? "");
    if (!name.user) throw new Refusal(422, "bad-address", name.sentence, "Write it like name@example.org.");
    if (!body.password) throw new Refusal(422, "usage", NO_PASSWORD);
    if (world.accounts.some((account) => account.user === name.user))
        throw new Refusal(409, "register-taken", `The address ${name.user}@${DOMAIN} already belongs to someone.`);
    const now_s = Math.floor(world.now() / 1000);
    world.accounts.push({ user: name.user, created_s: now_s, password_s: now_s, disabled: false, reason: null, schemes: ["SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512"], role: "none", tokens: [] });
    tell(world, "account.added", { user: name.user, domain: DOMAIN });
    return [201, { jid: `${name.user}@${DOMAIN}` }];
}

function accountOf(world, user) {
    const found = world.accounts.find((account) => account.user === prepare(user ?? "").user);
    if (!found) throw new Refusal(404, "not-found", `There is no account ${user}@${DOMAIN}.`);
    return found;
}

function endSessions(world, account) {
    account.tokens = [];
    world.sessions = world.sessions.filter((session) => !session.jid.startsWith(`${account.user}@`));
}

function showUser(world, { query }) {
    const account = accountOf(world, query.get("user"));
    const online = world.sessions.some((session) => session.jid.startsWith(`${account.user}@`));
    return [200, { ...account, jid: `${account.user}@${DOMAIN}`, online, last_admin: isLastAdmin(world, account) }];
}

function isLastAdmin(world, account) {
    const admins = world.accounts.filter(({ role, disabled }) => role === "full" && !disabled);
    return admins.length === 1 && admins[0] === account;
}

// A call that changes one account: `change` does it, then the event is told.
function acting(event, { own }, change) {
    return (world, { body, who }) => {
        mustBeFull(who);
        const account = accountOf(world, body.user);
        if (!own && account.user === who.user) throw new Refusal(403, "policy", "The account is the one you are signed in with.");
        const last = isLastAdmin(world, account);
        change(world, account, body);
        const gone = last && (account.role !== "full" || account.disabled || !world.accounts.includes(account));
        tell(world, event.includes(".") ? event : `account.${event}`, { user: account.user, domain: DOMAIN });
        return [200, { jid: `${account.user}@${DOMAIN}`, ...(gone && { last_admin: true }) }];
    };
}

function setPassword(world, account, { password }) {
    if (!password) throw new Refusal(422, "usage", NO_PASSWORD);
    account.password_s = Math.floor(world.now() / 1000);
    world.passwords[account.user] = password;
    endSessions(world, account);
}

function disable(world, account, { reason }) {
    if (Buffer.byteLength(reason) > 250) throw new Refusal(422, "usage", "The reason is too long.");
    Object.assign(account, { disabled: true, reason: reason || null });
    endSessions(world, account);
}

function enable(world, account) {
    Object.assign(account, { disabled: false, reason: null });
}

function remove(world, account) {
    world.accounts = world.accounts.filter((other) => other !== account);
    endSessions(world, account);
}

function setRole(world, account, { role }) {
    if (!["full", "read-only", "none"].includes(role)) throw new Refusal(422, "usage", "There is no such role.");
    account.role = role;
}

function revokeToken(world, account, { client }) {
    if (!account.tokens.some((token) => token.client === client)) throw new Refusal(422, "usage", "That client has no token.");
    account.tokens = account.tokens.filter((token) => token.client !== client);
}

function listSessions(world, { query }) {
    const limit = number(query, "limit", 100, 1000);
    const q = (query.get("q") ?? "").toLowerCase();
    const user = query.get("user");
    const found = world.sessions.filter(
        ({ jid, address, software }) => [jid, address, software].some((text) => (text ?? "").toLowerCase().includes(q)) && (!user || jid.startsWith(`${user}@`)),
    );
    return [200, { sessions: found.slice(0, limit), more: found.length > limit }];
}

function closeSession(world, { body, who }) {
    mustBeFull(who);
    if (!world.sessions.some(({ jid }) => jid === body.jid)) throw new Refusal(404, "not-found", "There is no such session.");
    world.sessions = world.sessions.filter(({ jid }) => jid !== body.jid);
    return [200, { jid: body.jid }];
}

function checkName(world, { body }) {
    const name = prepare(body.user ?? "");
    return [200, name.user ? { ok: true, user: name.user, jid: `${name.user}@${DOMAIN}` } : { ok: false, sentence: name.sentence }];
}

function listLogins(world, { query }) {
    const limit = number(query, "limit", 100, 1000);
    const after = query.has("after") ? number(query, "after", 0, Number.MAX_SAFE_INTEGER) : null;
    const user = query.get("user")?.split("@")[0];
    const address = query.get("address") ?? "";
    const found = world.logins.filter(
        (login) =>
            (after === null || login.id > after) && (query.get("failed") !== "true" || !login.ok) && (!user || login.user === user) && login.address.replace("[", "").startsWith(address),
    );
    return [200, { logins: after === null ? found.slice(-limit) : found.slice(0, limit), more: found.length > limit }];
}

function follow(world, { cookie, answer }) {
    if (world.streamsFull) throw new Refusal(503, "timeout", "The server did not answer.");
    const stream = { cookie, answer };
    answer.writeHead(200, { ...HEADERS, "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
    world.streams.add(stream);
    const status = () => world.frozen || answer.write(`event: status\ndata: ${JSON.stringify(statusOf(world))}\n\n`);
    status();
    const timer = setInterval(status, world.status_ms);
    answer.on("close", () => {
        clearInterval(timer);
        world.streams.delete(stream);
        world.onStreamGone();
    });
}

export const CALLS = {
    ...callsOfA({ Refusal, mustBeFull, number, prepare, tell }),
    ...makeCalls({ Refusal, mustBeFull }),
    "GET /health": { open: true, run: (world) => [200, { ok: true, ...(world.setup && { setup: true }) }] },
    "GET /session": { run: (world, { who }) => [200, who] },
    "POST /session": { open: true, run: signIn },
    "DELETE /session": { run: signOut },
    "GET /status": { run: (world) => [200, statusOf(world)] },
    "GET /users": { run: listUsers },
    "POST /users": { run: addUser },
    "GET /user": { run: showUser },
    "POST /users/password": { run: acting("password", { own: true }, setPassword) },
    "POST /users/disable": { run: acting("disabled", { own: false }, disable) },
    "POST /users/enable": { run: acting("enabled", { own: true }, enable) },
    "POST /users/logout": { run: acting("logged_out", { own: false }, endSessions) },
    "POST /users/remove": { run: acting("removed", { own: false }, remove) },
    "POST /users/role": { run: acting("role", { own: false }, setRole) },
    "POST /users/tokens/revoke": { run: acting("tokens.revoked", { own: true }, revokeToken) },
    "POST /names": { run: checkName },
    "GET /sessions": { run: listSessions },
    "POST /sessions/close": { run: closeSession },
    "GET /logins": { run: listLogins },
    "GET /events": { run: follow },
};

// ---- HTTP ----

async function bodyOf(request) {
    if (request.method === "GET" || request.method === "DELETE") return null;
    if (request.headers["content-type"] !== "application/json") throw new Refusal(400, "bad-request", "The body must be application/json.");
    let text = "";
    for await (const part of request) {
        text += part;
        if (text.length > BODY_BYTES) throw new Refusal(413, "too-large", "The body is too large.");
    }
    try {
        return JSON.parse(text);
    } catch {
        throw new Refusal(400, "bad-request", "The body is not JSON.");
    }
}

function checkOrigin(request) {
    const { origin, host } = request.headers;
    if (origin && origin !== `http://${host}`) throw new Refusal(403, "origin", "The request comes from another page.");
}

async function answerCall(world, request, url, answer) {
    const name = `${request.method} ${url.pathname.slice("/api/v1".length)}`;
    const call = CALLS[name];
    if (!call) throw new Refusal(404, "not-found", "There is no such call.");
    const cookie = /(?:^|; )linnet_session=([0-9a-f]{64})(?:;|$)/.exec(request.headers.cookie ?? "")?.[1];
    const signed = world.signed.get(cookie);
    checkOrigin(request);
    if (!call.open && !signed) throw new Refusal(401, "signed-out", "You are not signed in.");
    if (!call.open && request.headers["x-csrf-token"] !== signed.csrf) throw new Refusal(403, "csrf", "The token of the session is missing.");
    const who = signed?.session;
    const body = await bodyOf(request);
    await world.frozen;
    if (world.down) throw new Refusal(503, "refused", "No server accepted the connection.");
    const done = call.run(world, { query: url.searchParams, body, who, cookie, answer });
    if (done) send(answer, ...done);
}

function send(answer, status, body, headers = {}) {
    answer.writeHead(status, { ...HEADERS, "Cache-Control": "no-store", "Content-Type": "application/json", ...headers });
    answer.end(body === undefined ? undefined : JSON.stringify(body));
}

async function sendFile(answer, pathname, dist) {
    const name = path.extname(pathname) ? pathname : "/index.html";
    const content = await readFile(path.join(dist, path.normalize(name))).catch(() => null);
    if (!content) throw new Refusal(404, "not-found", "There is no such page.");
    const kept = name.startsWith("/assets/") ? "public, max-age=31536000, immutable" : "no-store";
    answer.writeHead(200, { ...HEADERS, "Content-Type": TYPES[path.extname(name)] ?? "application/octet-stream", "Cache-Control": kept });
    answer.end(content);
}

async function answerRequest(world, dist, request, answer) {
    const url = new URL(request.url, "http://console");
    try {
        if (url.pathname.startsWith("/api/")) await answerCall(world, request, url, answer);
        else await sendFile(answer, url.pathname, dist);
    } catch (fault) {
        if (!(fault instanceof Refusal)) throw fault;
        send(answer, fault.status, fault.body, fault.headers);
    }
}

// `now()` is its clock.
// -> {url, world, tell(event, data), tellStatus(), freeze(), thaw(), streamGone(): the next that ends,
// signEverybodyOut(), close()}
export async function startMock({ port = 0, dist = DIST, now = Date.now } = {}) {
    const world = newWorld(now);
    const server = http.createServer((request, answer) => answerRequest(world, dist, request, answer));
    await new Promise((resolve) => server.listen(port, "127.0.0.1", resolve));
    const endStreams = () => [...world.streams].forEach(({ answer }) => answer.end());
    return {
        url: `http://127.0.0.1:${server.address().port}`,
        world,
        tell: (event, data) => tell(world, event, data),
        tellStatus: () => tell(world, "status", statusOf(world)),
        // Nothing is said until thaw().
        freeze() {
            world.frozen = new Promise((resolve) => (world.thaw = resolve));
        },
        thaw() {
            world.frozen = null;
            world.thaw?.();
        },
        streamGone: () => new Promise((resolve) => (world.onStreamGone = resolve)),
        signEverybodyOut() {
            world.signed.clear();
            endStreams();
        },
        async close() {
            endStreams();
            server.closeAllConnections();
            await new Promise((resolve) => server.close(resolve));
        },
    };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
    const { url } = await startMock({ port: Number(process.argv[2] ?? 9090) });
    console.log(`${url}  (admin, "${PASSWORDS.admin}"; read-only: auditor, "${PASSWORDS.auditor}")`);
}
