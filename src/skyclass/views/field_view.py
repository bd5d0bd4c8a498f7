"""A field as it is shown: its colour picture, and the sources of a table that lie on it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skyclass.errors import InferenceError
from skyclass.files import AnyPath
from skyclass.frames.frame import Frame
from skyclass.images.composite import draw_composite
from skyclass.inference.classify_positions import group_rows
from skyclass.surveys.survey import Survey, Unit
from skyclass.views.classified_table import encode_classes, list_classes, select_places
from skyclass.views.frame_folders import find_frames

__all__ = ["FieldView", "draw_unit", "view_field"]


@dataclass(frozen=True, eq=False)
class FieldView:
    """One field and the `n` classified sources on it."""

    name: str
    """Title of the survey and key of the unit of files."""
    picture: NDArray[np.uint8]
    """Colour composite, `[y, x, 3]`, y growing upwards."""
    sources: pd.DataFrame
    """Rows of the table, numbered from 0, `n` rows."""
    x: NDArray[np.float64]
    """Zero-based column of each source in the picture, `[n]`."""
    y: NDArray[np.float64]
    """Its row, from below, `[n]`."""
    labels: tuple[str, ...]
    """Names of the classes."""
    codes: NDArray[np.int64]
    """Index of each source's class, -1 for none, `[n]`."""
    simulated: bool
    """Whether no telescope took the frames."""

    def count_classes(self) -> dict[str, int]:
        """Count the sources of each class, those without one last if there are any."""
        counts = {label: int(np.sum(self.codes == i)) for i, label in enumerate(self.labels)}
        without = int(np.sum(self.codes < 0))
        return counts | ({"no class": without} if without else {})


def view_field(
    table: pd.DataFrame, frames: AnyPath | Sequence[AnyPath], survey: str | None
) -> FieldView:
    """Read the frames of a field, and find the sources of a table on them.

    Parameters
    ----------
    table
        As `skyclass.classify` returns it.
    frames
        One or more directories with the frames of one field, or of several of which one holds
        sources of the table.
    survey
        Name of the survey; by default the one whose files the directories hold.

    Returns
    -------
    FieldView
        The field.

    Raises
    ------
    InferenceError
        If the table lacks classes or positions, no field holds a source, or several do.
    SurveyError
        If there are no frames, or one is broken.
    """
    labels, sources = list_classes(table), select_places(table)
    known, units = find_frames(frames, survey)
    unit = next(iter(units)) if len(units) == 1 else _find_unit(sources, units, known)
    picture, frame = draw_unit(units[unit], unit, known)
    x, y = frame.pixel(sources["ra"].to_numpy(np.float64), sources["dec"].to_numpy(np.float64))
    inside = frame.contains(x, y)
    if not inside.any():
        raise InferenceError(f"no source of the table lies on the frames of {unit}")
    here = sources[inside].reset_index(drop=True)
    return FieldView(
        name=f"{known.title} {unit}",
        picture=picture,
        sources=here,
        x=x[inside],
        y=y[inside],
        labels=labels,
        codes=encode_classes(here, labels),
        simulated=frame.simulated,
    )


def draw_unit(root: Path, unit: Unit, survey: Survey) -> tuple[NDArray[np.uint8], Frame]:
    """Draw the frames of a unit as a colour picture.

    Parameters
    ----------
    root
        Directory of its frames.
    unit
        Which unit.
    survey
        Survey of the frames.

    Returns
    -------
    picture
        Composite on the pixels of the detection band, `[y, x, 3]`, y growing upwards.
    reference
        Frame in the detection band.

    Raises
    ------
    SurveyError
        If a frame is broken, or all are missing.
    """
    frames = survey.open_unit(root, unit, mask_missing=True)
    reference = frames[survey.band_names.index(survey.detection_band)]
    return draw_composite(frames, reference), reference


def _find_unit(sources: pd.DataFrame, units: Mapping[Unit, Path], survey: Survey) -> Unit:
    """Find the one unit that holds sources."""
    groups, _ = group_rows(sources, units, survey)
    if len(groups) == 1:
        return next(iter(groups))
    if not groups:
        raise InferenceError(f"no source of the table lies on one of the {len(units)} fields")
    raise InferenceError(
        f"sources of the table lie on {len(groups)} fields ({next(iter(groups))}, ...); a picture"
        " shows one field: name its directory only"
    )
