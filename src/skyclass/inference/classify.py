"""Classify whatever shows objects: fields, positions, cutouts, arrays."""

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skyclass.cache import locate_cache
from skyclass.errors import InferenceError
from skyclass.files import AnyPath
from skyclass.images.runners import Runner, choose_runner
from skyclass.inference.choose_model import choose_model
from skyclass.inference.classify_batches import classify_batches
from skyclass.inference.classify_pictures import classify_pictures
from skyclass.inference.classify_positions import classify_positions
from skyclass.inference.classify_units import classify_units
from skyclass.inference.conclusions import Conclusions, Demands, make_conclusions
from skyclass.inference.failures import write_failures
from skyclass.inference.read_inputs import (
    CutoutInput,
    FieldInput,
    Inputs,
    InputSettings,
    PictureInput,
    PositionInput,
    read_inputs,
)
from skyclass.inference.sky_region import Place, Radius
from skyclass.inference.source_table import write_table
from skyclass.inference.table_formats import check_suffix
from skyclass.inference.table_metadata import TableMetadata, make_table_metadata
from skyclass.inference.unit_parts import open_parts
from skyclass.inference.worker_model import WorkerModel
from skyclass.models.catalog_columns import measure_columns
from skyclass.models.locate_model import locate_model
from skyclass.models.model_spec import ModelSpec
from skyclass.models.predictor import Predictor, load_predictor
from skyclass.progress import Progress, no_progress
from skyclass.schema import COLOURS
from skyclass.surveys.registry import get_survey

__all__ = ["classify"]

_log = logging.getLogger(__name__)


def no_report(_metadata: TableMetadata) -> None:
    """Report nothing of a table."""


def classify(
    inputs: Inputs | None = None,
    model: AnyPath | None = None,
    out: AnyPath | None = None,
    *,
    task: str | None = None,
    positions: Any = None,
    frames: Any = None,
    survey: str | None = None,
    offset: NDArray[Any] | None = None,
    ra: str | None = None,
    dec: str | None = None,
    unit: str | None = None,
    bands: Sequence[str] | None = None,
    pixel_scale: float | None = None,
    at: Place | None = None,
    radius: Radius | None = None,
    base_url: str | None = None,
    runtime: str | None = None,
    coverage: float | None = None,
    prior: Mapping[str, float] | None = None,
    purity: float | None = None,
    completeness: float | None = None,
    calibrate: Any = None,
    workers: int | None = None,
    scheduler: str | None = None,
    progress: Progress = no_progress,
    report: Callable[[TableMetadata], object] = no_report,
) -> pd.DataFrame:
    """Classify the sources of fields, the objects of a table, or cutouts.

    Objects are cut out of frames by the function and the rules that made the cutouts which the
    model was trained on.

    Parameters
    ----------
    inputs
        One or more directories or files of frames, whose sources are detected; a table of
        positions (of pandas or astropy, `SkyCoord`, or a file); a folder of stored cutouts; or an
        array `[n, band, y, x]` in nanomaggies, in the order of the survey's bands, of at least 32
        pixels a side (also a file that `numpy.savez` wrote, with `flux` and, if objects are not in
        the middle, `offset`; or `NDData` of astropy, or a list of them); or, for a model that
        takes ready-made pictures, JPEG files. The name ``example`` stands for the simulated field
        that comes with the package.
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
        One or more directories with the frames of a table of positions, or of the surroundings of
        `at`. Without one, frames are downloaded into the cache. Where the table has the survey's
        key columns, they name the frames of an object; else the frames' world coordinates do.
    survey
        Survey of an array; by default that of the model. Another one than the model's is refused.
    offset
        Pixels in y and x from the cutouts' centres to the objects, for an array, `[n, band, 2]`.
    ra, dec
        Columns of a table with its positions, where they have names that are not known.
    unit
        Unit of a table's positions, where it does not state it: ``deg`` (the default), ``hour``
        (declinations in degrees) or ``rad``; sexagesimal text is recognised. Or of an array's
        fluxes: ``nanomaggy`` (the default), ``nJy`` or another that astropy can convert.
    bands
        Bands of an array, where they are not all bands of the survey in their order, such as
        ``griz``. Those that lack are masked if the model was trained with missing bands.
    pixel_scale
        Arcsec per pixel of an array; another scale than the survey's is refused.
    at
        In place of inputs, a position (text such as ``214.07 19.90`` or ``14:16:16 +19:54:00``, or
        of astropy) or the name of an object, which is resolved online: sources around it are
        classified, the nearest first.
    radius
        How far around `at`: arcmin, or text or a quantity with a unit; 1 arcmin by default.
    base_url
        Address of a mirror to download frames from, into `frames` where that is named.
    runtime
        What computes the model: ``onnx``, ``openvino`` or ``torch``; by default the first of these
        for which the model's folder has a file (`skyclass.pipeline.export_model.export_model`).
    coverage
        Share of objects whose `prediction_set` is to contain their class, 0.9 by default; refused
        if there are no calibration objects.
    prior
        Relative frequency of every class among what is classified, by which probabilities are
        re-weighted; by default as frequent as among the training objects.
    purity, completeness
        Least value of one of them for the samples that the column `selected` names, class by class
        (`skyclass.inference.operating_thresholds.fit_operating_thresholds`).
    calibrate
        Table that `classify` returned, or its file, with a column `label` of true classes:
        prediction sets and samples are fitted to its objects in place of the model's own
        calibration objects. It must be classified by the same model, without a prior: a
        `DataFrame` or ``.csv`` does not tell, other files are checked.
    workers
        Fields worked on at once, each on one core: in this process if 1, in as many processes if
        more (a script must then call this function below ``if __name__ == "__main__":``). By
        default, all cores are used by threads of this process.
    scheduler
        Address of a Dask scheduler whose workers do the work; they see the same folders.
    progress
        Called with the stage, fields or cutouts done and in all (`skyclass.progress.Progress`).
    report
        Called at the end with what `out` says of itself: the model, and how many sources were left
        out and why (`skyclass.inference.table_metadata.TableMetadata`).

    Returns
    -------
    pandas.DataFrame
        The table as written: one row per source, as returned by
        `skyclass.inference.classify_field.classify_field`; the rows of the table, as returned by
        `skyclass.inference.classify_positions.classify_positions`; or a row per cutout, as returned
        by `skyclass.inference.classify_batches.classify_batches`. A field with a broken or missing
        frame is left out with a warning; beside `out` it is listed in ``<out>.failures.csv``, and
        the same call then does only what is missing. The same holds after an interruption: finished
        fields wait in ``<out>.parts``. `prediction_set` follows the probabilities where the model
        was saved with calibration objects.

    Raises
    ------
    InferenceError
        If `out` has an unknown suffix, no source is found, no field can be classified, the model
        takes ready-made pictures or is of another survey, a table has no positions, `model` is the
        directory of an experiment, or `workers` or `scheduler` is given with cutouts.
    EvaluationError
        If the prior does not fit the classes of the model.
    ClusterError
        If the scheduler cannot be reached, or worker processes are killed again and again.
    ModelError
        If `model` is not a model, or needs columns that fluxes cannot provide.
    MissingExtraError
        If the model has no `model.onnx`, and PyTorch is not installed.
    ImageError
        If an array has not the shape or the bands that are needed.
    SurveyError
        If there are no frames.

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
    demands = Demands(coverage, prior, purity, completeness, calibrate)
    model = choose_model(model, task)
    folder = locate_model(model)
    _check_folder(folder)
    classifier = load_predictor(folder, runtime)
    _check_spec(classifier.spec)
    conclusions = make_conclusions(
        classifier.spec, classifier.calibration, demands, os.fspath(model)
    )
    settings = InputSettings(
        frames=frames,
        survey=survey,
        offset=offset,
        ra=ra,
        dec=dec,
        unit=unit,
        bands=bands,
        pixel_scale=pixel_scale,
        at=at,
        radius=radius,
        base_url=base_url,
    )
    cache = locate_cache(out or Path("classes"))
    found = read_inputs(inputs, classifier.spec, settings, cache=cache, progress=progress)
    metadata = make_table_metadata(classifier.spec, os.fspath(model))
    if isinstance(found, CutoutInput | PictureInput):
        if workers is not None or scheduler is not None:
            raise InferenceError("workers and scheduler are for frames; the inputs are cutouts")
        table = conclusions.add_to(_classify_images(found, classifier, progress))
        metadata = conclusions.note_in(metadata, table)
        if out is not None:
            write_table(table, out, metadata)
        report(metadata)
        return table
    runner = choose_runner(workers, scheduler)
    worker_model = WorkerModel(folder, classifier, runtime)
    places = found, worker_model, out, conclusions, metadata
    table, metadata = _classify_frames(*places, runner, progress)
    report(metadata)
    return table


def _classify_images(
    found: CutoutInput | PictureInput, classifier: Predictor, progress: Progress
) -> pd.DataFrame:
    """Classify images that show one object each."""
    if isinstance(found, PictureInput):
        return classify_pictures(found.paths, classifier, progress)
    return classify_batches(found.batches, classifier, progress)


def _classify_frames(
    found: FieldInput | PositionInput,
    model: WorkerModel,
    out: AnyPath | None,
    conclusions: Conclusions,
    metadata: TableMetadata,
    runner: Runner,
    progress: Progress,
) -> tuple[pd.DataFrame, TableMetadata]:
    """Classify the sources of fields, or objects on them, and write the table and failures."""
    spec = model.predictor.spec
    if isinstance(found, FieldInput):
        # raises before any work if the model needs more than fluxes
        measure_columns(spec.columns, np.empty((0, len(spec.bands))))
        answer = partial(classify_units, found.units, found.region)
    else:
        answer = partial(classify_positions, found.table, found.units)
    path = None if out is None else Path(out)
    asked = ("sources", found.region) if isinstance(found, FieldInput) else ("positions",)
    with open_parts(path, model, *asked) as parts:
        table, done = answer(model, parts, runner, progress)
        table, failures = conclusions.add_to(table), list(done.failures.values())
        metadata = replace(metadata, left_out=done.count_left_out())
        metadata = conclusions.note_in(metadata, table)
        if path is not None:
            write_table(table, path, metadata)
            write_failures(failures, path)
    for failure in failures:
        _log.warning("%s has no classes: %s", failure.unit, failure.reason)
    return table, metadata


def _check_spec(spec: ModelSpec) -> None:
    """Raise if the cutouts that a model takes differ from its rules."""
    if spec.bands == COLOURS:
        return
    survey = get_survey(spec.survey)
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
