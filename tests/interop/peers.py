"""Servers and clients that are not ours, started for one run on free loopback ports.

Every process is started by this file, remembered, and stopped by its own pid when the run ends.
What a peer writes goes to a file in the run's folder.
"""
import os
import pathlib
import pwd
import re
import shutil
import signal
import socket
import subprocess
import threading
import time

from ports import free_port

HERE = pathlib.Path(__file__).parent


class Skip(Exception):
    """A case cannot run here; the text says why."""


def run(command, **options):
    options.setdefault("timeout", 60)
    done = subprocess.run([str(word) for word in command], capture_output=True, **options)
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} ended with {done.returncode}: "
                           + (done.stderr + done.stdout).decode(errors="replace")[-800:])
    return done.stdout.decode(errors="replace")


def wait_for(what, condition, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.05)
    raise RuntimeError(f"waited {seconds} s in vain for {what}")


def settles(attempt, seconds=10):
    """Tries until `attempt` no longer raises."""
    end = time.monotonic() + seconds
    while True:
        try:
            return attempt()
        except (AssertionError, OSError):
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


def sanitizer_spoke(text):
    return "Sanitizer" in text or "runtime error:" in text


def listening(port):
    with socket.socket() as s:
        s.settimeout(1)
        return s.connect_ex(("127.0.0.1", port)) == 0


def private_file(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    return path


class Process:
    """A program of ours or of others, in the foreground, with its words in `log`."""

    def __init__(self, command, log, **options):
        self.log = log
        with open(log, "wb") as out:
            self.process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL,
                                            stdout=out, stderr=subprocess.STDOUT, **options)

    def said(self):
        return self.log.read_text(errors="replace")

    def alive(self):
        return self.process.poll() is None

    def stop(self, sig=signal.SIGTERM, seconds=15):
        """Its exit status."""
        if self.alive():
            self.process.send_signal(sig)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise RuntimeError(f"{self.log.name}: did not stop within {seconds} s") from None


class Certificates:
    """A CA of this run, and what it signed: good, expired, and for another name."""

    def __init__(self, folder):
        folder.mkdir()
        self.folder = folder
        self.ca = folder / "ca.pem"
        curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        run(["openssl", "req", "-x509", *curve, "-keyout", folder / "ca.key", "-out", self.ca,
             "-days", "30", "-subj", "/CN=Interop test CA"])
        for name, hosts, days in (("good", ["localhost", "hashed.localhost", "tls12.localhost",
                                            "sasl2.localhost"], 30),
                                  ("expired", ["expired.localhost"], -1),
                                  ("other", ["other.example"], 30)):
            names = ",".join("DNS:" + host for host in hosts)
            run(["openssl", "req", "-new", *curve, "-keyout", folder / f"{name}.key",
                 "-out", folder / f"{name}.csr", "-subj", f"/CN={hosts[0]}",
                 "-addext", f"subjectAltName={names}"])
            run(["openssl", "x509", "-req", "-in", folder / f"{name}.csr", "-CA", self.ca,
                 "-CAkey", folder / "ca.key", "-CAcreateserial", "-copy_extensions", "copy",
                 "-days", days, "-out", folder / f"{name}.pem"])
            (folder / f"{name}.both.pem").write_text(
                (folder / f"{name}.pem").read_text() + (folder / f"{name}.key").read_text())

    def pair(self, name):
        return self.folder / f"{name}.pem", self.folder / f"{name}.key"


class Prosody:
    """Hosts: localhost (plain passwords), hashed.localhost, tls12.localhost (nothing newer, so that
    it offers -PLUS), expired.localhost and wrong.localhost (certificates)."""

    ENABLED = ("roster", "saslauth", "tls", "disco", "ping")
    ca = property(lambda self: self.certificates.ca)

    def __init__(self, folder, certificates):
        folder.mkdir(exist_ok=True)
        self.folder, self.certificates = folder, certificates
        self.port, self.tls_port = free_port(), free_port()
        self.config = folder / "prosody.cfg.lua"
        self.config.write_text(self.configuration())
        self.process = Process(["prosody", "-F", "--config", self.config], folder / "prosody.log",
                               cwd=folder)
        wait_for("prosody", lambda: listening(self.port) and listening(self.tls_port))

    def ssl(self, name, more=""):
        certificate, key = self.certificates.pair(name)
        return f'ssl = {{ certificate = "{certificate}", key = "{key}"{more} }}'

    def configuration(self):
        return f"""
run_as_root = true
pidfile = "{self.folder}/prosody.pid"
data_path = "{self.folder}/data"
interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {self.port} }}
c2s_direct_tls_ports = {{ {self.tls_port} }}
modules_enabled = {{ {", ".join(f'"{name}"' for name in self.ENABLED)} }}
modules_disabled = {{ "s2s" }}
storage = "internal"
authentication = "internal_plain"
log = {{ info = "*console" }}
{self.ssl("good")}
{self.hosts()}"""

    def hosts(self):
        return f"""
VirtualHost "localhost"
VirtualHost "hashed.localhost"
    authentication = "internal_hashed"
VirtualHost "tls12.localhost"
    {self.ssl("good", ', protocol = "tlsv1_2"')}
VirtualHost "expired.localhost"
    {self.ssl("expired")}
VirtualHost "wrong.localhost"
    {self.ssl("other")}
"""

    def add_user(self, name, password, host="localhost"):
        run(["prosodyctl", "--config", self.config, "register", name, host, password],
            cwd=self.folder)

    def stop(self):
        self.process.stop()


class ProsodySasl2(Prosody):
    """Host sasl2.localhost with SASL2, Bind 2 and FAST, by modules of Debian's prosody-modules. They
    were written for a later Prosody: the run gets a copy of its own in which what 0.12 lacks is
    replaced."""

    ENABLED = (*Prosody.ENABLED, "sasl2", "sasl2_bind2", "sasl2_fast")
    MODULES = pathlib.Path("/usr/lib/prosody/modules")
    CHANGES = {
        "mod_sasl2/mod_sasl2.lua": [
            ("origin.conn:ssl_info()", "origin.conn:socket():info()"),
            ("origin.conn.ssl_peerfinished and origin.conn:ssl_peerfinished()",
             "origin.conn:socket().getpeerfinished and origin.conn:socket():getpeerfinished()"),
            (":ssl_peerfinished()", ":socket():getpeerfinished()"),
            ("conn.ssl_exportkeyingmaterial", "conn:socket().exportkeyingmaterial"),
            ("conn:ssl_exportkeyingmaterial(", "conn:socket():exportkeyingmaterial(")],
        "mod_sasl2_bind2/mod_sasl2_bind2.lua": [],
        "mod_sasl2_fast/mod_sasl2_fast.lua": [
            ("issued_at + fast_token_ttl", "math.floor(issued_at + fast_token_ttl)"),
            ('auth:get_child_attr("user-agent", nil, "id")', 'auth:get_child("user-agent").attr.id')],
        "mod_c2s.lua": [
            ('"stream-features", { origin = session,',
             '"stream-features", { stream = attr, origin = session,')],
    }

    def __init__(self, folder, certificates):
        if not (self.MODULES / "mod_sasl2").exists():
            raise Skip("prosody-modules is not installed")
        folder.mkdir()
        for name, changes in self.CHANGES.items():
            self.change(name, folder / "plugins" / name, changes)
        super().__init__(folder, certificates)

    def change(self, name, copy, changes):
        text = (self.MODULES / name).read_text()
        for old, new in changes:
            if old not in text:
                raise RuntimeError(f"{name} has no {old!r}: another version of prosody-modules?")
            text = text.replace(old, new)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(text)

    def hosts(self):
        return f"""
plugin_paths = {{ "{self.folder}/plugins", "{self.MODULES}" }}
VirtualHost "sasl2.localhost"
"""


class Ejabberd:
    """ejabberd drops root for the user `ejabberd`, so its folder is that user's."""

    def __init__(self, folder, certificates):
        folder.mkdir()
        self.folder, self.certificates = folder, certificates
        self.ca = certificates.ca
        self.port, self.tls_port, node_port = free_port(), free_port(), free_port()
        both = shutil.copy(certificates.folder / "good.both.pem", folder / "both.pem")
        (folder / "ejabberd.yml").write_text(f"""
hosts: [localhost]
certfiles: ["{both}"]
listen:
 - {{port: {self.port}, ip: 127.0.0.1, module: ejabberd_c2s, starttls: true}}
 - {{port: {self.tls_port}, ip: 127.0.0.1, module: ejabberd_c2s, tls: true}}
auth_password_format: plain
modules: {{mod_roster: {{}}, mod_disco: {{}}, mod_ping: {{}}, mod_admin_extra: {{}}}}
""")
        (folder / "ctl.cfg").write_text(
            f"ERLANG_NODE=interop{node_port}@localhost\nINET_DIST_INTERFACE=127.0.0.1\n"
            f"ERL_DIST_PORT={node_port}\n")
        (folder / "inetrc").write_text("")
        self.control = ["ejabberdctl", "-c", folder / "ctl.cfg", "-d", folder, "-f",
                        folder / "ejabberd.yml", "-s", folder / "spool", "-l", folder / "logs"]
        if os.getuid() == 0:
            owner = pwd.getpwnam("ejabberd")
            for path in [folder, *folder.rglob("*")]:
                os.chown(path, owner.pw_uid, owner.pw_gid)
        self.process = Process([*self.control, "foreground"], folder.parent / "ejabberd.log")
        wait_for("ejabberd", lambda: listening(self.port), 60)

    def add_user(self, name, password, host="localhost"):
        run([*self.control, "register", name, host, password])

    def stop(self):
        subprocess.run([str(word) for word in [*self.control, "stop"]], capture_output=True,
                       timeout=60, check=False)
        self.process.stop(seconds=30)


class Jabberd2:
    """Router, session manager and c2s, one second apart; accounts are rows of its database."""

    def __init__(self, folder, certificates):
        shutil.copytree("/etc/jabberd2", folder)
        self.folder, self.certificates = folder, certificates
        self.ca = certificates.ca
        self.port, router_port = free_port(), free_port()
        self.tls_port = None
        schema = run(["zcat", "/usr/share/doc/jabberd2/db-setup.sqlite.gz"])
        run(["sqlite3", folder / "sqlite.db"], input=schema.encode())
        for name in ("router", "sm", "c2s"):
            self.configure(name, router_port)
        self.processes = []
        for name in ("router", "sm", "c2s"):
            self.processes.append(Process([f"jabberd2-{name}", "-c", folder / f"{name}.xml"],
                                          folder / f"{name}.out"))
            if name == "router":  # the others do not wait for it
                wait_for("jabberd2's router", lambda: listening(router_port))
            time.sleep(1)
        wait_for("jabberd2", lambda: listening(self.port))

    def configure(self, name, router_port):
        path = self.folder / f"{name}.xml"
        text = path.read_text()
        for old, new in (("/var/run/jabberd2", self.folder), ("/run/jabberd2", self.folder),
                         ("/var/log/jabberd2", self.folder), ("/var/lib/jabberd2", self.folder),
                         ("/etc/jabberd2", self.folder), ("0.0.0.0", "127.0.0.1"),
                         (">5347<", f">{router_port}<"), (">5222<", f">{self.port}<")):
            text = text.replace(old, str(new))
        if name == "sm":
            text = text.replace("<id>localhost.localdomain</id>", "<id>localhost</id>")
            text = re.sub(r"<!--\s*<auto-create/>\s*-->", "<auto-create/>", text)
        if name == "c2s":
            both = self.certificates.folder / "good.both.pem"
            start = text.index("<id ")
            end = text.index("</id>", start)
            text = text[:start] + f"<id register-enable='mu' pemfile='{both}'>localhost" + text[end:]
            text = text.replace("<digest-md5/>", "<digest-md5/><cram-md5/><scram-sha-1/>")
        path.write_text(text)

    def add_user(self, name, password, host="localhost"):
        # The names and passwords of the cases hold no quotes.
        run(["sqlite3", self.folder / "sqlite.db",
             f"insert into authreg (username, realm, password) values ('{name}', '{host}', '{password}');"])

    def stop(self):
        for process in reversed(self.processes):
            process.stop()


class Linnetd:
    """Our own server, in the foreground, with accounts made through linnetctl."""

    def __init__(self, folder, programs, *settings, domain="localhost"):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.programs, self.domain = folder, programs, domain
        self.data = folder / "data"
        self.ca = self.data / "tls" / "cert.pem"
        self.port, self.tls_port = free_port(), free_port()
        self.settings = [f"domain={domain}", f"c2s.listen=127.0.0.1:{self.port}",
                         f"c2s.listen_tls=127.0.0.1:{self.tls_port}", "console.listen=", *settings]
        self.process = None
        self.start()

    def start(self):
        command = [self.programs / "linnetd", "--data", self.data]
        for setting in self.settings:
            command += ["--set", setting]
        self.process = Process(command, self.folder / f"linnetd-{time.monotonic_ns()}.log")
        try:
            wait_for("linnetd's line `ready`", lambda: not self.process.alive()
                     or "ready" in self.process.said().splitlines(), 30)
            if not self.process.alive():
                raise RuntimeError("linnetd ended at once")
        except RuntimeError as error:
            raise RuntimeError(f"{error}: {self.process.said()[-800:]}") from None

    def control(self, *words):
        return run([self.programs / "linnetctl", "--data", self.data, *words])

    def add_user(self, name, password, host=None):
        secret = private_file(self.folder / "secrets" / f"new-{name}", password)
        self.control("user", "add", name, "--password-file", secret)

    def mark(self):
        """Where its log ends now, for `mechanism`."""
        return len(self.process.said())

    def mechanism(self, mark, account, wanted=None):
        """The mechanism of the last sign-in of `account` since `mark`; None if that is `wanted`."""
        def found():
            return re.findall(rf"signed in: .*mechanism=(\S+) .*jid={re.escape(account)}/",
                              self.process.said()[mark:])
        wait_for(f"a sign-in of {account} in the log", found)  # it comes behind the answer
        last = found()[-1]
        assert wanted in (None, last), f"wanted {wanted}, but it was {last}"
        return None if wanted else last

    def await_session(self, prefix):
        wait_for(f"a session of {prefix}", lambda: prefix in self.control("sessions"))

    def stop(self, sig=signal.SIGTERM):
        """Its exit status; a leak, a race or a crash that a sanitizer saw is an error here."""
        code = self.process.stop(sig)
        said = self.process.said()
        if sanitizer_spoke(said):
            raise RuntimeError(f"{self.process.log.name}: {said[-3000:]}")
        if code != 0 and sig == signal.SIGTERM:
            raise RuntimeError(f"{self.process.log.name}: linnetd ended with {code}: {said[-800:]}")
        return code


class Answering:
    """A listener that greets whoever connects with fixed bytes (or with nothing), may answer what
    comes then with `after`, and keeps the connection open unless that is "close": a web server, a
    black hole, a server without encryption."""

    def __init__(self, greeting=b"", after=b""):
        self.greeting, self.after = greeting, after
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.connections = []
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            self.connections.append(connection)
            if self.greeting:
                threading.Thread(target=self.answer, args=(connection,), daemon=True).start()

    def answer(self, connection):
        try:
            connection.recv(4096)
            connection.sendall(self.greeting)
            if self.after == b"close":
                connection.close()
            elif self.after:
                connection.recv(4096)
                connection.sendall(self.after)
        except OSError:
            pass

    def stop(self):
        self.socket.close()
        for connection in self.connections:
            connection.close()
