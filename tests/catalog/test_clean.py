"""Each cleaning rule against the same rule in plain Python or SQL."""

import math
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest
from astropy import units
from astropy.coordinates import SkyCoord

from catalog.tables import messy_stars, tidy_stars
from skyclass.catalog.clean import clean
from skyclass.config.sections import CleanConfig
from skyclass.errors import CatalogError
from skyclass.tasks.registry import get_task

TASK = get_task("spectral-class")


def separation(one: Any, other: Any) -> float:
    """Angle between two rows in arcsec (Vincenty's formula)."""
    a, d, b, e = map(math.radians, (one.ra, one.dec, other.ra, other.dec))
    y = math.hypot(
        math.cos(e) * math.sin(b - a),
        math.cos(d) * math.sin(e) - math.sin(d) * math.cos(e) * math.cos(b - a),
    )
    x = math.sin(d) * math.sin(e) + math.cos(d) * math.cos(e) * math.cos(b - a)
    return 3600.0 * math.degrees(math.atan2(y, x))


def by_hand(table: pd.DataFrame, duplicates: str) -> tuple[set[int], dict[str, int]]:
    """Clean row by row; give the spectroscopic ids kept and the counts of rows dropped."""
    dropped: dict[str, int] = {}

    def passed(rows: list[Any], reason: str, good: Any) -> list[Any]:
        kept = [row for row in rows if good(row)]
        if len(kept) < len(rows):
            dropped[reason] = len(rows) - len(kept)
        return kept

    rows = list(table.astype(object).where(table.notna(), None).itertuples())
    rows = passed(rows, "no rerun / run / camcol / field", lambda r: not pd.isna(r.field))
    rows = passed(rows, "cataclysmic variable", lambda r: r.subclass != "CV")
    rows = passed(rows, "not the primary observation", lambda r: r.mode == 1)
    rows = passed(rows, "not the primary spectrum", lambda r: r.sciencePrimary == 1)
    rows = passed(rows, "photometry not clean", lambda r: r.clean == 1)
    rows = passed(rows, "outside its brick", lambda r: r.brick_primary)
    rows = passed(rows, "spectrum with a warning", lambda r: r.zWarning in (0, 16))
    rows.sort(key=lambda r: (r.rerun, r.run, r.camcol, r.field, r.ra, r.dec, r.specobjid))
    same: dict[str, Any] = {
        "duplicate objid": lambda a, b: a.objid is not None and a.objid == b.objid,
        "duplicate specobjid": lambda a, b: a.specobjid == b.specobjid,
    }
    if duplicates == "exact":
        same["duplicate ra and dec"] = lambda a, b: (a.ra, a.dec) == (b.ra, b.dec)
    if duplicates == "position":
        same["within 1 arcsec of another"] = lambda a, b: separation(a, b) < 1.0
    for reason, equal in same.items():
        kept: list[Any] = []
        for row in rows:
            if not any(equal(earlier, row) for earlier in kept):
                kept.append(row)
        if len(kept) < len(rows):
            dropped[reason] = len(rows) - len(kept)
        rows = kept
    return {row.specobjid for row in rows}, dropped


@pytest.mark.parametrize("duplicates", ["id", "exact", "position"])
def test_rules_row_by_row(duplicates: str) -> None:
    table = messy_stars()
    kept, report = clean(table, TASK, CleanConfig(duplicates=duplicates))
    expected, dropped = by_hand(table, duplicates)
    assert set(kept["specobjid"]) == expected
    assert {k: n for k, n in report.dropped.items() if n} == dropped
    assert report.rows_in == len(kept) + sum(report.dropped.values())


def test_no_two_kept_within_the_radius_on_the_whole_sphere() -> None:
    rng = np.random.default_rng(3)
    n = 400
    table = tidy_stars(n)
    # pairs and chains of stars, at the poles and at ra = 0 too
    table["ra"] = np.repeat(rng.choice([0.0, 359.99999, 120.0, 240.0], 40), 10)
    table["dec"] = np.repeat(rng.choice([-89.9999, 0.0, 45.0, 89.99999], 40), 10)
    table["ra"] = (table["ra"] + rng.uniform(0, 3 / 3600, n)) % 360.0
    table["dec"] = (table["dec"] + rng.uniform(-3, 3, n) / 3600.0).clip(-90, 90)
    kept, report = clean(table, TASK, CleanConfig(radius=1.0))
    places = SkyCoord(kept["ra"].to_numpy() * units.deg, kept["dec"].to_numpy() * units.deg)
    assert places.match_to_catalog_sky(places, nthneighbor=2)[1].arcsec.min() >= 1.0
    assert report.dropped["within 1 arcsec of another"] > 100


def test_the_origin_is_a_place_too() -> None:
    table = tidy_stars(30)
    table.loc[[4, 9], ["ra", "dec"]] = 0.0
    table.loc[9, "dec"] = -0.0
    table.loc[0, "ra"] = 5.0
    kept, report = clean(table, TASK, CleanConfig(duplicates="exact"))
    assert (len(kept), report.dropped["duplicate ra and dec"]) == (29, 1)


def test_spectra_taken_twice() -> None:
    table = tidy_stars(50).drop(columns=["specobjid", "objid"])
    table["plate"], table["mjd"], table["fiberID"] = 266, 51602, np.arange(50) // 2
    table.loc[[0, 1], "plate"] = None
    kept, report = clean(table, TASK)
    assert report.dropped["duplicate plate, mjd and fiberID"] == 24
    assert len(kept) == 26


def test_identity_of_what_is_exact() -> None:
    table = tidy_stars(6).drop(columns="objid")
    table["specobjid"] = pd.array([11, None, None, None, None, None], "UInt64")
    table["plate"], table["mjd"], table["fiberID"] = 266, 51602, pd.array([1, 2] + [None] * 4)
    kept, _ = clean(table, TASK)
    ids = dict(zip(kept["ra"], kept["id"], strict=True))
    assert ids[0.0] == "11"
    assert ids[60.0] == "266-51602-2"
    row = table.iloc[2]
    assert ids[120.0] == f"{row.rerun}-{row.run}-3-{row.field}-120.0000000-{row.dec:+.7f}"


def test_magnitudes_of_no_flux() -> None:
    table = messy_stars()
    kept, report = clean(table, TASK)
    sql = "SELECT count(*) FROM kept JOIN table USING (ra, dec, specobjid) WHERE {}"
    faint = sql.format("table.psfMag_u >= 24.63 AND kept.psfMag_u IS NULL")
    other = sql.format("(table.psfMag_u >= 24.63) = (kept.psfMag_u IS NOT NULL)")
    with duckdb.connect() as db:
        db.register("kept", kept[["ra", "dec", "specobjid", "psfMag_u"]])
        db.register("table", table[["ra", "dec", "specobjid", "psfMag_u"]].drop_duplicates())
        assert db.sql(faint.replace("table", '"table"')).fetchall()[0][0] > 0
        assert db.sql(other.replace("table", '"table"')).fetchall()[0][0] == 0
    left, report = clean(table, TASK, CleanConfig(faint="drop"))
    assert left["psfMag_u"].max() < 24.63
    assert report.dropped["no detection in psfMag_u"] > 0


def test_the_real_magnitudes_of_no_flux(real_data: Path) -> None:
    path = real_data / "catalogs" / "skyserver_10k.csv"
    with duckdb.connect() as db:
        count = db.sql(
            f"SELECT count(*) FILTER (u >= 24.63), count(*) FILTER (z >= 22.83) FROM '{path}'"
        ).fetchall()[0]
    from skyclass.catalog.read_table import read_table

    _, report = clean(read_table(path), get_task("object-type"))
    undetected = report.undetected
    assert (undetected["modelMag_u"], undetected["modelMag_z"]) == count
    assert sum(undetected.values()) > 0


def test_extinction_from_the_table() -> None:
    table = tidy_stars(40).assign(**{f"extinction_{b}": 0.1 * i for i, b in enumerate("ugriz", 1)})
    kept, _ = clean(table, TASK, CleanConfig(extinction=True))
    before = table.set_index("specobjid").loc[kept["specobjid"]]
    for i, band in enumerate("ugriz", 1):
        expected = before[f"psfMag_{band}"].to_numpy() - 0.1 * i
        np.testing.assert_allclose(kept[f"psfMag_{band}"], expected, rtol=1e-12)


def test_frame_keys_from_the_objid() -> None:
    run, camcol, field = 4510, 4, 30
    objid = (1 << 59) | (301 << 48) | (run << 32) | (camcol << 29) | (field << 16) | 77
    table = tidy_stars(20).drop(columns=["rerun", "run", "camcol", "field"])
    table["objid"] = np.arange(20, dtype="uint64") + np.uint64(objid)
    kept, _ = clean(table, TASK, CleanConfig(frame_keys="objid"))
    found = kept[["rerun", "run", "camcol", "field"]].drop_duplicates().to_numpy().tolist()
    assert found == [[301, run, camcol, field]]


def test_same_rows_whatever_the_order() -> None:
    table = messy_stars()
    one, _ = clean(table, TASK)
    other, _ = clean(table.sample(frac=1, random_state=9).reset_index(drop=True), TASK)
    pd.testing.assert_frame_equal(one, other)


@pytest.mark.parametrize(
    ("change", "rules", "message"),
    [
        ({"ra": 400.0}, {}, "ra must be 0 to 360 degrees, got 400 in row 1"),
        ({"dec": -91.0}, {}, "dec must be -90 to 90 degrees, got -91 in row 1"),
        ({"ra": np.linspace(0, 23.9, 50)}, {}, "ra spans 0 to 24 as hours do"),
        ({"ra": "12:34:56.7"}, {}, "ra is written in hours"),
        ({"subclass": None}, {}, r"no row of the catalogue is left: 50 dropped \(no subclass\)"),
        ({"subclass": np.nan}, {}, r"no row of the catalogue is left: 50 dropped \(no subclass\)"),
        ({"field": None}, {}, "no row of the catalogue is left: 50 dropped"),
        ({"objid": None}, {"frame_keys": "objid"}, "no exact objid; clean.frame_keys"),
    ],
)
def test_bad_rows(change: dict[str, Any], rules: dict[str, Any], message: str) -> None:
    with pytest.raises(CatalogError, match=message):
        clean(tidy_stars(50).assign(**change), TASK, CleanConfig(**rules))


@pytest.mark.parametrize(
    ("missing", "rules", "message"),
    [
        (["ra", "dec"], {}, 'no column ra, dec; .*set clean.duplicates = "id"'),
        (["run"], {}, "no column run"),
        (["subclass"], {}, "no column subclass"),
        (["rerun", "run", "camcol", "field"], {"frame_keys": "require"}, "no column rerun"),
    ],
)
def test_missing_columns(missing: list[str], rules: dict[str, Any], message: str) -> None:
    with pytest.raises(CatalogError, match=message):
        clean(tidy_stars(50).drop(columns=missing), TASK, CleanConfig(**rules))


def test_what_no_rule_needs_may_be_missing() -> None:
    table = tidy_stars(50)
    without_places, _ = clean(table.drop(columns=["ra", "dec"]), TASK, CleanConfig(duplicates="id"))
    without_fields, report = clean(table.drop(columns=["rerun", "run", "camcol", "field"]), TASK)
    assert (len(without_places), len(without_fields), report.frame_keys) == (50, 50, False)


def test_impossible_places_and_hours_when_asked() -> None:
    table = tidy_stars(50).assign(ra=np.linspace(0, 23.9, 50))
    kept, _ = clean(table, TASK, CleanConfig(ra_unit="hour"))
    assert kept["ra"].max() == pytest.approx(15 * 23.9)
    table.loc[3, "dec"] = 95.0
    _, report = clean(table, TASK, CleanConfig(ra_unit="degree", impossible="drop"))
    assert report.dropped["impossible coordinates"] == 1
