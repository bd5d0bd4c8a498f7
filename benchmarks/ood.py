"""How often strange objects are flagged where 5 % of good ones are: simulated fields, real ones.

Usage: python benchmarks/ood.py OUT [STARS OBJECTS] [--compare]

Below OUT one field of stars and one of all kinds of objects are simulated, which no model was
trained on. STARS and OBJECTS are models, the bundled ones by default. `--compare` sets the score
beside the detectors of pytorch-ood on the last features and logits of STARS, which needs PyTorch.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from real_sky import frames as real_frames
from real_sky import read_stamps
from strange_fields import DRAWN, draw, list_empty_places

import skyclass
from skyclass.frames.frame import Frame
from skyclass.images.cut_field import cut_objects
from skyclass.images.cutout import Cutouts
from skyclass.inference.classify_cutouts import classify_cutouts
from skyclass.models.measured_inputs import make_measured_inputs
from skyclass.models.ood_score import OOD_THRESHOLD
from skyclass.models.predictor import Predictor, load_predictor
from skyclass.simulation.simulate import simulate
from skyclass.surveys.registry import get_survey
from skyclass.surveys.survey import Unit

SDSS = get_survey("sdss")
BAND = SDSS.band_names.index(SDSS.detection_band)
SEED = 99
MOST = 250
"""Objects of a kind."""
KINDS = {"STAR": "stars", "GALAXY": "galaxies", "QSO": "quasars"}
REAL = {"301-3918-3-213": "field-003918-3-0213.csv"}
"""Real field with classes of SDSS's own."""


@dataclass(frozen=True)
class Field:
    """The frames of a field."""

    folder: Path
    unit: Unit
    frames: Sequence[Frame]

    def cut(self, places: pd.DataFrame, frames: Sequence[Frame] | None = None) -> Cutouts:
        """Cut and measure objects, on these frames or on others of the same field."""
        chosen = places.sample(min(len(places), MOST), random_state=1)
        ra, dec = (chosen[name].to_numpy(np.float64) for name in ("ra", "dec"))
        rules = load_predictor("stars").spec.cutting_rules
        cutouts = cut_objects(frames or self.frames, self.folder, self.unit, ra, dec, rules, SDSS)
        return cutouts.take(cutouts.inside)


def open_field(folder: Path, name: str | None = None) -> Field:
    """Open a field of a directory: the first, or the one of that name."""
    units = SDSS.find_units([folder])
    unit = next(each for each in units if name in (None, str(each)))
    return Field(units[unit], unit, SDSS.open_unit(units[unit], unit))


def list_strange(field: Field) -> dict[str, Cutouts]:
    """Cut what is on a field and should not be classified, or is drawn into it."""
    strange = {"empty sky": field.cut(list_empty_places(field.frames[BAND]))}
    for kind in DRAWN:
        frames, places = draw(field.frames, kind, BAND)
        strange[kind] = field.cut(places, frames)
    return strange


def list_simulated(out: Path) -> dict[str, Cutouts]:
    """Cut the objects of simulated fields."""
    groups: dict[str, Cutouts] = {}
    for task, wanted in (("spectral-class", ("STAR",)), ("object-type", ("GALAXY", "QSO"))):
        simulate(out / task, 1, task=task, seed=SEED)
        field = open_field(out / task / "frames")
        catalog = pd.read_csv(out / task / "catalog.csv")
        groups |= {KINDS[name]: field.cut(catalog[catalog["class"] == name]) for name in wanted}
        if task == "spectral-class":
            groups |= list_strange(field)
    return groups


def list_real() -> dict[str, Cutouts]:
    """Cut the objects of real fields."""
    ((name, file),) = REAL.items()
    field = open_field(real_frames(), name)
    catalog = pd.read_csv(real_frames().parents[1] / "labelled" / file)
    bright = catalog[catalog["r"].between(15, 20.5)]
    groups = {
        f"{KINDS[kind]}, r 15 to 20.5": field.cut(bright[bright["class"] == kind])
        for kind in ("STAR", "GALAXY")
    }
    return groups | list_strange(field)


def flag(cutouts: Cutouts, model: Predictor) -> NDArray[np.bool_]:
    """Tell which objects a model flags, `[n]`."""
    return classify_cutouts(cutouts, model)["ood"].to_numpy() > OOD_THRESHOLD


def flag_stamps(name: str, model: str) -> NDArray[np.bool_]:
    """Tell which of the labelled real objects a model flags, `[n]`."""
    arrays = read_stamps(name).arrays
    flux = np.where(arrays.mask, np.nan, arrays.flux)
    return skyclass.classify(flux, model)["ood"].to_numpy() > OOD_THRESHOLD


def print_table(title: str, names: tuple[str, str], groups: dict[str, Cutouts]) -> None:
    """Print the share of each group that each of two models flags."""
    print(f"\n{title}\n\n| | n | stars | objects |\n|---|---|---|---|")
    models = [load_predictor(name) for name in names]
    for kind, cutouts in groups.items():
        shares = " | ".join(f"{flag(cutouts, model).mean():.0%}" for model in models)
        print(f"| {kind} | {len(cutouts.flux)} | {shares} |", flush=True)


def compare(name: str, groups: dict[str, Cutouts]) -> None:
    """Print the same for detectors that look at the network's last features and logits."""
    import torch
    from pytorch_ood.detector import KNN, EnergyBased, Mahalanobis, MaxSoftmax

    model = skyclass.load_model(name).eval()

    @torch.inference_mode()
    def embed(cutouts: Cutouts) -> torch.Tensor:
        measured = make_measured_inputs(cutouts.measurement, model.spec)
        inputs = (torch.from_numpy(x) for x in (cutouts.flux, cutouts.offset, measured))
        flux, offset, columns = inputs
        return model.embed(flux, offset, measured=columns)

    features = {kind: embed(cutouts) for kind, cutouts in groups.items()}
    # half of the good objects fit the detectors, and all but these are scored
    fitted, features["stars"] = features["stars"][::2], features["stars"][1::2]
    with torch.inference_mode():
        label = model.head(fitted).argmax(dim=1)
        logits = {kind: model.head(each) for kind, each in features.items()}
    scores = {
        "largest softmax": {k: MaxSoftmax.score(x) for k, x in logits.items()},
        "energy": {k: EnergyBased.score(x) for k, x in logits.items()},
    }
    for title, detector in (("Mahalanobis", Mahalanobis(None)), ("k nearest", KNN(None, k=10))):
        detector.fit_features(fitted, label)
        scores[title] = {k: detector.predict_features(x) for k, x in features.items()}
    own = load_predictor(name)
    scores["this score"] = {
        kind: torch.tensor(classify_cutouts(cutouts, own)["ood"].to_numpy())
        for kind, cutouts in groups.items()
    }
    scores["this score"]["stars"] = scores["this score"]["stars"][1::2]
    print(f"\n| | {' | '.join(groups)} |\n|---|{'---|' * len(groups)}")
    for title, each in scores.items():
        limit = torch.quantile(each["stars"].double(), 0.95)
        shares = " | ".join(f"{(x.double() > limit).double().mean():.0%}" for x in each.values())
        print(f"| {title} | {shares} |", flush=True)


def main(out: Path, stars: str = "stars", objects: str = "objects", *, compared: bool) -> None:
    """Print all tables."""
    simulated = list_simulated(out)
    print_table("Simulated fields", (stars, objects), simulated)
    print_table("Real field " + next(iter(REAL)), (stars, objects), list_real())
    print("\nReal stamps\n\n| | n | stars | objects |\n|---|---|---|---|")
    for name in ("stars_spectroscopic", "galaxies", "quasars_spectroscopic"):
        flagged = [flag_stamps(name, model) for model in (stars, objects)]
        shares = " | ".join(f"{each.mean():.0%}" for each in flagged)
        print(f"| {name} | {len(flagged[0])} | {shares} |", flush=True)
    if compared:
        compare(stars, simulated)


if __name__ == "__main__":
    words = [word for word in sys.argv[1:] if word != "--compare"]
    main(Path(words[0]), *words[1:3], compared="--compare" in sys.argv)
