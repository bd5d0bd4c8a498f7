"""Read Pan-STARRS1 stacks and cutouts of them in nanomaggies, an object's cutouts as its frames."""

import io
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from skyclass.errors import ImageError, MissingFrameError, SurveyError
from skyclass.files import AnyPath
from skyclass.frames.frame import Frame, open_bands, read_wcs
from skyclass.frames.simulated import is_simulated
from skyclass.photometry import POGSON, to_flux
from skyclass.surveys.panstarrs.requests import BANDS, make_cutout_path
from skyclass.surveys.survey import RowsNeeded, Unit

__all__ = ["find_cutout", "find_objects", "linearise_flux", "open_object", "open_stack"]

MAX_BYTES: Final = 512 * 2**20
"""A whole skycell has 6,300 x 6,300 pixels, 160 MB."""


def open_object(
    root: AnyPath, unit: Unit, _rows: RowsNeeded | None = None, *, mask_missing: bool = False
) -> tuple[Frame, ...]:
    """Read the cutouts of one object.

    Parameters
    ----------
    root
        Directory of a download.
    unit
        Name of the object.
    mask_missing
        Whether a band without a cutout becomes a frame without pixels, where others have some.

    Returns
    -------
    tuple of Frame
        In the order g r i z y; whole, as files so small are not read in part.

    Raises
    ------
    MissingFrameError
        Where a cutout is missing.
    ImageError
        Where a cutout cannot be read, or is of another band.
    """
    root = Path(root)

    def open_band(band: str) -> Frame:
        path = find_cutout(root, unit, band)
        frame = open_stack(path)
        if frame.band != band:
            raise ImageError(f"{path} should be of the band {band}, its header says {frame.band}")
        return frame

    return open_bands(BANDS, open_band, mask_missing=mask_missing, name=f"object {unit} in {root}")


def find_cutout(root: Path, unit: Unit, band: str) -> Path:
    """Find the largest cutout of an object in a band.

    Parameters
    ----------
    root
        Directory of a download.
    unit
        Name of the object.
    band
        One of g r i z y.

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
    sizes = [int(p.name) for p in (root / "ps1-fits").glob("*") if p.name.isdecimal()]
    for size in sorted(sizes, reverse=True):
        path = root / make_cutout_path(str(unit), band, size)
        if path.is_file():
            return path
    name = Path(make_cutout_path(str(unit), band, 0)).name
    raise MissingFrameError(
        f"object {unit} has no {band} cutout: expected {name} in {root}/ps1-fits"
    )


def find_objects(paths: Iterable[Path]) -> dict[Unit, Path]:
    """List the objects that have at least one FITS cutout below some directories.

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
            raise SurveyError(f"{root} is not a directory; name one that holds ps1-fits cutouts")
        names = {p.name for p in root.glob("ps1-fits/*/*/*.fits")}
        if not names:
            raise SurveyError(f"{root} holds no cutout (ps1-fits/SIZE/*/NAME.BAND.fits)")
        objects |= {Unit((name.rsplit(".", 2)[0],)): root for name in names}
    return dict(sorted(objects.items()))


def open_stack(path: AnyPath) -> Frame:
    """Read a Pan-STARRS1 stack image or cutout of one, in nanomaggies.

    Parameters
    ----------
    path
        FITS file, as the PS1 image service gives it.

    Returns
    -------
    Frame
        Of one of the bands g r i z y.

    Raises
    ------
    ImageError
        Where the file is not such an image.
    """
    path = Path(path)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ImageError(f"{path} has more than {MAX_BYTES} bytes, which no PS1 image has")
        with fits.open(io.BytesIO(path.read_bytes())) as units:
            image = next(unit for unit in units if unit.data is not None and unit.data.ndim == 2)
            data, header = np.asarray(image.data, dtype=np.float64), image.header
        exposure = float(header["EXPTIME"])
        band = str(header.get("FPA.FILTERID", header.get("FILTER", ""))).strip()[:1]
    except (OSError, StopIteration, KeyError, ValueError, TypeError) as error:
        raise ImageError(
            f"{path} is not a Pan-STARRS image: {error or 'no image in it'}"
        ) from error
    wcs = read_wcs(path, header)
    if band not in set(BANDS) or exposure <= 0:
        raise ImageError(f"{path} lacks a band or an exposure time")
    zero_point = float(header.get("FPA.ZP", 25.0)) + 2.5 * np.log10(exposure)
    flux = linearise_flux(data, header) * to_flux(zero_point)
    simulated = is_simulated(header.get("HISTORY", ()))
    return Frame(band, flux.astype(np.float32), wcs, simulated, data.shape, np.inf)


def linearise_flux(data: NDArray[np.float64], header: fits.Header) -> NDArray[np.float64]:
    """Undo the asinh scaling of PS1 stack images; linear ones come back as they are.

    Parameters
    ----------
    data
        Pixels, `[y, x]`.
    header
        With BSOFTEN and BOFFSET where pixels are scaled (Waters et al. 2020, ApJS 251, 4).

    Returns
    -------
    numpy.ndarray
        Counts in the stack's whole exposure time, `[y, x]`.
    """
    if "BSOFTEN" not in header:
        return data
    soften, offset = float(header["BSOFTEN"]), float(header.get("BOFFSET", 0.0))
    flux: NDArray[np.float64] = offset + 2.0 * soften * np.sinh(data / POGSON)
    return flux
