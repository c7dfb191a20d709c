"""What is left of secrets in the memory of the console, to be read as root: memory_test.py LINNETD
LINNETCTL LINNET-CONSOLE"""
import contextlib
import os
import pathlib
import sys

# What the console asks of glibc's allocator, asked of the one that a sanitizer puts in its place.
os.environ["ASAN_OPTIONS"] = "max_free_fill_size=1048576:free_fill_byte=90"

from browser import Browser, Site, expect  # noqa: E402  (programs started by it have that)

import daemon  # noqa: E402  (its folder is known since browser was imported)
from daemon import wait_for  # noqa: E402


def process_of(port):
    """The console that listens there."""
    for line in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if line.read_bytes().split(b"\0")[3:5] == [b"--listen", f"127.0.0.1:{port}".encode()]:
                return line.parent
    raise AssertionError("there is none")


def writable(process):
    """The memory that it can write to, piece by piece."""
    with open(process / "mem", "rb") as memory:
        for line in (process / "maps").read_text().splitlines():
            first, last = (int(part, 16) for part in line.split()[0].split("-"))
            if line.split()[1].startswith("rw") and last - first < 2**30:
                with contextlib.suppress(OSError):  # what the sanitizer keeps from everybody
                    memory.seek(first)
                    yield memory.read(last - first)


def found(process, words):
    return sum(piece.count(word.encode()) for piece in writable(process) for word in words)


def forgets_cookies():
    """between requests no secret of a session is there, while an event stream is open neither"""
    with Site() as site, site.another("--renew-s", "1") as port:
        process, browser = process_of(port), Browser(port)
        browser.sign_in("admin")
        first = browser.cookie
        with browser.follow() as lines:
            assert b"200" in lines.readline()
            wait_for("a successor", lambda: expect(browser.get("/session"), 200) and browser.cookie != first)
            expect(browser.post("/users/disable", {"user": "nobody", "reason": ""}), 200)
            assert found(process, ["--renew-s"]), "nothing is found at all"
            wait_for("them to be wiped", lambda: not found(process, [first, browser.cookie, browser.csrf]))
            assert lines.readline(), "the stream has ended"
        site.stop()


if os.geteuid() != 0:
    print("1..0 # SKIP only root reads the memory of a process that cannot be dumped")
    sys.exit(0)
daemon.run(forgets_cookies)
