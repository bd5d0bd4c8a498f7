"""Write a classifier as safetensors and JSON, and read it back."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from safetensors import SafetensorError
from safetensors.torch import load_file
from safetensors.torch import save as to_bytes

from skyclass._version import __version__
from skyclass.errors import ModelError
from skyclass.files import AnyPath, make_directory
from skyclass.models.classifier import Classifier
from skyclass.models.load_weights import load_weights
from skyclass.models.model_card import get_licence, model_card
from skyclass.models.model_spec import HUB, ModelSpec

__all__ = ["SPEC_FILE", "UPSCALER_FILE", "WEIGHTS_FILE", "load_model", "save_model"]

WEIGHTS_FILE: Final = "model.safetensors"
SPEC_FILE: Final = "config.json"
UPSCALER_FILE: Final = "upscaler.safetensors"
_TUPLES: Final = ("labels", "bands", "head", "columns", "column_mean", "column_deviation")
_PACKAGES: Final = ("numpy", "safetensors", "timm", "torch")


def save_model(classifier: Classifier, directory: AnyPath) -> None:
    """Write a classifier as safetensors and JSON, with a model card.

    Parameters
    ----------
    classifier
        What to write.
    directory
        Folder to write `model.safetensors`, `config.json` and `README.md` into, and a copy of the
        weights of an upscaler where it uses one.
    """
    directory = Path(directory)
    make_directory(directory)
    tensors = {name: value.contiguous() for name, value in classifier.state_dict().items()}
    (directory / WEIGHTS_FILE).write_bytes(to_bytes(tensors))
    spec = classifier.spec
    if spec.upscaler is not None:
        target = directory / UPSCALER_FILE
        if Path(spec.upscaler).resolve() != target.resolve():
            shutil.copyfile(spec.upscaler, target)
        spec = replace(spec, upscaler=UPSCALER_FILE)
    if spec.weights not in {None, HUB}:
        spec = replace(spec, weights=Path(str(spec.weights)).name)
    values = asdict(spec) | {"licence": get_licence(spec), "versions": _versions()}
    (directory / SPEC_FILE).write_text(json.dumps(values, indent=1), encoding="utf-8")
    (directory / "README.md").write_text(model_card(spec), encoding="utf-8")


def load_model(directory: AnyPath) -> Classifier:
    """Read a classifier that `save_model` wrote; nothing in its files is executed.

    Parameters
    ----------
    directory
        Folder with `model.safetensors` and `config.json`.

    Returns
    -------
    Classifier
        Ready to classify.

    Raises
    ------
    ModelError
        Where the folder holds no such model, or its weights do not fit its configuration.
    """
    directory = Path(directory)
    try:
        values = json.loads((directory / SPEC_FILE).read_text(encoding="utf-8"))
        classifier = Classifier(_spec(values, directory))
        weights = load_file(directory / WEIGHTS_FILE)
    except (OSError, ValueError, TypeError, KeyError, RuntimeError, SafetensorError) as error:
        raise ModelError(
            f"{directory} holds no usable model ({SPEC_FILE}, {WEIGHTS_FILE}):"
            f" {str(error).splitlines()[0]}"
        ) from error
    load_weights(classifier, weights, f"{directory / WEIGHTS_FILE} does not fit {SPEC_FILE}")
    return classifier


def _spec(values: Mapping[str, Any], directory: Path) -> ModelSpec:
    """Make the specification that `save_model` wrote down."""
    fields = {key: value for key, value in values.items() if key not in {"licence", "versions"}}
    fields |= {name: tuple(fields[name]) for name in _TUPLES if name in fields}
    if "origin" not in fields:
        # models saved before surveys had names are all of SDSS
        fields |= {"survey": "sdss", "origin": fields.get("survey", "")}
    if fields.get("upscaler") is not None:
        fields["upscaler"] = str(directory / UPSCALER_FILE)
    return ModelSpec(**fields)


def _versions() -> dict[str, str]:
    """Give the versions of what a model depends on."""
    return {"skyclass": __version__, **{name: version(name) for name in _PACKAGES}}
