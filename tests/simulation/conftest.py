"""One small simulated survey of each task, shared by the tests of this folder."""

import bz2
import io
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from numpy.typing import NDArray

from skyclass.simulation.simulate import simulate


@dataclass(frozen=True)
class Simulated:
    """A simulated survey of two consecutive fields."""

    out: Path

    @property
    def catalog(self) -> pd.DataFrame:
        return pd.read_csv(
            self.out / "catalog.csv",
            dtype={"objid": str, "specobjid": str},
            keep_default_na=False,
        )

    def path(self, band: str, field: int) -> Path:
        (path,) = self.out.glob(f"frames/301/*/*/frame-{band}-*-{100 + field:04d}.fits.bz2")
        return path

    @cache  # noqa: B019
    def hdus(self, band: str, field: int) -> fits.HDUList:
        content = bz2.decompress(self.path(band, field).read_bytes())
        return fits.open(io.BytesIO(content), lazy_load_hdus=False)

    def image(self, band: str, field: int) -> NDArray[np.float32]:
        return np.asarray(self.hdus(band, field)[0].data, dtype=np.float32)

    def header(self, band: str, field: int) -> fits.Header:
        return self.hdus(band, field)[0].header


@pytest.fixture(scope="session")
def survey(tmp_path_factory: pytest.TempPathFactory) -> Simulated:
    out = tmp_path_factory.mktemp("simulated")
    simulate(out, 2, seed=3, workers=2, sky="plain")
    return Simulated(out)


@pytest.fixture(scope="session")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Simulated:
    out = tmp_path_factory.mktemp("mixed")
    simulate(out, 1, seed=4, task="object-type", workers=1, sky="plain")
    return Simulated(out)


@pytest.fixture(scope="session")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Simulated:
    out = tmp_path_factory.mktemp("wide")
    simulate(out, 2, seed=6, task="object-type", workers=2)
    return Simulated(out)


@pytest.fixture(scope="session")
def data() -> Path:
    folder = os.environ.get("SKYCLASS_TEST_DATA")
    if not folder:
        pytest.skip("SKYCLASS_TEST_DATA is not set: no real survey data to compare with")
    return Path(folder)
