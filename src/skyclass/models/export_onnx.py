"""Export a classifier to ONNX: one graph from calibrated cutouts to probabilities."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from skyclass.errors import ModelError
from skyclass.files import AnyPath, atomic_path
from skyclass.models.classifier import Classifier
from skyclass.models.graph_classifier import list_inputs
from skyclass.models.onnx_model import LARGEST_ONNX, OnnxClassifier, make_metadata
from skyclass.models.predictor import Predictor
from skyclass.models.spec_file import WEIGHTS_FILE

__all__ = ["TOLERANCE", "export_onnx"]

TOLERANCE: Final = 1e-4
"""Largest difference between the probabilities of the graph and PyTorch's."""

_EXPORTED, _CHECKED = 3, 7
"""Cutouts that the graph is traced with and, other in number, checked with."""


class _WholeGraph(nn.Module):
    """From the inputs of `list_inputs` to probabilities."""

    def __init__(self, classifier: Classifier) -> None:
        super().__init__()
        self.classifier = classifier

    def forward(
        self,
        flux: Tensor,
        offset: Tensor | None = None,
        columns: Tensor | None = None,
        measured: Tensor | None = None,
    ) -> Tensor:
        """Compute `[n, class]`, float32."""
        return self.classifier.compute_probabilities(flux, offset, columns, measured).float()


def export_onnx(classifier: Classifier, path: AnyPath) -> None:
    """Write a classifier as an ONNX file, checked against PyTorch before it gets its name.

    The graph takes calibrated cutouts `flux`, `[n, band, y, x]`, for a model that registers the
    bands `offset`, `[n, band, 2]`, for one with catalogue columns `columns`, `[n, column]`, and for
    one that is told what was measured `measured`, `[n, column]`, all float32 and for any `n`; it
    returns `probabilities`, `[n, class]`. Image type, registration, resizing, standardisation and
    temperature are inside.

    Parameters
    ----------
    classifier
        Model to export.
    path
        File to write or replace. It notes the SHA-256 of `model.safetensors` in the same folder, if
        there is one.

    Raises
    ------
    ModelError
        If an operation of the model does not exist in ONNX, the package `onnxscript` is missing,
        the weights are too large for one file, or the probabilities differ from PyTorch's by more
        than 1e-4; the message says which, and nothing is written.
    OutputError
        If the file cannot be written.

    Examples
    --------
    >>> import skyclass
    >>> from skyclass.models.export_onnx import export_onnx
    >>> export_onnx(skyclass.load_model("model"), "stars.onnx")
    """
    size = sum(value.nbytes for value in classifier.state_dict().values())
    if size >= LARGEST_ONNX:
        raise ModelError(f"its weights have {size} bytes, an ONNX file holds less than 2 GiB")
    path = Path(path)
    training = classifier.training
    classifier.eval()
    try:
        program = _trace(classifier)
        program.model.metadata_props.update(
            make_metadata(classifier.spec, path.with_name(WEIGHTS_FILE))
        )
        with atomic_path(path) as partial:
            program.save(partial, external_data=False)
            _check(classifier, partial)
    finally:
        classifier.train(training)


def _trace(classifier: Classifier) -> torch.onnx.ONNXProgram:
    """Trace a classifier on a few cutouts, for batches of any size."""
    device = next(classifier.parameters()).device
    inputs = {
        name: torch.from_numpy(values).to(device)
        for name, values in _draw_inputs(classifier, _EXPORTED).items()
    }
    objects = torch.export.Dim("n")
    try:
        with _silence():
            program = torch.onnx.export(
                _WholeGraph(classifier).eval(),
                kwargs=inputs,
                output_names=["probabilities"],
                dynamic_shapes={name: {0: objects} for name in inputs},
                dynamo=True,
                verbose=False,
            )
    except Exception as error:  # the exporter passes on those of any operation
        raise ModelError(_explain(error)) from error
    if program is None:
        raise ModelError("the exporter returned no graph")
    return program


@contextmanager
def _silence() -> Iterator[None]:
    """Keep the exporter's notes off the screen: it logs, warns, and prints graphs that fail."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with (
            warnings.catch_warnings(action="ignore"),
            redirect_stdout(StringIO()),
            redirect_stderr(StringIO()),
        ):
            yield
    finally:
        logging.disable(before)


def _explain(error: BaseException) -> str:
    """Reduce an error of the exporter to one line on its first cause."""
    while error.__cause__ is not None:
        error = error.__cause__
    if isinstance(error, ModuleNotFoundError):
        return f"{error.name} is not installed"
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0][:200]


def _check(classifier: Classifier, path: Path) -> None:
    """Check that a graph returns the probabilities of its model."""
    inputs = _draw_inputs(classifier, _CHECKED)
    predictors: tuple[Predictor, ...] = (OnnxClassifier(path, classifier.spec), classifier)
    computed, expected = (
        predictor.probabilities(
            inputs["flux"],
            inputs.get("offset"),
            columns=inputs.get("columns"),
            measured=inputs.get("measured"),
        )
        for predictor in predictors
    )
    apart = float(np.abs(computed - expected).max())
    if not apart <= TOLERANCE:
        raise ModelError(f"its probabilities in ONNX differ from PyTorch's by {apart:.2g}")


def _draw_inputs(classifier: Classifier, count: int) -> dict[str, NDArray[np.float32]]:
    """Draw what a model takes: stars in noise, or grey levels, and columns with missing values."""
    spec = classifier.spec
    shapes = list_inputs(spec)
    rng = np.random.default_rng(count)
    offset = rng.uniform(-0.5, 0.5, (count, len(spec.bands), 2))
    pictures = classifier.renderer.image_type.source is not None
    columns = rng.normal(spec.column_mean, spec.column_deviation, (count, len(spec.column_mean)))
    columns[0] = np.nan
    measured = 10 ** rng.uniform(-1, 2, (count, *shapes.get("measured", (0,))))
    measured[0] = np.nan
    inputs = {
        "flux": rng.integers(0, 256, (count, *shapes["flux"]))
        if pictures
        else _draw_stars(offset, spec.size, rng),
        "offset": offset,
        "columns": columns,
        "measured": measured,
    }
    return {name: inputs[name].astype(np.float32) for name in shapes}


def _draw_stars(
    offset: NDArray[np.float64], size: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Draw stars of any brightness in noise, one of them partly masked, `[n, band, y, x]`."""
    distance = np.arange(size) - (size - 1) / 2 - offset[..., None]
    rows, columns = np.moveaxis(np.exp(-((distance / 2) ** 2)), 2, 0)
    peak = 10 ** rng.uniform(-1, 2.5, offset.shape[:2])
    flux = peak[..., None, None] * rows[..., :, None] * columns[..., None, :]
    flux += rng.normal(0, 0.05, flux.shape)
    flux[0, 0] = 0
    flux[0, -1, : size // 4] = np.nan
    return np.asarray(flux)
