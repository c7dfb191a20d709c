// The calls of openapi.yaml. A failure is thrown as an ApiError; a session that is over is told to
// whoever follows `session`.
import { heard, isSilence, lost, open } from "./patience.js";
import { forgetSessionKey, keepSessionKey, sessionKey } from "./session_key.js";
import { store } from "./store.js";
import { readStream } from "./stream.js";

const MOST_MS = 45000; // linnet-console gives up before

// undefined: not known yet; null: signed out.
export const session = store(undefined);

// Whether the session was ended by the server, not by who was signed in.
export const ended = store(false);

// The address of the administrator that set-up made, until somebody has signed in.
export const madeAtSetUp = store(null);

function endSession(key) {
    forgetSessionKey(key);
    if (session.get()) ended.set(true);
    session.set(null);
}

export class ApiError extends Error {
    constructor(status, { code, sentence, remedy }, retryAfterSeconds = 0) {
        super(sentence);
        Object.assign(this, { status, code, sentence, remedy, retryAfterSeconds });
    }
}

async function errorOf(answer) {
    const body = await answer.json().catch(() => null);
    const error = body?.error ?? { code: "internal", sentence: `HTTP ${answer.status}`, remedy: "" };
    return new ApiError(answer.status, error, Number(answer.headers.get("Retry-After")) || 0);
}

// Whether somebody did something at the page since its last request: what it asks by itself is no use of
// the session.
let touched = true;
for (const kind of ["pointerdown", "keydown", "wheel"])
    addEventListener(kind, () => (touched = true), { capture: true, passive: true });

function takeTouch() {
    const was = touched;
    touched = false;
    return was;
}

// `lasts`: the answer may go on for as long as it likes.
async function send(path, { signal, lasts, ...options }) {
    const late = lasts ? null : AbortSignal.timeout(MOST_MS);
    const stop = AbortSignal.any([signal, late].filter(Boolean));
    try {
        return await fetch(`/api/v1/${path}`, { credentials: "same-origin", cache: "no-store", signal: stop, ...options });
    } catch (fault) {
        if (signal?.aborted) throw fault;
        throw new ApiError(0, { code: "unreachable", sentence: String(fault.message), remedy: "" });
    }
}

async function ask(method, path, { body, signal, lasts, automatic } = {}) {
    const key = sessionKey();
    const headers = !automatic && takeTouch() ? {} : { "X-Automatic": "1" };
    if (key) headers["X-CSRF-Token"] = key;
    if (method !== "GET") headers["Content-Type"] = "application/json";
    const answer = await send(path, { method, headers, signal, lasts, body: body && JSON.stringify(body) });
    if (answer.ok) return answer;
    const error = await errorOf(answer);
    if (error.code === "signed-out") endSession(key);
    throw error;
}

// Notes whether there was an answer. What is to be done may take its time, what is to be read may not.
async function call(method, path, parts) {
    const over = method === "GET" ? open() : () => {};
    try {
        const answer = await ask(method, path, parts);
        const body = answer.status === 204 ? null : await answer.json();
        heard();
        return body;
    } catch (error) {
        if (isSilence(error)) lost();
        else if (error instanceof ApiError && error.code !== "signed-out") heard(); // the console knows that itself
        throw error;
    } finally {
        over();
    }
}

async function signIn(user, password) {
    const { csrf, ...who } = await call("POST", "session", { body: { user, password } });
    keepSessionKey(csrf);
    return who;
}

async function signOut() {
    const key = sessionKey();
    await call("DELETE", "session");
    forgetSessionKey(key);
}

function query(parameters) {
    const pairs = Object.entries(parameters).filter(([, value]) => value !== "" && value != null);
    return pairs.length ? `?${new URLSearchParams(pairs)}` : "";
}

export const api = {
    health: () => call("GET", "health", { automatic: true }),
    session: () => call("GET", "session"),
    signIn,
    signOut,
    // Resolves when the stream has ended; onOpen() when it has begun, onEvent(name, data) for each.
    follow: async ({ signal, onOpen, onEvent }) => {
        const answer = await ask("GET", "events", { signal, lasts: true });
        onOpen();
        await readStream(answer.body, onEvent);
    },
    status: () => call("GET", "status"),
    users: (parameters, signal) => call("GET", `users${query(parameters)}`, { signal }),
    addUser: (user, password) => call("POST", "users", { body: { user, password } }),
    user: (user, signal) => call("GET", `user${query({ user })}`, { signal }),
    setPassword: (user, password) => call("POST", "users/password", { body: { user, password } }),
    disable: (user, reason) => call("POST", "users/disable", { body: { user, reason } }),
    enable: (user) => call("POST", "users/enable", { body: { user } }),
    logout: (user) => call("POST", "users/logout", { body: { user } }),
    remove: (user) => call("POST", "users/remove", { body: { user } }),
    setRole: (user, role) => call("POST", "users/role", { body: { user, role } }),
    revokeToken: (user, client) => call("POST", "users/tokens/revoke", { body: { user, client } }),
    closeSession: (jid) => call("POST", "sessions/close", { body: { jid } }),
    checkName: (user, signal) => call("POST", "names", { body: { user }, signal }),
    sessions: (parameters, signal) => call("GET", `sessions${query(parameters)}`, { signal }),
    logins: (parameters) => call("GET", `logins${query(parameters)}`),
    audit: (parameters, signal) => call("GET", `audit${query(parameters)}`, { signal }),
    settings: (signal) => call("GET", "settings", { signal }),
    setSetting: (name, value) => call("POST", "settings", { body: { name, value } }),
    resetSetting: (name) => call("POST", "settings/reset", { body: { name } }),
    checkSetting: (name, value, signal) => call("POST", "settings/check", { body: { name, value }, signal }),
    settingChanges: (parameters, signal) => call("GET", `settings/history${query(parameters)}`, { signal }),
    reload: () => call("POST", "reload", { body: {} }),
    setUpState: (signal) => call("GET", "setup", { signal }),
    setUp: (key, domain, user, password) => call("POST", "setup", { body: { key, domain, user, password } }),
    login: (id, signal) => call("GET", `login${query({ id })}`, { signal }),
    mechanisms: (signal) => call("GET", "mechanisms", { signal }),
    throttle: (signal) => call("GET", "throttle", { signal }),
    forgive: (kind, who) => call("POST", "throttle/forgive", { body: { kind, who } }),
    blocks: (signal) => call("GET", "blocks", { signal }),
    block: (network, reason, hours) => call("POST", "blocks", { body: { network, reason, hours } }),
    unblock: (network) => call("POST", "blocks/remove", { body: { network } }),
};
