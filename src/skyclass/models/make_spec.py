"""Make the specification of the model that an experiment trains."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from skyclass.config.sections import CutoutConfig, Experiment
from skyclass.config.training_sections import ModelConfig
from skyclass.errors import ImageError
from skyclass.images.registry import get_image_type
from skyclass.images.renderer import get_registration
from skyclass.images.stored_cutouts import CutoutInfo, open_cutouts
from skyclass.models.catalog_columns import compute_column_statistics, read_columns
from skyclass.models.initial_weights import locate_weights, read_stored_spec
from skyclass.models.measured_features import fit_measured_scaling
from skyclass.models.measured_inputs import read_measured_inputs
from skyclass.models.model_spec import HUB, ModelSpec
from skyclass.models.presets import PRESETS, resolve_network
from skyclass.models.registry import is_timm
from skyclass.schema import COLOURS, SPLITS
from skyclass.surveys.registry import get_survey
from skyclass.tasks.task import Task

__all__ = ["choose_normalisation", "choose_weights", "make_spec"]


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
    spec = ModelSpec(
        task=task.name,
        labels=info.labels,
        image_type=images.type,
        network=resolve_network(model.name),
        size=info.size,
        bands=info.bands,
        rules=_choose_rules(config, info),
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
    spec = replace(spec, measured=_choose_measured(config, cutouts))
    return _add_scaling(spec, cutouts, shape=task.extended)


def choose_weights(model: ModelConfig) -> str | None:
    """Choose the initial weights.

    Parameters
    ----------
    model
        Section of the experiment file.

    Returns
    -------
    str or None
        `HUB`, what `model.weights` names, or None for fresh ones.
    """
    return HUB if model.pretrained else model.weights


def choose_normalisation(model: ModelConfig) -> str:
    """Choose the normalisation of the network's input.

    Parameters
    ----------
    model
        Section of the experiment file.

    Returns
    -------
    str
        That of the saved model whose weights it starts from; otherwise `own` for a timm model with
        trained weights, else `batch`. A setting overrides all.
    """
    if model.normalisation is not None:
        return model.normalisation
    stored = _read_initial_spec(model.weights)
    if stored is not None:
        return stored.normalisation
    trained = choose_weights(model) is not None and is_timm(resolve_network(model.name))
    return "own" if trained else "batch"


def _choose_measured(config: Experiment, cutouts: Path) -> tuple[str, ...]:
    """Choose the bands that the network is told of: those of its pictures, or none."""
    image_type = get_image_type(config.images.type, config.survey.name)
    wanted = config.model.measured
    if wanted is None:
        network = config.model.name
        keeps_flux = image_type.source is None and not image_type.levels
        wanted = (
            keeps_flux
            and network not in PRESETS
            and not is_timm(network)
            and open_cutouts(cutouts)["train"].measurement() is not None
        )
    return image_type.bands if wanted else ()


def _add_scaling(spec: ModelSpec, cutouts: Path, *, shape: bool) -> ModelSpec:
    """Add the scaling of measurements: of the weights that it starts from, or a fresh one."""
    columns = read_measured_inputs(spec, cutouts, "train")
    if columns is None:
        return spec
    stored = _read_initial_spec(spec.weights)
    if stored is not None and stored.measured == spec.measured:
        return replace(spec, measured_scaling=stored.measured_scaling)
    return replace(spec, measured_scaling=fit_measured_scaling(columns, shape=shape))


def _choose_rules(config: Experiment, info: CutoutInfo) -> CutoutConfig | None:
    """Choose the rules that the cutouts were cut by; older cutouts do not state them."""
    if info.bands == COLOURS:
        return None
    return info.rules or config.cutouts


def _describe_origin(config: Experiment, info: CutoutInfo) -> str:
    """Describe where the pixels come from."""
    if info.bands == COLOURS:
        return f"pictures of the type {config.images.type}"
    return get_survey(info.survey).title + (" (simulated)" if info.simulated else "")


def _read_initial_spec(weights: str | None) -> ModelSpec | None:
    """Read the specification of the saved model that the weights are from, if they are of one."""
    return None if weights in {None, HUB} else read_stored_spec(locate_weights(str(weights)))


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
