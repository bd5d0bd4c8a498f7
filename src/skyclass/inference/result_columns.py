"""The columns of the answer: how each is made, and what it means to another program."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skyclass.measurement.measurement import Flag, Measurement
from skyclass.photometry import POGSON, to_magnitude
from skyclass.surveys.survey import Survey

__all__ = [
    "FLUX_UNIT",
    "RESULT_COLUMNS",
    "ResultColumn",
    "find_result_column",
    "format_flags",
    "get_band_ucd",
    "make_class_columns",
    "make_flag_columns",
    "make_magnitude_columns",
]

FLUX_UNIT: Final = "nanomaggy"
"""Unit of fluxes; neither FITS nor VOTable knows it, both keep the name of an unknown unit."""

_PHOTOMETRY: Final = "photometry"
"""Where every class comes from: it is not that of a spectrum."""

_BAND: Final = "<band>"
_CLASS: Final = "<class>"


@dataclass(frozen=True)
class ResultColumn:
    """A column, or one for each band or class, of a table of classified sources."""

    name: str
    """Its name; ends in ``<band>`` or ``<class>`` if it stands for several."""
    meaning: str
    """What it holds; names the band or class in the same way."""
    ucd: str
    """Unified Content Descriptor (UCD1+); the band's word follows where there is one."""
    unit: str = ""
    """Its unit."""


RESULT_COLUMNS: Final = (
    ResultColumn("file", "picture that was classified", "meta.id;meta.file"),
    ResultColumn("ra", "right ascension, ICRS", "pos.eq.ra;meta.main", "deg"),
    ResultColumn("dec", "declination, ICRS", "pos.eq.dec;meta.main", "deg"),
    ResultColumn(
        "x",
        "column of the frame that sources were detected in, from 0",
        "pos.cartesian.x;instr.det",
        "pix",
    ),
    ResultColumn(
        "y",
        "row of the frame that sources were detected in, from 0",
        "pos.cartesian.y;instr.det",
        "pix",
    ),
    ResultColumn("unit", "unit of files that the source was cut out of", "meta.id;obs"),
    # before psf_mag_<band>, whose name begins alike
    ResultColumn(
        "psf_mag_err_<band>",
        "standard error of the PSF magnitude in <band>",
        "stat.error;phot.mag",
        "mag",
    ),
    ResultColumn(
        "psf_mag_<band>",
        "PSF magnitude in <band>, AB, not corrected for extinction; missing where the flux is"
        " not positive",
        "phot.mag",
        "mag",
    ),
    ResultColumn(
        "flux_<band>",
        "flux in <band> within 3.96 arcsec of the source",
        "phot.flux",
        FLUX_UNIT,
    ),
    ResultColumn(
        "flags",
        "what is wrong with the measurement, and in which bands (saturated:gri blended:u)",
        "meta.code.qual",
    ),
    ResultColumn(
        "flag_bits",
        "the same over all bands, as a sum: "
        + ", ".join(f"{flag.value} {str(flag.name).lower()}" for flag in Flag),
        "meta.code.qual",
    ),
    ResultColumn("class", "most probable class, from images alone", "src.class"),
    ResultColumn("probability", "calibrated probability of that class", "stat.probability"),
    ResultColumn("p_<class>", "calibrated probability of class <class>", "stat.probability"),
    ResultColumn(
        "prediction_set",
        "classes that cannot be excluded at the stated coverage, the most probable first, joined"
        " by |; empty where no class is probable enough",
        "meta.code;src.class",
    ),
    ResultColumn(
        "ood",
        "how unlike the training objects it is: the share of calibration objects that are less so,"
        " 0 to 1",
        "stat.rank",
    ),
    ResultColumn(
        "selected",
        "classes of whose sample at the stated purity or completeness it is, joined by |",
        "meta.code;src.class",
    ),
    ResultColumn(
        "class_origin",
        "where the class comes from: photometry, never a spectrum",
        "meta.note;src.class",
    ),
    ResultColumn("reason", "why there is no class; empty where there is one", "meta.note"),
)
"""All columns that `skyclass.classify` adds but the survey's own keys; each that applies."""

_LETTERS: Final = frozenset("UBVRI")
"""Bands that a UCD names."""

_RANGES: Final = (
    (3000.0, 4000.0, "em.opt.U"),
    (4000.0, 5000.0, "em.opt.B"),
    (5000.0, 6000.0, "em.opt.V"),
    (6000.0, 7500.0, "em.opt.R"),
    (7500.0, 10000.0, "em.opt.I"),
    (10000.0, 15000.0, "em.IR.J"),
    (15000.0, 20000.0, "em.IR.H"),
    (20000.0, 30000.0, "em.IR.K"),
)
"""Wavelengths in Angstrom from and to which a word of UCD1+ stands."""


def get_band_ucd(name: str, survey: Survey) -> str:
    """Look up the word of UCD1+ for a band.

    Parameters
    ----------
    name
        Name of the band.
    survey
        Survey that has it.

    Returns
    -------
    str
        Word of the letter (r is ``em.opt.R``) where there is one, else that of the wavelength;
        empty where none fits.
    """
    if name.upper() in _LETTERS:
        return f"em.opt.{name.upper()}"
    wavelengths = [band.wavelength for band in survey.bands if band.name == name]
    words = [word for low, high, word in _RANGES for x in wavelengths if low <= x < high]
    return next(iter(words), "")


def find_result_column(
    name: str, labels: Iterable[str], survey: Survey | None
) -> ResultColumn | None:
    """Find what a column of a table of classified sources means.

    Parameters
    ----------
    name
        Name of the column.
    labels
        Names of the classes.
    survey
        Survey of the table; None if it is not known.

    Returns
    -------
    ResultColumn or None
        With the band or class filled in; None for a column of somebody else.

    Examples
    --------
    >>> from skyclass.inference.result_columns import find_result_column
    >>> from skyclass.surveys.registry import get_survey
    >>> find_result_column("psf_mag_u", (), get_survey("sdss")).ucd
    'phot.mag;em.opt.U'
    """
    bands = () if survey is None else survey.band_names
    for column in RESULT_COLUMNS:
        for place, values in ((_BAND, bands), (_CLASS, tuple(labels))):
            if not column.name.endswith(place):
                continue
            value = name.removeprefix(column.name.removesuffix(place))
            if value in values and name == column.name.replace(place, value):
                ucd = column.ucd
                if survey is not None and place == _BAND:
                    ucd = ";".join(filter(None, (ucd, get_band_ucd(value, survey))))
                return ResultColumn(name, column.meaning.replace(place, value), ucd, column.unit)
        if name == column.name:
            return column
    if survey is not None and name in survey.key:
        return ResultColumn(name, f"{name} of the frames", "meta.id;obs")
    return None


def make_magnitude_columns(measurement: Measurement, bands: Sequence[str]) -> pd.DataFrame:
    """Make the columns of PSF magnitudes and their errors.

    Parameters
    ----------
    measurement
        Of `n` objects.
    bands
        Names of its bands.

    Returns
    -------
    pandas.DataFrame
        `psf_mag_<band>`, then `psf_mag_err_<band>`: logarithmic AB magnitudes, `n` rows; missing
        where a flux is not positive.
    """
    flux = measurement.psf_flux.astype(np.float64)
    positive = np.where(flux > 0, flux, np.nan)
    magnitudes = pd.DataFrame(to_magnitude(flux), columns=[f"psf_mag_{band}" for band in bands])
    errors = POGSON * measurement.psf_flux_err.astype(np.float64) / positive
    names = [f"psf_mag_err_{band}" for band in bands]
    return pd.concat([magnitudes, pd.DataFrame(errors, columns=names)], axis=1)


def make_flag_columns(measurement: Measurement, bands: Sequence[str]) -> pd.DataFrame:
    """Make the columns of flags, in words and in bits.

    Parameters
    ----------
    measurement
        Of `n` objects.
    bands
        Names of its bands.

    Returns
    -------
    pandas.DataFrame
        `flags` (`format_flags`) and `flag_bits`, the sum of all flags that are raised in any band,
        `n` rows.
    """
    bits = np.bitwise_or.reduce(measurement.flags.astype(np.int64), axis=1)
    return pd.DataFrame({"flags": format_flags(measurement, bands), "flag_bits": bits})


def make_class_columns(probabilities: NDArray[np.float64], labels: Sequence[str]) -> pd.DataFrame:
    """Make the columns that say which class an object is of.

    Parameters
    ----------
    probabilities
        `[n, class]`; NaN for an object that is not classified.
    labels
        Names of the classes.

    Returns
    -------
    pandas.DataFrame
        `class` (missing where it is not classified), `probability`, `p_<class>` and
        `class_origin`, `n` rows.
    """
    table = pd.DataFrame(probabilities, columns=[f"p_{label}" for label in labels])
    classified = np.asarray(np.isfinite(probabilities).all(axis=1))
    names: NDArray[np.object_] = np.array(labels, object)[np.argmax(probabilities, axis=1)]
    table.insert(0, "class", np.where(classified, names, np.array(None)))
    table.insert(1, "probability", probabilities.max(axis=1))
    origin = np.array(_PHOTOMETRY, dtype=object)
    table["class_origin"] = np.where(classified, origin, np.array(None))
    return table


def format_flags(measurement: Measurement, bands: Sequence[str]) -> list[str]:
    """Format the flags of each object as text.

    Parameters
    ----------
    measurement
        Of `n` objects.
    bands
        Names of its bands.

    Returns
    -------
    list of str
        Such as ``saturated:gri blended:u``; empty where no flag is raised.
    """
    texts = [""] * len(measurement)
    for flag in Flag:
        raised = measurement.has(flag)
        for row in np.flatnonzero(raised.any(axis=1)).tolist():
            named = "".join(compress(bands, raised[row]))
            texts[row] += f"{' ' if texts[row] else ''}{str(flag.name).lower()}:{named}"
    return texts
