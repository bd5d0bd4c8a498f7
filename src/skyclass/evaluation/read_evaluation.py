"""Read back what an experiment's evaluation wrote."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skyclass.evaluation.metrics import Metrics, read_metrics
from skyclass.evaluation.predictions import number_groups, read_predictions, unpack_predictions
from skyclass.workspace import Workspace

__all__ = ["EvaluatedExperiment", "read_evaluation"]


@dataclass(frozen=True)
class EvaluatedExperiment:
    """The test objects of an experiment, their predictions and metrics."""

    directory: Path
    """Directory of the experiment."""
    metrics: Metrics
    """Contents of `metrics.json`."""
    table: pd.DataFrame
    """Contents of `predictions.parquet`, `n` rows."""
    labels: tuple[str, ...]
    """Class names, `[k]`."""
    label: NDArray[np.int64]
    """Index of each object's true class in `labels`, `[n]`."""
    probabilities: NDArray[np.float64]
    """`[n, k]`."""
    groups: NDArray[np.int64] | None
    """Group of each object that the split kept whole, `[n]`; None if it split single objects."""


def read_evaluation(directory: Path) -> EvaluatedExperiment:
    """Read an experiment's metrics and predictions.

    Parameters
    ----------
    directory
        Directory of an experiment that has been run.

    Returns
    -------
    EvaluatedExperiment
        Its metrics and predictions.

    Raises
    ------
    EvaluationError
        If the directory holds no experiment, or that of another version of skyclass.
    """
    metrics = read_metrics(Workspace(directory).metrics)
    table = read_predictions(Workspace(directory).predictions)
    return EvaluatedExperiment(
        directory, metrics, table, *unpack_predictions(table), number_groups(table)
    )
