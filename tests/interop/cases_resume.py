"""How sessions of `linnet` end, as the server sees it; and how they do not, though their connections
are cut: what was sent arrives once, in order."""
import functools
import json
import signal
import subprocess
import time

import cutter
import exchange
import peers

LIMIT_S = 120


class ProsodySmacks(peers.Prosody):
    """With XEP-0198."""

    ENABLED = (*peers.Prosody.ENABLED, "smacks")


def prosody_smacks(world):
    def make(folder):
        prosody = ProsodySmacks(folder, world.certificates)
        for user in ("juliet", "romeo"):
            prosody.add_user(user, "sea of Moons")
        return prosody
    return world.peer("prosody-smacks", make, ["prosody", "prosodyctl"])


class Program:
    """`linnet` with a link of its own to the server; its lines of JSON are kept in a file."""

    def __init__(self, world, server, password, verb, jid, *words, limit_s):
        self.link = cutter.Cutter(server.port)
        world.number += 1
        self.out = world.folder / f"resume-{world.number}.json"
        self.err = self.out.with_suffix(".err")
        command = world.command(verb, jid, *words, "--json", "--memory=off", "--reconnect-cap", "0.5",
                                "--stage-timeout", "10", port=self.link.port, cafile=server.ca,
                                password=password)
        with open(self.out, "wb") as out, open(self.err, "wb") as err:
            self.process = subprocess.Popen(["timeout", str(limit_s), *command], stdout=out,
                                            stderr=err, stdin=subprocess.PIPE)

    def __enter__(self):
        self.link.__enter__()
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.terminate()
        self.process.wait()
        self.link.__exit__()

    def events(self, kind):
        lines = self.out.read_text().splitlines(keepends=True)
        events = [json.loads(line) for line in lines if line.endswith("\n")]
        return [event for event in events if event["event"] == kind]

    def await_event(self, kind, count):
        end = time.monotonic() + LIMIT_S
        while len(self.events(kind)) < count:
            assert self.process.poll() is None and time.monotonic() < end, self.said()
            time.sleep(0.02)

    def say(self, line):
        self.process.stdin.write(f"{line}\n".encode())
        self.process.stdin.flush()

    def said(self):
        return f"{self.process.args[2:4]}: {self.err.read_text()[-800:]} {self.out.read_text()[-800:]}"

    def end(self):
        self.process.stdin.close()
        code = self.process.wait(LIMIT_S)
        assert code == 0 and not peers.sanitizer_spoke(self.err.read_text()), f"{code}: {self.said()}"


def cut(*links):
    for link in links:
        link.cut()


def black_hole(*links):
    """What is written goes nowhere for a while, and then the links break."""
    for link in links:
        link.freeze()
    time.sleep(0.5)
    cut(*links)


def restart(server):
    def fault(*_):
        server.stop()
        server.start()
    return fault


def absence(*links):
    """Ten minutes in which nobody gets through."""
    for link in links:
        link.refuse(True)
    cut(*links)
    time.sleep(600)
    for link in links:
        link.refuse(False)


def arrives_once(world, server, passwords, faults, each=40, limit_s=LIMIT_S):
    """Lines go from one long-lived `send` to one `listen`, and break after break of their links."""
    total = each * (len(faults) + 1)
    with Program(world, server, passwords[0], "listen", "juliet@localhost", "--count", str(total),
                 limit_s=limit_s) as listener:
        listener.await_event("listening", 1)
        with Program(world, server, passwords[1], "send", "romeo@localhost", "juliet@localhost",
                     "--lines", limit_s=limit_s) as sender:
            for number in range(total):
                sender.say(number)
                if number % each == each // 2:  # both are back
                    sender.await_event("sent", number + 1)
                    listener.await_event("message", number + 1)
                elif number % each == each - 1 and number + 1 < total:  # and much is on its way
                    fault, whose = faults[number // each]
                    fault(*whose(sender, listener))
            sender.end()
            acked = [event["number"] for event in sender.events("sent")]
            assert acked == list(range(1, total + 1)), f"{len(acked)} of {total}: {sender.said()}"
        listener.end()
        heard = [int(event["body"]) for event in listener.events("message")]
        assert heard == list(range(total)), f"heard {heard[-20:]} of {total}"
        addresses = {event["jid"] for event in listener.events("listening")}
        assert len(addresses) == 1, f"not one session, but {addresses}"
        for program in (sender, listener):
            assert program.link.connected > 1, f"no link was broken: {program.said()}"


def of_sender(sender, _):
    return [sender.link]


def of_listener(_, listener):
    return [listener.link]


def of_both(sender, listener):
    return [listener.link, sender.link]


FAULTS = [(cut, of_sender), (cut, of_listener), (cut, of_both), (black_hole, of_sender),
          (black_hole, of_listener), (black_hole, of_both), (cut, of_both)]


def leaves_in_order(world, server, password, *words):
    """Our </stream:stream>, the server's, and only then the end of TLS: no server logs a loss."""
    begun = len(server.process.said())
    world.expect(0, *words, peer=server, password=password)
    said = server.process.said()[begun:]
    for loss in ("was lost", "unexpected eof"):
        assert loss not in said, f"{loss!r} in what the server logged: {said[-600:]}"


def beside_a_listener(world, server):
    """A command signs in beside one of the same account and memory that stays online, and both go on.
    What the listener remembered does it the next time."""
    memory = f"--memory={world.folder / 'beside'}"
    command = world.command("listen", "juliet@localhost", memory, "--count", "2", "--json", peer=server,
                            password="secret of juliet")
    with exchange.Child(command) as listener:
        server.await_session("juliet@localhost/")
        for body in ("a note to self", "and another"):
            world.expect(0, "send", "juliet@localhost", "juliet@localhost", "-m", body, memory,
                         peer=server, password="secret of juliet")
        heard = [json.loads(line) for line in listener.end().splitlines()]
    assert [e["body"] for e in heard if e["event"] == "message"] == ["a note to self", "and another"]
    assert [e["event"] for e in heard].count("listening") == 1, heard
    with exchange.Child(world.command("login", "juliet@localhost", memory, "--json", peer=server,
                                      password="secret of juliet")) as login:
        assert '"token"' in login.end(), login.heard


def killed_listener(world, server):
    """What was sent to a listener that was killed is heard by the next one of the same memory."""
    memory = f"--memory={world.folder / 'killed-listener'}"
    command = world.command("listen", "juliet@localhost", memory, "--count", "1", "--json", peer=server,
                            password="secret of juliet")
    listener = peers.Process(command, world.folder / "killed-listener.log")
    try:
        peers.wait_for("the listener", lambda: '"listening"' in listener.said())
    except RuntimeError as error:
        raise AssertionError(f"{error}: {listener.said()}") from None
    finally:
        listener.stop(signal.SIGKILL)
    for body in ("to the account", "once more"):
        world.expect(0, "send", "romeo@localhost", "juliet@localhost", "-m", body, peer=server,
                     password="secret of romeo")
    with exchange.Child(["2" if word == "1" else word for word in command]) as listener:
        heard = [json.loads(line) for line in listener.end().splitlines()]
    assert [e["body"] for e in heard if e["event"] == "message"] == ["to the account", "once more"]


def lines_are_told(world, server):
    """What became of which line; empty lines are none, and the last may have no end."""
    words = ("send", "romeo@localhost", "juliet@localhost", "--lines")
    how = {"peer": server, "password": "secret of romeo"}
    world.expect(60, *words, stdin="one\n", says="line 1 was refused", **how)  # nobody is there
    command = world.command("listen", "juliet@localhost", "--count", "1204", "--json", peer=server,
                            password="secret of juliet")
    with exchange.Child(command) as listener:
        listener.line('{"event":"listening"')
        world.expect(0, *words, stdin="one\n\nthree", says="Sent 2 messages to juliet@localhost.", **how)
        many = "\n".join(map(str, range(1200)))  # more than may be under way
        world.expect(0, *words, stdin=many, says="Sent 1200 messages", **how)
        sent = world.expect(0, *words, "--json", stdin="one\n\nthree\n", **how).out.splitlines()
        assert [json.loads(line)["line"] for line in sent if '"sent"' in line] == [1, 3], sent
        heard = [json.loads(line)["body"] for line in listener.end().splitlines() if '"body"' in line]
    assert heard == ["one", "three", *map(str, range(1200)), "one", "three"], heard[-5:]
    world.expect(2, *words, stdin="one\n\nx\033\n", says="line 3: the message holds a character", **how)


def nobody_comes_back(world, server):
    """The server keeps nothing for a command that will not come back."""
    for words, kept in ((["--no-reconnect"], False), ([], True)):
        with cutter.Cutter(server.port) as link:
            command = world.command("listen", "juliet@localhost", *words, "--json", port=link.port,
                                    cafile=server.ca, password="secret of juliet")
            with exchange.Child(command) as child:
                child.line('{"event":"listening"')
                link.refuse(True)
                link.cut()
                peers.wait_for("the end of it", lambda: "detached_s" in server.control("--json", "sessions")
                               if kept else not server.control("--json", "sessions"))


def cases(world):
    login = ("login", "juliet@localhost")
    yield "login leaves linnetd in order", functools.partial(
        leaves_in_order, world, world.linnetd(), "secret of juliet", *login)
    yield "a command beside a listener of the same account", functools.partial(
        beside_a_listener, world, world.linnetd())
    yield "what became of which line", functools.partial(lines_are_told, world, world.linnetd())
    yield "nobody comes back, and nothing is kept", functools.partial(
        nobody_comes_back, world, world.linnetd("brief", "c2s.resume_s=1h"))
    patient = world.linnetd("patient", "c2s.resume_s=1h")
    yield "what was sent arrives once, whatever is cut", functools.partial(
        arrives_once, world, patient, ("secret of juliet", "secret of romeo"), FAULTS)
    yield "what was sent arrives once, whatever is cut, with prosody", functools.partial(
        arrives_once, world, prosody_smacks(world), ("sea of Moons", "sea of Moons"), FAULTS)
    yield "what was sent arrives once, though the server is started anew", functools.partial(
        arrives_once, world, patient, ("secret of juliet", "secret of romeo"),
        [(restart(patient), of_both), (restart(patient), of_both)])
    yield "what a killed listener missed", functools.partial(killed_listener, world, patient)
    if world.long:
        yield "what was sent arrives once, after ten minutes without a link", functools.partial(
            arrives_once, world, patient, ("secret of juliet", "secret of romeo"),
            [(absence, of_both)], limit_s=900)
    yield "login leaves prosody in order", functools.partial(
        leaves_in_order, world, world.prosody(), "sea of Moons", *login)
