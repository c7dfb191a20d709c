#!/usr/bin/python3
"""The table of docs/INTEROP.md: which client signs in to which server, how, and what came of it.

    table.py check              docs/INTEROP.md is what table.json says; TAP
    table.py update RESULTS     RESULTS (of run.py --json) go into table.json and docs/INTEROP.md

A case that fills a cell carries it as the third value that its group yields. table.json holds what
the last full run saw; every run compares the cells that it filled with it (see `differences`).
"""
import json
import pathlib
import re
import shutil
import subprocess
import sys
from typing import NamedTuple

HERE = pathlib.Path(__file__).resolve().parent
TABLE = HERE / "table.json"
DOCUMENT = HERE.parents[1] / "docs" / "INTEROP.md"
COLUMNS = ["STARTTLS", "direct TLS", "wrong password", "sends", "receives", "again"]
OWN = {"linnet", "linnetd"}

# Where the version of a peer is written: the Debian package that is it.
PACKAGES = {"Prosody": "prosody", "ejabberd": "ejabberd", "jabberd2": "jabberd2",
            "slixmpp": "python3-slixmpp", "libstrophe": "libstrophe0", "gloox": "libgloox18",
            "Profanity": "profanity", "go-sendxmpp": "go-sendxmpp"}

# What those peers do wrong, and what our side makes of it. Every row is seen by a case.
FAULTS = [
    ("ejabberd 23.01", "On TLS 1.3 its -PLUS mechanisms bind the Finished message, which it calls "
     "tls-unique; that binding does not exist there (RFC 9266), and it lists no types (XEP-0440).",
     "linnet uses no -PLUS on TLS 1.3 without a list: it takes the mechanism without, and `linnet "
     "probe` says why. Asked for by name, -PLUS ends with exit status 31."),
    ("jabberd2 2.7", "About one good login in twelve ends with internal-server-error.",
     "The cases try again, after that error only."),
    ("slixmpp 1.8", "It answers every -PLUS offer with tls-unique, on TLS 1.3 too, and then every SCRAM "
     "without it with `y`, as if the server had no -PLUS.",
     "linnetd refuses both, and slixmpp, left to itself, goes on until PLAIN. The cells of -PLUS are "
     "TLS 1.2."),
    ("go-sendxmpp 0.5", "It sends a line feed after `<starttls/>` and `<auth/>`, which RFC 6120 forbids "
     "(§5.3.3, §6.3.5), and which in front of the next XML declaration is not well-formed; and in "
     "DIGEST-MD5 a `<response/>` to `<success/>` (§6.4.6).",
     "linnetd drops the white space; the last ends the stream."),
    ("gloox 1.0.24", "It has TLS 1.2 only, forgets the CAs that Client::setCACerts was given, and with "
     "direct TLS checks the certificate against the address instead of the domain. Told to use "
     "SCRAM-SHA-1 and not -PLUS, it announces `y` and binds `n`. Its nonces repeat within a second.",
     "The test client mends the first ones; linnetd refuses the last as the forgery it could be."),
    ("Prosody 0.12", "The packaged SASL2 modules are of a later Prosody.",
     "A copy is mended when a run begins; HT-SHA-256-EXPR, which it then lists, cannot work."),
]

HEAD = """\
# Who signs in to whom

This page is written by the tests: `./dev interop-table` runs every peer and writes it, and `./dev
test` fails where what it sees is not what stands here. "Its choice" is what a client does when nobody
names a mechanism; the cell holds what it chose. Every certificate is verified, but by slixmpp and
libstrophe. "Sends" and "receives" are a message to and from another client, "again" a second login
of the same device.

"""

TAIL = """\
An empty cell was not tried: the client has no such thing, or one cell stands for all.

## What peers do wrong

Faults of the versions above that are not ours, and what the tests hold our side to.

| Peer | What it does | Here |
|---|---|---|
"""


class Cell(NamedTuple):
    client: str
    server: str
    mechanism: str      # or CHOICE
    column: str         # one of COLUMNS
    outcome: str = "yes"  # what it means that the case passes, unless the case returns a text


CHOICE = "its choice"


def key(cell):
    return cell["client"], cell["server"], cell["mechanism"], cell["column"]


def order(cell):
    """Ours first; each peer's choice before its mechanisms."""
    return (cell["client"] != "linnet", cell["client"].lower(), cell["server"].lower(),
            cell["mechanism"] != CHOICE, cell["mechanism"], COLUMNS.index(cell["column"]))


def debian_version(package):
    """The upstream part of an installed package's version, or ""."""
    if not shutil.which("dpkg-query"):
        return ""
    done = subprocess.run(["dpkg-query", "-W", "-f=${Version}", package], capture_output=True,
                          text=True, check=False)
    found = re.match(r"(?:\d+:)?([0-9.]+)", done.stdout)
    return found.group(1).rstrip(".") if done.returncode == 0 and found else ""


def version(peer):
    name = peer.split(",")[0]
    if name == "xmpp.js":
        lock = json.loads((HERE / "js" / "package-lock.json").read_text())
        return lock["packages"]["node_modules/@xmpp/client"]["version"]
    return debian_version(PACKAGES[name]) if name in PACKAGES else ""


def named(peer):
    """A cell's peer with its version: "Prosody, TLS 1.2" is "Prosody 0.12.3, TLS 1.2"."""
    name, comma, rest = peer.partition(",")
    return f"{name} {version(peer)}".strip() + comma + rest


def filled(cell, group, outcome):
    """The object of a cell in JSON."""
    return {"group": group, "client": cell.client, "server": cell.server, "mechanism": cell.mechanism,
            "column": cell.column, "outcome": outcome or cell.outcome,
            "names": [named(cell.client), named(cell.server)]}


def load():
    return json.loads(TABLE.read_text()) if TABLE.exists() else []


def cells_of(results):
    return [r["cell"] for r in results if r["result"] == "ok" and r.get("cell")]


def differences(results, complete):
    """What a run saw that the table does not say; for a complete run also the rows that no case
    filled, unless a case of their group was skipped by name."""
    table = {key(cell): cell["outcome"] for cell in load()}
    seen = {key(cell): cell["outcome"] for cell in cells_of(results)}
    for cell, outcome in seen.items():
        if table.get(cell) != outcome:
            yield f"{', '.join(cell)}: the table has {table.get(cell)!r}, this run saw {outcome!r}"
    if not complete:
        return
    excused = {r["group"] for r in results if r["result"] != "ok"}
    for cell in load():
        if key(cell) not in seen and cell["group"] not in excused:
            yield f"{', '.join(key(cell))}: in the table, but no case fills it"


def other_versions(results):
    """Peers of this run whose version is not the table's: worth knowing, not a fault."""
    written = {name for cell in load() for name in cell["names"]}
    now = {name for cell in cells_of(results) for name in cell["names"]}
    return sorted(now - written)


def rows(cells, front):
    """The lines of a Markdown table; `front` gives the columns before the outcomes."""
    columns = [column for column in COLUMNS if any(cell["column"] == column for cell in cells)]
    lines = {}
    for cell in cells:
        lines.setdefault(front(cell), {})[cell["column"]] = cell["outcome"]
    yield "| " + " | ".join(["Peer", "Mechanism", *columns]) + " |"
    yield "|---" * (2 + len(columns)) + "|"
    before = None
    for (peer, mechanism), outcomes in lines.items():
        first = peer if peer != before else ""
        before = peer
        yield "| " + " | ".join([first, mechanism, *(outcomes.get(c, "") for c in columns)]) + " |"


def render(cells):
    cells = sorted(cells, key=order)
    ours = [cell for cell in cells if cell["client"] == "linnet"]
    theirs = [cell for cell in cells if cell["client"] != "linnet" and cell["server"] == "linnetd"]
    text = HEAD
    text += "## Clients that sign in to linnetd\n\n"
    text += "\n".join(rows(theirs, lambda cell: (cell["names"][0], cell["mechanism"]))) + "\n\n"
    text += "## Servers that linnet signs in to\n\n"
    text += "\n".join(rows(ours, lambda cell: (cell["names"][1], cell["mechanism"]))) + "\n\n"
    return text + TAIL + "".join("| " + " | ".join(row) + " |\n" for row in FAULTS)


def update(path):
    """What RESULTS saw replaces its cells, and drops those that its groups no longer fill."""
    results = json.loads(pathlib.Path(path).read_text())
    seen = {key(cell): cell for cell in cells_of(results)}
    excused = {r["group"] for r in results if r["result"] != "ok"}
    groups = {r["group"] for r in results} - excused
    old = {key(cell): cell for cell in load() if cell["group"] not in groups}
    cells = sorted({**old, **seen}.values(), key=order)
    TABLE.write_text("[\n" + ",\n".join(json.dumps(cell) for cell in cells) + "\n]\n")
    DOCUMENT.write_text(render(cells))
    print(f"{len(seen)} cells of this run, {len(cells)} in all")


def check():
    same = DOCUMENT.exists() and DOCUMENT.read_text() == render(load())
    print(f"{'ok' if same else 'not ok'} 1 - docs/INTEROP.md is what tests/interop/table.json says\n1..1")
    return 0 if same else 1


if __name__ == "__main__":
    if sys.argv[1:2] == ["update"]:
        update(sys.argv[2])
    else:
        sys.exit(check())
