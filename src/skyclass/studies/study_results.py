"""What came out of a study, cell by cell, beside what was published."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pandas as pd
from pydantic import ValidationError

from skyclass.errors import StudyError
from skyclass.evaluation.metrics import Metrics, read_metrics
from skyclass.studies.study_file import Choice, ModelChoice, StudyConfig

__all__ = [
    "MEASURES",
    "STUDY_FILE",
    "CellResult",
    "Published",
    "StudyResults",
    "read_published",
    "read_results",
]

STUDY_FILE: Final = "study.json"
"""What a directory of a study holds: the study, how it was named, and its scale."""

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


@dataclass(frozen=True)
class Published:
    """Published figures of one cell; not a number where a figure is said to be undefined."""

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
    """What learnt."""
    seed: int
    """Seed of its training."""
    directory: Path
    """Experiment."""
    metrics: Metrics | None
    """Contents of `metrics.json`; None where the cell is not finished."""
    history: dict[str, Any] | None
    """Contents of `model/history.json`, or None."""
    failure: str | None
    """Why it failed when it was last run, in one line."""
    published: Published
    """Published figures."""

    @property
    def name(self) -> str:
        """What the study calls it."""
        parts = (self.data_set.name, self.image_type.name, self.model.name, str(self.seed))
        return "/".join(parts)


@dataclass(frozen=True)
class StudyResults:
    """All cells of a study."""

    study: StudyConfig
    """The study."""
    source: str
    """Its name, where it comes with skyclass, or that of its file."""
    scale: float | None
    """Scale of the simulated survey; None for the real archives."""
    cells: tuple[CellResult, ...]
    """In the order of the axes."""

    @property
    def simulated(self) -> bool:
        """Whether any of it was done on simulated data."""
        told = [cell.metrics.simulated for cell in self.cells if cell.metrics is not None]
        return self.scale is not None or any(told)

    @property
    def caption(self) -> str:
        """What every table says of how it was made."""
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
        """What makes the study, but for the directory."""
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
    """Read what has come out of a study so far.

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
        Where the directory holds no study.
    """
    try:
        told = json.loads((directory / STUDY_FILE).read_text(encoding="utf-8"))
        study = StudyConfig.model_validate(told["study"])
        source, scale = told["source"], told["scale"]
    except (OSError, ValueError, KeyError, ValidationError) as error:
        raise StudyError(f"{directory} holds no study; run `skyclass study` first") from error
    table = directory / "published.csv"
    published = read_published(table if table.exists() else None)
    cells = [
        _read_cell(directory, data_set, image_type, model, seed, published)
        for data_set in study.data_sets
        for image_type in study.image_types
        for model in study.models
        if not model.only or image_type.name in model.only
        for seed in study.seeds
    ]
    return StudyResults(study, source, scale, tuple(cells))


def read_published(path: Path | None) -> dict[tuple[str, str, str], Published]:
    """Read published figures.

    Parameters
    ----------
    path
        CSV file with the columns data_set, image_type, model, class, epoch, measure, value: a
        figure a row; class and epoch are empty where it is of neither, and the value may be
        ``undefined``. None where there is none.

    Returns
    -------
    dict
        By the names of data set, image type and model.

    Raises
    ------
    StudyError
        Where the file is not there, lacks a column, or has a value that is no number.
    """
    if path is None:
        return {}
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise StudyError(f"{path} is no table of published figures: {error}") from error
    lacking = [name for name in _COLUMNS if name not in table]
    if lacking:
        raise StudyError(f"{path} has no column {lacking[0]!r}")
    found: dict[tuple[str, str, str], Published] = {}
    for number, row in enumerate(table.to_dict("records"), 2):
        key = (str(row["data_set"]), str(row["image_type"]), str(row["model"]))
        cell = found.setdefault(key, Published())
        _put(cell, {str(k): str(v) for k, v in row.items()}, f"{path}, line {number}")
    return found


def _put(cell: Published, row: dict[str, str], where: str) -> None:
    """Put one published figure among those of its cell."""
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
    directory: Path,
    data_set: Choice,
    image_type: Choice,
    model: ModelChoice,
    seed: int,
    published: Mapping[tuple[str, str, str], Published],
) -> CellResult:
    """Read one cell."""
    key = (data_set.name, image_type.name, model.name)
    place = directory.joinpath("cells", *key, str(seed))
    note = place.with_name(f"{place.name}.failed")
    return CellResult(
        data_set,
        image_type,
        model,
        seed,
        place,
        read_metrics(place / "metrics.json") if (place / "metrics.json").exists() else None,
        _read_json(place / "model" / "history.json"),
        note.read_text(encoding="utf-8").splitlines()[0] if note.exists() else None,
        published.get(key, Published()),
    )


def _read_json(path: Path) -> dict[str, Any] | None:
    """Read a JSON file, if it is there."""
    if not path.exists():
        return None
    values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return values
