"""Refuse settings of an experiment that others leave without effect."""

from collections.abc import Iterator
from typing import Final

from skyclass.config.sections import CleanConfig, Experiment, SplitConfig
from skyclass.config.training_sections import TrainingConfig
from skyclass.errors import ExperimentError

__all__ = ["check_effect"]

_SAMPLE_KEYS: Final[dict[str, tuple[str, ...]]] = {
    "all": (),
    "densest-fields": ("per_class", "counts"),
    "random": ("total",),
    "random-fields": ("total",),
    "balanced": ("per_class",),
}
"""Keys of the section `sample` that each method uses."""

_CLEAN: Final = CleanConfig()
_SPLIT: Final = SplitConfig()
_TRAINING: Final = TrainingConfig()


def check_effect(config: Experiment) -> None:
    """Check that every setting that is not its default has an effect.

    Parameters
    ----------
    config
        Checked experiment.

    Raises
    ------
    ExperimentError
        If one has none beside the others; the message says which and why.
    """
    for key, reason in _find_unused(config):
        raise ExperimentError(f"{key} has no effect: {reason}")


def _find_unused(config: Experiment) -> Iterator[tuple[str, str]]:
    """Find settings that others leave without effect, each with the reason."""
    yield from _find_unused_objects(config)
    training = config.training
    if training.optimizer == "adam" and training.weight_decay not in {0.0, _TRAINING.weight_decay}:
        yield "training.weight_decay", 'training.optimizer = "adam" has none; use "adamw"'
    if training.schedule == "one-cycle" and training.warmup:
        yield "training.warmup", 'training.schedule = "one-cycle" has its own; use another schedule'
    if config.model.frozen and training.layer_decay != 1:
        yield "training.layer_decay", "model.frozen = true trains the head only"
    if config.images.resize == "bilinear" and config.images.size is None:
        yield "images.resize", "the pictures keep their size; set images.size"


def _find_unused_objects(config: Experiment) -> Iterator[tuple[str, str]]:
    """Find such settings of the catalogue."""
    catalog, clean, split, sample = config.catalog, config.clean, config.split, config.sample
    if catalog.limits and (catalog.source == "file" or catalog.query):
        yield "catalog.limits", "it is for built-in queries only"
    if catalog.query and catalog.source == "file":
        yield "catalog.query", 'the objects come from a file; set catalog.source = "skyserver"'
    if clean.duplicates != "position" and clean.radius != _CLEAN.radius:
        yield "clean.radius", f'clean.duplicates = "{clean.duplicates}" takes no radius'
    if split.by != "sky" and split.nside != _SPLIT.nside:
        yield "split.nside", f'split.by = "{split.by}" takes no cells; use "sky"'
    for key in ("total", "per_class", "counts"):
        if getattr(sample, key) and key not in _SAMPLE_KEYS[sample.method]:
            yield f"sample.{key}", f'sample.method = "{sample.method}" does not use it'
