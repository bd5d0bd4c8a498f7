"""What another program reads from a table of sources: values, units, meanings, and who made it."""

import json
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from astropy import units
from astropy.io import fits
from astropy.io.votable import parse_single_table
from astropy.table import Table
from astropy.utils.exceptions import AstropyWarning

from skyclass.errors import InferenceError
from skyclass.inference.read_result import read_result
from skyclass.inference.source_table import write_table
from skyclass.inference.table_metadata import TableMetadata, make_table_metadata
from skyclass.models.model_spec import ModelSpec
from skyclass.surveys.sdss.layout import BANDS

SPEC = ModelSpec(
    "object-type", ("star", "galaxy"), "ugriz", "compact", 64, BANDS, "nanomaggy", True
)


def metadata() -> TableMetadata:
    left_out = {"off its frame": 3, 'a reason\' with "quotes" & \u00e9': 1}
    return make_table_metadata(SPEC, "stars", left_out)


def sources() -> pd.DataFrame:
    table = pd.DataFrame(
        {"ra": [10.5, 11.25], "dec": [-1.0, 0.5], "x": [3.0, 4.0], "y": [5.0, 6.0]}
    )
    table = table.assign(run=[94, 94], **{f"psf_mag_{band}": [20.5, np.nan] for band in BANDS})
    table = table.assign(**{f"flux_{band}": [1.5, -0.25] for band in BANDS})
    table["flags"], table["flag_bits"] = ["", "saturated:gr"], np.array([0, 2], np.int64)
    table["class"], table["probability"] = ["star", "galaxy"], [0.9, 0.75]
    return table.assign(p_star=[0.9, 0.25], p_galaxy=[0.1, 0.75], mine=["a", "b"])


@pytest.mark.parametrize("suffix", [".fits", ".vot", ".ecsv", ".csv"])
def test_another_program_reads_it(tmp_path: Path, suffix: str) -> None:
    path, table = tmp_path / f"classes{suffix}", sources()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        write_table(table, str(path), metadata())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AstropyWarning)
        read = Table.read(path)
    assert read.colnames == list(table.columns)
    assert [str(name) for name in read["class"]] == ["star", "galaxy"]
    np.testing.assert_array_equal(read["flux_u"], table["flux_u"])
    if suffix == ".csv":
        return
    assert read["ra"].unit == units.deg
    assert read["psf_mag_g"].unit == units.mag
    assert str(read["flux_r"].unit) in {"nanomaggy", "nmgy"}
    notes = " ".join(read.meta.get("comments", [])) + read.meta.get("description", "")
    notes = " ".join(notes.split())
    for phrase in ("model stars", "task object-type", "image type ugriz", "simulated data"):
        assert phrase in notes


UCDS = {
    "ra": "pos.eq.ra;meta.main",
    "psf_mag_u": "phot.mag;em.opt.U",
    "psf_mag_g": "phot.mag;em.opt.B",
    "flux_z": "phot.flux;em.opt.I",
    "flags": "meta.code.qual",
    "class": "src.class",
    "p_galaxy": "stat.probability",
}


@pytest.mark.parametrize("suffix", [".fits", ".vot", ".ecsv", ".parquet"])
def test_columns_say_what_they_mean(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"classes{suffix}"
    write_table(sources(), path, metadata())
    meanings, ucds = read_meanings(path)
    assert {name: ucds[name] for name in UCDS} == UCDS
    assert meanings["p_galaxy"] == "calibrated probability of class galaxy"
    assert meanings["flux_g"] == "flux in g within 3.96 arcsec of the source"
    # a column of somebody else's table is none of ours
    assert not meanings.get("mine")


def read_meanings(path: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Read descriptions and UCDs as other programs find them."""
    if path.suffix == ".fits":
        header = fits.getheader(path, 1)
        names = {header[f"TTYPE{i}"]: i for i in range(1, header["TFIELDS"] + 1)}
        texts, words = (
            {name: header.get(f"{key}{i}", "") for name, i in names.items()}
            for key in ("TCOMM", "TUCD")
        )
        return texts, words
    if path.suffix == ".parquet":
        schema = pq.read_schema(path)
        notes = {field.name: field.metadata or {} for field in schema}
        texts, words = (
            {name: note.get(key, b"").decode() for name, note in notes.items()}
            for key in (b"description", b"ucd")
        )
        return texts, words
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AstropyWarning)
        table = parse_single_table(path).to_table() if path.suffix == ".vot" else Table.read(path)
    return (
        {name: table[name].description for name in table.colnames},
        {name: table[name].meta.get("ucd", "") for name in table.colnames},
    )


@pytest.mark.parametrize("suffix", [".fits", ".vot", ".ecsv", ".parquet", ".csv"])
def test_a_table_is_read_as_it_was_written(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"classes{suffix}"
    table = sources().assign(reason=["", "off its frame"])
    table["class"] = np.array(["star", None], dtype=object)
    write_table(table, path, metadata())
    read, said = read_result(path)
    pd.testing.assert_frame_equal(read, table, check_dtype=False)
    assert read["flag_bits"].dtype == np.int64
    assert said == (None if suffix == ".csv" else metadata())


def test_long_metadata_survive_the_cards_of_fits(tmp_path: Path) -> None:
    # 68 characters fit in a card; spaces at their ends are the danger
    left_out = {" ".join("x" * (number % 7) for number in range(300)): 5}
    said = make_table_metadata(SPEC, "stars", left_out)
    write_table(sources(), tmp_path / "a.fits", said)
    assert read_result(tmp_path / "a.fits")[1] == said


def test_metadata_of_parquet_are_json(tmp_path: Path) -> None:
    write_table(sources(), tmp_path / "a.parquet", metadata())
    notes = json.loads(pq.read_schema(tmp_path / "a.parquet").metadata[b"skyclass"])
    assert notes["labels"] == ["star", "galaxy"]
    assert notes["survey"] == "sdss"
    assert notes["left_out"]["off its frame"] == 3


def test_tables_without_metadata_or_meaning(tmp_path: Path) -> None:
    plain = pd.DataFrame({"a": [1, 2]})
    for suffix in (".parquet", ".fits", ".vot", ".ecsv"):
        write_table(plain, tmp_path / f"a{suffix}")
        read, said = read_result(tmp_path / f"a{suffix}")
        assert list(read["a"]) == [1, 2]
        assert said is None


def test_no_known_suffix(tmp_path: Path) -> None:
    with pytest.raises(InferenceError, match=r"no known suffix; use one of .parquet"):
        write_table(sources(), tmp_path / "classes.txt")
    assert not list(tmp_path.iterdir())


def test_what_is_no_result_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InferenceError, match="does not exist"):
        read_result(tmp_path / "none.fits")
    (tmp_path / "a.txt").touch()
    with pytest.raises(InferenceError, match="suffix"):
        read_result(tmp_path / "a.txt")
    (tmp_path / "a.parquet").write_bytes(b"no Parquet")
    with pytest.raises(InferenceError, match="is not a readable table"):
        read_result(tmp_path / "a.parquet")
    table = Table({"a": [1]}, meta={"SKYCLASS": "no JSON"})
    table.write(tmp_path / "a.fits")
    with pytest.raises(InferenceError, match=r"a.fits: broken metadata"):
        read_result(tmp_path / "a.fits")
