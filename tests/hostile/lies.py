"""Every way in which lying_server.py lies: what it does, the row of the failure catalogue that a
login must end in, and the options of that login. `python3 tests/hostile/lies.py` writes
docs/hostile.md from it.
"""
import dataclasses

import lying_server as liar
from lying_server import DOMAIN, GONE, MUTE, SASL, SASL2, STARTTLS, STEPS, TLS
from lying_server import authentication, b64, features, header, mechanisms, stream_error

# Exit statuses of the rows that a server can cause.
EXIT = {"online": 0, "refused": 11, "timeout": 12, "not-xmpp": 14, "connection-lost": 16,
        "tls-failed": 20, "cert-untrusted": 21, "cert-name": 22, "cert-expired": 23,
        "tls-missing": 24, "bad-credentials": 30, "no-mechanism": 31, "account-disabled": 32,
        "credentials-expired": 33, "auth-temporary": 34, "server-proof": 35, "downgrade": 36,
        "host-unknown": 40, "conflict": 41, "redirect-loop": 42, "policy": 43, "shutdown": 44,
        "protocol": 45}

# What a program needs to know of each, at the least.
CARRIES = {"refused": ["targets"], "timeout": ["seconds", "stage"], "not-xmpp": ["target"],
           "connection-lost": ["reason"], "tls-failed": ["target", "reason"],
           "cert-untrusted": ["domain", "names", "issuer", "not_before", "not_after", "sha256", "pin"],
           "cert-name": ["domain", "issuer", "not_before", "not_after", "sha256", "pin"],
           "cert-expired": ["domain", "names", "not_before", "not_after", "sha256", "pin", "reason"],
           "tls-missing": ["domain"], "bad-credentials": ["address"], "no-mechanism": [],
           "account-disabled": ["address"], "credentials-expired": ["address"],
           "auth-temporary": ["address"], "server-proof": ["domain", "mechanism", "reason"],
           "downgrade": ["domain", "reason"], "host-unknown": ["domain"],
           "conflict": ["address"], "redirect-loop": ["hosts"], "policy": ["domain", "reason"],
           "shutdown": ["domain", "reason"], "protocol": ["domain", "reason"]}

# Rows of sign-in that no server can cause, and why.
UNREACHABLE = {
    "internal": "a fault of Linnet", "usage": "the command line", "bad-address": "the address",
    "no-memory": "tests/failmalloc, src/client/alloc_test.c", "settings": "src/client/login_test.c",
    "store": "the server's database", "dns-none": "src/client/redirect_test.c, tests of DNS",
    "dns-failed": "tests of DNS", "offline": "src/client/network_test.c",
    "signed-out": "after sign-in: tests/interop, src/client/session_test.c",
    "stanza-error": "after sign-in: tests/interop", "receipt-timeout": "not raised yet",
    "register-unsupported": "not raised yet", "register-taken": "linnetctl",
    "register-rejected": "not raised yet", "register-web": "not raised yet",
    "interrupted": "the user: apps/cli/cli_test.py"}


@dataclasses.dataclass
class Lie:
    name: str
    what: str
    code: str
    options: tuple = ()
    said: dict = dataclasses.field(default_factory=dict)  # step: text, function, MUTE or GONE
    certificate: str = "good"
    mechanisms: tuple = ("SCRAM-SHA-256",)
    ciphers: str = None
    instead: bytes = None      # said to whatever comes first, in place of the script
    direct_tls: bool = False
    bytewise: bool = False
    sasl2: bool = False
    dead_port: bool = False    # nobody listens
    visits: int = None         # how often the client comes, where that matters
    sends_to: str = None       # the lie of a second server, that {port} of a redirect means
    address: str = f"juliet@{DOMAIN}"
    condition: str = None      # of the server, which the failure repeats beside WORDS
    carries: tuple = ()        # parameters, besides those of its row
    retry: str = None          # where it is not that of the row
    password_in_tls: bool = False  # the policy lets it be sent there


WORDS = "words of the server"
LIES = []


def lie(name, what, code, *options, **rest):
    fields = {key: rest.pop(key) for key in tuple(rest) if key not in STEPS}
    LIES.append(Lie(name, what, code, options, rest, **fields))


def failure(condition, text=""):
    return f"<failure {SASL}><{condition}/>{text and f'<text>{text}</text>'}</failure>"


def challenge(**parts):
    return lambda c: c.challenge(**parts)


# --- the truth, so that every lie has something to differ from ---

lie("honest", "no lie", "online")
lie("honest-direct-tls", "no lie, TLS from the first byte", "online", "--direct-tls", direct_tls=True)
lie("honest-plain", "no lie; PLAIN, over verified TLS", "online", mechanisms=("PLAIN",),
    password_in_tls=True)
lie("honest-bytewise", "no lie, one byte in each write", "online", bytewise=True)

# --- TLS is kept away ---

lie("no-starttls", "offers no STARTTLS and refuses it", "tls-missing",
    offer=features(mechanisms("PLAIN", "SCRAM-SHA-256")),
    proceed=f"<failure {TLS}/></stream:stream>")
lie("no-starttls-mute", "offers no STARTTLS and does not answer the request", "tls-missing",
    "--stage-timeout", "2", offer=features(mechanisms("PLAIN")), proceed=MUTE)
lie("no-starttls-gone", "offers no STARTTLS and hangs up at the request", "tls-missing",
    offer=features(mechanisms("PLAIN")), proceed=GONE)
lie("no-starttls-success", "answers the request for STARTTLS with success, and no more",
    "tls-missing", "--stage-timeout", "2", offer=features(mechanisms("PLAIN")), proceed=f"<success {SASL}/>")
lie("not-required", "strips <required/> and offers PLAIN beside STARTTLS", "online",
    offer=features(f"<starttls {TLS}/>", mechanisms("PLAIN")))
lie("misspelt", "offers STARTTLS in a namespace with a space in it; the client asks all the same",
    "online", offer=features('<starttls xmlns="urn:ietf:params:xml:ns: xmpp-tls"/>'))
lie("plain-in-clear", "offers nothing but PLAIN, in clear, to a client that would go on without TLS",
    "no-mechanism", "--tls=prefer", offer=features(mechanisms("PLAIN")),
    carries=("offered", "ours", "excluded"))
lie("starttls-refused", "offers STARTTLS and refuses it", "tls-failed",
    proceed=f"<failure {TLS}/></stream:stream>")
lie("success-in-clear", "says success in place of its features, before TLS", "protocol",
    offer=f"<success {SASL}/>")
lie("injection-features", "sends features behind <proceed/>, in the same write", "protocol",
    proceed=f"<proceed {TLS}/>" + features(mechanisms("PLAIN")))
lie("injection-space", "sends one space behind <proceed/>", "protocol", proceed=f"<proceed {TLS}/> ")
lie("injection-header", "sends a whole second stream behind <proceed/>", "protocol",
    proceed=f"<proceed {TLS}/>" + header() + features(mechanisms("PLAIN")))
lie("not-tls", "answers the TLS handshake with XML", "tls-failed",
    proceed=lambda c: (c.tell(f"<proceed {TLS}/>"), c.listen(), c.tell(header()), "")[-1])
lie("no-cipher", "has no cipher suite in common with the client", "tls-failed",
    ciphers="AES128-SHA:@SECLEVEL=0")

# --- certificates ---

for kind, what, code in (
        ("name", "is for another host", "cert-name"),
        ("wildcard", f"is for *.{DOMAIN} and *", "cert-name"),
        ("address", "is for the address that was connected to, not for the domain", "cert-name"),
        ("common-name", "has the domain as its common name only", "cert-name"),
        ("nul", "is for the domain, a NUL, and more", "cert-name"),
        ("expired", "has expired", "cert-expired"),
        ("self-signed", "is signed by itself", "cert-untrusted")):
    lie(f"certificate-{kind}", f"shows a certificate that {what}", code, certificate=kind,
        mechanisms=("PLAIN",))
lie("certificate-prefer", "shows a self-signed certificate to a client that would go on without TLS",
    "cert-untrusted", "--tls=prefer", certificate="self-signed", mechanisms=("PLAIN",))

# --- redirects ---

REDIRECT = stream_error("see-other-host", "127.0.0.1:{port}")
lie("redirect", "sends on to another host of the domain", "online", methods=REDIRECT,
    sends_to="honest")
lie("redirect-late", "sends on after sign-in", "online", binding=REDIRECT, sends_to="honest")
lie("redirect-evil", "sends on to a host whose certificate is its own", "cert-untrusted",
    methods=REDIRECT, sends_to="certificate-self-signed")
lie("redirect-evil-name", "sends on to a host with a good certificate for its own name", "cert-name",
    methods=REDIRECT, sends_to="certificate-name")
lie("redirect-weak", "sends on to a host that refuses TLS", "tls-missing", methods=REDIRECT,
    sends_to="no-starttls")
lie("redirect-six", "sends on to itself, for ever; the sixth time is the end", "redirect-loop",
    methods=REDIRECT, sends_to="redirect-six", visits=6)
lie("redirect-nowhere", "sends on to a port where nobody listens", "refused",
    methods=stream_error("see-other-host", "127.0.0.1:1"))
lie("redirect-in-clear", "sends on before TLS", "protocol", offer=stream_error(
    "see-other-host", "127.0.0.1:{port}"), sends_to="honest", visits=1)
lie("redirect-unverified", "sends on with a certificate that is not trusted", "cert-untrusted",
    certificate="self-signed", methods=REDIRECT, sends_to="honest")
for name, value in (("empty", ""), ("port", "127.0.0.1:0"), ("port-big", "127.0.0.1:65536"),
                    ("ipv6", "::1:5222"), ("url", "https://evil.example/"), ("long", "a." * 2000)):
    lie(f"redirect-{name}", "sends on to what is no host and port: " +
        (f"`{value}`" if 0 < len(value) < 40 else "4,000 characters" if value else "nothing"),
        "protocol", methods=stream_error("see-other-host", value))

# --- sign-in ---

lie("list-hashed", "no lie: hashes the list of mechanisms that it shows (XEP-0474)", "online",
    challenge=lambda c: c.challenge(more=c.hash_of("SCRAM-SHA-256")))
lie("list-edited", "shows another list of mechanisms than it hashes", "downgrade",
    challenge=lambda c: c.challenge(more=c.hash_of("SCRAM-SHA-256", "SCRAM-SHA-256-PLUS")))
lie("plus-stripped", "hides -PLUS; the server behind, which offers it, learns of it and refuses",
    "bad-credentials", challenge=lambda c: (
        failure("not-authorized") if c.first.startswith("y,") else c.challenge()))
lie("list-empty", "offers no mechanism", "no-mechanism", methods=features(mechanisms()),
    carries=("offered", "ours"))
lie("list-unknown", "offers only what the client does not have", "no-mechanism",
    mechanisms=("X-ROT13", "GSSAPI"), carries=("offered", "ours"))
lie("list-digest", "offers DIGEST-MD5 only, which is off by default", "no-mechanism",
    mechanisms=("DIGEST-MD5",), carries=("offered", "ours", "excluded"))
lie("list-missing", "offers nothing to sign in with", "no-mechanism", methods=features())
lie("success-early", "says success to the first message", "server-proof",
    challenge=f"<success {SASL}/>")
lie("success-early-data", "says success to the first message, with a challenge inside", "server-proof",
    challenge=lambda c: c.challenge().replace("challenge", "success"))
lie("success-unproved", "says success without a signature", "server-proof", success=f"<success {SASL}/>")
lie("success-empty", "says success with an empty signature", "server-proof", success=f"<success {SASL}>=</success>")
lie("success-wrong", "says success with a wrong signature", "server-proof",
    success=lambda c: c.success("v=" + b64(b"\1" * 32)))
lie("success-short", "says success with the beginning of the signature", "server-proof",
    success=lambda c: c.success("v=" + b64(c.signature()[:16])))
lie("success-error", "says success with an error inside", "server-proof",
    success=lambda c: c.success("e=invalid-proof"))
lie("challenge-twice", "repeats its challenge in place of success", "protocol", success=challenge())
lie("challenge-empty", "sends an empty challenge", "protocol", challenge=f"<challenge {SASL}/>")
lie("challenge-nonsense", "sends a challenge that is no SCRAM", "protocol",
    challenge=f"<challenge {SASL}>{b64('hello')}</challenge>")
lie("nonce-echoed", "adds nothing to the nonce", "protocol", challenge=challenge(nonce=lambda n: n))
lie("nonce-short", "adds one character to the nonce, which is the server's loss", "online",
    challenge=challenge(nonce=lambda n: n + "x"))
lie("nonce-cut", "cuts the nonce short", "protocol", challenge=challenge(nonce=lambda n: n[:-1]))
lie("nonce-other", "answers with a nonce of another exchange", "protocol",
    challenge=challenge(nonce=lambda n: "rOprNGfwEbeRWgbNEkqO3rfcNHYJY1ZVvWVs7j"))
lie("nonce-case", "changes the nonce", "protocol", challenge=challenge(nonce=lambda n: n.swapcase() + "x"))
lie("extension", "demands an extension of SCRAM", "protocol",
    challenge=lambda c: f"<challenge {SASL}>{b64('m=x,' + 'r=' + c.first)}</challenge>")
lie("salt-empty", "sends no salt", "protocol", challenge=challenge(salt=""))
for count, what in (("1", "1"), ("4095", "4095"), ("2147483647", "2^31-1"), ("1" + "0" * 30, "10^30")):
    lie(f"iterations-{what.replace('^', 'to')}", f"asks for {what} iterations", "no-mechanism",
        challenge=challenge(iterations=count), carries=("mechanism", "reason"))
for count in ("0", "-1", "4096x", ""):
    lie(f"iterations-{count or 'none'}", f"asks for `{count}` iterations" if count else
        "asks for no iterations", "protocol", challenge=challenge(iterations=count))
for name, change in (("space", lambda b: b[:8] + " " + b[8:]), ("line", lambda b: b + "\n"),
                     ("padding", lambda b: b[:8] + "=" + b[8:]), ("bits", lambda b: b[:-4] + "QQR="),
                     ("url", lambda b: "_" + b[1:]), ("cut", lambda b: b[:-1])):
    lie(f"base64-{name}", f"sends base64 that is lax: {name}", "protocol", challenge=(
        lambda c, change=change: re_encode(c.challenge(), change)))

DIGEST_CHALLENGE = 'nonce="a",qop="auth",charset=utf-8,algorithm=md5-sess'
for name, what, data in (
        ("unproved", "ends DIGEST-MD5 without a proof", ""),
        ("wrong", "ends DIGEST-MD5 with a wrong proof", b64("rspauth=" + "0" * 32))):
    lie(f"digest-{name}", what,
        "server-proof", "--legacy", mechanisms=("DIGEST-MD5",),
        challenge=f"<challenge {SASL}>{b64(DIGEST_CHALLENGE)}</challenge>",
        success=f"<success {SASL}>{data}</success>")

SASL_CONDITIONS = {
    "aborted": "protocol", "account-disabled": "account-disabled",
    "credentials-expired": "credentials-expired", "encryption-required": "no-mechanism",
    "incorrect-encoding": "protocol", "invalid-authzid": "bad-credentials",
    "invalid-mechanism": "no-mechanism", "malformed-request": "protocol",
    "mechanism-too-weak": "no-mechanism", "not-authorized": "bad-credentials",
    "temporary-auth-failure": "auth-temporary", "of-next-century": "bad-credentials"}
for condition, code in SASL_CONDITIONS.items():
    lie(f"sasl-{condition}", f"fails the sign-in with {condition}", code, condition=condition,
        success=failure(condition, WORDS))
lie("sasl-first", "fails the first message with not-authorized", "bad-credentials",
    challenge=failure("not-authorized"))

# --- SASL2 (XEP-0388) with Bind 2 (XEP-0386) ---

def lie2(name, what, code, *options, **rest):
    lie(f"sasl2-{name}", f"SASL2: {what}", code, *options, sasl2=True, **rest)


lie2("honest", "no lie", "online")
lie2("honest-bytewise", "no lie, one byte in each write", "online", bytewise=True)
lie2("in-clear", "is offered before TLS, to a client that would go on without", "no-mechanism",
     "--tls=prefer", offer=features(authentication("PLAIN", "SCRAM-SHA-256")))
lie2("unproved", "says success without a signature", "server-proof",
     success=lambda c: c.success("").replace("<additional-data></additional-data>", ""))
lie2("empty", "says success with an empty signature", "server-proof", success=lambda c: c.success(""))
lie2("wrong", "says success with a wrong signature", "server-proof",
     success=lambda c: c.success("v=" + b64(b"\1" * 32)))
lie2("early", "says success to the first message", "server-proof", challenge=lambda c: c.success(""))
lie2("other", "binds the address of another account", "protocol",
     success=lambda c: c.success(jid=f"romeo@{DOMAIN}/x"))
lie2("bare", "binds an address without a resource", "protocol",
     success=lambda c: c.success(jid=f"juliet@{DOMAIN}"))
lie2("types-cut", "offers -PLUS, but no types to bind with", "downgrade",
     mechanisms=("SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"))
lie2("plus-cut", "offers types to bind with, but no -PLUS", "downgrade", methods=features(
    authentication("SCRAM-SHA-256"), "<sasl-channel-binding xmlns='urn:xmpp:sasl-cb:0'>"
    "<channel-binding type='tls-exporter'/></sasl-channel-binding>"))
lie2("continue", "wants a second step that the client does not have", "no-mechanism",
     success=f"<continue {SASL2}><tasks><task>X</task></tasks></continue>")
lie2("disabled", "fails the sign-in with account-disabled", "account-disabled",
     condition="account-disabled", success=f"<failure {SASL2}><account-disabled {SASL}/>"
     f"<text>{WORDS}</text></failure>")

# --- the end of the stream, by every condition (RFC 6120 §4.9.3) ---

STREAM_CONDITIONS = {
    "bad-format": "protocol", "bad-namespace-prefix": "protocol", "conflict": "conflict",
    "connection-timeout": "connection-lost", "host-gone": "host-unknown",
    "host-unknown": "host-unknown", "improper-addressing": "protocol",
    "internal-server-error": "shutdown", "invalid-from": "protocol", "invalid-id": "shutdown",
    "invalid-namespace": "protocol", "invalid-xml": "protocol", "not-authorized": "policy",
    "not-well-formed": "protocol", "policy-violation": "policy",
    "remote-connection-failed": "shutdown", "reset": "shutdown", "resource-constraint": "shutdown",
    "restricted-xml": "protocol", "system-shutdown": "shutdown", "undefined-condition": "shutdown",
    "unsupported-encoding": "protocol", "unsupported-feature": "protocol",
    "unsupported-stanza-type": "protocol", "unsupported-version": "protocol",
    "xml-not-well-formed": "protocol"}
for condition, code in STREAM_CONDITIONS.items():
    lie(f"stream-{condition}", f"ends the stream with {condition}", code,
        condition={"invalid-id": "undefined-condition",
                   "xml-not-well-formed": "not-well-formed"}.get(condition, condition),
        retry="long" if condition == "policy-violation" else None,
        methods=stream_error(condition, "", f"<text {liar.ERRORS}>{WORDS}</text>"))
lie("other-domain", "answers for another domain, over TLS", "host-unknown",
    secure_header=header("other.example"))
lie("old-version", "speaks XMPP 0.9", "protocol", header=header(version=""), offer="")
lie("other-content", "opens a stream for servers", "protocol", header=header(content="jabber:server"))
lie("features-twice", "sends its features twice", "protocol", methods=lambda c: c.methods() * 2)

# --- binding ---

for condition, code in (("conflict", "conflict"), ("resource-constraint", "policy"),
                        ("not-allowed", "policy"), ("bad-request", "protocol")):
    lie(f"bind-{condition}", f"refuses to bind: {condition}", code,
        bound=lambda c, condition=condition: c.unbound(condition))
for name, jid, what in (("other", f"romeo@{DOMAIN}/x", "of another account"),
                        ("domain", "juliet@other.example/x", "of another domain"),
                        ("bare", f"juliet@{DOMAIN}", "without a resource"),
                        ("no-local", f"{DOMAIN}/x", "without a user"), ("bad", "@/", "that is none")):
    lie(f"bind-{name}", f"binds an address {what}", "protocol",
        bound=lambda c, jid=jid: c.bound(jid))
lie("bind-missing", "offers no binding", "protocol", binding=features())
STANZA = "<message from='romeo@localhost/x'><body>early</body></message>"
lie("stanza-early", "sends stanzas before binding, which are ignored", "online",
    challenge=lambda c: STANZA + c.challenge(), bound=lambda c: STANZA + c.bound())
lie("stanza-for-features", "sends a stanza in place of its features", "protocol", methods=STANZA)

# --- XML ---

BOMB = ("<!DOCTYPE x [<!ENTITY a0 'ha'>" + "".join(
    f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 10)) + "]>")
lie("billion-laughs", "opens with entities that multiply", "protocol", header=BOMB + header())
lie("entity", "uses an entity that nobody declared", "protocol", methods="<stream:features>&lol;")
lie("external-entity", "declares an entity that is a file", "protocol",
    header="<?xml version='1.0'?><!DOCTYPE x [<!ENTITY f SYSTEM 'file:///etc/passwd'>]>" + header()[21:])
lie("comment", "sends a comment", "protocol", methods="<!-- -->" + features())
lie("instruction", "sends a processing instruction", "protocol", methods="<?x y?>" + features())
lie("big-attribute", "sends an attribute of 10 MB", "protocol",
    methods=f"<stream:features x='{'a' * 10_000_000}'/>")
lie("big-text", "sends a challenge of 10 MB", "protocol",
    challenge=f"<challenge {SASL}>{'A' * 10_000_000}</challenge>")
lie("deep", "nests a million elements", "protocol", methods="<a>" * 1_000_000)
lie("many-attributes", "sends 100,000 attributes", "protocol", methods="<a " + "".join(
    f"a{n}='' " for n in range(100_000)) + "/>")
lie("not-utf8", "sends bytes that are not UTF-8", "protocol", methods=b"<stream:features>\xc0\xaf")
lie("mismatched", "closes what it did not open", "protocol", methods="<stream:features></a>")
lie("closes", "closes the stream in place of its features", "connection-lost",
    methods="</stream:stream>")

# --- other protocols ---

for name, said, code in (
        ("http", b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", "not-xmpp"),
        ("ssh", b"SSH-2.0-OpenSSH_9.2\r\n", "not-xmpp"), ("imap", b"* OK ready\r\n", "not-xmpp"),
        ("alert", b"\x15\x03\x01\x00\x02\x02\x28", "not-xmpp"),
        ("garbage", b"\0\1\2\3\4\5\6\7" * 8, "not-xmpp")):
    lie(f"answers-{name}", f"answers like this: {name}", code, instead=said)
lie("answers-http-tls", "answers the TLS handshake with HTTP", "not-xmpp", "--direct-tls",
    instead=b"HTTP/1.1 400 Bad Request\r\n\r\n")
lie("answers-nothing", "hangs up at once", "connection-lost", instead=b"")
lie("dead-port", "is not there", "refused", dead_port=True)

# --- silence and sudden ends, at each step ---

for step in STEPS:
    words = step.replace("_", " ")
    lie(f"mute-{step}".replace("_", "-"), f"falls silent where its {words} is due", "timeout",
        "--stage-timeout", "0.4", **{step: MUTE})
    lie(f"gone-{step}".replace("_", "-"), f"hangs up where its {words} is due", "connection-lost",
        **{step: GONE})
lie("drip-spaces", "sends a space now and then, and nothing else", "timeout", "--stage-timeout",
    "0.4", methods=lambda c: c.drip(" "))
lie("drip-elements", "sends elements that nobody asked for, and nothing else", "timeout", "--timeout",
    "0.8", challenge=lambda c: c.drip("<x xmlns='urn:example'/>"))
lie("mute-tls", "falls silent in the TLS handshake", "timeout", "--stage-timeout", "0.4",
    proceed=lambda c: (c.tell(f"<proceed {TLS}/>"), c.fall_silent()))


def re_encode(element, change):
    start, _, rest = element.partition(">")
    text, _, end = rest.partition("<")
    return f"{start}>{change(text)}<{end}"


def document():
    yield ("# What a lying server gets\n\n<!-- Generated by tests/hostile/lies.py. -->\n\n"
           "tests/hostile/lying_server.py keeps to the script of a sign-in except where it lies. Each "
           "of its lies, the row\nof the [failure catalogue](errors.md) that `linnet login` must end in, "
           "and the exit status. In every one of them\nthe password is looked for in all that the "
           "server heard, in plain, base64 and hexadecimal: it may be in\nnone but those marked *, "
           "and there only after a verified handshake.\n\n"
           "| Lie | The server | Row | Exit |\n|---|---|---|---|\n")
    for entry in LIES:
        mark = " *" if entry.password_in_tls else ""
        what = entry.what.replace("<", "&lt;")
        row = f"[{entry.code}](errors.md#{entry.code})" if EXIT[entry.code] else entry.code
        yield f"| {entry.name}{mark} | {what} | {row} | {EXIT[entry.code]} |\n"
    yield ("\n## Rows that no server causes at sign-in\n\n| Row | Comes from, or is tested in |\n"
           "|---|---|\n")
    for code, why in UNREACHABLE.items():
        yield f"| [{code}](errors.md#{code}) | {why} |\n"


if __name__ == "__main__":
    print("".join(document()), end="")
