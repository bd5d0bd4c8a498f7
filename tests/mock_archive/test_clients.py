"""The real clients, ours and others, against the server: what they bring equals the catalogue."""

import functools
import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import httpx2
import numpy as np
import pandas as pd
import pytest

from skyclass.catalog.read_table import read_table
from skyclass.config.sections import CatalogConfig
from skyclass.errors import RemoteError
from skyclass.mock_archive.faults import Faults
from skyclass.mock_archive.server import MockArchive, serve_archive
from skyclass.surveys.sdss import paged_query
from skyclass.surveys.sdss.casjobs import TOKEN_VARIABLE, CasJobs
from skyclass.surveys.sdss.queries import make_into_query, make_task_query
from skyclass.surveys.sdss.skyserver import SQL_SETTINGS, SkyServer
from support.web_server import FakeClock

LIMITS = {"u": 20.0, "g": 19.0}


UNLIMITED = replace(SQL_SETTINGS, rate=0)


def client(url: str) -> SkyServer:
    return SkyServer(17, url, UNLIMITED, FakeClock().clock)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `fetch_table` neither wait nor fetch all in one page."""
    options = {"settings": UNLIMITED, "clock": FakeClock().clock}
    monkeypatch.setattr(paged_query, "SkyServer", functools.partial(SkyServer, **options))
    monkeypatch.setattr(paged_query, "CasJobs", functools.partial(CasJobs, **options))
    monkeypatch.setattr(
        paged_query, "fetch_pages", functools.partial(paged_query.fetch_pages, rows=17)
    )


def selected(objects: pd.DataFrame) -> pd.DataFrame:
    bright = objects["psfMag_u"].between(0, LIMITS["u"]) & objects["psfMag_g"].between(
        0, LIMITS["g"]
    )
    return objects[bright].sort_values("specobjid", ignore_index=True)


def assert_equals_selection(table: pd.DataFrame, objects: pd.DataFrame) -> None:
    expected = selected(objects).rename(columns={"fiberid": "fiberID"})
    assert len(expected) > 3 * 17
    shared = [name for name in expected if name in table]
    assert {"objid", "specobjid", "class", "subclass", "redshift", "field"} <= set(shared)
    assert set(table) - set(shared) == {f"modelMag_{band}" for band in "ugriz"}
    pd.testing.assert_frame_equal(
        table[shared].astype(expected[shared].dtypes), expected[shared], check_exact=True
    )
    for band in "ugriz":
        np.testing.assert_array_equal(table[f"modelMag_{band}"], expected[f"psfMag_{band}"])


@pytest.mark.usefixtures("quick")
def test_a_query_page_by_page(small_survey: Path, objects: pd.DataFrame, tmp_path: Path) -> None:
    with MockArchive(small_survey, queries_per_minute=0) as archive:
        config = CatalogConfig(source="skyserver", limits=LIMITS, base_url=archive.url)
        path = paged_query.fetch_table(config, "spectral-class", tmp_path / "work", read_table)
        pages = -(-len(selected(objects)) // 17)
        assert sum(archive.requests.values()) == pages + 1
    assert_equals_selection(pd.read_parquet(path), objects)


@pytest.mark.usefixtures("quick")
def test_an_interrupted_query_goes_on(
    small_survey: Path, objects: pd.DataFrame, tmp_path: Path
) -> None:
    def interrupt(stage: str, pages: int, total: int, detail: str = "") -> None:
        assert (stage, total, detail) == ("query", 0, f"{17 * pages} rows")
        if pages > 2:
            raise KeyboardInterrupt

    with MockArchive(small_survey, queries_per_minute=0) as archive:
        config = CatalogConfig(source="skyserver", limits=LIMITS, base_url=archive.url)
        with pytest.raises(KeyboardInterrupt):
            paged_query.fetch_table(
                config, "spectral-class", tmp_path, read_table, progress=interrupt
            )
        assert sum(archive.requests.values()) == 3
        path = paged_query.fetch_table(config, "spectral-class", tmp_path, read_table)
        # no page was asked for twice
        assert sum(archive.requests.values()) == -(-len(selected(objects)) // 17) + 1
    assert_equals_selection(pd.read_parquet(path), objects)


@pytest.mark.usefixtures("quick")
def test_a_job_of_casjobs(
    url: str, objects: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(TOKEN_VARIABLE, "local")
    config = CatalogConfig(source="casjobs", limits=LIMITS, base_url=url)
    path = paged_query.fetch_table(config, "object-type", tmp_path, read_table)
    assert_equals_selection(pd.read_parquet(path), objects)


@pytest.mark.usefixtures("quick")
def test_faults_do_not_change_what_is_brought(
    small_survey: Path, objects: pd.DataFrame, tmp_path: Path
) -> None:
    kinds = ("503", "html", "limit", "empty", "reset", "length", "slow")
    faults = Faults(dict.fromkeys(kinds, 0.06), seed=2, slow_seconds=0.02)
    with MockArchive(small_survey, queries_per_minute=0, faults=faults) as archive:
        config = CatalogConfig(source="skyserver", limits=LIMITS, base_url=archive.url)
        path = paged_query.fetch_table(config, "spectral-class", tmp_path, read_table)
        [tries] = archive.requests.values()
    assert tries > -(-len(selected(objects)) // 17) + 1
    assert_equals_selection(pd.read_parquet(path), objects)


def test_fields_by_position(url: str, objects: pd.DataFrame, tmp_path: Path) -> None:
    places = objects[["ra", "dec"]].sample(45, random_state=3, ignore_index=True)
    places.loc[7] = [10.0, 80.0]
    found = paged_query.look_up_frame_keys(places, client(url), tmp_path, read_table)
    expected = places.merge(objects, on=["ra", "dec"], how="left")
    for key in ("rerun", "run", "camcol", "field"):
        assert found[key].isna().tolist() == expected[key].isna().tolist()
        assert found[key].dropna().tolist() == expected[key].dropna().tolist()
    assert found["run"].isna().sum() == 1


def test_an_empty_result_and_a_refused_query(url: str) -> None:
    assert client(url).query("SELECT ra FROM PhotoObj WHERE ra > 400") is None
    with pytest.raises(RemoteError, match=r"the query was refused: .*nothing"):
        client(url).query("SELECT nothing FROM PhotoObj")


def test_the_rate_limit_is_known(small_survey: Path, fake_clock: FakeClock) -> None:
    with serve_archive(small_survey, queries_per_minute=1) as url:
        server = SkyServer(17, url, UNLIMITED, fake_clock.clock)
        assert server.query("SELECT TOP 1 ra FROM Star") is not None
        with pytest.raises(RemoteError, match=r"too many queries a minute \(6 attempts\)"):
            server.query("SELECT TOP 1 ra FROM Star")
    for wait, longest in zip(fake_clock.slept, (16, 32, 60, 60, 60), strict=True):
        assert longest / 2 <= wait <= longest


def jobs(url: str, token: str = "local") -> CasJobs:
    return CasJobs(url, token, UNLIMITED, FakeClock().clock)


def test_a_job_that_fails_says_why(url: str) -> None:
    server = jobs(url)
    for sql, reason in (
        ("SELECT nothing INTO mydb.a FROM Star", "nothing"),
        ("SELECT ra FROM Star", "INTO mydb.NAME"),
        ("SELECT * INTO mydb.b FROM read_csv('/etc/passwd')", "Invalid object name"),
    ):
        job = server.submit(sql, 17)
        with pytest.raises(RemoteError, match=f"job {job} failed: .*{reason}"):
            server.wait(job)


def test_a_table_of_mydb_is_not_overwritten(url: str) -> None:
    server = jobs(url)
    query = make_into_query(make_task_query("spectral-class", {}), "once")
    server.wait(server.submit(query, 17))
    second = server.submit(query, 17)
    with pytest.raises(RemoteError, match="already exists"):
        server.wait(second)
    assert server.query("SELECT * FROM once WHERE ra > 400") is None
    # SkyServer, which asks for no token, does not show it
    with pytest.raises(RemoteError, match="Invalid object name"):
        client(url).query("SELECT * FROM mydb.once")


def test_a_query_as_people_write_it(url: str, objects: pd.DataFrame) -> None:
    server = jobs(url)
    sql = """
        -- all stars but cataclysmic ones
        SELECT TOP 500000 p.objid, p.u, p.[g], p.z, s.z as redshift, s.specobjid, s.class
        INTO MyDB.People FROM PhotoObj AS p
        JOIN SpecObj AS s ON s.bestobjid = p.objid
        WHERE p.u BETWEEN 0 AND 19.6 AND g BETWEEN 0 AND 20
        AND s.class = 'STAR' AND NOT subclass = 'CV'
    """
    server.wait(server.submit(sql, 18))
    found = pd.read_csv(io.StringIO(server.query("SELECT * FROM people ORDER BY objid") or ""))
    expected = objects.query("0 <= psfMag_u <= 19.6 and 0 <= psfMag_g <= 20 and subclass != 'CV'")
    columns = ["objid", "u", "g", "z", "redshift", "specobjid", "class"]
    assert list(found) == columns
    expected = expected.sort_values("objid").rename(
        columns={f"psfMag_{band}": band for band in "ugz"}
    )
    for name in columns:
        assert found[name].tolist() == expected[name].tolist()


def test_a_wrong_token_is_refused(url: str) -> None:
    with pytest.raises(RemoteError, match="the token was refused"):
        jobs(url, "another").submit("SELECT ra INTO mydb.c FROM Star", 17)
    answer = httpx2.get(f"{url}/CasJobs/RestApi/jobs/1")
    assert answer.status_code == 401


def test_a_job_that_was_never_submitted(url: str) -> None:
    with pytest.raises(RemoteError, match="HTTP 404"):
        jobs(url).wait(999_999)


def test_mydb_answers_in_json_too(url: str, objects: pd.DataFrame) -> None:
    answer = httpx2.post(
        f"{url}/CasJobs/RestApi/contexts/DR17/query",
        json={"Query": "SELECT COUNT(*) AS n FROM SpecObj"},
        headers={"X-Auth-Token": "local", "Accept": "application/json+array"},
    )
    assert answer.json() == {"Result": [{"Columns": ["n"], "Data": [[len(objects)]]}]}


@pytest.mark.parametrize("body", ["", "{", "[]", "{}", "[" * 100_000])
def test_a_broken_body_is_an_error(url: str, body: str) -> None:
    answer = httpx2.put(
        f"{url}/CasJobs/RestApi/contexts/DR17/jobs",
        content=body,
        headers={"X-Auth-Token": "local"},
    )
    assert answer.status_code == 400
    assert "Query" in answer.json()["Error Message"]


@pytest.fixture
def astroquery(url: str) -> Callable[[str], pd.DataFrame]:
    sdss = pytest.importorskip("astroquery.sdss")

    def query(sql: str) -> pd.DataFrame:
        with sdss.conf.set_temp("skyserver_baseurl", url):
            table = sdss.SDSS.query_sql(sql, data_release=17, cache=False)
        return table.to_pandas()

    return query


def test_astroquery_gets_the_same_table(
    astroquery: Callable[[str], pd.DataFrame], url: str, objects: pd.DataFrame
) -> None:
    sql = "SELECT TOP 30 s.specObjID, p.ra, p.psfMag_r, s.subClass FROM SpecObj s JOIN PhotoObj p"
    sql += " ON p.objID = s.bestObjID ORDER BY s.specObjID"
    theirs = astroquery(sql)
    ours = pd.read_csv(io.StringIO(client(url).query(sql) or ""))
    assert theirs["specObjID"].tolist() == objects["specobjid"].nsmallest(30).tolist()
    pd.testing.assert_frame_equal(theirs, ours, check_dtype=False)


def test_astroquery_gets_a_frame(url: str, small_survey: Path) -> None:
    sdss = pytest.importorskip("astroquery.sdss")
    from astropy.io import fits
    from astropy.table import Table

    keys = Table({"run": [9001], "rerun": [301], "camcol": [1], "field": [100]})
    with sdss.conf.set_temp("sas_baseurl", f"{url}/sas"):
        [found] = sdss.SDSS.get_images(matches=keys, band="i", data_release=17, cache=False)
    path = small_survey / "frames/301/9001/1/frame-i-009001-1-0100.fits.bz2"
    np.testing.assert_array_equal(found[0].data, fits.getdata(path))
