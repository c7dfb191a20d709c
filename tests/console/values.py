"""Values for the members and parameters of a description: valid ones, many of them taken from what
the server itself says, and wrong ones."""
import string

# What no answer names before the first one is made. The networks are those of documentation.
SEEDS = {"password": ["a new password"], "network": ["192.0.2.0/24", "2001:db8::/48"],
         "hours": ["", "1"], "reason": ["on leave", ""], "role": ["read-only"]}
# The account that the test is signed in with; nothing is done to it.
OWN = {"admin", "admin@localhost"}
ROWS_MAX = 400
ODD_TEXT = [
    "", " ", "\t", "a b", "\x01", "\x1b[31m", "a\nb", "a\r\nSet-Cookie: x=y", "\x7f", "\x85", "%00", "%s%n",
    "'; DROP TABLE account; --", "%", "_", "*", "../../etc/passwd", "<script>alert(1)</script>", "\\", '"',
    "null", "true", "0", "-1", "1e9", "{}", "[]", "@", "/", "a@", "@localhost", "a@localhost", "a@localhost/",
    "a@b@c", "a@localhost/x", "ALICE", "xn--nxasmq6b", "a.", ".", "\u3002", "\u00e9", "e\u0301", "\u0130",
    "\u1e9e", "\ufb01", "\uff21lice", "\u200b", "\u202eabc", "\ufeff", "\ufffd", "\ufffe", "\U0010ffff",
    "\U0001f468\u200d\U0001f469", "\u0660\u0661", "\u05d0\u05d1a", "a\u0300" * 50, "a" * 250, "a" * 251,
    "a" * 1023, "a" * 1024, "\u20ac" * 341, "\u20ac" * 342, "\U0001f600" * 256, "x" * 3071, "x" * 3072,
    "x" * 65000]
ODD_VALUES = [
    None, True, False, 0, -1, 1, 2**31, 2**53, 2**63 - 1, 2**63, 10**400, 0.5, -0.0, 1e308, [], {}, [""],
    {"": ""}, [[[[]]]], {"a": {"a": {"a": 1}}}]


def is_own(value):
    return isinstance(value, str) and value in OWN


class Pool:
    """What answers said: rows (objects, with the plain members of those they stand in) and values by
    the name of their member."""

    def __init__(self):
        self.rows, self.values = [], {name: list(seeds) for name, seeds in SEEDS.items()}

    def learn(self, value, above=None):
        if isinstance(value, list):
            for item in value:
                self.learn(item, above)
        if not isinstance(value, dict):
            return
        row = {**(above or {}), **{k: v for k, v in value.items() if not isinstance(v, (dict, list))}}
        self.rows = [*self.rows, row][-ROWS_MAX:]
        for name, item in value.items():
            if isinstance(item, (dict, list)):
                self.learn(item, row)
            elif item not in (known := self.values.setdefault(name, [])):
                self.values[name] = [*known, item][-ROWS_MAX:]

    def row(self, rng, names, spare):
        """A row that has most of these members."""
        rows = [row for row in self.rows if not (spare and any(is_own(v) for v in row.values()))]
        count = lambda row: sum(name in row for name in names)  # noqa: E731
        best = max(map(count, rows), default=0)
        return rng.choice([row for row in rows if count(row) == best]) if best else {}

    def value(self, rng, name, spare):
        known = [v for v in self.values.get(name, []) if not (spare and is_own(v))]
        return rng.choice(known) if known else None


def valid_string(rng, schema):
    shortest, longest = schema.get("minLength", 0), schema.get("maxLength", 64)
    length = rng.choice([shortest, shortest + 1, 8, 8, 8, min(longest, 40), longest])
    length = max(shortest, min(length, longest))
    letters = rng.choice([string.ascii_lowercase, string.ascii_letters + string.digits])
    return "".join(rng.choice(letters) for _ in range(length))


def valid_integer(rng, schema):
    least = schema.get("minimum", 0)
    most = schema.get("maximum", least + 10**6)
    return rng.choice([least, min(least + 1, most), most, rng.randint(least, most)])


def valid(rng, description, schema):
    """A value of a plain schema: what bodies and parameters are made of."""
    schema = description.resolve(schema)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return rng.choice(schema["enum"])
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    kind = rng.choice(kinds)
    return {"string": lambda: valid_string(rng, schema),
            "integer": lambda: valid_integer(rng, schema),
            "number": lambda: float(valid_integer(rng, schema)),
            "boolean": lambda: rng.random() < 0.5,
            "null": lambda: None,
            "array": lambda: [valid(rng, description, schema["items"]) for _ in range(2)],
            "object": lambda: {name: valid(rng, description, member)
                               for name, member in schema.get("properties", {}).items()}}[kind]()


def named(rng, pool, description, members, spare):
    """Valid values for members by name: those of one row of an answer, of several, or new ones."""
    way = rng.random()
    row = pool.row(rng, members, spare) if way < 0.5 else {}
    chosen = {}
    for name, schema in members.items():
        value = row.get(name)
        if value is None and way < 0.8:
            value = pool.value(rng, name, spare)
        if value is None or description.faults(value, schema):
            value = valid(rng, description, schema)
        chosen[name] = value
    return chosen
