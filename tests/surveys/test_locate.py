"""Which field holds a position: told from headers alone, once where fields overlap."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from skyclass.surveys.locate import locate_positions
from skyclass.surveys.sdss.layout import Field, find_fields
from skyclass.surveys.sdss.survey import SDSS


def test_catalogued_objects_lie_in_their_own_fields(plain_survey: Path) -> None:
    units = find_fields([plain_survey / "frames"])
    table = pd.read_csv(plain_survey / "catalog.csv")
    place = locate_positions(table["ra"].to_numpy(), table["dec"].to_numpy(), units, SDSS)
    fields = np.array([unit.field for unit in units])
    np.testing.assert_array_equal(fields[place], table["field"])


def test_rows_that_two_fields_share(pair: tuple[Path, Field, Field]) -> None:
    frames, first, second = pair
    units = find_fields([frames])
    wcs = SDSS.open_unit(frames, first)[2].wcs
    # 1361 rows are a field's own; of the 128 that both have, each counts half
    rows = np.array([700.0, 1415.0, 1435.0, 1480.0, 1600.0])
    ra, dec = wcs.all_pix2world(np.full(5, 1000.0), rows, 0)
    assert list(units) == [first, second]
    assert locate_positions(ra, dec, units, SDSS).tolist() == [0, 0, 1, 1, 1]
    # without the other field, what is beyond the own rows is on the frame all the same
    alone = {first: units[first]}
    assert locate_positions(ra, dec, alone, SDSS).tolist() == [0, 0, 0, 0, -1]
    anywhere = replace(SDSS, is_primary=None)
    assert locate_positions(ra, dec, units, anywhere).tolist() == [0, 0, 0, 0, 1]


def test_positions_far_from_any_frame(pair: tuple[Path, Field, Field]) -> None:
    frames, first, _ = pair
    ra, dec = SDSS.open_unit(frames, first)[2].wcs.all_pix2world([1000.0], [700.0], 0)
    far = np.array([ra[0] + 180, ra[0], ra[0] + 1]), np.array([-dec[0], 89.0, dec[0]])
    assert (locate_positions(*far, find_fields([frames]), SDSS) == -1).all()


def test_only_headers_are_read(pair: tuple[Path, Field, Field]) -> None:
    frames, _, _ = pair
    rows = []

    def open_unit(root, unit, need=None, *, mask_missing=False):
        opened = SDSS.open_unit(root, unit, need, mask_missing=mask_missing)
        rows.extend(len(frame.data) for frame in opened)
        return opened

    survey = replace(SDSS, open_unit=open_unit)
    locate_positions(np.array([10.0]), np.array([0.0]), find_fields([frames]), survey)
    assert len(rows) == 10
    assert not any(rows)
