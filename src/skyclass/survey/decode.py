"""Decompress a file from its start, as far as it is read."""

import bz2
import gzip
import io
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

__all__ = ["decoder_name", "unpacking"]

_BZ2: Final = b"BZh"
_GZIP: Final = b"\x1f\x8b"
_PROGRAM: Final = "lbzip2"
"""A parallel bzip2, also faster than Python's own on one thread (https://github.com/kjn/lbzip2)."""


def decoder_name() -> str:
    """Say what decompresses bz2 files here: ``lbzip2`` where it is installed, else ``bz2``."""
    return _PROGRAM if shutil.which(_PROGRAM) else "bz2"


@contextmanager
def unpacking(path: Path, threads: int = 1) -> Iterator[io.BufferedIOBase]:
    """Open a file for reading, decompressing bz2 and gzip by its own first bytes.

    Parameters
    ----------
    path
        File.
    threads
        Threads of an external decoder, where there is one.

    Yields
    ------
    file object
        Unpacked bytes from the start on. What is not read is not decompressed (the external decoder
        works a little ahead); a broken stream raises OSError or EOFError, or ends too soon.
    """
    # unbuffered: the external decoder takes the file over at the place it stands at
    with path.open("rb", buffering=0) as raw:
        magic = raw.read(3)
        raw.seek(0)
        if magic == _BZ2 and (program := shutil.which(_PROGRAM)) is not None:
            with _piped([program, "-dc", f"-n{threads}"], raw) as stream:
                yield stream
        elif magic == _BZ2:
            yield bz2.BZ2File(raw)
        elif magic[:2] == _GZIP:
            yield gzip.GzipFile(fileobj=raw)
        else:
            yield io.BufferedReader(raw)


@contextmanager
def _piped(command: list[str], raw: io.FileIO) -> Iterator[io.BufferedIOBase]:
    """Read what a program makes of a file; stop it where no more is wanted."""
    process = subprocess.Popen(
        command, stdin=raw, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert isinstance(process.stdout, io.BufferedReader)
    try:
        yield process.stdout
    finally:
        process.stdout.close()
        process.kill()
        process.wait()
