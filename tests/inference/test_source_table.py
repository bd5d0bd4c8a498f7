"""What another program reads from a table of sources: values, units, and who made it."""

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from astropy import units
from astropy.table import Table
from astropy.utils.exceptions import AstropyWarning

from skyclass.errors import InferenceError
from skyclass.inference.source_table import describe_origin, format_flags, write_table
from skyclass.measurement.measurement import Flag, Measurement
from skyclass.models.model_spec import ModelSpec
from skyclass.surveys.sdss.layout import BANDS

SPEC = ModelSpec(
    "object-type", ("star", "galaxy"), "ugriz", "compact", 64, BANDS, "nanomaggy", True
)


def sources() -> pd.DataFrame:
    table = pd.DataFrame(
        {"ra": [10.5, 11.25], "dec": [-1.0, 0.5], "x": [3.0, 4.0], "y": [5.0, 6.0]}
    )
    table = table.assign(**{f"flux_{band}": [1.5, -0.25] for band in BANDS})
    table["class"], table["probability"] = ["star", "galaxy"], [0.9, 0.75]
    return table


@pytest.mark.parametrize("suffix", [".fits", ".vot", ".ecsv", ".csv"])
def test_another_program_reads_it(tmp_path: Path, suffix: str) -> None:
    path, table = tmp_path / f"classes{suffix}", sources()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        write_table(table, str(path), notes=describe_origin(SPEC))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AstropyWarning)
        read = Table.read(path)
    assert read.colnames == list(table.columns)
    assert [str(name) for name in read["class"]] == ["star", "galaxy"]
    np.testing.assert_array_equal(read["flux_u"], table["flux_u"])
    if suffix == ".csv":
        return
    assert read["ra"].unit == units.deg
    assert read["x"].unit == units.pix
    assert str(read["flux_r"].unit) in {"nanomaggy", "nmgy"}
    notes = " ".join(read.meta.get("comments", [])) + read.meta.get("description", "")
    assert "task object-type" in notes
    assert "image type ugriz" in notes
    assert "simulated data" in notes


def test_no_known_suffix(tmp_path: Path) -> None:
    with pytest.raises(InferenceError, match=r"no known suffix; use one of .parquet"):
        write_table(sources(), tmp_path / "classes.txt")
    assert not list(tmp_path.iterdir())


def test_flags_as_text() -> None:
    flags = np.array([[0, 0, 0], [Flag.SATURATED, Flag.SATURATED | Flag.EDGE, 0]], np.int32)
    empty = np.zeros(flags.shape, np.float32)
    measurement = Measurement(*[empty] * 7, flags)
    assert format_flags(measurement, "gri") == ["", "edge:r saturated:gr"]
