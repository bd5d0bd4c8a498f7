"""Cutouts of Legacy Surveys: drawn or of frames, with weights, limits, and nothing outside."""

import io
from collections.abc import Iterator
from pathlib import Path

import httpx2
import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from astropy.wcs import WCS

from skyclass.mock_archive.server import serve_archive

PATH = "/viewer/cutout.fits"


def ask(url: str, path: str = PATH, **asked: object) -> httpx2.Response:
    query = {"layer": "ls-dr10", "pixscale": 0.262, **asked}
    return httpx2.get(url + path, params={k: str(v) for k, v in query.items()}, timeout=60)


def cutout(url: str, path: str = PATH, **asked: object) -> fits.HDUList:
    answer = ask(url, path, **asked)
    assert answer.status_code == 200, answer.text
    return fits.open(io.BytesIO(answer.content))


@pytest.fixture(scope="module")
def frames_url(plain_survey: Path) -> Iterator[str]:
    """Serve the same frames as if they were not simulated: nothing describes their sky."""
    with serve_archive(plain_survey, queries=False) as address:
        yield address


@pytest.fixture(scope="module")
def star(objects: pd.DataFrame) -> pd.Series:
    bright = objects[(objects["psfMag_r"] > 16.5) & (objects["psfMag_r"] < 18.5)]
    for _, row in bright.iterrows():
        near = (objects["ra"] - row["ra"]).abs() + (objects["dec"] - row["dec"]).abs() < 0.006
        if near.sum() == 1:
            return row
    raise AssertionError("every star has another nearby")


@pytest.mark.parametrize("drawn", [True, False])
def test_the_star_lies_in_the_middle(
    url: str, frames_url: str, star: pd.Series, drawn: bool
) -> None:
    place = {"ra": star["ra"], "dec": star["dec"], "size": 61}
    units = cutout(url if drawn else frames_url, **place, bands="griz", invvar="")
    header = units[0].header
    assert [header[f"BAND{n}"] for n in range(4)] == list("griz")
    assert (header["BANDS"], units[1].header["IMAGETYP"]) == ("griz", "INVVAR")
    assert any("Simulated by skyclass" in line for line in header["HISTORY"])
    at = WCS(header, naxis=2).world_to_pixel_values(star["ra"], star["dec"])
    np.testing.assert_allclose(at, 30.0, atol=1e-6)
    image, weight = units[0].data[1], units[1].data[1]
    y, x = np.mgrid[-30:31, -30:31]
    sky = np.median(image[np.hypot(x, y) > 22])
    light = float((image - sky)[np.hypot(x, y) < 15].sum())
    # drawn as DECam sees it: r differs by the colour term of DES DR2
    shift = -0.155 * (star["psfMag_r"] - star["psfMag_i"]) - 0.007 if drawn else 0.0
    assert 22.5 - 2.5 * np.log10(light) == pytest.approx(star["psfMag_r"] + shift, abs=0.1)
    assert np.unravel_index(image.argmax(), image.shape) == (30, 30)
    empty = image[np.hypot(x, y) > 22]
    spread = 1.48 * np.median(np.abs(empty - np.median(empty)))
    assert np.median(weight) ** -0.5 == pytest.approx(spread, rel=0.3)


def test_what_the_service_does_not_refuse(url: str, star: pd.Series) -> None:
    place = {"ra": star["ra"], "dec": star["dec"]}
    assert cutout(url, **place, bands="z", size=16)[0].data.shape == (16, 16)
    assert cutout(url, **place, bands="gx", size=16)[0].data.shape == (4, 16, 16)
    assert len(cutout(url, "/viewer/fits-cutout", **place, size=16)) == 1
    large = cutout(url, **place, bands="g", size=600)
    assert large[0].data.shape == (512, 512)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"layer": "ls-dr9"}, "layer must be ls-dr10"),
        ({"pixscale": 0.5}, "pixscale must be 0.262"),
        ({"ra": "x"}, "ra"),
        ({"dec": 91}, "dec must be in"),
        ({"size": 0}, "size must be at least 1"),
    ],
)
def test_refusals(url: str, asked: dict[str, object], message: str) -> None:
    answer = ask(url, **{"ra": 1.0, "dec": 2.0, **asked})
    assert answer.status_code == 400
    assert message in answer.text


def test_outside_the_survey_there_is_nothing(url: str, frames_url: str) -> None:
    for address in (url, frames_url):
        units = cutout(address, ra=10.0, dec=-60.0, size=16, invvar="")
        assert not units[0].data.any()
        assert not units[1].data.any()
