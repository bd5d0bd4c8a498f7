"""Scores of predictions, each with the interval that its objects allow."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from skyclass.evaluation.check_predictions import check_groups, check_lengths, check_predictions
from skyclass.evaluation.intervals import (
    RESAMPLES,
    bootstrap_interval,
    count_units,
    draw_weights,
    enclose_intervals,
    list_groupings,
)
from skyclass.evaluation.weighted_scores import Scorer

__all__ = ["PER_CLASS", "SCORES", "adjacent_accuracy", "score"]

SCORES: Final = (
    *("accuracy", "balanced_accuracy", "kappa"),
    *("precision_weighted", "recall_weighted", "f1_weighted"),
    *("precision_macro", "recall_macro", "f1_macro"),
    *("top2", "adjacent", "log_loss", "brier", "ece", "roc_auc_macro", "pr_auc_macro"),
)
"""Scores of all classes together."""

PER_CLASS: Final = ("precision", "recall", "f1", "roc_auc", "pr_auc")
"""Scores of one class against all others."""

BOUNDS: Final = {"kappa": (-1.0, 1.0), "log_loss": (0.0, np.inf), "brier": (0.0, 2.0)}
"""Least and greatest value of the scores that are not between 0 and 1."""

_SHARES: Final = {"accuracy", "top2", "adjacent", "precision", "recall", "recall_weighted"}


def score(
    labels: Sequence[str],
    true: NDArray[np.int64],
    probabilities: NDArray[np.float64],
    *,
    ordered: bool = False,
    groups: NDArray[np.int64] | None = None,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> dict[str, Any]:
    """Score predictions against the true classes; the result is ready for JSON.

    The predicted class is the most probable one, the first where several are. A division by zero
    is None, as the precision of a class that was never predicted; in means over classes it counts
    as 0 (scikit-learn's ``zero_division=0``), so a class that the model ignores lowers them. A
    class with neither objects nor predictions is left out.

    Parameters
    ----------
    labels
        Class names in the order of the columns of `probabilities`.
    true
        Indices into `labels`, `[n]`.
    probabilities
        Predicted probability of each class, `[n, k]`; each row sums to one.
    ordered
        Whether neighbouring classes are alike, so that `adjacent` means something.
    groups
        Number of each object's group, `[n]`, such as its field: whole groups are then drawn too.
    seed, resamples
        Seed and number of the draws.

    Returns
    -------
    dict
        `SCORES`; `ci95`, their intervals as ``[low, high]`` or None, and `accuracy_ci95`;
        `per_class`, a dict of `PER_CLASS`, `support` and `ci95` a label; `labels`;
        `confusion_matrix`, rows true, columns predicted; `n`; `groups`, their number or None.

    Raises
    ------
    EvaluationError
        Where lengths differ, nothing is given, or numbers are no indices or no probabilities.
    """
    check_predictions(labels, true, probabilities)
    groups = check_groups(groups, len(true))
    scorer = Scorer(true, probabilities, ordered=ordered)
    values = {name: found[..., 0] for name, found in scorer.values().items()}
    drawn = [_Drawn.of(scorer, way, seed, resamples) for way in list_groupings(groups)]
    ci95 = {name: _ci95(name, values[name], drawn) for name in SCORES}
    return {
        **{name: _defined(values[name]) for name in SCORES},
        "ci95": ci95,
        "accuracy_ci95": ci95["accuracy"],
        "per_class": _per_class(labels, scorer, values, drawn),
        "labels": list(labels),
        "confusion_matrix": scorer.matrix.tolist(),
        "n": len(true),
        "groups": None if groups is None else count_units(len(true), groups),
    }


def adjacent_accuracy(true: NDArray[np.int64], predicted: NDArray[np.int64]) -> float:
    """Give the share of objects put into their class or a neighbouring one.

    Parameters
    ----------
    true, predicted
        Indices into ordered classes, `[n]`.

    Returns
    -------
    float
        Between 0 and 1.

    Raises
    ------
    EvaluationError
        Where the lengths differ or there are no objects.
    """
    check_lengths(len(true), len(predicted))
    return float(np.mean(np.abs(true - predicted) <= 1))


@dataclass(frozen=True)
class _Drawn:
    """All scores in resamples that were drawn in one way."""

    values: dict[str, NDArray[np.float64]]
    """The resamples are on the last axis."""
    units: int
    """Number of units that were drawn."""
    class_units: dict[str, NDArray[np.int64]]
    """How many of them the scores of each class rest on, `[k]`."""

    @classmethod
    def of(
        cls, scorer: Scorer, groups: NDArray[np.int64] | None, seed: int, resamples: int
    ) -> "_Drawn":
        """Draw resamples and score them."""
        parts = [
            scorer.values(weights) for weights in draw_weights(scorer.n, groups, seed, resamples)
        ]
        values = {name: np.concatenate([p[name] for p in parts], axis=-1) for name in parts[0]}
        return cls(values, count_units(scorer.n, groups), scorer.units(groups))


def _per_class(
    labels: Sequence[str],
    scorer: Scorer,
    values: dict[str, NDArray[np.float64]],
    drawn: list[_Drawn],
) -> dict[str, dict[str, Any]]:
    """Give the scores of each class with their intervals."""
    support = scorer.matrix.sum(axis=1)
    return {
        label: {
            **{name: _defined(values[name][i]) for name in PER_CLASS},
            "support": int(support[i]),
            "ci95": {name: _ci95(name, values[name][i], drawn, i) for name in PER_CLASS},
        }
        for i, label in enumerate(labels)
    }


def _ci95(
    name: str, value: Any, drawn: list[_Drawn], place: int | None = None
) -> list[float] | None:
    """Give the interval of a score, or of that of the class at a place, as JSON gives it back."""
    found = enclose_intervals(
        bootstrap_interval(
            float(value),
            way.values[name] if place is None else way.values[name][place],
            way.units if place is None else int(way.class_units[name][place]),
            share=name in _SHARES,
            reflect=name == "ece",
            bounds=BOUNDS.get(name, (0.0, 1.0)),
        )
        for way in drawn
    )
    return None if found is None else list(found)


def _defined(value: Any) -> float | None:
    """Turn not-a-number, which JSON cannot hold, into None."""
    return None if np.isnan(value) else float(value)
