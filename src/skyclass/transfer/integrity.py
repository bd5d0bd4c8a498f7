"""Check that a file is whole: compressed streams, FITS structure, pictures, error pages."""

import bz2
import io
import re
import zlib
from pathlib import Path
from typing import Final, Literal

from astropy.io import fits
from PIL import Image, UnidentifiedImageError

from skyclass.errors import SurveyError
from skyclass.transfer.decompress import decompress_bz2

__all__ = [
    "BLOCK",
    "CARD_ERRORS",
    "check_picture",
    "compute_data_size",
    "describe_error_page",
    "find_header_end",
    "open_picture",
    "read_decompressed",
    "read_fits_headers",
    "says_too_many_requests",
]

BLOCK: Final = 2880
"""Bytes of a FITS block (FITS standard 4.0, section 3.1)."""

CARD_ERRORS: Final = (fits.VerifyError, ValueError, TypeError, KeyError, OverflowError)
"""What reading a card raises that is missing, cannot be parsed, or has a value of another kind."""

_MOST_FIELDS: Final = 999
"""Columns of a table (section 7.3.1)."""

_MOST_STREAMS: Final = 1000
_MOST_HEADER: Final = 2**20
_ENDS: Final = {"JPEG": b"\xff\xd9", "PNG": b"IEND\xaeB`\x82"}


def read_decompressed(path: Path, limit: int) -> bytes:
    """Read a file whole, decompressing bz2 and gzip to the very end of the stream.

    Parameters
    ----------
    path
        File; its first bytes tell how it is compressed.
    limit
        Most bytes it may have, compressed or not.

    Returns
    -------
    bytes
        Decompressed content.

    Raises
    ------
    SurveyError
        Where the stream is truncated or broken, something follows it, or it holds more than
        `limit` bytes.
    """
    if path.stat().st_size > limit:
        raise SurveyError(f"has more than {limit} bytes")
    content = path.read_bytes()
    is_bz2 = content[:3] == b"BZh"
    if is_bz2 and (whole := decompress_bz2(path, limit)) is not None:
        return whole
    if not is_bz2 and content[:2] != b"\x1f\x8b":
        return content
    parts: list[bytes] = []
    room = limit
    for _ in range(_MOST_STREAMS):
        piece, content = _decompress_stream(content, room + 1)
        room -= len(piece)
        if room < 0:
            raise SurveyError(f"decompresses to more than {limit} bytes")
        parts.append(piece)
        if not content:
            return b"".join(parts)
    raise SurveyError(f"has more than {_MOST_STREAMS} compressed streams")


def _decompress_stream(content: bytes, most: int) -> tuple[bytes, bytes]:
    """Decompress one stream; return its content and the bytes after it."""
    is_bz2 = content[:3] == b"BZh"
    stream = bz2.BZ2Decompressor() if is_bz2 else zlib.decompressobj(wbits=31)
    try:
        piece = stream.decompress(content, most)
    except (OSError, zlib.error) as error:
        raise SurveyError(f"is broken: {error}") from error
    if len(piece) < most and not stream.eof:
        raise SurveyError("is truncated: its compressed stream does not end")
    return piece, stream.unused_data


def read_fits_headers(content: bytes) -> list[fits.Header]:
    """Read the header of each HDU of a FITS file.

    Parameters
    ----------
    content
        The whole file, decompressed.

    Returns
    -------
    list of astropy.io.fits.Header
        At least one.

    Raises
    ------
    SurveyError
        Where the file is not FITS, or does not end where its last HDU does.
    """
    headers: list[fits.Header] = []
    start = 0
    while start < len(content) or not headers:
        if not content.startswith(b"XTENSION" if headers else b"SIMPLE  =", start):
            raise SurveyError("is not a FITS file" if not headers else "has bytes after its end")
        end = find_header_end(content, start)
        try:
            header = fits.Header.fromstring(content[start:end])
            size = compute_data_size(header)
        except CARD_ERRORS as error:
            raise SurveyError(f"has a broken FITS header: {error!s:.100}") from error
        headers.append(header)
        start = end + -(-size // BLOCK) * BLOCK
        if start > len(content):
            raise SurveyError(f"is truncated: {len(content)} bytes of at least {start}")
    return headers


def find_header_end(content: bytes, start: int = 0) -> int:
    """Find the end of a header (FITS standard 4.0, section 3.3.1).

    Parameters
    ----------
    content
        The file, decompressed.
    start
        Offset of the header in bytes.

    Returns
    -------
    int
        Offset of the data that follow.

    Raises
    ------
    SurveyError
        Where there is no END card within a megabyte, or a card is not ASCII.
    """
    for block in range(start, min(len(content), start + _MOST_HEADER), BLOCK):
        cards = content[block : block + BLOCK]
        if any(cards[card : card + 80].rstrip() == b"END" for card in range(0, BLOCK, 80)):
            if not content[start : block + BLOCK].isascii():
                raise SurveyError("has a FITS header that is not text")
            return block + BLOCK
    raise SurveyError("has a FITS header without an END card")


def compute_data_size(header: fits.Header) -> int:
    """Compute the number of bytes of an HDU's data (FITS standard 4.0, section 4.4.1, equation 2).

    Parameters
    ----------
    header
        Of the HDU.

    Returns
    -------
    int
        Bytes, without those that fill the last block.

    Raises
    ------
    ValueError, KeyError, TypeError
        If a card is missing or impossible; a library would take memory for what it states.
    """
    if header.get("TFIELDS", 0) > _MOST_FIELDS:
        raise ValueError(f"TFIELDS is {header['TFIELDS']}, more than {_MOST_FIELDS}")
    axes = [int(header[f"NAXIS{axis + 1}"]) for axis in range(int(header["NAXIS"]))]
    if not axes:
        return 0
    count = 1
    for length in axes:
        count *= length
    size = int(header.get("GCOUNT", 1)) * (int(header.get("PCOUNT", 0)) + count)
    if size < 0 or any(length < 0 for length in axes):
        raise ValueError("an axis is negative")
    return abs(int(header["BITPIX"])) // 8 * size


def check_picture(
    path: Path, limit: int, kind: Literal["JPEG", "PNG"], size: tuple[int, int]
) -> None:
    """Check that a picture can be decoded whole, as `open_picture` does."""
    open_picture(path, limit, kind, size)


def open_picture(
    path: Path, limit: int, kind: Literal["JPEG", "PNG"], size: tuple[int, int]
) -> Image.Image:
    """Decode a picture whole.

    Parameters
    ----------
    path
        File.
    limit
        Most bytes it may have.
    kind
        Format it should have.
    size
        Width and height it should have; a picture of another size is refused before decoding.

    Returns
    -------
    PIL.Image.Image
        In memory.

    Raises
    ------
    SurveyError
        Where it is something else, truncated or broken.
    """
    if path.stat().st_size > limit:
        raise SurveyError(f"has more than {limit} bytes")
    content = path.read_bytes()
    try:
        with Image.open(io.BytesIO(content), formats=[kind]) as picture:
            if picture.size != size:
                actual = f"{picture.size[0]}x{picture.size[1]}"
                raise SurveyError(f"has {actual} pixels, not the {size[0]}x{size[1]} requested")
            picture.verify()  # the checksums of PNG
        # decoders fill in what is missing at the end, so the end is looked at here
        if not content.rstrip(b"\0").endswith(_ENDS[kind]):
            raise SurveyError(f"is truncated: the end of the {kind} is missing")
        with Image.open(io.BytesIO(content), formats=[kind]) as picture:
            picture.load()
            return picture
    except UnidentifiedImageError as error:
        raise SurveyError(f"is not a {kind} picture") from error
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise SurveyError(f"is a broken {kind} picture: {error!s:.100}") from error


def describe_error_page(head: bytes) -> str | None:
    """Describe an error that was sent with status 200 in place of a file.

    Parameters
    ----------
    head
        First bytes of the file.

    Returns
    -------
    str or None
        Clause without a subject, such as ``is empty``; None where this is no error known.
    """
    text = head.lstrip()
    if not text:
        return "is empty"
    if text[:1] == b"<":
        title = re.search(rb"<title>\s*([^<]{1,80})", head, re.I)
        name = f" ({title[1].decode('ascii', 'replace').strip()})" if title else ""
        return f"is an HTML page{name}"
    if head[:1] in b"{[\"'" or text[:5].lower() == b"error":
        return f"is a message: {text[:80].decode('ascii', 'replace')}"
    return None


def says_too_many_requests(head: bytes) -> bool:
    """Check whether a text says that a limit of requests was exceeded, as HTTP words it.

    Parameters
    ----------
    head
        First bytes of an answer.

    Returns
    -------
    bool
        True for ``Too Many Requests``, the phrase of status 429, in an answer of another status.
    """
    return b"too many requests" in head.lower()
