"""Choose objects: the densest fields, at random, whole fields at random, or balanced."""

from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skyclass.catalog.row_order import take_rows
from skyclass.config.sections import SampleConfig
from skyclass.errors import CatalogError, nearest
from skyclass.schema import FRAME_KEYS

__all__ = ["PRESETS", "download_bytes", "field_counts", "sample"]

FRAME_BYTES: Final = 3.36e6
"""Mean size of a compressed frame: 20 frames of fields 1992-1-87, 2583-2-136, 3918-3-213 and
4510-4-30 have 2.87 to 3.84 MB."""

PRESETS: Final = {
    "thesis-1": SampleConfig(method="densest-fields", per_class=10_000, counts={"O": 3601}),
    "thesis-2": SampleConfig(method="random-fields", total=42_200),
    "thesis-3": SampleConfig(method="random-fields", total=75_000),
}
"""The three data sets of the ViT thesis (sections 4.1.5, A.5.1 and A.5.2)."""


def field_counts(table: pd.DataFrame) -> pd.DataFrame:
    """Count objects by field and class, the most numerous first.

    Parameters
    ----------
    table
        Catalogue with frame keys and `label`.

    Returns
    -------
    pandas.DataFrame
        `FRAME_KEYS`, `label` and `count`; equal counts in the order of the fields.

    Raises
    ------
    CatalogError
        Where the catalogue has no frame keys.
    """
    _require_keys(table, "counting by field")
    counts = table.groupby([*FRAME_KEYS, "label"], sort=True).size().reset_index(name="count")
    return counts.sort_values("count", ascending=False, kind="stable", ignore_index=True)


def download_bytes(fields: int) -> float:
    """Estimate what the five frames of some fields weigh, compressed.

    Parameters
    ----------
    fields
        Number of fields.

    Returns
    -------
    float
        Bytes.
    """
    return 5 * FRAME_BYTES * fields


def sample(table: pd.DataFrame, rules: SampleConfig, seed: int) -> pd.DataFrame:
    """Choose rows of a labelled catalogue.

    Parameters
    ----------
    table
        Catalogue with `label`, in the order that `clean` gives it.
    rules
        Method and numbers.
    seed
        Same rows and seed, same choice.

    Returns
    -------
    pandas.DataFrame
        The chosen rows in the table's order.

    Raises
    ------
    CatalogError
        Where a number is larger than the table, a class is not there, or frame keys are missing.
    """
    chosen = PRESETS[rules.preset] if rules.preset else rules
    if chosen.method == "all":
        return table
    _check_numbers(table, chosen)
    rng = np.random.default_rng(seed)
    rows = _METHODS[chosen.method](table, chosen, rng)
    return take_rows(table, np.sort(rows))


def _check_numbers(table: pd.DataFrame, rules: SampleConfig) -> None:
    """Refuse numbers that the table cannot meet, and classes it does not have."""
    for name, value in (("total", rules.total), ("per_class", rules.per_class)):
        if value is not None and value > len(table):
            raise CatalogError(
                f"sample.{name} = {value} is more than the {len(table)} objects there are"
            )
    present = sorted(set(table["label"]))
    for label in rules.counts:
        if label not in present:
            raise CatalogError(
                f"sample.counts names the class {label!r}, of which there is no object;"
                f" did you mean {nearest(label, present)!r}?"
            )


def _densest_fields(table: pd.DataFrame, rules: SampleConfig, _rng: Any) -> NDArray[np.int64]:
    """Take the fields with most objects of a class, until there are exactly enough of it."""
    groups, codes = _groups(table)
    size = np.bincount(groups)[groups]
    # whole groups, the largest first; rows of a group stay in the table's order
    order = np.lexsort([np.arange(len(table)), groups, -size])
    limits = [rules.counts.get(str(c), rules.per_class) for c in codes.categories]
    return np.concatenate(
        [order[codes.codes[order] == c][:limit] for c, limit in enumerate(limits)]
    )


def _random(
    table: pd.DataFrame, rules: SampleConfig, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Take objects at random."""
    return rng.permutation(len(table))[: rules.total]


def _random_fields(
    table: pd.DataFrame, rules: SampleConfig, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Take whole groups of one field and class at random until the total is reached."""
    groups, _ = _groups(table)
    sizes = np.bincount(groups)
    order = rng.permutation(len(sizes))
    needed = int(np.searchsorted(np.cumsum(sizes[order]), rules.total or 0)) + 1
    taken = np.zeros(len(sizes), dtype=bool)
    taken[order[:needed]] = True
    return np.flatnonzero(taken[groups])


def _balanced(
    table: pd.DataFrame, rules: SampleConfig, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Take as many of every class, at random; as many as the smallest has, if not said."""
    codes = pd.Categorical(table["label"]).codes
    smallest = int(np.bincount(codes).min())
    most = rules.per_class if rules.per_class is not None else smallest
    if most > smallest:
        label = pd.Categorical(table["label"]).categories[int(np.bincount(codes).argmin())]
        raise CatalogError(
            f"sample.per_class = {most} is more than the {smallest} objects of class {label};"
            " lower it, or use densest-fields"
        )
    shuffled = rng.permutation(len(table))
    return np.concatenate([shuffled[codes[shuffled] == c][:most] for c in np.unique(codes)])


_METHODS: Final = {
    "densest-fields": _densest_fields,
    "random": _random,
    "random-fields": _random_fields,
    "balanced": _balanced,
}


def _groups(table: pd.DataFrame) -> tuple[NDArray[np.int64], "pd.Categorical[Any]"]:
    """Give the number of each row's group of one field and one class, and the classes."""
    _require_keys(table, "sampling by field")
    keys = table.groupby([*FRAME_KEYS, "label"], sort=True).ngroup()
    return np.asarray(keys, dtype=np.int64), pd.Categorical(table["label"])


def _require_keys(table: pd.DataFrame, purpose: str) -> None:
    """Refuse a catalogue that does not say in which field an object lies."""
    missing = [name for name in FRAME_KEYS if name not in table]
    if missing:
        raise CatalogError(f"the catalogue has no column {', '.join(missing)}; {purpose} needs it")
