"""Purity and completeness where classes are as frequent as stated, not as in the test objects."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skyclass.errors import EvaluationError, nearest
from skyclass.evaluation.check_predictions import check_groups, check_lengths
from skyclass.evaluation.confusion import divide
from skyclass.evaluation.intervals import (
    Interval,
    bootstrap_interval,
    count_units,
    draw_weights,
    enclose_intervals,
    list_groupings,
)
from skyclass.evaluation.read_evaluation import read_evaluation
from skyclass.evaluation.weighted_scores import Scorer
from skyclass.files import AnyPath

__all__ = ["parse_prior", "reweight", "reweight_scores"]


def reweight(experiment: AnyPath, prior: Sequence[str]) -> pd.DataFrame:
    """Give purity and completeness of an experiment's classes on a sky of stated class shares.

    Parameters
    ----------
    experiment
        Directory of an experiment that has been run.
    prior
        As `parse_prior` takes it.

    Returns
    -------
    pandas.DataFrame
        As `reweight_scores` gives it.

    Raises
    ------
    EvaluationError
        Where there is no such experiment, or the prior does not fit its classes.
    """
    experiment = Path(experiment)
    found = read_evaluation(experiment)
    shares = parse_prior(prior, found.labels)
    return reweight_scores(
        found.labels, found.true, found.probabilities, shares, groups=found.groups
    )


def parse_prior(words: Sequence[str], labels: Sequence[str]) -> NDArray[np.float64]:
    """Read how frequent classes are.

    Parameters
    ----------
    words
        ``class=number`` for every class; the numbers need not sum to one.
    labels
        Class names, `[k]`.

    Returns
    -------
    numpy.ndarray
        Shares in the order of `labels`, `[k]`, with the sum 1.

    Raises
    ------
    EvaluationError
        Where a class is unknown, missing or named twice, or a number is none.
    """
    given: dict[str, float] = {}
    for word in words:
        label, _, number = word.rpartition("=")
        if label not in labels:
            raise EvaluationError(
                f"unknown class {label!r} in the prior {word!r};"
                f" did you mean {nearest(label, labels)!r}? (write CLASS=NUMBER)"
            )
        if label in given:
            raise EvaluationError(f"the prior names class {label!r} twice")
        given[label] = _number(word, number)
    missing = [label for label in labels if label not in given]
    if missing:
        raise EvaluationError(f"the prior lacks class {', '.join(missing)}; write CLASS=NUMBER")
    shares = np.array([given[label] for label in labels])
    if shares.sum() == 0:
        raise EvaluationError("the prior gives no class a share")
    return np.asarray(shares / shares.sum())


def _number(word: str, text: str) -> float:
    """Read a number that is no less than zero."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise EvaluationError(f"{word!r} gives no number from 0 up")
    return value


def reweight_scores(
    labels: Sequence[str],
    true: NDArray[np.int64],
    probabilities: NDArray[np.float64],
    prior: NDArray[np.float64],
    *,
    groups: NDArray[np.int64] | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """Give purity and completeness of each class on a sky of stated class shares.

    Predictions stay as they are, and the test objects of each class are taken for a fair sample of
    it (label shift: Saerens, Latinne & Decaestecker 2002, Neural Computation 14, 21). Completeness
    of a class does not depend on the shares; purity does, and the share of all that are right.

    Parameters
    ----------
    labels
        Class names, `[k]`.
    true, probabilities
        Of the test objects, `[n]` and `[n, k]`.
    prior
        Share of each class, `[k]`, with the sum 1.
    groups
        Group of each object, `[n]`, where the split kept groups together.
    seed
        Seed of the resampling.

    Returns
    -------
    pandas.DataFrame
        A row a class, and one called ``all`` for the accuracy (as its completeness): `share`,
        `purity`, `purity_low`, `purity_high`, `completeness`, `completeness_low`,
        `completeness_high`; not a number where undefined.

    Raises
    ------
    EvaluationError
        Where a class has a share but no test objects.
    """
    check_lengths(len(true), len(probabilities))
    groups = check_groups(groups, len(true))
    scorer = Scorer(true, probabilities)
    _check_present(labels, scorer.matrix, prior)
    value = _rates(scorer.matrix[..., None].astype(np.float64), prior)[..., 0]
    columns: dict[str, list[float]] = {"share": [*prior, 1.0]}
    ends = [_ends(scorer, prior, value, way, seed) for way in list_groupings(groups)]
    for i, name in enumerate(("purity", "completeness")):
        both = [
            enclose_intervals(each) or (np.nan, np.nan)
            for each in zip(*(way[i] for way in ends), strict=True)
        ]
        low, high = np.transpose(both).tolist()
        columns |= {name: value[i].tolist(), f"{name}_low": low, f"{name}_high": high}
    return pd.DataFrame(columns, index=pd.Index([*labels, "all"], name="class"))


def _ends(
    scorer: Scorer,
    prior: NDArray[np.float64],
    value: NDArray[np.float64],
    groups: NDArray[np.int64] | None,
    seed: int,
) -> list[list[Interval]]:
    """Give the intervals of purities and completenesses from drawing in one way."""
    weights = draw_weights(scorer.n, groups, seed)
    drawn = np.concatenate([_rates(scorer.matrices(each), prior) for each in weights], axis=-1)
    whole, units = count_units(scorer.n, groups), scorer.units(groups)
    return [
        [
            bootstrap_interval(*each, share=kind == "recall")
            for each in zip(value[i].tolist(), drawn[i], [*units[kind], whole], strict=True)
        ]
        for i, kind in enumerate(("precision", "recall"))
    ]


def _check_present(
    labels: Sequence[str], matrix: NDArray[np.int64], prior: NDArray[np.float64]
) -> None:
    """Refuse a share of a class that there are no test objects of."""
    present = matrix.sum(axis=1) > 0
    for label, share, known in zip(labels, prior, present, strict=True):
        if share > 0 and not known:
            raise EvaluationError(f"class {label} has a share in the prior but no test objects")


def _rates(matrix: NDArray[np.float64], prior: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give purity and completeness of `[true, predicted, r]` matrices, `[2, k + 1, r]`."""
    row = divide(matrix, np.broadcast_to(matrix.sum(axis=1)[:, None], matrix.shape))
    present = (prior > 0)[:, None, None]
    sky = np.where(present, row * prior[:, None, None], 0.0)
    hits = np.einsum("kk...->k...", sky)
    accuracy = hits.sum(axis=0)[None]
    purity = divide(hits, sky.sum(axis=0))
    completeness = np.einsum("kk...->k...", row)
    empty = np.full_like(accuracy, np.nan)
    return np.stack([np.concatenate([purity, empty]), np.concatenate([completeness, accuracy])])
