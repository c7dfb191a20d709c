"""Guessers, blocked networks and weak mechanisms through the web console: security_test.py LINNETD
LINNETCTL LINNET-CONSOLE"""
import datetime
import json
import socket

from browser import API, Site, expect

import daemon  # its folder is known since browser was imported
from daemon import wait_for

WRITES = {"/throttle/forgive": {"kind": "address", "who": "192.0.2.7"},
          "/blocks": {"network": "192.0.2.0/24", "reason": "spam", "hours": "24"},
          "/blocks/remove": {"network": "192.0.2.0/24"}}


def keeps_to_roles():
    """whoever may look may look; changes need the role full, and a page of the session"""
    with Site() as site:
        stranger, looker, admin = site.browser(), site.browser("looker"), site.browser("admin")
        for path in ("/mechanisms", "/throttle", "/blocks"):
            expect(stranger.get(path), 401, "signed-out")
            expect(looker.get(path), 200)
        for path, body in WRITES.items():
            expect(stranger.post(path, body), 401, "signed-out")
            expect(looker.post(path, body), 403, "policy")
            expect(admin.post(path, body, {"X-CSRF-Token": None}), 403, "csrf")
            expect(admin.post(path, {}), 400, "bad-request")
            expect(admin.post(path, {**body, "more": "x"}), 400, "bad-request")
        assert expect(looker.get("/blocks"), 200).json == {"blocks": []}
        site.stop()


def blocks():
    """networks are blocked, listed with who did it, and let in again"""
    with Site() as site:
        admin = site.browser("admin")
        assert expect(admin.post("/blocks", WRITES["/blocks"]), 200).json == {"network": "192.0.2.0/24"}
        expect(admin.post("/blocks", {"network": "2001:DB8::7", "reason": "", "hours": ""}), 200)
        rows = {row["network"]: row for row in expect(admin.get("/blocks"), 200).json["blocks"]}
        row = rows["192.0.2.0/24"]
        assert row["until_s"] - row["since_s"] in (86400, 86401), row
        ends = datetime.datetime.fromtimestamp(row["until_s"], datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        assert (row["reason"], row["actor"], row["hits"]) == ("spam", "admin@localhost", 0), row
        assert rows["2001:db8::7/128"]["until_s"] is None
        for network, hours, word in (("127.0.0.1", "", "cannot be blocked"), ("::1", "1", "cannot be"),
                                     ("0.0.0.0/0", "", "cannot be"), ("192.0.2.1/24", "", "192.0.2.0/24"),
                                     ("x", "", "must be like"), ("192.0.2.0/24", "1.5", "hours"),
                                     ("192.0.2.0/24", "-1", "hours"), ("192.0.2.0/24", "0", "hours"),
                                     ("192.0.2.0/24", "99999", "hours"), ("192.0.2.0/24", "123456", "hours")):
            answer = expect(admin.post("/blocks", {"network": network, "reason": "", "hours": hours}),
                            422, "usage")
            assert word in answer.json["error"]["sentence"], answer.text
        expect(admin.post("/blocks/remove", {"network": "192.0.2.0/24"}), 200)
        expect(admin.post("/blocks/remove", {"network": "192.0.2.0/24"}), 422, "usage")
        rows = expect(admin.get("/audit?action=block."), 200).json["entries"]
        assert {(row["actor"], row["address"]) for row in rows} == {("admin@localhost", "127.0.0.1")}, rows
        assert [(row["action"], row["object"], row["detail"]) for row in rows] == [
            ("block.removed", "192.0.2.0/24", ""), ("block.added", "2001:db8::7/128", "for ever"),
            ("block.added", "192.0.2.0/24", f"spam (until {ends})")], rows
        site.says("block.added: 192.0.2.0/24 by admin@localhost at 127.0.0.1: spam")
        site.says("block.removed: 192.0.2.0/24 by admin@localhost at 127.0.0.1")
        site.stop()


def forgives():
    """who guesses is listed with how long it waits, and forgiven"""
    with Site() as site:
        admin = site.browser("admin")
        assert expect(admin.get("/throttle"), 200).json == {"debts": []}
        for _ in range(5):
            expect(site.browser().ask("POST", API + "/session", {"user": "looker", "password": "x"}),
                   401, "bad-credentials")
        debts = {debt["kind"]: debt for debt in expect(admin.get("/throttle"), 200).json["debts"]}
        assert debts["address"] == {"kind": "address", "who": "127.0.0.1", "failures": 5,
                                    "hold_ms": 1000, "waiting": 0}, debts
        for kind, who in (("address", "127.0.0.1"), ("account", "looker")):
            answer = expect(admin.post("/throttle/forgive", {"kind": kind, "who": who}), 200)
            assert answer.json == {"kind": kind, "who": who, "forgiven": True}, answer.text
        assert expect(admin.get("/throttle"), 200).json == {"debts": []}
        expect(admin.post("/throttle/forgive", {"kind": "address", "who": "nobody"}), 422, "usage")
        site.stop()


def tells_mechanisms():
    """each mechanism with whether it is offered; nobody needs the weak"""
    with Site("login.mechanisms=SCRAM-SHA-256,PLAIN") as site:
        told = expect(site.browser("looker").get("/mechanisms"), 200).json
        offered = {m["name"] for m in told["mechanisms"] if m["offered"] and m["class"] != "token"}
        assert offered == {"SCRAM-SHA-256", "PLAIN"}, told
        assert told["legacy"] == {"enabled": False, "needed_by": [], "more": False}, told
        site.stop()


def stops_in_between():
    """a sign-in that is held when the server stops is given up with it"""
    with Site() as site:
        admin = site.browser("admin")
        wrong = {"user": "looker", "password": "x"}
        for _ in range(7):
            expect(site.browser().ask("POST", API + "/session", wrong), 401, "bad-credentials")
        body = json.dumps(wrong).encode()
        with socket.create_connection(("127.0.0.1", site.http), 30) as s:
            s.sendall(f"POST {API}/session HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                      f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
            wait_for("one that is held", lambda: any(
                debt["waiting"] for debt in admin.get("/throttle").json["debts"] if debt["kind"] == "address"))
            site.stop()


daemon.run(keeps_to_roles, blocks, forgives, tells_mechanisms, stops_in_between)
