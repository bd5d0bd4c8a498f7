"""What follows from probabilities: another prior, sets, samples, and what the metadata says."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from typer.testing import CliRunner

from models.made_calibration import make_calibration
from skyclass.cli.app import app
from skyclass.config.sections import CutoutConfig
from skyclass.errors import EvaluationError, InferenceError, SkyclassError
from skyclass.inference.classify import classify
from skyclass.inference.conclusions import (
    Conclusions,
    Demands,
    make_conclusions,
    reweight_probabilities,
)
from skyclass.inference.read_result import read_result
from skyclass.inference.result_columns import make_class_columns
from skyclass.inference.source_table import write_table
from skyclass.inference.table_metadata import describe_metadata, make_table_metadata
from skyclass.models.calibration_objects import CalibrationObjects, write_calibration
from skyclass.models.classifier import Classifier
from skyclass.models.model_spec import ModelSpec
from skyclass.models.saved_model import save_model
from skyclass.surveys.sdss.layout import BANDS

LABELS = ("star", "galaxy", "quasar")
TRAINED = {"star": 500, "galaxy": 300, "quasar": 200}
SPEC = ModelSpec(
    "object-type",
    LABELS,
    "ugriz",
    "compact",
    32,
    BANDS,
    "nanomaggy",
    True,
    objects={"train": dict.fromkeys(LABELS, 200)},
)
CALIBRATION = make_calibration(3, 600)
PRIOR = {"star": 0.7, "galaxy": 0.28, "quasar": 0.02}


def conclude(
    spec: ModelSpec, calibration: CalibrationObjects | None, demands: Demands
) -> Conclusions:
    return make_conclusions(spec, calibration, demands, "objects")


def make_table(n: int = 300) -> pd.DataFrame:
    made = make_calibration(3, n, seed=8)
    table = make_class_columns(made.probabilities, LABELS)
    table.insert(0, "psf_mag_r", made.magnitude)
    return table.assign(label=np.array(LABELS)[made.label])


def test_sets_contain_the_class_as_often_as_stated() -> None:
    table = make_table(3000)
    for coverage in (0.8, 0.95):
        added = conclude(SPEC, CALIBRATION, Demands(coverage)).add_to(table)
        pairs = zip(added["label"], added["prediction_set"], strict=True)
        inside = [label in names.split("|") for label, names in pairs]
        assert np.mean(inside) == pytest.approx(coverage, abs=0.04)
    columns = list(added.columns)
    assert columns[columns.index("p_quasar") + 1] == "prediction_set"
    assert "selected" not in columns


def test_a_prior_is_bayes_rule() -> None:
    rng = np.random.default_rng(3)
    density, trained = rng.random((50, 3)), np.array([0.5, 0.3, 0.2])
    posterior = density * trained / (density * trained).sum(axis=1, keepdims=True)
    sky = np.array(list(PRIOR.values()))
    expected = density * sky / (density * sky).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(reweight_probabilities(posterior, sky / trained), expected)


def draw_sky(mix: tuple[int, ...], seed: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Objects of three Gaussian classes, as a model of the mix `TRAINED` knows them exactly."""
    rng = np.random.default_rng(seed)
    label = np.repeat(np.arange(3), mix)
    density = np.exp(-0.5 * (rng.normal(1.5 * label)[:, None] - 1.5 * np.arange(3)) ** 2)
    posterior = density * np.array(list(TRAINED.values()))
    table = make_class_columns(posterior / posterior.sum(axis=1, keepdims=True), LABELS)
    return table.assign(psf_mag_r=17.0, label=np.array(LABELS)[label]), density


@pytest.mark.parametrize("mix", [(200, 1000, 4000), (3000, 1800, 1200)])
def test_a_prior_beside_labels_of_another_mix(mix: tuple[int, ...]) -> None:
    spec = replace(SPEC, objects={"train": TRAINED})
    table, density = draw_sky((7000, 2800, 200), 2)
    demands = Demands(prior=PRIOR, calibrate=draw_sky(mix, 1)[0], purity=0.8)
    conclusions = conclude(spec, None, demands)
    added = conclusions.add_to(table)
    # Bayes' rule knows nothing of the labelled table
    expected = density * np.array(list(PRIOR.values()))
    expected /= expected.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(added[[f"p_{label}" for label in LABELS]], expected)
    pairs = list(zip(added["label"], added["prediction_set"], added["selected"], strict=True))
    assert np.mean([label in names.split("|") for label, names, _ in pairs]) == pytest.approx(
        0.9, abs=0.02
    )
    assert np.mean([label == name for label, _, name in pairs if name]) > 0.8
    without = conclude(spec, None, replace(demands, prior=None)).add_to(table)
    assert without["p_quasar"].tolist() == table["p_quasar"].tolist()


def test_a_prior_for_a_balanced_training() -> None:
    """Whatever its objects were, such a model takes classes as equally many."""
    table, spec = make_table(), replace(SPEC, objects={"train": TRAINED}, imbalance="balanced")
    shares = [
        conclude(each, CALIBRATION, Demands(prior=PRIOR)).add_to(table)["p_star"].tolist()
        for each in (spec, SPEC, replace(spec, imbalance="none"))
    ]
    assert shares[0] == pytest.approx(shares[1])
    assert shares[0] != pytest.approx(shares[2])


def test_a_prior_changes_classes_and_is_recorded(tmp_path: Path) -> None:
    table = make_table()
    table.loc[0, ["p_star", "p_galaxy", "p_quasar"]] = [0.3, 0.1, 0.6]
    table.loc[1, ["class", "class_origin"]] = None
    table.loc[1, ["probability", "p_star", "p_galaxy", "p_quasar"]] = np.nan
    conclusions = conclude(SPEC, CALIBRATION, Demands(prior=PRIOR, purity=0.9))
    added = conclusions.add_to(table)
    assert added.loc[0, "class"] == "star"
    assert added.loc[0, "p_quasar"] == pytest.approx(0.012 / (0.21 + 0.028 + 0.012))
    assert pd.isna(added.loc[1, "class"])
    assert (added.loc[1, "prediction_set"], added.loc[1, "selected"]) == ("", "")
    assert added["p_star"].dtype == added["probability"].dtype == np.float64
    sample = added[added["selected"] == "star"]
    assert len(sample) > 20
    assert (sample["class"] == "star").all()
    metadata = conclusions.note_in(make_table_metadata(SPEC, "objects"), added)
    for suffix in (".parquet", ".fits", ".vot", ".ecsv"):
        write_table(added.drop(columns="label"), tmp_path / f"t{suffix}", metadata)
        again, read = read_result(tmp_path / f"t{suffix}")
        assert read == metadata
        assert again["prediction_set"].tolist() == added["prediction_set"].tolist()
        assert again["selected"].tolist() == added["selected"].tolist()
    assert read.prior == pytest.approx(PRIOR)
    assert read.population == "600 simulated objects of the calibration split of the model"
    text = " ".join(describe_metadata(metadata))
    assert "a sky of star 0.7, galaxy 0.28, quasar 0.02" in text
    assert "no promise for another population" in text
    with pytest.raises(InferenceError, match="was classified for a prior"):
        conclude(SPEC, None, Demands(calibrate=tmp_path / "t.parquet"))


def test_labels_of_ones_own(tmp_path: Path) -> None:
    table = make_table(900)
    demands = Demands(purity=0.85, calibrate=table)
    conclusions = conclude(SPEC, None, demands)
    assert conclusions.population == "900 labelled objects of the table"
    assert {each.label for each in conclusions.operating if each.probability is not None}
    table.to_parquet(tmp_path / "known.parquet")
    again = conclude(SPEC, CALIBRATION, replace(demands, calibrate=tmp_path / "known.parquet"))
    assert again.operating == conclusions.operating
    for broken, reason in (
        (table.drop(columns="label"), "the table has no column label"),
        (table.drop(columns="p_star"), "the table has no column p_star"),
        (table.assign(label="comet"), "'comet' is no class of the model"),
        (table.assign(label=None), "no labelled row"),
    ):
        with pytest.raises(InferenceError, match=reason):
            conclude(SPEC, CALIBRATION, Demands(calibrate=broken))
    # only samples need magnitudes
    dark = table.drop(columns="psf_mag_r")
    sets = conclude(SPEC, None, Demands(calibrate=dark)).add_to(table)["prediction_set"]
    assert sets.tolist() == conclude(SPEC, None, demands).add_to(table)["prediction_set"].tolist()
    with pytest.raises(InferenceError, match="no column psf_mag_r or flux_r"):
        conclude(SPEC, None, replace(demands, calibrate=dark))


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".ecsv", ".fits", ".vot"])
def test_a_table_with_a_label_here_and_there(tmp_path: Path, suffix: str) -> None:
    table = make_table(60)
    table.loc[::3, "label"] = None
    write_table(table, tmp_path / f"t{suffix}", make_table_metadata(SPEC, "objects"))
    conclusions = conclude(SPEC, None, Demands(calibrate=tmp_path / f"t{suffix}"))
    assert conclusions.population.startswith("40 labelled objects")


def test_labels_classified_by_another_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    known = tmp_path / "known.fits"
    write_table(make_table(60), known, make_table_metadata(SPEC, "run/model"))
    demands = Demands(calibrate=known)
    assert make_conclusions(SPEC, None, demands, str(tmp_path / "run/model")).population
    for other in ("objects", "later/model"):
        with pytest.raises(InferenceError, match=f"by the model run/model, not by {other}"):
            make_conclusions(SPEC, None, demands, other)


def test_what_cannot_be_had_is_refused() -> None:
    for wrong in ({"coverage": 1.0}, {"purity": 0.0}, {"purity": 0.9, "completeness": 0.9}):
        with pytest.raises(InferenceError, match=r"above 0 and below 1|exclude each other"):
            Demands(**wrong)
    with pytest.raises(EvaluationError, match="unknown class 'qso'; did you mean 'quasar'"):
        conclude(SPEC, CALIBRATION, Demands(prior={"star": 1, "galaxy": 1, "qso": 1}))
    for demands in (
        Demands(coverage=0.9),
        Demands(prior=PRIOR),
        Demands(purity=0.9),
        Demands(completeness=0.9),
    ):
        with pytest.raises(InferenceError, match="the model was saved without"):
            conclude(SPEC, None, demands)
    with pytest.raises(InferenceError, match="does not state how many objects"):
        conclude(replace(SPEC, objects={}), CALIBRATION, Demands(prior=PRIOR))
    lacking = replace(CALIBRATION, label=CALIBRATION.label % 2)
    with pytest.raises(InferenceError, match="no calibration object is of it"):
        conclude(SPEC, lacking, Demands(prior=PRIOR))
    table = make_table()
    assert list(conclude(SPEC, None, Demands()).add_to(table)) == list(table)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    torch.manual_seed(1)
    save_model(Classifier(replace(SPEC, rules=CutoutConfig(size=32, measure="field"))), folder)
    write_calibration(CALIBRATION, folder)
    return folder


@pytest.fixture
def stars(tmp_path: Path) -> Path:
    rng = np.random.default_rng(5)
    y, x = np.indices((32, 32)) - 15.5
    flux = 20 * np.exp(-0.5 * (x**2 + y**2) / 1.4**2) + rng.normal(0, 0.05, (12, 5, 32, 32))
    np.savez(tmp_path / "stars.npz", flux=flux.astype(np.float32))
    return tmp_path / "stars.npz"


def test_the_command_adds_the_columns(saved: Path, stars: Path, tmp_path: Path) -> None:
    options = ["--prior", "star=0.7, galaxy=0.28,quasar=0.02", "--completeness", "0.8"]
    out = tmp_path / "classes.vot"
    command = ["classify", str(stars), "--model", str(saved), "--out", str(out)]
    result = CliRunner().invoke(app, [*command, *options, "--coverage", "0.8"])
    assert result.exit_code == 0, result.output
    table, metadata = read_result(out)
    after = list(table.columns)[-5:]
    assert after == ["p_quasar", "prediction_set", "ood", "selected", "class_origin"]
    assert table["ood"].between(0, 1).all()
    assert (metadata.coverage, metadata.ood_threshold) == (0.8, 0.95)
    assert (metadata.measure, metadata.level) == ("completeness", 0.8)
    plain = classify(stars, saved)
    shares = plain[[f"p_{label}" for label in LABELS]].to_numpy()
    weights = np.array([0.7, 0.28, 0.02]) * 3
    expected = shares * weights / (shares * weights).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(table["p_star"], expected[:, 0], atol=1e-6)
    # none of it depends on what else is in the table
    one = classify(np.load(stars)["flux"][:1], saved)
    assert one["prediction_set"].tolist() == plain["prediction_set"].tolist()[:1]
    assert one["ood"].tolist() == plain["ood"].tolist()[:1]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--prior", "star=0.7,galaxy=0.2,comet=0.1"], "unknown class 'comet'"),
        (["--prior", "star=much"], "prior must be CLASS=NUMBER"),
        (["--purity", "95"], "purity must be above 0 and below 1, got 95"),
        (["--calibrate", "nowhere.csv"], "nowhere.csv does not exist"),
    ],
)
def test_the_command_refuses_in_one_line(
    saved: Path, stars: Path, tmp_path: Path, options: list[str], reason: str
) -> None:
    command = ["classify", str(stars), "--model", str(saved), "--out", str(tmp_path / "c.csv")]
    result = CliRunner().invoke(app, [*command, *options])
    # which the entry point shows as one line, with exit code 2
    assert isinstance(result.exception, SkyclassError)
    assert reason in str(result.exception)
    assert not (tmp_path / "c.csv").exists()
