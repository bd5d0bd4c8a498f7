"""Names of objects in file names."""

import pandas as pd
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from hypothesis import given
from hypothesis import strategies as st

from skyclass.object_names import name_object


@pytest.mark.parametrize(
    ("row", "name"),
    [
        ({"objid": 1237648720693755918, "specobjid": 7}, "1237648720693755918"),
        ({"objid": "7", "specobjid": "12"}, "7"),
        ({"objid": None, "specobjid": "12"}, "12"),
        ({"objid": pd.NA, "specobjid": 18446744073709551615}, "18446744073709551615"),
        ({"objid": "../../x"}, "J000000.00-000000.0"),
        ({"objid": None, "specobjid": "../1"}, "J000000.00-000000.0"),
        ({"objid": "1" * 300}, "J000000.00-000000.0"),
    ],
)
def test_exact_ids_come_before_positions(row: dict[str, object], name: str) -> None:
    assert name_object({**row, "ra": 0.0, "dec": -0.00001}) == name


@given(st.floats(0, 359.999), st.floats(-89.9, 89.9))
def test_position_names_agree_with_astropy(ra: float, dec: float) -> None:
    name = name_object({"ra": ra, "dec": dec})
    back = SkyCoord(
        f"{name[1:3]}h{name[3:5]}m{name[5:10]}s", f"{name[10:13]}d{name[13:15]}m{name[15:]}s"
    )
    assert back.separation(SkyCoord(ra, dec, unit=u.deg)).arcsec < 0.2
