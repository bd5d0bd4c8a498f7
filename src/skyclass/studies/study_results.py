"""Results of a study, cell by cell, beside the published ones."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pandas as pd
from pydantic import BaseModel, ConfigDict, ValidationError

from skyclass.config.describe_error import describe_error
from skyclass.errors import StudyError
from skyclass.evaluation.metrics import Metrics, read_metrics
from skyclass.models.training_history import HISTORY_FILE, TrainingHistory, read_history
from skyclass.studies.study_file import Choice, ModelChoice, StudyConfig
from skyclass.studies.study_workspace import StudyWorkspace

__all__ = [
    "MEASURES",
    "CellResult",
    "Published",
    "StudyRecord",
    "StudyResults",
    "read_published",
    "read_results",
]

MEASURES: Final = {
    "accuracy": "Accuracy",
    "f1_weighted": "F1",
    "precision_weighted": "Precision",
    "recall_weighted": "Recall",
}
"""Scores that are compared, as `metrics.json` and tables call them."""

_KEYS: Final = ("data_set", "image_type", "model")
_COLUMNS: Final = (*_KEYS, "class", "epoch", "measure", "value")
_UNDEFINED: Final = "undefined"


class StudyRecord(BaseModel):
    """Contents of ``study.json``: the study that a directory holds."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    study: StudyConfig
    """The study."""
    source: str
    """Its name if it comes with skyclass, else the name of its file."""
    scale: float | None
    """Scale of the simulated survey; None for the real archives."""


@dataclass(frozen=True)
class Published:
    """Published figures of one cell; NaN where a figure is called undefined."""

    scores: dict[str, float] = field(default_factory=dict)
    """By the names of `MEASURES`."""
    per_class: dict[tuple[str, str], float] = field(default_factory=dict)
    """By class and measure."""
    epochs: dict[tuple[int, str], float] = field(default_factory=dict)
    """By epoch, from 1, and measure."""


@dataclass(frozen=True)
class CellResult:
    """One cell, run or not."""

    data_set: Choice
    """Which objects."""
    image_type: Choice
    """How they are drawn."""
    model: ModelChoice
    """What was trained."""
    seed: int
    """Seed of its training."""
    directory: Path
    """Experiment."""
    metrics: Metrics | None
    """Contents of `metrics.json`; None if the cell is not finished."""
    history: TrainingHistory | None
    """Contents of `model/history.json`, or None."""
    failure: str | None
    """Why it failed when it was last run, in one line."""
    published: Published
    """Published figures."""

    @property
    def name(self) -> str:
        """Its name in the study."""
        parts = (self.data_set.name, self.image_type.name, self.model.name, str(self.seed))
        return "/".join(parts)


@dataclass(frozen=True)
class StudyResults:
    """All cells of a study."""

    study: StudyConfig
    """The study."""
    source: str
    """Its name if it comes with skyclass, else the name of its file."""
    scale: float | None
    """Scale of the simulated survey; None for the real archives."""
    cells: tuple[CellResult, ...]
    """In the order of the axes."""

    @property
    def simulated(self) -> bool:
        """Whether any result is of simulated data."""
        finished = [cell.metrics for cell in self.cells if cell.metrics is not None]
        return self.scale is not None or any(metrics.simulated for metrics in finished)

    @property
    def caption(self) -> str:
        """Text of every table on how it was made."""
        parts = [self.study.caption]
        if self.simulated and self.scale is None:
            parts.append("Simulated data, not observations.")
        if self.scale is not None and self.study.simulation is not None:
            parts.append(self.study.simulation.caption.replace("{scale}", f"{self.scale:g}"))
        if self.study.published_caption:
            parts.append(self.study.published_caption)
        return " ".join(" ".join(part.split()) for part in parts)

    @property
    def command(self) -> str:
        """Command that makes the study, except for the directory."""
        command = f"skyclass study {self.source} --out DIRECTORY"
        return command if self.scale is None else f"{command} --simulated --scale {self.scale:g}"

    @property
    def groups(self) -> list[list[CellResult]]:
        """Cells by data set and image type, in the order of the axes."""
        keys = dict.fromkeys((cell.data_set.name, cell.image_type.name) for cell in self.cells)
        return [
            [cell for cell in self.cells if (cell.data_set.name, cell.image_type.name) == key]
            for key in keys
        ]


def read_results(directory: Path) -> StudyResults:
    """Read the results of a study so far.

    Parameters
    ----------
    directory
        Directory of the study.

    Returns
    -------
    StudyResults
        All cells, finished or not.

    Raises
    ------
    StudyError
        If the directory holds no study.
    """
    workspace = StudyWorkspace(directory)
    try:
        record = StudyRecord.model_validate_json(workspace.study_file.read_bytes())
    except OSError as error:
        raise StudyError(f"{directory} holds no study; run the study first") from error
    except ValidationError as error:
        raise StudyError(f"{workspace.study_file}: {describe_error(error, StudyRecord)}") from error
    table, study = workspace.published, record.study
    published = read_published(table if table.exists() else None)
    cells = [
        _read_cell(workspace, data_set, image_type, model, seed, published)
        for data_set in study.data_sets
        for image_type in study.image_types
        for model in study.models
        if not model.only or image_type.name in model.only
        for seed in study.seeds
    ]
    return StudyResults(study, record.source, record.scale, tuple(cells))


def read_published(path: Path | None) -> dict[tuple[str, str, str], Published]:
    """Read published figures.

    Parameters
    ----------
    path
        CSV file with the columns data_set, image_type, model, class, epoch, measure, value: one
        figure a row; class and epoch are empty if it belongs to neither, and the value may be
        ``undefined``. None if there is no file.

    Returns
    -------
    dict
        By the names of data set, image type and model.

    Raises
    ------
    StudyError
        If the file is missing, lacks a column, or holds a value that is not a number.
    """
    if path is None:
        return {}
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise StudyError(f"{path} is not a table of published figures: {error}") from error
    lacking = [name for name in _COLUMNS if name not in table]
    if lacking:
        raise StudyError(f"{path} has no column {lacking[0]!r}")
    cells: dict[tuple[str, str, str], Published] = {}
    for number, row in enumerate(table.to_dict("records"), 2):
        key = (str(row["data_set"]), str(row["image_type"]), str(row["model"]))
        cell = cells.setdefault(key, Published())
        _add_figure(cell, {str(k): str(v) for k, v in row.items()}, f"{path}, line {number}")
    return cells


def _add_figure(cell: Published, row: dict[str, str], where: str) -> None:
    """Add one published figure to those of its cell."""
    try:
        value = math.nan if row["value"] == _UNDEFINED else float(row["value"])
        epoch = int(row["epoch"]) if row["epoch"] else None
    except ValueError as error:
        raise StudyError(f"{where}: {error}") from error
    measure = row["measure"]
    if row["class"]:
        cell.per_class[row["class"], measure] = value
    elif epoch is not None:
        cell.epochs[epoch, measure] = value
    else:
        cell.scores[measure] = value


def _read_cell(
    workspace: StudyWorkspace,
    data_set: Choice,
    image_type: Choice,
    model: ModelChoice,
    seed: int,
    published: Mapping[tuple[str, str, str], Published],
) -> CellResult:
    """Read one cell."""
    key = (data_set.name, image_type.name, model.name)
    name = "/".join((*key, str(seed)))
    experiment, note = workspace.cell(name), workspace.failure(name)
    return CellResult(
        data_set,
        image_type,
        model,
        seed,
        experiment.root,
        read_metrics(experiment.metrics) if experiment.metrics.exists() else None,
        _read_history(experiment.model),
        note.read_text(encoding="utf-8").splitlines()[0] if note.exists() else None,
        published.get(key, Published()),
    )


def _read_history(model: Path) -> TrainingHistory | None:
    """Read the history of a model's training if there is one."""
    return read_history(model) if (model / HISTORY_FILE).exists() else None
