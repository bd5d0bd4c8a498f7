"""Detect and classify the sources of many fields, or other units of files."""

from collections.abc import Collection, Mapping
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from skyclass.errors import InferenceError
from skyclass.images.runners import Runner
from skyclass.inference.classify_field import classify_field
from skyclass.inference.sky_region import SkyRegion
from skyclass.inference.unit_parts import Parts, UnitAnswer, UnitWork, make_parts
from skyclass.inference.worker_model import WorkerModel
from skyclass.progress import Progress
from skyclass.surveys.registry import get_survey
from skyclass.surveys.survey import Survey, Unit

__all__ = ["classify_units"]


def classify_units(
    units: Mapping[Unit, Path],
    region: SkyRegion | None,
    model: WorkerModel,
    parts: Path,
    runner: Runner,
    progress: Progress,
) -> tuple[pd.DataFrame, Parts]:
    """Detect and classify the sources of many fields, or other units of files.

    Parameters
    ----------
    units
        Units with the directories that hold their frames (`Survey.find_units`).
    region
        Where sources are classified; everywhere if None.
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
        after unit; in a region, by the distance from its centre.
    parts : Parts
        What became of each unit: those that are left out, because a frame is broken or missing, and
        the number of sources that are.

    Raises
    ------
    InferenceError
        If no source is found, or no unit can be classified.
    """
    survey = get_survey(model.predictor.spec.survey)
    work = {
        unit: UnitWork(folder, neighbours=_list_neighbours(unit, units, survey))
        for unit, folder in units.items()
    }
    answer = partial(_answer, model, region)
    done = make_parts(work, answer, parts, survey.name, runner, progress)
    tables = [table for table in done.read().values() if len(table)]
    if not tables:
        where = "" if region is None else f" at {region}"
        raise InferenceError(f"the frames hold no source above the detection threshold{where}")
    table = pd.concat(tables, ignore_index=True)
    if region is not None:
        distance = region.measure_distance(table["ra"].to_numpy(), table["dec"].to_numpy())
        table = table.iloc[np.argsort(distance, kind="stable")].reset_index(drop=True)
    return table, done


def _list_neighbours(unit: Unit, units: Collection[Unit], survey: Survey) -> tuple[Unit, ...]:
    """List the neighbours of a unit that are among the units."""
    if survey.find_neighbours is None:
        return ()
    return tuple(each for each in survey.find_neighbours(unit) if each in units)


def _answer(model: WorkerModel, region: SkyRegion | None, unit: Unit, work: UnitWork) -> UnitAnswer:
    """Detect and classify the sources of one unit."""
    return classify_field(work.folder, unit, model.predictor, work.neighbours, region)
