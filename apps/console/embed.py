#!/usr/bin/env python3
"""Writes the files of a folder as the table of assets.h: embed.py OUT.c DEPFILE FOLDER

A name with eight or more hexadecimal digits before its ending (app-5c70bbb30a90.js) changes with its
content, and may be kept for ever by a browser. There must be an index.html.
"""
import pathlib
import re
import sys

TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8",
         ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml", ".png": "image/png",
         ".ico": "image/x-icon", ".woff2": "font/woff2", ".json": "application/json",
         ".webmanifest": "application/manifest+json", ".txt": "text/plain; charset=utf-8"}
HASHED = re.compile(r"-[0-9a-f]{8,}\.[a-z0-9]+$")


def main():
    out, depfile, folder = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    if folder / "index.html" not in files:
        sys.exit(f"{folder} has no index.html")
    arrays, rows = [], []
    for number, path in enumerate(files):
        name = "/" + path.relative_to(folder).as_posix()
        if path.suffix not in TYPES or not re.fullmatch(r"[-A-Za-z0-9._/]+", name):
            sys.exit(f"{path}: a file of this name or kind is not served")
        data = path.read_bytes()
        lines = [", ".join(str(byte) for byte in data[at:at + 24]) for at in range(0, len(data), 24)]
        arrays.append("static const unsigned char file%d[] = {\n%s};\n" % (number, ",\n".join(lines) or "0"))
        rows.append('    {"%s", "%s", %s, file%d, %d},' % (
            name, TYPES[path.suffix], "true" if HASHED.search(name) else "false", number, len(data)))
    with open(out, "w", encoding="ascii") as target:
        target.write('#include "assets.h"\n\n' + "\n".join(arrays))
        target.write("\nconst struct asset assets[] = {\n%s\n};\n" % "\n".join(rows))
        target.write("const size_t asset_count = %d;\n" % len(rows))
    with open(depfile, "w", encoding="utf-8") as target:
        target.write(f"{out}: {' '.join(str(p).replace(' ', chr(92) + ' ') for p in files)}\n")


main()
