"""A linnetd of this run's own with its web console, and what a browser would send to it. A test
that uses it is called with LINNETD LINNETCTL LINNET-CONSOLE."""
import contextlib
import http.client
import json
import pathlib
import re
import socket
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "hostile"))
from daemon import Daemon, free_port, wait_for  # noqa: E402  (after its folder is known)

API = "/api/v1"
PASSWORD = "secret of {}"


class Answer:
    def __init__(self, response):
        self.status, self.text = response.status, response.read()
        self.headers = response.headers
        self.cookies = response.headers.get_all("Set-Cookie") or []

    @property
    def json(self):
        return json.loads(self.text)

    @property
    def code(self):
        return self.json["error"]["code"]


class Browser:
    """What a page would send, and can be made to send something else."""

    def __init__(self, port):
        self.port, self.cookie, self.csrf = port, None, None

    def ask(self, method, path, body=None, headers=None):
        """`headers` replace those of a page; None takes one away."""
        own = {"Host": f"127.0.0.1:{self.port}"}
        if self.cookie:
            own["Cookie"] = f"linnet_session={self.cookie}"
            own["X-CSRF-Token"] = self.csrf
        if method != "GET":
            own["Origin"] = f"http://127.0.0.1:{self.port}"
            own["Content-Type"] = "application/json"
        own.update(headers or {})
        data = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        if data is not None:
            own.setdefault("Content-Length", str(len(data)))
        for name, value in own.items():
            if value is not None:
                connection.putheader(name, value)
        connection.endheaders(data)
        try:
            answer = Answer(connection.getresponse())
            self.keep(answer.cookies)
            return answer
        finally:
            connection.close()

    def keep(self, cookies):
        for cookie in cookies:
            if found := re.match("linnet_session=([0-9a-f]{64});", cookie):
                self.cookie = found.group(1)

    @contextlib.contextmanager
    def follow(self):
        """The lines of an event stream."""
        with socket.create_connection(("127.0.0.1", self.port), 30) as s:
            s.sendall(f"GET {API}/events HTTP/1.1\r\nHost: localhost\r\n"
                      f"Cookie: linnet_session={self.cookie}\r\nX-CSRF-Token: {self.csrf}\r\n\r\n".encode())
            yield s.makefile("rb")

    def get(self, path):
        return self.ask("GET", API + path)

    def post(self, path, body, headers=None):
        return self.ask("POST", API + path, body, headers)

    def sign_in(self, user, password=None):
        answer = self.ask("POST", API + "/session",
                          {"user": user, "password": password or PASSWORD.format(user)})
        if answer.status == 200:
            self.csrf = answer.json["csrf"]
        return answer


class Site(Daemon):
    """linnetd with the console that it starts, and two administrators."""
    USERS = ["admin", "looker", "nobody"]

    def __init__(self, *settings):
        self.http = free_port()
        super().__init__(f"console.listen=127.0.0.1:{self.http}", f"console.program={sys.argv[3]}",
                         *settings, users=self.USERS)
        self.control("user", "role", "admin", "full")
        self.control("user", "role", "looker", "read-only")

    def browser(self, user=None):
        browser = Browser(self.http)
        if user:
            assert (answer := browser.sign_in(user)).status == 200, answer.text
        return browser

    def console(self):
        """The process of the console; None while there is none."""
        for status in pathlib.Path("/proc").glob("[0-9]*/status"):
            with contextlib.suppress(OSError):
                if f"PPid:\t{self.process.pid}\n" in (text := status.read_text()) and lives(text):
                    return int(status.parent.name)
        return None

    @contextlib.contextmanager
    def another(self, *flags):
        """A console beside the one of linnetd, with flags of its own; gives its port."""
        port = free_port()
        log = self.folder / f"console-{port}"
        with open(log, "wb") as out:
            process = subprocess.Popen(
                [sys.argv[3], "--control", self.folder / "data" / "control.sock", "--listen",
                 f"127.0.0.1:{port}", *flags], stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        try:
            wait_for("a console", lambda: answers(port))
            yield port
        finally:
            process.terminate()
            status = process.wait(30)
        assert status == 0, f"it ended with {status}: {log.read_text()}"


def answers(port):
    try:
        return Browser(port).get("/health").status == 200
    except OSError:
        return False


def lives(status):
    return not re.search(r"^State:\s+[ZX]", status, re.M)


def is_gone(pid):
    try:
        return not lives(pathlib.Path(f"/proc/{pid}/status").read_text())
    except OSError:
        return True


def raw(port, data):
    """Sends bytes and gives all that comes back."""
    with socket.create_connection(("127.0.0.1", port), 30) as s:
        s.sendall(data)
        answer = b""
        with contextlib.suppress(ConnectionResetError):
            while got := s.recv(65536):
                answer += got
        return answer


def expect(answer, status, code=None):
    assert answer.status == status, f"{answer.status}, not {status}: {answer.text[:300]}"
    if code:
        assert answer.code == code, answer.text
        assert answer.json["error"]["sentence"], answer.text
    return answer
