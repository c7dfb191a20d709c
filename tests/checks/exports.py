"""exports.py LIBRARY: every symbol that liblinnet.so exports begins with linnet_, and no other; each
has a version, which programs are linked with."""
import subprocess
import sys

from tap import Report

report = Report()
out = subprocess.run(["nm", "-D", "-P", "--defined-only", sys.argv[1]], check=True,
                     capture_output=True, text=True).stdout
# Absolute symbols (A) are the names of versions.
versioned = {fields[0] for fields in map(str.split, out.splitlines()) if fields[1] != "A"}
symbols = {name.split("@")[0] for name in versioned}
report.check("something is exported", [] if symbols else ["nothing is"])
report.check("only linnet_ is exported", sorted(s for s in symbols if not s.startswith("linnet_")))
report.check("each has a version", sorted(s for s in versioned if "@@LINNET_" not in s))
report.finish()
