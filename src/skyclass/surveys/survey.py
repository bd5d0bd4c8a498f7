"""A survey as a value: its bands and pixel scale, its units of files, and how these are read."""

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
import pandas as pd
from astropy.wcs import WCS
from numpy.typing import NDArray

from skyclass.config.sections import CatalogConfig
from skyclass.errors import SurveyError
from skyclass.frames.frame import Frame
from skyclass.object_names import name_object
from skyclass.photometry import POGSON, ZERO_POINT, to_flux
from skyclass.progress import Progress
from skyclass.surveys.file_kinds import FileKind
from skyclass.surveys.footprint import Footprint

__all__ = ["Band", "OpenUnit", "RowsNeeded", "Survey", "Unit", "UnitFile"]

_PART: Final = re.compile(r"[A-Za-z0-9+_.][A-Za-z0-9+._-]{0,99}")
_NAME: Final = re.compile(r"[a-z][a-z0-9-]*")

RowsNeeded = Callable[[WCS, tuple[int, int]], int]
"""From a frame's world coordinates and shape to the number of its first rows that are needed."""


@dataclass(frozen=True)
class Band:
    """One filter of a survey.

    Examples
    --------
    >>> Band("g", 4810.0, extinction=3.172).name
    'g'
    """

    name: str
    """Name in catalogue columns and image types: one letter, so that image types can name it."""
    wavelength: float
    """Effective wavelength in Angstrom."""
    zero_point: float | None = ZERO_POINT
    """AB magnitude of one unit of the pixels on disk (22.5: nanomaggies); None where each file
    states its own."""
    softening: float | None = None
    """Softening `b` of asinh magnitudes in maggies; None where the survey has none."""
    extinction: float | None = None
    """Magnitudes of Galactic extinction at E(B-V) = 1; None where not known."""
    saturation: float | None = None
    """Highest value of a pixel on disk in counts; None where not known."""
    gain: float | None = None
    """Electrons of one nanomaggy in a usual frame; None where not known. A `Frame` has its own."""

    def __post_init__(self) -> None:
        """Check that catalogue columns and image types can name the band."""
        if len(self.name) != 1 or not self.name.isalpha():
            raise SurveyError(f"the name of a band must be one letter, got {self.name!r}")

    @property
    def nanomaggies(self) -> float:
        """Nanomaggies of one unit of the pixels on disk."""
        if self.zero_point is None:
            raise SurveyError(f"band {self.name} has no zero point: its files state their own")
        return float(to_flux(np.array(self.zero_point)))

    @property
    def zero_flux(self) -> float | None:
        """Asinh magnitude of zero flux, to the two digits that survey tables print."""
        return None if self.softening is None else round(-POGSON * math.log(self.softening), 2)


@dataclass(frozen=True, order=True)
class Unit:
    """The key of one unit of files: an SDSS field, a tile, an object that has its own cutouts.

    Its text is safe as a file name.

    Examples
    --------
    >>> str(Unit((301, 4510, 4, 30)))
    '301-4510-4-30'
    """

    key: tuple[int | str, ...]
    """Values of `Survey.key`, or the name of an object."""

    def __post_init__(self) -> None:
        """Check that the text is a file name."""
        if not self.key or not all(_PART.fullmatch(str(part)) for part in self.key):
            raise SurveyError(f"{self.key!r} cannot name a unit of files")

    def __str__(self) -> str:
        """Join the parts with hyphens."""
        return "-".join(map(str, self.key))


@dataclass(frozen=True)
class UnitFile:
    """One file of a unit that lies on disk, and how it is checked."""

    name: str
    """Path below the directory, as a download names it."""
    path: Path
    """Where it lies."""
    check: Callable[[Path], None]
    """Raises `SurveyError` where the file is broken or of something else."""


class OpenUnit(Protocol):
    """Read the frames of a unit, one for each band of the survey, in the order of the bands."""

    def __call__(
        self,
        root: Path,
        unit: Unit,
        rows: RowsNeeded | None = None,
        /,
        *,
        mask_missing: bool = False,
    ) -> tuple[Frame, ...]:
        """Read frames.

        Parameters
        ----------
        root
            Directory of frames.
        unit
            Which unit.
        rows
            How many of a frame's first rows are needed; all if None. A reader may return
            more.
        mask_missing
            Whether a band without a file becomes a frame without pixels, where others have some.

        Returns
        -------
        tuple of Frame
            In nanomaggies.

        Raises
        ------
        MissingFrameError
            Where a file is missing.
        """


FetchCatalog = Callable[[CatalogConfig, str, Path, Callable[[Path], pd.DataFrame], Progress], Path]
"""From the settings of a query, the task, a folder for pages, a function that reads a page, and a
progress report, to the Parquet file of all rows."""

LookUpKey = Callable[
    [pd.DataFrame, CatalogConfig, Path, Callable[[Path], pd.DataFrame], Progress], pd.DataFrame
]
"""From a table with positions, the settings of the catalogue service, a folder for answers, a
function that reads one, and a progress report, to the table with the columns of the key."""


FindKeys = Callable[[float, float, float, CatalogConfig], pd.DataFrame]
"""From a position (degrees), a radius in arcmin and the settings of the catalogue service, to the
columns of the key of all units that hold objects there."""


@dataclass(frozen=True)
class Survey:
    """A survey: all that the rest of the package knows of it.

    Examples
    --------
    A survey of tiles in two bands, whose reader and finder are functions of one's own:

    >>> bands = (Band("g", 4770.0), Band("r", 6231.0))
    >>> tiles = Survey(
    ...     name="two-bands",
    ...     title="Tiles in two bands",
    ...     bands=bands,
    ...     pixel_scale=0.262,
    ...     detection_band="r",
    ...     key=("tile",),
    ...     open_unit=lambda root, unit, rows=None, *, mask_missing=False: (),
    ...     find_units=lambda paths: {},
    ... )
    >>> tiles.band_names
    ('g', 'r')
    """

    name: str
    """Name in experiment files: small letters, digits, hyphens."""
    title: str
    """Name for people, such as the title of a model card."""
    bands: tuple[Band, ...]
    """In the order of wavelength; the order of every band axis."""
    pixel_scale: float
    """Arcsec per pixel."""
    detection_band: str
    """Band in which sources are detected and shape is measured."""
    key: tuple[str, ...]
    """Catalogue columns that name the unit of files an object lies in; empty where every object
    has files of its own."""
    open_unit: OpenUnit
    """Reads the frames of a unit."""
    find_units: Callable[[Iterable[Path]], Mapping[Any, Path]]
    """Lists the units at or below some directories in order, each with the directory that
    `open_unit` takes for it."""
    text_key: bool = False
    """Whether the columns of `key` are text; integers otherwise."""
    list_files: Callable[[Path, Unit], list[UnitFile]] | None = None
    """Lists the files of a unit that lie below a directory, so that they are checked before they
    are used; None where reading them is check enough."""
    extend: Callable[[Frame, Path, Unit, int, int], Frame] | None = None
    """Adds rows of neighbouring units before and after a frame's own; None where units have no
    neighbours on the same grid."""
    find_neighbours: Callable[[Unit], tuple[Unit, ...]] | None = None
    """Names the units whose rows `extend` may add."""
    find_owners: Callable[[Unit, pd.DataFrame], Sequence[Unit]] | None = None
    """Names the unit that each of the sources (`x`, `y`) detected in a unit belongs to, where units
    share rows; None where that is not known of a source that is not primary."""
    is_primary: Callable[[Frame, pd.DataFrame], NDArray[np.bool_]] | None = None
    """Which of the sources (`x`, `y`) detected in a frame belong to its unit; None: all."""
    frames: FileKind | None = None
    """How the files of units are downloaded; None where they are not."""
    pictures: tuple[FileKind, ...] = ()
    """Ready-made colour pictures that the archive draws."""
    explorer: str = ""
    """Address of a page about a position, with ``{release}``, ``{ra}`` and ``{dec}`` (degrees)."""
    hips: str = ""
    """Identifier of the survey's colour images in Aladin Lite."""
    fetch_catalog: FetchCatalog | None = None
    """Fetches the result of a catalogue query; None where the archive answers none."""
    check_query: Callable[[CatalogConfig, str], None] | None = None
    """Checks before anything is fetched that the query of a task can be asked."""
    look_up_key: LookUpKey | None = None
    """Looks up the columns of `key` by position; None where the archive cannot."""
    find_keys: FindKeys | None = None
    """Finds the units around a position; None where the archive cannot."""
    decode_ids: Callable[["pd.Series[Any]"], pd.DataFrame] | None = None
    """Decodes the columns of `key` from `objid`; None where ids do not hold them."""
    make_unit: Callable[[tuple[int | str, ...]], Unit] = Unit
    """Builds a unit of the values of `key`, for a survey that checks them."""
    footprint: Footprint | None = None
    """The part of the sky that the archive has images of; None where not known."""

    def __post_init__(self) -> None:
        """Check names, bands and scale."""
        if not _NAME.fullmatch(self.name):
            raise SurveyError(f"the name of a survey must be like 'sdss', got {self.name!r}")
        if not self.bands or len(set(self.band_names)) != len(self.bands):
            raise SurveyError(f"survey {self.name} must have bands of different names")
        if [band.wavelength for band in self.bands] != sorted(b.wavelength for b in self.bands):
            raise SurveyError(f"survey {self.name}: bands must be in the order of wavelength")
        if self.detection_band not in self.band_names:
            raise SurveyError(
                f"survey {self.name} has no detection band {self.detection_band!r} (it has"
                f" {', '.join(self.band_names)})"
            )
        if not self.pixel_scale > 0:
            raise SurveyError(f"survey {self.name}: pixel_scale must be above 0 arcsec")

    @property
    def band_names(self) -> tuple[str, ...]:
        """Names of the bands, in order."""
        return tuple(band.name for band in self.bands)

    def get_band(self, name: str) -> Band:
        """Look up a band by name.

        Parameters
        ----------
        name
            One of `band_names`.

        Returns
        -------
        Band
            The band.

        Raises
        ------
        SurveyError
            Where there is none of that name.
        """
        if name not in self.band_names:
            raise SurveyError(
                f"survey {self.name} has no band {name!r} (it has {', '.join(self.band_names)})"
            )
        return self.bands[self.band_names.index(name)]

    @property
    def file_kinds(self) -> tuple[FileKind, ...]:
        """Kinds of files that can be downloaded."""
        return (*(() if self.frames is None else (self.frames,)), *self.pictures)

    def covers(self, ra: NDArray[np.float64], dec: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Mark the positions that lie in the survey's footprint.

        Parameters
        ----------
        ra, dec
            ICRS coordinates in degrees, `[n]`.

        Returns
        -------
        numpy.ndarray
            `[n]`; all true where the footprint is not known.
        """
        if self.footprint is None:
            return np.ones(len(ra), dtype=np.bool_)
        return self.footprint.contains(ra, dec)

    def name_unit(self, row: Mapping[str, Any]) -> Unit:
        """Build the key of the unit that holds an object.

        Parameters
        ----------
        row
            Catalogue columns by name: those of `key`, or ids and positions.

        Returns
        -------
        Unit
            Its key.
        """
        if not self.key:
            return Unit((name_object(row),))
        return self._make_unit(row[name] for name in self.key)

    def _make_unit(self, values: Iterable[Any]) -> Unit:
        """Build a unit of catalogue values, which may be NumPy's."""
        return self.make_unit(tuple(v if isinstance(v, str) else int(v) for v in values))

    def group_objects(self, catalog: pd.DataFrame) -> list[tuple[Unit, pd.DataFrame]]:
        """Group the objects of a catalogue by the unit of files that they lie in.

        Parameters
        ----------
        catalog
            With the columns of `key`; for a survey without a key, ids or positions.

        Returns
        -------
        list of (Unit, pandas.DataFrame)
            Each unit with its rows: in the order of the units, or of their first rows where there
            is no key.
        """
        if self.key:
            groups = catalog.groupby(list(self.key), sort=True)
            return [(self._make_unit(key), rows) for key, rows in groups]
        names = [str(name) for name in catalog.columns]
        numbers: dict[Unit, list[int]] = {}
        for number, row in enumerate(catalog.itertuples(index=False, name=None)):
            unit = self.name_unit(dict(zip(names, row, strict=True)))
            numbers.setdefault(unit, []).append(number)
        return [(unit, catalog.iloc[rows]) for unit, rows in numbers.items()]
