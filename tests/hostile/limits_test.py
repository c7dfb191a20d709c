"""What is bounded: queues of those who read slowly, stanzas, sessions, connections, time, memory."""
import contextlib
import json
import socket
import threading
import time

import daemon
import sasl2
from daemon import GONE, Daemon, drop

ERRORS = "{urn:ietf:params:xml:ns:xmpp-streams}"
QUOTES = "'" * 200000  # written as &apos;


def narrow(server, user, resource):
    """A session whose socket holds little, so that what it does not read stays at the server."""
    session = server.session(direct_tls=False)
    session.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32768)
    return session.login(user, f"secret of {user}", resource)


def loops(server):
    return json.loads(server.control("--json", "status"))["loops"]


def total(server, what):
    return sum(loop[what] for loop in loops(server))


def in_background(work):
    def quietly():
        try:
            work()
        except GONE:
            pass
    thread = threading.Thread(target=quietly, daemon=True)
    thread.start()
    return thread


def slow_reader():
    """one who does not read is given up; who wrote to it was slowed down, others were not"""
    with Daemon(users=["mute", "writer", "other"]) as server:
        mute, writer = narrow(server, "mute", "r"), server.login("writer", "r")
        lines = f"<message to='{mute.jid}' type='headline'><body>{'x' * 4000}</body></message>" * 4000
        writing = in_background(lambda: (writer.write(lines), daemon.ping(writer)))
        for _ in range(8):
            server.serves("other")
        writing.join(30)
        assert not writing.is_alive(), "the writer waits for ever"
        daemon.wait_for("the end of the mute one", lambda: "mute@" not in server.control("sessions"))
        writer.close()
        drop(mute)
        daemon.wait_for("its memory", lambda: total(server, "memory_bytes") < 300_000)
        server.stop()


def one_for_many():
    """many write to one who is slow, it to all of them and all to themselves: none waits for ever"""
    users = [f"user{i}" for i in range(5)]
    with Daemon(users=users) as server:
        sessions = [server.login(user, "r") for user in users]
        count = 150
        due = count * len(sessions)

        lines = "".join(f"<message to='{to.jid}' type='chat'><body>{'x' * 2000}</body></message>"
                        for _ in range(count) for to in sessions)
        failures = []

        def talk(session):
            session.write_later(lines)
            session.push(0.5)
            for _ in range(due):
                element = session.read()
                if not element.tag.endswith("}message") or element.get("type") == "error":
                    failures.append(element.tag + str(element.attrib) + str([e.tag for e in element]))
                    return

        for thread in [in_background(lambda s=session: talk(s)) for session in sessions]:
            thread.join(40)
            assert not thread.is_alive(), "somebody waits for ever"
        assert not failures, failures
        for session in sessions:
            session.close()
        server.stop()


def answers_wait():
    """one who asks much before it reads is slowed down, not thrown out"""
    with Daemon(users=["eager"]) as server:
        for ask in (daemon.PING, "<message to='nobody@localhost' id='{}'><body>x</body></message>"):
            session = server.login("eager", "r")
            ids = [f"{number}{'x' * 3000}" for number in range(4000)]
            session.write_later("".join(ask.format(i) for i in ids))
            session.push(1)
            for expected in ids:
                answer = session.read()
                assert answer.get("id") == expected, answer[0].tag
            session.close()
        server.stop()


def sizes():
    """a stanza that is too big ends its stream, before it is read whole; others go on"""
    with Daemon("limits.max_stanza_bytes=20000", users=["big", "other"]) as server:
        for stanza in (f"<message to='big@localhost'><body>{'x' * 30000}", f"<message a='{'x' * 30000}",
                       f"<{'x' * 30000}", "<a>" * 10000, "<message>" + "<a/>" * 30000):
            session = server.login("big")
            session.write(stanza)
            answer = session.read()
            assert answer[0].tag == ERRORS + "policy-violation", answer[0].tag
            drop(session)
            server.serves("other")
        session = server.login("big", "r")
        session.write(f"<message to='{session.jid}'><body>{'x' * 19000}</body></message>")
        assert len(session.read()[0].text) == 19000
        session.close()
        server.stop()


def sessions_per_account():
    """one session more than the account may have is refused; a place that is left can be taken"""
    with Daemon("limits.sessions_per_account=2", users=["many"]) as server:
        held = [server.login("many") for _ in range(2)]
        extra = server.session(direct_tls=True)
        extra.open()
        extra.plain("many", "secret of many")
        extra.open()
        for _ in range(3):
            try:
                extra.bind()
            except RuntimeError as error:
                assert "resource-constraint" in str(error), error
            else:
                raise AssertionError("a third session")
        drop(held.pop())
        daemon.wait_for("its end", lambda: total(server, "sessions") == 1)
        extra.bind()
        extra.close()
        server.stop()


def connections_per_address():
    """one connection more than an address may have is closed at once; each that ends makes room"""
    with Daemon("limits.connections_per_address=4", users=["many"]) as server:
        turned_away = 0
        for _ in range(3):
            held = [server.login("many") for _ in range(2)] + [server.session() for _ in range(2)]
            with socket.create_connection(("127.0.0.1", server.port), 10) as extra:
                try:
                    assert extra.recv(1) == b"", "it was served"
                except ConnectionError:
                    pass
            turned_away += 1
            assert server.said().count("turned away") == turned_away
            for session in held:
                drop(session)
            daemon.wait_for("their end", lambda: total(server, "connections") == 0)
        # It never said what it wanted: the log has it, the sign-ins do not.
        assert len(server.control("--json", "logins", "--limit", "100").splitlines()) == 3 * 4
        server.serves("many")
        server.stop()


def half_open():
    """who does not finish TLS, sign-in or binding is gone in time, and costs nothing after"""
    def goes_half_way(session, number):
        session.open()
        if number % 3 == 0:
            session.write("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
            session.read()
            session.write(b"\x16\x03\x01\x02\x00\x01\x00"[:number % 8])
            return
        session.starttls()
        session.open()
        if number % 3 == 1:
            session.write("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism=")
        else:
            session.plain("half", "secret of half")
            session.open()

    with Daemon(users=["half"]) as server:
        server.control("settings", "set", "limits.auth_timeout_s", "2")
        held = []
        for number in range(30):
            held.append(server.session(timeout=20))
            with contextlib.suppress(*GONE):  # two seconds may be over before, on a busy machine
                goes_half_way(held[-1], number)
        server.control("settings", "reset", "limits.auth_timeout_s")
        server.serves("half")
        daemon.wait_for("their end", lambda: total(server, "connections") == 0)
        daemon.wait_for("their memory", lambda: total(server, "memory_bytes") == 0)
        for session in held:
            drop(session)
        server.stop()


def languages():
    """a long xml:lang of a header is not put on every stanza for others"""
    with Daemon(users=["tongue", "ear"]) as server:
        ear = server.login("ear", "r")
        session = server.session(direct_tls=True)
        session.open()
        session.plain("tongue", "secret of tongue")
        session.scanner = type(session.scanner)()
        session.write(daemon.HEADER[:-1] + f" xml:lang='{'x' * 9000}'>")
        session.read()
        session.bind()
        session.write(f"<message to='{ear.jid}'/>")
        message = ear.read()
        lang = message.get("{http://www.w3.org/XML/1998/namespace}lang") or ""
        assert len(lang) < 100, f"{len(lang)} bytes of language"
        session.close()
        ear.close()
        server.stop()


def grown():
    """a stanza that is several times as long once it is written comes back, and ends nobody"""
    with Daemon(users=["romeo", "juliet"]) as server:
        juliet, romeo = sasl2.sign_in(server, "juliet"), sasl2.sign_in(server, "romeo")
        romeo.write("<presence/>")
        assert sasl2.next_stanza(romeo).tag.endswith("}presence")
        for to in (romeo.jid, "romeo@localhost"):
            juliet.write(f"<message to='{to}' type='chat' id='grows'><x xmlns='x:y' a=\"{QUOTES}\"/></message>")
            back = sasl2.next_stanza(juliet)
            assert back.get("id") == "grows" and back[-1][0].tag.endswith("}policy-violation"), back.attrib
        # What it may send as it came, it may.
        sasl2.say(juliet, romeo.jid, "x" * 250000)
        assert len(sasl2.bodies(romeo, 1)[0]) == 250000
        sasl2.finished(server, "romeo")


def idle_memory():
    """a session that once wrote or heard much holds little when it is idle"""
    with Daemon(users=["idle"]) as server:
        sessions = [server.login("idle", str(number)) for number in range(8)]
        before = total(server, "memory_bytes")
        for session in sessions:
            session.write(f"<message to='{session.jid}'><body>{'x' * 200000}</body></message>")
            assert len(session.read()[0].text) == 200000
        daemon.wait_for("its memory", lambda: total(server, "memory_bytes") < before + 8 * 2048)
        for session in sessions:
            session.close()
        server.stop()


daemon.run(slow_reader, one_for_many, answers_wait, sizes, sessions_per_account,
           connections_per_address, half_open, languages, grown, idle_memory)
