"""Better hashes of a password (XEP-0480): an account that has SCRAM-SHA-1 alone gets the others when
its owner signs in with linnet, and nobody sees the password, or what is as good, on the way."""
import base64
import binascii
import hashlib
import hmac
import re
import sqlite3
import ssl

import daemon
from cli import good, login
from daemon import GONE, Daemon, drop

ALL = "SCRAM-SHA-1 SCRAM-SHA-256 SCRAM-SHA-512"
PLUS = ["SCRAM-SHA-1-PLUS", "SCRAM-SHA-256-PLUS", "SCRAM-SHA-512-PLUS"]
PASSWORD = "secret of juliet"


def store(server, sql, *values):
    with sqlite3.connect(server.folder / "data" / "linnet.db", timeout=20) as db:
        return db.execute(sql, values).fetchall()


def rows(server, user="juliet"):
    return dict(store(server, "SELECT scheme, value FROM credential WHERE username = ?", user))


def old_account(server, user="juliet"):
    """What another server's database would have of it."""
    salt = b"salt from before"
    salted = hashlib.pbkdf2_hmac("sha1", f"secret of {user}".encode(), salt, 4096)
    stored = hashlib.sha1(hmac.digest(salted, b"Client Key", "sha1")).digest()
    keys = [base64.b64encode(key).decode()
            for key in (salt, stored, hmac.digest(salted, b"Server Key", "sha1"))]
    store(server, "DELETE FROM credential WHERE username = ?", user)
    store(server, "INSERT INTO credential (domain, username, scheme, value) VALUES (?, ?, ?, ?)",
          daemon.DOMAIN, user, "SCRAM-SHA-1", "SCRAM-SHA-1$4096:{}${}:{}".format(*keys))


def upgraded():
    """an account with SCRAM-SHA-1 alone has the others after one login, and they are good"""
    with Daemon(users=["juliet"]) as server:
        old_account(server)
        before = rows(server)
        assert list(before) == ["SCRAM-SHA-1"], before
        good(login(server, "--mech", "SCRAM-SHA-1-PLUS"))
        after = rows(server)
        assert " ".join(sorted(after)) == ALL, after
        assert after["SCRAM-SHA-1"] == before["SCRAM-SHA-1"]
        for mechanism in PLUS:
            good(login(server, "--mech", mechanism))
            assert login(server, "--mech", mechanism, password="wrong").returncode == 30
        assert rows(server) == after
        session = server.login("juliet")  # PLAIN takes the row of SHA-256
        session.close()
        said = server.said()
        assert said.count("upgraded: ") == 2 and "not upgraded" not in said, said
        server.stop()


def by_default():
    """linnet alone, asked for nothing, does it too, and once"""
    with Daemon("login.mechanisms=SCRAM-SHA-1-PLUS SCRAM-SHA-512-PLUS",
                users=["juliet"]) as server:
        old_account(server)
        good(login(server, "--mech", "SCRAM-SHA-1-PLUS"))
        # Of what cannot be signed in with there is no hash.
        assert sorted(rows(server)) == ["SCRAM-SHA-1", "SCRAM-SHA-512"], rows(server)
        good(login(server))
        assert server.said().count("upgraded: ") == 1
        server.stop()


def unbound():
    """without a bound channel nothing is asked for"""
    with Daemon(users=["juliet"]) as server:
        old_account(server)
        for words in (["--mech", "SCRAM-SHA-1"], ["--mech", "PLAIN"]):
            good(login(server, *words))
            assert list(rows(server)) == ["SCRAM-SHA-1"]
        server.stop()


def unseen():
    """neither trace nor log nor record shows a hash of the password"""
    with Daemon("log.level=debug", users=["juliet"]) as server:
        old_account(server)
        trace = server.folder / "trace"
        result = good(login(server, "--mech", "SCRAM-SHA-1-PLUS", "-v", f"--trace={trace}"))
        seen = (result.stdout + result.stderr).decode() + trace.read_text()
        assert seen.count("UPGR-SCRAM-SHA-512") >= 3, seen  # offer, request, task
        assert "<hash" in seen
        record = server.control("--json", "logins", "--user", "juliet", "--trace")
        assert "UPGR-SCRAM-SHA-512" in record and "<hash" in record, record
        for scheme, value in rows(server).items():
            _, count_salt, keys = value.split("$")
            count, salt = count_salt.split(":")
            salted = hashlib.pbkdf2_hmac(scheme[6:].replace("-", "").lower(),
                                         PASSWORD.encode(), base64.b64decode(salt), int(count))
            secrets = [base64.b64encode(salted).decode(), binascii.hexlify(salted).decode(),
                       *keys.split(":"), PASSWORD]
            for secret in secrets:
                for name, text in (("trace", seen), ("record", record), ("log", server.said())):
                    assert secret not in text, f"{name} shows {secret} of {scheme}"
        server.stop()


SASL2 = "xmlns='urn:xmpp:sasl:2'"


def in_task(server, user="juliet"):
    """A client that has signed in by SCRAM-SHA-1-PLUS and been given a task; the salt of it."""
    session = server.session()
    session.context.maximum_version = ssl.TLSVersion.TLSv1_2  # what Python can bind to
    session.open()
    session.starttls()
    session.open()
    binding = session.socket.get_channel_binding("tls-unique")
    bare, header = f"n={user},r=abcdefgh", "p=tls-unique,,"
    initial = base64.b64encode((header + bare).encode()).decode()
    session.write(f"<authenticate {SASL2} mechanism='SCRAM-SHA-1-PLUS'><initial-response>{initial}"
                  "</initial-response><upgrade xmlns='urn:xmpp:sasl:upgrade:0'>UPGR-SCRAM-SHA-256"
                  "</upgrade><bind xmlns='urn:xmpp:bind:0'/></authenticate>")
    first = base64.b64decode(session.read().text).decode()
    nonce, salt, count = re.match("r=([^,]*),s=([^,]*),i=([0-9]*)(,|$)", first).group(1, 2, 3)
    without = f"c={base64.b64encode(header.encode() + binding).decode()},r={nonce}"
    salted = hashlib.pbkdf2_hmac("sha1", f"secret of {user}".encode(), base64.b64decode(salt),
                                 int(count))
    client = hmac.digest(salted, b"Client Key", "sha1")
    signature = hmac.digest(hashlib.sha1(client).digest(), f"{bare},{first},{without}".encode(),
                            "sha1")
    proof = base64.b64encode(bytes(a ^ b for a, b in zip(client, signature))).decode()
    final = base64.b64encode(f"{without},p={proof}".encode()).decode()
    session.write(f"<response {SASL2}>{final}</response>")
    asked = session.read()
    assert asked.tag.endswith("}continue"), asked.tag
    session.write(f"<next {SASL2} task='UPGR-SCRAM-SHA-256'/>")
    data = session.read()[0]
    assert data.get("iterations") == "4096", data.attrib
    return session, base64.b64decode(data.text)


def give(session, salt, user="juliet"):
    salted = hashlib.pbkdf2_hmac("sha256", f"secret of {user}".encode(), salt, 4096)
    session.write(f"<task-data {SASL2}><hash xmlns='urn:xmpp:scram-upgrade:0'>"
                  f"{base64.b64encode(salted).decode()}</hash></task-data>")


def raced():
    """what changes the account in the middle of a task leaves it without the row"""
    with Daemon(users=["juliet"]) as server:
        def passwd():
            server.password("passwd", "juliet", "another")
            store(server, "DELETE FROM credential WHERE scheme != 'SCRAM-SHA-1'")

        def disable():
            server.control("user", "disable", "juliet")
            server.control("user", "enable", "juliet")
        for change in (None, passwd, disable, lambda: server.control("user", "logout", "juliet")):
            old_account(server)
            session, salt = in_task(server)
            if change:
                change()
            give(session, salt)
            try:
                tag = session.read().tag
            except GONE:
                tag = "gone"
            assert ("}success" in tag) == (change is None), tag
            assert ("SCRAM-SHA-256" in rows(server)) == (change is None), rows(server)
            drop(session)
        assert server.said().count("not upgraded: ") == 3
        server.stop()


def left():
    """clients that leave in the middle of a task, or as it ends, leave nothing behind"""
    users = [f"user{number}" for number in range(20)]
    with Daemon(users=["romeo", *users]) as server:
        for number, user in enumerate(users):
            old_account(server, user)
            session, salt = in_task(server, user)
            if number % 2:
                give(session, salt, user)
            drop(session)
        server.serves("romeo")
        daemon.wait_for("their end", lambda: '"connections":0' in server.control("--json", "status"))
        # A row that was on its way is added, whoever waits for it; no other is.
        for user in users[::2]:
            assert list(rows(server, user)) == ["SCRAM-SHA-1"]
        server.stop()


daemon.run(upgraded, by_default, unbound, unseen, raced, left)
