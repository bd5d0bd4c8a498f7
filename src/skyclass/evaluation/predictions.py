"""The table of predictions: what was predicted for each test object, enough to score it anew."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skyclass.errors import EvaluationError
from skyclass.files import AnyPath, atomic_path

__all__ = [
    "make_predictions",
    "number_groups",
    "read_predictions",
    "unpack_predictions",
    "write_predictions",
]

_PREFIX: Final = "p_"
_COLUMNS: Final = ("objid", "specobjid", "ra", "dec", "label", "predicted")


def make_predictions(
    *,
    objid: Sequence[str],
    specobjid: Sequence[str],
    ra: Sequence[float] | NDArray[np.float64],
    dec: Sequence[float] | NDArray[np.float64],
    labels: Sequence[str],
    true: NDArray[np.int64],
    probabilities: NDArray[np.float64],
    extra: Mapping[str, Any] | None = None,
) -> pd.DataFrame:
    """Put predictions into a table, a row an object.

    Parameters
    ----------
    objid, specobjid
        Photometric and spectroscopic identity, the exact digits as strings, `[n]`.
    ra, dec
        ICRS coordinates in degrees, `[n]`.
    labels
        Class names in the order of the columns of `probabilities`.
    true
        Indices into `labels`, `[n]`.
    probabilities
        Predicted probability of each class, `[n, k]`.
    extra
        Further columns by their names, `[n]` each, such as under what conditions an object was
        observed.

    Returns
    -------
    pandas.DataFrame
        Columns `objid`, `specobjid`, `ra`, `dec`, `label` (true class), `predicted` (most probable
        class), those of `extra`, and `p_<class>` for each class.

    Raises
    ------
    EvaluationError
        Where the lengths differ.
    """
    more = dict(extra or {})
    columns = (objid, specobjid, ra, dec, true, probabilities, *more.values())
    lengths = {len(column) for column in columns}
    if len(lengths) > 1:
        raise EvaluationError(f"columns of predictions have different lengths: {sorted(lengths)}")
    names = np.asarray(labels, dtype=object)
    table = pd.DataFrame(
        {
            "objid": pd.Series(objid, dtype="string"),
            "specobjid": pd.Series(specobjid, dtype="string"),
            "ra": np.asarray(ra, dtype=np.float64),
            "dec": np.asarray(dec, dtype=np.float64),
            "label": pd.Series(names[true], dtype="string"),
            "predicted": pd.Series(names[probabilities.argmax(axis=1)], dtype="string"),
        }
    )
    shares = pd.DataFrame(probabilities, columns=[_PREFIX + label for label in labels])
    return pd.concat([table.assign(**more), shares], axis="columns")


def write_predictions(table: pd.DataFrame, path: Path) -> None:
    """Write a table of predictions as a Parquet file.

    Parameters
    ----------
    table
        As `make_predictions` makes it.
    path
        File to write or replace.

    Raises
    ------
    OutputError
        Where the file cannot be written.
    """
    with atomic_path(path) as partial:
        table.to_parquet(partial, index=False)


def read_predictions(path: AnyPath) -> pd.DataFrame:
    """Read a table of predictions.

    Parameters
    ----------
    path
        Parquet file that `write_predictions` wrote.

    Returns
    -------
    pandas.DataFrame
        As `make_predictions` makes it.

    Raises
    ------
    EvaluationError
        Where the file is missing, not Parquet, or without a column of predictions.
    """
    path = Path(path)
    try:
        table = pd.read_parquet(path)
    except FileNotFoundError as error:
        raise EvaluationError(f"{path} does not exist") from error
    except (OSError, ValueError) as error:
        raise EvaluationError(f"{path} is not a Parquet file") from error
    missing = [name for name in _COLUMNS if name not in table]
    if missing:
        raise EvaluationError(f"{path} has no column {missing[0]!r}")
    return table


def unpack_predictions(
    table: pd.DataFrame,
) -> tuple[tuple[str, ...], NDArray[np.int64], NDArray[np.float64]]:
    """Give back what `score` needs, so that a file of predictions can be scored anew.

    Parameters
    ----------
    table
        As `make_predictions` makes it.

    Returns
    -------
    labels : tuple of str
        Class names, `[k]`.
    true : ndarray of int64
        Indices into `labels`, `[n]`.
    probabilities : ndarray of float64
        Predicted probability of each class, `[n, k]`.

    Raises
    ------
    EvaluationError
        Where a row's label has no column of probabilities.
    """
    columns = [name for name in table.columns if name.startswith(_PREFIX)]
    labels = tuple(name.removeprefix(_PREFIX) for name in columns)
    index = {label: i for i, label in enumerate(labels)}
    true = table["label"].map(index)
    if true.isna().any():
        unknown = table.loc[true.isna(), "label"].iloc[0]
        raise EvaluationError(f"label {unknown!r} has no column {_PREFIX}{unknown}")
    values: NDArray[np.float64] = table[columns].to_numpy(np.float64)
    codes = np.asarray(true, dtype=np.int64)
    return labels, codes, values


def number_groups(table: pd.DataFrame) -> NDArray[np.int64] | None:
    """Give the groups of objects that the split kept together, which resampling keeps together too.

    Parameters
    ----------
    table
        As `read_predictions` gives it.

    Returns
    -------
    numpy.ndarray or None
        Number of each object's group, `[n]`; None where the split was object by object.
    """
    if "group" not in table or table["group"].isna().all():
        return None
    return pd.factorize(table["group"], use_na_sentinel=False)[0].astype(np.int64)
