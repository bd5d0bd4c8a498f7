"""Splits written batch by batch, read by the library that users have."""

from pathlib import Path

import datasets
import numpy as np
import pyarrow as pa
import pytest

from skyclass.images.arrow_columns import describe_value, make_schema
from skyclass.images.split_writer import SplitWriter

FEATURES = {"number": describe_value("int64"), "name": describe_value("string")}


def rows(numbers: np.ndarray) -> pa.Table:
    names = [f"object {n}" for n in numbers]
    return pa.table({"number": numbers, "name": names}, schema=make_schema(FEATURES))


@pytest.mark.parametrize("sizes", [[1], [64, 64], [100, 28, 1], [300], [0, 5], [128, 0, 127, 2]])
def test_all_rows_come_back_in_order(tmp_path: Path, sizes: list[int]) -> None:
    numbers = np.split(np.arange(sum(sizes)), np.cumsum(sizes)[:-1])
    writer = SplitWriter(tmp_path / "out", FEATURES, "mark")
    for part in numbers:
        writer.add("train", rows(part))
        writer.add("test", rows(part[:1]))
    assert writer.close() == ["train", "test"]
    stored = datasets.load_from_disk(str(tmp_path / "out"))
    assert list(stored) == ["train", "test"]
    value = datasets.Value
    assert stored["train"].features == {"number": value("int64"), "name": value("string")}
    assert stored["train"]["number"][:] == list(range(sum(sizes)))
    assert stored["test"]["name"][:] == [f"object {part[0]}" for part in numbers if len(part)]


def test_without_rows_there_is_no_split(tmp_path: Path) -> None:
    writer = SplitWriter(tmp_path / "out", FEATURES, "mark")
    writer.add("train", rows(np.arange(0)))
    assert writer.close() == []
