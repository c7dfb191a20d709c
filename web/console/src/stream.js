// Server-sent events, read here: an EventSource cannot send the token of the session.

// One block: lines "event: NAME" and "data: JSON", as the console writes them.
function eventOf(block) {
    const fields = Object.fromEntries(block.split("\n").map((line) => line.split(/: (.*)/s, 2)));
    return fields.event && fields.data ? [fields.event, JSON.parse(fields.data)] : null;
}

// Calls onEvent(name, data) for each event of `body` until that ends.
export async function readStream(body, onEvent) {
    let rest = "";
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    for (let { value, done } = await reader.read(); !done; { value, done } = await reader.read()) {
        const blocks = (rest + value).split("\n\n");
        rest = blocks.pop();
        for (const event of blocks.map(eventOf)) if (event) onEvent(...event);
    }
}
