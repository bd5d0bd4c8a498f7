"""Arrays of sources, which are drawn and catalogued."""

from dataclasses import dataclass, fields
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

__all__ = ["SourceKind", "Sources", "concatenate_sources", "make_sources"]


class SourceKind(IntEnum):
    """Kind of a source."""

    STAR = 0
    GALAXY = 1
    QSO = 2


@dataclass(frozen=True)
class Sources:
    """Sources of one kind or several; all members are arrays of the same length."""

    kind: NDArray[np.int8]
    """`SourceKind`."""
    subclass: NDArray[np.str_]
    """Spectral type of a star in the grammar of SpecObjAll, such as ``F5V``; else empty."""
    redshift: NDArray[np.float64]
    """Heliocentric redshift."""
    magnitudes: NDArray[np.float64]
    """Total AB magnitudes in u g r i z, ``[n, 5]``."""
    disc_radius: NDArray[np.float64]
    """Half-light radius of the disc in arcsec; 0 for a point source."""
    bulge_radius: NDArray[np.float64]
    """Half-light radius of the bulge in arcsec; 0 for a point source."""
    bulge_fraction: NDArray[np.float64]
    """Fraction of the light in the bulge."""
    axis_ratio: NDArray[np.float64]
    """Minor over major axis of disc and bulge."""
    angle: NDArray[np.float64]
    """Angle of the major axis in radians, from the direction of columns towards that of rows."""
    row: NDArray[np.float64]
    """Row in the r frame of the block's field, the centre of the first pixel being 0."""
    column: NDArray[np.float64]
    """Column in that frame."""

    def __len__(self) -> int:
        """Count the sources."""
        return len(self.kind)

    def take_first(self, count: int) -> "Sources":
        """Return the first `count` sources."""
        return Sources(**{f.name: getattr(self, f.name)[:count] for f in fields(self)})


def concatenate_sources(*parts: Sources) -> Sources:
    """Concatenate sources.

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


def make_sources(
    kind: SourceKind,
    magnitudes: NDArray[np.float64],
    redshift: NDArray[np.float64],
    position: tuple[NDArray[np.float64], NDArray[np.float64]],
    **members: NDArray[np.float64] | NDArray[np.str_],
) -> Sources:
    """Make sources of one kind; members not given are those of a point source.

    Parameters
    ----------
    kind
        Kind of all of them.
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
        As many as there are magnitudes.
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
