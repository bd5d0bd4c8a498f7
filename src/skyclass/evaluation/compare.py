"""Comparison of two experiments on the same test objects."""

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel

from skyclass.catalog.match_objects import match_objects
from skyclass.errors import EvaluationError
from skyclass.evaluation.check_predictions import renumber_groups
from skyclass.evaluation.intervals import (
    RESAMPLES,
    ScoreInterval,
    bootstrap_interval,
    count_units,
    draw_weights,
    enclose_intervals,
    list_groupings,
)
from skyclass.evaluation.paired_difference import PairedDifference, compare_accuracies
from skyclass.evaluation.read_evaluation import EvaluatedExperiment, read_evaluation
from skyclass.evaluation.scores import SCORES
from skyclass.evaluation.weighted_scores import Scorer
from skyclass.files import AnyPath

__all__ = ["Comparison", "Difference", "compare"]


class Difference(BaseModel, frozen=True, use_attribute_docstrings=True):
    """A score of two experiments."""

    a: float
    """Score of the first."""
    b: float
    """Score of the second."""
    difference: float
    """`a` minus `b`."""
    ci95: ScoreInterval | None
    """95 % interval of `difference`; None where undetermined."""


class Comparison(BaseModel, frozen=True, use_attribute_docstrings=True):
    """How two experiments differ on the objects that both tested."""

    scores: dict[str, Difference]
    """Every score that is defined in both, by its name."""
    accuracy: PairedDifference
    """Difference of the accuracies, with McNemar's test."""
    test_objects: tuple[int, int]
    """Number of test objects of each experiment."""
    groups: int | None
    """Number of groups that were resampled whole; None if objects were drawn singly."""
    simulated: bool
    """Whether the objects of one of them are simulated."""

    @property
    def table(self) -> pd.DataFrame:
        """A row per score: `a`, `b`, `difference`, and `low` and `high`, NaN without interval."""
        rows = {
            name: (each.a, each.b, each.difference, *(each.ci95 or (np.nan, np.nan)))
            for name, each in self.scores.items()
        }
        columns = ["a", "b", "difference", "low", "high"]
        return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("score")

    def __repr__(self) -> str:
        """Format the headline."""
        return (
            f"Comparison(accuracy {self.accuracy.difference:+.3f} {self.accuracy.ci95},"
            f" n={self.accuracy.n})"
        )

    def __str__(self) -> str:
        """Format all scores and the test as lines of text."""
        units = "objects" if self.groups is None else f"{self.groups} fields or sky cells"
        lines = [
            f"{self.accuracy.n:,} common test objects"
            f" (of {self.test_objects[0]:,} and {self.test_objects[1]:,});"
            f" 95 % intervals from {RESAMPLES:,} resamples of {units}"
            + ("; simulated data" if self.simulated else ""),
            self.table.to_string(float_format="{:.4f}".format, na_rep="-"),
            f"correct in a only: {self.accuracy.only_a:,}, in b only: {self.accuracy.only_b:,};"
            f" exact McNemar p = {self.accuracy.p_value:.2g}",
        ]
        if self.groups is not None:
            lines.append("the p-value takes objects as independent; the intervals do not")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """Format all scores as a table for notebooks."""
        kind = ", simulated data" if self.simulated else ""
        table = self.table.to_html(float_format="{:.4f}".format, na_rep="–", border=0)
        return (
            f"<p>{self.accuracy.n:,} common test objects{kind};"
            f" exact McNemar p = {self.accuracy.p_value:.2g}</p>{table}"
        )


def compare(a: AnyPath, b: AnyPath, *, common: bool = False, seed: int = 0) -> Comparison:
    """Compare two experiments, object by object.

    Every resample draws the same objects for both. If one of the two splits kept fields or sky
    cells whole, these are drawn.

    Parameters
    ----------
    a, b
        Directories of two experiments that have been run.
    common
        Compare on the test objects that both have, even if each has others too.
    seed
        Seed of the resampling.

    Returns
    -------
    Comparison
        All scores of both and their differences.

    Raises
    ------
    EvaluationError
        If a directory holds no experiment, classes differ, objects have different labels in the
        two, or the test objects differ and `common` is not set.

    Examples
    --------
    >>> import skyclass
    >>> comparison = skyclass.compare("stars", "stars")
    >>> comparison.scores["accuracy"].difference
    0.0
    >>> comparison.accuracy.p_value
    1.0
    """
    a, b = Path(a), Path(b)
    one, other = read_evaluation(a), read_evaluation(b)
    if set(one.labels) != set(other.labels):
        raise EvaluationError(
            f"experiments must have the same classes to be compared: {a} has"
            f" {' '.join(one.labels)}, {b} has {' '.join(other.labels)}"
        )
    rows_a, rows_b = _match_rows(one, other, common=common)
    columns = [other.labels.index(name) for name in one.labels]
    label = one.label[rows_a]
    if (np.asarray(columns)[label] != other.label[rows_b]).any():
        raise EvaluationError(
            f"objects of {a} have other labels in {b}; label both by the same rules"
        )
    probabilities = one.probabilities[rows_a], other.probabilities[rows_b][:, columns]
    groups = renumber_groups(_choose_groups(one, rows_a, other, rows_b), len(label))
    ordered = one.metrics.ordered and one.labels == other.labels
    scorers = [Scorer(label, each, ordered=ordered) for each in probabilities]
    return Comparison(
        scores=_compare_scores(scorers[0], scorers[1], groups, seed),
        accuracy=compare_accuracies(
            label, *(each.argmax(axis=1) for each in probabilities), groups=groups, seed=seed
        ),
        test_objects=(len(one.label), len(other.label)),
        groups=None if groups is None else count_units(len(label), groups),
        simulated=one.metrics.simulated or other.metrics.simulated,
    )


def _match_rows(
    one: EvaluatedExperiment, other: EvaluatedExperiment, *, common: bool
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Find the rows of the objects that both experiments have."""
    matched = match_objects(one.table, other.table)
    rows = np.flatnonzero(matched >= 0)
    counts = f"{len(one.table)} in {one.directory}, {len(other.table)} in {other.directory}"
    if len(rows) == 0:
        raise EvaluationError(f"experiments have no test object in common ({counts})")
    if not common and not len(one.table) == len(other.table) == len(rows):
        raise EvaluationError(
            f"test objects differ: {counts}, {len(rows)} in both; set common to compare on these"
        )
    return rows, matched[rows]


def _choose_groups(
    one: EvaluatedExperiment,
    rows_a: NDArray[np.int64],
    other: EvaluatedExperiment,
    rows_b: NDArray[np.int64],
) -> NDArray[np.int64] | None:
    """Return the groups of the first experiment's split, else those of the second's."""
    if one.groups is not None:
        return one.groups[rows_a]
    return None if other.groups is None else other.groups[rows_b]


def _compare_scores(
    one: Scorer, other: Scorer, groups: NDArray[np.int64] | None, seed: int
) -> dict[str, Difference]:
    """Compute the scores of both and the intervals of their differences."""
    values_a, values_b = one.compute(), other.compute()
    drawn = [
        (_resample_differences(one, other, grouping, seed), count_units(one.n, grouping))
        for grouping in list_groupings(groups)
    ]
    differences = {}
    for name in SCORES:
        a, b = float(values_a[name][0]), float(values_b[name][0])
        if np.isnan(a) or np.isnan(b):
            continue
        ends = enclose_intervals(
            bootstrap_interval(a - b, resampled[name], units, bounds=(-np.inf, np.inf))
            for resampled, units in drawn
        )
        differences[name] = Difference(a=a, b=b, difference=a - b, ci95=ends)
    return differences


def _resample_differences(
    one: Scorer, other: Scorer, groups: NDArray[np.int64] | None, seed: int
) -> dict[str, NDArray[np.float64]]:
    """Compute the differences of all scores in resamples that are the same for both, `[r]` each."""
    drawn: dict[str, list[NDArray[np.float64]]] = {name: [] for name in SCORES}
    for weights in draw_weights(one.n, groups, seed):
        left, right = one.compute(weights), other.compute(weights)
        for name, parts in drawn.items():
            parts.append(left[name] - right[name])
    return {name: np.concatenate(parts) for name, parts in drawn.items()}
