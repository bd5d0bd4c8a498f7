"""Classify with the ONNX file of a saved model: onnxruntime and NumPy, without PyTorch."""

from pathlib import Path
from typing import Final

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from skyclass.errors import ModelError
from skyclass.models.graph_classifier import Feed, GraphClassifier, check_graph, note_spec
from skyclass.models.model_spec import ModelSpec
from skyclass.models.spec_file import WEIGHTS_FILE, hash_weights, read_spec

__all__ = [
    "LARGEST_ONNX",
    "ONNX_FILE",
    "SPEC_KEY",
    "OnnxClassifier",
    "load_onnx",
    "make_metadata",
]

ONNX_FILE: Final = "model.onnx"
"""Name of the ONNX file in the folder of a model."""

LARGEST_ONNX: Final = 2**31
"""Bytes that the file stays below, a limit of its format (Protocol Buffers)."""

SPEC_KEY: Final = "skyclass.spec"
"""Key of the note in the file that says what the graph depends on."""

_WEIGHTS_KEY: Final = "skyclass.weights_sha256"


class OnnxClassifier(GraphClassifier):
    """Calibrated cutouts in, probabilities out, by onnxruntime.

    Parameters
    ----------
    path
        ONNX file.
    spec
        Specification of its model.

    Attributes
    ----------
    spec
        Specification of the model.
    calibration
        Its calibration objects, where it was saved with them; set by whoever loads them.

    Raises
    ------
    ModelError
        If the file is broken or too large, or was not made for this specification.
    """

    def __init__(self, path: Path, spec: ModelSpec) -> None:
        super().__init__(spec)
        self._session = _open_session(path)
        inputs = {node.name: tuple(node.shape[1:]) for node in self._session.get_inputs()}
        outputs = [tuple(node.shape[1:]) for node in self._session.get_outputs()]
        check_graph(path, spec, inputs, outputs, self._get_metadata(SPEC_KEY))

    def compute(self, batch: Feed) -> NDArray[np.float32]:
        """Compute the probabilities of one batch, `[n, class]`."""
        return np.asarray(self._session.run(None, batch)[0])

    def check_weights(self, path: Path, weights: Path) -> None:
        """Check that the graph was made from a file of weights.

        Parameters
        ----------
        path
            ONNX file, for the message.
        weights
            File of weights.

        Raises
        ------
        ModelError
            If it was made from others.
        """
        made = self._get_metadata(_WEIGHTS_KEY)
        if made and made != hash_weights(weights):
            raise ModelError(
                f"{path} was made from other weights than {weights.name} beside it; save the model"
                f" again, or remove {path.name}"
            )

    def _get_metadata(self, key: str) -> str:
        """Look up a note in the file; empty if there is none."""
        return str(self._session.get_modelmeta().custom_metadata_map.get(key, ""))


def load_onnx(directory: Path) -> OnnxClassifier:
    """Load the ONNX file of a saved model; nothing in its files is executed.

    Parameters
    ----------
    directory
        Folder with `model.onnx` and `config.json`.

    Returns
    -------
    OnnxClassifier
        Ready to classify.

    Raises
    ------
    ModelError
        If a file is missing or broken, or the ONNX file does not belong to the specification or to
        the weights beside it.
    """
    path, weights = directory / ONNX_FILE, directory / WEIGHTS_FILE
    classifier = OnnxClassifier(path, read_spec(directory))
    if weights.exists():
        classifier.check_weights(path, weights)
    return classifier


def make_metadata(spec: ModelSpec, weights: Path) -> dict[str, str]:
    """Make the notes that tie an ONNX file to its model.

    Parameters
    ----------
    spec
        The model.
    weights
        Its file of weights, if there is one.

    Returns
    -------
    dict
        What the graph depends on in JSON, and the SHA-256 of the weights.
    """
    notes = {SPEC_KEY: note_spec(spec)}
    return notes | ({_WEIGHTS_KEY: hash_weights(weights)} if weights.exists() else {})


def _open_session(path: Path) -> onnxruntime.InferenceSession:
    """Open an ONNX file; what it holds is computed on the CPU."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # errors are raised, not printed
    # a batch is computed by the thread that asks for it, and batches side by side: threads that
    # share one batch wait for each other, in vain where one of them has lost its core
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    try:
        size = path.stat().st_size
        if size >= LARGEST_ONNX:
            raise ModelError(f"{path} has {size} bytes, more than an ONNX file can have")
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except ModelError:
        raise
    except Exception as error:  # onnxruntime has its own, without a common class
        reason = str(error).splitlines()[0]
        raise ModelError(f"{path} is not a usable ONNX file: {reason}") from error
