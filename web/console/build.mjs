// Builds the front end: index.html and assets with a hash of their content in their names, so that a
// browser may keep them for ever. The same sources give the same bytes.
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

function hashed(name, content) {
    const hash = createHash("sha256").update(content).digest("hex").slice(0, 12);
    const { name: stem, ext } = path.parse(name);
    return `${stem}-${hash}${ext}`;
}

// index.html names assets by what they were called before: {app.js} stands for app-HASH.js.
function fillIn(html, names) {
    return html.replace(/\{([\w.-]+)\}/g, (whole, name) => {
        if (!names.has(name)) throw new Error(`index.html names ${name}, which is no asset`);
        return names.get(name);
    });
}

async function makeFiles(out) {
    const result = await build(settings(out));
    const assets = new Map(result.outputFiles.map((file) => [path.basename(file.path), file.contents]));
    const take = (from, to) => (assets.set(to, assets.get(from)), assets.delete(from));
    take("app-style.css", "app.css");
    assets.set("favicon.svg", await readFile(path.join(here, "src/favicon.svg")));

    const names = new Map([...assets].map(([name, content]) => [name, hashed(name, content)]));
    const files = new Map([...assets].map(([name, content]) => [`assets/${names.get(name)}`, content]));
    files.set("index.html", Buffer.from(fillIn(await readFile(path.join(here, "src/index.html"), "utf8"), names)));
    return { files: new Map([...files].sort()), inputs: Object.keys(result.metafile.inputs) };
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
