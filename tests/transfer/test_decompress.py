"""The external decoder accepts what Python's own does, and nothing else."""

import bz2
import shutil
from pathlib import Path

import numpy as np
import pytest

from skyclass.errors import SurveyError
from skyclass.transfer.decompress import decompress_bz2
from skyclass.transfer.integrity import read_decompressed

pytestmark = pytest.mark.skipif(shutil.which("lbzip2") is None, reason="lbzip2 is not installed")

CONTENT = np.random.default_rng(1).bytes(30_001) + b"a" * 1_000_000
PACKED = bz2.compress(CONTENT)
LIMIT = 3_000_000


def flipped(bit: int) -> bytes:
    number = int.from_bytes(PACKED) ^ (1 << bit)
    return number.to_bytes(len(PACKED))


@pytest.mark.parametrize("size", [0, 1, 100, 900_001])
def test_whole_files(size: int, tmp_path: Path) -> None:
    path = tmp_path / "file.bz2"
    path.write_bytes(bz2.compress(CONTENT[:size]))
    assert decompress_bz2(path, LIMIT) == CONTENT[:size]
    path.write_bytes(PACKED + bz2.compress(CONTENT[:size]))
    assert decompress_bz2(path, LIMIT) == CONTENT + CONTENT[:size] == read_decompressed(path, LIMIT)


@pytest.mark.parametrize(
    "content",
    [
        PACKED[:-1],
        PACKED[: len(PACKED) // 2],
        PACKED[:3],
        PACKED + b"\0",
        PACKED + b"garbage after the end",
        PACKED + PACKED[:-20],
        flipped(20),  # of the checksum of the stream
        flipped(8 * len(PACKED) - 100),  # of that of the first block
        flipped(8 * 15_000),
        bz2.compress(b"a" * (LIMIT + 1)),
    ],
)
def test_what_is_not_whole_is_left_to_pythons_decoder(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "file.bz2"
    path.write_bytes(content)
    assert decompress_bz2(path, LIMIT) is None
    with pytest.raises(SurveyError, match=r"broken|truncated|more than"):
        read_decompressed(path, LIMIT)
