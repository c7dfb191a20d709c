// Pictures without a library: a blank page of Chromium reads them, node writes them.
//
// What is kept is PNG with 256 colours: the ones that there is most of, then those that are least like
// any of these. What is left are edges of letters, which become the nearest, and nobody sees it; the
// file is half as large.
import zlib from "node:zlib";

const COMMON = 192; // of 256 colours
const STEP = 24; // of 255, in one channel: more is another colour
const SIGNATURE = Buffer.from("89504e470d0a1a0a", "hex");

const asUrl = (png) => `data:image/png;base64,${png.toString("base64")}`;

// In the page: the picture as bytes, four to a pixel.
const READ = `async (url) => {
    const image = new Image();
    image.src = url;
    await image.decode();
    const { width, height } = image;
    const sheet = new OffscreenCanvas(width, height).getContext("2d");
    sheet.drawImage(image, 0, 0);
    return { width, height, bytes: sheet.getImageData(0, 0, width, height).data };
}`;

// -> the share of pixels that are of another colour; 1 when the sizes differ.
export function compare(page, one, other) {
    return page.evaluate(
        async ({ read, urls, step }) => {
            const [a, b] = await Promise.all(urls.map((0, eval)(read)));
            if (a.width !== b.width || a.height !== b.height) return 1;
            const far = (i) => Math.abs(a.bytes[i] - b.bytes[i]) > step;
            let count = 0;
            for (let i = 0; i < a.bytes.length; i += 4) if (far(i) || far(i + 1) || far(i + 2)) count++;
            return count / (a.width * a.height);
        },
        { read: READ, urls: [one, other].map(asUrl), step: STEP },
    );
}

// -> {width, height, palette: [0xrrggbb, ...], rows: base64 of a byte for each pixel}
function reduce(page, png) {
    return page.evaluate(
        async ({ read, url, common }) => {
            const { width, height, bytes } = await (0, eval)(read)(url);
            const colours = Uint32Array.from({ length: width * height }, (_, i) => (bytes[4 * i] << 16) | (bytes[4 * i + 1] << 8) | bytes[4 * i + 2]);
            const counts = new Map();
            for (const colour of colours) counts.set(colour, (counts.get(colour) ?? 0) + 1);
            const all = [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0]).map(([colour]) => colour);
            const apart = (a, b) => [16, 8, 0].reduce((sum, shift) => sum + (((a >> shift) & 255) - ((b >> shift) & 255)) ** 2, 0);
            const palette = [];
            const found = all.map(() => ({ place: 0, far: Infinity })); // for each colour, the nearest so far
            const add = (colour) => {
                palette.push(colour);
                all.forEach((one, i) => {
                    const far = apart(one, colour);
                    if (far < found[i].far) found[i] = { place: palette.length - 1, far };
                });
            };
            all.slice(0, common).forEach(add);
            while (palette.length < Math.min(256, all.length)) add(all[found.reduce((most, { far }, i) => (far > found[most].far ? i : most), 0)]);
            const places = new Map(all.map((colour, i) => [colour, found[i].place]));
            const text = [];
            for (let i = 0; i < colours.length; i += 8192) text.push(String.fromCharCode(...colours.subarray(i, i + 8192).map((colour) => places.get(colour))));
            return { width, height, palette, rows: btoa(text.join("")) };
        },
        { read: READ, url: asUrl(png), common: COMMON },
    );
}

function crc(bytes) {
    let sum = 0xffffffff;
    for (const byte of bytes) {
        sum ^= byte;
        for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1;
    }
    return ~sum >>> 0;
}

function chunk(name, content) {
    const body = Buffer.concat([Buffer.from(name), content]);
    const [before, after] = [Buffer.alloc(4), Buffer.alloc(4)];
    before.writeUInt32BE(content.length);
    after.writeUInt32BE(crc(body));
    return Buffer.concat([before, body, after]);
}

// The picture as it is kept.
export async function shrink(page, png) {
    const { width, height, palette, rows } = await reduce(page, png);
    const head = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 8, 3, 0, 0, 0]); // eight bits, of a palette
    head.writeUInt32BE(width, 0);
    head.writeUInt32BE(height, 4);
    const pixels = Buffer.from(rows, "base64");
    const lines = Array.from({ length: height }, (_, y) => Buffer.concat([Buffer.alloc(1), pixels.subarray(y * width, (y + 1) * width)]));
    return Buffer.concat([
        SIGNATURE,
        chunk("IHDR", head),
        chunk("PLTE", Buffer.from(palette.flatMap((colour) => [colour >> 16, (colour >> 8) & 255, colour & 255]))),
        chunk("IDAT", zlib.deflateSync(Buffer.concat(lines), { level: 9 })),
        chunk("IEND", Buffer.alloc(0)),
    ]);
}
