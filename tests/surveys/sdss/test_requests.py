"""SDSS frames: their addresses by release."""

from pathlib import Path

import pytest

from skyclass.config.sections import SurveyConfig
from skyclass.errors import SurveyError
from skyclass.surveys.file_kinds import Picture
from skyclass.surveys.sdss.requests import get_frames_address, request_frames

TAIL = "301/94/3/frame-r-000094-3-0012.fits.bz2"


@pytest.mark.parametrize(
    ("release", "address"),
    [
        (8, "https://data.sdss.org/sas/dr8/groups/boss/photoObj/frames/"),
        (9, "https://data.sdss.org/sas/dr9/boss/photoObj/frames/"),
        (12, "https://dr12.sdss.org/sas/dr12/boss/photoObj/frames/"),
        (13, "https://data.sdss.org/sas/dr13/eboss/photoObj/frames/"),
        (17, "https://data.sdss.org/sas/dr17/eboss/photoObj/frames/"),
        (18, "https://dr18.sdss.org/sas/dr18/prior-surveys/sdss4-dr17-eboss/photoObj/frames/"),
        (19, "https://dr19.sdss.org/sas/dr19/prior-surveys/sdss4-dr17-eboss/photoObj/frames/"),
    ],
)
def test_addresses_of_frames(release: int, address: str) -> None:
    row = {"rerun": 301, "run": 94, "camcol": 3, "field": 12}
    requests = request_frames(row, SurveyConfig(release=release), Picture())
    assert requests[2].url == address + TAIL
    assert requests[2].path == TAIL
    assert [Path(request.path).name[6] for request in requests] == list("ugriz")


@pytest.mark.parametrize("release", [7, 20])
def test_releases_without_frames(release: int) -> None:
    with pytest.raises(SurveyError, match="has no frames of this kind"):
        get_frames_address(release)
