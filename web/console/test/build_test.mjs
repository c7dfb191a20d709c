// The build: the same bytes each time, hashes in names, nothing that the page's policy forbids.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

const SCRIPT = fileURLToPath(new URL("../build.mjs", import.meta.url));
// What a browser fetches before the first page is there; more needs a reason.
const FIRST_BYTES = 60000;
const PART_BYTES = 50000; // and what it fetches for another page
const folder = mkdtempSync(path.join(os.tmpdir(), "linnet-console-build-"));

after(() => rmSync(folder, { recursive: true }));

function build(name) {
    const out = path.join(folder, name);
    const manifest = path.join(folder, `${name}.txt`);
    execFileSync(process.execPath, [SCRIPT, "--out", out, "--manifest", manifest, "--depfile", `${manifest}.d`]);
    const names = readFileSync(manifest, "utf8").trim().split("\n");
    return { names, files: new Map(names.map((file) => [file, readFileSync(path.join(out, file))])), manifest, out };
}

const first = build("first");

test("the same sources give the same bytes", () => {
    assert.deepEqual(build("second").files, first.files);
});

test("the manifest names every file, and no other", () => {
    const there = readdirSync(first.out, { recursive: true }).filter((name) => statSync(path.join(first.out, name)).isFile());
    assert.deepEqual(there.sort(), [...first.names].sort());
});

test("assets have a hash in their names and are named by index.html, or by a script that is", () => {
    const html = first.files.get("index.html").toString();
    const scripts = [...first.files].filter(([name]) => name.endsWith(".js")).map(([, content]) => content.toString());
    for (const name of first.names.filter((file) => file !== "index.html")) {
        assert.match(name, /^assets\/[a-z_]+-[0-9a-f]{12}\.(js|css|svg)$/);
        const imported = scripts.some((script) => script.includes(`"./${path.basename(name)}"`));
        assert.ok(html.includes(`"/${name}"`) || imported, name);
    }
});

test("scripts import what is there", () => {
    for (const [name, content] of first.files)
        if (name.endsWith(".js"))
            for (const [, part] of content.toString().matchAll(/(?:from|import\(?)"\.\/([^"]+)"/g))
                assert.ok(first.files.has(`assets/${part}`), `${name} imports ${part}`);
});

test("a page is a script of its own", () => {
    const html = first.files.get("index.html").toString();
    for (const page of ["home", "users", "sessions", "sign_ins"]) {
        const name = first.names.find((file) => file.startsWith(`assets/${page}-`));
        assert.ok(name, page);
        assert.ok(!html.includes(name), `${page} is fetched before it is shown`);
    }
});

test("index.html has no inline script and no inline style", () => {
    const html = first.files.get("index.html").toString();
    assert.ok(!/<style|style=|\son\w+=|javascript:/i.test(html));
    assert.ok(/<script [^>]*src=/.test(html));
    assert.ok(!/<script[^>]*>[^<]/.test(html));
});

test("nothing names another host", () => {
    const allowed = /^http:\/\/www\.w3\.org\//;
    for (const [name, content] of first.files)
        for (const [address] of content.toString().matchAll(/https?:\/\/[^\s"'`)]+/g)) assert.match(address, allowed, name);
});

test("it is small", () => {
    const html = first.files.get("index.html").toString();
    const scripts = [...first.files].filter(([name]) => name.endsWith(".js"));
    const early = scripts.filter(([name]) => html.includes(`"/${name}"`));
    const bytes = early.reduce((sum, [, content]) => sum + content.length, 0);
    assert.ok(early.length > 1 && bytes < FIRST_BYTES, `the first load has ${bytes} bytes of scripts`);
    for (const [name, content] of first.files) assert.ok(content.length < PART_BYTES, `${name} has ${content.length} bytes`);
});

test("ninja learns what it was made of", () => {
    const rule = readFileSync(`${first.manifest}.d`, "utf8");
    assert.ok(rule.startsWith(`${first.manifest}: `));
    for (const file of ["src/main.jsx", "src/messages.js", "src/style/tokens.css", "src/index.html", "package-lock.json"])
        assert.ok(rule.includes(`/${file}`), file);
});

test("the lock file names no host to fetch from", () => {
    const lock = JSON.parse(readFileSync(new URL("../package-lock.json", import.meta.url)));
    for (const [name, entry] of Object.entries(lock.packages)) {
        assert.ok(!entry.resolved, name);
        assert.ok(name === "" || entry.integrity, `${name} has no checksum`);
    }
});
