"""Small siblings of the usual families, for cutouts of about 64 pixels, trained from scratch.

Each has the layers of its family as timm builds them, narrower and shallower, so that it reads a
cutout pixel by pixel: nothing is enlarged to 224 pixels.
"""

from collections.abc import Callable
from typing import Final

from timm.models.efficientnet import EfficientNet, decode_arch_def
from timm.models.resnet import BasicBlock, ResNet
from timm.models.vgg import VGG
from timm.models.vision_transformer import VisionTransformer
from timm.models.xception_aligned import XceptionAligned
from torch import nn

__all__ = ["create_small_network"]

_VIT_PATCH: Final = 8
_MOBILENET: Final = [
    ["dsa_r1_k3_s1_c32"],
    ["dsa_r2_k3_s2_c64"],
    ["dsa_r2_k3_s2_c128"],
    ["dsa_r2_k3_s2_c256"],
]
_VGG: Final = [16, "M", 32, "M", 64, 64, "M", 128, 128, "M"]
_XCEPTION: Final = ((64, 64, 2), (64, 96, 2), (96, 96, 1), (96, 128, 2))


def create_small_network(
    name: str, channels: int, size: tuple[int, int], patch: int | None
) -> nn.Module:
    """Create a small sibling without a head.

    Parameters
    ----------
    name
        vit-small, mobilenet-small, resnet-small, vgg-small or xception-small.
    channels
        Channels of the images.
    size
        Height and width of the images in pixels.
    patch
        Pixels a side of a transformer's patches; 8 by default.

    Returns
    -------
    torch.nn.Module
        From `[n, channel, y, x]` to features `[n, width]`.
    """
    if name == "vit-small":
        return _create_vit(channels, size, patch or _VIT_PATCH)
    return _CONVOLUTIONAL[name](channels)


def _create_vit(channels: int, size: tuple[int, int], patch: int) -> nn.Module:
    """Create a transformer of 6 blocks, its tokens averaged (Dosovitskiy et al. 2021, ICLR)."""
    network: nn.Module = VisionTransformer(
        img_size=size,
        patch_size=patch,
        in_chans=channels,
        num_classes=0,
        embed_dim=96,
        depth=6,
        num_heads=3,
        mlp_ratio=2,
        class_token=False,
        global_pool="avg",
    )
    return network


def _create_mobilenet(channels: int) -> nn.Module:
    """Chain depthwise separable convolutions only (Howard et al. 2017, arXiv:1704.04861)."""
    network: nn.Module = EfficientNet(
        decode_arch_def(_MOBILENET),
        num_classes=0,
        num_features=0,
        in_chans=channels,
        stem_size=16,
        act_layer=nn.ReLU6,
    )
    return network


def _create_resnet(channels: int) -> nn.Module:
    """Create four residual stages of one block (He et al. 2016, CVPR)."""
    network: nn.Module = ResNet(
        BasicBlock,
        (1, 1, 1, 1),
        num_classes=0,
        in_chans=channels,
        stem_width=24,
        channels=(24, 48, 96, 192),
    )
    return network


def _create_vgg(channels: int) -> nn.Module:
    """Stack 3 x 3 convolutions, normalised (Simonyan & Zisserman 2015, ICLR)."""
    network: nn.Module = VGG(
        list(_VGG), num_classes=0, in_chans=channels, norm_layer=nn.BatchNorm2d, mlp_ratio=0.01
    )
    network.pre_logits = nn.Identity()
    return network


def _create_xception(channels: int) -> nn.Module:
    """Chain separable convolutions with shortcuts (Chollet 2017, CVPR; aligned as DeepLab's)."""
    blocks = [{"in_chs": i, "out_chs": o, "stride": s} for i, o, s in _XCEPTION]
    network: nn.Module = XceptionAligned(blocks, num_classes=0, in_chans=channels)
    return network


_CONVOLUTIONAL: Final[dict[str, Callable[[int], nn.Module]]] = {
    "mobilenet-small": _create_mobilenet,
    "resnet-small": _create_resnet,
    "vgg-small": _create_vgg,
    "xception-small": _create_xception,
}
