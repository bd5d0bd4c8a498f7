"""Convert weights of vision transformers from Hugging Face's names to timm's."""

import re
from collections.abc import Iterable
from typing import Final

import torch
from torch import Tensor

__all__ = ["convert_hugging_face_weights", "is_hugging_face_vit"]

_MARK: Final = "embeddings.patch_embeddings.projection.weight"
_PREFIX: Final = "vit."
_DROPPED: Final = re.compile(r"pooler\.|embeddings\.mask_token$")
_ATTENTION: Final = re.compile(r"(.*)\.(query|key|value)\.(weight|bias)")
_NAMES: Final = (
    (r"^embeddings\.cls_token", "cls_token"),
    (r"^embeddings\.position_embeddings", "pos_embed"),
    (r"^embeddings\.patch_embeddings\.projection", "patch_embed.proj"),
    (r"^encoder\.layer\.(\d+)", r"blocks.\1"),
    (r"\.attention\.output\.dense", ".attn.proj"),
    (r"\.attention\.attention$", ".attn.qkv"),
    (r"\.intermediate\.dense", ".mlp.fc1"),
    (r"(blocks\.\d+)\.output\.dense", r"\1.mlp.fc2"),
    (r"\.layernorm_before", ".norm1"),
    (r"\.layernorm_after", ".norm2"),
    (r"^layernorm", "norm"),
    (r"^classifier", "head"),
)


def is_hugging_face_vit(names: Iterable[str]) -> bool:
    """Check whether weights have the names of a vision transformer in `transformers`.

    Parameters
    ----------
    names
        Names of the weights.

    Returns
    -------
    bool
        Whether they have.
    """
    return any(name.removeprefix(_PREFIX) == _MARK for name in names)


def convert_hugging_face_weights(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Rename the weights of a vision transformer to timm's names.

    Parameters
    ----------
    state
        Weights of `ViTModel` or `ViTForImageClassification`. Query, key and value are joined; the
        pooler and the mask token, which classify nothing, are left out.

    Returns
    -------
    dict
        The same numbers under timm's names.
    """
    plain = {name.removeprefix(_PREFIX): value for name, value in state.items()}
    renamed: dict[str, Tensor] = {}
    for name, value in plain.items():
        if _DROPPED.match(name):
            continue
        attention = _ATTENTION.fullmatch(name)
        if attention is None:
            renamed[_rename(name)] = value
        elif attention[2] == "query":
            parts = [f"{attention[1]}.{part}.{attention[3]}" for part in ("query", "key", "value")]
            joined = torch.cat([plain[part] for part in parts if part in plain])
            renamed[f"{_rename(attention[1])}.{attention[3]}"] = joined
    return renamed


def _rename(name: str) -> str:
    """Translate a name to timm's."""
    for pattern, replacement in _NAMES:
        name = re.sub(pattern, replacement, name)
    return name
