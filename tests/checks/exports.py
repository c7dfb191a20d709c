"""exports.py LIBRARY: every symbol that liblinnet.so exports begins with linnet_, and no other."""
import subprocess
import sys

from tap import Report

report = Report()
out = subprocess.run(["nm", "-D", "-P", "--defined-only", sys.argv[1]], check=True,
                     capture_output=True, text=True).stdout
# Absolute symbols (A) are the names of versions.
symbols = {fields[0].split("@")[0] for fields in map(str.split, out.splitlines()) if fields[1] != "A"}
report.check("something is exported", [] if symbols else ["nothing is"])
report.check("only linnet_ is exported", sorted(s for s in symbols if not s.startswith("linnet_")))
report.finish()
