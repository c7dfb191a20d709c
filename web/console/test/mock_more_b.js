// The stand-in for what the pages of security, sessions and sign-ins ask of the server: made-up data,
// and the calls that change it.
const DAY_S = 86400;
const METHODS = ["SCRAM-SHA-512-PLUS", "SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-512", "SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN", "DIGEST-MD5"];
const TOKENS = ["HT-SHA-256-EXPR", "HT-SHA-256-UNIQ", "HT-SHA-256-ENDP", "HT-SHA-256-NONE"]; // no part of the setting
const USED = { "SCRAM-SHA-512-PLUS": 41, "SCRAM-SHA-256-PLUS": 6, "SCRAM-SHA-1": 2, "HT-SHA-256-EXPR": 17 };
const SOFTWARE = ["Conversations 2.17", "Gajim 2.1", "linnet 0.1.0", null, "Dino 0.5"];

export function makeSecurity(now_ms) {
    const now_s = Math.floor(now_ms / 1000);
    return {
        neededBy: [
            { user: "caliban", mechanism: "DIGEST-MD5", last_s: now_s - 7300, software: "Psi 0.11" },
            { user: "nurse", mechanism: "DIGEST-MD5", last_s: now_s - 9 * DAY_S, software: null },
        ],
        debts: [
            { kind: "address", who: "198.51.100.23", failures: 8.4, hold_ms: 8000, waiting: 2 },
            { kind: "account", who: "romeo", failures: 6, hold_ms: 4000, waiting: 0 },
            { kind: "address", who: "2001:db8:bad:cafe::/64", failures: 1.2, hold_ms: 0, waiting: 0 },
        ],
        blocks: [
            { network: "203.0.113.0/24", reason: "scans every night", since_s: now_s - 3 * DAY_S, until_s: null, actor: "admin@example.org", hits: 4180 },
            { network: "2001:db8:bad::/48", reason: "", since_s: now_s - 7200, until_s: now_s + 79200, actor: "uid 0", hits: 0 },
        ],
    };
}

// What `status` says beside what it said at first.
export function moreStatus(now_ms, started_ms) {
    const beat = Math.sin(now_ms / 9000) + 1;
    return {
        listening: ["*:5222", "*:5223 TLS", "[::]:5222"],
        messages: 120000 + Math.round((now_ms - started_ms) * 0.025 - 36 * Math.cos(now_ms / 9000)), // it only rises
        lag_ms: 0.4 + beat * 0.6,
        commit: { count: 9120, mean_ms: 1.8 + beat * 0.4, worst_ms: 11 + beat * 4 },
        warnings: [
            { id: "certificate-expires", severity: "warning", params: { day: "2026-12-06", days: "9" }, sentence: "The certificate expires on 2026-12-06.", remedy: "Put a new one where tls.certificate points." },
            { id: "moon-is-full", severity: "error", params: {}, sentence: "The moon is full.", remedy: "Wait for a fortnight." },
        ],
    };
}

// What a session says beside what it said at first.
export function moreSession(session, i, now_ms) {
    const lost = session.address === null;
    return {
        ...session,
        software: SOFTWARE[i % SOFTWARE.length],
        cipher: lost ? null : session.tls === "TLSv1.2" ? "ECDHE-RSA-AES128-GCM-SHA256" : "TLS_AES_256_GCM_SHA384",
        stanzas_in: 12 + i * 311,
        stanzas_out: 90 + i * 1277,
        bytes_in: 4100 + i * 91300,
        bytes_out: 39000 + i * 704200,
        since_s: Math.floor(now_ms / 1000) - (session.connected_s ?? 4000 + session.detached_s),
    };
}

const XML = [
    ["C", 1, "<?xml version='1.0'?><stream:stream from='{jid}' to='example.org' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"],
    ["S", 2, "<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls></stream:features>"],
    ["C", 4, "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"],
    ["S", 13, "<stream:features><authentication xmlns='urn:xmpp:sasl:2'><mechanism>SCRAM-SHA-512-PLUS</mechanism><mechanism>SCRAM-SHA-256-PLUS</mechanism><mechanism>PLAIN</mechanism></authentication></stream:features>"],
    ["C", 20, "<authenticate xmlns='urn:xmpp:sasl:2' mechanism='SCRAM-SHA-512-PLUS'><initial-response>***</initial-response></authenticate>"],
];

// As src/server/c2s/login_trace.c prints it.
export function traceOf(login) {
    const lines = XML.map(([side, ms, xml]) => `${String(ms).padStart(6)} ms  ${side}: ${xml.replace("{jid}", `${login.user}@example.org`)}`);
    lines.splice(3, 0, "           ... 2 lines were left out here ...");
    return `${lines.join("\n")}\n`;
}

// ---- the calls ----

function classOf(name) {
    if (name.startsWith("SCRAM")) return "scram";
    if (name.startsWith("HT-")) return "token";
    return name === "PLAIN" ? "plain" : "digest";
}

function mechanisms({ security, settings }) {
    const valueOf = (name) => settings.find((row) => row.name === name).value;
    const legacy = valueOf("login.legacy") === "true";
    const chosen = valueOf("login.mechanisms");
    const offered = [...TOKENS, ...(chosen ? chosen.split(", ") : METHODS.filter((name) => legacy || name !== "DIGEST-MD5"))];
    const list = [...METHODS, ...TOKENS].map((name) => ({
        name,
        offered: offered.includes(name),
        legacy: name === "DIGEST-MD5",
        binding: /PLUS$|HT-.*(?<!NONE)$/.test(name),
        class: classOf(name),
        used_recently: USED[name] ?? 0,
        accounts_last_s: null,
    }));
    return [200, { mechanisms: list, legacy: { enabled: legacy, needed_by: security.neededBy, more: false } }];
}

export function makeCalls({ Refusal, mustBeFull }) {
    const writing = (run) => (world, call) => {
        mustBeFull(call.who);
        return run(world.security, call.body, world);
    };
    const forgive = (security, { kind, who }) => {
        security.debts = security.debts.filter((debt) => debt.kind !== kind || debt.who !== who);
        return [200, { who }];
    };
    const block = (security, { network, reason, hours }, world) => {
        if (/^127\.|^::1/.test(network)) throw new Refusal(422, "usage", "This machine itself (127.0.0.0/8, ::1) cannot be blocked, nor a network that holds it.");
        const now_s = Math.floor(world.now() / 1000);
        security.blocks.unshift({ network, reason, since_s: now_s, until_s: hours ? now_s + hours * 3600 : null, actor: "admin@example.org", hits: 0 });
        return [200, { network }];
    };
    const unblock = (security, { network }) => {
        if (!security.blocks.some((one) => one.network === network)) throw new Refusal(404, "not-found", "There is no such block.");
        security.blocks = security.blocks.filter((one) => one.network !== network);
        return [200, { network }];
    };
    const login = (world, { query }) => {
        const found = world.logins.find((one) => one.id === Number(query.get("id")));
        if (!found) throw new Refusal(404, "not-found", "There is no such sign-in.");
        return [200, { ...found, trace: traceOf(found) }];
    };
    return {
        "GET /login": { run: login },
        "GET /mechanisms": { run: mechanisms },
        "GET /throttle": { run: ({ security }) => [200, { debts: security.debts }] },
        "POST /throttle/forgive": { run: writing(forgive) },
        "GET /blocks": { run: ({ security }) => [200, { blocks: security.blocks }] },
        "POST /blocks": { run: writing(block) },
        "POST /blocks/remove": { run: writing(unblock) },
    };
}
