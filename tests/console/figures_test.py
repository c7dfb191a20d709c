"""What the server counts and who is connected, as the web console is told: figures_test.py LINNETD
LINNETCTL LINNET-CONSOLE"""
import json
import urllib.parse

from console_test import Site, daemon, expect, sasl2, wait_for


def ask(browser, path, **query):
    return browser.get(f"{path}?{urllib.parse.urlencode(query)}")


def rows(browser, **query):
    return expect(ask(browser, "/sessions", **query), 200).json["sessions"]


def jids(browser, **query):
    return sorted(row["jid"] for row in rows(browser, **query))


def counts_what_passes():
    """messages and stanzas are counted, for each session and in all"""
    with Site() as site:
        site.add("romeo")
        site.add("juliet")
        browser = site.browser("looker")
        status = lambda: expect(browser.get("/status"), 200).json  # noqa: E731
        before = status()
        assert (before["messages"], before["stanzas_in"], before["stanzas_out"]) == (0, 0, 0), before
        romeo, juliet = site.login("romeo"), site.login("juliet")
        for number in range(20):
            sasl2.say(romeo, juliet.jid, f"number {number}")
        for _ in range(20):
            assert juliet.read().tag.endswith("}message")
        daemon.ping(romeo)
        daemon.ping(juliet)
        # 20 messages and two pings came; 20 messages and two answers went.
        wait_for("the figures", lambda: (now := status()) and now["stanzas_in"] >= 22 and
                 now["stanzas_out"] >= 22)
        after = status()
        assert (after["messages"], after["stanzas_in"], after["stanzas_out"]) == (20, 22, 22), after
        [row] = rows(browser, user="romeo")
        assert (row["stanzas_in"], row["stanzas_out"]) == (21, 1), row
        assert row["bytes_in"] > 20 * len("<message/>") and row["bytes_out"] > 0, row
        [row] = rows(browser, user="JULIET")
        assert (row["stanzas_in"], row["stanzas_out"]) == (1, 21), row
        assert row["cipher"].startswith("TLS_") and row["software"] is None, row
        assert after["uptime_s"] <= 300 and row["since_s"] > 1700000000
        assert after["changes"] >= before["changes"] + 2
        daemon.drop(romeo)
        wait_for("the session to go", lambda: status()["changes"] >= after["changes"] + 1)
        daemon.drop(juliet)
        site.stop()


def says_how_it_is():
    """status: where it listens, how late it is, how long commits take, and what there is to mend"""
    with Site("login.throttle=false", "login.legacy=true") as site:
        status = expect(site.browser("admin").get("/status"), 200).json
        assert status["listening"] == [f"127.0.0.1:{site.port}", f"127.0.0.1:{site.tls_port} TLS"]
        assert status["lag_ms"] == max(loop["lag_ms"] for loop in status["loops"]), status
        commit = status["commit"]
        assert commit["total"] >= 5 and commit["total"] >= commit["count"], commit
        assert 0 <= commit["mean_ms"] <= commit["worst_ms"], commit
        warnings = {warning["id"]: warning for warning in status["warnings"]}
        assert {"login-unthrottled", "login-legacy", "certificate-self-signed"} <= set(warnings), warnings
        for warning in warnings.values():
            assert warning["severity"] in ("error", "warning") and warning["sentence"], warning
            assert warning["remedy"] and isinstance(warning["params"], dict), warning
        told = site.control("status")
        assert "warning: Passwords can be guessed at any speed.\n" in told, told
        assert f"127.0.0.1:{site.port}, 127.0.0.1:{site.tls_port} TLS\n" in told, told
        site.stop()


def finds_sessions():
    """sessions are found by address, software and account, on all loops"""
    users = [f"user{number}" for number in range(8)]
    with Site() as site:
        for user in users:
            site.add(user)
        browser = site.browser("looker")
        sessions = [site.login(user, "phone") for user in users]
        session = sasl2.sign_in(site, "user3", client_id=sasl2.CLIENT_ID)
        sessions.append(session)
        assert len(jids(browser)) == 9
        assert jids(browser, user="user3@localhost") == sorted([sessions[3].jid, session.jid])
        assert jids(browser, user="nobody") == []
        assert jids(browser, q="USER5@") == [sessions[5].jid]
        assert jids(browser, q="HostiLe") == [session.jid]
        assert jids(browser, q="hostile", user="user4") == []
        assert len(jids(browser, q="127.0.0.1:")) == 9
        assert jids(browser, q="%") == [] and jids(browser, q="user3@localhost/phone") == [sessions[3].jid]
        page = expect(ask(browser, "/sessions", q="phone", limit=5), 200).json
        assert len(page["sessions"]) == 5 and page["more"] is True
        page = expect(ask(browser, "/sessions", q="phone", limit=8), 200).json
        assert len(page["sessions"]) == 8 and page["more"] is False
        expect(ask(browser, "/sessions", q="x" * 257), 400, "bad-request")
        expect(ask(browser, "/sessions", user="a b"), 422, "usage")
        expect(ask(browser, "/sessions", user=""), 422, "usage")
        found = [json.loads(line) for line in
                 site.control("--json", "sessions", "--filter", "hostile").splitlines()]
        assert [(row["jid"], row["software"]) for row in found] == [(session.jid, "hostile")]
        for session in sessions:
            daemon.drop(session)
        sasl2.OPEN.clear()
        site.stop()


def named(site, browser, software):
    """What is kept of the software that a client names."""
    session = sasl2.opened(site)
    agent = sasl2.agent("7d2f7d3c-57d0-4b1e-8c3c-0b6b4a1b9d11", software)
    session.write(f"<authenticate xmlns='{sasl2.SASL2}' mechanism='PLAIN'><initial-response>"
                  f"{sasl2.b64(sasl2.plain('romeo', 'secret of romeo'))}</initial-response>{agent}"
                  f"{sasl2.bind()}</authenticate>")
    sasl2.take_outcome(session)
    [row] = rows(browser, q=session.jid)
    return row["software"]


def keeps_the_software():
    """what a client calls itself stays with its session, which may be resumed by another"""
    with Site() as site:
        site.add("romeo")
        browser = site.browser("looker")
        old = sasl2.sign_in(site, "romeo")
        [row] = rows(browser)
        assert row["software"] == "hostile" and row["stanzas_in"] == 0, row
        daemon.ping(old)
        daemon.drop(old)
        wait_for("the session to be detached", lambda: "detached_s" in rows(browser)[0])
        [row] = rows(browser, q="hostile")
        assert row["software"] == "hostile" and row["since_s"] > 1700000000, row
        for name in ("cipher", "stanzas_in", "stanzas_out", "bytes_in", "bytes_out"):
            assert row[name] is None, row
        old.h = 1  # the answer to the ping
        new = sasl2.take_up(site, "romeo", old)
        assert new.answer.resumed is not None
        [row] = rows(browser)
        assert row["software"] == "hostile" and row["cipher"] and row["stanzas_in"] == 0, row
        for said, kept in (("\N{LATIN SMALL LETTER E WITH ACUTE}" * 80, "\N{LATIN SMALL LETTER E WITH ACUTE}" * 50),
                           ("x\N{LATIN SMALL LETTER E WITH ACUTE}" + "\N{GRINNING FACE}" * 40,
                            "x\N{LATIN SMALL LETTER E WITH ACUTE}" + "\N{GRINNING FACE}" * 24),
                           ("a\N{RIGHT-TO-LEFT OVERRIDE}b", "a?b"), ("", None)):
            assert named(site, browser, said) == kept, said
        sasl2.finished(site)


def shows_one_sign_in():
    """a sign-in is found by its address and its number, and its trace gives no secret away"""
    with Site() as site:
        site.add("romeo")
        browser = site.browser("looker")
        session = sasl2.sign_in(site, "romeo", sasl2.request_token())
        token = session.answer.token
        again = sasl2.sign_in(site, "romeo", token=token, mechanism=sasl2.NONE, count=1)
        sasl2.refused(site, "romeo", password="a wrong secret")
        daemon.drop(site.login("romeo"))
        told = lambda: expect(ask(browser, "/logins", address="127.0.0.1"), 200).json  # noqa: E731
        wait_for("the record of who was refused, and left", lambda: len(told()["logins"]) >= 4)
        page = told()
        assert all("trace" not in login for login in page["logins"])
        port = page["logins"][0]["address"].rsplit(":")[1]
        one = expect(ask(browser, "/logins", address=f"127.0.0.1:{port}"), 200).json["logins"]
        assert [login["id"] for login in one] == [page["logins"][0]["id"]]
        assert expect(ask(browser, "/logins", address="192.0.2."), 200).json["logins"] == []
        for login in page["logins"]:
            answer = expect(ask(browser, "/login", id=login["id"]), 200)
            shown = answer.json
            assert {name: shown[name] for name in login} == login and "***" in shown["trace"]
            for secret in (b"secret", token.encode(), sasl2.plain("romeo", "secret of romeo"),
                           sasl2.b64(sasl2.plain("romeo", "secret of romeo")).encode(),
                           sasl2.b64(sasl2.plain("romeo", "a wrong secret")).encode()):
                assert secret not in answer.text, (secret, answer.text)
        assert len(set(login["id"] for login in page["logins"])) == len(page["logins"])
        expect(ask(browser, "/login", id=page["logins"][-1]["id"] + 1000), 404, "not-found")
        expect(browser.get("/login"), 400, "bad-request")
        for wrong in ("0", "-1", "x", "", str(2**63)):
            expect(ask(browser, "/login", id=wrong), 400, "bad-request")
        expect(site.browser().get("/login?id=1"), 401, "signed-out")
        assert site.control("logins", "--address", f"127.0.0.1:{port}").count("connection") == 1
        daemon.drop(again)
        daemon.drop(session)
        sasl2.OPEN.clear()
        site.stop()


daemon.run(counts_what_passes, says_how_it_is, finds_sessions, keeps_the_software, shows_one_sign_in)
