"""Classify with a model in OpenVINO's form, which `skyclass export` writes."""

from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from skyclass.cores import count_cores
from skyclass.errors import ModelError
from skyclass.extras import check_installed
from skyclass.models.graph_classifier import Feed, GraphClassifier, check_graph, note_spec
from skyclass.models.model_spec import ModelSpec
from skyclass.models.spec_file import read_spec

__all__ = ["OPENVINO_FILE", "OpenVinoClassifier", "load_openvino", "write_openvino"]

OPENVINO_FILE: Final = "model.xml"
"""Name of the graph in the folder of a model; its weights lie beside it, in `model.bin`."""

_NOTE: Final = ("skyclass", "spec")
"""Where the file notes what the graph depends on."""


class OpenVinoClassifier(GraphClassifier):
    """Calibrated cutouts in, probabilities out, by OpenVINO on the CPU.

    Parameters
    ----------
    path
        File of the graph.
    spec
        Specification of its model.

    Raises
    ------
    MissingExtraError
        If OpenVINO is not installed.
    ModelError
        If the file is broken, or was not made for this specification.
    """

    def __init__(self, path: Path, spec: ModelSpec) -> None:
        super().__init__(spec)
        core = _import_openvino(f"{path.name}, a model in its form,").Core()
        # as many batches at once as there are cores, each on one of them
        cores = count_cores()
        settings = {
            "INFERENCE_PRECISION_HINT": "f32",
            "INFERENCE_NUM_THREADS": cores,
            "NUM_STREAMS": cores,
        }
        try:
            graph = core.read_model(path)
            self._compiled = core.compile_model(graph, "CPU", settings)
        except Exception as error:  # OpenVINO raises plain RuntimeError, and its own
            reason = str(error).strip().splitlines()[-1]
            raise ModelError(f"{path} is not a usable OpenVINO model: {reason}") from error
        inputs = {node.get_any_name(): _get_shape(node) for node in graph.inputs}
        note = graph.get_rt_info(list(_NOTE)).astype(str) if graph.has_rt_info(list(_NOTE)) else ""
        check_graph(path, spec, inputs, [_get_shape(node) for node in graph.outputs], note)

    def compute(self, batch: Feed) -> NDArray[np.float32]:
        """Compute the probabilities of one batch, `[n, class]`."""
        # a request of its own, as threads must not share one
        return np.array(self._compiled.create_infer_request().infer(batch)[0])


def load_openvino(directory: Path) -> OpenVinoClassifier:
    """Load a model in OpenVINO's form; nothing in its files is executed.

    Parameters
    ----------
    directory
        Folder with `model.xml`, `model.bin` and `config.json`.

    Returns
    -------
    OpenVinoClassifier
        Ready to classify.

    Raises
    ------
    MissingExtraError
        If OpenVINO is not installed.
    ModelError
        If a file is missing or broken, or does not belong to the specification.
    """
    return OpenVinoClassifier(directory / OPENVINO_FILE, read_spec(directory))


def write_openvino(graph: Path, spec: ModelSpec, path: Path) -> None:
    """Write a model in OpenVINO's form.

    Parameters
    ----------
    graph
        Its ONNX file.
    spec
        Its specification.
    path
        File to write; the weights go beside it, with the suffix ``.bin``.

    Raises
    ------
    MissingExtraError
        If OpenVINO is not installed.
    ModelError
        If OpenVINO lacks an operation of the model.
    """
    openvino = _import_openvino("the format openvino")
    try:
        model = openvino.convert_model(graph)
    except Exception as error:  # as above
        reason = str(error).strip().splitlines()[-1]
        raise ModelError(f"{graph} cannot be converted for OpenVINO: {reason}") from error
    model.set_rt_info(note_spec(spec), list(_NOTE))
    openvino.save_model(model, path, compress_to_fp16=False)


def _import_openvino(purpose: str) -> Any:
    """Import the library."""
    check_installed("openvino", purpose=purpose)
    import openvino

    return openvino


def _get_shape(node: Any) -> tuple[int, ...]:
    """Read the shape of an input or output, without the axis of the objects."""
    return tuple(size.get_length() for size in list(node.get_partial_shape())[1:])
