"""A network around a backbone: normalisation, features of timm's models, a head."""

from typing import Final

import timm
import torch
from timm.models import PretrainedCfg
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
        First layer, from images to the same shape.
    backbone
        From `[n, channel, y, x]` to pooled features `[n, width]`.
    width
        Features of an image.
    head
        From features to logits.
    extra
        Features from elsewhere that the head takes too.
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
        """Compute the pooled features of the backbone, `[n, width]`."""
        features: Tensor = self.backbone(self.normalisation(images))
        return features


def get_pretrained_config(name: str) -> PretrainedCfg | None:
    """Look up a timm model's pretraining: input, normalisation, files, licence.

    Parameters
    ----------
    name
        Model of timm, with or without the tag of weights.

    Returns
    -------
    timm.models.PretrainedCfg or None
        None if timm has no configuration of that name.
    """
    return timm.get_pretrained_cfg(name)


def get_pretrained_normalisation(name: str) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
    """Look up mean and deviation of R, G and B in a model's pretraining.

    Parameters
    ----------
    name
        Model of timm.

    Returns
    -------
    tuple or None
        Mean and deviation of pictures from 0 to 1; None if it was not trained on colour pictures.
    """
    config = get_pretrained_config(name)
    if config is None or len(config.mean) != _RGB:
        return None
    return tuple(config.mean), tuple(config.std)


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
        Model of timm, with or without the tag of weights.
    channels
        Channels of the images.
    size
        Height and width of the images in pixels.
    native
        Adapt a model of fixed input size to images of this size.
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
        If images of that size do not fit the model, it has no patches, or the weights do not fit.
    """
    options: dict[str, object] = {"num_classes": 0, "in_chans": channels}
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
) -> dict[str, object]:
    """Choose the options that fit a timm model to the size of images.

    Parameters
    ----------
    name
        Model of timm.
    size
        Height and width of the images in pixels.
    native, patch
        As in `create_backbone`.

    Returns
    -------
    dict
        Keywords of `timm.create_model`.

    Raises
    ------
    ModelError
        If images of that size do not fit the model, or it has no patches.
    """
    config = get_pretrained_config(name)
    if config is None or not config.fixed_input_size:
        if patch is not None:
            raise ModelError(f"{name} has no patches; remove model.patch")
        return {}
    own = tuple(config.input_size[1:])
    if patch is not None and not native:
        raise ModelError("model.patch needs model.native = true")
    if not native:
        if size != own:
            raise ModelError(_describe_wrong_size(name, own, size))
        return {}
    options: dict[str, object] = {"img_size": size}
    if patch is None:
        return options
    if any(side % patch for side in size):
        raise ModelError(
            f"model.patch = {patch} does not divide pictures of {_format_size(size)} pixels; change"
            " model.patch or images.size"
        )
    return options | {"patch_size": patch}


def count_features(backbone: nn.Module, channels: int, size: tuple[int, int]) -> int:
    """Count the features that a backbone computes for an image."""
    training = backbone.training
    with torch.no_grad():
        features = backbone.eval()(torch.zeros(1, channels, *size))
    backbone.train(training)
    return int(features.shape[1])


def _describe_wrong_size(name: str, own: tuple[int, ...], size: tuple[int, int]) -> str:
    """Describe which pictures a model takes, and which settings make them."""
    if size[0] != size[1] and own[0] == own[1]:
        advice = f"choose a square image type (such as gri+urz-squashed) and images.size = {own[0]}"
    else:
        advice = f"set images.size = {own[0]}"
    return (
        f"{name} takes pictures of {_format_size(own)} pixels, not {_format_size(size)}: {advice},"
        " or model.native = true"
    )


def _format_size(size: tuple[int, ...]) -> str:
    """Format a size as 64x64."""
    return "x".join(map(str, size))
