"""Export stored cutouts: FITS with world coordinates, HDF5, Zarr, PNG pictures."""

import re
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import datasets
import numpy as np
import pyarrow as pa
from astropy.io import fits
from numpy.typing import NDArray
from PIL import Image

from skyclass.errors import ImageError, nearest
from skyclass.files import AnyPath, atomic_path
from skyclass.images.image_type import COLOURS
from skyclass.images.registry import get_image_type
from skyclass.images.renderer import render
from skyclass.images.stored_cutouts import CutoutInfo, array_view, read_info
from skyclass.object_names import name_object
from skyclass.schema import IDS, POSITION
from skyclass.surveys.registry import get_survey

__all__ = ["FORMATS", "export_cutouts"]

FORMATS: Final = ("fits", "hdf5", "zarr", "png")
"""Names of the formats."""

_BATCH: Final = 256

_Writer = Callable[[datasets.DatasetDict, CutoutInfo, Path], None]


def export_cutouts(
    cutouts: AnyPath, out: AnyPath, file_format: str, image_type: str = "gri"
) -> int:
    """Write stored cutouts in another format.

    Parameters
    ----------
    cutouts
        Folder that `make_cutouts` wrote.
    out
        Folder to write, or file (``hdf5``); it must not exist.
    file_format
        One of `FORMATS`. ``fits``: a file for each object in folders of split and class, an image
        with its own world coordinates for each band. ``hdf5``, ``zarr``: a group for each split, an
        array for each feature. ``png``: a picture for each object in folders of split and class,
        which `datasets` reads as an ``imagefolder``; its last row is the first of the cutout.
    image_type
        Image type that ``png`` shows, bands registered in its own way.

    Returns
    -------
    int
        Number of objects written.

    Raises
    ------
    ImageError
        If there are no cutouts, `out` exists, a library is missing, or the format or image type is
        unknown.
    """
    cutouts, out = Path(cutouts), Path(out)
    info = read_info(cutouts)
    write = _get_writer(file_format, image_type, info)
    if out.exists():
        raise ImageError(f"{out} exists already; choose another name, or remove it")
    splits = datasets.load_from_disk(str(cutouts))
    with atomic_path(out, folder=file_format != "hdf5") as temporary:
        write(splits, info, temporary)
    return sum(len(rows) for rows in splits.values())


def _get_writer(file_format: str, image_type: str, info: CutoutInfo) -> _Writer:
    """Look up the function that writes a format, before any work."""
    if file_format not in FORMATS:
        raise ImageError(
            f"unknown format {file_format!r}; did you mean {nearest(file_format, FORMATS)!r}?"
            f" (there are {', '.join(FORMATS)})"
        )
    if file_format == "png":
        get_image_type(image_type, info.survey).check_bands(info.bands)
        return partial(_write_png, image_type=image_type)
    return {"fits": _write_fits, "hdf5": _write_hdf5, "zarr": _write_zarr}[file_format]


def _read_batches(rows: datasets.Dataset) -> Iterator[tuple[int, dict[str, Any]]]:
    """Read rows in batches; the library's own formatting would make doubles single precision."""
    for start in range(0, len(rows), _BATCH):
        table = rows.data.slice(start, _BATCH)
        yield start, {name: _read_values(table.column(name)) for name in table.column_names}


def _read_values(column: pa.ChunkedArray) -> NDArray[Any]:
    """Read a column's values as one array."""
    chunks = [
        array_view(chunk) if isinstance(chunk, pa.ExtensionArray) else chunk.to_numpy(False)
        for chunk in column.chunks
    ]
    return np.concatenate(chunks)


def _write_fits(splits: datasets.DatasetDict, info: CutoutInfo, out: Path) -> None:
    """Write a FITS file for each object."""
    for split, rows in splits.items():
        folders = _make_class_folders(out / split, info)
        for start, batch in _read_batches(rows):
            for i, label in enumerate(batch["label"]):
                row = {name: values[i] for name, values in batch.items()}
                _make_units(row, info).writeto(
                    _choose_path(folders[label], row, start + i, ".fits")
                )


def _choose_path(folder: Path, row: dict[str, Any], number: int, ending: str) -> Path:
    """Name an object's file; where two objects have one name, the second gets its row's number."""
    name = name_object(row)
    path = folder / f"{name}{ending}"
    return folder / f"{name}-{number:08d}{ending}" if path.exists() else path


def _make_class_folders(out: Path, info: CutoutInfo) -> list[Path]:
    """Make a folder for each class."""
    folders = [out / make_safe_name(label) for label in info.labels]
    if len(set(folders)) < len(folders):
        raise ImageError(
            f"classes {', '.join(info.labels)} cannot have a folder each: some names differ only in"
            " characters that a folder's name cannot hold"
        )
    for folder in folders:
        folder.mkdir(parents=True)
    return folders


def _write_png(
    splits: datasets.DatasetDict, info: CutoutInfo, out: Path, *, image_type: str
) -> None:
    """Write a picture for each object."""
    named = (*IDS, *POSITION)
    for split, rows in splits.items():
        folders = _make_class_folders(out / split, info)
        for start, batch in _read_batches(rows.select_columns([*named, "flux", "offset", "label"])):
            flux = batch["flux"].astype(np.float32)
            drawn = render(
                flux,
                image_type,
                offset=batch["offset"],
                bands=info.bands,
                survey=info.survey,
            )
            for i, picture in enumerate(drawn):
                row = {key: batch[key][i] for key in named}
                path = _choose_path(folders[batch["label"][i]], row, start + i, ".png")
                # y grows upwards in a cutout, downwards in a file
                Image.fromarray(picture[::-1]).save(path)


def _make_units(row: dict[str, Any], info: CutoutInfo) -> fits.HDUList:
    """Build one FITS image per band of an object, each with its own world coordinates."""
    units = [fits.PrimaryHDU()]
    for name in (*IDS, *POSITION, *(key for key in get_survey(info.survey).key if key in row)):
        value = row[name]
        units[0].header[name.upper()[:8]] = (
            value.item() if isinstance(value, np.generic) else str(value)
        )
    units[0].header["CLASS"] = info.labels[int(row["label"])]
    for band, flux, offset in zip(info.bands, row["flux"], row["offset"], strict=True):
        unit = fits.ImageHDU(np.asarray(flux, dtype=np.float32), name=band)
        centre = (info.size - 1) / 2 + 1
        unit.header.update(
            {
                "BUNIT": "grey level" if info.bands == COLOURS else "nanomaggy",
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


def make_safe_name(label: str) -> str:
    """Convert the name of a class to one that a folder can have.

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
    h5py = _import_library("h5py")
    with h5py.File(out, "w") as file:
        _write_arrays(file, splits, info, h5py.string_dtype(), "create_dataset")


def _write_zarr(splits: datasets.DatasetDict, info: CutoutInfo, out: Path) -> None:
    """Write one Zarr group."""
    group = _import_library("zarr").open_group(str(out), mode="w")
    _write_arrays(group, splits, info, "str", "create_array")


def _write_arrays(
    root: Any, splits: datasets.DatasetDict, info: CutoutInfo, text: Any, create: str
) -> None:
    """Write every feature of every split as an array; h5py and Zarr differ in one call's name."""
    root.attrs.update(
        {"labels": list(info.labels), "bands": list(info.bands), "simulated": info.simulated}
    )
    for split, rows in splits.items():
        group = root.create_group(split)
        arrays: dict[str, Any] = {}
        for start, batch in _read_batches(rows):
            for name, values in batch.items():
                if values.dtype.kind in "OU":
                    values = np.array(["" if v is None else str(v) for v in values], dtype=object)
                if name not in arrays:
                    kind = text if values.dtype.kind == "O" else values.dtype
                    chunks = (min(_BATCH, len(rows)), *values.shape[1:])
                    arrays[name] = getattr(group, create)(
                        name, shape=(len(rows), *values.shape[1:]), dtype=kind, chunks=chunks
                    )
                arrays[name][start : start + len(values)] = values


def _import_library(name: str) -> Any:
    """Import an optional library."""
    try:
        return import_module(name)
    except ImportError as error:
        raise ImageError(f'the export needs {name}: pip install "skyclass[formats]"') from error
