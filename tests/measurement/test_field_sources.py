"""Which sources of a field are fitted together, and that objects are measured one like another."""

from pathlib import Path

import numpy as np

from skyclass.measurement.field_sources import find_field_sources
from skyclass.measurement.measure_field import measure_field
from skyclass.surveys.survey import Unit
from support.turned_survey import SCALE, TURNED, draw_tiles


def draw(folder: Path):
    """Draw a tile; return its frames and the positions of its 36 stars."""
    stars = draw_tiles(folder)
    stars = stars[stars["tile"] == "0010"]
    frames = TURNED.open_unit(folder / "frames", Unit(("0010",)))
    return frames, stars["ra"].to_numpy(), stars["dec"].to_numpy()


def test_a_measurement_does_not_depend_on_what_else_is_measured(tmp_path: Path) -> None:
    frames, ra, dec = draw(tmp_path)
    together = measure_field(frames, ra, dec, TURNED)
    few = np.arange(5, len(ra), 7)
    alone = measure_field(frames, ra[few], dec[few], TURNED)
    for name, values in vars(together.take(few)).items():
        np.testing.assert_array_equal(getattr(alone, name), values, err_msg=name)


def test_objects_are_the_sources_that_are_detected(tmp_path: Path) -> None:
    frames, ra, dec = draw(tmp_path)
    # a second position on the first star, one beside it, and one where nothing is
    ra = np.array([ra[0], ra[0], ra[7], ra[7], (ra[7] + ra[8]) / 2])
    dec = np.array([dec[0], dec[0], dec[7], dec[7] + 0.8 / 3600, (dec[7] + dec[8]) / 2])
    found = find_field_sources(frames[1], ra, dec, SCALE)
    detected = len(found.detected_ra)
    assert detected == 36
    assert found.number[0] == found.number[1] < detected
    # the detection that two objects share is replaced by both
    assert found.number[2:].tolist() == [detected - 1, detected, detected + 1]
    np.testing.assert_array_equal(found.ra[found.number[2:]], ra[2:])
    assert len(found.ra) == detected - 1 + 3
