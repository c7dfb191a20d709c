// The trace of a sign-in as the server prints it: "    13 ms  C: <xml/>" a line, and lines of its own
// about what was left out. No page.

const LINE = /^ *(\d+) ms {2}([CS]): (.*)$/;

// [{at_ms, side, text}], without `side` what nobody said.
export function linesOf(trace) {
    const lines = trace.split("\n").filter((line) => line.trim());
    return lines.map((line) => {
        const [, at_ms, side, text] = LINE.exec(line) ?? [];
        return side ? { at_ms: Number(at_ms), side, text } : { text: line.trim() };
    });
}
