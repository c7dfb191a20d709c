// The trace of a sign-in as the server prints it: "    13 ms  C: <xml/>" a line, and lines of its own
// about what was left out. No page.

const LINE = /^ *(\d+) ms {2}([CS]): (.*)$/;
const GAP = /^ *\.\.\. (\d+) lines were left out here \.\.\.$/;

// [{at_ms, side, text}], {lost} where so many lines are missing, and {text} of what else nobody said.
export function linesOf(trace) {
    const lines = trace.split("\n").filter((line) => line.trim());
    return lines.map((line) => {
        const [, at_ms, side, text] = LINE.exec(line) ?? [];
        const [, lost] = GAP.exec(line) ?? [];
        if (lost) return { lost: Number(lost) };
        return side ? { at_ms: Number(at_ms), side, text } : { text: line.trim() };
    });
}
