"""Two experiments on the same objects."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from evaluation.made import made_experiment
from skyclass.cli import app
from skyclass.errors import EvaluationError
from skyclass.evaluation.compare import compare
from skyclass.evaluation.paired_difference import compare_accuracies
from skyclass.evaluation.predictions import read_predictions, write_predictions


def test_all_scores_of_both(tmp_path: Path) -> None:
    one, other = (
        made_experiment(tmp_path / name, seed=i, bonus=2.5 - i) for i, name in enumerate("ab")
    )
    found = compare(one, other)
    for name, directory in (("a", one), ("b", other)):
        scores = json.loads((directory / "metrics.json").read_text())["test"]
        for score, value in found.scores[name].items():
            assert value == pytest.approx(scores[str(score)])
    apart = found.scores.loc["accuracy"]
    assert apart["difference"] == pytest.approx(found.accuracy.difference)
    assert (apart["low"], apart["high"]) == pytest.approx(found.accuracy.ci95, abs=0.02)
    assert apart["low"] > 0
    assert found.accuracy.p_value < 0.01
    assert found.test_objects == (240, 240)
    assert found.simulated


def test_rows_in_another_order_and_classes_too(tmp_path: Path) -> None:
    one = made_experiment(tmp_path / "a")
    other = made_experiment(tmp_path / "b", seed=1)
    before = compare(one, other).scores
    table = read_predictions(other / "predictions.parquet").sample(frac=1, random_state=0)
    table = table[[*table.columns[:-3], "p_quasar", "p_star", "p_galaxy"]]
    write_predictions(table, other / "predictions.parquet")
    after = compare(one, other).scores
    np.testing.assert_allclose(after, before)


def test_other_test_objects(tmp_path: Path) -> None:
    one = made_experiment(tmp_path / "a")
    other = made_experiment(tmp_path / "b", first=60)
    with pytest.raises(EvaluationError, match=r"240 in .*a, 240 in .*b, 180 in both; add --common"):
        compare(one, other)
    found = compare(one, other, common=True)
    assert found.accuracy.n == 180
    with pytest.raises(EvaluationError, match="no test object is in both"):
        compare(one, made_experiment(tmp_path / "c", first=500), common=True)


def test_whole_fields_are_drawn(tmp_path: Path) -> None:
    one = made_experiment(tmp_path / "a", grouped=True)
    other = made_experiment(tmp_path / "b", seed=1)
    found = compare(other, one)
    assert found.groups == 20
    predictions = [read_predictions(each / "predictions.parquet") for each in (other, one)]
    true, *given = (
        (predictions[i][name].map({"star": 0, "galaxy": 1, "quasar": 2}).to_numpy(np.int64))
        for i, name in ((0, "label"), (0, "predicted"), (1, "predicted"))
    )
    expected = compare_accuracies(true, *given, groups=np.arange(240) // 12)
    assert found.accuracy == expected


def test_experiments_that_have_nothing_to_do_with_each_other(tmp_path: Path) -> None:
    one, other = made_experiment(tmp_path / "a"), made_experiment(tmp_path / "b", seed=1)
    table = read_predictions(other / "predictions.parquet")
    table.loc[3, "label"] = "star" if table.loc[3, "label"] != "star" else "galaxy"
    write_predictions(table, other / "predictions.parquet")
    with pytest.raises(EvaluationError, match="other labels"):
        compare(one, other)
    fewer = table[table["label"] != "quasar"].drop(columns="p_quasar")
    write_predictions(fewer, other / "predictions.parquet")
    with pytest.raises(EvaluationError, match="has the classes star galaxy quasar"):
        compare(one, other)
    (other / "metrics.json").write_text('{"test": {}}')
    with pytest.raises(EvaluationError, match="older version"):
        compare(one, other)
    (other / "metrics.json").write_text("{")
    with pytest.raises(EvaluationError, match="not JSON"):
        compare(one, other)


def test_what_the_command_prints(tmp_path: Path) -> None:
    one = made_experiment(tmp_path / "a", grouped=True)
    other = made_experiment(tmp_path / "b", seed=1, first=60)
    refused = CliRunner().invoke(app, ["compare", str(one), str(other)])
    assert isinstance(refused.exception, EvaluationError)
    told = CliRunner().invoke(app, ["compare", str(one), str(other), "--common"])
    assert told.exit_code == 0, told.output
    lines = told.output.splitlines()
    assert lines[0].startswith("180 common test objects (of 240 and 240)")
    assert "15 fields or sky cells; simulated data" in lines[0]
    assert any(line.startswith("balanced_accuracy") for line in lines)
    assert "exact McNemar p = " in lines[-2]
    assert lines[-1].startswith("the p-value takes objects as independent")


def test_reweight_command(tmp_path: Path) -> None:
    one = made_experiment(tmp_path / "a")
    words = ["reweight", str(one), "star=0.9", "galaxy=0.08", "quasar=0.02"]
    told = CliRunner().invoke(app, words)
    assert told.exit_code == 0, told.output
    rows = {line.split()[0]: line.split()[1:] for line in told.output.splitlines()}
    assert rows["quasar"][0] == "0.020"
    assert rows["all"][1] == "-"
