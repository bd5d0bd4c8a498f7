"""Small SDSS frames served by a test's server, and downloads of them."""

import bz2
import io
from pathlib import Path

import numpy as np
import pandas as pd
from astropy.io import fits

from skyclass.config.sections import SurveyConfig
from skyclass.surveys.download import download_kind
from skyclass.surveys.sdss.layout import BANDS, FRAME_LESS_FIELD, Field, make_frame_path
from skyclass.transfer.downloader import PARTIALS
from support.web_server import FakeClock, Server

KEY = Field(301, 94, 3, 12)
FOLDER = "/sas/dr17/eboss/photoObj/frames/"


def frame_bytes(key: Field, band: str, rows: int = 20, **cards: object) -> bytes:
    """Make a packed frame; noise does not shrink, so `rows` sets its size."""
    rng = np.random.default_rng([key.run, key.field, ord(band)])
    hdu = fits.PrimaryHDU(rng.normal(size=(rows, 500)).astype(np.float32))
    header = {
        "RUN": key.run,
        "CAMCOL": key.camcol,
        "FILTER": band,
        "FRAME": key.field + FRAME_LESS_FIELD[band],
        "CTYPE1": "RA---TAN",
        "CTYPE2": "DEC--TAN",
    }
    hdu.header.update(header | cards)
    buffer = io.BytesIO()
    fits.HDUList([hdu, fits.ImageHDU(np.ones(10, np.float32))]).writeto(buffer)
    return bz2.compress(buffer.getvalue())


def frame_url(key: Field, band: str) -> str:
    return FOLDER + make_frame_path(key, band).as_posix()


def catalog_of(*keys: Field) -> pd.DataFrame:
    names = ("rerun", "run", "camcol", "field")
    return pd.DataFrame([[getattr(key, name) for name in names] for key in keys], columns=names)


def serve_field(server: Server, key: Field, rows: int = 20) -> None:
    for band in "ugriz":
        server.files[frame_url(key, band)] = frame_bytes(key, band, rows)


def at(server: Server, **changes: object) -> SurveyConfig:
    """Settings for the test's server: no limit of rate."""
    return SurveyConfig.model_validate({"base_url": server.url, "rate": 0, **changes})


def run(server: Server, out: Path, fake_clock: FakeClock, *keys: Field, **options):
    """Download the frames of some fields, by default of `KEY`."""
    settings = {name: options.pop(name) for name in ("retries", "connections") if name in options}
    table = catalog_of(*(keys or (KEY,)))
    return download_kind(
        table, out, survey=at(server, **settings), clock=fake_clock.clock, **options
    )


def assert_complete(server: Server, out: Path, *keys: Field) -> None:
    for key in keys or (KEY,):
        for band in "ugriz":
            path = out / make_frame_path(key, band)
            assert path.read_bytes() == server.files[frame_url(key, band)]
    assert not (out / PARTIALS).exists()


def write_field(root: Path, key: Field, flat: bool = False) -> None:
    for band in BANDS:
        path = make_frame_path(key, band)
        place = root / (path.name if flat else path)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(frame_bytes(key, band))
