"""The round trips of `linnet login`, counted on a link before real servers: as many as the way in must
have and not one more. The ways of the library are in src/client/rtt_test.c."""
import functools
import pathlib
import subprocess
import sys
import time

from peers import sanitizer_spoke, wait_for

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "bench"))
from link import Link  # noqa: E402

RTT_MS = 20

# Name, server, direct TLS, logins before that are remembered, more words, round trips.
WAYS = [
    ("STARTTLS, RFC 6120", "prosody", False, 0, [], 9),
    ("direct TLS, RFC 6120", "prosody", True, 0, [], 7),
    ("STARTTLS, SASL2", "certified", False, 0, [], 7),
    ("direct TLS, SASL2", "certified", True, 0, [], 5),
    ("STARTTLS, known server", "certified", False, 1, ["--mech", "SCRAM-SHA-256"], 6),
    ("direct TLS, known server", "certified", True, 1, ["--mech", "SCRAM-SHA-256"], 4),
    ("STARTTLS, token", "certified", False, 1, [], 5),
    ("direct TLS, token", "certified", True, 1, [], 3),
    ("STARTTLS, token in early data", "early", False, 2, ["--early-data"], 4),
    ("direct TLS, token in early data", "early", True, 2, ["--early-data"], 2),
]
PASSWORDS = {"prosody": "sea of Moons"}


def round_trips(world, peer, password, direct, words):
    """The first connects. After the last linnet leaves in two flights: it closes the stream, and TLS
    when the server has closed it too."""
    with Link(peer.tls_port if direct else peer.port, RTT_MS, counts=True) as link:
        command = world.command("login", "juliet@localhost", *words, port=link.port, cafile=peer.ca,
                                password=password)
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT) as linnet:
            link.ends = (linnet.pid, peer.process.process.pid)
            said = linnet.communicate(timeout=60)[0].decode(errors="replace")
        assert linnet.returncode == 0 and not sanitizer_spoke(said), f"{linnet.returncode}: {said}"
        assert len(link.connections) == 1, f"{len(link.connections)} connections"
        assert link.connections[0].ended.wait(20), "the connection stays"
        return 1 + link.connections[0].flights - 2


def started(world, server):
    """Tickets of the second in which a server started bring no early data (net/tls_once.h): it is over."""
    if server != "early":
        return getattr(world, server)()
    peer = world.linnetd("early", "tls.early_data=true", certified=True)
    begun_s = int(time.time())
    wait_for("the next second", lambda: int(time.time()) > begun_s)
    return peer


def count(world, name, server, direct, before, words, wanted):
    peer, password = started(world, server), PASSWORDS.get(server, "secret of juliet")
    memory = world.folder / "rounds" / name.replace(" ", "-")
    memory.parent.mkdir(exist_ok=True)
    words = [f"--memory={memory}", *words, *(["--direct-tls"] if direct else [])]
    for _ in range(before):
        round_trips(world, peer, password, direct, words)
    seen = round_trips(world, peer, password, direct, words)
    assert seen == wanted, f"{seen} round trips, not {wanted}"


def cases(world):
    for name, server, direct, before, words, wanted in WAYS:
        yield f"{name}: {wanted}", functools.partial(count, world, name, server, direct, before,
                                                     words, wanted)
