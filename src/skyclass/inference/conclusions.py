"""What follows from probabilities: sets of classes, other class frequencies, selected samples."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skyclass.errors import InferenceError
from skyclass.inference.labelled_results import get_magnitudes, read_labelled_results
from skyclass.inference.operating_thresholds import (
    CONFIDENCE,
    OperatingThreshold,
    fit_operating_thresholds,
    select_objects,
)
from skyclass.inference.result_columns import make_class_columns
from skyclass.inference.table_metadata import TableMetadata
from skyclass.models.calibration_objects import CalibrationObjects
from skyclass.models.class_prior import compute_implied_prior, normalise_prior
from skyclass.models.model_spec import ModelSpec
from skyclass.models.ood_score import OOD_THRESHOLD
from skyclass.models.prediction_sets import (
    COVERAGE,
    fit_weighted_thresholds,
    format_sets,
    make_prediction_sets,
)

__all__ = ["CONCLUDED", "Conclusions", "Demands", "make_conclusions"]

CONCLUDED: Final = ("prediction_set", "selected")
"""Columns that `Conclusions.add_to` adds."""


@dataclass(frozen=True)
class Demands:
    """What the caller of `classify` asks of the answers."""

    coverage: float | None = None
    """Share of objects whose prediction set is to contain their class; None for `COVERAGE`."""
    prior: Mapping[str, float] | None = None
    """Relative frequency of every class; None for that of the training objects."""
    purity: float | None = None
    """Least purity of the sample of every class."""
    completeness: float | None = None
    """Least completeness of the sample of every class."""
    calibrate: Any = None
    """Table of labelled, classified objects, or its file, in place of the model's own."""

    def __post_init__(self) -> None:
        for name in ("coverage", "purity", "completeness"):
            value = getattr(self, name)
            if value is not None and not 0 < value < 1:
                raise InferenceError(f"{name} must be above 0 and below 1, got {value:g}")
        if self.purity is not None and self.completeness is not None:
            raise InferenceError("purity and completeness exclude each other; state one")


@dataclass(frozen=True, eq=False)
class Conclusions:
    """How the columns that follow from the probabilities are made, and for whom they hold."""

    spec: ModelSpec
    """The model."""
    coverage: float
    """Stated coverage of the prediction sets."""
    population: str = ""
    """Objects that sets and samples were fitted on; empty without any."""
    prior: dict[str, float] | None = None
    """Share of each class, where one was stated."""
    factors: NDArray[np.float64] | None = None
    """Share of each class over that which the model's probabilities imply, `[k]`; None without a
    prior."""
    set_thresholds: NDArray[np.float64] | None = None
    """Greatest nonconformity score in a prediction set, `[k]`."""
    measure: Literal["", "purity", "completeness"] = ""
    """What samples are selected by."""
    level: float | None = None
    """Its least value."""
    operating: tuple[OperatingThreshold, ...] = ()
    """Thresholds of the samples."""

    def add_to(self, table: pd.DataFrame) -> pd.DataFrame:
        """Add what follows from the probabilities of a table.

        Parameters
        ----------
        table
            As `skyclass.inference.classify_cutouts.classify_cutouts` makes it, perhaps with other
            columns.

        Returns
        -------
        pandas.DataFrame
            With `prediction_set` and `selected` where they are asked for and known; class and
            probabilities are those of the prior, if there is one.
        """
        labels, names = self.spec.labels, [f"p_{label}" for label in self.spec.labels]
        probabilities = table[names].to_numpy(np.float64, na_value=np.nan)
        table = table.copy()
        if self.factors is not None:
            probabilities = reweight_probabilities(probabilities, self.factors)
            changed = make_class_columns(probabilities, labels)
            for name in changed:
                table[name] = changed[name].to_numpy()
        place = table.columns.get_loc(names[-1])
        assert isinstance(place, int)
        if self.set_thresholds is not None:
            contained = make_prediction_sets(probabilities, self.set_thresholds)
            contained &= probabilities > 0
            table.insert(place + 1, "prediction_set", format_sets(labels, probabilities, contained))
        if self.measure:
            magnitude = get_magnitudes(table, self.spec)
            chosen = select_objects(self.operating, labels, probabilities, magnitude, self.measure)
            place = table.columns.get_loc("class_origin")
            assert isinstance(place, int)
            table.insert(place, "selected", format_sets(labels, probabilities, chosen))
        return table

    def note_in(self, metadata: TableMetadata, table: pd.DataFrame) -> TableMetadata:
        """Note in the metadata of a table what its columns hold for.

        Parameters
        ----------
        metadata
            Of the table.
        table
            The table.

        Returns
        -------
        TableMetadata
            With the threshold of `ood`, the coverage, the prior, the population and the thresholds
            of the samples.
        """
        return replace(
            metadata,
            ood_threshold=OOD_THRESHOLD if "ood" in table else None,
            coverage=None if self.set_thresholds is None else self.coverage,
            prior=self.prior or {},
            population=self.population,
            measure=self.measure,
            level=self.level,
            confidence=CONFIDENCE if self.measure else None,
            operating=self.operating,
        )


def make_conclusions(
    spec: ModelSpec, calibration: CalibrationObjects | None, demands: Demands, model: str
) -> Conclusions:
    """Fit what follows from probabilities to calibration objects.

    Parameters
    ----------
    spec
        The model.
    calibration
        Its calibration objects, if it was saved with any.
    demands
        What is asked for.
    model
        Name, folder or address of the model, by which the table of `calibrate` was classified.

    Returns
    -------
    Conclusions
        Without prediction sets if there are no calibration objects.

    Raises
    ------
    EvaluationError
        If the prior does not fit the classes of the model.
    InferenceError
        If there are no calibration objects for what is asked for, they lack a class that the prior
        has, or the model does not state how frequent classes were among its training objects.
    """
    shares = None if demands.prior is None else normalise_prior(demands.prior, spec.labels)
    population = "" if calibration is None else _describe_population(spec, calibration)
    if demands.calibrate is not None:
        samples = demands.purity is not None or demands.completeness is not None
        calibration, population = read_labelled_results(
            demands.calibrate, spec, model, with_magnitudes=samples
        )
    coverage = COVERAGE if demands.coverage is None else demands.coverage
    if calibration is None:
        _refuse_without_calibration(demands)
        return Conclusions(spec, coverage)
    # two vectors: the mix of classes that taught the model differs from that of the table
    weights, factors, prior = np.ones(len(spec.labels)), None, None
    if shares is not None:
        weights, factors = (
            _compute_weights(calibration, shares, spec),
            _compute_factors(shares, spec),
        )
        prior = dict(zip(spec.labels, shares.tolist(), strict=True))
        probabilities = reweight_probabilities(calibration.probabilities, factors)
        calibration = replace(calibration, probabilities=probabilities)
    thresholds = fit_weighted_thresholds(
        calibration.label, calibration.probabilities, weights, coverage
    )
    conclusions = Conclusions(spec, coverage, population, prior, factors, set_thresholds=thresholds)
    return _add_samples(conclusions, calibration, weights, demands)


def reweight_probabilities(
    probabilities: NDArray[np.float64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Carry probabilities over to a sky with other class frequencies.

    Parameters
    ----------
    probabilities
        `[n, k]`.
    weights
        Share of each class there over that which the probabilities imply, `[k]`.

    Returns
    -------
    numpy.ndarray
        `[n, k]`, each row adding up to one.

    References
    ----------
    Saerens, Latinne & Decaestecker 2002, Neural Computation 14, 21, equation 2.4.
    """
    weighted = probabilities * weights
    total = weighted.sum(axis=1, keepdims=True)
    # an object that can only be of classes that are not there
    return np.where(total > 0, weighted / np.where(total > 0, total, 1.0), probabilities)


def _add_samples(
    conclusions: Conclusions,
    calibration: CalibrationObjects,
    weights: NDArray[np.float64],
    demands: Demands,
) -> Conclusions:
    """Find operating thresholds, if a purity or completeness is asked for."""
    measure: Literal["purity", "completeness"]
    measure = "purity" if demands.purity is not None else "completeness"
    level = getattr(demands, measure)
    if level is None:
        return conclusions
    kept = _draw_like(calibration.label, weights)
    thresholds = fit_operating_thresholds(
        conclusions.spec.labels,
        calibration.label[kept],
        calibration.probabilities[kept],
        calibration.magnitude[kept],
        measure,
        level,
    )
    return replace(conclusions, measure=measure, level=level, operating=tuple(thresholds))


def _draw_like(label: NDArray[np.int64], weights: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Draw calibration objects with the class frequencies of a prior, by rejection.

    A test by counts needs objects that count alike.
    """
    chance = weights[label] / weights.max()
    drawn = np.random.default_rng(0).random(len(label))
    return np.asarray(drawn < chance)


def _compute_weights(
    calibration: CalibrationObjects, shares: NDArray[np.float64], spec: ModelSpec
) -> NDArray[np.float64]:
    """Divide the stated shares of classes by those of the calibration objects."""
    counts = np.bincount(calibration.label, minlength=len(spec.labels))
    for name, share, count in zip(spec.labels, shares, counts, strict=True):
        if share > 0 and not count:
            raise InferenceError(
                f"the prior gives class {name} a share, but no calibration object is of it; set it"
                " to 0"
            )
    return np.asarray(shares / np.maximum(counts / counts.sum(), 1e-9))


def _compute_factors(shares: NDArray[np.float64], spec: ModelSpec) -> NDArray[np.float64]:
    """Divide the stated shares of classes by those that the model's probabilities imply."""
    implied = compute_implied_prior(spec)
    if not implied:
        raise InferenceError(
            "prior needs the model's training shares, and it does not state how many objects of"
            " each class it was trained on; run its experiment again"
        )
    return np.asarray(shares / np.array([implied[name] for name in spec.labels]))


def _refuse_without_calibration(demands: Demands) -> None:
    """Raise if something is asked for that needs calibration objects."""
    for name in ("coverage", "prior", "purity", "completeness"):
        if getattr(demands, name) is not None:
            raise InferenceError(
                f"{name} needs calibration objects, and the model was saved without; run its"
                " experiment again, or name a table of labelled objects by calibrate"
            )


def _describe_population(spec: ModelSpec, calibration: CalibrationObjects) -> str:
    """Describe what a model's own calibration objects are."""
    kind = "simulated " if spec.simulated else ""
    return f"{len(calibration)} {kind}objects of the {calibration.split} split of the model"
