"""linnetd against clients that are not ours: openssl, slixmpp, libstrophe, and bytes that no client
would send."""
import functools
import importlib.util
import json
import os
import re
import signal
import socket
import subprocess
import sys

import rawxmpp
from cases_peers import signs_in
from exchange import from_linnet, to_linnet
from peers import HERE, Linnetd, Skip, run, settles
from table import CHOICE, Cell

# slixmpp knows these; what it does with -PLUS needs TLS 1.2 (see slix_client.py).
SLIXMPP = {"PLAIN", "DIGEST-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512",
           "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256-PLUS", "SCRAM-SHA-512-PLUS"}
STROPHE = {"PLAIN", "DIGEST-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512"}


# --- openssl ---

def s_client(server, port, *words):
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-CAfile", str(server.ca),
               "-verify_return_error", "-verify_hostname", "localhost", *words]
    done = subprocess.run(command, input=b"", capture_output=True, timeout=30, check=False)
    text = (done.stdout + done.stderr).decode(errors="replace")
    assert done.returncode == 0 and "Verify return code: 0 (ok)" in text, text[-800:]
    return text


def starttls(server):
    text = s_client(server, server.port, "-starttls", "xmpp", "-xmpphost", "localhost")
    assert "TLSv1.3" in text, text[-400:]


def direct_tls(server):
    text = s_client(server, server.tls_port, "-alpn", "xmpp-client", "-servername", "localhost")
    assert "ALPN protocol: xmpp-client" in text, text[-400:]


def tls_version(server, flag, version):
    assert version in s_client(server, server.port, "-starttls", "xmpp", "-xmpphost", "localhost", flag)


def old_tls(server):
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{server.tls_port}", "-tls1_1",
               "-cipher", "DEFAULT:@SECLEVEL=0"]
    done = subprocess.run(command, input=b"", capture_output=True, timeout=30, check=False)
    assert b"Cipher is (NONE)" in done.stdout or done.returncode != 0, done.stdout[-400:]


# --- slixmpp ---

def slixmpp(world, server, user, *words, password=None):
    """Starts a slixmpp session; the process."""
    if not importlib.util.find_spec("slixmpp"):
        raise Skip("python3-slixmpp is not installed")
    direct = "--direct-tls" in words
    command = [sys.executable, HERE / "slix_client.py", f"{user}@localhost",
               "--port", server.tls_port if direct else server.port,
               "--password-file", world.secret(password or f"secret of {user}"), *words]
    return subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def ended(process, code=0, seconds=60):
    """The events of a slixmpp process that must end with `code`."""
    try:
        out, err = process.communicate(timeout=seconds)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == code, f"slixmpp ended with {process.returncode}: {out}{err[-600:]}"
    return [json.loads(line) for line in out.splitlines()]


def event(events, name):
    found = [e for e in events if e["event"] == name]
    assert found, f"no {name} in {events}"
    return found[0]


def slixmpp_default(world, server):
    """Whatever slixmpp does when left alone ends in a session; with which mechanism."""
    events = ended(slixmpp(world, server, "juliet"))
    features = event(events, "disco")["features"]
    assert "urn:xmpp:ping" in features, features
    event(events, "pong")
    return event(events, "started")["mechanism"]


def slixmpp_direct_tls(world, server):
    ended(slixmpp(world, server, "juliet", "--direct-tls", "--mech", "PLAIN"))


def slixmpp_mechanism(world, mechanism):
    words = ["--mech", mechanism] + (["--tls12"] if mechanism.endswith("-PLUS") else [])
    events = ended(slixmpp(world, world.only(mechanism), "juliet", *words))
    assert event(events, "started")["mechanism"] == mechanism, events


def slixmpp_refused(world, mechanism):
    events = ended(slixmpp(world, world.only(mechanism), "juliet", "--mech", mechanism, password="wrong"), code=1)
    assert event(events, "refused")["condition"] == "not-authorized", events


def reader(process):
    """Waits until the slixmpp process has its session."""
    while True:
        line = process.stdout.readline()
        if not line:
            raise AssertionError(f"slixmpp ended early: {process.stderr.read()[-600:]}")
        if json.loads(line)["event"] == "pong":
            return


def slixmpp_to_slixmpp(world, server):
    romeo = slixmpp(world, server, "romeo", "--mech", "PLAIN", "--expect", "1")
    try:
        reader(romeo)
        ended(slixmpp(world, server, "juliet", "--mech", "PLAIN", "--send", "romeo@localhost",
                      "\u2665 & <moon>"))
        heard = event(ended(romeo), "message")
    finally:
        romeo.kill()
        romeo.wait()
    assert heard["body"] == "\u2665 & <moon>", heard
    assert heard["sender"].startswith("juliet@localhost/"), heard


def linnet_to_slixmpp(world, server):
    romeo = slixmpp(world, server, "romeo", "--mech", "PLAIN", "--expect", "1")
    try:
        reader(romeo)
        from_linnet(world, server, "romeo@localhost", "from linnet")
        heard = event(ended(romeo), "message")
    finally:
        romeo.kill()
        romeo.wait()
    assert heard["body"] == "from linnet", heard


def slixmpp_to_linnet(world, server):
    to_linnet(world, server, "from slixmpp", lambda: ended(slixmpp(
        world, server, "romeo", "--mech", "PLAIN", "--send", "juliet@localhost", "from slixmpp")))


# --- libstrophe ---

def strophe(world, server, password="secret of juliet", code=0):
    """Signs in and hears itself, or ends with `code`; the mechanism that it took."""
    mark = server.mark()
    client = world.programs / "strophe_client"
    if not client.exists():
        raise Skip("libstrophe-dev was not there when this was built")
    done = subprocess.run([client, "juliet@localhost", "127.0.0.1", str(server.port),
                           world.secret(password)], stdin=subprocess.DEVNULL, capture_output=True,
                          timeout=60, check=False, env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})
    text = (done.stdout + done.stderr).decode(errors="replace")
    assert done.returncode == code, f"libstrophe ended with {done.returncode}: {text[-600:]}"
    if code == 0:
        assert "signed in\n" in text and "heard: a message from libstrophe" in text, text
        return server.mechanism(mark, "juliet@localhost")
    return None


def strophe_mechanism(world, mechanism):
    assert strophe(world, world.only(mechanism)) == mechanism


# --- what the RFC wants, byte by byte ---

def raw(server):
    return rawxmpp.Session("127.0.0.1", server.port, "localhost")


def offers(server):
    """Nothing but STARTTLS before TLS; mechanisms after it; bind after sign-in."""
    session = raw(server)
    names = [child.tag.split("}")[1] for child in session.open()]
    assert names == ["starttls"], names
    assert b"from='localhost'" in session.scanner.header.replace(b'"', b"'"), session.scanner.header
    session.starttls()
    offered = session.open()
    assert offered.find("sasl:mechanisms", rawxmpp.NAMESPACES) is not None
    session.plain("juliet", "secret of juliet")
    assert session.open().find("bind:bind", rawxmpp.NAMESPACES) is not None
    session.bind("balcony")
    assert session.jid == "juliet@localhost/balcony", session.jid
    session.close()


def stream_error(server, data, *conditions):
    """`data` in place of a stream is answered with one of these stream errors; an end of
    connection without a word is accepted where there is nothing that could be an XMPP peer."""
    with socket.create_connection(("127.0.0.1", server.port), 15) as s:
        s.sendall(data)
        answer = b""
        try:
            while more := s.recv(65536):
                answer += more
        except ConnectionResetError:
            pass
    found = re.search(rb"<([a-z-]+) xmlns=['\"]urn:ietf:params:xml:ns:xmpp-streams['\"]", answer)
    said = found.group(1).decode() if found else None
    assert said in conditions, f"wanted {conditions}, got {answer[:400]!r}"


def bounced(server):
    """A message and an iq to nobody come back as errors; the session lives on."""
    session = raw(server).login("juliet", "secret of juliet")
    for to in ("nobody@localhost", "nobody@localhost/x", "romeo@localhost/none"):
        session.write(f"<iq type='get' id='q' to='{to}'><ping xmlns='urn:xmpp:ping'/></iq>")
        answer = session.read()
        assert answer.get("type") == "error" and answer.get("id") == "q", answer.attrib
        assert answer.find("c:error/stanzas:service-unavailable", rawxmpp.NAMESPACES) is not None, to
    session.write("<message to='nobody@localhost' type='chat' id='m'><body>hi</body></message>")
    assert session.read().get("type") == "error"
    session.write("<iq type='get' id='p' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>")
    assert session.read().get("type") == "result"
    session.close()


def forged(server):
    """`from` is the server's to say."""
    receiver = raw(server).login("romeo", "secret of romeo", "x")
    sender = raw(server).login("juliet", "secret of juliet", "y")
    sender.write("<message to='romeo@localhost/x' type='chat'><body>mine</body></message>")
    assert receiver.read().get("from") == "juliet@localhost/y"
    sender.write("<message from='romeo@localhost' to='romeo@localhost/x'><body>theirs</body></message>")
    answer = sender.read()
    assert answer.tag.endswith("}error") or answer.get("type") == "error", answer.tag
    receiver.close()


def injected(server):
    """What was sent in the clear behind <starttls/> never takes effect."""
    session = raw(server)
    session.open()
    session.write("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
                  "<stream:stream to='localhost' version='1.0' xmlns='jabber:client' "
                  "xmlns:stream='http://etherx.jabber.org/streams'>")
    try:
        answer = session.read()
        if answer.tag.endswith("}proceed"):
            session.encrypt()
            session.socket.settimeout(2)
            early = session.socket.recv(100)
            assert not early, f"answered over TLS to what was said in the clear: {early!r}"
    except (OSError, rawxmpp.Closed):
        pass


def still_serves(server):
    raw(server).login("juliet", "secret of juliet").close()


def wrong_password(server, user):
    session = raw(server)
    session.open()
    session.starttls()
    session.open()
    try:
        session.plain(user, "wrong")
    except RuntimeError as error:
        assert "not-authorized" in str(error), error
    else:
        raise AssertionError("a wrong password was accepted")
    finally:
        session.socket.close()


# --- the life of the server ---

def shutdown(world):
    """SIGTERM: system-shutdown to all, exit status 0; what is stored is there after a new start."""
    server = Linnetd(world.folder / "shutdown", world.programs)
    try:
        server.add_user("juliet", "secret of juliet")
        sessions = [raw(server).login("juliet", "secret of juliet", f"r{i}") for i in range(3)]
        server.process.process.send_signal(signal.SIGTERM)
        for session in sessions:
            condition = [child.tag for child in session.read()]
            assert any(tag.endswith("}system-shutdown") for tag in condition), condition
            session.close()
        server.stop()
        server.start()
        still_serves(server)
    finally:
        server.stop()


def killed(world):
    """An account whose creation was acknowledged survives kill -9."""
    server = Linnetd(world.folder / "killed", world.programs)
    try:
        server.add_user("juliet", "secret of juliet")
        server.stop(signal.SIGKILL)
        server.start()
        still_serves(server)
    finally:
        server.stop()


def reload(world):
    """SIGHUP takes a new certificate for new connections; old sessions stay."""
    folder = world.folder / "reload"
    folder.mkdir()
    certificate, key = folder / "cert.pem", folder / "key.pem"

    def certify():
        run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
             "-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=localhost",
             "-addext", "subjectAltName=DNS:localhost"])

    certify()
    server = Linnetd(folder, world.programs, f"tls.certificate={certificate}", f"tls.key={key}")
    server.ca = certificate
    try:
        server.add_user("juliet", "secret of juliet")
        session = raw(server).login("juliet", "secret of juliet")
        starttls(server)
        certify()
        server.process.process.send_signal(signal.SIGHUP)
        settles(lambda: starttls(server))
        session.write("<iq type='get' id='p' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>")
        assert session.read().get("type") == "result"
        session.close()
    finally:
        server.stop()


def another_domain(world):
    """A certificate that clients will refuse is named when the server starts, a good one is not."""
    server = Linnetd(world.folder / "another-domain", world.programs)
    try:
        assert "clients will refuse" not in server.process.said(), server.process.said()
        server.stop()
        server.settings[0] = "domain=example.org"
        server.start()
        said = server.process.said()
        assert "cert.pem is not for example.org, so clients will refuse it; it names localhost" in said, said
    finally:
        server.stop()


def refused_settings(world, setting, reason):
    """A wrong setting ends the start with its reason, before anything is made."""
    data = world.folder / "refused"
    done = subprocess.run([world.program("linnetd"), "--data", data, "--set", "domain=localhost",
                           "--set", "c2s.listen=127.0.0.1:0", "--set", setting],
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=30, check=False)
    text = (done.stdout + done.stderr).decode(errors="replace")
    assert done.returncode not in (0, None) and done.returncode > 0, f"{done.returncode}: {text}"
    assert reason in text, f"wanted {reason!r}: {text}"
    assert not data.exists(), "it made its data directory"


def accounts(world):
    """add, list, show, passwd, disable, remove; and each takes effect at once."""
    server = Linnetd(world.folder / "accounts", world.programs)

    def login(password, code):
        world.expect(code, "login", "carol@localhost", peer=server, password=password)

    try:
        server.add_user("carol", "first")
        assert "carol" in server.control("user", "list")
        assert "carol" in server.control("user", "show", "carol")
        login("first", 0)
        server.control("user", "passwd", "carol", "--password-file", world.secret("second"))
        login("first", 30)
        login("second", 0)
        assert "juliet" not in server.control("sessions")
        server.control("status")
        server.control("user", "disable", "carol")
        login("wrong", 30)
        login("second", 32)
        server.control("user", "remove", "carol")
        login("second", 30)
        assert "carol" not in server.control("user", "list")
    finally:
        server.stop()


def linnet_cases(world, server):
    each = functools.partial
    password = "secret of juliet"
    cell = functools.partial(Cell, "linnet", "linnetd")

    def by(mechanism):
        return signs_in(world.expect, world.only(mechanism), "localhost", mechanism, password=password)

    yield "linnet: left to itself", each(
        signs_in, world.expect, server, "localhost", None, password=password), cell(CHOICE, "STARTTLS")
    yield "linnet: left to itself, direct TLS", each(
        signs_in, world.expect, server, "localhost", None, "--direct-tls", port=server.tls_port,
        password=password), cell(CHOICE, "direct TLS")
    legacy = world.linnetd("legacy", "login.legacy=true")
    for mechanism in sorted(rawxmpp.mechanisms("127.0.0.1", legacy.port, "localhost")):
        yield f"linnet: {mechanism}", each(by, mechanism), cell(mechanism, "STARTTLS")


def slixmpp_cases(world, server):
    each = functools.partial
    cell = functools.partial(Cell, "slixmpp", "linnetd")
    yield "slixmpp: left to itself", each(slixmpp_default, world, server), cell(CHOICE, "STARTTLS")
    yield "slixmpp: to slixmpp", each(slixmpp_to_slixmpp, world, server)
    yield "slixmpp: from linnet", each(linnet_to_slixmpp, world, server), cell(CHOICE, "receives")
    yield "slixmpp: to linnet", each(slixmpp_to_linnet, world, server), cell(CHOICE, "sends")
    yield "slixmpp: direct TLS", each(slixmpp_direct_tls, world, server), cell("PLAIN", "direct TLS")
    for mechanism in sorted(SLIXMPP):
        yield f"slixmpp: {mechanism}", each(slixmpp_mechanism, world, mechanism), cell(
            mechanism, "STARTTLS")
        if not mechanism.endswith("-PLUS"):
            yield f"slixmpp: {mechanism}, wrong password", each(
                slixmpp_refused, world, mechanism), cell(mechanism, "wrong password", "refused")


def strophe_cases(world, server):
    each = functools.partial
    cell = functools.partial(Cell, "libstrophe", "linnetd")
    for mechanism in sorted(STROPHE):
        yield f"libstrophe: {mechanism}", each(strophe_mechanism, world, mechanism), cell(
            mechanism, "STARTTLS")
    yield "libstrophe: left to itself", each(strophe, world, server), cell(CHOICE, "STARTTLS")
    yield "libstrophe: wrong password", each(strophe, world, server, "wrong", 1), cell(
        CHOICE, "wrong password", "refused")


def cases(world):
    server = world.linnetd()
    each = functools.partial
    yield "openssl: STARTTLS, certificate verified", each(starttls, server)
    yield "openssl: direct TLS with ALPN", each(direct_tls, server)
    yield "openssl: TLS 1.2", each(tls_version, server, "-tls1_2", "TLSv1.2")
    yield "openssl: TLS 1.1 is refused", each(old_tls, server)

    yield "features in their order", each(offers, server)
    for name, data, conditions in (
            ("not XML", b"<a b=c>", ("not-well-formed", "invalid-xml")),
            ("TLS where STARTTLS is due", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"x" * 400,
             ("not-well-formed", "bad-format", "invalid-xml", None)),
            ("a web request", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
             ("not-well-formed", "bad-format", "invalid-xml", None)),
            ("a comment", b"<?xml version='1.0'?><!-- x --><stream:stream", ("restricted-xml",)),
            ("a document type", b"<?xml version='1.0'?><!DOCTYPE x [<!ENTITY a 'b'>]>",
             ("restricted-xml",)),
            ("a wrong namespace", b"<stream:stream xmlns='jabber:client' xmlns:stream='urn:x' "
             b"to='localhost' version='1.0'>", ("invalid-namespace",)),
            ("an unknown host", b"<stream:stream xmlns='jabber:client' to='example.org' version='1.0' "
             b"xmlns:stream='http://etherx.jabber.org/streams'>", ("host-unknown",)),
            ("20,000 bytes before sign-in", b"<stream:stream xmlns='jabber:client' to='localhost' "
             b"version='1.0' xmlns:stream='http://etherx.jabber.org/streams'><a>" + b"x" * 20000,
             ("policy-violation",))):
        yield f"stream error for {name}", each(stream_error, server, data, *conditions)
    yield "nothing injected before TLS takes effect", each(injected, server)
    for user in ("juliet", "nobody"):
        yield f"wrong password of {user}: not-authorized", each(wrong_password, server, user)
    yield "errors for what is not there", each(bounced, server)
    yield "`from` cannot be forged", each(forged, server)
    yield "after all that, the server still serves", each(still_serves, server)

    yield from slixmpp_cases(world, server)
    yield from strophe_cases(world, server)
    yield from linnet_cases(world, server)

    yield "accounts by linnetctl", each(accounts, world)
    yield "SIGTERM says system-shutdown to all", each(shutdown, world)
    yield "accounts survive kill -9", each(killed, world)
    yield "SIGHUP takes a new certificate", each(reload, world)
    yield "a certificate for another domain is named", each(another_domain, world)
    for setting, reason in (("no.such=1", "no.such"), ("loops=many", "loops"),
                            ("c2s.listen=nowhere", "c2s.listen")):
        yield f"wrong setting {setting}", each(refused_settings, world, setting, reason)
