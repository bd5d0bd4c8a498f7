"""Classify the objects at positions that are known, cut as the model's training objects were."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skyclass.catalog.catalog_file import Catalog
from skyclass.catalog.read_table import read_table
from skyclass.errors import InferenceError, MissingFrameError
from skyclass.files import AnyPath
from skyclass.images.cut_field import cut_field
from skyclass.images.cutout import Cutouts
from skyclass.inference.source_table import format_flags, make_class_columns
from skyclass.measurement.aperture_photometry import aperture_flux
from skyclass.models.catalog_columns import measure_columns, select_columns
from skyclass.models.measured_inputs import make_measured_inputs, select_extinction
from skyclass.models.model_spec import ModelSpec
from skyclass.models.predictor import Predictor
from skyclass.progress import Progress, Stage
from skyclass.schema import POSITION
from skyclass.surveys.locate import locate_positions
from skyclass.surveys.registry import get_survey
from skyclass.surveys.survey import Survey, Unit

__all__ = ["classify_positions", "group_rows", "read_positions"]

_REASON: Final = "reason"
"""Column of why an object has no class; empty where it has one."""

_CATALOG: Final = "catalog_"
"""Begins the name of a column of the table of positions that has the name of a result."""


def read_positions(positions: Catalog | pd.DataFrame | AnyPath, spec: ModelSpec) -> pd.DataFrame:
    """Read the table of the objects to classify.

    Parameters
    ----------
    positions
        Catalogue, table, or the file of one (`skyclass.catalog.read_table.read_table`).
    spec
        Specification of the model.

    Returns
    -------
    pandas.DataFrame
        One row per object, with `ra` and `dec` in degrees.

    Raises
    ------
    CatalogError
        If the file is not a table.
    InferenceError
        If the table has no positions.
    ModelError
        If the model needs columns that neither the table nor fluxes provide.
    """
    if isinstance(positions, Catalog):
        table = positions.table
    elif isinstance(positions, pd.DataFrame):
        table = positions
    else:
        table = read_table(positions, survey=spec.survey)
    missing = [name for name in POSITION if name not in table]
    if missing:
        raise InferenceError(f"the table of positions has no column {', '.join(missing)}")
    bands = get_survey(spec.survey).band_names
    known = select_columns(spec.columns, table.head(1), bands)
    measure_columns(spec.columns, np.empty((len(table.head(1)), len(bands))), known)
    return table.reset_index(drop=True)


def classify_positions(
    table: pd.DataFrame,
    units: Mapping[Unit, Path],
    classifier: Predictor,
    progress: Progress,
) -> pd.DataFrame:
    """Classify the objects of a table, unit by unit.

    Parameters
    ----------
    table
        Objects that `read_positions` returned, `n` rows.
    units
        Units with the directories that hold their frames (`Survey.find_units`).
    classifier
        Trained model.
    progress
        Called with the stage, units done and units in all.

    Returns
    -------
    pandas.DataFrame
        The rows of the table in their order, with `class`, `probability`, `p_<class>`, `flags` (as
        `skyclass.inference.classify.classify_field` returns them) and `reason` after its own
        columns. An object without pixels has missing values and a reason. A column
        of the table that has one of these names becomes `catalog_<name>`.

    Raises
    ------
    InferenceError
        If the table also has a column of that name.
    SurveyError
        If a frame is broken, or missing where the model's cutting rules refuse that.
    """
    spec = classifier.spec
    survey = get_survey(spec.survey)
    probabilities = np.full((len(table), len(spec.labels)), np.nan)
    flags = np.full(len(table), "", dtype=object)
    groups, reasons = group_rows(table, units, survey)
    for done, (unit, rows) in enumerate(groups.items(), 1):
        objects = table.loc[rows].reset_index(drop=True)
        found = _classify_unit(units[unit], unit, objects, classifier)
        probabilities[rows], flags[rows], reasons[rows] = found
        progress(Stage.FIELDS, done, len(groups))
    results = make_class_columns(probabilities, spec.labels)
    if spec.cutting_rules.measure != "off":
        results = results.assign(flags=flags)
    results = results.assign(**{_REASON: reasons})
    return pd.concat([_rename_own_columns(table, results), results], axis=1)


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


def _classify_unit(
    root: Path, unit: Unit, objects: pd.DataFrame, classifier: Predictor
) -> tuple[NDArray[np.float64], NDArray[np.object_], NDArray[np.object_]]:
    """Classify the objects of a unit: probabilities `[n, class]`, flags, why some are missing."""
    spec = classifier.spec
    survey, rules = get_survey(spec.survey), spec.cutting_rules
    shares = np.full((len(objects), len(spec.labels)), np.nan)
    flags = np.full(len(objects), "", dtype=object)
    try:
        ra, dec = (objects[name].to_numpy(np.float64) for name in POSITION)
        cutouts, _ = cut_field(root, unit, ra, dec, rules, survey)
    except MissingFrameError:
        if rules.missing_band != "drop":
            raise
        return shares, flags, np.full(len(objects), "its field lacks a band", dtype=object)
    kept = cutouts.inside
    shares[kept] = _classify_cutouts(cutouts, objects[kept], classifier)
    if cutouts.measurement is not None:
        flags[kept] = format_flags(cutouts.measurement.take(kept), survey.band_names)
    return shares, flags, np.where(kept, "", "off its frame").astype(object)


def _classify_cutouts(
    cutouts: Cutouts, objects: pd.DataFrame, classifier: Predictor
) -> NDArray[np.float64]:
    """Classify those cutouts that lie on their frame, `[n, class]`; `objects` are their rows."""
    spec, kept = classifier.spec, cutouts.inside
    survey = get_survey(spec.survey)
    flux, offset = cutouts.flux[kept], cutouts.offset[kept]
    columns = measured = None
    if spec.columns:
        fluxes = aperture_flux(flux, offset, pixel_scale=survey.pixel_scale)
        known = select_columns(spec.columns, objects, survey.band_names)
        columns = measure_columns(spec.columns, fluxes, known)
    if cutouts.measurement is not None:
        extinction = select_extinction(objects, survey.band_names)
        measured = make_measured_inputs(cutouts.measurement.take(kept), spec, extinction)
    return classifier.probabilities(flux, offset, columns=columns, measured=measured)


def _rename_own_columns(table: pd.DataFrame, results: pd.DataFrame) -> pd.DataFrame:
    """Rename the columns of a table that have the name of a result."""
    names = {name: f"{_CATALOG}{name}" for name in table.columns if name in results}
    taken = [name for name in names.values() if name in table]
    if taken:
        raise InferenceError(
            f"the table of positions has a column {taken[0]} and one of the name of a result,"
            f" {taken[0].removeprefix(_CATALOG)}; rename or remove one"
        )
    return table.rename(columns=names)
