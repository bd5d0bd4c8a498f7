"""Classify the sources of the fields in a directory, or the objects at known positions."""

import logging
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from skyclass.catalog.catalog_file import Catalog
from skyclass.errors import InferenceError, MissingFrameError
from skyclass.files import AnyPath
from skyclass.images.cut_field import cut_objects
from skyclass.inference.classify_positions import classify_positions, read_positions
from skyclass.inference.source_table import (
    describe_origin,
    format_flags,
    make_class_columns,
    write_table,
)
from skyclass.inference.table_formats import check_suffix
from skyclass.measurement.aperture_photometry import aperture_flux
from skyclass.measurement.detect import detect
from skyclass.models.catalog_columns import measure_columns
from skyclass.models.measured_inputs import make_measured_inputs
from skyclass.models.model_spec import ModelSpec
from skyclass.models.predictor import Predictor, load_predictor
from skyclass.progress import Progress, Stage, no_progress
from skyclass.surveys.registry import get_survey
from skyclass.surveys.survey import Survey, Unit

__all__ = ["classify", "classify_field"]

_log = logging.getLogger(__name__)


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
        The table as written: one row per source, as returned by `classify_field`, or the rows of
        `positions`, as returned by `skyclass.inference.classify_positions.classify_positions`.

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
    ['class', 'probability', 'p_hot', 'p_cool', 'flags', 'reason']
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
        table = _classify_fields(folders, classifier, progress)
    else:
        objects = read_positions(positions, spec)
        units = survey.find_units(folders)
        table = classify_positions(objects, units, classifier, progress)
    if out is not None:
        write_table(table, out, notes=describe_origin(spec))
    return table


def _classify_fields(
    folders: Sequence[Path], classifier: Predictor, progress: Progress
) -> pd.DataFrame:
    """Detect and classify the sources of all units below some directories."""
    spec = classifier.spec
    survey = get_survey(spec.survey)
    # raises before any work if the model needs more than fluxes
    measure_columns(spec.columns, np.empty((0, len(survey.bands))))
    units = survey.find_units(folders)
    tables = []
    for done, (unit, folder) in enumerate(units.items(), 1):
        try:
            tables.append(classify_field(folder, unit, classifier))
        except MissingFrameError as error:
            if spec.cutting_rules.missing_band != "drop":
                raise
            _log.warning("left out, as such fields were in training: %s", error)
        progress(Stage.FIELDS, done, len(units))
    if not tables:
        raise InferenceError("every field lacks a band, and the model was trained without such")
    table = pd.concat(tables, ignore_index=True)
    if table.empty:
        raise InferenceError("the frames hold no source above the detection threshold")
    return table


def classify_field(folder: Path, unit: Unit, classifier: Predictor) -> pd.DataFrame:
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
        without key columns), `flux_<band>` (aperture of 3.96 arcsec, nanomaggies), `flags` (what is
        wrong with the measurement, and in which bands; none where the model's cutting rules
        measure nothing), `class`, `probability`, and `p_<class>`. Sources that leave the frame in a
        band are left out, and those that belong to another unit, so that none is counted twice.

    Raises
    ------
    InferenceError
        If the frame in the detection band is missing, and the model accepts missing bands.
    SurveyError
        If a frame is broken, or missing and the model does not accept that.
    """
    spec = classifier.spec
    survey, rules = get_survey(spec.survey), spec.cutting_rules
    frames = survey.open_unit(folder, unit, mask_missing=rules.missing_band == "mask")
    frame = frames[survey.band_names.index(survey.detection_band)]
    if not len(frame.data):
        raise InferenceError(
            f"{unit} has no {frame.band} frame, in which sources are detected: add it to {folder},"
            " or classify positions"
        )
    sources = detect(frame)
    if survey.is_primary is not None:
        sources = sources[survey.is_primary(frame, sources)]
    ra, dec = sources["ra"].to_numpy(), sources["dec"].to_numpy()
    cutouts = cut_objects(frames, folder, unit, ra, dec, rules, survey)
    kept = cutouts.inside
    table = sources[kept].reset_index(drop=True)
    table = table.assign(**dict(zip(survey.key or ("unit",), unit.key, strict=True)))
    flux, offset = cutouts.flux[kept], cutouts.offset[kept]
    fluxes = aperture_flux(flux, offset, pixel_scale=survey.pixel_scale)
    table[[f"flux_{band}" for band in survey.band_names]] = fluxes
    columns = measure_columns(spec.columns, fluxes)
    measurement, measured = cutouts.measurement, None
    if measurement is not None:
        measurement = measurement.take(kept)
        measured = make_measured_inputs(measurement, spec)
        table["flags"] = format_flags(measurement, survey.band_names)
    probabilities = classifier.probabilities(flux, offset, columns=columns, measured=measured)
    return pd.concat([table, make_class_columns(probabilities, spec.labels)], axis=1)


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
