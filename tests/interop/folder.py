"""The folder of a test's servers."""
import os
import pathlib
import tempfile

TEMPORARY_BYTES = 40  # a socket in it, some folders below, must have a name of at most 107


def make_folder(prefix):
    temporary = tempfile.gettempdir()
    if len(os.fsencode(temporary)) > TEMPORARY_BYTES:
        temporary = "/tmp"
    return pathlib.Path(tempfile.mkdtemp(prefix=prefix, dir=temporary))
