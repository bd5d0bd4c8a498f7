"""Scores of predictions, each with a 95 % interval."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel, computed_field

from skyclass.evaluation.check_predictions import check_predictions, renumber_groups
from skyclass.evaluation.intervals import (
    RESAMPLES,
    ScoreInterval,
    bootstrap_interval,
    count_units,
    draw_weights,
    enclose_intervals,
    list_groupings,
)
from skyclass.evaluation.weighted_scores import Scorer

__all__ = ["CLASS_SCORES", "SCORES", "ClassScores", "Scores", "score"]

SCORES: Final = (
    *("accuracy", "balanced_accuracy", "kappa"),
    *("precision_weighted", "recall_weighted", "f1_weighted"),
    *("precision_macro", "recall_macro", "f1_macro"),
    *("top2", "adjacent", "log_loss", "brier", "ece", "roc_auc_macro", "pr_auc_macro"),
)
"""Names of the scores over all classes."""

CLASS_SCORES: Final = ("precision", "recall", "f1", "roc_auc", "pr_auc")
"""Names of the scores of one class against all others."""

_BOUNDS: Final = {"kappa": (-1.0, 1.0), "log_loss": (0.0, np.inf), "brier": (0.0, 2.0)}
"""Range of the scores that do not range from 0 to 1."""

_SHARES: Final = {"accuracy", "top2", "adjacent", "precision", "recall", "recall_weighted"}


class ClassScores(BaseModel, frozen=True, use_attribute_docstrings=True):
    """Scores of one class against all others; None where undefined."""

    precision: float | None
    """Purity: of the objects predicted as the class, the share that belongs to it."""
    recall: float | None
    """Completeness: of the objects of the class, the share predicted as it."""
    f1: float | None
    """Harmonic mean of precision and recall."""
    roc_auc: float | None
    """Area under the ROC curve."""
    pr_auc: float | None
    """Area under the precision-recall curve (average precision)."""
    support: int
    """Number of objects of the class."""
    ci95: dict[str, ScoreInterval | None]
    """Interval of each score by its name; None where undetermined."""


class Scores(BaseModel, frozen=True, use_attribute_docstrings=True):
    """Scores of predictions over all classes and of each class; None where undefined."""

    accuracy: float
    """Share of objects predicted correctly."""
    balanced_accuracy: float | None
    """Mean recall of the classes that have objects."""
    kappa: float | None
    """Cohen's kappa: agreement beyond chance, -1 to 1."""
    precision_weighted: float | None
    """Mean precision, weighted by the number of true objects."""
    recall_weighted: float | None
    """Mean recall, weighted likewise."""
    f1_weighted: float | None
    """Mean F1, weighted likewise."""
    precision_macro: float | None
    """Mean precision of the classes."""
    recall_macro: float | None
    """Mean recall of the classes."""
    f1_macro: float | None
    """Mean F1 of the classes."""
    top2: float | None
    """Share of objects whose true class is among the two most probable; None for two classes."""
    adjacent: float | None
    """Share predicted as their class or a neighbouring one; None if classes have no order."""
    log_loss: float
    """Mean negative logarithm of the true class's probability."""
    brier: float
    """Brier score, summed over classes, 0 to 2."""
    ece: float
    """Expected calibration error in 10 bins."""
    roc_auc_macro: float | None
    """Mean area under the ROC curve of each class against all others."""
    pr_auc_macro: float | None
    """Mean area under the precision-recall curve of each class against all others."""
    ci95: dict[str, ScoreInterval | None]
    """Interval of each score by its name; None where undetermined."""
    per_class: dict[str, ClassScores]
    """Scores of each class by its name."""
    labels: tuple[str, ...]
    """Class names."""
    confusion_matrix: tuple[tuple[int, ...], ...]
    """Numbers of objects, rows true, columns predicted."""
    n: int
    """Number of objects."""
    groups: int | None
    """Number of groups that were resampled whole; None if objects were drawn singly."""

    @computed_field  # type: ignore[prop-decorator]
    @property
    def accuracy_ci95(self) -> ScoreInterval | None:
        """Interval of the accuracy."""
        return self.ci95["accuracy"]

    @property
    def table(self) -> pd.DataFrame:
        """A row per defined score: `value`, `low` and `high`; NaN where there is no interval."""
        rows = {
            name: (getattr(self, name), *(self.ci95[name] or (np.nan, np.nan)))
            for name in SCORES
            if getattr(self, name) is not None
        }
        columns = ["value", "low", "high"]
        return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("score")

    def __repr__(self) -> str:
        """Format the headline."""
        ends = "" if self.accuracy_ci95 is None else f" {self.accuracy_ci95}"
        return f"{type(self).__name__}(accuracy {self.accuracy:.3f}{ends}, n={self.n})"

    def __str__(self) -> str:
        """Format the headline."""
        return repr(self)

    def _repr_html_(self) -> str:
        """Format all scores as a table for notebooks."""
        table = self.table.to_html(float_format="{:.3f}".format, na_rep="–", border=0)
        return f"<p>{self.n:,} objects of {len(self.labels)} classes, 95 % intervals</p>{table}"


def score(
    labels: Sequence[str],
    label: NDArray[np.int64],
    probabilities: NDArray[np.float64],
    *,
    ordered: bool = False,
    groups: NDArray[np.int64] | None = None,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Scores:
    """Score predictions against the true classes.

    The predicted class is the most probable one, the first of several equal ones. A division by
    zero is None, as the precision of a class that is never predicted; in means over classes it
    counts as 0 (scikit-learn's ``zero_division=0``), so a class that the model ignores lowers them.
    A class with neither objects nor predictions is left out of the means.

    Parameters
    ----------
    labels
        Class names in the order of the columns of `probabilities`, `[k]`.
    label
        Index of each object's true class in `labels`, `[n]`.
    probabilities
        Predicted probability of each class, `[n, k]`; each row sums to one.
    ordered
        Whether the classes have an order, so that `adjacent` is defined.
    groups
        Number of each object's group, `[n]`, such as its field: whole groups are then resampled,
        too.
    seed, resamples
        Seed and number of the bootstrap resamples.

    Returns
    -------
    Scores
        Scores over all classes and of each class, with 95 % intervals.

    Raises
    ------
    EvaluationError
        If the arrays do not fit each other, or a row is no probability distribution.

    Examples
    --------
    >>> import numpy as np
    >>> import skyclass
    >>> label = np.array([0, 0, 1, 1])
    >>> probabilities = np.array([[0.9, 0.1], [0.7, 0.3], [0.6, 0.4], [0.2, 0.8]])
    >>> scores = skyclass.score(["star", "galaxy"], label, probabilities)
    >>> scores.accuracy
    0.75
    >>> scores.confusion_matrix
    ((2, 0), (1, 1))
    >>> round(scores.per_class["star"].precision, 3)
    0.667
    """
    check_predictions(labels, label, probabilities)
    groups = renumber_groups(groups, len(label))
    scorer = Scorer(label, probabilities, ordered=ordered)
    values = {name: column[..., 0] for name, column in scorer.compute().items()}
    drawn = [_resample(scorer, way, seed, resamples) for way in list_groupings(groups)]
    return Scores.model_validate(
        {
            **{name: _define(values[name]) for name in SCORES},
            "ci95": {name: _compute_interval(name, values[name], drawn) for name in SCORES},
            "per_class": _score_classes(labels, scorer, values, drawn),
            "labels": tuple(labels),
            "confusion_matrix": scorer.matrix.tolist(),
            "n": len(label),
            "groups": None if groups is None else count_units(len(label), groups),
        }
    )


@dataclass(frozen=True)
class _Resampled:
    """All scores in the resamples of one grouping."""

    values: dict[str, NDArray[np.float64]]
    """Resamples on the last axis."""
    units: int
    """Number of units that were drawn."""
    class_units: dict[str, NDArray[np.int64]]
    """How many of them the scores of each class rest on, `[k]`."""


def _resample(
    scorer: Scorer, groups: NDArray[np.int64] | None, seed: int, resamples: int
) -> _Resampled:
    """Draw resamples and score them."""
    parts = [scorer.compute(weights) for weights in draw_weights(scorer.n, groups, seed, resamples)]
    values = {name: np.concatenate([p[name] for p in parts], axis=-1) for name in parts[0]}
    return _Resampled(values, count_units(scorer.n, groups), scorer.count_class_units(groups))


def _score_classes(
    labels: Sequence[str],
    scorer: Scorer,
    values: dict[str, NDArray[np.float64]],
    drawn: list[_Resampled],
) -> dict[str, ClassScores]:
    """Collect the scores of each class with their intervals."""
    support = scorer.matrix.sum(axis=1)
    return {
        name: ClassScores(
            precision=_define(values["precision"][k]),
            recall=_define(values["recall"][k]),
            f1=_define(values["f1"][k]),
            roc_auc=_define(values["roc_auc"][k]),
            pr_auc=_define(values["pr_auc"][k]),
            support=int(support[k]),
            ci95={
                each: _compute_interval(each, values[each][k], drawn, k) for each in CLASS_SCORES
            },
        )
        for k, name in enumerate(labels)
    }


def _compute_interval(
    name: str, value: NDArray[np.float64], drawn: list[_Resampled], place: int | None = None
) -> ScoreInterval | None:
    """Compute the interval of a score, or of that of the class at a place."""
    return enclose_intervals(
        bootstrap_interval(
            float(value),
            each.values[name] if place is None else each.values[name][place],
            each.units if place is None else int(each.class_units[name][place]),
            share=name in _SHARES,
            reflect=name == "ece",
            bounds=_BOUNDS.get(name, (0.0, 1.0)),
        )
        for each in drawn
    )


def _define(value: NDArray[np.float64]) -> float | None:
    """Turn NaN into None."""
    return None if np.isnan(value) else float(value)
