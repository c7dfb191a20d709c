"""web/console/openapi.yaml, read: its operations, what is valid for them, and the routes of
apps/console/route.c beside them."""
import json
import pathlib
import re

import jsonschema
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
# What any call may be refused with, whichever it is; the head of the description says so.
ALWAYS = {400, 403}
ROUTE = re.compile(r'\{\s*"([A-Z]+)",\s*API "([^"]+)",\s*ACCESS_(\w+),\s*(true|false),\s*\{([^}]*)\},')
MISSING = object()


class Operation:
    """One of the description. `parameters` are those of its query, `body` the schema of its body or
    None; both schemas have no $ref at their top."""

    def __init__(self, description, path, method, entry):
        self.description, self.path, self.method = description, path, method.upper()
        self.name = f"{self.method} {path}"
        parameters = [description.resolve(p) for p in entry.get("parameters", [])]
        self.parameters = {p["name"]: p for p in parameters if p["in"] == "query"}
        body = description.resolve(entry.get("requestBody", {})).get("content", {})
        self.body = description.resolve(body["application/json"]["schema"]) if body else None
        security = entry.get("security", description.document["security"])
        self.open = security == []
        schemes = description.document["components"]["securitySchemes"]
        self.shows = {schemes[name]["name"] for needed in security for name in needed}  # in its head
        self.for_full = "(role full)" in entry["summary"]
        self.only = entry.get("x-only")  # "set-up": not found on a server that is set up
        self.responses = {int(status): description.resolve(response)
                          for status, response in entry["responses"].items()}

    @property
    def writes(self):
        return self.method != "GET"

    @property
    def streams(self):
        return any("text/event-stream" in response.get("content", {})
                   for response in self.responses.values())

    @property
    def access(self):
        return "ANYBODY" if self.open else "FULL" if self.for_full else "SIGNED_IN"

    def takes_body(self, value):
        return self.description.faults(value, self.body) == []

    def faults(self, status, kind, text):
        """What is wrong with an answer, in sentences; it is one of our own words if not described."""
        if status not in self.responses:
            return self.description.error_faults(kind, text)
        content = self.responses[status].get("content", {})
        if not content:
            return [f"a body: {text[:100]}"] if text else []
        if kind not in content:
            return [f"Content-Type {kind}"]
        return self.description.text_faults(text, content[kind]["schema"])


class Description:
    def __init__(self):
        self.document = yaml.safe_load((ROOT / "web" / "console" / "openapi.yaml").read_text())
        self.resolver = jsonschema.RefResolver("", self.document)
        self.error = self.document["components"]["schemas"]["error"]
        self.operations = [Operation(self, path, method, entry)
                           for path, methods in self.document["paths"].items()
                           for method, entry in methods.items()]

    def resolve(self, thing):
        while "$ref" in thing:
            thing = self.resolver.resolve(thing["$ref"])[1]
        return thing

    def faults(self, value, schema):
        validator = jsonschema.Draft202012Validator(schema, resolver=self.resolver)
        return [f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(value)]

    def text_faults(self, text, schema):
        try:
            return self.faults(json.loads(text), schema)
        except ValueError:
            return [f"no JSON: {text[:100]}"]

    def error_faults(self, kind, text):
        return self.text_faults(text, self.error) if kind == "application/json" else [f"Content-Type {kind}"]


class Route:
    """A row of the table in route.c."""

    def __init__(self, method, path, access, reads_body, parameters):
        self.name, self.access, self.reads_body = f"{method} {path}", access, reads_body == "true"
        self.parameters = set(re.findall(r'"([^"]+)"', parameters))


def routes():
    text = (ROOT / "apps" / "console" / "route.c").read_text()
    table = text[text.index("routes[] = {"):]
    table = table[:table.index("\n};")]
    found = [Route(*match.groups()) for match in ROUTE.finditer(table)]
    assert len(found) == table.count("API \""), "a row of the table that cannot be read"
    return found
