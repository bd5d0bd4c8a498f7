"""The bits of an SDSS objid."""

from typing import Any, Final

import numpy as np
import pandas as pd

__all__ = ["decode_objid"]

_BITS: Final = {
    "rerun": (48, 0x7FF),
    "run": (32, 0xFFFF),
    "camcol": (29, 0x7),
    "field": (16, 0xFFF),
}
"""Shift and mask of each part (https://www.sdss4.org/dr17/help/glossary/#objid)."""


def decode_objid(objid: "pd.Series[Any]") -> pd.DataFrame:
    """Decode the field of each object from the bits of its objid.

    Parameters
    ----------
    objid
        UInt64, missing where unknown, `[n]`.

    Returns
    -------
    pandas.DataFrame
        `rerun`, `run`, `camcol` and `field` as Int64, missing where the id is.
    """
    missing = objid.isna().to_numpy()
    numbers = objid.to_numpy(dtype=np.uint64, na_value=0)
    key = {
        name: ((numbers >> np.uint64(shift)) & np.uint64(mask)).astype(np.int64)
        for name, (shift, mask) in _BITS.items()
    }
    return pd.DataFrame(
        {name: pd.arrays.IntegerArray(values, missing) for name, values in key.items()},
        index=objid.index,
    )
