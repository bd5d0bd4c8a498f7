"""The registry of networks: created by name for any number of channels and classes."""

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import nn

from skyclass.errors import ModelError
from skyclass.models.compact_network import CompactNetwork
from skyclass.models.measurement_network import MEASUREMENT, MeasurementNetwork
from skyclass.models.network import Network, create_head
from skyclass.models.normalisation import create_normalisation
from skyclass.models.presets import PRESETS, resolve_network
from skyclass.plugins import add_entry, load_plugins

__all__ = [
    "CreateBackbone",
    "RegisteredNetwork",
    "check_network_name",
    "check_patch",
    "create_network",
    "find_registered",
    "is_timm",
    "networks",
    "register_network",
]

GROUP: Final = "skyclass.networks"
"""Entry-point group; each entry names a `RegisteredNetwork`, or a function without parameters that
returns one."""

CreateBackbone = Callable[[int, tuple[int, int]], nn.Module]
"""Creates a backbone for images of some channels and (height, width) in pixels."""

_CONVOLUTIONAL: Final = (
    "compact",
    "mobilenet-small",
    "resnet-small",
    "vgg-small",
    "xception-small",
)
_OWN: Final = ("vit-small", *_CONVOLUTIONAL, MEASUREMENT)


@dataclass(frozen=True)
class RegisteredNetwork:
    """A network that skyclass does not bring along."""

    name: str
    """Name in experiment files."""
    create: CreateBackbone
    """Creates its backbone, from images `[n, channel, y, x]` to features `[n, width]`."""


_registered: dict[str, RegisteredNetwork] = {}


def register_network(name: str, create: CreateBackbone) -> RegisteredNetwork:
    """Add a network, so that experiment files and saved models can name it.

    Only its backbone is to be written: skyclass normalises the images before it, and joins
    catalogue columns and a head for the classes behind it.

    Parameters
    ----------
    name
        Name in experiment files; must be new.
    create
        Function of the number of channels and the (height, width) of the images in pixels. It
        returns a module from images `[n, channel, y, x]`, float32, to features `[n, width]`.

    Returns
    -------
    RegisteredNetwork
        The entry of the registry.

    Raises
    ------
    ModelError
        If the name is taken.

    Examples
    --------
    >>> import skyclass
    >>> from skyclass.models.registry import create_network
    >>> from torch import nn
    >>> def create_pooled(channels, size):
    ...     return nn.Sequential(
    ...         nn.Conv2d(channels, 16, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()
    ...     )
    >>> skyclass.register_network("pooled", create_pooled).name
    'pooled'
    >>> network = create_network("pooled", channels=5, classes=7, size=(64, 64))
    >>> network.width
    16
    """
    _load_plugins()
    return _add(RegisteredNetwork(name, create))


def networks() -> tuple[str, ...]:
    """List the names of all networks and presets, except the models of timm."""
    _load_plugins()
    return (*_OWN, *_registered, *PRESETS)


def find_registered(name: str) -> RegisteredNetwork | None:
    """Look up a network that was registered.

    Parameters
    ----------
    name
        Name of any network.

    Returns
    -------
    RegisteredNetwork or None
        Its entry; None for the networks of skyclass and of timm.
    """
    if name not in _registered:
        _load_plugins()
    return _registered.get(name)


def is_timm(name: str) -> bool:
    """Check whether a network, by its resolved name, is taken from timm."""
    return name not in _OWN and find_registered(name) is None


def check_network_name(name: str) -> None:
    """Check that a network exists.

    Parameters
    ----------
    name
        One of `networks`, or a model of timm.

    Raises
    ------
    ModelError
        If there is none of that name; the nearest ones are named.
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
        f"model {name!r} is unknown; did you mean {', '.join(map(repr, close))}? (there are"
        f" {', '.join(networks())}, and the models of timm; `register_network` adds one)"
    )


def check_patch(name: str, patch: int | None) -> None:
    """Check that a network has patches whose size can be set.

    Parameters
    ----------
    name
        Name of a network.
    patch
        Pixels a side, or None.

    Raises
    ------
    ModelError
        If a size is set and the network has no patches.
    """
    without = (*_CONVOLUTIONAL, MEASUREMENT)
    if patch is not None and (name in without or find_registered(name) is not None):
        raise ModelError(f"{name} has no patches; remove model.patch")


def create_network(
    name: str,
    channels: int,
    classes: int,
    size: tuple[int, int] = (64, 64),
    *,
    head: Sequence[int] = (),
    extra: int = 0,
    measured: int = 0,
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
    measured
        How many of these, the last, are measured ones, with layers of their own to the classes.
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
        If there is no network of that name, or the settings contradict each other.
    """
    name = resolve_network(name)
    check_network_name(name)
    check_patch(name, patch)
    if name == MEASUREMENT:
        return MeasurementNetwork(create_head(extra - measured, head, classes, measured), extra)
    if name == "compact":
        first = create_normalisation(normalisation, channels, None)
        return CompactNetwork(
            channels, classes, head=head, extra=extra, measured=measured, normalisation=first
        )
    # not before it is needed: timm takes a second to import
    from skyclass.models.backbone import (
        BackboneNetwork,
        count_features,
        create_backbone,
        get_pretrained_normalisation,
    )
    from skyclass.models.small_networks import create_small_network

    own = None
    if name in _OWN:
        backbone = create_small_network(name, channels, size, patch)
    elif (registered := find_registered(name)) is not None:
        backbone = _create_registered(registered, channels, size)
    else:
        own = get_pretrained_normalisation(name)
        backbone = create_backbone(name, channels, size, native=native, patch=patch)
    first = create_normalisation(normalisation, channels, own)
    width = count_features(backbone, channels, size)
    last = create_head(width + extra - measured, head, classes, measured)
    return BackboneNetwork(first, backbone, width, last, extra)


def _create_registered(
    network: RegisteredNetwork, channels: int, size: tuple[int, int]
) -> nn.Module:
    """Create a backbone that others wrote, and check its output."""
    backbone = network.create(channels, size)
    with torch.no_grad():
        features = backbone.eval()(torch.zeros(2, channels, *size))
    backbone.train()
    if features.ndim != 2 or len(features) != 2:
        raise ModelError(
            f"network {network.name!r} returns features of the shape {tuple(features.shape)} for 2"
            " images, not [2, width]; pool and flatten them"
        )
    return backbone


def _add(network: RegisteredNetwork) -> RegisteredNetwork:
    """Add a network whose name is new."""
    # not before it is needed: it takes a second
    import timm

    name = network.name
    if name in (*_OWN, *_registered, *PRESETS) or timm.is_model(name):
        raise ModelError(f"network {name!r} exists already; choose another name")
    add_entry(_registered, name, network)
    return network


def _load_plugins() -> None:
    """Add the networks of installed packages."""
    load_plugins(GROUP, RegisteredNetwork, _add)
