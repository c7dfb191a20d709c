"""Sessions that outlive the server (XEP-0198): nothing that it confirmed is lost when it is stopped and
started again, and nothing comes twice."""
import contextlib
import signal
import sqlite3
import subprocess
import threading

import daemon
from daemon import Daemon, drop, wait_for
from sasl2 import (CLIENT_ID, OTHER_ID, SM, bodies, ended_with, finished, handled, next_stanza,
                   nothing_more, refused, resume, say, sign_in, take_up)
from sessions import available, cut, messages, row_of, rows


def end(server, *sessions):
    server.signal(signal.SIGTERM)
    for session in sessions:
        ended_with(session, "system-shutdown")
    server.stop()


def start_again(server, *sessions):
    end(server, *sessions)
    server.start()


def resumed(server, user, old, **how):
    session = take_up(server, user, old, **how)
    assert session.answer.resumed is not None, session.answer.failed
    return session


def goes_on():
    """who was online and who was detached go on, with their counts and with what waited for them"""
    with Daemon(users=["romeo", "juliet", "nurse"]) as server:
        romeo, juliet = sign_in(server, "romeo"), available(sign_in(server, "juliet"))
        nurse = available(sign_in(server, "nurse"))
        for number in range(3):
            say(romeo, juliet.jid, number)
        assert bodies(juliet, 2) == ["0", "1"]
        cut(server, nurse)
        say(romeo, "nurse@localhost", "to the account")
        say(romeo, nurse.jid, "to the client")
        assert handled(romeo) == 5
        start_again(server, romeo, juliet)
        for session in romeo, juliet, nurse:
            assert "detached_s" in row_of(server, session.jid)
        juliet = resumed(server, "juliet", juliet)
        romeo = resumed(server, "romeo", romeo)
        assert romeo.answer.resumed.get("h") == "5", romeo.answer.resumed.attrib
        assert juliet.answer.resumed.get("h") == "1", juliet.answer.resumed.attrib
        say(romeo, "nurse@localhost", "after the start")
        assert bodies(juliet, 1) == ["2"]
        nurse = resumed(server, "nurse", nurse)
        assert bodies(nurse, 3) == ["to the account", "to the client", "after the start"]
        say(juliet, romeo.jid, "x")
        say(romeo, juliet.jid, "y")
        assert bodies(romeo, 1) == ["x"] and bodies(juliet, 1) == ["y"]
        for session in romeo, juliet, nurse:
            nothing_more(session)
        finished(server, "romeo", "juliet")


def in_traffic():
    """stopped in the middle of traffic, thrice: what it confirmed arrives, in order, and only once"""
    writers = [f"writer{i}" for i in range(4)]
    with Daemon("limits.send_queue_bytes=8MiB", users=[*writers, "reader"]) as server:
        sessions = [sign_in(server, user) for user in writers]
        reader = available(sign_in(server, "reader"))
        sent, seen = [0] * len(writers), []
        total = 1500
        for turn in range(3):
            begun = threading.Barrier(len(writers) + 1)

            def write(i):
                # In small pieces, so that the end comes between any two of them.
                begun.wait()
                try:
                    while sent[i] < total * (turn + 1):
                        say(sessions[i], reader.jid, f"{i} {sent[i]}")
                        sent[i] += 1
                except OSError:
                    pass

            threads = [threading.Thread(target=write, args=(i,)) for i in range(len(writers))]
            for thread in threads:
                thread.start()
            begun.wait()
            seen += bodies(reader, 50)
            server.signal(signal.SIGTERM)
            for thread in threads:
                thread.join(30)
            for session in (reader, *sessions):
                drop(session)
            server.stop()
            server.start()
            reader = resumed(server, "reader", reader)
            for i, user in enumerate(writers):
                sessions[i] = resumed(server, user, sessions[i])
                # What it has not is sent again, as a client does.
                sent[i] = int(sessions[i].answer.resumed.get("h"))
        for i, session in enumerate(sessions):
            session.write_later("".join(
                f"<message to='{reader.jid}' type='chat'><body>{i} {number}</body></message>"
                for number in range(sent[i], total * 3)))
        writing = [threading.Thread(target=nothing_more, args=(session,)) for session in sessions]
        for thread in writing:
            thread.start()
        seen += bodies(reader, total * 3 * len(writers) - len(seen))
        for thread in writing:
            thread.join(30)
            assert not thread.is_alive()
        nothing_more(reader)
        for i in range(len(writers)):
            numbers = [int(body.split()[1]) for body in seen if body.startswith(f"{i} ")]
            assert numbers == list(range(total * 3)), f"of writer {i}"
        finished(server, "reader")


def many():
    """more sessions than are read at once, each with something that waits"""
    users = [f"user{i}" for i in range(20)]
    with Daemon(users=[*users, "writer"]) as server:
        writer = sign_in(server, "writer")
        sessions = {}
        for user in users:
            for number in range(8):
                client_id = f"id-{number}"
                session = sign_in(server, user, client_id=client_id)
                say(writer, session.jid, session.jid)
                sessions[user, client_id] = session
        nothing_more(writer)
        start_again(server, *sessions.values(), writer)
        assert len(rows(server)) == len(sessions) + 1
        for (user, client_id), old in sessions.items():
            session = resumed(server, user, old, client_id=client_id)
            assert bodies(session, 1) == [session.jid]
            nothing_more(session)
            drop(session)
        finished(server, "writer")


def heirs():
    """who was to inherit at its initial presence, and had sent none, has it after the start"""
    with Daemon(users=["romeo", "juliet"]) as server:
        juliet = sign_in(server, "juliet")
        for ends in ("connected", "detached"):
            romeo = available(sign_in(server, "romeo"))
            cut(server, romeo)
            say(juliet, romeo.jid, "to the client")
            say(juliet, "romeo@localhost", "to the account")
            nothing_more(juliet)
            heir = sign_in(server, "romeo")
            nothing_more(juliet)
            if ends == "detached":
                cut(server, heir)
                start_again(server, juliet)
            else:
                start_again(server, heir, juliet)
            heir, juliet = resumed(server, "romeo", heir), resumed(server, "juliet", juliet)
            assert bodies(heir, 2) == ["to the client", "to the account"]
            nothing_more(heir)
            nothing_more(juliet)
            heir.write(f"<a xmlns='{SM}' h='{heir.h}'/>")
            heir.close()
        finished(server, "romeo")


def copies():
    """who had a copy of what several got is still known after the start, and who had none"""
    with Daemon(users=["romeo", "juliet"]) as server:
        juliet = sign_in(server, "juliet")
        ids = (CLIENT_ID, OTHER_ID, CLIENT_ID.replace("d", "f"), CLIENT_ID.replace("d", "a"))
        phone, desk, had, later = (sign_in(server, "romeo", client_id=i) for i in ids)
        for session in phone, desk, had:
            session.write("<presence/>")
            assert not messages(session)
        phone.acks = False
        say(juliet, "romeo@localhost", "x")
        assert bodies(phone, 1) == ["x"]
        phone.h -= 1  # it goes down before it has written that to its disk
        later.write("<presence/>")
        assert not messages(later)
        start_again(server, phone, desk, had, later, juliet)
        # The two that have it end; the third has it, so that nobody gets it anew before that ends, too.
        for session in phone, desk:
            resumed(server, "romeo", session, client_id=None).close()
            wait_for("its end", lambda session=session: not row_of(server, session.jid))
        had = resumed(server, "romeo", had, client_id=None)
        later = resumed(server, "romeo", later, client_id=None)
        found = messages(had), messages(later)
        assert found == (["x"], []), found
        had.close()
        wait_for("its end", lambda: not row_of(server, had.jid))
        juliet = resumed(server, "juliet", juliet)
        assert messages(later) == ["x"]
        nothing_more(juliet)
        finished(server, "romeo")


def time_of(file, user, new_ms=None):
    """How much time the session has that the database keeps of a user; from now on `new_ms`, if given."""
    with contextlib.closing(sqlite3.connect(file)) as db:
        ((left_ms,),) = db.execute("SELECT left_ms FROM session WHERE username = ?", (user,)).fetchall()
        db.execute("UPDATE session SET left_ms = ? WHERE username = ?", (new_ms or left_ms, user))
        db.commit()
    return left_ms


def time_left():
    """its time goes on where it stopped; when it is over, what waited comes back"""
    with Daemon("c2s.resume_s=300", users=["romeo", "juliet"]) as server:
        (file,) = (server.folder / "data").glob("*.db")
        romeo, juliet = sign_in(server, "romeo"), available(sign_in(server, "juliet"))
        cut(server, romeo)
        wait_for("some time to pass", lambda: row_of(server, romeo.jid)["detached_s"] >= 1)
        say(juliet, romeo.jid, "x")
        nothing_more(juliet)
        end(server, juliet)
        first_ms = time_of(file, "romeo")
        assert 0 < first_ms <= 299_000, first_ms
        server.start()
        juliet = resumed(server, "juliet", juliet)
        assert row_of(server, romeo.jid)["detached_s"] >= 1, row_of(server, romeo.jid)
        nothing_more(juliet)
        end(server, juliet)
        assert 0 < time_of(file, "romeo", 1000) < first_ms
        server.start()
        juliet = resumed(server, "juliet", juliet)
        back = next_stanza(juliet)
        assert back.get("type") == "error" and back.get("from") == romeo.jid, back.attrib
        assert not row_of(server, romeo.jid)
        finished(server, "romeo")


def presence_is_kept():
    """its presence holds, for its other clients and for whom it was directed to"""
    with Daemon(users=["romeo", "juliet"]) as server:
        juliet = sign_in(server, "juliet")
        romeo = sign_in(server, "romeo")
        romeo.write(f"<presence to='{juliet.jid}'/><presence><show>away</show><priority>5</priority></presence>")
        assert next_stanza(romeo).tag.endswith("}presence")
        assert next_stanza(juliet).get("from") == romeo.jid
        start_again(server, romeo, juliet)
        juliet = resumed(server, "juliet", juliet)
        other = sign_in(server, "romeo", client_id=OTHER_ID)
        other.write("<presence/>")
        seen = [next_stanza(other), next_stanza(other)]
        (away,) = [e for e in seen if e.get("from") == romeo.jid]
        assert away.findtext("{jabber:client}show") == "away"
        # Of the two the one of higher priority gets it.
        say(juliet, "romeo@localhost", "x")
        nothing_more(juliet)
        romeo = resumed(server, "romeo", romeo)
        assert bodies(romeo, 1) == ["x"]
        romeo.close()
        gone = next_stanza(juliet)
        assert gone.get("type") == "unavailable" and gone.get("from") == romeo.jid, gone.attrib
        finished(server, "romeo")


def ends_of_the_account():
    """a new password, a logout and a disabled account end what was kept; another account has no use of it"""
    users = ["passwd", "logout", "disable"]
    with Daemon(users=[*users, "thief"]) as server:
        sessions = {user: sign_in(server, user) for user in users}
        start_again(server, *sessions.values())
        assert take_up(server, "thief", sessions["logout"]).answer.resumed is None
        for user, session in sessions.items():
            assert row_of(server, session.jid)
            if user == "passwd":
                server.password("passwd", user, "a new one")
            else:
                server.control("user", user, user)
            wait_for("the end of its session", lambda: not row_of(server, session.jid))
        again = take_up(server, "passwd", sessions["passwd"], password="a new one")
        assert again.answer.resumed is None
        assert take_up(server, "logout", sessions["logout"]).answer.resumed is None
        refused(server, "disable", resume(sessions["disable"].sm_id, 0))
        finished(server, "thief")


def killed():
    """killed, it has kept nothing: who wants to go on is told so, and begins anew"""
    with Daemon(users=["romeo"]) as server:
        romeo = sign_in(server, "romeo")
        server.process.kill()
        server.process.wait()
        server.start()
        assert not rows(server)
        again = take_up(server, "romeo", romeo)
        assert again.answer.resumed is None
        assert again.answer.success.find(f".//{{{SM}}}failed") is not None
        nothing_more(again)
        finished(server, "romeo")


# What is done to the row of one session, or to those of its stanzas.
LONG = "x" * 5000
REST = ("resource, client_id, since_ms, left_ms, resume_s, acked, written, handled, available, priority,"
        " presence, directed, standing")
MANY = "(WITH RECURSIVE c(n) AS (SELECT 1 UNION SELECT n + 1 FROM c WHERE n < 200) SELECT n FROM c)"
DAMAGES = (
    "UPDATE session SET acked = -1", "UPDATE session SET acked = 1 - 9223372036854775807 - 2",
    "UPDATE session SET written = 9223372036854775807, acked = 0",
    "UPDATE session SET written = 1 - 9223372036854775807 - 2",
    "UPDATE session SET since_ms = 1 - 9223372036854775807 - 2",
    "UPDATE session_stanza SET since_ms = 1 - 9223372036854775807 - 2",
    "UPDATE session SET left_ms = -1", "UPDATE session SET resume_s = 9223372036854775807",
    "UPDATE session SET presence = ''", "UPDATE session SET presence = '/><message/>'",
    "UPDATE session SET directed = 'juliet@localhost'", "UPDATE session SET directed = char(10)",
    "UPDATE session SET directed = 'a b@c' || char(10)", "UPDATE session SET resource = ''",
    "UPDATE session SET resource = 'x' || char(0) || 'y'", "UPDATE session SET priority = 1000",
    "UPDATE session SET standing = 9223372036854775807",
    "UPDATE session SET username = 'juliet', resource = ''",
    f"UPDATE session SET id = '{LONG}'", "UPDATE session SET id = ''", "UPDATE session SET id = x'00ff'",
    "UPDATE session_stanza SET xml = '<message'", "UPDATE session_stanza SET xml = x'fffe00'",
    "UPDATE session_stanza SET number = 'x' || number", "DELETE FROM session_stanza",
    # So many that they are read in steps, with ids that are none.
    f"INSERT INTO session SELECT domain, username, '{LONG}' || n, {REST} FROM session, {MANY}",
    f"INSERT INTO session SELECT domain, username, CAST(id || n AS BLOB), {REST} FROM session, {MANY}",
)


def take_out(db, table, which):
    found = list(db.execute(f"SELECT * FROM {table} WHERE {which}"))
    db.execute(f"DELETE FROM {table} WHERE {which}")
    return found


def put_in(db, table, rows_):
    for row in rows_:
        db.execute(f"INSERT INTO {table} VALUES ({','.join('?' * len(row))})", row)


def damaged():
    """a session that the database tells wrongly is left out, or ends in order; the others go on"""
    with Daemon(users=["romeo", "juliet"]) as server:
        (file,) = (server.folder / "data").glob("*.db")
        for damage in DAMAGES:
            romeo = available(sign_in(server, "romeo"))
            juliet = sign_in(server, "juliet")
            say(juliet, romeo.jid, "x")
            nothing_more(juliet)
            server.signal(signal.SIGTERM)
            drop(romeo), drop(juliet)
            server.stop()
            with contextlib.closing(sqlite3.connect(file)) as db:
                hers = take_out(db, "session", "username = 'juliet'")
                stanzas = take_out(db, "session_stanza", f"session_id = '{juliet.sm_id}'")
                assert hers and db.execute(damage).rowcount > 0, damage
                put_in(db, "session", hers)
                put_in(db, "session_stanza", stanzas)
                db.commit()
            server.start()
            juliet = resumed(server, "juliet", juliet)
            romeo = available(sign_in(server, "romeo"))
            say(juliet, romeo.jid, "again")
            while next_stanza(romeo).findtext("{jabber:client}body") != "again":
                pass
            start_again(server, juliet, romeo)
            juliet = resumed(server, "juliet", juliet)
            juliet.close()
            server.control("user", "logout", "romeo")
            wait_for(f"the end of all sessions after {damage[:60]}", lambda: not rows(server))
        finished(server, "juliet")


def not_cleared():
    """sessions that cannot be taken out of the database are left there, and the server does not start"""
    with Daemon(users=["romeo", "juliet"]) as server:
        (file,) = (server.folder / "data").glob("*.db")
        juliet, romeo = sign_in(server, "juliet"), sign_in(server, "romeo")
        say(juliet, romeo.jid, "x")
        nothing_more(juliet)
        end(server, juliet, romeo)
        with contextlib.closing(sqlite3.connect(file)) as db:
            db.execute("CREATE TRIGGER full BEFORE DELETE ON session BEGIN SELECT RAISE(ABORT, 'no room'); END")
            db.commit()
        done = subprocess.run(server.command, stdin=subprocess.DEVNULL, capture_output=True, timeout=30,
                              check=False)
        said = done.stderr.decode()
        assert done.returncode > 0 and "no room" in said, (done.returncode, said)
        assert "lost" not in said, said
        with contextlib.closing(sqlite3.connect(file)) as db:
            db.execute("DROP TRIGGER full")
            db.commit()
        server.start()
        romeo = resumed(server, "romeo", romeo)
        assert bodies(romeo, 1) == ["x"]
        finished(server, "juliet")


def locked():
    """a database that is locked while it stops costs the sessions, and is waited for once"""
    users = [f"user{i}" for i in range(6)]
    with Daemon("limits.sessions_per_account=200", users=users) as server:
        (file,) = (server.folder / "data").glob("*.db")
        for user in users:
            for number in range(100):
                sign_in(server, user, client_id=f"id-{number}")
        with contextlib.closing(sqlite3.connect(file)) as db:
            db.execute("BEGIN IMMEDIATE")
            server.signal(signal.SIGTERM)
            server.stop()
        said = server.said()
        assert said.count("sessions were not kept: ") == 1, said[-2000:]
        assert "sessions kept for the next start: 0, lost: 600" in said, said[-2000:]
        server.start()
        assert not rows(server)
        finished(server, users[0])


def kept_once():
    """what was taken up by one start is not there at the next"""
    with Daemon(users=["romeo"]) as server:
        romeo = sign_in(server, "romeo")
        start_again(server, romeo)
        romeo = resumed(server, "romeo", romeo)
        romeo.close()
        wait_for("its end", lambda: not rows(server))
        start_again(server)
        assert not rows(server)
        assert take_up(server, "romeo", romeo).answer.resumed is None
        finished(server, "romeo")


if __name__ == "__main__":
    daemon.run(goes_on, in_traffic, many, heirs, copies, time_left, presence_is_kept, ends_of_the_account,
               killed, damaged, not_cleared, locked, kept_once)
