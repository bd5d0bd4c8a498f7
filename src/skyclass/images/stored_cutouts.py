"""Read stored cutouts: their description, and their pixels without copying the file."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import fields
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from skyclass.errors import ImageError
from skyclass.files import AnyPath
from skyclass.images.arrow_columns import read_arrow, view_arrays
from skyclass.images.cutout_info import FORMAT, INFO_NAME, CutoutInfo, read_info
from skyclass.measurement.measurement import Measurement
from skyclass.schema import IDS, POSITION

__all__ = [
    "FORMAT",
    "INFO_NAME",
    "CutoutInfo",
    "CutoutSplit",
    "StoredCutouts",
    "find_reusable",
    "open_cutouts",
    "read_info",
]


class CutoutSplit:
    """One split of stored cutouts, read from disk as needed.

    Parameters
    ----------
    table
        Rows of a file that `make_cutouts` wrote, as `skyclass.images.arrow_columns.read_arrow`
        opens it.
    identity
        Hash that differs wherever the pixels do.
    """

    def __init__(self, table: pa.Table, identity: str) -> None:
        self._table, self.identity = table, identity
        # views of the memory-mapped file, so that only what is asked for is read and copied
        self._flux = [view_arrays(chunk) for chunk in table.column("flux").chunks if len(chunk)]
        self._ends = np.cumsum([len(chunk) for chunk in self._flux])
        self.label: NDArray[np.int64] = np.asarray(table.column("label"), dtype=np.int64)

    def __len__(self) -> int:
        """Count the cutouts."""
        return len(self.label)

    def __repr__(self) -> str:
        """Show the number of cutouts and their shape."""
        shape = " x ".join(map(str, self._flux[0].shape[1:]))
        return f"<CutoutSplit: {len(self)} cutouts of {shape}>"

    @property
    def columns(self) -> list[str]:
        """Names of the stored features."""
        names: list[str] = self._table.column_names
        return names

    @property
    def pixels(self) -> int:
        """Pixels of one cutout in all bands."""
        return int(np.prod(self._flux[0].shape[1:]))

    def take(self, indices: Sequence[int] | NDArray[np.int64]) -> NDArray[np.float32]:
        """Read the fluxes of some cutouts.

        Parameters
        ----------
        indices
            Rows, `[n]`, in any order.

        Returns
        -------
        numpy.ndarray
            Nanomaggies, or grey levels of ready-made pictures, `[n, band, y, x]`, a fresh array.
        """
        rows = np.asarray(indices, dtype=np.int64)
        out = np.empty((len(rows), *self._flux[0].shape[1:]), dtype=np.float32)
        chunks = np.searchsorted(self._ends, rows, side="right")
        for chunk in np.unique(chunks):
            here = chunks == chunk
            start = self._ends[chunk] - len(self._flux[chunk])
            out[here] = self._flux[chunk][rows[here] - start]
        return out

    def column(self, name: str) -> list[Any]:
        """Read one of the catalogue columns.

        Parameters
        ----------
        name
            Name of a stored feature other than the images.

        Returns
        -------
        list
            One value per cutout.
        """
        values: list[Any] = self._table.column(name).to_pylist()
        return values

    def read_batches(
        self, size: int, columns: Sequence[str] | None = None
    ) -> Iterator[tuple[int, dict[str, NDArray[Any]]]]:
        """Read the stored features as arrays of their own types, batch by batch.

        Parameters
        ----------
        size
            Most rows in a batch.
        columns
            Names of features; all if None.

        Yields
        ------
        start
            Number of the first row.
        values
            `[n, ...]` of each feature.
        """
        table = self._table if columns is None else self._table.select(list(columns))
        for start in range(0, len(table), size):
            rows = table.slice(start, size)
            yield start, {name: _read_values(rows.column(name)) for name in rows.column_names}

    def objects(self) -> pd.DataFrame:
        """Read ids and positions: objid, specobjid, ra and dec in degrees, `n` rows."""
        return pd.DataFrame({name: self.column(name) for name in (*IDS, *POSITION)})

    def offsets(self) -> NDArray[np.float32]:
        """Read the pixels in y and x from each cutout's centre to the object, `[n, band, 2]`."""
        return _read_values(self._table.column("offset"))

    def measurement(
        self, rows: Sequence[int] | NDArray[np.integer] | NDArray[np.bool_] | None = None
    ) -> Measurement | None:
        """Read what was measured of the objects when they were cut.

        Parameters
        ----------
        rows
            Numbers of objects, in any order, or a mask `[n]`; all if None.

        Returns
        -------
        Measurement or None
            Of these objects; None where none is stored (``cutouts.measure = "off"``, ready-made
            pictures, and cutouts of an earlier version).

        Examples
        --------
        >>> import skyclass
        >>> test = skyclass.open_cutouts("cutouts")["test"]
        >>> test.measurement().psf_flux.shape == (len(test), 5)
        True
        """
        if self._measurement is None or rows is None:
            return self._measurement
        return self._measurement.take(np.asarray(rows))

    @cached_property
    def _measurement(self) -> Measurement | None:
        """Measurement of all objects, a few hundred bytes each."""
        names = [field.name for field in fields(Measurement)]
        if not set(names) <= set(self._table.column_names):
            return None
        return Measurement(**{name: _read_values(self._table.column(name)) for name in names})


def _read_values(column: pa.ChunkedArray) -> NDArray[Any]:
    """Read a column as one array."""
    read = view_arrays if pa.types.is_list(column.type) else _read_plain
    return np.concatenate([read(chunk) for chunk in column.chunks if len(chunk)])


def _read_plain(chunk: pa.Array) -> NDArray[Any]:
    """Read numbers or text; text is an array of objects."""
    values: NDArray[Any] = chunk.to_numpy(zero_copy_only=False)
    return values


class StoredCutouts:
    """All splits of a folder of cutouts: ``cutouts["train"]`` is one of them.

    Parameters
    ----------
    path
        Folder that `make_cutouts` wrote.

    Raises
    ------
    ImageError
        If the folder holds no cutouts, or cutouts of another format.
    """

    def __init__(self, path: AnyPath) -> None:
        self.path = Path(path)
        self.info = read_info(path)
        try:
            self._tables = {
                split: _open_split(self.path / split) for split in _list_splits(self.path)
            }
        except (OSError, ValueError, KeyError) as error:
            raise ImageError(f"{path} holds no complete data set; make it again") from error
        self._splits: dict[str, CutoutSplit] = {}

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names of the splits."""
        return iter(self._tables)

    def __getitem__(self, split: str) -> CutoutSplit:
        """Open a split; nothing is read yet but the labels.

        Parameters
        ----------
        split
            train, validation, test or calibration.

        Returns
        -------
        CutoutSplit
            The same object each time.

        Raises
        ------
        ImageError
            If there is no such split.
        """
        if split not in self._tables:
            raise ImageError(
                f"{self.path} has no split {split!r} of cutouts (it has {', '.join(self)})"
            )
        if split not in self._splits:
            identity = f"{self.info.identity}-{split}"
            self._splits[split] = CutoutSplit(self._tables[split], identity)
        return self._splits[split]

    @cached_property
    def counts(self) -> pd.DataFrame:
        """Number of objects of each class (rows) in each split (columns)."""
        labels = self.info.labels
        return pd.DataFrame(
            {split: np.bincount(self[split].label, minlength=len(labels)) for split in self},
            index=pd.Index(labels, name="class"),
        )

    def __repr__(self) -> str:
        """Show the number of cutouts in each split, their size and bands."""
        counts = ", ".join(f"{split} {count}" for split, count in self.counts.sum().items())
        info = self.info
        return (
            f"<StoredCutouts {str(self.path)!r}: {counts}; {info.size} x {info.size} pixels in"
            f" {', '.join(info.bands)}{'; simulated' if info.simulated else ''}>"
        )

    def _repr_html_(self) -> str:
        """Show the counts and a strip of pictures in a notebook."""
        from skyclass.images.cutouts_html import make_cutouts_html

        return make_cutouts_html(self)


def _list_splits(folder: Path) -> list[str]:
    """List the splits of a data set's folder."""
    described = json.loads((folder / "dataset_dict.json").read_text(encoding="utf-8"))
    names: list[str] = described["splits"]
    return names


def _open_split(folder: Path) -> pa.Table:
    """Open the files of a split, one after another; `datasets` itself writes several."""
    state = json.loads((folder / "state.json").read_text(encoding="utf-8"))
    return pa.concat_tables([read_arrow(folder / f["filename"]) for f in state["_data_files"]])


def open_cutouts(path: AnyPath) -> StoredCutouts:
    """Open stored cutouts.

    Parameters
    ----------
    path
        Folder that `make_cutouts` wrote.

    Returns
    -------
    StoredCutouts
        Its splits, by name; pixels are read as they are asked for.

    Raises
    ------
    ImageError
        If the folder holds no cutouts, or cutouts of another format.

    Examples
    --------
    >>> import skyclass
    >>> cutouts = skyclass.open_cutouts("cutouts")
    >>> list(cutouts)
    ['train', 'validation', 'test']
    >>> cutouts.info.bands
    ('u', 'g', 'r', 'i', 'z')
    >>> cutouts["train"].take([2, 0]).shape
    (2, 5, 32, 32)
    """
    return StoredCutouts(path)


def find_reusable(path: Path, fingerprint: str, *, replace: bool) -> CutoutInfo | None:
    """Look for cutouts that are stored already, so that they need not be made again.

    Parameters
    ----------
    path
        Folder that the cutouts are to be written to.
    fingerprint
        Hash of the catalogue's rows and the cutting rules.
    replace
        Whether other cutouts, also of another format, may be replaced.

    Returns
    -------
    CutoutInfo or None
        Description of the same cutouts; None if they are still to be made.

    Raises
    ------
    ImageError
        If the folder holds something else, or other cutouts that may not be replaced.
    """
    if not path.exists():
        return None
    if not (path / INFO_NAME).is_file():
        raise ImageError(f"{path} holds something other than cutouts; choose another folder")
    try:
        info = read_info(path)
    except ImageError:
        if replace:
            return None
        raise
    if info.fingerprint == fingerprint:
        return info
    if replace:
        return None
    raise ImageError(
        f"{path} holds cutouts of another catalogue or made by other rules;"
        " choose another folder, or remove it"
    )
