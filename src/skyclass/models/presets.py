"""The recipes of the two source systems, each under one name.

`vit-thesis` is the fine-tuning of a vision transformer on pictures of stars; the four others are
the frozen networks of a configuration manual for star, galaxy and quasar. Both resized their
pictures to 224 pixels and changed nothing at random.
"""

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from skyclass.config.sections import Experiment

__all__ = ["PRESETS", "Preset", "apply_preset", "resolve_network"]

_DENSE: Final = (1024, 1024, 512)


@dataclass(frozen=True)
class Preset:
    """Values for the keys of an experiment file that the user did not give."""

    network: str
    """Name of a model of timm, with the tag of its weights."""
    model: dict[str, Any]
    """Of the section `model`."""
    training: dict[str, Any]
    """Of the section `training`."""
    images: dict[str, Any] = field(default_factory=lambda: {"size": 224})
    """Of the section `images`; left alone where the model is made native."""
    augmentation: dict[str, Any] = field(default_factory=lambda: {"turn": False})
    """Of the section `augmentation`."""


def _manual(network: str) -> Preset:
    """Give the manual's recipe: the head alone learns, for 10 epochs (the best ones 50)."""
    return Preset(
        network,
        {"pretrained": True, "frozen": True, "head": _DENSE, "normalisation": "symmetric"},
        {
            "epochs": 10,
            "batch_size": 32,
            "optimizer": "adam",
            "learning_rate": 1e-3,
            "schedule": "constant",
            "weight_decay": 0.0,
            "monitor": "accuracy",
            "patience": 10,
            "precision": "32",
        },
    )


PRESETS: Final = MappingProxyType(
    {
        "vit-thesis": Preset(
            "vit_base_patch16_224.orig_in21k",
            {"pretrained": True, "frozen": False, "head": (), "normalisation": "own"},
            {
                "epochs": 50,
                "batch_size": 32,
                "optimizer": "adamw",
                "learning_rate": 1e-5,
                "schedule": "linear",
                "weight_decay": 0.0,
                "validate_every": 1000,
                "monitor": "accuracy",
                "patience": 5,
                "threshold": 0.001,
                "precision": "fp16",
            },
        ),
        "mobilenet-manual": _manual("mobilenetv1_100.ra4_e3600_r224_in1k"),
        "resnet50-manual": _manual("resnet50.tv_in1k"),
        "vgg16-manual": _manual("vgg16.tv_in1k"),
        "xception-manual": _manual("legacy_xception.tf_in1k"),
    }
)
"""Presets by name."""


def resolve_network(name: str) -> str:
    """Give the network behind the name of a preset; any other name is itself.

    Parameters
    ----------
    name
        Of a preset, of a network, or of a model of timm.

    Returns
    -------
    str
        Name of a network or of a model of timm.
    """
    return PRESETS[name].network if name in PRESETS else name


def apply_preset(config: Experiment) -> Experiment:
    """Fill in what a preset says, where `model.name` is one and the user did not say otherwise.

    Parameters
    ----------
    config
        As read from a file.

    Returns
    -------
    Experiment
        The same where the model is no preset.
    """
    if config.model.name not in PRESETS:
        return config
    preset = PRESETS[config.model.name]
    sections = {
        "model": preset.model,
        "training": preset.training,
        "images": {} if config.model.native else preset.images,
        "augmentation": preset.augmentation,
    }
    changed = {}
    for name, values in sections.items():
        section = getattr(config, name)
        given = section.model_fields_set
        missing = {key: value for key, value in values.items() if key not in given}
        if name == "model" and config.model.weights is not None:
            missing.pop("pretrained", None)
        changed[name] = section.model_copy(update=missing)
    return config.model_copy(update=changed)
