"""Classify the objects at positions that are known, cut as the model's training objects were."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skyclass.catalog.position_columns import OWN
from skyclass.errors import InferenceError
from skyclass.images.cut_field import cut_in_batches, open_frames_of_objects
from skyclass.images.runners import Runner
from skyclass.inference.broken_neighbours import skip_broken_neighbours
from skyclass.inference.classify_cutouts import classify_cutouts, list_answer_columns
from skyclass.inference.conclusions import CONCLUDED
from skyclass.inference.unit_parts import Parts, UnitAnswer, UnitWork, make_parts
from skyclass.inference.worker_model import WorkerModel
from skyclass.models.predictor import Predictor
from skyclass.progress import Progress
from skyclass.schema import POSITION
from skyclass.surveys.locate import locate_positions
from skyclass.surveys.registry import get_survey
from skyclass.surveys.survey import Survey, Unit

__all__ = ["classify_positions", "group_rows"]

_REASON: Final = "reason"
"""Column of why an object has no class; empty where it has one."""


def classify_positions(
    table: pd.DataFrame,
    units: Mapping[Unit, Path],
    model: WorkerModel,
    parts: Path,
    runner: Runner,
    progress: Progress,
) -> tuple[pd.DataFrame, Parts]:
    """Classify the objects of a table, unit by unit, so that each frame is read once.

    Parameters
    ----------
    table
        Objects that `read_positions` returned, `n` rows.
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
        The rows of the table in their order, with the columns of
        `skyclass.inference.classify_cutouts.classify_cutouts` and `reason` after its own. An object
        without pixels has missing values and a reason. A column of the table that has one of these
        names becomes `catalog_<name>`.
    parts : Parts
        What became of each unit: the objects of some have no class, because a frame is broken or
        missing.

    Raises
    ------
    InferenceError
        If the table also has a column of that name, or no unit can be classified.
    """
    survey = get_survey(model.predictor.spec.survey)
    groups, reasons = group_rows(table, units, survey)
    work = {unit: UnitWork(units[unit], table.loc[rows]) for unit, rows in groups.items()}
    answer = partial(_answer, model)
    done = make_parts(work, answer, parts, survey.name, runner, progress)
    for unit, failure in done.failures.items():
        reasons[groups[unit]] = failure.reason
    answers = []
    for unit, part in done.read().items():
        rows = groups[unit]
        reasons[rows] = part[_REASON]
        answers.append(part.drop(columns=_REASON).set_axis(rows)[(part[_REASON] == "").to_numpy()])
    results = _order_rows(answers, table.index, model.predictor).assign(**{_REASON: reasons})
    renamed = _rename_own_columns(table, results)
    return pd.concat([renamed, results], axis=1), done


def group_rows(
    table: pd.DataFrame, units: Mapping[Unit, Path], survey: Survey
) -> tuple[dict[Unit, NDArray[np.int64]], NDArray[np.object_]]:
    """Group the objects of a table by the unit of files that holds them.

    Parameters
    ----------
    table
        Objects with `ra` and `dec` in degrees, `n` rows numbered from 0. Where it has the survey's
        key columns, they name the unit; else the frames' world coordinates do.
    units
        Units with the directories that hold their frames (`Survey.find_units`).
    survey
        Survey of the frames.

    Returns
    -------
    groups
        Rows of each unit.
    reasons
        Why an object is in none; empty where it is in one, `[n]`.
    """
    ra, dec = (table[name].to_numpy(np.float64, na_value=np.nan) for name in POSITION)
    valid = np.isfinite(ra) & (np.abs(dec) <= 90)
    reasons = np.where(valid, "", "no valid position").astype(object)
    groups: dict[Unit, NDArray[np.int64]] = {}
    if set(survey.key) <= set(table.columns):
        for unit, objects in survey.group_objects(table[valid]):
            rows = objects.index.to_numpy()
            if unit in units:
                groups[unit] = rows
            elif survey.key:
                reasons[rows] = "no frame of its field"
    # those whose table does not say which unit holds them
    grouped = np.concatenate([np.empty(0, np.int64), *groups.values()])
    others = np.setdiff1d(np.flatnonzero(reasons == ""), grouped)
    if len(others):
        place = locate_positions(ra[others], dec[others], units, survey)
        reasons[others[place < 0]] = "on no frame"
        for number, unit in enumerate(units):
            rows = others[place == number]
            if len(rows):
                groups[unit] = np.concatenate([groups.get(unit, rows[:0]), rows])
    return groups, reasons


def _answer(model: WorkerModel, unit: Unit, work: UnitWork) -> UnitAnswer:
    """Classify the objects of a unit: a row for each, with the reason why it has no class."""
    objects, classifier = work.objects, model.predictor
    assert objects is not None
    spec = classifier.spec
    survey = skip_broken_neighbours(get_survey(spec.survey))
    ra, dec = (objects[name].to_numpy(np.float64) for name in POSITION)
    place = work.folder, unit, ra, dec, spec.cutting_rules, survey
    frames = open_frames_of_objects(*place)
    reasons = np.full(len(objects), "off its frame", dtype=object)
    answers = []
    for rows, cutouts in cut_in_batches(frames, *place):
        inside = cutouts.inside
        reasons[rows][inside] = ""
        own = objects[rows][inside]
        answer = classify_cutouts(cutouts.take(inside), classifier, own)
        answers.append(answer.set_axis(own.index))
    return UnitAnswer(_order_rows(answers, objects.index, classifier).assign(**{_REASON: reasons}))


def _order_rows(
    answers: Sequence[pd.DataFrame], rows: pd.Index, classifier: Predictor
) -> pd.DataFrame:
    """Join the answers of units in the order of the table; missing where there is none."""
    joined = pd.concat(answers) if answers else pd.DataFrame()
    table = joined.reindex(index=rows, columns=list_answer_columns(classifier))
    for name in ("class", "class_origin"):
        values = table[name].to_numpy(dtype=object)
        table[name] = np.where(pd.notna(values), values, np.array(None))
    if "flags" in table:
        table["flags"] = table["flags"].astype(object).fillna("")
        table["flag_bits"] = table["flag_bits"].fillna(0).astype(np.int64)
    return table


def _rename_own_columns(table: pd.DataFrame, results: pd.DataFrame) -> pd.DataFrame:
    """Rename the columns of a table that have the name of a result."""
    taken_names = {*results.columns, *CONCLUDED}
    names = {name: f"{OWN}{name}" for name in table.columns if name in taken_names}
    taken = [name for name in names.values() if name in table]
    if taken:
        raise InferenceError(
            f"the table of positions has a column {taken[0]} and one of the name of a result,"
            f" {taken[0].removeprefix(OWN)}; rename or remove one"
        )
    return table.rename(columns=names)
