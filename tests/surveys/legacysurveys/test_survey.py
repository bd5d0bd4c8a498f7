"""Legacy Surveys as a survey: from positions to a model and a table, and cutouts with faults."""

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from astropy.wcs import WCS

from skyclass.config.sections import CutoutConfig, SurveyConfig
from skyclass.errors import ImageError, MissingFrameError, SurveyError
from skyclass.images.cut_field import cut_field
from skyclass.images.stored_cutouts import open_cutouts
from skyclass.inference.classify import classify
from skyclass.mock_archive.faults import Faults
from skyclass.mock_archive.server import MockArchive
from skyclass.models.saved_model import load_model
from skyclass.pipeline.experiment import run_experiment
from skyclass.surveys.acquire import acquire_frames
from skyclass.surveys.download import download_kind, find_missing_files
from skyclass.surveys.file_kinds import Picture
from skyclass.surveys.legacysurveys.reader import find_objects, open_cutout, open_object
from skyclass.surveys.legacysurveys.requests import make_cutout_path, request_cutout
from skyclass.surveys.legacysurveys.survey import LEGACY_SURVEYS
from skyclass.surveys.survey import Unit
from support.web_server import FakeClock, Server

EXPERIMENT = """
task = "spectral-class"
[catalog]
path = "stars.csv"
[survey]
name = "legacysurveys"
frames = "frames"
base_url = "{url}"
rate = 0
[cutouts]
size = 32
measure = "cutout"
[images]
type = "asinh"
[model]
name = "compact"
measured = true
[training]
epochs = 2
batch_size = 16
"""
PLACE = (150.0, 2.0)
SIZE = 24
FAULTS = ("503", "reset", "length", "truncated", "html", "limit", "empty")


def cutout_bytes(
    cube: np.ndarray,
    weight: np.ndarray | None = None,
    *,
    place: tuple[float, float] = PLACE,
    bands: str = "griz",
) -> bytes:
    """Write a cutout as the viewer does (`write_cutout` in its map/views.py)."""
    side = cube.shape[-1]
    cards = {
        "BANDS": bands,
        **{f"BAND{number}": band for number, band in enumerate(bands)},
        "CTYPE1": "RA---TAN",
        "CTYPE2": "DEC--TAN",
        "CRVAL1": place[0],
        "CRVAL2": place[1],
        "CRPIX1": (side + 1) / 2,
        "CRPIX2": (side + 1) / 2,
        "CD1_1": -0.262 / 3600,
        "CD1_2": 0.0,
        "CD2_1": 0.0,
        "CD2_2": 0.262 / 3600,
        "IMAGEW": side,
        "IMAGEH": side,
    }
    units = fits.HDUList([fits.PrimaryHDU(cube, fits.Header(cards | {"IMAGETYP": "IMAGE"}))])
    if weight is not None:
        units.append(fits.ImageHDU(weight, fits.Header(cards | {"IMAGETYP": "INVVAR"})))
    stream = io.BytesIO()
    units.writeto(stream)
    return stream.getvalue()


def noise(bands: int = 4, side: int = SIZE) -> np.ndarray:
    return np.random.default_rng(3).normal(0.0, 0.01, (bands, side, side)).astype(np.float32)


@pytest.fixture
def stars(plain_survey: Path) -> pd.DataFrame:
    """Positions and labels of stars of two classes, and nothing else."""
    table = pd.read_csv(plain_survey / "catalog.csv", dtype={"objid": str, "specobjid": str})
    kind = table["subclass"].str[0]
    kept = pd.concat([table[kind == name].head(15) for name in "AM"])
    return kept.reset_index(drop=True)


def test_from_positions_to_a_classified_table(
    small_survey: Path, stars: pd.DataFrame, tmp_path: Path
) -> None:
    known = ["objid", "specobjid", "ra", "dec", "class", "subclass"]
    stars[known].to_csv(tmp_path / "stars.csv", index=False)
    # the magnitudes of DES from those of SDSS (Abbott et al. 2021)
    expected = stars["psfMag_r"] - 0.155 * (stars["psfMag_r"] - stars["psfMag_i"]) - 0.007
    with MockArchive(small_survey, queries=False) as archive:
        file = tmp_path / "experiment.toml"
        file.write_text(EXPERIMENT.format(url=archive.url))
        result = run_experiment(file, tmp_path / "run")
    out = tmp_path / "run"
    stored = open_cutouts(out / "cutouts")
    assert (stored.info.survey, stored.info.bands) == ("legacysurveys", tuple("griz"))
    assert stored.info.simulated
    assert sum(len(stored[split]) for split in stored) == len(stars)
    cd = np.array(stored["train"].column("cd"))
    assert 3600 * np.sqrt(abs(np.linalg.det(cd))) == pytest.approx(0.262, rel=1e-3)
    spec = load_model(out / "model").spec
    assert (spec.survey, spec.bands) == ("legacysurveys", tuple("griz"))
    assert result.report.is_file()
    table = classify(tmp_path / "frames", out / "model", tmp_path / "sources.parquet")
    assert set(table["unit"]) <= set(stars["objid"])
    assert len(table) > 0.9 * len(stars)
    merged = table.merge(stars, left_on="unit", right_on="objid", suffixes=("", "_star"))
    north = 3600 * (merged["dec"] - merged["dec_star"]).abs()
    east = 3600 * (merged["ra"] - merged["ra_star"]).abs() * np.cos(np.radians(merged["dec"]))
    assert max(north.max(), east.max()) < 1
    found = expected.set_axis(stars["objid"]).loc[table["unit"]].to_numpy()
    assert np.median(np.abs(22.5 - 2.5 * np.log10(table["flux_r"]) - found)) < 0.07
    # of the positions alone: each on its own cutout, as others lie on it, too
    positions = stars[["ra", "dec"]].iloc[::3]
    placed = classify(positions, out / "model", frames=tmp_path / "frames")
    np.testing.assert_array_equal(placed["ra"], positions["ra"])
    assert placed["class"].isin(list("OBAFGKM")).all()
    found = expected.to_numpy()[::3]
    assert np.median(np.abs(22.5 - 2.5 * np.log10(placed["flux_r"]) - found)) < 0.07


def test_cutouts_survive_every_fault(
    plain_survey: Path, stars: pd.DataFrame, tmp_path: Path, fake_clock: FakeClock
) -> None:
    few = stars.head(6)
    options = {"picture": Picture(width=SIZE), "clock": fake_clock.clock}
    with MockArchive(plain_survey, faults=Faults(dict.fromkeys(FAULTS, 0.1))) as archive:
        survey = SurveyConfig(base_url=archive.url, rate=0, retries=20)
        counts = download_kind(few, tmp_path, "ls-fits", survey=survey, **options)
        asked = archive.requests.total()
        again = download_kind(few, tmp_path, "ls-fits", survey=survey, **options)
    assert (counts.fetched, counts.failed, again.present) == (6, 0, 6)
    assert archive.requests.total() == asked > 6


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (cutout_bytes(np.zeros((4, SIZE, SIZE), np.float32)), "absent (no image at this position)"),
        (cutout_bytes(noise() * [[[1]], [[1]], [[0]], [[1]]]), "absent (no image in i at this"),
        (cutout_bytes(noise(), place=(150.0, 2.001)), "is a cutout at ra 150.00000, dec 2.00100"),
        (cutout_bytes(noise(side=16)), "has no image of 24x24 pixels"),
        (cutout_bytes(noise(3), bands="grz"), "has the bands grz, not griz"),
    ],
)
def test_answers_that_are_not_what_was_asked_for(
    server: Server, tmp_path: Path, fake_clock: FakeClock, answer: bytes, state: str
) -> None:
    one = pd.DataFrame({"ra": [PLACE[0]], "dec": [PLACE[1]]})
    survey = SurveyConfig(base_url=server.url, rate=0, retries=0)
    picture = Picture(width=SIZE)
    (request,) = request_cutout(one.iloc[0], survey, picture)
    server.files[request.source] = answer
    options = {"survey": survey, "picture": picture}
    download_kind(one, tmp_path, "ls-fits", clock=fake_clock.clock, **options)
    assert state in find_missing_files(one, tmp_path, ["ls-fits"], **options).iloc[0]
    assert not list(tmp_path.rglob("*.fits"))
    assert not (tmp_path / ".partial").exists()


def test_a_band_may_lack_where_that_is_allowed(
    server: Server, tmp_path: Path, fake_clock: FakeClock
) -> None:
    one = pd.DataFrame({"ra": [PLACE[0]], "dec": [PLACE[1]]})
    survey, picture = SurveyConfig(base_url=server.url, rate=0), Picture(SIZE, partial=True)
    (request,) = request_cutout(one.iloc[0], survey, picture)
    server.files[request.source] = cutout_bytes(noise() * [[[1]], [[1]], [[0]], [[1]]])
    options = {"survey": survey, "picture": picture, "clock": fake_clock.clock}
    assert download_kind(one, tmp_path, "ls-fits", **options).fetched == 1
    (unit,) = find_objects([tmp_path])
    with pytest.raises(MissingFrameError, match="has no i image"):
        open_object(tmp_path, unit)
    frames = open_object(tmp_path, unit, mask_missing=True)
    assert [len(frame.data) for frame in frames] == [SIZE, SIZE, 0, SIZE]
    rules = CutoutConfig(size=8, missing_band="mask", measure="off")
    place = np.array([PLACE[0]]), np.array([PLACE[1]])
    cutouts, simulated = cut_field(tmp_path, unit, *place, rules, LEGACY_SURVEYS)
    assert cutouts.mask[0].all(axis=(1, 2)).tolist() == [False, False, True, False]
    assert not simulated


def test_masked_and_saturated_pixels(tmp_path: Path) -> None:
    cube, weight = noise(), np.full((4, SIZE, SIZE), 1e4, np.float32)
    weight[1, 3, 3:7] = 0.0
    cube[1, 3, 3:7] = 0.0, 0.3, 10.0, 9.7  # not exposed, a cosmic ray, two saturated pixels
    (tmp_path / "a.fits").write_bytes(cutout_bytes(cube, weight))
    frames = open_cutout(tmp_path / "a.fits")
    assert list(frames) == list("griz")
    row = frames["r"].data[3, 2:8]
    assert np.isnan(row).tolist() == [False, True, True, False, False, False]
    assert (row >= frames["r"].saturation).tolist() == [False, False, False, True, True, False]
    assert frames["g"].saturation == np.inf
    assert np.isfinite(frames["g"].data).all()
    wcs = WCS(fits.getheader(tmp_path / "a.fits"), naxis=2)
    sky = wcs.pixel_to_world_values(4.0, 9.0)
    np.testing.assert_allclose(np.ravel(frames["r"].pixel(*np.atleast_2d(sky).T)), [4.0, 9.0])


def test_one_band_has_no_axis_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "z.fits").write_bytes(cutout_bytes(noise(1)[0], bands="z"))
    frames = open_cutout(tmp_path / "z.fits")
    np.testing.assert_array_equal(frames["z"].data, noise(1)[0])
    assert list(frames) == ["z"]


def test_files_that_are_no_cutouts(tmp_path: Path) -> None:
    fits.PrimaryHDU(np.zeros((4, 4))).writeto(tmp_path / "a.fits")
    with pytest.raises(ImageError, match=r"a\.fits is not a Legacy Surveys cutout"):
        open_cutout(tmp_path / "a.fits")
    (tmp_path / "b.fits").write_bytes(cutout_bytes(noise(2), bands="uy"))
    with pytest.raises(ImageError, match=r"b\.fits has the bands 'uy', not some of griz"):
        open_cutout(tmp_path / "b.fits")
    with pytest.raises(SurveyError, match="holds no cutout"):
        find_objects([tmp_path])
    with pytest.raises(SurveyError, match="is not a directory"):
        find_objects([tmp_path / "nowhere"])
    with pytest.raises(SurveyError, match="does not exist"):
        open_object(tmp_path / "nowhere", Unit(("1",)))
    (tmp_path / "ls-fits").mkdir()
    with pytest.raises(MissingFrameError, match="object 1 has no cutout"):
        open_object(tmp_path, Unit(("1",)))


def test_cutouts_are_checked_where_they_lie(tmp_path: Path) -> None:
    one = pd.DataFrame({"ra": [PLACE[0]], "dec": [PLACE[1]]})
    name = str(LEGACY_SURVEYS.name_unit(one.iloc[0].to_dict()))
    broken = tmp_path / make_cutout_path(name, SIZE)
    broken.parent.mkdir(parents=True)
    broken.write_bytes(cutout_bytes(noise())[:-2880])
    settings = SurveyConfig(name="legacysurveys", frames=tmp_path)
    with pytest.raises(SurveyError, match="fits is truncated"):
        acquire_frames(
            one, settings, tmp_path, tmp_path / "logs", size=16, progress=lambda *_: None
        )


@pytest.mark.parametrize(
    ("picture", "message"),
    [
        (Picture(width=513), "width must be 1 to 512 pixels, got 513"),
        (Picture(width=64, height=32), "Legacy Surveys cutouts are square"),
        (Picture(bands="grz"), "bands must be griz or left out"),
    ],
)
def test_requests_that_the_service_would_not_take(picture: Picture, message: str) -> None:
    with pytest.raises(SurveyError, match=message):
        request_cutout({"ra": 1.0, "dec": 2.0}, SurveyConfig(), picture)


def test_the_address_of_a_cutout() -> None:
    (request,) = request_cutout({"ra": 190.1086, "dec": 1.2005}, SurveyConfig(), Picture(width=100))
    assert request.url == (
        "https://www.legacysurvey.org/viewer/cutout.fits?ra=190.1086000&dec=1.2005000&size=100"
        "&layer=ls-dr10&pixscale=0.262&bands=griz&invvar"
    )


def test_the_northern_sky_has_no_i() -> None:
    dec = np.array([-70.0, 32.3, 32.4, 60.0])
    assert LEGACY_SURVEYS.covers(np.zeros(4), dec).tolist() == [True, True, False, False]
