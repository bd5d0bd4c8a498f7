"""Objects cut in batches are those cut at once, whoever detected the sources of their field."""

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from skyclass.config.sections import CutoutConfig
from skyclass.images.cut_field import cut_in_batches, cut_objects
from skyclass.measurement.detect import detect
from skyclass.surveys.sdss.layout import Field
from skyclass.surveys.sdss.reader import open_field
from skyclass.surveys.sdss.survey import SDSS


@pytest.mark.parametrize("measure", ["field", "cutout", "off"])
def test_batches_join_to_the_whole(measure: str, pair: tuple[Path, Field, Field]) -> None:
    root, unit, _ = pair
    frames = open_field(root, unit)
    detected = detect(frames[2])
    ra, dec = (detected[name].to_numpy()[:10] for name in ("ra", "dec"))
    rules = CutoutConfig(size=24, measure=measure)
    place = root, unit, ra, dec, rules, SDSS
    whole = cut_objects(frames, *place)
    parts = list(cut_in_batches(frames, *place, detected=detected, batch=4))
    assert [len(ra[rows]) for rows, _ in parts] == [4, 4, 2]
    for name in ("flux", "mask", "offset", "inside", "cd"):
        joined = np.concatenate([getattr(cutouts, name) for _, cutouts in parts])
        np.testing.assert_array_equal(joined, getattr(whole, name))
    if whole.measurement is None:
        assert measure == "off"
        return
    for field in fields(whole.measurement):
        joined = np.concatenate([getattr(c.measurement, field.name) for _, c in parts])
        np.testing.assert_array_equal(joined, getattr(whole.measurement, field.name))


def test_no_object_is_one_empty_batch(pair: tuple[Path, Field, Field]) -> None:
    root, unit, _ = pair
    nothing = np.empty(0)
    rules = CutoutConfig(size=24, measure="off")
    ((_, cutouts),) = cut_in_batches(
        open_field(root, unit), root, unit, nothing, nothing, rules, SDSS
    )
    assert cutouts.flux.shape == (0, 5, 24, 24)
