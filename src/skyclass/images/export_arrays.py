"""Export stored cutouts as arrays in HDF5 and Zarr."""

from importlib import import_module
from pathlib import Path
from typing import Any, Final

import numpy as np

from skyclass.images.stored_cutouts import StoredCutouts

__all__ = ["write_hdf5", "write_zarr"]

_BATCH: Final = 256


def write_hdf5(cutouts: StoredCutouts, out: Path) -> None:
    """Write one HDF5 file.

    Parameters
    ----------
    cutouts
        Stored cutouts.
    out
        File to write.
    """
    h5py = import_module("h5py")
    with h5py.File(out, "w") as file:
        _write_arrays(file, cutouts, h5py.string_dtype(), "create_dataset")


def write_zarr(cutouts: StoredCutouts, out: Path) -> None:
    """Write one Zarr group.

    Parameters
    ----------
    cutouts
        Stored cutouts.
    out
        Folder to write.
    """
    group = import_module("zarr").open_group(str(out), mode="w")
    _write_arrays(group, cutouts, "str", "create_array")


def _write_arrays(root: Any, cutouts: StoredCutouts, text: Any, create: str) -> None:
    """Write every feature of every split as an array; h5py and Zarr differ in one call's name."""
    info = cutouts.info
    root.attrs.update(
        {"labels": list(info.labels), "bands": list(info.bands), "simulated": info.simulated}
    )
    for split in cutouts:
        group, length = root.create_group(split), len(cutouts[split])
        arrays: dict[str, Any] = {}
        for start, batch in cutouts[split].read_batches(_BATCH):
            for name, values in batch.items():
                if values.dtype.kind in "OU":
                    values = np.array(["" if v is None else str(v) for v in values], dtype=object)
                if name not in arrays:
                    kind = text if values.dtype.kind == "O" else values.dtype
                    chunks = (min(_BATCH, length), *values.shape[1:])
                    arrays[name] = getattr(group, create)(
                        name, shape=(length, *values.shape[1:]), dtype=kind, chunks=chunks
                    )
                arrays[name][start : start + len(values)] = values
