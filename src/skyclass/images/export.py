"""Export stored cutouts: FITS with world coordinates, HDF5, Zarr, PNG pictures."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from skyclass.errors import ImageError, nearest
from skyclass.extras import check_installed
from skyclass.files import AnyPath, atomic_path
from skyclass.images.cutout_info import CutoutInfo, read_info

if TYPE_CHECKING:
    from skyclass.images.stored_cutouts import StoredCutouts

__all__ = ["FORMATS", "export_cutouts"]

FORMATS: Final = ("fits", "hdf5", "zarr", "png")
"""Names of the formats."""


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
    write = _get_writer(file_format, image_type, read_info(cutouts))
    # what takes long to import comes after the checks
    from skyclass.images.stored_cutouts import open_cutouts

    stored = open_cutouts(cutouts)
    with atomic_path(out, folder=file_format != "hdf5") as temporary:
        write(stored, temporary)
    return sum(len(stored[split]) for split in stored)


def _get_writer(
    file_format: str, image_type: str, info: CutoutInfo
) -> "Callable[[StoredCutouts, Path], None]":
    """Import the function that writes a format, before any work."""
    if file_format == "png":
        check_installed("torch", purpose="an export of pictures")
        from skyclass.images.export_pictures import make_picture_writer

        return make_picture_writer(image_type, info)
    if file_format == "fits":
        from skyclass.images.export_fits import write_fits

        return write_fits
    check_installed("h5py" if file_format == "hdf5" else "zarr", purpose="the export")
    from skyclass.images.export_arrays import write_hdf5, write_zarr

    return write_hdf5 if file_format == "hdf5" else write_zarr
