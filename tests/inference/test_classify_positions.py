"""Objects at known positions: every row comes back, with a class or the reason why it has none."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from astropy.coordinates import SkyCoord
from astropy.table import QTable, Table

from skyclass.config.sections import CutoutConfig
from skyclass.errors import InferenceError, ModelError
from skyclass.inference.classify import classify
from skyclass.inference.read_positions import read_positions
from skyclass.models.classifier import Classifier
from skyclass.models.model_spec import ModelSpec
from skyclass.models.saved_model import save_model
from skyclass.surveys import registry
from support.turned_survey import TURNED, draw_tiles, find_frame

RULES = CutoutConfig(size=24)
SPEC = ModelSpec(
    "t", ("F", "M"), "asinh", "compact", 24, tuple("griz"), "nanomaggy", True, "shift", RULES
)
SPEC = replace(SPEC, survey="turned")


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_surveys", dict(registry._surveys))
    registry.register_survey(TURNED)


@pytest.fixture
def stars(tmp_path: Path) -> pd.DataFrame:
    return draw_tiles(tmp_path)


def save(spec: ModelSpec, folder: Path) -> Path:
    torch.manual_seed(1)
    save_model(Classifier(spec), folder)
    return folder


def test_every_row_comes_back(stars: pd.DataFrame, tmp_path: Path) -> None:
    model = save(SPEC, tmp_path / "model")
    rows = stars.sample(8, random_state=1).assign(name=list("abcdefgh"))
    rows.loc[rows.index[1], "ra"] += 5  # its tile does not hold it
    rows.loc[rows.index[2], "tile"] = "0099"
    rows.loc[rows.index[3], "dec"] = np.nan
    rows.loc[rows.index[4], "tile"] = None
    rows.loc[rows.index[5], ["tile", "dec"]] = [None, 30.0]
    table = classify(tmp_path / "frames", model, positions=rows)
    assert table["name"].tolist() == list("abcdefgh")
    assert table["catalog_class"].tolist() == ["STAR"] * 8
    reasons = ["", "off its frame", "no frame of its field", "no valid position", "", "on no frame"]
    assert table["reason"].tolist() == [*reasons, "", ""]
    classified = table["reason"] == ""
    np.testing.assert_array_equal(table["class"].notna(), classified)
    shares = table.loc[classified, ["p_F", "p_M"]]
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    assert (table.loc[classified, "probability"] == shares.max(axis=1)).all()
    assert table.loc[~classified, ["probability", "p_F", "p_M"]].isna().all(axis=None)
    assert (table.loc[~classified, "flags"] == "").all()
    # too few stars to know the PSF well
    assert table.loc[classified, "flags"].str.contains("poor_psf:g").any()
    assert "flags" not in classify(
        tmp_path / "frames",
        save(replace(SPEC, rules=CutoutConfig(size=24, measure="off")), tmp_path / "unmeasured"),
        positions=rows,
    )


@pytest.mark.parametrize("ending", [".fits", ".vot", ".ecsv", ".csv", ".parquet"])
def test_a_table_from_a_file_to_a_file(stars: pd.DataFrame, tmp_path: Path, ending: str) -> None:
    model = save(SPEC, tmp_path / "model")
    stars = stars.head(5).assign(objid=pd.array([2**63 + 1, 5, pd.NA, 7, 8], dtype="UInt64"))
    stars.loc[1, "dec"] = 40.0
    stars.to_csv(tmp_path / "stars.csv", index=False)
    out = tmp_path / f"classes{ending}"
    table = classify(tmp_path / "frames", model, out, positions=tmp_path / "stars.csv")
    if ending == ".parquet":
        read = pd.read_parquet(out)
    else:
        content = Table.read(out)
        content.convert_bytestring_to_unicode()
        read = content.to_pandas()
    assert list(read.columns) == list(table.columns)
    np.testing.assert_allclose(read["p_M"].astype(float), table["p_M"])
    assert read["class"].replace("", None).isna().tolist() == [False, True, False, False, False]
    assert read["reason"][1] == "off its frame"
    assert [str(value) for value in read["objid"][[0, 1, 3]]] == ["9223372036854775809", "5", "7"]


def test_a_field_without_a_band(
    stars: pd.DataFrame, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    frames = tmp_path / "frames"
    find_frame(frames, "0010", "i").unlink()
    there = stars["tile"] == "0011"
    models = {
        name: save(replace(SPEC, rules=CutoutConfig(size=24, missing_band=name)), tmp_path / name)
        for name in ("refuse", "drop", "mask")
    }
    for name in ("refuse", "drop"):
        table = classify(frames, models[name], positions=stars)
        assert table.loc[~there, "reason"].str.contains("0010 has no i image").all()
        assert (table.loc[there, "reason"] == "").all()
    assert (classify(frames, models["mask"], positions=stars)["reason"] == "").all()
    # sources that are detected: the rest of the fields, or all
    assert set(classify(frames, models["drop"])["tile"]) == {"0011"}
    assert set(classify(frames, models["mask"])["tile"]) == {"0010", "0011"}
    find_frame(frames, "0010", "r").rename(tmp_path / "0010-r.fits")
    units = dict.fromkeys(TURNED.find_units([tmp_path, frames]), frames)
    registry._surveys["turned"] = replace(TURNED, find_units=lambda _: units)
    assert set(classify(frames, models["mask"])["tile"]) == {"0011"}
    assert "0010 has no r frame, in which sources are detected" in caplog.text
    assert (classify(frames, models["mask"], positions=stars)["reason"] == "").all()


def test_columns_come_from_the_table_where_it_has_them(stars: pd.DataFrame, tmp_path: Path) -> None:
    spec = replace(SPEC, columns=("colours",), column_mean=(0.0,) * 3, column_deviation=(0.1,) * 3)
    model = save(spec, tmp_path / "model")
    magnitudes = {f"psfMag_{band}": 20.0 - i for i, band in enumerate("griz")}
    measured, told, other = (
        classify(tmp_path / "frames", model, positions=rows)["p_M"]
        for rows in (
            stars,
            stars.assign(**magnitudes),
            stars.assign(**magnitudes | {"psfMag_z": 15.0}),
        )
    )
    assert min(np.abs(measured - told).max(), np.abs(told - other).max()) > 1e-4
    needy = save(
        replace(spec, columns=("extinction",), column_mean=(0.0,) * 4, column_deviation=(1.0,) * 4),
        tmp_path / "needy",
    )
    dust = stars.assign(**{f"extinction_{band}": 0.1 for band in "griz"})
    assert (classify(tmp_path / "frames", needy, positions=dust)["reason"] == "").all()
    with pytest.raises(ModelError, match="needs extinction of a catalogue"):
        classify(tmp_path / "frames", needy, positions=stars)


def test_positions_in_any_form_get_the_same_classes(stars: pd.DataFrame, tmp_path: Path) -> None:
    model, frames = save(SPEC, tmp_path / "model"), tmp_path / "frames"
    stars = stars.head(4)[["ra", "dec"]]
    places = SkyCoord(stars["ra"], stars["dec"], unit="deg")
    expected = classify(stars, model, frames=frames)
    assert (expected["reason"] == "").all()
    QTable({"place": places}).write(tmp_path / "places.ecsv")
    hours = pd.DataFrame({"RA": stars["ra"] / 15, "Dec": stars["dec"]})
    hours.to_csv(tmp_path / "hours.csv", index=False)
    text = {"RAJ2000": places.ra.to_string("hour", sep=":", precision=6)}
    text["DEJ2000"] = places.dec.to_string("deg", sep=" ", precision=5, alwayssign=True)
    radians = pd.DataFrame({"a": np.radians(stars["ra"]), "d": np.radians(stars["dec"])})
    for inputs, said in (
        (places, {}),
        (QTable({"ra": places.ra.to("hourangle"), "dec": places.dec}), {}),
        (tmp_path / "places.ecsv", {}),
        (pd.DataFrame(text), {}),
        (tmp_path / "hours.csv", {"unit": "hour"}),
        (radians, {"ra": "a", "dec": "d", "unit": "rad"}),
    ):
        table = classify(inputs, model, frames=frames, **said)
        np.testing.assert_allclose(table["p_M"], expected["p_M"], atol=1e-3)
        np.testing.assert_allclose(table["ra"], stars["ra"], atol=1e-6)
    with pytest.raises(InferenceError, match=r"look like hours: no position lies .* \(unit: hour"):
        classify(tmp_path / "hours.csv", model, frames=frames)
    with pytest.raises(InferenceError, match="look like radians"):
        classify(radians, model, frames=frames, ra="a", dec="d")
    with pytest.raises(InferenceError, match=r"ra does not belong to .* which holds frames"):
        classify(frames, model, ra="a", dec="d")


def test_the_range_of_positions_tells_their_unit(stars: pd.DataFrame, tmp_path: Path) -> None:
    model, frames = save(SPEC, tmp_path / "model"), tmp_path / "frames"
    dec = np.linspace(-60, 60, 40)
    hours = pd.DataFrame({"ra": np.linspace(0.5, 23.5, 40), "dec": dec})
    with pytest.raises(InferenceError, match="fill the range from 0 to 24"):
        classify(hours, model, frames=frames)
    with pytest.raises(InferenceError, match=r"fill the range from 0 to 6\.283"):
        classify(np.radians(hours.assign(ra=hours["ra"] * 15)), model, frames=frames)
    assert (classify(hours, model, frames=frames, unit="deg")["reason"] == "on no frame").all()


def test_a_million_rows_need_ids() -> None:
    rows = pd.DataFrame({"ra": np.zeros(10**6), "dec": np.zeros(10**6)})
    with pytest.raises(InferenceError, match="1,000,000 rows and no column of ids"):
        read_positions(rows, SPEC)
    assert len(read_positions(rows.assign(name=np.arange(10**6)), SPEC)) == 10**6


def test_tables_that_cannot_be_used(stars: pd.DataFrame, tmp_path: Path) -> None:
    model = save(SPEC, tmp_path / "model")
    with pytest.raises(InferenceError, match="has no column dec"):
        classify(tmp_path / "frames", model, positions=stars.drop(columns="dec"))
    with pytest.raises(InferenceError, match="a column catalog_class and one of the name"):
        classify(tmp_path / "frames", model, positions=stars.assign(catalog_class="A"))
