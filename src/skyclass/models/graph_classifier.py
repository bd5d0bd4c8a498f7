"""Classify with an exported graph, whichever runtime computes it: NumPy in, NumPy out."""

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from skyclass.cores import map_on_cores
from skyclass.errors import ImageError, ModelError
from skyclass.models.calibration_objects import CalibrationObjects
from skyclass.models.measured_inputs import QUANTITIES, complete_measured
from skyclass.models.model_spec import ModelSpec
from skyclass.models.spec_file import SPEC_FILE

__all__ = ["GraphClassifier", "check_graph", "list_inputs", "note_spec"]

_BATCH: Final = 32
"""Cutouts classified at once: on a CPU as many as its cache holds of a layer."""

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

Feed = dict[str, NDArray[np.float32]]
"""Inputs of a graph by name."""


class GraphClassifier(ABC):
    """Calibrated cutouts in, probabilities out, by the graph that `export_onnx` wrote.

    Parameters
    ----------
    spec
        Specification of its model.

    Attributes
    ----------
    spec
        Specification of the model.
    calibration
        Its calibration objects, where it was saved with them; set by whoever loads them.
    """

    def __init__(self, spec: ModelSpec) -> None:
        self.spec = spec
        self.calibration: CalibrationObjects | None = None
        self._shapes = list_inputs(spec)

    def __repr__(self) -> str:
        """Format the headline."""
        spec = self.spec
        return f"{type(self).__name__}({spec.task}: {' '.join(spec.labels)}; {spec.survey})"

    @abstractmethod
    def compute(self, batch: Feed) -> NDArray[np.float32]:
        """Compute the probabilities of one batch, on the thread that calls and no other.

        Parameters
        ----------
        batch
            Inputs of the graph.

        Returns
        -------
        numpy.ndarray
            `[n, class]`.
        """

    def probabilities(
        self,
        flux: NDArray[np.float32],
        offset: NDArray[np.float32] | None = None,
        *,
        columns: NDArray[np.float32] | None = None,
        measured: NDArray[np.float32] | None = None,
    ) -> NDArray[np.float64]:
        """Classify cutouts, batches of them side by side on the cores that there are.

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

        def compute(start: int) -> NDArray[np.float64]:
            batch = {name: values[start : start + _BATCH] for name, values in feed.items()}
            return self.compute(batch).astype(np.float64)

        nothing = np.empty((0, len(self.spec.labels)))
        shares = map_on_cores(compute, range(0, len(flux), _BATCH))
        joined: NDArray[np.float64] = np.concatenate([nothing, *shares])
        # the graph rounds to 32 bits
        joined /= joined.sum(axis=1, keepdims=True)
        return joined

    def _make_feed(self, given: Mapping[str, NDArray[np.float32] | None]) -> Feed:
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


def check_graph(
    path: Path,
    spec: ModelSpec,
    inputs: Mapping[str, tuple[int, ...]],
    outputs: list[tuple[int, ...]],
    note: str,
) -> None:
    """Check that a graph has the inputs, the output and the settings of a specification.

    Parameters
    ----------
    path
        File of the graph, for the message.
    spec
        The specification.
    inputs
        Shape of each input of the graph without the axis of the objects, by name.
    outputs
        Shapes of its outputs, likewise.
    note
        What `note_spec` wrote when the graph was made; empty if that is not known.

    Raises
    ------
    ModelError
        If it was made for another.
    """
    shapes = list_inputs(spec)
    if dict(inputs) != shapes or outputs != [(len(spec.labels),)]:
        raise ModelError(
            f"{path} takes {dict(inputs)} and returns {outputs}, {SPEC_FILE} describes {shapes}"
            f" and {len(spec.labels)} classes; save the model again"
        )
    made, current = json.loads(note or "{}"), _select_fields(spec)
    changed = [key for key in _IN_GRAPH if key in made and made[key] != current[key]]
    if changed:
        raise ModelError(
            f"{path} was made with {changed[0]} = {made[changed[0]]!r}, {SPEC_FILE} says"
            f" {current[changed[0]]!r}; save the model again, or remove {path.name}"
        )


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


def note_spec(spec: ModelSpec) -> str:
    """Note in JSON what the graph of a model depends on.

    Parameters
    ----------
    spec
        The model.

    Returns
    -------
    str
        For `check_graph`.
    """
    return json.dumps(_select_fields(spec))


def _select_fields(spec: ModelSpec) -> dict[str, Any]:
    """Select what the graph depends on, as JSON holds it."""
    values = TypeAdapter(ModelSpec).dump_python(spec, mode="json")
    return {name: values[name] for name in _IN_GRAPH}


def _make_missing_error(name: str, spec: ModelSpec) -> ImageError | ModelError:
    """Make the error about an input that is missing."""
    if name == "columns":
        return ModelError(f"the model needs the columns {', '.join(spec.columns)}")
    return ImageError(
        f"image type {spec.image_type} registers the bands: pass the objects' offsets"
    )
