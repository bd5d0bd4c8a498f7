"""Classify every source of the fields in a directory."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from skyclass.errors import InferenceError
from skyclass.files import AnyPath
from skyclass.images.cut_field import add_neighbour_rows
from skyclass.images.cutout import cut_frames
from skyclass.inference.source_table import describe_origin, write_table
from skyclass.inference.table_formats import check_suffix
from skyclass.measurement.aperture_photometry import aperture_flux
from skyclass.measurement.detect import detect
from skyclass.models.catalog_columns import measure_columns
from skyclass.models.classifier import Classifier
from skyclass.models.saved_model import load_model
from skyclass.progress import Progress, Stage, no_progress
from skyclass.surveys.registry import get_survey
from skyclass.surveys.survey import Unit

__all__ = ["classify", "classify_field"]


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
        One or more directories with the frames of one or more fields, or other units of files, of
        the model's survey.
    model
        Folder of a saved model, or ``hf://owner/name`` of the Hugging Face Hub.
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

    Examples
    --------
    >>> import skyclass
    >>> table = skyclass.classify("frames", "model", "classes.parquet")
    >>> list(table.columns[:4])
    ['ra', 'dec', 'x', 'y']
    >>> set(table["class"]) <= {"cool", "hot"}
    True
    """
    listed = [paths] if isinstance(paths, str | os.PathLike) else paths
    folders, out = [Path(path) for path in listed], Path(out)
    check_suffix(out)
    _check_folder(Path(model))
    classifier = load_model(model)
    spec = classifier.spec
    survey = get_survey(spec.survey)
    if spec.bands != survey.band_names:
        raise InferenceError(
            f"{model} takes ready-made pictures ({spec.image_type}), not frames;"
            " use a model whose image type is computed from frames"
        )
    # raises before any work if the model needs more than fluxes
    measure_columns(spec.columns, np.empty((0, len(survey.bands))))
    units = survey.find_units(folders)
    tables = []
    for done, (unit, folder) in enumerate(units.items(), 1):
        tables.append(classify_field(folder, unit, classifier))
        progress(Stage.FIELDS, done, len(units))
    table = pd.concat(tables, ignore_index=True)
    if table.empty:
        raise InferenceError("the frames hold no source above the detection threshold")
    write_table(table, out, notes=describe_origin(spec))
    return table


def classify_field(folder: Path, unit: Unit, classifier: Classifier) -> pd.DataFrame:
    """Detect and classify the sources of one field, or other unit of files.

    Parameters
    ----------
    folder
        Directory of its frames.
    unit
        Which unit of the model's survey.
    classifier
        Trained model.

    Returns
    -------
    pandas.DataFrame
        `ra`, `dec` (degrees), `x`, `y` (zero-based pixels of the frame in the survey's detection
        band), the unit's key (`rerun`, `run`, `camcol`, `field` for SDSS; `unit` for a survey
        without key columns), `flux_<band>` (aperture of 3.96 arcsec, nanomaggies), `class`,
        `probability`, and `p_<class>`. Sources that leave the frame in a band are left out, and
        those that belong to another unit, so that none is counted twice.
    """
    spec = classifier.spec
    survey = get_survey(spec.survey)
    frames = survey.open_unit(folder, unit)
    frame = frames[survey.band_names.index(survey.detection_band)]
    sources = detect(frame)
    if survey.is_primary is not None:
        sources = sources[survey.is_primary(frame, sources)]
    ra, dec = sources["ra"].to_numpy(), sources["dec"].to_numpy()
    frames = add_neighbour_rows(frames, folder, unit, ra, dec, spec.size, survey)
    cutouts = cut_frames(frames, ra, dec, spec.size)
    kept = cutouts.inside
    table = sources[kept].reset_index(drop=True)
    table = table.assign(**dict(zip(survey.key or ("unit",), unit.key, strict=True)))
    flux, offset = cutouts.flux[kept], cutouts.offset[kept]
    fluxes = aperture_flux(flux, offset, pixel_scale=survey.pixel_scale)
    table[[f"flux_{band}" for band in survey.band_names]] = fluxes
    columns = measure_columns(spec.columns, fluxes)
    probabilities = classifier.probabilities(flux, offset, columns=columns)
    labels = np.array(spec.labels)
    table["class"] = labels[probabilities.argmax(axis=1)]
    table["probability"] = probabilities.max(axis=1)
    table[[f"p_{label}" for label in labels]] = probabilities
    return table


def _check_folder(model: Path) -> None:
    """Raise if the path is the directory of an experiment, which holds the model's folder."""
    inner = model / "model"
    if inner.is_dir():
        raise InferenceError(f"{model} is the directory of an experiment; its model is {inner}")
