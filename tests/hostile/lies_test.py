"""lies_test.py LINNET DOCUMENT: `linnet login` against each lie of lies.py. Every one ends in the row
of the catalogue that the table says, with an explanation, and gives nothing away."""
import base64
import concurrent.futures
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "checks"))
import lies  # noqa: E402  (after its folder is known)
import lying_server  # noqa: E402
import tap  # noqa: E402

LINNET, DOCUMENT = sys.argv[1:3]
HANG_SECONDS = 60  # a guard against a client that never ends, not a measure


def disguises(password):
    """The password, and what of it shows in base64, wherever it stands, and in hexadecimal."""
    raw = password.encode()
    yield raw
    yield raw.hex().encode()
    yield raw.hex().upper().encode()
    for before in range(3):
        coded = base64.b64encode(b"\0" * before + raw)
        yield coded[(0, 2, 3)[before]:(len(raw) + before) // 3 * 4]


SECRETS = tuple(disguises(lying_server.PASSWORD))


def leaks(name, data):
    """What no byte of `data` may be."""
    return [f"the password was {name}: {secret!r}" for secret in SECRETS if secret in bytes(data)]


class Dead:
    """A port where nobody listens."""
    heard = {"in clear": b"", "in TLS": b""}

    def __init__(self):
        self.socket = socket.socket()  # bound, so that nobody else can have it
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def hear_out(self):
        pass


class Run:
    """One login against one lie."""

    def __init__(self, lie, folder, certificates):
        self.lie = lie
        self.faults = []
        self.sentence = ""
        began = time.monotonic()
        try:
            self.log_in(folder, certificates)
        except subprocess.TimeoutExpired:
            self.faults.append(f"it did not end within {HANG_SECONDS} s")
        self.seconds = time.monotonic() - began

    def log_in(self, folder, certificates):
        lie = self.lie
        with Dead() if lie.dead_port else lying_server.LyingServer(lie, certificates) as server, \
                self.second(server, certificates) as other:
            self.aim(lie, other)
            done = subprocess.run(
                [LINNET, "login", lie.address, "--json", "--host", "127.0.0.1", "--port",
                 str(server.port), "--cafile", certificates.authority, "--password-file",
                 folder / "password", *lie.options],
                stdin=subprocess.DEVNULL, capture_output=True, timeout=HANG_SECONDS, check=False)
            self.judge(done)
            for heard in (server, other):
                heard.hear_out()
                self.search(heard)
            if lie.visits and server.visits != lie.visits:
                self.faults.append(f"the client came {server.visits} times")
        self.faults += leaks("printed", done.stdout + done.stderr)

    def second(self, server, certificates):
        """Where a redirect of the first leads."""
        name = self.lie.sends_to
        if name in (None, self.lie.name):
            return Same(server)
        return lying_server.LyingServer(next(l for l in lies.LIES if l.name == name), certificates)

    @staticmethod
    def aim(lie, other):
        for step, said in lie.said.items():
            if isinstance(said, str):
                lie.said[step] = said.replace("{port}", str(other.port))

    def judge(self, done):
        wanted, lines = self.lie.code, [json.loads(line) for line in done.stdout.splitlines()]
        last = lines[-1] if lines else {}
        got = last.get("code", last.get("event"))
        self.sentence = last.get("sentence", "")
        if (got, done.returncode) != (wanted, lies.EXIT[wanted]):
            self.faults.append(f"wanted {wanted} ({lies.EXIT[wanted]}), got {got} "
                               f"({done.returncode}): {self.sentence} {done.stderr.decode()}")
        elif wanted != "online":
            self.faults += explains(last, self.lie)
        if b"Sanitizer" in done.stderr or b"runtime error" in done.stderr:
            self.faults.append(done.stderr.decode())

    def search(self, server):
        self.faults += leaks("sent in clear", server.heard["in clear"])
        in_tls = leaks("sent", server.heard["in TLS"])
        if not self.lie.password_in_tls:
            self.faults += in_tls
        elif not in_tls:
            self.faults.append("the search for the password does not find it where it must be")


class Same:
    """The first server once more."""

    def __init__(self, server):
        self.port, self.heard, self.hear_out = server.port, server.heard, server.hear_out

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


def explains(error, lie):
    """What the catalogue promises of every failure."""
    row = CATALOGUE[error["code"]]
    if not re.fullmatch(r"[A-Z\"\d\[a-z].*[.!?]", error.get("sentence", "")):
        yield f"no sentence: {error.get('sentence')!r}"
    if re.search(r"[{}|]", error["sentence"]):
        yield f"a template shows: {error['sentence']}"
    for member in ("stage", "origin", "retry", "heading", "remedy"):
        if not error.get(member):
            yield f"it has no {member}"
    if error.get("retry") != (lie.retry or row["retry"]):
        yield f"retry is {error['retry']}"
    if lie.condition and (error.get("condition"), error.get("peer_text")) != (lie.condition, lies.WORDS):
        yield f"the server's words are lost: {error}"
    for name in {*lies.CARRIES[error["code"]], *lie.carries} - set(error["params"]):
        yield f"it does not say the {name}: {error}"
    for name in set(error["params"]) - set(row["evidence"]):
        yield f"{error['code']} does not say that it carries {name}"


def catalogue():
    said = subprocess.run([LINNET, "explain", "--json"], check=True, capture_output=True)
    return {row["code"]: row for row in map(json.loads, said.stdout.splitlines())}


def rows_are_covered():
    """Every row of the catalogue has a lie, or a reason why it has none."""
    told = {lie.code for lie in lies.LIES} - {"online"}
    for code in sorted(set(CATALOGUE) - told - set(lies.UNREACHABLE)):
        yield f"no lie leads to {code}"
    for code in sorted(told & set(lies.UNREACHABLE)):
        yield f"{code} is called unreachable, and is reached"
    for code, status in lies.EXIT.items():
        if status and CATALOGUE[code]["exit"] != status:
            yield f"{code} has another exit status"


def document_is_equal():
    if "".join(lies.document()) != pathlib.Path(DOCUMENT).read_text():
        yield f"{DOCUMENT} is not what tests/hostile/lies.py says: write it anew"


CATALOGUE = catalogue()


def main():
    report = tap.Report()
    report.check("docs/hostile.md is the table of lies", document_is_equal())
    report.check("every row is covered", rows_are_covered())
    only = sys.argv[3:]
    chosen = [lie for lie in lies.LIES if not only or lie.name in only]
    with tempfile.TemporaryDirectory(prefix="linnet-lies-") as name, \
            concurrent.futures.ThreadPoolExecutor(4) as pool:
        folder = pathlib.Path(name)
        os.environ["XDG_STATE_HOME"] = str(folder / "state")
        with os.fdopen(os.open(folder / "password", os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
            file.write(lying_server.PASSWORD + "\n")
        certificates = lying_server.Certificates(folder)
        for run in pool.map(lambda lie: Run(lie, folder, certificates), chosen):
            report.check(f"{run.lie.name}: {run.lie.code}", run.faults)
            print(f"# {run.seconds:.2f} s  {run.sentence}", flush=True)
    report.finish()


main()
