"""Reading frames: the three ways they are stored, and what is wrong with broken ones."""

import bz2
import gzip
import io
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from skyclass.errors import ImageError, SkyclassError, SurveyError
from skyclass.images import open_field
from skyclass.survey import Field, find_fields, frame_path, read_frame

FIELD = Field(301, 94, 3, 12)


def frame(band: str = "r", wcs: bool = True) -> bytes:
    data = np.arange(600, dtype=np.float32).reshape(20, 30)
    hdu = fits.PrimaryHDU(data)
    hdu.header.update({"FILTER": band, "RUN": 94, "CAMCOL": 3})
    if wcs:
        hdu.header.update(
            {
                "CTYPE1": "RA---TAN",
                "CTYPE2": "DEC--TAN",
                "CRVAL1": 10.0,
                "CRVAL2": 2.0,
                "CRPIX1": 15.0,
                "CRPIX2": 10.0,
                "CD1_1": 1e-4,
                "CD2_2": 1e-4,
            }
        )
    buffer = io.BytesIO()
    hdu.writeto(buffer)
    return buffer.getvalue()


def write_field(root: Path, change=None) -> None:
    for band in "ugriz":
        path = root / frame_path(FIELD, band)
        path.parent.mkdir(parents=True, exist_ok=True)
        content = bz2.compress(frame(band))
        path.write_bytes(change(band, content) if change else content)


@pytest.mark.parametrize(
    ("ending", "pack"), [(".fits", bytes), (".fits.gz", gzip.compress), (".fits.bz2", bz2.compress)]
)
def test_three_ways_of_storing(tmp_path: Path, ending: str, pack) -> None:
    path = tmp_path / f"frame-r-000094-3-0012{ending}"
    path.write_bytes(pack(frame()))
    np.testing.assert_array_equal(read_frame(path).data, np.arange(600).reshape(20, 30))


def test_finds_fields_in_the_archive_layout(tmp_path: Path) -> None:
    write_field(tmp_path)
    assert list(find_fields([tmp_path])) == [FIELD]
    assert [f.band for f in open_field(tmp_path, FIELD)] == list("ugriz")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda b, c: c[: len(c) // 2] if b == "g" else c, "cut short"),
        (lambda b, c: b"<html>sorry</html>" if b == "g" else c, "HTML page"),
        (lambda b, c: bz2.compress(frame("g", wcs=False)) if b == "g" else c, "no celestial WCS"),
        (lambda b, c: bz2.compress(frame("z")) if b == "g" else c, "FILTER g"),
        (lambda b, c: b"" if b == "g" else c, "not a FITS file"),
    ],
)
def test_broken_files(tmp_path: Path, change, message: str) -> None:
    write_field(tmp_path, change)
    with pytest.raises((SurveyError, ImageError), match=message):
        open_field(tmp_path, FIELD)


def test_missing_band(tmp_path: Path) -> None:
    write_field(tmp_path)
    (tmp_path / frame_path(FIELD, "z")).unlink()
    with pytest.raises(SurveyError, match="has no z frame"):
        open_field(tmp_path, FIELD)


def test_a_bomb_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "frame-r-000094-3-0012.fits.bz2"
    path.write_bytes(bz2.compress(b"SIMPLE  =" + bytes(70 * 2**20)))
    with pytest.raises(SkyclassError, match="more than"):
        read_frame(path)
