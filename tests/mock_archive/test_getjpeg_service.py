"""Cutouts: right place, right way up, right colour, right flux; limits and footprint."""

import io
from pathlib import Path

import httpx2
import numpy as np
import pandas as pd
import pytest
import sep
from astropy.io import fits
from astropy.table import Table
from astropy.wcs import WCS
from numpy.typing import NDArray
from PIL import Image

from skyclass.mock_archive.server import serve_archive
from skyclass.surveys.sdss.raw_frame import read_frame

GETJPEG = "/dr17/SkyServerWS/ImgCutout/getjpeg"
FITSCUT = "/cgi-bin/fitscut.cgi"
NAMES = "/cgi-bin/ps1filenames.py"


def picture(url: str, path: str = GETJPEG, **asked: object) -> NDArray[np.uint8]:
    answer = httpx2.get(url + path, params={k: str(v) for k, v in asked.items()}, timeout=60)
    assert answer.status_code == 200, answer.text
    return np.asarray(Image.open(io.BytesIO(answer.content)))


@pytest.fixture(scope="session")
def star(objects: pd.DataFrame) -> pd.Series:
    """Give a bright star with no other nearby."""
    for _, row in objects.sort_values("psfMag_r").iterrows():
        near = (objects["ra"] - row["ra"]).abs() + (objects["dec"] - row["dec"]).abs() < 0.012
        if near.sum() == 1 and row["field"] == 100:
            return row
    raise AssertionError("every star has another nearby")


@pytest.fixture(scope="session")
def files(url: str, star: pd.Series) -> dict[str, str]:
    text = httpx2.get(url + NAMES, params={"ra": star["ra"], "dec": star["dec"]}, timeout=60).text
    table = pd.read_csv(io.StringIO(text), sep=" ")
    return dict(zip(table["filter"], table["filename"], strict=True))


@pytest.mark.parametrize(("east", "north"), [(0, 0), (20, 0), (0, 20), (-15, -10)])
def test_north_is_up_and_east_is_left(url: str, star: pd.Series, east: int, north: int) -> None:
    ra = star["ra"] + east / 3600 / np.cos(np.radians(star["dec"]))
    dec = star["dec"] + north / 3600
    shown = picture(url, ra=ra, dec=dec, scale=0.5, width=200, height=160)
    assert shown.shape == (160, 200, 3)
    # the centre lies north and east of the star: the star is below and to the right of it
    x0, y0 = round(99.5 + east / 0.5), round(79.5 + north / 0.5)
    light = shown[y0 - 8 : y0 + 9, x0 - 8 : x0 + 9].sum(axis=2, dtype=float)
    assert light.mean() > 10 * shown.sum(axis=2, dtype=float).mean()
    y, x = np.mgrid[-8:9, -8:9]
    offset = ((light * x).sum() / light.sum(), (light * y).sum() / light.sum())
    assert offset == pytest.approx((0, 0), abs=1)


def test_hot_stars_are_blue_and_cool_ones_red(url: str, objects: pd.DataFrame) -> None:
    bright = objects[objects["psfMag_r"].between(15, 18.5)]

    def redness(letter: str) -> float:
        chosen = bright[bright["subclass"].str.startswith(letter)].head(3)
        cuts = [
            picture(url, ra=row.ra, dec=row.dec, scale=0.4, width=64, height=64)[27:37, 27:37]
            for row in chosen.itertuples()
        ]
        mean = np.mean(cuts, axis=(0, 1, 2))
        return float(mean[0] / mean[2])

    assert redness("B") < redness("G") < redness("M")


def test_an_inverted_picture(url: str, star: pd.Series) -> None:
    asked = {"ra": star["ra"], "dec": star["dec"], "width": 64, "height": 64}
    total = picture(url, **asked).astype(int) + picture(url, **asked, opt="GI")
    assert np.abs(total - 255).mean() < 5


def test_a_coarse_picture_shows_the_mean(url: str, star: pd.Series) -> None:
    place = {"ra": star["ra"], "dec": star["dec"]}
    fine = picture(url, **place, scale=0.396, width=256, height=256).astype(float)
    coarse = picture(url, **place, scale=1.584, width=64, height=64).astype(float)
    means = fine.reshape(64, 4, 64, 4, 3).mean(axis=(1, 3))
    assert np.corrcoef(means.ravel(), coarse.ravel())[0, 1] > 0.8


def test_outside_the_footprint_is_404_with_a_picture(url: str) -> None:
    answer = httpx2.get(url + GETJPEG, params={"ra": 10, "dec": 80})
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "image/jpeg"
    assert Image.open(io.BytesIO(answer.content)).size == (128, 128)


@pytest.mark.parametrize(
    "asked",
    [
        {"width": 63},
        {"height": 2049},
        {"scale": 0.01},
        {"scale": 61},
        {"ra": 361},
        {"dec": -91},
        {"ra": "nan"},
        {"ra": "far"},
        {"width": "1e300"},
        {"dec": ""},
    ],
    ids=str,
)
def test_what_the_service_does_not_take(url: str, asked: dict[str, object]) -> None:
    answer = httpx2.get(url + GETJPEG, params={"ra": 137.0, "dec": -0.7, **asked})
    assert answer.status_code == 400
    assert answer.json()["ErrorType"] == "BadRequest"


def test_colours_are_those_of_the_archives_own_picture(real_data: Path) -> None:
    own = np.asarray(Image.open(real_data / "sdss/jpeg/frame-irg-004510-4-0030.jpg"))[::-1]
    frame = real_data / "sdss/frames/301/4510/4/frame-r-004510-4-0030.fits.bz2"
    stars = Table.read(real_data / "sdss/calibObj-004510-4-star.fits.gz")
    x, y = WCS(read_frame(frame).header).all_world2pix(stars["RA"], stars["DEC"], 0)
    flux = np.asarray(stars["PSFFLUX"])[:, 2]
    inside = (x > 40) & (x < 2000) & (y > 40) & (y < 1440) & (flux > 10) & (flux < 400)
    chosen = np.flatnonzero(inside)[:25]
    assert len(chosen) > 15
    with serve_archive(real_data / "sdss/frames") as url:
        ours = [
            picture(url, ra=stars["RA"][i], dec=stars["DEC"][i], scale=0.396, width=64, height=64)
            for i in chosen
        ]
    for channel in range(3):
        a = [cut[29:35, 29:35, channel].mean() for cut in ours]
        b = [
            own[
                round(y[i]) - 3 : round(y[i]) + 4, round(x[i]) - 3 : round(x[i]) + 4, channel
            ].mean()
            for i in chosen
        ]
        assert np.corrcoef(a, b)[0, 1] > 0.9
        assert np.mean(a) == pytest.approx(np.mean(b), rel=0.25)


def test_file_names_of_all_bands_or_none(url: str, files: dict[str, str]) -> None:
    assert set(files) == set("grizy")
    outside = httpx2.get(url + NAMES, params={"ra": 10, "dec": 80})
    assert outside.status_code == 200
    assert len(outside.text.splitlines()) == 1


@pytest.mark.parametrize("band", "grizy")
def test_a_fits_cutout_keeps_place_and_flux(
    url: str, small_survey: Path, star: pd.Series, files: dict[str, str], band: str
) -> None:
    asked = {"ra": star["ra"], "dec": star["dec"], "size": 160, "format": "fits"}
    answer = httpx2.get(url + FITSCUT, params={**asked, "red": files[band]}, timeout=60)
    header = fits.Header.fromstring(answer.content)
    data = fits.getdata(io.BytesIO(answer.content)).astype(np.float64)
    assert data.shape == (160, 160)
    assert header["FPA.FILTERID"] == f"{band}.00000"
    assert ("SDSS has no y" in str(header["HISTORY"])) == (band == "y")
    x, y = WCS(header).all_world2pix(star["ra"], star["dec"], 0)
    assert (x, y) == pytest.approx((79.5, 79.5), abs=1e-3)
    found, _, _ = sep.sum_circle(data, [x], [y], 6 / 0.25)
    shown = "z" if band == "y" else band
    frame = read_frame(small_survey / f"frames/301/9001/1/frame-{shown}-009001-1-0100.fits.bz2")
    fx, fy = WCS(frame.header).all_world2pix(star["ra"], star["dec"], 0)
    expected, _, _ = sep.sum_circle(frame.data.astype(np.float64), [fx], [fy], 6 / 0.396)
    assert found[0] == pytest.approx(expected[0], rel=0.02)


@pytest.mark.parametrize(("form", "kind"), [("jpg", "JPEG"), ("png", "PNG")])
def test_grey_and_colour_cutouts(
    url: str, star: pd.Series, files: dict[str, str], form: str, kind: str
) -> None:
    asked = {"ra": star["ra"], "dec": star["dec"], "size": 100, "format": form}
    colours = {"red": files["i"], "green": files["r"], "blue": files["g"]}
    for chosen in ({"red": files["r"]}, colours):
        answer = httpx2.get(url + FITSCUT, params={**asked, **chosen}, timeout=60)
        shown = Image.open(io.BytesIO(answer.content))
        assert (shown.format, shown.size) == (kind, (100, 100))
        assert np.asarray(shown)[45:55, 45:55].mean() > 3 * np.asarray(shown).mean()


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"red": "/etc/passwd"},
        {"red": "/rings.v3.skycell/0001/001/../../../etc/passwd"},
        {"format": "bmp"},
        {"size": 0},
        {"size": 4001},
    ],
    ids=str,
)
def test_what_fitscut_does_not_take(
    url: str, files: dict[str, str], asked: dict[str, object]
) -> None:
    default = {} if not asked else {"red": files["r"]}
    answer = httpx2.get(url + FITSCUT, params={"ra": 137.0, "dec": -0.7, **default, **asked})
    assert answer.status_code == 400


def test_a_broken_frame_is_not_shown(small_survey: Path, star: pd.Series, tmp_path: Path) -> None:
    for band in "irg":
        name = f"frame-{band}-009001-1-0100.fits.bz2"
        whole = (small_survey / "frames/301/9001/1" / name).read_bytes()
        (tmp_path / name).write_bytes(whole[: len(whole) // 3])
    with serve_archive(tmp_path) as url:
        asked = {"ra": star["ra"], "dec": star["dec"]}
        assert httpx2.get(url + GETJPEG, params=asked, timeout=60).status_code == 404
