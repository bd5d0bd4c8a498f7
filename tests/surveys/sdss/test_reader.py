"""Frames of a field that do not fit together."""

from pathlib import Path

import pytest

from skyclass.errors import SkyclassError
from skyclass.surveys.sdss.reader import open_field
from support.fields import copy_field


def test_a_frame_of_another_size(pair, tmp_path: Path) -> None:
    frames, first, _ = pair

    def change(unit) -> None:
        unit.data = unit.data[:, :1000]

    folder = copy_field(frames, first, tmp_path / "f", change)
    with pytest.raises(SkyclassError, match="differ in size; download them again"):
        open_field(folder, first)
