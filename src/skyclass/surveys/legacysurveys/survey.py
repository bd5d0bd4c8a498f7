"""The DECam stacks of Legacy Surveys DR10 as a `Survey`: cutouts of each object."""

from functools import partial
from pathlib import Path
from typing import Final

from skyclass.surveys.central_source import mark_central_source
from skyclass.surveys.footprint import Footprint
from skyclass.surveys.legacysurveys.cutout_pixels import BANDS
from skyclass.surveys.legacysurveys.reader import GAIN, open_object
from skyclass.surveys.legacysurveys.requests import (
    FOLDER,
    LS_FITS,
    PIXEL_SCALE,
    check_cutout,
    make_cutout_path,
)
from skyclass.surveys.object_cutouts import find_objects, list_cutouts
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
    return list_cutouts(root, unit, FOLDER, [(make_cutout_path, check_cutout)])


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
    find_units=partial(find_objects, folder=FOLDER, form="NAME.fits"),
    list_files=_list_files,
    is_primary=partial(mark_central_source, pixel_scale=PIXEL_SCALE),
    frames=LS_FITS,
    explorer="https://www.legacysurvey.org/viewer?ra={ra}&dec={dec}&layer=ls-dr10&zoom=15",
    hips="P/DESI-Legacy-Surveys/DR10/color",
    footprint=_FOOTPRINT,
)
