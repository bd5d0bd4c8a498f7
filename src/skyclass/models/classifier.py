"""A classifier: an image type and a network, from calibrated cutouts to probabilities."""

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
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
from skyclass.images import Renderer
from skyclass.models.registry import create_network

__all__ = ["Classifier", "ModelSpec", "load", "save"]

_WEIGHTS: Final = "model.safetensors"
_SPEC: Final = "config.json"
_UPSCALER: Final = "upscaler.safetensors"


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
    registration: str = "none"
    """How the bands are brought onto one grid; models saved without it were trained so."""
    crop: int | None = None
    """Side in pixels of the central square of the cutouts that is used."""
    image_size: int | None = None
    """Height in pixels that pictures are resized to."""
    resize: str = "lanczos"
    """How they are resized."""
    upscaler: str | None = None
    """File of the weights that enlarge them; beside the model where it is saved."""
    temperature: float = 1.0
    """What logits are divided by before they become probabilities (Guo et al. 2017, ICML)."""
    temperature_from: str | None = None
    """Split that the temperature was fitted on."""

    def __post_init__(self) -> None:
        if not self.temperature > 0:
            raise ModelError(f"a temperature must be above 0, not {self.temperature}")


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
        self.renderer = Renderer(
            spec.image_type,
            spec.registration,
            bands=spec.bands,
            crop=spec.crop,
            size=spec.image_size,
            resize=spec.resize,
            upscaler=Path(spec.upscaler) if spec.upscaler else None,
        )
        self.samples = self.renderer.image_type.samples
        channels = self.renderer.image_type.channels
        self.network = create_network(spec.network, channels, len(spec.labels))

    @property
    def head(self) -> nn.Module:
        """From features `[n, width]` to logits `[n, class]`."""
        return self.network.head

    @property
    def width(self) -> int:
        """Features of a picture."""
        return self.network.width

    @property
    def temperature(self) -> float:
        """What logits are divided by before they become probabilities; part of the spec."""
        return self.spec.temperature

    @temperature.setter
    def temperature(self, value: float) -> None:
        self.spec = replace(self.spec, temperature=value)

    def embed(
        self,
        flux: Tensor,
        offset: Tensor | None = None,
        change: Callable[[Tensor], Tensor] | None = None,
    ) -> Tensor:
        """Give the features that the head sees.

        Parameters
        ----------
        flux
            Nanomaggies, `[n, 5, y, x]`.
        offset
            Pixels in y and x from the cutouts' centres to the objects, `[n, 5, 2]`; may be left
            out where bands are not registered.
        change
            Applied to the registered cutouts; nothing by default.

        Returns
        -------
        torch.Tensor
            `[n * samples, width]`, the samples of one object after one another.
        """
        registered = self.renderer.register(flux, offset)
        if change is not None:
            registered = change(registered)
        return self.network.embed(self.renderer.draw(registered))

    def forward(
        self,
        flux: Tensor,
        offset: Tensor | None = None,
        change: Callable[[Tensor], Tensor] | None = None,
    ) -> Tensor:
        """Give logits, not divided by the temperature: `[n * samples, class]`; see `embed`."""
        logits: Tensor = self.head(self.embed(flux, offset, change))
        return logits

    @torch.inference_mode()
    def probabilities(
        self,
        flux: NDArray[np.float32],
        offset: NDArray[np.float32] | None = None,
        batch_size: int = 256,
    ) -> NDArray[np.float64]:
        """Classify cutouts.

        Parameters
        ----------
        flux
            Nanomaggies, `[n, 5, y, x]`.
        offset
            Pixels in y and x from the cutouts' centres to the objects, `[n, 5, 2]`; may be left
            out where bands are not registered.
        batch_size
            Cutouts worked on at once.

        Returns
        -------
        numpy.ndarray
            Probabilities, `[n, class]`, each row adding up to one; the mean over the samples of an
            object where the image type makes several.
        """
        self.eval()
        rows = [np.empty((0, len(self.spec.labels)))]
        for start in range(0, len(flux), batch_size):
            part = np.s_[start : start + batch_size]
            moved = None if offset is None else torch.from_numpy(offset[part])
            logits = self(torch.from_numpy(flux[part]), moved).double()
            shares = torch.softmax(logits / self.temperature, dim=1)
            rows.append(shares.reshape(-1, self.samples, shares.shape[-1]).mean(dim=1).numpy())
        return np.concatenate(rows)


def save(classifier: Classifier, directory: Path) -> None:
    """Write a classifier as safetensors and JSON.

    Parameters
    ----------
    classifier
        What to write.
    directory
        Folder to write `model.safetensors` and `config.json` into, and a copy of the weights of
        an upscaler where it uses one.
    """
    make_directory(directory)
    tensors = {name: value.contiguous() for name, value in classifier.state_dict().items()}
    (directory / _WEIGHTS).write_bytes(to_bytes(tensors))
    spec = classifier.spec
    if spec.upscaler is not None:
        shutil.copyfile(spec.upscaler, directory / _UPSCALER)
        spec = replace(spec, upscaler=_UPSCALER)
    text = json.dumps(asdict(spec), indent=1)
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
        if values.get("upscaler") is not None:
            values["upscaler"] = str(directory / _UPSCALER)
        classifier = Classifier(ModelSpec(**values))
        classifier.load_state_dict(load_file(directory / _WEIGHTS))
    except (OSError, ValueError, TypeError, KeyError, RuntimeError, SafetensorError) as error:
        raise ModelError(
            f"{directory} holds no usable model ({_SPEC}, {_WEIGHTS}): {str(error).splitlines()[0]}"
        ) from error
    return classifier
