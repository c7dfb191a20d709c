"""What the operator sees of sign-ins: a record of each way to fail, and that guessing is slow."""
import base64
import binascii
import json
import re
import select
import subprocess
import time

import daemon
import rawxmpp
from daemon import GONE, HEADER, Daemon, drop

SASL = "xmlns='urn:ietf:params:xml:ns:xmpp-sasl'"
CANARY = "canary 4711 of the password"


def secured(server):
    session = server.session(direct_tls=True)
    session.open()
    return session


def refused(session, user, password=CANARY):
    try:
        session.plain(user, password)
    except RuntimeError as error:
        return str(error)
    raise AssertionError("it was let in")


# --- the ways to fail: each makes one connection ---

def wrong_password(server):
    session = server.session()
    session.open()
    session.starttls()
    session.open()
    refused(session, "juliet")
    session.close()


def unknown_user(server):
    session = secured(server)
    refused(session, "julliet")
    session.close()


def disabled(server):
    session = secured(server)
    refused(session, "gone", "secret of gone")
    session.close()


def too_many(server):
    session = secured(server)
    for _ in range(3):
        refused(session, "juliet")
    session.close()


def unknown_method(server):
    session = secured(server)
    session.write(f"<auth {SASL} mechanism='X-CANARY'>=</auth>")
    assert session.read()[0].tag.endswith("}invalid-mechanism")
    session.close()


def unknown_host(server):
    daemon.say(server.port, HEADER.replace("localhost", "elsewhere.example").encode())


def no_tls(server):
    payload = base64.b64encode(f"\0juliet\0{CANARY}".encode()).decode()
    daemon.say(server.port, (HEADER + f"<auth {SASL} mechanism='PLAIN'>{payload}</auth>").encode())


def only_looked(server):
    daemon.say(server.port, (HEADER + "</stream:stream>").encode())


def no_handshake(server):
    daemon.say(server.tls_port, b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00" + bytes(300))


def distrusts(server):
    """A client that checks the certificate, and does not know it."""
    session = server.session()
    session.open()
    session.context.verify_mode = daemon.ssl.CERT_REQUIRED
    try:
        session.starttls()
    except daemon.ssl.SSLError:
        session.socket.close()
        return
    raise AssertionError("it trusts anybody")


def looked_at_the_certificate(server):
    drop(secured(server))


def web_request(server):
    daemon.say(server.port, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")


def broken_xml(server):
    daemon.say(server.port, (HEADER + "<a></b>").encode())


def too_slow(server):
    session = secured(server)
    try:
        while True:
            session.read()
    except GONE:
        drop(session)


def no_hello(server):
    """A client at the port of direct TLS that waits for the server to speak first."""
    with daemon.socket.create_connection(("127.0.0.1", server.tls_port), 20) as s:
        assert s.recv(1) == b""


def silent(server):
    daemon.say(server.port, b"")


FAILURES = [  # how, code, stage, heading, what must be in the sentence
    (wrong_password, "bad-credentials", "sign in", "Wrong password", "juliet@localhost"),
    (unknown_user, "bad-credentials", "sign in", "No such account", "julliet@localhost"),
    (disabled, "account-disabled", "sign in", "Account disabled", "gone@localhost"),
    (too_many, "bad-credentials", "sign in", "Wrong password", "3 attempts"),
    (unknown_method, "no-mechanism", "sign in", "No common sign-in method", "not on offer"),
    (unknown_host, "host-unknown", "header", "The client wants another domain", "elsewhere.example"),
    (no_tls, "tls-missing", "sign in", "Sign-in without encryption", "without TLS"),
    (only_looked, "connection-lost", "secure", "The client left without asking for TLS", "TLS"),
    (no_handshake, "tls-failed", "secure", "TLS failed", "TLS"),
    (distrusts, "tls-failed", "secure", "The client refused the certificate", "unknown CA"),
    (looked_at_the_certificate, "connection-lost", "sign in",
     "The client left without trying to sign in", "TLS was set up"),
    (web_request, "not-xmpp", "header", "Not XMPP", "GET"),
    (broken_xml, "protocol", "secure", "The client broke the rules of XMPP", "rules"),
    (silent, "connection-lost", "header", "The client said nothing", "left"),
    (no_hello, "timeout", "secure", "The client took too long", "signed in"),
    (too_slow, "timeout", "sign in", "The client took too long", "5 s"),
]


def records(server, *words):
    return [json.loads(line) for line in server.control("--json", "logins", *words).splitlines()]


def fresh(server, known):
    """The records that came after `known`."""
    return [r for r in records(server, "--trace", "--limit", "100") if r["id"] > known]


def must_lack_canary(text):
    for form in (CANARY.encode(), base64.b64encode(CANARY.encode())[:-4],
                 base64.b64encode(f"\0juliet\0{CANARY}".encode())[:-4],
                 binascii.hexlify(CANARY.encode())):
        assert form not in text.encode(), f"a secret in: {text}"


def check_ladder(text, record):
    """The ladder has a line for each step, in order, and says where it ended and why."""
    lines = text.splitlines()
    names = [re.match(r"  (\w[\w ]*?) +(\d+ ms|failed) ", line) for line in lines]
    shown = [found.group(1) for found in names if found]
    assert shown == [s["stage"] for s in record["steps"]] + [record["failure"]["stage"]], text
    assert f"  {record['failure']['heading']}" in lines, text
    assert record["failure"]["sentence"].split()[0] in text and record["failure"]["remedy"] in text, text


def failures():
    """each way to fail leaves a record with its stages, its reason and no secret"""
    with Daemon("login.throttle=false", users=["juliet", "gone"]) as server:
        server.control("user", "disable", "gone")
        known = 0
        for how, code, stage, heading, words in FAILURES:
            if code == "timeout":
                server.control("settings", "set", "limits.auth_timeout_s", "5")
            how(server)
            daemon.wait_for(f"the record of {how.__name__}", lambda: fresh(server, known))
            (record,) = fresh(server, known)
            known, failure = record["id"], record["failure"]
            assert not record["ok"], record
            assert [failure[k] for k in ("code", "stage", "heading")] == [code, stage, heading], failure
            assert words in failure["sentence"], failure
            check_ladder(server.control("logins", "--limit", "1"), record)
            must_lack_canary(json.dumps(record) + server.control("logins", "--trace", "--limit", "1"))
        assert len(records(server, "--failed", "--limit", "100")) == len(FAILURES)
        juliet = records(server, "--user", "Juliet@localhost")
        assert len(juliet) == 2, juliet  # what was said without TLS is not looked at
        server.stop()


def success():
    """a good sign-in leaves one too, on either port, with what was agreed on"""
    with Daemon(users=["juliet"]) as server:
        for direct in (False, True):
            session = server.login("juliet", "balcony", direct)
            session.close()
            record = records(server, "--trace")[-1]
            assert record["ok"] and record["jid"] == "juliet@localhost/balcony", record
            assert record["direct_tls"] == direct and record["tls"]["version"] == "TLSv1.3", record
            assert (record["mechanism"], record["path"]) == ("PLAIN", "classic"), record
            stages = ["connect", "header", "secure", "sign in", "bind"]
            if direct:
                stages[1:3] = stages[2:0:-1]
            assert [step["stage"] for step in record["steps"]] == stages, record
            times = [step["at_ms"] for step in record["steps"]]
            assert times == sorted(times) and times[-1] <= record["total_ms"], record
            assert "C: <auth" in record["trace"] and "secret of" not in record["trace"], record
            assert base64.b64encode(b"\0juliet\0secret of juliet").decode() not in record["trace"]
            assert "S: <iq" in record["trace"] and "</stream:stream>" not in record["trace"], record
        assert "juliet@localhost/balcony" in server.control("logins")
        assert server.control("logins", "--failed") == "No such sign-ins since the server started.\n"
        server.stop()


def follows():
    """who follows is told of each failure when it happens"""
    with Daemon(users=["juliet"]) as server:
        command = [server.linnetctl, "--data", str(server.folder / "data"), "logins", "--follow", "--failed"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as linnetctl:
            while not select.select([linnetctl.stdout], [], [], 0.2)[0]:  # it may not follow yet
                server.serves("juliet")
                unknown_user(server)
            assert linnetctl.stdout.readline().endswith("  julliet@localhost\n")
            linnetctl.terminate()
        server.stop()


def idle_bytes(server):
    """What the server holds for an idle session."""
    session = server.login("juliet", "balcony")
    for _ in range(2):  # a loop shows what it holds at the end of a turn: here, of the first ping's
        daemon.ping(session)
    held = sum(loop["memory_bytes"] for loop in json.loads(server.control("--json", "status"))["loops"])
    session.close()
    return held


def bounded():
    """as many records are kept as the setting says, none when it says so, and little memory"""
    with Daemon("logins.keep=3", users=["juliet"]) as server:
        for _ in range(5):
            silent(server)
        daemon.wait_for("the last record", lambda: records(server)[-1:] and records(server)[-1]["id"] == 5)
        assert len(records(server)) == 1  # those who say nothing push nobody out
        for _ in range(4):
            only_looked(server)
        daemon.wait_for("four more", lambda: [r["id"] for r in records(server)] == [7, 8, 9])
        held = idle_bytes(server)
        server.stop()
    with Daemon("logins.keep=0", users=["juliet"]) as server:
        server.serves("juliet")
        assert not records(server)
        assert idle_bytes(server) == held, "an idle session holds its record"
        server.stop()


def attempts(server, user, times, source):
    """So many wrong passwords, each on a connection of its own; how long each took, in seconds."""
    took = []
    for _ in range(times):
        session = server.session(direct_tls=True, source=source)
        session.open()
        begun = time.monotonic()
        refused(session, user, "a guess")
        took.append(time.monotonic() - begun)
        drop(session)
    return took


def held_ms(server, user):
    return [step["held_ms"] for r in records(server, "--user", user)
            for step in r["steps"] if step["stage"] == "sign in"]


def guessing():
    """one who guesses is slowed down across connections, whether the account exists or not"""
    with Daemon(users=["juliet"]) as server:
        # Five are free; then 1 and 2 s at least.
        for user, source in (("juliet", "127.0.0.2"), ("nobody", "127.0.0.3")):
            took = attempts(server, user, 7, source)
            assert took[5] >= 1 and took[6] >= 2, took
            daemon.wait_for("the records", lambda user=user: len(held_ms(server, user)) == 7)
            assert held_ms(server, user) == [0] * 5 + [1000, 2000], held_ms(server, user)
        server.serves("juliet")  # from an address that is in no debt
        assert not any(step.get("held_ms") for step in records(server)[-1]["steps"])
        server.stop()


def owner():
    """strangers who guess at an account do not slow down its owner, nor anybody beside them"""
    with Daemon(users=["juliet", "romeo"]) as server:
        def signs_in(user, source):
            session = server.session(direct_tls=True, source=source)
            session.login(user, f"secret of {user}", "", True)
            record = records(server, "--user", user)[-1]
            session.close()
            assert record["ok"], record
            return sum(step.get("held_ms", 0) for step in record["steps"])

        assert signs_in("juliet", "127.0.0.1") == 0
        for number in range(11):
            session = server.session(direct_tls=True, source=f"127.0.1.{number + 1}")
            session.open()
            refused(session, "juliet", "a guess")
            drop(session)
        assert signs_in("juliet", "127.0.0.1") == 0
        assert signs_in("romeo", "127.0.1.1") == 0
        assert signs_in("juliet", "127.0.0.9") >= 1000  # a new place: as a stranger's
        assert signs_in("juliet", "127.0.0.9") == 0
        server.stop()


def begins(server, user, source):
    """A connection on which SCRAM waits for the proof, or is held before the challenge."""
    session = server.session(direct_tls=True, source=source)
    session.open()
    first = base64.b64encode(f"n,,n={user},r=abcdefgh".encode()).decode()
    session.write(f"<auth {SASL} mechanism='SCRAM-SHA-256'>{first}</auth>")
    return session


def at_once():
    """guesses that are under way count as if they had failed, until they have ended"""
    with Daemon("log.level=info", users=["juliet", "romeo"]) as server:
        open_ones = [begins(server, "juliet", "127.0.0.2") for _ in range(5)]
        for session in open_ones:
            assert session.read().tag.endswith("}challenge")
        late = begins(server, "juliet", "127.0.0.2")
        daemon.wait_for("the sixth to be held", lambda: "held for 1000 ms" in server.said())
        for user, source in (("romeo", "127.0.0.2"), ("juliet", "127.0.0.3")):
            other = begins(server, user, source)  # someone else behind the same address; elsewhere
            assert other.read().tag.endswith("}challenge")
            drop(other)
        for session in open_ones + [late]:
            drop(session)  # nothing was guessed, so nothing is owed
        daemon.wait_for("their end", lambda: '"connections":0' in server.control("--json", "status"))
        for _ in range(2):
            session = begins(server, "juliet", "127.0.0.2")
            assert session.read().tag.endswith("}challenge")
            drop(session)
        assert server.said().count("held for") == 1
        server.stop()


def hanging_up():
    """who does not wait for the answer owes what one does who hears it"""
    with Daemon("login.iterations=600000", "log.level=info", users=["juliet"]) as server:
        guess = base64.b64encode(b"\0juliet\0a guess").decode()
        for number, how in enumerate((drop, drop, lambda session: session.socket.close()) * 2):
            session = server.session(direct_tls=True, source="127.0.0.2")
            session.open()
            session.write(f"<auth {SASL} mechanism='PLAIN'>{guess}</auth>")
            if number < 5:  # while PBKDF2 runs
                how(session)
                daemon.wait_for("its end", lambda: server.said().count(" reason=The conn") > number)
        daemon.wait_for("the sixth to be held", lambda: "held for 1000 ms" in server.said())
        drop(session)
        server.stop()


def gives_up():
    """who hangs up while it is held is gone at once, with its place, and its guess is not looked at"""
    with Daemon("log.level=info", "limits.auth_timeout_s=300", users=["juliet"]) as server:
        def connections():
            return sum(loop["connections"]
                       for loop in json.loads(server.control("--json", "status"))["loops"])

        before = [begins(server, "juliet", "127.0.0.2") for _ in range(9)]
        daemon.wait_for("the ninth to be held", lambda: "held for 8000 ms" in server.said())
        guess = base64.b64encode(b"\0juliet\0a guess").decode()
        for number in range(36):  # there are 32 places
            session = server.session(direct_tls=True, source="127.0.0.2")
            session.open()
            held = server.said().count("held for")
            session.write(f"<auth {SASL} mechanism='PLAIN'>{guess}</auth>")
            daemon.wait_for("it to be held", lambda: server.said().count("held for") > held)
            if number % 2:
                drop(session)
            else:
                session.socket.close()
            daemon.wait_for("its end", lambda: connections() == len(before))
        assert "sign-in failed" not in server.said(), "a guess was looked at"
        for session in before:
            drop(session)
        server.stop()


def waiting():
    """those who are held are few, delay nobody else, and are gone in the end"""
    with Daemon(users=["juliet"]) as server:
        attempts(server, "juliet", 5, "127.0.0.2")
        held = [server.session(direct_tls=True, source="127.0.0.2") for _ in range(60)]
        for session in held:
            session.open()
        payload = base64.b64encode(b"\0juliet\0a guess").decode()
        for session in held:  # all of them before the first has waited
            session.write(f"<auth {SASL} mechanism='PLAIN'>{payload}</auth>")
        server.serves("juliet")
        # More than 32 of them do not wait.
        told = []

        def count(_, element):
            told.extend(child.tag for child in element if child.tag.endswith("}temporary-auth-failure"))

        assert rawxmpp.pump(held, count, lambda: len(told) >= 20, 20), told
        for session in held:
            drop(session)
        daemon.wait_for("their end", lambda: '"connections":0' in server.control("--json", "status"))
        server.stop()


daemon.run(failures, success, follows, bounded, guessing, owner, at_once, hanging_up, gives_up,
           waiting)
