"""Send a table of sources to running programs, such as TOPCAT and Aladin, by SAMP."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pandas as pd

from skyclass.errors import InferenceError
from skyclass.extras import check_installed
from skyclass.files import AnyPath
from skyclass.inference.source_table import write_table
from skyclass.inference.table_metadata import TableMetadata

if TYPE_CHECKING:
    from pyvo.samp import SAMPIntegratedClient

__all__ = ["check_hub", "send_table"]

_MESSAGES: Final = {".vot": "table.load.votable", ".fits": "table.load.fits"}
"""Messages that hand over a table, by the suffix of its file."""

_PATIENCE: Final = 60  # seconds in which a program has read the table


def check_hub() -> None:
    """Check that a SAMP hub is running, before any work.

    Raises
    ------
    InferenceError
        If there is none.
    MissingExtraError
        If PyVO is not installed.
    """
    with _connect():
        pass


def send_table(
    table: pd.DataFrame, file: AnyPath | None = None, metadata: TableMetadata | None = None
) -> list[str]:
    """Send a table to all running programs that take tables, by SAMP.

    Parameters
    ----------
    table
        As `skyclass.classify` returns it.
    file
        Where the same table is written. Programs are told to read it there if it is ``.vot`` or
        ``.fits``; else they read a temporary VOTable, which is removed once they have.
    metadata
        What the table says of itself; a temporary VOTable then has units, UCDs and descriptions of
        the survey's columns, too.

    Returns
    -------
    list of str
        Names of the programs that have read the table.

    Raises
    ------
    InferenceError
        If no SAMP hub is running, no program takes tables, or one cannot read this one.
    MissingExtraError
        If PyVO is not installed.

    Notes
    -----
    IVOA Recommendation SAMP 1.3, section 6.4 (https://www.ivoa.net/documents/SAMP/).
    """
    path = Path("skyclass") if file is None else Path(file).resolve()
    source = nullcontext(path) if path.suffix in _MESSAGES else _write_briefly(table, metadata)
    with _connect() as client, source as readable:
        message = _MESSAGES[readable.suffix]
        programs = list(client.get_subscribed_clients(message))
        if not programs:
            raise InferenceError(
                "a SAMP hub is running, but no program that takes tables; start TOPCAT or Aladin"
            )
        return [_send(client, program, message, readable, path.stem) for program in programs]


@contextmanager
def _connect() -> "Iterator[SAMPIntegratedClient]":
    """Register with the running hub for a while."""
    check_installed("pyvo", purpose="sending a table")
    from pyvo.samp import SAMPHubError, SAMPIntegratedClient

    client = SAMPIntegratedClient(
        name="skyclass", description="classifies sources of survey images", callable=False
    )
    try:
        client.connect()
    except SAMPHubError as error:
        raise InferenceError(
            "no SAMP hub is running, so no program takes the table; start TOPCAT or Aladin first"
        ) from error
    try:
        yield client
    finally:
        client.disconnect()


@contextmanager
def _write_briefly(table: pd.DataFrame, metadata: TableMetadata | None) -> Iterator[Path]:
    """Write a table as a VOTable that is removed in the end."""
    with tempfile.TemporaryDirectory(prefix="skyclass-") as folder:
        path = Path(folder) / "table.vot"
        write_table(table, path, metadata)
        yield path


def _send(client: "SAMPIntegratedClient", program: str, message: str, path: Path, name: str) -> str:
    """Let one program read a table, and return its name."""
    from pyvo.samp import SAMPProxyError

    title = str(client.get_metadata(program).get("samp.name", program))
    parameters = {"url": path.as_uri(), "name": name, "table-id": f"skyclass:{path}"}
    try:
        answer = client.call_and_wait(
            program, {"samp.mtype": message, "samp.params": parameters}, str(_PATIENCE)
        )
    except SAMPProxyError as error:
        raise InferenceError(
            f"{title} has not read the table within {_PATIENCE} seconds"
        ) from error
    if answer["samp.status"] == "samp.error":
        reason = answer.get("samp.error", {}).get("samp.errortxt", "it does not say why")
        raise InferenceError(f"{title} cannot read the table: {reason}")
    return title
