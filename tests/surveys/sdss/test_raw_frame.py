"""Reading frames: the three ways they are stored, and what is wrong with broken ones."""

import bz2
import gzip
import io
import shutil
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from skyclass.errors import ImageError, SkyclassError, SurveyError
from skyclass.surveys.sdss.layout import FRAME_SHAPE, Field, find_fields, make_frame_path
from skyclass.surveys.sdss.raw_frame import read_frame
from skyclass.surveys.sdss.reader import open_field

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
        path = root / make_frame_path(FIELD, band)
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
    (tmp_path / make_frame_path(FIELD, "z")).unlink()
    with pytest.raises(SurveyError, match="has no z frame"):
        open_field(tmp_path, FIELD)


@pytest.mark.parametrize(
    ("start", "message"),
    [
        (b"SIMPLE  =", "without an END card"),
        (
            b"".join(
                card.ljust(80)
                for card in (
                    b"SIMPLE  =                    T",
                    b"BITPIX  =                  -32",
                    b"NAXIS   =                    2",
                    b"NAXIS1  =               100000",
                    b"NAXIS2  =               100000",
                    b"END",
                )
            ).ljust(2880),
            "100000 x 100000 pixels, which no frame has",
        ),
    ],
)
def test_a_bomb_is_refused(tmp_path: Path, start: bytes, message: str) -> None:
    path = tmp_path / "frame-r-000094-3-0012.fits.bz2"
    path.write_bytes(bz2.compress(start + bytes(70 * 2**20)))
    with pytest.raises(SkyclassError, match=message):
        read_frame(path)


@pytest.mark.parametrize("program", [True, False])
def test_as_many_rows_as_asked_for(tmp_path: Path, monkeypatch, program: bool) -> None:
    if program and shutil.which("lbzip2") is None:
        pytest.skip("lbzip2 is not installed")
    if not program:
        monkeypatch.setattr("shutil.which", lambda _name: None)
    path = tmp_path / "frame-r-000094-3-0012.fits.bz2"
    image = np.random.default_rng(1).normal(size=FRAME_SHAPE).astype(">f4")
    content = fits.PrimaryHDU(image)
    buffer = io.BytesIO()
    content.writeto(buffer)
    packed = bz2.compress(buffer.getvalue())
    # the last blocks are lost, which nobody who needs the first rows can tell
    path.write_bytes(packed[: len(packed) // 2])
    found = read_frame(path, lambda header: header["NAXIS2"] // 4).data
    np.testing.assert_array_equal(found, image[: FRAME_SHAPE[0] // 4])
    with pytest.raises(SurveyError, match="cut short or broken"):
        read_frame(path)
