"""Profanity signs in to linnetd: the program itself, in a terminal of tmux, typed at and read."""
import functools
import shutil
import subprocess
import time

from exchange import from_linnet, to_linnet
from peers import Skip, wait_for
from table import CHOICE, Cell

MECHANISMS = ("PLAIN", "DIGEST-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512")
TLS = {"STARTTLS": "force", "direct TLS": "legacy"}


class Profanity:
    """One Profanity with a tmux server, a HOME and accounts of its own; leaving the block ends them."""

    def __init__(self, world, ca):
        for program in ("profanity", "tmux"):
            if not shutil.which(program):
                raise Skip(f"{program} is not installed")
        world.number += 1
        self.home = world.folder / "profanity" / str(world.number)
        settings = self.home / ".config" / "profanity"
        settings.mkdir(parents=True)
        (settings / "profrc").write_text("[ui]\nsplash=false\n[notifications]\nmessage=false\n")
        environment = [f"HOME={self.home}", f"XDG_CONFIG_HOME={self.home}/.config",
                       f"XDG_DATA_HOME={self.home}/.local/share", f"SSL_CERT_FILE={ca}",
                       "LC_ALL=C.UTF-8"]
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", "150", "-y", "50",
                  "env", *environment, "profanity")

    def tmux(self, *words, **options):
        done = subprocess.run(["tmux", "-S", str(self.home / "tmux"), *words], capture_output=True,
                              text=True, timeout=20, check=False, **options)
        if done.returncode:
            raise RuntimeError(f"tmux {words[0]}: {done.stderr}")
        return done.stdout

    def __enter__(self):
        self.shows("Type '/help'")
        return self

    def __exit__(self, *_):
        self.tmux("kill-server")

    def screen(self):
        return self.tmux("capture-pane", "-p")

    def shows(self, *texts):
        """Waits until the screen holds one of them; which."""
        def which():
            screen = self.screen()
            return next((text for text in texts if text in screen), None)
        try:
            wait_for(f"one of {texts}", which, 30)
        except RuntimeError as error:
            raise AssertionError(f"{error}: {self.screen()[-1500:]}") from None
        return which() or texts[0]

    def types(self, line):
        # By way of standard input: words of a command line are for all to see.
        self.tmux("load-buffer", "-", input=line)
        self.tmux("paste-buffer", "-d")
        self.tmux("send-keys", "Enter")
        # On a busy machine the key may come in the midst of the paste, and is then part of it.
        for _ in range(10):
            time.sleep(0.2)
            if line not in self.screen().rstrip().splitlines()[-1]:
                return
            self.tmux("send-keys", "Enter")

    def connects(self, server, column, user="juliet", password=None):
        port = server.tls_port if column == "direct TLS" else server.port
        self.types(f"/connect {user}@localhost server 127.0.0.1 port {port} tls {TLS[column]}")
        self.shows("Enter password:")
        self.types(password or f"secret of {user}")
        return self.shows("logged in successfully", "Login failed.", "certificate verification failed")


def signs_in(world, start, mechanism, column):
    server = start()
    mark = server.mark()
    with Profanity(world, server.ca) as profanity:
        said = profanity.connects(server, column)
        assert said == "logged in successfully", said
    return server.mechanism(mark, "juliet@localhost", mechanism)


def refused(world, start):
    server = start()
    with Profanity(world, server.ca) as profanity:
        said = profanity.connects(server, "STARTTLS", password="wrong")
        assert said == "Login failed.", said


def untrusted(world, server, column):
    with Profanity(world, world.certificates.pair("other")[0]) as profanity:
        said = profanity.connects(server, column)
        assert said == "certificate verification failed", said


def sends(world, server):
    def says(body):
        profanity.types(f"/msg juliet@localhost {body}")
        profanity.shows(f"me: {body}")

    with Profanity(world, server.ca) as profanity:
        profanity.connects(server, "STARTTLS", user="romeo")
        to_linnet(world, server, "from Profanity <&>", lambda: says("from Profanity <&>"))


def receives(world, server):
    with Profanity(world, server.ca) as profanity:
        profanity.connects(server, "STARTTLS")
        server.await_session("juliet@localhost/")
        from_linnet(world, server, "juliet@localhost", "to Profanity \u2665")
        profanity.shows("chat message")
        profanity.types("/win 2")
        profanity.shows("to Profanity \u2665")


def cases(world):
    server = world.certified()
    each = functools.partial
    cell = functools.partial(Cell, "Profanity", "linnetd")
    for column in TLS:
        yield f"left to itself, {column}", each(signs_in, world, lambda: server, None, column), cell(
            CHOICE, column)
        yield f"a certificate of another CA, {column}", each(untrusted, world, server, column)
    for mechanism in MECHANISMS:
        yield f"{mechanism}, STARTTLS", each(
            signs_in, world, each(world.only, mechanism), mechanism, "STARTTLS"), cell(mechanism, "STARTTLS")
    yield "wrong password", each(refused, world, lambda: server), cell(
        CHOICE, "wrong password", "refused")
    yield "to linnet", each(sends, world, server), cell(CHOICE, "sends")
    yield "from linnet", each(receives, world, server), cell(CHOICE, "receives")
