"""The cells of a study: one experiment for each combination of a value of every axis."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from skyclass.config.experiment_file import make_config
from skyclass.config.section import Settings
from skyclass.config.sections import Experiment
from skyclass.errors import StudyError
from skyclass.images.registry import get_image_type
from skyclass.models.presets import apply_preset
from skyclass.pipeline.prepared_experiment import check_experiment
from skyclass.studies.study_file import Choice, ModelChoice, StudyConfig

__all__ = ["Cell", "list_pixel_sources", "make_cells"]

_COUNTS: Final = ("total", "per_class")

MIN_OBJECTS: Final = 10
"""Objects that remain of a class at any scale: one for every tenth of a split."""

FRAMES: Final = "frames"
"""Name of the folder of cutouts made of frames."""


@dataclass(frozen=True)
class Cell:
    """One experiment of a study."""

    data_set: Choice
    """Which objects."""
    image_type: Choice
    """How they are drawn."""
    model: ModelChoice
    """What is trained."""
    seed: int
    """Seed of the training."""
    config: Experiment
    """The experiment."""

    @property
    def name(self) -> str:
        """Name of its folder, with ``/`` between the axes."""
        parts = (self.data_set.name, self.image_type.name, self.model.name, str(self.seed))
        return str(PurePosixPath(*parts))

    @property
    def source(self) -> str:
        """Folder of its cutouts in its data set: of frames, or of a kind of pictures."""
        image_type = get_image_type(self.config.images.type, self.config.survey.name)
        if image_type.source is None:
            return FRAMES
        return re.sub(r"[^A-Za-z0-9+._-]", "_", image_type.name)


def make_cells(
    study: StudyConfig,
    base: Path,
    *,
    scale: float | None = None,
    fixed: Mapping[str, Settings] | None = None,
) -> list[Cell]:
    """Make the experiments of a study and check each before any work.

    Parameters
    ----------
    study
        Study.
    base
        Folder that relative paths of the experiments start from.
    scale
        For a simulated survey: factor of all numbers of objects; the `simulated` settings then
        apply.
    fixed
        Whole sections of the experiment file, such as the place of the simulated survey.

    Returns
    -------
    list of Cell
        Data set by data set, image type by image type.

    Raises
    ------
    SkyclassError
        If an experiment is invalid, or image types made of frames differ in how frames are cut.
    """
    cells = [
        Cell(data_set, image_type, model, seed, config)
        for data_set in study.data_sets
        for image_type in study.image_types
        for model in study.models
        if not model.only or image_type.name in model.only
        for seed in study.seeds
        for config in [
            _make_config(study, (data_set, image_type, model), seed, base, scale, fixed or {})
        ]
    ]
    for cell in cells:
        check_experiment(cell.config)
    for data_set in study.data_sets:
        _check_same_cutouts([cell for cell in cells if cell.data_set == data_set])
    return cells


def list_pixel_sources(cells: Iterable[Cell]) -> dict[str, Experiment]:
    """List the sources of pixels of a data set, each with one of its experiments.

    Parameters
    ----------
    cells
        Those of one data set.

    Returns
    -------
    dict
        Experiments by the names of the sources, as `prepare_objects` takes them.
    """
    experiments: dict[str, Experiment] = {}
    for cell in cells:
        experiments.setdefault(cell.source, cell.config)
    return experiments


def _make_config(
    study: StudyConfig,
    choices: tuple[Choice, ...],
    seed: int,
    base: Path,
    scale: float | None,
    fixed: Mapping[str, Settings],
) -> Experiment:
    """Make the experiment of one cell."""
    values: Settings = study.base
    for choice in choices:
        values = _merge(values, choice.settings)
    if scale is not None:
        sections = [] if study.simulation is None else [study.simulation.settings]
        for section in (*sections, *(choice.simulated for choice in choices)):
            values = {**values, **section}
        values = _scale_counts(values, scale)
    values = _merge({**values, **fixed}, {"training": {"seed": seed}})
    name = "/".join(choice.name for choice in choices)
    return apply_preset(make_config(values, base, f"study {study.name}, {name}"))


def _merge(values: Settings, others: Settings) -> Settings:
    """Put keys in place of others, also inside sections."""
    merged = dict(values)
    for key, value in others.items():
        inner = merged.get(key)
        if isinstance(inner, dict) and isinstance(value, dict):
            merged[key] = _merge(inner, value)
        else:
            merged[key] = value
    return merged


def _scale_counts(values: Settings, scale: float) -> Settings:
    """Multiply the numbers of objects of a sample."""

    def multiply(count: float) -> int:
        return max(MIN_OBJECTS, round(count * scale))

    sample: Settings = dict(values.get("sample", {}))
    for key in _COUNTS:
        if key in sample:
            sample[key] = multiply(sample[key])
    if "counts" in sample:
        sample["counts"] = {label: multiply(count) for label, count in sample["counts"].items()}
    return {**values, "sample": sample}


def _check_same_cutouts(cells: list[Cell]) -> None:
    """Raise if experiments share cutouts of frames but would cut them differently."""
    of_frames = [cell for cell in cells if cell.source == FRAMES]
    for cell in of_frames[1:]:
        if cell.config.cutouts != of_frames[0].config.cutouts:
            raise StudyError(
                f"{of_frames[0].name} and {cell.name} share cutouts but differ in [cutouts];"
                " make two studies, or set [cutouts] in the base or a data set"
            )
