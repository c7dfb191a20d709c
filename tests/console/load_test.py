"""The console is killed while it is busy, and XMPP sessions talk meanwhile: load_test.py LINNETD
LINNETCTL LINNET-CONSOLE"""
import contextlib
import http.client
import os
import signal
import threading

from browser import Site

import daemon  # its folder is known since browser was imported
import rawxmpp
from daemon import wait_for

KILLS = 4
PAIRS = 4
ADMINS = 4
WINDOW = 8  # messages of a pair on their way
BETWEEN = 50  # messages of each pair that arrive between two kills
MESSAGE = "<message to='{}' type='chat'><body>{}</body></message>"
PATHS = ["/status", "/users", "/users?q=a", "/user?user=a0", "/sessions", "/logins", "/session"]


class Worker:
    """A thread that works until it is told to end; its fault is an exception."""

    def __init__(self):
        self.done, self.error, self.ending = 0, None, False
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        try:
            self.work()
        except Exception as error:  # a test reports, whatever it was
            self.error = error

    def end(self):
        self.ending = True
        self.thread.join()
        if self.error:
            raise self.error

    def goes_on(self, more):
        """Waits until that much more is done."""
        goal = self.done + more
        wait_for("more of it", lambda: self.done >= goal or self.error, 60)
        if self.error:
            raise self.error


class Pair(Worker):
    """Numbered messages from one session to another; `done` have arrived, each in its turn."""

    def __init__(self, site, number):
        self.sender, self.receiver = (site.login(f"{side}{number}", "load") for side in "ab")
        self.receiver.write("<presence/>")
        daemon.ping(self.receiver)
        super().__init__()

    def work(self):
        sent = 0
        while not self.ending or self.done < sent:
            while sent < self.done + WINDOW and not self.ending:
                self.sender.write(MESSAGE.format(self.receiver.jid, sent))
                sent += 1
            self.hear()

    def hear(self):
        body = self.receiver.read().find(f"{{{rawxmpp.CLIENT}}}body")
        if body is not None:
            assert body.text == str(self.done), f"message {body.text} came, not {self.done}"
            self.done += 1


class Admin(Worker):
    """Asks one thing after another, and signs in again when the console is another."""

    def __init__(self, site):
        self.browser = site.browser("admin")
        super().__init__()

    def work(self):
        turn = 0
        while not self.ending:
            turn += 1
            with contextlib.suppress(OSError, http.client.HTTPException):  # killed while it answered
                status = self.browser.get(PATHS[turn % len(PATHS)]).status
                if status == 401:
                    status = self.browser.sign_in("admin").status
                assert status == 200, f"{PATHS[turn % len(PATHS)]}: {status}"
                self.done += 1


def kill(site, workers):
    """Ends the console while everybody is busy; gives the process that came after it."""
    for worker in workers:
        worker.goes_on(BETWEEN if isinstance(worker, Pair) else 1)
    killed = site.console()
    os.kill(killed, signal.SIGKILL)
    wait_for("the next console", lambda: site.console() not in (None, killed))
    return site.console()


def is_killed_under_load():
    """the console is killed again and again while it is busy: no session ends, no message is lost"""
    with Site() as site:
        for number in range(PAIRS):
            site.add(f"a{number}")
            site.add(f"b{number}")
        pairs = [Pair(site, number) for number in range(PAIRS)]
        admins = [Admin(site) for _ in range(ADMINS)]
        seen = {site.console()} | {kill(site, pairs + admins) for _ in range(KILLS)}
        assert len(seen) == KILLS + 1, seen
        for worker in admins + pairs:
            worker.goes_on(1)
        for worker in admins + pairs:
            worker.end()
        messages, requests = (sum(worker.done for worker in workers) for workers in (pairs, admins))
        print(f"# {messages} messages, {requests} requests, {KILLS} kills")
        live = {row["jid"] for row in site.browser("admin").get("/sessions").json["sessions"]}
        assert live == {end.jid for pair in pairs for end in (pair.sender, pair.receiver)}, live
        for pair in pairs:
            daemon.ping(pair.sender)
            daemon.drop(pair.sender)
            daemon.drop(pair.receiver)
        site.stop()


daemon.run(is_killed_under_load)
