"""Measurements on cutouts, made once for all experiments on the same pixels."""

from pathlib import Path

import numpy as np
import pytest

from skyclass.cache import Cache
from skyclass.cache_contents import list_entries
from skyclass.images.stored_cutouts import open_cutouts
from skyclass.pipeline import measure_cutouts as module
from skyclass.pipeline.measure_cutouts import measure_concentration, measure_magnitudes
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
    magnitudes = measure_magnitudes(splits["one"], SDSS, cache)
    concentrations = measure_concentration(splits["one"], SDSS, cache)
    assert magnitudes.shape == (5, 5)
    assert concentrations.shape == (5,)

    def refuse(*_arguments: object, **_options: object) -> None:
        raise AssertionError("measured again")

    monkeypatch.setattr(module, "aperture_flux", refuse)
    monkeypatch.setattr(module, "concentration", refuse)
    np.testing.assert_array_equal(measure_magnitudes(splits["same"], SDSS, cache), magnitudes)
    again = measure_concentration(splits["same"], SDSS, cache)
    np.testing.assert_array_equal(again, concentrations)
    kinds = {entry.kind for entry in list_entries(cache.root).entries}
    assert kinds == {"measurements"}
    validation = open_cutouts(tmp_path / "one")["validation"]
    for split in (splits["other"], validation):
        with pytest.raises(AssertionError, match="measured again"):
            measure_magnitudes(split, SDSS, cache)
