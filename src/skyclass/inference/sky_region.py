"""A circle on the sky, from a position or from the name of an object."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Union

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skyclass.catalog.parse_angles import parse_angles
from skyclass.errors import InferenceError

if TYPE_CHECKING:
    from astropy.coordinates import SkyCoord
    from astropy.units import Quantity

__all__ = ["Place", "Radius", "SkyRegion", "make_region"]

Place = Union[str, "SkyCoord"]
"""A position as text or of astropy, or the name of an object."""

Radius = Union[float, str, "Quantity"]
"""Arcmin, or with a unit."""

_RADIUS: Final = 1.0
"""Arcmin around a position whose sources are classified where nothing is said."""

_LARGEST: Final = 600.0
"""Arcmin of the largest circle."""


@dataclass(frozen=True)
class SkyRegion:
    """A circle on the sky.

    Examples
    --------
    >>> import numpy as np
    >>> circle = SkyRegion(214.07, 19.9, 2.0)
    >>> circle.measure_distance(np.array([214.07]), np.array([19.95])).round(6)
    array([3.])
    """

    ra: float
    """Right ascension of its centre in degrees (ICRS)."""
    dec: float
    """Declination of its centre in degrees."""
    radius: float
    """Arcmin."""

    def __str__(self) -> str:
        """Write centre and radius."""
        return f"{self.ra:.5f} {self.dec:+.5f} (within {self.radius:g} arcmin)"

    def measure_distance(
        self, ra: NDArray[np.float64], dec: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Measure the distance of positions from the centre (haversine).

        Parameters
        ----------
        ra, dec
            Degrees, `[n]`.

        Returns
        -------
        numpy.ndarray
            Arcmin, `[n]`.
        """
        east, north = np.radians(ra - self.ra), np.radians(dec - self.dec)
        rings = np.cos(np.radians(dec)) * np.cos(np.radians(self.dec))
        squared = np.sin(north / 2) ** 2 + rings * np.sin(east / 2) ** 2
        return np.asarray(120 * np.degrees(np.arcsin(np.sqrt(squared))))


def make_region(place: Place, radius: Radius | None = None) -> SkyRegion:
    """Make a circle about a position, or about an object that is looked up by its name.

    Parameters
    ----------
    place
        Two angles: decimal degrees, or sexagesimal with hours of right ascension; a position of
        astropy; or a name such as ``M 13``, which the Sesame service of CDS resolves online.
    radius
        Arcmin, or text or a quantity with a unit, such as ``30 arcsec``; 1 arcmin by default.

    Returns
    -------
    SkyRegion
        The circle.

    Raises
    ------
    InferenceError
        If the place is none, the name cannot be resolved, or the radius is out of range.

    Examples
    --------
    >>> str(make_region("14:16:16.8 +19:54:00", "30 arcsec"))
    '214.07000 +19.90000 (within 0.5 arcmin)'
    """
    ra, dec = _locate(place)
    if not abs(dec) <= 90:
        raise InferenceError(f"the declination of {place!r} must be within 90 degrees")
    return SkyRegion(ra % 360, dec, _RADIUS if radius is None else _parse_radius(radius))


def _parse_radius(radius: Radius) -> float:
    """Parse a radius to arcmin."""
    from astropy.coordinates import Angle

    try:
        value = float(str(radius))
    except ValueError:
        try:
            value = float(Angle(radius).arcmin)
        except Exception as error:  # astropy raises several kinds
            raise InferenceError(
                f"radius {str(radius)!r} is no angle; write arcmin, or a unit: '30 arcsec'"
            ) from error
    if not 0 < value <= _LARGEST:
        raise InferenceError(f"radius must be above 0 and up to {_LARGEST:g} arcmin, got {radius}")
    return value


def _locate(place: Any) -> tuple[float, float]:
    """Find the position of a place in degrees."""
    if not isinstance(place, str):
        if np.ndim(place.icrs.ra) > 0:
            raise InferenceError("at takes one position; many are given as inputs")
        return float(place.icrs.ra.deg), float(place.icrs.dec.deg)
    words = place.replace(",", " ").split()
    if len(words) == 6:
        words = [" ".join(words[:3]), " ".join(words[3:])]
    if len(words) == 2:
        ra, dec = (
            parse_angles(pd.Series([word]), is_longitude=first).item()
            for word, first in zip(words, (True, False), strict=True)
        )
        if np.isfinite(ra) and np.isfinite(dec):
            return ra, dec
    if not any(character.isalpha() for character in place):
        raise InferenceError(
            f"{place!r} is no position; write '214.07 19.90', '14:16:16 +19:54:00' or a name"
        )
    return _resolve(place.strip())


def _resolve(name: str) -> tuple[float, float]:
    """Look up the position of an object by its name, online."""
    from astropy.coordinates import SkyCoord
    from astropy.coordinates.name_resolve import NameResolveError

    try:
        position = SkyCoord.from_name(name)
    except (NameResolveError, OSError, ValueError) as error:
        unknown = "Unable to find coordinates" in str(error)
        reason = "no catalogue knows it" if unknown else "the service Sesame cannot be reached"
        raise InferenceError(
            f"the name {name!r} cannot be resolved: {reason}; write its position, such as"
            " '214.07 19.90'"
        ) from error
    return float(position.ra.deg), float(position.dec.deg)
