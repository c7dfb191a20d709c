// Loopback ports for tests that run beside each other: below the range that outgoing connections take,
// and kept until this process ends by a UDP socket of the same number.
// (tests/interop/ports.py reads and writes the same notes.)
import dgram from "node:dgram";
import net from "node:net";

const FIRST = 16384;
const LAST = 32767;

// What takes the port, when it has done so; null if somebody else has it.
function taken(taker, take) {
    return new Promise((resolve) => {
        taker.once("error", () => resolve(null));
        taker.once("listening", () => resolve(taker.unref()));
        take();
    });
}

// A port that nothing listens on, and that is given to nobody else while this process lives.
export async function freePort() {
    for (let tries = 0; tries < 1000; tries++) {
        const port = FIRST + Math.floor(Math.random() * (LAST - FIRST + 1));
        const note = dgram.createSocket("udp4");
        if (!(await taken(note, () => note.bind({ port, address: "127.0.0.1", exclusive: true })))) continue;
        const probe = net.createServer();
        if (await taken(probe, () => probe.listen(port, "127.0.0.1"))) {
            await new Promise((resolve) => probe.close(resolve));
            return port;
        }
        note.close();
    }
    throw new Error(`no port between ${FIRST} and ${LAST} is free`);
}
