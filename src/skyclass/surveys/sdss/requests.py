"""SDSS corrected frames in the archive: their address by release, and the check of one file."""

from functools import partial
from pathlib import Path
from typing import Final

from astropy.io import fits

from skyclass.config.sections import SurveyConfig
from skyclass.errors import SkyclassError, SurveyError
from skyclass.frames.frame import read_wcs
from skyclass.surveys.file_kinds import FileKind, Picture, Row
from skyclass.surveys.sdss.layout import BANDS, FIELD_KEY, Field, make_frame_path, make_header_cards
from skyclass.surveys.sdss.raw_frame import MAX_FRAME_BYTES, read_calibration
from skyclass.surveys.sdss.skyserver import says_too_many_queries
from skyclass.transfer.file_request import FileRequest
from skyclass.transfer.integrity import CARD_ERRORS, read_decompressed, read_fits_headers

__all__ = ["FRAMES", "check_frame", "get_frames_address", "request_frames"]

FRAME_LIMIT: Final = 32 * 2**20
"""Most bytes of a frame as it is sent; real ones have 2.6 to 4.6 MB."""

RELEASES: Final = range(8, 20)
"""Releases that have these frames; before the eighth there were other files."""


def get_frames_address(release: int) -> tuple[str, str]:
    """Look up where a release keeps its frames.

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


def request_frames(row: Row, survey: SurveyConfig, _picture: Picture) -> list[FileRequest]:
    """Build the requests for the five frames of a field.

    Parameters
    ----------
    row
        With `rerun`, `run`, `camcol` and `field`.
    survey
        Release, and base URL of a mirror.

    Returns
    -------
    list of FileRequest
        In the order of `BANDS`; named by `make_frame_path` on disk.
    """
    field = Field(*(int(row[key]) for key in FIELD_KEY))
    host, folder = get_frames_address(survey.release)
    return [
        FileRequest(
            kind="frames",
            path=make_frame_path(field, band).as_posix(),
            base=survey.base_url or host,
            source=f"{folder}/{make_frame_path(field, band).as_posix()}",
            limit=FRAME_LIMIT,
            check=partial(check_frame, field=field, band=band),
            decompressed_limit=MAX_FRAME_BYTES,
            recognise_overload=says_too_many_queries,
        )
        for band in BANDS
    ]


def check_frame(path: Path, field: Field, band: str) -> None:
    """Check that a file is one whole frame of a field and band.

    Parameters
    ----------
    path
        File, bz2, gzip or plain.
    field, band
        What it should be; the header does not name the rerun.

    Raises
    ------
    SurveyError
        Where it is not; the message continues a sentence that begins with the path.
    """
    header = read_fits_headers(read_decompressed(path, MAX_FRAME_BYTES))[0]
    try:
        _check_cards(path, header, field, band)
    except CARD_ERRORS as error:
        raise SurveyError(f"has a broken FITS header: {error!s:.100}") from error


def _check_cards(path: Path, header: fits.Header, field: Field, band: str) -> None:
    """Check all that opening a frame reads of its header."""
    if header.get("NAXIS") != 2 or header.get("BITPIX") != -32:
        raise SurveyError("has no two-dimensional float32 image in its first HDU")
    for card, value in make_header_cards(field, band).items():
        stated = header.get(card)
        if str(stated).strip() != str(value):
            raise SurveyError(
                f"is another frame: its {card} is {stated!s:.40}, field {field} {band} has {value}"
            )
    try:
        read_wcs(path, header)
        read_calibration(path, header)
    except SkyclassError as error:
        raise SurveyError(str(error).removeprefix(f"{path} ")) from error


FRAME_BYTES: Final = 3.36e6
"""Mean size of a compressed frame: 20 frames of fields 1992-1-87, 2583-2-136, 3918-3-213 and
4510-4-30 have 2.87 to 3.84 MB."""

FRAMES: Final = FileKind(
    "frames",
    FIELD_KEY,
    request_frames,
    by_object=False,
    typical_bytes=FRAME_BYTES,
    limits={"rerun": (0, 9999), "run": (1, 999_999), "camcol": (1, 6), "field": (1, 9999)},
)
