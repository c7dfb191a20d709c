"""The servers that a run compares, each with the same accounts and the same certificate.

A server is made once (its accounts with it) and started afresh for every measurement, on free
loopback ports and on the cores it is given, ahead of whatever else the machine does where the
system allows it. It is stopped by its own pid.
"""
import concurrent.futures
import hashlib
import hmac
import json
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import sys
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "interop"))
from peers import free_port, listening, private_file, run  # noqa: E402

PASSWORD = "hunter2hunter2"
ITERATIONS = 4096
START_S = 60


def prefer_core(cores):
    """For a child before it runs: its cores, and precedence where we may take it."""
    def prepare():
        os.sched_setaffinity(0, cores)
        try:
            os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
        except PermissionError:
            pass  # then the machine should have nothing else to do
    return prepare


def certificate(folder):
    cert, key = folder / "cert.pem", folder / "key.pem"
    run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
         "-keyout", key, "-out", cert, "-days", "30", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost"])
    return cert, key


class Server:
    """`name` in tables; command() of a process in the foreground."""
    name = version = None
    plain_login = False  # whether it can be made to log in without TLS

    def __init__(self, folder, users, cert, key):
        folder.mkdir()
        self.folder, self.users, self.cert, self.key = folder, users, cert, key
        self.port = self.tls_port = self.process = None
        self.tls = True

    def command(self):
        raise NotImplementedError

    def environment(self):
        """What is added to it while the server is measured."""
        return {}

    def start(self, cores, tls=True):
        """Seconds from the fork until a connection is accepted."""
        self.port, self.tls_port, self.tls = free_port(), free_port(), tls
        command = [str(word) for word in self.command()]
        begun = time.monotonic()
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            cwd=self.folder, preexec_fn=prefer_core(cores),
                                            env={**os.environ, **self.environment()})
        while not listening(self.port):
            if self.process.poll() is not None or time.monotonic() - begun > START_S:
                raise RuntimeError(f"{self.name} did not start: see {self.folder}/log")
            time.sleep(0.001)
        return time.monotonic() - begun

    def pid(self):
        return self.process.pid

    def stop(self):
        if self.process.poll() is None:
            os.kill(self.pid(), signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Bare(Server):
    name, plain_login = "bare", True
    programs = None

    def command(self):
        return [self.programs / "bench" / "bare", self.port, self.tls_port, self.cert, self.key,
                *([] if self.tls else ["no-tls"])]


class Linnetd(Server):
    name = "linnetd"
    programs = None

    def __init__(self, folder, users, cert, key, *settings, iterations=ITERATIONS):
        super().__init__(folder, users, cert, key)
        self.settings = settings
        self.iterations = iterations
        self.loops = 1
        self.start({0, 1})
        secret = private_file(folder / "password", PASSWORD)
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda user: run([self.programs / "apps/ctl/linnetctl", "--data",
                                            folder / "data", "user", "add", user,
                                            "--password-file", secret]), users))
        self.stop()

    def command(self):
        settings = {"domain": "localhost", "c2s.listen": f"127.0.0.1:{self.port}",
                    "c2s.listen_tls": f"127.0.0.1:{self.tls_port}", "loops": self.loops,
                    "tls.certificate": self.cert, "tls.key": self.key,
                    "login.iterations": self.iterations, "console.listen": "",
                    "limits.connections_per_address": 100000,
                    "limits.sessions_per_account": 100}
        command = [self.programs / "src/server/linnetd", "--data", self.folder / "data"]
        for name, value in settings.items():
            command += ["--set", f"{name}={value}"]
        for setting in self.settings:
            command += ["--set", setting]
        return command


class Prosody(Server):
    """Accounts are written as it writes them itself: prosodyctl would take minutes."""
    name, plain_login = "prosody", True

    def __init__(self, folder, users, cert, key):
        super().__init__(folder, users, cert, key)
        accounts = folder / "data" / "localhost" / "accounts"
        accounts.mkdir(parents=True)
        for user in users:
            salt = hashlib.sha256(user.encode()).hexdigest()[:32]
            salted = hashlib.pbkdf2_hmac("sha256", PASSWORD.encode(), salt.encode(), ITERATIONS)
            client = hmac.digest(salted, b"Client Key", "sha256")
            server = hmac.digest(salted, b"Server Key", "sha256")
            (accounts / f"{user}.dat").write_text(
                f'return {{ ["salt"] = "{salt}"; ["iteration_count"] = {ITERATIONS}; '
                f'["stored_key"] = "{hashlib.sha256(client).hexdigest()}"; '
                f'["server_key"] = "{server.hex()}"; }};')

    def command(self):
        config = self.folder / "prosody.cfg.lua"
        config.write_text(f"""
run_as_root = true
pidfile = "{self.folder}/pid"
data_path = "{self.folder}/data"
interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {self.port} }}
c2s_direct_tls_ports = {{ {self.tls_port} }}
modules_enabled = {{ "roster", "saslauth", "tls", "disco", "ping" }}
modules_disabled = {{ "s2s" }}
storage = "internal"
authentication = "internal_hashed"
password_hash = "SHA-256"
c2s_require_encryption = {"true" if self.tls else "false"}
log = {{ warn = "*console" }}
ssl = {{ certificate = "{self.cert}", key = "{self.key}" }}
VirtualHost "localhost"
""")
        return ["prosody", "-F", "--config", config]


class Ejabberd(Server):
    """Its script may change the user and leaves children: the server is the beam among them."""
    name, plain_login = "ejabberd", True

    def __init__(self, folder, users, cert, key):
        super().__init__(folder, users, cert, key)
        (folder / "both.pem").write_text(cert.read_text() + key.read_text())
        (folder / "inetrc").write_text("")
        self.api_port, self.node_port = free_port(), free_port()
        self.beam = None
        self.start({0, 1})
        for user in users:
            self.register(user)
        self.stop()

    def register(self, user):
        body = json.dumps({"user": user, "host": "localhost", "password": PASSWORD}).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.api_port}/api/register", body,
                                         {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=20) as answer:
            answer.read()

    def command(self):
        (self.folder / "ejabberd.yml").write_text(f"""
hosts: [localhost]
certfiles: ["{self.folder}/both.pem"]
loglevel: warning
auth_password_format: scram
auth_scram_hash: sha256
listen:
 - {{port: {self.port}, ip: 127.0.0.1, module: ejabberd_c2s, starttls: {str(self.tls).lower()},
     backlog: 1024}}
 - {{port: {self.tls_port}, ip: 127.0.0.1, module: ejabberd_c2s, tls: true, backlog: 1024}}
 - {{port: {self.api_port}, ip: 127.0.0.1, module: ejabberd_http,
     request_handlers: {{/api: mod_http_api}}}}
api_permissions: {{local: {{who: {{ip: 127.0.0.1/8}}, what: ["*"]}}}}
modules: {{mod_roster: {{}}, mod_disco: {{}}, mod_ping: {{}}, mod_admin_extra: {{}}}}
""")
        (self.folder / "ctl.cfg").write_text(
            f"ERLANG_NODE=bench{self.node_port}@localhost\nINET_DIST_INTERFACE=127.0.0.1\n"
            f"ERL_DIST_PORT={self.node_port}\n")
        if os.getuid() == 0:
            owner = pwd.getpwnam("ejabberd")
            for path in [self.folder, *self.folder.rglob("*")]:
                os.chown(path, owner.pw_uid, owner.pw_gid)
        return ["ejabberdctl", "-c", self.folder / "ctl.cfg", "-d", self.folder, "-f",
                self.folder / "ejabberd.yml", "-s", self.folder / "spool", "-l",
                self.folder / "logs", "foreground"]

    def start(self, cores, tls=True):
        took = super().start(cores, tls)
        self.beam = descendant(self.process.pid, "beam.smp")
        return took

    def pid(self):
        return self.beam or self.process.pid


def descendant(pid, name):
    """The process called `name` at or below `pid`."""
    parents = {}
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            stat = (folder / "stat").read_text()
        except OSError:
            continue
        comm = stat[stat.index("(") + 1:stat.rindex(")")]
        parent = int(stat[stat.rindex(")") + 2:].split()[1])
        parents[int(folder.name)] = (parent, comm)
    for candidate, (_, comm) in parents.items():
        above = candidate
        while comm == name and above in parents:
            if above == pid:
                return candidate
            above = parents[above][0]
    raise RuntimeError(f"there is no {name} below process {pid}")


def installed(program):
    return shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin") is not None


def version_of(package):
    done = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", package], capture_output=True,
                          text=True, check=False)
    return done.stdout.strip()
