"""Classify whatever shows objects: fields, positions, cutouts, arrays."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skyclass.errors import InferenceError
from skyclass.files import AnyPath
from skyclass.inference.choose_model import choose_model
from skyclass.inference.classify_batches import classify_batches
from skyclass.inference.classify_positions import classify_positions
from skyclass.inference.classify_units import classify_units
from skyclass.inference.read_inputs import (
    CutoutInput,
    FieldInput,
    Inputs,
    PositionInput,
    read_inputs,
)
from skyclass.inference.source_table import write_table
from skyclass.inference.table_formats import check_suffix
from skyclass.inference.table_metadata import make_table_metadata
from skyclass.models.catalog_columns import measure_columns
from skyclass.models.model_spec import ModelSpec
from skyclass.models.predictor import Predictor, load_predictor
from skyclass.progress import Progress, no_progress
from skyclass.surveys.registry import get_survey

__all__ = ["classify"]


def classify(
    inputs: Inputs,
    model: AnyPath | None = None,
    out: AnyPath | None = None,
    *,
    task: str | None = None,
    positions: Any = None,
    frames: Any = None,
    survey: str | None = None,
    offset: NDArray[Any] | None = None,
    progress: Progress = no_progress,
) -> pd.DataFrame:
    """Classify the sources of fields, the objects of a table, or cutouts.

    Objects are cut out of frames by the function and the rules that made the cutouts which the
    model was trained on.

    Parameters
    ----------
    inputs
        One or more directories or files of frames, whose sources are detected; a table of
        positions, or its file; a folder of stored cutouts; or an array `[n, band, y, x]` in
        nanomaggies, in the order of the survey's bands, of at least 32 pixels a side (also a file
        that `numpy.savez` wrote, with `flux` and, if objects are not in the middle, `offset`). The
        name ``example`` stands for the simulated field that comes with the package.
    model
        Name of a model that comes with skyclass, folder of a saved model, or ``hf://owner/name`` of
        the Hugging Face Hub. By default the model that comes with skyclass for `task`.
    out
        Table to write: ``.parquet``, ``.csv``, ``.ecsv``, ``.fits`` or ``.vot``; none by default.
    task
        ``spectral-class`` (the default) or ``object-type``, in place of a model.
    positions
        Objects to classify on the frames that `inputs` names, as a table for which `frames` would
        name them.
    frames
        One or more directories with the frames of a table of positions. Where the table has the
        survey's key columns, they name the frames of an object; else the frames' world coordinates
        do.
    survey
        Survey of an array; by default that of the model. Another one than the model's is refused.
    offset
        Pixels in y and x from the cutouts' centres to the objects, for an array, `[n, band, 2]`.
    progress
        Called with the stage, fields or cutouts done and in all (`skyclass.progress.Progress`).

    Returns
    -------
    pandas.DataFrame
        The table as written: one row per source, as returned by
        `skyclass.inference.classify_field.classify_field`; the rows of the table, as returned by
        `skyclass.inference.classify_positions.classify_positions`; or a row per cutout, as returned
        by `skyclass.inference.classify_batches.classify_batches`.

    Raises
    ------
    InferenceError
        If `out` has an unknown suffix, no source is found, the model takes ready-made pictures or
        is of another survey, a table has no positions, or `model` is the directory of an
        experiment.
    ModelError
        If `model` is not a model, or needs columns that fluxes cannot provide.
    MissingExtraError
        If the model has no `model.onnx`, and PyTorch is not installed.
    ImageError
        If an array has not the shape or the bands that are needed.
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
    >>> stars = skyclass.classify("catalog.csv", "model", frames="frames")
    >>> len(stars), stars["reason"].unique().tolist()
    (120, [''])
    """
    if out is not None:
        check_suffix(Path(out))
    if positions is not None:
        if frames is not None:
            raise InferenceError("positions and frames exclude each other: inputs are the frames")
        inputs, frames = positions, inputs
    model = choose_model(model, task)
    _check_folder(Path(model))
    classifier = load_predictor(model)
    _check_spec(classifier.spec)
    found = read_inputs(inputs, classifier.spec, frames=frames, survey=survey, offset=offset)
    table = _classify(found, classifier, progress)
    if out is not None:
        write_table(table, out, make_table_metadata(classifier.spec, os.fspath(model)))
    return table


def _classify(
    found: FieldInput | PositionInput | CutoutInput, classifier: Predictor, progress: Progress
) -> pd.DataFrame:
    """Classify what was read, whatever it is."""
    spec = classifier.spec
    match found:
        case FieldInput(units):
            # raises before any work if the model needs more than fluxes
            measure_columns(spec.columns, np.empty((0, len(spec.bands))))
            return classify_units(units, classifier, progress)
        case PositionInput(table, units):
            return classify_positions(table, units, classifier, progress)
        case CutoutInput(batches):
            return classify_batches(batches, classifier, progress)


def _check_spec(spec: ModelSpec) -> None:
    """Raise if a model does not take cutouts of frames, or its cutouts differ from its rules."""
    survey = get_survey(spec.survey)
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
