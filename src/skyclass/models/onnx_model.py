"""Classify with the ONNX file of a saved model: onnxruntime and NumPy, without PyTorch."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from pydantic import TypeAdapter

from skyclass.cores import map_on_cores
from skyclass.errors import ImageError, ModelError
from skyclass.models.calibration_objects import CalibrationObjects
from skyclass.models.measured_inputs import QUANTITIES, complete_measured
from skyclass.models.model_spec import ModelSpec
from skyclass.models.spec_file import SPEC_FILE, WEIGHTS_FILE, hash_weights, read_spec

__all__ = [
    "LARGEST_ONNX",
    "ONNX_FILE",
    "OnnxClassifier",
    "list_inputs",
    "load_onnx",
    "make_metadata",
]

ONNX_FILE: Final = "model.onnx"
"""Name of the ONNX file in the folder of a model."""

LARGEST_ONNX: Final = 2**31
"""Bytes that the file stays below, a limit of its format (Protocol Buffers)."""

_BATCH: Final = 32
"""Cutouts classified at once: on a CPU as many as its cache holds of a layer."""

_SPEC_KEY: Final = "skyclass.spec"
_WEIGHTS_KEY: Final = "skyclass.weights_sha256"

_IN_GRAPH: Final = (
    "labels",
    "bands",
    "unit",
    "size",
    "survey",
    "image_type",
    "registration",
    "crop",
    "image_size",
    "resize",
    "network",
    "head",
    "normalisation",
    "native",
    "patch",
    "columns",
    "column_mean",
    "column_deviation",
    "measured",
    "measured_scaling",
    "temperature",
)
"""Fields of the specification that the graph depends on."""


class OnnxClassifier:
    """Calibrated cutouts in, probabilities out, by the graph that `export_onnx` wrote.

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
        self.spec = spec
        self.calibration: CalibrationObjects | None = None
        self._shapes = list_inputs(spec)
        self._session = _open_session(path)
        self._check_graph(path)

    def __repr__(self) -> str:
        """Format the headline."""
        spec = self.spec
        return f"OnnxClassifier({spec.task}: {' '.join(spec.labels)}; {spec.survey})"

    def probabilities(
        self,
        flux: NDArray[np.float32],
        offset: NDArray[np.float32] | None = None,
        *,
        columns: NDArray[np.float32] | None = None,
        measured: NDArray[np.float32] | None = None,
    ) -> NDArray[np.float64]:
        """Classify cutouts.

        Parameters
        ----------
        flux
            Nanomaggies, `[n, band, y, x]`; pixels that are not finite count as sky.
        offset
            Pixels in y and x from the cutouts' centres to the objects, `[n, band, 2]`; may be
            omitted if the bands are not registered.
        columns
            Catalogue columns, `[n, column]`, NaN for a missing value; for a model that takes any.
        measured
            What was measured (`skyclass.models.measured_inputs.make_measured_inputs`),
            `[n, column]`; a model that is told of it measures the cutouts themselves by default.

        Returns
        -------
        numpy.ndarray
            Probabilities, `[n, class]`, each row adding up to one.

        Raises
        ------
        ImageError
            If the shape of the cutouts does not fit the model, or offsets are missing.
        ModelError
            If columns are missing.
        """
        measured = complete_measured(measured, self.spec, flux, offset)
        given = {"flux": flux, "offset": offset, "columns": columns, "measured": measured}
        feed = self._make_feed(given)

        def run(start: int) -> NDArray[np.float64]:
            part = {name: values[start : start + _BATCH] for name, values in feed.items()}
            return np.asarray(self._session.run(None, part)[0], dtype=np.float64)

        nothing = np.empty((0, len(self.spec.labels)))
        shares = map_on_cores(run, range(0, len(flux), _BATCH))
        joined: NDArray[np.float64] = np.concatenate([nothing, *shares])
        # the graph rounds to 32 bits
        joined /= joined.sum(axis=1, keepdims=True)
        return joined

    def _make_feed(
        self, given: Mapping[str, NDArray[np.float32] | None]
    ) -> dict[str, NDArray[np.float32]]:
        """Select the inputs of the graph, and check their shapes."""
        feed = {}
        for name, shape in self._shapes.items():
            values = given[name]
            if values is None:
                raise _make_missing_error(name, self.spec)
            if values.shape[1:] != shape:
                raise ImageError(
                    f"{name} has the shape {list(values.shape)}, the model takes"
                    f" [n, {', '.join(map(str, shape))}]"
                )
            feed[name] = np.ascontiguousarray(values, dtype=np.float32)
        return feed

    def _check_graph(self, path: Path) -> None:
        """Check that the graph has the inputs, the output and the settings of the specification."""
        inputs = {node.name: tuple(node.shape[1:]) for node in self._session.get_inputs()}
        outputs = [tuple(node.shape[1:]) for node in self._session.get_outputs()]
        if inputs != self._shapes or outputs != [(len(self.spec.labels),)]:
            raise ModelError(
                f"{path} takes {inputs} and returns {outputs}, {SPEC_FILE} describes {self._shapes}"
                f" and {len(self.spec.labels)} classes; save the model again"
            )
        made, current = json.loads(self._get_metadata(_SPEC_KEY, "{}")), _select_fields(self.spec)
        changed = [key for key in _IN_GRAPH if key in made and made[key] != current[key]]
        if changed:
            raise ModelError(
                f"{path} was made with {changed[0]} = {made[changed[0]]!r}, {SPEC_FILE} says"
                f" {current[changed[0]]!r}; save the model again, or remove {path.name}"
            )

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

    def _get_metadata(self, key: str, default: str = "") -> str:
        """Look up a note in the file."""
        return str(self._session.get_modelmeta().custom_metadata_map.get(key, default))


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


def list_inputs(spec: ModelSpec) -> dict[str, tuple[int, ...]]:
    """List the inputs of a model's graph.

    Parameters
    ----------
    spec
        The model.

    Returns
    -------
    dict
        Shape of each input without the axis of the objects, by name.
    """
    bands = len(spec.bands)
    shapes: dict[str, tuple[int, ...]] = {"flux": (bands, spec.size, spec.size)}
    if spec.registration != "none":
        shapes["offset"] = (bands, 2)
    if spec.columns:
        shapes["columns"] = (len(spec.column_mean),)
    if spec.measured:
        shapes["measured"] = (len(QUANTITIES) * len(spec.measured),)
    return shapes


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
    notes = {_SPEC_KEY: json.dumps(_select_fields(spec))}
    return notes | ({_WEIGHTS_KEY: hash_weights(weights)} if weights.exists() else {})


def _select_fields(spec: ModelSpec) -> dict[str, Any]:
    """Select what the graph depends on, as JSON holds it."""
    values = TypeAdapter(ModelSpec).dump_python(spec, mode="json")
    return {name: values[name] for name in _IN_GRAPH}


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


def _make_missing_error(name: str, spec: ModelSpec) -> ImageError | ModelError:
    """Make the error about an input that is missing."""
    if name == "columns":
        return ModelError(f"the model needs the columns {', '.join(spec.columns)}")
    return ImageError(
        f"image type {spec.image_type} registers the bands: pass the objects' offsets"
    )
