#!/usr/bin/python3
"""What a login costs a program that uses slixmpp: the peer of client_linnet.

    client_slixmpp.py ADDRESS PORT CA-FILE PASSWORD LOGINS
"""
import json
import sys
import time

import slixmpp


def log_in(address, port, ca_file, password, start):
    client = slixmpp.ClientXMPP(address, password)
    client.ca_certs = ca_file
    took = []

    def online(_event):
        took.append(time.process_time() - start)
        client.disconnect()

    client.add_event_handler("session_start", online)
    client.add_event_handler("failed_auth", lambda _event: client.abort())
    client.connect(("127.0.0.1", int(port)))
    client.process(forever=False)
    if not took:
        sys.exit("slixmpp did not log in")
    return took[0] * 1000


def main():
    address, port, ca_file, password, logins = sys.argv[1:]
    took = []
    for _ in range(int(logins)):
        took.append(log_in(address, port, ca_file, password, time.process_time()))
    later = took[1:] or took
    print(json.dumps({"client": "slixmpp", "first_ms": took[0], "later_ms": sum(later) / len(later)}))


main()
