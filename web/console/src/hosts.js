// Addresses as the server prints them. No page.

// "[2001:db8::7]:50112" -> "2001:db8::7".
export const hostOf = (address) => address.replace(/:\d+$/, "").replace(/^\[|\]$/g, "");

// The machine that the server runs on, which it does not let anybody block.
const THIS_MACHINE = /^(127\.|::1$|::\/64$)/;

export const isThisMachine = (who) => THIS_MACHINE.test(who);
