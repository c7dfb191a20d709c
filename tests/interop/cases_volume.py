"""Thousands of messages between sessions on different loops: each arrives once, and those from one
sender in the order they were sent (RFC 6120 §10.1)."""
import functools

import rawxmpp
from peers import sanitizer_spoke

SESSIONS = 16
LOOPS = 4


class Ledger:
    """What every session has heard from every other."""

    def __init__(self):
        self.next = {}
        self.heard = 0
        self.faults = []

    def take(self, session, stanza):
        body = stanza.findtext("c:body", namespaces=rawxmpp.NAMESPACES)
        if not stanza.tag.endswith("}message") or stanza.get("type") == "error" or not body:
            self.faults.append(f"{session.jid}: {stanza.tag} {stanza.attrib}")
            return
        number = int(body.split()[0])
        key = (stanza.get("from"), session.jid)
        if number != self.next.get(key, 0):
            self.faults.append(f"{key}: wanted {self.next.get(key, 0)}, heard {number}")
        self.next[key] = number + 1
        self.heard += 1


def exchange(server, users, each, bare, direct_tls):
    """Every session writes `each` messages to every other user; all at once."""
    port = server.tls_port if direct_tls else server.port
    sessions = [rawxmpp.Session("127.0.0.1", port, "localhost", direct_tls).login(
        user, f"secret of {user}", "load", direct_tls) for user in users]
    ledger = Ledger()
    wanted = each * len(users) * (len(users) - 1)
    try:
        for session in sessions:
            # To a bare address messages go only to sessions that announced themselves; the ping
            # behind it tells when that is done.
            session.write("<presence/><iq type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>")
        for session in sessions:
            while not session.read().tag.endswith("}iq"):
                pass
        for session in sessions:
            lines = []
            for number in range(each):
                for user in users:
                    to = f"{user}@localhost" + ("" if bare else "/load")
                    if not session.jid.startswith(f"{user}@"):
                        lines.append(f"<message to='{to}' type='chat'><body>{number} "
                                     f"{'x' * (number % 200)}</body></message>")
            session.write_later("".join(lines))

        def on_element(session, element):
            if not element.tag.endswith("}presence"):
                ledger.take(session, element)

        finished = rawxmpp.pump(sessions, on_element,
                                lambda: ledger.faults or ledger.heard >= wanted, 240)
        assert not ledger.faults, ledger.faults[:5]
        assert finished, f"heard {ledger.heard} of {wanted}"
        # Once: nothing more may follow.
        rawxmpp.pump(sessions, on_element, lambda: False, 1)
        assert not ledger.faults and ledger.heard == wanted, f"heard {ledger.heard} of {wanted}"
    finally:
        for session in sessions:
            session.close()


def churn(server, users):
    """Sessions come and go while others talk: nobody is lost, nothing arrives twice."""
    talker = rawxmpp.Session("127.0.0.1", server.port, "localhost").login(users[0], f"secret of {users[0]}", "a")
    hearer = rawxmpp.Session("127.0.0.1", server.port, "localhost").login(users[1], f"secret of {users[1]}", "load")
    ledger = Ledger()
    try:
        for number in range(40):
            talker.write(f"<message to='{hearer.jid}' type='chat'><body>{number}</body></message>")
            passing = users[2 + number % (len(users) - 2)]
            rawxmpp.Session("127.0.0.1", server.port, "localhost").login(
                passing, f"secret of {passing}").close()
        done = rawxmpp.pump([hearer], ledger.take, lambda: ledger.faults or ledger.heard >= 40, 30)
        assert done and not ledger.faults, f"{ledger.faults[:5]}, heard {ledger.heard}"
    finally:
        talker.close()
        hearer.close()


def sane(server, started):
    """The server that carried all this has not been restarted, and reported no race."""
    assert server.process is started and server.process.alive(), "it ended"
    said = server.process.said()
    assert not sanitizer_spoke(said), said[-3000:]


def cases(world):
    users = [f"user{i}" for i in range(SESSIONS)]
    server = world.linnetd("volume", f"loops={LOOPS}", users=users)
    started = server.process
    each = 60 if world.long else 20
    total = each * SESSIONS * (SESSIONS - 1)
    for name, bare, direct in (("full addresses, STARTTLS", False, False),
                               ("bare addresses, direct TLS", True, True)):
        yield f"{total} messages, {SESSIONS} sessions, {LOOPS} loops: {name}", functools.partial(
            exchange, server, users, each, bare, direct)
    yield "sessions come and go meanwhile", functools.partial(churn, server, users)
    yield "the server is sane after it", functools.partial(sane, server, started)
