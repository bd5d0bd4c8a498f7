"""Classify every source of the fields that a directory holds."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from skyclass.errors import InferenceError
from skyclass.files import AnyPath
from skyclass.images.cut_field import add_neighbour_rows
from skyclass.images.cutout import cut_frames
from skyclass.inference.source_table import check_suffix, describe_origin, write_table
from skyclass.measurement.aperture_photometry import aperture_flux
from skyclass.measurement.detect import detect
from skyclass.models.catalog_columns import measure_columns
from skyclass.models.classifier import Classifier
from skyclass.models.saved_model import load_model
from skyclass.progress import Progress, Stage, no_progress
from skyclass.surveys.sdss.layout import BANDS, PRIMARY_ROWS, Field, find_fields
from skyclass.surveys.sdss.reader import open_field

__all__ = ["classify", "classify_field"]

_DETECTION: Final = BANDS.index("r")


def classify(
    paths: AnyPath | Sequence[AnyPath],
    model: AnyPath,
    out: AnyPath,
    *,
    progress: Progress = no_progress,
) -> pd.DataFrame:
    """Detect and classify the sources of all fields at or below some directories.

    Parameters
    ----------
    paths
        Directory, or several, that hold the five frames of one or more fields.
    model
        Folder of a saved model.
    out
        Table to write: ``.parquet``, ``.csv``, ``.ecsv``, ``.fits`` or ``.vot``.
    progress
        Called with the stage, fields done and fields in all (`skyclass.progress.Progress`).

    Returns
    -------
    pandas.DataFrame
        What was written: a row a source, as `classify_field` gives it.

    Raises
    ------
    InferenceError
        If `out` has no known ending, no source is found, the model takes ready-made pictures, or
        `model` is the directory of an experiment.
    ModelError
        If `model` is no model, or needs columns that fluxes do not give.
    SurveyError
        If there are no frames, or a field lacks one.
    """
    given = [paths] if isinstance(paths, str | os.PathLike) else paths
    places, model, out = [Path(path) for path in given], Path(model), Path(out)
    check_suffix(out)
    _check_folder(model)
    classifier = load_model(model)
    if classifier.spec.bands != BANDS:
        raise InferenceError(
            f"{model} takes pictures of the type {classifier.spec.image_type}, which frames do not"
            " hold; use a model of an image type made of frames"
        )
    # refused before any work, where the model needs more than fluxes
    measure_columns(classifier.spec.columns, np.empty((0, len(BANDS))))
    fields = find_fields(places)
    tables = []
    for done, (field, folder) in enumerate(fields.items(), 1):
        tables.append(classify_field(folder, field, classifier))
        progress(Stage.FIELDS, done, len(fields))
    table = pd.concat(tables, ignore_index=True)
    if table.empty:
        raise InferenceError("no source was found on the frames")
    table.attrs["about"] = describe_origin(classifier.spec)
    write_table(table, out)
    return table


def classify_field(folder: Path, field: Field, classifier: Classifier) -> pd.DataFrame:
    """Detect and classify the sources of one field.

    Parameters
    ----------
    folder
        Directory of its five frames.
    field
        Field key.
    classifier
        A trained model.

    Returns
    -------
    pandas.DataFrame
        `ra`, `dec` (degrees), `x`, `y` (zero-based pixels of the r frame), `run`, `camcol`,
        `field`, `flux_u` to `flux_z` (aperture of 10 pixels, nanomaggies), `class`,
        `probability`, and `p_<class>`. Sources that leave the frame in a band are left out, and
        those on the rows of a neighbouring field, so that none is counted twice.
    """
    frames = open_field(folder, field)
    sources = detect(frames[_DETECTION])
    first, end = PRIMARY_ROWS
    sources = sources[(sources["y"] >= first) & (sources["y"] < end)]
    ra, dec, size = sources["ra"].to_numpy(), sources["dec"].to_numpy(), classifier.spec.size
    cutouts = cut_frames(add_neighbour_rows(frames, folder, field, ra, dec, size), ra, dec, size)
    kept = cutouts.inside
    table = sources[kept].reset_index(drop=True)
    table = table.assign(run=field.run, camcol=field.camcol, field=field.field)
    fluxes = aperture_flux(cutouts.flux[kept], cutouts.offset[kept])
    table[[f"flux_{band}" for band in BANDS]] = fluxes
    columns = measure_columns(classifier.spec.columns, fluxes)
    probabilities = classifier.probabilities(
        cutouts.flux[kept], cutouts.offset[kept], columns=columns
    )
    labels = np.array(classifier.spec.labels)
    table["class"] = labels[probabilities.argmax(axis=1)]
    table["probability"] = probabilities.max(axis=1)
    table[[f"p_{label}" for label in labels]] = probabilities
    return table


def _check_folder(model: Path) -> None:
    """Refuse the directory of an experiment, which holds the model's folder."""
    inner = model / "model"
    if inner.is_dir():
        raise InferenceError(f"{model} is the directory of an experiment; its model is {inner}")
