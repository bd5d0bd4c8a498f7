"""Tables of classified sources, made by hand, for tests of what is made from them."""

import numpy as np
import pandas as pd

LABELS = ("hot", "cool")


def make_table(ra: np.ndarray, dec: np.ndarray) -> pd.DataFrame:
    """Classify sources in turn as hot, cool, and not at all."""
    count = len(ra)
    hot = np.resize([0.9, 0.25, np.nan], count)
    names = np.resize(np.array(["hot", "cool", None], dtype=object), count)
    return pd.DataFrame(
        {
            "ra": ra,
            "dec": dec,
            "psf_mag_r": np.linspace(15, 20, count),
            "psf_mag_err_r": 0.01,
            "flags": np.resize(["", "saturated:gr blended:u"], count),
            "class": names,
            "probability": np.fmax(hot, 1 - hot),
            "p_hot": hot,
            "p_cool": 1 - hot,
            "reason": np.resize(["", "", "off its frame"], count),
        }
    )
