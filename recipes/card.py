"""Write the card of a bundled model: what its own says, its figures, and where it holds."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from skyclass.evaluation.metrics import Metrics, read_metrics
from skyclass.images.stored_cutouts import open_cutouts
from skyclass.inference.operating_thresholds import CONFIDENCE, fit_operating_thresholds
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
"""Of the samples above the thresholds that a card states."""

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
        # none of a small trial may be of the class, or called so
        both = ("none" if s is None else f"{s:.1%}" for s in (scores.precision, scores.recall))
        yield f"| {name} | {' | '.join(both)} |"


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
    """Describe from what probability on a class is right in `PURITY` of the cases."""
    spec = read_spec(experiment / "model")
    chosen = read_calibration(experiment / "model", spec)
    if chosen is None:
        raise SystemExit(f"{experiment / 'model'} has no calibration objects")
    found = fit_operating_thresholds(
        spec.labels, chosen.label, chosen.probabilities, chosen.magnitude, "purity", PURITY
    )
    yield f"The least probability at which an object is of the class with a purity of {PURITY:.0%},"
    yield f"tested on {len(chosen):,} calibration objects, each with a confidence of"
    yield f"{CONFIDENCE:.0%}, where classes are as frequent as among these (`skyclass classify"
    yield f"--purity {PURITY:g}`)."
    yield "\n| class | r | tested on | probability |\n|---|---|---|---|"
    for each in found:
        low, high = ("" if r is None else f"{r:.1f}" for r in (each.brightest, each.faintest))
        part = f"{low} to {high}".strip() if low or high else "all"
        least = "none is enough" if each.probability is None else f"{each.probability:.2f}"
        yield f"| {each.label} | {part} | {each.tested_on} | {least} |"


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
