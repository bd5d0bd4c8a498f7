"""What a study shows, in sentences made of its numbers."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from scipy.stats import spearmanr

from skyclass.evaluation.paired_difference import compare_accuracies
from skyclass.evaluation.predictions import (
    number_groups,
    read_predictions,
    unpack_predictions,
)
from skyclass.evaluation.scores import Scores
from skyclass.studies.study_results import CellResult, StudyResults

__all__ = ["findings_of"]

_LEAST: Final = 3
"""Cells of which an order can be told."""


def findings_of(results: StudyResults) -> list[str]:
    """Say what a study shows.

    Parameters
    ----------
    results
        Its cells, finished or not.

    Returns
    -------
    list of str
        Sentences: how much of it is done; for each data set the best cell, how clearly it is the
        best, and whether the order is the published one; how often a class was never predicted.
    """
    finished = [cell for cell in results.cells if cell.metrics is not None]
    sentences = [_progress(results, finished)]
    for name in dict.fromkeys(cell.data_set.name for cell in finished):
        cells = [cell for cell in finished if cell.data_set.name == name]
        sentences.append(_best(cells))
        sentences += _order(cells)
    return sentences + _never_predicted(finished)


def _progress(results: StudyResults, finished: Sequence[CellResult]) -> str:
    """Say how many cells are finished, and of how many objects the last word is."""
    total, failed = len(results.cells), sum(cell.failure is not None for cell in results.cells)
    told = f"{len(finished)} of {total} cells are finished, {failed} failed."
    if len(finished) < total:
        told += " The same command goes on with the others."
    for cell in results.cells:
        if cell.failure is not None:
            told += f" {cell.name}: {cell.failure}."
    return told


def _best(cells: Sequence[CellResult]) -> str:
    """Name the best cell of a data set and how clearly it is better than the next."""
    ranked = sorted(cells, key=_accuracy, reverse=True)
    first = ranked[0]
    matrix = np.array(_scores(first).confusion_matrix)
    told = (
        f"{first.data_set.label}, {matrix.sum():,} test objects: the best is {_what(first)} with an"
        f" accuracy of {_accuracy(first):.3f}"
    )
    ends = _scores(first).accuracy_ci95
    told += "" if ends is None else f" ({ends.low:.3f} to {ends.high:.3f})"
    if len(ranked) == 1:
        return f"{told}."
    difference = _difference(first, ranked[1])
    told += f"; the next is {_what(ranked[1])}, {difference}."
    baseline = None if first.metrics is None else first.metrics.baseline
    if baseline is not None:
        told += f" Colours from the catalogue alone reach {baseline.accuracy:.3f}."
    return told


def _difference(first: CellResult, second: CellResult) -> str:
    """Compare two cells on the same objects."""
    one, other = (read_predictions(c.directory / "predictions.parquet") for c in (first, second))
    _, label, shares = unpack_predictions(one)
    _, _, others = unpack_predictions(other)
    if list(one["ra"]) != list(other["ra"]) or list(one["dec"]) != list(other["dec"]):
        return "on other objects"
    groups = number_groups(one)
    found = compare_accuracies(label, shares.argmax(axis=1), others.argmax(axis=1), groups=groups)
    low, high = found.ci95
    return (
        f"{100 * found.difference:.1f} percentage points behind on the same objects"
        f" ({100 * low:.1f} to {100 * high:.1f})"
    )


def _order(cells: Sequence[CellResult]) -> list[str]:
    """Compare the order of accuracies with the published one."""
    both = [cell for cell in cells if "accuracy" in cell.published.scores]
    if len(both) < _LEAST:
        return []
    published = [cell.published.scores["accuracy"] for cell in both]
    order = float(spearmanr([_accuracy(cell) for cell in both], published).statistic)
    best = max(both, key=lambda cell: cell.published.scores["accuracy"])
    return [
        f"{cells[0].data_set.label}: the published best is {_what(best)}; the order of"
        f" {len(both)} cells has a rank correlation of {order:.2f} with the published one."
    ]


def _never_predicted(finished: Sequence[CellResult]) -> list[str]:
    """Name the classes that models never predicted, whose precision is therefore undefined."""
    lacking: dict[str, int] = {}
    for cell in finished:
        for label, scores in _scores(cell).per_class.items():
            if scores.precision is None:
                lacking[label] = lacking.get(label, 0) + 1
    if not lacking:
        return ["Every class is predicted in every cell."]
    told = ", ".join(f"{label} in {count}" for label, count in lacking.items())
    return [f"Never predicted, so of undefined precision (cells): {told}."]


def _what(cell: CellResult) -> str:
    """Name a cell within its data set."""
    return f"{cell.image_type.label} with {cell.model.label}"


def _accuracy(cell: CellResult) -> float:
    """Give the accuracy of a finished cell."""
    return _scores(cell).accuracy


def _scores(cell: CellResult) -> Scores:
    """Return the scores of a finished cell."""
    assert cell.metrics is not None, cell.name
    return cell.metrics.test
