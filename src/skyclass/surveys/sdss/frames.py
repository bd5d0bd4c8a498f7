"""SDSS corrected frames: names, addresses by release, and reading and checking one file.

The layout and the contents of a frame are those of the data model page
https://data.sdss.org/datamodel/files/BOSS_PHOTOOBJ/frames/RERUN/RUN/CAMCOL/frame.html
"""

import re
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from io import BufferedIOBase
from pathlib import Path
from typing import Final

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from skyclass.config.sections import ARCSEC_PER_PIXEL, SurveyConfig
from skyclass.errors import MissingFrameError, SurveyError
from skyclass.schema import FRAME_KEYS
from skyclass.surveys.request import Archive, Picture, Row
from skyclass.transfer.decompress import open_decompressed
from skyclass.transfer.file_request import FileRequest
from skyclass.transfer.integrity import read_decompressed, read_fits_headers

__all__ = [
    "BANDS",
    "FRAMES",
    "FRAME_LESS_FIELD",
    "FRAME_SHAPE",
    "PIXEL_SCALE",
    "PRIMARY_ROWS",
    "ROWS_PER_FIELD",
    "SATURATION",
    "Field",
    "RawFrame",
    "check_frame",
    "find_fields",
    "find_frame",
    "frame_path",
    "frame_requests",
    "frames_address",
    "read_frame",
]

BANDS: Final = ("u", "g", "r", "i", "z")
"""Bands in the order of wavelength; the order of every band axis."""

FRAME_SHAPE: Final = (1489, 2048)
"""Rows (along the scan) and columns of a frame."""

ROWS_PER_FIELD: Final = 1361
"""Rows from one field to the next; 128 rows are in both (data model page of the frames)."""

PRIMARY_ROWS: Final = (64, 64 + ROWS_PER_FIELD)
"""First row, and row after the last, of the sources that belong to a field: of the rows that it
shares with a neighbour each of them owns half."""

PIXEL_SCALE: Final = ARCSEC_PER_PIXEL
"""Arcsec per pixel (data model page of the frames)."""

SATURATION: Final = (61262, 62022, 50631, 51453, 63128)
"""Highest count of a pixel in each band (photoField of run 4510, camcol 4: SATURATION_LEVEL)."""

MAX_FRAME_BYTES: Final = 64 * 2**20
"""A frame's image has 12.2 MB; a larger one than this is refused unread."""

FRAME_LIMIT: Final = 32 * 2**20
"""Most bytes of a frame as it is sent; real ones have 2.6 to 4.6 MB."""

RELEASES: Final = range(8, 20)
"""Releases that have these frames; before the eighth there were other files."""

FRAME_LESS_FIELD: Final = {"r": 0, "i": 2, "u": 4, "z": 6, "g": 8}
"""Card FRAME less the field's number: the bands cross the sky in this order, two fields apart
(Gunn et al. 1998, AJ 116, 3040); a frame has no FIELD card."""

_NAME = re.compile(
    r"frame-(?P<band>[ugriz])-(?P<run>\d{6})-(?P<camcol>[1-6])-(?P<field>\d{4})"
    r"\.fits(\.bz2|\.gz)?"
)
_SUFFIXES: Final = (".bz2", ".gz", "")
_BLOCK: Final = 2880
_MAX_HEADER: Final = 2**20


@dataclass(frozen=True, order=True)
class Field:
    """One field of the imaging survey, the unit of work on pixels."""

    rerun: int
    """Photometric reduction (301 for all public frames)."""
    run: int
    """Imaging run."""
    camcol: int
    """Camera column, 1 to 6."""
    field: int
    """Number of the field along the run's camera column."""

    def __post_init__(self) -> None:
        """Refuse keys that no field has."""
        if not (
            0 <= self.rerun < 10_000
            and 0 < self.run < 1_000_000
            and 1 <= self.camcol <= 6
            and 0 < self.field < 10_000
        ):
            raise SurveyError(f"no SDSS field has the key {self}")

    def __str__(self) -> str:
        """Show the key the way astronomers write it."""
        return f"{self.rerun}-{self.run}-{self.camcol}-{self.field}"


@dataclass(frozen=True)
class RawFrame:
    """The image of one frame file and its primary header, as they are on disk."""

    path: Path
    """File the frame was read from."""
    data: NDArray[np.float32]
    """Sky-subtracted image in nanomaggies, `[y, x]`."""
    header: fits.Header
    """Primary header."""


def frame_path(field: Field, band: str) -> Path:
    """Give a frame's path below a frames directory, as in the archive.

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
    relative = frame_path(field, band)
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
    """List the fields that have at least one frame at or below the given directories.

    Parameters
    ----------
    paths
        Directories to look through.

    Returns
    -------
    dict
        Each field with the directory that holds its frames, in the order of the fields.

    Raises
    ------
    SurveyError
        Where a path is no directory, or holds no frame at all.
    """
    found: dict[Field, Path] = {}
    for root in paths:
        if not root.is_dir():
            raise SurveyError(f"{root} is not a directory; give one that holds SDSS frames")
        names = [(p, _NAME.fullmatch(p.name)) for p in sorted(root.rglob("frame-*.fits*"))]
        matches = [(p, m) for p, m in names if m is not None]
        if not matches:
            raise SurveyError(f"{root} holds no frame (frame-B-RRRRRR-C-FFFF.fits[.bz2|.gz])")
        for path, match in matches:
            found[_field_of(path, match)] = path.parent
    return dict(sorted(found.items()))


def _field_of(path: Path, match: re.Match[str]) -> Field:
    """Give the field of a frame's path; the rerun is a folder's name, or 301."""
    folders = path.parent.parts
    rerun = int(folders[-3]) if len(folders) >= 3 and folders[-3].isdecimal() else 301
    return Field(rerun, int(match["run"]), int(match["camcol"]), int(match["field"]))


def read_frame(path: Path, rows: Callable[[fits.Header], int] | None = None) -> RawFrame:
    """Read the image of one frame file (bz2, gzip or plain FITS), in memory.

    Parameters
    ----------
    path
        Frame file; its name need not follow the archive.
    rows
        Given the primary header, says how many of the image's rows are needed; the file is
        decompressed no further. All of them where not given.

    Returns
    -------
    RawFrame
        The image's first rows as native-endian float32, and the primary header.

    Raises
    ------
    SurveyError
        Where the file is missing, cut short, not FITS, larger than `MAX_FRAME_BYTES`, or has no
        two-dimensional image.
    """
    try:
        with open_decompressed(path) as stream:
            header = _read_header(path, stream)
            shape = _shape(path, header)
            count = shape[0] if rows is None else min(max(rows(header), 0), shape[0])
            return RawFrame(path, _read_rows(path, stream, (count, shape[1])), header)
    except FileNotFoundError as error:
        raise SurveyError(f"{path} does not exist") from error
    except (EOFError, OSError, zlib.error) as error:
        raise SurveyError(f"{path} is cut short or broken ({error}); download it again") from error


def _read_header(path: Path, stream: BufferedIOBase) -> fits.Header:
    """Read the primary header (blocks of 2,880 bytes, FITS standard 4.0, 3.3.1)."""
    content = b""
    while len(content) < _MAX_HEADER:
        block = stream.read(_BLOCK)
        if not content and not block.startswith(b"SIMPLE  ="):
            raise SurveyError(f"{path} is {_kind(block)}; delete it and download it again")
        content += block
        if any(block[card : card + 80].rstrip() == b"END" for card in range(0, _BLOCK, 80)):
            return fits.Header.fromstring(content)
        if len(block) < _BLOCK:
            break
    raise SurveyError(f"{path} has a FITS header without an END card; download it again")


def _kind(block: bytes) -> str:
    """Say what a file is that does not begin as FITS does."""
    if not block:
        return "empty, cut short or not a FITS file"
    return "an HTML page" if block.lstrip()[:1] == b"<" else "not a FITS file"


def _shape(path: Path, header: fits.Header) -> tuple[int, int]:
    """Give rows and columns of the primary image, which must be one that a frame may have."""
    if header.get("NAXIS") != 2 or header.get("BITPIX") != -32:
        raise SurveyError(f"{path} has no two-dimensional float32 image in its first HDU")
    shape = int(header["NAXIS2"]), int(header["NAXIS1"])
    if min(shape) < 1 or 4 * shape[0] * shape[1] > MAX_FRAME_BYTES:
        raise SurveyError(f"{path} has an image of {shape[1]} x {shape[0]} pixels: no frame does")
    return shape


def _read_rows(path: Path, stream: BufferedIOBase, shape: tuple[int, int]) -> NDArray[np.float32]:
    """Read rows of the primary image as native float32."""
    pixels = np.empty(shape, dtype=">f4")
    # into memory that is asked for once: a second copy costs as much as all the cutting
    if stream.readinto(pixels.reshape(-1).view(np.uint8).data) < pixels.nbytes:
        raise SurveyError(
            f"{path} is cut short or broken: it ends before row {shape[0]}; download it again"
        )
    return pixels.byteswap(inplace=True).view(np.dtype("<f4"))


def frames_address(release: int) -> tuple[str, str]:
    """Give where a release keeps its frames.

    DR8: https://www.sdss3.org/dr8/imaging/images.php; DR9 to DR17: BOSS_PHOTOOBJ in the directory
    tree that SDSS publishes (https://github.com/sdss/tree, data/dr*.cfg); DR18: its data access
    page. DR19 adds no imaging; its address is DR18's with the number changed.

    Parameters
    ----------
    release
        Number of the data release, 8 to 19.

    Returns
    -------
    base
        ``https://host``.
    folder
        Path of the folder that holds the reruns.

    Raises
    ------
    SurveyError
        Where the release has no such frames.
    """
    if release not in RELEASES:
        raise SurveyError(
            f"SDSS release {release} has no frames of this kind; choose one of"
            f" {RELEASES.start} to {RELEASES.stop - 1}"
        )
    if release == 8:
        tree = "groups/boss"
    elif release <= 12:
        tree = "boss"
    elif release <= 17:
        tree = "eboss"
    else:
        tree = "prior-surveys/sdss4-dr17-eboss"
    host = f"dr{release}" if release == 12 or release >= 18 else "data"
    return f"https://{host}.sdss.org", f"/sas/dr{release}/{tree}/photoObj/frames"


def frame_requests(row: Row, survey: SurveyConfig, _picture: Picture) -> list[FileRequest]:
    """Give the five frames of a field.

    Parameters
    ----------
    row
        With `rerun`, `run`, `camcol` and `field`.
    survey
        Release, and base URL of a mirror.

    Returns
    -------
    list of FileRequest
        In the order of `BANDS`; named by `frame_path` on disk.
    """
    field = Field(*(int(row[key]) for key in FRAME_KEYS))
    host, folder = frames_address(survey.release)
    return [
        FileRequest(
            kind="frames",
            path=frame_path(field, band).as_posix(),
            base=survey.base_url or host,
            source=f"{folder}/{frame_path(field, band).as_posix()}",
            limit=FRAME_LIMIT,
            check=partial(check_frame, field=field, band=band),
            decompressed_limit=MAX_FRAME_BYTES,
        )
        for band in BANDS
    ]


def check_frame(path: Path, field: Field, band: str) -> None:
    """Refuse a file that is not one whole frame of the field and band.

    Parameters
    ----------
    path
        File, bz2, gzip or plain.
    field, band
        What was asked for; the header does not name the rerun.

    Raises
    ------
    SurveyError
        Saying what is wrong.
    """
    header = read_fits_headers(read_decompressed(path, MAX_FRAME_BYTES))[0]
    if header.get("NAXIS") != 2 or header.get("BITPIX") != -32:
        raise SurveyError("has no two-dimensional float32 image in its first HDU")
    wanted = {
        "RUN": field.run,
        "CAMCOL": field.camcol,
        "FILTER": band,
        "FRAME": field.field + FRAME_LESS_FIELD[band],
    }
    for card, value in wanted.items():
        found = header.get(card)
        if str(found).strip() != str(value):
            raise SurveyError(
                f"is another frame: its {card} is {found!s:.40}, field {field} {band} has {value}"
            )


FRAMES: Final = Archive("frames", FRAME_KEYS, frame_requests, by_object=False)
