#!/usr/bin/python3
"""What a login costs a program that uses slixmpp, and how long it takes: the peer of client_linnet.

    client_slixmpp.py ADDRESS PORT CA-FILE PASSWORD LOGINS
"""
import json
import sys
import time

import slixmpp


def sample():
    return time.process_time() * 1000, time.monotonic() * 1000


def log_in(address, port, ca_file, password):
    """CPU and time of one login, in milliseconds."""
    start, took = sample(), []
    client = slixmpp.ClientXMPP(address, password)
    client.ca_certs = ca_file

    def online(_event):
        took.extend(now - then for now, then in zip(sample(), start))
        client.disconnect()

    client.add_event_handler("session_start", online)
    client.add_event_handler("failed_auth", lambda _event: client.abort())
    client.connect(("127.0.0.1", int(port)))
    client.process(forever=False)
    if not took:
        sys.exit("slixmpp did not log in")
    return took


def main():
    address, port, ca_file, password, logins = sys.argv[1:]
    first, *later = [log_in(address, port, ca_file, password) for _ in range(int(logins))]
    cpu, wall = (sum(values) / len(values) for values in zip(*(later or [first])))
    print(json.dumps({"client": "slixmpp", "first_ms": first[0], "later_ms": cpu,
                      "first_ready_ms": first[1], "later_ready_ms": wall}))


main()
