"""A server that keeps to the script of a sign-in (RFC 6120 §9.1) except where it lies: lies.py says
where and how. It writes down every byte that it hears, so that a test can look for the password.
"""
import base64
import hashlib
import hmac
import pathlib
import re
import socket
import ssl
import subprocess
import threading
import time

PASSWORD = "sea of moons 7f3a"
DOMAIN = "localhost"
STREAMS = "http://etherx.jabber.org/streams"
SASL = "xmlns='urn:ietf:params:xml:ns:xmpp-sasl'"
SASL2 = "xmlns='urn:xmpp:sasl:2'"
BIND2 = "xmlns='urn:xmpp:bind:0'"
TLS = "xmlns='urn:ietf:params:xml:ns:xmpp-tls'"
BIND = "xmlns='urn:ietf:params:xml:ns:xmpp-bind'"
ERRORS = "xmlns='urn:ietf:params:xml:ns:xmpp-streams'"
STARTTLS = f"<starttls {TLS}><required/></starttls>"

# The script: what the server says, each after what it has heard of the client. `mute` and `gone`
# take the place of any of it.
STEPS = ("header", "offer", "proceed", "secure_header", "methods", "challenge", "success",
         "bound_header", "binding", "bound")
MUTE, GONE = object(), object()

HEADER_HEARD = rb"<stream:stream[^>]*>"
STARTTLS_HEARD = rb"<starttls[^>]*/>"
AUTH_HEARD = rb"<auth[^>]*mechanism=['\"]([A-Z0-9-]+)['\"][^>]*?(?:/>|>([^<]*)</auth>)"
AUTHENTICATE_HEARD = (rb"<authenticate[^>]*mechanism=['\"]([A-Z0-9-]+)['\"][^>]*>"
                      rb"<initial-response>([^<]*)</initial-response>.*?</authenticate>")
RESPONSE_HEARD = rb"<response[^>]*?(?:/>|>([^<]*)</response>)"
IQ_HEARD = rb"<iq[^>]*id=['\"]([^'\"]+)['\"].*?</iq>"


def b64(data):
    return base64.b64encode(data.encode() if isinstance(data, str) else data).decode()


def header(domain=DOMAIN, version=" version='1.0'", content="jabber:client"):
    return (f"<?xml version='1.0'?><stream:stream xmlns='{content}' xmlns:stream='{STREAMS}' "
            f"from='{domain}' id='c1' xml:lang='en'{version}>")


def features(*inside):
    return f"<stream:features>{''.join(inside)}</stream:features>"


def mechanisms(*names):
    return (f"<mechanisms {SASL}>" + "".join(f"<mechanism>{name}</mechanism>" for name in names)
            + "</mechanisms>")


def authentication(*names):
    """The offer of SASL2 (XEP-0388), with Bind 2 (XEP-0386)."""
    return (f"<authentication {SASL2}>" + "".join(f"<mechanism>{name}</mechanism>" for name in names)
            + f"<inline><bind {BIND2}/></inline></authentication>")


def stream_error(condition, value="", more=""):
    return (f"<stream:error><{condition} {ERRORS}>{value}</{condition}>{more}</stream:error>"
            "</stream:stream>")


class Left(Exception):
    """The client has gone."""


class Conversation:
    """One connection, by the script of `lie`."""

    def __init__(self, sock, lie, heard, certificates):
        self.sock, self.lie, self.heard, self.certificates = sock, lie, heard, certificates
        self.data = b""
        self.secured = False
        self.first = self.nonce = self.server_first = self.final = None
        self.iq = "?"

    # --- bytes ---

    def listen(self):
        try:
            data = self.sock.recv(65536)
        except OSError:
            data = b""
        if not data:
            raise Left
        self.heard["in TLS" if self.secured else "in clear"].extend(data)
        self.data += data

    def fall_silent(self):
        while True:
            self.listen()

    def drip(self, text):
        while True:
            self.tell(text)
            time.sleep(0.01)

    def hear(self, pattern):
        while not (found := re.search(pattern, self.data, re.S)):
            self.listen()
        self.data = self.data[found.end():]
        return [(group or b"").decode() for group in found.groups()]

    def tell(self, data):
        data = data.encode() if isinstance(data, str) else data
        try:
            if self.lie.bytewise:
                for at in range(len(data)):
                    self.sock.sendall(data[at:at + 1])
            else:
                self.sock.sendall(data)
        except OSError:
            raise Left from None

    def say(self, *steps):
        """All of them in one write, as far as the lie lets it."""
        words = b""
        for step in steps:
            said = self.lie.said.get(step, getattr(self, step))
            if said is MUTE or said is GONE:
                if words:
                    self.tell(words)
                if said is GONE:
                    raise Left
                self.fall_silent()
            said = said(self) if step in self.lie.said and callable(said) else said
            said = said() if callable(said) else said
            words += said.encode() if isinstance(said, str) else said
        self.tell(words)

    def leave(self):
        """Hangs up, and still hears what was on its way."""
        try:
            self.sock.shutdown(socket.SHUT_WR)
            while data := self.sock.recv(65536):
                if not self.secured:
                    self.heard["in clear"].extend(data)
        except OSError:
            pass
        self.sock.close()

    # --- the script, step by step ---

    def run(self):
        if not self.lie.direct_tls:
            self.hear(HEADER_HEARD)
            self.say("header", "offer")
            self.hear(STARTTLS_HEARD)
            self.say("proceed")
        self.encrypt()
        self.hear(HEADER_HEARD)
        self.say("secure_header", "methods")
        self.sign_in()
        if not self.lie.sasl2:
            self.hear(HEADER_HEARD)
            self.say("bound_header", "binding")
            self.iq, = self.hear(IQ_HEARD)
            self.say("bound")
        self.hear(rb"</stream:stream>")
        self.tell("</stream:stream>")

    def encrypt(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.certificates.leaf(self.lie.certificate))
        if self.lie.ciphers:
            context.maximum_version = ssl.TLSVersion.TLSv1_2
            context.set_ciphers(self.lie.ciphers)
        try:
            self.sock = context.wrap_socket(self.sock, server_side=True)
        except OSError:
            raise Left from None
        self.secured = True
        self.data = b""

    def sign_in(self):
        mechanism, payload = self.hear(AUTHENTICATE_HEARD if self.lie.sasl2 else AUTH_HEARD)
        if mechanism != "PLAIN":
            self.first = base64.b64decode(payload).decode()
            self.say("challenge")
            response, = self.hear(RESPONSE_HEARD)
            self.final = base64.b64decode(response).decode()
        self.say("success")

    header = secure_header = bound_header = staticmethod(header)
    proceed = f"<proceed {TLS}/>"

    def offer(self):
        return features(STARTTLS)

    def methods(self):
        two = authentication(*self.lie.mechanisms) if self.lie.sasl2 else ""
        return features(two, mechanisms(*self.lie.mechanisms))

    @property
    def sasl(self):
        return SASL2 if self.lie.sasl2 else SASL

    # --- SCRAM-SHA-256 (RFC 5802), with every part to order ---

    def challenge(self, nonce=None, iterations="4096", salt=b64("salt of the house"), more=""):
        ours = self.first.partition("r=")[2]
        self.nonce = ours + "3rfcNHYJY1ZVvWVs7j" if nonce is None else nonce(ours)
        self.server_first = f"r={self.nonce},s={salt},i={iterations}{more}"
        return f"<challenge {self.sasl}>{b64(self.server_first)}</challenge>"

    @staticmethod
    def hash_of(*names):
        return ",h=" + b64(hashlib.sha256("\x1e".join(sorted(names)).encode()).digest())

    def signature(self):
        salted = hashlib.pbkdf2_hmac("sha256", PASSWORD.encode(), b"salt of the house", 4096)
        key = hmac.digest(salted, b"Server Key", "sha256")
        bare = self.first.split(",", 2)[2]
        message = ",".join((bare, self.server_first, self.final.rpartition(",p=")[0]))
        return hmac.digest(key, message.encode(), "sha256")

    def success(self, data=None, jid=f"juliet@{DOMAIN}/balcony"):
        if data is None:
            data = "v=" + b64(self.signature()) if self.final else ""
        if self.lie.sasl2:
            return (f"<success {SASL2}><additional-data>{b64(data)}</additional-data>"
                    f"<authorization-identifier>{jid}</authorization-identifier><bound {BIND2}/>"
                    "</success>")
        return f"<success {SASL}>{b64(data)}</success>"

    # --- binding ---

    def binding(self):
        return features(f"<bind {BIND}/>")

    def bound(self, jid=f"juliet@{DOMAIN}/balcony"):
        return (f"<iq type='result' id='{self.iq}'><bind {BIND}><jid>{jid}</jid></bind></iq>")

    def unbound(self, condition):
        return (f"<iq type='error' id='{self.iq}'><error type='cancel'><{condition} "
                "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>")


class LyingServer:
    """Tells `lie` to whoever connects to its port, until the end of the `with`."""

    def __init__(self, lie, certificates):
        self.lie, self.certificates, self.visits = lie, certificates, 0
        self.heard = {"in clear": bytearray(), "in TLS": bytearray()}
        self.talks = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            self.visits += 1
            talk = threading.Thread(target=self.converse, args=(sock,), daemon=True)
            self.talks.append(talk)
            talk.start()

    def converse(self, sock):
        conversation = Conversation(sock, self.lie, self.heard, self.certificates)
        sock.settimeout(30)  # a guard: no client of a test waits as long
        try:
            if self.lie.instead is None:
                conversation.run()
            else:
                conversation.listen()
                conversation.tell(self.lie.instead)
        except Left:
            pass
        finally:
            conversation.leave()

    def hear_out(self):
        """The client has ended: waits until all that it said is written down."""
        for talk in tuple(self.talks):
            talk.join()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()


class Certificates:
    """An authority, and leaves of it that are wrong in one way each."""

    DAYS = {"expired": "-1"}

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.authority = self.folder / "ca.pem"
        self.made = {}
        self.lock = threading.Lock()
        self.openssl("req", "-x509", *self.key("ca"), "-out", self.authority, "-days", "30",
                     "-subj", "/CN=authority")

    def openssl(self, *words):
        subprocess.run(["openssl", *words], check=True, capture_output=True)

    def key(self, name):
        return ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                self.folder / f"{name}.key")

    @staticmethod
    def names(kind):
        """The subjectAltName of a leaf: None for none."""
        if kind == "name":
            return f"DNS:not.{DOMAIN}"
        if kind == "wildcard":
            return f"DNS:*.{DOMAIN},DNS:*"
        if kind == "address":
            return "IP:127.0.0.1,DNS:127.0.0.1"
        if kind == "common-name":
            return None
        if kind == "nul":  # "localhost", NUL, ".evil": what ends at the NUL is the wrong half
            name = DOMAIN.encode() + b"\0.evil"
            return "DER:" + (bytes((0x30, len(name) + 2, 0x82, len(name))) + name).hex(":")
        return f"DNS:{DOMAIN}"

    def make(self, kind):
        certificate, request = self.folder / f"{kind}.pem", self.folder / f"{kind}.req"
        names = self.names(kind)
        extension = self.folder / f"{kind}.ext"
        extension.write_text(f"subjectAltName={names}\n" if names else "keyUsage=digitalSignature\n")
        self.openssl("req", "-new", *self.key(kind), "-out", request, "-subj", f"/CN={DOMAIN}")
        own = ["-signkey", self.folder / f"{kind}.key"]
        ca = ["-CA", self.authority, "-CAkey", self.folder / "ca.key", "-CAcreateserial"]
        self.openssl("x509", "-req", "-in", request, "-out", certificate, "-extfile", extension,
                     "-days", self.DAYS.get(kind, "30"), *(own if kind == "self-signed" else ca))
        return certificate, self.folder / f"{kind}.key"

    def leaf(self, kind):
        with self.lock:
            if kind not in self.made:
                self.made[kind] = self.make(kind)
            return self.made[kind]
