"""How long pages of the web console wait for an answer when there are 100,000 accounts: what
tests/console/many_test.py prints, as a table of bench/run.

measure(run) fills run.results; write(table) makes lines of it.
"""
import json
import subprocess

from servers import ROOT

ROWS = ("console-users",)


def ask(run):
    """(call, figures) of each that pages make."""
    figures = run.folder / "console-users.json"
    programs = [run.programs / name for name in
                ("src/server/linnetd", "apps/ctl/linnetctl", "apps/console/linnet-console")]
    done = subprocess.run(["/usr/bin/python3", ROOT / "tests/console/many_test.py", *programs, figures],
                          capture_output=True, text=True, timeout=600, check=False)
    if done.returncode != 0:
        raise RuntimeError((done.stderr or done.stdout).strip()[-400:])
    return json.loads(figures.read_text()).items()


def measure(run):
    if not run.wanted("console-users"):
        return
    for turn in range(run.options.rounds):
        run.say(f"round {turn + 1}: the console with 100,000 accounts")
        try:
            for call, sample in ask(run):
                run.add("console-users", call, sample)
        except (RuntimeError, OSError, subprocess.SubprocessError) as error:
            run.miss("console-users", "linnet-console", error)


def write(table):
    if "console-users" not in table.results:
        return
    table.head("Console, 100,000 accounts, wall time of a call", "p50", "p95")
    for call in table.results["console-users"]:
        table.row(call, *(table.number(table.value("console-users", call, figure), "ms")
                          for figure in ("p50_ms", "p95_ms")))
