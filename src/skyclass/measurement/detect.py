"""Detect the sources of a frame."""

from typing import Final

import numpy as np
import pandas as pd
import sep

from skyclass.errors import InferenceError
from skyclass.frames.frame import Frame

__all__ = ["detect"]

_PIXEL_STACK: Final = 3_000_000
"""Pixels above the threshold that sep can hold: a whole frame, as in a globular cluster."""


def detect(frame: Frame, threshold: float = 5.0) -> pd.DataFrame:
    """Detect sources with sep (Barbary 2016, JOSS 1, 58; Bertin & Arnouts 1996).

    Parameters
    ----------
    frame
        Band to search.
    threshold
        Smallest significance of a pixel, in units of the background noise; a source has at least
        five such pixels that touch.

    Returns
    -------
    pandas.DataFrame
        `x`, `y` (zero-based pixels of this band), `ra`, `dec` (degrees), one row per source.

    Raises
    ------
    InferenceError
        If the image cannot be searched.
    """
    sep.set_extract_pixstack(_PIXEL_STACK)
    sep.set_sub_object_limit(8192)
    image = np.ascontiguousarray(frame.data)
    invalid = ~np.isfinite(image)
    mask = invalid if invalid.any() else None
    try:
        background = sep.Background(image, mask=mask)
        above = image - background.back()
        sources = sep.extract(above, threshold, err=background.globalrms, mask=mask)
    except Exception as error:  # sep raises plain Exception
        raise InferenceError(
            f"the {frame.band} frame cannot be searched for sources: {error}"
        ) from error
    ra, dec = frame.wcs.all_pix2world(sources["x"], sources["y"], 0)
    return pd.DataFrame({"ra": ra, "dec": dec, "x": sources["x"], "y": sources["y"]})
