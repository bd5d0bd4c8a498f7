"""The server as a whole: bodies, recorded answers, the command, and directories it cannot serve."""

import http.client
import re
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit

import httpx2
import pytest
from astropy.coordinates import SkyCoord

from skyclass.errors import ArchiveError, MissingExtraError
from skyclass.mock_archive import server
from skyclass.mock_archive.server import MockArchive, serve_archive

FRAME = "/sas/dr17/eboss/photoObj/frames/301/9001/1/frame-r-009001-1-0100.fits.bz2"
SQL = "/dr17/SkyServerWS/SearchTools/SqlSearch"
GETJPEG = "/dr17/SkyServerWS/ImgCutout/getjpeg"


def raw(url: str, headers: dict[str, str]) -> int:
    connection = http.client.HTTPConnection(urlsplit(url).netloc)
    connection.putrequest("POST", SQL)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    status = connection.getresponse().status
    connection.close()
    return status


def test_bodies_too_large_or_of_unknown_length_are_refused_unread(url: str) -> None:
    assert raw(url, {"Content-Length": str(11 * 2**20)}) == 413
    assert raw(url, {"Content-Length": "9" * 5000}) == 413
    assert raw(url, {"Content-Length": "-1"}) == 411
    assert raw(url, {"Transfer-Encoding": "chunked"}) == 411
    assert raw(url, {"Content-Length": "0"}) == 400


def test_one_connection_serves_many_requests(url: str) -> None:
    with httpx2.Client(base_url=url) as client:
        statuses = [client.get(path).status_code for path in (FRAME, "/nothing", FRAME)]
    assert statuses == [200, 404, 200]


def test_many_clients_at_once_get_their_own_answers(url: str, small_survey: Path) -> None:
    whole = (small_survey / "frames" / FRAME.partition("/frames/")[2]).read_bytes()

    def ask(number: int) -> bool:
        sql = f"SELECT TOP {number + 1} ra, {number} AS n FROM PhotoObj"
        rows = httpx2.get(url + SQL, params={"cmd": sql}).text.splitlines()[2:]
        start = number * 1000
        part = httpx2.get(url + FRAME, headers={"Range": f"bytes={start}-{start + 999}"}).content
        right = {row.partition(",")[2] for row in rows} == {str(number)}
        return right and len(rows) == number + 1 and part == whole[start : start + 1000]

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(ask, range(64)))


def test_without_a_catalogue_there_are_frames_but_no_queries(small_survey: Path) -> None:
    with serve_archive(small_survey / "frames") as url:
        assert httpx2.head(url + FRAME).status_code == 200
        assert httpx2.get(url + SQL).status_code == 404


def test_it_listens_on_this_machine_only(url: str) -> None:
    assert urlsplit(url).hostname == "127.0.0.1"


def test_a_directory_without_frames_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="holds no frame"):
        MockArchive(tmp_path)
    with pytest.raises(ArchiveError, match="is not a directory"):
        MockArchive(tmp_path / "none")


def test_a_port_that_is_taken_is_refused(url: str, small_survey: Path) -> None:
    with pytest.raises(ArchiveError, match="choose another port"):
        MockArchive(small_survey / "frames", urlsplit(url).port or 0)


def test_the_missing_extra_is_named(small_survey: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "duckdb", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'skyclass\[archive\]'"):
        MockArchive(small_survey)


def test_recorded_answers_come_first(small_survey: Path, real_data: Path) -> None:
    recorded = real_data / "services"
    path = next(recorded.rglob("getjpeg_*.jpg"))
    ra, dec, scale, width, height = re.findall(r"-?\d+\.?\d*", path.stem)
    asked = {"ra": ra, "dec": dec, "scale": scale, "width": width, "height": height}
    row = (recorded / "ps1filenames_real_rows.txt").read_text().splitlines()[1].split()
    schema = recorded / "astroquery/PhotoObjAll_dr12.json"
    columns = {"cmd": "select * from dbo.fDocColumns('PhotoObjAll')", "format": "json"}
    with serve_archive(small_survey, replay=recorded) as url:
        answer = httpx2.get(url + GETJPEG, params=asked)
        assert (answer.status_code, answer.content) == (200, path.read_bytes())
        assert httpx2.get(url + GETJPEG, params={**asked, "ra": 10, "dec": 80}).status_code == 404
        names = httpx2.get(f"{url}/cgi-bin/ps1filenames.py", params={"ra": row[2], "dec": row[3]})
        assert names.text.splitlines()[1].split() == row
        response = httpx2.get(f"{url}/dr17/en/tools/search/x_results.aspx", params=columns)
        assert response.content == schema.read_bytes()
        mast = f"{url}/api/v0.1/panstarrs/dr2/mean"
        for asked_for, name in ((".json?ra=1&dec=2", ""), ("/metadata", "_columns")):
            recorded_answer = recorded / f"astroquery/panstarrs{name}.json"
            assert httpx2.get(mast + asked_for).content == recorded_answer.read_bytes()
        assert httpx2.head(url + FRAME).status_code == 200


def test_astroquery_reads_a_recorded_cross_identification(
    small_survey: Path, real_data: Path
) -> None:
    sdss = pytest.importorskip("astroquery.sdss")
    place = SkyCoord(2.0234459630, 14.8398237521, unit="deg")
    with (
        serve_archive(small_survey, replay=real_data / "services") as url,
        sdss.conf.set_temp("skyserver_baseurl", url),
    ):
        found = sdss.SDSS.query_region(
            place, radius="2s", spectro=True, data_release=17, cache=False
        )
    assert found["specobjid"].tolist() == [845594848269461504]
    assert found["run"].tolist() == [1739]


def test_every_answer_is_delayed(small_survey: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(server, "time", SimpleNamespace(sleep=waits.append))
    with serve_archive(small_survey / "frames", latency=1.5) as url:
        assert [httpx2.head(url + path).status_code for path in (FRAME, "/nothing")] == [200, 404]
    assert waits == [1.5, 1.5]
    with pytest.raises(ArchiveError, match="must not be negative"):
        MockArchive(small_survey, latency=-1)


def test_a_folder_without_recorded_answers_is_refused(small_survey: Path, tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="holds no recorded answer"):
        MockArchive(small_survey, replay=tmp_path)


def test_the_command_prints_its_address_and_ends_when_interrupted(small_survey: Path) -> None:
    command = [sys.executable, "-m", "skyclass", "archive", str(small_survey), "--port", "0"]
    command += ["--fault", "503=1.0", "--seed", "3"]
    # a background job ignores Ctrl-C, and so would what it starts
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    finally:
        signal.signal(signal.SIGINT, handler)
    with process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            address = re.search(r"http://127\.0\.0\.1:\d+", line)
            assert address is not None, line
            assert httpx2.get(address[0] + FRAME).status_code == 503
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=60) == 0
        finally:
            process.kill()


def test_the_command_names_a_wrong_fault(small_survey: Path) -> None:
    command = [sys.executable, "-m", "skyclass", "archive", str(small_survey), "--port", "0"]
    result = subprocess.run(
        [*command, "--fault", "resets=0.1"], capture_output=True, text=True, check=False
    )
    assert result.returncode == 2
    assert "did you mean 'reset'" in result.stderr


def test_frames_need_no_database(small_survey: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # as where neither DuckDB nor sqlglot is installed
    for name in ("duckdb", "sqlglot"):
        monkeypatch.setitem(sys.modules, name, None)
    with (
        pytest.raises(MissingExtraError, match=r"skyclass\[archive\]"),
        serve_archive(small_survey),
    ):
        pass
    with serve_archive(small_survey, queries=False) as url:
        assert httpx2.get(f"{url}/dr17/SkyServerWS/SearchTools/SqlSearch").status_code == 404
