"""A network around a backbone: normalisation, features of timm's models, a head."""

from typing import Any, Final

import timm
import torch
from timm.models.vgg import VGG
from torch import Tensor, nn

from skyclass.errors import ModelError
from skyclass.models.network import Network

__all__ = [
    "BackboneNetwork",
    "count_features",
    "create_backbone",
    "get_pretrained_config",
    "get_pretrained_normalisation",
]

_RGB: Final = 3


class BackboneNetwork(Network):
    """Normalised images, a backbone without its classes, a head.

    Parameters
    ----------
    normalisation
        Keeps the shape of images.
    backbone
        From `[n, channel, y, x]` to pooled features `[n, width]`.
    width
        Features of an image.
    head
        From features to logits.
    extra
        Features that the head takes besides.
    """

    def __init__(
        self,
        normalisation: nn.Module,
        backbone: nn.Module,
        width: int,
        head: nn.Module,
        extra: int = 0,
    ) -> None:
        super().__init__(width, head, extra)
        self.normalisation = normalisation
        self.backbone = backbone

    def embed(self, images: Tensor) -> Tensor:
        """Give the pooled features of the backbone, `[n, width]`."""
        features: Tensor = self.backbone(self.normalisation(images))
        return features


def get_pretrained_config(name: str) -> dict[str, Any]:
    """Give what timm says of a model's pretraining: input, normalisation, files, licence.

    Parameters
    ----------
    name
        Of timm, with or without the tag of weights.

    Returns
    -------
    dict
        Fields of timm's `PretrainedCfg`.
    """
    config = timm.get_pretrained_cfg(name)
    return {} if config is None else dict(config.to_dict(remove_null=False))


def get_pretrained_normalisation(name: str) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
    """Give mean and deviation of R, G and B in a model's pretraining.

    Parameters
    ----------
    name
        Of timm.

    Returns
    -------
    tuple or None
        Mean and deviation of pictures from 0 to 1.
    """
    config = get_pretrained_config(name)
    if len(config.get("mean", ())) != _RGB:
        return None
    return tuple(config["mean"]), tuple(config["std"])


def create_backbone(
    name: str,
    channels: int,
    size: tuple[int, int],
    *,
    native: bool = False,
    patch: int | None = None,
    state: dict[str, Tensor] | None = None,
) -> nn.Module:
    """Create a model of timm without its classes, its features pooled.

    Parameters
    ----------
    name
        Of timm, with or without the tag of weights.
    channels
        Channels of the images.
    size
        Height and width of the images in pixels.
    native
        Make a model of a set input size for images of this size.
    patch
        Pixels a side of the patches; the model's own by default.
    state
        Weights in timm's format for images of as many channels; patches and positions of a
        transformer are resampled as timm does (Beyer et al. 2023, CVPR). Fresh ones by default.

    Returns
    -------
    torch.nn.Module
        From `[n, channel, y, x]` to `[n, width]`.

    Raises
    ------
    ModelError
        Where images of that size do not fit the model, it has no patches, or the weights do not
        fit.
    """
    options: dict[str, Any] = {"num_classes": 0, "in_chans": channels}
    options |= make_size_options(name, size, native, patch)
    if state is not None:
        # strict: no layer without its weights, and none of the weights left over
        overlay = {
            "state_dict": dict(state),
            "num_classes": 0,
            "label_offset": 0,
            "input_size": (channels, *size),
        }
        options |= {"pretrained": True, "pretrained_cfg_overlay": overlay}
    backbone: nn.Module = timm.create_model(name, **options)
    if isinstance(backbone, VGG):
        # its dense layers stand before the pooling; the pooled features are those of the last map
        backbone.pre_logits = nn.Identity()
    return backbone


def make_size_options(
    name: str, size: tuple[int, int], native: bool, patch: int | None
) -> dict[str, Any]:
    """Give the options that fit a model of timm to the size of images.

    Parameters
    ----------
    name
        Of timm.
    size
        Height and width of the images in pixels.
    native, patch
        As in `create_backbone`.

    Returns
    -------
    dict
        For `timm.create_model`.

    Raises
    ------
    ModelError
        Where images of that size do not fit the model, or it has no patches.
    """
    config = get_pretrained_config(name)
    if not config.get("fixed_input_size"):
        if patch is not None:
            raise ModelError(f"{name} has no patches; take model.patch out")
        return {}
    own = tuple(config["input_size"][1:])
    if patch is not None and not native:
        raise ModelError("model.patch goes with model.native = true")
    if not native:
        if size != own:
            raise ModelError(_wrong_size(name, own, size))
        return {}
    options: dict[str, Any] = {"img_size": size}
    if patch is None:
        return options
    if any(side % patch for side in size):
        raise ModelError(
            f"patches of {patch} pixels do not divide pictures of {_spelt(size)}; choose"
            " model.patch or images.size otherwise"
        )
    return options | {"patch_size": patch}


def count_features(backbone: nn.Module, channels: int, size: tuple[int, int]) -> int:
    """Count the features that a backbone gives for an image."""
    training = backbone.training
    with torch.no_grad():
        features = backbone.eval()(torch.zeros(1, channels, *size))
    backbone.train(training)
    return int(features.shape[1])


def _wrong_size(name: str, own: tuple[int, ...], size: tuple[int, int]) -> str:
    """Say what to do about pictures that a model does not take."""
    if size[0] != size[1] and own[0] == own[1]:
        advice = f"choose a square image type (such as gri+urz-squashed) and images.size = {own[0]}"
    else:
        advice = f"set images.size = {own[0]}"
    return (
        f"{name} takes pictures of {_spelt(own)} pixels, not {_spelt(size)}: {advice}, or"
        " model.native = true"
    )


def _spelt(size: tuple[int, ...]) -> str:
    """Write a size."""
    return "x".join(map(str, size))
