"""Settings through the web console: settings_test.py LINNETD LINNETCTL LINNET-CONSOLE"""
import pathlib

from browser import Site, answers, expect

import daemon  # its folder is known since browser was imported
import rawxmpp


def row_of(browser, name):
    rows = expect(browser.get("/settings"), 200).json["settings"]
    return next(row for row in rows if row["name"] == name)


def tells_what_they_are():
    """the list has what a page needs: kind, bounds, choices, where a value comes from, what it may become"""
    with Site("limits.idle_timeout_s=1h") as site:
        browser = site.browser("looker")
        row = row_of(browser, "limits.idle_timeout_s")
        assert row == {**row, "value": "1h", "source": "argument", "live": True, "type": "integer", "unit": "s",
                       "min": 0, "max": 604800, "default": "30min", "editable": False, "fixed_by": "--set",
                       "pending": None}, row
        row = row_of(browser, "login.mechanisms")
        assert row["type"] == "words" and "SCRAM-SHA-256" in row["choices"] and row["editable"], row
        row = row_of(browser, "log.level")
        assert row["choices"] == ["error", "warning", "notice", "info", "debug"], row
        row = row_of(browser, "tls.key")
        assert (row["type"], row["editable"], row["fixed_by"]) == ("path", False, "machine"), row
        assert row_of(browser, "logins.keep")["unit"] is None
        site.stop()


def changes_them():
    """set, see it hold, see who did it, take it back; and what is refused"""
    with Site() as site:
        browser = site.browser("admin")
        answer = expect(browser.post("/settings/check", {"name": "logins.keep", "value": " 7"}), 200)
        assert answer.json == {"ok": True, "value": "7"}, answer.text
        answer = expect(browser.post("/settings/check", {"name": "logins.keep", "value": "all"}), 200)
        assert answer.json == {"ok": False, "reason": "logins.keep: must be a whole number"}, answer.text
        assert row_of(browser, "logins.keep")["source"] == "default"
        answer = expect(browser.post("/settings", {"name": "login.mechanisms", "value": "PLAIN"}), 200)
        assert answer.json == {"name": "login.mechanisms", "value": "PLAIN", "applied": True}, answer.text
        assert rawxmpp.mechanisms("127.0.0.1", site.port, daemon.DOMAIN) == ["PLAIN"]
        answer = expect(browser.post("/settings", {"name": "login.token_days", "value": "7"}), 200)
        assert answer.json["applied"] is False
        assert row_of(browser, "login.token_days")["pending"] == "7"
        for name, value in (("domain", "x.org"), ("loops", "1"), ("nothing", "1"), ("logins.keep", "-1")):
            expect(browser.post("/settings", {"name": name, "value": value}), 422, "usage")
        changes = expect(browser.get("/settings/history"), 200).json
        assert [(c["name"], c["actor"], c["address"], c["old"], c["new"]) for c in changes["changes"]] == [
            ("login.token_days", "admin@localhost", "127.0.0.1", None, "7"),
            ("login.mechanisms", "admin@localhost", "127.0.0.1", None, "PLAIN")], changes
        assert expect(browser.get("/settings/history?limit=1"), 200).json["more"] is True
        last = changes["changes"][0]["id"]
        older = expect(browser.get(f"/settings/history?before={last}&name=login.mechanisms"), 200).json
        assert [c["name"] for c in older["changes"]] == ["login.mechanisms"] and not older["more"], older
        assert expect(browser.post("/reload", {}), 200).json["waiting"] == ["login.token_days"]
        expect(browser.post("/settings/reset", {"name": "login.mechanisms"}), 200)
        assert len(rawxmpp.mechanisms("127.0.0.1", site.port, daemon.DOMAIN)) > 1
        expect(browser.post("/settings/reset", {"name": "login.mechanisms"}), 422, "usage")
        rows = expect(browser.get("/audit?action=settings.&object=login.mechanisms"), 200).json["entries"]
        assert [row["detail"] for row in rows] == ['PLAIN -> "" (reset)', '"" -> PLAIN'], rows
        expect(browser.get("/settings/history?before=0"), 400, "bad-request")
        site.stop()


def keeps_to_roles():
    """who may only look changes nothing; nobody does without a session"""
    writes = {"/settings": {"name": "logins.keep", "value": "1"}, "/settings/reset": {"name": "logins.keep"},
              "/settings/check": {"name": "logins.keep", "value": "1"}, "/reload": {}}
    with Site() as site:
        looker, stranger = site.browser("looker"), site.browser()
        expect(looker.get("/settings"), 200)
        expect(looker.get("/settings/history"), 200)
        expect(stranger.get("/settings"), 401, "signed-out")
        expect(stranger.get("/settings/history"), 401, "signed-out")
        for path, body in writes.items():
            expect(looker.post(path, body), 403, "policy")
            expect(stranger.post(path, body), 401, "signed-out")
            expect(site.browser("admin").post(path, body, {"X-CSRF-Token": None}), 403, "csrf")
            expect(site.browser("admin").post(path, {**body, "more": "x"}), 400, "bad-request")
        assert row_of(looker, "logins.keep")["source"] == "default"
        site.stop()


def says_what_is_wrong_with_a_file():
    """reload: a file that cannot be used changes nothing, and the page is told why"""
    with Site() as site:
        file = pathlib.Path(site.folder) / "linnet.conf"
        file.write_text("logins: { keep = 5; };")
        site.stop()
        site.command += ["--config", str(file)]
        site.start()
        daemon.wait_for("a console", lambda: answers(site.http))
        browser = site.browser("admin")
        assert row_of(browser, "logins.keep")["fixed_by"] == f"{file}:1"
        said = expect(browser.post("/settings", {"name": "logins.keep", "value": "6"}), 422, "usage")
        assert f"{file}:1" in said.json["error"]["sentence"], said.text
        file.write_text("logins: { keep = no; };")
        said = expect(browser.post("/reload", {}), 422, "usage").json["error"]["sentence"]
        assert said.startswith("Nothing was changed: ") and f"{file}:1" in said, said
        assert row_of(browser, "logins.keep")["value"] == "5"
        site.stop()


def leaves_a_way_in():
    """what waits for a restart allows nothing yet: neither a change nor a file leaves no mechanism"""
    with Site() as site:
        file = pathlib.Path(site.folder) / "linnet.conf"
        file.write_text("")
        site.stop()
        site.command += ["--config", str(file)]
        site.start()
        daemon.wait_for("a console", lambda: answers(site.http))
        browser = site.browser("admin")
        weak = {"name": "login.mechanisms", "value": "DIGEST-MD5"}
        expect(browser.post("/settings", {"name": "login.legacy", "value": "true"}), 200)
        said = expect(browser.post("/settings", weak), 422, "usage").json["error"]["sentence"]
        assert "login.legacy does not allow" in said and "waited for (login.legacy)" in said, said
        assert expect(browser.post("/settings/check", weak), 200).json["ok"] is False
        offered = rawxmpp.mechanisms("127.0.0.1", site.port, daemon.DOMAIN)
        assert "PLAIN" in offered, offered
        file.write_text('login: { mechanisms = ["DIGEST-MD5"]; };')
        said = expect(browser.post("/reload", {}), 422, "usage").json["error"]["sentence"]
        assert said.startswith("Nothing was changed: ") and "waited for (login.legacy)" in said, said
        assert rawxmpp.mechanisms("127.0.0.1", site.port, daemon.DOMAIN) == offered
        file.write_text("")
        site.stop()
        site.start()
        daemon.wait_for("a console", lambda: answers(site.http))
        expect(site.browser("admin").post("/settings", weak), 200)
        assert rawxmpp.mechanisms("127.0.0.1", site.port, daemon.DOMAIN) == ["DIGEST-MD5"]
        site.stop()


def tells_events():
    """the event of a change comes to those who follow"""
    with Site() as site:
        browser = site.browser("admin")
        with browser.follow() as stream:
            next(line for line in stream if b"event: status" in line)
            expect(browser.post("/settings", {"name": "logins.keep", "value": "9"}), 200)
            next(line for line in stream if b"event: settings.changed" in line)
            data = next(stream)
            assert b'"value":"9"' in data and b'"actor":"admin@localhost"' in data, data
        site.stop()


daemon.run(tells_what_they_are, changes_them, keeps_to_roles, says_what_is_wrong_with_a_file, leaves_a_way_in,
           tells_events)
