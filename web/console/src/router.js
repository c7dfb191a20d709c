// Paths of this page: the address bar is the one place that says what is shown.
import { store } from "./store.js";

function here() {
    return { path: location.pathname, query: new URLSearchParams(location.search) };
}

export const route = store(here());

addEventListener("popstate", () => route.set(here()));

// "/users" and {q: "al"} -> "/users?q=al"; what is empty is left out.
export function address(path, query = {}) {
    const pairs = Object.entries(query).filter(([, value]) => value);
    const text = new URLSearchParams(pairs).toString();
    return text ? `${path}?${text}` : path;
}

export function go(to, { replace = false } = {}) {
    history[replace ? "replaceState" : "pushState"](null, "", to);
    route.set(here());
}

// For links: clicks that a browser would answer with a new tab stay the browser's.
export function follow(event) {
    if (event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    go(event.currentTarget.getAttribute("href"));
}
