"""Load what classifies: a saved model in ONNX if it has been exported, else in PyTorch."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from skyclass.extras import check_installed
from skyclass.files import AnyPath
from skyclass.models.calibration_objects import CalibrationObjects, read_calibration
from skyclass.models.locate_model import locate_model
from skyclass.models.model_plugins import check_model_plugins
from skyclass.models.model_spec import ModelSpec
from skyclass.models.onnx_model import ONNX_FILE, load_onnx
from skyclass.models.spec_file import SPEC_FILE

__all__ = ["Predictor", "load_predictor"]


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


def load_predictor(model: AnyPath) -> Predictor:
    """Load a saved model to classify with.

    Parameters
    ----------
    model
        Name of a bundled model (``stars``, ``objects``), folder of a saved one, or
        ``hf://owner/name`` of the Hugging Face Hub (`locate_model`).

    Returns
    -------
    Predictor
        Its `model.onnx` if it has one, which needs no PyTorch; else the model in PyTorch.

    Raises
    ------
    MissingExtraError
        If it has no `model.onnx` and PyTorch is not installed, or it is one of the Hub and the
        client of the Hub is not installed.
    ModelError
        If it is not a usable model.
    RemoteError
        If the Hub is out of reach.

    Examples
    --------
    >>> from skyclass.models.predictor import load_predictor
    >>> load_predictor("model").spec.labels
    ('hot', 'cool')
    """
    directory = locate_model(model)
    # what is no model at all is said to be none, with PyTorch or without
    if (directory / ONNX_FILE).exists() or not (directory / SPEC_FILE).exists():
        predictor = load_onnx(directory)
        check_model_plugins(predictor.spec, directory, ["survey"])
        predictor.calibration = read_calibration(directory, predictor.spec)
        return predictor
    check_installed("torch", purpose=f"{directory}, a model without {ONNX_FILE},")
    from skyclass.models.saved_model import load_model

    return load_model(directory)
