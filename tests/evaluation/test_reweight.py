"""Purity and completeness for a stated sky against its closed form and a drawn sky."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import precision_score

from evaluation.made import LABELS, made_experiment, made_shares
from skyclass.errors import EvaluationError
from skyclass.evaluation.reweight import Reweighting, reweight, reweight_scores

PRIOR = np.array([0.9, 0.08, 0.02])


@pytest.fixture(scope="module")
def experiment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_experiment(tmp_path_factory.mktemp("reweight"))


def test_against_a_sky_drawn_with_these_shares() -> None:
    label, shares = made_shares(0, 4000, bonus=1.5)
    rates = reweight_scores(LABELS, label, shares, PRIOR).table
    rng = np.random.default_rng(1)
    classes = rng.choice(3, 200_000, p=PRIOR)
    sky = np.array([rng.choice(np.flatnonzero(label == k), 200_000) for k in range(3)])
    rows = sky[classes, np.arange(200_000)]
    predicted = shares.argmax(axis=1)[rows]
    purity = precision_score(label[rows], predicted, average=None)
    np.testing.assert_allclose(rates["purity"][:3], purity, atol=0.01)
    assert rates.loc["all", "completeness"] == pytest.approx(
        np.mean(label[rows] == predicted), abs=5e-3
    )
    own = [np.mean(predicted[label[rows] == k] == k) for k in range(3)]
    np.testing.assert_allclose(rates["completeness"][:3], own, atol=0.015)
    # a balanced test set flatters the purity of rare classes
    plain = precision_score(label, shares.argmax(axis=1), average=None)
    assert rates.loc["quasar", "purity"] < 0.3 < plain[2]


def test_the_shares_of_the_test_objects_change_nothing() -> None:
    label, shares = made_shares(0, 500)
    rates = reweight_scores(LABELS, label, shares, np.bincount(label) / 500).table
    plain = precision_score(label, shares.argmax(axis=1), average=None)
    np.testing.assert_allclose(rates["purity"][:3], plain)
    assert rates.loc["all", "completeness"] == pytest.approx(np.mean(shares.argmax(1) == label))


def test_intervals_hold_the_truth() -> None:
    truth = reweight_scores(LABELS, *made_shares(10_000, 60_000, bonus=1.5), PRIOR).table
    held = np.zeros(3)
    for seed in range(60):
        rates = reweight_scores(LABELS, *made_shares(seed, 300, bonus=1.5), PRIOR, seed=seed).table
        held += (rates["purity_low"] <= truth["purity"])[:3].to_numpy() & (
            rates["purity_high"] >= truth["purity"]
        )[:3].to_numpy()
    assert (held / 60 > 0.95 - 4 * np.sqrt(0.95 * 0.05 / 60)).all()


def test_whole_fields_are_drawn() -> None:
    label, shares = made_shares(0, 400)
    groups = np.arange(400) // 40
    rates = reweight_scores(LABELS, label, shares, PRIOR, groups=groups).table
    alone = reweight_scores(LABELS, label, shares, PRIOR).table
    assert (rates["completeness_low"] <= alone["completeness_low"]).all()
    assert (rates["completeness_high"] >= alone["completeness_high"]).all()


def test_a_class_that_is_not_there() -> None:
    label, shares = made_shares(0, 200)
    rows = label < 2
    with pytest.raises(
        EvaluationError, match="prior gives class quasar a share, but it has no test"
    ):
        reweight_scores(LABELS, label[rows], shares[rows], PRIOR)
    rates = reweight_scores(LABELS, label[rows], shares[rows], np.array([0.9, 0.1, 0.0])).table
    assert rates.loc["quasar", "purity"] == 0
    assert np.isnan(rates.loc["quasar", "completeness"])


@pytest.mark.parametrize(
    ("prior", "message"),
    [
        ({"stars": 1}, "prior names an unknown class 'stars'; did you mean 'star'"),
        ({"star": 1, "galaxy": 1}, "prior lacks class quasar"),
        ({"star": -1}, "prior of class star must be 0 or more, got -1"),
        ({"star": float("inf")}, "prior of class star must be 0 or more, got inf"),
        ({"star": float("nan")}, "prior of class star must be 0 or more, got nan"),
        ({"star": 0, "galaxy": 0, "quasar": 0}, "prior is 0 for every class"),
    ],
)
def test_bad_priors(experiment: Path, prior: dict[str, float], message: str) -> None:
    with pytest.raises(EvaluationError, match=message):
        reweight(experiment, prior)


def test_of_an_experiment(experiment: Path, tmp_path: Path) -> None:
    sky = reweight(experiment, {"galaxy": 1, "star": 8, "quasar": 1})
    assert sky.table.index.tolist() == [*LABELS, "all"]
    assert sky.table["share"].tolist() == pytest.approx([0.8, 0.1, 0.1, 1])
    assert sky.table.loc["all", "completeness"] == sky.accuracy
    assert repr(sky).startswith("Reweighting(star=0.8, galaxy=0.1, quasar=0.1: accuracy 0.")
    assert Reweighting.model_validate_json(sky.model_dump_json()) == sky
    with pytest.raises(EvaluationError, match="run the experiment first"):
        reweight(tmp_path / "b", {"star": 1})
