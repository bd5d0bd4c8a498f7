"""Read cutouts to classify, from arrays or from a folder of stored ones, in batches."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skyclass.errors import InferenceError
from skyclass.images.array_cutouts import CutoutArrays, fit_size
from skyclass.images.stored_cutouts import CutoutSplit, StoredCutouts
from skyclass.inference.stated_pixels import StatedPixels, convert_arrays
from skyclass.measurement.measurement import Measurement
from skyclass.models.model_spec import ModelSpec
from skyclass.schema import COLOURS
from skyclass.surveys.registry import get_survey

__all__ = ["CutoutBatch", "read_array_batches", "read_stored_batches"]

_BATCH: Final = 512
"""Cutouts that are read at once."""

_LEAST: Final = 32
"""Pixels a side of the smallest array."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class CutoutBatch:
    """Cutouts of `n` objects, of the size that the model takes."""

    arrays: CutoutArrays
    """Their pixels."""
    objects: pd.DataFrame
    """What is known of them, `n` rows."""
    measurement: Measurement | None = None
    """What was measured when they were cut; None where that is not known."""


def read_array_batches(
    arrays: CutoutArrays, spec: ModelSpec, stated: StatedPixels
) -> Iterator[CutoutBatch]:
    """Check arrays against a model, and cut them into batches of the size that it takes.

    Parameters
    ----------
    arrays
        Cutouts of all objects.
    spec
        The model.
    stated
        What is said about their pixels.

    Returns
    -------
    iterator of CutoutBatch
        In the order of the arrays.

    Raises
    ------
    InferenceError
        If they are of another survey, other bands or another scale, or too small, or a cutout has
        no pixel in a band that the model needs.
    ImageError
        If they have not the bands of the survey.
    """
    _check_survey("the cutouts", stated.survey or spec.survey, spec)
    arrays = convert_arrays(arrays, spec, stated)
    side = arrays.flux.shape[-1]
    if side < _LEAST:
        raise InferenceError(f"flux has {side} pixels a side; at least {_LEAST} are needed")
    _check_pixels(arrays, spec)
    broken = arrays.mask.any(axis=(1, 2, 3)).sum()
    if broken:
        _log.warning(
            "%d of %d cutouts have pixels that are not finite; these are masked",
            broken,
            len(arrays),
        )
    return (
        CutoutBatch(fit_size(arrays.take(rows), spec.size), pd.DataFrame(index=range(len(rows))))
        for rows in _split_rows(len(arrays))
    )


def _check_pixels(arrays: CutoutArrays, spec: ModelSpec) -> None:
    """Raise if a cutout has no pixel in a band, and the model was not trained on such."""
    if spec.cutting_rules.missing_band == "mask":
        return
    empty = np.asarray(arrays.mask.all(axis=(2, 3)))
    if empty.any():
        rows, bands = np.nonzero(empty)
        raise InferenceError(
            f"flux[{rows[0]}] has no finite pixel in {spec.bands[bands[0]]} ({len(np.unique(rows))}"
            " such cutouts), and the model was trained without missing bands; remove them"
        )


def read_stored_batches(stored: StoredCutouts, spec: ModelSpec) -> Iterator[CutoutBatch]:
    """Check stored cutouts against a model, and read them in batches.

    Parameters
    ----------
    stored
        Cutouts that `make_cutouts` wrote.
    spec
        The model.

    Returns
    -------
    iterator of CutoutBatch
        Split by split, in the order of the files; `objects` has ids, positions, the survey's key
        columns and `split`.

    Raises
    ------
    InferenceError
        If they are of another survey, ready-made pictures, or smaller than those of the model.
    """
    info = stored.info
    _check_survey(f"the cutouts in {stored.path}", info.survey, spec)
    if info.bands == COLOURS:
        raise InferenceError(f"{stored.path} holds ready-made pictures, the model takes cutouts")
    if info.size < spec.size:
        raise InferenceError(
            f"the cutouts in {stored.path} have {info.size} pixels a side, the model takes"
            f" {spec.size}; make them again with that size"
        )
    return (batch for name in stored for batch in _read_split(stored[name], name, spec))


def _read_split(split: CutoutSplit, name: str, spec: ModelSpec) -> Iterator[CutoutBatch]:
    """Read one split in batches."""
    keys = [key for key in get_survey(spec.survey).key if key in split.columns]
    known = split.objects().assign(**{key: split.column(key) for key in keys}, split=name)
    for start, values in split.read_batches(_BATCH, ("flux", "mask", "offset")):
        rows = np.arange(start, start + len(values["flux"]))
        arrays = CutoutArrays(values["flux"].astype(np.float32), values["mask"], values["offset"])
        objects = known.iloc[rows].reset_index(drop=True)
        yield CutoutBatch(fit_size(arrays, spec.size), objects, split.measurement(rows))


def _check_survey(cutouts: str, survey: str, spec: ModelSpec) -> None:
    """Raise if cutouts are not of the survey of the model."""
    if survey == spec.survey:
        return
    theirs, own = (" ".join(get_survey(name).band_names) for name in (survey, spec.survey))
    raise InferenceError(
        f"{cutouts} are of {survey} ({theirs}), the model is of {spec.survey} ({own}); use a model"
        f" of {survey}"
    )


def _split_rows(count: int) -> list[NDArray[np.int64]]:
    """Split row numbers into batches."""
    rows = np.arange(count)
    return np.split(rows, rows[_BATCH::_BATCH])
