"""symbols.py ALLOWED ARCHIVE...: the core does no I/O.

The archives are given lowest layer first. What one of them leaves undefined must be defined in it
or in one before it, or be a line of ALLOWED: there is no socket, file, clock, source of randomness
or thread in that list. Sanitizers and hardening add symbols of their own, which are let through.
"""
import pathlib
import re
import subprocess
import sys

from tap import Report

INSTRUMENTED = re.compile(
    r"^(__(asan|ubsan|tsan|lsan|sanitizer|sancov|msan|gcov)_|_GLOBAL_OFFSET_TABLE_$|__stack_chk_fail$"
    r"|__start___|__stop___|__tls_get_addr$)")


def plain(symbol):
    """The function behind a fortified or versioned name: __memcpy_chk, __isoc99_sscanf."""
    symbol = re.sub(r"^__(\w+)_chk$", r"\1", symbol)
    return re.sub(r"^__isoc(99|23)_", "", symbol)


def names(archive, *flags):
    out = subprocess.run(["nm", "-P", *flags, archive], check=True, capture_output=True, text=True)
    return {line.split()[0] for line in out.stdout.splitlines()
            if len(line.split()) >= 2 and not line.endswith(":")}


def undefined_faults(archive, undefined, defined, allowed):
    for symbol in sorted(undefined - defined):
        if not INSTRUMENTED.match(symbol) and plain(symbol) not in allowed:
            yield f"{pathlib.Path(archive).name} needs {symbol}, which is not in symbols.allow"


def self_test(allowed):
    for symbol in ("socket", "open", "fopen", "read", "clock_gettime", "time", "getrandom", "RAND_bytes",
                   "pthread_create", "getenv", "SSL_read", "uv_run", "printf", "__printf_chk",
                   "getaddrinfo", "rand", "sqlite3_open", "EVP_RAND_generate"):
        if not any(undefined_faults("x.a", {symbol}, set(), allowed)):
            yield f"{symbol} would pass"
    if any(undefined_faults("x.a", {"memcpy", "__memcpy_chk", "__asan_init"}, set(), allowed)):
        yield "memcpy would not pass"


def main():
    allowed = {line.split("#")[0].strip()
               for line in pathlib.Path(sys.argv[1]).read_text().splitlines()} - {""}
    report = Report()
    report.check("the check catches each kind of I/O", self_test(allowed))
    defined = set()
    for archive in sys.argv[2:]:
        defined |= names(archive, "--defined-only")
        report.check(f"{pathlib.Path(archive).name} does no I/O",
                     undefined_faults(archive, names(archive, "-u"), defined, allowed))
    report.finish()


main()
