"""A linnetd of this run's own, on free loopback ports, and what every test here asks of it in the
end: that it is up, serves others, stops in order, and that no sanitizer spoke."""
import os
import pathlib
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time

sys.path[:0] = [str(pathlib.Path(__file__).parents[1] / name) for name in ("interop", "checks")]
import rawxmpp  # noqa: E402  (after its folder is known)
import tap  # noqa: E402
from folder import make_folder  # noqa: E402
from ports import free_port  # noqa: E402

DOMAIN = "localhost"
HEADER = ("<?xml version='1.0'?><stream:stream to='localhost' version='1.0' xmlns='jabber:client' "
          "xmlns:stream='http://etherx.jabber.org/streams'>")
PING = "<iq type='get' id='{}'><ping xmlns='urn:xmpp:ping'/></iq>"


def wait_for(what, condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited {seconds} s in vain for {what}"
        time.sleep(0.02)


class Daemon:
    def __init__(self, *settings, users=()):
        self.linnetd, self.linnetctl = sys.argv[1:3]
        self.folder = make_folder("linnet-hostile-")
        os.environ["XDG_STATE_HOME"] = str(self.folder / "state")
        self.port, self.tls_port = free_port(), free_port()
        self.log = self.folder / "log"
        command = [self.linnetd, "--data", self.folder / "data"]
        for setting in (f"domain={DOMAIN}", f"c2s.listen=127.0.0.1:{self.port}",
                        f"c2s.listen_tls=127.0.0.1:{self.tls_port}", "login.iterations=4096",
                        "loops=4", "console.listen=", *settings):
            command += ["--set", setting]
        self.command = command
        self.start()
        for user in users:
            self.add(user)

    def start(self, command=None):
        environ = dict(os.environ, TSAN_OPTIONS="halt_on_error=0:exitcode=66:report_thread_leaks=0")
        with open(self.log, "wb") as out:
            self.process = subprocess.Popen(command or self.command, stdin=subprocess.DEVNULL, stdout=out,
                                            stderr=subprocess.STDOUT, env=environ)
        wait_for("the line `ready`", lambda: "ready" in self.said().splitlines() or not self.alive())
        assert self.alive(), "it ended at once"

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if self.alive():
            self.process.kill()
            self.process.wait()
        if kind:
            print("# linnetd said: " + self.said()[-3000:].replace("\n", "\n# "))
        shutil.rmtree(self.folder)

    def said(self):
        return self.log.read_text(errors="replace")

    def says(self, text):
        """It is in the log, or will be: a line may be written after the answer was sent."""
        wait_for(f"{text!r} in the log", lambda: text in self.said())

    def alive(self):
        return self.process.poll() is None

    def signal(self, number):
        self.process.send_signal(number)

    def control(self, *words):
        done = subprocess.run([self.linnetctl, "--data", self.folder / "data", *words],
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=30, check=False)
        assert done.returncode == 0, f"linnetctl {words}: {done.stderr.decode()}"
        return done.stdout.decode()

    def password(self, verb, user, password=None):
        file = self.folder / f"password-{user}"
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
            out.write(password or f"secret of {user}")
        self.control("user", verb, user, "--password-file", str(file))

    def add(self, user):
        self.password("add", user)

    def session(self, direct_tls=False, timeout=20, source="127.0.0.1"):
        """A client that has said nothing yet."""
        return rawxmpp.Session("127.0.0.1", self.tls_port if direct_tls else self.port, DOMAIN,
                               direct_tls, timeout, source)

    def login(self, user, resource="", direct_tls=True):
        return self.session(direct_tls).login(user, f"secret of {user}", resource, direct_tls)

    def serves(self, user):
        """Somebody else can sign in and is answered."""
        session = self.login(user)
        ping(session, "serves")
        session.close()

    def stop(self):
        """SIGTERM ends it in order, and no sanitizer found anything, before or at the end."""
        if self.alive():
            self.signal(signal.SIGTERM)
        status = self.process.wait(30)
        said = self.said()
        for word in ("Sanitizer", "runtime error:", "assertion", "Assertion"):
            at = said.find(word)
            assert at < 0, said[max(0, at - 200):at + 4000]
        assert status == 0, f"it ended with {status}"


def ping(session, name="ping"):
    """Passes over what else comes until the server answers."""
    session.write(PING.format(name))
    while (element := session.read()).get("id") != name:
        pass
    assert element.get("type") == "result", element.attrib


def say(port, data):
    """Says `data` and nothing more on a connection of its own, and hears the server out."""
    with socket.create_connection(("127.0.0.1", port), 10) as s:
        try:
            s.sendall(data)
            s.shutdown(socket.SHUT_WR)
            while s.recv(65536):
                pass
        except OSError:
            pass


def drop(session):
    """Goes away without a word, with a reset where the system allows it."""
    try:
        session.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        session.socket.close()
    except OSError:
        pass


# What a client sees when the server ends its stream or its connection.
GONE = (rawxmpp.Closed, OSError, ssl.SSLError)


def run(*cases):
    """Each case is a function; its docstring's first line is its name."""
    report = tap.Report()
    for case in cases:
        faults = []
        try:
            case()
        except Exception as error:  # a test reports, whatever it was
            faults = [line for line in f"{type(error).__name__}: {error}".splitlines()]
        report.check(case.__doc__.splitlines()[0], faults)
        sys.stdout.flush()
    report.finish()
