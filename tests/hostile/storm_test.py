"""Many clients at once, on several loops: signing in, talking, going away at random points, while
accounts are removed and the server reads its settings again. What is looked for are races and lost
or overtaken stanzas; the thread sanitizer sees the rest."""
import itertools
import random
import signal
import threading
import time

import daemon
from daemon import GONE, Daemon, drop

USERS = [f"user{i}" for i in range(8)]


def together(work, count):
    """Runs work(i) on `count` threads; the first failure."""
    failures = []

    def one(i):
        try:
            work(i)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=one, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive(), "a client hangs"
    if failures:
        raise failures[0]


def logins():
    """sign-ins in parallel, from both ports, each session answered on its home loop"""
    with Daemon(users=USERS) as server:
        def many(i):
            for turn in range(4):
                session = server.login(USERS[i], direct_tls=bool(turn % 2))
                daemon.ping(session)
                session.close()
        together(many, len(USERS))
        server.stop()


def talk(session, peers, count):
    """Everybody writes `count` numbered messages to every peer and checks what it hears."""
    due = {}
    session.write_later("".join(f"<message to='{peer}' type='chat'><body>{number}</body></message>"
                                for number in range(count) for peer in peers))
    while sum(due.values()) < count * len(peers):
        element = session.read()
        if not element.tag.endswith("}message") or element.get("type") == "headline":
            continue  # a vandal's
        assert element.get("type") != "error", f"bounced: {element.get('from')}"
        number, sender = int(element[0].text), element.get("from")
        assert number == due.get(sender, 0), f"{sender}: {number}, not {due.get(sender, 0)}"
        due[sender] = number + 1


def storm():
    """messages between all, in order and once, with reloads and vandals meanwhile"""
    with Daemon(users=USERS + ["vandal"]) as server:
        sessions = [server.login(user, "r") for user in USERS]
        calm = threading.Event()

        def vandal(seed):
            chance = random.Random(seed)
            while not calm.is_set():
                vandalize(server, chance, [s.jid for s in sessions])

        def reload():
            while not calm.wait(0.2):
                server.signal(signal.SIGHUP)

        others = [threading.Thread(target=vandal, args=(seed,)) for seed in range(3)]
        others.append(threading.Thread(target=reload))
        for thread in others:
            thread.start()
        try:
            together(lambda i: talk(sessions[i], [s.jid for s in sessions if s != sessions[i]], 60),
                     len(sessions))
        finally:
            calm.set()
            for thread in others:
                thread.join(30)
        for session in sessions:
            session.close()
        server.serves(USERS[0])
        server.stop()


def vandalize(server, chance, victims):
    """Comes as far as chance has it, writes, and goes without a word."""
    session = None
    try:
        session = server.session(timeout=10)
        steps = [session.open, session.starttls, session.open,
                 lambda: session.plain("vandal", "secret of vandal"), session.open,
                 lambda: session.bind(chance.choice(["", "a", "b"])),
                 lambda: session.write("<presence/>" + "".join(
                     f"<message to='{to}' type='headline'/><presence to='{to}'/>"
                     "<iq type='get' id='x' to='nobody@localhost/x'><q xmlns='x'/></iq>"
                     for to in victims))]
        for step in steps[:chance.randrange(len(steps) + 1)]:
            step()
        if chance.random() < 0.3:
            session.write(bytes(chance.randrange(256) for _ in range(40)))
    except (RuntimeError, *GONE):
        pass
    if session:
        drop(session) if chance.random() < 0.7 else session.close()


def conflicts():
    """one resource taken over and over again, by clients on their way from every loop"""
    with Daemon(users=USERS) as server:
        peer = server.login(USERS[1], "r")
        peer.write("<presence/>")
        calm = threading.Event()

        def talk():
            try:
                while not calm.is_set():
                    peer.write_later(
                        "<message to='user0@localhost/same' type='chat'><body>x</body></message>"
                        "<message to='user0@localhost' type='chat'><body>y</body></message>")
                    with peer.not_blocking():
                        peer.pump_out()
                        list(peer.pump_in())
                    time.sleep(0.001)
            except GONE:
                pass

        def take(_):
            for _ in range(6):
                session = server.login(USERS[0], "same")
                try:
                    session.write("<presence/>")
                    session.read()
                except GONE:
                    pass
                drop(session)

        talking = threading.Thread(target=talk)
        talking.start()
        together(take, 4)
        calm.set()
        talking.join(10)
        drop(peer)
        server.serves(USERS[2])
        server.stop()


def removals():
    """accounts are removed, disabled and given passwords while they talk"""
    with Daemon(users=USERS) as server:
        sessions = [server.login(user, "r") for user in USERS]

        def chatter(i):
            try:
                while True:
                    sessions[i].write("".join(
                        f"<message to='{s.jid}' type='chat'><body>x</body></message>" for s in sessions))
                    sessions[i].read()
            except GONE:
                pass

        def administer(_):
            for user in USERS:
                server.control("user", {0: "remove", 1: "disable"}.get(USERS.index(user) % 3, "remove"),
                               user)

        together(lambda i: chatter(i) if i < len(USERS) else administer(i), len(USERS) + 1)
        for session in sessions:
            drop(session)
        server.add("late")
        server.serves("late")
        server.stop()


def terminated():
    """SIGTERM in the middle of sign-ins and of traffic: system-shutdown, and an end in order"""
    with Daemon(users=USERS + ["vandal"]) as server:
        sessions = [server.login(user, "r") for user in USERS]
        told = []

        def speak(i):
            for number in itertools.count():
                # Once it has heard itself it has heard all that came before: no backlog builds up,
                # behind which the server's last words would not reach anybody in time.
                sessions[i].write("".join(
                    f"<message to='{s.jid}' type='chat'><body>{number}</body></message>"
                    for s in sessions))
                while (element := sessions[i].read()).get("from") != sessions[i].jid:
                    if element.tag.endswith("}error"):
                        told.append(element[0].tag)
                        sessions[i].close()
                        return

        def chatter(i):
            try:
                speak(i)
            except GONE:
                pass

        def vandal(seed):
            chance = random.Random(seed)
            while server.alive():
                vandalize(server, chance, [s.jid for s in sessions])

        def terminate():
            time.sleep(1)
            server.stop()

        work = [lambda n=n: chatter(n) for n in range(len(sessions))]
        work += [lambda seed=seed: vandal(seed) for seed in range(3)] + [terminate]
        together(lambda i: work[i](), len(work))
        assert told, "nobody was told system-shutdown"
        assert all(tag.endswith("}system-shutdown") for tag in told), told


daemon.run(logins, storm, conflicts, removals, terminated)
