"""The DECam stacks of Legacy Surveys DR10 as a `Survey`: cutouts of each object."""

from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skyclass.errors import MissingFrameError
from skyclass.frames.frame import Frame
from skyclass.surveys.central_source import mark_central_source
from skyclass.surveys.footprint import Footprint
from skyclass.surveys.legacysurveys.reader import GAIN, find_cutout, find_objects, open_object
from skyclass.surveys.legacysurveys.requests import BANDS, LS_FITS, PIXEL_SCALE, check_cutout
from skyclass.surveys.survey import Band, Survey, Unit, UnitFile

__all__ = ["LEGACY_SURVEYS"]

_WAVELENGTH: Final = (4770.0, 6370.0, 7774.0, 9155.0)
"""Angstrom (SVO Filter Profile Service, CTIO/DECam.g_filter to z_filter, effective wavelengths)."""

_EXTINCTION: Final = (3.214, 2.165, 1.592, 1.211)
"""Of DECam at airmass 1.3 (https://www.legacysurvey.org/dr10/catalogs/, "Galactic extinction
coefficients")."""

_FOOTPRINT: Final = Footprint.between_declinations(-90.0, 32.375)
"""Of the DECam part, the only one with i (https://www.legacysurvey.org/dr10/description/). It has
gaps, the plane of the Galaxy above all, which the archive alone knows."""


def _list_files(root: Path, unit: Unit) -> list[UnitFile]:
    """List the cutout of an object that lies in a directory."""
    try:
        path = find_cutout(root, unit)
    except MissingFrameError:
        return []
    return [UnitFile(path.relative_to(root).as_posix(), path, check_cutout)]


def _is_primary(frame: Frame, sources: pd.DataFrame) -> NDArray[np.bool_]:
    """Mark the object that a cutout was made for."""
    return mark_central_source(frame, sources, PIXEL_SCALE)


LEGACY_SURVEYS: Final = Survey(
    name="legacysurveys",
    title="DESI Legacy Imaging Surveys DR10",
    bands=tuple(
        Band(name, wavelength, extinction=extinction, gain=GAIN[name])
        for name, wavelength, extinction in zip(BANDS, _WAVELENGTH, _EXTINCTION, strict=True)
    ),
    pixel_scale=PIXEL_SCALE,
    detection_band="r",
    key=(),
    open_unit=open_object,
    find_units=find_objects,
    list_files=_list_files,
    is_primary=_is_primary,
    frames=LS_FITS,
    explorer="https://www.legacysurvey.org/viewer?ra={ra}&dec={dec}&layer=ls-dr10&zoom=15",
    hips="P/DESI-Legacy-Surveys/DR10/color",
    footprint=_FOOTPRINT,
)
