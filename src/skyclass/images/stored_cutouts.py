"""Read stored cutouts: what they are, and their pixels without copying the file."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import datasets
import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from skyclass.errors import ImageError
from skyclass.files import AnyPath
from skyclass.schema import POSITION

__all__ = [
    "INFO_NAME",
    "CutoutInfo",
    "StoredCutouts",
    "array_view",
    "open_cutouts",
    "read_info",
]

INFO_NAME: Final = "skyclass.json"
"""Name of the description inside the dataset's folder."""


@dataclass(frozen=True)
class CutoutInfo:
    """What a folder of cutouts was made from."""

    fingerprint: str
    """Hash of the catalogue's rows and all rules; the same cutouts have the same."""
    size: int
    """Pixels a side."""
    bands: tuple[str, ...]
    """Order of the band axis; `COLOURS` for ready-made pictures."""
    labels: tuple[str, ...]
    """Class names in the order of the integer labels."""
    fields: int
    """Number of distinct fields; 0 where the catalogue does not tell them."""
    off_frame: int
    """Objects left out because they do not lie on their frames."""
    missing: int
    """Objects left out because their field lacks a band."""
    simulated: bool
    """Whether any frame or picture says that it is simulated."""


def read_info(path: AnyPath) -> CutoutInfo:
    """Read what a folder of cutouts was made from.

    Parameters
    ----------
    path
        Folder that `make_cutouts` wrote.

    Returns
    -------
    CutoutInfo
        Its description.

    Raises
    ------
    ImageError
        Where the folder holds no cutouts of skyclass.
    """
    path = Path(path)
    try:
        values = json.loads((path / INFO_NAME).read_text(encoding="utf-8"))
        return CutoutInfo(
            **{**values, "bands": tuple(values["bands"]), "labels": tuple(values["labels"])}
        )
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ImageError(f"{path} holds no cutouts made by skyclass") from error


class StoredCutouts:
    """One split of stored cutouts, read from disk as it is needed.

    Parameters
    ----------
    dataset
        A split of a `DatasetDict` written by `make_cutouts`.
    """

    def __init__(self, dataset: datasets.Dataset) -> None:
        self._dataset = dataset
        table = dataset.data
        # views of the memory-mapped file: the library's own formatting copies every pixel twice
        self._flux = [array_view(chunk) for chunk in table.column("flux").chunks if len(chunk)]
        self._ends = np.cumsum([len(chunk) for chunk in self._flux])
        self.label: NDArray[np.int64] = np.asarray(table.column("label"), dtype=np.int64)

    def __len__(self) -> int:
        """Give the number of cutouts."""
        return len(self.label)

    @property
    def pixels(self) -> int:
        """Pixels of one cutout in all bands."""
        return int(np.prod(self._flux[0].shape[1:]))

    def take(self, indices: NDArray[np.int64]) -> NDArray[np.float32]:
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
        indices = np.asarray(indices)
        out = np.empty((len(indices), *self._flux[0].shape[1:]), dtype=np.float32)
        chunks = np.searchsorted(self._ends, indices, side="right")
        for chunk in np.unique(chunks):
            here = chunks == chunk
            start = self._ends[chunk] - len(self._flux[chunk])
            out[here] = self._flux[chunk][indices[here] - start]
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
            One value a cutout.
        """
        values: list[Any] = self._dataset.data.column(name).to_pylist()
        return values

    def positions(self) -> pd.DataFrame:
        """Read where the objects lie on the sky: ra and dec in degrees, `n` rows."""
        return pd.DataFrame({name: self.column(name) for name in POSITION})

    def offsets(self) -> NDArray[np.float32]:
        """Read where the objects lie: pixels in y and x from the centre, `[n, band, 2]`."""
        values = [array_view(chunk) for chunk in self._dataset.data.column("offset").chunks]
        return np.concatenate(values)


def array_view(chunk: pa.ExtensionArray) -> NDArray[Any]:
    """See a column of fixed-shape arrays as one array, without copying where it is of numbers.

    Parameters
    ----------
    chunk
        `n` arrays of one shape, as `datasets` stores them.

    Returns
    -------
    numpy.ndarray
        `[n, ...]`.
    """
    flat = chunk.storage
    for _ in chunk.type.shape:
        flat = flat.flatten()
    view: NDArray[Any] = flat.to_numpy(zero_copy_only=not pa.types.is_boolean(flat.type))
    return view.reshape(len(chunk), *chunk.type.shape)


def open_cutouts(path: AnyPath, split: str) -> StoredCutouts:
    """Open one split of stored cutouts.

    Parameters
    ----------
    path
        Folder that `make_cutouts` wrote.
    split
        train, validation or test.

    Returns
    -------
    StoredCutouts
        Nothing is read yet but the labels.

    Raises
    ------
    ImageError
        Where there are no such cutouts.
    """
    path = Path(path)
    read_info(path)
    try:
        splits = datasets.load_from_disk(str(path))
        return StoredCutouts(splits[split])
    except (FileNotFoundError, KeyError) as error:
        raise ImageError(f"{path} has no split {split!r} of cutouts") from error
