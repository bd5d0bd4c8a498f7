"""The part of the sky that a survey has images of."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from skyclass.errors import SurveyError
from skyclass.extras import check_installed
from skyclass.files import AnyPath

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
        rule = f"declinations {' '.join(parts)} degrees" if parts else "the whole sky"
        return cls(rule, contains)

    @classmethod
    def from_moc(cls, path: AnyPath) -> "Footprint":
        """Read a footprint from a map of HEALPix cells, as CDS publishes one of each HiPS.

        Parameters
        ----------
        path
            File of a MOC (IVOA, version 1 or 2) in FITS.

        Returns
        -------
        Footprint
            The cells.

        Raises
        ------
        SurveyError
            Where the file is not a MOC.
        MissingExtraError
            Where mocpy is not installed.
        """
        check_installed("mocpy", purpose=f"the footprint {path}")
        from astropy import units
        from mocpy import MOC

        try:
            moc = MOC.from_fits(str(Path(path)))
        except Exception as error:  # mocpy's reader raises whatever its parser does
            raise SurveyError(f"{path} is not a MOC in FITS: {error!s:.100}") from error

        def contains(ra: NDArray[np.float64], dec: NDArray[np.float64]) -> NDArray[np.bool_]:
            return np.asarray(moc.contains_lonlat(ra * units.deg, dec * units.deg), np.bool_)

        return cls(f"the cells of {Path(path).name}", contains)
