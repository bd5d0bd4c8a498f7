"""The registry of networks: created by name for any number of channels and classes."""

from collections.abc import Callable
from typing import Final

from skyclass.errors import ModelError, nearest
from skyclass.models.compact import CompactNetwork
from skyclass.models.network import Network

__all__ = ["check_model", "create_network", "networks"]

_NETWORKS: Final[dict[str, Callable[[int, int], Network]]] = {"compact": CompactNetwork}


def networks() -> tuple[str, ...]:
    """List the names of all networks."""
    return tuple(_NETWORKS)


def check_model(name: str) -> None:
    """Refuse the name of a network that does not exist.

    Parameters
    ----------
    name
        What the user wrote.

    Raises
    ------
    ModelError
        Where it is none of `networks`; the nearest one is named.
    """
    if name not in _NETWORKS:
        raise ModelError(
            f"unknown model {name!r}; did you mean {nearest(name, _NETWORKS)!r}?"
            f" (there are {', '.join(_NETWORKS)})"
        )


def create_network(name: str, channels: int, classes: int) -> Network:
    """Create a network with fresh weights.

    Parameters
    ----------
    name
        One of `networks`.
    channels
        Channels of the image type.
    classes
        Number of classes.

    Returns
    -------
    Network
        From `[n, channel, y, x]` to logits `[n, class]`.
    """
    check_model(name)
    return _NETWORKS[name](channels, classes)
