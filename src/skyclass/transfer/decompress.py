"""Decompress bz2 and gzip files, by an external program where there is one."""

import bz2
import gzip
import io
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

__all__ = ["decompress_bz2", "get_decoder_name", "open_decompressed"]

_BZ2: Final = b"BZh"
_GZIP: Final = b"\x1f\x8b"
_PROGRAM: Final = "lbzip2"
"""A parallel bzip2, also faster than Python's own on one thread (https://github.com/kjn/lbzip2)."""

_FOOTER: Final = 0x177245385090
"""Marks the end of a bz2 stream: 48 bits, then a checksum of 32, then up to 7 bits to fill a byte
(https://github.com/dsnet/compress/blob/master/doc/bzip2-format.pdf, section 2.2.4)."""


def decompress_bz2(path: Path, limit: int) -> bytes | None:
    """Decompress a whole bz2 file with the external decoder, which compares all checksums.

    Parameters
    ----------
    path
        File.
    limit
        Most bytes that it may decompress to.

    Returns
    -------
    bytes or None
        Decompressed content; None where there is no external decoder, it reports a fault, the file
        does not end where its last stream does, or there is more than `limit`: Python's own decoder
        then says what is wrong.
    """
    program = shutil.which(_PROGRAM)
    if program is None or not _ends_with_stream(path):
        return None
    with path.open("rb", buffering=0) as raw, _run_piped([program, "-dc", "-n1"], raw) as process:
        assert process.stdout is not None
        content: bytes = process.stdout.read(limit + 1)
        whole = len(content) <= limit and process.wait() == 0
    return content if whole else None


def _ends_with_stream(path: Path) -> bool:
    """Check that a file ends as a bz2 stream does, which the external decoder does not."""
    with path.open("rb") as file:
        file.seek(-min(11, path.stat().st_size), io.SEEK_END)
        end = int.from_bytes(file.read())
    return any((end >> (32 + fill)) % 2**48 == _FOOTER for fill in range(8))


def get_decoder_name() -> str:
    """Name what decompresses bz2 files here: ``lbzip2`` where it is installed, else ``bz2``."""
    return _PROGRAM if shutil.which(_PROGRAM) else "bz2"


@contextmanager
def open_decompressed(path: Path) -> Iterator[io.BufferedIOBase]:
    """Open a file for reading, decompressed where its first bytes are those of bz2 or gzip.

    Parameters
    ----------
    path
        File.

    Yields
    ------
    file object
        Decompressed bytes. What is not read is not decompressed (the external decoder works a
        little ahead); a broken stream raises OSError or EOFError, or ends too soon.
    """
    # unbuffered, as the external decoder continues at the position of the file descriptor
    with path.open("rb", buffering=0) as raw:
        magic = raw.read(3)
        raw.seek(0)
        if magic == _BZ2 and (program := shutil.which(_PROGRAM)) is not None:
            with _run_piped([program, "-dc", "-n1"], raw) as process:
                assert isinstance(process.stdout, io.BufferedReader)
                yield process.stdout
        elif magic == _BZ2:
            yield bz2.BZ2File(raw)
        elif magic[:2] == _GZIP:
            yield gzip.GzipFile(fileobj=raw)
        else:
            yield io.BufferedReader(raw)


@contextmanager
def _run_piped(command: list[str], raw: io.FileIO) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program on a file, and stop it at the end of the block."""
    process = subprocess.Popen(
        command, stdin=raw, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        if process.stdout is not None:
            process.stdout.close()
        process.kill()
        process.wait()
