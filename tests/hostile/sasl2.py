"""A client of SASL2, Bind 2, FAST and stream management that a test can steer: it says what it is
told to, right or wrong, and keeps what the server answers. Its sessions are rawxmpp.Session, with
`answer` (the outcome of the sign-in), `h` (stanzas that came) and `acks` (whether it tells)."""
import base64
import hashlib
import hmac
import re
import ssl

import daemon
import rawxmpp

SASL2, BIND2, FAST = "urn:xmpp:sasl:2", "urn:xmpp:bind:0", "urn:xmpp:fast:0"
SM, IAP = "urn:xmpp:sm:3", "urn:xmpp:iap:0"
STANZAS = "{urn:ietf:params:xml:ns:xmpp-stanzas}"
NAMES = {"s": SASL2, "b": BIND2, "f": FAST, "sm": SM, "iap": IAP}
CLIENT_ID = "d4565fa7-4d72-4749-b3d3-740edbf87770"
OTHER_ID = CLIENT_ID.replace("d", "e")
NONE, ENDP = "HT-SHA-256-NONE", "HT-SHA-256-ENDP"
ENABLE = f"<enable xmlns='{SM}' resume='true'/>"


class Refused(Exception):
    """A <failure/>; its text is the condition."""


def b64(data):
    return base64.b64encode(data.encode() if isinstance(data, str) else data).decode()


def plain(user, password):
    return f"\0{user}\0{password}".encode()


def token_message(session, mechanism, user, token):
    """The initiator of HT-*; Python has no tls-exporter, so that -EXPR cannot be had here."""
    binding = b""
    if mechanism == ENDP:
        binding = hashlib.sha256(session.socket.getpeercert(binary_form=True)).digest()
    proof = hmac.digest(token.encode(), b"Initiator" + binding, "sha256")
    return user.encode() + b"\0" + proof


def fast(count=None, invalidate=False):
    return (f"<fast xmlns='{FAST}'" + (f" count='{count}'" if count is not None else "")
            + (" invalidate='true'" if invalidate else "") + "/>")


def request_token(mechanism=NONE):
    return f"<request-token xmlns='{FAST}' mechanism='{mechanism}'/>"


def bind(tag="", inside=""):
    return f"<bind xmlns='{BIND2}'>" + (f"<tag>{tag}</tag>" if tag else "") + inside + "</bind>"


def resume(previd, h):
    return f"<resume xmlns='{SM}' previd='{previd}' h='{h}'/>"


def agent(client_id, software="hostile", device="test"):
    return (f"<user-agent id='{client_id}'><software>{software}</software>"
            f"<device>{device}</device></user-agent>") if client_id else ""


def request(mechanism, initial, inline="", client_id=CLIENT_ID):
    response = "" if initial is None else f"<initial-response>{b64(initial)}</initial-response>"
    return (f"<authenticate xmlns='{SASL2}' mechanism='{mechanism}'>{response}"
            f"{agent(client_id)}{inline}</authenticate>")


class Answer:
    """What <success/> holds."""

    def __init__(self, success):
        self.success = success
        self.address = success.findtext("s:authorization-identifier", namespaces=NAMES)
        token = success.find("f:token", NAMES)
        self.token = token.get("token") if token is not None else None
        self.bound = success.find("b:bound", NAMES)
        self.enabled = success.find("b:bound/sm:enabled", NAMES)
        self.resumed = success.find("sm:resumed", NAMES)
        self.failed = success.find("sm:failed", NAMES)


def take_outcome(session, keep_features=True):
    """Reads <success/>, and the features after it if no session was resumed."""
    element = session.read()
    if element.tag == f"{{{SASL2}}}failure":
        raise Refused(element[0].tag.split("}")[1])
    assert element.tag == f"{{{SASL2}}}success", element.tag
    session.answer = Answer(element)
    session.jid = session.answer.address
    if session.answer.resumed is None:
        session.h = 0
        session.sm_id = None
        if session.answer.enabled is not None:
            session.sm_id = session.answer.enabled.get("id")
        if keep_features:
            assert session.read().tag.endswith("}features")
    return session


OPEN = []  # all connections of the case


def connected(server):
    session = server.session(direct_tls=True)
    session.acks = True
    session.acked = 0
    OPEN.append(session)
    return session


def opened(server):
    session = connected(server)
    session.features = session.open()
    return session


def finished(server, *users):
    """Others are served as before, and the server stops in order; it would wait for who is left."""
    for user in users:
        server.serves(user)
    while OPEN:
        daemon.drop(OPEN.pop())
    server.stop()


def sign_in(server, user, inline="", *, password=None, token=None, mechanism=NONE, count=None,
            invalidate=False, client_id=CLIENT_ID, binding=bind(inside=ENABLE), session=None):
    """One round trip, with the password unless a token is given."""
    session = session or opened(server)
    if token is None:
        mechanism = "PLAIN"
        initial = plain(user, password or f"secret of {user}")
    else:
        initial = token_message(session, mechanism, user, token)
        inline += fast(count, invalidate)
    session.write(request(mechanism, initial, inline + binding, client_id))
    return take_outcome(session)


def refused(server, user, inline="", condition=None, **how):
    """It is not let in; the condition."""
    session = opened(server)
    try:
        sign_in(server, user, inline, session=session, **how)
    except Refused as error:
        daemon.drop(session)
        assert condition in (None, str(error)), f"{error}, not {condition}"
        return str(error)
    raise AssertionError("it was let in")


def take_up(server, user, old, h=None, **how):
    """A new connection that goes on with the session `old` had."""
    session = sign_in(server, user, resume(old.sm_id, old.h if h is None else h), **how)
    if session.answer.resumed is not None:
        assert session.answer.resumed.get("previd") == old.sm_id
        session.h, session.sm_id = old.h, old.sm_id
    return session


def scram(session, user, password, inline="", client_id=CLIENT_ID):
    """SCRAM-SHA-256; checks the server's proof as well."""
    bare = f"n={user},r=abcdefgh"
    session.write(request("SCRAM-SHA-256", "n,," + bare, inline, client_id))
    challenge = session.read()
    assert challenge.tag == f"{{{SASL2}}}challenge", challenge.tag
    first = base64.b64decode(challenge.text).decode()
    nonce, salt, count = re.match("r=([^,]*),s=([^,]*),i=([0-9]*)(,|$)", first).group(1, 2, 3)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(salt), int(count))
    client = hmac.digest(salted, b"Client Key", "sha256")
    signed = f"{bare},{first},c=biws,r={nonce}".encode()
    proof = bytes(a ^ b for a, b in zip(
        client, hmac.digest(hashlib.sha256(client).digest(), signed, "sha256")))
    session.write(f"<response xmlns='{SASL2}'>" + b64(f"c=biws,r={nonce},p={b64(proof)}")
                  + "</response>")
    take_outcome(session)
    verifier = hmac.digest(hmac.digest(salted, b"Server Key", "sha256"), signed, "sha256")
    said = session.answer.success.findtext("s:additional-data", namespaces=NAMES)
    assert base64.b64decode(said).decode() == "v=" + b64(verifier), "the server proved nothing"
    return session


# --- after sign-in ---

def next_stanza(session):
    """The next stanza; on the way the client answers <r/> if it `acks`, and notes <a/>."""
    while True:
        element = session.read()
        if element.tag == f"{{{SM}}}r":
            if session.acks:
                session.write(f"<a xmlns='{SM}' h='{session.h}'/>")
        elif element.tag == f"{{{SM}}}a":
            session.acked = int(element.get("h"))
        elif element.tag.startswith("{jabber:client}"):
            session.h += 1
            return element
        else:
            return element


def bodies(session, count):
    """The next `count` messages' bodies; other stanzas are passed over."""
    found = []
    while len(found) < count:
        element = next_stanza(session)
        assert not element.tag.endswith("}error"), [e.tag for e in element]
        if element.tag.endswith("}message"):
            assert element.get("type") != "error", [e.tag for e in element[-1]]
            found.append(element.findtext("{jabber:client}body"))
    return found


def say(session, to, text, kind="chat"):
    session.write(f"<message to='{to}' type='{kind}'><body>{text}</body></message>")


def handled(session):
    """How many stanzas of ours the server says that it has."""
    session.acked = None
    session.write(f"<r xmlns='{SM}'/>")
    while session.acked is None:
        element = session.read()
        if element.tag == f"{{{SM}}}a":
            session.acked = int(element.get("h"))
        elif element.tag.startswith("{jabber:client}"):
            session.h += 1
    return session.acked


def nothing_more(session, name="nothing"):
    """No stanza comes before the answer to a ping; it counts as one."""
    session.write(daemon.PING.format(name))
    element = next_stanza(session)
    assert element.get("id") == name, f"there is more: {element.tag} {element.attrib}"


def ended_with(session, condition):
    """The server ends its stream so."""
    try:
        while not (element := session.read()).tag.endswith("}error") or "jabber:client" in element.tag:
            pass
    except (rawxmpp.Closed, OSError, ssl.SSLError) as error:
        raise AssertionError(f"it ended without a word: {error}") from error
    assert element[0].tag.endswith("}" + condition), element[0].tag
    daemon.drop(session)
