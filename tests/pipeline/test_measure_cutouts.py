"""Measurements of stored cutouts: those that are stored, or made once for all experiments."""

from pathlib import Path

import numpy as np
import pytest

from skyclass.cache import Cache
from skyclass.cache_contents import list_entries
from skyclass.images.stored_cutouts import open_cutouts
from skyclass.pipeline import measure_cutouts as module
from skyclass.pipeline.measure_cutouts import recall_measurement
from skyclass.surveys.sdss.survey import SDSS
from training.stored import write_cutouts

COUNTS = {"train": {"A": 3, "F": 2}, "validation": {"G": 4}}


def test_what_was_measured_is_not_measured_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = Cache(tmp_path / "kept")
    write_cutouts(tmp_path / "one", COUNTS)
    write_cutouts(tmp_path / "same", COUNTS)
    write_cutouts(tmp_path / "other", COUNTS, seed=2)
    splits = {name: open_cutouts(tmp_path / name)["train"] for name in ("one", "same", "other")}
    assert splits["one"].measurement() is None
    monkeypatch.setattr(module, "_PIXELS", 2 * splits["one"].pixels)
    measured = recall_measurement(splits["one"], SDSS, cache)
    assert measured.psf_flux.shape == (5, 5)

    def refuse(*_arguments: object, **_options: object) -> None:
        raise AssertionError("measured again")

    monkeypatch.setattr(module, "measure_cutouts", refuse)
    again = recall_measurement(splits["same"], SDSS, cache)
    for name, values in vars(measured).items():
        np.testing.assert_array_equal(getattr(again, name), values, err_msg=name)
    kinds = {entry.kind for entry in list_entries(cache.root).entries}
    assert kinds == {"measurements"}
    validation = open_cutouts(tmp_path / "one")["validation"]
    for split in (splits["other"], validation):
        with pytest.raises(AssertionError, match="measured again"):
            recall_measurement(split, SDSS, cache)
