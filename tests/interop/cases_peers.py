"""`linnet` against servers that are not ours: every mechanism they offer and we have, what linnet
chooses, wrong passwords, direct TLS, messages, and what `linnet probe` says of their faults."""
import functools
import json
import time

import rawxmpp
from exchange import Child
from peers import Skip
from table import CHOICE, Cell

PASSWORD = "sea of Moons"
OURS = {"PLAIN", "SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512",
        "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256-PLUS", "SCRAM-SHA-512-PLUS", "DIGEST-MD5"}
NO_BINDING = "no channel binding that both ends can use"


def patient(expect):
    """`expect` for jabberd2, which ends one good login in twelve with internal-server-error."""
    def patiently(*words, **target):
        for _ in range(4):
            try:
                return expect(*words, **target)
            except AssertionError as error:
                if "internal-server-error" not in str(error):
                    raise
                time.sleep(0.5)  # a session name of the one before may still be in use
        return expect(*words, **target)
    return patiently


def signs_in(expect, peer, host, mechanism, *words, port=None, password=PASSWORD):
    """Signs in, by `mechanism` if there is one, else says what linnet chose."""
    named = ["--legacy", "--mech", mechanism] if mechanism else []
    target = {"port": port, "cafile": peer.ca} if port else {"peer": peer}
    result = expect(0, "login", f"juliet@{host}", "--json", *named, *words, password=password, **target)
    online = json.loads(result.out.splitlines()[-1])
    assert online["event"] == "online", online
    assert mechanism in (None, online["mechanism"]), online
    return None if mechanism else online["mechanism"]


def told_to_bind(expect, peer, host, mechanism):
    """Where the server's binding is known to be wrong, -PLUS ends before anything is sent."""
    expect(31, "login", f"juliet@{host}", "--mech", mechanism, peer=peer, password=PASSWORD,
           says=NO_BINDING)


def message(expect, world, peer, host):
    """From linnet to linnet through the peer."""
    body = "But soft! <&> \u2665"
    listen = world.command("listen", f"juliet@{host}/balcony", "--count", "1", "--timeout", "30",
                           "--json", peer=peer, password=PASSWORD)
    with Child(listen) as listener:
        listener.line('{"event":"listening"')
        expect(0, "send", f"romeo@{host}", f"juliet@{host}/balcony", "-m", body, peer=peer,
               password=PASSWORD)
        heard = [json.loads(line) for line in listener.end().splitlines()]
    assert any(body in event.values() for event in heard), heard


def falls_back(world, ejabberd):
    """Three -PLUS mechanisms are on offer and none can be used; `linnet probe` says so of each and
    names what a login takes instead, and a login takes it (XEP-0440 §3)."""
    probe = world.expect(0, "probe", "localhost", peer=ejabberd).out
    for mechanism in ("SCRAM-SHA-1-PLUS", "SCRAM-SHA-256-PLUS", "SCRAM-SHA-512-PLUS"):
        said = [line for line in probe.splitlines() if mechanism in line.split()]
        assert said and NO_BINDING in said[0], probe
    assert "a login would work, with SCRAM-SHA-512." in probe, probe
    login = world.expect(0, "login", "juliet@localhost", "-v", peer=ejabberd, password=PASSWORD)
    assert "SCRAM-SHA-512\n" in login.err + login.out, login


def probes(expect, peer, host):
    out = expect(0, "probe", host, peer=peer).out
    for mechanism in rawxmpp.mechanisms("127.0.0.1", peer.port, host):
        assert mechanism in out, f"no {mechanism}: {out}"


def logins(expect, peer, host, name, binds=True, direct=True):
    """The cases of one host, and its rows in the table. Not `binds`: its channel binding is wrong.
    `direct`: its direct TLS is like its STARTTLS."""
    cell = functools.partial(Cell, "linnet", name)
    each = functools.partial
    for mechanism in sorted(OURS & set(rawxmpp.mechanisms("127.0.0.1", peer.port, host))):
        if mechanism.endswith("-PLUS") and not binds:
            yield f"{name}: {mechanism} is refused", each(
                told_to_bind, expect, peer, host, mechanism), cell(
                    mechanism, "STARTTLS", "not used: no binding that is right")
            continue
        yield f"{name}: {mechanism}", each(signs_in, expect, peer, host, mechanism), cell(
            mechanism, "STARTTLS")
        yield f"{name}: {mechanism}, wrong password", each(
            expect, 30, "login", f"juliet@{host}", "--legacy", "--mech", mechanism, peer=peer,
            password="wrong"), cell(mechanism, "wrong password", "refused")
    yield f"{name}: what linnet chooses", each(signs_in, expect, peer, host, None), cell(
        CHOICE, "STARTTLS")
    if peer.tls_port and direct:
        yield f"{name}: direct TLS", each(
            signs_in, expect, peer, host, None, "--direct-tls", port=peer.tls_port), cell(
                CHOICE, "direct TLS")


def more(expect, world, peer, host, name):
    yield f"{name}: a message", functools.partial(message, expect, world, peer, host), Cell(
        "linnet", name, CHOICE, "sends")
    yield f"{name}: probe names every mechanism", functools.partial(probes, expect, peer, host)


def servers(world):
    """(name, what makes its cases): making them starts the server, which may not be there."""
    expect, patiently = world.expect, patient(world.expect)

    def local(name, expect, start, **faults):
        yield from logins(expect, start(), "localhost", name, **faults)
        yield from more(expect, world, start(), "localhost", name)

    def host(start, name, domain, **faults):
        yield from logins(expect, start(), domain, name, **faults)

    def ejabberd():
        # 23.01 binds the wrong bytes on TLS 1.3 and has no XEP-0440 to say so.
        yield from local("ejabberd", expect, world.ejabberd, binds=False)
        yield "ejabberd: falls back", functools.partial(falls_back, world, world.ejabberd())

    yield "Prosody", local("Prosody", expect, world.prosody)
    yield "Prosody, hashed passwords", host(
        world.prosody, "Prosody, hashed passwords", "hashed.localhost")
    yield "Prosody, TLS 1.2", host(
        world.prosody, "Prosody, TLS 1.2", "tls12.localhost", direct=False)
    yield "Prosody, SASL2", host(
        world.prosody_sasl2, "Prosody, SASL2", "sasl2.localhost")
    yield "ejabberd", ejabberd()
    yield "jabberd2", local("jabberd2", patiently, world.jabberd2)


def cases(world):
    for name, its_cases in servers(world):
        try:
            yield from its_cases
        except Skip as skip:
            reason = str(skip)

            def skipped():
                raise Skip(reason)
            yield f"{name}: all cases", skipped
