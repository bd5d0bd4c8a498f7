"""Every kind of file out of the local archive, which makes the faults that real ones have."""

from pathlib import Path

import pandas as pd
import pytest

from skyclass.config.sections import SurveyConfig
from skyclass.errors import SurveyError
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


def test_positions_outside_the_footprint_are_not_asked_for(
    small_survey: Path, stars: pd.DataFrame, tmp_path: Path, fake_clock: FakeClock
) -> None:
    mixed = stars.head(3).reset_index(drop=True)
    mixed.loc[1, "dec"] = -45.0
    picture = Picture(width=16)
    with MockArchive(small_survey) as archive:
        options = {"survey": SurveyConfig(base_url=archive.url, rate=0), "picture": picture}
        counts = download_kind(mixed, tmp_path, "ps1-jpeg", clock=fake_clock.clock, **options)
        assert not any("dec=-45" in target for target in archive.requests)
        asked = archive.requests.total()
        with pytest.raises(SurveyError, match=r"every position .* Pan-STARRS1 .*from -30 degrees"):
            download_kind(mixed[1:2], tmp_path / "none", "ps1-jpeg", **options)
        assert archive.requests.total() == asked
    assert (counts.fetched, counts.total) == (2, 2)
    missing = find_missing_files(mixed, tmp_path, ["ps1-jpeg"], **options)
    assert missing.str.startswith("outside the footprint").tolist() == [False, True, False]
    assert not (tmp_path / "none").exists()
