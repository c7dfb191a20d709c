"""`linnet login` against a linnetd of these tests; its program is the third argument."""
import base64
import hashlib
import os
import subprocess
import sys

import daemon

LINNET = sys.argv[3]


def pin(server):
    """Of the certificate that the server made itself."""
    session = server.session(direct_tls=True)
    certificate = session.socket.getpeercert(True)
    session.socket.close()
    key = subprocess.run(["openssl", "x509", "-inform", "DER", "-noout", "-pubkey"],
                         input=certificate, capture_output=True, check=True).stdout
    der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=key,
                         capture_output=True, check=True).stdout
    return "sha256//" + base64.b64encode(hashlib.sha256(der).digest()).decode()


def command(server, *words, user="juliet", password=None, port=None, key=None):
    """To be run. `port` and `key`, a pin, unless they are the server's."""
    file = server.folder / "password"
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        out.write(password or f"secret of {user}")
    return [LINNET, "login", f"{user}@{daemon.DOMAIN}", "--host", "127.0.0.1", "--port",
            str(port or server.port), "--pin", key or pin(server), "--password-file", str(file),
            *words]


def login(server, *words, **how):
    return subprocess.run(command(server, *words, **how), stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=60, check=False)


def good(result):
    assert result.returncode == 0, (result.returncode, result.stdout, result.stderr)
    return result
