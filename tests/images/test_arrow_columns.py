"""The Arrow layout of stored cutouts against that of the library `datasets`, both ways."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pyarrow as pa
import pytest
from datasets import Array2D, Array3D, ClassLabel, Features, Value
from numpy.typing import NDArray

from skyclass.images.arrow_columns import make_array_column, make_schema, read_arrow, view_arrays
from skyclass.images.split_writer import SplitWriter
from skyclass.images.store import StoragePlan
from skyclass.images.stored_cutouts import CutoutInfo, open_cutouts

ROWS = 300
PLAN = StoragePlan(
    labels=("a", "b é"),
    bands=("g", "r"),
    size=3,
    dtype="float32",
    survey="sdss",
    keys={"run": "int32", "thing": "int64", "name": "string"},
    fingerprint="mark",
)
FEATURES = Features(
    {
        "flux": Array3D((2, 3, 3), "float32"),
        "mask": Array3D((2, 3, 3), "bool"),
        "label": ClassLabel(names=["a", "b é"]),
        "objid": Value("string"),
        "specobjid": Value("string"),
        "offset": Array2D((2, 2), "float32"),
        "cd": Array2D((2, 2), "float64"),
        "ra": Value("float64"),
        "dec": Value("float64"),
        "run": Value("int32"),
        "thing": Value("int64"),
        "name": Value("string"),
    }
)
ARRAYS = ("flux", "mask", "offset", "cd")


@pytest.fixture(scope="module")
def columns() -> dict[str, Any]:
    """Values of all columns."""
    rng = np.random.default_rng(1)
    return {
        "flux": rng.normal(size=(ROWS, 2, 3, 3)).astype(np.float32),
        "mask": rng.random((ROWS, 2, 3, 3)) < 0.3,
        "label": rng.integers(0, 2, ROWS),
        "objid": [str(n) for n in range(ROWS)],
        "specobjid": [None if n % 3 else str(n) for n in range(ROWS)],
        "offset": rng.normal(size=(ROWS, 2, 2)).astype(np.float32),
        "cd": rng.normal(size=(ROWS, 2, 2)),
        "ra": rng.random(ROWS) * 360,
        "dec": rng.random(ROWS),
        "run": np.arange(ROWS, dtype=np.int32),
        "thing": np.arange(ROWS) + 2**40,
        "name": [f"nâme {n}" for n in range(ROWS)],
    }


@pytest.fixture(scope="module")
def written(columns: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set that skyclass wrote."""
    folder = tmp_path_factory.mktemp("written") / "c"
    schema = make_schema(PLAN.features)
    values = {n: make_array_column(v) if n in ARRAYS else v for n, v in columns.items()}
    writer = SplitWriter(folder, PLAN.features, "mark")
    table = pa.table([pa.array(values[n]) for n in schema.names], schema.names)
    writer.add("train", table.slice(0, 200))
    writer.add("train", table.slice(200))
    writer.close()
    return folder


@pytest.fixture(scope="module")
def of_datasets(columns: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same cutouts, written by the library, in several files."""
    folder = tmp_path_factory.mktemp("library") / "c"
    rows = datasets.Dataset.from_dict(columns, FEATURES)
    datasets.DatasetDict({"train": rows}).save_to_disk(str(folder), num_shards={"train": 2})
    info = CutoutInfo(
        fingerprint="mark",
        size=3,
        bands=("g", "r"),
        labels=("a", "b é"),
        fields=1,
        off_frame=0,
        missing=0,
        simulated=True,
    )
    (folder / "skyclass.json").write_text(info.model_dump_json())
    return folder


def test_the_schema_is_that_of_the_library() -> None:
    theirs = FEATURES.arrow_schema
    ours = pa.ipc.read_schema(make_schema(PLAN.features).serialize())
    assert ours.equals(theirs, check_metadata=True)


def test_the_library_reads_what_is_written(written: Path, columns: dict[str, Any]) -> None:
    rows = datasets.load_from_disk(str(written))["train"]
    assert rows.features == FEATURES
    for name, expected in columns.items():
        found = rows.with_format("arrow")[:].column(name)
        values = found.combine_chunks().to_numpy(False) if name in ARRAYS else found.to_pylist()
        if name in ARRAYS:
            np.testing.assert_array_equal(np.array(list(values)), expected)
        else:
            assert values == list(expected)


def test_what_the_library_wrote_is_read(of_datasets: Path, columns: dict[str, Any]) -> None:
    split = open_cutouts(of_datasets)["train"]
    order = np.random.default_rng(2).permutation(ROWS)
    np.testing.assert_array_equal(split.take(order), columns["flux"][order])
    np.testing.assert_array_equal(split.offsets(), columns["offset"])
    batches = list(split.read_batches(77))
    assert [start for start, _ in batches] == [0, 77, 154, 231]
    for name, expected in columns.items():
        values = np.concatenate([batch[name] for _, batch in batches])
        assert values.tolist() == np.asarray(expected).tolist()
    assert batches[0][1]["mask"].dtype == bool


def test_files_are_read_alike_without_the_library(of_datasets: Path) -> None:
    code = (
        "import sys; from skyclass.images.stored_cutouts import open_cutouts;"
        f"split = open_cutouts({str(of_datasets)!r})['train'];"
        "print(split.take([299, 0]).sum(), 'datasets' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    expected = open_cutouts(of_datasets)["train"].take([299, 0]).sum()
    assert run.stdout.split() == [str(expected), "False"]


@pytest.mark.parametrize("dtype", ["float32", "uint8", "bool", "float64"])
def test_a_column_of_arrays_and_back(dtype: str) -> None:
    values: NDArray[Any] = np.random.default_rng(3).integers(0, 2, (7, 2, 3, 4)).astype(dtype)
    column = make_array_column(values)
    assert column.to_pylist() == values.tolist()
    np.testing.assert_array_equal(view_arrays(column.slice(2, 3)), values[2:5])


def test_numbers_are_not_copied(written: Path) -> None:
    table = read_arrow(written / "train" / "data-00000-of-00001.arrow")
    view = view_arrays(table.column("flux").chunk(0))
    assert not view.flags.writeable
    assert not view.flags.owndata
