// The stand-in for the console against the description of its API, and the rules of its safety that
// the pages rely on.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { CALLS, HEADERS, startMock } from "./mock.js";

const DESCRIPTION = readFileSync(new URL("../openapi.yaml", import.meta.url), "utf8");
let mock;

before(async () => {
    mock = await startMock();
});
after(() => mock.close());

// "GET /users" and so on, by the indentation of the file.
function described() {
    const calls = [];
    let path;
    for (const line of DESCRIPTION.slice(DESCRIPTION.indexOf("\npaths:"), DESCRIPTION.indexOf("\ncomponents:")).split("\n")) {
        path = /^ {2}(\/[\w/]+):$/.exec(line)?.[1] ?? path;
        const method = /^ {4}(get|post|put|delete|patch):$/.exec(line)?.[1];
        if (method) calls.push(`${method.toUpperCase()} ${path}`);
    }
    return calls;
}

function call(method, path, { cookie, csrf, body, ...headers } = {}) {
    return fetch(`${mock.url}/api/v1${path}`, {
        method,
        headers: {
            ...(cookie && { Cookie: cookie }),
            ...(csrf && { "X-CSRF-Token": csrf }),
            ...(body && { "Content-Type": "application/json" }),
            ...headers,
        },
        body: body && JSON.stringify(body),
    });
}

async function signIn(user = "admin", password = "correct horse") {
    const answer = await call("POST", "/session", { body: { user, password } });
    const who = await answer.json();
    return { cookie: answer.headers.get("Set-Cookie").split(";")[0], csrf: who.csrf };
}

test("the calls are those of the description", () => {
    assert.deepEqual(Object.keys(CALLS).sort(), described().sort());
});

test("nothing but health and signing in answers before sign-in", async () => {
    for (const name of Object.keys(CALLS).filter((name) => !CALLS[name].open)) {
        const [method, path] = name.split(" ");
        const answer = await call(method, path, { body: method === "POST" ? {} : undefined });
        assert.equal(answer.status, 401, name);
        assert.equal((await answer.json()).error.code, "signed-out", name);
    }
});

test("what is asked needs the token of its session, which is told once, and comes from its own page", async () => {
    const { cookie, csrf } = await signIn();
    const body = { user: "lucio", password: "long enough" };
    assert.equal((await call("POST", "/users", { cookie, body })).status, 403);
    for (const path of ["/session", "/users", "/events"]) assert.equal((await call("GET", path, { cookie })).status, 403, path);
    assert.ok(!("csrf" in (await (await call("GET", "/session", { cookie, csrf })).json())));
    assert.equal((await call("POST", "/users", { cookie, csrf, body, Origin: "http://elsewhere.example" })).status, 403);
    assert.equal((await call("POST", "/users", { cookie, csrf, body })).status, 201);
    assert.equal((await call("POST", "/users", { cookie, csrf, body })).status, 409);
    assert.equal((await call("DELETE", "/session", { cookie, csrf })).status, 204);
    assert.equal((await call("GET", "/users", { cookie })).status, 401);
});

test("nobody acts on the account they are signed in with, nor on one that is not there", async () => {
    const { cookie, csrf } = await signIn();
    for (const act of ["disable", "logout", "remove", "role"]) {
        const own = await call("POST", `/users/${act}`, { cookie, csrf, body: { user: "admin", reason: "", role: "none" } });
        assert.equal(own.status, 403, act);
        assert.equal((await own.json()).error.code, "policy", act);
        const nobody = await call("POST", `/users/${act}`, { cookie, csrf, body: { user: "nobody", reason: "", role: "none" } });
        assert.equal(nobody.status, 404, act);
    }
    assert.equal((await call("GET", "/user?user=nobody", { cookie, csrf })).status, 404);
    assert.equal((await call("POST", "/sessions/close", { cookie, csrf, body: { jid: "nobody@example.org/x" } })).status, 404);
});

test("read-only changes nothing", async () => {
    const { cookie, csrf } = await signIn("auditor", "battery staple");
    const body = { user: "romeo", reason: "", password: "long enough", jid: "romeo@example.org/phone", role: "full", client: "x" };
    for (const path of ["/users/password", "/users/disable", "/users/enable", "/users/logout", "/users/remove", "/users/role", "/users/tokens/revoke", "/sessions/close"]) {
        const answer = await call("POST", path, { cookie, csrf, body });
        assert.equal(answer.status, 403, path);
        assert.equal((await answer.json()).error.code, "policy", path);
    }
    assert.equal((await call("GET", "/user?user=romeo", { cookie, csrf })).status, 200);
});

test("pages and answers carry the same headers", async () => {
    for (const path of ["/", "/users/new", "/api/v1/health"]) {
        const { headers } = await fetch(mock.url + path);
        for (const [name, value] of Object.entries(HEADERS)) assert.equal(headers.get(name), value, `${path}: ${name}`);
    }
});
