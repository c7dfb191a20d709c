"""gloox signs in to linnetd; see gloox_client.cc."""
import functools

from exchange import Child, from_linnet, to_linnet
from peers import Skip
from table import CHOICE, Cell

# Each from a server that offers nothing else. -PLUS is what gloox takes when it is left to itself, but
# with its direct TLS there is no binding.
ALONE = ("PLAIN", "DIGEST-MD5", "SCRAM-SHA-1")
TLS = {"STARTTLS": "starttls", "direct TLS": "direct-tls"}


def gloox(world, server, mechanism="any", column="STARTTLS", user="juliet", password=None, words=()):
    client = world.program("gloox_client")
    if not client.exists():
        raise Skip("libgloox-dev and g++ were not there when this was built")
    port = server.tls_port if column == "direct TLS" else server.port
    return Child([client, f"{user}@localhost", port, world.secret(password or f"secret of {user}"),
                  server.ca, TLS[column], mechanism, *words])


def signs_in(world, start, mechanism, column):
    server = start()
    mark = server.mark()
    with gloox(world, server, mechanism, column, words=("juliet@localhost", "to myself")) as client:
        client.line("signed in: juliet@localhost/")
        client.end()
    return server.mechanism(mark, "juliet@localhost", None if mechanism == "any" else mechanism)


def refused(world, start, mechanism):
    with gloox(world, start(), mechanism, password="wrong") as client:
        said = client.end(1)
    assert "sign-in error" in said and "signed in" not in said, said


def untrusted(world, server, column):
    """The client does verify: with another CA it does not sign in."""
    other = type("Other", (), {"port": server.port, "tls_port": server.tls_port,
                               "ca": world.certificates.pair("other")[0]})
    with gloox(world, other, column=column) as client:
        said = client.end(1)
    assert "certificate refused" in said, said


def sends(world, server):
    def send():
        with gloox(world, server, user="romeo", words=("juliet@localhost", "from gloox <&>")) as client:
            client.end()
    to_linnet(world, server, "from gloox <&>", send)


def receives(world, server):
    with gloox(world, server) as client:
        from_linnet(world, server, client.line("signed in: "), "to gloox \u2665")
        assert "heard: to gloox \u2665" in client.end(), client.heard


def cases(world):
    server = world.certified()
    each = functools.partial
    cell = functools.partial(Cell, "gloox", "linnetd")
    for column in TLS:
        yield f"left to itself, {column}", each(signs_in, world, lambda: server, "any", column), cell(
            CHOICE, column)
        yield f"a certificate of another CA, {column}", each(untrusted, world, server, column)
        for mechanism in ALONE:
            yield f"{mechanism}, {column}", each(
                signs_in, world, each(world.only, mechanism), mechanism, column), cell(mechanism, column)
    yield "SCRAM-SHA-1-PLUS, STARTTLS", each(
        signs_in, world, lambda: server, "SCRAM-SHA-1-PLUS", "STARTTLS"), cell("SCRAM-SHA-1-PLUS", "STARTTLS")
    for mechanism in ALONE:
        yield f"{mechanism}, wrong password", each(refused, world, each(world.only, mechanism), mechanism), (
            cell(mechanism, "wrong password", "refused"))
    yield "left to itself, wrong password", each(refused, world, lambda: server, "any"), cell(
        CHOICE, "wrong password", "refused")
    yield "to linnet", each(sends, world, server), cell(CHOICE, "sends")
    yield "from linnet", each(receives, world, server), cell(CHOICE, "receives")
