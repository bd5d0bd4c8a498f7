"""Load what classifies: a saved model in ONNX if it has been exported, else in PyTorch."""

from pathlib import Path
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from skyclass.errors import ModelError
from skyclass.extras import check_installed
from skyclass.files import AnyPath
from skyclass.models.calibration_objects import CalibrationObjects, read_calibration
from skyclass.models.locate_model import locate_model
from skyclass.models.model_plugins import check_model_plugins
from skyclass.models.model_spec import ModelSpec
from skyclass.models.onnx_model import ONNX_FILE, load_onnx
from skyclass.models.openvino_model import OPENVINO_FILE, load_openvino
from skyclass.models.spec_file import SPEC_FILE, WEIGHTS_FILE

__all__ = ["RUNTIMES", "Predictor", "check_runtime", "load_predictor"]

RUNTIMES: Final = {"onnx": ONNX_FILE, "openvino": OPENVINO_FILE, "torch": WEIGHTS_FILE}
"""What can compute a model, and the file in the model's folder that it needs."""


class Predictor(Protocol):
    """A model that classifies cutouts, whatever computes it."""

    spec: ModelSpec
    """Specification of the model."""
    calibration: CalibrationObjects | None
    """Objects that it was not trained on, where it was saved with them."""

    def probabilities(
        self,
        flux: NDArray[np.float32],
        offset: NDArray[np.float32] | None = None,
        *,
        columns: NDArray[np.float32] | None = None,
        measured: NDArray[np.float32] | None = None,
    ) -> NDArray[np.float64]:
        """Classify cutouts, `[n, class]`; see `OnnxClassifier.probabilities`."""


def load_predictor(model: AnyPath, runtime: str | None = None) -> Predictor:
    """Load a saved model to classify with.

    Parameters
    ----------
    model
        Name of a bundled model (``stars``, ``objects``), folder of a saved one, or
        ``hf://owner/name`` of the Hugging Face Hub (`locate_model`).
    runtime
        What computes it: ``onnx``, ``openvino`` or ``torch``; by default the first of these for
        which the folder has a file.

    Returns
    -------
    Predictor
        By default, its `model.onnx` if it has one, which needs no PyTorch.

    Raises
    ------
    MissingExtraError
        If the runtime is not installed, or the model is one of the Hub and the client of the Hub is
        not installed.
    ModelError
        If it is not a usable model, or has no file for the runtime.
    RemoteError
        If the Hub is out of reach.

    Examples
    --------
    >>> from skyclass.models.predictor import load_predictor
    >>> load_predictor("model").spec.labels
    ('hot', 'cool')
    """
    directory = locate_model(model)
    runtime = _choose_runtime(directory, runtime)
    if runtime == "torch":
        check_installed("torch", purpose=f"{directory}, a model without {ONNX_FILE},")
        from skyclass.models.saved_model import load_model

        return load_model(directory)
    predictor = load_openvino(directory) if runtime == "openvino" else load_onnx(directory)
    check_model_plugins(predictor.spec, directory, ["survey"])
    predictor.calibration = read_calibration(directory, predictor.spec)
    return predictor


def _choose_runtime(directory: Path, runtime: str | None) -> str:
    """Choose the runtime that is named, or the first that the folder of a model has a file for."""
    check_runtime(runtime)
    if runtime is None:
        # what is no model at all is said to be none, with PyTorch or without
        fallback = "torch" if (directory / SPEC_FILE).exists() else "onnx"
        there = (name for name, file in RUNTIMES.items() if (directory / file).exists())
        return next(there, fallback)
    if (directory / SPEC_FILE).exists() and not (directory / RUNTIMES[runtime]).exists():
        raise ModelError(
            f"{directory} has no {RUNTIMES[runtime]}, which runtime {runtime!r} needs; export the"
            " model in that format, or leave out runtime"
        )
    return runtime


def check_runtime(runtime: str | None) -> None:
    """Check the name of a runtime.

    Parameters
    ----------
    runtime
        One of `RUNTIMES`; None for the default of the model.

    Raises
    ------
    ModelError
        If there is no such runtime.
    """
    if runtime is not None and runtime not in RUNTIMES:
        raise ModelError(f"runtime must be one of {', '.join(RUNTIMES)}, got {runtime!r}")
