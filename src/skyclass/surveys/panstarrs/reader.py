"""Read Pan-STARRS1 stacks and cutouts of them in nanomaggies, an object's cutouts as its frames."""

import io
from functools import partial
from pathlib import Path

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from skyclass.errors import ImageError
from skyclass.files import AnyPath
from skyclass.frames.frame import Frame, open_bands, read_wcs
from skyclass.frames.simulated import is_simulated
from skyclass.photometry import POGSON, to_flux
from skyclass.surveys.object_cutouts import find_cutout, read_image
from skyclass.surveys.panstarrs.requests import BANDS, FOLDER, make_cutout_path
from skyclass.surveys.survey import RowsNeeded, Unit

__all__ = ["linearise_flux", "open_object", "open_stack"]


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
        make_path = partial(make_cutout_path, band=band)
        path = find_cutout(root, unit, FOLDER, make_path, f"{band} cutout")
        frame = open_stack(path)
        if frame.band != band:
            raise ImageError(f"{path} should be of the band {band}, its header says {frame.band}")
        return frame

    return open_bands(BANDS, open_band, mask_missing=mask_missing, name=f"object {unit} in {root}")


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
    content = read_image(path)
    try:
        with fits.open(io.BytesIO(content)) as units:
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
