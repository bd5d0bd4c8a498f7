"""The recipes of the two source systems, each under one name.

`vit-thesis` is the fine-tuning of a vision transformer on pictures of stars; the four others are
the frozen networks of a configuration manual for star, galaxy and quasar. Both resized their
pictures to 224 pixels and changed nothing at random.
"""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from skyclass.config.section import Section
from skyclass.config.sections import Experiment, ImageConfig
from skyclass.config.training_sections import AugmentationConfig, ModelConfig, TrainingConfig

__all__ = ["PRESETS", "Preset", "apply_preset", "resolve_network"]

_DENSE: Final = (1024, 1024, 512)


@dataclass(frozen=True)
class Preset:
    """Values for the keys of an experiment file that the user did not set."""

    network: str
    """Name of a timm model, with the tag of its weights."""
    model: ModelConfig
    """Keys of the section `model`: those that are set here."""
    training: TrainingConfig
    """Keys of the section `training`."""
    images: ImageConfig = field(default_factory=lambda: ImageConfig(size=224))
    """Keys of the section `images`; not used if the model is made native."""
    augmentation: AugmentationConfig = field(default_factory=lambda: AugmentationConfig(turn=False))
    """Keys of the section `augmentation`."""


def _make_manual_preset(network: str) -> Preset:
    """Make the manual's recipe: only the head is trained, for 10 epochs (the best ones 50)."""
    return Preset(
        network,
        ModelConfig(pretrained=True, frozen=True, head=_DENSE, normalisation="symmetric"),
        TrainingConfig(
            epochs=10,
            batch_size=32,
            optimizer="adam",
            learning_rate=1e-3,
            schedule="constant",
            weight_decay=0.0,
            monitor="accuracy",
            patience=10,
            precision="32",
        ),
    )


PRESETS: Final = MappingProxyType(
    {
        "vit-thesis": Preset(
            "vit_base_patch16_224.orig_in21k",
            ModelConfig(pretrained=True, frozen=False, head=(), normalisation="own"),
            TrainingConfig(
                epochs=50,
                batch_size=32,
                optimizer="adamw",
                learning_rate=1e-5,
                schedule="linear",
                weight_decay=0.0,
                validate_every=1000,
                monitor="accuracy",
                patience=5,
                threshold=0.001,
                precision="fp16",
            ),
        ),
        "mobilenet-manual": _make_manual_preset("mobilenetv1_100.ra4_e3600_r224_in1k"),
        "resnet50-manual": _make_manual_preset("resnet50.tv_in1k"),
        "vgg16-manual": _make_manual_preset("vgg16.tv_in1k"),
        "xception-manual": _make_manual_preset("legacy_xception.tf_in1k"),
    }
)
"""Presets by name."""


def resolve_network(name: str) -> str:
    """Resolve the name of a preset to that of its network; any other name is itself.

    Parameters
    ----------
    name
        Name of a preset, of a network, or of a timm model.

    Returns
    -------
    str
        Name of a network or of a timm model.
    """
    return PRESETS[name].network if name in PRESETS else name


def apply_preset(config: Experiment) -> Experiment:
    """Fill in the keys of a preset that the user did not set, if `model.name` is one.

    Parameters
    ----------
    config
        Experiment as read from a file.

    Returns
    -------
    Experiment
        The same if the model is not a preset.
    """
    if config.model.name not in PRESETS:
        return config
    preset = PRESETS[config.model.name]
    # weights of the user's own take the place of pretrained ones
    replaced = {"pretrained"} if config.model.weights is not None else set[str]()
    changed = {
        "model": _fill_in(config.model, preset.model, replaced),
        "training": _fill_in(config.training, preset.training),
        "augmentation": _fill_in(config.augmentation, preset.augmentation),
    }
    if not config.model.native:
        changed["images"] = _fill_in(config.images, preset.images)
    return config.model_copy(update=changed)


def _fill_in(section: Section, values: Section, exclude: AbstractSet[str] = frozenset()) -> Section:
    """Fill in the values that a section does not set."""
    missing = values.model_fields_set - section.model_fields_set - exclude
    return section.model_copy(update={key: getattr(values, key) for key in missing})
