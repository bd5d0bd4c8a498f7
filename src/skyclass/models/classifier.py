"""A classifier: an image type and a network, from calibrated cutouts to probabilities."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file
from safetensors.torch import save as to_bytes
from torch import Tensor, nn

from skyclass.errors import ModelError
from skyclass.files import make_directory
from skyclass.images import get_image_type
from skyclass.models.registry import create_network

__all__ = ["Classifier", "ModelSpec", "load", "save"]

_WEIGHTS: Final = "model.safetensors"
_SPEC: Final = "config.json"


@dataclass(frozen=True)
class ModelSpec:
    """Everything but the weights."""

    task: str
    """Name of the task."""
    labels: tuple[str, ...]
    """Class names in the order of the outputs."""
    image_type: str
    """Name of the image type."""
    network: str
    """Name of the network."""
    size: int
    """Pixels a side of the cutouts it was trained on."""
    bands: tuple[str, ...]
    """Order of the band axis of the cutouts."""
    unit: str
    """Unit of the cutouts."""
    simulated: bool
    """Whether it was trained on simulated data."""


class Classifier(nn.Module):
    """Calibrated cutouts in, logits out.

    Parameters
    ----------
    spec
        What to build; weights start fresh.
    """

    def __init__(self, spec: ModelSpec) -> None:
        super().__init__()
        self.spec = spec
        self.image_type = get_image_type(spec.image_type)
        self.network = create_network(spec.network, self.image_type.channels, len(spec.labels))

    def forward(self, flux: Tensor) -> Tensor:
        """Give logits, `[n, class]`, for nanomaggies, `[n, 5, y, x]`."""
        logits: Tensor = self.network(self.image_type(flux))
        return logits

    @torch.inference_mode()
    def probabilities(
        self, flux: NDArray[np.float32], batch_size: int = 256
    ) -> NDArray[np.float64]:
        """Classify cutouts.

        Parameters
        ----------
        flux
            Nanomaggies, `[n, 5, y, x]`.
        batch_size
            Cutouts worked on at once.

        Returns
        -------
        numpy.ndarray
            Probabilities, `[n, class]`, each row adding up to one.
        """
        self.eval()
        parts = [
            torch.from_numpy(flux[start : start + batch_size])
            for start in range(0, len(flux), batch_size)
        ]
        rows = [torch.softmax(self(part).double(), dim=1) for part in parts]
        return torch.cat(rows).numpy() if len(flux) else np.empty((0, len(self.spec.labels)))


def save(classifier: Classifier, directory: Path) -> None:
    """Write a classifier as safetensors and JSON.

    Parameters
    ----------
    classifier
        What to write.
    directory
        Folder to write `model.safetensors` and `config.json` into.
    """
    make_directory(directory)
    tensors = {name: value.contiguous() for name, value in classifier.state_dict().items()}
    (directory / _WEIGHTS).write_bytes(to_bytes(tensors))
    text = json.dumps(asdict(classifier.spec), indent=1)
    (directory / _SPEC).write_text(text, encoding="utf-8")


def load(directory: Path) -> Classifier:
    """Read a classifier that `save` wrote; nothing in its files is executed.

    Parameters
    ----------
    directory
        Folder with `model.safetensors` and `config.json`.

    Returns
    -------
    Classifier
        Ready to classify.

    Raises
    ------
    ModelError
        Where the folder holds no such model, or its weights do not fit its configuration.
    """
    try:
        values = json.loads((directory / _SPEC).read_text(encoding="utf-8"))
        values |= {name: tuple(values[name]) for name in ("labels", "bands")}
        classifier = Classifier(ModelSpec(**values))
        classifier.load_state_dict(load_file(directory / _WEIGHTS))
    except (OSError, ValueError, TypeError, KeyError, RuntimeError, SafetensorError) as error:
        raise ModelError(
            f"{directory} holds no usable model ({_SPEC}, {_WEIGHTS}): {str(error).splitlines()[0]}"
        ) from error
    return classifier
