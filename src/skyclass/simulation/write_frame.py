"""Write a frame: four HDUs in one bzip2 file, as in the archive."""

import bz2
from pathlib import Path
from typing import Final

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from skyclass.files import atomic_path
from skyclass.simulation.camera import Camera
from skyclass.simulation.frame_header import compute_readout_time, make_primary_header
from skyclass.simulation.strip import NODE, RERUN, Strip
from skyclass.surveys.sdss.layout import BANDS, FRAME_SHAPE, PIXEL_SCALE, ROWS_PER_FIELD

__all__ = ["encode_frame", "write_frame"]

_BLOCK: Final = 2880
_LEVEL: Final = 2
"""Of bz2: blocks of 200 kB stay in a core's cache and are decompressed three times as fast as the
archive's of 900 kB, for a file a tenth larger."""
_SKY_BINNING: Final = 8
_SKY_SHAPE: Final = (192, 256)
_Column = tuple[str, str, object]
_SKY_FIRST: Final = (0.5625, -0.4375)
"""Position of a frame's first row and column in the sky table (YINTERP and XINTERP of the real
frames)."""


def write_frame(
    path: Path, strip: Strip, index: int, camera: Camera, image: NDArray[np.float32], sky: str
) -> None:
    """Write a frame.

    Parameters
    ----------
    path
        File to write, ``.fits.bz2``.
    strip, index
        The field.
    camera
        The band.
    image
        Nanomaggies, ``[1489, 2048]``.
    sky
        Name of the sky's level, for the header.

    Raises
    ------
    OutputError
        Where it cannot be written.
    """
    compressed = bz2.compress(encode_frame(strip, index, camera, image, sky), _LEVEL)
    with atomic_path(path) as partial:
        partial.write_bytes(compressed)


def encode_frame(
    strip: Strip, index: int, camera: Camera, image: NDArray[np.float32], sky: str
) -> bytes:
    """Encode a frame as FITS.

    HDU 0 is the image; 1 the calibration vector; 2 the sky that was subtracted, in counts, on a
    grid of 8 x 8 pixels; 3 the astrometry with run, camcol and field.

    Parameters
    ----------
    strip, index
        The field.
    camera
        The band.
    image
        Nanomaggies, ``[1489, 2048]``.
    sky
        Name of the sky's level, for the header.

    Returns
    -------
    bytes
        The uncompressed file.
    """
    return b"".join(
        [
            *_encode_hdu(make_primary_header(strip, index, camera, sky), image.astype(">f4")),
            *_encode_hdu(_make_vector_header(), camera.calibration.astype(">f4")),
            *_encode_table(_make_sky_columns(index, camera)),
            *_encode_table(_make_astrometry_columns(strip, index, camera.band)),
        ]
    )


def _encode_hdu(header: fits.Header, data: NDArray[np.generic]) -> tuple[bytes, bytes, bytes]:
    """Encode an HDU: its header, its big-endian data, and zeros up to a whole block.

    astropy would drop BZERO and BSCALE, which the real primary headers have, and takes longer for
    the tables than drawing all sources does.
    """
    content = data.tobytes()
    return header.tostring().encode("ascii"), content, bytes(-len(content) % _BLOCK)


def _make_vector_header() -> fits.Header:
    """Make the header of HDU 1."""
    cards = [("XTENSION", "IMAGE"), ("BITPIX", -32), ("NAXIS", 1)]
    return fits.Header([*cards, ("NAXIS1", FRAME_SHAPE[1]), ("PCOUNT", 0), ("GCOUNT", 1)])


def _make_sky_columns(index: int, camera: Camera) -> list[_Column]:
    """Make the columns of HDU 2."""
    first_row, first_column = _SKY_FIRST
    table_rows, table_columns = (np.arange(n, dtype=np.float64) for n in _SKY_SHAPE)
    grid_rows = index * ROWS_PER_FIELD + _SKY_BINNING * (table_rows - first_row)
    grid_columns = _SKY_BINNING * (table_columns - first_column)
    sky = np.add.outer(camera.compute_sky_rows(grid_rows), camera.compute_sky_columns(grid_columns))
    rows, columns = (np.arange(n) / _SKY_BINNING for n in FRAME_SHAPE)
    return [
        ("ALLSKY", "E", sky),
        ("XINTERP", "E", columns + first_column),
        ("YINTERP", "E", rows + first_row),
    ]


def _make_astrometry_columns(strip: Strip, index: int, band: int) -> list[_Column]:
    """Make the columns of HDU 3; A to F convert rows and columns to great-circle coordinates."""
    scale = PIXEL_SCALE / 3600.0
    mu, nu = strip.compute_great_circle(index, band)
    tilt, stretch = strip.change[band] / FRAME_SHAPE[1]
    mu_column, nu_column = -scale * tilt / (1.0 + stretch), scale / (1.0 + stretch)
    # these coordinates count the centre of the first pixel as 0.5
    row, column = 744.5, 1024.5
    distortions = [f"D{axis}{order}" for axis in ("ROW", "COL") for order in range(4)]
    chromatic = ["CSROW", "CSCOL", "CCROW", "CCCOL"]
    return [
        ("RUN", "J", strip.run),
        ("RERUN", "A", str(RERUN)),
        ("CAMCOL", "J", strip.camcol),
        ("FILTER", "A", BANDS[band]),
        ("NODE", "D", NODE),
        ("INCL", "D", strip.inclination),
        ("NAXIS", "J", FRAME_SHAPE[::-1]),
        ("FIELD", "J", strip.make_key(index).field),
        ("A", "D", mu - scale * row - mu_column * column),
        ("B", "D", scale),
        ("C", "D", mu_column),
        ("D", "D", nu - nu_column * column),
        ("E", "D", 0.0),
        ("F", "D", nu_column),
        *((name, "D", 0.0) for name in distortions + chromatic),
        ("RICUT", "D", 100.0),
        ("MJD", "D", compute_readout_time(strip, index, band).mjd),
        ("AIRMASS", "D", 1.15),
        ("MUERR", "E", 0.0),
        ("NUERR", "E", 0.0),
    ]


def _encode_table(columns: list[_Column]) -> tuple[bytes, bytes, bytes]:
    """Encode a binary table of one row (FITS standard 4.0, section 7.3)."""
    names = [name for name, _, _ in columns]
    values = [_to_big_endian(form, value) for _, form, value in columns]
    row = np.zeros(1, np.dtype([(n, v.dtype, v.shape) for n, v in zip(names, values, strict=True)]))
    row[0] = tuple(values)
    cards: list[tuple[str, str | int]] = [("XTENSION", "BINTABLE"), ("BITPIX", 8), ("NAXIS", 2)]
    cards += [("NAXIS1", row.nbytes), ("NAXIS2", 1), ("PCOUNT", 0), ("GCOUNT", 1)]
    cards += [("TFIELDS", len(columns))]
    cards += [(f"TTYPE{i}", name) for i, name in enumerate(names, 1)]
    for i, ((_, form, _), value) in enumerate(zip(columns, values, strict=True), 1):
        count = value.dtype.itemsize if form == "A" else value.size
        cards.append((f"TFORM{i}", f"{count if count > 1 else ''}{form}"))
    for i, value in enumerate(values, 1):
        if value.ndim > 1:
            cards.append((f"TDIM{i}", f"({','.join(str(n) for n in value.shape[::-1])})"))
    return _encode_hdu(fits.Header(cards), row)


def _to_big_endian(form: str, value: object) -> NDArray[np.generic]:
    """Convert a value to the big-endian form of a FITS format (J, E, D or A)."""
    if form == "A":
        return np.array(str(value).encode("ascii"))
    return np.array(value, dtype={"J": ">i4", "E": ">f4", "D": ">f8"}[form])
