"""Build a classifier for training, from fresh or from pretrained weights."""

from pathlib import Path
from typing import Final

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from skyclass.errors import ModelError
from skyclass.models.classifier import Classifier
from skyclass.models.hub_cache import download_pretrained_weights
from skyclass.models.load_weights import load_weights
from skyclass.models.model_spec import HUB, ModelSpec

__all__ = ["build_classifier"]

_OWN: Final = "network."
"""Prefix of the names of weights in a model that skyclass saved."""


def build_classifier(spec: ModelSpec) -> Classifier:
    """Build a classifier with its initial weights.

    Parameters
    ----------
    spec
        Model to build.

    Returns
    -------
    Classifier
        With the head of the file if that is linear and for as many classes, else a fresh one.

    Raises
    ------
    ModelError
        If the weights are unavailable, not in safetensors, or for another network or another
        number of channels or classes.
    """
    classifier = Classifier(spec)
    if spec.weights is None:
        return classifier
    path = download_pretrained_weights(spec.network) if spec.weights == HUB else Path(spec.weights)
    state = _read_weights(path)
    if any(name.startswith(_OWN) for name in state):
        own = {name.removeprefix(_OWN): value for name, value in state.items()}
        load_weights(classifier.network, own, str(path))
        return classifier
    # not before it is needed: timm takes a second to import
    from skyclass.models.pretrained_weights import load_pretrained_weights

    load_pretrained_weights(classifier, state, str(path))
    return classifier


def _read_weights(path: Path) -> dict[str, Tensor]:
    """Read a file of weights; nothing in it is executed."""
    if path.suffix != ".safetensors":
        raise ModelError(
            f"{path} is not a .safetensors file, and no other form is read: a pickle can run code;"
            " convert it with safetensors.torch.save_file"
        )
    try:
        return load_file(path)
    except (OSError, SafetensorError) as error:
        raise ModelError(f"{path} holds no weights: {str(error).splitlines()[0]}") from error
