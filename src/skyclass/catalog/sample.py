"""Sample objects: from the densest fields, at random, by whole random fields, or balanced."""

from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skyclass.catalog.row_order import take_rows
from skyclass.config.sections import SampleConfig
from skyclass.errors import CatalogError, nearest
from skyclass.schema import DEFAULT_SURVEY
from skyclass.surveys.registry import get_survey

__all__ = ["DATA_SETS", "count_by_field", "sample"]

DATA_SETS: Final = {
    "thesis-1": SampleConfig(method="densest-fields", per_class=10_000, counts={"O": 3601}),
    "thesis-2": SampleConfig(method="random-fields", total=42_200),
    "thesis-3": SampleConfig(method="random-fields", total=75_000),
}
"""The three data sets of the ViT thesis (sections 4.1.5, A.5.1 and A.5.2)."""


def count_by_field(table: pd.DataFrame, survey: str = DEFAULT_SURVEY) -> pd.DataFrame:
    """Count objects by field and class, the most numerous first.

    Parameters
    ----------
    table
        Catalogue with the key columns of the survey and `label`.
    survey
        Name of the survey.

    Returns
    -------
    pandas.DataFrame
        The key columns, `label` and `count`; equal counts in the order of the fields.

    Raises
    ------
    CatalogError
        If the catalogue has no key columns.
    """
    key = _get_key(table, survey, "counting by field")
    counts = table.groupby([*key, "label"], sort=True).size().reset_index(name="count")
    return counts.sort_values("count", ascending=False, kind="stable", ignore_index=True)


def sample(
    table: pd.DataFrame, rules: SampleConfig, seed: int, survey: str = DEFAULT_SURVEY
) -> pd.DataFrame:
    """Choose rows of a labelled catalogue.

    Parameters
    ----------
    table
        Catalogue with `label`, in the order that `clean` gives it.
    rules
        Method and its numbers.
    seed
        Same rows and seed, same sample.
    survey
        Name of the survey, whose key columns tell fields, or other units, apart.

    Returns
    -------
    pandas.DataFrame
        The chosen rows in the table's order.

    Raises
    ------
    CatalogError
        If a number is larger than the table, a class is not there, or key columns are missing.
    """
    chosen = DATA_SETS[rules.data_set] if rules.data_set else rules
    if chosen.method == "all":
        return table
    _check_numbers(table, chosen)
    rng = np.random.default_rng(seed)
    rows = _METHODS[chosen.method](table, chosen, rng, survey)
    return take_rows(table, np.sort(rows))


def _check_numbers(table: pd.DataFrame, rules: SampleConfig) -> None:
    """Check that the table has as many objects as asked for, and the classes named."""
    for name, value in (("total", rules.total), ("per_class", rules.per_class)):
        if value is not None and value > len(table):
            raise CatalogError(
                f"sample.{name} must be at most {len(table)}, the number of objects, got {value}"
            )
    present = sorted(set(table["label"]))
    for label in rules.counts:
        if label not in present:
            raise CatalogError(
                f"sample.counts names class {label!r}, which no object has;"
                f" did you mean {nearest(label, present)!r}?"
            )


def _pick_densest_fields(
    table: pd.DataFrame, rules: SampleConfig, _rng: Any, survey: str
) -> NDArray[np.int64]:
    """Pick the fields with most objects of a class, until there are exactly enough of it."""
    groups, codes = _number_groups(table, survey)
    size = np.bincount(groups)[groups]
    # whole groups, the largest first; rows of a group stay in the table's order
    order = np.lexsort([np.arange(len(table)), groups, -size])
    limits = [rules.counts.get(str(c), rules.per_class) for c in codes.categories]
    return np.concatenate(
        [order[codes.codes[order] == c][:limit] for c, limit in enumerate(limits)]
    )


def _draw_objects(
    table: pd.DataFrame, rules: SampleConfig, rng: np.random.Generator, _survey: str
) -> NDArray[np.int64]:
    """Draw objects at random."""
    return rng.permutation(len(table))[: rules.total]


def _draw_fields(
    table: pd.DataFrame, rules: SampleConfig, rng: np.random.Generator, survey: str
) -> NDArray[np.int64]:
    """Draw whole groups of one field and class until the total is reached."""
    groups, _ = _number_groups(table, survey)
    sizes = np.bincount(groups)
    order = rng.permutation(len(sizes))
    needed = int(np.searchsorted(np.cumsum(sizes[order]), rules.total or 0)) + 1
    taken = np.zeros(len(sizes), dtype=bool)
    taken[order[:needed]] = True
    return np.flatnonzero(taken[groups])


def _draw_balanced(
    table: pd.DataFrame, rules: SampleConfig, rng: np.random.Generator, _survey: str
) -> NDArray[np.int64]:
    """Draw the same number of every class; by default as many as the smallest class has."""
    codes = pd.Categorical(table["label"]).codes
    smallest = int(np.bincount(codes).min())
    most = rules.per_class if rules.per_class is not None else smallest
    if most > smallest:
        label = pd.Categorical(table["label"]).categories[int(np.bincount(codes).argmin())]
        raise CatalogError(
            f"sample.per_class must be at most {smallest}, the number of class {label}, got"
            f" {most}; lower it, or set sample.method to densest-fields"
        )
    shuffled = rng.permutation(len(table))
    return np.concatenate([shuffled[codes[shuffled] == c][:most] for c in np.unique(codes)])


_METHODS: Final = {
    "densest-fields": _pick_densest_fields,
    "random": _draw_objects,
    "random-fields": _draw_fields,
    "balanced": _draw_balanced,
}


def _number_groups(
    table: pd.DataFrame, survey: str
) -> tuple[NDArray[np.int64], "pd.Categorical[Any]"]:
    """Assign each row to a group of one field and one class; return also the classes."""
    key = _get_key(table, survey, "sampling by field")
    groups = table.groupby([*key, "label"], sort=True).ngroup()
    return np.asarray(groups, dtype=np.int64), pd.Categorical(table["label"])


def _get_key(table: pd.DataFrame, survey: str, purpose: str) -> tuple[str, ...]:
    """Return the key columns of a survey, or raise if the catalogue or the survey has none."""
    key = get_survey(survey).key
    if not key:
        raise CatalogError(f"survey {survey} has no fields, which {purpose} needs")
    missing = [name for name in key if name not in table]
    if missing:
        raise CatalogError(f"the catalogue has no column {', '.join(missing)}; {purpose} needs it")
    return key
