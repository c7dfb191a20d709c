"""The web console as a browser sees it, and as one who means harm does: console_test.py LINNETD
LINNETCTL LINNET-CONSOLE"""
import contextlib
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import threading

from browser import API, PASSWORD, Browser, Site, answers, expect, is_gone, raw

import daemon  # its folder is known since browser was imported
import sasl2
from daemon import Daemon, free_port, wait_for

# What can be done to an account, and what a request says beside its name.
ACTS = {"/users/password": {"password": "another"}, "/users/disable": {"reason": "on leave"},
        "/users/enable": {}, "/users/logout": {}, "/users/remove": {},
        "/users/role": {"role": "read-only"}, "/users/tokens/revoke": {"client": sasl2.CLIENT_ID}}


def signs_in():
    """sign-in: who may, what comes back, and what does not work"""
    with Site() as site:
        browser = site.browser()
        expect(browser.get("/session"), 401, "signed-out")
        for user, password in (("admin", "wrong"), ("stranger", "wrong"), ("nobody", "wrong"),
                               ("", ""), ("admin@elsewhere.org", PASSWORD.format("admin"))):
            answer = expect(browser.ask("POST", API + "/session",
                                        {"user": user, "password": password}), 401, "bad-credentials")
            assert not answer.cookies
        assert not expect(browser.sign_in("nobody"), 403, "policy").cookies
        answer = expect(browser.sign_in("admin"), 200)
        assert {**answer.json, "csrf": "", "version": ""} == {
            "user": "admin", "jid": "admin@localhost", "role": "full", "csrf": "", "version": ""}
        who = expect(browser.get("/session"), 200).json
        assert "csrf" not in who and who.items() < answer.json.items(), who  # it is told once
        assert expect(site.browser("looker").get("/session"), 200).json["role"] == "read-only"
        assert expect(browser.get("/status"), 200).json["domain"] == "localhost"
        expect(browser.ask("DELETE", API + "/session"), 204)
        expect(browser.get("/session"), 401, "signed-out")
        site.stop()
        said = site.said()
        assert "secret of" not in said and browser.cookie not in said


def keeps_cookies():
    """cookies: flags, a new one at each sign-in, none that somebody planted"""
    with Site() as site:
        browser = site.browser()
        browser.cookie = "0" * 64
        answer = expect(browser.sign_in("admin"), 200)
        assert browser.cookie != "0" * 64 and len(answer.cookies) == 1
        flags = {flag.strip() for flag in answer.cookies[0].split(";")[1:]}
        assert flags == {"HttpOnly", "SameSite=Strict", "Path=/"}, flags
        first, csrf = browser.cookie, browser.csrf
        browser.sign_in("admin")
        assert browser.cookie != first and browser.csrf != csrf
        expect(browser.get("/session"), 200)
        old = site.browser()
        old.cookie = first  # it ended when its browser signed in anew
        expect(old.get("/session"), 401, "signed-out")
        for cookie in (first[:-1], first + "0", "", "x" * 64, browser.cookie.upper()):
            old.cookie = cookie
            expect(old.get("/session"), 401, "signed-out")
        twice = {"Cookie": f"linnet_session={browser.cookie}; linnet_session={browser.cookie}"}
        expect(old.ask("GET", API + "/session", headers=twice), 401, "signed-out")
        ended = browser.ask("DELETE", API + "/session")
        assert "Max-Age=0" in ended.cookies[0] and "linnet_session=;" in ended.cookies[0]
        site.stop()


def expires():
    """a session ends by its age, with its account's password, role and existence"""
    with Site() as site:
        with site.another("--absolute-s", "1") as port:
            browser = Browser(port)
            browser.sign_in("admin")
            wait_for("the session's end", lambda: browser.get("/session").status == 401)
        for change in (lambda: site.password("passwd", "admin"),
                       lambda: site.control("user", "logout", "admin"),
                       lambda: site.control("user", "role", "admin", "none")):
            browser = site.browser("admin")
            change()
            expect(browser.get("/status"), 401, "signed-out")
        site.control("user", "role", "admin", "full")
        browser = site.browser("admin")
        site.control("user", "role", "admin", "read-only")
        assert expect(browser.get("/session"), 200).json["role"] == "read-only"
        expect(browser.ask("POST", API + "/users", {"user": "x", "password": "y"}), 403, "policy")
        site.control("user", "disable", "admin")
        expect(browser.get("/status"), 401, "signed-out")
        expect(site.browser().sign_in("admin"), 403, "account-disabled")
        browser = site.browser("looker")
        site.control("user", "remove", "looker")
        expect(browser.get("/status"), 401, "signed-out")
        site.stop()


def ends_unused():
    """a session that only its page uses by itself, in requests that say so, ends as unused"""
    with Site() as site, site.another("--idle-s", "1") as port:
        browser = Browser(port)
        browser.sign_in("admin")
        automatic = {"X-Automatic": "1"}
        wait_for("the session's end",
                 lambda: browser.ask("GET", API + "/status", headers=automatic).status == 401)
        site.stop()


def rotates_cookies():
    """a cookie gets a successor, and the page, its writes and its event stream go on"""
    with Site() as site, site.another("--renew-s", "1") as port:
        browser = Browser(port)
        browser.sign_in("admin")
        first = browser.cookie
        with browser.follow() as lines:
            wait_for("a successor", lambda: expect(browser.get("/session"), 200) and browser.cookie != first)
            expect(browser.post("/users/disable", {"user": "nobody", "reason": ""}), 200)
            beside = Browser(port)  # what was under way when the successor came
            beside.cookie, beside.csrf = first, browser.csrf
            expect(beside.get("/session"), 200)
            for _ in range(3):  # one for the change, the others in the time after it
                while (line := lines.readline()) != b"event: status\n":
                    assert line, "the stream has ended"
            expect(browser.ask("DELETE", API + "/session"), 204)
            lines.read()  # and ends with the session
        beside.cookie = first
        expect(beside.get("/session"), 401, "signed-out")
        site.stop()


def sees_who_takes_cookies():
    """who has the cookie too and takes every successor, so that nobody gets one, is not let go on"""
    with Site() as site, site.another("--renew-s", "1") as port:
        browser = Browser(port)
        browser.sign_in("admin")
        stolen = browser.cookie

        def is_over():
            browser.cookie = stolen
            return browser.get("/session").status == 401

        wait_for("the end of the session", is_over)
        assert "new cookies were taken and never used" in (site.folder / f"console-{port}").read_text()
        site.stop()


def shares_streams():
    """nobody takes every event stream, and who signs in again and again ends his own sessions"""
    with Site() as site, contextlib.ExitStack() as open_ones:
        admin, looker = site.browser("admin"), site.browser("looker")
        statuses = [open_ones.enter_context(looker.follow()).readline().split()[1] for _ in range(7)]
        assert statuses == 6 * [b"200"] + [b"503"], statuses
        assert open_ones.enter_context(admin.follow()).readline().split()[1] == b"200"
        for _ in range(9):
            site.browser("looker")
        expect(admin.get("/session"), 200)
        site.stop()  # with streams open


def is_asked_at_the_end():
    """a request whose account changes while its body is on the way gets nothing done"""
    with Site() as site:
        browser = site.browser("admin")
        body = b'{"user":"late","password":"late"}'
        with socket.create_connection(("127.0.0.1", site.http), 30) as s:
            s.sendall((f"POST {API}/users HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                       f"Cookie: linnet_session={browser.cookie}\r\nX-CSRF-Token: {browser.csrf}\r\n"
                       f"Expect: 100-continue\r\nContent-Length: {len(body)}\r\n\r\n").encode())
            assert b"100 Continue" in s.recv(1000)  # its head was looked at
            site.control("user", "role", "admin", "read-only")
            s.sendall(body)
            assert s.recv(1000).startswith(b"HTTP/1.1 403")
        assert "late" not in site.control("user", "list").split()
        site.stop()


def throttles():
    """guessing: attempts are held, and refused with Retry-After when too many wait"""
    with Site() as site:
        browser = site.browser()
        for _ in range(5):
            expect(browser.sign_in("admin", "wrong"), 401)
        statuses = []

        def guess():
            answer = site.browser().sign_in("admin", "wrong")
            statuses.append((answer.status, answer.headers.get("Retry-After")))

        for _ in range(3):  # each round is held longer
            threads = [threading.Thread(target=guess) for _ in range(16)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            if any(status == 429 for status, _ in statuses):
                break
        assert len(statuses) % 16 == 0 and {status for status, _ in statuses} == {401, 429}, statuses
        assert all(wait is not None and int(wait) > 0 for status, wait in statuses if status == 429)
        expect(site.browser().sign_in("admin"), 200)  # late, but nobody is locked out
        site.stop()


def refuses_forgeries():
    """CSRF, Host and Origin: a page of somebody else gets nothing done"""
    with Site() as site:
        browser = site.browser("admin")
        user = {"user": "forged", "password": "forged"}
        other = site.browser("looker")
        for token in (None, "", "0" * 64, browser.csrf[:-1], other.csrf, browser.cookie):
            expect(browser.ask("POST", API + "/users", user, {"X-CSRF-Token": token}), 403, "csrf")
            for method, path in (("DELETE", "/session"), ("GET", "/session"), ("GET", "/status"), ("GET", "/events")):
                expect(browser.ask(method, API + path, headers={"X-CSRF-Token": token}), 403, "csrf")
        for origin in ("http://evil.example", "null", "", f"https://127.0.0.1:{site.http}",
                       f"http://localhost:{site.http}", "http://127.0.0.1:1",
                       f"http://127.0.0.1:{site.http}.evil.example"):
            for method, path in (("POST", "/users"), ("POST", "/session")):
                expect(browser.ask(method, API + path, user, {"Origin": origin}), 403, "origin")
            expect(browser.ask("GET", API + "/status", headers={"Origin": origin}), 403, "origin")
        for place in ("cross-site", "same-site", "", "x"):
            site_of = {"Sec-Fetch-Site": place, "Sec-Fetch-Mode": "navigate"}
            expect(browser.ask("GET", API + "/status", headers=site_of), 403, "origin")
            expect(browser.ask("GET", API + "/health", headers=site_of), 403, "origin")
            expect(browser.ask("POST", API + "/session", user, site_of), 403, "origin")
            expect(browser.ask("GET", "/users", headers=site_of), 200)  # a link to a page
        for place in ("same-origin", "none"):
            expect(browser.ask("GET", API + "/status", headers={"Sec-Fetch-Site": place}), 200)
        for host in ("evil.example", f"evil.example:{site.http}", "", None, "127.0.0.1.evil.example",
                     "10.0.0.1"):
            headers = {"Host": host, "Origin": f"http://{host}"}
            for path in ("/", API + "/session", API + "/health"):
                answer = browser.ask("GET", path, headers=headers)
                assert answer.status in (400, 403), f"Host {host}: {answer.status}"
        for kind in (None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
            expect(browser.ask("POST", API + "/users", user, {"Content-Type": kind}), 400, "bad-request")
            expect(browser.ask("POST", API + "/session", user, {"Content-Type": kind}), 400, "bad-request")
        tunnel = {"Host": "localhost:8000", "Origin": "http://localhost:8000"}
        expect(browser.ask("POST", API + "/users", user, tunnel), 201)
        expect(browser.ask("POST", API + "/users", {**user, "user": "second"}, {"Origin": None}), 201)
        site.stop()


def gives_nothing_away():
    """before sign-in there is nothing but health, and everywhere the headers that a page needs"""
    with Site() as site:
        stranger = site.browser()
        for path in ("/status", "/user?user=admin", "/users", "/sessions", "/logins", "/events",
                     "/session"):
            expect(stranger.get(path), 401, "signed-out")
        for path in ("/users", "/names", "/sessions/close", *ACTS):
            expect(stranger.ask("POST", API + path, {"user": "x", "password": "y"}), 401, "signed-out")
        assert expect(stranger.get("/health"), 200).json == {"ok": True}
        for path in ("/", "/users", API + "/health", API + "/status", API + "/nothing"):
            headers = stranger.ask("GET", path).headers
            assert headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self'")
            assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert headers["Referrer-Policy"] == "no-referrer"
            assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
            assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
            assert headers["Cache-Control"] == "no-store"
            assert "Server" not in headers and "Access-Control-Allow-Origin" not in headers
        site.stop()


def keeps_to_its_paths():
    """verbs, traversal, encoded slashes, and files that are none"""
    with Site() as site:
        browser = site.browser("admin")
        for method, path, allowed in (("PUT", "/users", "GET, POST"), ("POST", "/status", "GET"),
                                      ("DELETE", "/users", "GET, POST"), ("HEAD", "/status", "GET"),
                                      ("OPTIONS", "/session", "GET, POST, DELETE")):
            answer = browser.ask(method, API + path)
            assert answer.status == 405 and answer.headers["Allow"] == allowed, (method, path)
        assert browser.ask("POST", "/").status == 405 and browser.ask("HEAD", "/").text == b""
        for path in ("/", "/users", "/users/alice", "/index.html"):
            answer = expect(browser.ask("GET", path), 200)
            assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
            assert b"<!doctype html>" in answer.text
        for path in ("/../etc/passwd", "/..", "/%2e%2e/etc/passwd", "/..%2f..%2fetc%2fpasswd",
                     "//etc/passwd", "/a/../index.html", "/.git/config", "/x.js",
                     "/api", "/api/", "/api/v1", "/api/v2/status", "/api/v1/status/", "/api/v1//status",
                     "/api%2Fv1%2Fstatus", "/api/v1/%73tatus", "/api/v1/users%00", "/\\..\\x",
                     "/api/v1/../v1/status"):
            expect(browser.ask("GET", path), 404, "not-found")
        for query in ("?x=1", "?limit=1&limit=2", "?limit=0", "?limit=201", "?limit=-1", "?limit=1x",
                      "?limit=", "?limit", "?limit=99999999999999999999", "?q=%zz", "?q=%00",
                      "?q=%ff", "?q=" + "x" * 3072, "?limit=%31"):
            expect(browser.ask("GET", f"{API}/users{query}"), 400, "bad-request")
        expect(browser.ask("GET", f"{API}/logins?failed=yes"), 400, "bad-request")
        site.stop()


def bounds_what_it_reads():
    """bodies: too large, not JSON, too deep, wrong members; heads: too large, malformed"""
    with Site() as site:
        browser = site.browser("admin")
        post = lambda body: browser.ask("POST", API + "/users", body)  # noqa: E731
        expect(post(b'{"user":"x","password":"' + b"y" * 65536 + b'"}'), 413, "too-large")
        expect(browser.ask("POST", API + "/session", b" " * 1000000), 413, "too-large")
        for body in (b"", b"{", b"[]", b"null", b"{}", b'{"user":"x"}', b'{"user":1,"password":"y"}',
                     b'{"user":"x","password":"y","more":1}', b'{"user":"x","user":"x","password":"y"}',
                     b'{"user":"x","password":"y"} x', b'{"user":"\xff","password":"y"}',
                     b'{"user":"x\\u0000","password":"y"}', b"[" * 60000, b'{"user":' + b"[" * 30000,
                     b'{"user":"x","password":null}'):
            expect(post(body), 400, "bad-request")
            expect(browser.ask("POST", API + "/session", body), 400, "bad-request")
        get = f"GET {API}/status HTTP/1.1\r\nHost: localhost\r\n".encode()
        huge = raw(site.http, get + b"X: " + b"y" * 100000 + b"\r\n\r\n")
        assert not huge or huge.startswith((b"HTTP/1.1 431", b"HTTP/1.1 413")), huge[:200]
        for bad in (b"\0\0\0\0\r\n\r\n", b"GET\r\n\r\n", b"\x16\x03\x01\x02\x00\x01", b"GET / HTTP/9\r\n\r\n",
                    get + b"Content-Length: -1\r\n\r\n", get + b"Host: evil.example\r\n\r\n",
                    get + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"):
            with socket.create_connection(("127.0.0.1", site.http), 30) as s:
                s.sendall(bad)
                s.shutdown(socket.SHUT_WR)
                first = b""
                with contextlib.suppress(ConnectionResetError):  # it left some of it unread
                    first = s.recv(65536).split(b"\r\n")[0]
                assert not first or re.match(rb"HTTP/1\.[01] [45]", first) , (bad, first)
        expect(browser.get("/session"), 200)
        expect(post({"user": "good", "password": "good"}), 201)
        site.stop()


def has_one_end():
    """a request whose end two readers could see in different places is refused, and does nothing"""
    with Site() as site:
        browser = site.browser("admin")
        body = b'{"user":"smuggled","password":"smuggled"}'
        length, chunk = f"Content-Length: {len(body)}", f"{len(body):x}\r\n{body.decode()}\r\n0\r\n\r\n"
        head = (f"POST {API}/users HTTP/1.1\r\nHost: localhost\r\nCookie: linnet_session={browser.cookie}\r\n"
                f"X-CSRF-Token: {browser.csrf}\r\nContent-Type: application/json\r\n")
        for fields, data in (([length, length], body), ([length, "Content-Length: 2"], body),
                             (["Content-Length: 200", length], body),  # and it is not waited for
                             ([length, "X: y", "content-length: 0"], body),
                             ([length, "Transfer-Encoding: chunked"], chunk.encode()),
                             (["Transfer-Encoding: chunked", length], chunk.encode()),
                             (["Transfer-Encoding: chunked"], chunk.encode()),
                             (["Transfer-Encoding: identity", length], body),
                             ([length, "Content-Length : 2"], body), ([length, "Content-Length\t: 2"], body),
                             ([length, "X: y\rContent-Length: 2"], body)):
            answer = raw(site.http, (head + "\r\n".join(fields)).encode() + b"\r\n\r\n" + data)
            assert answer.startswith(b"HTTP/1.1 400") and b'"bad-request"' in answer, (fields, answer)
            assert answer.count(b"HTTP/1.1 ") == 1, answer
        for twice in ("Host: localhost", f"Cookie: linnet_session={browser.cookie}",
                      f"X-CSRF-Token: {browser.csrf}", "Content-Type: application/json",
                      "Origin: http://localhost\r\nOrigin: http://localhost"):
            answer = raw(site.http, (head + f"{twice}\r\n{length}\r\n\r\n").encode() + body)
            assert re.match(rb"HTTP/1.1 40[013] ", answer), (twice, answer)
        assert "smuggled" not in site.control("user", "list").split()
        answer = raw(site.http, (head + length).encode() + b"\r\n\r\n" + body)
        assert answer.startswith(b"HTTP/1.1 201"), answer
        site.stop()


def ends_slow_requests():
    """requests that trickle in are ended, and so is a crowd that says nothing"""
    with Site() as site, site.another("--request-s", "1") as port:
        head = f"POST {API}/session HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        for start in (b"", b"G", head.encode(), (head + "Content-Length: 1000\r\n\r\n{").encode()):
            with socket.create_connection(("127.0.0.1", port), 30) as s:
                s.sendall(start)
                stop = threading.Event()

                def trickle(s=s, stop=stop):
                    with contextlib.suppress(OSError):
                        while not stop.wait(0.1):
                            s.sendall(b" ")

                thread = threading.Thread(target=trickle)
                if start:
                    thread.start()
                with contextlib.suppress(ConnectionResetError):
                    assert s.recv(1000) == b"", "it was answered"
                stop.set()
                if start:
                    thread.join()
        crowd = [socket.create_connection(("127.0.0.1", port), 30) for _ in range(100)]
        wait_for("room for one", lambda: answers(port))  # when those of the crowd were ended
        for s in crowd:
            s.close()
        site.stop()


def makes_users():
    """users: made here they sign in by XMPP; taken, bad and long names; pages and prefixes"""
    with Site() as site:
        browser = site.browser("admin")
        post = lambda path, body: browser.ask("POST", API + path, body)  # noqa: E731
        assert expect(post("/names", {"user": "Romeo"}), 200).json == {
            "ok": True, "user": "romeo", "jid": "romeo@localhost"}
        bad = expect(post("/names", {"user": "a b"}), 200).json
        assert bad["ok"] is False and bad["sentence"]
        assert expect(post("/users", {"user": "Romeo", "password": "secret of romeo"}), 201).json == {
            "jid": "romeo@localhost"}
        session = site.login("romeo")
        daemon.ping(session)
        live = expect(browser.get("/sessions"), 200).json["sessions"]
        assert [row["jid"] for row in live] == [session.jid], live
        expect(post("/users", {"user": "romeo", "password": "x"}), 409, "register-taken")
        expect(post("/users", {"user": "a b", "password": "x"}), 422, "bad-address")
        expect(post("/users", {"user": "x@elsewhere.org", "password": "x"}), 422, "host-unknown")
        expect(post("/users", {"user": "x", "password": ""}), 422, "usage")
        expect(post("/users", {"user": "y" * 1024, "password": "x"}), 422, "bad-address")
        accounts = lambda query: browser.get("/users" + query).json  # noqa: E731
        names = [row["user"] for row in accounts("")["accounts"]]
        assert names == ["admin", "looker", "nobody", "romeo"], names
        online = {row["user"]: row["online"] for row in accounts("")["accounts"]}
        assert online == {"admin": False, "looker": False, "nobody": False, "romeo": True}, online
        page = accounts("?limit=2")
        assert [row["user"] for row in page["accounts"]] == ["admin", "looker"] and page["more"] is True
        page = accounts("?limit=2&after=looker")
        assert [row["user"] for row in page["accounts"]] == ["nobody", "romeo"] and not page["more"]
        assert [row["user"] for row in accounts("?q=RO")["accounts"]] == ["romeo"]
        assert accounts("?q=a+b") == {"accounts": [], "more": False}
        for word in ("%25", "_", "%27%3B+DROP+TABLE+account%3B--"):
            assert accounts(f"?q={word}")["accounts"] == []
        logins = expect(browser.get("/logins?user=romeo&limit=1"), 200).json["logins"]
        assert logins[0]["jid"] == session.jid and "trace" not in logins[0]
        daemon.drop(session)
        site.stop()


def keeps_to_roles():
    """read-only sees everything and changes nothing"""
    with Site() as site:
        looker = site.browser("looker")
        for path in ("/status", "/users", "/sessions", "/logins"):
            expect(looker.get(path), 200)
        expect(looker.ask("POST", API + "/names", {"user": "x"}), 200)
        expect(looker.ask("POST", API + "/users", {"user": "x", "password": "y"}), 403, "policy")
        assert "x" not in site.control("user", "list").split()
        expect(looker.ask("DELETE", API + "/session"), 204)
        site.stop()


def shows_a_user():
    """one user: what user.show says, its tokens, whether it is online; and names that are none"""
    with Site() as site:
        site.add("romeo")
        site.add("romeo2")  # begins with the name of the other
        other = site.login("romeo2")
        browser = site.browser("looker")
        show = lambda user: browser.get("/user?user=" + user)  # noqa: E731
        account = expect(show("Romeo"), 200).json
        assert account["user"] == "romeo" and account["jid"] == "romeo@localhost"
        assert account["role"] == "none" and account["disabled"] is False and account["schemes"]
        assert account["tokens"] == [] and account["online"] is False, account
        session = sasl2.sign_in(site, "romeo", sasl2.request_token())
        account = expect(show("romeo@localhost"), 200).json
        assert account["online"] is True
        assert [token["client"] for token in account["tokens"]] == [sasl2.CLIENT_ID], account
        assert session.answer.token.encode() not in show("romeo").text
        daemon.drop(session)
        daemon.drop(other)
        expect(show("stranger"), 404, "not-found")
        expect(show("a+b"), 422, "bad-address")
        expect(show(""), 422, "bad-address")
        expect(show("romeo@elsewhere.org"), 422, "host-unknown")
        for query in ("", "?user", "?user=romeo&user=romeo", "?user=%ff", "?user=" + "x" * 3072, "?name=x"):
            expect(browser.get("/user" + query), 400, "bad-request")
        site.stop()


def guards_acts():
    """acts on accounts: for administrators, from our pages, on accounts that there are"""
    with Site() as site:
        site.add("romeo")
        session = site.login("romeo")
        admin, looker = site.browser("admin"), site.browser("looker")
        for path, more in ACTS.items():
            body = {"user": "romeo", **more}
            expect(looker.post(path, body), 403, "policy")
            for token in (None, "", looker.csrf):
                expect(admin.post(path, body, {"X-CSRF-Token": token}), 403, "csrf")
            expect(admin.post(path, body, {"Origin": "http://evil.example"}), 403, "origin")
            expect(admin.post(path, body, {"Content-Type": "text/plain"}), 400, "bad-request")
            expect(admin.get(path), 405, "method")
            for wrong in (more, {**body, "more": "x"}, {**body, "user": 1}, {**body, "user": None}):
                expect(admin.post(path, wrong), 400, "bad-request")
            expect(admin.post(path, {"user": "stranger", **more}), 404, "not-found")
            expect(admin.post(path, {"user": "a b", **more}), 422, "bad-address")
            expect(admin.post(path, {"user": "romeo@elsewhere.org", **more}), 422, "host-unknown")
        expect(admin.post("/users/password", {"user": "romeo", "password": ""}), 422, "usage")
        expect(admin.post("/users/disable", {"user": "romeo", "reason": "x" * 251}), 422, "usage")
        for role in ("root", "", "FULL"):
            expect(admin.post("/users/role", {"user": "romeo", "role": role}), 422, "usage")
        for client in ("", sasl2.OTHER_ID, "'; DROP TABLE token; --", "x" * 257):
            expect(admin.post("/users/tokens/revoke", {"user": "romeo", "client": client}), 422, "usage")
        daemon.ping(session)  # nothing of that was done
        daemon.drop(session)
        site.serves("romeo")
        site.stop()


def spares_its_own():
    """the account one is signed in with: not to be removed, disabled or logged out, however written"""
    with Site() as site:
        site.add("second")
        site.control("user", "role", "second", "full")
        admin, second = site.browser("admin"), site.browser("second")
        session = site.login("admin")
        for path in ("/users/remove", "/users/disable", "/users/logout", "/users/role"):
            for user in ("admin", "ADMIN", "\uff21dmin", "admin@localhost", "Admin@LOCALHOST"):
                expect(admin.post(path, {"user": user, **ACTS[path]}), 403, "policy")
        daemon.ping(session)
        expect(admin.post("/users/enable", {"user": "admin"}), 200)
        expect(admin.get("/session"), 200)
        # Others may, and that ends it; a password is one's own to change, and ends it as well.
        expect(admin.post("/users/logout", {"user": "second"}), 200)
        expect(second.post("/users/logout", {"user": "admin"}), 401, "signed-out")
        expect(admin.post("/users/password", {"user": "admin", "password": "another"}), 200)
        ends(session, "the password was changed")
        expect(admin.get("/session"), 401, "signed-out")
        expect(site.browser().sign_in("admin", "another"), 200)
        site.stop()


def ends(session, text):
    """Its stream error says `text`."""
    while (error := session.read()).tag == f"{{{sasl2.SM}}}a":
        pass
    assert error.tag.endswith("}error") and error[0].tag.endswith("}not-authorized"), error.tag
    assert [part.text for part in error if part.tag.endswith("}text")] == [text]
    with contextlib.suppress(*daemon.GONE):
        session.read()
        raise AssertionError("the stream goes on")


def refuses_sign_in(site, user, password=None):
    with contextlib.suppress(RuntimeError):
        site.session(True).login(user, password or PASSWORD.format(user), "", True)
        raise AssertionError(f"{user} may sign in")


def acts_on_users():
    """what clients of an account see: a new password, disabled, enabled, logged out, removed"""
    with Site() as site:
        site.add("romeo")
        bystander = site.login("nobody")
        browser = site.browser("admin")

        def act(path, **more):
            assert expect(browser.post(path, {"user": "Romeo", **ACTS[path], **more}), 200).json == {
                "jid": "romeo@localhost"}

        session = sasl2.sign_in(site, "romeo", sasl2.request_token())
        act("/users/logout")
        ends(session, "logged out everywhere")
        sasl2.refused(site, "romeo", condition="not-authorized", token=session.answer.token)
        session = site.login("romeo")
        act("/users/disable", reason="")
        ends(session, "the account was disabled")
        refuses_sign_in(site, "romeo")
        assert browser.get("/user?user=romeo").json["disabled"] is True
        act("/users/disable", reason="on leave")
        assert browser.get("/user?user=romeo").json["reason"] == "on leave"
        act("/users/enable")
        assert browser.get("/user?user=romeo").json["disabled"] is False
        session = sasl2.sign_in(site, "romeo", sasl2.request_token())
        act("/users/password", password="another")
        ends(session, "the password was changed")
        sasl2.refused(site, "romeo", condition="not-authorized", token=session.answer.token)
        refuses_sign_in(site, "romeo")
        session = site.session(True).login("romeo", "another", "", True)
        act("/users/remove")
        ends(session, "the account was removed")
        refuses_sign_in(site, "romeo", "another")
        expect(browser.get("/user?user=romeo"), 404, "not-found")
        expect(browser.post("/users/remove", {"user": "romeo"}), 404, "not-found")
        daemon.ping(bystander)
        daemon.drop(bystander)
        site.says("admin removed romeo@localhost")
        assert "another" not in site.said()
        site.stop()


def gives_roles():
    """a role: what an account may do here, from the next request on, and its own name in the log"""
    with Site() as site:
        admin, other = site.browser("admin"), site.browser("looker")
        give = lambda role: expect(admin.post("/users/role", {"user": "Looker", "role": role}), 200)  # noqa: E731
        assert admin.get("/user?user=admin").json["last_admin"] is True
        assert admin.get("/user?user=looker").json["last_admin"] is False
        assert give("full").json == {"jid": "looker@localhost"}
        assert admin.get("/user?user=admin").json["last_admin"] is False
        assert other.get("/session").json["role"] == "full"
        assert admin.get("/user?user=looker").json["role"] == "full"
        expect(other.post("/users/disable", {"user": "nobody", "reason": ""}), 200)
        give("read-only")
        expect(other.post("/users/enable", {"user": "nobody"}), 403, "policy")
        expect(other.post("/users/role", {"user": "nobody", "role": "full"}), 403, "policy")
        give("none")
        expect(other.get("/status"), 401, "signed-out")
        expect(site.browser().sign_in("looker"), 403, "policy")
        site.says("admin changed the role of looker@localhost")
        site.stop()


def revokes_a_token():
    """one client loses its token and keeps its session; another client keeps both"""
    with Site() as site:
        site.add("romeo")
        admin = site.browser("admin")
        revoke = lambda client: admin.post("/users/tokens/revoke", {"user": "romeo", "client": client})  # noqa: E731
        lost = sasl2.sign_in(site, "romeo", sasl2.request_token())
        kept = sasl2.sign_in(site, "romeo", sasl2.request_token(), client_id=sasl2.OTHER_ID)
        assert expect(revoke(sasl2.CLIENT_ID), 200).json == {"jid": "romeo@localhost"}
        tokens = admin.get("/user?user=romeo").json["tokens"]
        assert [token["client"] for token in tokens] == [sasl2.OTHER_ID], tokens
        daemon.ping(lost)
        sasl2.refused(site, "romeo", condition="not-authorized", token=lost.answer.token)
        daemon.ping(kept)
        expect(revoke(sasl2.CLIENT_ID), 422, "usage")  # there is none any more
        sasl2.sign_in(site, "romeo", token=kept.answer.token, client_id=sasl2.OTHER_ID)
        site.stop()


def closes_sessions():
    """one session is closed: its client is told and keeps its token, those beside it go on"""
    with Site() as site:
        site.add("romeo")
        admin, looker = site.browser("admin"), site.browser("looker")
        close = lambda jid: admin.post("/sessions/close", {"jid": jid})  # noqa: E731
        beside, other = site.login("romeo", "beside"), site.login("nobody", "phone")
        session = site.login("romeo", "phone")
        expect(looker.post("/sessions/close", {"jid": session.jid}), 403, "policy")
        expect(admin.post("/sessions/close", {"jid": session.jid}, {"X-CSRF-Token": None}), 403, "csrf")
        expect(site.browser().post("/sessions/close", {"jid": session.jid}), 401, "signed-out")
        for jid in ("romeo@localhost/PHONE", "stranger@localhost/phone", "romeo@localhost/" + "x" * 1023):
            expect(close(jid), 404, "not-found")
        for jid in ("romeo@localhost", "romeo", "localhost/phone", "", "romeo@localhost/", "@localhost/phone"):
            expect(close(jid), 422, "bad-address")
        expect(close("romeo@elsewhere.org/phone"), 422, "host-unknown")
        for body in ({}, {"jid": 1}, {"jid": session.jid, "user": "romeo"}):
            expect(admin.post("/sessions/close", body), 400, "bad-request")
        daemon.ping(session)  # until here it goes on
        assert expect(close("ROMEO@localhost/phone"), 200).json == {"jid": session.jid}
        ends(session, "closed by the server's operator")
        expect(close(session.jid), 404, "not-found")
        daemon.ping(beside)
        daemon.ping(other)
        live = {row["jid"] for row in admin.get("/sessions").json["sessions"]}
        assert live == {beside.jid, other.jid}, live
        session = sasl2.sign_in(site, "romeo", sasl2.request_token())
        jid, token = session.jid, session.answer.token
        assert session.sm_id
        assert site.control("session", "close", jid) == f"{jid} was closed.\n"
        ends(session, "closed by the server's operator")
        again = sasl2.sign_in(site, "romeo", sasl2.resume(session.sm_id, 0), token=token)
        assert again.answer.resumed is None, "it was taken up again"
        daemon.drop(again)  # it waits for its client, and can be closed nevertheless
        wait_for("one that waits", lambda: any("detached_s" in row and row["jid"] == again.jid
                                               for row in admin.get("/sessions").json["sessions"]))
        expect(close(again.jid), 200)
        expect(close(again.jid), 404, "not-found")
        sasl2.sign_in(site, "romeo", token=token)
        daemon.ping(beside)
        site.says(f"session.close: jid={jid} by uid {os.getuid()}")
        site.says(f"session.close: jid={again.jid} by admin@localhost at 127.0.0.1")
        site.says("admin closed the session romeo@localhost/phone")
        site.stop()


def tells_events():
    """events: status at once, accounts and sign-ins as they happen, the end with the session"""
    with Site() as site:
        browser = site.browser("admin")
        with browser.follow() as stream:
            def until(text):
                for line in stream:
                    if text in line:
                        return
                raise AssertionError(f"the stream ended before {text}")

            until(b"Content-Type: text/event-stream")
            until(b"event: status")
            until(b'"domain":"localhost"')
            site.add("juliet")
            until(b"event: account.added")
            until(b'"user":"juliet"')
            session = site.login("juliet")
            until(b"event: login")
            until(b'"user":"juliet"')
            daemon.drop(session)
            browser.ask("DELETE", API + "/session")
            for line in stream:
                pass  # to its end
        site.stop()


def dies_alone():
    """the console is killed: XMPP sessions are unharmed, it comes back; then it ends with linnetd"""
    with Site() as site:
        session = site.login("nobody")
        first = site.console()
        for _ in range(2):
            os.kill(site.console(), signal.SIGKILL)
            expect(site.browser().get("/session"), 401)  # waits in the socket that linnetd holds
            daemon.ping(session)
        assert site.console() not in (None, first)
        site.browser("admin")
        last = site.console()
        daemon.drop(session)
        site.stop()
        assert is_gone(last)


def ends_with_linnetd():
    """linnetd is killed: its console ends too, and the next linnetd has the port"""
    with Site() as site:
        orphan = site.console()
        site.process.kill()
        site.process.wait()
        wait_for("the console's end", lambda: is_gone(orphan))
        site.start()
        site.browser("admin")
        site.stop()


def leaves_a_taken_port():
    """a port that is taken, a program that is not there: a line in the log, and linnetd serves"""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with Daemon(f"console.listen=127.0.0.1:{port}", f"console.program={sys.argv[3]}",
                    users=["romeo"]) as server:
            server.serves("romeo")
            server.says(f"console: not on 127.0.0.1:{port}: another program listens there: stop it, or choose "
                        "another port with --set console.listen")
            server.stop()
    with Daemon(f"console.listen=127.0.0.1:{free_port()}", "console.program=/nowhere/linnet-console",
                users=["romeo"]) as server:
        server.serves("romeo")
        server.says("console: there is none: /nowhere/linnet-console")
        server.stop()


def keeps_lines_whole():
    """what a console says is a line of the log, however long: the rest of it is no line of its own"""
    end, forged = "the rest is a line", "bob signed out"
    lengths = (500, 1000, 1024, 4050, 4064, 4080, 8192, 100000)
    with Daemon() as server:
        program, words = server.folder / "console", server.folder / "words"
        words.write_text("".join(f"linnet-console: {length} {'x' * length}{end}\n" for length in lengths) +
                         "linnet-console: the next line\n")
        program.write_text(f"#!/bin/sh\n/bin/cat {words} >&2\nexec /bin/sleep 600\n")
        program.chmod(0o700)
        server.stop()
        server.start([*server.command, "--set", f"console.listen=127.0.0.1:{free_port()}", "--set",
                      f"console.program={program}"])
        server.says(" console: the next line\n")
        begins = re.findall(r" notice console: (?!http)(\S+)", server.said())
        assert begins == [*map(str, lengths), "the"], begins
        server.stop()
    with Site() as site:
        head = "linnet-console: admin closed the session nobody@localhost/"
        resource = "r" * (1024 - len(head)) + forged
        session = site.login("nobody", resource)
        expect(site.browser("admin").post("/sessions/close", {"jid": f"nobody@localhost/{resource}"}), 200)
        site.says("admin closed the session nobody@localhost/")
        site.stop()
        daemon.drop(session)
        assert f" console: {forged}" not in site.said(), site.said()


def stays_on_this_machine():
    """an address that others could reach is refused before anything starts"""
    for address in ("*:9090", "0.0.0.0:9090", "192.0.2.1:9090", "[::]:9090", "[2001:db8::1]:9090"):
        done = subprocess.run([sys.argv[1], "--data", "/nowhere", "--set", "domain=localhost", "--set",
                               f"console.listen={address}"], capture_output=True, text=True, check=False)
        assert done.returncode == 6 and "tunnel" in done.stderr, (address, done.stderr)


def opens_no_file():
    """once it serves it has no way to a file, no core and no new privileges"""
    with Site() as site:
        site.browser("admin")
        status = pathlib.Path(f"/proc/{site.console()}/status").read_text()
        assert re.search(r"NoNewPrivs:\s+1", status), status
        limits = pathlib.Path(f"/proc/{site.console()}/limits").read_text()
        assert re.search(r"Max core file size\s+0\s+0", limits), limits
        site.stop()


if __name__ == "__main__":
    daemon.run(signs_in, keeps_cookies, expires, ends_unused, rotates_cookies, sees_who_takes_cookies, shares_streams,
               is_asked_at_the_end, throttles, refuses_forgeries, gives_nothing_away, keeps_to_its_paths,
               bounds_what_it_reads, has_one_end, ends_slow_requests, makes_users, keeps_to_roles, shows_a_user,
               guards_acts, spares_its_own, acts_on_users, gives_roles, revokes_a_token, closes_sessions,
               tells_events, dies_alone, ends_with_linnetd, leaves_a_taken_port, keeps_lines_whole,
               stays_on_this_machine, opens_no_file)
