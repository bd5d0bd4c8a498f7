"""Objects of two tables matched by id and, where there is none, by position."""

import numpy as np
import pandas as pd
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord

from skyclass.catalog.match_objects import MATCH_RADIUS, find_rows, match_objects
from skyclass.errors import CatalogError

ARCSEC = 1 / 3600


def table(ra: list[float], dec: float = 0.0, **ids: list[object]) -> pd.DataFrame:
    return pd.DataFrame({"ra": ra, "dec": [dec] * len(ra), **ids})


def test_ids_decide_although_positions_disagree() -> None:
    one = table([10.0, 20.0, 30.0], objid=[1, 2, 3])
    other = table([30.0, 10.0, 20.0], objid=[1, 4, 3])
    assert match_objects(one, other).tolist() == [0, -1, 2]


def test_64_bits_are_compared_exactly() -> None:
    large = 2**63 + 2**10
    one = table([1.0, 2.0], specobjid=[large, large + 1])
    other = table([5.0, 6.0], specobjid=[str(large + 1), str(large)])
    assert match_objects(one, other).tolist() == [1, 0]
    nullable = other.assign(specobjid=pd.array([large + 1, None], dtype="UInt64"))
    assert match_objects(one, nullable).tolist() == [-1, 0]


def test_another_id_is_used_where_the_first_is_missing() -> None:
    one = table([1.0, 2.0, 3.0], objid=["11", "", None], specobjid=["", "22", "33"])
    other = table([7.0, 8.0, 9.0], objid=["", "11", "0"], specobjid=["33", "", "22"])
    assert match_objects(one, other).tolist() == [1, 2, 0]


def test_a_repeated_id_names_no_single_object() -> None:
    # two spectra of one photometric object; and a placeholder instead of ids
    one = table([1.0, 2.0], objid=[5, 5], specobjid=[51, 52])
    other = table([2.0, 1.0], objid=[5, 5], specobjid=[52, 51])
    assert match_objects(one, other).tolist() == [1, 0]
    one = table([1.0, 2.0], objid=[9, 9])
    assert match_objects(one, table([2.0, 1.0], objid=[9, 8])).tolist() == [1, 0]


def test_positions_count_within_the_tolerance_only() -> None:
    near, far = 0.9 * MATCH_RADIUS * ARCSEC, 1.1 * MATCH_RADIUS * ARCSEC
    one = table([10.0, 20.0], dec=60.0)
    other = table([20.0 + far / 0.5, 10.0 + near / 0.5], dec=60.0)
    assert match_objects(one, other).tolist() == [1, -1]
    # right ascension wraps
    assert match_objects(table([0.0]), table([360.0 - near])).tolist() == [0]


def test_positions_do_not_count_where_ids_differ() -> None:
    one = table([10.0, 20.0], objid=[1, 0])
    other = table([10.0, 20.0], objid=[2, 3])
    assert match_objects(one, other).tolist() == [-1, 1]


def test_no_row_is_given_twice() -> None:
    apart = 0.5 * MATCH_RADIUS * ARCSEC
    assert match_objects(table([10.0, 10.0 + apart]), table([10.0])).tolist() == [0, -1]
    assert match_objects(table([10.0 + apart, 10.0]), table([10.0])).tolist() == [-1, 0]
    pair = table([10.0, 10.0 + apart])
    assert match_objects(pair, pair).tolist() == [0, 1]


@pytest.mark.parametrize("doubled", [0, 1])
def test_two_at_one_position_cannot_be_told_apart(doubled: int) -> None:
    tables = [table([10.0]), table([10.0])]
    tables[doubled] = table([10.0, 10.0])
    with pytest.raises(CatalogError, match=r"at the same position.*add objid or specobjid"):
        match_objects(*tables)


def test_as_astropy_matches_positions() -> None:
    rng = np.random.default_rng(1)
    n = 500
    one = pd.DataFrame({"ra": rng.uniform(0, 360, n), "dec": rng.uniform(-90, 90, n)})
    order = rng.permutation(n)
    other = one.iloc[order].assign(dec=lambda t: t["dec"] + rng.uniform(-1, 1, n) * ARCSEC)
    other["dec"] = other["dec"].clip(-90, 90)
    places = [SkyCoord(t["ra"].to_numpy(), t["dec"].to_numpy(), unit="deg") for t in (one, other)]
    nearest, separation, _ = places[0].match_to_catalog_sky(places[1])
    expected = np.where(separation < MATCH_RADIUS * u.arcsec, nearest, -1)
    assert (expected < 0).any()
    np.testing.assert_array_equal(match_objects(one, other), expected)


def test_nothing_to_match() -> None:
    assert match_objects(table([]), table([1.0])).tolist() == []
    assert match_objects(table([1.0]), table([])).tolist() == [-1]
    assert match_objects(pd.DataFrame({"objid": [1]}), pd.DataFrame({"objid": [2]})).tolist() == [
        -1
    ]


def test_an_object_that_is_not_in_the_catalogue() -> None:
    with pytest.raises(CatalogError, match=r"1 of 2 objects .* ra 40\.00000, dec 0\.00000"):
        find_rows(table([10.0, 40.0]), table([10.0]))
    assert find_rows(table([10.0]), table([5.0, 10.0])).tolist() == [1]
