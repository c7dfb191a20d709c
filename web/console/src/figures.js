// What is kept of each status for the charts. No page, no clock.

const LEAST_MS = 500; // between two, or the rate is noise

// Messages per second since the point before; null when that cannot be said.
function rateOf(before, now, at_ms) {
    if (now.messages === undefined || before?.messages === undefined) return null;
    const span_ms = at_ms - before.at_ms;
    if (span_ms < LEAST_MS) return before.rate;
    const count = now.messages - before.messages; // of a server that was started anew it is less than before
    return count < 0 ? null : (1000 * count) / span_ms;
}

// A server that says less has points with less.
export function pointOf(before, now, at_ms) {
    return {
        at_ms,
        sessions: now.sessions,
        connections: now.connections,
        signingIn: now.signing_in,
        memory: now.loops.reduce((sum, loop) => sum + loop.memory_bytes, 0),
        messages: now.messages,
        rate: rateOf(before, now, at_ms),
        lag: now.lag_ms ?? null,
        commit: now.commit?.mean_ms ?? null,
    };
}

// The values of one figure, from where it is known on.
export function seriesOf(past, name) {
    return past.map((point) => point[name]).filter((value) => value !== null && value !== undefined);
}
