"""Read one file of an SDSS corrected frame: plain, gzip or bz2, as far as its rows are needed."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from io import BufferedIOBase
from pathlib import Path
from typing import Final

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from skyclass.errors import SurveyError
from skyclass.transfer.decompress import open_decompressed
from skyclass.transfer.integrity import CARD_ERRORS

__all__ = ["MAX_FRAME_BYTES", "RawFrame", "read_calibration", "read_frame"]

MAX_FRAME_BYTES: Final = 64 * 2**20
"""A frame's image has 12.2 MB; a larger one than this is refused unread."""

_BLOCK: Final = 2880
_MAX_HEADER: Final = 2**20


@dataclass(frozen=True)
class RawFrame:
    """The image of one frame file and its primary header, as they are on disk."""

    path: Path
    """File the frame was read from."""
    data: NDArray[np.float32]
    """Sky-subtracted image in nanomaggies, `[y, x]`."""
    header: fits.Header
    """Primary header."""


def read_frame(path: Path, rows: Callable[[fits.Header], int] | None = None) -> RawFrame:
    """Read the image of one frame file (bz2, gzip or plain FITS), in memory.

    Parameters
    ----------
    path
        Frame file; its name need not follow the archive.
    rows
        From the primary header to the number of the image's rows that are needed; the file is
        decompressed no further. All of them if None.

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
            shape = _read_shape(path, header)
            count = shape[0] if rows is None else min(max(rows(header), 0), shape[0])
            return RawFrame(path, _read_rows(path, stream, (count, shape[1])), header)
    except FileNotFoundError as error:
        raise SurveyError(f"{path} does not exist") from error
    except (EOFError, zlib.error, *CARD_ERRORS, OSError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise SurveyError(f"{path} is cut short or broken ({reason}); download it again") from error


def read_calibration(path: Path, header: fits.Header) -> float:
    """Read the nanomaggies of one count; NaN where the header does not state them.

    Parameters
    ----------
    path
        File of the header, for the message.
    header
        Of a frame.

    Returns
    -------
    float
        Positive.

    Raises
    ------
    SurveyError
        Where the card NMGY is not a positive number.
    """
    stated = header.get("NMGY", np.nan)
    if type(stated) in {int, float} and not stated <= 0:
        return float(stated)
    raise SurveyError(f"{path} has NMGY {stated!r:.40}; it must be a positive number")


def _read_header(path: Path, stream: BufferedIOBase) -> fits.Header:
    """Read the primary header (blocks of 2,880 bytes, FITS standard 4.0, 3.3.1)."""
    content = b""
    while len(content) < _MAX_HEADER:
        block = stream.read(_BLOCK)
        if not content and not block.startswith(b"SIMPLE  ="):
            raise SurveyError(f"{path} is {_describe(block)}; delete it and download it again")
        content += block
        if any(block[card : card + 80].rstrip() == b"END" for card in range(0, _BLOCK, 80)):
            return fits.Header.fromstring(content)
        if len(block) < _BLOCK:
            break
    raise SurveyError(f"{path} has a FITS header without an END card; download it again")


def _describe(block: bytes) -> str:
    """Describe a file that does not begin as FITS does."""
    if not block:
        return "empty, cut short or not a FITS file"
    return "an HTML page" if block.lstrip()[:1] == b"<" else "not a FITS file"


def _read_shape(path: Path, header: fits.Header) -> tuple[int, int]:
    """Read rows and columns of the primary image, and check that a frame may have them."""
    if header.get("NAXIS") != 2 or header.get("BITPIX") != -32:
        raise SurveyError(f"{path} has no two-dimensional float32 image in its first HDU")
    shape = int(header["NAXIS2"]), int(header["NAXIS1"])
    if min(shape) < 1 or 4 * shape[0] * shape[1] > MAX_FRAME_BYTES:
        raise SurveyError(
            f"{path} has an image of {shape[1]} x {shape[0]} pixels, which no frame has"
        )
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
