"""The test objects that a report shows one by one."""

from bisect import bisect_right
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skyclass.evaluation.report.report_data import ReportData
from skyclass.evaluation.report.thumbnails import Sprites

__all__ = ["MOST", "choose_objects", "make_payload"]

MOST: Final = 5000
"""Greatest number of objects in a report: with more of them the file would exceed 15 MB."""


def choose_objects(
    label: NDArray[np.int64],
    predicted: NDArray[np.int64],
    confidence: NDArray[np.float64],
    most: int = MOST,
) -> NDArray[np.int64]:
    """Choose objects of every cell of the confusion matrix, reproducibly.

    If there are too many objects, all cells have the same limit, so that mistakes, which are few,
    are all kept, and cells with many correct predictions are thinned at random.

    Parameters
    ----------
    label, predicted
        Indices of the true and predicted classes, `[n]`.
    confidence
        Probability of the predicted class, `[n]`.
    most
        Greatest number of objects to choose.

    Returns
    -------
    numpy.ndarray
        Rows, the most confident prediction first.
    """
    cells, cell, counts = np.unique(
        np.stack([label, predicted]), axis=1, return_inverse=True, return_counts=True
    )
    limit = bisect_right(
        range(len(label) + 1), most, key=lambda n: int(np.minimum(counts, n).sum())
    )
    shuffled = np.random.default_rng(0).permutation(len(label))
    kept = [shuffled[cell[shuffled] == i][: limit - 1] for i in range(cells.shape[1])]
    rows = np.sort(np.concatenate(kept))
    ordered: NDArray[np.int64] = rows[np.argsort(-confidence[rows], kind="stable")]
    return ordered


def make_payload(
    data: ReportData, rows: NDArray[np.int64], sprites: Sprites | None
) -> dict[str, Any]:
    """Collect what the page's script needs of the objects.

    Parameters
    ----------
    data
        The experiment.
    rows
        Objects, the most confident prediction first.
    sprites
        Their thumbnails, if there are any.

    Returns
    -------
    dict
        Ready for JSON; one list per column, probabilities in units of 1e-4.
    """
    table = data.table.iloc[rows]
    magnitudes = data.magnitudes
    return {
        "labels": list(data.labels),
        "bands": list(data.survey.band_names),
        "simulated": data.metrics.simulated,
        "explorer": data.survey.explorer.replace("{release}", str(data.release)),
        "hips": data.survey.hips,
        "perSheet": None if sprites is None else sprites.per_sheet,
        "columns": None if sprites is None else sprites.columns,
        "counts": data.metrics.test.confusion_matrix,
        "id": table["objid"].astype(object).where(table["objid"].notna(), None).tolist(),
        "ra": table["ra"].round(6).tolist(),
        "dec": table["dec"].round(6).tolist(),
        "label": data.label[rows].tolist(),
        "predicted": data.predicted[rows].tolist(),
        "p": np.rint(1e4 * data.probabilities[rows]).astype(int).tolist(),
        "sets": _format_sets(table),
        "magnitudes": None if magnitudes is None else _round_magnitudes(magnitudes[rows]),
    }


def _format_sets(table: pd.DataFrame) -> list[str] | None:
    """Format the prediction sets with commas; None if none were fitted."""
    if "prediction_set" not in table:
        return None
    return table["prediction_set"].str.replace("|", ", ", regex=False).tolist()


def _round_magnitudes(values: NDArray[np.float64]) -> list[list[float | None]]:
    """Round magnitudes to two decimals; None in place of NaN, which JSON cannot hold."""
    return [[round(v, 2) if np.isfinite(v) else None for v in row] for row in values.tolist()]
