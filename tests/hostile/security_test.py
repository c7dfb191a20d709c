"""What an operator does about guessers and weak mechanisms, with a server that is started anew."""
import base64
import hashlib
import json
import re
import subprocess
import sys

import daemon
from daemon import DOMAIN, Daemon

SASL = "xmlns='urn:ietf:params:xml:ns:xmpp-sasl'"


def opened(server):
    session = server.session(direct_tls=True)
    session.open()
    return session


def digest_md5(user, password, nonce):
    """The response of RFC 2831 §2.1.2."""
    def md5(*parts):
        return hashlib.md5(b":".join(p if isinstance(p, bytes) else p.encode() for p in parts))
    uri, cnonce, count = f"xmpp/{DOMAIN}", "0123456789abcdef", "00000001"
    a1 = md5(md5(user, DOMAIN, password).digest(), nonce, cnonce).hexdigest()
    a2 = md5("AUTHENTICATE", uri).hexdigest()
    proof = md5(a1, nonce, count, cnonce, "auth", a2).hexdigest()
    return (f'username="{user}",realm="{DOMAIN}",nonce="{nonce}",cnonce="{cnonce}",nc={count},qop=auth,'
            f'digest-uri="{uri}",response={proof},charset=utf-8')


def sign_in_weakly(server, user):
    session = opened(server)
    session.write(f"<auth {SASL} mechanism='DIGEST-MD5'/>")
    challenge = base64.b64decode(session.read().text).decode()
    nonce = re.search('nonce="([^"]*)"', challenge).group(1)
    answer = base64.b64encode(digest_md5(user, f"secret of {user}", nonce).encode()).decode()
    session.write(f"<response {SASL}>{answer}</response>")
    if (element := session.read()).tag.endswith("}challenge"):
        session.write(f"<response {SASL}/>")
        element = session.read()
    assert element.tag.endswith("}success"), element.tag
    session.open()
    session.bind("old")
    return session


def restarted(server):
    server.stop()
    server.start()


def asks(server, *words):
    return [json.loads(line) for line in server.control("--json", *words).splitlines()]


def refused(server, *words):
    done = subprocess.run([sys.argv[2], "--data", server.folder / "data", *words],
                          capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 2, done
    return done.stderr


def keeps_who_is_weak():
    """who signed in with DIGEST-MD5 is known, also later, until the account goes"""
    with Daemon("login.legacy=true", users=["juliet", "romeo"]) as server:
        server.serves("romeo")  # with PLAIN
        [before] = asks(server, "mechanisms")
        assert before["legacy"] == {"enabled": True, "needed_by": [], "more": False}, before
        sign_in_weakly(server, "juliet").close()
        daemon.wait_for("the row", lambda: asks(server, "mechanisms")[0]["legacy"]["needed_by"])
        [told] = asks(server, "mechanisms")
        [row] = told["legacy"]["needed_by"]
        assert (row["user"], row["mechanism"], row["software"]) == ("juliet", "DIGEST-MD5", None), row
        used = {m["name"]: m["used_recently"] for m in told["mechanisms"]}
        assert used["DIGEST-MD5"] == 1 and used["PLAIN"] == 1 and used["SCRAM-SHA-256"] == 0, used
        restarted(server)
        [later] = asks(server, "mechanisms")
        assert later["legacy"]["needed_by"] == [row], later
        assert "juliet  DIGEST-MD5  " in server.control("mechanisms")
        server.control("user", "remove", "juliet")
        assert not asks(server, "mechanisms")[0]["legacy"]["needed_by"]
        server.stop()


def guess(server, user, times):
    for _ in range(times):
        session = opened(server)
        try:
            session.plain(user, "a guess")
        except RuntimeError:
            session.close()
        else:
            raise AssertionError("it was let in")


def forgives_guessers():
    """who guessed is listed, and need not wait once it is forgiven"""
    with Daemon(users=["juliet", "romeo"]) as server:
        assert server.control("throttle") == "Nobody has given a wrong password lately.\n"
        guess(server, "juliet", 5)
        debts = {(d["kind"], d["who"]): d for d in asks(server, "throttle")}
        assert debts["address", "127.0.0.1"]["hold_ms"] == 1000, debts
        assert debts["account", "juliet"]["failures"] == 5, debts
        said = server.control("throttle", "forgive", "127.0.0.1")
        assert said == "127.0.0.1 owes nothing any more.\n", said
        assert server.control("throttle", "forgive", "127.0.0.1") == "127.0.0.1 owed nothing.\n"
        assert [d["who"] for d in asks(server, "throttle")] == ["juliet"]
        server.serves("romeo")
        server.says("throttle.forgiven: 127.0.0.1 by uid ")
        assert "held for" not in server.said()
        server.stop()


def keeps_blocks():
    """blocks outlive the server; what must not be blocked is refused"""
    with Daemon(users=["romeo"]) as server:
        for network in ("127.0.0.1", "127.0.0.0/8", "::1", "0.0.0.0/0", "::/0"):
            assert "cannot be blocked" in refused(server, "block", "add", network), network
        assert "is 192.0.2.0/24" in refused(server, "block", "add", "192.0.2.7/24")
        assert "--hours takes a number" in refused(server, "block", "add", "192.0.2.7", "--hours", "0")
        server.control("block", "add", "192.0.2.0/24", "--reason", "spam", "--hours", "2")
        server.control("block", "add", "2001:DB8::/32")
        before = asks(server, "block", "list")
        assert {b["network"]: b["hits"] for b in before} == {"192.0.2.0/24": 0, "2001:db8::/32": 0}, before
        restarted(server)
        assert asks(server, "block", "list") == before
        server.serves("romeo")
        assert server.control("block", "remove", "2001:db8::/32") == "2001:db8::/32 may connect again.\n"
        assert "is not blocked" in refused(server, "block", "remove", "2001:db8::/32")
        restarted(server)
        assert [b["reason"] for b in asks(server, "block", "list")] == ["spam"]
        server.stop()


daemon.run(keeps_who_is_weak, forgives_guessers, keeps_blocks)
