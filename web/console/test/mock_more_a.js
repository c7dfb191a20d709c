// The mock's set-up, audit trail and settings.
import { UNITS } from "../src/amount.js";
import { settingRows } from "./settings_table.js";

const DOMAIN = "example.org";
const MECHANISMS = ["SCRAM-SHA-512-PLUS", "SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-512", "SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN", "DIGEST-MD5"];
const SET_ELSEWHERE = {
    domain: ["file", DOMAIN, "/etc/linnet/linnetd.conf:1"],
    "tls.certificate": ["file", "/etc/letsencrypt/live/example.org/fullchain.pem", "/etc/linnet/linnetd.conf:12"],
    "tls.key": ["file", "/etc/letsencrypt/live/example.org/privkey.pem", "/etc/linnet/linnetd.conf:13"],
    data: ["argument", "/var/lib/linnet", "--set"],
    "log.format": ["argument", "json", "--set"],
    "limits.connections_per_address": ["environment", "200", "LINNETD_LIMITS_CONNECTIONS_PER_ADDRESS"],
};
const SET_HERE = { "login.legacy": "true", "limits.idle_timeout_s": "1h", "logins.keep": "500" };
const DAY_S = 86400;

// ---- audit ----

// [seconds before now, actor, address, action, object, detail], the newest first.
const TRAIL = [
    [40, "admin@example.org", "127.0.0.1", "settings.changed", "limits.idle_timeout_s", "30min -> 1h"],
    [310, "admin@example.org", "127.0.0.1", "account.disabled", "iago@example.org", "under investigation"],
    [420, "admin@example.org", "127.0.0.1", "session.closed", "iago@example.org/phone", null],
    [560, "admin@example.org", "127.0.0.1", "console.signed_in", "admin@example.org", "full"],
    [7300, "uid 0", null, "server.reloaded", null, null],
    [7420, "uid 0", null, "block.added", "203.0.113.0/24", "port scans"],
    [9000, "auditor@example.org", "2001:db8::17", "console.signed_in", "auditor@example.org", "read-only"],
    [DAY_S + 500, "admin@example.org", "127.0.0.1", "account.password", "portia@example.org", null],
    [DAY_S + 1500, "admin@example.org", "127.0.0.1", "account.logged_out", "portia@example.org", null],
    [DAY_S + 2600, "admin@example.org", "127.0.0.1", "tokens.revoked", "nurse@example.org", "5f3ad038-5d57-4a65-9f21-1001c7fece79"],
    [DAY_S + 2700, "admin@example.org", "127.0.0.1", "tokens.revoked", "nurse@example.org", ""],
    [DAY_S + 3600, "uid 0", null, "account.role", "auditor@example.org", "read-only"],
    [DAY_S + 4400, "admin@example.org", "127.0.0.1", "throttle.forgiven", "romeo@example.org", null],
    [DAY_S + 9000, "admin@example.org", "127.0.0.1", "block.removed", "192.0.2.7", null],
    [DAY_S + 9100, "admin@example.org", "127.0.0.1", "account.enabled", "benvolio@example.org", null],
    [DAY_S + 9900, "admin@example.org", "127.0.0.1", "account.removed", "paris@example.org", null],
    [DAY_S + 9950, "uid 1000", null, "moon.landed", "tranquility", "one small step"],
];

export function auditEntry(id, time_s, [actor, address, action, object, detail]) {
    return { id, time_s, actor, address, action, object, detail };
}

// The oldest first, as they were written: those of TRAIL after many that made accounts.
function makeTrail(now_s) {
    const added = Array.from({ length: 60 }, (_, i) => [10 * DAY_S - i * 400, "uid 0", null, "account.added", `user${i}@${DOMAIN}`, null]);
    const first = [11 * DAY_S, "uid 0", null, "server.set_up", `admin@${DOMAIN}`, null];
    return [first, ...added, ...[...TRAIL].reverse()].map(([ago_s, ...rest], i) => auditEntry(i + 1, now_s - ago_s, rest));
}

function addEntry(world, tell, actor, action, object, detail) {
    const entry = auditEntry((world.trail.at(-1)?.id ?? 0) + 1, Math.floor(world.now() / 1000), [actor, "127.0.0.1", action, object, detail]);
    world.trail.push(entry);
    tell(world, "audit", entry);
}

function listAudit({ number }) {
    return (world, { query }) => {
        const limit = number(query, "limit", 100, 1000);
        const before = number(query, "before", Infinity, Number.MAX_SAFE_INTEGER);
        const [actor, action, object] = ["actor", "action", "object"].map((name) => query.get(name));
        const found = world.trail
            .filter((entry) => entry.id < before && (!actor || entry.actor === actor))
            .filter((entry) => (!action || entry.action.startsWith(action)) && (!object || entry.object === object))
            .reverse();
        return [200, { entries: found.slice(0, limit), more: found.length > limit }];
    };
}

// ---- settings ----

function isOfMachine({ name, type }) {
    return type === "path" || name === "domain" || /^(console|control|setup)\./.test(name);
}

function makeSettings() {
    return settingRows().map((row) => {
        const [source, value, where] = SET_ELSEWHERE[row.name] ?? (row.name in SET_HERE ? ["console", SET_HERE[row.name], null] : ["default", row.default, null]);
        const fixed_by = where ?? (isOfMachine(row) ? "machine" : null);
        const choices = row.name === "login.mechanisms" ? MECHANISMS : row.choices;
        return { ...row, choices, value, source, editable: fixed_by === null, fixed_by, pending: row.name === "login.iterations" ? "20000" : null };
    });
}

function makeChanges(now_s) {
    const change = (id, ago_s, name, old, now) => ({ id, time_s: now_s - ago_s, actor: `admin@${DOMAIN}`, address: "127.0.0.1", name, old, new: now });
    return [
        change(1, 9 * DAY_S, "log.level", null, "debug"),
        change(2, 8 * DAY_S, "log.level", "debug", null),
        change(3, 6 * DAY_S, "logins.keep", null, "500"),
        change(4, 3 * DAY_S, "limits.idle_timeout_s", null, "45min"),
        change(5, DAY_S, "login.iterations", null, "20000"),
        change(6, 40, "limits.idle_timeout_s", "45min", "1h"),
    ];
}

function checkNumber({ unit, min, max }, text) {
    const [, count, suffix] = /^(-?\d+)\s*([A-Za-z]*)$/.exec(text) ?? [];
    const units = unit ? UNITS[unit] : [];
    const size = suffix ? units.find(([name]) => name === suffix)?.[1] : 1;
    if (!count || !size) return { reason: unit === "bytes" ? "must be a number of bytes (B, KiB, MiB, GiB)" : unit ? "must be a number of seconds (s, min, h, d)" : "must be a whole number" };
    const say = (number) => {
        const [name, factor] = units.find(([name, factor]) => number !== 0 && number % factor === 0 && name !== "B") ?? ["", 1];
        return `${number / factor}${name}`;
    };
    const number = Number(count) * size;
    return number < min || number > max ? { reason: `must be from ${say(min)} to ${say(max)}` } : { value: say(number) };
}

function checkListen(text) {
    const items = text.split(/[\s,]+/).filter(Boolean);
    if (items.some((item) => !item.includes(":"))) return { reason: "an address needs a port: 127.0.0.1:5222, [::1]:5222 or *:5222" };
    if (items.some((item) => !/^(\*|[\d.]+|\[[\da-f:]+\]):\d{1,5}$/.test(item))) return { reason: "the part before the port must be an IP address, or * for all" };
    return { value: items.join(", ") };
}

function checkWords({ choices }, words) {
    const bad = words.find((word) => !choices.includes(word));
    return bad ? { reason: `"${bad}" is no SASL mechanism of this server` } : { value: words.join(", ") };
}

const CHECKS = {
    integer: checkNumber,
    boolean: (row, text) => (["true", "false"].includes(text) ? { value: text } : { reason: "must be true or false" }),
    choice: (row, text) => (row.choices.includes(text) ? { value: text } : { reason: `must be one of ${row.choices.join(", ")}` }),
    listen: (row, text) => checkListen(text),
    words: (row, text) => checkWords(row, text.split(/[\s,]+/).filter(Boolean)),
};

function settingOf(world, { Refusal }, name) {
    const row = world.settings.find((one) => one.name === name);
    if (!row) throw new Refusal(404, "not-found", "There is no such setting.");
    if (!row.editable) throw new Refusal(403, "policy", row.fixed_by === "machine" ? "It is set on the machine only." : `It is set in ${row.fixed_by}.`);
    return row;
}

// Takes `value` over, or with null the default.
function change(world, { tell }, row, who, value) {
    const old = row.pending ?? (row.source === "console" ? row.value : null);
    const next = value ?? row.default;
    if (row.live) Object.assign(row, { value: next, source: value === null ? "default" : "console" });
    else row.pending = next === row.value ? null : next;
    world.changes.push({ id: world.changes.length + 1, time_s: Math.floor(world.now() / 1000), actor: who.jid, address: "127.0.0.1", name: row.name, old, new: value });
    tell(world, "settings.changed", { name: row.name, value: next, actor: who.jid });
    addEntry(world, tell, who.jid, "settings.changed", row.name, `${old ?? "default"} -> ${value ?? "default"}`);
    return [200, { name: row.name, value: next, applied: row.live }];
}

function settingsCalls(tools) {
    const { Refusal, mustBeFull, number } = tools;
    const check = (row, value) => CHECKS[row.type]?.(row, value) ?? { value };
    return {
        "GET /settings": { run: (world) => [200, { settings: world.settings }] },
        "POST /settings": {
            run(world, { body, who }) {
                mustBeFull(who);
                const row = settingOf(world, tools, body.name);
                const { value, reason } = check(row, body.value);
                if (reason) throw new Refusal(422, "usage", `${row.name}: ${reason}.`);
                return change(world, tools, row, who, value);
            },
        },
        "POST /settings/reset": {
            run(world, { body, who }) {
                mustBeFull(who);
                return change(world, tools, settingOf(world, tools, body.name), who, null);
            },
        },
        "POST /settings/check": {
            run(world, { body }) {
                const { value, reason } = check(world.settings.find(({ name }) => name === body.name), body.value);
                return [200, reason ? { ok: false, reason: `${body.name}: ${reason}` } : { ok: true, value }];
            },
        },
        "GET /settings/history": {
            run(world, { query }) {
                const limit = number(query, "limit", 100, 1000);
                const before = number(query, "before", Infinity, Number.MAX_SAFE_INTEGER);
                const name = query.get("name");
                const found = world.changes.filter((one) => one.id < before && (!name || one.name === name)).reverse();
                return [200, { changes: found.slice(0, limit), more: found.length > limit }];
            },
        },
        "POST /reload": {
            run(world, { who }) {
                mustBeFull(who);
                addEntry(world, tools.tell, who.jid, "server.reloaded", null, null);
                const waiting = world.settings.filter(({ pending }) => pending !== null).map(({ name }) => name);
                return [200, { certificate: { subject: "CN=example.org", names: DOMAIN, not_after_s: Math.floor(world.now() / 1000) + 80 * DAY_S }, waiting }];
            },
        },
    };
}

// ---- set-up ----

// `world.setup` is {key, domain, tries} while it is needed.
function setUp({ Refusal, prepare }) {
    return (world, { body }) => {
        const { setup } = world;
        if (!setup) throw new Refusal(404, "not-found", "There is no such call.");
        if (++setup.tries > 10) throw new Refusal(429, "auth-temporary", "Too many attempts.", "", { "Retry-After": "60" });
        if (body.key !== setup.key) throw new Refusal(403, "setup-key", "The key is not valid.");
        const domain = setup.domain ?? body.domain;
        if (!/^[\p{L}\p{N}-]+(\.[\p{L}\p{N}-]+)*$/u.test(domain)) throw new Refusal(422, "bad-address", `"${domain}" is not a valid address: The domain is not a host name or IP address.`);
        const name = prepare(body.user);
        if (!name.user) throw new Refusal(422, "bad-address", name.sentence);
        if (!body.password) throw new Refusal(422, "usage", "The password is empty.");
        const account = world.accounts.find(({ user }) => user === name.user) ?? { ...world.accounts[0], user: name.user, tokens: [] };
        if (!world.accounts.includes(account)) world.accounts.push(account);
        account.role = "full";
        world.passwords[name.user] = body.password;
        world.setup = null;
        return [201, { jid: `${name.user}@${domain}` }];
    };
}

function setUpState({ Refusal }) {
    return (world) => {
        if (!world.setup) throw new Refusal(404, "not-found", "There is no such call.");
        return [200, { needed: true, domain: world.setup.domain }];
    };
}

// ---- what mock.js takes over ----

export function moreOfA(now_ms) {
    const now_s = Math.floor(now_ms / 1000);
    return { trail: makeTrail(now_s), settings: makeSettings(), changes: makeChanges(now_s), setup: null };
}

// `tools`: {Refusal, mustBeFull, number, prepare, tell} of mock.js.
export function callsOfA(tools) {
    return {
        "GET /setup": { open: true, run: setUpState(tools) },
        "POST /setup": { open: true, run: setUp(tools) },
        "GET /audit": { run: listAudit(tools) },
        ...settingsCalls(tools),
    };
}
