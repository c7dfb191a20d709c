"""xmpp.js signs in to linnetd, and to Prosody with SASL2; see js/xmppjs_client.mjs. Its packages are
those of js/package-lock.json, put by `npm ci` into build/js."""
import fcntl
import functools
import json
import shutil
import subprocess

from exchange import Child, from_linnet, to_linnet
from peers import HERE, Skip
from table import CHOICE, Cell

INSTALLED = HERE.parents[1] / "build" / "js"
FILES = ("package.json", "package-lock.json", "xmppjs_client.mjs")
MECHANISMS = ("PLAIN", "SCRAM-SHA-1")
SCHEMES = {"STARTTLS": "xmpp", "direct TLS": "xmpps"}
FAST = "HT-SHA-256-NONE"


def up_to_date():
    done = INSTALLED / "done"
    return done.exists() and done.read_text() == (HERE / "js" / "package-lock.json").read_text()


@functools.cache
def client_script():
    """The script, beside the packages that it imports."""
    for program in ("node", "npm"):
        if not shutil.which(program):
            raise Skip(f"{program} is not installed")
    INSTALLED.mkdir(parents=True, exist_ok=True)
    with open(INSTALLED / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for name in FILES:
            shutil.copy(HERE / "js" / name, INSTALLED)
        if not up_to_date():
            command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1"]
            done = subprocess.run(command, cwd=INSTALLED, stdin=subprocess.DEVNULL, capture_output=True,
                                  text=True, timeout=180, check=False)
            if done.returncode:
                raise Skip("npm could not fetch xmpp.js: "
                           + " ".join(done.stderr.split())[:200].replace("#", ""))
            shutil.copy(HERE / "js" / "package-lock.json", INSTALLED / "done")
    return INSTALLED / FILES[2]


def xmppjs(world, server, column="STARTTLS", *words, user="juliet", host="localhost", password=None):
    port = server.tls_port if column == "direct TLS" else server.port
    return Child(["node", "--dns-result-order=ipv4first", client_script(), f"{user}@{host}",
                  "--service", f"{SCHEMES[column]}://localhost:{port}",
                  "--password-file", world.secret(password or f"secret of {user}"), *words],
                 NODE_EXTRA_CA_CERTS=str(server.ca))


def events(text):
    return {event["event"]: event for event in map(json.loads, text.splitlines())}


def how(started):
    """"SASL2 SCRAM-SHA-1", "SASL PLAIN": what the table says of a choice."""
    return f"{started['profile']} {started['mechanism']}"


def signs_in(world, start, mechanism, column):
    words = ["--mech", mechanism] if mechanism else []
    with xmppjs(world, start(), column, *words) as client:
        seen = events(client.end())
    assert "pong" in seen, seen
    started = seen["started"]
    assert mechanism in (None, started["mechanism"]), started
    return None if mechanism else how(started)


def refused(world, server):
    with xmppjs(world, server, password="wrong") as client:
        seen = events(client.end(1))
    assert seen["refused"]["condition"] == "not-authorized", seen


def untrusted(world, server, column):
    other = type("Other", (), {"port": server.port, "tls_port": server.tls_port,
                               "ca": world.certificates.pair("other")[0]})
    with xmppjs(world, other, column) as client:
        seen = events(client.end(1))
    assert "certificate" in seen["error"]["text"], seen


def again(world, start, host="localhost", password=None, must=False):
    """Signs in twice as the same device: where the server offers FAST, the token of the first time
    is all that the second needs."""
    server = start()
    world.number += 1
    state = world.folder / f"xmppjs-{world.number}.json"
    runs = []
    for _ in range(2):
        with xmppjs(world, server, "STARTTLS", "--state", state, host=host, password=password) as client:
            runs.append(events(client.end()))
    offered = FAST in runs[0]["offered"]["fast"]
    first, second = (run["started"] for run in runs)
    assert offered or not must, runs[0]
    assert first["token"] == offered and not first["fast"], first
    assert second["fast"] == offered, second
    assert not offered or second["mechanism"] == FAST, second
    return how(second) if offered else None


def sends(world, server):
    def send():
        with xmppjs(world, server, "STARTTLS", "--send", "juliet@localhost", "--body", "from JS <&>",
                    user="romeo") as client:
            client.end()
    to_linnet(world, server, "from JS <&>", send)


def receives(world, server):
    with xmppjs(world, server, "STARTTLS", "--expect", "1") as client:
        client.line('{"event":"pong"')
        from_linnet(world, server, "juliet@localhost/xmppjs", "to JS \u2665")
        seen = events(client.end())
    assert seen["message"]["body"] == "to JS \u2665", seen


def cases(world):
    client_script()
    server = world.certified()
    each = functools.partial
    cell = functools.partial(Cell, "xmpp.js", "linnetd")
    for column in SCHEMES:
        yield f"left to itself, {column}", each(signs_in, world, lambda: server, None, column), cell(
            CHOICE, column)
        yield f"a certificate of another CA, {column}", each(untrusted, world, server, column)
        for mechanism in MECHANISMS:
            yield f"{mechanism}, {column}", each(
                signs_in, world, each(world.only, mechanism), mechanism, column), cell(mechanism, column)
    yield "wrong password", each(refused, world, server), cell(CHOICE, "wrong password", "refused")
    yield "to linnet", each(sends, world, server), cell(CHOICE, "sends")
    yield "from linnet", each(receives, world, server), cell(CHOICE, "receives")
    yield "a second time", each(again, world, lambda: server), cell(CHOICE, "again", "password")
    yield "Prosody with SASL2: a token the second time", each(
        again, world, world.prosody_sasl2, "sasl2.localhost", "sea of Moons", True)
