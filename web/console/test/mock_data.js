// What a server of some weeks has: accounts, sessions, sign-ins. Nothing is random, so that pictures
// of two runs are alike; times count back from `now_ms`.
const DOMAIN = "example.org";
const NAMES =
    "abram adriana aegeon angelo antonio balthasar beatrice benedick benvolio bianca caliban capulet cassio celia claudio cordelia cressida desdemona diana duncan edgar emilia feste fleance gonzalo helena hermia hero horatio iago imogen isabella jessica julia juliet laertes laurence lorenzo lysander macduff malvolio mariana mercutio miranda montague nerissa nurse oberon olivia ophelia orlando orsino paris perdita petruchio phebe portia prospero puck romeo rosalind sebastian silvia titania tybalt ursula valentine viola 小明 李雷".split(
        " ",
    );
const SCRAM = ["SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512"];
const SOFTWARE = ["Conversations 2.17", "Gajim 2.1", "linnet 0.1.0", null, "Dino 0.5"];
const ONLINE = ["juliet", "romeo", "nurse", "mercutio", "benvolio", "portia", "viola", "小明"];
const DAY_S = 86400;

export function makeAccounts(now_ms) {
    const now_s = Math.floor(now_ms / 1000);
    const accounts = NAMES.map((user, i) => ({
        user,
        created_s: now_s - (90 - i) * DAY_S,
        password_s: now_s - ((90 - i) % 40) * DAY_S,
        disabled: user === "iago",
        reason: user === "iago" ? "under investigation" : null,
        schemes: i % 17 === 3 ? [...SCRAM, "DIGEST-MD5"] : SCRAM,
        role: "none",
    }));
    accounts.push(admin("admin", "full", now_s), admin("auditor", "read-only", now_s));
    return accounts;
}

function admin(user, role, now_s) {
    return { user, created_s: now_s - 90 * DAY_S, password_s: now_s - 90 * DAY_S, disabled: false, reason: null, schemes: SCRAM, role };
}

// What holds a token of `user`: more of them for those who are online.
export function makeTokens(user, now_ms) {
    const now_s = Math.floor(now_ms / 1000);
    const token = (i, software, device, pending) => ({
        client: `${user.length}f3ad038-5d57-4a65-9f21-${1000 + i}c7fece79`,
        software,
        device,
        mechanism: "HT-SHA-256-EXPR",
        issued_s: now_s - (9 - i) * DAY_S,
        used_s: now_s - (9 - i) * DAY_S + (pending ? 0 : 7200 * i),
        expires_s: now_s + (12 + i) * DAY_S,
        pending,
    });
    if (!ONLINE.includes(user)) return [];
    return [token(1, "Conversations 2.17", "Pixel 9", false), token(2, "linnet 0.1.0", "", false), token(3, "", "", true)];
}

export function makeSessions() {
    return ONLINE.flatMap((user, i) => {
        const first = session(user, i);
        return i % 3 === 0 ? [first, session(user, i + 20)] : [first];
    });
}

function session(user, i) {
    const common = { id: 40 + i, jid: `${user}@${DOMAIN}/${["balcony", "phone", "3ad0385d57a651f21c7fece79e25d3"][i % 3]}`, loop: i % 2 };
    if (i === 4)
        return { ...common, address: null, tls: null, mechanism: null, binding: null, detached_s: 75, resumable_s: 600, available: true, priority: 0, queued_bytes: 2310 };
    return {
        ...common,
        address: i % 4 === 1 ? `[2001:db8::${i}]:5${i}112` : `192.0.2.${7 + i}:50${400 + i}`,
        tls: i === 5 ? "TLSv1.2" : "TLSv1.3",
        mechanism: i % 2 ? "SCRAM-SHA-256-PLUS" : "SCRAM-SHA-512-PLUS",
        binding: "tls-exporter",
        connected_s: 40 + i * i * 1300,
        available: i !== 6,
        priority: 0,
        queued_bytes: i === 3 ? 18432 : 0,
    };
}

const GOOD = [
    { stage: "connect", at_ms: 0, ok: true },
    { stage: "header", at_ms: 2, ok: true },
    { stage: "secure", at_ms: 13, ok: true },
    { stage: "sign in", at_ms: 46, ok: true, held_ms: 0, mechanism: "SCRAM-SHA-512-PLUS", binding: "tls-exporter" },
    { stage: "bind", at_ms: 55, ok: true },
];

export function goodLogin(id, user, time_ms, stretch = 1) {
    const steps = GOOD.map((step) => ({ ...step, at_ms: Math.round(step.at_ms * stretch) }));
    return {
        id,
        connection: id + 3,
        time_ms,
        address: `192.0.2.${7 + (id % 9)}:50${400 + (id % 90)}`,
        ok: true,
        user,
        domain: DOMAIN,
        jid: `${user}@${DOMAIN}/${id % 2 ? "balcony" : "phone"}`,
        direct_tls: id % 3 === 0,
        tls: { version: "TLSv1.3", cipher: "TLS_AES_128_GCM_SHA256", resumed: id % 4 === 0 },
        path: id % 5 ? "sasl2" : "classic",
        mechanism: "SCRAM-SHA-512-PLUS",
        binding: "tls-exporter",
        software: SOFTWARE[id % SOFTWARE.length],
        total_ms: steps.at(-1).at_ms,
        steps,
        failure: null,
    };
}

export function tokenLogin(id, user, time_ms) {
    return {
        ...goodLogin(id, user, time_ms),
        direct_tls: true,
        path: "fast",
        mechanism: "HT-SHA-256-EXPR",
        binding: "tls-exporter",
        software: "linnet 0.1.0",
        total_ms: 9,
        steps: [
            { stage: "connect", at_ms: 0, ok: true },
            { stage: "header", at_ms: 4, ok: true },
            { stage: "secure", at_ms: 4, ok: true },
            { stage: "sign in", at_ms: 8, ok: true, held_ms: 0, mechanism: "HT-SHA-256-EXPR", binding: "tls-exporter" },
            { stage: "bind", at_ms: 9, ok: true },
        ],
    };
}

export function wrongPassword(id, user, time_ms, held_ms = 0) {
    const why = { mechanism: "SCRAM-SHA-256", binding: null, condition: "not-authorized", reason: "wrong user name or password" };
    return {
        ...goodLogin(id, user, time_ms),
        address: `198.51.100.23:4${1000 + id}`,
        ok: false,
        jid: null,
        direct_tls: false,
        path: "classic",
        mechanism: "SCRAM-SHA-256",
        binding: null,
        software: null,
        total_ms: 61 + held_ms,
        steps: [...GOOD.slice(0, 3), { stage: "sign in", at_ms: 46 + held_ms, ok: false, held_ms, ...why }],
        failure: {
            code: "bad-credentials",
            stage: "sign in",
            condition: "not-authorized",
            reason: "wrong user name or password",
            heading: "Wrong password",
            sentence: `The password given for ${user}@${DOMAIN} was wrong.`,
            remedy: "If the person has forgotten it, give the account another: linnetctl user passwd NAME. Many of these from one address mean that somebody guesses.",
        },
    };
}

export function notXmpp(id, time_ms) {
    return {
        ...goodLogin(id, "", time_ms),
        address: `203.0.113.80:3${3000 + id}`,
        ok: false,
        jid: null,
        direct_tls: false,
        tls: null,
        path: "classic",
        mechanism: null,
        binding: null,
        software: null,
        total_ms: 4,
        steps: [GOOD[0]],
        failure: {
            code: "not-xmpp",
            stage: "header",
            condition: null,
            reason: null,
            heading: "Not XMPP",
            sentence: "What connected does not speak XMPP here; it said: GET / HTTP/1.1.",
            remedy: "Port scanners and web browsers do that. If it was a client of yours, check its port: c2s.listen is for STARTTLS, c2s.listen_tls for TLS at once.",
        },
    };
}

export function makeLogins(now_ms) {
    return Array.from({ length: 70 }, (_, i) => {
        const id = i + 1;
        const time_ms = now_ms - (70 - i) * 50000 - (i % 7) * 1700;
        const user = NAMES[(i * 11) % (NAMES.length - 2)];
        if (i % 23 === 11) return notXmpp(id, time_ms);
        if (i % 9 === 5) return wrongPassword(id, user, time_ms, i > 60 ? 8000 : 0);
        return i % 4 === 2 ? tokenLogin(id, user, time_ms) : goodLogin(id, user, time_ms, 1 + (i % 5) / 2);
    });
}

export function makeStatus(now_ms, sessions, started_ms) {
    const memory = (i) => 2400000 + i * 310000 + sessions.length * 9100 + 27000 * (1 + Math.sin(now_ms / 20000));
    return {
        version: "0.1.0",
        domain: DOMAIN,
        uptime_s: Math.floor((now_ms - started_ms) / 1000) + 187000,
        connections: sessions.length + 1,
        signing_in: 1,
        sessions: sessions.length,
        loops: [0, 1].map((i) => ({
            connections: sessions.filter((s) => s.loop === i).length,
            signing_in: i,
            sessions: sessions.filter((s) => s.loop === i).length,
            memory_bytes: Math.round(memory(i)),
        })),
        certificate: {
            subject: "CN=example.org",
            names: "example.org, *.example.org",
            not_after_s: Math.floor(now_ms / 1000) + 19 * DAY_S,
            sha256: "07:A8:".repeat(15) + "07:A8",
            pin: "sha256//YLh1dUR9y6Kja30RrAn7JKnbQG/uEtLMkBgFF2Fuihg=",
        },
    };
}
