"""Make the models that come with the package: simulate, train, write their cards, install.

Usage: python recipes/make_models.py [SCALE]

Below build/models each model has a folder with its simulated survey and its experiment. Whatever is
done already is not done again, so that a second call goes on where the first one ended, and after a
change of what follows the training only that is repeated. At SCALE 1, the default, the models and
the example field are written into the package. At another scale all of it goes below
build/models-SCALE: there are fewer fields and epochs, no report, and nothing is measured on real
objects, which only checks that the recipe works.
"""

import json
import shutil
import sys
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path
from typing import Final

from card import write_card
from example import write_example

from skyclass.cli.progress_bars import progress_bars
from skyclass.config.experiment_file import read_config
from skyclass.files import make_directory
from skyclass.models import bundled
from skyclass.models.onnx_model import load_onnx
from skyclass.pipeline.experiment import run_prepared
from skyclass.pipeline.prepared_experiment import prepare_experiment
from skyclass.simulation.simulate import simulate

HERE: Final = Path(__file__).parent
SEED: Final = 17
FILES: Final = (
    "README.md",
    "calibration.safetensors",
    "config.json",
    "model.onnx",
    "model.safetensors",
)
LARGEST: Final = 8 * 10**6
"""Bytes of all models together."""


@dataclass(frozen=True)
class Recipe:
    """How a model is made; its experiment is the file NAME.toml."""

    name: str
    task: str
    fields: int


RECIPES: Final = (Recipe("stars", "spectral-class", 48), Recipe("objects", "object-type", 48))


def train(recipe: Recipe, scale: float, folder: Path) -> Path:
    """Simulate a survey and run the experiment on it; return the experiment's directory."""
    out = folder / "experiment"
    with progress_bars() as progress:
        fields = scale_down(recipe.fields, scale)
        simulate(folder / "survey", fields, task=recipe.task, seed=SEED, progress=progress)
        file = folder / "experiment.toml"
        shutil.copyfile(HERE / f"{recipe.name}.toml", file)
        config = read_config(file)
        epochs = scale_down(config.training.epochs, scale)
        training = config.training.model_copy(update={"epochs": epochs})
        config = config.model_copy(update={"training": training})
        prepared = prepare_experiment(config, out, progress=progress)
        print(run_prepared(prepared, report=scale == 1, progress=progress))
    return out


def scale_down(count: int, scale: float) -> int:
    """Scale a number of fields or epochs, to one at least."""
    return max(1, round(count * scale))


def install(experiment: Path, target: Path, *, real: bool) -> None:
    """Copy the files of a model, with the card of a bundled one."""
    make_directory(target)
    for name in FILES:
        shutil.copyfile(experiment / "model" / name, target / name)
    write_card(experiment, target, real=real)


def write_checksums(target: Path, scale: float) -> None:
    """Write the SHA-256 of all files of the models, and what they were made with."""
    sums = {}
    for recipe in RECIPES:
        for name in FILES:
            with (target / recipe.name / name).open("rb") as file:
                sums[f"{recipe.name}/{name}"] = file_digest(file, "sha256").hexdigest()
    fields = {recipe.name: scale_down(recipe.fields, scale) for recipe in RECIPES}
    content = {"seed": SEED, "scale": scale, "fields": fields, "sha256": sums}
    (target / bundled.CHECKSUMS).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def check(target: Path) -> None:
    """Stop unless the models are small enough, open without PyTorch, and agree with their cards."""
    size = sum((target / r.name / name).stat().st_size for r in RECIPES for name in FILES)
    if size >= LARGEST:
        sys.exit(f"the models in {target} have {size:,} bytes, {LARGEST:,} at most are allowed")
    for recipe in RECIPES:
        spec = load_onnx(target / recipe.name).spec
        card = (target / recipe.name / "README.md").read_text(encoding="utf-8")
        if spec.task != recipe.task or f'load_model("{recipe.name}")' not in card:
            sys.exit(f"the card in {target / recipe.name} is not that of the model beside it")
    print(f"{target}: {size / 1e6:.2f} MB")


def main(scale: float = 1.0) -> None:
    """Make all models at a scale."""
    build = HERE.parent / ("build/models" if scale == 1 else f"build/models-{scale:g}")
    package = Path(bundled.__file__).parent / "data"
    target = package if scale == 1 else build / "package"
    for recipe in RECIPES:
        experiment = train(recipe, scale, build / recipe.name)
        install(experiment, target / recipe.name, real=scale == 1)
    write_checksums(target, scale)
    write_example(build / "example", target / "example")
    check(target)


if __name__ == "__main__":
    main(*map(float, sys.argv[1:2]))
