"""The ways in, compared: what each costs the server and its database, what it costs the client, and
how long it takes over a long link. Three tables of bench/run.

measure(run) fills run.results; write(table) makes lines of it.
"""
import pathlib

from link import Link
from servers import ROOT, Linnetd
from signin import WAYS as SERVER_WAYS

HERE = pathlib.Path(__file__).resolve().parent
ROWS = ("server-ways", "ready")
RTTS_MS = (100, 300)
ACCOUNTS, COUNT, READY_LOGINS, CLIENT_LOGINS = 20, 500, 4, 20

# As tables call what signin.py can do.
SERVER_TITLES = {
    "classic": "STARTTLS, SCRAM, bind (RFC 6120)",
    "classic-direct": "direct TLS, SCRAM, bind (RFC 6120)",
    "sasl2": "direct TLS, SCRAM, Bind 2 (SASL2)",
    "sasl2-managed": "... with stream management",
    "token": "direct TLS, token, Bind 2",
    "token-ticket": "... with TLS resumed",
    "token-managed": "... and stream management",
    "resumed": "TLS and session resumed, token",
}
# What client_linnet can do: the way, direct TLS, title.
CLIENT_WAYS = [
    ("classic", False, "liblinnet, STARTTLS, RFC 6120"),
    ("classic", True, "liblinnet, direct TLS, RFC 6120"),
    ("sasl2", False, "liblinnet, STARTTLS, SASL2"),
    ("sasl2", True, "liblinnet, direct TLS, SASL2"),
    ("token", False, "liblinnet, STARTTLS, token"),
    ("token", True, "liblinnet, direct TLS, token"),
    ("early", True, "liblinnet, direct TLS, token in early data"),
]


class Counted(Linnetd):
    """linnetd with count_sql in it; its counts are in `sql`."""

    def environment(self):
        self.sql = self.folder / "counts"
        return {"LD_PRELOAD": str(self.programs / "bench/count_sql.so"), "COUNT_SQL": str(self.sql)}


def sign_ins(run, server, way, cores, count, *more):
    server.start(cores)
    try:
        return run.program(["/usr/bin/python3", HERE / "signin.py", way, "--port", server.port,
                            "--tls-port", server.tls_port, "--pid", server.pid(), "--password",
                            run.password, "--users", ACCOUNTS, "--count", count, *more])
    finally:
        server.stop()


def measure_server(run):
    users = [f"u{i}" for i in range(ACCOUNTS)]
    plain = Linnetd(run.folder / "for-ways", users, run.cert, run.key)
    counted = Counted(run.folder / "for-counts", users, run.cert, run.key)
    count = COUNT // 5 if run.options.short else COUNT
    for turn in range(run.options.rounds):
        run.say(f"round {turn + 1}: what each way in costs the server")
        for way in SERVER_WAYS:
            run.guarded("server-ways", way,
                        lambda w=way: sign_ins(run, plain, w, run.server_core, count))
    run.say("what each way in asks of the database")
    for way in SERVER_WAYS:
        run.guarded("sql-ways", way, lambda w=way: sign_ins(
            run, counted, w, run.server_core, 2 * ACCOUNTS, "--sql", counted.folder / "counts"))


def clients(run, port, tls_port, logins):
    """(name, command) of every client and way, all for one server."""
    for way, direct, title in CLIENT_WAYS:
        yield title, [run.programs / "bench/client_linnet", "juliet@localhost",
                      tls_port if direct else port, run.cert, run.password, logins, way,
                      *(["direct"] if direct else [])]
    yield "libstrophe, STARTTLS", [run.programs / "bench/client_strophe", "juliet@localhost", port,
                                   run.password, logins]
    yield "slixmpp, STARTTLS", ["/usr/bin/python3", ROOT / "bench/client_slixmpp.py",
                                "juliet@localhost", port, run.cert, run.password, logins]


def measure_ready(run):
    server = Linnetd(run.folder / "for-ready", ["juliet"], run.cert, run.key,
                     "login.mechanisms=SCRAM-SHA-256", "tls.early_data=true", iterations=10000)
    server.start(run.server_core)
    try:
        for turn in range(run.options.rounds):
            run.say(f"round {turn + 1}: CPU of the clients")
            for title, command in clients(run, server.port, server.tls_port, CLIENT_LOGINS):
                run.guarded("ready-0", title, lambda c=command: run.program(c))
        for rtt_ms in RTTS_MS:
            run.say(f"time to ready, {rtt_ms} ms away")
            with Link(server.port, rtt_ms) as link, Link(server.tls_port, rtt_ms) as tls_link:
                for title, command in clients(run, link.port, tls_link.port, READY_LOGINS):
                    run.guarded(f"ready-{rtt_ms}", title, lambda c=command: run.program(c))
    finally:
        server.stop()


def measure(run):
    Linnetd.programs = run.programs
    if run.wanted("server-ways"):
        measure_server(run)
    if run.wanted("ready"):
        measure_ready(run)


# --- the tables ---

def write_server(table):
    if "server-ways" not in table.results:
        return
    table.head("Sign-in, all of it, one after another", "linnetd, CPU", ": RFC 6120", "SELECT",
               "INSERT, UPDATE, DELETE", "COMMIT")
    classic = table.value("server-ways", "classic", "cpu_us")
    for way, title in SERVER_TITLES.items():
        cpu = table.value("server-ways", way, "cpu_us")
        asked = (table.value("sql-ways", way, figure) for figure in ("reads", "writes", "commits"))
        table.row(title, table.number(cpu, "µs"), table.ratio(cpu, classic),
                  *("–" if value is None else f"{value:g}" for value in asked))


def write_ready(table):
    rows = [row for row in (f"ready-{rtt}" for rtt in RTTS_MS) if row in table.results]
    if not rows:
        return
    table.head("Time to ready (in round trips)", *(
        f"{rtt} ms round trip: {which}" for rtt in RTTS_MS for which in ("first", "later")))
    for title in table.results[rows[0]]:
        took = [(rtt, table.value(f"ready-{rtt}", title, figure)) for rtt in RTTS_MS
                for figure in ("first_ready_ms", "later_ready_ms")]
        table.row(title, *("–" if ms is None else f"{table.number(ms, 'ms')} ({ms / rtt:.1f})"
                           for rtt, ms in took))


def write_clients(table):
    if "ready-0" not in table.results:
        return
    table.head("Client, CPU of a login at 10,000 iterations", "First", "Later")
    for title in table.results["ready-0"]:
        table.row(title, table.number(table.value("ready-0", title, "first_ms"), "ms"),
                  table.number(table.value("ready-0", title, "later_ms"), "ms"))


def write(table):
    for part in (write_server, write_clients, write_ready):
        part(table)
