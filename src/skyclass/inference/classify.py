"""Classify the sources of the fields in a directory, or the objects at known positions."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from skyclass.catalog.catalog_file import Catalog
from skyclass.errors import InferenceError
from skyclass.files import AnyPath
from skyclass.inference.classify_positions import classify_positions
from skyclass.inference.classify_units import classify_units
from skyclass.inference.read_positions import read_positions
from skyclass.inference.source_table import describe_origin, write_table
from skyclass.inference.table_formats import check_suffix
from skyclass.models.catalog_columns import measure_columns
from skyclass.models.model_spec import ModelSpec
from skyclass.models.predictor import load_predictor
from skyclass.progress import Progress, no_progress
from skyclass.surveys.registry import get_survey
from skyclass.surveys.survey import Survey

__all__ = ["classify"]


def classify(
    paths: AnyPath | Sequence[AnyPath],
    model: AnyPath,
    out: AnyPath | None = None,
    *,
    positions: Catalog | pd.DataFrame | AnyPath | None = None,
    progress: Progress = no_progress,
) -> pd.DataFrame:
    """Classify the sources of all fields at or below some directories, or objects of a table.

    Objects are cut out of the frames by the function and the rules that made the cutouts which the
    model was trained on.

    Parameters
    ----------
    paths
        One or more directories with the frames of one or more fields, or other units of files, of
        the model's survey.
    model
        Folder of a saved model, or ``hf://owner/name`` of the Hugging Face Hub.
    out
        Table to write: ``.parquet``, ``.csv``, ``.ecsv``, ``.fits`` or ``.vot``; none by default.
    positions
        Objects to classify: a catalogue, a table or its file (`skyclass.catalog.read_table`), with
        `ra` and `dec` in degrees. Where it has the survey's key columns, they name the frames of an
        object; else the frames' world coordinates do. By default sources are detected.
    progress
        Called with the stage, fields done and fields in all (`skyclass.progress.Progress`).

    Returns
    -------
    pandas.DataFrame
        The table as written: one row per source, as returned by
        `skyclass.inference.classify_field.classify_field`, or the rows of `positions`, as returned
        by `skyclass.inference.classify_positions.classify_positions`.

    Raises
    ------
    InferenceError
        If `out` has an unknown suffix, no source is found, the model takes ready-made pictures,
        `positions` has no positions, or `model` is the directory of an experiment.
    ModelError
        If `model` is not a model, or needs columns that fluxes cannot provide.
    MissingExtraError
        If the model has no `model.onnx`, and PyTorch is not installed.
    SurveyError
        If there are no frames, or a field lacks one.

    Examples
    --------
    >>> import skyclass
    >>> table = skyclass.classify("frames", "model", "classes.parquet")
    >>> list(table.columns[:4])
    ['ra', 'dec', 'x', 'y']
    >>> set(table["class"]) <= {"cool", "hot"}
    True
    >>> stars = skyclass.classify("frames", "model", positions="catalog.csv")
    >>> list(stars.columns[-6:])
    ['flags', 'class', 'probability', 'p_hot', 'p_cool', 'reason']
    """
    listed = [paths] if isinstance(paths, str | os.PathLike) else paths
    folders = [Path(path) for path in listed]
    if out is not None:
        check_suffix(Path(out))
    _check_folder(Path(model))
    classifier = load_predictor(model)
    spec = classifier.spec
    survey = get_survey(spec.survey)
    _check_spec(spec, survey)
    if positions is None:
        # raises before any work if the model needs more than fluxes
        measure_columns(spec.columns, np.empty((0, len(survey.bands))))
        table = classify_units(survey.find_units(folders), classifier, progress)
    else:
        objects = read_positions(positions, spec)
        table = classify_positions(objects, survey.find_units(folders), classifier, progress)
    if out is not None:
        write_table(table, out, notes=describe_origin(spec))
    return table


def _check_spec(spec: ModelSpec, survey: Survey) -> None:
    """Raise if a model does not take cutouts of frames, or its cutouts differ from its rules."""
    if spec.bands != survey.band_names:
        raise InferenceError(
            f"the model takes ready-made pictures ({spec.image_type}), not frames;"
            " use a model whose image type is computed from frames"
        )
    side = spec.cutting_rules.count_pixels(survey.pixel_scale)
    if side != spec.size:
        raise InferenceError(
            f"the model takes cutouts of {spec.size} pixels, but its cutting rules make {side}"
        )


def _check_folder(model: Path) -> None:
    """Raise if the path is the directory of an experiment, which holds the model's folder."""
    inner = model / "model"
    if inner.is_dir():
        raise InferenceError(f"{model} is the directory of an experiment; its model is {inner}")
