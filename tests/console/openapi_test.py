"""The API of the console against its description: every call that it allows, and thousands that it does
not: openapi_test.py LINNETD LINNETCTL LINNET-CONSOLE [SEED [REQUESTS]]"""
import contextlib
import json
import random
import re
import socket
import sys

from browser import API, PASSWORD, Site, expect

import daemon  # its folder is known since browser was imported
import openapi
import request
import sasl2
import values

SEED = int(sys.argv[4]) if len(sys.argv) > 4 else 20260817
REQUESTS = int(sys.argv[5]) if len(sys.argv) > 5 else 8000
# Calls that these servers refuse whatever they say, and why.
NEVER_DONE = {"POST /throttle/forgive": "nobody owes anything without login.throttle"}
TRIES, TRIES_MAX = 10, 400  # only what was not done yet is tried on
FAULTS_MAX = 12
GUESTS = 8
DESCRIPTION = openapi.Description()
CALLS = [operation for operation in DESCRIPTION.operations if not operation.streams]


class Player:
    """Somebody who is signed in for all of it, and what he has seen."""

    def __init__(self, site, seed):
        self.site, self.rng = site, random.Random(seed)
        self.browser = site.browser("admin")
        self.guests = []
        self.pool = values.Pool()

    def guest(self):
        """An account more that is online and has a token."""
        name = f"guest{len(self.guests)}"
        self.site.add(name)
        self.guests.append(sasl2.sign_in(self.site, name, sasl2.request_token()))

    def look(self):
        """Learns what there is now."""
        self.pool = values.Pool()
        self.pool.learn({"user": "admin", "password": PASSWORD.format("admin")})
        for operation in CALLS:
            if operation.method == "GET":
                for _ in range(2):  # the second knows what the first told, such as a name
                    r = request.valid(self.rng, self.pool, operation, self.browser)
                    if (answer := request.exchange(self.site.http, r.bytes())).status == 200:
                        self.pool.learn(json.loads(answer.text))

    def note(self, r, answer):
        """Goes on as whom the answer makes of us."""
        if "set-cookie" in answer.headers and answer.status == 200:
            self.browser.cookie = re.match("linnet_session=(\\w+);", answer.headers["set-cookie"]).group(1)
            self.browser.csrf = json.loads(answer.text)["csrf"]
        elif answer.status == 204:
            expect(self.browser.sign_in("admin"), 200)

    def send(self, r):
        answer = request.exchange(self.site.http, r.bytes())
        if answer:
            self.note(r, answer)
        return answer


def judge(r, answer):
    """What is wrong with the answer to a request of any kind, in sentences."""
    if answer is None:
        return [] if r.unheard else ["no answer"]
    if r.unheard and answer.status in request.DROPPED and answer.kind != "application/json":
        return []  # libmicrohttpd's own
    if answer.status >= 500:
        return [f"{answer.status}: {answer.text[:300]}"]
    if r.method == "HEAD":
        return ["a body"] if answer.text else []
    faults = [] if answer.whole else ["a body that is not of its Content-Length"]
    known = {operation.method: operation for operation in CALLS if API + operation.path == r.path}
    if (operation := known.get(r.method)) is None:
        described = {405} if known else {404}
        faults += DESCRIPTION.error_faults(answer.kind, answer.text)
    else:
        described = set(operation.responses)
        faults += operation.faults(answer.status, answer.kind, answer.text)
        if r.plain and r.wrong and answer.status < 400:
            faults.append(f"{answer.status}, and it must be refused")
    if answer.status not in described | openapi.ALWAYS:
        faults.append(f"status {answer.status}: {answer.text[:200]}")
    if answer.status == 401 and r.plain and not r.wrong and not r.operation.open:
        faults.append("signed out")
    return faults


def told(r, faults):
    what = f"{r.method} {r.path[:80]} {r.query!r:.200} {(r.body or b'')[:200]!r}"
    return f"{what} ({'; '.join(r.told)}): {'; '.join(faults)}"


def agrees_with_the_table():
    """the description has every route of the console and no other, with their parameters and access"""
    described = {operation.name: operation for operation in DESCRIPTION.operations}
    routes = {route.name: route for route in openapi.routes()}
    assert described.keys() == routes.keys(), described.keys() ^ routes.keys()
    for name, operation in described.items():
        route = routes[name]
        assert operation.access == route.access, f"{name}: {operation.access}, not {route.access}"
        assert set(operation.parameters) == route.parameters, f"{name}: {route.parameters}"
        assert (operation.body is not None) == route.reads_body, name
        assert operation.open or operation.shows == {"linnet_session", "X-CSRF-Token"}, name


def has_what_is_described():
    """the console has the methods that are described at every path, and asks whoever is nobody to sign in"""
    with Site() as site:
        stranger, admin = site.browser(), site.browser("admin")
        for path in {operation.path for operation in DESCRIPTION.operations}:
            here = [operation for operation in DESCRIPTION.operations if operation.path == path]
            answer = expect(admin.ask("BREW", API + path), 405, "method")
            assert set(answer.headers["Allow"].split(", ")) == {operation.method for operation in here}, path
            for operation in here:
                if not operation.open:
                    body = {} if operation.body else None
                    expect(stranger.ask(operation.method, API + path, body), 401, "signed-out")
        looker = site.browser("looker")
        for operation in DESCRIPTION.operations:
            if operation.for_full:
                expect(looker.ask(operation.method, API + operation.path, {}), 403, "policy")
        site.stop()


def answers_as_described():
    """every call with valid values: a status that is described, a body of its schema, and it can be done"""
    faults, never = [], []
    with Site("login.throttle=false") as site:
        player = Player(site, SEED)
        with contextlib.suppress(RuntimeError):
            site.session(True).login("nobody", "wrong", "", True)
        for operation in CALLS:
            player.guest()
            done = False
            for turn in range(TRIES_MAX):
                if turn % TRIES == 0:
                    if turn and (done or operation.only or operation.name in NEVER_DONE):
                        break
                    player.look()
                r = request.valid(player.rng, player.pool, operation, player.browser)
                answer = player.send(r)
                done = done or answer.status < 300
                if answer.status == 400 or (operation.only and answer.status != 404):
                    faults.append(told(r, [f"{answer.status}: {answer.text[:200]}"]))
                if found := judge(r, answer):
                    faults.append(told(r, found))
            if not (done or operation.only or operation.name in NEVER_DONE):
                never.append(f"{operation.name}: never done")
        for session in player.guests:
            daemon.drop(session)
        site.stop()
    assert not faults + never, "\n".join([*never, *faults[:FAULTS_MAX], f"{len(faults)} faults, seed {SEED}"])


def survives_the_rest():
    """thousands of requests that are not quite right: refused and answered, and everything lives"""
    print(f"# seed {SEED}, {REQUESTS} requests")
    faults, statuses = [], {}
    with Site("login.throttle=false") as site:
        player = Player(site, SEED)
        console = site.console()
        for turn in range(REQUESTS):
            if turn % (REQUESTS // GUESTS + 1) == 0:
                player.guest()
                player.look()
            r = request.wrong(player.rng, player.pool, player.rng.choice(CALLS), player.browser)
            answer = player.send(r)
            status = answer.status if answer else "none"
            statuses[status] = statuses.get(status, 0) + 1
            if found := judge(r, answer):
                faults.append(told(r, found))
        print(f"# answers by status: {dict(sorted(statuses.items(), key=str))}")
        assert not faults, "\n".join([*faults[:FAULTS_MAX], f"{len(faults)} faults, seed {SEED}"])
        assert site.console() == console, "the console is another"
        expect(player.browser.get("/session"), 200)
        for session in player.guests:
            daemon.drop(session)
        site.serves("admin")
        said = site.said()
        odd = re.search(r"[^\n -~\x80-\U0010ffff]", said)
        assert not odd, f"a control character in the log: {said[max(0, odd.start() - 200):odd.end()]!r}"
        site.stop()


def streams_as_described():
    """the stream of events: its type, and a status that is one"""
    streaming = [operation for operation in DESCRIPTION.operations if operation.streams]
    assert [operation.name for operation in streaming] == ["GET /events"]
    with Site() as site:
        browser = site.browser("admin")
        with socket.create_connection(("127.0.0.1", site.http), 30) as s:
            s.sendall(f"GET {API}/events HTTP/1.1\r\nHost: localhost\r\n"
                      f"Cookie: linnet_session={browser.cookie}\r\n"
                      f"X-CSRF-Token: {browser.csrf}\r\n\r\n".encode())
            lines = iter(s.makefile("r", encoding="utf-8"))
            assert "200" in next(lines)
            head = [line.strip().lower() for line in iter(lambda: next(lines).strip(), "")]
            assert "content-type: text/event-stream" in head, head
            while next(lines) != "event: status\n":
                pass
            name, _, data = next(lines).partition(": ")
            schema = {"$ref": "#/components/schemas/status"}
            assert name == "data" and not (found := DESCRIPTION.text_faults(data, schema)), found
        site.stop()


daemon.run(agrees_with_the_table, has_what_is_described, answers_as_described, survives_the_rest,
           streams_as_described)
