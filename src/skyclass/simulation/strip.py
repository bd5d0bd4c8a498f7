"""Lay out the sky: strips of consecutive fields, and the WCS of each of their frames.

A strip is what one camera column sees in one run: one continuous image, cut into fields that begin
every 1361 rows and have 1489. It follows a great circle (York et al. 2000, AJ 120, 1579),
along which rows run.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from astropy.wcs import WCS
from numpy.typing import NDArray

from skyclass.simulation.random_streams import RandomStream, make_generator
from skyclass.surveys.sdss.layout import BANDS, FRAME_SHAPE, PIXEL_SCALE, ROWS_PER_FIELD, Field

__all__ = [
    "MAX_FIELDS",
    "NODE",
    "RERUN",
    "Strip",
    "locate_field",
    "make_strip",
]

MAX_FIELDS: Final = 40_000
"""With more, strips would overlap on the sky."""

RERUN: Final = 301
NODE: Final = 95.0
"""Right ascension of the ascending node of all stripes in degrees (NODE in the frames' headers)."""

_FIELDS_PER_STRIP = 4
_STRIPS_PER_RUN = 2
_FIRST_RUN = 9001
_FIRST_FIELD = 100
_CAMCOLS = 6
_STRIPES = 34
_FIRST_STRIPE = 10
_STRIPE_STEP = 2.5
_FIRST_MU = 137.0
_MU_STEP = 0.65
_CAMCOL_STEP = 0.42
"""Camera columns are 25.2 arcmin apart (Gunn et al. 1998, AJ 116, 3040)."""

_SHIFT_ROWS: Final = (4.8, 9.8, 0.0, 3.3, 7.3)
"""Rows by which bands are offset from r: means of the WCS of the fields 4510-4-30, 3918-3-213 and
1992-1-87."""

_SHIFT_ROWS_SPREAD = 0.8
_SHIFT_COLUMNS_SPREAD = 3.0
_SHIFT_CHANGE = 1.4
"""Pixels by which a band's offset changes from the first to the last column in those fields."""

_REFERENCE = (744.0, 1024.0)
"""Reference pixel of every frame (CRPIX2 = 745, CRPIX1 = 1025), counted from 0."""


@dataclass(frozen=True)
class Strip:
    """One camera column of one run."""

    run: int
    """Imaging run."""
    camcol: int
    """Camera column."""
    stripe: int
    """Stripe of the survey."""
    first_mu: float
    """Position along the great circle of the first field's reference pixel in r, degrees."""
    first_serial: int
    """Number of the first field within the whole survey, from 0."""
    offset: NDArray[np.float64]
    """Row and column of a band minus those in r at the reference pixel, ``[5, 2]``."""
    change: NDArray[np.float64]
    """Change of that offset from the first to the last column, ``[5, 2]``."""

    @property
    def inclination(self) -> float:
        """Inclination of the camera column's great circle to the equator in degrees."""
        nu = (self.camcol - (_CAMCOLS + 1) / 2) * _CAMCOL_STEP
        return (self.stripe - _FIRST_STRIPE) * _STRIPE_STEP + nu

    def make_key(self, index: int) -> Field:
        """Make the key of the strip's field of an index; -1 is the field before the strip."""
        return Field(RERUN, self.run, self.camcol, _FIRST_FIELD + index)

    def compute_great_circle(self, index: int, band: int) -> tuple[float, float]:
        """Compute mu and nu (degrees) of a frame's reference pixel."""
        rows, columns = self.offset[band] * PIXEL_SCALE / 3600.0
        along = index * ROWS_PER_FIELD * PIXEL_SCALE / 3600.0
        return self.first_mu + along - rows, -columns

    def make_wcs_cards(self, index: int, band: int) -> dict[str, float]:
        """Make the cards of a frame's WCS that differ between frames.

        Rows run along the great circle in all bands, so that neighbouring fields of a band agree;
        the columns of two bands differ in direction and scale.
        """
        mu, nu = self.compute_great_circle(index, band)
        ra, dec, along, across = _compute_directions(mu, nu, self.inclination)
        tilt, stretch = self.change[band] / FRAME_SHAPE[1]
        # one column in r corresponds to (tilt, 1 + stretch) rows and columns in the band
        column = (across - tilt * along) / (1.0 + stretch)
        scale = PIXEL_SCALE / 3600.0
        return {
            "CRVAL1": ra,
            "CRVAL2": dec,
            "CD1_1": scale * column[0],
            "CD1_2": scale * along[0],
            "CD2_1": scale * column[1],
            "CD2_2": scale * along[1],
        }

    def make_wcs(self, index: int, band: int) -> WCS:
        """Make the WCS of a frame."""
        cards = self.make_wcs_cards(index, band)
        wcs = WCS(naxis=2)
        wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
        wcs.wcs.crpix = [_REFERENCE[1] + 1.0, _REFERENCE[0] + 1.0]
        wcs.wcs.crval = [cards["CRVAL1"], cards["CRVAL2"]]
        wcs.wcs.cd = [[cards["CD1_1"], cards["CD1_2"]], [cards["CD2_1"], cards["CD2_2"]]]
        return wcs


def make_strip(seed: int, number: int) -> Strip:
    """Lay out one strip of the survey.

    Parameters
    ----------
    seed
        Seed of the survey.
    number
        Number of the strip, from 0.

    Returns
    -------
    Strip
        It overlaps no other strip on the sky.
    """
    nth_run = number // _STRIPS_PER_RUN
    run, camcol = _FIRST_RUN + nth_run, number % _CAMCOLS + 1
    rng = make_generator(seed, RandomStream.BLOCK, run, camcol)
    count = len(BANDS)
    rows = np.array(_SHIFT_ROWS) + rng.uniform(-_SHIFT_ROWS_SPREAD, _SHIFT_ROWS_SPREAD, count)
    columns = rng.uniform(-_SHIFT_COLUMNS_SPREAD, _SHIFT_COLUMNS_SPREAD, count)
    angle = rng.uniform(0.0, 2.0 * np.pi, count)
    offset = np.stack([rows, columns], axis=-1)
    change = _SHIFT_CHANGE * np.stack([np.sin(angle), np.cos(angle)], axis=-1)
    reference = BANDS.index("r")
    offset[reference] = change[reference] = 0.0
    return Strip(
        run,
        camcol,
        _FIRST_STRIPE + nth_run % _STRIPES,
        _FIRST_MU + _MU_STEP * (nth_run // _STRIPES),
        number * _FIELDS_PER_STRIP,
        offset,
        change,
    )


def locate_field(serial: int) -> tuple[int, int]:
    """Locate a field: the number of its strip, and its index within that.

    Parameters
    ----------
    serial
        Number of the field within the survey, from 0.

    Returns
    -------
    strip, index
        Both from 0.
    """
    return divmod(serial, _FIELDS_PER_STRIP)


def _compute_directions(
    mu: float, nu: float, inclination: float
) -> tuple[float, float, NDArray[np.float64], NDArray[np.float64]]:
    """Compute RA and Dec (degrees) of a point on a great circle, and the directions there.

    Parameters
    ----------
    mu, nu, inclination
        Degrees; mu runs along the circle and is the RA at its node (Stoughton et al. 2002).

    Returns
    -------
    ra, dec, along, across
        `along` and `across` are unit vectors ``[east, north]`` of increasing mu and nu.
    """
    m, n, i = np.radians([mu - NODE, nu, inclination])
    to_equator = np.array([[1, 0, 0], [0, np.cos(i), -np.sin(i)], [0, np.sin(i), np.cos(i)]])
    position = to_equator @ [np.cos(m) * np.cos(n), np.sin(m) * np.cos(n), np.sin(n)]
    along = to_equator @ [-np.sin(m), np.cos(m), 0.0]
    across = to_equator @ [-np.cos(m) * np.sin(n), -np.sin(m) * np.sin(n), np.cos(n)]
    longitude, latitude = np.arctan2(position[1], position[0]), np.arcsin(position[2])
    east = np.array([-np.sin(longitude), np.cos(longitude), 0.0])
    north = np.cross(position, east)
    plane = np.stack([east, north])
    ra = float(np.degrees(longitude) + NODE) % 360.0
    return ra, float(np.degrees(latitude)), plane @ along, plane @ across
