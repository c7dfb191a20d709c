#!/usr/bin/python3
"""run.py --bin DIR [--only GROUP] [--long] [--keep] [--json FILE]: real programs on real sockets.

DIR holds linnet, linnetd and linnetctl (and strophe_client, if it was built). Every case prints one
line of TAP; a case that cannot run says why. Peers are started when the first case needs them, on
free loopback ports in a folder of their own, and stopped by pid at the end.
"""
import argparse
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import traceback

import cases_client
import cases_secrets
import cases_server
import cases_volume
import peers
from peers import Skip

GROUPS = {"client": cases_client.cases, "server": cases_server.cases,
          "secrets": cases_secrets.cases, "volume": cases_volume.cases}


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
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="linnet-interop-"))
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
            if not shutil.which(program, path="/usr/bin:/usr/sbin:/bin:/sbin"):
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
            prosody.add_user("romeo", "b4lcony", "localhost")
            return prosody
        return self.peer("prosody", make, ["prosody", "prosodyctl"])

    def ejabberd(self):
        def make(folder):
            ejabberd = peers.Ejabberd(folder, self.certificates)
            ejabberd.add_user("juliet", "sea of Moons")
            return ejabberd
        return self.peer("ejabberd", make, ["ejabberdctl"])

    def jabberd2(self):
        def make(folder):
            jabberd2 = peers.Jabberd2(folder, self.certificates)
            jabberd2.add_user("juliet", "sea of Moons")
            return jabberd2
        return self.peer("jabberd2", make, ["jabberd2-c2s", "sqlite3"])

    def linnetd(self, name="linnetd", *settings, users=("juliet", "romeo")):
        def make(folder):
            server = peers.Linnetd(folder, self.programs, *settings)
            for user in users:
                server.add_user(user, f"secret of {user}")
            return server
        return self.peer(name, make)

    def answering(self, name, *arguments):
        return self.peer(name, lambda folder: peers.Answering(*arguments))

    def secret(self, password):
        self.number += 1
        return peers.private_file(self.folder / "secrets" / str(self.number), password)

    def command(self, verb, jid, *words, peer=None, port=None, password=None, cafile=None):
        command = [self.program("linnet"), verb, jid, *words]
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
    """("ok" | "not ok" | "skip", what to say)"""
    try:
        case()
        return "ok", ""
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


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", required=True)
    parser.add_argument("--only", action="append", choices=GROUPS)
    parser.add_argument("--match", default="", help="only cases whose name holds this")
    parser.add_argument("--long", action="store_true", help="more peers, more volume")
    parser.add_argument("--keep", action="store_true", help="keep the folder with the logs")
    parser.add_argument("--json", help="the results, a list of objects")
    options = parser.parse_args()

    missing = [name for name in ("linnet", "linnetd", "linnetctl")
               if not (pathlib.Path(options.bin) / name).exists()]
    if missing:
        print(f"not ok 1 - the programs were built: no {', '.join(missing)} in {options.bin}\n1..1")
        return 1
    world = World(options)
    results = []
    try:
        for group in options.only or GROUPS:
            for name, case in group_cases(group, world):
                if options.match not in name:
                    continue
                begun = time.monotonic()
                result, text = verdict(case)
                results.append({"group": group, "name": name, "result": result, "text": text,
                                "seconds": round(time.monotonic() - begun, 2)})
                line = f"{len(results)} - {group}: {name}"
                print(f"ok {line} # SKIP {text}" if result == "skip" else f"{result} {line}",
                      flush=True)
                if result == "not ok":
                    print("".join(f"# {row}\n" for row in text.strip().splitlines()), end="", flush=True)
    finally:
        faults = world.finish(options.keep)
    if faults:
        print(f"not ok {len(results) + 1} - every peer stops when asked")
        print("".join(f"# {fault}\n" for fault in faults), end="")
    print(f"1..{len(results) + bool(faults)}")
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(results, indent=1))
    return 1 if faults or any(r["result"] == "not ok" for r in results) else 0


if __name__ == "__main__":
    sys.exit(main())
