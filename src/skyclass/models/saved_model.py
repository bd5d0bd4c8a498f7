"""Save a classifier as safetensors and JSON, and load it again."""

import shutil
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Final

from safetensors import SafetensorError
from safetensors.torch import load_file
from safetensors.torch import save as to_bytes

from skyclass._version import __version__
from skyclass.errors import ModelError
from skyclass.files import AnyPath, make_directory
from skyclass.models.calibration_objects import CALIBRATION_FILE, read_calibration
from skyclass.models.classifier import Classifier
from skyclass.models.export_onnx import TOLERANCE, export_onnx
from skyclass.models.load_weights import load_weights
from skyclass.models.locate_model import locate_model
from skyclass.models.model_card import format_model_card, get_licence
from skyclass.models.model_plugins import check_model_plugins, find_model_plugins
from skyclass.models.model_spec import HUB
from skyclass.models.onnx_model import ONNX_FILE
from skyclass.models.spec_file import SPEC_FILE, UPSCALER_FILE, WEIGHTS_FILE, read_spec, write_spec
from skyclass.models.training_history import HISTORY_FILE, read_history
from skyclass.schema import HUB_SCHEME

__all__ = ["load_model", "save_model"]

_PACKAGES: Final = ("numpy", "safetensors", "timm", "torch")


def save_model(classifier: Classifier, directory: AnyPath, *, onnx: bool = True) -> None:
    """Save a classifier as safetensors, JSON and, where that is possible, ONNX, with a model card.

    Parameters
    ----------
    classifier
        Model to save.
    directory
        Folder to write `model.safetensors`, `config.json`, `model.onnx` and `README.md` into, and a
        copy of the weights of an upscaler if it uses one. The card says why there is no
        `model.onnx` where there is none.
    onnx
        Whether to write `model.onnx`, which takes seconds.
    """
    directory = Path(directory)
    make_directory(directory)
    # those of other weights must not outlive them
    for name in (ONNX_FILE, CALIBRATION_FILE):
        (directory / name).unlink(missing_ok=True)
    tensors = {name: value.contiguous() for name, value in classifier.state_dict().items()}
    (directory / WEIGHTS_FILE).write_bytes(to_bytes(tensors))
    spec = classifier.spec
    if spec.upscaler is not None:
        target = directory / UPSCALER_FILE
        if Path(spec.upscaler).resolve() != target.resolve():
            shutil.copyfile(spec.upscaler, target)
        spec = replace(spec, upscaler=UPSCALER_FILE)
    if spec.weights not in {None, HUB} and not str(spec.weights).startswith(HUB_SCHEME):
        spec = replace(spec, weights=Path(str(spec.weights)).name)
    spec = replace(spec, plugins=find_model_plugins(spec))
    write_spec(spec, directory, licence=get_licence(spec), versions=_list_versions())
    state = _export(classifier, directory / ONNX_FILE) if onnx else "not written"
    (directory / "README.md").write_text(format_model_card(spec, state), encoding="utf-8")


def _export(classifier: Classifier, path: Path) -> str:
    """Write the ONNX file, if that is possible; return what the card says of it."""
    try:
        export_onnx(classifier, path)
    except ModelError as error:
        return f"no {path.name}: {error}"
    return f"`{path.name}`, checked against PyTorch to {TOLERANCE:g}"


def load_model(model: AnyPath) -> Classifier:
    """Load a classifier that `save_model` wrote; nothing in its files is executed.

    Parameters
    ----------
    model
        Name of a bundled model (``stars``, ``objects``), folder with `model.safetensors` and
        `config.json`, or ``hf://owner/name`` of the Hugging Face Hub (`locate_model`).

    Returns
    -------
    Classifier
        Ready to classify.

    Raises
    ------
    ModelError
        If there is no such model, its survey, image type or network is not registered, or its
        weights do not fit its configuration.
    RemoteError
        If the Hub is out of reach.

    Examples
    --------
    >>> import skyclass
    >>> classifier = skyclass.load_model("model")
    >>> classifier
    Classifier(spectral-class: hot cool; sdss, simulated; compact on ugriz; validation accuracy ...)
    >>> classifier.spec.bands
    ('u', 'g', 'r', 'i', 'z')
    """
    directory = locate_model(model)
    spec = read_spec(directory)
    check_model_plugins(spec, directory)
    try:
        classifier = Classifier(spec)
        weights = load_file(directory / WEIGHTS_FILE)
    except (OSError, ValueError, TypeError, KeyError, RuntimeError, SafetensorError) as error:
        raise ModelError(
            f"{directory} holds no usable model ({SPEC_FILE}, {WEIGHTS_FILE}):"
            f" {str(error).splitlines()[0]}"
        ) from error
    load_weights(classifier, weights, f"{directory / WEIGHTS_FILE} does not fit {SPEC_FILE}")
    if (directory / HISTORY_FILE).exists():
        classifier.history = read_history(directory)
    classifier.calibration = read_calibration(directory, spec)
    return classifier


def _list_versions() -> dict[str, str]:
    """List the versions of the packages that a model depends on."""
    return {"skyclass": __version__, **{name: version(name) for name in _PACKAGES}}
