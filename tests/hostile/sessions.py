"""Sessions that lose their connection: how a test breaks it, what the operator sees of them, and what a
client has heard."""
import json

import daemon
from daemon import drop, wait_for
from sasl2 import next_stanza


def rows(server):
    return [json.loads(line) for line in server.control("--json", "sessions").splitlines()]


def row_of(server, jid):
    return next((row for row in rows(server) if row["jid"] == jid), {})


def detached(server, session):
    """Or over: it may wait for its client for a second only, and nobody looked in that second."""
    wait_for("the session to be detached", lambda: not (row := row_of(server, session.jid)) or "detached_s" in row)


def cut(server, session):
    drop(session)
    detached(server, session)


def available(session):
    session.write("<presence/>")
    assert next_stanza(session).tag.endswith("}presence")
    return session


def messages(session):
    """The bodies of the messages that came so far."""
    found = []
    session.write(daemon.PING.format("so far"))
    while (element := next_stanza(session)).get("id") != "so far":
        if element.tag.endswith("}message"):
            found.append(element.findtext("{jabber:client}body"))
    return found
