"""Loopback ports for tests that run beside each other. A port that the system hands out can be taken
by any outgoing connection between the question and its use; these are below that range, and whoever
has one keeps it until it ends: a UDP socket of the same number is the note on the door.
(web/console/test/ports.js reads and writes the same notes.)"""
import random
import socket

FIRST, LAST = 16384, 32767
HELD = []


def free_port():
    """A port that nothing listens on, and that is given to nobody else while this process lives."""
    for port in random.sample(range(FIRST, LAST + 1), 1000):
        note = socket.socket(type=socket.SOCK_DGRAM)
        try:
            note.bind(("127.0.0.1", port))
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(("127.0.0.1", port))
        except OSError:
            note.close()
            continue
        HELD.append(note)
        return port
    raise RuntimeError(f"no port between {FIRST} and {LAST} is free")
