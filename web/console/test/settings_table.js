// The table of settings as the C file has it: what the mock shows, and what translations are held against.
import { readFileSync } from "node:fs";

const TABLE = new URL("../../../src/server/settings_table.c", import.meta.url);
const SIZES = { KIB: 2 ** 10, MIB: 2 ** 20, GIB: 2 ** 30 };
const TYPES = { PATH: "path", DOMAIN: "domain", WORDS: "words", LISTEN: "listen", BOOL: "boolean", INT: "integer", CHOICE: "choice" };
const UNITS = { SETTINGS_BYTES: "bytes", SETTINGS_MS: "ms", SETTINGS_S: "s" };
const CHOICES = { log_levels: ["error", "warning", "notice", "info", "debug"], log_formats: ["text", "json"] };

export const tableSource = readFileSync(TABLE, "utf8");

// Every name of the table, whatever else stands in its row.
export const settingNames = [...tableSource.matchAll(/\{"([a-z0-9_.]+)", SETTINGS_/g)].map(([, name]) => name);

// "16 * MIB" -> 16777216
function numberOf(text) {
    return text.split("*").reduce((product, factor) => product * (SIZES[factor.trim()] ?? Number(factor)), 1);
}

// The bounds, said by their names or by their places after the unit.
function boundsOf(fields, min, max) {
    const places = fields.filter((field) => /^[\w* ]+$/.test(field) && !field.startsWith("SETTINGS_")).map(numberOf);
    return { min: min ? numberOf(min) : (places[0] ?? 0), max: max ? numberOf(max) : (places[1] ?? null) };
}

function rowOf([, name, type, middle, strings]) {
    const named = (field) => new RegExp(`\\.${field} = "?([^",]+)`).exec(middle)?.[1];
    const fields = middle.split(",").map((field) => field.trim());
    const row = {
        name,
        type: TYPES[type],
        unit: UNITS[fields.find((field) => field in UNITS)] ?? null,
        default: /\.fallback = "([^"]*)"/.exec(middle)?.[1] ?? "",
        live: named("live") === "true",
        help: strings.match(/"(?:[^"\\]|\\.)*"/g).map((one) => JSON.parse(one)).join(""),
    };
    if (row.type === "integer") Object.assign(row, boundsOf(fields, named("min"), named("max")));
    if (row.type === "choice") row.choices = CHOICES[named("choices")];
    return row;
}

export function settingRows() {
    const row = /\{"([a-z0-9_.]+)", SETTINGS_([A-Z]+),([^{}]*?)\.help =\s*((?:"(?:[^"\\]|\\.)*"\s*)+)\}/gs;
    return [...tableSource.matchAll(row)].map(rowOf);
}
