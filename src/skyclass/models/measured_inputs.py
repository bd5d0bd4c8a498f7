"""What a model is told of the measurement of an object: columns of numbers in a fixed order."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skyclass.catalog.match_objects import find_rows
from skyclass.errors import ModelError
from skyclass.files import atomic_path, make_directory
from skyclass.images.stored_cutouts import CutoutSplit, open_cutouts
from skyclass.measurement.cutout_photometry import measure_cutouts
from skyclass.measurement.measurement import Flag, Measurement
from skyclass.models.model_spec import ModelSpec
from skyclass.schema import EXTINCTION, name_columns
from skyclass.surveys.registry import get_survey
from skyclass.workspace import COLUMNS_FOLDER

__all__ = [
    "QUANTITIES",
    "complete_measured",
    "make_measured_inputs",
    "read_measured_inputs",
    "save_extinction",
    "select_extinction",
    "write_extinction",
]

_MEASURED: Final = (
    "psf_flux",
    "psf_flux_err",
    "aperture_flux",
    "psf_fwhm",
    "sky_noise",
    "concentration",
    "concentration_err",
)
"""Fields of `Measurement`, in its units."""

_FLAGS: Final = (Flag.EDGE, Flag.SATURATED, Flag.BLENDED, Flag.BAD_PIXELS, Flag.POOR_PSF)
"""Flags, each 0 or 1; flux and error tell whether there is a detection."""

QUANTITIES: Final = (*_MEASURED, EXTINCTION, *(str(flag.name).lower() for flag in _FLAGS))
"""What the columns hold: each quantity in all bands that a model is told of, then the next."""


def make_measured_inputs(
    measurement: Measurement, spec: ModelSpec, extinction: NDArray[np.floating] | None = None
) -> NDArray[np.float32]:
    """Make the columns that a model takes beside the cutouts.

    Parameters
    ----------
    measurement
        Of `n` objects, in the bands of the cutouts.
    spec
        The model; `spec.measured` names the bands that it is told of.
    extinction
        Galactic extinction in magnitudes, `[n, band]`, NaN where it is unknown; unknown everywhere
        by default.

    Returns
    -------
    numpy.ndarray
        `[n, len(QUANTITIES) * len(spec.measured)]`; NaN where a quantity is unknown.

    Examples
    --------
    >>> import skyclass
    >>> from skyclass.models.measured_inputs import make_measured_inputs
    >>> spec = skyclass.load_model("model").spec
    >>> test = skyclass.open_cutouts("cutouts")["test"]
    >>> make_measured_inputs(test.measurement(), spec).shape == (len(test), 13 * 5)
    True
    """
    if extinction is None:
        extinction = np.full(measurement.psf_flux.shape, np.nan)
    values = [getattr(measurement, name) for name in _MEASURED]
    values += [extinction, *(measurement.has(flag) for flag in _FLAGS)]
    bands = [spec.bands.index(band) for band in spec.measured]
    columns = np.stack([np.asarray(each, np.float32)[:, bands] for each in values], axis=1)
    return columns.reshape(len(measurement), len(values) * len(bands))


def complete_measured(
    measured: NDArray[np.float32] | None,
    spec: ModelSpec,
    flux: NDArray[np.float32],
    offset: NDArray[np.float32] | None,
) -> NDArray[np.float32] | None:
    """Measure cutouts for a model that is told of a measurement, unless there is one already.

    Parameters
    ----------
    measured
        Columns (`make_measured_inputs`), or None.
    spec
        The model.
    flux
        Cutouts in nanomaggies, `[n, band, y, x]`.
    offset
        Pixels in y and x from the cutouts' centres to the objects, `[n, band, 2]`; zero by default.

    Returns
    -------
    numpy.ndarray or None
        Columns; None for a model that takes none.
    """
    if not spec.measured:
        return None
    if measured is not None:
        return measured
    if offset is None:
        offset = np.zeros((*flux.shape[:2], 2), np.float32)
    return make_measured_inputs(measure_cutouts(flux, offset, get_survey(spec.survey)), spec)


def select_extinction(table: pd.DataFrame, bands: Sequence[str]) -> NDArray[np.float64] | None:
    """Select the Galactic extinction that a table of objects states.

    Parameters
    ----------
    table
        `n` rows.
    bands
        Bands of the survey.

    Returns
    -------
    numpy.ndarray or None
        Magnitudes, `[n, band]`, NaN where it is missing; None unless all bands have a column.
    """
    names = list(name_columns(EXTINCTION, bands))
    if not set(names) <= set(table.columns):
        return None
    return table[names].to_numpy(np.float64, na_value=np.nan)


def write_extinction(catalog: pd.DataFrame, cutouts: Path) -> None:
    """Write the extinction of each split's objects beside the cutouts, if the catalogue states it.

    Parameters
    ----------
    catalog
        With the objects of all splits.
    cutouts
        Folder of the cutouts.
    """
    stored = open_cutouts(cutouts)
    values = select_extinction(catalog, stored.info.bands)
    if values is None:
        return
    for split in stored:
        save_extinction(values[find_rows(stored[split].objects(), catalog)], cutouts, split)


def save_extinction(values: NDArray[np.floating], cutouts: Path, split: str) -> None:
    """Save the extinction of a split's objects where `read_measured_inputs` looks for it.

    Parameters
    ----------
    values
        Magnitudes, `[n, band]`, in the order of the split.
    cutouts
        Folder of the cutouts.
    split
        Name of the split.
    """
    folder = make_directory(cutouts.with_name(COLUMNS_FOLDER))
    with atomic_path(folder / _name_file(split)) as partial, partial.open("wb") as file:
        np.save(file, values.astype(np.float32), allow_pickle=False)


def read_measured_inputs(spec: ModelSpec, cutouts: Path, split: str) -> NDArray[np.float32] | None:
    """Read the columns of a split: its stored measurement, and the extinction that lies beside it.

    Parameters
    ----------
    spec
        The model.
    cutouts
        Folder of the cutouts.
    split
        Name of the split.

    Returns
    -------
    numpy.ndarray or None
        Columns (`make_measured_inputs`); None for a model that takes none.

    Raises
    ------
    ModelError
        If the model takes a measurement and none is stored.
    """
    if not spec.measured:
        return None
    measurement = _read_measurement(open_cutouts(cutouts)[split], cutouts)
    file = cutouts.with_name(COLUMNS_FOLDER) / _name_file(split)
    extinction = np.load(file, allow_pickle=False) if file.exists() else None
    return make_measured_inputs(measurement, spec, extinction)


def _read_measurement(cutouts: CutoutSplit, folder: Path) -> Measurement:
    """Read a stored measurement, or raise if there is none."""
    measurement = cutouts.measurement()
    if measurement is None:
        raise ModelError(
            f"the model is told what was measured, but {folder} holds no measurements; make the"
            ' cutouts again with cutouts.measure = "field", or set model.measured = false'
        )
    return measurement


def _name_file(split: str) -> str:
    """Name the file of a split's extinction."""
    return f"{EXTINCTION}-{split}.npy"
