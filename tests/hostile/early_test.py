"""TLS early data (RFC 8446 §8, XEP-0484 §3.4): whoever sees a client's first flight on the network
can play it again, as often as wanted, to either port. It must be worth one sign-in and no more.

A flight is taken from `linnet login --early-data` by a relay that gives the client no answer."""
import contextlib
import json
import select
import socket
import subprocess
import time

import cli
import daemon
from daemon import DOMAIN, Daemon

APPLICATION_DATA = 23
STARTTLS = (f"<?xml version='1.0'?><stream:stream to='{DOMAIN}' version='1.0' xmlns='jabber:client' "
            "xmlns:stream='http://etherx.jabber.org/streams'>"
            "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>").encode()


def records(data):
    """The types of the whole TLS records in `data`; None if it ends within one."""
    types, at = [], 0
    while at < len(data):
        end = at + 5 + int.from_bytes(data[at + 3:at + 5], "big")
        if len(data[at:at + 5]) < 5 or end > len(data):
            return None
        types.append(data[at])
        at = end
    return types


class Client:
    """juliet, who has signed in often enough to have a token and a ticket."""

    def __init__(self, server):
        self.server = server
        self.words = ["--direct-tls", "--early-data", f"--memory={server.folder / 'memory'}"]
        self.key = cli.pin(server)
        for _ in range(2):
            cli.good(cli.login(server, *self.words, port=server.tls_port, key=self.key))

    @contextlib.contextmanager
    def connects(self):
        """The relay's side of the connection of one more login, which ends with the block."""
        with socket.create_server(("127.0.0.1", 0)) as listening:
            listening.settimeout(20)
            process = subprocess.Popen(
                cli.command(self.server, *self.words, port=listening.getsockname()[1], key=self.key),
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                near = listening.accept()[0]
                near.settimeout(20)
                with near:
                    yield near
            finally:
                process.kill()
                process.wait()

    def flight_of(self, record_count):
        """A flight that the server never saw, of so many records."""
        flight = b""
        with self.connects() as near:
            while len(records(flight) or []) < record_count:
                data = near.recv(65536)
                assert data, "the client went away"
                flight += data
        return flight


def early(server):
    """What the server tells of those who signed in by early data."""
    told = map(json.loads, server.control("--json", "logins", "--limit", "500").splitlines())
    return [record for record in told if record["path"] == "early" and record["jid"]]


def accepted(server):
    """On how many connections TLS let early data pass, whatever became of it."""
    return sum(line.endswith(", early data") for line in server.said().splitlines())


def play(server, flight, starttls):
    """A connection on which somebody plays the flight; on the other port behind <starttls/>."""
    played = socket.create_connection(("127.0.0.1", server.port if starttls else server.tls_port), 20)
    if starttls:
        played.sendall(STARTTLS)
        heard = b""
        while b"<proceed" not in heard:
            heard += played.recv(65536)
    played.sendall(flight)
    return played


def hear_out(played):
    """The server has answered the flight; nothing more is said to it, and it ends."""
    assert played.recv(1), "no answer to the ClientHello"
    played.shutdown(socket.SHUT_WR)
    with contextlib.suppress(ConnectionError):
        while played.recv(65536):
            pass
    played.close()


def play_at_once(server, flight, times):
    """On so many connections, at both ports in turn, and hears none out."""
    return [play(server, flight, bool(number % 2)) for number in range(times)]


@contextlib.contextmanager
def serving():
    """A server, and a client with a token and a ticket for it."""
    with Daemon("tls.early_data=true", "log.level=debug", users=["juliet"]) as server:
        started = int(time.time())  # not before it did; tickets of that second are never accepted
        daemon.wait_for("the next second", lambda: int(time.time()) > started)
        yield server, Client(server)
        server.serves("juliet")
        server.stop()


def original(server, client):
    """The client's flight as it comes, given to the server until that has let the client in."""
    flight, before = b"", len(early(server))
    with client.connects() as near, \
            socket.create_connection(("127.0.0.1", server.tls_port), 20) as far:
        while len(early(server)) == before:
            if select.select([near], [], [], 0.02)[0]:
                data = near.recv(65536)
                assert data, "the client went away"
                far.sendall(data)
                flight += data
    assert APPLICATION_DATA in records(flight), records(flight)
    return flight


def played_again():
    """a flight that let its client in lets in nobody else: once more, several times at once, later"""
    with serving() as (server, client):
        # Of the login before this one the handshake may have been over when its early data was read.
        let_in, passed = len(early(server)) + 1, accepted(server) + 1
        flight = original(server, client)
        assert (len(early(server)), accepted(server)) == (let_in, passed), server.said()
        for times in (1, 1, 8):
            for played in play_at_once(server, flight, times):
                hear_out(played)
        assert accepted(server) == passed and len(early(server)) == let_in, early(server)


def played_at_once():
    """a flight that its client never got through, on many connections at once: one is let in"""
    with serving() as (server, client):
        record_count = len(records(original(server, client)))
        for _ in range(2):
            cli.good(cli.login(server, *client.words, port=server.tls_port, key=client.key))
            before, passed = len(early(server)), accepted(server)
            flight = client.flight_of(record_count)
            connections = play_at_once(server, flight, 12)
            daemon.wait_for("one to be let in", lambda: len(early(server)) > before)
            for played in connections:
                hear_out(played)
            assert len(early(server)) == before + 1, early(server)
            assert accepted(server) == passed + 1, server.said()


def another_start():
    """a flight that was never played, to the server when it was started anew: nobody is let in"""
    with serving() as (server, client):
        record_count = len(records(original(server, client)))
        cli.good(cli.login(server, *client.words, port=server.tls_port, key=client.key))
        flight = client.flight_of(record_count)
        command = list(server.process.args)
        server.stop()
        server.start(command)
        for played in play_at_once(server, flight, 4):
            hear_out(played)
        assert accepted(server) == 0 and early(server) == [], server.said()


if __name__ == "__main__":
    daemon.run(played_again, played_at_once, another_start)
