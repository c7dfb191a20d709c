"""`linnet` at work with Prosody and linnetd, and against peers that only pretend. The logins by
mechanism are those of cases_peers.py."""
import base64
import functools
import hashlib
import json
import os
import signal
import subprocess
import time

from cases_peers import probes
from peers import Process, free_port, private_file, run, wait_for

PASSWORD = "sea of Moons"

NO_TLS = (b"<?xml version='1.0'?><stream:stream from='localhost' id='1' version='1.0' "
          b"xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'><stream:features>"
          b"<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism>"
          b"</mechanisms></stream:features>")
NOT_KNOWN = (b"<stream:error><unsupported-stanza-type xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>"
             b"</stream:error></stream:stream>")
HTTP = b"HTTP/1.1 400 Bad Request\r\nServer: test\r\nContent-Length: 0\r\n\r\n"


def json_lines(world, peer):
    result = world.expect(0, "login", "juliet@localhost", "--json", peer=peer, password=PASSWORD)
    lines = [json.loads(line) for line in result.out.splitlines()]
    assert lines and all(isinstance(line, dict) for line in lines), result.out
    result = world.expect(30, "login", "juliet@localhost", "--json", peer=peer, password="wrong")
    lines = [json.loads(line) for line in result.out.splitlines()]
    assert lines and "bad-credentials" in json.dumps(lines[-1]), result.out


def stages(world, peer):
    """Every stage of a login is shown as it passes."""
    result = world.expect(0, "login", "juliet@localhost", "-v", peer=peer, password=PASSWORD)
    said, place = (result.out + result.err).lower(), 0
    for stage in ("resolve", "connect", "secure", "sign in", "bind", "logged in"):
        found = said.find(stage, place)
        assert found >= 0, f"no stage {stage!r} in order: {result}"
        place = found


def passwords(world, peer):
    """Each way a password may come, and none of them in argv."""
    def login(words, **options):
        command = world.command("login", "juliet@localhost", *words, peer=peer)
        done = subprocess.run(command, capture_output=True, timeout=60, check=False, **options)
        assert done.returncode == 0, f"{words}: {done.returncode}: {done.stderr.decode()}"

    secret = world.secret(PASSWORD)
    login(["--password-command", f"cat {secret}"], stdin=subprocess.DEVNULL)
    login([], stdin=subprocess.DEVNULL, env={**os.environ, "LINNET_PASSWORD": PASSWORD})
    with open(secret, "rb") as file:
        login(["--password-fd", str(file.fileno())], stdin=subprocess.DEVNULL,
              pass_fds=[file.fileno()])


def open_password_file(world, peer):
    """A password that others can read is refused, before anything is sent."""
    secret = private_file(world.folder / "secrets" / "open", PASSWORD)
    secret.chmod(0o644)
    result = world.linnet("login", "juliet@localhost", "--password-file", str(secret), peer=peer)
    assert result.code == 2, f"wanted exit status 2: {result}"


def pinned(world, prosody):
    """The right key is enough, whatever the certificate says."""
    certificate, _ = world.certificates.pair("expired")
    public = run(["openssl", "x509", "-in", certificate, "-noout", "-pubkey"])
    der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=public.encode(),
                         capture_output=True, check=True).stdout
    pin = base64.b64encode(hashlib.sha256(der).digest()).decode()
    world.expect(0, "login", "juliet@expired.localhost", "--pin", f"sha256//{pin}",
                 port=prosody.port, password=PASSWORD)


def message(world, peer, sender, receiver, secrets, body, by_stdin):
    """One message between two linnet processes arrives whole."""
    command = world.command("listen", receiver, "--count", "1", "--timeout", "30", "--json",
                            peer=peer, password=secrets[1])
    log = world.folder / "message.log"  # a pipe that nobody reads would stop the listener
    listener = Process(command, log)
    try:
        # A message before the receiver is there may rightly be kept or bounced: try until it lands.
        end = time.monotonic() + 25
        while listener.alive() and time.monotonic() < end:
            words = ["send", sender, receiver]
            if by_stdin:
                sent = world.linnet(*words, stdin=body, peer=peer, password=secrets[0])
            else:
                sent = world.linnet(*words, "-m", body, peer=peer, password=secrets[0])
            assert sent.code in (0, 60), f"{sent}"
            time.sleep(0.3)
        code = listener.process.wait(20)
    finally:
        listener.stop(signal.SIGKILL)
    assert code == 0, f"listen ended with {code}: {listener.said()[-600:]}"
    bodies = [value for line in listener.said().splitlines() for value in json.loads(line).values()]
    assert body in bodies, f"sent {body[:80]!r}, heard {listener.said()[-400:]!r}"


def listen_timeout(world, peer):
    """Nobody writes: listen ends when it said it would, with the row for a timeout."""
    result = world.linnet("listen", "juliet@localhost", "--count", "1", "--timeout", "2", peer=peer,
                          password=PASSWORD)
    assert result.code in (12, 61), f"wanted a timeout: {result}"


def interrupted(world, peer):
    """SIGINT ends a session cleanly with 130."""
    command = world.command("listen", "juliet@localhost/interrupted", "-v", peer=peer,
                            password=PASSWORD)
    log = world.folder / "interrupted.log"
    with open(log, "wb") as out:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    try:
        wait_for("the listener to be ready", lambda: b"/interrupted" in log.read_bytes())
        process.send_signal(signal.SIGINT)
        code = process.wait(15)
    finally:
        process.kill()
        process.wait()
    assert code == 130, f"ended with {code}: {log.read_text()}"


def failures(world, prosody):
    """(name, exit status, what it must say, words, target)"""
    login = ["login", "juliet@localhost"]
    quick = ["--timeout", "3"]
    known = {"peer": prosody, "password": PASSWORD}
    return [
        ("wrong password", 30, "password", login, {**known, "password": "sea of moons"}),
        ("unknown user", 30, None, ["login", "nobody@localhost"], known),
        ("unknown host", 40, None, ["login", "juliet@unknown.example"], known),
        ("expired certificate", 23, None, ["login", "juliet@expired.localhost"], known),
        ("certificate for another name", 22, "other.example", ["login", "juliet@wrong.localhost"],
         known),
        ("untrusted certificate", 21, None, login,
         {"port": prosody.port, "password": PASSWORD}),
        ("untrusted certificate, direct TLS", 21, None, [*login, "--direct-tls"],
         {"port": prosody.tls_port, "password": PASSWORD}),
        ("pin of another key", 21, None, [*login, "--pin", "sha256//" + "A" * 43 + "="],
         {"port": prosody.port, "password": PASSWORD}),
        ("dead port", 11, None, login, {"port": free_port(), "password": PASSWORD}),
        ("HTTP port", 14, None, [*login, "--timeout", "10"],
         {"port": world.answering("http", HTTP, b"close").port, "password": PASSWORD}),
        ("HTTP port, direct TLS", 14, None, [*login, "--direct-tls", "--timeout", "10"],
         {"port": world.answering("http", HTTP, b"close").port, "password": PASSWORD}),
        ("silence", 12, None, [*login, *quick],
         {"port": world.answering("silent").port, "password": PASSWORD}),
        ("silence, direct TLS", 12, None, [*login, *quick, "--direct-tls"],
         {"port": world.answering("silent").port, "password": PASSWORD}),
        ("a server without encryption", 24, None, login,
         {"port": world.answering("no-tls", NO_TLS, NOT_KNOWN).port, "password": PASSWORD}),
        ("a mechanism nobody offers", 31, None, [*login, "--mech", "SCRAM-SHA-512"], known),
        ("a mechanism nobody has", 2, None, [*login, "--mech", "ROT13"], known),
        ("bad address: space", 3, None, ["login", "a b@localhost"], known),
        ("bad address: slash in front", 3, None, ["login", "evil/@victim"], known),
        ("bad address: no domain", 3, None, ["login", "juliet@"], known),
        ("unknown flag", 2, None, [*login, "--no-such-flag"], known),
        ("port out of range", 2, None, ["login", "juliet@localhost", "--host", "127.0.0.1",
                                        "--port", "65536"], {"password": PASSWORD}),
    ]


def with_prosody(world):
    prosody = world.prosody()
    yield "every stage is shown", functools.partial(stages, world, prosody)
    yield "--json is an object per line, of success and of failure", functools.partial(
        json_lines, world, prosody)
    yield "password by command, environment, descriptor", functools.partial(
        passwords, world, prosody)
    yield "a pin accepts its key and asks no further", functools.partial(pinned, world, prosody)
    yield "a readable password file is refused", functools.partial(
        open_password_file, world, prosody)
    for name, code, says, words, target in failures(world, prosody):
        yield f"{name} is exit status {code}", functools.partial(
            world.expect, code, *words, says=says, **target)
    people = ("romeo@localhost", "juliet@localhost", (PASSWORD, PASSWORD))
    for name, body, by_stdin in (
            ("a short body", "But soft!", False),
            ("markup and other alphabets", "<b>&amp;\u2665 \u65e5\u672c \U0001f319]]>\"'", False),
            ("lines from standard input", "first\nsecond\n\nfourth", True),
            ("200 kB", "moon " * 40000, True)):
        yield f"prosody: send and listen: {name}", functools.partial(
            message, world, prosody, *people, body.strip(), by_stdin)
    yield "listen gives up at its timeout", functools.partial(listen_timeout, world, prosody)
    yield "SIGINT is exit status 130", functools.partial(interrupted, world, prosody)


def with_linnetd(world):
    server = world.linnetd()
    secrets = ("secret of romeo", "secret of juliet")
    yield "linnetd: probe names every mechanism", functools.partial(
        probes, world.expect, server, "localhost")
    yield "linnetd: direct TLS", functools.partial(
        world.expect, 0, "login", "juliet@localhost", "--direct-tls", port=server.tls_port,
        cafile=server.ca, password=secrets[1])
    yield "linnetd: wrong password is exit status 30", functools.partial(
        world.expect, 30, "login", "juliet@localhost", peer=server, password="wrong")
    yield "linnetd: TLS that was switched off is named", functools.partial(
        world.expect, 31, "login", "juliet@localhost", "--tls=off", peer=server, password=secrets[1],
        says="leave out --tls=off")
    yield "linnetd: unknown user is exit status 30", functools.partial(
        world.expect, 30, "login", "nobody@localhost", peer=server, password="wrong")
    yield "linnetd: unknown host is exit status 40", functools.partial(
        world.expect, 40, "login", "juliet@unknown.example", peer=server, password=secrets[1])
    for name, body, by_stdin in (("a short body", "But soft!", False),
                                 ("lines from standard input", "first\nsecond", True)):
        yield f"linnetd: send and listen: {name}", functools.partial(
            message, world, server, "romeo@localhost", "juliet@localhost", secrets, body, by_stdin)


def cases(world):
    yield from with_prosody(world)
    yield from with_linnetd(world)
