"""A password that can be recognised is used everywhere, then looked for everywhere: argv, output,
traces, logs, the data directory; plain, in hex, and in base64 at each of its three alignments."""
import base64
import functools
import os
import pathlib
import subprocess
import threading

CANARY = "kanarienvogel-7f3a91c5"
MECHANISMS = ("PLAIN", "SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512", "DIGEST-MD5")


def shapes(secret):
    """Every way `secret` may hide inside other bytes."""
    data = secret.encode()
    found = {"plain": data, "hex": data.hex().encode(), "HEX": data.hex().upper().encode(),
             "reversed": data[::-1], "UTF-16": secret.encode("utf-16-le")}
    for shift in range(3):
        # The first and last characters depend on the neighbours: leave them out.
        text = base64.b64encode(b"\0" * shift + data)
        found[f"base64+{shift}"] = text[4 if shift else 0:-4]
    return found


def look(where, data):
    for shape, needle in shapes(CANARY).items():
        assert needle not in data, f"{where} holds the password ({shape})"


class Watcher:
    """Reads the argv of every process, over and over."""

    def __init__(self):
        self.stopping = threading.Event()
        self.seen = []
        self.thread = threading.Thread(target=self.watch, daemon=True)

    def watch(self):
        while not self.stopping.wait(0.005):
            for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    if CANARY.encode() in path.read_bytes():
                        self.seen.append(str(path))
                except OSError:
                    pass

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self.thread.join()


def login(world, server, name, words, code=0):
    """Logs in with every kind of output on, and looks at all of it."""
    trace = world.folder / f"trace-{name}"
    with Watcher() as watcher:
        result = world.linnet("login", "canary@localhost", "-v", "--json", f"--trace={trace}", *words,
                              peer=server, password=CANARY)
    assert result.code == code, str(result)
    assert not watcher.seen, "argv held the password"
    look("standard output", result.out.encode())
    look("standard error", result.err.encode())
    data = trace.read_bytes()
    assert data, "the trace is empty"
    look("the trace", data)


def traced_secrets(world, server):
    """--trace-secrets is the one switch that shows them; else these cases could not fail."""
    trace = world.folder / "trace-all"
    result = world.linnet("login", "canary@localhost", f"--trace={trace}", "--trace-secrets", "--mech",
                          "PLAIN", peer=server, password=CANARY)
    assert result.code == 0, str(result)
    try:
        look("the trace", trace.read_bytes())
    except AssertionError:
        return
    raise AssertionError("--trace-secrets hid the password")


def environment(world, server):
    """The password of LINNET_PASSWORD does not reach children."""
    spy = world.folder / "environment"
    command = world.command("login", "canary@localhost", "--password-command",
                            f"env > {spy}; cat {world.secret(CANARY)}", peer=server)
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=60,
                          check=False, env={**os.environ, "LINNET_PASSWORD": CANARY})
    if spy.exists():
        look("a child's environment", spy.read_bytes())
    else:  # refusing two sources at once is right too
        assert done.returncode == 2, f"{done.returncode}: {done.stderr}"


def sign_ins(server):
    """What the server tells its operator about all these sign-ins, in both forms."""
    for words in (("logins",), ("--json", "logins")):
        told = server.control(*words, "--trace", "--limit", "100")
        for said in (*MECHANISMS, "C: <auth", "S: <challenge", "C: <response", ">***<"):
            assert said in told, f"no {said} in {told}"
        assert ('"path":"sasl2"' if "--json" in words else "in all, with SASL2") in told, told
        look("linnetctl " + " ".join(words), told.encode())


def server_files(server):
    """Neither the log nor the database nor anything else of the server holds it."""
    paths = [path for path in server.data.rglob("*") if path.is_file()]
    paths += list(server.folder.glob("linnetd-*.log"))
    assert any(path.suffix in (".db", ".sqlite", ".sqlite3") for path in paths), paths
    for path in paths:
        look(path.name, path.read_bytes())


def private_files(server):
    """What the server made is its owner's alone."""
    for path in [server.data, *server.data.rglob("*")]:
        mode = path.stat().st_mode & 0o777
        public = path.name == "cert.pem"
        assert public or not mode & 0o077, f"{path.name} has mode {mode:o}"


def cases(world):
    server = world.linnetd("canary", "log.level=debug", "login.legacy=true", users=())
    with Watcher() as watcher:
        server.add_user("canary", CANARY)

    def added():
        assert not watcher.seen, "argv held the password"

    yield "linnetctl user add", added
    for mechanism in MECHANISMS:
        yield f"login with {mechanism}", functools.partial(
            login, world, server, mechanism, ["--mech", mechanism, "--legacy"])
    yield "login with what linnet chooses", functools.partial(login, world, server, "chosen", [])
    yield "--trace-secrets shows it", functools.partial(traced_secrets, world, server)
    yield "children do not inherit it", functools.partial(environment, world, server)
    yield "records of sign-ins", functools.partial(sign_ins, server)
    yield "log, database and files of the server", functools.partial(server_files, server)
    yield "files of the server are private", functools.partial(private_files, server)
