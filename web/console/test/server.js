// A real linnetd with its console, in a folder and on ports of its own.
import { execFile, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

const run = promisify(execFile);

async function freePort() {
    const server = net.createServer();
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address();
    await new Promise((resolve) => server.close(resolve));
    return port;
}

// Resolves with the first line of `stream` that `pattern` fits.
function lineOf(stream, pattern) {
    return new Promise((resolve, reject) => {
        const lines = createInterface({ input: stream });
        lines.on("line", (line) => pattern.test(line) && resolve(line));
        lines.on("close", () => reject(new Error(`it ended without a line like ${pattern}`)));
    });
}

// `bin` has linnetd, linnetctl, linnet and linnet-console.
export async function startServer(bin) {
    const folder = await mkdtemp(path.join(os.tmpdir(), "linnet-console-server-"));
    const data = path.join(folder, "data");
    const [c2s, tls, web] = [await freePort(), await freePort(), await freePort()];
    const settings = {
        domain: "localhost",
        "c2s.listen": `127.0.0.1:${c2s}`,
        "c2s.listen_tls": `127.0.0.1:${tls}`,
        "console.listen": `127.0.0.1:${web}`,
        "console.program": path.join(bin, "linnet-console"),
    };
    const sets = Object.entries(settings).flatMap(([name, value]) => ["--set", `${name}=${value}`]);
    const linnetd = spawn(path.join(bin, "linnetd"), ["--data", data, ...sets], { stdio: ["ignore", "pipe", "pipe"] });
    const said = [];
    for (const stream of [linnetd.stdout, linnetd.stderr]) stream.on("data", (bytes) => said.push(bytes));
    await lineOf(linnetd.stdout, /^ready/).catch(() => {
        throw new Error(`linnetd did not start: ${Buffer.concat(said)}`);
    });

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
        said: () => Buffer.concat(said).toString(),
        ctl: (...words) => run(path.join(bin, "linnetctl"), ["--data", data, ...words]),
        async addUser(user, password) {
            await this.ctl("user", "add", user, "--password-file", await passwordFile(password));
        },
        // The exit status of `linnet login`.
        async login(user, password) {
            const words = await client("login", user, password);
            return run(path.join(bin, "linnet"), words).then(() => 0, (error) => error.code);
        },
        // A client that stays; stop() ends it, `over` is when it ended.
        async stay(user, password) {
            const words = await client("listen", user, password);
            const child = spawn(path.join(bin, "linnet"), words, { stdio: "ignore" });
            const over = new Promise((resolve) => child.on("exit", resolve));
            return { over, stop: () => (child.kill("SIGTERM"), over) };
        },
        async close() {
            const over = new Promise((resolve) => linnetd.on("exit", resolve));
            linnetd.kill("SIGTERM");
            await over;
            await rm(folder, { recursive: true, force: true });
        },
    };
}
