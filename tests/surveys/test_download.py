"""Every kind of file out of the local archive, which makes the faults that real ones have."""

from pathlib import Path

import pandas as pd
import pytest

from skyclass.config.sections import SurveyConfig
from skyclass.mock_archive.faults import Faults
from skyclass.mock_archive.server import MockArchive
from skyclass.surveys.download import download_kind, find_missing_files
from skyclass.surveys.file_kinds import Picture
from skyclass.surveys.sdss.layout import find_fields
from support.web_server import FakeClock

FAULTS = ("503", "reset", "length", "truncated", "html", "limit", "empty")


@pytest.fixture(scope="module")
def stars(small_survey: Path) -> pd.DataFrame:
    return pd.read_csv(small_survey / "catalog.csv").iloc[::40]


def test_frames_survive_every_fault(
    small_survey: Path, stars: pd.DataFrame, tmp_path: Path, fake_clock: FakeClock
) -> None:
    faults = Faults({**dict.fromkeys(FAULTS, 0.06), "flipped": 0.06})
    with MockArchive(small_survey, faults=faults) as archive:
        survey = SurveyConfig(base_url=archive.url, rate=0, retries=10)
        counts = download_kind(stars, tmp_path, survey=survey, clock=fake_clock.clock)
    assert (counts.fetched, counts.failed) == (10, 0)
    for path in (small_survey / "frames").rglob("*.bz2"):
        copy = tmp_path / path.relative_to(small_survey / "frames")
        assert copy.read_bytes() == path.read_bytes()
    assert list(find_fields([tmp_path])) == list(find_fields([small_survey / "frames"]))


@pytest.mark.parametrize(("kind", "files"), [("sdss-jpeg", 1), ("ps1-jpeg", 1), ("ps1-fits", 5)])
def test_cutouts_survive_every_fault(
    small_survey: Path,
    stars: pd.DataFrame,
    tmp_path: Path,
    fake_clock: FakeClock,
    kind: str,
    files: int,
) -> None:
    picture = Picture(width=64)
    with MockArchive(small_survey, faults=Faults(dict.fromkeys(FAULTS, 0.05))) as archive:
        survey = SurveyConfig(base_url=archive.url, rate=0, retries=10)
        options = {"survey": survey, "picture": picture}
        counts = download_kind(stars, tmp_path, kind, clock=fake_clock.clock, **options)
        assert (counts.fetched, counts.failed) == (files * len(stars), 0)
        asked = archive.requests.total()
        again = download_kind(stars, tmp_path, kind, clock=fake_clock.clock, **options)
        assert again.present == counts.fetched
        assert archive.requests.total() == asked
    assert set(find_missing_files(stars, tmp_path, [kind], **options)) == {""}
