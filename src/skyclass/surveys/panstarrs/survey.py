"""The stacks of the Pan-STARRS1 3pi survey as a `Survey`: cutouts of each object."""

from functools import partial
from pathlib import Path
from typing import Final

from skyclass.surveys.central_source import mark_central_source
from skyclass.surveys.footprint import Footprint
from skyclass.surveys.object_cutouts import find_objects, list_cutouts
from skyclass.surveys.panstarrs.reader import open_object
from skyclass.surveys.panstarrs.requests import (
    BANDS,
    FOLDER,
    PS1_FITS,
    PS1_JPEG,
    check_cutout,
    make_cutout_path,
)
from skyclass.surveys.survey import Band, Survey, Unit, UnitFile

__all__ = ["PANSTARRS"]

_WAVELENGTH: Final = (4810.0, 6170.0, 7520.0, 8660.0, 9620.0)
"""Angstrom (Tonry et al. 2012, ApJ 750, 99, table 4)."""

_EXTINCTION: Final = (3.172, 2.271, 1.682, 1.322, 1.087)
"""For R_V = 3.1 (Schlafly & Finkbeiner 2011, ApJ 737, 103, table 6)."""

_FOOTPRINT: Final = Footprint.between_declinations(-30.0, 90.0)
"""The 3pi survey (Chambers et al. 2016, arXiv:1612.05560)."""

_PIXEL_SCALE: Final = 0.25
"""Arcsec per pixel of the stacks."""


def _list_files(root: Path, unit: Unit) -> list[UnitFile]:
    """List the cutouts of an object that lie in a directory."""
    kinds = [
        (partial(make_cutout_path, band=band), partial(check_cutout, band=band)) for band in BANDS
    ]
    return list_cutouts(root, unit, FOLDER, kinds)


PANSTARRS: Final = Survey(
    name="panstarrs",
    title="Pan-STARRS1 stacks",
    bands=tuple(
        Band(name, wavelength, zero_point=None, extinction=extinction)
        for name, wavelength, extinction in zip(BANDS, _WAVELENGTH, _EXTINCTION, strict=True)
    ),
    pixel_scale=_PIXEL_SCALE,
    detection_band="r",
    key=(),
    open_unit=open_object,
    find_units=partial(find_objects, folder=FOLDER, form="NAME.BAND.fits"),
    list_files=_list_files,
    is_primary=partial(mark_central_source, pixel_scale=_PIXEL_SCALE),
    frames=PS1_FITS,
    pictures=(PS1_JPEG,),
    hips="P/PanSTARRS/DR1/color-z-zg-g",
    footprint=_FOOTPRINT,
)
