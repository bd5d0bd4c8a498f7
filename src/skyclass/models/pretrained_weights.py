"""Load pretrained weights, in timm's own form or in that of Hugging Face's `transformers`."""

from typing import Final

from timm.models import PretrainedCfg
from torch import Tensor

from skyclass.errors import ModelError
from skyclass.models.backbone import BackboneNetwork, create_backbone, get_pretrained_config
from skyclass.models.classifier import Classifier
from skyclass.models.hugging_face_vit import convert_hugging_face_weights, is_hugging_face_vit
from skyclass.models.initial_head import choose_head
from skyclass.models.input_channels import adapt_input_channels
from skyclass.models.load_weights import load_weights
from skyclass.models.registry import is_timm

__all__ = ["load_pretrained_weights"]

_PRETRAINING: Final = {1000, 11221, 21841, 21843}
"""Classes of ImageNet-1k and of the forms of ImageNet-21k; such a head is left out."""


def load_pretrained_weights(classifier: Classifier, state: dict[str, Tensor], source: str) -> str:
    """Load weights into a timm backbone, and into a head for the same classes.

    Parameters
    ----------
    classifier
        Its network is a model of timm.
    state
        Tensors by name; the head's are taken out.
    source
        Where they come from, for messages.

    Returns
    -------
    str
        Whether the head was kept or made anew, and why.

    Raises
    ------
    ModelError
        If they are for another network, or another number of channels.
    """
    network = classifier.network
    spec = classifier.spec
    if not isinstance(network, BackboneNetwork) or not is_timm(spec.network):
        raise ModelError(f"{source} holds no weights of the network {spec.network} of skyclass")
    if is_hugging_face_vit(state):
        state = convert_hugging_face_weights(state)
    config = get_pretrained_config(spec.network)
    head, origin = choose_head(network.head, _take_head(state, config), spec.labels)
    channels, *size = classifier.picture_shape
    stems = [
        f"{name}.weight" for name in _list_names(None if config is None else config.first_conv)
    ]
    stored = next((state[name].shape[1] for name in stems if name in state), 3)
    if stored not in {3, channels}:
        raise ModelError(
            f"{source}: weights for pictures of {stored} channels, not {channels} (nor 3); use the"
            " image type they were trained on"
        )
    try:
        backbone = create_backbone(
            spec.network,
            stored,
            (size[0], size[1]),
            native=spec.native,
            patch=spec.patch,
            state=state,
        )
    except RuntimeError as error:
        raise ModelError(
            f"{source} is of another network than {spec.network}: {_shorten(error)}"
        ) from error
    weights = backbone.state_dict()
    if stored != channels:
        weights |= {name: adapt_input_channels(weights[name], channels) for name in stems}
    load_weights(network.backbone, weights, source)
    network.head.load_state_dict(head)
    return origin


def _take_head(state: dict[str, Tensor], config: PretrainedCfg | None) -> dict[str, Tensor]:
    """Remove the head from a file's weights; return it unless it is of a pretraining."""
    head: dict[str, Tensor] = {}
    for name in _list_names(None if config is None else config.classifier):
        taken = {part: state.pop(f"{name}.{part}", None) for part in ("weight", "bias")}
        head = head or {part: value for part, value in taken.items() if value is not None}
    pretraining = _PRETRAINING | ({config.num_classes} if config is not None else set())
    return {} if "weight" in head and len(head["weight"]) in pretraining else head


def _list_names(names: str | tuple[str, ...] | None) -> tuple[str, ...]:
    """List names that timm states alone, together or not at all."""
    return () if names is None else (names,) if isinstance(names, str) else tuple(names)


def _shorten(error: RuntimeError) -> str:
    """Select the first difference of torch's long list."""
    lines = str(error).splitlines()
    return lines[min(1, len(lines) - 1)].strip().split(",")[0]
