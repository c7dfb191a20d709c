#!/usr/bin/python3
"""What a sign-in costs a server, by each way in: a client that takes exactly one way.

    bench/signin.py WAY --port N --tls-port N --pid N --password TEXT [--users N] [--count N]
                    [--sql FILE]

One sign-in after another, accounts in turn. Each account has signed in before (which derives its
keys and gets it a token, a TLS ticket and a session, whichever the way needs); that is not counted.
Prints one JSON object: CPU of the server's process for a sign-in and what comes of it, its end
included, and with FILE (bench/count_sql.c) how often the database was asked.

It is Python, and slow: the time it takes says nothing, and no figure depends on it.
"""
import argparse
import base64
import hashlib
import hmac
import itertools
import json
import pathlib
import re
import socket
import struct
import sys
import time
import uuid
import xml.etree.ElementTree as ET

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "interop"))
import rawxmpp  # noqa: E402

SETTLE_S = 0.3
SASL, SASL2 = "urn:ietf:params:xml:ns:xmpp-sasl", "urn:xmpp:sasl:2"
SM, FAST, BIND2 = "urn:xmpp:sm:3", "urn:xmpp:fast:0", "urn:xmpp:bind:0"
SCRAM, HT = "SCRAM-SHA-256", "HT-SHA-256-NONE"


class Way:
    """`direct` TLS, `sasl2` with Bind 2, `token` in place of the password, TLS `ticket`, `managed`
    session and its `resumed` self."""

    def __init__(self, *traits):
        self.direct, self.sasl2, self.token, self.ticket, self.managed, self.resumed = (
            name in traits for name in ("direct", "sasl2", "token", "ticket", "managed", "resumed"))


WAYS = {
    "classic": Way(),
    "classic-direct": Way("direct"),
    "sasl2": Way("direct", "sasl2"),
    "sasl2-managed": Way("direct", "sasl2", "managed"),
    "token": Way("direct", "sasl2", "token"),
    "token-ticket": Way("direct", "sasl2", "token", "ticket"),
    "token-managed": Way("direct", "sasl2", "token", "ticket", "managed"),
    "resumed": Way("direct", "sasl2", "token", "ticket", "managed", "resumed"),
}


def encoded(data):
    return base64.b64encode(data if isinstance(data, bytes) else data.encode()).decode()


class Account:
    """What a client would have kept."""

    def __init__(self, name, password):
        self.name, self.password = name, password
        self.client_id = str(uuid.uuid4())
        self.salted = {}  # (salt, iterations) -> key
        self.token = self.tls_session = self.sm_id = None
        self.uses = 0

    def salted_password(self, salt, iterations):
        if (salt, iterations) not in self.salted:
            self.salted[salt, iterations] = hashlib.pbkdf2_hmac("sha256", self.password.encode(), salt,
                                                                iterations)
        return self.salted[salt, iterations]

    def token_message(self):
        proof = hmac.digest(self.token.encode(), b"Initiator", "sha256")
        return self.name.encode() + b"\0" + proof


class Scram:
    def __init__(self, account):
        self.account, self.nonce = account, uuid.uuid4().hex
        self.bare = f"n={account.name},r={self.nonce}"
        self.first = "n,," + self.bare

    def final(self, challenge):
        fields = dict(field.split("=", 1) for field in challenge.split(","))
        key = self.account.salted_password(base64.b64decode(fields["s"]), int(fields["i"]))
        without_proof = f"c=biws,r={fields['r']}"
        message = ",".join([self.bare, challenge, without_proof]).encode()
        client_key = hmac.digest(key, b"Client Key", "sha256")
        signature = hmac.digest(hashlib.sha256(client_key).digest(), message, "sha256")
        proof = bytes(a ^ b for a, b in zip(client_key, signature))
        return f"{without_proof},p={encoded(proof)}"


class Client(rawxmpp.Session):
    def __init__(self, run, account, way):
        self.account, self.way = account, way
        super().__init__("127.0.0.1", run.tls_port if way.direct else run.port, "localhost")
        self.context = run.context
        if way.direct:
            self.encrypt()

    def encrypt(self):
        session = self.account.tls_session if self.way.ticket else None
        self.socket = self.context.wrap_socket(self.socket, server_hostname=self.domain,
                                               session=session)
        if session and not self.socket.session_reused:
            raise RuntimeError("the TLS session was not resumed")

    def answer(self, name):
        element = self.read()
        if not element.tag.endswith("}" + name):
            raise RuntimeError(ET.tostring(element, encoding="unicode"))
        return element

    def scram(self, ns, start):
        """`start` makes the first element of the exchange's first message."""
        scram = Scram(self.account)
        self.write(start(encoded(scram.first)))
        challenge = base64.b64decode(self.answer("challenge").text).decode()
        self.write(f"<response xmlns='{ns}'>{encoded(scram.final(challenge))}</response>")
        return self.answer("success")

    def classic(self):
        self.scram(SASL, lambda first: f"<auth xmlns='{SASL}' mechanism='{SCRAM}'>{first}</auth>")
        self.open()
        self.bind()

    def authenticate(self, mechanism, first, more):
        manage = f"<enable xmlns='{SM}' resume='true'/>" if self.way.managed else ""
        return (f"<authenticate xmlns='{SASL2}' mechanism='{mechanism}'>"
                f"<initial-response>{first}</initial-response>"
                f"<user-agent id='{self.account.client_id}'/>{more}"
                f"<bind xmlns='{BIND2}'>{manage}</bind></authenticate>")

    def sasl2_password(self, asks_token):
        more = f"<request-token xmlns='{FAST}' mechanism='{HT}'/>" if asks_token else ""
        success = self.scram(SASL2, lambda first: self.authenticate(SCRAM, first, more))
        if asks_token:
            self.account.token = success.find(f"{{{FAST}}}token").get("token")
            self.account.uses = 0
        return success

    def sasl2_token(self):
        self.account.uses += 1
        more = f"<fast xmlns='{FAST}' count='{self.account.uses}'/>"
        if self.way.resumed:
            more += f"<resume xmlns='{SM}' h='0' previd='{self.account.sm_id}'/>"
        self.write(self.authenticate(HT, encoded(self.account.token_message()), more))
        success = self.answer("success")
        if self.way.resumed and success.find(f"{{{SM}}}resumed") is None:
            raise RuntimeError("the session was not resumed")
        return success

    def sign_in(self, first_time):
        self.open()
        if not self.way.direct:
            self.starttls()
            self.open()
        if not self.way.sasl2:
            self.classic()
            return
        if self.way.token and not first_time:
            success = self.sasl2_token()
        else:
            success = self.sasl2_password(self.way.token)
        enabled = success.find(f"{{{BIND2}}}bound/{{{SM}}}enabled")
        if enabled is not None:
            self.account.sm_id = enabled.get("id")
        self.account.tls_session = self.socket.session

    def leave(self):
        """In order; or, so that it can be resumed, as when the network is gone."""
        if not self.way.resumed:
            self.close()
            return
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


class Run:
    def __init__(self, options):
        self.port, self.tls_port, self.pid = options.port, options.tls_port, options.pid
        self.sql, self.count, self.way = options.sql, options.count, WAYS[options.way]
        self.accounts = [Account(f"u{i}", options.password) for i in range(options.users)]
        self.context = rawxmpp.ssl.create_default_context()
        self.context.check_hostname = False
        self.context.verify_mode = rawxmpp.ssl.CERT_NONE

    def cpu_s(self):
        """Of the server's process, all threads: clock_getcpuclockid(3)."""
        return time.clock_gettime((~self.pid << 3) | 2)

    def asked(self):
        data = self.sql.read_bytes() if self.sql else b""
        return struct.unpack("=QQQ", data) if len(data) == 24 else (0, 0, 0)

    def sign_in(self, account, first_time):
        client = Client(self, account, Way("direct", "sasl2", *self.needed()) if first_time else self.way)
        client.sign_in(first_time)
        client.leave()

    def needed(self):
        """Traits of the sign-in that comes before."""
        return [name for name in ("token", "managed", "resumed") if getattr(self.way, name)]

    def measure(self):
        for account in self.accounts:
            self.sign_in(account, True)
        time.sleep(SETTLE_S)
        cpu_s, asked = self.cpu_s(), self.asked()
        for account in itertools.islice(itertools.cycle(self.accounts), self.count):
            self.sign_in(account, False)
        time.sleep(SETTLE_S)
        reads, writes, commits = (after - before for after, before in zip(self.asked(), asked))
        return {"cpu_us": (self.cpu_s() - cpu_s) / self.count * 1e6, "reads": reads / self.count,
                "writes": writes / self.count, "commits": commits / self.count}


def main():
    parser = argparse.ArgumentParser(description=re.sub(r"\n.*", "", __doc__, flags=re.S))
    parser.add_argument("way", choices=WAYS)
    for name in ("port", "tls-port", "pid"):
        parser.add_argument("--" + name, type=int, required=True)
    parser.add_argument("--password", required=True)
    parser.add_argument("--users", type=int, default=20)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--sql", type=pathlib.Path)
    print(json.dumps(Run(parser.parse_args()).measure()))


if __name__ == "__main__":
    main()
