"""Purity and completeness for a stated sky against its closed form and a drawn sky."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import precision_score

from evaluation.made import LABELS, made_experiment, made_shares
from skyclass.errors import EvaluationError
from skyclass.evaluation.reweight import parse_prior, reweight, reweight_scores

PRIOR = np.array([0.9, 0.08, 0.02])


def test_against_a_sky_drawn_with_these_shares() -> None:
    true, shares = made_shares(0, 4000, bonus=1.5)
    found = reweight_scores(LABELS, true, shares, PRIOR)
    rng = np.random.default_rng(1)
    classes = rng.choice(3, 200_000, p=PRIOR)
    sky = np.array([rng.choice(np.flatnonzero(true == k), 200_000) for k in range(3)])
    rows = sky[classes, np.arange(200_000)]
    given = shares.argmax(axis=1)[rows]
    purity = precision_score(true[rows], given, average=None)
    np.testing.assert_allclose(found["purity"][:3], purity, atol=0.01)
    assert found.loc["all", "completeness"] == pytest.approx(np.mean(true[rows] == given), abs=5e-3)
    own = [np.mean(given[true[rows] == k] == k) for k in range(3)]
    np.testing.assert_allclose(found["completeness"][:3], own, atol=0.015)
    # a balanced test set flatters the purity of rare classes
    plain = precision_score(true, shares.argmax(axis=1), average=None)
    assert found.loc["quasar", "purity"] < 0.3 < plain[2]


def test_the_shares_of_the_test_objects_change_nothing() -> None:
    true, shares = made_shares(0, 500)
    found = reweight_scores(LABELS, true, shares, np.bincount(true) / 500)
    plain = precision_score(true, shares.argmax(axis=1), average=None)
    np.testing.assert_allclose(found["purity"][:3], plain)
    assert found.loc["all", "completeness"] == pytest.approx(np.mean(shares.argmax(1) == true))


def test_intervals_hold_the_truth() -> None:
    truth = reweight_scores(LABELS, *made_shares(10_000, 60_000, bonus=1.5), PRIOR)
    held = np.zeros(3)
    for seed in range(60):
        found = reweight_scores(LABELS, *made_shares(seed, 300, bonus=1.5), PRIOR, seed=seed)
        held += (found["purity_low"] <= truth["purity"])[:3].to_numpy() & (
            found["purity_high"] >= truth["purity"]
        )[:3].to_numpy()
    assert (held / 60 > 0.95 - 4 * np.sqrt(0.95 * 0.05 / 60)).all()


def test_whole_fields_are_drawn() -> None:
    true, shares = made_shares(0, 400)
    groups = np.arange(400) // 40
    found = reweight_scores(LABELS, true, shares, PRIOR, groups=groups)
    alone = reweight_scores(LABELS, true, shares, PRIOR)
    assert (found["completeness_low"] <= alone["completeness_low"]).all()
    assert (found["completeness_high"] >= alone["completeness_high"]).all()


def test_a_class_that_is_not_there() -> None:
    true, shares = made_shares(0, 200)
    rows = true < 2
    with pytest.raises(EvaluationError, match="class quasar has a share in the prior but no test"):
        reweight_scores(LABELS, true[rows], shares[rows], PRIOR)
    found = reweight_scores(LABELS, true[rows], shares[rows], np.array([0.9, 0.1, 0.0]))
    assert found.loc["quasar", "purity"] == 0
    assert np.isnan(found.loc["quasar", "completeness"])


def test_prior_words() -> None:
    words = ["quasar=1", "star=6", "galaxy=3"]
    np.testing.assert_allclose(parse_prior(words, LABELS), [0.6, 0.3, 0.1])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["stars=1"], "unknown class 'stars' .* did you mean 'star'"),
        (["star=1", "galaxy=1"], "lacks class quasar"),
        (["star=1", "star=2"], "names class 'star' twice"),
        (["star=-1"], "'star=-1' gives no number from 0 up"),
        (["star=much"], "'star=much' gives no number"),
        (["star=inf"], "'star=inf' gives no number"),
        (["star=0", "galaxy=0", "quasar=0"], "gives no class a share"),
        (["star"], "unknown class ''"),
    ],
)
def test_bad_priors(words: list[str], message: str) -> None:
    with pytest.raises(EvaluationError, match=message):
        parse_prior(words, LABELS)


def test_of_an_experiment(tmp_path: Path) -> None:
    made_experiment(tmp_path / "a")
    found = reweight(tmp_path / "a", ["star=8", "galaxy=1", "quasar=1"])
    assert found.index.tolist() == [*LABELS, "all"]
    assert found["share"].tolist() == pytest.approx([0.8, 0.1, 0.1, 1])
    with pytest.raises(EvaluationError, match="run the experiment first"):
        reweight(tmp_path / "b", ["star=1"])
