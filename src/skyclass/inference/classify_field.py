"""Detect and classify the sources of one field, or other unit of files."""

from collections.abc import Collection
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skyclass.errors import InferenceError
from skyclass.images.cut_field import cut_in_batches
from skyclass.images.cutout import Cutouts
from skyclass.inference.broken_neighbours import skip_broken_neighbours
from skyclass.inference.classify_cutouts import classify_cutouts
from skyclass.inference.own_sources import select_own
from skyclass.inference.sky_region import SkyRegion
from skyclass.inference.unit_parts import UnitAnswer
from skyclass.measurement.detect import detect
from skyclass.measurement.measurement import Flag
from skyclass.models.predictor import Predictor
from skyclass.surveys.registry import get_survey
from skyclass.surveys.survey import Unit

__all__ = ["classify_field"]

_BEYOND: Final = "beyond the frame in a band"
_OTHERS: Final = "of another unit of files"


def classify_field(
    folder: Path,
    unit: Unit,
    classifier: Predictor,
    neighbours: Collection[Unit] = (),
    region: SkyRegion | None = None,
) -> UnitAnswer:
    """Detect and classify the sources of one field, or other unit of files.

    Parameters
    ----------
    folder
        Directory of its frames.
    unit
        Which unit of the model's survey.
    classifier
        Trained model.
    neighbours
        Neighbouring units that are classified, too.
    region
        Where sources are classified; everywhere if None.

    Returns
    -------
    UnitAnswer
        Table with `ra`, `dec` (degrees), `x`, `y` (zero-based pixels of the frame in the survey's
        detection band), the unit's key (`rerun`, `run`, `camcol`, `field` for SDSS; `unit` for a
        survey without key columns), and the columns of
        `skyclass.inference.classify_cutouts.classify_cutouts`. Sources that lie beyond the frame in
        a band are left out and counted. Those on rows of another unit are left to it where it is
        among `neighbours`, so that none is in two tables, and else flagged ``other_field``.

    Raises
    ------
    InferenceError
        If the frame in the detection band is missing, and the model accepts missing bands.
    SurveyError
        If a frame is broken, or missing and the model does not accept that.
    """
    rules = classifier.spec.cutting_rules
    survey = skip_broken_neighbours(get_survey(classifier.spec.survey))
    frames = survey.open_unit(folder, unit, mask_missing=rules.missing_band == "mask")
    frame = frames[survey.band_names.index(survey.detection_band)]
    if not len(frame.data):
        raise InferenceError(
            f"{unit} has no {frame.band} frame, in which sources are detected: add it to {folder},"
            " or classify positions"
        )
    detected = detect(frame)
    wanted = detected
    if region is not None:
        distance = region.measure_distance(detected["ra"].to_numpy(), detected["dec"].to_numpy())
        wanted = detected[distance <= region.radius]
    own = select_own(wanted, frame, unit, survey, neighbours)
    sources = own.sources
    ra, dec = sources["ra"].to_numpy(), sources["dec"].to_numpy()
    tables = []
    for rows, cutouts in cut_in_batches(
        frames, folder, unit, ra, dec, rules, survey, detected=detected
    ):
        table = sources[rows][cutouts.inside].reset_index(drop=True)
        table = table.assign(**dict(zip(survey.key or ("unit",), unit.key, strict=True)))
        _flag_lent(cutouts, own.lent[rows])
        answers = classify_cutouts(cutouts.take(cutouts.inside), classifier)
        tables.append(pd.concat([table, answers], axis=1))
    whole = pd.concat(tables, ignore_index=True)
    left_out = {_BEYOND: len(sources) - len(whole), _OTHERS: own.others}
    return UnitAnswer(whole, {reason: count for reason, count in left_out.items() if count})


def _flag_lent(cutouts: Cutouts, lent: NDArray[np.bool_]) -> None:
    """Flag the objects that lie on rows of a neighbouring unit."""
    if cutouts.measurement is not None:
        cutouts.measurement.flags[lent] |= int(Flag.OTHER_FIELD)
