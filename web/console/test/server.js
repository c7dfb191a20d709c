// A real linnetd with its console, in a folder and on ports of its own.
import { execFile, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

import { freePort } from "./ports.js";

const run = promisify(execFile);

// What `child` prints. line(pattern) resolves with the first line of its output that fits, printed
// already or not.
function listen(child) {
    const said = [];
    const logged = [];
    child.stderr.on("data", (bytes) => (said.push(bytes), logged.push(bytes)));
    child.stdout.on("data", (bytes) => said.push(bytes));
    const printed = [];
    const waiting = [];
    const lines = createInterface({ input: child.stdout });
    lines.on("line", (text) => (printed.push(text), waiting.forEach((look) => look(text))));
    const line = (pattern) =>
        new Promise((resolve, reject) => {
            const look = (text) => pattern.test(text) && resolve(text);
            printed.forEach(look);
            waiting.push(look);
            lines.on("close", () => reject(new Error(`it ended without a line like ${pattern}: ${Buffer.concat(said)}`)));
        });
    return { line, said: () => Buffer.concat(said).toString(), logged: () => Buffer.concat(logged).toString() };
}

// `linnet listen` once it is online. stop() ends it, `over` resolves with what it said when it ended.
async function startListening(program, words) {
    const child = spawn(program, words, { stdio: ["ignore", "pipe", "pipe"] });
    const { said } = listen(child);
    const over = new Promise((resolve) => child.on("close", () => resolve(said())));
    return { over, stop: () => (child.kill("SIGTERM"), over) };
}

// A socket's name has at most 107 bytes; linnetd's is below this folder.
function temporary() {
    return Buffer.byteLength(os.tmpdir()) > 40 ? "/tmp" : os.tmpdir();
}

// `bin` has linnetd, linnetctl, linnet and linnet-console. Without a domain, it waits for its first run.
async function start(bin, domain) {
    const folder = await mkdtemp(path.join(temporary(), "linnet-console-server-"));
    const data = path.join(folder, "data");
    const [c2s, tls, web] = [await freePort(), await freePort(), await freePort()];
    const settings = {
        ...domain,
        "c2s.listen": `127.0.0.1:${c2s}`,
        "c2s.listen_tls": `127.0.0.1:${tls}`,
        "console.listen": `127.0.0.1:${web}`,
        "console.program": path.join(bin, "linnet-console"),
    };
    const sets = Object.entries(settings).flatMap(([name, value]) => ["--set", `${name}=${value}`]);
    const linnetd = spawn(path.join(bin, "linnetd"), ["--data", data, ...sets], { stdio: ["ignore", "pipe", "pipe"] });
    const { line, said, logged } = listen(linnetd);
    const over = new Promise((resolve) => linnetd.on("exit", resolve));

    const passwordFile = async (password) => {
        const file = path.join(folder, "password");
        await writeFile(file, password, { mode: 0o600 });
        return file;
    };
    // Without a memory: a token would sign in whatever the password is.
    const client = async (verb, user, password) => {
        const at = ["--host", "127.0.0.1", "--port", String(c2s), "--cafile", `${data}/tls/cert.pem`];
        return [verb, `${user}@localhost`, "--memory=off", ...at, "--password-file", await passwordFile(password)];
    };
    return {
        url: `http://127.0.0.1:${web}`,
        line, // a line that it prints
        said, // all that it printed and logged
        logged,
        ctl: (...words) => run(path.join(bin, "linnetctl"), ["--data", data, ...words]),
        async addUser(user, password) {
            await this.ctl("user", "add", user, "--password-file", await passwordFile(password));
        },
        // The exit status of `linnet login`.
        async login(user, password) {
            const words = await client("login", user, password);
            return run(path.join(bin, "linnet"), words).then(() => 0, (error) => error.code);
        },
        // A client that stays.
        async stay(user, password) {
            return startListening(path.join(bin, "linnet"), await client("listen", user, password));
        },
        // It stands still until what this returns is called.
        freeze() {
            linnetd.kill("SIGSTOP");
            return () => linnetd.kill("SIGCONT");
        },
        async close() {
            linnetd.kill("SIGTERM");
            await over;
            await rm(folder, { recursive: true, force: true });
        },
    };
}

// The line that says that it started; without it, what it left is cleared away.
function started(server, pattern) {
    return server.line(pattern).catch(async (error) => {
        await server.close();
        throw error;
    });
}

export async function startServer(bin) {
    const server = await start(bin, { domain: "localhost" });
    await started(server, /^ready/);
    return server;
}

// A server that nobody has set up: `link` is where that is done, line(/^ready/) when it was.
export async function startFresh(bin) {
    const server = await start(bin, {});
    const printed = await started(server, /^set up at /);
    return { ...server, link: printed.slice("set up at ".length) };
}
