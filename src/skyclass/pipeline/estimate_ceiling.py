"""Estimate how well any classifier could do on simulated objects."""

from dataclasses import asdict, dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier

from skyclass.cache import Cache, MadeFrom
from skyclass.catalog.clean import clean
from skyclass.catalog.magnitudes import get_catalog_magnitudes
from skyclass.config.sections import Experiment
from skyclass.files import atomic_path
from skyclass.models.colour_baseline import compute_concentration, make_baseline_features
from skyclass.schema import EXTINCTION, name_columns
from skyclass.simulation.draw_catalog import draw_catalog
from skyclass.simulation.simulation_settings import SimulationSettings, read_simulation
from skyclass.simulation.sky import get_sky
from skyclass.simulation.stars import CLASS_SHARES, LAST_HOT
from skyclass.surveys.registry import get_survey
from skyclass.surveys.survey import Survey
from skyclass.tasks.registry import get_task
from skyclass.tasks.regroup import regroup
from skyclass.tasks.task import Task
from skyclass.workspace import fingerprint

__all__ = ["Estimate", "estimate_ceiling"]

DRAWS: Final = 200_000
"""Objects that the classifier learns from; a second one learns from half of them."""

_ERRORS: Final = "psfMagErr"
_SPECTRAL_CLASS: Final = "spectral-class"


@dataclass(frozen=True)
class Estimate:
    """What the classifiers make of the test objects, and of what sky."""

    settings: SimulationSettings
    """How the survey was simulated."""
    draws: int
    """Objects that the second classifier has learnt from."""
    half: NDArray[np.float64]
    """Probabilities of the classifier that has seen half of them, ``[n, class]``."""
    whole: NDArray[np.float64]
    """Probabilities of the classifier that has seen all of them, ``[n, class]``."""

    @property
    def wrong_labels(self) -> float:
        """Share of labels that the simulation puts wrong on purpose."""
        populations = get_sky(self.settings.sky).populations
        if populations is None or self.settings.task != _SPECTRAL_CLASS:
            return 0.0
        return populations.wrong_labels * float(CLASS_SHARES[: LAST_HOT + 1].sum())


def estimate_ceiling(
    config: Experiment,
    task: Task,
    labels: tuple[str, ...],
    training: NDArray[np.int64],
    test: pd.DataFrame,
    cache: Cache,
) -> Estimate | None:
    """Classify simulated test objects by photometry that very many objects were learnt from.

    The classifier learns catalogue rows of the same sky: colours, a magnitude, their errors and the
    extinction; and, where shape tells classes apart, a concentration.

    Parameters
    ----------
    config
        Experiment; whether and how its survey is simulated says the file beside its catalogue.
    task
        Labels the objects.
    labels
        Names of the classes.
    training
        Classes of the experiment's training objects, ``[n]``; their shares are those learnt.
    test
        Catalogue rows of the test objects.
    cache
        Where the probabilities are kept for other experiments on the same objects.

    Returns
    -------
    Estimate or None
        None if there is no such file, or the catalogue has no magnitudes.
    """
    survey = get_survey(config.survey.name)
    path = config.catalog.path
    settings = None if path is None else read_simulation(path)
    features = None if settings is None else _make_features(test, task, survey)
    if settings is None or features is None:
        return None
    shares = np.bincount(training, minlength=len(labels)) / len(training)
    rules = [section.model_dump(mode="json") for section in (config.clean, config.labels)]
    hashed = fingerprint(features.tolist(), shares.tolist())
    key = fingerprint(asdict(settings), task.name, labels, rules, hashed, DRAWS)
    made_from: MadeFrom = {"sky": settings.sky, "objects": len(test), "draws": DRAWS}
    with cache.open_entry("ceilings", key, made_from) as entry:
        file = entry.path / "probabilities.npy"
        if not entry.is_complete:
            drawn, classes = _draw_objects(settings, config, task, labels, survey)
            both = [
                _predict(drawn[:count], classes[:count], features, shares)
                for count in (len(drawn) // 2, len(drawn))
            ]
            with atomic_path(file) as partial:
                np.save(partial, np.stack(both), allow_pickle=False)
            entry.finish()
        half, whole = np.load(file, allow_pickle=False)
    return Estimate(settings, DRAWS, half, whole)


def _draw_objects(
    settings: SimulationSettings,
    config: Experiment,
    task: Task,
    labels: tuple[str, ...],
    survey: Survey,
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Draw objects, cleaned as the experiment's are: features ``[n, feature]`` and classes."""
    chosen = config.labels
    labelled = get_task(task.name, template_luminosity=chosen.template_luminosity)
    labelled = regroup(labelled, chosen.merge, chosen.drop)
    table, _ = clean(draw_catalog(settings, DRAWS), labelled, config.clean, survey.name)
    # cleaning sorts by place, which is the order of classes in no field; half is to be any half
    table = table.sample(frac=1.0, random_state=0)
    features = _make_features(table, task, survey)
    if features is None:
        raise AssertionError("a simulated catalogue has magnitudes")
    classes = pd.Categorical(table["label"].astype(str), labels).codes.astype(np.int64)
    return features[classes >= 0], classes[classes >= 0]


def _make_features(table: pd.DataFrame, task: Task, survey: Survey) -> NDArray[np.float64] | None:
    """Make features ``[n, feature]`` of a catalogue's photometry; None if it has no magnitudes."""
    magnitudes = get_catalog_magnitudes(table, survey.band_names)
    errors = name_columns(_ERRORS, survey.band_names)
    needed = [*errors, f"{EXTINCTION}_{survey.detection_band}"]
    if magnitudes is None or not set(needed) <= set(table.columns):
        return None
    shape = compute_concentration(table, survey.detection_band) if task.extended else None
    band = survey.band_names.index(survey.detection_band)
    known = table[needed].to_numpy(np.float64, na_value=np.nan)
    return np.concatenate([make_baseline_features(magnitudes, shape, band), known], axis=1)


def _predict(
    drawn: NDArray[np.float64],
    classes: NDArray[np.int64],
    test: NDArray[np.float64],
    shares: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Learn drawn objects, weighted to the shares of the training objects; classify others."""
    frequency = np.bincount(classes, minlength=len(shares)) / len(classes)
    weights = (shares / np.maximum(frequency, 1e-12))[classes]
    booster = HistGradientBoostingClassifier(
        learning_rate=0.15, max_iter=60, early_stopping=False, random_state=0
    )
    booster.fit(drawn[weights > 0], classes[weights > 0], weights[weights > 0])
    probabilities = np.zeros((len(test), len(shares)))
    probabilities[:, booster.classes_] = booster.predict_proba(test)
    return probabilities
