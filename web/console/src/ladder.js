// A sign-in as a ladder: when each stage began and how long it took. No page, no clock.
import { hostOf } from "./hosts.js";

const DAY_MS = 86400000;

// The steps of a record with `from_ms` and `took_ms`, then the one it did not get through, if any.
// A stage ends when it is through, and begins where the one before ended.
export function rungs(login) {
    let from = 0;
    const ladder = login.steps.map((step) => {
        const rung = { ...step, from_ms: from, took_ms: Math.max(0, step.at_ms - from) };
        from = Math.max(from, step.at_ms);
        return rung;
    });
    const last = ladder.at(-1);
    const stopped = login.failure && !(last && !last.ok && last.stage === login.failure.stage);
    if (stopped && login.failure.stage)
        ladder.push({
            stage: login.failure.stage,
            ok: false,
            at_ms: login.total_ms,
            from_ms: from,
            took_ms: Math.max(0, login.total_ms - from),
            condition: login.failure.condition,
        });
    return ladder;
}

// Parts of a hundred, with a width that can be seen.
export function place(rung, total_ms) {
    const whole = Math.max(1, total_ms);
    const width = Math.max(0.8, (100 * rung.took_ms) / whole);
    return { x: Math.min(100 - width, (100 * rung.from_ms) / whole), width };
}

// Who it wanted to be, as well as it is known.
export function whoOf(login) {
    if (login.user) return `${login.user}@${login.domain}`;
    return login.jid ? login.jid.split("/")[0] : null;
}

// The last `count` spans of `span_ms` up to `now_ms`, the oldest first.
export function buckets(logins, now_ms, span_ms, count) {
    const end = Math.ceil((now_ms + 1) / span_ms) * span_ms;
    const start = end - count * span_ms;
    const list = Array.from({ length: count }, (_, i) => ({ at_ms: start + i * span_ms, good: 0, failed: 0 }));
    for (const login of logins) {
        const bucket = list[Math.floor((login.time_ms - start) / span_ms)];
        if (bucket) bucket[login.ok ? "good" : "failed"]++;
    }
    return list;
}

// Whole days until then; less than nought when it is over.
export function daysUntil(time_s, now_ms) {
    return Math.floor((time_s * 1000 - now_ms) / DAY_MS);
}

// What an operator should look at and the server does not say in its own warnings: [{kind, level,
// ...values}], the worst first.
export function warnings(status, logins, now_ms) {
    const found = [];
    if (status && !status.warnings) {
        const days = daysUntil(status.certificate.not_after_s, now_ms);
        if (days < 0) found.push({ kind: "certificate_over", level: "bad" });
        else if (days < 30) found.push({ kind: "certificate_soon", level: "warn", days });
    }
    const hour = logins.filter((login) => !login.ok && login.time_ms > now_ms - 3600000);
    const held = hour.filter((login) => login.steps.some((step) => step.held_ms > 0));
    if (held.length > 0) found.push({ kind: "guessing", level: "warn", n: held.length, ...mostOf(held) });
    const broken = hour.filter((login) => login.failure?.code === "auth-temporary" || login.failure?.code === "store");
    if (broken.length > 0) found.unshift({ kind: "server_failed", level: "bad", n: broken.length });
    return found;
}

function mostOf(logins) {
    const counts = new Map();
    for (const login of logins) {
        const host = hostOf(login.address);
        counts.set(host, (counts.get(host) ?? 0) + 1);
    }
    const [address] = [...counts].sort((a, b) => b[1] - a[1])[0];
    return { address };
}
