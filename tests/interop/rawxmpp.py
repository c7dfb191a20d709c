"""The smallest XMPP client that a test can steer byte by byte: blocking until bound, then pumped.

It exists to send what a library would not, and to drive many sessions from one thread. It trusts
any certificate: the cases about certificates are those of `linnet`.
"""
import base64
import contextlib
import re
import select
import selectors
import socket
import ssl
import time
import xml.etree.ElementTree as ET

CLIENT = "jabber:client"
NAMESPACES = {"c": CLIENT, "stream": "http://etherx.jabber.org/streams",
              "sasl": "urn:ietf:params:xml:ns:xmpp-sasl", "tls": "urn:ietf:params:xml:ns:xmpp-tls",
              "bind": "urn:ietf:params:xml:ns:xmpp-bind",
              "stanzas": "urn:ietf:params:xml:ns:xmpp-stanzas"}
TOKEN = re.compile(rb"<(?:[^<>\"']|\"[^\"]*\"|'[^']*')*>")


WOULD_BLOCK = (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError)


class Closed(Exception):
    pass


class Scanner:
    """Cuts a stream into its first-level elements. (expat in Python defers an element whose last
    bytes come in a small read of their own, so it cannot be used here.)"""

    def __init__(self):
        self.data = b""
        self.depth = 0
        self.start = 0   # of the element being read
        self.scanned = 0
        self.header = None

    def feed(self, data):
        self.data += data

    def next(self):
        """The next element, or None when it is not complete."""
        while True:
            found = TOKEN.search(self.data, self.scanned)
            if not found:
                return None
            token, end = found.group(), found.end()
            if token.startswith(b"<?"):
                self.scanned = self.start = end
                continue
            if token.startswith(b"<stream:stream"):
                self.header = token
                self.scanned = self.start = end
                continue
            if self.depth == 0:
                self.start = found.start()
            self.scanned = end
            if token.startswith(b"</"):
                self.depth -= 1
            elif not token.endswith(b"/>"):
                self.depth += 1
            if self.depth < 0:
                raise Closed("the server closed the stream")
            if self.depth == 0:
                element = self.data[self.start:end]
                self.data, self.start, self.scanned = self.data[end:], 0, 0
                return ET.fromstring(
                    b"<x xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"
                    + element + b"</x>")[0]


class Session:
    def __init__(self, host, port, domain, direct_tls=False, timeout=20, source=None):
        self.domain = domain
        self.socket = socket.create_connection((host, port), timeout,
                                               source and (source, 0))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # 30 ms less: no CAs are read
        self.context.check_hostname = False
        self.context.verify_mode = ssl.CERT_NONE
        self.scanner = Scanner()
        self.out = bytearray()
        self.jid = None
        if direct_tls:
            self.context.set_alpn_protocols(["xmpp-client"])
            self.encrypt()

    def encrypt(self):
        self.socket = self.context.wrap_socket(self.socket, server_hostname=self.domain)

    def write(self, text):
        data = text.encode() if isinstance(text, str) else text
        if self.out:
            self.out += data
        else:
            self.socket.sendall(data)

    def write_later(self, text):
        """It leaves while something is read. (Not by a thread of its own: an SSL object is not for
        two threads at once, and says of a race that the connection was closed.)"""
        self.out += text.encode()

    def read(self):
        """The next first-level element."""
        while (element := self.scanner.next()) is None:
            data = self.receive()
            if not data:
                raise Closed("the connection was closed")
            self.scanner.feed(data)
        return element

    def receive(self):
        """What comes next; meanwhile what is to leave leaves."""
        if not self.out:
            return self.socket.recv(65536)
        with self.not_blocking() as patience:
            while True:
                self.pump_out()
                try:
                    return self.socket.recv(65536)
                except WOULD_BLOCK:
                    pass
                if not any(select.select([self.socket], [self.socket] if self.out else [], [], patience)):
                    raise TimeoutError(f"nothing came or left for {patience} s")

    def push(self, seconds):
        """Lets leave what will within `seconds`, and reads nothing."""
        end = time.monotonic() + seconds
        with self.not_blocking():
            while self.out and (left := end - time.monotonic()) > 0:
                self.pump_out()
                select.select([], [self.socket], [], left)

    @contextlib.contextmanager
    def not_blocking(self):
        patience = self.socket.gettimeout()
        self.socket.setblocking(False)
        try:
            yield patience
        finally:
            self.socket.settimeout(patience)

    def open(self):
        """Opens or restarts the stream; the features."""
        self.scanner = Scanner()
        self.write(f"<?xml version='1.0'?><stream:stream to='{self.domain}' version='1.0' "
                   "xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>")
        return self.read()

    def starttls(self):
        self.write("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
        answer = self.read()
        if not answer.tag.endswith("}proceed"):
            raise RuntimeError(f"starttls: {answer.tag}")
        self.encrypt()

    def plain(self, user, password):
        payload = base64.b64encode(f"\0{user}\0{password}".encode()).decode()
        self.write(f"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{payload}</auth>")
        answer = self.read()
        if not answer.tag.endswith("}success"):
            raise RuntimeError("sign in: " + " ".join(child.tag for child in answer))

    def bind(self, resource=""):
        wanted = f"<resource>{resource}</resource>" if resource else ""
        self.write(f"<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>{wanted}"
                   "</bind></iq>")
        answer = self.read()
        self.jid = answer.findtext("bind:bind/bind:jid", namespaces=NAMESPACES)
        if not self.jid:
            raise RuntimeError("bind: " + ET.tostring(answer, encoding="unicode"))

    def login(self, user, password, resource="", direct_tls=False):
        self.open()
        if not direct_tls:
            self.starttls()
            self.open()
        self.plain(user, password)
        self.open()
        self.bind(resource)
        return self

    def close(self):
        try:
            self.write("</stream:stream>")
            while self.socket.recv(65536):
                pass
        except OSError:
            pass
        self.socket.close()

    # --- after login: nothing below blocks ---

    def pump_out(self):
        while self.out:
            try:
                sent = self.socket.send(self.out[:65536])
            except WOULD_BLOCK:
                return
            del self.out[:sent]

    def pump_in(self):
        """The elements that have arrived."""
        while True:
            try:
                data = self.socket.recv(65536)
            except WOULD_BLOCK:
                break
            if not data:
                raise Closed(f"{self.jid}: the connection was closed")
            self.scanner.feed(data)
        while (element := self.scanner.next()) is not None:
            yield element


def pump(sessions, on_element, done, seconds):
    """Moves bytes for all `sessions` until done() or until `seconds` have passed; done()."""
    selector = selectors.DefaultSelector()
    for session in sessions:
        session.socket.setblocking(False)
        selector.register(session.socket, selectors.EVENT_READ, session)
    end = time.monotonic() + seconds
    try:
        while not done() and time.monotonic() < end:
            for session in sessions:
                session.pump_out()
                events = selectors.EVENT_READ | (selectors.EVENT_WRITE if session.out else 0)
                selector.modify(session.socket, events, session)
            for key, _ in selector.select(0.2):
                for element in key.data.pump_in():
                    on_element(key.data, element)
    finally:
        selector.close()
        for session in sessions:
            session.socket.setblocking(True)
    return done()


def mechanisms(host, port, domain):
    """What a server offers after STARTTLS."""
    session = Session(host, port, domain)
    session.open()
    session.starttls()
    features = session.open()
    session.socket.close()
    return [m.text for m in features.iterfind(".//sasl:mechanism", NAMESPACES)]
