"""The table of predictions: what was predicted for each test object, enough to score it anew."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skyclass.errors import EvaluationError
from skyclass.files import AnyPath, atomic_path

__all__ = [
    "PREDICTION_COLUMNS",
    "PredictionColumn",
    "list_magnitude_bands",
    "make_predictions",
    "number_groups",
    "read_predictions",
    "unpack_predictions",
    "write_predictions",
]


@dataclass(frozen=True)
class PredictionColumn:
    """A column of `predictions.parquet`, or several that differ in a band or class only."""

    name: str
    """Name; ``<band>`` and ``<class>`` stand for each band and class."""
    dtype: str
    """Type of its values."""
    unit: str
    """Unit; empty if it has none."""
    meaning: str
    """What it holds, and when it is missing."""
    required: bool = False
    """Whether every file has it."""


PREDICTION_COLUMNS: Final = (
    PredictionColumn(
        "objid",
        "string",
        "",
        "photometric id, exact digits; missing if the catalogue has none",
        True,
    ),
    PredictionColumn("specobjid", "string", "", "spectroscopic id, likewise", True),
    PredictionColumn("ra", "float64", "deg", "right ascension (ICRS)", True),
    PredictionColumn("dec", "float64", "deg", "declination (ICRS)", True),
    PredictionColumn("label", "string", "", "true class", True),
    PredictionColumn("predicted", "string", "", "most probable class", True),
    PredictionColumn(
        "field",
        "string",
        "",
        "field of the survey (SDSS: rerun-run-camcol-field); missing if the catalogue names none",
    ),
    PredictionColumn(
        "magnitude_<band>",
        "float64",
        "mag",
        "of the catalogue (PSF magnitudes, else model magnitudes); if it has none at all, of the"
        " measured PSF flux",
    ),
    PredictionColumn(
        "snr_r",
        "float64",
        "",
        "flux in r within 4 pixels (1.6 arcsec) over the noise of the sky there; without the"
        " object's own photon noise",
    ),
    PredictionColumn(
        "crowding",
        "float64",
        "",
        "number of other sources in the r cutout within `crowding_radius` (10 arcsec, or half a"
        " cutout if that is less), catalogued or not: 5 pixels above 3 times the noise",
    ),
    PredictionColumn(
        "seeing",
        "float64",
        "arcsec",
        "FWHM in r, one value per field: lower quartile of the widths of its test objects with"
        " `snr_r` of 20 or more, by adaptive moments",
    ),
    PredictionColumn(
        "group",
        "Int64",
        "",
        "number of the field or sky cell that the split kept whole; missing if it split single"
        " objects",
    ),
    PredictionColumn(
        "prediction_set",
        "string",
        "",
        "classes of the conformal set, the most probable first, separated by bars (`F|G`); only"
        " with a calibration split",
    ),
    PredictionColumn(
        "p_<class>",
        "float64",
        "",
        "probability of the class, calibrated by temperature scaling",
        True,
    ),
)
"""Columns of `predictions.parquet`; what is measured on cutouts is NaN for pictures that an archive
draws."""

_PREFIX: Final = "p_"


def make_predictions(
    *,
    objid: Sequence[str],
    specobjid: Sequence[str],
    ra: Sequence[float] | NDArray[np.float64],
    dec: Sequence[float] | NDArray[np.float64],
    labels: Sequence[str],
    label: NDArray[np.int64],
    probabilities: NDArray[np.float64],
    extra: Mapping[str, Any] | None = None,
) -> pd.DataFrame:
    """Build a table of predictions, a row per object.

    Parameters
    ----------
    objid, specobjid
        Photometric and spectroscopic ids, the exact digits as strings, `[n]`.
    ra, dec
        ICRS coordinates in degrees, `[n]`.
    labels
        Class names in the order of the columns of `probabilities`.
    label
        Index of each object's true class in `labels`, `[n]`.
    probabilities
        Predicted probability of each class, `[n, k]`.
    extra
        Further columns by name, `[n]` each, such as the observing conditions.

    Returns
    -------
    pandas.DataFrame
        Columns as in `PREDICTION_COLUMNS`.

    Raises
    ------
    EvaluationError
        If the lengths differ.
    """
    more = dict(extra or {})
    columns = (objid, specobjid, ra, dec, label, probabilities, *more.values())
    lengths = {len(column) for column in columns}
    if len(lengths) > 1:
        raise EvaluationError(
            f"columns of predictions must have the same length, got {sorted(lengths)}"
        )
    names = np.asarray(labels, dtype=object)
    table = pd.DataFrame(
        {
            "objid": pd.Series(objid, dtype="string"),
            "specobjid": pd.Series(specobjid, dtype="string"),
            "ra": np.asarray(ra, dtype=np.float64),
            "dec": np.asarray(dec, dtype=np.float64),
            "label": pd.Series(names[label], dtype="string"),
            "predicted": pd.Series(names[probabilities.argmax(axis=1)], dtype="string"),
        }
    )
    shares = pd.DataFrame(probabilities, columns=[_PREFIX + name for name in labels])
    return pd.concat([table.assign(**more), shares], axis="columns")


def write_predictions(table: pd.DataFrame, path: Path) -> None:
    """Write a table of predictions as a Parquet file.

    Parameters
    ----------
    table
        From `make_predictions`.
    path
        File to write or replace.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    with atomic_path(path) as partial:
        table.to_parquet(partial, index=False)


def read_predictions(path: AnyPath) -> pd.DataFrame:
    """Read a table of predictions.

    Parameters
    ----------
    path
        Parquet file from `write_predictions`.

    Returns
    -------
    pandas.DataFrame
        Columns as in `PREDICTION_COLUMNS`.

    Raises
    ------
    EvaluationError
        If the file is missing, not Parquet, or lacks a column, or a column holds values of another
        type, a probability that is none, or a class without probabilities.
    """
    path = Path(path)
    try:
        table = pd.read_parquet(path)
    except FileNotFoundError as error:
        raise EvaluationError(f"{path} does not exist; run the experiment first") from error
    except (OSError, ValueError) as error:
        raise EvaluationError(f"{path} is not a Parquet file; run the experiment again") from error
    required = [column.name for column in PREDICTION_COLUMNS if column.required]
    missing = [name for name in required if "<" not in name and name not in table]
    if missing:
        raise EvaluationError(f"{path} has no column {missing[0]!r}; run the experiment again")
    for problem in _list_problems(table):
        raise EvaluationError(f"{path}: {problem}; run the experiment again")
    return table


def _list_problems(table: pd.DataFrame) -> Iterator[str]:
    """List what is wrong with the values of a table that has the required columns."""
    classes = {name.removeprefix(_PREFIX) for name in map(str, table) if name.startswith(_PREFIX)}
    for name in map(str, table):
        dtype = _find_dtype(name)
        kind = pd.api.types.infer_dtype(table[name], skipna=True)
        if dtype == "string" and kind not in {"string", "empty"}:
            yield f"the column {name!r} must hold text, not {kind}"
        elif dtype in {"float64", "Int64"} and kind not in {"floating", "integer", "empty"}:
            yield f"the column {name!r} must hold numbers, not {kind}"
        elif name.startswith(_PREFIX) and not table[name].between(0, 1).all():
            yield f"the probabilities {name!r} must lie between 0 and 1"
        elif name in {"label", "predicted"} and not table[name].isin(classes).all():
            other = table.loc[~table[name].isin(classes), name].iloc[0]
            yield f"{name} {other!r} has no column {_PREFIX}{other} of probabilities"


def _find_dtype(name: str) -> str | None:
    """Find the type that a column must have; None for one of another name."""
    for column in PREDICTION_COLUMNS:
        start = column.name.partition("<")[0]
        if name == column.name or (start != column.name and name.startswith(start)):
            return column.dtype
    return None


def unpack_predictions(
    table: pd.DataFrame,
) -> tuple[tuple[str, ...], NDArray[np.int64], NDArray[np.float64]]:
    """Extract what `skyclass.evaluation.scores.score` needs from a table of predictions.

    Parameters
    ----------
    table
        From `make_predictions`.

    Returns
    -------
    labels : tuple of str
        Class names, `[k]`.
    label : ndarray of int64
        Index of each object's true class in `labels`, `[n]`.
    probabilities : ndarray of float64
        Predicted probability of each class, `[n, k]`.
    """
    columns = [name for name in table.columns if name.startswith(_PREFIX)]
    labels = tuple(name.removeprefix(_PREFIX) for name in columns)
    index = {name: i for i, name in enumerate(labels)}
    codes = table["label"].map(index)
    probabilities: NDArray[np.float64] = table[columns].to_numpy(np.float64)
    label = np.asarray(codes, dtype=np.int64)
    return labels, label, probabilities


def list_magnitude_bands(table: pd.DataFrame) -> list[str]:
    """List the bands in which a table has magnitudes, in the order of its columns.

    Parameters
    ----------
    table
        From `read_predictions`.

    Returns
    -------
    list of str
        Names of the bands.
    """
    prefix = "magnitude_"
    return [name.removeprefix(prefix) for name in table.columns if name.startswith(prefix)]


def number_groups(table: pd.DataFrame) -> NDArray[np.int64] | None:
    """Assign a number to each group of objects that the split kept together.

    Parameters
    ----------
    table
        From `read_predictions`.

    Returns
    -------
    numpy.ndarray or None
        Number of each object's group, `[n]`; None if the split was of single objects.
    """
    if "group" not in table or table["group"].isna().all():
        return None
    return pd.factorize(table["group"], use_na_sentinel=False)[0].astype(np.int64)
