"""Export stored cutouts: FITS with world coordinates, HDF5, Zarr, PNG pictures."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import numpy as np
from astropy.io import fits

from skyclass.errors import ImageError, nearest
from skyclass.extras import check_installed
from skyclass.files import AnyPath, atomic_path
from skyclass.images.export_paths import choose_path, make_class_folders
from skyclass.images.stored_cutouts import CutoutInfo, StoredCutouts, open_cutouts
from skyclass.schema import COLOURS, IDS, POSITION
from skyclass.surveys.registry import get_survey

__all__ = ["FORMATS", "export_cutouts"]

FORMATS: Final = ("fits", "hdf5", "zarr", "png")
"""Names of the formats."""

_BATCH: Final = 256

_Writer = Callable[[StoredCutouts, Path], None]


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
        If there are no cutouts, `out` exists, or the format or image type is unknown.
    MissingExtraError
        If a library that writes the format is not installed.
    """
    out = Path(out)
    if file_format not in FORMATS:
        raise ImageError(
            f"unknown format {file_format!r}; did you mean {nearest(file_format, FORMATS)!r}?"
            f" (there are {', '.join(FORMATS)})"
        )
    if out.exists():
        raise ImageError(f"{out} exists already; choose another name, or remove it")
    stored = open_cutouts(cutouts)
    write = _get_writer(file_format, image_type, stored.info)
    with atomic_path(out, folder=file_format != "hdf5") as temporary:
        write(stored, temporary)
    return sum(len(stored[split]) for split in stored)


def _get_writer(file_format: str, image_type: str, info: CutoutInfo) -> _Writer:
    """Look up the function that writes a format, before any work."""
    if file_format == "png":
        check_installed("torch", purpose="an export of pictures")
        from skyclass.images.export_pictures import make_picture_writer

        return make_picture_writer(image_type, info)
    library = {"hdf5": "h5py", "zarr": "zarr"}.get(file_format)
    if library is not None:
        check_installed(library, purpose="the export")
    return {"fits": _write_fits, "hdf5": _write_hdf5, "zarr": _write_zarr}[file_format]


def _write_fits(cutouts: StoredCutouts, out: Path) -> None:
    """Write a FITS file for each object."""
    for split in cutouts:
        folders = make_class_folders(out / split, cutouts.info.labels)
        for start, batch in cutouts[split].read_batches(_BATCH):
            for i, label in enumerate(batch["label"]):
                row = {name: values[i] for name, values in batch.items()}
                _make_units(row, cutouts.info).writeto(
                    choose_path(folders[label], row, start + i, ".fits")
                )


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


def _write_hdf5(cutouts: StoredCutouts, out: Path) -> None:
    """Write one HDF5 file."""
    h5py = import_module("h5py")
    with h5py.File(out, "w") as file:
        _write_arrays(file, cutouts, h5py.string_dtype(), "create_dataset")


def _write_zarr(cutouts: StoredCutouts, out: Path) -> None:
    """Write one Zarr group."""
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
