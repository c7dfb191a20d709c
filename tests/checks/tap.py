"""A few lines of TAP, for the checks."""
import signal
import sys


class Report:
    def __init__(self):
        # Children would ignore them as well, if whoever began this (nohup, a script's job) does.
        for number in (signal.SIGINT, signal.SIGHUP):
            if signal.getsignal(number) == signal.SIG_IGN:
                signal.signal(number, signal.SIG_DFL)
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
