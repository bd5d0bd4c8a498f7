"""SqlSearch: answers equal to pandas, the service's errors, and no way out of the database."""

import io
import re
from pathlib import Path

import httpx2
import numpy as np
import pandas as pd
import pytest
from astropy.coordinates import SkyCoord

from skyclass.errors import ArchiveError
from skyclass.mock_archive.server import serve_archive
from skyclass.mock_archive.sql_views import VIEWS
from skyclass.mock_archive.tsql import translate
from skyclass.surveys.sdss.queries import make_nearest_query

SERVICE = "/dr17/SkyServerWS/SearchTools/SqlSearch"


def ask(url: str, sql: str, form: str = "csv") -> httpx2.Response:
    return httpx2.post(url + SERVICE, data={"cmd": sql, "format": form})


def table(url: str, sql: str) -> pd.DataFrame:
    answer = ask(url, sql)
    assert answer.status_code == 200, answer.text
    first, _, rest = answer.text.partition("\n")
    assert first == "#Table1"
    return pd.read_csv(io.StringIO(rest))


def test_rows_and_columns_are_those_of_the_catalogue(url: str, objects: pd.DataFrame) -> None:
    found = table(
        url,
        "SELECT TOP 20 p.objID, s.[subClass], p.psfMag_g - p.psfMag_r AS gr FROM dbo.PhotoObjAll p"
        " JOIN SpecObjAll s ON s.bestObjID = p.objID WHERE p.psfMag_r BETWEEN 15 AND 19"
        " AND s.class <> 'galaxy' ORDER BY p.objID DESC",
    )
    expected = objects[objects["psfMag_r"].between(15, 19)].nlargest(20, "objid")
    assert found["objID"].tolist() == expected["objid"].tolist()
    assert found["subClass"].tolist() == expected["subclass"].tolist()
    np.testing.assert_allclose(found["gr"], expected["psfMag_g"] - expected["psfMag_r"], atol=1e-12)


def test_text_is_compared_without_case_and_integers_divide_whole(
    url: str, objects: pd.DataFrame
) -> None:
    found = table(url, "SELECT COUNT(*) AS n, 7/2 AS q FROM SpecObj WHERE subClass LIKE 'm%'")
    assert found.loc[0, "n"] == objects["subclass"].str.startswith("M").sum() > 0
    assert found.loc[0, "q"] == 3


@pytest.mark.parametrize("view", sorted(VIEWS))
def test_every_view_can_be_asked(url: str, objects: pd.DataFrame, view: str) -> None:
    answer = ask(url, f"SELECT COUNT(*) AS n FROM {view}")
    types = {"star": 6, "galaxy": 3}
    expected = (objects["type"] == types[view]).sum() if view in types else len(objects)
    assert answer.text == f"#Table1\nn\n{expected}\n"


def test_the_nearest_object_is_that_of_astropy(url: str, objects: pd.DataFrame) -> None:
    rng = np.random.default_rng(8)
    chosen = objects.sample(15, random_state=1)
    ra = chosen["ra"].to_numpy() + rng.normal(0, 3 / 3600, len(chosen))
    dec = chosen["dec"].to_numpy() + rng.normal(0, 3 / 3600, len(chosen))
    places = list(zip(ra, dec, strict=True))
    radius = 4.0
    found = table(url, make_nearest_query(places, radius)).set_index("place")["objid"].to_dict()
    sky = SkyCoord(objects["ra"], objects["dec"], unit="deg")
    index, away, _ = SkyCoord(ra, dec, unit="deg").match_to_catalog_sky(sky)
    near = {
        place: int(objects["objid"].iloc[i])
        for place, (i, distance) in enumerate(zip(index, away.arcsec, strict=True))
        if distance <= radius
    }
    assert found == near
    assert 0 < len(near) < len(places)


def test_ids_beyond_signed_integers_stay_exact(small_survey: Path, tmp_path: Path) -> None:
    objects = pd.read_csv(small_survey / "catalog.csv", dtype=str)
    objects.loc[0, "specobjid"] = "18446744073709551557"
    objects.to_csv(tmp_path / "catalog.csv", index=False)
    (tmp_path / "frames").symlink_to(small_survey / "frames")
    (tmp_path / "frame-r-009001-1-0100.fits.bz2").symlink_to(
        small_survey / "frames/301/9001/1/frame-r-009001-1-0100.fits.bz2"
    )
    with serve_archive(tmp_path) as url:
        answer = ask(url, "SELECT MAX(specObjID) AS most FROM SpecObjAll")
    assert answer.text == "#Table1\nmost\n18446744073709551557\n"


def test_json_and_html(url: str, objects: pd.DataFrame) -> None:
    sql = "SELECT TOP 2 objID, ra FROM PhotoObj ORDER BY objID"
    expected = objects.nsmallest(2, "objid")
    tables = ask(url, sql, "json").json()
    assert tables[0]["TableName"] == "Table1"
    assert [row["objID"] for row in tables[0]["Rows"]] == expected["objid"].tolist()
    cells = re.findall(r"<td>(\d{19})</td>", ask(url, sql, "html").text)
    assert [int(cell) for cell in cells] == expected["objid"].tolist()


def test_get_is_the_same_as_post(url: str) -> None:
    sql = "SELECT TOP 3 ra FROM Star ORDER BY ra"
    got = httpx2.get(url + SERVICE.lower(), params={"cmd": sql, "format": "csv"})
    assert got.text == ask(url, sql).text


def test_nothing_found(url: str) -> None:
    sql = "SELECT ra FROM PhotoObj WHERE ra > 400"
    assert ask(url, sql).text == "No objects have been found\n"
    assert ask(url, sql, "json").json()[0]["Rows"] == []
    assert "No entries have been found" in ask(url, sql, "html").text


@pytest.mark.parametrize("sql", ["SELECT nothing FROM PhotoObj", "SELEC 1", "", "SELECT ra FROM x"])
def test_a_wrong_query_is_an_error_in_json_or_a_page_with_status_200(url: str, sql: str) -> None:
    response = ask(url, sql)
    assert response.status_code == 400
    assert response.json()["ErrorCode"] == 400
    assert response.json()["ErrorMessage"]
    page = ask(url, sql, "html")
    assert page.status_code == 200
    assert "<title>Skyserver Error</title>" in page.text


def test_too_many_queries(small_survey: Path) -> None:
    with serve_archive(small_survey, queries_per_minute=2) as url:
        answers = [ask(url, "SELECT TOP 1 ra FROM Star") for _ in range(3)]
    assert [answer.text.startswith("#Table1") for answer in answers] == [True, True, False]
    line = answers[2].text.splitlines()[1]
    assert line.startswith('"ERROR: Maximum 2 queries allowed per minute. Rejected query: SELECT')


ESCAPES = [
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM '/etc/passwd'",
    "SELECT * FROM glob('/*')",
    "SELECT (SELECT TOP 1 content FROM read_text('/etc/passwd')) AS x",
    "SELECT ra FROM PhotoObj CROSS APPLY read_csv('/etc/passwd')",
    "SELECT * FROM catalog",
    "SELECT * FROM objects",
    "SELECT * FROM duckdb_settings()",
    "SELECT * FROM information_schema.tables",
    "SELECT * FROM query('SELECT 1')",
    "COPY PhotoObj TO '/tmp/x.csv'",
    "COPY (SELECT 1) TO '/tmp/x.csv'",
    "ATTACH '/tmp/x.db'",
    "INSTALL httpfs",
    "LOAD httpfs",
    "SET enable_external_access = true",
    "PRAGMA database_list",
    "DROP TABLE catalog",
    "DELETE FROM PhotoObj",
    "INSERT INTO PhotoObj SELECT * FROM PhotoObj",
    "SELECT ra INTO mydb.x FROM PhotoObj",
    "SELECT 1; DROP TABLE catalog",
    "EXEC xp_cmdshell 'ls'",
    "SELECT " + "(" * 5000 + "1" + ")" * 5000,
    "SELECT 1 -- " + "x" * 200_000,
]


@pytest.mark.parametrize("sql", ESCAPES, ids=lambda sql: sql[:40])
def test_no_query_leaves_the_views(url: str, objects: pd.DataFrame, sql: str) -> None:
    answer = ask(url, sql)
    assert answer.status_code == 400
    assert "root:" not in answer.text
    assert table(url, "SELECT COUNT(*) AS n FROM PhotoObjAll").loc[0, "n"] == len(objects)


def test_the_engine_itself_is_locked(small_survey: Path) -> None:
    from skyclass.mock_archive.database import Database

    database = Database(small_survey / "catalog.csv")
    # past the translation, straight at the engine
    for begin, statement, message in (
        ("BEGIN", "SELECT * FROM read_csv('/etc/passwd')", "disabled by configuration"),
        ("BEGIN", "SET enable_external_access = true", "configuration has been locked"),
        ("BEGIN TRANSACTION READ ONLY", "DROP TABLE catalog", "read-only"),
    ):
        with pytest.raises(ArchiveError, match=message), database._open_cursor(begin) as cursor:
            cursor.execute(statement)


def test_into_is_found_in_the_outermost_select_only() -> None:
    assert translate("SELECT ra INTO mydb.x FROM Star", VIEWS, "release").into == "x"
    for sql in ("SELECT ra INTO other.x FROM Star", 'SELECT ra INTO mydb."a/b" FROM Star'):
        with pytest.raises(ArchiveError, match="cannot write INTO"):
            translate(sql, VIEWS, "release")


def test_a_catalogue_with_rounded_ids_is_refused(small_survey: Path, tmp_path: Path) -> None:
    objects = pd.read_csv(small_survey / "catalog.csv")
    objects["objid"] = objects["objid"].map("{:.2E}".format)
    objects.to_csv(tmp_path / "catalog.csv", index=False)
    name = "frame-r-009001-1-0100.fits.bz2"
    (tmp_path / name).symlink_to(small_survey / "frames/301/9001/1" / name)
    with pytest.raises(ArchiveError, match="no exact objid"), serve_archive(tmp_path):
        pass
