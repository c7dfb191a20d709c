/*
 * xmppjs_client.mjs - one xmpp.js session as a peer of linnetd: signs in, sends, waits for messages,
 * leaves. Prints what happened as a line of JSON per event.
 *
 *     node xmppjs_client.mjs JID --service xmpp://localhost:PORT --password-file FILE
 *         [--mech MECHANISM] [--send TO --body TEXT] [--expect N] [--state FILE]
 *
 * "started" says how the library signed in: `profile` SASL or SASL2, `mechanism`, `fast` (a token
 * took the place of the password), `bind` 1 or 2, and `token`: the server gave out a new one. --state
 * keeps the token and the id of the user agent from one run to the next, as XEP-0484 wants.
 * NODE_EXTRA_CA_CERTS names the CA that is trusted.
 */
import { readFileSync, writeFileSync, existsSync } from "node:fs";
import { webcrypto } from "node:crypto";
import { parseArgs } from "node:util";
import { client, jid, xml } from "@xmpp/client";

globalThis.crypto ??= webcrypto; // Node 18 has it, but not as a global

const NS_SASL = "urn:ietf:params:xml:ns:xmpp-sasl";
const NS_SASL2 = "urn:xmpp:sasl:2";
const NS_FAST = "urn:xmpp:fast:0";
const NS_BIND2 = "urn:xmpp:bind:0";
const NS_SM = "urn:xmpp:sm:3";
const TIMEOUT_MS = 30_000;

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    service: { type: "string" },
    "password-file": { type: "string" },
    mech: { type: "string" },
    send: { type: "string" },
    body: { type: "string" },
    expect: { type: "string", default: "0" },
    state: { type: "string" },
  },
});

const account = jid(positionals[0]);
const password = readFileSync(options["password-file"], "utf8");
const used = { profile: null, mechanism: null, fast: false, bind: 1, token: false };
let heard = 0;
let ending = false;

function say(event, fields = {}) {
  process.stdout.write(`${JSON.stringify({ event, ...fields })}\n`);
}

let state = { id: globalThis.crypto.randomUUID(), token: null };
if (options.state && existsSync(options.state))
  state = JSON.parse(readFileSync(options.state, "utf8"));

function keep(token) {
  state.token = token;
  if (options.state) writeFileSync(options.state, JSON.stringify(state), { mode: 0o600 });
}

keep(state.token);
const userAgent = xml("user-agent", { id: state.id }, xml("software", {}, "xmpp.js"));

const xmpp = client({
  service: options.service,
  domain: account.domain,
  username: account.local, // for the `from` of its stream header, without which nobody offers FAST
  resource: "xmppjs",
  timeout: TIMEOUT_MS,
  userAgent,
  credentials: async (authenticate, mechanisms, fast) => {
    say("offered", { mechanisms, fast: fast?.mechanisms ?? [] });
    const credentials = { username: account.local, password, token: await fast?.fetch() };
    await authenticate(credentials, options.mech ?? mechanisms[0], userAgent);
  },
});

Object.assign(xmpp.fast, {
  saveToken: async (token) => {
    used.token = true;
    keep(token);
  },
  fetchToken: async () => state.token,
  deleteToken: async () => keep(null),
});

async function finish(code) {
  if (ending) return;
  ending = true;
  xmpp.reconnect.stop();
  await xmpp.stop().catch(() => {});
  process.exit(code);
}

const hasAll = () => heard >= Number(options.expect);

xmpp.on("send", (element) => {
  // What was not acknowledged goes back to its sender when we leave.
  if (element.is("a", NS_SM) && heard > 0 && hasAll()) finish(0);
  if (element.is("auth", NS_SASL)) {
    Object.assign(used, { profile: "SASL", mechanism: element.attrs.mechanism });
  } else if (element.is("authenticate", NS_SASL2)) {
    Object.assign(used, {
      profile: "SASL2",
      mechanism: element.attrs.mechanism,
      fast: Boolean(element.getChild("fast", NS_FAST)),
      bind: element.getChild("bind", NS_BIND2) ? 2 : 1,
    });
  }
});

xmpp.on("online", async (address) => {
  await new Promise(setImmediate); // a token may stand behind what made us be online
  say("started", { jid: address.toString(), ...used });
  await xmpp.send(xml("presence"));
  const ping = xml("iq", { type: "get", to: account.domain }, xml("ping", { xmlns: "urn:xmpp:ping" }));
  await xmpp.iqCaller.request(ping, TIMEOUT_MS);
  say("pong");
  if (options.send) {
    const body = xml("body", {}, options.body);
    await xmpp.send(xml("message", { type: "chat", to: options.send }, body));
  }
  if (hasAll()) await finish(0);
});

xmpp.on("stanza", (stanza) => {
  const body = stanza.is("message") && stanza.getChildText("body");
  if (!body) return;
  heard += 1;
  say("message", { sender: stanza.attrs.from, body });
  if (hasAll() && !xmpp.streamManagement.enabled) finish(0);
});

xmpp.on("error", (error) => {
  if (error.name === "SASLError") say("refused", { condition: error.condition, ...used });
  else say("error", { text: String(error) });
  // Prosody's SASL2 offers binding again after it has bound, and refuses it: the session is there.
  if (error.name !== "StanzaError") finish(1);
});

setTimeout(() => {
  say("timeout");
  finish(1);
}, TIMEOUT_MS).unref();

xmpp.start().catch(() => {}); // what failed came as an "error" event
