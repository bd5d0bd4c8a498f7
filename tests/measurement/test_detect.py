"""Sources detected in a simulated frame against the sources painted on it."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from skyclass.errors import InferenceError
from skyclass.frames.frame import Frame
from skyclass.measurement.detect import detect
from skyclass.surveys.sdss.layout import find_fields
from skyclass.surveys.sdss.reader import open_field


@pytest.fixture(scope="module")
def frame(plain_survey: Path) -> Frame:
    frames = plain_survey / "frames"
    return open_field(frames, next(iter(find_fields([frames]))))[2]


def test_bright_objects_are_detected_at_their_positions(frame: Frame, plain_survey: Path) -> None:
    catalog = pd.read_csv(plain_survey / "catalog.csv", comment="#")
    x, y = frame.pixel(catalog["ra"].to_numpy(), catalog["dec"].to_numpy())
    rows, columns = frame.shape
    inside = (x > 20) & (x < columns - 20) & (y > 20) & (y < rows - 20)
    bright = inside & (catalog["psfMag_r"].to_numpy() < 19)
    assert bright.sum() > 10
    sources = detect(frame)
    nearest = np.hypot(
        x[bright][:, None] - sources["x"].to_numpy(), y[bright][:, None] - sources["y"].to_numpy()
    ).min(axis=1)
    assert np.median(nearest) < 0.1
    assert (nearest < 2).mean() > 0.9
    ra, dec = frame.wcs.all_pix2world(sources["x"], sources["y"], 0)
    np.testing.assert_allclose(sources["ra"], ra)
    np.testing.assert_allclose(sources["dec"], dec)


def test_a_frame_that_is_too_small(frame: Frame) -> None:
    from dataclasses import replace

    broken = replace(frame, data=np.zeros((0, 10), dtype=np.float32))
    with pytest.raises(InferenceError, match="the r frame cannot be searched for sources"):
        detect(broken)
