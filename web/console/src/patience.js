// Whether the server answers. A question that is open for too long, with nothing heard meanwhile, or that
// nobody took, makes silence; then one question is asked again and again until there is an answer.
import { store } from "./store.js";

const FIRST_MS = 1000; // a page that has nothing to show yet says so soon
const LATER_MS = 3000; // one that has hurries nobody
const AGAIN_MS = 2000;

// `probe()` resolves when the server answers it; `clock` is {now, after(ms, run), cancel(timer)}.
// -> {silence: a store of null, or of {since_ms} (when it was heard last, null for never); open(): a
// question was asked, returns what is to be called when it is over; heard(); lost(); answers(): resolves
// when there is no silence}
export function makePatience(probe, clock) {
    const silence = store(null);
    let questions = 0;
    let heard_ms = null;
    let timer = null;
    let probing = false;

    const arm = () => {
        clock.cancel(timer);
        timer = questions > 0 ? clock.after(heard_ms === null ? FIRST_MS : LATER_MS, lost) : null;
    };
    const pause = () => new Promise((resolve) => clock.after(AGAIN_MS, resolve));
    const heard = () => {
        heard_ms = clock.now();
        silence.set(null);
        arm();
    };
    const askAgain = async () => {
        if (probing) return;
        probing = true;
        while (silence.get()) await probe().then(heard, pause);
        probing = false;
    };
    const lost = () => {
        if (silence.get()) return;
        silence.set({ since_ms: heard_ms });
        askAgain();
    };
    const open = () => {
        if (questions++ === 0) arm();
        let over = false;
        return () => {
            if (!over && --questions === 0) arm();
            over = true;
        };
    };
    const answers = () =>
        new Promise((resolve) => {
            if (!silence.get()) return resolve();
            const leave = silence.follow((now) => now ?? (leave(), resolve()));
        });
    return { silence, open, heard, lost, answers };
}

// What a failure is called when nobody answered.
const CODES = new Set(["unreachable", "timeout", "refused", "connection-lost"]);

export const isSilence = (error) => CODES.has(error?.code);

async function askHealth() {
    const answer = await fetch("/api/v1/health", { cache: "no-store" });
    if (answer.status === 503) throw new Error("no answer");
}

const patience = makePatience(askHealth, {
    now: () => Date.now(),
    after: (ms, run) => setTimeout(run, ms),
    cancel: (timer) => clearTimeout(timer),
});

export const { silence, open, heard, lost, answers } = patience;

// What `ask()` resolves to, once it is answered.
export async function patiently(ask, signal) {
    for (;;) {
        try {
            return await ask();
        } catch (error) {
            if (signal?.aborted || !isSilence(error)) throw error;
            await answers();
        }
    }
}
