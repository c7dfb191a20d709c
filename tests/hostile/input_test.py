"""Bad input from clients, each followed by a good sign-in of another one, and from the local user."""
import base64
import json
import os
import random
import re
import signal
import socket

import daemon
import rawxmpp
from daemon import GONE, HEADER, Daemon, drop

SASL = "xmlns='urn:ietf:params:xml:ns:xmpp-sasl'"


def b64(text):
    return base64.b64encode(text.encode() if isinstance(text, str) else text).decode()


def auth(mechanism, payload):
    return f"<auth {SASL} mechanism='{mechanism}'>{payload}</auth>"


def response(payload):
    return f"<response {SASL}>{payload}</response>"


CLEAR = [
    b"\0" * 100, b"\xef\xbb\xbf" + HEADER.encode(), b"<" * 9000, b"<a " + b"b='c' " * 1000,
    HEADER.encode("utf-16"), b"<?xml version='1.0' encoding='latin1'?><a>",
    b"<!DOCTYPE a [<!ENTITY b 'cc'>]><a>&b;", HEADER.encode() + b"\xc0\xaf\xed\xa0\x80",
    (HEADER + "<x:y/>").encode(), (HEADER + "<a>" * 500).encode(), (HEADER + "&#0;").encode(),
    (HEADER + HEADER).encode(), (HEADER + "</stream:stream></stream:stream><a/>").encode(),
    (HEADER + "<message to='a@localhost'/>").encode(), (HEADER + auth("PLAIN", b64("\0a\0a"))).encode(),
    (HEADER + "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>" + auth("PLAIN", "AA==")).encode(),
    (HEADER + "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>").encode() + b"\x16\x03\x01\xff\xff",
    (HEADER + "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>").encode() + b"\x16" * 70000,
    HEADER.replace("localhost", "x" * 2000).encode(), HEADER.replace("1.0'", "99999999999.0'").encode(),
    b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00", b"\x80\x2e\x01\x03\x01",
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
]

BEFORE_AUTH = [
    auth("PLAIN", ""), auth("PLAIN", "="), auth("PLAIN", "===="), auth("PLAIN", "A A="),
    auth("PLAIN", b64("no nul")), auth("PLAIN", b64("\0\0\0\0")), auth("PLAIN", b64("\0a\0")),
    auth("PLAIN", b64("b@localhost\0good\0secret of good")), auth("PLAIN", b64(b"\0\xff\xfe\0x")),
    auth("PLAIN", b64("\0" + "a" * 6000 + "\0x")), auth("PLAIN", b64("\0good\nnotice forged: x\0x")),
    auth("PLAIN", b64("\0go\u202eod\0x")), auth("PLAIN", b64("\0good@localhost/x\0secret of good")),
    auth("NONE", ""), auth("", ""), f"<auth {SASL}/>", f"<auth {SASL} mechanism='PLAIN'><a/></auth>",
    response(""), response("!"), f"<abort {SASL}/>", f"<success {SASL}/>", f"<x {SASL}/>",
    auth("SCRAM-SHA-256", b64("n,,n=good,r=")), auth("SCRAM-SHA-256", b64("y,,n=good,r=abc")),
    auth("SCRAM-SHA-256", b64("p=tls-exporter,,n=good,r=abc")), auth("SCRAM-SHA-256", b64("n,,m=x,n=good,r=abc")),
    auth("SCRAM-SHA-256", b64("n,,n=g=3Dood=2,r=abc")), auth("SCRAM-SHA-256", b64("n,a=other,n=good,r=abc")),
    auth("SCRAM-SHA-256-PLUS", b64("p=tls-unique,,n=good,r=abc")),
    auth("SCRAM-SHA-256", b64("n,,n=good,r=abc")) + response(b64("c=biws,r=abc,p=AAAA")),
    auth("SCRAM-SHA-256", b64("n,,n=good,r=abc")) * 9, auth("PLAIN", b64("\0good\0wrong")) * 9,
    "<iq type='set' id='1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>",
    "<presence/>", "<stream:error/>", "<stream:features/>", "</stream:stream>", " " * 200000,
]

BEFORE_BIND = [
    "<message/>", auth("PLAIN", b64("\0good\0secret of good")), "<iq/>", "<iq type='result' id='1'/>",
    "<iq type='set' id='1'><bind xmlns='x'/></iq>",
    "<iq type='set' id='1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>" * 20,
    "<iq type='set' id='1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>"
    + "x" * 1024 + "</resource></bind></iq>",
    "<iq type='set' id='1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>\u0085\n"
    "</resource></bind></iq>",
    "<iq type='get' id='1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>" * 20,
    "<iq type='set' id='1'><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>",
]

BOUND = [
    "<message from='good@localhost'/>", "<message from=''/>", "<message from='bad@localhost/other'/>",
    "<iq/>", "<iq type='get'/>", "<iq type='get' id='1'/>", "<iq type='x' id='1'><a xmlns='b'/></iq>",
    "<iq type='set' id='1'><a xmlns='b'/><a xmlns='b'/></iq>", "<iq type='error' id='1' to='good@localhost'/>",
    "<iq type='result' id='1' to='localhost'/>", "<message to='@'/>", "<message to='a@b@c'/>",
    "<message to='evil/@good@localhost'/>", "<message to='good@localhost/'/>", "<message type='error'/>",
    "<message to='" + "x" * 5000 + "'/>", "<message to='good@elsewhere.example'/>", "<presence type='x'/>",
    "<presence><priority>128</priority></presence>", "<presence><priority/></presence>",
    "<presence><priority>1e1</priority></presence>", "<presence type='probe'/>", "<presence type='error'/>",
    "<presence to='localhost'/>", "<x/>", "<a:b xmlns:a='c'/>", "<message xmlns='jabber:server'/>",
    "<message xmlns:a='b' a:c='d' to='bad@localhost'><e xmlns='f' xmlns:g='h' g:i='j'/></message>",
    "".join(f"<presence to='u{n}@localhost/{'y' * 500}'/>" for n in range(100)) + "<presence type='unavailable'/>",
    "<message><body>&lt;/stream:stream&gt;</body></message>", "<message><![CDATA[</message>]]></message>",
    "<stream:error><x xmlns='y'/></stream:error>", "<stream:stream/>", "</message>", "<a></b>",
    "<iq type='get' id='1' to='localhost'><query xmlns='http://jabber.org/protocol/disco#info' node='x'/></iq>",
]


def hear(session):
    """Reads until the server has answered all that came before, or has ended the stream."""
    session.socket.settimeout(10)
    try:
        session.write(daemon.PING.format("after"))
        while session.read().get("id") != "after":
            pass
    except (rawxmpp.ET.ParseError, *GONE):
        pass


def bad_bytes():
    """garbage, other protocols and what is too early, in clear: the next client signs in"""
    with Daemon("loops=2", users=["good"]) as server:
        for number, data in enumerate(CLEAR):
            daemon.say((server.port, server.tls_port)[number % 2], data)
            if number % 6 == 5:
                server.serves("good")
        server.stop()


def bad_stanzas():
    """bad sign-ins, bindings and stanzas, alone and together: the next client signs in"""
    with Daemon("loops=2", "login.throttle=false", users=["good", "bad"]) as server:
        def secured():
            session = server.session(direct_tls=True)
            session.open()
            return session

        def signed_in():
            session = secured()
            session.plain("bad", "secret of bad")
            session.open()
            return session

        for begin, inputs in ((secured, BEFORE_AUTH), (signed_in, BEFORE_BIND),
                              (lambda: server.login("bad", "r"), BOUND)):
            for number, text in enumerate(inputs):
                session = begin()
                try:
                    session.write(text)
                except OSError:
                    pass
                hear(session)
                drop(session)
                if number % 6 == 5:
                    server.serves("good")
        server.login("bad", "x from=192.0.2.1:5 tls=none").close()
        server.says("tls=TLSv1.3 jid=bad@localhost/x from=192.0.2.1:5 tls=none\n")
        for line in server.said().splitlines():
            assert line == "ready" or line.startswith("set up with: ") or \
                   re.match(r"20\d\d-\d\d-\d\dT[\d:.]+Z \w+ \w+( #\d+)?: ", line), line
        assert "secret of" not in server.said() and b64("\0good\0wrong") not in server.said()
        server.stop()


def noise():
    """true conversations with bytes changed, lost, doubled and cut into pieces"""
    chance = random.Random(1)
    with Daemon("loops=2", users=["good"]) as server:
        for number in range(40):
            text = bytearray((HEADER + auth("PLAIN", b64("\0good\0secret of good")) + HEADER
                              + "<iq type='set' id='1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>"
                              + "<presence/><message to='good@localhost'><body>x</body></message>").encode())
            for _ in range(chance.randrange(3)):
                at = chance.randrange(len(text))
                text[at:at + chance.randrange(4)] = bytes(
                    chance.randrange(256) for _ in range(chance.randrange(4)))
            session = server.session(direct_tls=True)
            try:
                while text:
                    piece = chance.randrange(1, 200)
                    session.write(bytes(text[:piece]))
                    del text[:piece]
            except OSError:
                pass
            hear(session) if chance.random() < 0.5 else None
            drop(session)
        server.serves("good")
        server.stop()


def has_user(server, user):
    """As far as the control socket has a place for one who asks."""
    try:
        return user in server.control("user", "list").split()
    except AssertionError:
        return False


def local_user():
    """the control socket: garbage, floods and sudden ends; then it answers as before"""
    path = None

    def connect():
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(10)
        s.connect(str(path))
        return s

    with Daemon("loops=2", users=["good"]) as server:
        path = server.folder / "data" / "control.sock"
        assert os.stat(path).st_mode & 0o777 == 0o600
        long_name = "\u20ac" * 30
        for line in (b"\0\xff\n", b"{}\n", b"[]\n", b"null\n", b'{"id":1}\n', b'{"id":1,"op":1}\n',
                     b'{"id":{},"op":"status"}\n', b'{"id":1,"op":"status","op":"status"}\n',
                     b'{"id":1,"op":"user.add","args":{"user":"a\\u0000b","password":"x"}}\n',
                     b'{"id":1,"op":"user.add","args":{"user":"a","password":""}}\n',
                     b'{"id":1,"op":"user.list","args":{"limit":-1}}\n', b"[" * 60000 + b"\n", b"x" * 100000,
                     json.dumps({"id": 1, "op": long_name}, ensure_ascii=False).encode() + b"\n",
                     json.dumps({"id": 1, "op": "status", "args": {long_name: 1}}, ensure_ascii=False).encode() + b"\n",
                     json.dumps({"id": 1, "op": "user.show", "args": {"user": "x" + long_name * 9}},
                                ensure_ascii=False).encode() + b"\n",
                     b'{"id":1,"op":"status"}\n' * 500):
            with connect() as s:
                s.sendall(line)
                if b"\n" in line:
                    assert json.loads(s.makefile().readline()), line
            server.control("status")
        held = []
        for _ in range(100):
            try:
                held.append(connect())
                held[-1].sendall(b'{"id":1,"op":"sessions"}\n' * 200)
            except OSError:
                pass
        for s in held:
            s.close()
        daemon.wait_for("the control socket", lambda: has_user(server, "good"))
        held = [connect() for _ in range(5)]
        for s in held:
            s.sendall(b'{"id":1,"op":"sessions"}\n' * 50)
        server.serves("good")
        server.stop()


def reloads():
    """SIGHUP takes over what is live, and nothing at all of settings that are wrong"""
    with Daemon(users=["good"]) as server:
        file = server.folder / "linnetd.conf"
        file.write_text('log: { level = "notice"; };\n')
        command = server.process.args + ["--config", file]
        server.stop()
        server.start(command)
        server.serves("good")
        assert " info c2s " not in server.said()

        def reload(text, reason):
            file.write_text(text)
            already = server.said().count(reason)
            server.signal(signal.SIGHUP)
            daemon.wait_for(reason, lambda: server.said().count(reason) > already)

        reload('log: { level = "info"; };\n', "read again")
        daemon.wait_for("messages of level info", lambda: server.serves("good") or " info c2s " in server.said())
        for text in ("log: {", 'log: { level = "loud"; };\n', "no: { such = 1; };\n",
                     'tls: { certificate = "/nowhere"; key = "/nowhere"; };\n'):
            reload(text, "nothing was changed")
            server.serves("good")
        server.stop()


daemon.run(bad_bytes, bad_stanzas, noise, local_user, reloads)
