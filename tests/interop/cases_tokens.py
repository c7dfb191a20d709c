"""What a person is told of tokens and of the memory that holds them: `linnet` with its memory, when the
server takes the token no more, when the disk is full, when nobody can be asked."""
import functools
import json
import os
import subprocess
import time

import cutter
import exchange
import peers
from terminal import Terminal

PROMPT = "Password for juliet@localhost: "
PASSWORD = "secret of juliet"


class Account:
    """juliet, on a server of these cases, remembered in a folder of the case's own."""

    def __init__(self, world, server, name):
        self.world, self.server = world, server
        self.state = world.folder / "tokens" / name
        self.state.mkdir(parents=True)
        self.learn()

    def command(self, verb, *words, password=None, **where):
        """Without --memory: where a person's memory is."""
        command = self.world.command(verb, "juliet@localhost", *words, password=password,
                                     **(where or {"peer": self.server}))
        return [word for word in command if word != "--memory=off" or word in words]

    def run(self, verb, *words, wrap=(), stdin=None, **how):
        """Where nobody can be asked."""
        command = [*wrap, *self.command(verb, *words, **how)]
        done = subprocess.run(command, input=stdin, stdin=None if stdin else subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=60, check=False,
                              start_new_session=True, env=self.environment())
        assert not peers.sanitizer_spoke(done.stderr), done.stderr
        return done

    def environment(self):
        return {**os.environ, "XDG_STATE_HOME": str(self.state)}

    def expect(self, code, *words, says=(), **how):
        done = self.run(*words, **how)
        said = " ".join((done.stdout + done.stderr).split())
        assert done.returncode == code, f"{done.returncode}, not {code}: {said}"
        for text in says:
            assert text in said, f"no {text!r} in {said}"
        return done

    def learn(self):
        self.expect(0, "login", password=PASSWORD)

    def memory(self):
        (path,) = [p for p in (self.state / "linnet").iterdir() if not p.name.endswith(("+lock", "+used"))]
        return path

    def revoke(self):
        for line in self.server.control("--json", "user", "tokens", "juliet").splitlines():
            self.server.control("user", "tokens", "juliet", "--revoke", json.loads(line)["client"])


def token(account):
    return ["token (HT-SHA-256-"]


def refused_without_anybody(account):
    """The server takes the token no more, and nobody can be asked: that is what is said."""
    account.revoke()
    account.expect(30, "login", says=[
        "the server no longer accepts the token that was remembered of juliet@localhost",
        "the password is needed", "--password-file"])
    where = f"juliet@localhost at 127.0.0.1:{account.server.port}"
    account.expect(2, "login", says=["there is no password", f"no token is remembered of {where}",
                                     "a memory is of one account, host and port"])


def refused_at_a_terminal(account):
    """A person may take longer to type than a login may take."""
    account.revoke()
    command = account.command("login", "--timeout", "5")
    with Terminal(command, XDG_STATE_HOME=str(account.state)) as person:
        person.until("The server no longer accepts the token that was remembered.")
        time.sleep(6)
        person.answer(PROMPT, PASSWORD)
        said = person.end()
    assert "Logged in as juliet@localhost/" in said and PASSWORD not in said, said
    account.expect(0, "login", says=token(account))


def wrong_at_a_terminal(world, server):
    """A slip of the finger is not the end; three of them are."""
    with Terminal(world.command("login", "juliet@localhost", peer=server)) as person:
        person.answer(PROMPT, "secret of romeo")
        person.until("That was not accepted.")
        person.answer(PROMPT, PASSWORD)
        assert "Logged in as juliet@localhost/" in person.end()
    for more in ([], ["--reconnect"]):
        command = world.command("listen", "juliet@localhost", *more, peer=server)
        with Terminal(command) as person:
            for _ in range(3):
                person.answer(PROMPT, "secret of romeo")
            said = person.end(30)
        assert said.count(PROMPT) == 3 and said.count("Wrong user name or password") == 1, said
    world.expect(30, "login", "juliet@localhost", peer=server, password="secret of romeo")


def disk_is_full(account):
    """What cannot be saved is not used: the count in the file would come twice."""
    full = ["sh", "-c", 'trap "" XFSZ; ulimit -f 0; exec "$0" "$@"']
    before = account.memory().read_bytes()
    account.expect(2, "login", wrap=full, says=[
        "cannot be saved", "File too large", "no token is used", "the password is needed"])
    done = account.expect(0, "login", wrap=full, password=PASSWORD, says=[
        "SCRAM-SHA-", f"what is remembered cannot be saved in {account.memory()}: File too large"])
    assert done.stderr.count("Notice:") == 1, done.stderr
    done = account.expect(0, "login", "--json", wrap=full, password=PASSWORD)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    (unsaved,) = [e for e in events if e["event"] == "memory-unsaved"]
    assert unsaved["file"] == str(account.memory()) and unsaved["reason"] == "File too large", unsaved
    assert account.memory().read_bytes() == before, "it was written"
    account.expect(0, "login", says=token(account))  # with the count that was saved


def folder_is_locked(account):
    """The same where not even a lock can be had: what is there is read all the same."""
    lock = account.memory().with_name(account.memory().name + "+lock")
    lock.unlink()
    lock.mkdir()
    account.expect(2, "login", says=["cannot be saved", "Is a directory", "the password is needed"])
    account.expect(0, "login", password=PASSWORD, says=["cannot be saved", "no token is used"])
    account.memory().write_text("damaged")
    account.expect(2, "login", password=PASSWORD, says=["the memory is not one of Linnet"])


def password_beside_a_token(account):
    account.expect(0, "login", password="secret of romeo", says=[
        *token(account), "the password that was given was not tried (--memory=off tries it)"])
    for password, tried in (("secret of romeo", False), (PASSWORD, True)):
        more = ["--memory=off"] if tried else []
        done = account.expect(0, "login", "--json", *more, password=password)
        online = json.loads(done.stdout.splitlines()[-1])
        assert online["password_tried"] == tried, online


def damaged(account):
    memory = account.memory()
    memory.write_text(memory.read_text()[:-10])
    account.expect(2, "login", says=[f"{memory}: the memory is damaged",
                                     "this removes it: linnet forget juliet@localhost"])
    file = f"--memory={memory}"
    account.expect(2, "login", file, says=[f"linnet forget juliet@localhost {file}"])
    subprocess.run([account.world.program("linnet"), "forget", "juliet@localhost", file], check=True,
                   capture_output=True)
    assert not memory.exists()


def nobody_to_ask(account, *words):
    """Who stays online by a token ends, and says why, when a later login wants the password."""
    with cutter.Cutter(account.server.port) as link:
        where = {"port": link.port, "cafile": account.server.ca}
        account.expect(0, "login", password=PASSWORD, **where)
        process = subprocess.Popen(
            account.command(*words, "--reconnect-cap", "0.1", "--json", "-v", **where),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            start_new_session=True, env=account.environment())
        with process:
            while json.loads(process.stdout.readline()).get("stage") != "ready":
                pass
            account.revoke()
            link.cut()
            process.wait(60)  # its input stays open
            out, err = process.stdout.read(), process.stderr.read()
    error = json.loads(out.splitlines()[-1])
    assert process.returncode == 30, f"{process.returncode}: {out} {err}"
    assert error["event"] == "error" and "no longer accepts the token" in error["sentence"], out


def signed_out(world, server):
    """What the operator did is told in words of its own, and the server's beside them."""
    with exchange.Child(world.command("listen", "juliet@localhost", peer=server,
                                      password=PASSWORD)) as listener:
        server.await_session("juliet@localhost/")
        server.control("user", "logout", "juliet")
        said = " ".join(listener.end(46).split())
    for text in ("The server signed you out", "ended the session of juliet@localhost",
                 'The server said: not-authorized, "logged out everywhere"'):
        assert text in said, said


def cases(world):
    server = world.linnetd("tokens", "login.throttle=false")

    def of(name, case, *more):
        return name, lambda: case(Account(world, server, name.replace(" ", "-")), *more)

    yield of("a token that is refused, and nobody to ask", refused_without_anybody)
    yield of("a token that is refused, at a terminal", refused_at_a_terminal)
    yield "a wrong password at a terminal", functools.partial(wrong_at_a_terminal, world, server)
    yield "an account that is signed out", functools.partial(signed_out, world, server)
    yield of("a disk that is full", disk_is_full)
    yield of("a memory that cannot be locked", folder_is_locked)
    yield of("a password beside a token", password_beside_a_token)
    yield of("a damaged memory", damaged)
    yield of("listen ends when nobody can be asked", nobody_to_ask, "listen")
    yield of("listen --reconnect ends when nobody can be asked", nobody_to_ask, "listen", "--reconnect")
    yield of("send --lines ends when nobody can be asked", nobody_to_ask, "send",
             "romeo@localhost", "--lines")
