"""Write a table of classified sources, with units and its origin, for TOPCAT and others."""

import textwrap
import warnings
from collections.abc import Sequence
from itertools import compress
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from astropy import units
from astropy.table import Table
from astropy.utils.exceptions import AstropyWarning
from numpy.typing import NDArray

from skyclass._version import __version__
from skyclass.files import AnyPath, atomic_path
from skyclass.inference.hats_catalog import write_hats
from skyclass.inference.table_formats import FORMATS, HATS, check_suffix
from skyclass.measurement.measurement import Flag, Measurement
from skyclass.models.model_spec import ModelSpec

__all__ = ["describe_origin", "format_flags", "make_class_columns", "write_table"]

# neither FITS nor VOTable knows maggies; both keep the name of an unknown unit
_NANOMAGGY: Final = units.UnrecognizedUnit("nanomaggy")
_COLUMNS: Final[dict[str, tuple[Any, str]]] = {
    "ra": (units.deg, "right ascension, ICRS"),
    "dec": (units.deg, "declination, ICRS"),
    "x": (units.pix, "column of the frame that sources were detected in, from 0"),
    "y": (units.pix, "row of the frame that sources were detected in, from 0"),
    "class": (None, "most probable class"),
    "probability": (None, "calibrated probability of that class"),
    "flags": (None, "what is wrong with the measurement, and in which bands"),
}


def describe_origin(spec: ModelSpec) -> list[str]:
    """Describe what classified the sources of a table.

    Parameters
    ----------
    spec
        Specification of the model.

    Returns
    -------
    list of str
        Sentences.
    """
    parts = [
        f"Classified by skyclass {__version__}: task {spec.task}, network {spec.network},"
        f" image type {spec.image_type}."
    ]
    if spec.simulated:
        parts.append("The model was trained on simulated data.")
    return parts


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
        `class` (missing where it is not classified), `probability` and `p_<class>`, `n` rows.
    """
    table = pd.DataFrame(probabilities, columns=[f"p_{label}" for label in labels])
    classified = np.isfinite(probabilities).all(axis=1)
    names = np.array(labels, dtype=object)[np.argmax(probabilities, axis=1)]
    table.insert(0, "class", np.where(classified, names, None))
    table.insert(1, "probability", probabilities.max(axis=1))
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


def write_table(table: pd.DataFrame, out: AnyPath, notes: Sequence[str] = ()) -> None:
    """Write a table of sources in the format of the file name's suffix.

    Parameters
    ----------
    table
        As returned by `classify`.
    out
        ``.parquet``, ``.csv``, ``.ecsv``, ``.fits`` or ``.vot``, of which the last three hold the
        units; or a directory, ``.hats``, which becomes a HATS catalogue.
    notes
        Sentences on the origin of the table, such as those of `describe_origin`; written to
        ``.ecsv``, ``.fits`` and ``.vot``.

    Raises
    ------
    InferenceError
        If the name has another suffix.
    """
    out = Path(out)
    check_suffix(out)
    if out.suffix == HATS:
        write_hats(table, out)
        return
    with atomic_path(out) as partial:
        if out.suffix == ".parquet":
            table.to_parquet(partial, index=False)
        else:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", AstropyWarning)
                _make_astropy_table(table, out.suffix, notes).write(
                    partial, format=FORMATS[out.suffix]
                )


def _make_astropy_table(table: pd.DataFrame, suffix: str, notes: Sequence[str]) -> Table:
    """Convert a table to astropy's, with units, descriptions and notes."""
    plain = Table.from_pandas(table.apply(_simplify_column, vot=suffix == ".vot"))
    for name in plain.colnames:
        unit, text = _COLUMNS.get(name, (None, ""))
        if name.startswith("flux_"):
            band = name.removeprefix("flux_")
            unit, text = _NANOMAGGY, f"flux in {band} within 3.96 arcsec of the source"
        plain[name].unit = unit
        plain[name].description = text or None
    # a VOTable has one description; FITS and ECSV have comments, FITS of 72 characters at most
    lines = [line for sentence in notes for line in textwrap.wrap(sentence, 72)]
    plain.meta = {"description": " ".join(notes)} if suffix == ".vot" else {"comments": lines}
    return plain


def _simplify_column(column: "pd.Series[Any]", *, vot: bool) -> "pd.Series[Any]":
    """Convert a column to a type that the formats know: text, and no unsigned in a VOTable."""
    kind = column.dtype
    if isinstance(kind, pd.CategoricalDtype | pd.StringDtype):
        return column.astype(object)
    if vot and pd.api.types.is_unsigned_integer_dtype(kind):
        fits = column.max() < 2**63
        return column.astype("Int64") if fits else column.astype("string").astype(object)
    return column
