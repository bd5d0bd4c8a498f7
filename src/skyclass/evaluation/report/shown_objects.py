"""The test objects that a report shows one by one."""

from bisect import bisect_right
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skyclass.evaluation.report.report_data import ReportData
from skyclass.evaluation.report.thumbnails import Sprites
from skyclass.surveys.sdss.layout import BANDS

__all__ = ["MOST", "choose_objects", "make_payload"]

MOST: Final = 5000
"""Most objects of a report: with more of them the file would grow beyond 15 MB."""


def choose_objects(
    true: NDArray[np.int64],
    given: NDArray[np.int64],
    confidence: NDArray[np.float64],
    most: int = MOST,
) -> NDArray[np.int64]:
    """Choose objects of every cell of the confusion matrix, the same each time.

    Where there are too many objects, all cells have the same limit, so that mistakes, which are
    few, are all kept, and cells with many right answers are thinned at random.

    Parameters
    ----------
    true, given
        Indices of classes, `[n]`.
    confidence
        Probability of the class given, `[n]`.
    most
        Most objects to choose.

    Returns
    -------
    numpy.ndarray
        Rows, the surest first.
    """
    cells, cell, counts = np.unique(
        np.stack([true, given]), axis=1, return_inverse=True, return_counts=True
    )
    limit = bisect_right(range(len(true) + 1), most, key=lambda n: int(np.minimum(counts, n).sum()))
    shuffled = np.random.default_rng(0).permutation(len(true))
    kept = [shuffled[cell[shuffled] == i][: limit - 1] for i in range(cells.shape[1])]
    rows = np.sort(np.concatenate(kept))
    surest: NDArray[np.int64] = rows[np.argsort(-confidence[rows], kind="stable")]
    return surest


def make_payload(material: ReportData, rows: NDArray[np.int64], sprites: Sprites) -> dict[str, Any]:
    """Give what the page's script knows of the objects.

    Parameters
    ----------
    material
        The experiment.
    rows
        Objects, the surest first.
    sprites
        Their thumbnails.

    Returns
    -------
    dict
        Ready for JSON; one list a column, probabilities in units of 1e-4.
    """
    table = material.table.iloc[rows]
    magnitudes = material.magnitudes
    return {
        "labels": list(material.labels),
        "bands": list(BANDS),
        "simulated": material.metrics["simulated"],
        "release": material.config.survey.release,
        "perSheet": sprites.per_sheet,
        "columns": sprites.columns,
        "counts": material.metrics["test"]["confusion_matrix"],
        "id": table["objid"].astype(object).where(table["objid"].notna(), None).tolist(),
        "ra": table["ra"].round(6).tolist(),
        "dec": table["dec"].round(6).tolist(),
        "true": material.true[rows].tolist(),
        "given": material.given[rows].tolist(),
        "p": np.rint(1e4 * material.probabilities[rows]).astype(int).tolist(),
        "sets": _sets(table),
        "magnitudes": None if magnitudes is None else _known(magnitudes[rows]),
    }


def _sets(table: pd.DataFrame) -> list[str] | None:
    """Write the prediction sets with commas; None where none were fitted."""
    if "prediction_set" not in table:
        return None
    return table["prediction_set"].str.replace("|", ", ", regex=False).tolist()


def _known(values: NDArray[np.float64]) -> list[list[float | None]]:
    """Round numbers, None in place of not-a-number, which JSON cannot hold."""
    return [[round(v, 2) if np.isfinite(v) else None for v in row] for row in values.tolist()]
