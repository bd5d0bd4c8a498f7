"""Queries brought page by page, through clients whose requests a function answers."""

import json
import re
from functools import partial
from pathlib import Path
from urllib.parse import parse_qs

import httpx2
import pandas as pd
import pytest

from catalog.tables import tidy_stars
from skyclass.catalog.build_catalog import make_catalog
from skyclass.catalog.read_table import read_table
from skyclass.config.sections import CatalogConfig, CleanConfig, ObjectsConfig
from skyclass.errors import CatalogError
from skyclass.surveys.sdss.casjobs import CasJobs
from skyclass.surveys.sdss.paged_query import fetch_pages, fetch_table, look_up_frame_keys
from skyclass.surveys.sdss.queries import make_task_query
from skyclass.surveys.sdss.skyserver import SkyServer
from support.web_server import FakeClock

QUERY = "SELECT * FROM stars"
STARS = tidy_stars(25).assign(subclass=["K5V", "M2 (1)", "F9", "K5V", "M2 (1)"] * 5)
STARS = STARS.sort_values("specobjid", ignore_index=True)


def page_of(sql: str) -> str:
    """Answer a page query as SkyServer does."""
    rows, after = map(int, re.search(r"TOP (\d+) .*specobjid > (-?\d+)", sql).groups())
    page = STARS[STARS["specobjid"] > max(after, 0)].head(rows)
    return "#Table1\n" + page.to_csv(index=False) if len(page) else "No objects have been found"


def sql_of(request: httpx2.Request) -> str:
    return parse_qs(request.content.decode())["cmd"][0]


def server() -> SkyServer:
    return SkyServer(clock=FakeClock().clock)


def test_pages_hold_every_row_once(tmp_path: Path, answer) -> None:
    asked: list[str] = []

    def handler(request: httpx2.Request) -> httpx2.Response:
        assert request.url == "https://skyserver.sdss.org/dr17/SkyServerWS/SearchTools/SqlSearch"
        assert request.headers["user-agent"].startswith("skyclass/")
        asked.append(sql_of(request))
        return httpx2.Response(200, text=page_of(asked[-1]))

    answer(handler)
    pages = fetch_pages(server().query, QUERY, tmp_path, read_table, rows=10)
    table = pd.concat([read_table(page) for page in pages])
    assert table["specobjid"].tolist() == STARS["specobjid"].tolist()
    assert len(asked) == 4


def test_an_interrupted_query_goes_on_after_the_last_page(tmp_path: Path, answer) -> None:
    asked: list[str] = []

    def handler(request: httpx2.Request) -> httpx2.Response:
        asked.append(sql_of(request))
        if len(asked) == 2:
            raise KeyboardInterrupt
        return httpx2.Response(200, text=page_of(asked[-1]))

    answer(handler)
    with pytest.raises(KeyboardInterrupt):
        fetch_pages(server().query, QUERY, tmp_path, read_table, rows=10)
    pages = fetch_pages(server().query, QUERY, tmp_path, read_table, rows=10)
    assert sum(len(read_table(page)) for page in pages) == 25
    # the page that was there is not asked for again
    assert [sql for sql in asked if "> -1 " in sql] == asked[:1]


def test_an_empty_query(tmp_path: Path, answer) -> None:
    answer(lambda _: httpx2.Response(200, text="No objects have been found"))
    with pytest.raises(CatalogError, match="the query returned no row; widen its conditions"):
        fetch_pages(server().query, QUERY, tmp_path, read_table)


def test_a_query_without_exact_ids(tmp_path: Path, answer) -> None:
    answer(lambda _: httpx2.Response(200, text="specobjid,ra\n1.24E+18,3\n"))
    with pytest.raises(CatalogError, match="must return an exact specobjid on every row"):
        fetch_pages(server().query, QUERY, tmp_path, read_table)
    assert list(tmp_path.glob("page-*")) == []


@pytest.mark.parametrize("table", ["SpecObjAll", "PhotoObjAll"])
def test_the_built_in_queries_name_real_columns(real_data: Path, table: str) -> None:
    path = real_data / "services" / "astroquery" / f"{table}_dr12.json"
    known = set(re.findall(r'"name": ?"(\w+)"', path.read_text(), re.IGNORECASE))
    known = {name.lower() for name in known}
    alias = table[0].lower()
    for task in ("spectral-class", "object-type"):
        sql = make_task_query(task, {"u": 19.6, "g": 20})
        used = {name.lower() for name in re.findall(rf"\b{alias}\.(\w+)", sql)}
        assert used
        assert used <= known


def test_magnitude_limits_of_the_manual() -> None:
    sql = make_task_query("object-type", {"u": 19.6, "g": 20})
    assert "p.modelMag_u BETWEEN 0 AND 19.6" in sql
    assert "p.modelMag_g BETWEEN 0 AND 20" in sql
    with pytest.raises(CatalogError, match="names 'y', which is not one of u g r i z"):
        make_task_query("object-type", {"y": 20})


def test_frame_keys_by_position(tmp_path: Path, answer) -> None:
    asked = []

    def handler(request: httpx2.Request) -> httpx2.Response:
        sql = sql_of(request)
        asked.append(sql)
        rows = ["place,objid,rerun,run,camcol,field"]
        for place, ra in re.findall(r"SELECT (\d+) AS place.*?NearestObjEq\(([\d.]+),", sql):
            match = STARS[(STARS["ra"] - float(ra)).abs() < 1e-6]
            # the first star is not found
            rows += [
                f"{place},{r.objid},{r.rerun},{r.run},{r.camcol},{r.field}"
                for r in match.itertuples()
                if r.ra > 0
            ]
        return httpx2.Response(200, text="\n".join(rows) + "\n")

    answer(handler)
    bare = STARS.drop(columns=["rerun", "run", "camcol", "field"])
    for _ in range(2):
        found = look_up_frame_keys(bare, server(), tmp_path, read_table)
    there = STARS["ra"] > 0
    for name in ("rerun", "run", "camcol", "field"):
        assert found.loc[there, name].tolist() == STARS.loc[there, name].tolist()
        assert found.loc[~there, name].isna().all()
    assert len(asked) == 2


class FakeCasJobs:
    """CasJobs with one job that takes two polls."""

    def __init__(self, end: int = 5) -> None:
        self.end, self.requests = end, []
        self.polls = 0

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        if request.headers["x-auth-token"] != "secret-token":
            return httpx2.Response(401)
        path = request.url.path
        if request.method == "PUT":
            assert path == "/CasJobs/RestApi/contexts/DR16/jobs"
            self.into = re.search(r"INTO mydb\.(\w+)", json.loads(request.content)["Query"])[1]
            return httpx2.Response(200, text="4242")
        if request.method == "GET":
            assert path == "/CasJobs/RestApi/jobs/4242"
            self.polls += 1
            status = 1 if self.polls < 3 else self.end
            return httpx2.Response(200, json={"Status": status, "Message": "out of quota"})
        assert path == "/CasJobs/RestApi/contexts/MyDB/query"
        sql = json.loads(request.content)["Query"]
        assert f"FROM {self.into}" in sql
        text = page_of(sql)
        header = text.splitlines()[1] if text.startswith("#") else ""
        typed = ",".join(f"[{name}]:float" for name in header.split(","))
        return httpx2.Response(200, text=text.replace(header, typed, 1) if header else "[a]:int\n")


def test_a_job_in_casjobs(tmp_path: Path, answer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKYCLASS_CASJOBS_TOKEN", "secret-token")
    monkeypatch.setattr(
        "skyclass.surveys.sdss.paged_query.CasJobs", partial(CasJobs, clock=FakeClock().clock)
    )
    fake = FakeCasJobs()
    answer(fake)
    config = CatalogConfig(source="casjobs", query=QUERY + ";", release=16)
    for _ in range(2):
        table = read_table(fetch_table(config, "spectral-class", tmp_path, read_table))
    assert table["specobjid"].tolist() == STARS["specobjid"].tolist()
    assert [r.method for r in fake.requests].count("PUT") == 1


def test_from_a_query_to_a_catalogue(tmp_path: Path, answer) -> None:
    answer(lambda request: httpx2.Response(200, text=page_of(sql_of(request))))
    config = ObjectsConfig(
        task="spectral-class",
        catalog=CatalogConfig(source="skyserver", query=QUERY),
        clean=CleanConfig(frame_keys="require"),
    )
    table = make_catalog(config, tmp_path).table
    assert set(table["specobjid"]) == set(STARS["specobjid"])
