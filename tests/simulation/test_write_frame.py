"""Frames as astropy and the project's own reader see them."""

import bz2
import warnings
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS, FITSFixedWarning

from simulation.conftest import Simulated
from skyclass.surveys.sdss.layout import BANDS, Field, find_fields
from skyclass.surveys.sdss.raw_frame import read_frame

# what differs between any two frames, or says which software made it
REAL = "sdss/frames/301/3918/3/frame-{}-003918-3-0213.fits.bz2"
PROCESSING = {
    *("SCDMETHD", "SCDWIDTH", "SCDDECMF", "SCDOFSET", "SCDDYNTH", "SCDSTTHL", "SCDSTTHR"),
    *("SCDREDSZ", "SCDSKYL", "SCDSKYR", "DERV_VER", "ASTR_VER", "ASTRO_ID", "BIAS_ID"),
    *("FRAME_ID", "KO_VER", "PS_ID", "ATVSN", "VERSIDL", "VERSUTIL", "VERSPOP", "PCALIB", "PSKY"),
}


def noise(image: np.ndarray) -> float:
    return 1.4826 * float(np.median(np.abs(image - np.median(image))))


def wcs(header: fits.Header) -> WCS:
    with warnings.catch_warnings():
        # the real headers have the old name RADECSYS too
        warnings.simplefilter("ignore", FITSFixedWarning)
        return WCS(header)


@pytest.mark.parametrize("band", BANDS)
def test_hdus_are_those_of_a_real_frame(survey: Simulated, data: Path, band: str) -> None:
    ours = survey.hdus(band, 0)
    with fits.open(data / REAL.format(band)) as real:
        ours.verify("exception")
        assert [type(hdu) for hdu in ours] == [type(hdu) for hdu in real]
        for mine, theirs in zip(ours[:2], real[:2], strict=True):
            assert mine.data.dtype == theirs.data.dtype
            assert mine.data.shape == theirs.data.shape
        for i in (2, 3):
            assert ours[i].columns.names == real[i].columns.names
            assert ours[i].columns.formats == real[i].columns.formats
            assert ours[i].data["XINTERP" if i == 2 else "RERUN"].shape == (
                real[i].data["XINTERP" if i == 2 else "RERUN"].shape
            )
        assert ours[2].data["ALLSKY"].shape == real[2].data["ALLSKY"].shape


@pytest.mark.parametrize("band", BANDS)
def test_header_has_the_cards_of_a_real_frame(survey: Simulated, data: Path, band: str) -> None:
    ours, real = survey.header(band, 0), fits.getheader(data / REAL.format(band))
    missing = {k for k in real if k not in ours and k not in {"COMMENT", "HISTORY"}}
    assert missing <= PROCESSING
    assert "FIELD" not in ours
    for key in set(real) - PROCESSING - {"COMMENT", "HISTORY", "RA", "SPA"}:
        same_kind = isinstance(ours[key], type(real[key]))
        assert same_kind or isinstance(real[key], int | float), key
    for key in ("CAMROW", "FILTER", "EXPTIME", "BUNIT", "RERUN", "CRPIX1", "CRPIX2", "ORIGIN"):
        assert ours[key] == real[key]
    assert "Simulated by skyclass" in str(ours["HISTORY"])


def test_keys_tell_the_field(survey: Simulated) -> None:
    later = {"r": 0, "i": 2, "u": 4, "z": 6, "g": 8}
    for band in BANDS:
        header = survey.header(band, 1)
        assert (header["RUN"], header["CAMCOL"], header["FILTER"]) == (9001, 1, band)
        assert header["FRAME"] == 101 + later[band]
        assert header["EXPTIME"] == "53.907456"
        table = survey.hdus(band, 1)[3].data
        assert [table[c][0] for c in ("RUN", "CAMCOL", "FIELD", "FILTER")] == [9001, 1, 101, band]


def test_calibration_and_its_error(survey: Simulated) -> None:
    for band in BANDS:
        header, vector = survey.header(band, 0), survey.hdus(band, 0)[1].data
        assert header["NMGY"] == pytest.approx(vector.mean(), rel=1e-4)
        assert 0.05 < header["NMGYIVAR"] < 13


def test_counts_are_whole_numbers(survey: Simulated) -> None:
    """HDUs 1 and 2 take the calibration and the sky off again, as the data model page says."""
    hdus = survey.hdus("r", 0)
    image, calibration, sky = hdus[0].data, hdus[1].data, hdus[2].data[0]
    x = np.clip(sky["XINTERP"], 0, 255)
    y = np.clip(sky["YINTERP"], 0, 191)
    column = np.array([np.interp(x, np.arange(256), row) for row in sky["ALLSKY"]])
    full = np.array([np.interp(y, np.arange(192), c) for c in column.T]).T
    counts = image / calibration + full
    faint = np.abs(image) < 0.1
    assert np.abs(counts - np.rint(counts))[faint].mean() < 0.05


def test_own_reader_reads_them(survey: Simulated) -> None:
    fields = find_fields([survey.out / "frames"])
    assert list(fields) == [Field(301, 9001, 1, 100), Field(301, 9001, 1, 101)]
    frame = read_frame(survey.path("g", 0))
    assert np.array_equal(frame.data, survey.image("g", 0))


@pytest.mark.parametrize("band", BANDS)
def test_mantissas_are_short_and_compress(survey: Simulated, band: str) -> None:
    content = survey.path(band, 0).read_bytes()
    raw = bz2.decompress(content)
    assert 2.6 < len(raw) / len(content) < 4.6
    bits = survey.image(band, 0).view(np.uint32)
    assert not (bits & np.uint32(0x3FFF)).any()


@pytest.mark.parametrize("band", BANDS)
def test_noise_is_that_of_the_real_frames(survey: Simulated, data: Path, band: str) -> None:
    places = ("4510/4/frame-{}-004510-4-0030", "3918/3/frame-{}-003918-3-0213")
    places += ("1992/1/frame-{}-001992-1-0087",)
    paths = [data / "sdss/frames/301" / f"{p.format(band)}.fits.bz2" for p in places]
    real = [noise(fits.getdata(path)) for path in paths]
    assert 0.95 * min(real) < noise(survey.image(band, 0)) < 1.05 * max(real)


@pytest.mark.parametrize("band", BANDS)
def test_overlap_is_the_same(survey: Simulated, band: str) -> None:
    assert np.array_equal(survey.image(band, 0)[1361:], survey.image(band, 1)[:128])


@pytest.mark.parametrize("band", BANDS)
def test_wcs_of_neighbours_agree(survey: Simulated, band: str) -> None:
    first, second = (wcs(survey.header(band, i)) for i in (0, 1))
    x, y = np.meshgrid(np.linspace(0, 2047, 9), np.linspace(1361, 1488, 5))
    again = second.all_world2pix(*first.all_pix2world(x, y, 0), 0)
    assert np.abs(again[0] - x).max() < 0.02
    assert np.abs(again[1] - (y - 1361)).max() < 0.02


def test_bands_are_offset(survey: Simulated) -> None:
    reference = wcs(survey.header("r", 0))
    x, y = np.meshgrid(np.linspace(0, 2047, 5), np.linspace(0, 1488, 5))
    for band in "ugiz":
        there = wcs(survey.header(band, 0)).all_world2pix(*reference.all_pix2world(x, y, 0), 0)
        shift = np.hypot(there[0] - x, there[1] - y)
        assert 1.0 < shift.max() <= 12.5
        change = np.hypot(np.ptp(there[0] - x), np.ptp(there[1] - y))
        assert change == pytest.approx(1.4, abs=0.05)


def test_pixel_scale_and_rotation(survey: Simulated) -> None:
    cd = wcs(survey.header("r", 0)).wcs.cd * 3600
    assert np.hypot(*cd.T) == pytest.approx([0.396, 0.396], rel=1e-4)
    # rows run eastwards, as in the real scans
    assert cd[0, 1] > 0.3
    assert cd[1, 0] > 0.3
    assert np.linalg.det(cd) < 0


def test_bright_stars_saturate(survey: Simulated) -> None:
    plateaus = 0
    for field in (0, 1):
        image = survey.image("r", field)
        vector = survey.hdus("r", field)[1].data
        plateaus += int((image / vector > 50_000).sum())
    assert plateaus > 5
