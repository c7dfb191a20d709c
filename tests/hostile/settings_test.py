"""Settings that change while linnetd runs: what takes effect when, what is kept, what is refused, and
that nothing in the database keeps the server from starting."""
import contextlib
import json
import re
import signal
import sqlite3
import subprocess
import threading

import daemon
import rawxmpp
from daemon import Daemon


def offered(server):
    return set(rawxmpp.mechanisms("127.0.0.1", server.port, daemon.DOMAIN))


def row_of(server, name):
    rows = [json.loads(line) for line in server.control("--json", "settings").splitlines()]
    return next(row for row in rows if row["name"] == name)


def refused(server, *words):
    done = subprocess.run([server.linnetctl, "--data", server.folder / "data", *words],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 2, (words, done.returncode, done.stdout)
    return done.stderr


def database(server):
    (file,) = (server.folder / "data").glob("*.db")
    return contextlib.closing(sqlite3.connect(file))


def restart(server):
    server.stop()
    server.start()


def takes_effect():
    """a live setting holds for the next connection, goes on after a restart, and is taken back"""
    with Daemon(users=["romeo"]) as server:
        before = offered(server)
        assert len(before) > 2, before
        said = server.control("settings", "set", "login.mechanisms", "SCRAM-SHA-256 ,PLAIN")
        assert said == 'login.mechanisms is "SCRAM-SHA-256, PLAIN" from now on.\n', said
        assert offered(server) == {"SCRAM-SHA-256", "PLAIN"}
        server.serves("romeo")
        restart(server)
        assert offered(server) == {"SCRAM-SHA-256", "PLAIN"}
        row = row_of(server, "login.mechanisms")
        assert (row["source"], row["editable"]) == ("console", True), row
        server.control("settings", "reset", "login.mechanisms")
        assert offered(server) == before
        assert "was not set while" in refused(server, "settings", "reset", "login.mechanisms")
        changes = [json.loads(line) for line in server.control("--json", "settings", "history").splitlines()]
        assert [(c.get("old"), c.get("new")) for c in changes] == [
            ("SCRAM-SHA-256, PLAIN", None), (None, "SCRAM-SHA-256, PLAIN")], changes
        assert all(re.fullmatch(r"uid \d+", c["actor"]) for c in changes), changes
        server.stop()


def hides_nothing():
    """who sets log.level to error is in the log with it, and so is who has a file with it read"""
    with Daemon(users=["romeo"]) as server:
        server.control("settings", "set", "log.level", "error")
        server.control("settings", "set", "logins.keep", "7")
        server.control("settings", "set", "log.level", "warning")
        server.control("settings", "reset", "log.level")
        said = re.findall(r" notice settings: (\S+) is \"(\w+)\": by uid \d+", server.said())
        assert said == [("log.level", "error"), ("log.level", "warning"), ("log.level", "notice")], said
        file = server.folder / "linnet.conf"
        file.write_text("")
        server.stop()
        server.command += ["--config", str(file)]
        server.start()
        file.write_text('log: { level = "error"; };')
        server.control("reload")
        assert re.search(r' notice settings: log\.level is "error": read again by uid \d+\n', server.said())
        file.write_text('log: { level = "warning"; };')
        server.process.send_signal(signal.SIGHUP)
        server.says('notice settings: log.level is "warning": read again by SIGHUP')
        server.stop()


def waits():
    """what is not live waits for the next start, and reload says so"""
    with Daemon() as server:
        assert "from the next start on" in server.control("settings", "set", "login.token_days", "7")
        row = row_of(server, "login.token_days")
        assert (row["value"], row["pending"], row["source"]) == ("30", "7", "default"), row
        assert "login.token_days takes effect at the next start" in server.control("reload")
        restart(server)
        row = row_of(server, "login.token_days")
        assert (row["value"], row.get("pending"), row["source"]) == ("7", None, "console"), row
        server.stop()


def refuses():
    """what a stronger layer sets, what names files, what is no value or does not fit the rest"""
    with Daemon() as server:
        for name, value, why in (
                ("loops", "2", "is set in --set, which goes before"),
                ("domain", "elsewhere.org", "is for the file, the environment and --set alone"),
                ("tls.key", "/etc/shadow", "is for the file, the environment and --set alone"),
                ("console.program", "/bin/sh", "is for the file, the environment and --set alone"),
                ("control.socket", "/tmp/x", "is for the file, the environment and --set alone"),
                ("login.mechanism", "PLAIN", 'did you mean "login.mechanisms"?'),
                ("login.mechanisms", "ROT13", '"ROT13" is no SASL mechanism of this server'),
                ("limits.idle_timeout_s", "8d", "must be from 0 to 7d"),
                ("limits.max_stanza_bytes", "2MiB", "limits.send_queue_bytes must hold one stanza"),
                ("log.level", "notice\nerror", "holds a control character")):
            assert why in (said := refused(server, "settings", "set", name, value)), said
        with database(server) as db:
            assert db.execute("SELECT (SELECT COUNT(*) FROM setting), (SELECT COUNT(*) FROM setting_change)"
                              ).fetchone() == (0, 0)
        server.stop()


def starts_anyway():
    """values in the database that cannot be used are passed over with a warning, the others hold"""
    with Daemon(users=["romeo"]) as server:
        server.control("settings", "set", "limits.sessions_per_account", "3")
        server.stop()
        bad = {"login.mechanisms": "ROT13", "gone.setting": "x", "data": "/etc", "log.level": "",
               "console.program": "/bin/sh", "limits.max_stanza_bytes": "16MiB", "c2s.listen_tls": "\x01",
               "limits.idle_timeout_s": "9" * 5000}
        with database(server) as db:
            db.executemany("INSERT INTO setting VALUES (?, ?)", bad.items())
            db.execute("INSERT INTO setting VALUES (CAST(x'61ff80c3' AS TEXT), CAST(x'ff' AS TEXT))")
            db.commit()
        server.start()
        for name in bad:
            assert f"what is stored for {name} is passed over: " in server.said(), name
        assert row_of(server, "limits.sessions_per_account")["value"] == "3"
        assert row_of(server, "login.mechanisms")["source"] == "default"
        server.serves("romeo")
        server.control("settings", "set", "login.mechanisms", "SCRAM-SHA-1")
        assert offered(server) == {"SCRAM-SHA-1"}
        server.control("settings", "reset", "gone.setting")
        server.stop()


def moves_to_database(server, setting, before=""):
    """Starts it again with a setting of its command line stored instead, and text before its value."""
    name, _, value = setting.partition("=")
    server.stop()
    at = server.command.index(setting)
    server.command[at - 1:at + 1] = []
    with database(server) as db:
        db.execute("INSERT INTO setting VALUES (?, ?)", (name, before + value))
        db.commit()
    server.start()


def listens_where_it_can():
    """an address in the database that cannot be listened on is passed over, the others are listened on"""
    with Daemon(users=["romeo"]) as server:
        moves_to_database(server, f"c2s.listen_tls=127.0.0.1:{server.tls_port}", f"192.0.2.1:{server.tls_port}, ")
        assert re.search(r"what is stored for c2s\.listen_tls is passed over: .*192\.0\.2\.1", server.said())
        server.serves("romeo")
        server.control("settings", "set", "c2s.listen_tls", "")
        restart(server)
        server.login("romeo", direct_tls=False).close()
        server.stop()


def opens_no_port_twice():
    """an address of the other list is refused, however it is written, and the next start has both"""
    with Daemon(users=["romeo"]) as server:
        moves_to_database(server, f"c2s.listen=127.0.0.1:{server.port}")
        for address in ("127.0.0.1", "*", "0.0.0.0", "[::]", "[::ffff:127.0.0.1]"):
            said = refused(server, "settings", "set", "c2s.listen", f"{address}:{server.tls_port}")
            assert f"c2s.listen and c2s.listen_tls overlap at port {server.tls_port}" in said, said
        restart(server)
        server.login("romeo", direct_tls=False).close()
        server.serves("romeo")
        server.stop()


def loses_none():
    """many who set at once: each that was told it holds is kept, and what holds is what is stored last"""
    with Daemon() as server:
        def change(name, values):
            for value in values:
                server.control("settings", "set", name, str(value))

        threads = [threading.Thread(target=change, args=(name, values)) for name, values in (
            ("logins.keep", range(1, 9)), ("logins.keep", range(101, 109)),
            ("limits.sessions_per_account", range(11, 19)))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with database(server) as db:
            stored = dict(db.execute("SELECT name, value FROM setting"))
            last = dict(db.execute("SELECT name, new_value FROM setting_change ORDER BY id"))
            count, = db.execute("SELECT COUNT(*) FROM setting_change").fetchone()
        assert stored == last and count == 24, (stored, last, count)
        assert stored["logins.keep"] in ("8", "108") and stored["limits.sessions_per_account"] == "18", stored
        for name, value in stored.items():
            assert row_of(server, name)["value"] == value, name
        server.stop()


daemon.run(takes_effect, hides_nothing, waits, refuses, starts_anyway, listens_where_it_can,
           opens_no_port_twice, loses_none)
