"""A few lines of TAP, for the checks."""
import sys


class Report:
    def __init__(self):
        self.number = 0
        self.failed = 0

    def check(self, name, faults):
        """One result: `name` is ok when `faults` (sentences) is empty."""
        self.number += 1
        faults = list(faults)
        if faults:
            self.failed += 1
        print(f"{'not ok' if faults else 'ok'} {self.number} - {name}")
        for fault in faults:
            print(f"# {fault}")

    def finish(self):
        print(f"1..{self.number}")
        sys.exit(1 if self.failed else 0)
