"""A program at a terminal of its own, as a person sits before it."""
import os
import pty
import select

LIMIT_S = 60


class Terminal:
    """Leaving the `with` block ends the program."""

    def __init__(self, command, **environment):
        command = [str(word) for word in command]
        self.bytes, self.said = b"", ""
        self.place = 0  # up to where it was heard
        self.pid, self.file = pty.fork()
        if self.pid == 0:
            os.execve(command[0], command, {**os.environ, "TERM": "dumb", **environment})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.pid:
            os.kill(self.pid, 15)
            os.waitpid(self.pid, 0)
        os.close(self.file)

    def hear(self):
        """More of what it says; False when it has ended."""
        ready, _, _ = select.select([self.file], [], [], LIMIT_S)
        assert ready, f"nothing more comes behind: {self.said}"
        try:
            data = os.read(self.file, 4096)
        except OSError:
            data = b""
        self.bytes += data  # it may end within a character, or a line's end
        self.said = self.bytes.decode(errors="ignore").replace("\r\n", "\n")
        return bool(data)

    def until(self, text):
        """It says this, behind what it was waited for before."""
        while text not in self.said[self.place:]:
            assert self.hear(), f"it ended and never said {text!r}: {self.said}"
        self.place = self.said.index(text, self.place) + len(text)

    def answer(self, prompt, line):
        self.until(prompt)
        os.write(self.file, f"{line}\n".encode())

    def end(self, code=0):
        """All that it said, once it ended with `code`."""
        while self.hear():
            pass
        _, status = os.waitpid(self.pid, 0)
        self.pid = 0
        got = os.waitstatus_to_exitcode(status)
        assert got == code, f"it ended with {got}, not {code}: {self.said}"
        return self.said
