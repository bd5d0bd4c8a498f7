"""The sky of a frame and its noise."""

import numpy as np
import sep
from numpy.typing import NDArray

__all__ = ["subtract_sky"]


def subtract_sky(image: NDArray[np.float32]) -> tuple[NDArray[np.float32], float]:
    """Subtract what is left of the sky, and estimate the noise of an empty pixel.

    Both come from a mesh of 64 x 64 pixels, clipped and smoothed (Bertin & Arnouts 1996, A&AS 117,
    393).

    Parameters
    ----------
    image
        Nanomaggies, `[y, x]`.

    Returns
    -------
    image
        Without the sky, not finite where it was not.
    noise
        Standard deviation in nanomaggies.
    """
    broken = ~np.isfinite(image)
    background = sep.Background(np.ascontiguousarray(image), mask=broken if broken.any() else None)
    return image - background.back(dtype=np.float32), float(background.globalrms)
