"""Export a model for a runtime: a folder that `classify` takes, in 32 or 8 bits."""

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from skyclass.errors import ModelError
from skyclass.extras import check_installed
from skyclass.files import AnyPath, make_directory
from skyclass.images.stored_cutouts import StoredCutouts, open_cutouts
from skyclass.inference.classify_batches import classify_batches
from skyclass.inference.read_cutouts import CutoutBatch, read_stored_batches
from skyclass.models.calibration_objects import CALIBRATION_FILE
from skyclass.models.export_checks import check_export
from skyclass.models.graph_classifier import Feed, list_inputs
from skyclass.models.locate_model import locate_model
from skyclass.models.model_spec import ModelSpec
from skyclass.models.onnx_model import ONNX_FILE, OnnxClassifier
from skyclass.models.openvino_model import OPENVINO_FILE, write_openvino
from skyclass.models.predictor import Predictor, load_predictor
from skyclass.models.quantise import quantise
from skyclass.models.spec_file import SPEC_FILE, WEIGHTS_FILE, read_spec
from skyclass.progress import Progress, no_progress

__all__ = ["Exported", "export_model"]

_MOST_LOST: Final = 0.002
"""Accuracy that a model may lose in 8 bits."""

_LEAST: Final = 5000
"""Objects on which the accuracies are compared."""

_SHOWN: Final = 1
"""Batches of training objects that show which values the layers take: 512 objects."""


@dataclass(frozen=True)
class Exported:
    """A model that was exported."""

    folder: Path
    """Its folder."""
    accuracies: tuple[float, float] | None = None
    """Accuracy in 32 and in 8 bits on the same objects, where it is in 8 bits."""
    objects: int = 0
    """Number of these objects."""


def export_model(
    model: AnyPath,
    out: AnyPath,
    *,
    file_format: str = "onnx",
    int8: bool = False,
    cutouts: AnyPath | None = None,
    least: int = _LEAST,
    progress: Progress = no_progress,
) -> Exported:
    """Export a model for a runtime: all from calibrated cutouts to probabilities in one graph.

    Image type, registration and the measured inputs are inside; what else is in the model's folder,
    the specification, the card and calibration objects, is copied: a model in 8 bits goes without
    these, as it has other probabilities.

    Parameters
    ----------
    model
        Name of a bundled model (``stars``, ``objects``), folder of a saved one, or
        ``hf://owner/name`` of the Hugging Face Hub.
    out
        Folder to write, which must not exist.
    file_format
        ``onnx`` or ``openvino``.
    int8
        Whether layers of weights compute in 8 bits. Nothing is written if that makes the model
        lose more than 0.2 points of accuracy on the test objects of `cutouts`.
    cutouts
        For `int8`: folder of stored cutouts with labels of the model's classes, simulated or real.
        Objects of its training split set the ranges, those of its test split are classified.
    least
        Objects that the test split must have for the comparison to mean something.
    progress
        Called with the stage, cutouts done, and 0 as their number.

    Returns
    -------
    Exported
        Folder, and accuracies in 32 and 8 bits.

    Raises
    ------
    OutputError
        If `out` exists.
    ModelError
        If there is no such model, it cannot be exported, or 8 bits cost too much accuracy.
    MissingExtraError
        If PyTorch, which exports a model that has no `model.onnx`, or what `file_format` or `int8`
        needs is not installed.
    SkyclassError
        If the cutouts cannot be used.

    Examples
    --------
    >>> from skyclass.pipeline.export_model import export_model
    >>> export_model("stars", "stars-onnx").folder.name
    'stars-onnx'
    """
    check_export(out, file_format, int8=int8, cutouts=cutouts)
    source, out = locate_model(model), Path(out)
    spec = read_spec(source)
    make_directory(out.absolute().parent)
    with TemporaryDirectory(dir=out.absolute().parent, prefix=f".{out.name}-") as name:
        folder = Path(name) / "model"
        _copy_rest(source, folder)
        graph = folder / ONNX_FILE
        _write_graph(source, graph)
        whole, accuracies, count = OnnxClassifier(graph, spec), None, 0
        if (source / WEIGHTS_FILE).exists():
            whole.check_weights(graph, source / WEIGHTS_FILE)
        if cutouts is not None:
            count = _check_objects(open_cutouts(cutouts), spec, least)
            _quantise(whole, graph, open_cutouts(cutouts))
            # the probabilities of these are those of 32 bits
            (folder / CALIBRATION_FILE).unlink(missing_ok=True)
        if file_format == "openvino":
            write_openvino(graph, spec, folder / OPENVINO_FILE)
            graph.unlink()
        exported = load_predictor(folder)
        if cutouts is not None:
            accuracies = _compare(whole, exported, open_cutouts(cutouts), progress)
        folder.replace(out)
    return Exported(out, accuracies, count)


def _copy_rest(source: Path, folder: Path) -> None:
    """Copy what is in the folder of a model besides its weights and graphs."""
    folder.mkdir()
    left = {WEIGHTS_FILE, ONNX_FILE, OPENVINO_FILE, Path(OPENVINO_FILE).with_suffix(".bin").name}
    for path in source.iterdir():
        if path.is_file() and path.name not in left:
            shutil.copyfile(path, folder / path.name)


def _write_graph(source: Path, graph: Path) -> None:
    """Copy the ONNX file of a model, or write it with PyTorch."""
    if (source / ONNX_FILE).exists() or not (source / WEIGHTS_FILE).exists():
        if not (source / ONNX_FILE).exists():
            raise ModelError(
                f"{source} has neither {ONNX_FILE} nor {WEIGHTS_FILE} beside {SPEC_FILE}"
            )
        shutil.copyfile(source / ONNX_FILE, graph)
        return
    check_installed("torch", purpose=f"{source}, a model without {ONNX_FILE},")
    from skyclass.models.export_onnx import export_onnx
    from skyclass.models.saved_model import load_model

    export_onnx(load_model(source), graph)


class _Recorder:
    """A predictor that keeps what it is asked to classify."""

    def __init__(self, predictor: OnnxClassifier) -> None:
        self._predictor = predictor
        self.spec, self.calibration = predictor.spec, predictor.calibration
        self.feeds: list[Feed] = []

    def probabilities(
        self,
        flux: NDArray[np.float32],
        offset: NDArray[np.float32] | None = None,
        *,
        columns: NDArray[np.float32] | None = None,
        measured: NDArray[np.float32] | None = None,
    ) -> NDArray[np.float64]:
        """Classify cutouts, `[n, class]`."""
        inputs = {"flux": flux, "offset": offset, "columns": columns, "measured": measured}
        self.feeds.append({name: _as_input(inputs[name]) for name in list_inputs(self.spec)})
        return self._predictor.probabilities(flux, offset, columns=columns, measured=measured)


def _as_input(values: NDArray[np.float32] | None) -> NDArray[np.float32]:
    """Convert what a graph takes to its type."""
    return np.ascontiguousarray(values, dtype=np.float32)


def _quantise(whole: OnnxClassifier, graph: Path, stored: StoredCutouts) -> None:
    """Quantise a graph in place on training objects."""
    recorder = _Recorder(whole)
    classify_batches(islice(_read(stored, whole, "train"), _SHOWN), recorder, no_progress)
    small = graph.with_name("int8.onnx")
    quantise(graph, small, recorder.feeds)
    small.replace(graph)


def _read(stored: StoredCutouts, predictor: Predictor, split: str) -> Iterable[CutoutBatch]:
    """Read the cutouts of one split."""
    stored[split]  # raises where there is none
    batches = read_stored_batches(stored, predictor.spec)
    return (batch for batch in batches if batch.objects["split"].iloc[0] == split)


def _check_objects(stored: StoredCutouts, spec: ModelSpec, least: int) -> int:
    """Check that there are labelled objects enough to compare accuracies; return their number."""
    labels, count = stored.info.labels, len(stored["test"])
    if set(labels) != set(spec.labels):
        raise ModelError(
            f"the cutouts in {stored.path} have the classes {' '.join(labels)}, the model"
            f" {' '.join(spec.labels)}"
        )
    if count < least:
        raise ModelError(
            f"{stored.path} has {count} test objects; {least:,} are needed to see 0.2 points"
        )
    return count


def _compare(
    whole: Predictor, small: Predictor, stored: StoredCutouts, progress: Progress
) -> tuple[float, float]:
    """Compare the accuracies of a model in 32 and 8 bits; raise if it loses too much."""
    true = np.array(stored.info.labels)[stored["test"].label]
    right: Any = [
        (classify_batches(_read(stored, each, "test"), each, progress)["class"] == true).mean()
        for each in (whole, small)
    ]
    if right[1] < right[0] - _MOST_LOST:
        raise ModelError(
            f"in 8 bits the model is right for {right[1]:.2%} of {len(true):,} test objects, in 32"
            f" bits for {right[0]:.2%}: more than 0.2 points are lost, nothing was written"
        )
    return float(right[0]), float(right[1])
