// The stream of events: what the server says of itself, kept for as long as the page is open.
import { api, session } from "./api.js";
import { pointOf } from "./figures.js";
import { heard } from "./patience.js";
import { store } from "./store.js";

const HISTORY = 150; // status comes every 2 s: five minutes
const LOGINS = 1000;
const ACCOUNTS = ["added", "removed", "enabled", "disabled", "password", "logged_out", "role"];
const RETRY_MS = 3000;
const LATE_MS = 5000; // after that long without a status, it is asked whether there is somebody

export const connected = store(false);
export const status = store(null);
export const history = store([]);
export const logins = store([]); // the newest first
export const accountChange = store(null); // the last event of an account

export const auditEntry = store(null); // the last entry of the audit trail
export const settingChange = store(null); // the last change of a setting

let source = null; // what ends the stream
let watch = null;

function watchOn() {
    clearTimeout(watch);
    watch = setTimeout(() => {
        api.health().catch(() => {});
        watchOn();
    }, LATE_MS);
}

function onStatus(now) {
    heard();
    watchOn();
    status.set(now);
    const past = history.get();
    history.set([...past.slice(1 - HISTORY), pointOf(past.at(-1), now, Date.now())]);
}

// Ids rise by one with each record, so that what comes twice is seen.
export function addLogins(records) {
    const known = new Map(logins.get().map((record) => [record.id, record]));
    for (const record of records) known.set(record.id, record);
    logins.set([...known.values()].sort((a, b) => b.id - a.id).slice(0, LOGINS));
}

async function loadLogins() {
    const page = await api.logins({ limit: LOGINS }).catch(() => null);
    if (page) addLogins(page.logins);
}

const ON_EVENT = {
    status: onStatus,
    login: (record) => addLogins([record]),
    audit: (entry) => auditEntry.set(entry),
    "settings.changed": (change) => settingChange.set(change),
    "tokens.revoked": (data) => accountChange.set({ kind: "tokens", ...data }),
    ...Object.fromEntries(ACCOUNTS.map((kind) => [`account.${kind}`, (data) => accountChange.set({ kind, ...data })])),
};

// A stream that has ended, or that there was none of, is opened anew unless the session is over. Until
// then the page asks; there are only so many streams.
function onEnd(given) {
    if (source !== given) return;
    connected.set(false);
    setTimeout(() => {
        if (source !== given) return;
        loadLogins();
        api.status().then(onStatus, () => {}).then(() => source === given && session.get() && open());
    }, RETRY_MS);
}

function open() {
    close();
    watchOn();
    const given = new AbortController();
    const ifOpen = (does) => (...values) => source === given && does(...values);
    source = given;
    const onOpen = ifOpen(() => {
        connected.set(true);
        loadLogins();
    });
    const onEvent = ifOpen((name, data) => ON_EVENT[name]?.(data));
    const ended = () => onEnd(given);
    api.follow({ signal: given.signal, onOpen, onEvent }).then(ended, ended);
}

function close() {
    source?.abort();
    source = null;
    clearTimeout(watch);
    connected.set(false);
}

function forget() {
    close();
    status.set(null);
    history.set([]);
    logins.set([]);
    accountChange.set(null);
    auditEntry.set(null);
    settingChange.set(null);
}

session.follow((now) => (now ? open() : forget()));

// Each stream is a connection, of which a browser has six: a page that nobody sees needs none.
document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") close();
    else if (session.get() && !source) open();
});
