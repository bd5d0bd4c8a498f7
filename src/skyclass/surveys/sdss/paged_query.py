"""Fetch the result of a query page by page; an interrupted query is resumed by the next call."""

import json
import re
import uuid
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Final

import pandas as pd

from skyclass.claim import claim_directory
from skyclass.config.sections import CatalogConfig
from skyclass.errors import CatalogError
from skyclass.files import atomic_path, make_directory
from skyclass.progress import Progress, Stage, no_progress
from skyclass.surveys.sdss.casjobs import CasJobs
from skyclass.surveys.sdss.layout import FIELD_KEY
from skyclass.surveys.sdss.queries import (
    make_into_query,
    make_nearest_query,
    make_page_query,
    make_task_query,
)
from skyclass.surveys.sdss.skyserver import HOST, SkyServer

__all__ = ["check_query", "fetch_pages", "fetch_table", "look_up_frame_keys"]

ReadTable = Callable[[Path], pd.DataFrame]
"""Reads a table of objects from a file, its ids exact."""

PAGE_ROWS: Final = 100_000
"""Rows a page; SkyServer returns 500,000 at most."""

PLACES: Final = 20
"""Positions looked up by one query."""

RADIUS: Final = 2.0
"""Arcsec within which a photometric object counts as the one looked up."""


def check_query(config: CatalogConfig, task: str) -> None:
    """Check before anything is fetched that a configuration can ask for its table.

    Parameters
    ----------
    config, task
        As for `fetch_table`.

    Raises
    ------
    CatalogError
        If the task has no built-in query and the configuration none of its own.
    RemoteError
        If CasJobs is to be asked without a token.
    """
    if not _join_lines(config.query):
        make_task_query(task, config.limits)
    if config.source == "casjobs":
        CasJobs(config.base_url or HOST)


def fetch_table(
    config: CatalogConfig,
    task: str,
    work: Path,
    read: ReadTable,
    progress: Progress = no_progress,
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
    read
        Reads a page, as `skyclass.catalog.read_table` does.
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
        If the query returns nothing, or `work` holds another query's pages.
    RemoteError
        If the service cannot be reached or refuses the query.
    """
    query = _join_lines(config.query) or make_task_query(task, config.limits)
    key = [query, config.source, str(config.release), config.base_url or ""]
    _claim(work, sha256("\n".join(key).encode()).hexdigest())
    whole = work / "table.parquet"
    if whole.exists():
        return whole
    host = config.base_url or HOST
    if config.source == "casjobs":
        client = CasJobs(host)
        table = _run_in_mydb(client, query, config.release, work)
        pages = fetch_pages(client.query, f"SELECT * FROM {table}", work, read, progress=progress)
    else:
        server = SkyServer(config.release, host)
        pages = fetch_pages(server.query, query, work, read, progress=progress)
    whole_table = pd.concat([read(page) for page in pages], ignore_index=True)
    with atomic_path(whole) as partial:
        whole_table.to_parquet(partial, index=False)
    return whole


def fetch_pages(
    ask: Callable[[str], str | None],
    query: str,
    work: Path,
    read: ReadTable,
    *,
    rows: int = PAGE_ROWS,
    progress: Progress = no_progress,
) -> list[Path]:
    """Fetch all pages of a query that are not there yet, in the order of `specobjid`.

    Parameters
    ----------
    ask
        Runs SQL and returns CSV, or None if there is no row.
    query
        SELECT with a column `specobjid`.
    work
        Folder for the pages.
    read
        Reads a page.
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
        If the query returns nothing or has no exact `specobjid`.
    """
    make_directory(work)
    pages = sorted(work.glob("page-*.csv"))
    tables = [_read_ids(page, read) for page in pages]
    count, last = sum(len(t) for t in tables), int(tables[-1].max()) if tables else -1
    while (text := ask(make_page_query(query, last, rows))) is not None:
        page = work / f"page-{len(pages) + 1:06d}.csv"
        with atomic_path(page) as partial:
            partial.write_text(text, encoding="utf-8")
            ids = _read_ids(partial, read)
        if int(ids.max()) <= last:
            raise CatalogError(
                f"{page} does not continue after specobjid {last}; the service is faulty"
            )
        pages.append(page)
        last, count = int(ids.max()), count + len(ids)
        progress(Stage.QUERY, len(pages), 0, f"{count:,} rows")
    if not pages:
        raise CatalogError("the query returned no row; widen its conditions")
    progress(Stage.QUERY, len(pages), len(pages), f"{count:,} rows")
    return pages


def _read_ids(page: Path, read: ReadTable) -> "pd.Series[int]":
    """Read the spectroscopic ids of a page."""
    table = read(page)
    if "specobjid" not in table or table["specobjid"].isna().any():
        raise CatalogError("a query must return an exact specobjid on every row: it is paged by it")
    return table["specobjid"].map(int).astype(object)


def _claim(work: Path, fingerprint: str) -> None:
    """Claim a folder for a query, or check that it holds pages of the same one."""
    query = {"query": fingerprint}

    def compare(marker: Path) -> str:
        same = json.loads(marker.read_text(encoding="utf-8")) == query
        return "" if same else "of another text, service or release"

    claim_directory(
        work / "query.json",
        json.dumps(query),
        kind="query",
        compare=compare,
        error=CatalogError,
        reserved=(),
    )


def _run_in_mydb(client: CasJobs, query: str, release: int, work: Path) -> str:
    """Run a query into a table of MyDB; a job submitted before an interruption is resumed."""
    mark = work / "job.json"
    if not mark.exists():
        table = f"skyclass_{uuid.uuid4().hex[:12]}"
        job = client.submit(make_into_query(query, table), release)
        with atomic_path(mark) as partial:
            partial.write_text(json.dumps({"job": job, "table": table}), encoding="utf-8")
    job_record = json.loads(mark.read_text(encoding="utf-8"))
    client.wait(int(job_record["job"]))
    if re.fullmatch(r"skyclass_[0-9a-f]{12}", str(job_record["table"])) is None:
        raise CatalogError(f"{mark} does not name a table of skyclass; remove it")
    return str(job_record["table"])


def _join_lines(query: str | None) -> str:
    """Join a query's lines and strip its closing semicolon."""
    return re.sub(r"\s+", " ", query or "").strip().rstrip("; ")


def look_up_frame_keys(
    table: pd.DataFrame,
    server: SkyServer,
    work: Path,
    read: ReadTable,
    progress: Progress = no_progress,
) -> pd.DataFrame:
    """Look up on SkyServer in which field each position lies.

    Parameters
    ----------
    table
        With `ra` and `dec`.
    server
        Server to ask.
    work
        Folder for the answers; what is there already is not asked again.
    read
        Reads an answer.
    progress
        Called with the stage, positions done and positions in all.

    Returns
    -------
    pandas.DataFrame
        The table with `FIELD_KEY`, missing where no photometric object lies within `RADIUS`.
    """
    places = list(zip(table["ra"].astype(float), table["dec"].astype(float), strict=True))
    _claim(work, sha256(json.dumps([server.url, places]).encode()).hexdigest())
    answers = []
    for start in range(0, len(places), PLACES):
        answer = _fetch_answer(
            server, places[start : start + PLACES], work / f"keys-{start:08d}.csv", read
        )
        if answer is not None:
            answers.append(answer.assign(place=answer["place"] + start))
        progress(Stage.FRAME_KEYS, min(start + PLACES, len(places)), len(places))
    empty = pd.DataFrame(columns=["place", *FIELD_KEY])
    keys = pd.concat(answers).set_index("place") if answers else empty.set_index("place")
    keys = keys.reindex(range(len(places)))
    frame_keys = {name: keys[name].astype("Int64").to_numpy() for name in FIELD_KEY}
    return table.assign(**frame_keys)


def _fetch_answer(
    server: SkyServer, places: list[tuple[float, float]], path: Path, read: ReadTable
) -> pd.DataFrame | None:
    """Return one answer, from disk if it is there."""
    if not path.exists():
        text = server.query(make_nearest_query(places, RADIUS)) or ""
        with atomic_path(path) as partial:
            partial.write_text(text, encoding="utf-8")
    return read(path) if path.stat().st_size else None
