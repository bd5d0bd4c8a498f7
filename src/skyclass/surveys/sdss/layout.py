"""SDSS fields and their frames: bands, sizes, names on disk, and which fields a directory holds.

The layout and the contents of a frame are those of the data model page
https://data.sdss.org/datamodel/files/BOSS_PHOTOOBJ/frames/RERUN/RUN/CAMCOL/frame.html
"""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final, Self

from skyclass.errors import MissingFrameError, SurveyError
from skyclass.files import list_files
from skyclass.surveys.survey import Unit

__all__ = [
    "BANDS",
    "FIELD_KEY",
    "FRAME_LESS_FIELD",
    "FRAME_SHAPE",
    "GAIN",
    "NANOMAGGIES_PER_COUNT",
    "PIXEL_SCALE",
    "PRIMARY_ROWS",
    "ROWS_PER_FIELD",
    "SATURATION",
    "SOFTENING",
    "Field",
    "find_fields",
    "find_frame",
    "make_frame_path",
    "make_header_cards",
]

BANDS: Final = ("u", "g", "r", "i", "z")
"""Bands in the order of wavelength; the order of every band axis."""

FIELD_KEY: Final = ("rerun", "run", "camcol", "field")
"""Catalogue columns that name a field."""

FRAME_SHAPE: Final = (1489, 2048)
"""Rows (along the scan) and columns of a frame."""

ROWS_PER_FIELD: Final = 1361
"""Rows from one field to the next; 128 rows are in both (data model page of the frames)."""

PRIMARY_ROWS: Final = (64, 64 + ROWS_PER_FIELD)
"""First row, and row after the last, of the sources that belong to a field: of the rows that it
shares with a neighbour each of them owns half."""

PIXEL_SCALE: Final = 0.396
"""Arcsec per pixel (data model page of the frames)."""

SATURATION: Final = (61262, 62022, 50631, 51453, 63128)
"""Highest count of a pixel in each band (photoField of run 4510, camcol 4: SATURATION_LEVEL)."""

GAIN: Final = (
    (1.62, 3.32, 4.71, 5.165, 4.745),
    (1.825, 3.855, 4.6, 5.195, 5.155),
    (1.59, 3.845, 4.72, 4.86, 4.885),
    (1.6, 3.995, 4.76, 4.885, 4.775),
    (1.47, 4.05, 4.725, 4.64, 3.48),
    (2.17, 4.035, 4.895, 4.76, 4.69),
)
"""Electrons per count of each camera column in each band (data model page of the frames; column 2:
photoField of run 2583, where the page has 6.565 in i and, up to run 1100, 1.595 in u)."""

NANOMAGGIES_PER_COUNT: Final = (0.00888, 0.00358, 0.00501, 0.00651, 0.0349)
"""Usual value of the card NMGY in each band: mean of HDU 1 of the fields 301-4510-4-30,
301-3918-3-213 and 301-1992-1-87."""

SOFTENING: Final = (1.4e-10, 0.9e-10, 1.2e-10, 1.8e-10, 7.4e-10)
"""Softening of the asinh magnitudes in each band, in maggies (Stoughton et al. 2002, AJ 123, 485,
table 21)."""

FRAME_LESS_FIELD: Final = {"r": 0, "i": 2, "u": 4, "z": 6, "g": 8}
"""Card FRAME less the field's number: the bands cross the sky in this order, two fields apart
(Gunn et al. 1998, AJ 116, 3040); a frame has no FIELD card."""

_NAME = re.compile(
    r"frame-(?P<band>[ugriz])-(?P<run>\d{6})-(?P<camcol>[1-6])-(?P<field>\d{4})"
    r"\.fits(\.bz2|\.gz)?"
)
_SUFFIXES: Final = (".bz2", ".gz", "")


class Field(Unit):
    """One field of the imaging survey, the unit of work on pixels.

    Parameters
    ----------
    rerun
        Photometric reduction (301 for all public frames).
    run
        Imaging run.
    camcol
        Camera column, 1 to 6.
    field
        Number of the field along the run's camera column.

    Raises
    ------
    SurveyError
        Where no field has such a key.

    Examples
    --------
    >>> str(Field(301, 4510, 4, 30))
    '301-4510-4-30'
    """

    def __init__(self, rerun: int, run: int, camcol: int, field: int) -> None:
        super().__init__((rerun, run, camcol, field))
        if not (
            0 <= rerun < 10_000 and 0 < run < 1_000_000 and 1 <= camcol <= 6 and 0 < field < 10_000
        ):
            raise SurveyError(f"field {self} does not exist: no SDSS field has such a key")

    def __repr__(self) -> str:
        return f"Field{self.key}"

    @property
    def rerun(self) -> int:
        """Photometric reduction."""
        return int(self.key[0])

    @property
    def run(self) -> int:
        """Imaging run."""
        return int(self.key[1])

    @property
    def camcol(self) -> int:
        """Camera column, 1 to 6."""
        return int(self.key[2])

    @property
    def field(self) -> int:
        """Number of the field along the run's camera column."""
        return int(self.key[3])

    @classmethod
    def from_unit(cls, unit: Unit) -> Self:
        """Convert the key of a unit to a field.

        Parameters
        ----------
        unit
            With rerun, run, camcol and field.

        Returns
        -------
        Field
            The same where it is one.
        """
        return unit if isinstance(unit, cls) else cls(*(int(part) for part in unit.key))


def make_frame_path(field: Field, band: str) -> Path:
    """Build a frame's path below a directory of frames, as in the archive.

    Parameters
    ----------
    field
        Field key.
    band
        One of `BANDS`.

    Returns
    -------
    pathlib.Path
        ``RERUN/RUN/CAMCOL/frame-B-RRRRRR-C-FFFF.fits.bz2``.
    """
    name = f"frame-{band}-{field.run:06d}-{field.camcol}-{field.field:04d}.fits.bz2"
    return Path(str(field.rerun), str(field.run), str(field.camcol), name)


def make_header_cards(field: Field, band: str) -> dict[str, int | str]:
    """Make the cards of a frame's header that name it; the header does not name the rerun.

    Parameters
    ----------
    field, band
        Which frame.

    Returns
    -------
    dict
        Values by the names of the cards.

    Examples
    --------
    >>> make_header_cards(Field(301, 4510, 4, 30), "g")
    {'RUN': 4510, 'CAMCOL': 4, 'FILTER': 'g', 'FRAME': 38}
    """
    return {
        "RUN": field.run,
        "CAMCOL": field.camcol,
        "FILTER": band,
        "FRAME": field.field + FRAME_LESS_FIELD[band],
    }


def find_frame(root: Path, field: Field, band: str) -> Path:
    """Find one frame, compressed or plain, in the archive's layout or in one flat folder.

    Parameters
    ----------
    root
        Directory that holds the rerun folders, or the frames themselves.
    field, band
        Which frame.

    Returns
    -------
    pathlib.Path
        An existing file.

    Raises
    ------
    MissingFrameError
        Where there is none.
    """
    relative = make_frame_path(field, band)
    for folder in (root / relative.parent, root):
        for suffix in _SUFFIXES:
            path = folder / (relative.with_suffix("").name + suffix)
            if path.is_file():
                return path
    if not root.is_dir():
        raise SurveyError(f"the directory of frames {root} does not exist")
    raise MissingFrameError(
        f"field {field} has no {band} frame: expected {relative.name} (or .fits.gz, or .fits)"
        f" in {root} or its {relative.parent}"
    )


def find_fields(paths: Iterable[Path]) -> dict[Field, Path]:
    """List the fields that have at least one frame at or below some directories.

    Parameters
    ----------
    paths
        Directories to look through; links are followed.

    Returns
    -------
    dict
        Each field with the directory that holds its frames, in the order of the fields.

    Raises
    ------
    SurveyError
        Where a path is not a directory, or holds no frame at all.
    """
    fields: dict[Field, Path] = {}
    for root in paths:
        if not root.is_dir():
            raise SurveyError(f"{root} is not a directory; name one that holds SDSS frames")
        names = [(p, _NAME.fullmatch(p.name)) for p in list_files(root)]
        matches = [(p, m) for p, m in names if m is not None]
        if not matches:
            raise SurveyError(f"{root} holds no frame (frame-B-RRRRRR-C-FFFF.fits[.bz2|.gz])")
        for path, match in matches:
            fields[_parse_field(path, match)] = path.parent
    return dict(sorted(fields.items()))


def _parse_field(path: Path, match: re.Match[str]) -> Field:
    """Read the field off a frame's path; the rerun is a folder's name, or 301."""
    folders = path.parent.parts
    rerun = int(folders[-3]) if len(folders) >= 3 and folders[-3].isdecimal() else 301
    return Field(rerun, int(match["run"]), int(match["camcol"]), int(match["field"]))
