"""Cutouts that all tests of training share."""

from pathlib import Path

import pytest

from training.stored import COUNTS, write_cutouts


@pytest.fixture(scope="session")
def cutouts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_cutouts(tmp_path_factory.mktemp("stored") / "cutouts", COUNTS)
