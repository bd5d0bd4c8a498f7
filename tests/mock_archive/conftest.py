"""One server without faults over the small survey, and the survey's own table beside it."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from skyclass.mock_archive.server import serve_archive


@pytest.fixture(scope="session")
def url(small_survey: Path) -> Iterator[str]:
    with serve_archive(small_survey, queries_per_minute=0) as address:
        yield address


@pytest.fixture(scope="session")
def objects(small_survey: Path) -> pd.DataFrame:
    return pd.read_csv(small_survey / "catalog.csv", dtype={"objid": "u8", "specobjid": "u8"})
