"""Cutouts that come as arrays: bring them to a size, and store them like those of frames."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from zipfile import BadZipFile, ZipFile, is_zipfile

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skyclass.config.sections import CutoutConfig
from skyclass.errors import ImageError
from skyclass.files import AnyPath
from skyclass.images.runners import use_threads
from skyclass.images.store import CutoutPart, make_storage_plan, store_cutouts
from skyclass.images.stored_cutouts import CutoutInfo
from skyclass.measurement.cutout_photometry import measure_cutouts
from skyclass.progress import Progress, no_progress
from skyclass.surveys.survey import Survey

__all__ = [
    "CutoutArrays",
    "check_bands",
    "fit_size",
    "make_arrays",
    "read_arrays",
    "store_arrays",
]

_CHUNK: Final = 256
"""Objects per unit of work."""

_LARGEST_EXPANSION: Final = 100
"""Bytes in memory per byte of a file: pixels with noise stay below 10."""

_ALWAYS_READ: Final = 100_000_000
"""Bytes in memory that are read however small their file is."""


@dataclass(frozen=True, eq=False)
class CutoutArrays:
    """Cutouts of `n` objects in memory."""

    flux: NDArray[np.float32]
    """Nanomaggies, `[n, band, y, x]`; zero (the sky) where there is no measurement."""
    mask: NDArray[np.bool_]
    """True where a pixel has no measurement, `[n, band, y, x]`."""
    offset: NDArray[np.float32]
    """Pixels in y and x from the cutouts' centres to the objects, `[n, band, 2]`."""

    def __len__(self) -> int:
        """Return the number of objects."""
        return len(self.flux)

    def take(self, rows: NDArray[np.integer] | NDArray[np.bool_]) -> "CutoutArrays":
        """Select objects by their numbers or a mask `[n]`."""
        return CutoutArrays(self.flux[rows], self.mask[rows], self.offset[rows])


def read_arrays(path: AnyPath) -> CutoutArrays:
    """Read cutouts from a file of NumPy.

    Parameters
    ----------
    path
        ``.npz`` with `flux` `[n, band, y, x]` in nanomaggies and, if objects are not at the
        centres, `offset` `[n, band, 2]`; or ``.npy`` with the fluxes alone.

    Returns
    -------
    CutoutArrays
        Pixels that are not finite are masked.

    Raises
    ------
    ImageError
        If the file is unreadable, has no fluxes, expands to far more than pixels do, or shapes do
        not fit.

    Examples
    --------
    >>> import numpy as np
    >>> np.savez("stars.npz", flux=np.ones((3, 5, 51, 51), dtype=np.float32))
    >>> read_arrays("stars.npz").offset.shape
    (3, 5, 2)
    """
    path = Path(path)
    arrays = _load(path)
    if "flux" not in arrays:
        raise ImageError(f"{path} has no array flux (it has {', '.join(arrays) or 'none'})")
    return make_arrays(arrays["flux"], arrays.get("offset"), origin=f"{path}: ")


def make_arrays(
    flux: NDArray[Any], offset: NDArray[Any] | None = None, *, origin: str = ""
) -> CutoutArrays:
    """Make cutouts of arrays, with their shapes checked.

    Parameters
    ----------
    flux
        Nanomaggies, `[n, band, y, x]`, with `y` = `x`.
    offset
        Pixels in y and x from the cutouts' centres to the objects, `[n, band, 2]`; zero if None.
    origin
        Where they come from, which begins a message.

    Returns
    -------
    CutoutArrays
        Pixels that are not finite are masked.

    Raises
    ------
    ImageError
        If they are not numbers, or shapes do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> len(make_arrays(np.ones((3, 5, 51, 51))))
    3
    """
    _check_numbers(flux, f"{origin}flux")
    if flux.ndim != 4 or flux.shape[2] != flux.shape[3] or 0 in flux.shape:
        raise ImageError(f"{origin}flux must be [n, band, y, x] with y = x, got {flux.shape}")
    offset = np.zeros((*flux.shape[:2], 2)) if offset is None else offset
    _check_numbers(offset, f"{origin}offset")
    if offset.shape != (*flux.shape[:2], 2):
        expected = [*flux.shape[:2], 2]
        raise ImageError(f"{origin}offset must be {expected} for this flux, got {offset.shape}")
    mask = ~np.isfinite(flux)
    return CutoutArrays(np.where(mask, 0, flux).astype(np.float32), mask, offset.astype(np.float32))


def _check_numbers(array: NDArray[Any], name: str) -> None:
    """Raise if an array does not hold real numbers."""
    if array.dtype.kind not in "fiu":
        raise ImageError(f"{name} must be numbers, got {array.dtype}")


def _load(path: Path) -> dict[str, NDArray[Any]]:
    """Load the arrays of a file by their names, and check that they are numbers."""
    try:
        _check_expansion(path)
        loaded = np.load(path, allow_pickle=False)
        arrays = {"flux": loaded} if isinstance(loaded, np.ndarray) else dict(loaded)
    except (OSError, ValueError, EOFError, MemoryError, BadZipFile) as error:
        raise ImageError(
            f"{path} is not a NumPy file of numbers: it is broken, another kind of file, or holds"
            " Python objects, which are not loaded"
        ) from error
    for name, array in arrays.items():
        _check_numbers(array, f"{path}: {name}")
    return arrays


def _check_expansion(path: Path) -> None:
    """Raise `ImageError` where a compressed file would fill the memory."""
    if not is_zipfile(path):
        return
    with ZipFile(path) as archive:
        size = sum(member.file_size for member in archive.infolist())
    if size > max(_ALWAYS_READ, _LARGEST_EXPANSION * path.stat().st_size):
        raise ImageError(
            f"{path} expands to {size / 1e9:.1f} GB, more than {_LARGEST_EXPANSION} times its size,"
            " as no pixels do; write it with numpy.savez, uncompressed, if it is right"
        )


def fit_size(cutouts: CutoutArrays, size: int) -> CutoutArrays:
    """Crop cutouts to a size about their centres, or pad them with masked sky.

    Whole pixels are moved. Between an odd and an even size the centre moves by half a pixel; the
    offsets change by as much, so that they still point at the objects.

    Parameters
    ----------
    cutouts
        Of any size.
    size
        Pixels a side.

    Returns
    -------
    CutoutArrays
        Of that size.

    Examples
    --------
    >>> import numpy as np
    >>> flux = np.zeros((1, 1, 51, 51), dtype=np.float32)
    >>> flux[0, 0, 25, 25] = 1
    >>> star = CutoutArrays(flux, flux < 0, np.zeros((1, 1, 2), dtype=np.float32))
    >>> larger = fit_size(star, 64)
    >>> np.argwhere(larger.flux[0, 0]).tolist(), larger.offset.tolist()
    ([[31, 31]], [[[-0.5, -0.5]]])
    """
    side = cutouts.flux.shape[-1]
    before = (size - side) // 2
    after = size - side - before
    kept = slice(max(0, -before), side - max(0, -after))
    pad = [(0, 0), (0, 0), *2 * [(max(0, before), max(0, after))]]
    inner = (..., kept, kept)
    shift = before + (side - 1) / 2 - (size - 1) / 2
    return CutoutArrays(
        np.pad(cutouts.flux[inner], pad),
        np.pad(cutouts.mask[inner], pad, constant_values=True),
        cutouts.offset + np.float32(shift),
    )


def check_bands(cutouts: CutoutArrays, survey: Survey) -> None:
    """Raise `ImageError` if cutouts have not as many bands as a survey."""
    if cutouts.flux.shape[1] != len(survey.bands):
        raise ImageError(
            f"flux has {cutouts.flux.shape[1]} bands, survey {survey.name} has"
            f" {len(survey.bands)} ({', '.join(survey.band_names)})"
        )


def store_arrays(
    cutouts: CutoutArrays,
    catalog: pd.DataFrame,
    labels: tuple[str, ...],
    out: Path,
    survey: Survey,
    *,
    progress: Progress = no_progress,
) -> CutoutInfo:
    """Measure cutouts, and store them in the format of `make_cutouts`.

    Parameters
    ----------
    cutouts
        Of `n` objects, in all bands of the survey.
    catalog
        Ids, positions, label and split of each, `n` rows.
    labels
        Class names in the order of the integer labels.
    out
        Folder to write, which holds no cutouts yet.
    survey
        Survey of the pixels.
    progress
        Called with the stage, units of work done and units in all.

    Returns
    -------
    CutoutInfo
        Description of the cutouts.

    Raises
    ------
    ImageError
        If the number of bands is not that of the survey, or `out` holds something else.
    """
    check_bands(cutouts, survey)
    size = cutouts.flux.shape[-1]
    rules = CutoutConfig(size=size, measure="cutout")
    plan = make_storage_plan(catalog, labels, survey.band_names, size, "float32", rules, survey)
    starts = range(0, len(catalog), _CHUNK)
    groups = [(f"{n:05d}", catalog.iloc[s : s + _CHUNK]) for n, s in enumerate(starts)]

    def work(name: Any, rows: pd.DataFrame) -> CutoutPart:
        part = cutouts.take(np.arange(len(rows)) + int(name) * _CHUNK)
        # north up, as nothing else is known
        step = survey.pixel_scale / 3600
        cd = np.broadcast_to(np.array([[-step, 0.0], [0.0, step]]), (len(rows), 2, 2))
        measured = measure_cutouts(part.flux, part.offset, survey, mask=part.mask)
        arrays = {"flux": part.flux, "mask": part.mask, "offset": part.offset, "cd": cd}
        return CutoutPart(arrays | vars(measured), np.ones(len(rows), dtype=bool))

    return store_cutouts(plan, out, groups, work, use_threads(), replace=False, progress=progress)
