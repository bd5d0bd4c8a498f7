"""Read cutouts of Legacy Surveys stacks, an object's bands as its frames."""

from pathlib import Path
from typing import Final

from skyclass.errors import ImageError, MissingFrameError, SurveyError
from skyclass.files import AnyPath
from skyclass.frames.frame import Frame, open_bands, read_wcs
from skyclass.surveys.legacysurveys.cutout_pixels import BANDS, decode_cutout
from skyclass.surveys.legacysurveys.requests import FOLDER, make_cutout_path
from skyclass.surveys.object_cutouts import find_cutout, read_image
from skyclass.surveys.survey import RowsNeeded, Unit

__all__ = ["GAIN", "open_cutout", "open_object"]

GAIN: Final = {"g": 7300.0, "r": 7150.0, "i": 8250.0, "z": 7850.0}
"""Electrons of one nanomaggy in a usual stack: electrons a second of DECam at magnitude 0 (26.610,
26.818, 26.484 in g, r, z: https://github.com/legacysurvey/obsbot, decam.py) in 166, 134 and 200 s
(https://www.legacysurvey.org/decamls/). That of i is an assumption, as neither page has the band:
the mean of r and z, in two exposures of 90 s."""


def open_object(
    root: AnyPath, unit: Unit, _rows: RowsNeeded | None = None, *, mask_missing: bool = False
) -> tuple[Frame, ...]:
    """Read the cutout of one object.

    Parameters
    ----------
    root
        Directory of a download.
    unit
        Name of the object.
    mask_missing
        Whether a band without an image becomes a frame without pixels, where others have some.

    Returns
    -------
    tuple of Frame
        In the order g r i z; whole, as files so small are not read in part.

    Raises
    ------
    MissingFrameError
        Where the cutout is missing, or has no image in a band.
    ImageError
        Where it cannot be read.
    """
    path = find_cutout(Path(root), unit, FOLDER, make_cutout_path)
    frames = open_cutout(path)

    def open_band(band: str) -> Frame:
        if band not in frames:
            raise MissingFrameError(f"object {unit} has no {band} image: {path} holds none")
        return frames[band]

    return open_bands(BANDS, open_band, mask_missing=mask_missing, name=f"object {unit} in {root}")


def open_cutout(path: AnyPath) -> dict[str, Frame]:
    """Read a cutout of Legacy Surveys stacks in nanomaggies, as the viewer's service gives it.

    Parameters
    ----------
    path
        FITS file: an image `[band, y, x]` of the bands that the card BANDS names, or `[y, x]` of a
        single one, and after it their inverse variance where that was asked for.

    Returns
    -------
    dict of Frame
        By band, without those that have no image there. Pixels that no exposure shows are NaN, as
        are those masked in every exposure; the saturated ones among these hold a value above the
        frame's `saturation`, which is above all others.

    Raises
    ------
    ImageError
        Where the file is not such an image.

    Examples
    --------
    >>> from skyclass.surveys.legacysurveys.reader import open_cutout
    >>> frames = open_cutout("cutout.fits")  # doctest: +SKIP
    >>> frames["r"].shape  # doctest: +SKIP
    (256, 256)
    """
    path = Path(path)
    try:
        cutout = decode_cutout(read_image(path))
    except SurveyError as error:
        raise ImageError(f"{path} {error}") from error
    wcs = read_wcs(path, cutout.plane)
    return {
        band: Frame(
            band,
            image,
            wcs,
            cutout.simulated,
            (image.shape[0], image.shape[1]),
            cutout.saturation[band],
            gain=GAIN[band],
        )
        for band, image in cutout.images.items()
    }
