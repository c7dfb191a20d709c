// What is said of a setting, without a page.
import { settingsWords } from "./settings_words.js";

export function groupOf(name) {
    return name.includes(".") ? name.split(".")[0] : "general";
}

// [[group, rows], ...] in the order of the server.
export function groups(rows) {
    const found = new Map();
    for (const row of rows) found.set(groupOf(row.name), [...(found.get(groupOf(row.name)) ?? []), row]);
    return [...found];
}

export function helpOf(row, language) {
    return (language === "zh-CN" && settingsWords[row.name]) || row.help;
}

export function fits(row, text, language) {
    const words = `${row.name} ${helpOf(row, language)}`.toLowerCase();
    return text.toLowerCase().split(/\s+/).every((word) => words.includes(word));
}

// Why a value is refused: the server names the setting first, which is there to be read already.
export function reasonOf(row, text) {
    return text.startsWith(`${row.name}: `) ? text.slice(row.name.length + 2) : text;
}

// What the console keeps of it, or null.
export function storedOf(row) {
    if (row.pending !== null && row.pending !== undefined) return row.pending === row.default ? null : row.pending;
    return row.source === "console" ? row.value : null;
}

// "file", "environment", "argument" or "machine": where it is set so that it cannot be here.
export function fixedBy(row) {
    if (row.fixed_by === "machine") return "machine";
    if (row.fixed_by === "--set") return "argument";
    return /^LINNETD_/.test(row.fixed_by) ? "environment" : "file";
}

export function listOf(text) {
    return text.split(/[\s,]+/).filter(Boolean);
}

// Times have words; bytes are counted alike in every language.
export function unitWord(name, t, has) {
    return has(`unit.${name}`) ? t(`unit.${name}`) : name;
}
