"""Purity and completeness where classes are as frequent as stated, not as in the test objects."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel

from skyclass.errors import EvaluationError
from skyclass.evaluation.check_predictions import check_lengths, renumber_groups
from skyclass.evaluation.confusion import divide
from skyclass.evaluation.intervals import (
    ScoreInterval,
    bootstrap_interval,
    count_units,
    draw_weights,
    enclose_intervals,
    list_groupings,
)
from skyclass.evaluation.read_evaluation import read_evaluation
from skyclass.evaluation.weighted_scores import Scorer
from skyclass.files import AnyPath
from skyclass.models.class_prior import normalise_prior

__all__ = ["ClassRates", "Reweighting", "reweight", "reweight_scores"]


class ClassRates(BaseModel, frozen=True, use_attribute_docstrings=True):
    """Purity and completeness of one class; None where undefined."""

    share: float
    """Stated share of the class."""
    purity: float | None
    """Of the objects predicted as the class, the share that belongs to it."""
    purity_ci95: ScoreInterval | None
    """Interval of `purity`."""
    completeness: float | None
    """Of the objects of the class, the share predicted as it."""
    completeness_ci95: ScoreInterval | None
    """Interval of `completeness`."""


class Reweighting(BaseModel, frozen=True, use_attribute_docstrings=True):
    """Purity and completeness of each class on a sky of stated class shares."""

    classes: dict[str, ClassRates]
    """By class name."""
    accuracy: float
    """Share of all objects predicted correctly on that sky."""
    accuracy_ci95: ScoreInterval | None
    """Interval of `accuracy`."""

    @property
    def table(self) -> pd.DataFrame:
        """A row per class, and `all` with the accuracy as its completeness; NaN where undefined."""
        everything = ClassRates(
            share=1.0,
            purity=None,
            purity_ci95=None,
            completeness=self.accuracy,
            completeness_ci95=self.accuracy_ci95,
        )
        rows = {
            name: {
                "share": each.share,
                "purity": each.purity,
                **_name_ends("purity", each.purity_ci95),
                "completeness": each.completeness,
                **_name_ends("completeness", each.completeness_ci95),
            }
            for name, each in {**self.classes, "all": everything}.items()
        }
        return pd.DataFrame.from_dict(rows, orient="index").astype(float).rename_axis("class")

    def __repr__(self) -> str:
        """Format the headline."""
        ends = "" if self.accuracy_ci95 is None else f" {self.accuracy_ci95}"
        shares = ", ".join(f"{name}={each.share:.3g}" for name, each in self.classes.items())
        return f"Reweighting({shares}: accuracy {self.accuracy:.3f}{ends})"

    def __str__(self) -> str:
        """Format the table as text."""
        return self.table.to_string(float_format="{:.3f}".format, na_rep="-")

    def _repr_html_(self) -> str:
        """Format the table for notebooks."""
        return self.table.to_html(float_format="{:.3f}".format, na_rep="–", border=0)


def reweight(experiment: AnyPath, prior: Mapping[str, float]) -> Reweighting:
    """Compute purity and completeness of an experiment's classes on a sky of stated class shares.

    Parameters
    ----------
    experiment
        Directory of an experiment that has been run.
    prior
        Relative frequency of every class by its name; the numbers need not sum to one.

    Returns
    -------
    Reweighting
        Purity and completeness of each class with 95 % intervals.

    Raises
    ------
    EvaluationError
        If there is no such experiment, or the prior does not fit its classes.

    Examples
    --------
    >>> sky = reweight("stars", {"hot": 1, "cool": 99})
    >>> sky.classes["hot"].share
    0.01
    >>> sky.table.index.tolist()
    ['hot', 'cool', 'all']
    """
    results = read_evaluation(Path(experiment))
    return reweight_scores(
        results.labels,
        results.label,
        results.probabilities,
        normalise_prior(prior, results.labels),
        groups=results.groups,
    )


def reweight_scores(
    labels: Sequence[str],
    label: NDArray[np.int64],
    probabilities: NDArray[np.float64],
    prior: NDArray[np.float64],
    *,
    groups: NDArray[np.int64] | None = None,
    seed: int = 0,
) -> Reweighting:
    """Compute purity and completeness of each class on a sky of stated class shares.

    Predictions stay as they are, and the test objects of each class are taken as a fair sample of
    it (label shift: Saerens, Latinne & Decaestecker 2002, Neural Computation 14, 21). Completeness
    of a class does not depend on the shares; its purity and the accuracy do.

    Parameters
    ----------
    labels
        Class names, `[k]`.
    label, probabilities
        Of the test objects, `[n]` and `[n, k]`.
    prior
        Share of each class, `[k]`, with the sum 1.
    groups
        Group of each object, `[n]`, where the split kept groups together.
    seed
        Seed of the resampling.

    Returns
    -------
    Reweighting
        Purity and completeness of each class with 95 % intervals.

    Raises
    ------
    EvaluationError
        If a class has a share but no test objects.
    """
    check_lengths(len(label), len(probabilities))
    groups = renumber_groups(groups, len(label))
    scorer = Scorer(label, probabilities)
    _check_present(labels, scorer.matrix, prior)
    rates = _compute_rates(scorer.matrix[..., None].astype(np.float64), prior)[..., 0]
    drawn = [_resample_rates(scorer, prior, rates, way, seed) for way in list_groupings(groups)]
    purity_ends, completeness_ends = (
        [enclose_intervals(each) for each in zip(*(way[i] for way in drawn), strict=True)]
        for i in range(2)
    )
    purity, completeness = ([None if np.isnan(x) else float(x) for x in row] for row in rates)
    return Reweighting(
        classes={
            name: ClassRates(
                share=float(prior[k]),
                purity=purity[k],
                purity_ci95=purity_ends[k],
                completeness=completeness[k],
                completeness_ci95=completeness_ends[k],
            )
            for k, name in enumerate(labels)
        },
        accuracy=float(rates[1, -1]),
        accuracy_ci95=completeness_ends[-1],
    )


def _resample_rates(
    scorer: Scorer,
    prior: NDArray[np.float64],
    rates: NDArray[np.float64],
    groups: NDArray[np.int64] | None,
    seed: int,
) -> list[list[ScoreInterval | None]]:
    """Compute the intervals of purities and completenesses for one grouping."""
    weights = draw_weights(scorer.n, groups, seed)
    drawn = np.concatenate(
        [_compute_rates(scorer.count_confusions(each), prior) for each in weights], axis=-1
    )
    whole, units = count_units(scorer.n, groups), scorer.count_class_units(groups)
    return [
        [
            bootstrap_interval(*each, share=kind == "recall")
            for each in zip(rates[i].tolist(), drawn[i], [*units[kind], whole], strict=True)
        ]
        for i, kind in enumerate(("precision", "recall"))
    ]


def _check_present(
    labels: Sequence[str], matrix: NDArray[np.int64], prior: NDArray[np.float64]
) -> None:
    """Check that every class with a share has test objects."""
    present = matrix.sum(axis=1) > 0
    for name, share, known in zip(labels, prior, present, strict=True):
        if share > 0 and not known:
            raise EvaluationError(
                f"prior gives class {name} a share, but it has no test objects; set it to 0"
            )


def _compute_rates(matrix: NDArray[np.float64], prior: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compute purity and completeness of `[label, predicted, r]` matrices, `[2, k + 1, r]`.

    The last entry of the classes is the accuracy, as a completeness.
    """
    row = divide(matrix, np.broadcast_to(matrix.sum(axis=1)[:, None], matrix.shape))
    present = (prior > 0)[:, None, None]
    sky = np.where(present, row * prior[:, None, None], 0.0)
    hits = np.einsum("kk...->k...", sky)
    accuracy = hits.sum(axis=0)[None]
    purity = divide(hits, sky.sum(axis=0))
    completeness = np.einsum("kk...->k...", row)
    undefined = np.full_like(accuracy, np.nan)
    return np.stack([np.concatenate([purity, undefined]), np.concatenate([completeness, accuracy])])


def _name_ends(name: str, ends: ScoreInterval | None) -> dict[str, float]:
    """Name the ends of an interval as columns."""
    low, high = ends or (np.nan, np.nan)
    return {f"{name}_low": low, f"{name}_high": high}
