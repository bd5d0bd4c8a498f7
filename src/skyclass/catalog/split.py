"""Divide objects into training, validation, test and calibration, class by class."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skyclass.catalog.ids import number_units
from skyclass.config.sections import SplitConfig
from skyclass.errors import CatalogError
from skyclass.schema import DEFAULT_SURVEY, POSITION, SPLITS
from skyclass.surveys.registry import get_survey
from skyclass.tasks.task import decode_strings

__all__ = ["SplitCounts", "assign_splits", "count_splits", "group_objects"]


@dataclass(frozen=True)
class SplitCounts:
    """Sizes of the splits, and how they share fields."""

    per_class: dict[str, dict[str, int]]
    """Objects of each split and class; splits without objects are left out."""
    leakage: float | None
    """Share of test objects that lie in a field with training objects, from 0 to 1; None if the
    catalogue has no frame keys."""
    fields: int | None
    """Number of fields; None if the catalogue has no frame keys."""


def assign_splits(
    table: pd.DataFrame, rules: SplitConfig, seed: int, survey: str = DEFAULT_SURVEY
) -> "pd.Series[str]":
    """Assign every object to a split; each class is divided in the same shares.

    Parameters
    ----------
    table
        Catalogue with `label`, in the order that `clean` gives it.
    rules
        Shares, and what is never divided: ``object`` (nothing), ``field``, or ``sky`` (cells of
        the HEALPix grid: Gorski et al. 2005, ApJ 622, 759).
    seed
        Same rows and seed, same splits.
    survey
        Name of the survey, whose key columns tell fields, or other units, apart.

    Returns
    -------
    pandas.Series
        One of `SPLITS` for each object.

    Raises
    ------
    CatalogError
        If a class has too few objects, fields or cells for the splits, or a column is missing.
    """
    shares = _compute_shares(rules)
    if rules.by == "object":
        return _split_objects(table["label"], shares, seed)
    groups = group_objects(table, rules, survey)
    return _split_groups(table["label"], groups, shares, seed, rules.by)


def _number_fields(table: pd.DataFrame, survey: str) -> NDArray[np.int64] | None:
    """Assign numbers to the fields of objects; None where the catalogue has no key columns."""
    key = get_survey(survey).key
    return number_units(table, key) if key and set(key) <= set(table.columns) else None


def _compute_leakage(table: pd.DataFrame, fields: NDArray[np.int64]) -> float:
    """Compute the share of test objects whose field holds a training object."""
    training, test = ((table["split"] == name).to_numpy() for name in ("train", "test"))
    trained = np.zeros(int(fields.max()) + 1, dtype=bool)
    trained[fields[training]] = True
    return float(trained[fields[test]].mean())


def _compute_shares(rules: SplitConfig) -> dict[str, float]:
    """Compute the share of each split; training takes what the others leave."""
    others = {name: getattr(rules, name) for name in SPLITS[1:] if getattr(rules, name) > 0}
    return {"train": 1.0 - sum(others.values()), **others}


def _split_objects(
    labels: "pd.Series[str]", shares: dict[str, float], seed: int
) -> "pd.Series[str]":
    """Divide each class at random."""
    splits = np.zeros(len(labels), dtype=np.int8)
    codes, names = pd.factorize(labels, sort=True)
    for code, label in enumerate(names):
        members = np.flatnonzero(codes == code)
        counts = {s: max(1, round(p * len(members))) for s, p in shares.items() if s != "train"}
        if len(members) <= sum(counts.values()):
            raise CatalogError(
                f"class {label} has {len(members)} object(s), too few for {', '.join(shares)};"
                " add some, or drop the class with labels.drop"
            )
        # each class has its own stream, so that adding a class moves no object of another
        shuffled = np.random.default_rng([seed, *str(label).encode()]).permutation(members)
        for split, count in counts.items():
            splits[shuffled[:count]] = SPLITS.index(split)
            shuffled = shuffled[count:]
    return _name_splits(splits, labels.index)


def _name_splits(splits: NDArray[np.integer[Any]], index: "pd.Index[Any]") -> "pd.Series[str]":
    """Convert numbers of splits to their names."""
    return decode_strings(SPLITS, splits, index)


def group_objects(
    table: pd.DataFrame, rules: SplitConfig, survey: str = DEFAULT_SURVEY
) -> NDArray[np.int64]:
    """Assign each object the number of the field or sky cell that it lies in.

    Parameters
    ----------
    table
        Catalogue with the frame keys or positions, `[n]`.
    rules
        Says whether fields or sky cells are kept together.
    survey
        Name of the survey.

    Returns
    -------
    numpy.ndarray
        From 0, `[n]`.

    Raises
    ------
    CatalogError
        If a column is missing.
    """
    key = get_survey(survey).key
    if rules.by == "field" and not key:
        raise CatalogError(f'survey {survey} has no fields to split by; set split.by = "sky"')
    columns = key if rules.by == "field" else POSITION
    missing = [name for name in columns if name not in table]
    if missing:
        raise CatalogError(
            f"the catalogue has no column {', '.join(missing)}, which a split by {rules.by} needs"
        )
    if rules.by == "field":
        return number_units(table, key)
    from astropy import units
    from astropy_healpix import HEALPix

    ra, dec = (table[name].to_numpy(np.float64) * units.deg for name in POSITION)
    cells = HEALPix(nside=rules.nside, order="nested").lonlat_to_healpix(ra, dec)
    return np.unique(cells, return_inverse=True)[1].astype(np.int64)


def _split_groups(
    labels: "pd.Series[str]",
    groups: NDArray[np.int64],
    shares: dict[str, float],
    seed: int,
    kind: str,
) -> "pd.Series[str]":
    """Divide whole groups so that each class comes close to its shares."""
    codes, names = pd.factorize(labels, sort=True)
    counts = np.zeros((int(groups.max()) + 1, len(names)), dtype=np.int64)
    np.add.at(counts, (groups, codes), 1)
    in_groups = (counts > 0).sum(axis=0)
    if in_groups.min() < len(shares):
        rare = int(in_groups.argmin())
        raise CatalogError(
            f"class {names[rare]} lies in {in_groups[rare]} {kind} group(s), too few for"
            f' {", ".join(shares)}; add some, or set split.by = "object"'
        )
    chosen = _deal(counts, list(shares.values()), seed)
    _check_classes(counts, chosen, list(shares), [str(name) for name in names], kind)
    numbers = np.array([SPLITS.index(split) for split in shares])
    return _name_splits(numbers[chosen[groups]], labels.index)


def _deal(counts: NDArray[np.int64], shares: list[float], seed: int) -> NDArray[np.int64]:
    """Deal out groups one by one, each to the split that it brings closest to its shares.

    The distance is that of chi-square: what is lacking, squared, over the split's share. So all
    splits fill up evenly, and a rare class does not wait for a frequent one.
    Groups with a rare class come first, then large ones; the last ones even out the rest
    (after Sechidis, Tsoumakas & Vlahavas 2011, On the Stratification of Multi-label Data).
    """
    totals = counts.sum(axis=0)
    rarest = np.where(counts > 0, totals, totals.max() + 1).min(axis=1)
    shuffled = np.random.default_rng(seed).permutation(len(counts))
    order = shuffled[np.lexsort([-counts.sum(axis=1)[shuffled], rarest[shuffled]])]
    # wanted less dealt, in shares of each class
    lacking = [[share] * counts.shape[1] for share in shares]
    chosen = np.zeros(len(counts), dtype=np.int64)
    for group in order.tolist():
        held = [(int(c), counts[group, c] / totals[c]) for c in np.flatnonzero(counts[group])]
        costs = [
            sum(p * (p - 2.0 * short[c]) for c, p in held) / share
            for short, share in zip(lacking, shares, strict=True)
        ]
        best = costs.index(min(costs))
        for c, p in held:
            lacking[best][c] -= p
        chosen[group] = best
    return chosen


def _check_classes(
    counts: NDArray[np.int64],
    chosen: NDArray[np.int64],
    splits: list[str],
    names: list[str],
    kind: str,
) -> None:
    """Check that every split has objects of every class."""
    for number, split in enumerate(splits):
        in_split = counts[chosen == number].sum(axis=0)
        if in_split.min() == 0:
            raise CatalogError(
                f"no {kind} group with class {names[int(in_split.argmin())]} is left for {split};"
                f' choose another seed, more {kind} groups, or split.by = "object"'
            )


def count_splits(
    table: pd.DataFrame, classes: tuple[str, ...], survey: str = DEFAULT_SURVEY
) -> SplitCounts:
    """Count the objects of each split and class, and the fields.

    Parameters
    ----------
    table
        Catalogue with `label` and `split`.
    classes
        Class names in their order.
    survey
        Name of the survey.

    Returns
    -------
    SplitCounts
        Counts and leakage.
    """
    rows = pd.Categorical(table["split"], categories=list(SPLITS)).codes
    columns = pd.Categorical(table["label"], categories=list(classes)).codes
    cells = rows.astype(np.int16) * np.int16(len(classes)) + columns
    counts = np.bincount(cells, minlength=len(SPLITS) * len(classes)).reshape(len(SPLITS), -1)
    fields = _number_fields(table, survey)
    per_class = {
        name: dict(zip(classes, (int(n) for n in row), strict=True))
        for name, row in zip(SPLITS, counts, strict=True)
        if row.any()
    }
    if fields is None:
        return SplitCounts(per_class, None, None)
    return SplitCounts(per_class, _compute_leakage(table, fields), int(fields.max()) + 1)
