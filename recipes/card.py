"""Write the card of a bundled model: what its own says, its figures, and where it holds."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skyclass.evaluation.metrics import Metrics, read_metrics
from skyclass.evaluation.predictions import read_predictions
from skyclass.images.stored_cutouts import open_cutouts
from skyclass.models.calibration_objects import read_calibration
from skyclass.models.spec_file import read_spec

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

import real_sky

__all__ = [
    "describe_real",
    "describe_simulated",
    "describe_thresholds",
    "describe_validity",
    "write_card",
]

REAL: Final = {
    "spectral-class": real_sky.measure_spectral_classes,
    "object-type": real_sky.measure_objects,
}
"""What measures a model of a task on real objects."""

PURITY: Final = 0.95
"""Of the objects above the thresholds that a card states."""

SCOPE: Final = {
    "spectral-class": "It gives every object one of the seven classes: galaxies, quasars, white"
    " dwarfs, carbon stars, brown dwarfs and cataclysmic variables too. Luminosity classes are not"
    " told apart. Ask `objects` first whether it is a star.",
    "object-type": "Moving objects, supernovae, ghosts and artefacts get one of the three classes,"
    " too. Quasars that show their host galaxy were not simulated, nor pairs of lensed images.",
}


def write_card(experiment: Path, target: Path, *, real: bool) -> None:
    """Add to the card in a model's folder what is known from its experiment.

    With `real` it is measured on real objects, too, where these are at hand.
    """
    file = target / "README.md"
    own = file.read_text(encoding="utf-8").replace("folder with this model", target.name)
    parts = [own.rstrip()]
    parts += ["", "## Simulated objects", "", *describe_simulated(experiment)]
    parts += ["", "## Real objects", "", *describe_real(experiment, real=real)]
    parts += ["", "## Thresholds", "", *describe_thresholds(experiment)]
    parts += ["", "## Where it is valid", "", *describe_validity(experiment)]
    file.write_text("\n".join(parts) + "\n", encoding="utf-8")


def describe_simulated(experiment: Path) -> Iterator[str]:
    """Describe the scores of simulated test objects."""
    metrics = read_metrics(experiment / "metrics.json")
    yield (
        f"Test objects of the simulated sky ({metrics.test.n:,}), none of which it was trained on;"
        " with 95 % intervals."
    )
    yield "\n| | right |\n|---|---|"
    yield from _list_scores(metrics)
    yield "\n| class | purity | completeness |\n|---|---|---|"
    for name, scores in metrics.test.per_class.items():
        yield f"| {name} | {scores.precision:.1%} | {scores.recall:.1%} |"


def _list_scores(metrics: Metrics) -> Iterator[str]:
    """List the accuracies, of the model first."""
    everything = {"this model": metrics.test, **metrics.all_baselines}
    if metrics.ceiling is not None:
        everything["ceiling (200,000 catalogue rows)"] = metrics.ceiling.scores
    for name, scores in everything.items():
        ends = scores.accuracy_ci95
        interval = f" ({ends.low:.1%} to {ends.high:.1%})" if ends else ""
        yield f"| {name} | {scores.accuracy:.1%}{interval} |"
    for part in metrics.test.by["magnitude_r"].bins:
        yield f"| this model, r {part.low:.1f} to {part.high:.1f} | {part.accuracy:.1%} |"


def describe_real(experiment: Path, *, real: bool) -> Iterator[str]:
    """Describe what the model makes of real objects with spectra."""
    if not real or "SKYCLASS_TEST_DATA" not in os.environ:
        yield "Not measured: this is a trial, or the labelled objects were not at hand."
        return
    yield "Single SDSS exposures of objects with spectra, and sources of fields, none of which it"
    yield "was trained on (`docs/real-sky.md` of skyclass says what they are)."
    yield "\n| real objects | n | |\n|---|---|---|"
    task = read_metrics(experiment / "metrics.json").task
    for row in REAL[task](experiment):
        yield f"| {row.name} | {row.n} | {row.value} |"


def describe_thresholds(experiment: Path) -> Iterator[str]:
    """Describe from what probability on a predicted class is right in `PURITY` of the cases."""
    model = experiment / "model"
    spec = read_spec(model)
    chosen = read_calibration(model, spec)
    if chosen is None:
        raise SystemExit(f"{model} has no calibration objects")
    test = read_predictions(experiment / "predictions.parquet")
    predicted = np.asarray(spec.labels)[chosen.probabilities.argmax(axis=1)]
    yield f"The lowest probability from which on the predicted class was right for {PURITY:.0%} of"
    yield f"{len(chosen):,} calibration objects, and what then holds for the test objects. It"
    yield "depends on how frequent the classes are: they are as in the tables above."
    yield "\n| class | probability | purity | of the class, found |\n|---|---|---|---|"
    for code, name in enumerate(spec.labels):
        own = predicted == name
        shares = chosen.probabilities[own, code]
        threshold = find_threshold(shares, chosen.label[own] == code)
        kept = (test["predicted"] == name) & (test[f"p_{name}"] >= threshold)
        true = test["label"] == name
        found = (kept & true).sum() / true.sum()
        purity = f"{true[kept].mean():.1%}" if kept.any() else "none left"
        yield f"| {name} | {threshold:.2f} | {purity} | {found:.1%} |"


def find_threshold(
    probability: NDArray[np.float64], right: NDArray[np.bool_], purity: float = PURITY
) -> float:
    """Find the lowest threshold on a probability that leaves a purity; infinite if none does."""
    order = np.argsort(-probability, kind="stable")
    purities = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    enough = np.flatnonzero(purities >= purity)
    return float(probability[order[enough[-1]]]) if len(enough) else np.inf


def describe_validity(experiment: Path) -> Iterator[str]:
    """Describe what the training objects were like, and what is out of scope."""
    train = open_cutouts(experiment / "cutouts")["train"]
    catalog = pd.read_parquet(experiment / "catalog.parquet").query("split == 'train'")
    seeing = np.asarray(train.measurement().psf_fwhm, np.float64)[:, 2]
    ranges = {
        "PSF magnitude in r": catalog["psfMag_r"].to_numpy(float),
        "FWHM of the PSF in r, arcsec": seeing,
        "extinction in r, mag": catalog["extinction_r"].to_numpy(float),
    }
    yield "Of its training objects, 98 % lie within:\n\n| | from | to |\n|---|---|---|"
    for name, values in ranges.items():
        low, high = np.nanquantile(values, (0.01, 0.99))
        yield f"| {name} | {low:.2f} | {high:.2f} |"
    yield "\nBands: SDSS u g r i z, all five, 0.396 arcsec a pixel. Beyond these ranges, without a"
    yield "band, and on pixels of another survey nothing is known of it."
    yield "\n**Out of scope.** " + SCOPE[read_metrics(experiment / "metrics.json").task]
