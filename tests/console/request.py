"""Requests that a description of an API allows, and what can be made of them that it does not."""
import contextlib
import json
import re
import socket
import string
import urllib.parse

from browser import API
from values import ODD_TEXT, ODD_VALUES, named

DROPPED = {400, 413, 414, 431}  # what libmicrohttpd says by itself, if anything
METHODS = ["GET", "POST", "DELETE", "PUT", "PATCH", "HEAD", "OPTIONS", "TRACE", "get", "BREW"]


class Answer:
    def __init__(self, data):
        while data.startswith(b"HTTP/1.1 100 "):
            data = data.partition(b"\r\n\r\n")[2]
        head, _, self.text = data.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        self.status = int(re.fullmatch(r"HTTP/1\.[01] (\d{3}) .*", lines[0]).group(1))
        self.headers = dict(line.lower().split(": ", 1) for line in lines[1:])
        self.kind = self.headers.get("content-type")
        length = self.headers.get("content-length", 0 if self.status == 204 else -1)
        self.whole = int(length) == len(self.text)


def exchange(port, data):
    """The answer to bytes after which nothing more is said; None when there is none."""
    got = b""
    with socket.create_connection(("127.0.0.1", port), 60) as s:
        with contextlib.suppress(OSError):  # it may be closed with bytes of ours unread
            s.sendall(data)
            s.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionError):
            while piece := s.recv(65536):
                got += piece
    return Answer(got) if got else None


class Request:
    """`wrong` says why it must be refused, `unheard` that it may be dropped without an answer."""

    def __init__(self, operation, browser, query, value):
        self.operation, self.method, self.path = operation, operation.method, API + operation.path
        self.query, self.value = query, value  # pairs, of text not yet encoded
        self.raw_query, self.body, self.tail = "", None, b""
        self.headers = {"Host": [f"127.0.0.1:{browser.port}"],
                        "Cookie": [f"linnet_session={browser.cookie}"], "X-CSRF-Token": [browser.csrf]}
        if operation.body:
            self.headers["Content-Type"] = ["application/json"]
            self.body = json.dumps(value).encode()
        self.wrong, self.unheard, self.told = None, False, []
        self.cut = None  # so many bytes are sent

    @property
    def plain(self):
        """Whether it goes to its operation, as one who is signed in."""
        return self.method == self.operation.method and self.path == API + self.operation.path

    def must_fail(self, why, really=True):
        self.told.append(why)
        if really:
            self.wrong = why

    def bytes(self):
        query = urllib.parse.urlencode(self.query, errors="surrogatepass")
        query = "&".join(part for part in (query, self.raw_query) if part)
        body = self.body or b""
        length = {} if self.body is None else {"Content-Length": [str(len(body))]}
        headers = {**length, **self.headers}
        lines = [f"{self.method} {self.path}{'?' if query else ''}{query} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, values in headers.items() for value in values]
        data = "\r\n".join([*lines, "", ""]).encode("latin-1") + body + self.tail
        return data[:self.cut]


def valid(rng, pool, operation, browser):
    """A request that the description allows."""
    description = operation.description
    members = {name: p["schema"] for name, p in operation.parameters.items()
               if p.get("required") or rng.random() < 0.5}
    query = named(rng, pool, description, members, False)
    query = [(name, str(v).lower() if isinstance(v, bool) else str(v)) for name, v in query.items()]
    value = None
    if operation.body:
        needed = operation.body.get("required", [])
        members = {name: schema for name, schema in operation.body.get("properties", {}).items()
                   if name in needed or rng.random() < 0.5}
        value = named(rng, pool, description, members, not operation.open)
    return Request(operation, browser, query, value)


# --- the query ---

def takes(operation, name, text):
    """Whether the description allows `text` for a parameter."""
    schema = operation.description.resolve(operation.parameters[name]["schema"])
    if schema.get("type") == "integer":
        return bool(re.fullmatch("[0-9]+", text)) and not operation.description.faults(int(text), schema)
    if schema.get("type") == "boolean":
        return text in ("true", "false")
    return not operation.description.faults(text, schema)


def texts(rng, schema):
    least, most = schema.get("minimum", 0), schema.get("maximum", 2**63)
    if schema.get("type") == "integer":
        return [str(n) for n in (least - 1, least, most, most + 1, 10**18, 10**40)] + [
            "", "1x", "0x1", "+1", " 1", "1.0", "1e1", "\u0661", "-0"]
    longest = schema.get("maxLength", 10)
    return [rng.choice(ODD_TEXT), "TRUE", "x" * longest, "x" * (longest + 1)]


BADLY_ENCODED = ["%", "%2", "%zz", "%00", "a%00b", "%ff", "%c3", "\xff", "%ed%a0%80", "%f4%90%80%80",
                 "%c0%af", "%-1"]


def change_query(rng, r):
    names = list(r.operation.parameters)
    way = rng.randrange(5) if names else 0
    name = rng.choice(names) if names else None
    others = [pair for pair in r.query if pair[0] != name]
    if way == 0:
        r.query.append((rng.choice(["zz", "Limit", "user[]", "\u00e9", "csrf"]), rng.choice(ODD_TEXT[:20])))
        r.must_fail("a parameter unknown")
    elif way == 1:
        r.query = [*others, (name, "1"), (name, "1")]
        r.must_fail("a parameter twice")
    elif way == 2:
        r.query, r.raw_query = others, f"{name}={rng.choice(BADLY_ENCODED)}"
        r.must_fail("a parameter badly encoded")
    elif way == 3:
        r.query, r.raw_query = others, rng.choice([name, "=1", f"&{name}"])
        r.must_fail("a parameter without a value or a name")
    else:
        text = rng.choice(texts(rng, r.operation.description.resolve(r.operation.parameters[name]["schema"])))
        r.query = [*others, (name, text)]
        r.must_fail(f"{name}={text[:30]!r}", not takes(r.operation, name, text))
        r.unheard = r.unheard or len(text) > 2000


# --- the body ---

def change_member(rng, r):
    value, names = dict(r.value), list(r.value)
    way = rng.randrange(4) if names else 1
    if way == 0:
        del value[rng.choice(names)]
    elif way == 1:
        value[rng.choice(["zz", "", "User", "__proto__", "\u00e9", "x" * 3000])] = rng.choice(ODD_VALUES)
    elif way == 2:
        value[rng.choice(names)] = rng.choice(ODD_VALUES)
    else:
        value[rng.choice(names)] = rng.choice(ODD_TEXT)
    r.body = json.dumps(value, ensure_ascii=rng.random() < 0.5).encode("utf-8", "surrogatepass")
    r.must_fail(f"a body {value!r:.80}", not r.operation.takes_body(value))


def change_text(rng, r):
    """What is no JSON, or none that is taken."""
    text = json.dumps(r.value).encode()
    member = b"{" + json.dumps(rng.choice(list(r.value) or ["zz"])).encode() + b":"
    deep = rng.choice([17, 100, 10000, 30000])
    opens, closes = b"[" * deep, b"]" * deep
    r.body = rng.choice([
        b"", b" ", b"null", b"[]", b"1", b'""', b"[" + text + b"]", text[:rng.randrange(len(text))],
        text + b"x", text + text, text[:-1] + b',"zz":1}', text[:-1] + b",}", member + b"1," + text[1:],
        b"\xef\xbb\xbf" + text, text.decode().encode("utf-16"), rng.randbytes(rng.randrange(300)),
        *(member + value + b"}" for value in (
            b'"a\\u0000b"', b'"\\ud800"', b'"\xff\xfe"', b'"\xed\xa0\x80"', b'"a\nb"', b"1e999", b"NaN",
            b"9" * 5000, opens + closes)),
        opens, opens + closes, b'{"a":' * (deep // 2) + b"1" + b"}" * (deep // 2),
        text + b" " * 66000, b"x" * 66000])
    r.must_fail(f"a body {r.body[:40]!r} of {len(r.body)}")


def change_bytes(rng, r):
    """A few bytes of it are others: whether it is taken then is not known."""
    text = bytearray(r.body)
    for _ in range(rng.randint(1, 3)):
        text[rng.randrange(len(text))] = rng.randrange(256)
    r.body = bytes(text)
    r.must_fail(f"bytes {r.body[:80]!r}", False)


def change_body(rng, r):
    if r.operation.body:
        rng.choice([change_member, change_member, change_text, change_bytes])(rng, r)
    else:
        r.body = rng.choice([b"", b"{}", b"x" * 70000])
        r.must_fail("a body that nobody wants", False)


# --- the head ---

def headers_of(r):
    """Name, whether a wrong value must be refused, and wrong values; each is a list of fields."""
    operation, host, cookie = r.operation, r.headers["Host"][0], r.headers["Cookie"][0]
    csrf = r.headers["X-CSRF-Token"][0]
    own = f"http://{host}"
    return [
        ("X-CSRF-Token", not operation.open,
         [[], [""], ["0" * 64], [cookie[-64:]], [csrf, csrf], [csrf[:-1]]]),
        ("Content-Type", operation.body is not None,
         [[], [""], ["text/plain"], ["application/jsonx"], ["application/json; charset=latin-1"],
          ["multipart/form-data; boundary=x"], 2 * ["application/json"]]),
        ("Origin", True,
         [["null"], ["http://evil.example"], [""], [f"{own}.evil.example"], [own, own], ["https" + own[4:]]]),
        ("Host", True,
         [["evil.example"], [""], [], ["127.0.0.1:x"], ["127.0.0.1:999999"], [host, host], ["10.0.0.1"]]),
        ("Cookie", not operation.open,
         [[], [""], ["linnet_session="], ["linnet_session"], ["linnet_session=" + "0" * 64],
          [cookie, cookie], [f"{cookie}; {cookie}"], [cookie.upper()], [cookie[:-1]]])]


def change_header(rng, r):
    name, matters, values = rng.choice(headers_of(r))
    r.headers[name] = rng.choice(values)
    r.must_fail(f"{name}: {r.headers[name]}", matters)
    r.unheard = r.unheard or name == "Host"  # which HTTP itself needs


# Headers that nobody asked for, and whether libmicrohttpd may say what it likes to them, or nothing.
JUNK = [
    ("X" * 100, ["y" * 100], False), ("X-8-bit", ["\xff\xfe"], False), ("Accept", ["text/html"], False),
    ("Expect", ["something"], False), ("Upgrade", ["websocket"], False),
    ("Accept-Encoding", ["gzip"], False), ("X-HTTP-Method-Override", ["DELETE"], False),
    ("X-Forwarded-For", ["192.0.2.1"], False), ("X-Many", 100 * ["y" * 20], True),
    ("X-Large", ["y" * 9000], True), ("X-Huge", ["y" * 40000], True), ("X-Control", ["a\x01b\x7f"], True),
    ("X-Tab", ["\t"], True), ("X-Folded", ["a\r\n b"], True), ("X Y", ["z"], True), ("", ["z"], True)]


def change_junk(rng, r):
    name, values, unheard = rng.choice(JUNK)
    r.headers[name] = values
    r.must_fail(f"{name}: {values[0][:20]!r}", False)
    r.unheard = r.unheard or unheard


def change_method(rng, r):
    r.method = rng.choice([method for method in METHODS if method != r.method])
    r.must_fail(f"method {r.method}", False)


def change_path(rng, r):
    path = r.path
    at = rng.randrange(len(API) + 1, len(path))
    mark = rng.choice([c for c in string.punctuation if c not in "#?"])
    r.path = rng.choice([
        path + "/", path + "/x", path + "%00", path + "\xff", path + ";x=1", path + "x" * 3000, path[:at] + mark,
        f"{path[:at]}%{ord(path[at]):02x}{path[at + 1:]}", f"{path[:at]}/{path[at:]}", f"{API}/{path}",
        f"{API}/../v1{r.operation.path}", API + r.operation.path.upper()])
    r.must_fail(f"path {r.path[:80]}")


# --- the wire ---

def change_wire(rng, r):
    way = rng.randrange(4)
    if way == 0:
        r.cut = rng.randrange(1, len(r.bytes()))
        r.must_fail(f"only {r.cut} bytes")
        r.unheard = True
    elif way == 1 and r.body:
        r.body, r.tail = None, b"%x\r\n%s\r\n0\r\n\r\n" % (len(r.body), r.body)
        r.headers["Transfer-Encoding"] = ["chunked"]
        r.must_fail("chunked")
    elif way == 2:
        r.headers["Content-Length"] = rng.choice([["-1"], ["x"], ["1e3"], ["5, 6"], ["5", "6"], ["9" * 30], ["0x5"]])
        r.must_fail(f"Content-Length {r.headers['Content-Length']}")
        r.unheard, r.body = True, r.body or b"12345"
    elif r.body:
        r.headers["Expect"] = ["100-continue"]
        r.must_fail("Expect", False)


PARTS = [change_query, change_body, change_header, change_junk, change_method, change_path, change_wire]


def wrong(rng, pool, operation, browser):
    """A request of which one part or two are not what they should be."""
    r = valid(rng, pool, operation, browser)
    for part in sorted(rng.sample(range(len(PARTS)), rng.choice([1, 1, 2]))):  # the wire is last
        PARTS[part](rng, r)
    return r
