"""Build a classifier for training, from fresh or from trained weights."""

from dataclasses import replace
from pathlib import Path
from typing import Final

from torch import Tensor

from skyclass.models.classifier import Classifier
from skyclass.models.hub_cache import download_pretrained_weights
from skyclass.models.initial_head import choose_head
from skyclass.models.initial_weights import locate_weights, read_stored_spec, read_weights
from skyclass.models.load_weights import load_weights
from skyclass.models.model_spec import HUB, ModelSpec

__all__ = ["build_classifier"]

_OWN: Final = "network."
"""Prefix of the names of weights in a model that skyclass saved."""

_HEAD: Final = "head."


def build_classifier(spec: ModelSpec) -> Classifier:
    """Build a classifier with its initial weights.

    Parameters
    ----------
    spec
        Model to build.

    Returns
    -------
    Classifier
        With the head of the weights if that is for the same classes, else a fresh one;
        `head_origin` of its specification says which.

    Raises
    ------
    ModelError
        If the weights are unavailable, not in safetensors, or for another network or another
        number of channels.
    """
    classifier = Classifier(spec)
    if spec.weights is None:
        return classifier
    path = (
        download_pretrained_weights(spec.network)
        if spec.weights == HUB
        else locate_weights(spec.weights)
    )
    state = read_weights(path)
    if any(name.startswith(_OWN) for name in state):
        origin = _load_own_weights(classifier, state, path)
    else:
        # not before it is needed: timm takes a second to import
        from skyclass.models.pretrained_weights import load_pretrained_weights

        origin = load_pretrained_weights(classifier, state, str(path))
    classifier.spec = replace(spec, head_origin=origin)
    return classifier


def _load_own_weights(classifier: Classifier, state: dict[str, Tensor], path: Path) -> str:
    """Load weights that skyclass saved; return where the head is from."""
    weights = {name.removeprefix(_OWN): value for name, value in state.items()}
    stored = read_stored_spec(path)
    head, origin = choose_head(
        classifier.head,
        {
            name.removeprefix(_HEAD): weights.pop(name)
            for name in list(weights)
            if name.startswith(_HEAD)
        },
        classifier.spec.labels,
        None if stored is None else stored.labels,
    )
    weights |= {_HEAD + name: value for name, value in head.items()}
    load_weights(classifier.network, weights, str(path))
    return origin
