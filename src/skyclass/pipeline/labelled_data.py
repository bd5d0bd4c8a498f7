"""Labelled objects of any kind, brought into the form of an experiment's test objects."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skyclass.catalog.match_objects import match_objects
from skyclass.catalog.read_table import read_table
from skyclass.errors import CatalogError, EvaluationError
from skyclass.files import AnyPath, link_folder
from skyclass.images.array_cutouts import (
    CutoutArrays,
    check_bands,
    fit_size,
    read_arrays,
    store_arrays,
)
from skyclass.images.cutout_info import INFO_NAME
from skyclass.images.make_cutouts import make_cutouts
from skyclass.images.stored_cutouts import CutoutSplit, StoredCutouts, open_cutouts
from skyclass.inference.classify_positions import group_rows
from skyclass.models.model_spec import ModelSpec
from skyclass.pipeline.label_rows import LabelledRows, label_rows
from skyclass.progress import Progress
from skyclass.schema import IDS, POSITION
from skyclass.surveys.registry import get_survey
from skyclass.workspace import COLUMNS_FOLDER

__all__ = ["LabelledData", "LabelledPlan", "plan_labelled"]

_ARRAYS: Final = (".npz", ".npy")
"""Suffixes of files of arrays."""

_SPLIT: Final = "test"


@dataclass(frozen=True)
class LabelledData:
    """Labelled cutouts of `n` objects."""

    kind: str
    """What they were made from: `cutouts`, `positions` or `arrays`."""
    cutouts: StoredCutouts
    """Where they are stored; their split is ``test``."""
    label: NDArray[np.int64]
    """Index of each object's class among the model's, `[n]`."""
    table: pd.DataFrame
    """What is known of them: a catalogue's columns, `n` rows."""
    rows_in: int
    """Objects that were given."""
    dropped: dict[str, int]
    """Objects left out, by reason."""

    @property
    def split(self) -> CutoutSplit:
        """The cutouts."""
        return self.cutouts[_SPLIT]


@dataclass(frozen=True)
class LabelledPlan:
    """Labelled objects that were read and checked, and how they are stored."""

    kind: str
    """What they are made from: `cutouts`, `positions` or `arrays`."""
    table: pd.DataFrame
    """What is known of them."""
    store: Callable[[Path, Progress], LabelledData]
    """Stores them as cutouts in a folder that does not exist."""


def plan_labelled(
    data: Path,
    spec: ModelSpec,
    *,
    table: AnyPath | pd.DataFrame | None,
    frames: AnyPath | None,
    label: str | None,
) -> LabelledPlan:
    """Read labelled objects, and check that a model can take them, before anything is written.

    Parameters
    ----------
    data
        Folder of cutouts, file of arrays, or table of positions.
    spec
        The model.
    table, frames, label
        As `skyclass.pipeline.evaluate_labels.evaluate` takes them.

    Returns
    -------
    LabelledPlan
        The objects that have a class of the model.

    Raises
    ------
    SkyclassError
        If the data cannot be used, with the reason.
    """
    if data.is_dir():
        return _plan_cutouts(data, spec, table, label)
    if data.suffix in _ARRAYS:
        return _plan_arrays(data, spec, table, label)
    if frames is None:
        raise EvaluationError(
            f"{data} is a table of positions: name the directory of their frames (frames)"
        )
    if table is not None:
        raise EvaluationError(f"{data} is a table itself; give no other one (table)")
    rows = _read(data, spec.survey)
    labelled = label_rows(_require_positions(rows), spec, label)
    store = partial(_cut_positions, data, Path(frames), spec, labelled, len(rows))
    return LabelledPlan("positions", labelled.table, store)


def _plan_cutouts(
    data: Path, spec: ModelSpec, table: AnyPath | pd.DataFrame | None, label: str | None
) -> LabelledPlan:
    """Check that a model can take stored cutouts."""
    if not (data / INFO_NAME).is_file():
        raise EvaluationError(
            f"{data} holds no cutouts ({INFO_NAME}); for frames, give a table of positions as data"
            " and their directory as frames"
        )
    if label is not None:
        raise EvaluationError(f"the cutouts in {data} have labels; name no column (label)")
    stored = open_cutouts(data)
    info, split = stored.info, stored[_SPLIT]
    if (info.bands, info.size) != (spec.bands, spec.size):
        raise EvaluationError(
            f"the cutouts in {data} have {info.size} pixels in {' '.join(info.bands)}, the model"
            f" takes {spec.size} in {' '.join(spec.bands)}"
        )
    foreign = [name for name in info.labels if name not in spec.labels]
    if foreign:
        raise EvaluationError(
            f"the cutouts in {data} have the class {foreign[0]}, which the model does not know"
            f" ({', '.join(spec.labels)}); make cutouts of its classes only"
        )
    known = _read_known(split, get_survey(info.survey).key)
    if table is not None:
        known = _find_rows(split, _read(table, spec.survey))
    codes = np.array([spec.labels.index(name) for name in info.labels])[split.label]
    return LabelledPlan("cutouts", known, partial(_link_cutouts, data, codes, known))


def _link_cutouts(
    data: Path, codes: NDArray[np.int64], known: pd.DataFrame, out: Path, _progress: Progress
) -> LabelledData:
    """Take the test split of stored cutouts."""
    link_folder(data, out)
    beside = data.with_name(COLUMNS_FOLDER)
    if beside.is_dir():  # what the catalogue told of them, such as the extinction
        link_folder(beside, out.with_name(COLUMNS_FOLDER))
    return LabelledData("cutouts", open_cutouts(out), codes, known, len(codes), {})


def _read_known(split: CutoutSplit, keys: tuple[str, ...]) -> pd.DataFrame:
    """Read what stored cutouts say of their objects."""
    stored = [name for name in keys if name in split.columns]
    return split.objects().assign(**{name: split.column(name) for name in stored})


def _find_rows(split: CutoutSplit, table: pd.DataFrame) -> pd.DataFrame:
    """Find the rows of a table that hold the objects of a split."""
    rows = match_objects(split.objects(), table)
    if (rows < 0).any():
        raise EvaluationError(
            f"{np.count_nonzero(rows < 0)} of the {len(split)} objects are not in the table"
        )
    return table.iloc[rows].reset_index(drop=True)


def _plan_arrays(
    data: Path, spec: ModelSpec, table: AnyPath | pd.DataFrame | None, label: str | None
) -> LabelledPlan:
    """Read arrays and the table that describes their rows."""
    if table is None:
        raise EvaluationError(f"{data} holds arrays: name the table of their labels (table)")
    arrays, rows = read_arrays(data), _read(table, spec.survey)
    check_bands(arrays, get_survey(spec.survey))
    if len(rows) != len(arrays):
        raise EvaluationError(
            f"{data} holds {len(arrays)} cutouts, the table {len(rows)} rows; row n must describe"
            " cutout n"
        )
    labelled = label_rows(_require_positions(rows), spec, label)
    if arrays.mask[labelled.table.index].all():
        raise EvaluationError(f"no labelled cutout in {data} has a pixel with a measurement")
    return LabelledPlan("arrays", labelled.table, partial(_store_arrays, arrays, spec, labelled))


def _store_arrays(
    arrays: CutoutArrays, spec: ModelSpec, labelled: LabelledRows, out: Path, progress: Progress
) -> LabelledData:
    """Store arrays whose rows a table describes."""
    fitted = fit_size(arrays.take(labelled.table.index.to_numpy()), spec.size)
    seen = np.flatnonzero(~fitted.mask.all(axis=(1, 2, 3)))
    catalog = _complete(labelled.table.iloc[seen])
    survey = get_survey(spec.survey)
    store_arrays(fitted.take(seen), catalog, spec.labels, out, survey, progress=progress)
    codes = np.asarray(catalog["label"].cat.codes, dtype=np.int64)
    dropped = dict(labelled.dropped)
    if len(seen) < len(fitted):
        dropped["no pixel with a measurement"] = len(fitted) - len(seen)
    return LabelledData("arrays", open_cutouts(out), codes, catalog, len(arrays), dropped)


def _cut_positions(
    data: Path,
    frames: Path,
    spec: ModelSpec,
    labelled: LabelledRows,
    rows_in: int,
    out: Path,
    progress: Progress,
) -> LabelledData:
    """Cut the objects of a table out of their frames."""
    survey = get_survey(spec.survey)
    catalog, dropped = _complete(labelled.table), dict(labelled.dropped)
    if survey.key:
        groups, reasons = group_rows(catalog, survey.find_units([frames]), survey)
        units = [
            catalog.iloc[rows].assign(**_name_key(unit.key, survey.key))
            for unit, rows in groups.items()
        ]
        if not units:
            raise EvaluationError(f"no object of {data} lies on a frame in {frames}")
        lost = pd.Series(reasons[reasons != ""]).value_counts()
        dropped |= {str(reason): int(n) for reason, n in lost.items()}
        catalog = pd.concat(units, ignore_index=True)
    info = make_cutouts(
        catalog,
        frames,
        out,
        spec.cutting_rules,
        survey=spec.survey,
        replace=True,
        progress=progress,
    )
    dropped |= {"off its frame": info.off_frame, "its field lacks a band": info.missing}
    cutouts = open_cutouts(out)
    known = _match_stored(cutouts[_SPLIT], catalog, survey.key)
    codes = np.asarray(known["label"].cat.codes, dtype=np.int64)
    return LabelledData("positions", cutouts, codes, known, rows_in, dropped)


def _name_key(values: tuple[int | str, ...], names: tuple[str, ...]) -> dict[str, int | str]:
    """Name the values of a unit's key."""
    return dict(zip(names, values, strict=True))


def _match_stored(split: CutoutSplit, catalog: pd.DataFrame, keys: tuple[str, ...]) -> pd.DataFrame:
    """Bring a catalogue into the order of its stored objects; some are not stored.

    Not by identity alone: exposures of one object in several fields share it.
    """
    stored, by = _read_known(split, keys), [*POSITION, *keys]
    numbered = [each.assign(_copy=each.groupby(by).cumcount()) for each in (stored, catalog)]
    joined = numbered[0][[*by, "_copy"]].merge(
        numbered[1], on=[*by, "_copy"], how="left", validate="one_to_one"
    )
    return joined.drop(columns="_copy")


def _read(table: AnyPath | pd.DataFrame, survey: str) -> pd.DataFrame:
    """Read a table, unless it is one already."""
    return table if isinstance(table, pd.DataFrame) else read_table(table, survey=survey)


def _require_positions(table: pd.DataFrame) -> pd.DataFrame:
    """Check that a table has positions."""
    missing = [name for name in POSITION if name not in table]
    if missing:
        raise CatalogError(f"the table of labels has no column {', '.join(missing)}")
    return table


def _complete(table: pd.DataFrame) -> pd.DataFrame:
    """Add what stored objects have beside their label."""
    ids = {name: pd.array([pd.NA] * len(table), dtype="UInt64") for name in IDS}
    missing = {name: values for name, values in ids.items() if name not in table}
    return table.assign(**missing, split=_SPLIT).reset_index(drop=True)
