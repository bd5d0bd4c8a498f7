"""Divide objects into training, validation and test, class by class."""

from typing import Final

import numpy as np
import pandas as pd

from skyclass.errors import CatalogError

__all__ = ["SPLITS", "assign_splits"]

SPLITS: Final = ("train", "validation", "test")
"""Names of the splits."""


def assign_splits(
    labels: "pd.Series[str]", *, validation: float = 0.1, test: float = 0.2, seed: int = 1
) -> "pd.Series[str]":
    """Give every object a split; each class is divided in the same shares.

    Parameters
    ----------
    labels
        Class of each object.
    validation, test
        Shares of each class, rounded to whole objects but never to none.
    seed
        Same labels and seed, same splits.

    Returns
    -------
    pandas.Series
        One of `SPLITS` for each object.

    Raises
    ------
    CatalogError
        Where a class has fewer objects than there are splits.
    """
    splits = pd.Series("train", index=labels.index, dtype="object")
    for label in sorted(labels.unique()):
        members = np.flatnonzero(labels == label)
        n_validation = max(1, round(validation * len(members)))
        n_test = max(1, round(test * len(members)))
        if len(members) <= n_validation + n_test:
            raise CatalogError(
                f"class {label} has {len(members)} object(s), too few for training, validation and"
                f" test; add some, or remove the class from the table"
            )
        # each class has its own stream, so that adding a class moves no object of another
        stream = np.random.default_rng([seed, *label.encode()])
        shuffled = stream.permutation(members)
        splits.iloc[shuffled[:n_validation]] = "validation"
        splits.iloc[shuffled[n_validation : n_validation + n_test]] = "test"
    return splits
