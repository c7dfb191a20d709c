"""Sessions that outlive their connection (XEP-0198): nothing lost, nothing twice, nobody else's."""
import json
import threading
import socket

import daemon
from daemon import Daemon, drop, wait_for
from sasl2 import (CLIENT_ID, OTHER_ID, ENABLE, SM, Refused, bind, bodies, connected, ended_with, finished,
                   handled, next_stanza, nothing_more, opened, refused, resume, say, sign_in, take_up)
from sessions import available, cut, detached, messages, row_of, rows


def reset_in_traffic():
    """a connection that is reset in the middle of traffic: all of it arrives, in order, once"""
    with Daemon(users=["romeo", "juliet"]) as server:
        romeo = sign_in(server, "romeo")
        juliet = available(sign_in(server, "juliet"))
        sent = 0
        for round_ in range(5):
            for _ in range(40):
                say(romeo, juliet.jid, sent)
                sent += 1
            seen = bodies(juliet, 7)
            juliet.seen = getattr(juliet, "seen", []) + seen
            cut(server, juliet)
            for _ in range(40):
                say(romeo, juliet.jid if round_ % 2 else "juliet@localhost", sent)
                sent += 1
            daemon.ping(romeo)
            seen = juliet.seen
            juliet = take_up(server, "juliet", juliet)
            assert juliet.answer.resumed is not None
            juliet.seen = seen + bodies(juliet, sent - len(seen))
        nothing_more(juliet)
        assert juliet.seen == [str(i) for i in range(sent)], juliet.seen
        romeo.close()
        juliet.close()
        finished(server, "romeo", "juliet")


def counts():
    """the server's count of what it has is right before and after, and so is what it sends again"""
    with Daemon(users=["romeo", "juliet"]) as server:
        juliet = sign_in(server, "juliet", client_id=OTHER_ID)
        romeo = sign_in(server, "romeo")
        for number in range(5):
            say(romeo, juliet.jid, number)
        assert handled(romeo) == 5
        for number in range(5, 9):
            say(romeo, juliet.jid, number)
        assert bodies(juliet, 9) == [str(n) for n in range(9)]
        cut(server, romeo)
        say(juliet, romeo.jid, "a")
        romeo = take_up(server, "romeo", romeo)
        assert romeo.answer.resumed.get("h") == "9", romeo.answer.resumed.attrib
        assert bodies(romeo, 1) == ["a"]
        nothing_more(romeo)
        assert handled(romeo) == 10
        # What is confirmed at resumption only is not sent again.
        say(juliet, romeo.jid, "b")
        assert bodies(romeo, 1) == ["b"]
        cut(server, romeo)
        romeo = take_up(server, "romeo", romeo)
        nothing_more(romeo, "once")
        romeo.close()
        juliet.close()
        finished(server, "romeo")


def while_the_old_one_lives():
    """resumed while the old connection is open: that one gets conflict, and nothing is doubled"""
    with Daemon(users=["romeo", "juliet"]) as server:
        romeo, juliet = sign_in(server, "romeo"), available(sign_in(server, "juliet"))
        say(romeo, juliet.jid, "one")
        assert bodies(juliet, 1) == ["one"]
        say(romeo, juliet.jid, "two")
        daemon.ping(romeo)
        again = take_up(server, "juliet", juliet)
        ended_with(juliet, "conflict")
        assert bodies(again, 1) == ["two"]
        say(romeo, juliet.jid, "three")
        say(romeo, "juliet@localhost", "four")
        assert bodies(again, 2) == ["three", "four"]
        nothing_more(again)
        assert len(rows(server)) == 2, rows(server)
        romeo.close()
        again.close()
        finished(server, "juliet")


def words_after_the_end():
    """what still comes on the old connection is not counted: it was not handled"""
    with Daemon(users=["romeo", "juliet"]) as server:
        romeo, juliet = sign_in(server, "romeo"), available(sign_in(server, "juliet"))
        say(romeo, juliet.jid, "one")
        assert bodies(juliet, 1) == ["one"]
        again = take_up(server, "romeo", romeo)
        for number in range(20):
            say(romeo, juliet.jid, f"late {number}")
        romeo.write("</stream:stream>")
        ended_with(romeo, "conflict")
        wait_for("the end of the old connection", lambda: connections(server) == 2)
        assert handled(again) == 1
        nothing_more(juliet)
        finished(server, "romeo")


def wrong_count_beside_a_living_one():
    """a resumption with a count that cannot be does nothing to the connection that is there"""
    with Daemon(users=["romeo"]) as server:
        romeo = sign_in(server, "romeo")
        failed = take_up(server, "romeo", romeo, h=7, binding="")
        assert failed.answer.resumed is None
        nothing_more(romeo)
        finished(server, "romeo")


def heir():
    """a client that begins anew without resuming gets the messages it had not acknowledged"""
    with Daemon(users=["romeo", "juliet"]) as server:
        juliet, romeo = sign_in(server, "juliet"), available(sign_in(server, "romeo"))
        for way in ("detached", "connected"):
            if way == "detached":
                cut(server, romeo)
            say(juliet, romeo.jid, "to the client")
            say(juliet, "romeo@localhost", "to the account", "normal")
            juliet.write(f"<iq to='{romeo.jid}' type='get' id='{way}'><q xmlns='x:y'/></iq>")
            say(juliet, romeo.jid, "to the room", "groupchat")
            assert handled(juliet) > 0
            again = sign_in(server, "romeo")
            # What was for the old address and is for no other comes back at once.
            back = [next_stanza(juliet), next_stanza(juliet)]
            assert [e.get("type") for e in back] == ["error", "error"], [e.attrib for e in back]
            say(juliet, "romeo@localhost", "meanwhile")
            nothing_more(juliet)
            again.write("<presence/>")
            assert bodies(again, 3) == ["to the client", "to the account", "meanwhile"]
            nothing_more(again)
            again.write(f"<a xmlns='{SM}' h='{again.h}'/>")
            nothing_more(again)
            nothing_more(juliet)
            romeo = again
        finished(server, "romeo")


def rich_heir():
    """an estate that is longer with its delays than what may wait: the rest comes back, the heir stays"""
    with Daemon(users=["romeo", "juliet"]) as server:
        juliet, romeo = sign_in(server, "juliet"), sign_in(server, "romeo")
        cut(server, romeo)
        total = 7000
        juliet.write_later(f"<message to='{romeo.jid}'/>" * total)
        nothing_more(juliet)
        heir = sign_in(server, "romeo")
        heir.write("<presence/>" + daemon.PING.format("after"))
        found = 0
        while (element := next_stanza(heir)).get("id") != "after":
            found += element.tag.endswith("}message")
        assert 0 < found < total
        for _ in range(total - found):
            assert next_stanza(juliet).get("type") == "error"
        nothing_more(juliet)
        nothing_more(heir)
        finished(server, "romeo")


def no_heir():
    """an heir that never becomes available leaves it: it comes back"""
    with Daemon(users=["romeo", "juliet"]) as server:
        juliet, romeo = sign_in(server, "juliet"), available(sign_in(server, "romeo"))
        cut(server, romeo)
        say(juliet, romeo.jid, "x")
        nothing_more(juliet)
        again = sign_in(server, "romeo", binding=bind())
        nothing_more(juliet)
        again.close()
        back = next_stanza(juliet)
        assert back.get("type") == "error" and back.get("from") == romeo.jid, back.attrib
        nothing_more(juliet)
        finished(server, "romeo")


def not_reading():
    """a client that stopped reading with its socket full is cut: what waited comes after <resumed/>"""
    with Daemon(users=["romeo", "juliet"]) as server:
        juliet, romeo = sign_in(server, "juliet"), connected(server)
        romeo.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        romeo.open()
        sign_in(server, "romeo", session=romeo)
        texts = [f"{number} {'x' * 4000}" for number in range(200)]
        for text in texts:
            say(juliet, romeo.jid, text)
        nothing_more(juliet)
        assert bodies(romeo, 3) == texts[:3]
        cut(server, romeo)
        romeo = take_up(server, "romeo", romeo)
        assert bodies(romeo, 197) == texts[3:]
        nothing_more(romeo)
        finished(server, "romeo", "juliet")


def silence():
    """a client that is not heard of for too long has lost its connection, not its session"""
    with Daemon(users=["romeo", "juliet"]) as server:
        juliet = sign_in(server, "juliet")
        server.control("settings", "set", "limits.idle_timeout_s", "1")  # for whoever comes now
        romeo = sign_in(server, "romeo")
        server.control("settings", "reset", "limits.idle_timeout_s")
        ended_with(romeo, "connection-timeout")
        detached(server, romeo)
        assert row_of(server, romeo.jid)
        say(juliet, romeo.jid, "are you there?")
        nothing_more(juliet)
        romeo = take_up(server, "romeo", romeo)
        assert bodies(romeo, 1) == ["are you there?"]
        finished(server, "romeo", "juliet")


def thief():
    """another account with a stolen id gets nothing, and the owner goes on"""
    with Daemon(users=["romeo", "tybalt"]) as server:
        romeo = sign_in(server, "romeo")
        cut(server, romeo)
        tybalt = sign_in(server, "tybalt", resume(romeo.sm_id, 0))
        assert tybalt.answer.resumed is None and tybalt.answer.failed.get("h") is None
        assert tybalt.jid.startswith("tybalt@localhost/"), tybalt.jid
        unbound = sign_in(server, "tybalt", binding="")
        unbound.write(resume(romeo.sm_id, 0))
        assert unbound.read().tag == f"{{{SM}}}failed"
        for wrong in ("", "x", romeo.sm_id[:-1], romeo.sm_id + "0", romeo.sm_id.upper(), "x" * 5000):
            try:
                mine = sign_in(server, "romeo", resume(wrong, 0), client_id=OTHER_ID)
            except Refused:
                continue
            assert mine.answer.resumed is None, wrong
            drop(mine)
        again = take_up(server, "romeo", romeo)
        assert again.answer.resumed is not None and again.jid == romeo.jid
        daemon.ping(again)
        finished(server, "romeo", "tybalt")


def without_sasl2():
    """<resume/> and <enable/> as elements of their own, in turn and out of it"""
    with Daemon(users=["romeo"]) as server:
        romeo = server.login("romeo", "r")
        romeo.write(ENABLE)
        enabled = romeo.read()
        assert enabled.tag == f"{{{SM}}}enabled", enabled.tag
        romeo.write(ENABLE)
        assert romeo.read().tag == f"{{{SM}}}failed"
        romeo.sm_id, romeo.h = enabled.get("id"), 0
        romeo.write(resume(romeo.sm_id, 0))  # itself, from within
        assert romeo.read().tag == f"{{{SM}}}failed"
        cut(server, romeo)
        session = connected(server)
        session.open()
        session.plain("romeo", "secret of romeo")
        session.open()
        session.write(ENABLE)
        assert session.read().tag == f"{{{SM}}}failed"
        session.write(resume("no such", 0))
        failed = session.read()
        assert failed.tag == f"{{{SM}}}failed" and failed[0].tag.endswith("}item-not-found")
        session.write(resume(romeo.sm_id, 0))
        assert session.read().tag == f"{{{SM}}}resumed"
        session.h, session.acks = 0, True
        nothing_more(session)
        session.close()
        stranger = opened(server)
        stranger.write(resume(romeo.sm_id, 0))
        ended_with(stranger, "not-authorized")
        finished(server, "romeo")


def wrong_counts():
    """h too high ends the stream, or is no resumption; a count that was passed is none either"""
    with Daemon(users=["romeo", "juliet"]) as server:
        romeo = sign_in(server, "romeo")
        romeo.write(f"<a xmlns='{SM}' h='1'/>")
        ended_with(romeo, "undefined-condition")
        for wrong in ("-1", "", "x", "4294967296", " 1"):
            romeo = sign_in(server, "romeo")
            romeo.write(f"<a xmlns='{SM}' h='{wrong}'/>")
            ended_with(romeo, "bad-format")
        juliet = sign_in(server, "juliet")
        romeo = sign_in(server, "romeo")
        for number in range(3):
            say(juliet, romeo.jid, number)
        assert bodies(romeo, 3) == ["0", "1", "2"]
        romeo.write(f"<a xmlns='{SM}' h='3'/>")
        daemon.ping(romeo)
        romeo.h += 1
        cut(server, romeo)
        for wrong in (5, 2, 2**31, 2**32 - 1):
            other = take_up(server, "romeo", romeo, wrong, client_id=OTHER_ID)
            assert other.answer.resumed is None, f"resumed with {wrong}"
            assert other.answer.failed.get("h") == "1", other.answer.failed.attrib
            assert other.answer.bound is not None
            other.close()
        assert take_up(server, "romeo", romeo).answer.resumed is not None
        juliet.close()
        finished(server, "romeo")


def overloaded(to):
    """As much as a client may put into one element, and more once the server writes it."""
    declared = " ".join(f"xmlns:p{n}='urn:{n}'" for n in range(55))
    attributes = " ".join(f"p{n}:a{n}='{n}'" for n in range(55))
    return f"<message to='{to}' type='chat' id='much' {declared}><x xmlns='x' {attributes}/></message>"


def expiry():
    """when its time is over: unavailable to others, its messages go elsewhere or come back"""
    with Daemon("c2s.resume_s=1", users=["romeo", "juliet"]) as server:
        juliet = sign_in(server, "juliet")
        phone = available(sign_in(server, "romeo"))
        desk = sign_in(server, "romeo", client_id=OTHER_ID)
        desk.write("<presence><priority>-1</priority></presence>")
        assert {next_stanza(desk).get("from") for _ in range(2)} == {phone.jid, desk.jid}
        phone.write(f"<presence to='{juliet.jid}'/>")
        assert next_stanza(juliet).get("type") is None
        # What it had not acknowledged, and what comes when it is cut: a busy machine may have its second
        # pass before, and all of it comes back nevertheless.
        phone.acks = False
        say(juliet, phone.jid, "to the phone")
        juliet.write(overloaded(phone.jid))
        nothing_more(juliet)
        cut(server, phone)
        say(juliet, "romeo@localhost", "to romeo")
        juliet.write(f"<iq type='get' id='asked' to='{phone.jid}'><a xmlns='x'/></iq>")
        gone = next_stanza(desk)
        assert (gone.get("from"), gone.get("type")) == (phone.jid, "unavailable"), gone.attrib
        seen = [next_stanza(juliet) for _ in range(5)]
        assert seen[0].get("type") == "unavailable", seen[0].attrib
        # A resource with a negative priority is not for messages: these come back.
        assert [e.get("type") for e in seen[1:]] == ["error"] * 4, [e.attrib for e in seen]
        assert [e.get("id") for e in seen].count("asked") == 1
        nothing_more(juliet)
        nothing_more(desk)
        phone = available(sign_in(server, "romeo"))
        phone.acks = False
        desk.write("<presence/>")
        nothing_else(desk)
        # Of two who are equal each gets a copy; what the phone never had the desk has already.
        for number in range(20):
            say(juliet, phone.jid if number % 2 else "romeo@localhost/gone", number)
        assert bodies(desk, 10) == [str(n) for n in range(0, 20, 2)]
        cut(server, phone)
        assert bodies(desk, 10) == [str(n) for n in range(1, 20, 2)]
        nothing_more(desk)
        nothing_more(juliet)
        finished(server, "romeo", "juliet")


def short():
    """what is shorter than a stream's header comes back as well"""
    with Daemon("c2s.resume_s=1", users=["a", "b"]) as server:
        a, b = server.login("a", "r"), server.login("b", "r")
        a.acks = b.acks = True
        a.write(ENABLE)
        assert a.read().tag == f"{{{SM}}}enabled"
        a.jid, a.h, b.h = "a@localhost/r", 0, 0
        cut(server, a)
        b.write("<message to='a@localhost/r' id='1'/><message to='a@localhost/r'><body>x</body></message>")
        back = [next_stanza(b), next_stanza(b)]
        assert [e.get("type") for e in back] == ["error", "error"] and back[0].get("id") == "1"
        drop(b)
        finished(server, "a")


def delayed():
    """what another resource gets in its place says when it was sent first, and comes in order"""
    with Daemon("c2s.resume_s=1", users=["romeo", "juliet"]) as server:
        juliet = sign_in(server, "juliet")
        phone = available(sign_in(server, "romeo"))
        phone.acks = False
        desk = sign_in(server, "romeo", client_id=OTHER_ID)
        desk.write("<presence/>")
        for number in range(20):
            say(juliet, phone.jid, number)
        nothing_more(juliet)
        cut(server, phone)
        found = []
        while len(found) < 20:
            element = next_stanza(desk)
            if element.tag.endswith("}message"):
                (delay,) = element.findall("{urn:xmpp:delay}delay")
                assert delay.get("from") == "localhost" and delay.get("stamp").endswith("Z")
                found.append(element.findtext("{jabber:client}body"))
        assert found == [str(n) for n in range(20)], found
        nothing_more(desk)
        nothing_more(juliet)
        finished(server, "romeo")


def delayed_once():
    """from heir to heir it says the same, and says it once"""
    with Daemon(users=["romeo", "juliet"]) as server:
        juliet, desk = sign_in(server, "juliet"), sign_in(server, "romeo", client_id=OTHER_ID)
        desk.write("<presence/>")
        nothing_else(desk)
        desk.acks = False
        say(juliet, desk.jid, "x")
        assert bodies(desk, 1) == ["x"]
        stamps = []
        for _ in range(3):
            cut(server, desk)
            desk = sign_in(server, "romeo", client_id=OTHER_ID)
            desk.acks = False
            desk.write("<presence/>")
            while (element := next_stanza(desk)).findtext("{jabber:client}body") != "x":
                pass
            stamps.append([delay.get("stamp") for delay in element.findall("{urn:xmpp:delay}delay")])
        assert stamps == [stamps[0][:1]] * 3, stamps
        finished(server, "romeo")


THIRD_ID = CLIENT_ID.replace("d", "f")


def with_priority(session, priority):
    session.write(f"<presence><priority>{priority}</priority></presence>")
    nothing_else(session)
    return session


def nothing_else(session):
    """All that came before it has been read."""
    session.write(daemon.PING.format("else"))
    while next_stanza(session).get("id") != "else":
        pass


def copies():
    """who never had a copy of what several got has it when all of those end; who has one, no other"""
    with Daemon(users=["romeo", "juliet"]) as server:
        juliet = sign_in(server, "juliet")
        tablet = with_priority(sign_in(server, "romeo", client_id=THIRD_ID), 0)
        for what in ("lower", "later", "had"):
            phone, desk = sign_in(server, "romeo"), sign_in(server, "romeo", client_id=OTHER_ID)
            if what == "later":
                tablet.write("<presence type='unavailable'/>")
            for session in phone, desk, *([tablet] if what == "had" else []):
                with_priority(session, 5)
            phone.acks = False
            say(juliet, "romeo@localhost", what)
            assert bodies(phone, 1) == [what]
            if what == "later":
                with_priority(tablet, 5)
            assert messages(tablet) == ([what] if what == "had" else [])
            for session in phone, desk:
                session.close()
                wait_for("its end", lambda session=session: not row_of(server, session.jid))
            assert messages(tablet) == ([] if what == "had" else [what])
            tablet.write(f"<a xmlns='{SM}' h='{tablet.h}'/>")
            with_priority(tablet, 0)
        nothing_more(juliet)
        finished(server, "romeo")


def copies_of_heirs():
    """a client that begins anew has its copy; nobody's end gives it another"""
    with Daemon(users=["romeo", "juliet"]) as server:
        juliet = sign_in(server, "juliet")
        phone, desk = sign_in(server, "romeo"), sign_in(server, "romeo", client_id=OTHER_ID)
        for session in phone, desk:
            with_priority(session, 0)
        phone.acks = desk.acks = False
        say(juliet, "romeo@localhost", "x")
        assert bodies(phone, 1) == ["x"] and bodies(desk, 1) == ["x"]
        for _ in range(2):  # an heir, and the heir of an heir that had not heard of it
            cut(server, phone)
            phone = sign_in(server, "romeo")
        phone.write("<presence/>")
        assert bodies(phone, 1) == ["x"]
        phone.write(f"<a xmlns='{SM}' h='{phone.h}'/>")
        nothing_else(phone)
        desk.close()
        wait_for("its end", lambda: not row_of(server, desk.jid))
        assert messages(phone) == []
        nothing_more(juliet)
        finished(server, "romeo")


def closed_is_closed():
    """who closes its stream is gone at once, also without waiting for the server to close its own"""
    with Daemon(users=["romeo"]) as server:
        for wait in (True, False):
            romeo = sign_in(server, "romeo")
            if wait:
                romeo.close()
            else:
                romeo.write("</stream:stream>")
                drop(romeo)
            wait_for("the end of the session", lambda: not rows(server))
            again = take_up(server, "romeo", romeo)
            assert again.answer.resumed is None and again.answer.failed is not None
            again.close()
            wait_for("the end of the session", lambda: not rows(server))
        finished(server, "romeo")


def full_while_detached():
    """2000 messages for a detached session: what it cannot keep comes back, and it ends"""
    with Daemon(users=["romeo", "juliet"]) as server:
        juliet, romeo = sign_in(server, "juliet"), sign_in(server, "romeo")
        romeo.write("<presence/>")
        next_stanza(romeo)
        cut(server, romeo)
        total = 2000
        lines = "".join(f"<message to='{romeo.jid if n % 2 else 'romeo@localhost'}' id='m{n}' "
                        f"type='chat'><body>{'x' * 1000}</body></message>" for n in range(total))
        juliet.write_later(lines)
        back = [next_stanza(juliet) for _ in range(total)]
        assert {e.get("type") for e in back} == {"error"}
        assert {e.get("id") for e in back} == {f"m{n}" for n in range(total)}
        assert not row_of(server, romeo.jid)
        finished(server, "romeo", "juliet")


def burst():
    """a burst of 3 MB to a client that acknowledges when asked: its writer waits, nothing is lost"""
    with Daemon(users=["romeo", "juliet"]) as server:
        juliet, romeo = sign_in(server, "juliet"), sign_in(server, "romeo")
        total = 3000
        texts = [f"{n} {'x' * 1000}" for n in range(total)]
        lines = "".join(f"<message to='{romeo.jid}' type='chat'><body>{text}</body></message>"
                        for text in texts)
        writer = in_background(lambda: juliet.write(lines))
        assert bodies(romeo, total) == texts
        writer.join(20)
        nothing_more(romeo)
        finished(server, "romeo", "juliet")


def in_background(work):
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def patience_anew():
    """who was waited for too long, and comes back, is waited for again"""
    with Daemon("limits.send_queue_bytes=512KiB", "loops=1", users=["romeo", "juliet"]) as server:
        juliet, other = sign_in(server, "juliet"), sign_in(server, "juliet", client_id=OTHER_ID)
        romeo = sign_in(server, "romeo")
        romeo.acks = False
        texts = [f"{n} {'x' * 10000}" for n in range(60)]
        for text in texts[:15]:
            say(juliet, romeo.jid, text)
        nothing_more(juliet)  # after five seconds
        cut(server, romeo)
        romeo = take_up(server, "romeo", romeo)
        lines = "".join(f"<message to='{romeo.jid}'><body>{text}</body></message>" for text in texts[15:])
        writer = in_background(lambda: juliet.write(lines))
        writer.join(5)  # unless the system's buffers hold less
        for _ in range(40):  # by then it would have read all
            nothing_more(other)
        assert bodies(romeo, len(texts)) == texts
        writer.join(30)
        nothing_more(juliet)
        finished(server, "romeo")


def never_acknowledges():
    """who never acknowledges is ended with resource-constraint, and leaves nothing behind"""
    with Daemon(users=["romeo", "juliet"]) as server:
        juliet, romeo = sign_in(server, "juliet"), sign_in(server, "romeo")
        # To itself: others who write to it would be held first, for some seconds.
        lines = "".join(f"<message to='{romeo.jid}' type='headline'><body>{'x' * 1000}</body></message>"
                        for n in range(2000))
        romeo.write_later(lines)
        ended_with(romeo, "resource-constraint")
        daemon.ping(juliet)
        juliet.close()
        wait_for("all of it to be gone", lambda: all(
            loop["memory_bytes"] == 0 for loop in status(server)["loops"]))
        finished(server, "romeo")


def too_many_sessions():
    """detached sessions count, and make room before anybody is refused"""
    with Daemon("limits.sessions_per_account=3", users=["romeo"]) as server:
        sessions = [sign_in(server, "romeo", client_id=f"id-{n}") for n in range(3)]
        refusal = opened(server)
        sign_in(server, "romeo", client_id="id-9", session=refusal)
        assert refusal.answer.bound is None
        drop(refusal)
        cut(server, sessions[1])
        more = sign_in(server, "romeo", client_id="id-4")
        assert more.answer.bound is not None
        lost = take_up(server, "romeo", sessions[1], client_id="id-1")
        assert lost.answer.resumed is None and lost.answer.bound is None
        for session in (sessions[0], sessions[2], more):
            daemon.ping(session)
            session.close()
        wait_for("all to be gone", lambda: not rows(server))
        finished(server, "romeo")


def ends_of_the_account():
    """a new password, a logout, a disabled and a removed account end detached sessions as well"""
    users = ["passwd", "logout", "disable", "remove"]
    with Daemon(users=[*users, "other"]) as server:
        for user in users:
            sessions = [sign_in(server, user, client_id=f"id-{n}") for n in range(3)]
            for session in sessions[:2]:
                available(session)
                cut(server, session)
            if user == "passwd":
                server.password("passwd", user, "a new one")
            else:
                server.control("user", user, user)
            ended_with(sessions[2], "not-authorized")
            wait_for("the end of its sessions", lambda: not rows(server))
            if user in ("passwd", "logout"):
                password = "a new one" if user == "passwd" else None
                again = take_up(server, user, sessions[0], password=password)
                assert again.answer.resumed is None
                again.close()
            else:
                refused(server, user, resume(sessions[0].sm_id, 0))
        finished(server, "other")


def stopping():
    """the server stops in order with detached sessions that hold messages"""
    with Daemon(users=["romeo", "juliet"]) as server:
        juliet = available(sign_in(server, "juliet"))
        for number in range(5):
            romeo = available(sign_in(server, "romeo", client_id=f"id-{number}"))
            for _ in range(10):
                say(juliet, romeo.jid, number)
            daemon.ping(juliet)
            cut(server, romeo)
        cut(server, juliet)
        server.stop()


def cycles(count=150):
    """resumed again and again, and ended again and again: the memory that sessions hold is flat"""
    with Daemon(users=["romeo", "juliet"]) as server:
        juliet, romeo = sign_in(server, "juliet", binding=bind()), sign_in(server, "romeo")

        def held():
            return sum(loop["memory_bytes"] for loop in status(server)["loops"])

        at_first = None
        for number in range(count):
            if number % 2:
                drop(romeo)
            say(juliet, romeo.jid, number)
            daemon.ping(juliet)
            again = take_up(server, "romeo", romeo)
            assert again.answer.resumed is not None, number
            assert bodies(again, 1) == [str(number)]
            drop(romeo)
            romeo = again
            handled(romeo)
            if number == 10:
                wait_for("two connections", lambda: connections(server) == 2)
                at_first = held()
        wait_for("two connections", lambda: connections(server) == 2)
        assert held() < at_first + 20_000, f"{at_first}, now {held()}"
        finished(server, "romeo")


def status(server):
    return json.loads(server.control("--json", "status"))


def connections(server):
    return status(server)["connections"]


def table():
    """linnetctl sessions says of a detached one that it is, and for how long it waits"""
    with Daemon("c2s.resume_s=300", users=["romeo"]) as server:
        romeo = sign_in(server, "romeo")
        cut(server, romeo)
        (heading, line) = server.control("sessions").splitlines()
        assert romeo.jid in line and "detached, " in line and " left" in line, line
        (row,) = rows(server)
        assert row["resumable_s"] == 300 and 0 <= row["detached_s"] < 300, row
        finished(server, "romeo")


if __name__ == "__main__":
    daemon.run(reset_in_traffic, counts, while_the_old_one_lives, words_after_the_end,
               wrong_count_beside_a_living_one, heir, rich_heir, no_heir, not_reading, silence, thief,
               without_sasl2, wrong_counts, expiry, short, delayed, delayed_once, copies,
               copies_of_heirs, closed_is_closed, full_while_detached, burst, patience_anew, never_acknowledges,
               too_many_sessions, ends_of_the_account, stopping, cycles, table)
