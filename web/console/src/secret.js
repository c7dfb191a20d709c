// Passwords that nobody thought of: 20 of 32 signs that are not mistaken for each other, 100 bits.
const SIGNS = "abcdefghijkmnpqrstuvwxyz23456789";
const GROUPS = 4;
const GROUP = 5;

// SIGNS has 32 signs, so that five bits of a random byte are one of them, all equally likely.
export function generatePassword(random = (bytes) => crypto.getRandomValues(bytes)) {
    const bytes = random(new Uint8Array(GROUPS * GROUP));
    const signs = Array.from(bytes, (byte) => SIGNS[byte & 31]);
    return Array.from({ length: GROUPS }, (_, i) => signs.slice(i * GROUP, (i + 1) * GROUP).join("")).join("-");
}
