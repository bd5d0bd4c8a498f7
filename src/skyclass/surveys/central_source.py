"""Which source of a cutout is the object that it was made for."""

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skyclass.frames.frame import Frame

__all__ = ["mark_central_source"]

_RADIUS: Final = 2.0
"""Arcsec from the centre of a cutout within which its object is looked for."""


def mark_central_source(
    frame: Frame, sources: pd.DataFrame, pixel_scale: float
) -> NDArray[np.bool_]:
    """Mark the source nearest to the centre of a cutout: the object that it was made for.

    Parameters
    ----------
    frame
        The cutout in one band.
    sources
        Detected in it, with `x` and `y` in pixels, `[n]`.
    pixel_scale
        Arcsec per pixel.

    Returns
    -------
    numpy.ndarray
        `[n]`; true for one, or for none where no source lies within 2 arcsec of the centre.
    """
    rows, columns = frame.shape
    away = np.hypot(sources["x"] - (columns - 1) / 2, sources["y"] - (rows - 1) / 2)
    primary = np.zeros(len(sources), dtype=np.bool_)
    if len(sources) and away.min() * pixel_scale <= _RADIUS:
        primary[int(away.argmin())] = True
    return primary
