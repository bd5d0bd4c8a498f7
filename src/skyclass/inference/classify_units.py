"""Detect and classify the sources of many fields, or other units of files."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import pandas as pd

from skyclass.errors import InferenceError
from skyclass.images.runners import Runner
from skyclass.inference.classify_field import classify_field
from skyclass.inference.failures import Failure
from skyclass.inference.unit_parts import UnitWork, make_parts
from skyclass.inference.worker_model import WorkerModel
from skyclass.progress import Progress
from skyclass.surveys.survey import Unit

__all__ = ["classify_units"]


def classify_units(
    units: Mapping[Unit, Path],
    model: WorkerModel,
    parts: Path,
    runner: Runner,
    progress: Progress,
) -> tuple[pd.DataFrame, Sequence[Failure]]:
    """Detect and classify the sources of many fields, or other units of files.

    Parameters
    ----------
    units
        Units with the directories that hold their frames (`Survey.find_units`).
    model
        Trained model.
    parts
        Directory of finished units (`skyclass.inference.unit_parts.open_parts`).
    runner
        Works on several units at once.
    progress
        Called with the stage, units done and units in all.

    Returns
    -------
    table : pandas.DataFrame
        One row per source, as `skyclass.inference.classify_field.classify_field` returns them, unit
        after unit.
    failures : sequence of Failure
        Units that are left out, because a frame is broken or missing.

    Raises
    ------
    InferenceError
        If no source is found, or no unit can be classified.
    """
    work = {unit: UnitWork(folder) for unit, folder in units.items()}
    answer = partial(_answer, model)
    done = make_parts(work, answer, parts, model.predictor.spec.survey, runner, progress)
    tables = [table for table in done.read().values() if len(table)]
    if not tables:
        raise InferenceError("the frames hold no source above the detection threshold")
    return pd.concat(tables, ignore_index=True), list(done.failures.values())


def _answer(model: WorkerModel, unit: Unit, work: UnitWork) -> pd.DataFrame:
    """Detect and classify the sources of one unit."""
    return classify_field(work.folder, unit, model.predictor)
