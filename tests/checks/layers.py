"""layers.py ROOT: who may include whom (docs/ARCHITECTURE.md).

Reads every #include line below src/, apps/, examples/ and include/. A quoted include is written
from the src root ("base/buf.h"), so its first folder is the layer it reaches into. For the layers
without I/O the system headers are a list too.
"""
import pathlib
import re
import sys

from tap import Report

# layer -> the layers it may include, besides itself
LAYERS = {
    "base": set(),
    "xml": {"base"},
    "sasl": {"base"},
    "core": {"base", "xml", "sasl"},
    "ext": {"base", "xml", "sasl", "core"},
    "net": {"base"},
    "client": {"base", "xml", "sasl", "core", "ext", "net"},
    "server": {"base", "xml", "sasl", "core", "ext", "net"},
}

# layers without sockets, files, clocks, randomness, threads: the only other headers they may see
PURE = {"base", "xml", "sasl", "core", "ext"}
PURE_HEADERS = re.compile(
    r"^(linnet/error\.h|(assert|ctype|errno|inttypes|limits|stdalign|stdarg|stdatomic|stdbool|stddef"
    r"|stdint|stdio|stdlib|string)\.h|endian\.h|openssl/(core_names|crypto|err|evp|hmac|kdf|md5|obj_mac"
    r"|params|sha)\.h|utf8proc\.h|idn2\.h)$"
)

# the public headers that a layer may include, where that is more than linnet/error.h
PUBLIC = {
    "client": {f"linnet/{name}.h" for name in
               ("client", "config", "element", "error", "jid", "linnet", "probe", "tls")},
    "server": {"linnet/error.h", "linnet/linnet.h"},  # the latter for LINNET_VERSION
}

# programs: (folder, quoted includes they may use besides files of their own folder)
PROGRAMS = [
    ("apps/cli", None),
    ("apps/ctl", re.compile(r"^(base/|server/control/client\.h$|\.\./cli/output\.h$)")),
    ("apps/console", re.compile(r"^(base/|server/control/client\.h$)")),
    ("examples", None),
]

# what stands beside the sources for their tests, and may include an oracle
TEST = re.compile(r"_(test\.c|fixture\.[ch]|oracle\.[ch])$")

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def includes(text):
    """The (line number, quoted?, path) of each #include."""
    for number, line in enumerate(text.splitlines(), 1):
        found = INCLUDE.match(line)
        if found:
            yield number, found.group(1) == '"', found.group(2)


def layer_faults(layer, path, text, exists):
    """What is wrong in a file of src/`layer`; `exists` tells whether a path below src is a file."""
    is_test = TEST.search(path)
    for number, quoted, header in includes(text):
        where = f"{path}:{number}: "
        if not quoted:
            if layer in PURE and not is_test and not PURE_HEADERS.match(header):
                yield where + f"{layer} does no I/O and may not include <{header}>"
            elif header.startswith("linnet/") and header not in PUBLIC.get(layer, {"linnet/error.h"}):
                yield where + f"{layer} may not include <{header}>"
            continue
        target = header.split("/")[0]
        if "/" not in header or not exists(header):
            yield where + f'"{header}" is not a path from the src root'
        elif target != layer and target not in LAYERS[layer]:
            yield where + f'{layer} may not include "{header}"'


def program_faults(path, text, allowed, own):
    """`own` tells whether a header is one of the program's own folder."""
    for number, quoted, header in includes(text):
        if quoted and not own(header) and not (allowed and allowed.match(header)):
            yield f'{path}:{number}: may not include "{header}"'


def public_faults(path, text):
    for number, quoted, header in includes(text):
        if quoted or not re.match(r"^(linnet/\w+\.h|std\w+\.h|sys/types\.h)$", header):
            yield f"{path}:{number}: a public header may not include {header}"


def self_test():
    """Each rule must be able to fail."""
    def fails(layer, line, path="x.c"):
        return any(layer_faults(layer, path, line, lambda header: True))

    wrong = [
        ("core", '#include "net/chan.h"'), ("xml", '#include "core/jid.h"'),
        ("xml", '#include "sasl/sasl.h"'), ("net", '#include "xml/reader.h"'),
        ("base", '#include "xml/reader.h"'), ("client", '#include "server/main.h"'),
        ("server", '#include "client/login.h"'), ("core", "#include <sys/socket.h>"),
        ("core", "#include <time.h>"), ("sasl", " # include <openssl/rand.h>"),
        ("ext", "#include <uv.h>"), ("core", "#include <linnet/client.h>"),
        ("server", "#include <linnet/client.h>"), ("core", '#include "jid.h"'),
    ]
    right = [
        ("core", '#include "xml/reader.h"'), ("client", "#include <linnet/client.h>"),
        ("net", "#include <sys/socket.h>"), ("server", '#include "core/jid.h"'),
        ("core", "#include <string.h>"), ("core", '// see #include "net/chan.h"'),
    ]
    for layer, line in wrong:
        if not fails(layer, line):
            yield f"not caught in {layer}: {line}"
    for layer, line in right:
        if fails(layer, line):
            yield f"wrongly refused in {layer}: {line}"
    if fails("core", "#include <expat.h>", "x_test.c"):
        yield "a test may include its oracle"
    if not any(program_faults("x.c", '#include "base/buf.h"', None, lambda header: False)):
        yield "not caught in a program: base/buf.h"
    if not any(public_faults("x.h", "#include <uv.h>")):
        yield "not caught in a public header: uv.h"


def sources(folder):
    return sorted(p for p in folder.rglob("*") if p.suffix in (".c", ".h")) if folder.is_dir() else []


def main():
    root = pathlib.Path(sys.argv[1])
    src = root / "src"
    report = Report()
    report.check("the check catches each violation", self_test())
    for layer in sorted(p.name for p in src.iterdir() if p.is_dir()):
        if layer not in LAYERS:
            report.check(f"src/{layer} is a layer", [f"src/{layer} has no row in layers.py"])
            continue
        report.check(f"includes of src/{layer}", [
            fault for path in sources(src / layer)
            for fault in layer_faults(layer, str(path.relative_to(root)), path.read_text(),
                                      lambda header: (src / header).is_file())])
    for folder, allowed in PROGRAMS:
        report.check(f"includes of {folder}", [
            fault for path in sources(root / folder)
            for fault in program_faults(str(path.relative_to(root)), path.read_text(), allowed,
                                        lambda header: (root / folder / header).is_file())])
    report.check("includes of include/linnet", [
        fault for path in sources(root / "include")
        for fault in public_faults(str(path.relative_to(root)), path.read_text())])
    report.finish()


main()
