"""Put weights into a network, or say in one line why they do not fit."""

from collections.abc import Mapping

from torch import Tensor, nn

from skyclass.errors import ModelError

__all__ = ["load_weights"]

_FILTER_AXES = 4


def load_weights(network: nn.Module, weights: Mapping[str, Tensor], source: str) -> None:
    """Load weights, all of them and into every layer.

    Parameters
    ----------
    network
        What they are for.
    weights
        Tensors by the name of the layer.
    source
        What to call them in an error.

    Raises
    ------
    ModelError
        Where they are for another number of channels or classes, or another network.
    """
    wanted = network.state_dict()
    differ = [n for n in wanted if n in weights and weights[n].shape != wanted[n].shape]
    if differ:
        # filters tell channels more plainly than the means of a normalisation before them
        name = next((n for n in differ if wanted[n].ndim == _FILTER_AXES), differ[0])
        raise ModelError(f"{source}: {_difference(name, weights[name], wanted[name])}")
    # torch counts batches only to average them, and older files lack the count
    missing = {n for n in wanted if n not in weights and not n.endswith("num_batches_tracked")}
    excess = weights.keys() - wanted.keys()
    if missing or excess:
        told = f"lacks {min(missing)}" if missing else f"has {min(excess)} besides"
        raise ModelError(f"{source} is of another network: it {told}; check model.name")
    network.load_state_dict(dict(weights), strict=False)


def _difference(name: str, found: Tensor, wanted: Tensor) -> str:
    """Say what a difference in shape means."""
    one, other = tuple(found.shape), tuple(wanted.shape)
    if len(one) == len(other) == _FILTER_AXES and one[0] == other[0] and one[2:] == other[2:]:
        return (
            f"weights for pictures of {one[1]} channels, not {other[1]} ({name}); use the image"
            " type they were trained on"
        )
    if ("head" in name or "classifier" in name) and one[1:] == other[1:]:
        return f"weights for {one[0]} classes, not {other[0]} ({name}); take out its head to use it"
    return f"{name} has the shape {one}, not {other}; check model.name and images.size"
