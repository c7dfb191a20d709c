"""The console with TLS, and its ports: tls_test.py LINNETD LINNETCTL LINNET-CONSOLE"""
import concurrent.futures
import contextlib
import json
import os
import pathlib
import re
import signal
import socket
import ssl
import subprocess
import sys
import warnings

from browser import API, PASSWORD, Browser, Site, answers, expect, raw

import daemon  # its folder is known since browser was imported
from daemon import free_port, wait_for


class Secured(Site):
    """A console with TLS beside the usual one."""

    def __init__(self, *settings, address="127.0.0.1"):
        self.https = free_port()
        super().__init__(f"console.listen_tls={address}:{self.https}", *settings)
        self.certificate = self.folder / "data" / "console" / "cert.pem"

    def open(self, name="localhost", patience_s=30, source="127.0.0.1"):
        """A TLS connection that checks the certificate for that name."""
        context = ssl.create_default_context(cafile=self.certificate)
        plain = socket.create_connection(("127.0.0.1", self.https), patience_s, (source, 0))
        return context.wrap_socket(plain, server_hostname=name)

    def ask(self, method, path, body=None, headers=None, source="127.0.0.1"):
        """(status, headers in lower case, JSON or text) of a request that a page could have made."""
        own = {"Host": f"localhost:{self.https}"}
        if method != "GET":
            own |= {"Origin": f"https://localhost:{self.https}", "Content-Type": "application/json"}
        own |= headers or {}
        data = json.dumps(body).encode() if body is not None else b""
        head = f"{method} {API}{path} HTTP/1.1\r\n" + "".join(
            f"{name}: {value}\r\n" for name, value in own.items() if value is not None)
        with self.open(source=source) as stream:
            stream.sendall(f"{head}Content-Length: {len(data)}\r\n\r\n".encode() + data)
            answer = b""
            while got := stream.recv(65536):
                answer += got
        head, _, text = answer.decode().partition("\r\n\r\n")
        return int(head.split()[1]), head, text


def serves_tls():
    """TLS 1.2 and later with a certificate of its own, made once, its key for nobody else"""
    with Secured() as site:
        wait_for("TLS", lambda: answers_tls(site))
        with site.open() as stream:
            assert stream.version() == "TLSv1.3", stream.version()
            shown = stream.getpeercert(True)
        key = site.certificate.parent / "key.pem"
        assert key.stat().st_mode & 0o777 == 0o600 and key.parent.stat().st_mode & 0o777 == 0o700
        old = ssl.create_default_context(cafile=site.certificate)
        old.set_ciphers("ALL:@SECLEVEL=0")  # this end would take it
        with contextlib.suppress(ssl.SSLError):
            warnings.simplefilter("ignore", DeprecationWarning)
            old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
            with socket.create_connection(("127.0.0.1", site.https), 30) as plain, \
                    old.wrap_socket(plain, server_hostname="localhost"):
                raise AssertionError("TLS 1.1 was taken")
        with site.open() as stream:
            assert stream.getpeercert(True) == shown
        status, _, text = site.ask("GET", "/health")
        assert (status, json.loads(text)) == (200, {"ok": True})
        site.stop()
        site.start()
        wait_for("TLS", lambda: answers_tls(site))
        with site.open() as stream:
            assert stream.getpeercert(True) == shown
        site.stop()


def answers_tls(site):
    try:
        return site.ask("GET", "/health")[0] == 200
    except (OSError, IndexError, ValueError):
        return False


def keeps_its_cookie():
    """the cookie is __Host- and Secure there, and counts on no other port"""
    with Secured() as site:
        wait_for("TLS", lambda: answers_tls(site))
        body = {"user": "admin", "password": PASSWORD.format("admin")}
        status, head, text = site.ask("POST", "/session", body)
        assert status == 200, text
        cookie = re.search(r"Set-Cookie: ([^=]*)=([0-9a-f]{64}); (.*?)\r?$", head, re.M)
        assert cookie.group(1) == "__Host-linnet_session", head
        assert set(cookie.group(3).strip().split("; ")) == {"HttpOnly", "SameSite=Strict", "Path=/", "Secure"}
        value = cookie.group(2)
        csrf = json.loads(text)["csrf"]
        named = {"Cookie": f"__Host-linnet_session={value}", "X-CSRF-Token": csrf}
        assert site.ask("GET", "/session", headers=named)[0] == 200
        assert site.ask("GET", "/session", headers={**named, "Cookie": f"linnet_session={value}"})[0] == 401
        assert site.ask("GET", "/session", headers={**named, "X-CSRF-Token": None})[0] == 403
        clear = Browser(site.http)
        expect(clear.ask("GET", API + "/session", headers=named), 401, "signed-out")
        clear.cookie, clear.csrf = value, csrf
        expect(clear.get("/session"), 401, "signed-out")
        clear = site.browser("admin")  # and the other way round
        taken = {"Cookie": f"__Host-linnet_session={clear.cookie}", "X-CSRF-Token": clear.csrf}
        assert site.ask("GET", "/session", headers=taken)[0] == 401
        expect(clear.get("/session"), 200)
        status, head, _ = site.ask("DELETE", "/session", headers=named)
        assert status == 204 and "__Host-linnet_session=;" in head and "Max-Age=0" in head, head
        site.stop()


def refuses_others():
    """clear text, names that are not its own and pages of others are refused"""
    with Secured() as site:
        wait_for("TLS", lambda: answers_tls(site))
        request = f"GET {API}/health HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
        assert b"HTTP" not in raw(site.https, request)
        for host in ("evil.example", f"evil.example:{site.https}", "localhost.evil.example", "", "[::1"):
            status, _, text = site.ask("GET", "/health", headers={"Host": host})
            assert status in (400, 403), (host, status, text)
        for host in ("127.0.0.1", "192.0.2.7:1", "[2001:db8::1]", "LOCALHOST"):
            assert site.ask("GET", "/health", headers={"Host": host})[0] == 200, host
        body = {"user": "admin", "password": PASSWORD.format("admin")}
        for origin in (f"http://localhost:{site.https}", "https://localhost", "https://evil.example", "null"):
            status, _, text = site.ask("POST", "/session", body, {"Origin": origin})
            assert status == 403 and json.loads(text)["error"]["code"] == "origin", (origin, text)
        assert answers_tls(site)
        site.stop()


def names_certificate(site):
    """Starts it again with a certificate that the settings name; its file, and its key's."""
    site.stop()
    files = [site.folder / "named.pem", site.folder / "named.key"]
    make_certificate(files, "console.example")
    site.command += ["--set", f"console.certificate={files[0]}", "--set", f"console.key={files[1]}"]
    site.certificate = files[0]
    site.start()
    wait_for("TLS", lambda: shows(site, "console.example"))
    return files


def takes_a_certificate():
    """one that the settings name serves too, is read again by the next console, and is given to no file"""
    with Secured() as site:
        files = names_certificate(site)
        first = site.console()
        make_certificate(files, "other.example")
        os.kill(first, 15)
        wait_for("the next console", lambda: site.console() not in (None, first) and shows(site, "other.example"))
        for descriptor in pathlib.Path(f"/proc/{site.console()}/fd").iterdir():
            assert not os.readlink(descriptor).startswith(str(site.folder)), os.readlink(descriptor)
        site.stop()


def renews_at_once():
    """SIGHUP takes a renewed certificate, and no half of one"""
    with Secured() as site:
        files = names_certificate(site)
        first = site.console()
        key = files[1].read_bytes()
        make_certificate(files, "other.example")
        renewed = files[1].read_bytes()
        files[1].write_bytes(key)
        site.signal(signal.SIGHUP)
        wait_for("a word about it", lambda: "its certificate is not taken" in site.said())
        assert site.console() == first
        files[1].write_bytes(renewed)
        site.control("reload")
        wait_for("the next console", lambda: site.console() not in (None, first) and shows(site, "other.example"))
        site.stop()


def renews_in_time():
    """a console that does not end when its certificate was renewed is killed, and the next one serves"""
    with Secured() as site:
        site.stop()
        mark, program = site.folder / "once", site.folder / "console"
        program.write_text(f"#!/bin/sh\nif /bin/mkdir {mark} 2>/dev/null; then trap '' TERM; "
                           f"exec /bin/sleep 600; fi\nexec {sys.argv[3]} \"$@\"\n")
        program.chmod(0o700)
        site.start([*site.command, "--set", f"console.program={program}"])
        wait_for("the first one", mark.exists)
        seconds = site.certificate.stat().st_mtime + 5
        os.utime(site.certificate, (seconds, seconds))
        site.control("reload")
        wait_for("the next one", lambda: answers_tls(site))
        site.stop()


def goes_on_without():
    """a certificate that cannot be used ends nothing but TLS, and the log says so"""
    with Secured() as site:
        site.stop()
        files = [site.folder / "named.pem", site.folder / "named.key"]
        make_certificate(files, "console.example")
        make_certificate([files[0], site.folder / "other.key"], "console.example")
        for certificate, key, why in ((files[0], files[1], "the key must be that of the certificate"),
                                      (site.folder / "log", files[1], "the certificate is not PEM"),
                                      ("/nowhere/cert.pem", files[1], "/nowhere/cert.pem cannot be opened")):
            command = [*site.command, "--set", f"console.certificate={certificate}", "--set",
                       f"console.key={key}"]
            site.start(command)
            wait_for("the console", lambda: answers(site.http))
            wait_for(why, lambda why=why: why in site.said())
            assert not shows(site, "console.example", 2)  # the port is kept, and nobody answers
            site.stop()


def shows(site, name, patience_s=30):
    try:
        with site.open(name, patience_s):
            return True
    except (OSError, ssl.SSLError):
        return False


def make_certificate(files, name):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-days", "30", "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}", "-out",
                    files[0], "-keyout", files[1]], check=True, capture_output=True)


def tries_again():
    """a port that was taken is had as soon as it is free, and the other goes on meanwhile"""
    port = free_port()
    with socket.create_server(("127.0.0.1", port)) as taken:
        with Secured("console.listen=127.0.0.1:" + str(port)) as site:
            wait_for("TLS", lambda: answers_tls(site))
            site.says(f"not on 127.0.0.1:{port}")
            taken.close()
            wait_for("the port", lambda: answers(port), 30)
            wait_for("TLS again", lambda: answers_tls(site))
            assert "status" not in site.said(), site.said()
            site.stop()


def keeps_room():
    """who comes with TLS takes neither every connection nor every sign-in, from the machine's own or others"""
    with Secured() as site:
        wait_for("TLS", lambda: answers_tls(site))
        admin, stranger, other = site.browser("admin"), "127.0.0.2", "127.0.0.3"
        right = {"user": "admin", "password": PASSWORD.format("admin")}

        def guess():
            return site.ask("POST", "/session", {"user": "looker", "password": "wrong"}, source=stranger)[0]

        for _ in range(8):
            assert guess() == 401
        with concurrent.futures.ThreadPoolExecutor(2) as crowd:
            guesses = [crowd.submit(guess) for _ in range(2)]
            wait_for("two that wait", lambda: max(
                debt["waiting"] for debt in admin.get("/throttle").json["debts"]
                if debt["who"] == stranger) == 2)
            assert guess() == 429
            assert site.ask("POST", "/session", right, source=other)[0] == 200
            expect(site.browser().sign_in("admin"), 200)
            assert {done.result() for done in guesses} == {401}
        with contextlib.ExitStack() as silent:
            for _ in range(100):
                silent.enter_context(socket.create_connection(("127.0.0.1", site.https), 30, (stranger, 0)))
            for _ in range(3):
                expect(site.browser().get("/health"), 200)
                assert site.ask("POST", "/session", right, source=other)[0] == 200
        site.stop()


def tells_addresses():
    """an IPv4 address is written as one, also where a socket takes both kinds"""
    with Secured(address="*") as site:
        wait_for("TLS", lambda: answers_tls(site))
        body = {"user": "admin", "password": PASSWORD.format("admin")}
        assert site.ask("POST", "/session", body)[0] == 200
        site.says("signed in from 127.0.0.1 ")
        assert "::ffff:" not in site.said(), site.said()
        site.stop()


if __name__ == "__main__":
    daemon.run(serves_tls, keeps_its_cookie, refuses_others, takes_a_certificate, renews_at_once, renews_in_time,
               goes_on_without, tries_again, keeps_room, tells_addresses)
