"""What is drawn and catalogued: arrays of sources."""

from dataclasses import dataclass, fields
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

__all__ = ["Kind", "Sources", "join", "place"]


class Kind(IntEnum):
    """What a source is."""

    STAR = 0
    GALAXY = 1
    QSO = 2


@dataclass(frozen=True)
class Sources:
    """Sources of one kind or several; every member is an array of one length."""

    kind: NDArray[np.int8]
    """`Kind`."""
    subclass: NDArray[np.str_]
    """Spectral type of a star in the grammar of SpecObjAll, such as ``F5V``; else empty."""
    redshift: NDArray[np.float64]
    """Heliocentric redshift."""
    magnitudes: NDArray[np.float64]
    """AB magnitudes of all light in u g r i z, ``[n, 5]``."""
    disc_radius: NDArray[np.float64]
    """Half-light radius of the disc in arcsec; 0 for a point source."""
    bulge_radius: NDArray[np.float64]
    """Half-light radius of the bulge in arcsec; 0 for a point source."""
    bulge_fraction: NDArray[np.float64]
    """Part of the light that is in the bulge."""
    axis_ratio: NDArray[np.float64]
    """Minor over major axis of disc and bulge."""
    angle: NDArray[np.float64]
    """Angle of the major axis in radians, from the columns' towards the rows' direction."""
    row: NDArray[np.float64]
    """Row in the r frame of the block's field, the centre of the first pixel being 0."""
    column: NDArray[np.float64]
    """Column in that frame."""

    def __len__(self) -> int:
        """Count the sources."""
        return len(self.kind)

    def first(self, count: int) -> "Sources":
        """Give the first sources."""
        return Sources(**{f.name: getattr(self, f.name)[:count] for f in fields(self)})


def join(*parts: Sources) -> Sources:
    """Put sources one after the other.

    Parameters
    ----------
    *parts
        At least one.

    Returns
    -------
    Sources
        All of them, in order.
    """
    names = [f.name for f in fields(Sources)]
    return Sources(**{n: np.concatenate([getattr(p, n) for p in parts]) for n in names})


def place(
    kind: Kind,
    magnitudes: NDArray[np.float64],
    redshift: NDArray[np.float64],
    position: tuple[NDArray[np.float64], NDArray[np.float64]],
    **members: NDArray[np.float64] | NDArray[np.str_],
) -> Sources:
    """Make sources of one kind; what is not told is that of a point source.

    Parameters
    ----------
    kind
        What all of them are.
    magnitudes
        ``[n, 5]``.
    redshift
        ``[n]``.
    position
        Rows and columns, ``[n]`` each.
    **members
        Further members of `Sources`.

    Returns
    -------
    Sources
        The sources.
    """
    count = len(magnitudes)
    point: dict[str, NDArray[np.float64] | NDArray[np.str_]] = {
        "subclass": np.full(count, "", dtype="U8"),
        "disc_radius": np.zeros(count),
        "bulge_radius": np.zeros(count),
        "bulge_fraction": np.zeros(count),
        "axis_ratio": np.ones(count),
        "angle": np.zeros(count),
    }
    rows, columns = position
    return Sources(
        kind=np.full(count, kind, dtype=np.int8),
        magnitudes=magnitudes,
        redshift=redshift,
        row=rows,
        column=columns,
        **(point | members),  # type: ignore[arg-type]
    )
