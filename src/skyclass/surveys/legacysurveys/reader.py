"""Read cutouts of Legacy Surveys stacks, an object's bands as its frames."""

import io
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS
from numpy.typing import NDArray

from skyclass.errors import ImageError, MissingFrameError, SurveyError
from skyclass.files import AnyPath
from skyclass.frames.frame import Frame, open_bands, read_wcs
from skyclass.frames.simulated import is_simulated
from skyclass.surveys.legacysurveys.requests import BANDS, FOLDER, make_cutout_path
from skyclass.surveys.survey import RowsNeeded, Unit

__all__ = ["GAIN", "SATURATED", "find_cutout", "find_objects", "open_cutout", "open_object"]

SATURATED: Final = 10.0
"""Nanomaggies of a stack's pixel that was saturated in every exposure (``satur_val`` in
https://github.com/legacysurvey/legacypipe, py/legacypipe/coadds.py); its inverse variance is 0."""

GAIN: Final = {"g": 7300.0, "r": 7150.0, "i": 8250.0, "z": 7850.0}
"""Electrons of one nanomaggy in a usual stack: electrons a second of DECam at magnitude 0 (26.610,
26.818, 26.484 in g, r, z: https://github.com/legacysurvey/obsbot, decam.py; in i the mean of r and
z) in 166, 134 and 200 s (https://www.legacysurvey.org/decamls/), in i two exposures of 90 s."""

_NEAR_SATURATED: Final = 0.9 * SATURATED
"""Least value of such a pixel: the cutout service interpolates between those of a stack."""

_MAX_BYTES: Final = 512 * 2**20
"""A whole brick has 3,600 x 3,600 pixels in four bands, with inverse variance 415 MB."""


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
    path = find_cutout(Path(root), unit)
    frames = open_cutout(path)

    def open_band(band: str) -> Frame:
        if band not in frames:
            raise MissingFrameError(f"object {unit} has no {band} image: {path} holds none")
        return frames[band]

    return open_bands(BANDS, open_band, mask_missing=mask_missing, name=f"object {unit} in {root}")


def find_cutout(root: Path, unit: Unit) -> Path:
    """Find the largest cutout of an object.

    Parameters
    ----------
    root
        Directory of a download.
    unit
        Name of the object.

    Returns
    -------
    pathlib.Path
        An existing file.

    Raises
    ------
    MissingFrameError
        Where there is none.
    """
    if not root.is_dir():
        raise SurveyError(f"the directory of frames {root} does not exist")
    sizes = [int(p.name) for p in (root / FOLDER).glob("*") if p.name.isdecimal()]
    for size in sorted(sizes, reverse=True):
        path = root / make_cutout_path(str(unit), size)
        if path.is_file():
            return path
    raise MissingFrameError(f"object {unit} has no cutout: expected {unit}.fits in {root}/{FOLDER}")


def find_objects(paths: Iterable[Path]) -> dict[Unit, Path]:
    """List the objects that have a cutout below some directories.

    Parameters
    ----------
    paths
        Directories of downloads.

    Returns
    -------
    dict
        Each object with the directory that `open_object` takes, in the order of their names.

    Raises
    ------
    SurveyError
        Where a path is not a directory, or holds no cutout at all.
    """
    objects: dict[Unit, Path] = {}
    for root in paths:
        if not root.is_dir():
            raise SurveyError(f"{root} is not a directory; name one that holds {FOLDER} cutouts")
        names = {path.stem for path in root.glob(f"{FOLDER}/*/*/*.fits")}
        if not names:
            raise SurveyError(f"{root} holds no cutout ({FOLDER}/SIZE/*/NAME.fits)")
        objects |= {Unit((name,)): root for name in names}
    return dict(sorted(objects.items()))


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
        are those masked in every exposure; the saturated ones among these keep their value, which
        is above the frame's `saturation`.

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
    bands, header, cube, weights = _read_cube(path)
    wcs = _read_plane_wcs(path, header)
    simulated = is_simulated(header.get("HISTORY", ()))
    frames = {}
    for number, band in enumerate(bands):
        image, saturation = _mask(cube[number], None if weights is None else weights[number])
        if np.isfinite(image).any():
            shape = (image.shape[0], image.shape[1])
            frames[band] = Frame(band, image, wcs, simulated, shape, saturation, 0, GAIN[band])
    return frames


def _read_cube(
    path: Path,
) -> tuple[str, fits.Header, NDArray[np.float32], NDArray[np.float32] | None]:
    """Read bands, header, image and inverse variance, `[band, y, x]` each."""
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise ImageError(f"{path} has more than {_MAX_BYTES} bytes, which no cutout has")
        with fits.open(io.BytesIO(path.read_bytes())) as units:
            header = units[0].header
            bands = str(header["BANDS"]).strip()
            if not bands or not set(bands) <= set(BANDS):
                raise ImageError(f"{path} has the bands {bands[:8]!r}, not some of {BANDS}")
            cube = _shape_cube(units[0].data, bands)
            inverse = [u for u in units[1:] if str(u.header.get("IMAGETYP", "")) == "INVVAR"]
            weights = _shape_cube(inverse[0].data, bands) if inverse else None
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise ImageError(f"{path} is not a Legacy Surveys cutout: {error or 'no image'}") from error
    return bands, header, cube, weights


def _shape_cube(data: object, bands: str) -> NDArray[np.float32]:
    """Bring an image of one band or several into the form `[band, y, x]`."""
    cube = np.asarray(data, dtype=np.float32)
    if cube.ndim == 2:
        cube = cube[None]
    if cube.ndim != 3 or len(cube) != len(bands):
        raise ValueError(f"its image has the shape {cube.shape} for the bands {bands}")
    return cube


def _read_plane_wcs(path: Path, header: fits.Header) -> WCS:
    """Read the world coordinates of each band of a cube."""
    plane = header.copy()
    plane["NAXIS"] = 2
    plane.remove("NAXIS3", ignore_missing=True)
    return read_wcs(path, plane)


def _mask(
    image: NDArray[np.float32], weight: NDArray[np.float32] | None
) -> tuple[NDArray[np.float32], float]:
    """Mask the pixels without a measurement; return the image and its saturation level."""
    unknown = image == 0.0
    saturated = np.zeros(image.shape, dtype=np.bool_)
    if weight is not None:
        saturated = (weight <= 0.0) & (image >= _NEAR_SATURATED)
        unknown |= (weight <= 0.0) & ~saturated
    masked = np.where(unknown, np.float32(np.nan), image)
    return masked, _NEAR_SATURATED if saturated.any() else np.inf
