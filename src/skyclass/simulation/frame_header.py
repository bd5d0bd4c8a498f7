"""Make the primary header of a frame: every card that the real frames have, in their order."""

from dataclasses import dataclass
from typing import Final

from astropy.io import fits
from astropy.time import Time

from skyclass._version import __version__
from skyclass.frames.simulated import SIMULATED
from skyclass.simulation.camera import Camera
from skyclass.simulation.strip import NODE, RERUN, Strip
from skyclass.surveys.sdss.layout import BANDS, FRAME_LESS_FIELD, FRAME_SHAPE, ROWS_PER_FIELD

__all__ = ["ReadoutTime", "compute_readout_time", "make_primary_header"]

_CAMROW: Final = {"r": 1, "i": 2, "u": 3, "z": 4, "g": 5}
"""Rows of the camera, in the order in which a star crosses them (Gunn et al. 1998, AJ 116,
3040)."""


_ROW_SECONDS: Final = 26322e-6
"""Clock rate of the rows (C_OBS)."""

_FIRST_MJD: Final = 53_000.3
_NIGHT: Final = 7
_DAY_SECONDS: Final = 86_400.0
_CALIBRATION_ERROR: Final = 0.014
"""Relative error of the calibration that the real NMGYIVAR imply."""


@dataclass(frozen=True)
class ReadoutTime:
    """Time at which the readout of a frame began."""

    tai: float
    """Seconds since 17 November 1858, 0 h TAI, at the first row."""
    mjd: float
    """Modified Julian date (TAI)."""


def compute_readout_time(strip: Strip, index: int, band: int) -> ReadoutTime:
    """Compute when a frame was read out.

    A field is read every 35.8 s, a band two fields after the one before.

    Parameters
    ----------
    strip, index
        The field.
    band
        Index in `skyclass.surveys.sdss.layout.BANDS`.

    Returns
    -------
    ReadoutTime
        That of the first row.
    """
    fields = index + FRAME_LESS_FIELD[BANDS[band]]
    start = (_FIRST_MJD + _NIGHT * (strip.run % 1000)) * _DAY_SECONDS
    tai = start + fields * ROWS_PER_FIELD * _ROW_SECONDS
    return ReadoutTime(tai, tai / _DAY_SECONDS)


def make_primary_header(strip: Strip, index: int, camera: Camera, sky: str) -> fits.Header:
    """Make the primary header of a frame.

    Parameters
    ----------
    strip, index
        The field.
    camera
        The band.
    sky
        Name of the sky's level.

    Returns
    -------
    astropy.io.fits.Header
        Cards as in the real frames; the last ones say that the data are simulated.
    """
    cards = [
        *_make_image_cards(),
        *_make_telescope_cards(strip, index, camera.band),
        *_make_run_cards(strip, index, camera.band),
        *_make_ccd_cards(strip, camera.band),
        *_make_wcs_cards(strip, index, camera.band),
        *_make_calibration_cards(camera, sky),
    ]
    header = fits.Header()
    for card in cards:
        header.append(card, end=True)
    return header


_Card = tuple[str, str | float | bool] | tuple[str, str | float | bool, str]


def _make_image_cards() -> list[_Card]:
    """List the cards of the image's shape."""
    return [
        ("SIMPLE", True),
        ("BITPIX", -32, "32 bit floating point"),
        ("NAXIS", 2),
        ("NAXIS1", FRAME_SHAPE[1]),
        ("NAXIS2", FRAME_SHAPE[0]),
        ("EXTEND", True, "Extensions may be present"),
        ("BZERO", 0.0),
        ("BSCALE", 1.0),
    ]


def _make_telescope_cards(strip: Strip, index: int, band: int) -> list[_Card]:
    """List the cards of the telescope's pointing when the first row was read."""
    when = compute_readout_time(strip, index, band)
    day, hours = Time(when.mjd, format="mjd", scale="tai", precision=2).iso.split()
    wcs = strip.make_wcs_cards(index, band)
    return [
        ("TAI", round(when.tai, 2), "1st row - seconds since Nov 17 1858"),
        ("RA", round(wcs["CRVAL1"], 5), "1st row - boresight RA (deg)"),
        ("DEC", round(wcs["CRVAL2"], 6), "1st row - boresight Dec (deg)"),
        ("SPA", 90.0, "1st row - camera col position angle (deg)"),
        ("IPA", 180.0, "1st row - rotator position angle (deg)"),
        ("IPARATE", 0.0, "1st row - rotator velocity (deg/sec)"),
        ("AZ", 180.0, "1st row - azimuth (deg)"),
        ("ALT", 60.0, "1st row - altitude (deg)"),
        ("FOCUS", 0.0, "1st row - focus piston (microns)"),
        ("DATE-OBS", day, "1st row - TAI date"),
        ("TAIHMS", hours, "1st row - TAI time (HH:MM:SS.SS)"),
        ("COMMENT", "TAI,RA,DEC,SPA,IPA,IPARATE,AZ,ALT,FOCUS at reading of col 0, row 0"),
        ("ORIGIN", "SDSS"),
        ("TELESCOP", "2.5m"),
        ("TIMESYS", "TAI"),
    ]


def _make_run_cards(strip: Strip, index: int, band: int) -> list[_Card]:
    """List the cards of the imaging run."""
    name = BANDS[band]
    return [
        ("RUN", strip.run, "Run number"),
        (
            "FRAME",
            strip.make_key(index).field + FRAME_LESS_FIELD[name],
            "Frame sequence number within the run",
        ),
        ("CCDLOC", 10 * _CAMROW[name] + strip.camcol, "Survey location of CCD (rowCol)"),
        ("STRIPE", strip.stripe, "Stripe index number (23 <--> eta=0)"),
        ("STRIP", "N", "Strip in the stripe being tracked."),
        ("FLAVOR", "science", "Flavor of this run"),
        ("OBSERVER", "skyclass", "Observer"),
        ("SYS_SCN", "mean", "System of the scan great circle"),
        ("EQNX_SCN", 2000.0, "Equinox of the scan great circle (years)"),
        ("NODE", NODE, "RA of the great circle's node (deg)"),
        ("INCL", round(strip.inclination, 6), "Great circle's inclination (deg)"),
        ("XBORE", 0.0, "Boresight x offset from the array center (mm)"),
        ("YBORE", 0.0, "Boresight y offset from the array center (mm)"),
        ("OBJECT", f"{strip.stripe} N", "stripe and strip"),
        ("EXPTIME", "53.907456", "Exposure time (seconds)"),
        ("SYSTEM", "FK5", "System of the TCC coordinates"),
        ("CCDMODE", "DRIFT", "'STARING' or 'DRIFT'"),
        ("C_OBS", round(_ROW_SECONDS * 1e6), "CCD row clock rate (usec/row)"),
        ("COLBIN", 1, "Binning factor perpendicular to the columns"),
        ("ROWBIN", 1, "Binning factor perpendicular to the rows"),
        ("DAVERS", f"skyclass {__version__}", "Version of DA software"),
    ]


def _make_ccd_cards(strip: Strip, band: int) -> list[_Card]:
    """List the cards of the detector."""
    return [
        ("COMMENT", "CCD-specific parameters"),
        ("CAMROW", _CAMROW[BANDS[band]], "Row in the imaging camera"),
        ("BADLINES", 0, "Number of bad lines in frame"),
        ("EQUINOX", 2000.0),
        ("SOFTBIAS", 1000, 'software "bias" added to all DN'),
        ("BUNIT", "nanomaggy", "1 nanomaggy = 3.631e-6 Jy"),
        ("FILTER", BANDS[band], "filter used"),
        ("CAMCOL", strip.camcol, "column in the imaging camera"),
        ("VERSION", f"skyclass {__version__}"),
    ]


def _make_wcs_cards(strip: Strip, index: int, band: int) -> list[_Card]:
    """List the cards of the WCS."""
    wcs = strip.make_wcs_cards(index, band)
    return [
        ("RADECSYS", "ICRS", "International Celestial Ref. System"),
        ("CTYPE1", "RA---TAN", "Coordinate type"),
        ("CTYPE2", "DEC--TAN", "Coordinate type"),
        ("CUNIT1", "deg", "Units"),
        ("CUNIT2", "deg", "Units"),
        ("CRPIX1", 1025.0, "X of reference pixel"),
        ("CRPIX2", 745.0, "Y of reference pixel"),
        ("CRVAL1", wcs["CRVAL1"], "RA of reference pixel (deg)"),
        ("CRVAL2", wcs["CRVAL2"], "Dec of reference pixel (deg)"),
        ("CD1_1", wcs["CD1_1"], "RA deg per column pixel"),
        ("CD1_2", wcs["CD1_2"], "RA deg per row pixel"),
        ("CD2_1", wcs["CD2_1"], "Dec deg per column pixel"),
        ("CD2_2", wcs["CD2_2"], "Dec deg per row pixel"),
    ]


def _make_calibration_cards(camera: Camera, sky: str) -> list[_Card]:
    """List the cards of the calibration, and the note that the frame is simulated.

    NMGYIVAR belongs to NMGY, not to pixels. In the real headers it is about 5000 NMGY**2 (0.05 to
    12), the square of NMGY over a relative error of 1.4 %, and it is the same here.
    """
    factor = camera.nanomaggies_per_count
    return [
        ("COMMENT", "Calibration parameters"),
        ("COMMENT", "Floats truncated at 10 binary digits with FLOATCOMPRESS"),
        ("NMGY", round(factor, 8), "Calibration factor [nMgy per count]"),
        (
            "NMGYIVAR",
            round((factor / _CALIBRATION_ERROR) ** 2, 6),
            "Calibration factor inverse variance",
        ),
        ("RERUN", str(RERUN), "rerun"),
        ("HISTORY", f"{SIMULATED} {__version__} with GalSim: not an observation."),
        ("HISTORY", f"Level of the simulated sky: {sky}."),
    ]
