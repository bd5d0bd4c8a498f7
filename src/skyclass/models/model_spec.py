"""The specification of a model: everything but its weights."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np

from skyclass.config.sections import Experiment
from skyclass.config.training_sections import ModelConfig
from skyclass.errors import ImageError, ModelError
from skyclass.images.image_type import COLOURS
from skyclass.images.renderer import get_registration
from skyclass.images.stored_cutouts import CutoutInfo, open_cutouts
from skyclass.models.catalog_columns import compute_column_statistics, read_columns
from skyclass.models.presets import resolve_network
from skyclass.models.registry import is_timm
from skyclass.schema import DEFAULT_SURVEY, SPLITS
from skyclass.surveys.registry import get_survey
from skyclass.tasks.task import Task

__all__ = ["HUB", "ModelSpec", "choose_normalisation", "choose_weights", "make_spec"]

HUB: Final = "hub"
"""Weights that the network starts from: those that timm has on the Hugging Face Hub."""


@dataclass(frozen=True)
class ModelSpec:
    """A model except for its weights."""

    task: str
    """Name of the task."""
    labels: tuple[str, ...]
    """Class names in the order of the outputs."""
    image_type: str
    """Name of the image type."""
    network: str
    """Name of a network of skyclass, or of a model of timm."""
    size: int
    """Pixels a side of the cutouts it was trained on."""
    bands: tuple[str, ...]
    """Order of the band axis of the cutouts."""
    unit: str
    """Unit of the cutouts."""
    simulated: bool
    """Whether it was trained on simulated data."""
    registration: str = "none"
    """How the bands are brought onto one grid; `none` for older models that do not state it."""
    crop: int | None = None
    """Side in pixels of the central square of the cutouts that is used."""
    image_size: int | None = None
    """Height in pixels that pictures are resized to."""
    resize: str = "lanczos"
    """Interpolation of the resizing."""
    upscaler: str | None = None
    """File of the weights that enlarge them; beside the model where it is saved."""
    temperature: float = 1.0
    """Divisor of the logits before the softmax (Guo et al. 2017, ICML)."""
    temperature_from: str | None = None
    """Split that the temperature was fitted on."""
    head: tuple[int, ...] = ()
    """Widths of the hidden layers between features and classes."""
    normalisation: str = "batch"
    """Normalisation of the network's input: own, symmetric or batch."""
    native: bool = False
    """Whether a model of fixed input size is adapted to pictures of another."""
    patch: int | None = None
    """Pixels a side of a transformer's patches; None for its own."""
    columns: tuple[str, ...] = ()
    """Groups of columns of the catalogue that are joined to the features of the image."""
    column_mean: tuple[float, ...] = ()
    """Mean of each column over the training objects."""
    column_deviation: tuple[float, ...] = ()
    """Standard deviation of each column over the training objects."""
    weights: str | None = None
    """Initial weights: `HUB`, a file, or None for fresh ones."""
    frozen: bool = False
    """Whether only the head was trained."""
    survey: str = DEFAULT_SURVEY
    """Name of the survey that the pixels are of."""
    origin: str = ""
    """Description of the pixels for the model card."""
    objects: dict[str, dict[str, int]] = field(default_factory=dict)
    """Number of objects of each class in each split."""

    def __post_init__(self) -> None:
        if not self.temperature > 0:
            raise ModelError(f"temperature must be above 0, got {self.temperature}")


def make_spec(config: Experiment, task: Task, info: CutoutInfo, cutouts: Path) -> ModelSpec:
    """Make the specification of the model that an experiment trains.

    Parameters
    ----------
    config, task, info
        The experiment, its task, and the description of its cutouts.
    cutouts
        Folder of the cutouts; the columns of the catalogue that the model uses lie beside it
        (`skyclass.models.catalog_columns.write_columns`).

    Returns
    -------
    ModelSpec
        Not yet trained.

    Raises
    ------
    ImageError
        If the image type is unknown or the cutouts are missing.
    """
    model, images = config.model, config.images
    values = read_columns(model.columns, cutouts, "train")
    mean, deviation = ((), ()) if values is None else compute_column_statistics(values)
    return ModelSpec(
        task=task.name,
        labels=info.labels,
        image_type=images.type,
        network=resolve_network(model.name),
        size=info.size,
        bands=info.bands,
        unit="grey level" if info.bands == COLOURS else "nanomaggy",
        simulated=info.simulated,
        registration=get_registration(images, info.survey),
        crop=images.crop,
        image_size=images.size,
        resize=images.resize,
        upscaler=str(images.upscaler) if images.upscaler else None,
        head=model.head or (),
        normalisation=choose_normalisation(model),
        native=model.native,
        patch=model.patch,
        columns=model.columns,
        column_mean=mean,
        column_deviation=deviation,
        weights=choose_weights(model),
        frozen=bool(model.frozen),
        survey=info.survey,
        origin=_describe_origin(config, info),
        objects=_count_objects(cutouts, info.labels),
    )


def choose_weights(model: ModelConfig) -> str | None:
    """Choose the initial weights.

    Parameters
    ----------
    model
        Section of the experiment file.

    Returns
    -------
    str or None
        `HUB`, the path of a file, or None for fresh ones.
    """
    return HUB if model.pretrained else str(model.weights) if model.weights else None


def choose_normalisation(model: ModelConfig) -> str:
    """Choose the normalisation of the network's input.

    Parameters
    ----------
    model
        Section of the experiment file.

    Returns
    -------
    str
        `own` for a timm model with trained weights, else `batch`; a setting overrides both.
    """
    trained = choose_weights(model) is not None and is_timm(resolve_network(model.name))
    return model.normalisation or ("own" if trained else "batch")


def _describe_origin(config: Experiment, info: CutoutInfo) -> str:
    """Describe where the pixels come from."""
    if info.bands == COLOURS:
        return f"pictures of the type {config.images.type}"
    return get_survey(info.survey).title + (" (simulated)" if info.simulated else "")


def _count_objects(cutouts: Path, labels: tuple[str, ...]) -> dict[str, dict[str, int]]:
    """Count the objects of each class in each split."""
    counts: dict[str, dict[str, int]] = {}
    for split in SPLITS:
        try:
            classes = np.bincount(open_cutouts(cutouts)[split].label, minlength=len(labels))
        except ImageError:
            continue
        counts[split] = dict(zip(labels, classes.tolist(), strict=True))
    return counts
