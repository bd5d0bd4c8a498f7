"""Models that were trained on a simulated sky, on real objects whose class is known.

Usage: SKYCLASS_TEST_DATA=... python benchmarks/real_sky.py STARS [OBJECTS]

STARS and OBJECTS are directories of experiments (spectral class; object type). The catalogue of
STARS trains the baseline, gradient boosting on simulated catalogue colours, which is then applied
to the PSF fluxes that SDSS's catalogue states of the real stars. Stamps are measured on their own
pixels, objects of fields on the field. Intervals resample whole stars.
"""

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
from astropy.table import Table
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier

from skyclass.evaluation.group_scores import score_groups
from skyclass.evaluation.intervals import wilson_interval
from skyclass.evaluation.paired_difference import compare_accuracies
from skyclass.images.array_cutouts import CutoutArrays, fit_size
from skyclass.inference.classify import classify
from skyclass.measurement.cutout_photometry import measure_cutouts
from skyclass.measurement.detect import detect
from skyclass.measurement.measure_field import measure_field
from skyclass.measurement.measurement import Flag, Measurement
from skyclass.models.measured_inputs import make_measured_inputs
from skyclass.models.predictor import Predictor, load_predictor
from skyclass.surveys.sdss.layout import BANDS, Field
from skyclass.surveys.sdss.reader import open_field
from skyclass.surveys.sdss.survey import SDSS

BOUNDARIES = (-0.93, -0.455, 0.05, 0.49, 0.80, 1.92)
"""Between the classes O B A F G K M in g-i: halfway between neighbouring Pickles (1998) dwarfs."""
SATURATED = 1 << 18
"""Bit of SDSS's FLAGS, one word a band."""
CONFIDENT = 0.95
REDSHIFTS = (2.75, 3.0, 3.25, 3.5, 3.75, 4.0, 5.0)
FIELDS = (Field(301, 1992, 1, 87), Field(301, 1035, 6, 17), Field(301, 7264, 3, 111))


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    name: str
    n: str
    value: str


@dataclass(frozen=True)
class Stamps:
    """Real objects cut out by someone else, with a table of `n` rows."""

    table: pd.DataFrame
    arrays: CutoutArrays

    @cached_property
    def measurement(self) -> Measurement:
        """Measured on the pixels alone."""
        arrays = self.arrays
        return measure_cutouts(arrays.flux, arrays.offset, SDSS, mask=arrays.mask)

    def classify(self, model: Predictor) -> NDArray[np.float64]:
        """Compute probabilities, `[n, class]`."""
        measured = None
        if model.spec.measured:
            names = [f"extinction_{band}" for band in BANDS]
            known = set(names) <= set(self.table)
            extinction = self.table[names].to_numpy() if known else None
            measured = make_measured_inputs(self.measurement, model.spec, extinction)
        fitted = fit_size(self.arrays, model.spec.size)
        return model.probabilities(fitted.flux, fitted.offset, measured=measured)

    def take(self, rows: NDArray[np.bool_]) -> "Stamps":
        """Select objects."""
        return Stamps(self.table[rows].reset_index(drop=True), self.arrays.take(rows))


def data() -> Path:
    """Locate the real data."""
    return Path(os.environ["SKYCLASS_TEST_DATA"])


def frames() -> Path:
    """Locate the real frames."""
    return data() / "sdss/frames"


def read_stamps(name: str) -> Stamps:
    """Read one of the labelled sets."""
    folder = data() / "labelled"
    table, arrays = pd.read_csv(folder / f"{name}.csv"), np.load(folder / f"{name}.npz")
    flux = arrays["flux"]
    mask = ~np.isfinite(flux)
    if "invvar" in arrays:
        mask |= arrays["invvar"] <= 0
    offset = np.zeros((*flux.shape[:2], 2), dtype=np.float32)
    return Stamps(table, CutoutArrays(np.where(mask, 0, flux), mask, offset))


class Baseline:
    """Gradient boosting on the catalogue colours of an experiment's training objects."""

    def __init__(self, experiment: Path) -> None:
        catalog = pd.read_parquet(experiment / "catalog.parquet")
        train = catalog[catalog["split"] == "train"]
        self.classes = list(load_predictor(experiment / "model").spec.labels)
        label = train["label"].astype(str).map(self.classes.index)
        names = [f"psfMag_{band}" for band in BANDS]
        booster = HistGradientBoostingClassifier(learning_rate=0.06, max_iter=300, random_state=1)
        self.booster = booster.fit(self._features(train[names].to_numpy(float)), label)

    def predict(self, magnitudes: NDArray[np.float64]) -> NDArray[np.int64]:
        """Predict classes, `[n]`, from PSF magnitudes, `[n, band]`."""
        return np.asarray(self.booster.predict(self._features(magnitudes)), dtype=np.int64)

    def _features(self, magnitudes: NDArray[np.float64]) -> NDArray[np.float64]:
        """Combine the colours with r."""
        return np.column_stack([-np.diff(magnitudes, axis=1), magnitudes[:, 2]])


def to_magnitude(flux: NDArray[np.float64]) -> NDArray[np.float64]:
    """Convert nanomaggies; NaN where a flux is not positive."""
    return 22.5 - 2.5 * np.log10(np.where(flux > 0, flux, np.nan))


def percent(right: NDArray[np.bool_]) -> str:
    """Format a share with its 95 % interval."""
    low, high = wilson_interval(int(right.sum()), len(right))
    return f"{right.mean():.1%} ({low:.0%} to {high:.0%})"


def select_stars(stamps: Stamps, labels: list[str]) -> tuple[Stamps, NDArray[np.int64]]:
    """Select the exposures of stars with a class; return them and their labels."""
    letters = stamps.table["subclass"].astype("string").str[0]
    dwarf = stamps.table["subclass"].eq("WD").fillna(False).to_numpy(bool)
    kept = letters.isin(labels).fillna(False).to_numpy(bool) & ~dwarf
    return stamps.take(kept), letters[kept].map(labels.index).to_numpy(np.int64)


def measure_stars(experiment: Path) -> Iterator[Row]:
    """Compare the spectral classes of real exposures with those of SDSS's spectra."""
    model, baseline = load_predictor(experiment / "model"), Baseline(experiment)
    stamps, label = select_stars(read_stamps("stars_spectroscopic"), list(model.spec.labels))
    groups = pd.factorize(stamps.table["key"])[0].astype(np.int64)
    fluxes = stamps.table[[f"psfflux_{band}" for band in BANDS]].to_numpy(float)
    predicted = {
        "model": stamps.classify(model).argmax(axis=1),
        "catalogue colours": baseline.predict(to_magnitude(fluxes)),
        "PSF fluxes measured here": baseline.predict(to_magnitude(stamps.measurement.psf_flux)),
    }
    stars = groups.max() + 1
    for name, classes in predicted.items():
        scores = score_groups(label, classes, groups, ordered=True)
        apart = np.abs(classes - label)
        yield Row(
            f"stars A to M, {name}: exposures, stars (interval over stars)",
            f"{len(label)}, {stars}",
            f"{(apart == 0).mean():.1%}, {scores.accuracy:.1%} {scores.accuracy_ci95}",
        )
        yield Row(
            f"stars A to M, {name}: within one class",
            f"{len(label)}, {stars}",
            f"{(apart <= 1).mean():.1%}, {scores.adjacent:.1%} {scores.adjacent_ci95}",
        )
    pair = compare_accuracies(
        label, predicted["model"], predicted["catalogue colours"], groups=groups
    )
    yield Row("model minus catalogue colours, exposures", str(pair.n), format_difference(pair))
    yield Row(
        "model minus catalogue colours, stars", str(stars), subtract(label, predicted, groups)
    )


def format_difference(pair) -> str:
    """Format a paired difference in points."""
    low, high = (100 * end for end in pair.ci95)
    return f"{100 * pair.difference:+.1f} ({low:+.1f} to {high:+.1f})"


def subtract(label, predicted, groups) -> str:
    """Compute the difference of the accuracies by star, and its bootstrap interval over stars."""
    gain = (predicted["model"] == label).astype(float) - (predicted["catalogue colours"] == label)
    by_star = np.bincount(groups, weights=gain) / np.bincount(groups)
    drawn = np.random.default_rng(0).integers(0, len(by_star), (2000, len(by_star)))
    low, high = np.quantile(by_star[drawn].mean(axis=1), [0.025, 0.975])
    return f"{100 * by_star.mean():+.1f} ({100 * low:+.1f} to {100 * high:+.1f})"


def find_confident_mistakes(model: Predictor) -> pd.DataFrame:
    """List the exposures that are told with confidence to be two classes away, and white dwarfs."""
    stamps = read_stamps("stars_spectroscopic")
    labels = list(model.spec.labels)
    shares = stamps.classify(model)
    table = stamps.table[["key", "subclass", "psfflux_r"]].copy()
    table["r"] = to_magnitude(table.pop("psfflux_r").to_numpy()).round(2)
    table["predicted"] = np.array(labels)[shares.argmax(axis=1)]
    table["probability"] = shares.max(axis=1).round(3)
    flagged = stamps.measurement.has(Flag.SATURATED | Flag.BLENDED).any(axis=1)
    table["saturated or blended"] = flagged
    letters = table["subclass"].astype("string").str[0]
    label = letters.map({name: k for k, name in enumerate(labels)}).to_numpy(float, na_value=np.nan)
    dwarf = table["subclass"].eq("WD").fillna(False).to_numpy(bool)
    apart = np.abs(np.where(dwarf, np.nan, label) - shares.argmax(axis=1))
    return table[dwarf | ((apart >= 2) & (table["probability"] > CONFIDENT))]


def count_confident_mistakes(model: Predictor) -> Row:
    """Count those of stars whose measurement has no flag of saturation or blending."""
    table = find_confident_mistakes(model)
    stars = table[table["subclass"] != "WD"]
    flagged = stars["saturated or blended"]
    return Row(
        f"two classes away with more than {CONFIDENT}: unflagged, flagged exposures",
        "133",
        f"{(~flagged).sum()}, {flagged.sum()}",
    )


def measure_objects(experiment: Path) -> Iterator[Row]:
    """Compare object types with those of spectra, and of SDSS's photometric pipeline."""
    model = load_predictor(experiment / "model")
    star, galaxy, quasar = (model.spec.labels.index(n) for n in ("star", "galaxy", "quasar"))
    quasars = read_stamps("quasars_spectroscopic")
    right = quasars.classify(model).argmax(axis=1) == quasar
    yield Row("quasars of z 2.75 to 5", str(len(right)), percent(right))
    z = quasars.table["redshift"].to_numpy()
    for low, high in pairwise(REDSHIFTS):
        here = (z >= low) & (z < high)
        yield Row(f"quasars of z {low:g} to {high:g}", str(here.sum()), percent(right[here]))
    exposures = read_stamps("stars_spectroscopic")
    right = exposures.classify(model).argmax(axis=1) == star
    yield Row("star exposures called star", str(len(right)), percent(right))
    galaxies = read_stamps("galaxies")
    right = galaxies.classify(model).argmax(axis=1) == galaxy
    yield Row("galaxy stamps called galaxy", str(len(right)), f"{right.sum()} of {len(right)}")
    table = pd.read_csv(data() / "labelled/field-003918-3-0213.csv").query("r < 20")
    table = classify(frames() / "301/3918", experiment / "model", positions=table.drop(columns="r"))
    for kind, name in (("STAR", "star"), ("GALAXY", "galaxy")):
        own = table[table["catalog_class"] == kind]
        right = own["class"].eq(name).to_numpy(bool)
        yield Row(
            f"field 3918-3-213, r < 20: {kind}", str(len(own)), f"{right.sum()} of {len(own)}"
        )


def select_calibration_stars() -> pd.DataFrame:
    """Select the isolated stars of field 4510-4-30 that SDSS does not call saturated."""
    stars = Table.read(data() / "sdss/calibObj-004510-4-star.fits.gz")
    frame = open_field(frames(), Field(301, 4510, 4, 30))[2]
    ra, dec = np.array(stars["RA"], float), np.array(stars["DEC"], float)
    x, y = frame.pixel(ra, dec)
    magnitude = to_magnitude(np.array(stars["PSFFLUX"], float))
    held = (x > 0) & (x < 2047) & (y > 64) & (y < 1425)
    wanted = held & (magnitude[:, 2] > 14.5) & (magnitude[:, 2] < 19.5)
    wanted &= ~(np.array(stars["FLAGS"]) & SATURATED).any(axis=1)
    sources = detect(frame)
    flux = measure_field([frame], sources["ra"].to_numpy(), sources["dec"].to_numpy(), SDSS)
    rows = [i for i in np.flatnonzero(wanted) if is_alone(x[i], y[i], sources, flux.psf_flux[:, 0])]
    table = pd.DataFrame({"ra": ra[rows], "dec": dec[rows]})
    for k, band in enumerate(BANDS):
        table[f"extinction_{band}"] = np.array(stars["EXTINCTION"], float)[rows, k]
    dereddened = magnitude[rows] - np.array(stars["EXTINCTION"], float)[rows]
    return table.assign(g_i=dereddened[:, 1] - dereddened[:, 3])


def is_alone(x: float, y: float, sources: pd.DataFrame, flux: NDArray[np.float64]) -> bool:
    """Tell whether no source within 6 arcsec has more than a tenth of a star's flux."""
    distance = np.hypot(sources["x"] - x, sources["y"] - y).to_numpy()
    own = distance.argmin()
    near = (distance < 6 / SDSS.pixel_scale) & (np.arange(len(sources)) != own)
    return bool(distance[own] < 3 and not (flux[near] > 0.1 * flux[own]).any())


def select_field_stars(field: Field) -> pd.DataFrame:
    """Select the point sources of a field, by their own measurement, with g-i as measured.

    The dust in front of them is unknown. Neither g-i nor the model takes any away.
    """
    opened = open_field(frames(), field)
    sources = detect(opened[2])
    ra, dec = sources["ra"].to_numpy(), sources["dec"].to_numpy()
    measured = measure_field(opened, ra, dec, SDSS)
    magnitude = to_magnitude(measured.psf_flux.astype(float))
    good = (magnitude[:, 2] > 14.5) & (magnitude[:, 2] < 19.5)
    bad = Flag.SATURATED | Flag.EDGE | Flag.BAD_PIXELS | Flag.BLENDED
    good &= ~measured.has(bad)[:, 1:4].any(axis=1) & (np.abs(measured.concentration[:, 2]) < 0.1)
    good &= np.isfinite(magnitude[:, 1] - magnitude[:, 3])
    table = sources.loc[good, ["ra", "dec"]]
    none = {f"extinction_{band}": 0.0 for band in BANDS}
    return table.assign(g_i=(magnitude[:, 1] - magnitude[:, 3])[good], **none)


def measure_fields(experiment: Path) -> Iterator[Row]:
    """Compare the classes of stars in real fields with those of their g-i."""
    model = experiment / "model"
    labels = load_predictor(model).spec.labels
    selected = {"4510-4-30, g-i dereddened": select_calibration_stars()}
    selected |= {
        f"{f.run}-{f.camcol}-{f.field}, g-i as measured": select_field_stars(f) for f in FIELDS
    }
    for name, stars in selected.items():
        run = name.partition("-")[0]
        table = classify(frames() / "301" / run, model, positions=stars)
        table = table[table["class"].notna()]
        predicted = table["class"].map(labels.index).to_numpy(int)
        apart = np.abs(predicted - np.digitize(table["g_i"], BOUNDARIES))
        value = f"{(apart == 0).mean():.0%} the same, {(apart <= 1).mean():.0%} within one"
        yield Row(f"field {name}", str(len(table)), value)


def measure_spectral_classes(experiment: Path) -> Iterator[Row]:
    """Measure the rows of a model of spectral classes."""
    yield from measure_stars(experiment)
    yield count_confident_mistakes(load_predictor(experiment / "model"))
    yield from measure_fields(experiment)


def measure(stars: Path, objects: Path | None) -> Iterator[Row]:
    """Measure all rows."""
    yield from measure_spectral_classes(stars)
    if objects is not None:
        yield from measure_objects(objects)


def main(stars: Path, objects: Path | None = None) -> None:
    """Print the table, and the confident mistakes."""
    print("| real objects | n | |\n|---|---|---|")
    for row in measure(stars, objects):
        print(f"| {row.name} | {row.n} | {row.value} |", flush=True)
    print("\nConfident mistakes and white dwarfs:\n")
    print(find_confident_mistakes(load_predictor(stars / "model")).to_string(index=False))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]))
