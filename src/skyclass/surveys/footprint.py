"""The part of the sky that a survey has images of."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Footprint"]


@dataclass(frozen=True)
class Footprint:
    """The part of the sky that a survey has images of: nothing outside it need be asked for.

    Inside there may be holes; whether a position lies in one, only the archive knows.

    Examples
    --------
    >>> import numpy as np
    >>> from skyclass.surveys.footprint import Footprint
    >>> north = Footprint.between_declinations(-30.0, 90.0)
    >>> north.contains(np.array([10.0, 10.0]), np.array([-45.0, 0.0]))
    array([False,  True])
    >>> north.rule
    'declinations from -30 degrees'
    """

    rule: str
    """How people say it."""
    contains: Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.bool_]]
    """Marks the positions (ICRS right ascension and declination in degrees, `[n]` each) that lie
    inside, `[n]`."""

    @classmethod
    def between_declinations(cls, south: float, north: float) -> "Footprint":
        """Make the footprint of all right ascensions between two declinations.

        Parameters
        ----------
        south, north
            Degrees; both limits lie inside.

        Returns
        -------
        Footprint
            The band between them.
        """

        def contains(_ra: NDArray[np.float64], dec: NDArray[np.float64]) -> NDArray[np.bool_]:
            return np.asarray((dec >= south) & (dec <= north))

        parts = [f"from {south:+g}"] if south > -90 else []
        parts += [f"up to {north:+g}"] if north < 90 else []
        return cls(f"declinations {' '.join(parts)} degrees", contains)
