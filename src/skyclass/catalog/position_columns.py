"""Find the columns that hold positions, by the names that surveys give them, and convert them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd

from skyclass.catalog.parse_angles import ANGLE_UNITS, parse_angles
from skyclass.errors import CatalogError, nearest
from skyclass.schema import POSITION

__all__ = ["OWN", "PositionColumns", "complete_positions"]

OWN: Final = "catalog_"
"""Begins the name of a table's own column that has the name of a result."""

_KNOWN: Final = (
    POSITION,
    # VizieR; with an underscore, what it computed in degrees
    ("_raj2000", "_dej2000"),
    ("raj2000", "dej2000"),
    ("_ra_icrs", "_de_icrs"),
    ("ra_icrs", "de_icrs"),
    ("raicrs", "deicrs"),
    ("radeg", "dedeg"),
    ("ra_deg", "dec_deg"),
    ("ra_j2000", "dec_j2000"),
    # SExtractor
    ("alphawin_j2000", "deltawin_j2000"),
    ("alpha_j2000", "delta_j2000"),
    # Pan-STARRS, DESI, SDSS spectra, ObsCore, SkyMapper
    ("ramean", "decmean"),
    ("rastack", "decstack"),
    ("target_ra", "target_dec"),
    ("plug_ra", "plug_dec"),
    ("s_ra", "s_dec"),
    ("raj2000", "decj2000"),
    ("right_ascension", "declination"),
    ("ra", "de"),
    ("ra", "decl"),
    ("ra", "declination"),
)
"""Names of right ascension and declination in small letters, the preferred first."""


@dataclass(frozen=True)
class PositionColumns:
    """Where the positions of a table are, as far as its user says so."""

    ra: str | None = None
    """Column of right ascensions; None: one of a known name."""
    dec: str | None = None
    """Column of declinations; None: one of a known name."""
    unit: str | None = None
    """Unit of those that do not state one themselves: ``deg`` (the default), ``hour``, ``rad``."""

    def __post_init__(self) -> None:
        """Check that both columns are named or none, and the unit."""
        if (self.ra is None) != (self.dec is None):
            raise CatalogError("ra and dec name columns together: name both, or none")
        if self.unit is not None and self.unit not in ANGLE_UNITS:
            raise CatalogError(
                f"unit of positions must be {', '.join(ANGLE_UNITS)}, got {self.unit!r}"
            )

    def rename(self, names: Mapping[str, str]) -> "PositionColumns":
        """Name the columns as a table that was renamed does.

        Parameters
        ----------
        names
            New names by the old ones.

        Returns
        -------
        PositionColumns
            The same columns under their new names.
        """
        if self.ra is None or self.dec is None:
            return self
        return replace(self, ra=names.get(self.ra, self.ra), dec=names.get(self.dec, self.dec))

    def find(self, names: Iterable[str]) -> tuple[str, str] | None:
        """Find the two columns among the names of all.

        Parameters
        ----------
        names
            Names of a table's columns.

        Returns
        -------
        tuple of str, or None
            Right ascension and declination; None if none has a known name.

        Raises
        ------
        CatalogError
            If a named column is not there.

        Examples
        --------
        >>> PositionColumns().find(["Source", "RA_ICRS", "DE_ICRS"])
        ('RA_ICRS', 'DE_ICRS')
        """
        names = [str(name) for name in names]
        if self.ra is not None and self.dec is not None:
            for name in (self.ra, self.dec):
                if name not in names:
                    near = f"; did you mean {nearest(name, names)!r}?" if names else ""
                    raise CatalogError(f"the table has no column {name!r}{near}")
            return self.ra, self.dec
        plain = {name.strip().lower().replace(".", "_"): name for name in reversed(names)}
        for ra, dec in _KNOWN:
            if ra in plain and dec in plain:
                return plain[ra], plain[dec]
        # how astropy spells a column of SkyCoord in formats that have none
        stems = [name.removesuffix(".ra") for name in names if name.endswith(".ra")]
        pairs = [(f"{stem}.ra", f"{stem}.dec") for stem in stems if f"{stem}.dec" in names]
        return next(iter(pairs), None)


def complete_positions(
    table: pd.DataFrame, units: Mapping[str, str], columns: PositionColumns
) -> pd.DataFrame:
    """Complete a table by `ra` and `dec` in degrees, from whatever columns hold its positions.

    Parameters
    ----------
    table
        Objects, `n` rows.
    units
        Unit that a column states, by its name: ``deg``, ``hour`` or ``rad``.
    columns
        Where their positions are, as far as the user says so.

    Returns
    -------
    pandas.DataFrame
        The table as it is if `ra` and `dec` are numbers in degrees, or no positions are found; else
        with these as last columns. An own column of such a name becomes `catalog_<name>`.

    Raises
    ------
    CatalogError
        If a named column is missing, is in another unit, or none of its values is an angle.

    Examples
    --------
    >>> import pandas as pd
    >>> stars = pd.DataFrame({"RAJ2000": ["14 16 16.8"], "DEJ2000": ["+19 54 00"], "name": ["a"]})
    >>> table = complete_positions(stars, {}, PositionColumns())
    >>> list(table.columns), table["dec"].tolist()
    (['RAJ2000', 'DEJ2000', 'name', 'ra', 'dec'], [19.9])
    """
    found = columns.find(table.columns)
    if found is None:
        return table
    positions = {}
    for target, name in zip(POSITION, found, strict=True):
        unit = units.get(name) or columns.unit
        if unit is not None and unit not in ANGLE_UNITS:
            known = ", ".join(ANGLE_UNITS)
            raise CatalogError(f"column {name} is in {unit}; convert it to {known}")
        numbers = pd.api.types.is_numeric_dtype(table[name])
        if name == target and numbers and unit in {"deg", None}:
            continue
        positions[target] = parse_angles(table[name], unit, is_longitude=target == POSITION[0])
        if np.isnan(positions[target]).all() and table[name].notna().any():
            first = table[name].dropna().iloc[0]
            raise CatalogError(f"column {name} holds no angles: the first is {first!s:.40}")
    own = {name: f"{OWN}{name}" for name in positions if name in table}
    return table.rename(columns=own).assign(**positions)
