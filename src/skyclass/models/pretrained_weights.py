"""Weights of timm's models, in timm's own form or in that of Hugging Face's `transformers`."""

from typing import Any, Final

from torch import Tensor, nn

from skyclass.errors import ModelError
from skyclass.models.backbone import BackboneNetwork, create_backbone, get_pretrained_config
from skyclass.models.classifier import Classifier
from skyclass.models.hugging_face_vit import convert_hugging_face_weights, is_hugging_face_vit
from skyclass.models.input_channels import adapt_input_channels
from skyclass.models.load_weights import load_weights
from skyclass.models.registry import networks

__all__ = ["load_pretrained_weights"]

_PRETRAINING: Final = {1000, 11221, 21841, 21843}
"""Classes of ImageNet-1k and of the forms of ImageNet-21k; such a head is left out."""


def load_pretrained_weights(classifier: Classifier, state: dict[str, Tensor], source: str) -> None:
    """Fit weights in timm's or Hugging Face's form to a backbone, and to a head for its classes.

    Parameters
    ----------
    classifier
        With a model of timm.
    state
        Tensors by name; the head's are taken out.
    source
        What to call them in an error.

    Raises
    ------
    ModelError
        Where they are for another network, or another number of channels or classes.
    """
    network = classifier.network
    if not isinstance(network, BackboneNetwork) or classifier.spec.network in networks():
        raise ModelError(f"{source} holds no weights of {classifier.spec.network} of skyclass")
    if is_hugging_face_vit(state):
        state = convert_hugging_face_weights(state)
    spec = classifier.spec
    config = get_pretrained_config(spec.network)
    _take_head(network.head, state, config, len(spec.labels), source)
    channels, *size = classifier.picture_shape
    stems = [f"{name}.weight" for name in _several(config.get("first_conv"))]
    given = next((state[name].shape[1] for name in stems if name in state), 3)
    if given not in {3, channels}:
        raise ModelError(
            f"{source}: weights for pictures of {given} channels, not {channels} (nor 3); use the"
            " image type they were trained on"
        )
    try:
        backbone = create_backbone(
            spec.network,
            given,
            (size[0], size[1]),
            native=spec.native,
            patch=spec.patch,
            state=state,
        )
    except RuntimeError as error:
        told = f"{source} is of another network than {spec.network}"
        raise ModelError(f"{told}: {_short(error)}") from error
    weights = backbone.state_dict()
    if given != channels:
        weights |= {name: adapt_input_channels(weights[name], channels) for name in stems}
    load_weights(network.backbone, weights, source)


def _take_head(
    head: nn.Module, state: dict[str, Tensor], config: dict[str, Any], classes: int, source: str
) -> None:
    """Take the classes out of a file's weights, and use them where they are the task's."""
    for name in _several(config.get("classifier")):
        weight, bias = (state.pop(f"{name}.{part}", None) for part in ("weight", "bias"))
        if weight is None or len(weight) in _PRETRAINING | {config.get("num_classes")}:
            continue
        if len(weight) != classes:
            raise ModelError(
                f"{source}: weights for {len(weight)} classes, not {classes} ({name}); take"
                f" {name}.weight and {name}.bias out to start with a fresh head"
            )
        if isinstance(head, nn.Linear) and weight.shape == head.weight.shape and bias is not None:
            head.load_state_dict({"weight": weight, "bias": bias})


def _several(names: str | tuple[str, ...] | None) -> tuple[str, ...]:
    """Give names that timm gives alone, together or not at all."""
    return () if names is None else (names,) if isinstance(names, str) else tuple(names)


def _short(error: RuntimeError) -> str:
    """Give the first difference out of torch's long list."""
    lines = str(error).splitlines()
    return lines[min(1, len(lines) - 1)].strip().split(",")[0]
