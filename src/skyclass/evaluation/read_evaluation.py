"""Read back what an experiment's evaluation wrote."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skyclass.errors import EvaluationError
from skyclass.evaluation.predictions import number_groups, read_predictions, unpack_predictions

__all__ = ["EvaluatedExperiment", "read_evaluation"]


@dataclass(frozen=True)
class EvaluatedExperiment:
    """The test objects of an experiment and what was found."""

    directory: Path
    """Where the experiment lies."""
    metrics: dict[str, Any]
    """Contents of `metrics.json`."""
    table: pd.DataFrame
    """Contents of `predictions.parquet`, `n` rows."""
    labels: tuple[str, ...]
    """Class names, `[k]`."""
    true: NDArray[np.int64]
    """Indices into `labels`, `[n]`."""
    probabilities: NDArray[np.float64]
    """`[n, k]`."""
    groups: NDArray[np.int64] | None
    """Group of each object that the split kept whole, `[n]`; None for a split by object."""


def read_evaluation(directory: Path) -> EvaluatedExperiment:
    """Read an experiment's metrics and predictions.

    Parameters
    ----------
    directory
        Directory of an experiment that has been run.

    Returns
    -------
    EvaluatedExperiment
        What lies there.

    Raises
    ------
    EvaluationError
        Where it is no such directory, or was evaluated by a version that wrote less.
    """
    path = directory / "metrics.json"
    try:
        metrics: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise EvaluationError(f"{path} cannot be read; run the experiment first") from error
    except json.JSONDecodeError as error:
        raise EvaluationError(f"{path} is not JSON: {error}") from error
    if "calibration" not in metrics:
        raise EvaluationError(
            f"{path} is of an older version; remove it and run the experiment again"
        )
    table = read_predictions(directory / "predictions.parquet")
    return EvaluatedExperiment(
        directory, metrics, table, *unpack_predictions(table), number_groups(table)
    )
