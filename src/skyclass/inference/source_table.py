"""Write a table of classified sources, with units and what made it, for TOPCAT and others."""

import os
import textwrap
import warnings
from pathlib import Path
from typing import Any, Final

import pandas as pd
from astropy import units
from astropy.table import Table
from astropy.utils.exceptions import AstropyWarning

from skyclass._version import __version__
from skyclass.errors import InferenceError
from skyclass.files import AnyPath, atomic_path
from skyclass.models.model_spec import ModelSpec
from skyclass.surveys.sdss.layout import BANDS

__all__ = ["check_suffix", "describe_origin", "write_table"]

_FORMATS: Final = {".csv": "ascii.csv", ".ecsv": "ascii.ecsv", ".fits": "fits", ".vot": "votable"}
# neither FITS nor VOTable knows maggies; of an unknown unit they keep the name
_NANOMAGGY: Final = units.UnrecognizedUnit("nanomaggy")
_COLUMNS: Final[dict[str, tuple[Any, str]]] = {
    "ra": (units.deg, "right ascension, ICRS"),
    "dec": (units.deg, "declination, ICRS"),
    "x": (units.pix, "column of the r frame, from 0"),
    "y": (units.pix, "row of the r frame, from 0"),
    "class": (None, "most probable class"),
    "probability": (None, "calibrated probability of that class"),
    **{f"flux_{b}": (_NANOMAGGY, f"flux in {b} within 10 pixels of the source") for b in BANDS},
}


def describe_origin(spec: ModelSpec) -> list[str]:
    """Say what a table was made with.

    Parameters
    ----------
    spec
        Of the model that classified.

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


def write_table(table: pd.DataFrame, out: AnyPath) -> None:
    """Write a table of sources in the format that its name's ending says.

    Parameters
    ----------
    table
        As `classify` gives it, with the sentences of `about` in ``attrs["about"]``, if any.
    out
        ``.parquet``, ``.csv``, ``.ecsv``, ``.fits`` or ``.vot``; the last three tell the units.

    Raises
    ------
    InferenceError
        If the name has another ending.
    """
    out = Path(out)
    check_suffix(out)
    with atomic_path(out) as partial:
        if out.suffix == ".parquet":
            table.to_parquet(partial, index=False)
        else:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", AstropyWarning)
                _described(table, out.suffix).write(partial, format=_FORMATS[out.suffix])


def check_suffix(out: os.PathLike[str]) -> None:
    """Refuse a file name without a known ending, before any work.

    Parameters
    ----------
    out
        File to be written.

    Raises
    ------
    InferenceError
        If it has none.
    """
    known = [".parquet", *_FORMATS]
    if Path(out).suffix not in known:
        raise InferenceError(f"{out} has no known ending; use one of {', '.join(known)}")


def _described(table: pd.DataFrame, suffix: str) -> Table:
    """Give units, descriptions and a note of the origin to a table."""
    plain = Table.from_pandas(table.astype({"class": object}))
    for name in plain.colnames:
        unit, text = _COLUMNS.get(name, (None, ""))
        plain[name].unit = unit
        plain[name].description = text or None
    told = table.attrs.get("about", [])
    # a VOTable has one description; FITS and ECSV have comments, FITS of 72 characters at most
    lines = [line for sentence in told for line in textwrap.wrap(sentence, 72)]
    plain.meta = {"description": " ".join(told)} if suffix == ".vot" else {"comments": lines}
    return plain
