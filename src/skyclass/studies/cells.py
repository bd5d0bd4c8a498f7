"""The cells of a study: one experiment for each combination of a value of every axis."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from skyclass.config.experiment_file import make_config
from skyclass.config.section import Settings, flatten_settings
from skyclass.config.sections import Experiment
from skyclass.errors import ImageError, ModelError, StudyError
from skyclass.images.registry import SHORT_NAMES, get_image_type
from skyclass.models.presets import apply_preset, resolve_network
from skyclass.models.registry import check_network_name
from skyclass.pipeline.check_experiment import check_experiment
from skyclass.studies.merge_settings import Layer, Override, merge_layers
from skyclass.studies.study_file import Choice, ModelChoice, StudyConfig

__all__ = ["Cell", "list_pixel_sources", "make_cells"]

_COUNTS: Final = ("total", "per_class")

MIN_OBJECTS: Final = 10
"""Objects that remain of a class at any scale: one for every tenth of a split."""

FRAMES: Final = "frames"
"""Name of the folder of cutouts made of frames."""


_AXES: Final = ("data_sets", "image_types", "models")

_NAMED: Final = {"image_types": "images.type", "models": "model.name"}
"""Keys whose values are the names of an axis, unless its settings have them."""

_NOWHERE: Final[Mapping[str, Settings]] = {
    "catalog": {"source": "file", "path": "catalog.csv"},
    "survey": {"base_url": "http://localhost", "rate": 0},
}
"""Stands for a simulated survey that is not made yet."""


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
    overrides: tuple[Override, ...] = ()
    """Settings of the study that others override in it."""

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
    place: Mapping[str, Settings] | None = None,
) -> list[Cell]:
    """Make the experiments of a study and check each before any work.

    Of two values of a key the later one holds: the base's, that of `simulation.settings`, those
    of the data set, the image type and the model, each in its `settings` before its `real` or
    `simulated` ones.

    Parameters
    ----------
    study
        Study.
    base
        Folder that relative paths of the experiments start from.
    scale
        For a simulated survey: factor of all numbers of objects; the `simulated` settings then
        apply.
    place
        Sections of the experiment file that locate the simulated survey, in place of the study's
        own; without it the cells of a simulated study are checked, but cannot be run.

    Returns
    -------
    list of Cell
        Data set by data set, image type by image type.

    Raises
    ------
    SkyclassError
        If an experiment is invalid, two cells are the same experiment, or image types made of
        frames differ in how frames are cut.
    """
    sections = _NOWHERE if scale is not None and place is None else place or {}
    cells = [
        _make_cell(study, (data_set, image_type, model), seed, base, scale, sections)
        for data_set in study.data_sets
        for image_type in study.image_types
        for model in study.models
        if not model.only or image_type.name in model.only
        for seed in study.seeds
    ]
    for cell in cells:
        _check_names(cell, is_simulated=scale is not None)
        check_experiment(cell.config, sources=sections is not _NOWHERE)
    _check_distinct(cells)
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


def _make_cell(
    study: StudyConfig,
    choices: tuple[Choice, Choice, ModelChoice],
    seed: int,
    base: Path,
    scale: float | None,
    place: Mapping[str, Settings],
) -> Cell:
    """Make one cell."""
    layers = [
        *_list_layers(study, choices, is_simulated=scale is not None),
        Layer("the simulated survey", dict(place), whole=True),
        Layer("seeds", {"training": {"seed": seed}}),
    ]
    values, overrides = merge_layers(layers)
    if scale is not None:
        values = _scale_counts(values, scale)
    name = "/".join(choice.name for choice in choices)
    config = apply_preset(make_config(values, base, f"study {study.name}, {name}"))
    return Cell(*choices, seed, config, overrides)


def _list_layers(
    study: StudyConfig, choices: Sequence[Choice], *, is_simulated: bool
) -> Iterator[Layer]:
    """List the settings of a cell, the weakest first."""
    yield Layer("base", study.base)
    if is_simulated and study.simulation is not None:
        yield Layer("simulation.settings", study.simulation.settings)
    for axis, choice in zip(_AXES, choices, strict=True):
        source = f"{axis}.{choice.name}"
        if axis in _NAMED and not _is_named(axis, choice, is_simulated=is_simulated):
            section, key = _NAMED[axis].split(".")
            yield Layer(source, {section: {key: choice.name}})
        yield Layer(f"{source}.settings", choice.settings)
        kind, own = ("simulated", choice.simulated) if is_simulated else ("real", choice.real)
        yield Layer(f"{source}.{kind}", own)


def _is_named(axis: str, choice: Choice, *, is_simulated: bool) -> bool:
    """Check whether the settings of an image type or a model say which one it is."""
    own = choice.simulated if is_simulated else choice.real
    return any(_NAMED[axis] in flatten_settings(each) for each in (choice.settings, own))


def _check_names(cell: Cell, *, is_simulated: bool) -> None:
    """Check that an image type or a model whose settings do not name one is called by its name."""
    for axis, choice in (("image_types", cell.image_type), ("models", cell.model)):
        if _is_named(axis, choice, is_simulated=is_simulated):
            continue
        try:
            if axis == "models":
                check_network_name(choice.name)
            else:
                get_image_type(choice.name, cell.config.survey.name)
        except (ImageError, ModelError) as error:
            raise StudyError(
                f"{axis}.{choice.name} has no settings.{_NAMED[axis]}, and its own name is none:"
                f" {error}"
            ) from error


def _check_distinct(cells: list[Cell]) -> None:
    """Raise if two cells are the same experiment."""
    seen: dict[str, str] = {}
    for cell in cells:
        model, images = cell.config.model, cell.config.images
        short = images.type
        config = cell.config.model_copy(
            update={
                "model": model.model_copy(update={"name": resolve_network(model.name)}),
                "images": images.model_copy(update={"type": SHORT_NAMES.get(short, short)}),
            }
        )
        first = seen.setdefault(config.model_dump_json(), cell.name)
        if first != cell.name:
            raise StudyError(
                f"the cells {first} and {cell.name} are the same experiment; remove one, or give it"
                " settings of its own"
            )


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
