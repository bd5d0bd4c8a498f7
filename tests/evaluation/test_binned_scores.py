"""Bins of conditions, and their scores."""

import numpy as np
import pandas as pd

from evaluation.made import LABELS, made_shares
from skyclass.evaluation.binned_scores import choose_edges, score_by_condition
from skyclass.evaluation.scores import score


def test_bins_hold_about_as_many_objects_each() -> None:
    values = np.random.default_rng(0).normal(18, 1.5, 1200)
    edges = choose_edges(values)
    counts = np.histogram(values, edges)[0]
    assert len(counts) == 6
    assert counts.min() > 150
    assert (edges[0], edges[-1]) == (values.min(), values.max())


def test_whole_numbers_and_few_values() -> None:
    counts = np.random.default_rng(0).poisson(1.0, 600).astype(float)
    edges = choose_edges(counts)
    assert np.isin(edges[1:-1], [1, 2, 3]).all()
    assert (np.histogram(counts, edges)[0] > 0).all()
    # three fields: no bin is empty, whatever rounding does
    seeing = np.repeat([1.32696, 1.32889, 1.40325], 250)
    assert (np.histogram(seeing, choose_edges(seeing))[0] > 0).all()
    np.testing.assert_array_equal(choose_edges(np.full(50, 3.0)), [3, 3])


def test_each_bin_is_scored_by_itself() -> None:
    label, shares = made_shares(2, 400)
    magnitude = np.random.default_rng(1).uniform(15, 21, 400)
    magnitude[:7] = np.nan
    groups = np.arange(400) // 10
    table = pd.DataFrame({"magnitude_r": magnitude, "seeing": np.nan})
    binned = score_by_condition(table, LABELS, label, shares, groups=groups)
    assert list(binned) == ["magnitude_r"]
    bins = binned["magnitude_r"].bins
    assert binned["magnitude_r"].missing == 7
    assert sum(each.n for each in bins) == 393
    last = bins[-1]
    rows = magnitude >= last.low
    alone = score(LABELS, label[rows], shares[rows], groups=groups[rows]).model_dump()
    assert {name: last.model_dump()[name] for name in alone} == alone
    assert last.low < last.median < last.high == np.nanmax(magnitude)


def test_a_class_that_a_bin_lacks() -> None:
    label, shares = made_shares(2, 200)
    order = np.argsort(label)
    table = pd.DataFrame({"snr_r": np.arange(200.0)})
    bins = score_by_condition(table, LABELS, label[order], shares[order])["snr_r"].bins
    assert bins[0].per_class["quasar"].recall is None
    assert bins[-1].per_class["star"].support == 0
