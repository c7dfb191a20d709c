// Every word there is, for tests: pages bring only their own.
import { readdirSync } from "node:fs";

const FOLDER = new URL("../src/messages/", import.meta.url);
for (const name of readdirSync(FOLDER)) await import(new URL(name, FOLDER));

await import("../src/server_sign_ins.js");
await import("../src/server_reasons.js");

export { messages } from "../src/messages.js";
export { translate, translateServer } from "../src/translate.js";
