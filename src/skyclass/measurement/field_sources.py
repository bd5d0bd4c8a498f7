"""All sources of a field: those that are detected, and objects at which none is detected."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skyclass.frames.frame import Frame
from skyclass.measurement.detect import detect
from skyclass.measurement.neighbours import find_neighbours, merge_positions

__all__ = ["FieldSources", "find_field_sources"]

_SAME: Final = 0.1
"""Arcsec between two positions of the same object."""

_RESOLVED: Final = 1.3
"""Arcsec from an object within which a detection is that object: closer pairs are not told apart by
the detection, only by positions that are asked for."""


@dataclass(frozen=True, eq=False)
class FieldSources:
    """Sources that are fitted together, and the objects among them that are measured."""

    ra: NDArray[np.float64]
    """Right ascension of the sources in degrees, ICRS, `[source]`."""
    dec: NDArray[np.float64]
    """Declination of the sources in degrees, ICRS, `[source]`."""
    detected_ra: NDArray[np.float64]
    """Right ascension of all detections, which show PSF and sky, `[detection]`."""
    detected_dec: NDArray[np.float64]
    """Declination of all detections, `[detection]`."""
    number: NDArray[np.intp]
    """Which source each object is, `[n]`."""
    object_ra: NDArray[np.float64]
    """Right ascension at which each object is measured, `[n]`."""
    object_dec: NDArray[np.float64]
    """Declination at which each object is measured, `[n]`."""


def find_field_sources(
    frame: Frame,
    ra: NDArray[np.float64],
    dec: NDArray[np.float64],
    pixel_scale: float,
    detected: pd.DataFrame | None = None,
) -> FieldSources:
    """Find the sources of a field.

    A source that is detected stays where it is detected, whichever objects are asked for, so that
    the measurement of an object does not depend on the others. Only objects at which nothing is
    detected, or which share a detection, are sources at their own positions.

    Parameters
    ----------
    frame
        Frame to detect sources in; one without pixels has none.
    ra, dec
        ICRS positions of the objects in degrees, `[n]`.
    pixel_scale
        Arcsec per pixel.
    detected
        What `skyclass.measurement.detect.detect` found on this frame; None to detect sources now.

    Returns
    -------
    FieldSources
        Sources that are detected come first.
    """
    x, y = frame.pixel(ra, dec)
    x, y = np.nan_to_num(x, nan=-1e9), np.nan_to_num(y, nan=-1e9)
    first, place = np.unique(merge_positions(y, x, _SAME / pixel_scale), return_inverse=True)
    if not frame.data.size:
        return FieldSources(ra[first], dec[first], ra[:0], dec[:0], place, ra, dec)
    detected = detect(frame) if detected is None else detected
    at_y, at_x = detected["y"].to_numpy(), detected["x"].to_numpy()
    nearest = _match(y[first], x[first], at_y, at_x, _RESOLVED / pixel_scale)
    claims = np.bincount(nearest[nearest >= 0], minlength=len(detected))
    kept = claims < 2
    alone = nearest >= 0
    alone[alone] = kept[nearest[alone]]
    number = np.empty(len(first), np.intp)
    number[alone] = (np.cumsum(kept) - 1)[nearest[alone]]
    number[~alone] = kept.sum() + np.arange(np.count_nonzero(~alone))
    sources = detected[kept]
    return FieldSources(
        np.concatenate([sources["ra"], ra[first[~alone]]]),
        np.concatenate([sources["dec"], dec[first[~alone]]]),
        detected["ra"].to_numpy(),
        detected["dec"].to_numpy(),
        number[place],
        ra,
        dec,
    )


def _match(
    y: NDArray[np.float64],
    x: NDArray[np.float64],
    at_y: NDArray[np.float64],
    at_x: NDArray[np.float64],
    radius: float,
) -> NDArray[np.intp]:
    """Find the detection nearest to each object within a radius, `[n]`; -1 where there is none."""
    count = len(y)
    one, other, distance = find_neighbours(
        np.concatenate([y, at_y]), np.concatenate([x, at_x]), radius
    )
    pairs = (one < count) & (other >= count)
    one, other = one[pairs], other[pairs] - count
    nearest = np.full(count, -1)
    # the nearest is written last
    order = np.argsort(-distance[pairs], kind="stable")
    nearest[one[order]] = other[order]
    return nearest
