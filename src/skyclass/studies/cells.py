"""The cells of a study: an experiment each, made of the base and one value of every axis."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

from skyclass.config.experiment_file import make_config
from skyclass.config.sections import Experiment
from skyclass.errors import StudyError
from skyclass.images.registry import get_image_type
from skyclass.models.presets import apply_preset
from skyclass.pipeline.experiment import check_experiment
from skyclass.studies.study_file import Choice, ModelChoice, StudyConfig

__all__ = ["Cell", "cells_of", "sources_of"]

_SCALED: Final = ("total", "per_class")

LEAST: Final = 10
"""Objects that are left of a class however small the scale: one for every tenth of a split."""


@dataclass(frozen=True)
class Cell:
    """One experiment of a study."""

    data_set: Choice
    """Which objects."""
    image_type: Choice
    """How they are drawn."""
    model: ModelChoice
    """What learns."""
    seed: int
    """Seed of its training."""
    config: Experiment
    """The experiment."""

    @property
    def name(self) -> str:
        """Its folder below `cells`, with ``/`` between the axes."""
        parts = (self.data_set.name, self.image_type.name, self.model.name, str(self.seed))
        return str(PurePosixPath(*parts))

    @property
    def source(self) -> str:
        """Folder of its pixels in its data set: those of frames, or of a kind of pictures."""
        image_type = get_image_type(self.config.images.type, self.config.survey.name)
        if image_type.source is None:
            return "frames"
        return re.sub(r"[^A-Za-z0-9+._-]", "_", image_type.name)


def cells_of(
    study: StudyConfig,
    base: Path,
    *,
    scale: float | None = None,
    fixed: Mapping[str, Mapping[str, Any]] | None = None,
) -> list[Cell]:
    """Make the experiments of a study and check each before any work.

    Parameters
    ----------
    study
        Study.
    base
        Folder that relative paths of the experiments start from.
    scale
        For a simulated survey: what numbers of objects are multiplied with; the `simulated`
        keys then hold.
    fixed
        Whole sections of the experiment file, such as where the simulated survey is.

    Returns
    -------
    list of Cell
        Data set by data set, image type by image type.

    Raises
    ------
    SkyclassError
        Where an experiment cannot be, or image types of frames differ in how frames are cut.
    """
    cells = [
        Cell(data_set, image_type, model, seed, config)
        for data_set in study.data_sets
        for image_type in study.image_types
        for model in study.models
        if not model.only or image_type.name in model.only
        for seed in study.seeds
        for config in [
            _config(study, (data_set, image_type, model), seed, base, scale, fixed or {})
        ]
    ]
    for cell in cells:
        check_experiment(cell.config)
    for data_set in study.data_sets:
        _check_same_frames([cell for cell in cells if cell.data_set == data_set])
    return cells


def sources_of(cells: Iterable[Cell]) -> dict[str, Experiment]:
    """Return one experiment for each source of pixels, as `prepare` takes them.

    Parameters
    ----------
    cells
        Those of one data set.

    Returns
    -------
    dict
        By the names of the sources.
    """
    found: dict[str, Experiment] = {}
    for cell in cells:
        found.setdefault(cell.source, cell.config)
    return found


def _config(
    study: StudyConfig,
    choices: tuple[Choice, ...],
    seed: int,
    base: Path,
    scale: float | None,
    fixed: Mapping[str, Mapping[str, Any]],
) -> Experiment:
    """Make the experiment of one cell."""
    values = study.base
    for choice in choices:
        values = _merged(values, choice.settings)
    if scale is not None:
        if study.simulation is not None:
            values = _with_sections(values, study.simulation.settings)
        for choice in choices:
            values = _with_sections(values, choice.simulated)
        values = _scaled(values, scale)
    values = _merged({**values, **fixed}, {"training": {"seed": seed}})
    name = "/".join(choice.name for choice in choices)
    return apply_preset(make_config(values, base, f"study {study.name}, {name}"))


def _merged(values: Mapping[str, Any], others: Mapping[str, Any]) -> dict[str, Any]:
    """Put keys in place of others, also inside sections."""
    merged = dict(values)
    for key, value in others.items():
        inner = merged.get(key)
        both = isinstance(inner, Mapping) and isinstance(value, Mapping)
        merged[key] = _merged(inner, value) if both else value  # type: ignore[arg-type]
    return merged


def _with_sections(values: Mapping[str, Any], others: Mapping[str, Any]) -> dict[str, Any]:
    """Put whole sections in place of others."""
    return {**values, **others}


def _scaled(values: Mapping[str, Any], scale: float) -> dict[str, Any]:
    """Multiply the numbers of objects of a sample."""
    sample = dict(values.get("sample", {}))
    for key in _SCALED:
        if key in sample:
            sample[key] = max(LEAST, round(sample[key] * scale))
    if "counts" in sample:
        sample["counts"] = {k: max(LEAST, round(n * scale)) for k, n in sample["counts"].items()}
    return {**values, "sample": sample}


def _check_same_frames(cells: list[Cell]) -> None:
    """Refuse experiments that share cutouts of frames but would cut them differently."""
    of_frames = [cell for cell in cells if cell.source == "frames"]
    for cell in of_frames[1:]:
        if cell.config.cutouts != of_frames[0].config.cutouts:
            raise StudyError(
                f"{of_frames[0].name} and {cell.name} share cutouts but differ in [cutouts];"
                " make two studies, or give [cutouts] in the base or a data set"
            )
