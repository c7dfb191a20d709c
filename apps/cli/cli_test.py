"""cli_test.py LINNET: the program as scripts and people meet it. The servers here only pretend; the
real ones are in tests/interop."""
import contextlib
import json
import os
import pathlib
import pty
import re
import select
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading

LINNET = sys.argv[1]
FOLDER = tempfile.TemporaryDirectory(prefix="linnet-cli-")
PRIVATE = pathlib.Path(FOLDER.name) / "password"
ENVIRONMENT = {**{key: value for key, value in os.environ.items() if key != "LINNET_PASSWORD"},
               "XDG_STATE_HOME": FOLDER.name + "/state"}

STREAM = ("<?xml version='1.0' encoding='UTF-8'?><stream:stream "
          'xmlns:stream="http://etherx.jabber.org/streams" xmlns="jabber:client" '
          'from="192.168.1.185" id="fb0cfcad" xml:lang="en" version="1.0">')
MECHANISMS = ('<mechanisms xmlns="urn:ietf:params:xml:ns:xmpp-sasl"><mechanism>PLAIN</mechanism>'
              "<mechanism>CRAM-MD5</mechanism><mechanism>ANONYMOUS</mechanism>"
              "<mechanism>DIGEST-MD5</mechanism><mechanism>JIVE-SHAREDSECRET</mechanism></mechanisms>")
LEGACY = ('<compression xmlns="http://jabber.org/features/compress"><method>zlib</method>'
          '</compression><auth xmlns="http://jabber.org/features/iq-auth"/>'
          '<register xmlns="http://jabber.org/features/iq-register"/>')
# The two lines of the tutorial: the namespace has lost its sense on the way.
MISSPELT = '<starttls xmlns="urn:ietf:params:xml:ns: xmpp-tls"></starttls>'


class Result:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out.decode(), err.decode()

    def __repr__(self):
        return f"status {self.code}, output {self.out!r}, errors {self.err!r}"


def linnet(*words, stdin=b"", env=None):
    done = subprocess.run([LINNET, *words], input=stdin, capture_output=True, timeout=60, check=False,
                          env={**ENVIRONMENT, **(env or {})})
    return Result(done.returncode, done.stdout, done.stderr)


class Skip(Exception):
    """What is tested cannot be had here; the reason."""


def same(got, wanted, what):
    assert got == wanted, f"wanted {wanted!r}, got {got!r}: {what!r}"


def has(text, *parts):
    """The parts, in this order, whatever the line breaks."""
    flat, place = " ".join(text.split()), 0
    for part in parts:
        found = flat.find(part, place)
        assert found >= 0, f"no {part!r} in its place in:\n{text}"
        place = found + len(part)


# ---- servers that pretend ----

class Fake:
    """Serves each connection with `serve(connection)` until the test is over."""

    def __init__(self, serve):
        self.serve = serve
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.one, args=(connection,), daemon=True).start()

    def one(self, connection):
        with connection:
            try:
                self.serve(connection)
            except OSError:
                pass

    def __enter__(self):
        return ["--host", "127.0.0.1", "--port", str(self.port)]

    def __exit__(self, *_):
        self.listener.close()


def read_until(connection, end):
    data = b""
    while end not in data:
        more = connection.recv(4096)
        if not more:
            raise OSError("the client has left")
        data += more
    return data


def certificate(name):
    path = pathlib.Path(FOLDER.name) / f"{name}.pem"
    if not path.exists():
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-nodes", "-keyout", path.with_suffix(".key"),
                        "-out", path, "-days", "30", "-subj", f"/CN={name}", "-addext",
                        f"subjectAltName={'IP' if name[0].isdigit() else 'DNS'}:{name}"], check=True, capture_output=True)
    return path


def tutorial(connection):
    """Openfire on 127.0.0.1, which believes that it is 192.168.1.185."""
    read_until(connection, b"version=")
    connection.sendall((STREAM + "<stream:features>" + MISSPELT + MECHANISMS + LEGACY
                        + "</stream:features>").encode())
    read_until(connection, b"<starttls")
    connection.sendall(b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    path = certificate("192.168.1.185")
    context.load_cert_chain(path, path.with_suffix(".key"))
    with context.wrap_socket(connection, server_side=True) as secured:
        read_until(secured, b"version=")
        secured.sendall((STREAM + "<stream:features>" + MECHANISMS + LEGACY
                         + "</stream:features>").encode())
        secured.recv(4096)


def without_tls(connection):
    """The same, where the misspelt offer is not even understood."""
    read_until(connection, b"version=")
    connection.sendall((STREAM + "<stream:features>" + MISSPELT + MECHANISMS
                        + "</stream:features>").encode())
    read_until(connection, b"<starttls")
    connection.sendall(b"<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:stream>")


def unknown_host(connection):
    """Answers in the name that it was asked for, and then refuses it, as Prosody does."""
    read_until(connection, b"version=")
    connection.sendall((STREAM.replace("192.168.1.185", "localhost") + "<stream:error><host-unknown "
                        "xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>"
                        "</stream:stream>").encode())


def http(connection):
    connection.recv(4096)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


def silence(connection):
    while connection.recv(4096):
        pass


# ---- the command line ----

def help_and_version():
    result = linnet("--help")
    same(result.code, 0, result)
    for command, option in (("login", "--host HOST"), ("probe", "--host HOST"), ("send", "--host HOST"),
                            ("listen", "--host HOST"), ("explain", "Output:")):
        assert f"linnet {command}" in result.out, result
        own = linnet(command, "--help")
        same(own.code, 0, own)
        has(own.out, f"Usage: linnet {command}", option, "--json", "Examples:")
        assert max(map(len, own.out.splitlines())) <= 84, own.out
    assert "--count" not in linnet("login", "--help").out
    version = linnet("--version")
    same(version.code, 0, version)
    assert version.out.startswith("linnet "), version


def usage():
    for words in ([], ["frobnicate"], ["login"], ["login", "a@b", "c"], ["login", "a@b", "--nosuch"],
                  ["login", "a@b", "--port", "0"], ["login", "a@b", "--password", "x"],
                  ["login", "a@b", "--mech", "ROT13"], ["login", "a@b", "--pin", "x"],
                  ["explain", "30", "31"], ["explain", "nonsense"], ["explain", "00"], ["explain", "99"],
                  ["explain", "30x"], ["explain", ""], ["explain", "--host", "x"],
                  ["forget", "a@b", "--host", "x"]):
        result = linnet(*words, env={"LINNET_PASSWORD": "secret"})
        same(result.code, 2, result)
        assert result.err and not result.out, result
        both = linnet(*words, "--json", env={"LINNET_PASSWORD": "secret"})
        same(both.code, 2, both)
        error = json.loads(both.out)
        same([error["event"], error["code"], error["exit"], error["heading"]],
             ["error", "usage", 2, "That cannot be done as asked"], both)
        assert both.err, both
    for path, why in (("/nonexistent", "No such file"), (FOLDER.name, "Is a directory")):
        for words in (["login", "a@b"], ["probe", "b"]):
            result = linnet(*words, "--cafile", path, env={"LINNET_PASSWORD": "secret"})
            same(result.code, 2, result)
            has(result.err, f"the file {path} given with --cafile cannot be read: {why}")
    result = linnet("\x1b[2J")
    assert "\x1b" not in result.err, result


def addresses():
    for address in ("a b@localhost", "evil/@victim", "juliet@", "localhost", ""):
        result = linnet("login", address, env={"LINNET_PASSWORD": "secret"})
        same(result.code, 3, result)
    result = linnet("send", "a@b", "c d@e", "-m", "x", env={"LINNET_PASSWORD": "secret"})
    same(result.code, 3, result)


    result = linnet("login", "alice", env={"LINNET_PASSWORD": "secret"})
    has(result.err, '"alice" is not a valid address: there is no @ in it.')
    result = linnet("login", "a b@localhost", env={"LINNET_PASSWORD": "secret"})
    has(result.err, '"a b@localhost" is not a valid address: a user name may not')


def hosts():
    """The port has an option of its own; what is no host is quoted."""
    words = ["login", "juliet@localhost", "--password-file", str(PRIVATE), "--memory=off"]
    for host in ("127.0.0.1:5322", "example.org:5222", "[::1]:5222", ""):
        result = linnet(*words, "--host", host)
        same(result.code, 2, result)
        has(result.err, f"--host: '{host}' is not a host or address alone; its port goes to --port")
    result = linnet(*words, "--host", "a b\x1b")
    same(result.code, 2, result)
    has(result.err, 'the host "a b')
    assert "\x1b" not in result.err, result
    same(linnet(*words, "--host", "::1", "--port", "1").code in (11, 13), True, "an IPv6 address")


def bodies():
    words = ["send", "a@localhost", "b@localhost"]
    for body, why in ((b"", "empty"), (b"\n", "empty"), (b"a\0b", "U+0000"), (b"\x1b[1m", "U+001B"),
                      (b"\xef\xbf\xbf", "U+FFFF"), (b"a" * 200001, "longer"), (b"\xff", "not text in UTF-8"),
                      (b"a\xc3", "UTF-8"), (b"\xc0\x80", "UTF-8"), (b"\xed\xa0\x80", "UTF-8"),
                      (b"\xf4\x90\x80\x80", "UTF-8"), (b"\xe2\x82a", "UTF-8"), (b"\xf5\x80\x80\x80", "UTF-8")):
        result = linnet(*words, stdin=body, env={"LINNET_PASSWORD": "secret"})
        same(result.code, 2, result)
        assert why in result.err, result
    result = linnet(*words, "-m", "\x1b", env={"LINNET_PASSWORD": "secret"})
    same(result.code, 2, result)
    has(result.err, "the message holds a character that XMPP cannot carry (U+001B)")


# ---- failures ----

def failure(serve, code, heading, *more):
    with Fake(serve) as where:
        result = linnet("login", "juliet@localhost", "--password-file", str(PRIVATE), *where, *more)
        same(result.code, code, result)
        assert result.err.startswith(heading + "\n  "), result
        has(result.out, "resolve", "connect", "secure failed")
        lines = [json.loads(line) for line in linnet(
            "login", "juliet@localhost", "--password-file", str(PRIVATE), "--json", *where,
            *more).out.splitlines()]
        same([line["event"] for line in lines], ["stage", "stage", "error"], lines)
        same(lines[-1]["exit"], code, lines)
        same(lines[-1]["heading"], heading, lines)


def failures():
    failure(http, 14, "That port is not XMPP")
    failure(http, 14, "That port is not XMPP", "--direct-tls")
    failure(silence, 12, "Server did not answer", "--timeout", "4")
    failure(silence, 12, "Server did not answer", "--stage-timeout", "4")
    failure(lambda connection: connection.recv(1), 16, "Connection lost")
    failure(without_tls, 24, "Server offers no encryption")


@contextlib.contextmanager
def nobody():
    """A port where nobody listens, and that nobody else can have meanwhile."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


def dead_port():
    with nobody() as port:
        result = linnet("login", "juliet@localhost", "--password-file", str(PRIVATE), "--host",
                        "127.0.0.1", "--port", str(port))
    same(result.code, 11, result)
    has(result.err, "Server is not accepting connections", f"127.0.0.1:{port}")


def dead_port_again():
    """--reconnect says what it waits for and ends with the failure; listen alone ends at once, as
    scripts expect of a server that was never there."""
    with nobody() as port:
        words = ["--password-file", str(PRIVATE), "--host", "127.0.0.1", "--port", str(port)]
        for command in (["listen", "juliet@localhost"],
                        ["send", "juliet@localhost", "romeo@localhost", "-m", "x"]):
            result = linnet(*command, *words, "--reconnect", "--timeout", "2")
            same(result.code, 11, result)
            has(result.err, "Not connected: No server accepted", "; trying again in ", "(attempt 1)",
                "Server is not accepting connections")
            result = linnet(*command, *words, "--reconnect", "--timeout", "2", "--json")
            first, *_, last = (json.loads(line) for line in result.out.splitlines())
            same((first["event"], first["code"], first["attempt"], first["delay_ms"] <= 2000),
                 ("retry", "refused", 1, True), result)
            same((last["event"], last["exit"]), ("error", 11), result)
        result = linnet("listen", "juliet@localhost", *words)
        same(result.code, 11, result)
        assert "trying again" not in result.err, result


def missing_host():
    """Who names a host is told to look at it, not at the domain."""
    result = linnet("login", "juliet@localhost", "--password-file", str(PRIVATE), "--host",
                    "nohost.invalid")
    if result.code in (12, 13, 15):
        raise Skip("there is no name server here that could say so")
    same(result.code, 10, result)
    has(result.err, "The host nohost.invalid that was set for localhost has no address.",
        "Check the name given with --host.")
    assert "misspell" not in result.err, result


def sentences():
    """What is said is about this login, and no more than that."""
    with Fake(unknown_host) as where:
        result = linnet("login", "juliet@localhost", "--password-file", str(PRIVATE), *where)
    same(result.code, 40, result)
    has(result.err, "The server does not serve localhost.", "The server said: host-unknown")
    login = ["login", "juliet@192.168.1.185", "--password-file", str(PRIVATE)]
    with Fake(tutorial) as where:
        result = linnet(*login, "--mech", "SCRAM-SHA-512", *where,
                        "--cafile", str(certificate("192.168.1.185")))
        same(result.code, 31, result)
        has(result.err, "SCRAM-SHA-512 cannot be used: the server does not offer it; the server "
            "offers PLAIN", "Without --mech")
        assert "asked for by name" not in result.err, result
        shown = subprocess.run(["openssl", "x509", "-in", certificate("192.168.1.185"), "-noout",
                                "-fingerprint", "-sha256"], check=True, capture_output=True, text=True)
        result = linnet(*login, *where, "--pin", shown.stdout.strip().partition("=")[2])
        same(result.code, 21, result)
        has(result.err, "is the SHA-256 of the certificate; it takes that of the key")
        result = linnet(*login, *where, "--pin", "00" * 32)
        assert "it takes that of the key" not in result.err, result
        result = linnet(*login, *where)
        same(result.code, 21, result)
        facts = dict(line.split(None, 1) for line in result.err.splitlines() if line[:4] == "    "
                     and line[4] != " ")
        same(facts["for"], "192.168.1.185", result)
        result = linnet(*login, "--pin", facts["pin"], "--mech", "SCRAM-SHA-512", *where)
        same(result.code, 31, result)  # the pin that was shown is the one that is accepted
        result = linnet("probe", "192.168.1.185", "-q", *where)
        same(result.code, 21, result)
        has(result.out, "valid 20", "SHA-256", f"pin {facts['pin']}",
            "Once the administrator has confirmed the key, --pin accepts it")
        report = json.loads(linnet("probe", "192.168.1.185", "--json", *where).out)
        params = report["error"]["params"]
        same(params["pin"], facts["pin"], report)
        assert params["not_before"] < params["not_after"], report
        same(report["error"]["exit"], 21, report)


# ---- the catalogue ----

def explain():
    """A failure is explained by its name and by its status, from the one table."""
    everything = linnet("explain")
    same(everything.code, 0, everything)
    rows = [json.loads(line) for line in linnet("explain", "--json").out.splitlines()]
    same([line.split()[:2] for line in everything.out.splitlines()],
         [[str(row["exit"]), row["code"]] for row in rows], everything)
    for row in rows:
        same(row["event"], "explanation", row)
        said = linnet("explain", row["code"])
        same([said.code, said.err], [0, ""], said)
        has(said.out, row["heading"], row["meaning"], row["remedy"], f"code {row['code']}",
            f"exit status {row['exit']}", "try again")
        assert row["retry"] in ("no", "yes", "on-network", "long"), row
        assert not set("{}[]|") & set(row["meaning"] + row["remedy"]), row
    for row in rows[::6]:
        same(linnet("explain", str(row["exit"])).out, linnet("explain", row["code"]).out, row)
        same(json.loads(linnet("explain", row["code"], "--json").out), row, row)
    has(linnet("explain", "bad-credentials").out, "Wrong user name or password", "exit status 30",
        "no: a person must change something first", "address, domain")
    has(linnet("explain", "0").out, "Success", "What was asked was done.", "exit status 0")
    assert "try again" not in linnet("explain", "0").out
    same(json.loads(linnet("explain", "0", "--json").out)["code"], "ok", "explain 0 --json")
    has(linnet("explain", "nonsense").err, 'there is no failure "nonsense"')
    assert "\x1b" not in linnet("explain", "\x1b[2J").err


def offline():
    """Without a network it is the device that is told to be offline; with one it is not."""
    alone = ["unshare", "--user", "--map-root-user", "--net"]
    login = ["login", "juliet@example.org", "--password-file", str(PRIVATE), "--json"]
    where = [["--host", "192.0.2.1"], ["--host", "2001:db8::1"], []]
    try:
        subprocess.run([*alone, "true"], check=True, capture_output=True)
    except (OSError, subprocess.SubprocessError):
        raise Skip("this system gives nobody a network of his own") from None
    for more in where:
        done = subprocess.run([*alone, LINNET, *login, *more], stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=60, check=False, env=ENVIRONMENT)
        error = json.loads(done.stdout.splitlines()[-1])
        same([error["code"], error["exit"], error["retry"], done.returncode],
             ["offline", 13, "on-network", 13], done)


# ---- the tutorial's trap ----

def trap():
    with Fake(tutorial) as where:
        result = linnet("probe", "127.0.0.1", "--port", where[3],
                        "--cafile", str(certificate("192.168.1.185")))
    same(result.code, 40, result)
    has(result.out, "asked for 127.0.0.1, answered as 192.168.1.185", "not the same",
        "offers starttls, mechanisms, compression, auth, register")
    has(result.out, "PLAIN", "DIGEST-MD5", "JIVE-SHAREDSECRET", "not known to Linnet")
    has(result.out, "fault You asked for 127.0.0.1, but the server calls itself 192.168.1.185",
        "-> Log in as name@192.168.1.185 and set the host")
    has(result.out, 'warning STARTTLS is offered in the unknown namespace '
        '"urn:ietf:params:xml:ns: xmpp-tls"')
    has(result.out, "Before encryption the server offers to sign in with PLAIN")
    has(result.out, "Verdict: a login would fail: Server does not serve this domain.")


def trap_json():
    with Fake(tutorial) as where:
        result = linnet("probe", "127.0.0.1", "--port", where[3], "--json")
    report = json.loads(result.out)
    same(report["event"], "probe", report)
    same(report["error"]["exit"], result.code, report)
    same([row["name"] for row in report["in_clear"]["mechanisms"] if not row["offered"]], [], report)
    same(report["usable"], False, report)
    same(report["in_clear"]["mismatch"], True, report)
    found = {finding["id"]: finding["level"] for finding in report["findings"]}
    for name, level in (("host-mismatch", "fault"), ("mechanisms-in-clear", "fault"),
                        ("starttls-misspelt", "warning"), ("registration-in-clear", "warning")):
        same(found.get(name), level, found)


def way_out_of_the_trap():
    """What probe advises leads past the name: then only the certificate and the old methods are left."""
    with Fake(tutorial) as where:
        result = linnet("probe", "192.168.1.185", *where,
                        "--cafile", str(certificate("192.168.1.185")))
    assert "calls itself" not in result.out, result
    has(result.out, "Certificate verdict trusted", "* PLAIN")


# ---- traces, signals, readers who leave ----

def trace():
    path = pathlib.Path(FOLDER.name) / "trace"
    path.write_text("old")
    path.chmod(0o644)
    with Fake(without_tls) as where:
        linnet("login", "juliet@localhost", "--password-file", str(PRIVATE), f"--trace={path}", *where)
    text = path.read_text()
    same(path.stat().st_mode & 0o777, 0o600, text)
    assert text.startswith("C: <stream:stream") and "\nS: <stream:features>" in text, text


def after(command, text, number):
    """The status of `command`, sent the signal once it has said `text`; and all that it said."""
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, env=ENVIRONMENT)
    said = b""
    try:
        while text and text not in said:
            more = os.read(process.stdout.fileno(), 4096)
            assert more, said
            said += more
        process.send_signal(number)
        return process.wait(20), said + process.stdout.read()
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


def signals():
    with Fake(silence) as where:
        login = [LINNET, "login", "juliet@localhost", "--password-file", str(PRIVATE), *where]
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            code, said = after(login, b"connect", number)
            same(code, 130, said)
        code, said = after([*login, "--json"], b"connect", signal.SIGINT)
        same(code, 130, said)
        same(json.loads(said.splitlines()[-1])["code"], "interrupted", said)
        probe = [LINNET, "probe", "localhost", "--trace", *where]
        code, said = after(probe, b"C: ", signal.SIGINT)
        same(code, 130, said)
    command = [LINNET, "login", "juliet@localhost", "--password-command",
               "echo on >&2; exec sleep 3 2>/dev/null"]
    code, said = after(command, b"on", signal.SIGINT)
    same(code, 130, said)


def typing(words, *answers):
    """The exit status and all that was said by `linnet words...` on a terminal; each pair of
    `answers` is what is waited for and what is then typed."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(LINNET, [LINNET, *words], ENVIRONMENT)
    said = b""
    for until, answer in (*answers, (b"never said", b"")):
        try:
            while until not in said:
                ready, _, _ = select.select([terminal], [], [], 20)
                assert ready, said
                said += os.read(terminal, 4096)
        except OSError:
            break
        os.write(terminal, answer)
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), said


def prompt():
    """The password is asked for on the terminal, without echo, and then for the message."""
    where = ["--host", "127.0.0.1", "--port", "1"]
    ask = b"Password for juliet@localhost: ", b"s3cret\n"
    code, said = typing(["login", "juliet@localhost", *where], ask)
    same(code, 11, said)
    assert b"s3cret" not in said, said
    send = ["send", "juliet@localhost", "romeo@localhost", *where]
    code, said = typing(send, ask, (b"Type the message; Ctrl-D", b"Wherefore?\n\x04"))
    same(code, 11, said)
    code, said = typing([*send, "--lines"], ask, (b"Each line that you type is a message", b""))
    same(code, 11, said)
    code, said = typing([*send, "-m", "Wherefore?"], ask)
    same(code, 11, said)
    assert b"Ctrl-D" not in said, said


def lost_reader():
    """A pipe whose reader leaves ends the program; it does not wait for ever."""
    with Fake(silence) as where:
        process = subprocess.Popen([LINNET, "login", "juliet@localhost", "--password-file",
                                    str(PRIVATE), *where], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT)
        process.stdout.readline()
        process.stdout.close()
        same(process.wait(20), 130, process.stderr.read())
        process.stderr.close()


def full_disk():
    for redirection in (">/dev/full", ">&-"):
        done = subprocess.run(["sh", "-c", f'"$0" --help {redirection}', LINNET], check=False,
                              capture_output=True, timeout=60, env=ENVIRONMENT)
        same(done.returncode, 1, done)
        assert b"cannot be written" in done.stderr, done


def memories():
    """A memory that cannot be used stops a login before it begins; forget removes it."""
    file = pathlib.Path(FOLDER.name) / "memory"
    login = ["login", "juliet@localhost", "--password-file", str(PRIVATE), f"--memory={file}",
             "--host", "127.0.0.1", "--port", "1"]
    for text, mode, why in (("linnet-memory 1\n", 0o600, "the memory is damaged; this removes it: linnet forget"),
                            ("a diary\n", 0o600, "the memory is not one of Linnet; move the file away"),
                            ("linnet-memory 1\naddress romeo@localhost\nend\n", 0o600, "another address"),
                            ("", 0o644, "others may read it")):
        file.write_text(text)
        file.chmod(mode)
        result = linnet(*login)
        same(result.code, 2, result)
        has(result.err, why)
    for text in ("secret\n", "linnet-memory 1\naddress romeo@localhost\nend\n"):
        file.write_text(text)
        result = linnet("forget", "juliet@localhost", f"--memory={file}")
        same(result.code, 2, result)
        has(result.err, "is no memory of juliet@localhost")
        assert file.exists(), "what is none of its business is gone"
    file.write_text("linnet-memory 1\naddress juliet@localhost\nrubbish\n")
    has(linnet("forget", "juliet@localhost", f"--memory={file}").out, "Forgotten: " + str(file))
    assert not file.exists()
    has(linnet("forget", "juliet@localhost", f"--memory={file}").out, "Nothing was remembered")
    result = linnet("forget", "localhost")
    same(result.code, 3, result)
    has(result.err, "localhost is a domain")
    same(linnet("forget", "juliet@localhost", "--memory=off").code, 2, "there is nothing to forget")
    assert "off" not in linnet("forget", "--help").out, "which forget cannot use"
    result = linnet(*login)
    same(result.code, 11, result)
    folder = pathlib.Path(ENVIRONMENT["XDG_STATE_HOME"]) / "linnet"
    folder.mkdir(parents=True, exist_ok=True)
    others = ["juliet@localhost.lock", "juliet@localhost.new", "juliet@localhost.org"]
    for name in ("juliet@localhost", "juliet@localhost+lock", "juliet@localhost+127.0.0.1+1",
                 "juliet@localhost+127.0.0.1+2+new", *others):
        (folder / name).touch(0o600)
    same(linnet("forget", "Juliet@localhost").out.count("Forgotten: "), 2, "one for each target")
    same(sorted(p.name for p in folder.iterdir() if p.name.startswith("juliet@localhost")), others,
         "no other account's")


def takes_all_and_leaves(connection, answers=0, error=""):
    """A server without stream management that goes when it is asked whether it has everything, or
    once it has answered that so often; `error` is what it says of a message first."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    pem = certificate("localhost")
    context.load_cert_chain(pem, pem.with_suffix(".key"))
    with context.wrap_socket(connection, server_side=True) as tls:
        def tell(*texts):
            tls.sendall("".join(texts).encode())
        header = STREAM.replace("192.168.1.185", "localhost")
        read_until(tls, b"<stream:stream")
        tell(header, "<stream:features>", MECHANISMS, "</stream:features>")
        read_until(tls, b"</auth>")
        tell('<success xmlns="urn:ietf:params:xml:ns:xmpp-sasl"/>')
        read_until(tls, b"<stream:stream")
        tell(header, '<stream:features><bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"/></stream:features>')
        request = read_until(tls, b"</iq>").decode()
        number = re.search("id=['\"]([^'\"]*)", request).group(1)
        tell(f'<iq type="result" id="{number}"><bind xmlns="urn:ietf:params:xml:ns:xmpp-bind">'
             "<jid>juliet@localhost/x</jid></bind></iq>")
        for turn in range(answers + 1):
            asked = read_until(tls, b"urn:xmpp:ping").decode()
            number = re.search("<iq[^>]* id=['\"]([^'\"]*)", asked).group(1)
            message = re.search("<message[^>]* id=['\"]([^'\"]*)", asked)
            if error:
                tell(f'<message type="error" id="{message.group(1)}"><error type="cancel"><{error} '
                     'xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></error></message>')
            if turn < answers:
                tell(f'<iq type="result" id="{number}"/>')


def unconfirmed():
    """Nobody says of lines that they were sent when the server never did."""
    words = ["juliet@localhost", "romeo@localhost", "--direct-tls", "--memory=off",
             "--password-file", str(PRIVATE), "--cafile", str(certificate("localhost"))]
    for more, stdin in (["--lines"], b"one\ntwo\n"), (["-m", "one"], b""):
        with Fake(takes_all_and_leaves) as where:
            result = linnet("send", *words, *more, *where, stdin=stdin)
        same(result.code, 16, result)
        if not stdin:
            continue
        has(result.err, "lines 1 to 2 are not confirmed")
        with Fake(takes_all_and_leaves) as where:
            result = linnet("send", *words, *more, "--json", *where, stdin=stdin)
        (left,) = [e for e in map(json.loads, result.out.splitlines()) if e["event"] == "unconfirmed"]
        same([left["first_line"], left["last_line"]], [1, 2], result)
    with Fake(lambda connection: takes_all_and_leaves(connection, 1)) as where:
        result = linnet("send", *words, "--lines", *where, stdin=b"x\n" * 500 + b"\xff\n")
    same(result.code, 2, result)
    has(result.err, "the server has every line up to 500; nothing after it was sent", "line 501: the message is not")


def returned():
    """What comes back is told with what most often lies behind it."""
    words = ["--direct-tls", "--memory=off", "--password-file", str(PRIVATE), "--cafile",
             str(certificate("localhost")), "-m", "one"]
    for to, error, hint in (
            ("romeo@localhost", "service-unavailable", "there is no such user"),
            ("romeo", "remote-server-not-found", "It has no @"),
            ("romeo@example.org", "remote-server-not-found", "cannot reach the domain")):
        with Fake(lambda connection, error=error: takes_all_and_leaves(connection, 0, error)) as where:
            result = linnet("send", "juliet@localhost", to, *words, *where)
        same(result.code, 60, result)
        has(result.err, "Message not delivered", "What was sent was not delivered.", f"The server said: {error}", hint)


CASES = [help_and_version, usage, memories, unconfirmed, returned, addresses, hosts, bodies, failures, dead_port, dead_port_again,
         missing_host, sentences, explain, offline, trap, trap_json,
         way_out_of_the_trap, trace, signals, prompt, lost_reader, full_disk]


def main():
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)  # ignored by scripts' jobs, nohup: linnet leaves them so
    with os.fdopen(os.open(PRIVATE, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
        file.write("secret\n")
    failed = 0
    print(f"1..{len(CASES)}")
    for number, case in enumerate(CASES, 1):
        try:
            case()
            fault, skipped = None, ""
        except Skip as reason:
            fault, skipped = None, f" # SKIP {reason}"
        except (AssertionError, subprocess.SubprocessError, ValueError, KeyError) as error:
            failed += 1
            fault, skipped = str(error), ""
        name = case.__name__.replace("_", " ")
        print(f"{'not ok' if fault else 'ok'} {number} - {name}{skipped}", flush=True)
        for line in (fault or "").splitlines():
            print(f"# {line}")
    sys.exit(1 if failed else 0)


main()
