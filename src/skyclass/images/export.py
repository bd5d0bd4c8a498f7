"""Stored cutouts in other formats: FITS with world coordinates, HDF5, Zarr."""

import re
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import datasets
import numpy as np
import pyarrow as pa
from astropy.io import fits
from numpy.typing import NDArray

from skyclass.errors import ImageError
from skyclass.files import atomic_path
from skyclass.images.storage import CutoutInfo, array_view, read_info

__all__ = ["FORMATS", "export_cutouts"]

_BATCH: Final = 256


def export_cutouts(cutouts: Path, out: Path, form: str) -> int:
    """Write stored cutouts in another format.

    Parameters
    ----------
    cutouts
        Folder that `make_cutouts` wrote.
    out
        Folder to write (``fits``, ``zarr``), or file (``hdf5``); it must not be there.
    form
        ``fits``: a file for each object in folders of split and class, an image with its own world
        coordinates for each band. ``hdf5``, ``zarr``: a group for each split, an array for each
        feature.

    Returns
    -------
    int
        Objects written.

    Raises
    ------
    ImageError
        Where there are no cutouts, something is in the way, or a library is missing.
    """
    info = read_info(cutouts)
    if out.exists():
        raise ImageError(f"{out} is there already; choose another --out, or remove it")
    splits = datasets.load_from_disk(str(cutouts))
    with atomic_path(out) as partial:
        FORMATS[form](splits, info, partial)
    return sum(len(rows) for rows in splits.values())


def _batches(rows: datasets.Dataset) -> Iterator[tuple[int, dict[str, Any]]]:
    """Read rows a batch at a time; the library's own formatting makes doubles single."""
    for start in range(0, len(rows), _BATCH):
        table = rows.data.slice(start, _BATCH)
        yield start, {name: _values(table.column(name)) for name in table.column_names}


def _values(column: pa.ChunkedArray) -> NDArray[Any]:
    """Give a column's values as one array."""
    chunks = [
        array_view(chunk) if isinstance(chunk, pa.ExtensionArray) else chunk.to_numpy(False)
        for chunk in column.chunks
    ]
    return np.concatenate(chunks)


def _write_fits(splits: datasets.DatasetDict, info: CutoutInfo, out: Path) -> None:
    """Write a FITS file for each object."""
    for split, rows in splits.items():
        folders = [out / split / safe_name(label) for label in info.labels]
        for folder in folders:
            folder.mkdir(parents=True)
        for start, batch in _batches(rows):
            for i, label in enumerate(batch["label"]):
                row = {name: values[i] for name, values in batch.items()}
                path = folders[label] / f"{object_name(row, start + i)}.fits"
                _units(row, info).writeto(path)


def _units(row: dict[str, Any], info: CutoutInfo) -> fits.HDUList:
    """Give an object as an image a band, each with its own world coordinates."""
    units = [fits.PrimaryHDU()]
    for name in ("objid", "specobjid", "ra", "dec", "rerun", "run", "camcol", "field"):
        value = row[name]
        units[0].header[name.upper()[:8]] = str(value) if "objid" in name else value.item()
    units[0].header["CLASS"] = info.labels[int(row["label"])]
    for band, flux, offset in zip(info.bands, row["flux"], row["offset"], strict=True):
        unit = fits.ImageHDU(np.asarray(flux, dtype=np.float32), name=band)
        centre = (info.size - 1) / 2 + 1
        unit.header.update(
            {
                "BUNIT": "nanomaggy",
                "CTYPE1": "RA---TAN",
                "CTYPE2": "DEC--TAN",
                "CRVAL1": float(row["ra"]),
                "CRVAL2": float(row["dec"]),
                "CRPIX1": centre + float(offset[1]),
                "CRPIX2": centre + float(offset[0]),
                **{f"CD{i + 1}_{j + 1}": float(row["cd"][i, j]) for i in (0, 1) for j in (0, 1)},
            }
        )
        units.append(unit)
    return fits.HDUList(units)


def object_name(row: dict[str, Any], number: int) -> str:
    """Name an object's file by its exact id, or by its place in the split.

    Parameters
    ----------
    row
        With `specobjid` and `objid`.
    number
        Row in the split.

    Returns
    -------
    str
        Digits only.
    """
    for name in ("specobjid", "objid"):
        if row[name] is not None and str(row[name]).isdecimal():
            return str(row[name])
    return f"{number:08d}"


def safe_name(label: str) -> str:
    """Give a class a name that a folder may have.

    Parameters
    ----------
    label
        Any text.

    Returns
    -------
    str
        Letters, digits, ``_``, ``+`` and ``-`` only.
    """
    return re.sub(r"[^A-Za-z0-9_+-]", "_", label)[:64] or "_"


def _write_hdf5(splits: datasets.DatasetDict, info: CutoutInfo, out: Path) -> None:
    """Write one HDF5 file."""
    h5py = _library("h5py")
    with h5py.File(out, "w") as file:
        _fill(file, splits, info, h5py.string_dtype())


def _write_zarr(splits: datasets.DatasetDict, info: CutoutInfo, out: Path) -> None:
    """Write one Zarr group."""
    _fill(_library("zarr").open_group(str(out), mode="w"), splits, info, "str")


def _fill(root: Any, splits: datasets.DatasetDict, info: CutoutInfo, text: Any) -> None:
    """Write every feature of every split as an array; h5py and Zarr have the same calls."""
    root.attrs.update(
        {"labels": list(info.labels), "bands": list(info.bands), "simulated": info.simulated}
    )
    for split, rows in splits.items():
        group = root.create_group(split)
        arrays: dict[str, Any] = {}
        for start, batch in _batches(rows):
            for name, values in batch.items():
                if values.dtype.kind in "OU":
                    values = np.array(["" if v is None else str(v) for v in values], dtype=object)
                if name not in arrays:
                    kind = text if values.dtype.kind == "O" else values.dtype
                    chunks = (min(_BATCH, len(rows)), *values.shape[1:])
                    arrays[name] = group.create_dataset(
                        name, shape=(len(rows), *values.shape[1:]), dtype=kind, chunks=chunks
                    )
                arrays[name][start : start + len(values)] = values


def _library(name: str) -> Any:
    """Import a library that not everybody needs."""
    try:
        return import_module(name)
    except ImportError as error:
        raise ImageError(f'this format needs {name}: pip install "skyclass[formats]"') from error


FORMATS: Final[dict[str, Callable[[datasets.DatasetDict, CutoutInfo, Path], None]]] = {
    "fits": _write_fits,
    "hdf5": _write_hdf5,
    "zarr": _write_zarr,
}
"""Writers by name."""
