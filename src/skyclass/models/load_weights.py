"""Load weights into a network, or explain in one line why they do not fit."""

from collections.abc import Mapping
from typing import Final

from torch import Tensor, nn

from skyclass.errors import ModelError

__all__ = ["load_weights"]

_FILTER_AXES: Final = 4


def load_weights(network: nn.Module, weights: Mapping[str, Tensor], source: str) -> None:
    """Load weights, all of them and into every layer.

    Parameters
    ----------
    network
        Changed in place.
    weights
        Tensors by the name of the layer.
    source
        Where they come from, for messages.

    Raises
    ------
    ModelError
        If they are for another number of channels or classes, or another network, or not finite.
    """
    expected = network.state_dict()
    differ = [n for n in expected if n in weights and weights[n].shape != expected[n].shape]
    if differ:
        # filters show the channels more plainly than the means of a normalisation before them
        name = next((n for n in differ if expected[n].ndim == _FILTER_AXES), differ[0])
        raise ModelError(f"{source}: {_describe_difference(name, weights[name], expected[name])}")
    # torch counts batches only to average them, and older files lack the count
    missing = {n for n in expected if n not in weights and not n.endswith("num_batches_tracked")}
    excess = weights.keys() - expected.keys()
    if missing or excess:
        difference = f"lacks {min(missing)}" if missing else f"also has {min(excess)}"
        raise ModelError(f"{source} is of another network: it {difference}; check model.name")
    broken = [n for n in expected if n in weights and not weights[n].isfinite().all()]
    if broken:
        raise ModelError(f"{source}: {broken[0]} has values that are not finite; they are broken")
    network.load_state_dict(dict(weights), strict=False)


def _describe_difference(name: str, weight: Tensor, expected: Tensor) -> str:
    """Describe what a difference in shape means."""
    one, other = tuple(weight.shape), tuple(expected.shape)
    if len(one) == len(other) == _FILTER_AXES and one[0] == other[0] and one[2:] == other[2:]:
        return (
            f"weights for pictures of {one[1]} channels, not {other[1]} ({name}); use the image"
            " type they were trained on"
        )
    if ("head" in name or "classifier" in name) and one[1:] == other[1:]:
        return f"weights for {one[0]} classes, not {other[0]} ({name}); remove its head to use it"
    return f"{name} has the shape {one}, not {other}; check model.name and images.size"
