"""Pan-STARRS1 images in the units of all others."""

import io
from pathlib import Path
from typing import Final

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from skyclass.errors import ImageError
from skyclass.files import AnyPath
from skyclass.frames.frame import Frame, celestial_wcs
from skyclass.photometry import POGSON, to_flux

__all__ = ["linear_flux", "open_panstarrs"]

MAX_BYTES: Final = 512 * 2**20
"""A whole skycell has 6,300 x 6,300 pixels, 160 MB."""


def open_panstarrs(path: AnyPath) -> Frame:
    """Read a Pan-STARRS1 stack image or cutout of one, in nanomaggies.

    Parameters
    ----------
    path
        FITS file, as the PS1 image service gives it.

    Returns
    -------
    Frame
        Any of the bands g r i z y, ready for `cut_frames`. Pixels are 0.25 arcsec wide.

    Raises
    ------
    ImageError
        Where the file is no such image.
    """
    path = Path(path)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ImageError(f"{path} has more than {MAX_BYTES} bytes: no PS1 image does")
        with fits.open(io.BytesIO(path.read_bytes())) as units:
            image = next(unit for unit in units if unit.data is not None and unit.data.ndim == 2)
            data, header = np.asarray(image.data, dtype=np.float64), image.header
        exposure = float(header["EXPTIME"])
        band = str(header.get("FPA.FILTERID", header.get("FILTER", ""))).strip()[:1]
    except (OSError, StopIteration, KeyError, ValueError, TypeError) as error:
        raise ImageError(f"{path} is no Pan-STARRS image: {error or 'no image in it'}") from error
    wcs = celestial_wcs(path, header)
    if band not in set("grizy") or exposure <= 0:
        raise ImageError(f"{path} lacks a band or an exposure time")
    zero_point = float(header.get("FPA.ZP", 25.0)) + 2.5 * np.log10(exposure)
    flux = linear_flux(data, header) * to_flux(zero_point)
    return Frame(band, flux.astype(np.float32), wcs, False, data.shape, np.inf)


def linear_flux(data: NDArray[np.float64], header: fits.Header) -> NDArray[np.float64]:
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
