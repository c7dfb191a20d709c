"""How sessions of `linnet` end, as the server sees it."""
import functools


def leaves_in_order(world, server, password, *words):
    """Our </stream:stream>, the server's, and only then the end of TLS: no server logs a loss."""
    begun = len(server.process.said())
    world.expect(0, *words, peer=server, password=password)
    said = server.process.said()[begun:]
    for loss in ("was lost", "unexpected eof"):
        assert loss not in said, f"{loss!r} in what the server logged: {said[-600:]}"


def cases(world):
    login = ("login", "juliet@localhost")
    yield "login leaves linnetd in order", functools.partial(
        leaves_in_order, world, world.linnetd(), "secret of juliet", *login)
    yield "login leaves prosody in order", functools.partial(
        leaves_in_order, world, world.prosody(), "sea of Moons", *login)
