"""Faulty files of all kinds: a reader accepts one, or refuses it in one line, and does no more.

`SKYCLASS_FAULTS` is the number of faults for each reader; `make fuzz` tries many.
"""

import os
import random
import shutil
import warnings
from pathlib import Path
from typing import Any

import pytest

from hard.readers import READERS, Reader, write_sound_files
from skyclass.errors import SkyclassError

FAULTS = int(os.environ.get("SKYCLASS_FAULTS", "500"))


@pytest.fixture(scope="module")
def sound(small_survey: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sound")
    write_sound_files(folder, small_survey / "catalog.csv")
    return folder


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name.replace(" ", "-"))
def test_faults_are_refused_in_one_line(reader: Reader, sound: Path, tmp_path: Path) -> None:
    for seed in range(FAULTS):
        folder = tmp_path / "input"
        folder.mkdir()
        faulty = reader.make(sound, folder, random.Random(seed))
        before = sorted(folder.rglob("*"))
        try:
            message = read(reader, faulty)
        except Exception as error:
            raise AssertionError(f"fault {seed} of {reader.name} ends in a traceback") from error
        if message is not None:
            assert 0 < len(message) < 2000, f"fault {seed} is refused without a word, or at length"
            assert "\n" not in message, f"fault {seed} is refused in several lines"
        assert sorted(folder.rglob("*")) == before, f"fault {seed} leaves files behind"
        shutil.rmtree(folder)


def read(reader: Reader, faulty: Any) -> str | None:
    """Return the reason why an input is refused; None if it is not."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            reader.read(faulty)
    except SkyclassError as error:
        return str(error)
    return None
