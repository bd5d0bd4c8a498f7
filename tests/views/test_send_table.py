"""A table reaches a second program through a real SAMP hub."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlparse
from urllib.request import url2pathname

import numpy as np
import pandas as pd
import pytest
from astropy.table import Table

from skyclass.errors import InferenceError, MissingExtraError
from skyclass.inference.source_table import write_table
from skyclass.inference.table_metadata import TableMetadata
from skyclass.views.send_table import check_hub, send_table
from views.classified import make_table

samp = pytest.importorskip("pyvo.samp", reason="pyvo is not installed")


@pytest.fixture(autouse=True)
def _hub_of_this_test(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep away from a hub that the user of this machine runs."""
    lock = (tmp_path / "samp.lock").as_uri()
    monkeypatch.setenv("SAMP_HUB", f"std-lockurl:{lock}")
    monkeypatch.setattr(samp.conf, "use_internet", False)


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[None]:
    running = samp.SAMPHubServer(
        web_profile=False, lockfile=str(tmp_path / "samp.lock"), addr="127.0.0.1"
    )
    running.start()
    yield
    running.stop()


class Program:
    """Another program: it reads each table that it is sent while it is being sent."""

    def __init__(self, *messages: str) -> None:
        self.tables: list[Table] = []
        self.parameters: list[dict[str, Any]] = []
        self.client = samp.SAMPIntegratedClient(name="reader", addr="127.0.0.1")
        self.client.connect()
        for message in messages:
            self.client.bind_receive_call(message, self.receive)

    def receive(
        self,
        _key: str,
        _sender: str,
        number: str,
        _message: str,
        parameters: dict[str, Any],
        _extra: dict[str, Any],
    ) -> None:
        self.parameters.append(parameters)
        path = url2pathname(urlparse(parameters["url"]).path)
        try:
            self.tables.append(Table.read(path))
        except OSError as error:
            self.client.ereply(number, samp.SAMP_STATUS_ERROR, error={"samp.errortxt": str(error)})
        else:
            self.client.ereply(number, samp.SAMP_STATUS_OK, result={})


@pytest.fixture
def program(hub: None) -> Iterator[Program]:
    made = Program("table.load.votable", "table.load.fits")
    yield made
    made.client.disconnect()


@pytest.fixture
def table() -> pd.DataFrame:
    return make_table(np.array([10.0, 20.0, 30.0]), np.array([-1.0, 0.0, 1.0]))


@pytest.mark.parametrize("suffix", [".fits", ".vot"])
def test_a_program_reads_the_written_file(
    program: Program, table: pd.DataFrame, tmp_path: Path, suffix: str
) -> None:
    file = tmp_path / f"classes{suffix}"
    write_table(table, file)
    assert send_table(table, file) == ["reader"]
    (received,), (parameters,) = program.tables, program.parameters
    assert parameters["url"] == file.as_uri()
    assert parameters["name"] == "classes"
    assert list(received["ra"]) == table["ra"].tolist()
    assert file.exists()


def test_a_table_of_another_format_is_read_from_a_temporary_file(
    program: Program, table: pd.DataFrame, tmp_path: Path
) -> None:
    labels = ("hot", "cool")
    metadata = TableMetadata("m", "1", "sdss", "t", labels, simulated=True)
    table = table.assign(psf_mag_r=17.0)
    send_table(table, tmp_path / "classes.parquet", metadata)
    (received,), (parameters,) = program.tables, program.parameters
    assert received["psf_mag_r"].unit == "mag"
    assert "trained on simulated data" in received.meta["description"]
    assert received["ra"].unit == "deg"
    assert list(received["class"][:2]) == ["hot", "cool"]
    assert not Path(url2pathname(urlparse(parameters["url"]).path)).exists()


def test_what_a_program_cannot_read_is_said(
    program: Program, table: pd.DataFrame, tmp_path: Path
) -> None:
    with pytest.raises(InferenceError, match=r"^reader cannot read the table: .*gone\.fits"):
        send_table(table, tmp_path / "gone.fits")


def test_a_hub_without_programs_that_take_tables(hub: None, table: pd.DataFrame) -> None:
    check_hub()
    with pytest.raises(InferenceError, match="no program that takes tables; start TOPCAT"):
        send_table(table)


def test_no_hub(table: pd.DataFrame) -> None:
    with pytest.raises(InferenceError, match=r"^no SAMP hub is running, .* start TOPCAT or Aladin"):
        check_hub()


def test_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyvo", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'skyclass\[vo\]'"):
        check_hub()
