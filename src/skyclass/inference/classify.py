"""Classify every source of the fields in a directory."""

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
        One or more directories with the frames of one or more fields.
    model
        Folder of a saved model.
    out
        Table to write: ``.parquet``, ``.csv``, ``.ecsv``, ``.fits`` or ``.vot``.
    progress
        Called with the stage, fields done and fields in all (`skyclass.progress.Progress`).

    Returns
    -------
    pandas.DataFrame
        The table as written: one row per source, as returned by `classify_field`.

    Raises
    ------
    InferenceError
        If `out` has an unknown suffix, no source is found, the model takes ready-made pictures, or
        `model` is the directory of an experiment.
    ModelError
        If `model` is not a model, or needs columns that fluxes cannot provide.
    SurveyError
        If there are no frames, or a field lacks one.
    """
    listed = [paths] if isinstance(paths, str | os.PathLike) else paths
    folders, model, out = [Path(path) for path in listed], Path(model), Path(out)
    check_suffix(out)
    _check_folder(model)
    classifier = load_model(model)
    if classifier.spec.bands != BANDS:
        raise InferenceError(
            f"{model} takes ready-made pictures ({classifier.spec.image_type}), not frames;"
            " use a model whose image type is computed from frames"
        )
    # raises before any work if the model needs more than fluxes
    measure_columns(classifier.spec.columns, np.empty((0, len(BANDS))))
    fields = find_fields(folders)
    tables = []
    for done, (field, folder) in enumerate(fields.items(), 1):
        tables.append(classify_field(folder, field, classifier))
        progress(Stage.FIELDS, done, len(fields))
    table = pd.concat(tables, ignore_index=True)
    if table.empty:
        raise InferenceError("the frames hold no source above the detection threshold")
    write_table(table, out, notes=describe_origin(classifier.spec))
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
        Trained model.

    Returns
    -------
    pandas.DataFrame
        `ra`, `dec` (degrees), `x`, `y` (zero-based pixels of the r frame), `run`, `camcol`,
        `field`, `flux_u` to `flux_z` (aperture of 10 pixels, nanomaggies), `class`,
        `probability`, and `p_<class>`. Sources off the frame in any band are left out, and
        those on rows that belong to a neighbouring field, so that none is counted twice.
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
    """Raise if the path is the directory of an experiment, which holds the model's folder."""
    inner = model / "model"
    if inner.is_dir():
        raise InferenceError(f"{model} is the directory of an experiment; its model is {inner}")
