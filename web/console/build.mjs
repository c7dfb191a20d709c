// Builds the front end: index.html and assets with a hash of their content in their names, so that a
// browser may keep them for ever. The same sources give the same bytes. Each page is a script of its
// own, fetched when it is first shown; what pages share is in others.
//
//   node build.mjs [--out DIR] [--manifest FILE] [--depfile FILE]
//
// The manifest has a line for each file: its path below DIR. The depfile is for ninja.
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";

const here = path.dirname(fileURLToPath(import.meta.url));

function settings(out) {
    return {
        absWorkingDir: here,
        entryPoints: { app: "src/main.jsx", "app-style": "src/style/app.css" },
        outdir: path.join(out, "assets"),
        bundle: true,
        splitting: true,
        minify: true,
        format: "esm",
        target: ["chrome123", "firefox128", "safari17.5"],
        jsx: "automatic",
        jsxImportSource: "preact",
        charset: "utf8",
        legalComments: "none",
        metafile: true,
        write: false,
    };
}

function nameOf(file) {
    return path.basename(file.path);
}

// esbuild ends the name of a part with a hash of its own, which says what the part imports too: so does
// ours, which is of the content before names are put in.
function hashed(name, content) {
    const hash = createHash("sha256").update(content).digest("hex").slice(0, 12);
    const { name: stem, ext } = path.parse(name);
    return `${stem.replace(/-[A-Z0-9]{8}$/, "").replace("app-style", "app")}-${hash}${ext}`;
}

// Puts the names that assets have now for those that they were made with.
function rename(text, names) {
    for (const [before, now] of names) text = text.replaceAll(before, now);
    return text;
}

// index.html names assets by what they were called before: {app.js} stands for app-HASH.js, and
// {parts} for those that it imports, so that a browser need not read it first.
function fillIn(html, names, parts) {
    const links = parts.map((name) => `<link rel="modulepreload" href="/assets/${names.get(name)}">\n`).join("");
    return html.replace("{parts}\n", links).replace(/\{([\w.-]+)\}/g, (whole, name) => {
        if (!names.has(name)) throw new Error(`index.html names ${name}, which is no asset`);
        return names.get(name);
    });
}

// What app.js imports before it runs, and what that imports in turn.
function partsOf(outputs) {
    const byName = new Map(Object.entries(outputs).map(([file, output]) => [path.basename(file), output]));
    const found = new Set();
    const add = (name) => {
        for (const { path: file, kind } of byName.get(name).imports) {
            const part = path.basename(file);
            if (kind !== "import-statement" || found.has(part)) continue;
            found.add(part);
            add(part);
        }
    };
    add("app.js");
    return [...found].sort();
}

async function makeFiles(out) {
    const { outputFiles, metafile } = await build(settings(out));
    const assets = new Map(outputFiles.map((file) => [nameOf(file), Buffer.from(file.contents)]));
    assets.set("favicon.svg", await readFile(path.join(here, "src/favicon.svg")));

    const names = new Map([...assets].map(([name, content]) => [name, hashed(name, content)]));
    const parts = new Map([...names].filter(([name]) => /-[A-Z0-9]{8}\.js$/.test(name)));
    const put = (name, content) => (name.endsWith(".js") ? Buffer.from(rename(content.toString(), parts)) : content);
    const files = new Map([...assets].map(([name, content]) => [`assets/${names.get(name)}`, put(name, content)]));
    const html = await readFile(path.join(here, "src/index.html"), "utf8");
    files.set("index.html", Buffer.from(fillIn(html, names, partsOf(metafile.outputs))));
    return { files: new Map([...files].sort()), inputs: Object.keys(metafile.inputs) };
}

async function writeFiles(out, files) {
    await rm(out, { recursive: true, force: true });
    await mkdir(path.join(out, "assets"), { recursive: true });
    for (const [name, content] of files) await writeFile(path.join(out, name), content);
}

function printSizes(files) {
    for (const [name, content] of files) {
        const packed = gzipSync(content, { level: 9 }).length;
        console.log(`${name.padEnd(32)} ${String(content.length).padStart(7)} bytes, ${packed} gzipped`);
    }
}

function depfile(manifest, inputs) {
    const all = [...inputs, "src/index.html", "src/favicon.svg", "build.mjs", "package-lock.json"];
    return `${manifest}: ${all.map((file) => path.resolve(here, file).replaceAll(" ", "\\ ")).join(" ")}\n`;
}

const { values } = parseArgs({
    options: { out: { type: "string" }, manifest: { type: "string" }, depfile: { type: "string" } },
});
const out = path.resolve(values.out ?? path.join(here, "dist"));
const { files, inputs } = await makeFiles(out);
await writeFiles(out, files);
printSizes(files);
if (values.manifest) await writeFile(values.manifest, [...files.keys(), ""].join("\n"));
if (values.depfile) await writeFile(values.depfile, depfile(values.manifest, inputs));
