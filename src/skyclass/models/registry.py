"""The registry of networks: created by name for any number of channels and classes."""

import difflib
from collections.abc import Sequence
from typing import Final

from skyclass.errors import ModelError
from skyclass.models.compact_network import CompactNetwork
from skyclass.models.network import Network, create_head
from skyclass.models.normalisation import create_normalisation
from skyclass.models.presets import PRESETS, resolve_network

__all__ = ["OWN", "check_network_name", "check_patch", "create_network", "networks"]

_CONVOLUTIONAL: Final = (
    "compact",
    "mobilenet-small",
    "resnet-small",
    "vgg-small",
    "xception-small",
)
OWN: Final = ("vit-small", *_CONVOLUTIONAL)
"""Names of the networks of skyclass."""


def networks() -> tuple[str, ...]:
    """List the names of all networks of skyclass and of all presets; timm's are known besides."""
    return (*OWN, *PRESETS)


def check_network_name(name: str) -> None:
    """Refuse the name of a network that does not exist.

    Parameters
    ----------
    name
        What the user wrote.

    Raises
    ------
    ModelError
        Where it is neither one of `networks` nor a model of timm; the nearest ones are named.
    """
    if name in networks():
        return
    # not before it is needed: it takes a second
    import timm

    tagged = timm.list_pretrained()
    if name in tagged or ("." not in name and timm.is_model(name)):
        return
    known = [*networks(), *timm.list_models(), *tagged]
    close = difflib.get_close_matches(name, known, n=3, cutoff=0.0)
    raise ModelError(
        f"unknown model {name!r}; did you mean {', '.join(map(repr, close))}? (there are"
        f" {', '.join(networks())}, and the models of timm)"
    )


def check_patch(name: str, patch: int | None) -> None:
    """Refuse patches for a network of skyclass that has none.

    Parameters
    ----------
    name
        Of a network.
    patch
        Pixels a side.

    Raises
    ------
    ModelError
        Where it has no patches.
    """
    if patch is not None and name in _CONVOLUTIONAL:
        raise ModelError(f"{name} has no patches; take model.patch out")


def create_network(
    name: str,
    channels: int,
    classes: int,
    size: tuple[int, int] = (64, 64),
    *,
    head: Sequence[int] = (),
    extra: int = 0,
    normalisation: str = "batch",
    native: bool = False,
    patch: int | None = None,
) -> Network:
    """Create a network with fresh weights.

    Parameters
    ----------
    name
        One of `networks`, or a model of timm.
    channels, classes
        Numbers of channels of the image type and of classes.
    size
        Height and width of the images in pixels.
    head
        Widths of the hidden layers between features and classes.
    extra
        Features joined to those of the image before the head.
    normalisation
        `own`, `symmetric` or `batch`.
    native, patch
        As `model.native` and `model.patch` of the experiment file.

    Returns
    -------
    Network
        From `[n, channel, y, x]` to logits `[n, class]`.

    Raises
    ------
    ModelError
        Where there is none of that name, or the settings do not go with it.
    """
    name = resolve_network(name)
    check_network_name(name)
    check_patch(name, patch)
    if name == "compact":
        first = create_normalisation(normalisation, channels, None)
        return CompactNetwork(channels, classes, head=head, extra=extra, normalisation=first)
    # not before it is needed: timm takes a second to import
    from skyclass.models.backbone import (
        BackboneNetwork,
        count_features,
        create_backbone,
        get_pretrained_normalisation,
    )
    from skyclass.models.small_networks import create_small_network

    if name in OWN:
        own, backbone = None, create_small_network(name, channels, size, patch)
    else:
        own = get_pretrained_normalisation(name)
        backbone = create_backbone(name, channels, size, native=native, patch=patch)
    first = create_normalisation(normalisation, channels, own)
    width = count_features(backbone, channels, size)
    return BackboneNetwork(first, backbone, width, create_head(width + extra, head, classes), extra)
