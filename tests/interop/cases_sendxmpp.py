"""go-sendxmpp (the Go library go-xmpp) signs in to linnetd. It has PLAIN and DIGEST-MD5 and cannot be
told which; a server that offers just one is how each is seen."""
import functools
import shutil

from exchange import Child, from_linnet, to_linnet
from peers import Skip, private_file, wait_for
from table import CHOICE, Cell

MECHANISMS = ("PLAIN", "DIGEST-MD5")
COLUMNS = ("STARTTLS", "direct TLS")

# What linnetd logs of what go-xmpp does in DIGEST-MD5: a <response/> to <success/> (RFC 6120 §6.4.6).
KNOWN = {"the stream has a foreign namespace": "no: answers success"}


def sendxmpp(world, server, column, *words, user="juliet", password=None, stdin=None):
    if not shutil.which("go-sendxmpp"):
        raise Skip("go-sendxmpp is not installed")
    world.number += 1
    port = server.tls_port if column == "direct TLS" else server.port
    settings = private_file(world.folder / "sendxmpp" / str(world.number),
                            f"username: {user}@localhost\npassword: {password or 'secret of ' + user}\n"
                            f"jserver: localhost:{port}\n")
    direct = ["-t"] if column == "direct TLS" else []
    return Child(["go-sendxmpp", "-f", settings, *direct, *words], stdin=stdin,
                 SSL_CERT_FILE=str(server.ca), HOME=str(world.folder))


def known_reason(server, mark, said):
    logged = server.process.said()[mark:]
    found = [outcome for reason, outcome in KNOWN.items() if reason in logged]
    assert len(found) == 1, f"{said}\n{logged}"
    return found[0]


def signs_in(world, start, mechanism, column):
    """Sends a message to itself; that goes through, or for exactly the known reason it does not."""
    server = start()
    mark = server.mark()
    with sendxmpp(world, server, column, "juliet@localhost", stdin="to myself\n") as client:
        said, _ = client.process.communicate(timeout=60)
    if client.process.returncode:
        return known_reason(server, mark, said)
    return server.mechanism(mark, "juliet@localhost", mechanism)


def refused(world, server, column):
    mark = server.mark()
    with sendxmpp(world, server, column, "juliet@localhost", password="wrong", stdin="x\n") as client:
        said = client.end(1)
    # The server answers first and logs then.
    wait_for("a line of it", lambda: len(server.process.said()) > mark)
    logged = server.process.said()[mark:]
    assert "signed in" not in logged, logged
    return None if "sign-in failed: user=juliet" in logged else known_reason(server, mark, said)


def trouble(world, server, column):
    """Why go-sendxmpp cannot sign in here at all; None if it can."""
    outcome = signs_in(world, lambda: server, None, column)
    return outcome if outcome in KNOWN.values() else None


def sends(world, server, column):
    if outcome := trouble(world, server, column):
        return outcome

    def send():
        with sendxmpp(world, server, column, "juliet@localhost", user="romeo",
                      stdin="from Go <&>\n") as client:
            client.end()
    to_linnet(world, server, "from Go <&>", send)
    return None


def receives(world, server, column):
    if outcome := trouble(world, server, column):
        return outcome
    with sendxmpp(world, server, column, "-l") as client:
        server.await_session("juliet@localhost/")
        from_linnet(world, server, "juliet@localhost", "to Go \u2665")
        for line in client.process.stdout:
            if "to Go \u2665" in line:
                return None
    raise AssertionError("go-sendxmpp ended and heard nothing")


def cases(world):
    server = world.certified()
    each = functools.partial
    cell = functools.partial(Cell, "go-sendxmpp", "linnetd")
    for column in COLUMNS:
        yield f"left to itself, {column}", each(signs_in, world, lambda: server, None, column), cell(
            CHOICE, column)
    for mechanism in MECHANISMS:
        for column in COLUMNS:
            yield f"{mechanism}, {column}", each(
                signs_in, world, each(world.only, mechanism), mechanism, column), cell(mechanism, column)
    yield "wrong password", each(refused, world, server, "direct TLS"), cell(
        CHOICE, "wrong password", "refused")
    yield "to linnet", each(sends, world, server, "direct TLS"), cell(CHOICE, "sends")
    yield "from linnet", each(receives, world, server, "direct TLS"), cell(CHOICE, "receives")
