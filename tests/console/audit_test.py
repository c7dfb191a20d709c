"""The audit trail in the web console: audit_test.py LINNETD LINNETCTL LINNET-CONSOLE"""
import json
import os
import pathlib
import sys
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from console_test import Site, daemon, expect, is_gone, wait_for  # noqa: E402  (after its folder is known)

OWN = f"uid {os.getuid()}"


def trail(browser, **filters):
    return expect(browser.get("/audit?" + urllib.parse.urlencode(filters)), 200).json


def told(browser, **filters):
    """Rows without the columns that no test can know."""
    return [(row["actor"], row["address"], row["action"], row["object"], row["detail"])
            for row in trail(browser, **filters)["entries"]]


def enters(site, user):
    """A browser whose sign-in is in the trail: its row is written behind its answer, but before the
    next change."""
    browser = site.browser(user)
    site.control("user", "enable", "nobody")
    return browser


def leaves_rows():
    """the audit trail: what is done in the console, by linnetctl and by signing in, with who and where"""
    with Site() as site:
        admin = site.browser("admin")
        who = ("admin@localhost", "127.0.0.1")
        session = site.login("nobody", "phone")
        for path, body in (("/users", {"user": "Juliet", "password": "x"}),
                           ("/users/disable", {"user": "juliet", "reason": "on leave"}),
                           ("/users/enable", {"user": "juliet"}),
                           ("/sessions/close", {"jid": session.jid}),
                           ("/users/remove", {"user": "juliet"})):
            answer = admin.post(path, body)
            assert answer.status in (200, 201), answer.text
        expect(admin.post("/users/enable", {"user": "juliet"}), 404)  # what was not done is not there
        assert told(admin, limit=6) == [
            (*who, "account.removed", "juliet@localhost", ""),
            (*who, "session.closed", session.jid, ""),
            (*who, "account.enabled", "juliet@localhost", ""),
            (*who, "account.disabled", "juliet@localhost", "on leave"),
            (*who, "account.added", "juliet@localhost", ""),
            (*who, "console.signed_in", "admin@localhost", "full")]
        assert told(admin, actor=OWN, action="account.role") == [
            (OWN, None, "account.role", "looker@localhost", "read-only"),
            (OWN, None, "account.role", "admin@localhost", "full")]
        rows = site.control("--json", "audit", "--object", "juliet@localhost").splitlines()
        assert [json.loads(row)["action"] for row in rows] == [
            "account.removed", "account.enabled", "account.disabled", "account.added"]
        site.stop()


def tells_who_was_refused():
    """the audit trail: sign-ins that failed, in few rows, and safe to look at"""
    with Site("login.throttle=false") as site:
        browser = site.browser()
        for _ in range(20):
            expect(browser.sign_in("admin", "wrong"), 401)
            expect(browser.sign_in("nobody"), 403)
            expect(browser.sign_in("a\u202eb\x1b[2J", "wrong"), 401)
        for turn in range(60):
            expect(browser.sign_in(f"guess-{turn}", "wrong"), 401)
        admin = enters(site, "admin")
        rows = told(admin, action="console.sign_in_failed", limit=1000)
        assert rows[-3:] == [(OWN, "127.0.0.1", "console.sign_in_failed", *row) for row in (
            ("(no name)", "bad-credentials"), ("nobody@localhost", "policy"),
            ("admin@localhost", "bad-credentials"))], rows[-3:]
        assert len(rows) == 32, len(rows)
        assert "console.sign_in_failed" in site.control("audit", "--action", "console.sign_in_failed", "--limit", "1")
        site.stop()


def turns_pages():
    """the audit trail: pages and filters, for whoever may look; what they cannot be"""
    with Site() as site:
        looker = enters(site, "looker")
        everything = trail(looker)
        assert not everything["more"]
        ids = [row["id"] for row in everything["entries"]]
        assert ids == list(range(ids[0], 0, -1)) and len(ids) == 7
        seen, before = [], {}
        while True:
            page = trail(looker, limit=4, **before)
            seen += [row["id"] for row in page["entries"]]
            if not page["more"]:
                break
            before = {"before": seen[-1]}
        assert seen == ids
        assert trail(looker, object="nobody@localhost", action="account.", actor=OWN)["entries"] == [
            row for row in everything["entries"] if row["object"] == "nobody@localhost"] != []
        assert trail(looker, action="session.") == {"entries": [], "more": False}
        for query in ("limit=0", "limit=1001", "before=0", "before=x", "actor=%ff", "user=x", "action=" + 64 * "x",
                      "limit=1&limit=1"):
            expect(looker.get("/audit?" + query), 400, "bad-request")
        expect(site.browser().get("/audit"), 401, "signed-out")
        expect(looker.post("/audit", {}), 405, "method")
        site.stop()


def outlives_linnetd():
    """the audit trail: it is there after kill -9, and ids go on"""
    with Site() as site:
        first = trail(enters(site, "admin"))["entries"]
        orphan = site.console()
        site.process.kill()
        site.process.wait()
        wait_for("its console's end", lambda: is_gone(orphan))  # it has the port
        site.start()
        later = trail(enters(site, "admin"))["entries"]
        assert later[2:] == first, (first, later)
        assert [row["id"] - first[0]["id"] for row in later[:2]] == [2, 1]
        site.stop()


def is_followed():
    """the audit trail: each row comes as an event"""
    with Site() as site:
        browser = enters(site, "admin")
        with browser.follow() as stream:
            while b"event: status" not in stream.readline():
                pass
            site.control("user", "disable", "nobody", "--reason", "on leave")
            while stream.readline() != b"event: audit\n":
                pass
            data = stream.readline()
            assert data.startswith(b"data: "), data
            assert json.loads(data[6:]) == trail(browser, limit=1)["entries"][0]
        site.stop()


daemon.run(leaves_rows, tells_who_was_refused, turns_pages, outlives_linnetd, is_followed)
