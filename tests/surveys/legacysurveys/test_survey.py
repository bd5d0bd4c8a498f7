"""Legacy Surveys as a survey: from positions to a model and a table, and cutouts with faults."""

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
from skyclass.surveys.legacysurveys.reader import open_cutout, open_object
from skyclass.surveys.legacysurveys.requests import make_cutout_path, request_cutout
from skyclass.surveys.legacysurveys.survey import LEGACY_SURVEYS
from skyclass.surveys.survey import Unit
from support.legacy_cutouts import PLACE, cutout_bytes
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
SIZE = 24
FAULTS = ("503", "reset", "length", "truncated", "html", "limit", "empty")


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
        (
            cutout_bytes(noise(), np.zeros((4, SIZE, SIZE), np.float32)),
            "absent (no image at this position)",
        ),
        (
            cutout_bytes(noise(), np.full((4, SIZE, SIZE), np.nan, np.float32)),
            "absent (no image at this position)",
        ),
        (cutout_bytes(noise()).replace(b"150.0", b"'abc'"), "string to float: 'abc'"),
        (cutout_bytes(noise()[None]), "its image has the shape (1, 4, 24, 24)"),
        (cutout_bytes(noise(), noise(side=16)), "with an inverse variance (4, 16, 16)"),
        (cutout_bytes(noise(), bands="gggg"), "has the bands 'gggg', not some of griz"),
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


@pytest.mark.parametrize("first", [True, False])
def test_a_band_may_lack_where_that_is_allowed(server: Server, tmp_path: Path, first: bool) -> None:
    """Which bands an experiment needs is no matter of the download, which others may share."""
    both = pd.DataFrame({"ra": [PLACE[0]] * 2, "dec": [PLACE[1], PLACE[1] + 1.0]})
    settings = SurveyConfig(name="legacysurveys", base_url=server.url, rate=0)
    whole, partial = (
        request_cutout(row, settings, Picture(width=256))[0] for _, row in both.iterrows()
    )
    server.files[whole.source] = cutout_bytes(noise(side=256), np.ones((4, 256, 256), np.float32))
    weight = np.ones((4, 256, 256), np.float32)
    weight[2] = 0.0
    server.files[partial.source] = cutout_bytes(
        noise(side=256), weight, place=(PLACE[0], PLACE[1] + 1.0)
    )
    for keep in (first, not first):
        kept = acquire_frames(
            both,
            settings,
            tmp_path,
            tmp_path / "logs",
            size=16,
            keep_lacking=keep,
            progress=lambda *_: None,
        )
        assert kept.index.tolist() == ([0, 1] if keep else [0])
    assert len(server.paths) == 2
    unit = LEGACY_SURVEYS.name_unit(both.iloc[1].to_dict())
    with pytest.raises(MissingFrameError, match="has no i image"):
        open_object(tmp_path, unit)
    frames = open_object(tmp_path, unit, mask_missing=True)
    assert [len(frame.data) for frame in frames] == [256, 256, 0, 256]
    rules = CutoutConfig(size=8, missing_band="mask", measure="off")
    place = np.array([PLACE[0]]), np.array([PLACE[1] + 1.0])
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


def test_a_bright_pixel_beside_a_saturated_one_is_not_saturated(tmp_path: Path) -> None:
    cube, weight = noise(), np.full((4, SIZE, SIZE), 1e4, np.float32)
    cube[1, 3, 3:6] = 10.0, 33.0, np.nan
    weight[1, 3, 3] = np.nan
    (tmp_path / "a.fits").write_bytes(cutout_bytes(cube, weight))
    frame = open_cutout(tmp_path / "a.fits")["r"]
    assert np.argwhere(frame.data > frame.saturation).tolist() == [[3, 3]]
    assert frame.data[3, 4] == 33.0
    assert frame.data[3, 3] == np.nanmax(frame.data)
    assert np.argwhere(np.isnan(frame.data)).tolist() == [[3, 5]]


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
        LEGACY_SURVEYS.find_units([tmp_path])
    with pytest.raises(SurveyError, match="is not a directory"):
        LEGACY_SURVEYS.find_units([tmp_path / "nowhere"])
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
