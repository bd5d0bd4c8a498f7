"""Messy tables of stars, made from a seed."""

import numpy as np
import pandas as pd

__all__ = ["messy_stars", "tidy_stars"]


def tidy_stars(n: int, fields: int = 10, seed: int = 1) -> pd.DataFrame:
    """Give stars of four classes far from each other, several a field."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "specobjid": rng.permutation(n).astype("uint64") + 2**63,
            "objid": rng.permutation(n).astype("uint64") + 2**60,
            "class": "STAR",
            "subclass": rng.choice(["A0", "F9", "K5V", "M2 (1)"], n, p=[0.1, 0.2, 0.3, 0.4]),
            "ra": np.arange(n) * 360.0 / n,
            "dec": rng.uniform(-60, 60, n),
            "rerun": 301,
            "run": 1000 + rng.integers(0, fields, n) // 4,
            "camcol": 3,
            "field": 11 + rng.integers(0, fields, n) % 4,
            **{f"psfMag_{band}": rng.uniform(14, 20, n) for band in "ugriz"},
        }
    )


def messy_stars(n: int = 400) -> pd.DataFrame:
    """Give stars with every fault that cleaning knows, some on one row together."""
    rng = np.random.default_rng(7)
    table = tidy_stars(n)
    table["mode"] = rng.choice([1, 2], n, p=[0.9, 0.1])
    table["clean"] = rng.choice([0, 1], n, p=[0.1, 0.9])
    table["sciencePrimary"] = rng.choice([0, 1], n, p=[0.1, 0.9])
    table["zWarning"] = rng.choice([0, 4, 16, 20], n, p=[0.8, 0.05, 0.1, 0.05])
    table["brick_primary"] = np.arange(n) % 11 > 0
    table["psfMag_u"] = table["psfMag_u"].mask(rng.random(n) < 0.1, 25.0)
    table["subclass"] = table["subclass"].mask(rng.random(n) < 0.1, "CV")
    table["field"] = table["field"].astype("Int64").mask(rng.random(n) < 0.05)
    again = table.sample(60, random_state=1)
    near = table.sample(60, random_state=2).assign(
        specobjid=np.arange(60, dtype="uint64") + 10, objid=pd.array([None] * 60, "UInt64")
    )
    near["dec"] += rng.choice([0.0, 0.9, 1.1], 60) / 3600.0
    return pd.concat([table.astype({"objid": "UInt64"}), again, near], ignore_index=True)
