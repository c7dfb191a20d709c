// The token of the session, which signing in tells once: every tab of this origin has it, and it outlives
// a page. No browser sends it by itself, as it sends the cookie, to every port of the host; a script
// could take it, but not the cookie, and one opens nothing without the other.
const NAME = "session";

let kept = null; // where storage is switched off: until the page is left

export function sessionKey() {
    try {
        return localStorage.getItem(NAME) ?? kept;
    } catch {
        return kept;
    }
}

export function keepSessionKey(key) {
    kept = key;
    try {
        localStorage.setItem(NAME, key);
    } catch {
        // It holds until the page is left.
    }
}

// Unless another tab has signed in meanwhile.
export function forgetSessionKey(key) {
    if (sessionKey() !== key) return;
    kept = null;
    try {
        localStorage.removeItem(NAME);
    } catch {
        // There was nothing else to forget.
    }
}
