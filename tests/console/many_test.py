"""100,000 accounts in the console, and how long it takes to answer: many_test.py LINNETD LINNETCTL
LINNET-CONSOLE [FIGURES]

The figures go to standard output, and as JSON to the file FIGURES; no result depends on them."""
import json
import pathlib
import sqlite3
import statistics
import sys
import time
import urllib.parse

from browser import PASSWORD, Site, expect

import daemon  # its folder is known since browser was imported

COUNT = 100_000
PAGE = 200
CALLS = 50
FIRST = ["anna", "bruno", "c\u00e9line", "dmitri", "eve", "\u00fcmit", "\u674e", "z\u00f6e"]
LAST = ["berg", "costa", "diaz", "eriksen", "fontaine", "garc\u00eda", "haddad"]


def names():
    """Of everybody that is added; as the server keeps them, which is by their bytes."""
    made = {f"{FIRST[n % len(FIRST)]}.{LAST[n % len(LAST)]}{n:05}" for n in range(COUNT)}
    return sorted(made | set(Site.USERS), key=str.encode)


def copy_rows(db, table, model, users):
    """Gives users what another has in a table, whatever its columns are."""
    columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
    at = columns.index("username")
    marks = ", ".join("?" * len(columns))
    for row in db.execute(f"SELECT * FROM {table} WHERE username = ?", (model,)).fetchall():
        db.executemany(f"INSERT INTO {table} VALUES ({marks})",
                       ((*row[:at], user, *row[at + 1:]) for user in users))


def fill(site, users):
    """Their passwords are all that of `nobody`: keys are derived without the name."""
    site.stop()
    with sqlite3.connect(site.folder / "data" / "linnet.db") as db:
        for table in ("account", "credential"):
            copy_rows(db, table, "nobody", users)
    db.close()
    site.start()


def query(path, **parameters):
    return path + "?" + urllib.parse.urlencode(parameters)


def pages(browser, **parameters):
    """Users of all pages, one page after another."""
    found, more = [], True
    while more:
        page = expect(browser.get(query("/users", limit=PAGE, **parameters)), 200).json
        found += [row["user"] for row in page["accounts"]]
        more = page["more"]
        parameters["after"] = found[-1] if found else ""
    return found


def quantiles(browser, path):
    """p50 and p95 of a call, in milliseconds."""
    took = []
    for _ in range(CALLS):
        begun = time.perf_counter()
        expect(browser.get(path), 200)
        took.append((time.perf_counter() - begun) * 1000)
    return statistics.median(took), statistics.quantiles(took, n=20)[-1]


def measured(users):
    """What pages ask, by what it is."""
    middle = users[len(users) // 2]
    return {
        "users, first page of 50": "/users",
        "users, first page of 200": query("/users", limit=PAGE),
        "users, a page in the middle": query("/users", after=middle),
        "users, the last page": query("/users", after=users[-51]),
        "users, search of one letter": query("/users", q="a"),
        "users, search of a name": query("/users", q=middle),
        "users, search without a result": query("/users", q="nowhere"),
        "user": query("/user", user=middle),
        "sessions": "/sessions",
        "logins": "/logins",
        "logins of one user": query("/logins", user=middle),
        "status": "/status",
        "session": "/session",
    }


def measure(browser, users):
    figures = {}
    for what, path in measured(users).items():
        p50, p95 = quantiles(browser, path)
        figures[what] = {"p50_ms": p50, "p95_ms": p95}
        print(f"# {what:32} p50 {p50:8.2f} ms  p95 {p95:8.2f} ms")
    if len(sys.argv) > 4:
        pathlib.Path(sys.argv[4]).write_text(json.dumps(figures))


def searches(browser, users):
    for prefix in ("", "anna.", "anna.berg0", "c\u00e9", "\u674e.", users[777], "zz", "%", "_"):
        wanted = [user for user in users if user.startswith(prefix)]
        found = pages(browser, q=prefix)
        assert found == wanted, f"{prefix!r}: {len(found)} found, not {len(wanted)}"
    upper = pages(browser, q="ANNA.BERG0")
    assert upper == [user for user in users if user.startswith("anna.berg0")] and upper


def holds_many():
    """100,000 accounts: each is on one page, found by its name, and can sign in"""
    users = names()
    with Site() as site:
        fill(site, [user for user in users if user not in Site.USERS])
        browser = site.browser("admin")
        assert len(users) == COUNT + len(Site.USERS)
        assert pages(browser) == users
        searches(browser, users)
        for user in (users[1], users[COUNT // 2], users[-1]):  # the first is admin
            account = expect(browser.get(query("/user", user=user)), 200).json
            assert account["user"] == user and account["schemes"], account
            session = site.session(True).login(user, PASSWORD.format("nobody"), "", True)
            assert expect(browser.get(query("/user", user=user)), 200).json["online"] is True
            daemon.drop(session)
        measure(browser, users)
        site.stop()


daemon.run(holds_many)
