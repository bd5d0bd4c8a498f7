"""Files that are whole, and those that are not: pictures, FITS structure, error pages."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from skyclass.errors import SurveyError
from skyclass.transfer.integrity import (
    check_picture,
    describe_error_page,
    read_decompressed,
    read_fits_headers,
    says_too_many_requests,
)
from support.web_server import large_jpeg


def large_png() -> bytes:
    """Make a PNG that says it has a hundred thousand pixels a side."""
    head = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b"")]
    parts = [b"\x89PNG\r\n\x1a\n"]
    for name, body in chunks:
        check = struct.pack(">I", zlib.crc32(name + body))
        parts.append(struct.pack(">I", len(body)) + name + body + check)
    return b"".join(parts)


@pytest.mark.parametrize(("kind", "body"), [("JPEG", large_jpeg()), ("PNG", large_png())])
def test_a_huge_picture_is_not_decoded(tmp_path: Path, kind: str, body: bytes) -> None:
    path = tmp_path / "x"
    path.write_bytes(body)
    with pytest.raises(SurveyError, match=f"broken {kind} picture: Image size"):
        check_picture(path, 2**20, kind, (64, 64))


def test_real_pictures_are_accepted(real_data: Path) -> None:
    paths = sorted((real_data / "services" / "getjpeg").rglob("*.jpg"))
    for path in paths:
        check_picture(path, 2**20, "JPEG", (120, 120))
    assert len(paths) > 50


def fits_content() -> bytes:
    buffer = io.BytesIO()
    hdus = [fits.PrimaryHDU(np.zeros((9, 7), np.float32)), fits.ImageHDU(np.ones(10, np.int16))]
    fits.HDUList(hdus).writeto(buffer)
    return buffer.getvalue()


def test_headers_of_all_hdus() -> None:
    first, second = read_fits_headers(fits_content())
    assert (first["NAXIS1"], first["NAXIS2"], second["NAXIS1"]) == (7, 9, 10)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c[:-2880], "truncated"),
        (lambda c: c + bytes(2880), "bytes after its end"),
        (lambda c: c[2880:], "not a FITS file"),
        (lambda c: c.replace(b"NAXIS2  =", b"NAXISX  =", 1), "broken FITS header"),
        (lambda c: c[:2880].replace(b"END" + b" " * 77, b" " * 80), "without an END card"),
    ],
)
def test_broken_fits_structure(change, message: str) -> None:
    with pytest.raises(SurveyError, match=message):
        read_fits_headers(change(fits_content()))


def test_a_file_that_is_not_compressed_is_read_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"plain")
    assert read_decompressed(path, 5) == b"plain"
    with pytest.raises(SurveyError, match="more than 4 bytes"):
        read_decompressed(path, 4)


@pytest.mark.parametrize(
    ("head", "description"),
    [
        (b"", "is empty"),
        (b" <html><title> Down </title>", "is an HTML page (Down)"),
        (b"<html>", "is an HTML page"),
        (b'{"error": 1}', 'is a message: {"error": 1}'),
        (b"SIMPLE  =", None),
    ],
)
def test_error_pages(head: bytes, description: str | None) -> None:
    assert describe_error_page(head) == description


@pytest.mark.parametrize(("head", "expected"), [(b"429 Too Many Requests", True), (b"many", False)])
def test_messages_of_overload(head: bytes, expected: bool) -> None:
    assert says_too_many_requests(head) is expected
