"""Findings of a study, in sentences made of its numbers."""

from collections.abc import Sequence
from itertools import islice
from typing import Final

import numpy as np
from scipy.stats import spearmanr

from skyclass.catalog.match_objects import match_objects
from skyclass.evaluation.paired_difference import compare_accuracies
from skyclass.evaluation.predictions import number_groups, read_predictions, unpack_predictions
from skyclass.evaluation.scores import Scores
from skyclass.studies.study_results import CellResult, StudyResults
from skyclass.workspace import Workspace

__all__ = ["summarise_findings"]

_LEAST: Final = 3
"""Cells that have an order to compare."""


def summarise_findings(results: StudyResults) -> list[str]:
    """Summarise a study in sentences.

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
    sentences = [_count_cells(results, finished)]
    for name in dict.fromkeys(cell.data_set.name for cell in finished):
        cells = [cell for cell in finished if cell.data_set.name == name]
        sentences.append(_describe_best(cells))
        sentences += _compare_order(cells)
    return sentences + _list_never_predicted(finished)


def _count_cells(results: StudyResults, finished: Sequence[CellResult]) -> str:
    """Count finished and failed cells."""
    total, failed = len(results.cells), sum(cell.failure is not None for cell in results.cells)
    sentence = f"{len(finished)} of {total} cells are finished, {failed} failed."
    if len(finished) < total:
        sentence += " The same command runs the others."
    for cell in results.cells:
        if cell.failure is not None:
            sentence += f" {cell.name}: {cell.failure}."
    return sentence


def _describe_best(cells: Sequence[CellResult]) -> str:
    """Name the best cell of a data set and its lead over the next."""
    ranked = sorted(cells, key=_get_accuracy, reverse=True)
    first = ranked[0]
    matrix = np.array(_get_scores(first).confusion_matrix)
    sentence = (
        f"{first.data_set.label}, {matrix.sum():,} test objects: the best is {_name_cell(first)}"
        f" with an accuracy of {_get_accuracy(first):.3f}"
    )
    ends = _get_scores(first).accuracy_ci95
    sentence += "" if ends is None else f" ({ends.low:.3f} to {ends.high:.3f})"
    if len(ranked) == 1:
        return f"{sentence}."
    difference = _describe_difference(first, ranked[1])
    sentence += f"; the next is {_name_cell(ranked[1])}, {difference}."
    baselines = {} if first.metrics is None else first.metrics.all_baselines
    for name, scores in islice(baselines.items(), 1):
        sentence += f" The baseline of {name} alone reaches {scores.accuracy:.3f}."
    return sentence


def _describe_difference(first: CellResult, second: CellResult) -> str:
    """Compare two cells on the same objects."""
    one, other = (
        read_predictions(Workspace(cell.directory).predictions) for cell in (first, second)
    )
    rows = match_objects(one, other)
    if len(one) != len(other) or (rows < 0).any():
        return "on other objects"
    _, label, probabilities = unpack_predictions(one)
    _, _, others = unpack_predictions(other)
    groups = number_groups(one)
    predicted = probabilities.argmax(axis=1), others[rows].argmax(axis=1)
    lead = compare_accuracies(label, *predicted, groups=groups)
    low, high = lead.ci95
    return (
        f"{100 * lead.difference:.1f} percentage points behind on the same objects"
        f" ({100 * low:.1f} to {100 * high:.1f})"
    )


def _compare_order(cells: Sequence[CellResult]) -> list[str]:
    """Compare the order of accuracies with the published one."""
    both = [cell for cell in cells if "accuracy" in cell.published.scores]
    if len(both) < _LEAST:
        return []
    published = [cell.published.scores["accuracy"] for cell in both]
    order = float(spearmanr([_get_accuracy(cell) for cell in both], published).statistic)
    best = max(both, key=lambda cell: cell.published.scores["accuracy"])
    return [
        f"{cells[0].data_set.label}: the published best is {_name_cell(best)}; the order of"
        f" {len(both)} cells has a rank correlation of {order:.2f} with the published one."
    ]


def _list_never_predicted(finished: Sequence[CellResult]) -> list[str]:
    """Name the classes that models never predicted, whose precision is therefore undefined."""
    lacking: dict[str, int] = {}
    for cell in finished:
        for label, scores in _get_scores(cell).per_class.items():
            if scores.precision is None:
                lacking[label] = lacking.get(label, 0) + 1
    if not lacking:
        return ["Every class is predicted in every cell."]
    counts = ", ".join(f"{label} in {count}" for label, count in lacking.items())
    return [f"Never predicted, so of undefined precision (cells): {counts}."]


def _name_cell(cell: CellResult) -> str:
    """Name a cell within its data set."""
    return f"{cell.image_type.label} with {cell.model.label}"


def _get_accuracy(cell: CellResult) -> float:
    """Look up the accuracy of a finished cell."""
    return _get_scores(cell).accuracy


def _get_scores(cell: CellResult) -> Scores:
    """Look up the scores of a finished cell."""
    assert cell.metrics is not None, cell.name
    return cell.metrics.test
