"""The first start, from an empty folder to a first login: setup_test.py LINNETD LINNETCTL
LINNET-CONSOLE"""
import contextlib
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys

from browser import Browser, answers, expect

import daemon  # its folder is known since browser was imported
from daemon import DOMAIN, Daemon, free_port, make_folder, wait_for
import openapi

LINK = re.compile(r"^set up at http://127\.0\.0\.1:(\d+)/setup#([0-9a-f]{40})$", re.M)
PASSWORD = "secret of admin"
CALLS = {operation.method: operation for operation in openapi.Description().operations
         if operation.only == "set-up"}


def as_described(method, answer):
    found = CALLS[method].faults(answer.status, answer.headers.get_content_type(), answer.text)
    assert answer.status in CALLS[method].responses and not found, f"{answer.status}: {found}"
    return answer


class Fresh(Daemon):
    """A linnetd with a folder of its own; what it prints and what it logs are kept apart."""

    def __init__(self, *settings, console=True):  # pylint: disable=super-init-not-called
        self.linnetd, self.linnetctl = sys.argv[1:3]
        self.folder = make_folder("linnet-setup-")
        os.environ["XDG_STATE_HOME"] = str(self.folder / "state")
        self.port, self.tls_port, self.http = free_port(), free_port(), free_port()
        self.out, self.log = self.folder / "out", self.folder / "log"
        self.settings = [f"c2s.listen=127.0.0.1:{self.port}", f"c2s.listen_tls=127.0.0.1:{self.tls_port}",
                         "login.iterations=4096", "loops=2", f"console.program={sys.argv[3]}",
                         f"console.listen=127.0.0.1:{self.http}" if console else "console.listen=",
                         *settings]
        self.begin()

    def begin(self, *settings):
        command = [self.linnetd, "--data", self.folder / "data"]
        for setting in (*self.settings, *settings):
            command += ["--set", setting]
        environ = dict(os.environ, TSAN_OPTIONS="halt_on_error=0:exitcode=66:report_thread_leaks=0")
        with open(self.out, "wb") as out, open(self.log, "wb") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=log,
                                            env=environ)
        wait_for("its first line", lambda: self.printed().endswith("\n") or not self.alive())

    def printed(self):
        return self.out.read_text()

    def said(self):
        return self.printed() + self.log.read_text(errors="replace")

    def is_ready(self):
        return "ready" in self.printed().splitlines()

    def becomes_ready(self):
        wait_for("the line `ready`", lambda: self.is_ready() or not self.alive())
        assert self.is_ready(), self.said()

    def key(self):
        """Of the link, once the console behind it answers."""
        port, key = LINK.search(self.printed()).groups()
        assert int(port) == self.http
        wait_for("the console", lambda: answers(self.http))
        return key

    def set_up(self, key, user="admin", domain=DOMAIN, password=PASSWORD):
        body = {"key": key, "domain": domain, "user": user, "password": password}
        return as_described("POST", Browser(self.http).post("/setup", body))

    def state(self):
        return as_described("GET", Browser(self.http).get("/setup"))

    def listens(self):
        with contextlib.suppress(ConnectionRefusedError), \
                socket.create_connection(("127.0.0.1", self.port), 10):
            return True
        return False


def begins_with_a_link():
    """an empty folder: a link, an administrator, clients; and no second time"""
    with Fresh() as server:
        key = server.key()
        assert not server.is_ready() and not server.listens()
        assert expect(server.state(), 200).json == {"needed": True, "domain": None}
        server.signal(signal.SIGHUP)
        wait_for("SIGHUP", lambda: "SIGHUP: the server is not set up yet" in server.said())
        expect(Browser(server.http).sign_in("admin"), 503)
        assert expect(server.set_up(key), 201).json == {"jid": f"admin@{DOMAIN}"}
        server.becomes_ready()
        expect(server.state(), 404, "not-found")
        expect(server.set_up(key, "other"), 404, "not-found")
        server.serves("admin")
        assert expect(Browser(server.http).sign_in("admin"), 200).json["role"] == "full"
        server.signal(signal.SIGHUP)
        wait_for("SIGHUP", lambda: "settings and certificates were read again" in server.said())
        log = server.log.read_text()
        assert "domain takes effect" not in log, log
        assert key not in log and PASSWORD not in log and "server.set_up: user=admin@localhost" in log
        server.stop()

        server.begin()  # the domain is known from now on
        assert server.printed() == "ready\n", server.printed()
        wait_for("the console", lambda: answers(server.http))
        expect(server.state(), 404, "not-found")
        server.serves("admin")
        server.stop()

        server.begin("domain=elsewhere.example")
        server.becomes_ready()
        assert "elsewhere.example is not the one that this server was set up for" in server.said()
        server.stop()


def rows(server, *words):
    return [json.loads(line) for line in server.control("--json", *words).splitlines()]


def shows(port, certificate, name):
    try:
        context = ssl.create_default_context(cafile=certificate)
        with socket.create_connection(("127.0.0.1", port), 10) as plain, \
                context.wrap_socket(plain, server_hostname=name):
            return True
    except (OSError, ssl.SSLError):
        return False


def names_its_domain():
    """the console's own certificate is for the domain as soon as there is one"""
    https = free_port()
    with Fresh(f"console.listen_tls=127.0.0.1:{https}") as server:
        certificate = server.folder / "data" / "console" / "cert.pem"
        key = server.key()
        wait_for("TLS", lambda: shows(https, certificate, "localhost"))
        expect(server.set_up(key, domain="setup.example"), 201)
        wait_for("the domain", lambda: shows(https, certificate, "setup.example"))
        wait_for("the console", lambda: answers(server.http))
        expect(Browser(server.http).sign_in("admin", PASSWORD), 200)
        server.stop()


def is_written_down():
    """the set-up is a row of the audit trail, by whoever asked for it"""
    with Fresh() as server:
        expect(server.set_up(server.key()), 201)
        server.becomes_ready()
        row, = rows(server, "audit", "--action", "server.")
        assert row["action"] == "server.set_up" and row["object"] == f"admin@{DOMAIN}", row
        assert (row["actor"], row["address"]) == (f"uid {os.getuid()}", "127.0.0.1"), row
        server.stop()


def keeps_its_settings():
    """settings change, and are read again, where the domain came from the set-up"""
    with Fresh() as server:
        expect(server.set_up(server.key()), 201)
        for begins in (False, True):
            if begins:
                server.begin()
            server.becomes_ready()
            wait_for("the console", lambda: answers(server.http))
            admin = Browser(server.http)
            expect(admin.sign_in("admin", PASSWORD), 200)
            listed = {row["name"]: row for row in expect(admin.get("/settings"), 200).json["settings"]}
            domain = listed["domain"]
            assert (domain["value"], domain["source"], domain["pending"]) == (DOMAIN, "console", None), domain
            assert domain["fixed_by"] == "machine", domain
            assert listed["log.level"]["value"] == ("warning" if begins else "notice"), listed["log.level"]
            server.control("settings", "set", "log.level", "warning")
            server.control("settings", "set", "c2s.resume_s", "60")
            answer = expect(admin.post("/reload", {}), 200).json
            assert "domain" not in answer["waiting"], answer
            refused = expect(admin.post("/settings", {"name": "domain", "value": "other.example"}), 422)
            assert "domain" in refused.json["error"]["sentence"], refused.text
            server.control("settings", "set", "log.level", "info")
            server.signal(signal.SIGHUP)
            wait_for("SIGHUP", lambda: "were read again" in server.said())
            assert "domain takes effect" not in server.said(), server.said()
            server.control("settings", "set", "log.level", "warning")
            server.serves("admin")
            server.stop()


def refuses_what_is_wrong():
    """wrong keys, names, domains and passwords set nothing up, and too many wrong keys wait"""
    with Fresh() as server:
        key = server.key()
        for wrong in ("", "0" * 40, key[:-1], key + "0", key.upper() if key != key.upper() else "x"):
            expect(server.set_up(wrong), 403, "setup-key")
        wait_for("whose key it was", lambda: "a wrong key to set the server up, from 127.0.0.1" in server.said())
        for arguments, code in (({"user": "a b"}, "bad-address"), ({"user": ""}, "bad-address"),
                                ({"domain": "a b"}, "bad-address"), ({"domain": ""}, "bad-address"),
                                ({"password": ""}, "usage"), ({"user": "admin@x.org"}, "host-unknown")):
            expect(server.set_up(key, **arguments), 422, code)
        browser = Browser(server.http)
        body = {"key": key, "domain": DOMAIN, "user": "admin", "password": PASSWORD}
        expect(browser.post("/setup", body, {"Origin": "http://evil.example"}), 403, "origin")
        expect(browser.post("/setup", body, {"Host": "evil.example"}), 403, "origin")
        expect(browser.post("/setup", body, {"Content-Type": "text/plain"}), 400, "bad-request")
        expect(browser.post("/setup", {**body, "more": ""}), 400, "bad-request")
        for _ in range(5):
            expect(server.set_up("wrong"), 403, "setup-key")
        answer = expect(server.set_up("wrong"), 429, "auth-temporary")
        assert 0 < int(answer.headers["Retry-After"]) <= 60
        assert not server.is_ready() and not server.listens()
        expect(server.set_up(key), 201)  # strangers keep nobody out who has the link
        server.stop()


def voids_old_links():
    """the link of one start is worth nothing at the next"""
    with Fresh() as server:
        old = server.key()
        server.stop()
        server.begin()
        key = server.key()
        assert key != old
        expect(server.set_up(old), 403, "setup-key")
        expect(server.set_up(key), 201)
        server.becomes_ready()
        server.stop()


def asks_for_an_administrator():
    """a domain that is given is served at once; an administrator is all that is asked for"""
    with Fresh(f"domain={DOMAIN}") as server:
        server.becomes_ready()
        key = server.key()
        server.add("romeo")
        server.serves("romeo")
        assert expect(server.state(), 200).json == {"needed": True, "domain": DOMAIN}
        expect(server.set_up(key, domain="other.example"), 422, "host-unknown")
        expect(server.set_up(key, "romeo"), 409, "register-taken")
        expect(server.set_up(key, domain=""), 201)
        expect(server.state(), 404, "not-found")
        server.serves("admin")
        server.stop()


def ends_with_a_role():
    """somebody who becomes an administrator otherwise ends it too"""
    with Fresh(f"domain={DOMAIN}") as server:
        server.becomes_ready()
        key = server.key()
        server.add("romeo")
        server.control("user", "role", "romeo", "read-only")
        expect(server.state(), 200)
        server.control("user", "role", "romeo", "full")
        expect(server.state(), 404, "not-found")
        expect(server.set_up(key), 404, "not-found")
        server.stop()


def waits_for_who_can_sign_in():
    """an administrator who is disabled is none: the waiting goes on, at the next start too, until he is enabled"""
    with Fresh(f"domain={DOMAIN}") as server:
        server.becomes_ready()
        server.add("romeo")
        server.control("user", "disable", "romeo")
        server.control("user", "role", "romeo", "full")
        expect(server.state(), 200)
        server.stop()
        server.begin()
        server.becomes_ready()
        key = server.key()
        server.add("juliet")
        server.control("user", "disable", "juliet")
        server.control("user", "enable", "juliet")  # somebody without a role
        expect(server.state(), 200)
        server.control("user", "enable", "romeo")
        expect(server.set_up(key), 404, "not-found")
        server.stop()
        server.begin()
        server.becomes_ready()
        assert "set up" not in server.printed(), server.printed()
        server.stop()


def needs_no_console():
    """linnetctl does the same, where there is no console"""
    with Fresh(console=False) as server:
        assert server.printed() == f"set up with: linnetctl --data {server.folder / 'data'} setup NAME@DOMAIN\n"
        refused = subprocess.run([server.linnetctl, "--data", server.folder / "data", "setup", "admin",
                                  "--generate"], capture_output=True, text=True, timeout=30, check=False)
        assert refused.returncode == 2 and "no domain yet" in refused.stderr, refused
        refused = subprocess.run([server.linnetctl, "--data", server.folder / "data", "status"],
                                 capture_output=True, text=True, timeout=30, check=False)
        assert "not set up yet" in refused.stderr, refused
        file = private(server, "password", PASSWORD)
        said = server.control("setup", f"admin@{DOMAIN}", "--password-file", file)
        assert said == f"admin@{DOMAIN} is the first administrator.\n", said
        server.becomes_ready()
        server.serves("admin")
        refused = subprocess.run([server.linnetctl, "--data", server.folder / "data", "setup", "x",
                                  "--generate"], capture_output=True, text=True, timeout=30, check=False)
        assert "The server is set up" in refused.stderr, refused
        server.stop()


def private(server, name, text, mode=0o600):
    file = server.folder / name
    file.write_text(text + "\n")
    file.chmod(mode)
    return str(file)


def sets_itself_up():
    """setup.user and its file: no link, an administrator from the first start on"""
    with Fresh(console=False) as server:
        server.stop()
        file = private(server, "first", PASSWORD)
        unattended = (f"domain={DOMAIN}", "setup.user=admin", f"setup.password_file={file}")
        server.begin(*unattended)
        server.becomes_ready()
        assert server.printed() == "ready\n" and PASSWORD not in server.said()
        server.serves("admin")
        assert '"role":"full"' in server.control("--json", "user", "show", "admin")
        server.stop()
        os.unlink(file)
        server.begin(*unattended)  # the file is not wanted any more
        server.becomes_ready()
        server.stop()

    with Fresh(f"domain={DOMAIN}", console=False) as server:  # an account that is there is given the role
        server.becomes_ready()
        server.add("admin")
        server.stop()
        file = private(server, "first", "another password")
        server.begin("setup.user=admin", f"setup.password_file={file}")
        server.becomes_ready()
        assert '"role":"full"' in server.control("--json", "user", "show", "admin")
        server.serves("admin")
        server.stop()


def refuses_a_bad_file():
    """a password file that others may read, that is empty or not there is a reason not to start"""
    with Fresh(console=False) as server:
        server.stop()
        for file, why in ((private(server, "open", PASSWORD, 0o644), "may be used by others"),
                          (private(server, "empty", ""), "no password in its first line"),
                          ("/nowhere/file", "cannot be opened"), (str(server.folder), "no regular file")):
            server.begin(f"domain={DOMAIN}", "setup.user=admin", f"setup.password_file={file}")
            assert server.process.wait(30) == 6 and why in server.said(), server.said()
        file = private(server, "first", PASSWORD)
        server.begin("setup.user=admin", f"setup.password_file={file}")
        wait_for("what is missing", lambda: "wait for a domain" in server.said())
        server.stop()
        server.begin(f"domain={DOMAIN}", "setup.user=admin")
        assert server.process.wait(30) == 6 and "set together" in server.said()


def passes_over_a_disabled_account():
    """setup.user names an account that is disabled: it stays so, clients are served, and a link is offered"""
    with Fresh(f"domain={DOMAIN}") as server:
        server.becomes_ready()
        server.add("admin")
        server.add("juliet")
        server.control("user", "disable", "admin", "--reason", "on leave")
        server.stop()
        file = private(server, "first", "another password")
        unattended = ("setup.user=admin", f"setup.password_file={file}")
        server.begin(*unattended)
        server.becomes_ready()
        assert "setup.user: admin@localhost is disabled" in server.said()
        assert "wait for a domain" not in server.said()
        server.serves("juliet")
        account = server.control("--json", "user", "show", "admin")
        assert '"disabled":true' in account and '"role":"none"' in account, account
        assert expect(server.set_up(server.key(), user="nurse"), 201)
        server.stop()
        server.begin(*unattended)
        server.becomes_ready()  # there is another administrator: nothing is wanted of this one
        assert "is disabled" not in server.said() and "set up" not in server.printed()
        server.stop()


def ends_when_it_cannot_serve():
    """a port that is taken is said to whoever sets it up, and ends the server as at any start"""
    with Fresh() as server, socket.create_server(("127.0.0.1", server.port)):
        answer = expect(server.set_up(server.key()), 503)
        assert "another program listens there" in answer.text.decode(), answer.text
        assert server.process.wait(30) != 0 and not server.is_ready()


def shows_nobody_the_key():
    """no link leads to a port that somebody else has"""
    with Fresh() as server:
        server.stop()
        with socket.create_server(("127.0.0.1", server.http)):
            server.begin()
            assert server.printed().startswith("set up with: linnetctl "), server.printed()
            server.stop()


if __name__ == "__main__":
    daemon.run(begins_with_a_link, names_its_domain, is_written_down, keeps_its_settings, refuses_what_is_wrong,
               voids_old_links, asks_for_an_administrator, ends_with_a_role, waits_for_who_can_sign_in,
               needs_no_console, sets_itself_up, refuses_a_bad_file, passes_over_a_disabled_account, shows_nobody_the_key,
               ends_when_it_cannot_serve)
