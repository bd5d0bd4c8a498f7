"""What the views need of a table of classified sources: its classes, and checked columns."""

from itertools import takewhile

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skyclass.errors import InferenceError
from skyclass.photometry import to_magnitude
from skyclass.schema import POSITION

__all__ = ["encode_classes", "list_classes", "measure_magnitudes", "select_places"]


def list_classes(table: pd.DataFrame) -> tuple[str, ...]:
    """List the classes of a table, in the order of its columns of probabilities.

    Parameters
    ----------
    table
        As `skyclass.classify` returns it.

    Returns
    -------
    tuple of str
        Names of the classes, those of which no source is included.

    Raises
    ------
    InferenceError
        If the table has no classes.

    Examples
    --------
    >>> import pandas as pd
    >>> from skyclass.views.classified_table import list_classes
    >>> columns = {"class": ["star"], "probability": [0.9], "p_star": [0.9], "p_galaxy": [0.1]}
    >>> list_classes(pd.DataFrame(columns))
    ('star', 'galaxy')
    """
    missing = [name for name in ("class", "probability") if name not in table]
    if missing:
        raise InferenceError(
            f"the table has no column {missing[0]}: it is not one that classify returned"
        )
    # own columns of a table of positions stand before these, and may begin with p_ too
    after = list(table.columns)[list(table.columns).index("probability") + 1 :]
    names = takewhile(lambda name: name.startswith("p_"), map(str, after))
    return tuple(name.removeprefix("p_") for name in names)


def encode_classes(table: pd.DataFrame, labels: tuple[str, ...]) -> NDArray[np.int64]:
    """Encode the class of each source.

    Parameters
    ----------
    table
        With the column `class`, `n` rows.
    labels
        Names of the classes.

    Returns
    -------
    numpy.ndarray
        Index of each source's class among `labels`, -1 where it has none, `[n]`.
    """
    return np.asarray(pd.Categorical(table["class"], categories=list(labels)).codes, np.int64)


def select_places(table: pd.DataFrame) -> pd.DataFrame:
    """Select the sources that have a position.

    Parameters
    ----------
    table
        Sources, `n` rows.

    Returns
    -------
    pandas.DataFrame
        The rows with valid `ra` and `dec`, numbered from 0.

    Raises
    ------
    InferenceError
        If the table has no such columns.
    """
    missing = [name for name in POSITION if name not in table]
    if missing:
        raise InferenceError(f"the table has no column {missing[0]}, so no place of a source")
    ra, dec = (table[name].to_numpy(np.float64, na_value=np.nan) for name in POSITION)
    there: pd.DataFrame = table[np.isfinite(ra) & (np.abs(dec) <= 90)]
    return there.reset_index(drop=True)


def measure_magnitudes(table: pd.DataFrame) -> pd.DataFrame:
    """Collect the magnitudes of a table: of PSF fluxes, else of aperture fluxes.

    Parameters
    ----------
    table
        Sources, `n` rows.

    Returns
    -------
    pandas.DataFrame
        A column for each band, in the order of the table, NaN where a flux is not positive; none
        where the table has neither.

    Examples
    --------
    >>> import pandas as pd
    >>> from skyclass.views.classified_table import measure_magnitudes
    >>> measure_magnitudes(pd.DataFrame({"flux_r": [100.0]}))["r"].tolist()
    [17.5]
    """
    names = [str(name) for name in table.columns]
    bands = [
        name.removeprefix("psf_mag_")
        for name in names
        if name.startswith("psf_mag_") and not name.startswith("psf_mag_err_")
    ]
    if bands:
        return pd.DataFrame(
            {band: table[f"psf_mag_{band}"].to_numpy(np.float64, na_value=np.nan) for band in bands}
        )
    fluxes = {name.removeprefix("flux_"): name for name in names if name.startswith("flux_")}
    return pd.DataFrame(
        {
            band: to_magnitude(table[name].to_numpy(np.float64, na_value=np.nan))
            for band, name in fluxes.items()
        }
    )
