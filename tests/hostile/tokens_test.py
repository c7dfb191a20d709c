"""FAST tokens (XEP-0484): who may use which, when they end, and that nothing keeps one."""
import base64
import binascii
import contextlib
import json
import sqlite3
import threading

import daemon
from daemon import Daemon, drop
from sasl2 import (CLIENT_ID, OTHER_ID, ENDP, FAST, NONE, Refused, bind, bodies, ended_with, fast, finished,
                   opened, refused, request, request_token, say, scram, sign_in, take_outcome,
                   token_message)

NO, OLD = "not-authorized", "credentials-expired"


def token_of(server, user, mechanism=NONE, **how):
    session = sign_in(server, user, request_token(mechanism), **how)
    assert session.answer.token and len(session.answer.token) >= 22, session.answer.token
    session.close()
    return session.answer.token


def use(server, user, token, inline="", **how):
    session = sign_in(server, user, inline, token=token, **how)
    daemon.ping(session)
    session.close()
    return session.answer


def tokens(server, user):
    return [json.loads(line)
            for line in server.control("--json", "user", "tokens", user).splitlines()]


def use_and_misuse():
    """a token lets in its own account, client and mechanism, again and again; nobody else"""
    with Daemon("login.throttle=false", users=["romeo", "juliet"]) as server:
        for mechanism in (NONE, ENDP):
            token = token_of(server, "romeo", mechanism)
            for _ in range(3):
                answer = use(server, "romeo", token, mechanism=mechanism)
                assert answer.token is None and answer.bound is not None
                proof = answer.success.findtext("{urn:xmpp:sasl:2}additional-data")
                assert len(base64.b64decode(proof)) == 32
            other = ENDP if mechanism == NONE else NONE
            refused(server, "romeo", condition=NO, token=token, mechanism=other)
            refused(server, "romeo", condition=NO, token=token, mechanism=mechanism, client_id=OTHER_ID)
            refused(server, "juliet", condition=NO, token=token, mechanism=mechanism)
            refused(server, "nobody", condition=NO, token=token, mechanism=mechanism)
            for wrong in (token[:-1], token + "A", token.swapcase(), "", "x" * 10_000):
                refused(server, "romeo", condition=NO, token=wrong, mechanism=mechanism)
            use(server, "romeo", token, mechanism=mechanism)
        # As a password it is worth nothing, and neither is a password as a token.
        refused(server, "romeo", condition=NO, password=token)
        refused(server, "romeo", condition=NO, token="secret of romeo")
        finished(server, "romeo", "juliet")


def must_refuse(session, text, condition):
    session.write(text)
    try:
        take_outcome(session)
    except Refused as error:
        assert str(error) == condition, (text[:300], str(error))
        return
    raise AssertionError(f"it was let in: {text[:300]}")


def malformed():
    """requests that make no sense: refused, with a word, and the next attempt is served"""
    with Daemon("login.throttle=false", users=["romeo"]) as server:
        token = token_of(server, "romeo")
        session = opened(server)
        good = token_message(session, NONE, "romeo", token)
        for text, condition in (
                (request(NONE, good, fast(), client_id=None), "malformed-request"),
                (request(NONE, good, fast(), client_id="x" * 65), "malformed-request"),
                (request(NONE, good, fast(count="-1")), "malformed-request"),
                (request(NONE, good, fast(count="9" * 19)), "malformed-request"),
                (request(NONE, good, fast(count="1 ")), "malformed-request"),
                (request(NONE, b"", fast()), "malformed-request"),
                (request(NONE, b"romeo", fast()), "malformed-request"),
                (request(NONE, good + b"x", fast()), "malformed-request"),
                (request(NONE, good), "invalid-mechanism"),
                (request("HT-SHA-256-UNIQ", good, fast()), "invalid-mechanism"),
                (request("PLAIN", b"\0romeo\0secret of romeo", fast()), "invalid-mechanism")):
            session = opened(server)
            must_refuse(session, text, condition)
            session.write(request(NONE, good, fast() + bind()))
            take_outcome(session)
            daemon.ping(session)
            session.close()
        session = opened(server)
        session.write(request(NONE, good, fast(), client_id="x" * 10_000))
        ended_with(session, "policy-violation")
        # Nobody gets a token without a name for the installation, or of a kind that is not on offer.
        for inline, client_id in ((request_token(), None), (request_token("HT-SHA-256-UNIQ"), OTHER_ID),
                                  (request_token("PLAIN"), OTHER_ID), (request_token(""), OTHER_ID)):
            session = sign_in(server, "romeo", inline, client_id=client_id)
            assert session.answer.token is None, inline
            session.close()
        finished(server, "romeo")


def count():
    """a count must grow: equal and lower ones are refused, and the token is good for higher ones"""
    with Daemon("login.throttle=false", users=["romeo"]) as server:
        token = token_of(server, "romeo")
        use(server, "romeo", token)
        for good, bad in ((1, 1), (5, 4), (6, 0), (10**17, 7)):
            use(server, "romeo", token, count=good)
            refused(server, "romeo", condition=OLD, token=token, count=bad)
        daemon.wait_for("the last record", lambda: server.control("logins", "--failed").count(
            "Token used before") == 4)
        assert "Password expired" not in server.control("logins", "--failed")
        finished(server, "romeo")


def played_again_is_no_proof():
    """a token's sign-in that was seen and is played again does not make its address trusted"""
    with Daemon("log.level=info", users=["romeo"]) as server:
        token = token_of(server, "romeo")
        use(server, "romeo", token, count=1)
        for _ in range(5):
            refused(server, "romeo", condition=NO, password="a guess")
        refused(server, "romeo", condition=OLD, token=token, count=1)
        session = opened(server)
        session.write(request("PLAIN", b"\0romeo\0a guess"))
        daemon.wait_for("the next guess to be held", lambda: "held for" in server.said(), 10)
        drop(session)
        use(server, "romeo", token, count=2)  # but this is a proof
        refused(server, "romeo", condition=NO, password="a guess")
        assert server.said().count("held for") == 1
        finished(server, "romeo")


def one_after_another():
    """one connection proves to be everybody in turn, is refused each time, and ends as the last"""
    users = [f"user{number}" for number in range(8)]  # at home on different loops
    with Daemon("login.throttle=false", users=users) as server:
        held = {user: token_of(server, user) for user in users}
        for user in users:
            use(server, user, held[user], count=1)
        for last in users[:4]:
            session = opened(server)
            for user in reversed(users):  # the proof is right, and the connection at its home, before the count
                must_refuse(session, request(NONE, token_message(session, NONE, user, held[user]),
                                             fast(count=1)), OLD)
            sign_in(server, last, session=session)
            other = sign_in(server, users[-1])
            say(other, session.jid, "found")
            assert bodies(session, 1) == ["found"]
            session.close()
            other.close()
        finished(server, *users)


def same_count_at_once(rounds=6):
    """the same first flight from several connections at once: exactly one of them gets in"""
    with Daemon("login.throttle=false", users=["romeo"]) as server:
        token = token_of(server, "romeo")
        for number in range(1, rounds):
            sessions = [opened(server) for _ in range(4)]
            for session in sessions:
                session.flight = request(NONE, token_message(session, NONE, "romeo", token),
                                         fast(number) + bind(), client_id=CLIENT_ID)
            outcomes = []
            gate = threading.Barrier(len(sessions))

            def go(session):
                gate.wait()
                session.write(session.flight)
                try:
                    take_outcome(session, keep_features=False)
                    outcomes.append("in")
                except Refused as error:
                    outcomes.append(str(error))

            threads = [threading.Thread(target=go, args=(session,)) for session in sessions]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert sorted(outcomes) == [OLD] * 3 + ["in"], outcomes
            for session in sessions:
                drop(session)
        finished(server, "romeo")


def rotation():
    """a new token takes the old one's place when it is used, not before"""
    with Daemon("login.throttle=false", users=["romeo"]) as server:
        old = token_of(server, "romeo")
        new = use(server, "romeo", old, request_token()).token
        assert new and new != old
        use(server, "romeo", old)
        use(server, "romeo", new)
        refused(server, "romeo", condition=NO, token=old)
        # One that was asked for and never used gives way to the next.
        lost = use(server, "romeo", new, request_token()).token
        newer = use(server, "romeo", new, request_token()).token
        refused(server, "romeo", condition=NO, token=lost)
        use(server, "romeo", newer)
        refused(server, "romeo", condition=NO, token=new)
        # Of two clients each has its own.
        theirs = token_of(server, "romeo", client_id=OTHER_ID)
        use(server, "romeo", newer)
        use(server, "romeo", theirs, client_id=OTHER_ID)
        assert {row["client"] for row in tokens(server, "romeo")} == {CLIENT_ID, OTHER_ID}
        use(server, "romeo", newer, invalidate=True)
        refused(server, "romeo", condition=NO, token=newer)
        use(server, "romeo", theirs, client_id=OTHER_ID)
        # By SCRAM one gets a token as well.
        session = scram(opened(server), "romeo", "secret of romeo", request_token() + bind())
        session.close()
        use(server, "romeo", session.answer.token)
        finished(server, "romeo")


def revoked():
    """revoked, logged out, a new password, disabled, removed: the token is void at once"""
    users = ["revoke", "logout", "passwd", "disable", "remove"]
    with Daemon("login.throttle=false", users=[*users, "other"]) as server:
        held = {user: token_of(server, user) for user in users}
        kept = token_of(server, "revoke", client_id=OTHER_ID)
        for user in users:
            session = sign_in(server, user, token=held[user])
            if user == "revoke":
                server.control("user", "tokens", user, "--revoke", CLIENT_ID)
                daemon.ping(session)
            elif user == "passwd":
                server.password("passwd", user, "a new one")
            else:
                server.control("user", user, user)
            if user != "revoke":
                ended_with(session, "not-authorized")
            refused(server, user, token=held[user],
                    condition=None if user == "disable" else NO)
            session.socket.close()
        use(server, "revoke", kept, client_id=OTHER_ID)
        server.control("user", "enable", "disable")
        server.add("remove")
        refused(server, "remove", condition=NO, token=held["remove"])
        assert not tokens(server, "logout") and not tokens(server, "passwd")
        finished(server, "other", "disable", "revoke", "logout", "remove")


def race_with_a_password(rounds=8):
    """a token asked for while the password changes: the old password's token is never good after"""
    with Daemon("login.throttle=false", users=["romeo"]) as server:
        password = "secret of romeo"
        for number in range(rounds):
            session = opened(server)
            changing = threading.Thread(
                target=server.password, args=("passwd", "romeo", f"number {number}"))
            changing.start()
            got = None
            try:
                sign_in(server, "romeo", request_token(), password=password, session=session)
                got = session.answer.token
            except (Refused, AssertionError, *daemon.GONE):
                pass
            changing.join()
            if got:
                refused(server, "romeo", condition=NO, token=got)
            drop(session)
            assert not tokens(server, "romeo"), "a token outlived its password"
            password = f"number {number}"
        server.password("passwd", "romeo")
        finished(server, "romeo")


def restart(server, between=lambda: None):
    command = server.process.args
    server.stop()
    between()
    server.start(command)


def restarts():
    """tokens and counts outlive the server, but not the loss of their key; passwords do"""
    with Daemon("login.throttle=false", users=["romeo"]) as server:
        token = token_of(server, "romeo")
        use(server, "romeo", token, count=7)
        key = server.folder / "data" / "token.key"
        assert key.stat().st_mode & 0o777 == 0o600, oct(key.stat().st_mode)
        restart(server)
        refused(server, "romeo", condition=OLD, token=token, count=7)
        use(server, "romeo", token, count=8)
        server.process.kill()
        server.process.wait()
        server.start(server.process.args)
        refused(server, "romeo", condition=OLD, token=token, count=8)
        use(server, "romeo", token, count=9)
        restart(server, key.unlink)
        refused(server, "romeo", condition=NO, token=token, count=10)
        token = token_of(server, "romeo")
        use(server, "romeo", token)
        finished(server, "romeo")


def store_that_fails():
    """while the database refuses writes nobody's token is called expired, and it is good afterwards"""
    with Daemon("login.throttle=false", users=["romeo"]) as server:
        token = token_of(server, "romeo")
        with contextlib.closing(sqlite3.connect(database(server))) as db:
            names = [name for (name,) in db.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE '%token%'")]
            assert names, "no table of tokens"
            for name in names:
                for verb in ("UPDATE", "INSERT", "DELETE"):
                    db.execute(f"CREATE TRIGGER {name}_{verb} BEFORE {verb} ON {name} "
                               "BEGIN SELECT RAISE(ABORT, 'the disk is full'); END")
            db.commit()
            session = opened(server)
            session.write(request(NONE, token_message(session, NONE, "romeo", token), fast(1) + bind()))
            ended_with(session, "internal-server-error")
            # With a password one gets in, without a token.
            session = sign_in(server, "romeo", request_token())
            assert session.answer.token is None and session.answer.bound is not None
            session.close()
            for name in names:
                for verb in ("UPDATE", "INSERT", "DELETE"):
                    db.execute(f"DROP TRIGGER {name}_{verb}")
            db.commit()
        use(server, "romeo", token, count=1)
        finished(server, "romeo")


def database(server):
    (file,) = [f for f in (server.folder / "data").iterdir() if f.suffix in (".db", ".sqlite")]
    return file


def switched_off():
    """without tokens none is offered, issued or taken"""
    with Daemon("login.throttle=false", users=["romeo"]) as server:
        token = token_of(server, "romeo")
        command = [*server.process.args, "--set", "login.token_days=0"]
        server.stop()
        server.start(command)
        session = opened(server)
        assert session.features.find(f".//{{{FAST}}}fast") is None
        sign_in(server, "romeo", request_token(), session=session)
        assert session.answer.token is None
        session.close()
        refused(server, "romeo", condition="invalid-mechanism", token=token)
        finished(server, "romeo")


def nothing_keeps_one():
    """no token in the log, the database or what the operator is shown"""
    with Daemon("login.throttle=false", "log.level=debug", users=["romeo"]) as server:
        seen = []
        token = token_of(server, "romeo")
        seen.append(token)
        session = opened(server)
        sign_in(server, "romeo", request_token(), token=token, count=1, session=session)
        seen.append(session.answer.token)
        session.close()
        refused(server, "romeo", token=token[:-2] + "xx")
        shown = "".join(server.control(*words) for words in (
            ("logins", "--trace"), ("--json", "logins", "--trace"), ("sessions",),
            ("--json", "sessions"), ("user", "tokens", "romeo"), ("--json", "user", "tokens", "romeo"),
            ("status",)))
        assert "request-token" in shown or "authenticate" in shown, "the trace shows nothing to search"
        texts = {"linnetctl": shown.encode(), "log": server.log.read_bytes()}
        for file in (server.folder / "data").iterdir():
            if file.is_file():
                texts[file.name] = file.read_bytes()
        assert any(name.endswith(".db") or "sqlite" in name for name in texts), list(texts)
        for secret in seen:
            raw = base64.urlsafe_b64decode(secret + "=" * (-len(secret) % 4))
            for form in (secret.encode(), raw, base64.b64encode(raw), binascii.hexlify(raw),
                         base64.b64encode(secret.encode())[:-4], binascii.hexlify(secret.encode())):
                for name, text in texts.items():
                    assert form not in text, f"a token is in {name}"
        server.stop()


if __name__ == "__main__":
    daemon.run(use_and_misuse, malformed, count, played_again_is_no_proof, one_after_another,
               same_count_at_once, rotation, revoked, race_with_a_password, restarts,
               store_that_fails, switched_off, nothing_keeps_one)
