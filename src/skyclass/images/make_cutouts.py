"""Make cutouts from frames on disk: a Hugging Face `DatasetDict`, written field by field."""

from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from skyclass.catalog.catalog_file import Catalog, list_classes
from skyclass.config.sections import CutoutConfig
from skyclass.errors import ImageError, MissingFrameError, SurveyError
from skyclass.files import AnyPath
from skyclass.images.cut_field import cut_field
from skyclass.images.runners import Runner, use_threads
from skyclass.images.store import CutoutPart, StoragePlan, make_storage_plan, store_cutouts
from skyclass.images.stored_cutouts import CutoutInfo
from skyclass.progress import Progress, no_progress
from skyclass.schema import DEFAULT_SURVEY, POSITION
from skyclass.surveys.acquire import verify_catalog_frames
from skyclass.surveys.registry import get_survey
from skyclass.surveys.survey import Survey, Unit

__all__ = ["make_cutouts", "plan_cutouts"]


def make_cutouts(
    catalog: Catalog | pd.DataFrame,
    frames: AnyPath,
    out: AnyPath,
    rules: CutoutConfig | None = None,
    *,
    survey: str = DEFAULT_SURVEY,
    runner: Runner | None = None,
    verify: bool = False,
    replace: bool = False,
    progress: Progress = no_progress,
) -> CutoutInfo:
    """Cut every object of a catalogue out of its frames, measure it, and store the result.

    Each field is one unit of work: its frames are read once, and all its objects are cut and
    measured. Fields finished before an interruption are not cut again.

    Parameters
    ----------
    catalog
        Catalogue that `skyclass.build_catalog` made, or its table.
    frames
        Directory of frames.
    out
        Folder to write, readable by `datasets.load_from_disk`.
    rules
        Size, storage, treatment of pixels, and what is measured; the default rules if None.
    survey
        Name of the survey that the frames are of.
    runner
        Works on several fields at once: `use_threads` if None, or `use_cluster`.
    verify
        Whether frames are first checked to be whole, each file once: cutting reads a frame only as
        far as its objects need, so a broken end would not be seen.
    replace
        Whether cutouts of another catalogue, rules or format in `out` are replaced.
    progress
        Called with the stage, fields done and fields in all (`skyclass.progress.Progress`).

    Returns
    -------
    CutoutInfo
        Description of the cutouts; returned at once if `out` holds them already.

    Raises
    ------
    ImageError
        If `out` holds something else, or no object lies on its frame.
    SurveyError
        If a frame is missing or broken.

    Examples
    --------
    >>> import skyclass
    >>> catalog = skyclass.build_catalog("catalog.csv", "spectral-class")
    >>> info = skyclass.make_cutouts(catalog, "frames", "cutouts-64")
    >>> info.size, info.bands
    (64, ('u', 'g', 'r', 'i', 'z'))
    """
    frames, out = Path(frames), Path(out)
    table = catalog.table if isinstance(catalog, Catalog) else catalog
    source = get_survey(survey)
    _check_columns(table, source)
    if not (frames.is_dir() or out.exists()):
        raise SurveyError(f"the directory of frames {frames} does not exist")
    if verify and frames.is_dir():
        record = out.with_name(f"{out.name}.checked")
        verify_catalog_frames(table, source, frames, record, progress)
    rules = rules or CutoutConfig()
    plan = plan_cutouts(table, rules, source)
    groups = source.group_objects(table)
    work = partial(_cut, frames.resolve(), rules, source)
    return store_cutouts(
        plan, out, groups, work, runner or use_threads(), replace=replace, progress=progress
    )


def plan_cutouts(catalog: pd.DataFrame, rules: CutoutConfig, survey: Survey) -> StoragePlan:
    """Describe the cutouts that `make_cutouts` stores of a catalogue.

    Parameters
    ----------
    catalog
        Table of a catalogue.
    rules
        Size, storage, and treatment of pixels.
    survey
        Survey of the frames.

    Returns
    -------
    StoragePlan
        With the hash of the catalogue's rows and the rules.
    """
    size, labels = rules.count_pixels(survey.pixel_scale), list_classes(catalog)
    return make_storage_plan(catalog, labels, survey.band_names, size, rules.dtype, rules, survey)


def _check_columns(catalog: pd.DataFrame, survey: Survey) -> None:
    """Raise if the catalogue lacks a column that locates its objects in the frames."""
    missing = [name for name in (*POSITION, *survey.key) if name not in catalog]
    if missing:
        raise ImageError(f"the catalogue has no column {', '.join(missing)}, needed to cut frames")


def _cut(
    frames: Path, rules: CutoutConfig, survey: Survey, unit: Unit, rows: pd.DataFrame
) -> CutoutPart:
    """Cut the objects of one unit of files."""
    try:
        ra, dec = (rows[name].to_numpy(np.float64) for name in POSITION)
        cutouts, simulated = cut_field(frames, unit, ra, dec, rules, survey)
    except MissingFrameError:
        if rules.missing_band != "drop":
            raise
        return CutoutPart({}, np.zeros(len(rows), dtype=bool), missing=len(rows))
    arrays = {
        "flux": cutouts.flux.astype(rules.dtype, copy=False),
        "mask": cutouts.mask,
        "offset": cutouts.offset,
        "cd": cutouts.cd,
    }
    if cutouts.measurement is not None:
        arrays |= vars(cutouts.measurement)
    off_frame = int((~cutouts.inside).sum())
    return CutoutPart(arrays, cutouts.inside, simulated, off_frame)
