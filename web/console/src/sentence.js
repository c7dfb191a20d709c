// Sentences of the failure catalogue (docs/errors.md): {name} stands for a parameter; of [a|b] the first
// part is said whose parameters are known, or none. Here they are read back from what was said, so that
// they can be said in another language.

const PIECES = /\[([^\]]*)\]|\{(\w+)\}|([^[{]+)/g;

function literal(text) {
    return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

// The pattern of a sentence, and which parameter each of its groups is.
function patternOf(template, names = []) {
    const source = template.replace(PIECES, (whole, parts, name, text) => {
        if (text) return literal(text);
        if (name) return names.push(name), "(.+?)";
        return `(?:${parts.split("|").map((part) => patternOf(part, names).source).join("|")}|)`;
    });
    return { source, names };
}

// The parameters that `said` has, or null when `template` is not what was said.
export function readSentence(template, said) {
    const { source, names } = patternOf(template);
    const found = new RegExp(`^${source}$`, "su").exec(said);
    if (!found) return null;
    const values = {};
    names.forEach((name, i) => found[i + 1] !== undefined && (values[name] = found[i + 1]));
    return values;
}

export function saySentence(template, values) {
    const known = (part) => [...part.matchAll(/\{(\w+)\}/g)].every(([, name]) => name in values);
    return template.replace(PIECES, (whole, parts, name, text) => {
        if (text) return text;
        if (name) return values[name];
        const part = parts.split("|").find(known);
        return part ? saySentence(part, values) : "";
    });
}
