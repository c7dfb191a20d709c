#!/usr/bin/env python3
"""Writes the numbered *.sql files as the table of migrations.h: embed.py OUT.c FILE.sql..."""
import os
import re
import sys


def literal(line):
    return '"%s\\n"' % line.replace("\\", "\\\\").replace('"', '\\"')


def main():
    out, files = sys.argv[1], sys.argv[2:]
    rows = []
    for expected, path in enumerate(files, 1):
        name = os.path.basename(path)
        match = re.fullmatch(r"(\d{4})_([a-z0-9_]+)\.sql", name)
        if not match or int(match[1]) != expected:
            sys.exit(f"{name}: migrations are numbered 0001_name.sql, without gaps, in order")
        with open(path, encoding="ascii") as source:
            lines = [literal(line.rstrip("\n")) for line in source]
        rows.append('    {%d, "%s",\n     %s},' % (expected, match[2], "\n     ".join(lines)))
    with open(out, "w", encoding="ascii") as target:
        target.write('#include "server/store/migrations.h"\n\n')
        target.write("const struct migration migrations[] = {\n%s\n};\n" % "\n".join(rows))
        target.write("const unsigned migration_count = %d;\n" % len(rows))


main()
