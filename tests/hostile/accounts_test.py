"""Accounts that change under clients on their way in, and what a stranger can learn of accounts."""
import base64
import contextlib
import re
import sqlite3

import daemon
from daemon import GONE, Daemon, drop

SASL = "xmlns='urn:ietf:params:xml:ns:xmpp-sasl'"


def secured(server):
    session = server.session(direct_tls=True)
    session.open()
    return session


def nearly(server, user):
    """A client that has signed in, and has not bound a resource."""
    session = secured(server)
    session.plain(user, f"secret of {user}")
    session.open()
    return session


def must_not_bind(session):
    try:
        session.bind("late")
    except (RuntimeError, *GONE):
        return
    raise AssertionError("it has a session")


def late_bind():
    """an account that changes between sign-in and binding: no session comes of it"""
    with Daemon(users=["removed", "disabled", "changed", "other"]) as server:
        sessions = [nearly(server, user) for user in ("removed", "disabled", "changed")]
        other = nearly(server, "other")
        server.control("user", "remove", "removed")
        server.control("user", "disable", "disabled")
        server.password("passwd", "changed", "a new one")
        for session in sessions:
            must_not_bind(session)
            drop(session)
        other.bind()
        daemon.ping(other)
        other.close()
        session = secured(server)
        session.plain("changed", "a new one")
        session.open()
        session.bind()
        session.close()
        server.stop()


def late_proof():
    """a password that changes between the server's challenge and the proof: no session either"""
    with Daemon(users=["slow"]) as server:
        for change in (lambda: server.password("passwd", "slow", "a new one"),
                       lambda: server.control("user", "remove", "slow")):
            session = secured(server)
            password = "secret of slow"
            proof = scram_first(session, "slow", password)
            change()
            session.write(proof)
            answer = session.read()
            if answer.tag.endswith("}success"):
                session.open()
                must_not_bind(session)
            drop(session)
            server.password("passwd" if "slow" in server.control("user", "list") else "add", "slow",
                            password)
        server.stop()


def scram_first(session, user, password):
    """Sends the first message of SCRAM-SHA-256; the second, with its proof."""
    import hashlib
    import hmac
    bare = f"n={user},r=abcdefgh"
    session.write(f"<auth {SASL} mechanism='SCRAM-SHA-256'>"
                  + base64.b64encode(("n,," + bare).encode()).decode() + "</auth>")
    first = base64.b64decode(session.read().text).decode()
    nonce, salt, count = re.match("r=([^,]*),s=([^,]*),i=([0-9]*)(,|$)", first).group(1, 2, 3)
    without = f"c=biws,r={nonce}"
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(salt), int(count))
    client = hmac.digest(salted, b"Client Key", "sha256")
    signature = hmac.digest(hashlib.sha256(client).digest(),
                            f"{bare},{first},{without}".encode(), "sha256")
    proof = base64.b64encode(bytes(a ^ b for a, b in zip(client, signature))).decode()
    return (f"<response {SASL}>" + base64.b64encode(f"{without},p={proof}".encode()).decode()
            + "</response>")


def seen_of(server, user, mechanism):
    """All that a stranger who knows no password sees of `user`, with what is random made equal."""
    seen = []
    for _ in range(2):
        session = secured(server)
        initial = {"PLAIN": f"\0{user}\0wrong", "DIGEST-MD5": None}.get(
            mechanism, f"n,,n={user},r=abcdefgh")
        text = base64.b64encode(initial.encode()).decode() if initial else ""
        session.write(f"<auth {SASL} mechanism='{mechanism}'>{text}</auth>")
        answer = session.read()
        if answer.tag.endswith("}challenge"):
            challenge = base64.b64decode(answer.text).decode()
            nonce = re.search('(?:r=|nonce=")([^,"]*)', challenge).group(1)
            salt = re.search("s=([^,]*),", challenge)
            seen.append((re.sub("(?:r=|nonce=\"|s=)[^,\"]*", "", challenge), len(nonce),
                         salt and len(salt.group(1))))
            if mechanism == "DIGEST-MD5":
                reply = (f'username="{user}",realm="localhost",nonce="{nonce}",cnonce="abc",nc=00000001,'
                         f'qop=auth,digest-uri="xmpp/localhost",response={"0" * 32},charset=utf-8')
            else:
                reply = f"c=biws,r={nonce},p={base64.b64encode(bytes(32)).decode()}"
                seen.append(salt.group(1) == seen_of.salts.setdefault((user, mechanism), salt.group(1)))
            session.write(f"<response {SASL}>{base64.b64encode(reply.encode()).decode()}</response>")
            answer = session.read()
        seen.append((answer.tag, [child.tag for child in answer]))
        drop(session)
    return seen


seen_of.salts = {}


def strangers():
    """a user who exists, a disabled one and none at all look alike to whoever has no password"""
    with Daemon("login.throttle=false", users=["juliet", "gone"]) as plain:
        plain.control("user", "disable", "gone")
        for mechanism in ("PLAIN", "SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512"):
            seen = [seen_of(plain, user, mechanism) for user in ("juliet", "nobody", "gone")]
            assert seen[0] == seen[1] == seen[2], f"{mechanism}: {seen}"
        session = secured(plain)
        session.write(scram_first(session, "gone", "secret of gone"))
        answer = session.read()
        assert answer[0].tag.endswith("}account-disabled"), answer[0].tag
        plain.stop()


def strangers_legacy():
    """the same for DIGEST-MD5, of accounts with and without a credential for it"""
    with Daemon("login.throttle=false", users=["before"]) as server:
        # Its credential is deleted by a start without the profile; here it never had one.
        command = server.process.args + ["--set", "login.legacy=true"]
        server.stop()
        server.start(command)
        server.add("after")
        seen = [seen_of(server, user, "DIGEST-MD5") for user in ("before", "after", "nobody")]
        assert seen[0] == seen[1] == seen[2], seen
        server.stop()


def between_accounts():
    """stanzas to a user who exists, offline, and to one who does not: the same answers"""
    with Daemon(users=["juliet", "offline"]) as server:
        session = server.login("juliet", "r")
        answers = []
        for user in ("offline", "nobody"):
            answers.append([])
            for number, stanza in enumerate((
                    "<message to='{}' id='{}'><body>x</body></message>",
                    "<message to='{}/r' id='{}' type='chat'><body>x</body></message>",
                    "<message to='{}/r' id='{}' type='groupchat'/>",
                    "<iq to='{}' id='{}' type='get'><ping xmlns='urn:xmpp:ping'/></iq>",
                    "<iq to='{}' id='{}' type='get'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>",
                    "<iq to='{}' id='{}' type='get'><vCard xmlns='vcard-temp'/></iq>",
                    "<iq to='{}/r' id='{}' type='set'><x xmlns='x'/></iq>",
                    "<presence to='{}' id='{}' type='subscribe'/>",
                    "<presence to='{}' id='{}' type='probe'/>")):
                session.write(stanza.format(f"{user}@localhost", number))
                answer = session.read()
                answers[-1].append((answer.tag, answer.get("type"),
                                    answer.get("from").replace(user, "user"),
                                    [(e.tag, e.attrib) for e in answer.iter()][1:]))
        assert answers[0] == answers[1], answers
        session.close()
        server.stop()


def damaged():
    """rows of the database that are not UTF-8: who asks for them gets an answer, and nobody else is ended"""
    users = ["name", "reason", "scheme", "token"]
    with Daemon(users=[*users, "other"]) as server:
        (file,) = (server.folder / "data").glob("*.db")
        bad = "CAST(x'61ff80c3' AS TEXT)"
        with contextlib.closing(sqlite3.connect(file)) as db:
            db.execute(f"UPDATE account SET username = {bad} WHERE username = 'name'")
            db.execute(f"UPDATE account SET reason = {bad}, disabled = 1 WHERE username = 'reason'")
            db.execute(f"UPDATE credential SET scheme = {bad} WHERE username = 'scheme'"
                       " AND scheme = 'SCRAM-SHA-1'")
            db.execute(f"INSERT INTO token VALUES ('localhost', 'token', {bad}, 0, {bad}, {bad}, 'x', -1,"
                       f" 9223372036854775807, 0, {bad}, {bad})")
            db.commit()
        accounts = server.control("--json", "user", "list").splitlines()
        assert len(accounts) == len(users) + 1, accounts
        for user in users[1:]:
            server.control("user", "show", user)
            server.control("user", "tokens", user)
            if user != "reason":
                server.serves(user)
        server.serves("other")
        server.stop()


daemon.run(late_bind, late_proof, strangers, strangers_legacy, between_accounts, damaged)
