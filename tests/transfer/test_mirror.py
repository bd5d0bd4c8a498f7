"""Downloads from a mirror on disk."""

from pathlib import Path

import pytest

from skyclass.config.sections import SurveyConfig
from skyclass.errors import RemoteError
from skyclass.surveys.download import download_kind
from skyclass.surveys.sdss.layout import Field
from support.sdss_frames import KEY, assert_complete, catalog_of, serve_field
from support.web_server import FakeClock, Server

OTHER = Field(301, 94, 3, 13)


@pytest.mark.parametrize("layout", ["archive", "download"])
def test_mirror_on_disk(server: Server, tmp_path: Path, fake_clock: FakeClock, layout: str) -> None:
    serve_field(server, KEY)
    mirror = tmp_path / "a mirror"
    for path, body in server.files.items():
        name = path if layout == "archive" else path.split("/frames/")[1]
        place = mirror / name.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(body)
    survey = SurveyConfig(base_url=mirror.as_uri())
    table = catalog_of(KEY, OTHER)
    counts = download_kind(table, tmp_path / "out", survey=survey, clock=fake_clock.clock)
    assert (counts.fetched, counts.absent) == (5, 5)
    assert_complete(server, tmp_path / "out")
    assert server.log == []


def test_no_mirror_there(tmp_path: Path, fake_clock: FakeClock) -> None:
    survey = SurveyConfig(base_url=(tmp_path / "no").as_uri(), retries=0)
    with pytest.raises(RemoteError, match="is not a directory"):
        download_kind(catalog_of(KEY), tmp_path / "out", survey=survey, clock=fake_clock.clock)
