"""What the cases of every client share: a child whose lines can be waited for, and messages from and
to `linnet`."""
import json
import os
import subprocess

LIMIT_S = 60  # no client of a case lives longer


class Child:
    """A client in a process of its own; leaving the `with` block ends it."""

    def __init__(self, command, stdin=None, **environment):
        command = ["timeout", str(LIMIT_S), *(str(word) for word in command)]
        self.name = command[2]
        self.heard = ""
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE if stdin else subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, env={**os.environ, **environment})
        if stdin:
            self.process.stdin.write(stdin)
            self.process.stdin.close()
            self.process.stdin = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()

    def line(self, start):
        """What follows `start` in the first line that begins with it."""
        for line in self.process.stdout:
            self.heard += line
            if line.startswith(start):
                return line[len(start):].strip()
        raise AssertionError(f"{self.name} ended and never said {start!r}: {self.heard[-1500:]}")

    def end(self, code=0):
        """All that it wrote, once it ended with `code`."""
        out, _ = self.process.communicate(timeout=LIMIT_S + 10)
        self.heard += out
        assert self.process.returncode == code, (
            f"{self.name} ended with {self.process.returncode}, not {code}: {self.heard[-1500:]}")
        return self.heard


def to_linnet(world, server, body, send):
    """`linnet listen` of juliet hears `body` after send()."""
    command = world.command("listen", "juliet@localhost", "--count", "1", "--timeout", "30", "--json",
                            peer=server, password="secret of juliet")
    with Child(command) as listener:
        # Not any session of juliet: one that an earlier client left behind would get it as well.
        listener.line('{"event":"listening"')
        send()
        heard = [json.loads(line) for line in listener.end().splitlines()]
    assert any(body in line.values() for line in heard), f"no {body!r} in {heard}"


def from_linnet(world, server, to, body):
    world.expect(0, "send", "romeo@localhost", to, "-m", body, peer=server, password="secret of romeo")
