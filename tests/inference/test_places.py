"""Sources around a place, and tables whose frames are not here: downloaded, then classified."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from astropy.coordinates import SkyCoord
from astropy.coordinates.name_resolve import sesame_url

from skyclass.config.sections import CutoutConfig
from skyclass.errors import InferenceError
from skyclass.inference.classify import classify
from skyclass.inference.sky_region import SkyRegion, make_region
from skyclass.mock_archive.server import serve_archive
from skyclass.models.classifier import Classifier
from skyclass.models.model_spec import ModelSpec
from skyclass.models.saved_model import save_model
from skyclass.surveys.registry import get_survey
from skyclass.surveys.sdss.layout import BANDS, find_fields
from support.web_server import Server

SPEC = ModelSpec(
    *("t", ("a", "b"), "asinh", "compact", 32, BANDS, "nanomaggy", True, "shift"),
    CutoutConfig(size=32, measure="cutout"),
)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("places") / "model"
    torch.manual_seed(1)
    save_model(Classifier(SPEC), folder)
    return folder


@pytest.mark.parametrize(
    "place",
    [
        "214.07 19.90",
        "214.07, +19.9",
        "14:16:16.8 +19:54:00",
        "14 16 16.8 +19 54 00",
        "14h16m16.8s +19d54m00s",
        SkyCoord("14:16:16.8 +19:54:00", unit=("hour", "deg")),
        SkyCoord(214.07, 19.9, unit="deg").galactic,
    ],
)
def test_a_position_in_any_form(place: str | SkyCoord) -> None:
    region = make_region(place, "30 arcsec")
    np.testing.assert_allclose([region.ra, region.dec, region.radius], [214.07, 19.9, 0.5])


def test_distances_as_astropy_has_them() -> None:
    generator = np.random.default_rng(4)
    ra, dec = generator.uniform(0, 360, 50), generator.uniform(-90, 90, 50)
    region = SkyRegion(359.9, 89.0, 1.0)
    expected = SkyCoord(ra, dec, unit="deg").separation(SkyCoord(359.9, 89.0, unit="deg")).arcmin
    np.testing.assert_allclose(region.measure_distance(ra, dec), expected)


@pytest.mark.parametrize(
    ("place", "radius", "message"),
    [
        ("214.07", None, "'214.07' is no position"),
        ("214.07 99", None, "declination of '214.07 99' must be within 90"),
        ("214.07 19.9", "wide", "radius 'wide' is no angle"),
        ("214.07 19.9", "-1", "radius must be above 0 and up to 600 arcmin"),
    ],
)
def test_places_that_cannot_be_used(place: str, radius: str | None, message: str) -> None:
    with pytest.raises(InferenceError, match=message):
        make_region(place, radius)


def test_a_name_is_looked_up(server: Server) -> None:
    server.files["/SNV?M%2013"] = b"# M 13\n%J 250.423475 +36.461319 = 16:41:41.6\n"
    server.files["/SNV?nowhere"] = b"# nowhere\n#!Nothing found\n"
    with sesame_url.set([f"{server.url}/"]):
        region = make_region("M 13")
        assert (region.ra, region.dec, region.radius) == (250.423475, 36.461319, 1.0)
        with pytest.raises(InferenceError, match=r"name 'nowhere' cannot be .* no catalogue knows"):
            make_region("nowhere")
    with (
        sesame_url.set(["http://127.0.0.1:1/"]),
        pytest.raises(InferenceError, match=r"'M 13' cannot be resolved: the service Sesame"),
    ):
        make_region("M 13")


def test_sources_around_a_place_whose_frames_are_downloaded(
    small_survey: Path, plain_survey: Path, model: Path, tmp_path: Path
) -> None:
    whole = classify(plain_survey / "frames", model)
    star = whole[whole["field"] == whole["field"].max()].iloc[5]
    place, frames = f"{star['ra']} {star['dec']}", tmp_path / "frames"
    with serve_archive(small_survey) as url:
        table = classify(at=place, radius=1.5, model=model, frames=frames, base_url=url)
        assert set(find_fields([frames])) <= set(find_fields([small_survey / "frames"]))
        with pytest.raises(InferenceError, match="survey sdss has no images of 10"):
            classify(at="10 80", model=model, frames=frames, base_url=url)
    assert (table["ra"][0], table["dec"][0]) == (star["ra"], star["dec"])
    distance = SkyCoord(table["ra"], table["dec"], unit="deg").separation(
        SkyCoord(star["ra"], star["dec"], unit="deg")
    )
    assert distance.arcmin.max() <= 1.5
    assert (np.diff(distance.arcmin) >= 0).all()
    keys = ["run", "camcol", "field", "x", "y"]
    expected = whole.merge(table[keys], on=keys)
    assert len(expected) == len(table)
    # nothing is asked for what is here
    pd.testing.assert_frame_equal(table, classify(at=place, radius=1.5, model=model, frames=frames))
    with pytest.raises(InferenceError, match="no local frame of survey sdss covers 10"):
        classify(at="10 0", model=model, frames=frames)


def test_a_table_whose_frames_are_downloaded(
    small_survey: Path,
    plain_survey: Path,
    model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SKYCLASS_CACHE", str(tmp_path / "cache"))
    stars = pd.read_csv(small_survey / "catalog.csv").iloc[[0, 60, 119]]
    places = stars[["ra", "dec"]].reset_index(drop=True)
    places.loc[3] = [10.0, 80.0]
    with serve_archive(small_survey) as url:
        table = classify(places, model, base_url=url)
        with pytest.raises(InferenceError, match="no images of any position of the table"):
            classify(places.iloc[3:], model, base_url=url)
    assert table["reason"].tolist() == ["", "", "", "on no frame"]
    local = classify(stars, model, frames=plain_survey / "frames")
    np.testing.assert_allclose(table["p_a"][:3], local["p_a"])


def test_a_place_and_inputs_exclude_each_other(model: Path) -> None:
    with pytest.raises(InferenceError, match="inputs and at exclude each other"):
        classify("example", model, at="10 0")
    with pytest.raises(InferenceError, match="there are no inputs"):
        classify(model=model)
    with pytest.raises(InferenceError, match="radius does not belong to"):
        classify("example", model, radius=3)


def test_a_place_without_a_source() -> None:
    """The bundled model is told what was measured, of no object at all here."""
    with pytest.raises(InferenceError, match="no source above the detection"):
        classify(at="136.985 -0.695", radius=0.01, frames="example")


def test_objects_that_are_all_off_their_frame() -> None:
    key = {"rerun": 301, "run": 9001, "camcol": 1, "field": 100}
    table = classify(pd.DataFrame([{"ra": 10.0, "dec": 80.0, **key}]), "stars", frames="example")
    assert table["reason"].tolist() == ["off its frame"]
    assert table["class"].isna().all()


def test_a_survey_of_single_objects_has_no_surroundings(tmp_path: Path) -> None:
    bands = get_survey("panstarrs").band_names
    spec = replace(SPEC, bands=bands, survey="panstarrs", rules=CutoutConfig(size=32))
    save_model(Classifier(spec), tmp_path / "model")
    with pytest.raises(InferenceError, match="panstarrs has images of single objects"):
        classify(at="10 0", model=tmp_path / "model")
