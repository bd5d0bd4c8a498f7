"""Bring a query's result to disk, page by page; interrupted, the next call goes on."""

import json
import re
import uuid
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Final

import pandas as pd

from skyclass.catalog.read_table import read_table
from skyclass.config.sections import CatalogConfig
from skyclass.errors import CatalogError
from skyclass.files import atomic_path, make_directory
from skyclass.progress import Progress, Stage, no_progress
from skyclass.schema import FRAME_KEYS
from skyclass.surveys.sdss.casjobs import CasJobs
from skyclass.surveys.sdss.queries import builtin_query, into_query, nearest_query, page_query
from skyclass.surveys.sdss.skyserver import HOST, SkyServer

__all__ = ["fetch_pages", "fetch_table", "look_up_frame_keys"]

PAGE_ROWS: Final = 100_000
"""Rows a page; SkyServer hands out 500,000 at most."""

PLACES: Final = 20
"""Positions looked up by one query."""

RADIUS: Final = 2.0
"""Arcsec within which a photometric object is taken for the one looked up."""


def fetch_table(
    config: CatalogConfig, task: str, work: Path, *, progress: Progress = no_progress
) -> Path:
    """Fetch the table that a configuration asks for.

    Parameters
    ----------
    config
        With ``source`` ``skyserver`` or ``casjobs``.
    task
        Task whose built-in query is used where the configuration has none.
    work
        Folder for pages; what is there already is not fetched again.
    progress
        Called with the stage and the pages that have come; their number is not known before
        the last.

    Returns
    -------
    pathlib.Path
        Parquet file of all rows.

    Raises
    ------
    CatalogError
        Where the query returns nothing, or `work` holds another query's pages.
    RemoteError
        Where the service cannot be reached or refuses the query.
    """
    query = _single_line(config.query) or builtin_query(task, config.limits)
    told = [query, config.source, str(config.release), config.base_url or ""]
    _claim(work, sha256("\n".join(told).encode()).hexdigest())
    whole = work / "table.parquet"
    if whole.exists():
        return whole
    host = config.base_url or HOST
    if config.source == "casjobs":
        client = CasJobs(host)
        table = _into_mydb(client, query, config.release, work)
        pages = fetch_pages(client.query, f"SELECT * FROM {table}", work, progress=progress)
    else:
        server = SkyServer(config.release, host)
        pages = fetch_pages(server.query, query, work, progress=progress)
    table_of_all = pd.concat([read_table(page) for page in pages], ignore_index=True)
    with atomic_path(whole) as partial:
        table_of_all.to_parquet(partial, index=False)
    return whole


def fetch_pages(
    ask: Callable[[str], str | None],
    query: str,
    work: Path,
    *,
    rows: int = PAGE_ROWS,
    progress: Progress = no_progress,
) -> list[Path]:
    """Fetch all pages of a query that are not there yet, in the order of `specobjid`.

    Parameters
    ----------
    ask
        Runs SQL and gives CSV, or None where there is no row.
    query
        SELECT with a column `specobjid`.
    work
        Folder for the pages.
    rows
        Most rows a page.
    progress
        Called with the stage and the pages that have come; their number is not known before
        the last.

    Returns
    -------
    list of pathlib.Path
        CSV files; together they hold every row once.

    Raises
    ------
    CatalogError
        Where the query returns nothing or has no exact `specobjid`.
    """
    make_directory(work)
    pages = sorted(work.glob("page-*.csv"))
    tables = [_ids(page) for page in pages]
    count, last = sum(len(t) for t in tables), int(tables[-1].max()) if tables else -1
    while (text := ask(page_query(query, last, rows))) is not None:
        page = work / f"page-{len(pages) + 1:06d}.csv"
        with atomic_path(page) as partial:
            partial.write_text(text, encoding="utf-8")
            ids = _ids(partial)
        if int(ids.max()) <= last:
            raise CatalogError(f"{page} does not go on after specobjid {last}; the service is off")
        pages.append(page)
        last, count = int(ids.max()), count + len(ids)
        progress(Stage.QUERY, len(pages), 0, f"{count:,} rows")
    if not pages:
        raise CatalogError("the query returned no row; widen its conditions")
    progress(Stage.QUERY, len(pages), len(pages), f"{count:,} rows")
    return pages


def _ids(page: Path) -> "pd.Series[int]":
    """Give the spectroscopic ids of a page."""
    table = read_table(page)
    if "specobjid" not in table or table["specobjid"].isna().any():
        raise CatalogError("a query must return an exact specobjid on every row: it is paged by it")
    return table["specobjid"].map(int).astype(object)


def _claim(work: Path, fingerprint: str) -> None:
    """Take a folder for a query, or make sure that it holds the same one's pages."""
    mark = work / "query.json"
    if not mark.exists():
        with atomic_path(mark) as partial:
            partial.write_text(json.dumps({"query": fingerprint}), encoding="utf-8")
    elif json.loads(mark.read_text(encoding="utf-8")) != {"query": fingerprint}:
        raise CatalogError(f"{work} holds the pages of another query; remove it, or choose another")


def _into_mydb(client: CasJobs, query: str, release: int, work: Path) -> str:
    """Run a query into a table of MyDB; a job submitted before an interruption is waited for."""
    mark = work / "job.json"
    if not mark.exists():
        table = f"skyclass_{uuid.uuid4().hex[:12]}"
        job = client.submit(into_query(query, table), release)
        with atomic_path(mark) as partial:
            partial.write_text(json.dumps({"job": job, "table": table}), encoding="utf-8")
    told = json.loads(mark.read_text(encoding="utf-8"))
    client.wait(int(told["job"]))
    if re.fullmatch(r"skyclass_[0-9a-f]{12}", str(told["table"])) is None:
        raise CatalogError(f"{mark} names no table of skyclass; remove it")
    return str(told["table"])


def _single_line(query: str | None) -> str:
    """Take line ends and a closing semicolon off a query."""
    return re.sub(r"\s+", " ", query or "").strip().rstrip("; ")


def look_up_frame_keys(
    table: pd.DataFrame, server: SkyServer, work: Path, *, progress: Progress = no_progress
) -> pd.DataFrame:
    """Ask SkyServer in which field each position lies.

    Parameters
    ----------
    table
        With `ra` and `dec`.
    server
        Where to ask.
    work
        Folder for the answers; what is there already is not asked again.
    progress
        Called with the stage, positions done and positions in all.

    Returns
    -------
    pandas.DataFrame
        The table with `FRAME_KEYS`, missing where no photometric object lies within `RADIUS`.
    """
    places = list(zip(table["ra"].astype(float), table["dec"].astype(float), strict=True))
    _claim(work, sha256(json.dumps([server.url, places]).encode()).hexdigest())
    found = []
    for start in range(0, len(places), PLACES):
        answer = _answer(server, places[start : start + PLACES], work / f"keys-{start:08d}.csv")
        if answer is not None:
            found.append(answer.assign(place=answer["place"] + start))
        progress(Stage.FRAME_KEYS, min(start + PLACES, len(places)), len(places))
    empty = pd.DataFrame(columns=["place", *FRAME_KEYS])
    keys = pd.concat(found).set_index("place") if found else empty.set_index("place")
    keys = keys.reindex(range(len(places)))
    found_keys = {name: keys[name].astype("Int64").to_numpy() for name in FRAME_KEYS}
    return table.assign(**found_keys)


def _answer(
    server: SkyServer, places: list[tuple[float, float]], path: Path
) -> pd.DataFrame | None:
    """Give one answer, from disk where it is there."""
    if not path.exists():
        text = server.query(nearest_query(places, RADIUS)) or ""
        with atomic_path(path) as partial:
            partial.write_text(text, encoding="utf-8")
    return read_table(path) if path.stat().st_size else None
