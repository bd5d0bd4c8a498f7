"""The objects that a model was not trained on, kept beside it: when its answers can be trusted."""

import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from skyclass.errors import ModelError
from skyclass.files import atomic_path
from skyclass.measurement.measurement import Measurement
from skyclass.models.model_spec import ModelSpec
from skyclass.models.spec_file import WEIGHTS_FILE, hash_weights

__all__ = ["CALIBRATION_FILE", "CalibrationObjects", "read_calibration", "write_calibration"]

CALIBRATION_FILE: Final = "calibration.safetensors"
"""Name of the file in the folder of a model."""

_NOTES: Final = "skyclass"
"""Key of the notes in the file, JSON: under several keys their order would change."""

_MEASURED: Final = ("measured.", "training.")
"""Begin the names of measured quantities: of the calibration objects, and of training objects."""


@dataclass(frozen=True, eq=False)
class CalibrationObjects:
    """What a model makes of `n` objects that it was not trained on, and what was measured of them.

    Where nothing was measured, both measurements and the labels of training objects are None.
    """

    split: str
    """Split that they are from: calibration, or validation where there is no such split."""
    label: NDArray[np.int64]
    """Classes, `[n]`."""
    probabilities: NDArray[np.float64]
    """`[n, class]`."""
    magnitude: NDArray[np.float64]
    """Magnitude in the survey's detection band, `[n]`; NaN where the flux is not positive."""
    measured: Measurement | None = None
    """Of the `n` objects."""
    training: Measurement | None = None
    """Of `m` objects that the model was trained on."""
    training_label: NDArray[np.int64] | None = None
    """Their classes, `[m]`."""

    def __len__(self) -> int:
        """Return the number of objects."""
        return len(self.label)


def write_calibration(calibration: CalibrationObjects, directory: Path) -> None:
    """Write the calibration objects of a model into its folder, tied to its weights.

    Parameters
    ----------
    calibration
        What to write.
    directory
        Folder of the model, with its weights.
    """
    arrays: dict[str, NDArray[Any]] = {
        "label": calibration.label,
        "probabilities": calibration.probabilities,
        "magnitude": calibration.magnitude,
    }
    if calibration.training_label is not None:
        arrays["training_label"] = calibration.training_label
    for prefix, each in zip(_MEASURED, (calibration.measured, calibration.training), strict=True):
        if each is not None:
            arrays |= {prefix + name: values for name, values in vars(each).items()}
    notes = [calibration.split, hash_weights(directory / WEIGHTS_FILE)]
    whole = {name: np.ascontiguousarray(values) for name, values in arrays.items()}
    content = save(whole, {_NOTES: json.dumps(notes)})
    with atomic_path(directory / CALIBRATION_FILE) as partial:
        partial.write_bytes(content)


def read_calibration(directory: Path, spec: ModelSpec) -> CalibrationObjects | None:
    """Read the calibration objects of a model.

    Parameters
    ----------
    directory
        Folder of the model.
    spec
        Its specification.

    Returns
    -------
    CalibrationObjects or None
        None for a model that was saved without.

    Raises
    ------
    ModelError
        If the file is broken, or belongs to other weights or classes.
    """
    path = directory / CALIBRATION_FILE
    if not path.exists():
        return None
    try:
        with safe_open(path, framework="numpy") as file:
            split, made_from = json.loads((file.metadata() or {})[_NOTES])
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        calibration = _assemble(arrays, split)
    except (OSError, KeyError, TypeError, ValueError, SafetensorError) as error:
        reason = str(error).splitlines()[0]
        raise ModelError(
            f"{path} is broken ({reason}); save the model again, or remove the file"
        ) from error
    weights = directory / WEIGHTS_FILE
    belongs = not weights.exists() or made_from == hash_weights(weights)
    if not belongs or calibration.probabilities.shape[1] != len(spec.labels):
        raise ModelError(
            f"{path} was made from another model than the one beside it; run its experiment again,"
            f" or remove {path.name}"
        )
    return calibration


def _assemble(arrays: dict[str, NDArray[Any]], split: str) -> CalibrationObjects:
    """Sort the arrays of a file by what they belong to."""
    measured, training = (
        Measurement(**{name: arrays[prefix + name] for name in _list_quantities()})
        if prefix + _list_quantities()[0] in arrays
        else None
        for prefix in _MEASURED
    )
    return CalibrationObjects(
        split=split,
        label=arrays["label"].astype(np.int64),
        probabilities=arrays["probabilities"].astype(np.float64),
        magnitude=arrays["magnitude"].astype(np.float64),
        measured=measured,
        training=training,
        training_label=arrays["training_label"].astype(np.int64) if training else None,
    )


def _list_quantities() -> list[str]:
    """List the names of what is measured of an object."""
    return [field.name for field in fields(Measurement)]
