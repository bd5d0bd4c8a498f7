"""Two experiments on the same test objects."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skyclass.errors import EvaluationError
from skyclass.evaluation.check_predictions import check_groups
from skyclass.evaluation.intervals import (
    RESAMPLES,
    bootstrap_interval,
    count_units,
    draw_weights,
    enclose_intervals,
    list_groupings,
)
from skyclass.evaluation.metrics import SCORES
from skyclass.evaluation.paired_difference import PairedDifference, compare_accuracies
from skyclass.evaluation.read_evaluation import EvaluatedExperiment, read_evaluation
from skyclass.evaluation.weighted_scores import Scorer
from skyclass.files import AnyPath
from skyclass.schema import POSITION

__all__ = ["Comparison", "compare", "describe_comparison"]


@dataclass(frozen=True)
class Comparison:
    """How two experiments differ on the objects that both tested."""

    scores: pd.DataFrame
    """A row a score: `a`, `b`, `difference` (a less b), `low` and `high`, the ends of its 95 %
    interval; not a number where there is none."""
    accuracy: PairedDifference
    """Of the accuracies, with McNemar's test."""
    test_objects: tuple[int, int]
    """Number of test objects of each experiment."""
    groups: int | None
    """Number of groups that were resampled whole; None where objects were drawn one by one."""
    simulated: bool
    """Whether the objects of one of them are simulated."""


def compare(a: AnyPath, b: AnyPath, *, common: bool = False, seed: int = 0) -> Comparison:
    """Compare two experiments, object by object.

    Every resample draws the same objects for both. Where one of the two splits kept fields or sky
    cells whole, these are drawn.

    Parameters
    ----------
    a, b
        Directories of two experiments that have been run.
    common
        Compare on the test objects that both have, where they have others too.
    seed
        Seed of the resampling.

    Returns
    -------
    Comparison
        All scores of both and their differences.

    Raises
    ------
    EvaluationError
        Where a directory holds no experiment, classes differ, objects have other labels in one than
        in the other, or the test objects differ and `common` is not set.
    """
    a, b = Path(a), Path(b)
    one, other = read_evaluation(a), read_evaluation(b)
    if set(one.labels) != set(other.labels):
        raise EvaluationError(
            f"{a} has the classes {' '.join(one.labels)}, {b} {' '.join(other.labels)};"
            " experiments of one task can be compared"
        )
    rows_a, rows_b = _matched(one, other, common=common)
    columns = [other.labels.index(label) for label in one.labels]
    true = one.true[rows_a]
    if (np.asarray(columns)[true] != other.true[rows_b]).any():
        raise EvaluationError(f"objects of {a} have other labels in {b}; use the same label rules")
    shares = one.probabilities[rows_a], other.probabilities[rows_b][:, columns]
    groups = check_groups(_groups(one, rows_a, other, rows_b), len(true))
    ordered = bool(one.metrics["ordered"] and one.labels == other.labels)
    scorers = [Scorer(true, each, ordered=ordered) for each in shares]
    return Comparison(
        _scores(scorers[0], scorers[1], groups, seed),
        compare_accuracies(
            true, *(each.argmax(axis=1) for each in shares), groups=groups, seed=seed
        ),
        (len(one.true), len(other.true)),
        None if groups is None else count_units(len(true), groups),
        bool(one.metrics["simulated"] or other.metrics["simulated"]),
    )


def _matched(
    one: EvaluatedExperiment, other: EvaluatedExperiment, *, common: bool
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Give the rows of the objects, told by their positions, that both have."""
    places = [
        each.table[list(POSITION)].assign(**{f"row_{i}": np.arange(len(each.table))})
        for i, each in enumerate((one, other))
    ]
    both = places[0].merge(places[1], on=list(POSITION), validate="one_to_one")
    counts = f"{len(one.table)} in {one.directory}, {len(other.table)} in {other.directory}"
    if both.empty:
        raise EvaluationError(f"no test object is in both experiments ({counts})")
    if not common and not len(one.table) == len(other.table) == len(both):
        raise EvaluationError(
            f"the test objects differ: {counts}, {len(both)} in both;"
            " add --common to compare on these"
        )
    return both["row_0"].to_numpy(np.int64), both["row_1"].to_numpy(np.int64)


def _groups(
    one: EvaluatedExperiment,
    rows_a: NDArray[np.int64],
    other: EvaluatedExperiment,
    rows_b: NDArray[np.int64],
) -> NDArray[np.int64] | None:
    """Give the groups of either split, the first's where both have some."""
    if one.groups is not None:
        return one.groups[rows_a]
    return None if other.groups is None else other.groups[rows_b]


def _scores(
    one: Scorer, other: Scorer, groups: NDArray[np.int64] | None, seed: int
) -> pd.DataFrame:
    """Give the scores of both and the intervals of their differences."""
    values = [{name: scorer.values()[name][0] for name in SCORES} for scorer in (one, other)]
    drawn = [
        (_differences(one, other, way, seed), count_units(one.n, way))
        for way in list_groupings(groups)
    ]
    rows = {}
    for name in SCORES:
        a, b = values[0][name], values[1][name]
        ends = enclose_intervals(
            bootstrap_interval(float(a - b), apart[name], units, bounds=(-np.inf, np.inf))
            for apart, units in drawn
        )
        rows[name] = (a, b, a - b, *(ends or (np.nan, np.nan)))
    names = ["a", "b", "difference", "low", "high"]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=names)
    return table.dropna(subset=["a", "b"]).rename_axis("score")


def _differences(
    one: Scorer, other: Scorer, groups: NDArray[np.int64] | None, seed: int
) -> dict[str, NDArray[np.float64]]:
    """Give the differences of all scores in resamples that are the same for both, `[r]` each."""
    drawn: dict[str, list[NDArray[np.float64]]] = {name: [] for name in SCORES}
    for weights in draw_weights(one.n, groups, seed):
        left, right = one.values(weights), other.values(weights)
        for name, parts in drawn.items():
            parts.append(left[name] - right[name])
    return {name: np.concatenate(parts) for name, parts in drawn.items()}


def describe_comparison(found: Comparison) -> list[str]:
    """Say what a comparison came to.

    Parameters
    ----------
    found
        As `compare` gives it.

    Returns
    -------
    list of str
        Lines to print.
    """
    accuracy = found.accuracy
    drawn = "objects" if found.groups is None else f"{found.groups} fields or sky cells"
    counts = " and ".join(f"{count:,}" for count in found.test_objects)
    lines = [
        f"{accuracy.n:,} common test objects (of {counts});"
        f" 95 % intervals of {RESAMPLES:,} resamples of {drawn}"
        + ("; simulated data" if found.simulated else ""),
        found.scores.to_string(float_format="{:.4f}".format, na_rep="-"),
        f"right in a only: {accuracy.only_a:,}, in b only: {accuracy.only_b:,};"
        f" exact McNemar p = {accuracy.p_value:.2g}",
    ]
    if found.groups is not None:
        lines.append("the p-value takes objects as independent; the intervals do not")
    return lines
