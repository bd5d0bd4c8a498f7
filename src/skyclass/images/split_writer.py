"""Write cutouts as a `DatasetDict` on disk, batch by batch, so that memory use is constant."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from skyclass.files import make_directory
from skyclass.images.arrow_columns import Feature, make_schema

__all__ = ["SplitWriter"]

_BATCH: Final = 128
"""Rows per record batch: 13 MB of cutouts of 64 pixels in five bands."""

_FILE: Final = "data-00000-of-00001.arrow"


class SplitWriter:
    """Appends tables to the splits of a folder that `datasets.load_from_disk` can read.

    Parameters
    ----------
    folder
        Folder to make.
    features
        Description of each column.
    fingerprint
        Hash that identifies what is written.
    """

    def __init__(self, folder: Path, features: Mapping[str, Feature], fingerprint: str) -> None:
        self._folder = make_directory(folder)
        self._features = features
        self._schema = make_schema(features)
        self._fingerprint = fingerprint
        self._waiting: dict[str, list[pa.Table]] = {}
        self._writers: dict[str, pa.RecordBatchStreamWriter] = {}

    def add(self, split: str, table: pa.Table) -> None:
        """Append rows to a split.

        Parameters
        ----------
        split
            Name of the split.
        table
            Rows, which must not be views of a file that is closed before `close` is called.
        """
        if not len(table):
            return
        waiting = self._waiting.setdefault(split, [])
        waiting.append(table)
        if sum(map(len, waiting)) >= _BATCH:
            self._write(split)

    def close(self) -> list[str]:
        """Write the remaining rows; return the names of the splits with rows, in their order."""
        for split, waiting in self._waiting.items():
            if waiting:
                self._write(split)
            self._writers[split].close()
            self._describe(split)
        names = list(self._writers)
        _write_json(self._folder / "dataset_dict.json", {"splits": names})
        return names

    def _write(self, split: str) -> None:
        """Write the waiting rows of a split as one batch."""
        waiting = self._waiting[split]
        if split not in self._writers:
            (self._folder / split).mkdir()
            path = str(self._folder / split / _FILE)
            self._writers[split] = pa.ipc.new_stream(path, self._schema)
        rows = pa.concat_tables(waiting).combine_chunks()
        waiting.clear()
        self._writers[split].write_table(rows)

    def _describe(self, split: str) -> None:
        """Write the description of a split that `datasets` expects beside its rows."""
        folder = self._folder / split
        described = {name: dict(feature) for name, feature in self._features.items()}
        texts = dict.fromkeys(("citation", "description", "homepage", "license"), "")
        _write_json(folder / "dataset_info.json", {**texts, "features": described})
        state: dict[str, Any] = {
            "_data_files": [{"filename": _FILE}],
            "_fingerprint": f"{self._fingerprint}-{split}",
            "_format_columns": None,
            "_format_kwargs": {},
            "_format_type": None,
            "_output_all_columns": False,
            "_split": None,
        }
        _write_json(folder / "state.json", state)


def _write_json(path: Path, values: dict[str, Any]) -> None:
    """Write a small JSON file."""
    path.write_text(json.dumps(values, indent=1), encoding="utf-8")
