"""Divide objects into training, validation, test and calibration, class by class."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skyclass.catalog.ids import field_groups
from skyclass.config.sections import SplitConfig
from skyclass.errors import CatalogError
from skyclass.schema import FRAME_KEYS, POSITION, SPLITS
from skyclass.tasks.task import spread

__all__ = ["assign_splits", "leakage", "split_groups", "split_report"]


def assign_splits(table: pd.DataFrame, rules: SplitConfig, seed: int) -> "pd.Series[str]":
    """Give every object a split; each class is divided in the same shares.

    Parameters
    ----------
    table
        Catalogue with `label`, in the order that `clean` gives it.
    rules
        Shares, and what is never divided: ``object`` (nothing), ``field``, or ``sky`` (cells of
        the HEALPix grid: Gorski et al. 2005, ApJ 622, 759).
    seed
        Same rows and seed, same splits.

    Returns
    -------
    pandas.Series
        One of `SPLITS` for each object.

    Raises
    ------
    CatalogError
        Where a class has too few objects, fields or cells for the splits, or a column is missing.
    """
    shares = _shares(rules)
    if rules.by == "object":
        return _by_object(table["label"], shares, seed)
    groups = split_groups(table, rules)
    return _by_group(table["label"], groups, shares, seed, rules.by)


def leakage(table: pd.DataFrame) -> float | None:
    """Give the share of test objects that lie in a field with training objects.

    Parameters
    ----------
    table
        Catalogue with `split` and frame keys.

    Returns
    -------
    float
        From 0 to 1, or None where the catalogue has no frame keys.
    """
    if not set(FRAME_KEYS) <= set(table.columns):
        return None
    return _shared_with_training(table, field_groups(table))


def _shared_with_training(table: pd.DataFrame, fields: NDArray[np.int64]) -> float:
    """Give the share of test objects whose field, of those numbered, holds a training object."""
    training, test = ((table["split"] == name).to_numpy() for name in ("train", "test"))
    trained = np.zeros(int(fields.max()) + 1, dtype=bool)
    trained[fields[training]] = True
    return float(trained[fields[test]].mean())


def _shares(rules: SplitConfig) -> dict[str, float]:
    """Give the share of each split; the training set has what the others leave."""
    others = {name: getattr(rules, name) for name in SPLITS[1:] if getattr(rules, name) > 0}
    return {"train": 1.0 - sum(others.values()), **others}


def _by_object(labels: "pd.Series[str]", shares: dict[str, float], seed: int) -> "pd.Series[str]":
    """Divide each class at random."""
    splits = np.zeros(len(labels), dtype=np.int8)
    codes, names = pd.factorize(labels, sort=True)
    for code, label in enumerate(names):
        members = np.flatnonzero(codes == code)
        counts = {s: max(1, round(p * len(members))) for s, p in shares.items() if s != "train"}
        if len(members) <= sum(counts.values()):
            raise CatalogError(
                f"class {label} has {len(members)} object(s), too few for {', '.join(shares)};"
                f" add some, or remove the class from the table"
            )
        # each class has its own stream, so that adding a class moves no object of another
        shuffled = np.random.default_rng([seed, *str(label).encode()]).permutation(members)
        for split, count in counts.items():
            splits[shuffled[:count]] = SPLITS.index(split)
            shuffled = shuffled[count:]
    return _named(splits, labels.index)


def _named(splits: NDArray[np.integer[Any]], index: "pd.Index[Any]") -> "pd.Series[str]":
    """Give the names of numbered splits."""
    return spread(SPLITS, splits, index)


def split_groups(table: pd.DataFrame, rules: SplitConfig) -> NDArray[np.int64]:
    """Give the number of the field or sky cell that each object lies in.

    Parameters
    ----------
    table
        Catalogue with the frame keys or positions, `[n]`.
    rules
        Says whether fields or sky cells are kept together.

    Returns
    -------
    numpy.ndarray
        From 0, `[n]`.

    Raises
    ------
    CatalogError
        Where a column is missing.
    """
    columns = FRAME_KEYS if rules.by == "field" else POSITION
    missing = [name for name in columns if name not in table]
    if missing:
        raise CatalogError(
            f"the catalogue has no column {', '.join(missing)}, which a split by {rules.by} needs"
        )
    if rules.by == "field":
        return field_groups(table)
    from astropy import units
    from astropy_healpix import HEALPix

    ra, dec = (table[name].to_numpy(np.float64) * units.deg for name in POSITION)
    cells = HEALPix(nside=rules.nside, order="nested").lonlat_to_healpix(ra, dec)
    return np.unique(cells, return_inverse=True)[1].astype(np.int64)


def _by_group(
    labels: "pd.Series[str]",
    groups: NDArray[np.int64],
    shares: dict[str, float],
    seed: int,
    kind: str,
) -> "pd.Series[str]":
    """Divide whole groups so that each class comes near its shares."""
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
    _check_each_class(counts, chosen, list(shares), [str(name) for name in names], kind)
    numbers = np.array([SPLITS.index(split) for split in shares])
    return _named(numbers[chosen[groups]], labels.index)


def _deal(counts: NDArray[np.int64], shares: list[float], seed: int) -> NDArray[np.int64]:
    """Deal groups out one by one, each to the split that it brings nearest to its shares.

    Near is meant as in chi-square: what is lacking, squared, over the split's share; so all splits
    fill up evenly, and dealing a rare class does not wait for a frequent one.
    Groups that hold a rare class come first, then large ones: what comes last evens out the rest
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


def _check_each_class(
    counts: NDArray[np.int64],
    chosen: NDArray[np.int64],
    splits: list[str],
    names: list[str],
    kind: str,
) -> None:
    """Refuse a division that leaves a split without some class."""
    for number, split in enumerate(splits):
        found = counts[chosen == number].sum(axis=0)
        if found.min() == 0:
            raise CatalogError(
                f"no {kind} group with class {names[int(found.argmin())]} is left for {split};"
                f' choose another seed, more {kind} groups, or split.by = "object"'
            )


def split_report(table: pd.DataFrame, classes: tuple[str, ...]) -> dict[str, Any]:
    """Tell what a split came to.

    Parameters
    ----------
    table
        Catalogue with `label` and `split`.
    classes
        Class names in their order.

    Returns
    -------
    dict
        ``per_class`` (objects by split and class), ``leakage``, and ``fields`` (how many there
        are); the last two None where the catalogue has no frame keys.
    """
    rows = pd.Categorical(table["split"], categories=list(SPLITS)).codes
    columns = pd.Categorical(table["label"], categories=list(classes)).codes
    cells = rows.astype(np.int16) * np.int16(len(classes)) + columns
    counts = np.bincount(cells, minlength=len(SPLITS) * len(classes)).reshape(len(SPLITS), -1)
    fields = field_groups(table) if set(FRAME_KEYS) <= set(table.columns) else None
    return {
        "per_class": {
            name: dict(zip(classes, (int(n) for n in row), strict=True))
            for name, row in zip(SPLITS, counts, strict=True)
            if row.any()
        },
        "leakage": None if fields is None else _shared_with_training(table, fields),
        "fields": None if fields is None else int(fields.max()) + 1,
    }
