#!/usr/bin/python3
"""run.py --bin DIR [--only GROUP] [--long] [--keep] [--json FILE]: real programs on real sockets.

DIR holds linnet, linnetd and linnetctl (and strophe_client and gloox_client, if they were built).
Every case prints one line of TAP; a case that cannot run says why. Peers are started when the first
case needs them, on free loopback ports in a folder of their own, and stopped by pid at the end. What
cases say for the table of docs/INTEROP.md is compared with it (table.py).
"""
import argparse
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time
import traceback

import cases_client
import cases_gloox
import cases_peers
import cases_profanity
import cases_resume
import cases_rounds
import cases_secrets
import cases_sendxmpp
import cases_server
import cases_tokens
import cases_volume
import cases_xmppjs
import peers
import table
from folder import make_folder
from peers import Skip

GROUPS = {"client": cases_client.cases, "peers": cases_peers.cases,
          "server": cases_server.cases, "rounds": cases_rounds.cases, "gloox": cases_gloox.cases,
          "profanity": cases_profanity.cases, "sendxmpp": cases_sendxmpp.cases,
          "resume": cases_resume.cases, "tokens": cases_tokens.cases,
          "xmppjs": cases_xmppjs.cases, "secrets": cases_secrets.cases, "volume": cases_volume.cases}


class Result:
    def __init__(self, command, done):
        self.command = [str(word) for word in command]
        self.code = done.returncode
        self.out = done.stdout.decode(errors="replace")
        self.err = done.stderr.decode(errors="replace")

    def __str__(self):
        return f"`{' '.join(self.command)}` ended with {self.code}: {(self.err + self.out).strip()[-600:]}"


class World:
    """What the cases share: the programs, a folder, and the peers."""

    def __init__(self, options):
        self.programs = pathlib.Path(options.bin).resolve()
        self.long = options.long
        self.folder = make_folder("linnet-interop-")
        os.environ["XDG_STATE_HOME"] = str(self.folder / "state")
        # ejabberd runs as a user of its own and must reach its folder in here.
        self.folder.chmod(0o755)
        self.certificates = peers.Certificates(self.folder / "certificates")
        self.started = {}
        self.number = 0

    def program(self, name):
        return self.programs / name

    def peer(self, name, make, needs=()):
        """The peer called `name`, made by make(folder) at first use."""
        for program in needs:
            if not shutil.which(program):
                raise Skip(f"{program} is not installed")
        if name not in self.started:
            self.started[name] = make(self.folder / name)
        if isinstance(self.started[name], Exception):
            raise self.started[name]
        return self.started[name]

    def prosody(self):
        def make(folder):
            prosody = peers.Prosody(folder, self.certificates)
            for host in ("localhost", "hashed.localhost", "tls12.localhost", "expired.localhost",
                         "wrong.localhost"):
                prosody.add_user("juliet", "sea of Moons", host)
            prosody.add_user("romeo", "sea of Moons", "localhost")
            return prosody
        return self.peer("prosody", make, ["prosody", "prosodyctl"])

    def prosody_sasl2(self):
        def make(folder):
            prosody = peers.ProsodySasl2(folder, self.certificates)
            for user in ("juliet", "romeo"):
                prosody.add_user(user, "sea of Moons", "sasl2.localhost")
            return prosody
        return self.peer("prosody-sasl2", make, ["prosody", "prosodyctl"])

    def ejabberd(self):
        def make(folder):
            ejabberd = peers.Ejabberd(folder, self.certificates)
            for user in ("juliet", "romeo"):
                ejabberd.add_user(user, "sea of Moons")
            return ejabberd
        return self.peer("ejabberd", make, ["ejabberdctl"])

    def jabberd2(self):
        def make(folder):
            jabberd2 = peers.Jabberd2(folder, self.certificates)
            for user in ("juliet", "romeo"):
                jabberd2.add_user(user, "sea of Moons")
            return jabberd2
        return self.peer("jabberd2", make, ["jabberd2-c2s", "sqlite3"])

    def linnetd(self, name="linnetd", *settings, users=("juliet", "romeo"), certified=False):
        """`certified`: with a certificate of this run's CA, for clients that trust no other kind."""
        certificate, key = self.certificates.pair("good")
        if certified:
            settings += (f"tls.certificate={certificate}", f"tls.key={key}")

        def make(folder):
            server = peers.Linnetd(folder, self.programs, *settings)
            if certified:
                server.ca = self.certificates.ca
            for user in users:
                server.add_user(user, f"secret of {user}")
            return server
        return self.peer(name, make)

    def certified(self):
        return self.linnetd("certified", certified=True)

    def only(self, mechanism):
        """A server that offers just this one: what a client does when that is all there is."""
        return self.linnetd(f"only-{mechanism}", f"login.mechanisms={mechanism}", "login.legacy=true",
                            certified=True)

    def answering(self, name, *arguments):
        return self.peer(name, lambda folder: peers.Answering(*arguments))

    def secret(self, password):
        self.number += 1
        return peers.private_file(self.folder / "secrets" / str(self.number), password)

    def command(self, verb, jid, *words, peer=None, port=None, password=None, cafile=None):
        command = [self.program("linnet"), verb, jid, *words]
        # A case finds what it finds, not what another one left in the memory of the account.
        if verb != "probe" and not any(str(word).startswith("--memory") for word in words):
            command.append("--memory=off")
        if peer or port:
            command += ["--host", "127.0.0.1", "--port", port or peer.port]
        if cafile or peer:
            command += ["--cafile", cafile or peer.ca]
        if password is not None:
            command += ["--password-file", self.secret(password)]
        return [str(word) for word in command]

    def linnet(self, *words, stdin=None, timeout=60, **target):
        """Runs linnet to its end; its Result."""
        command = self.command(*words, **target)
        options = {"input": stdin.encode()} if stdin is not None else {"stdin": subprocess.DEVNULL}
        done = subprocess.run(command, capture_output=True, timeout=timeout, check=False, **options)
        return Result(command, done)

    def expect(self, code, *words, says=None, **target):
        """Runs linnet and demands this exit status, and `says` somewhere in what it wrote."""
        result = self.linnet(*words, **target)
        if result.code != code or peers.sanitizer_spoke(result.err):
            raise AssertionError(f"wanted exit status {code}: {result}")
        if says and says.lower() not in (result.out + result.err).lower():
            raise AssertionError(f"wanted it to say {says!r}: {result}")
        return result

    def finish(self, keep):
        faults = []
        for name, peer in self.started.items():
            try:
                if not isinstance(peer, Exception):
                    peer.stop()
            except Exception as error:  # the others must be stopped too
                faults.append(f"{name}: {error}")
        if keep:
            print(f"# kept: {self.folder}")
        else:
            shutil.rmtree(self.folder, ignore_errors=True)
        return faults


def verdict(case):
    """("ok" | "not ok" | "skip", what to say); a case that passes may return its cell's outcome."""
    try:
        return "ok", case() or ""
    except Skip as skip:
        return "skip", str(skip)
    except (AssertionError, RuntimeError, subprocess.TimeoutExpired) as error:
        return "not ok", str(error) or traceback.format_exc()
    except Exception:
        return "not ok", traceback.format_exc()


def group_cases(name, world):
    """The cases of a group; a group that cannot even list them is one case that fails."""
    try:
        yield from GROUPS[name](world)
    except Skip as skip:
        reason = str(skip)

        def skipped():
            raise Skip(reason)
        yield "all cases", skipped
    except Exception as error:
        text = f"{error}\n{traceback.format_exc()}"

        def failed():
            raise RuntimeError(text)
        yield "its peers start", failed


def print_result(number, name, result, text):
    line = f"{number} - {name}"
    print(f"ok {line} # SKIP {text}" if result == "skip" else f"{result} {line}", flush=True)
    if result == "not ok":
        print("".join(f"# {row}\n" for row in text.strip().splitlines()), end="", flush=True)


def run_group(group, world, match, results):
    for name, case, *cell in group_cases(group, world):
        if match not in name:
            continue
        begun = time.monotonic()
        result, text = verdict(case)
        results.append({"group": group, "name": name, "result": result,
                        "text": "" if result == "ok" else text,
                        "seconds": round(time.monotonic() - begun, 2)})
        if cell:
            outcome = text if result == "ok" and isinstance(text, str) else ""
            results[-1]["cell"] = table.filled(cell[0], group, outcome)
        print_result(len(results), f"{group}: {name}", result, text)


def afterwards(options, results, faults):
    """What is asked of the whole run: (name, faults)"""
    if faults:
        yield "every peer stops when asked", faults
    if not options.table and any(r.get("cell") for r in results):
        complete = not options.only and not options.match
        yield "docs/INTEROP.md says what this run saw", list(table.differences(results, complete))
        for peer in table.other_versions(results):
            print(f"# docs/INTEROP.md was written with another version than this {peer}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", required=True)
    parser.add_argument("--only", action="append", choices=GROUPS)
    parser.add_argument("--match", default="", help="only cases whose name holds this")
    parser.add_argument("--long", action="store_true", help="more messages")
    parser.add_argument("--keep", action="store_true", help="keep the folder with the logs")
    parser.add_argument("--json", help="the results, a list of objects")
    parser.add_argument("--table", action="store_true",
                        help="docs/INTEROP.md is about to be written: do not compare with it")
    options = parser.parse_args()

    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)  # ignored by scripts' jobs, nohup: linnet leaves them so
    missing = [name for name in ("linnet", "linnetd", "linnetctl")
               if not (pathlib.Path(options.bin) / name).exists()]
    if missing:
        print(f"not ok 1 - the programs were built: no {', '.join(missing)} in {options.bin}\n1..1")
        return 1
    os.environ["PATH"] += ":/usr/sbin:/sbin"  # where some of the peers are
    world = World(options)
    results = []
    try:
        for group in options.only or GROUPS:
            run_group(group, world, options.match, results)
    finally:
        faults = world.finish(options.keep)
    count, bad = len(results), any(r["result"] == "not ok" for r in results)
    for name, wrong in afterwards(options, results, faults):
        count, bad = count + 1, bad or bool(wrong)
        print_result(count, name, "not ok" if wrong else "ok", "\n".join(wrong))
    print(f"1..{count}")
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(results, indent=1))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
