"""Figures for papers: vectors, one column wide, and honest about simulated data."""

import json
import re
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image
from typer.testing import CliRunner

from evaluation.made import LABELS, made_experiment
from skyclass.cli import app
from skyclass.errors import EvaluationError
from skyclass.evaluation.metrics import Metrics, read_metrics
from skyclass.evaluation.paper_figures import (
    draw_colours,
    draw_confusion,
    draw_magnitude,
    draw_reliability,
)
from skyclass.evaluation.predictions import read_predictions
from skyclass.evaluation.write_figures import write_figures

NAMES = ["confusion", "reliability", "magnitude", "colours"]


@pytest.fixture(scope="module")
def experiment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_experiment(tmp_path_factory.mktemp("figures") / "a", grouped=True)


@pytest.fixture
def metrics(experiment: Path) -> Metrics:
    return read_metrics(experiment / "metrics.json")


def test_vectors_of_one_column(experiment: Path, tmp_path: Path) -> None:
    before = dict(mpl.rcParams)
    paths = write_figures(experiment, tmp_path)
    assert [path.name for path in paths] == [f"{name}.pdf" for name in NAMES]
    for path in paths:
        content = path.read_bytes()
        assert content.startswith(b"%PDF")
        assert b"/Subtype /Image" not in content
        assert b"/Type3" not in content
        assert b"CreationDate" not in content
        width = float(re.findall(rb"/MediaBox \[ 0 0 ([\d.]+)", content)[0])
        assert width / 72 == pytest.approx(3.5)
    assert dict(mpl.rcParams) == before


@pytest.mark.parametrize("simulated", [True, False])
def test_pictures_of_simulated_data_say_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, simulated: bool
) -> None:
    made = made_experiment(tmp_path, magnitudes=False, baseline=False)
    values = json.loads((made / "metrics.json").read_text())
    (made / "metrics.json").write_text(json.dumps({**values, "simulated": simulated}))
    seen: list[str] = []
    save = Figure.savefig

    def recorded(figure: Figure, *arguments: object, **options: object) -> None:
        seen.append(figure.get_suptitle())
        save(figure, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Figure, "savefig", recorded)
    result = CliRunner().invoke(app, ["figures", str(made), "--format", "png"])
    assert result.exit_code == 0, result.output
    paths = [Path(line) for line in result.output.splitlines()]
    # without magnitudes there is nothing to draw accuracy or colours against
    assert [path.stem for path in paths] == NAMES[:2]
    assert seen == ["simulated data" if simulated else ""] * 2
    for path in paths:
        with Image.open(path) as picture:
            assert picture.width == 1050
            assert np.asarray(picture.convert("L")).std() > 10


def test_the_confusion_matrix_shows_its_numbers(metrics: Metrics) -> None:
    figure = Figure()
    draw_confusion(figure, metrics)
    texts = [text.get_text() for text in figure.axes[0].texts]
    counts = [int(text.split("\n")[1]) for text in texts]
    assert counts == [n for row in metrics.test.confusion_matrix for n in row if n]
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == list(LABELS)


def test_reliability_before_and_after(metrics: Metrics) -> None:
    figure = Figure()
    draw_reliability(figure, metrics)
    names = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert names == ["calibrated (ECE 0.050)", "as trained (ECE 0.050)"]
    heights = [bar.get_height() for bar in figure.axes[1].patches]
    assert heights == [each.count for each in metrics.calibration.after.bins]
    calibration = metrics.calibration.model_copy(update={"temperature": 1})
    figure = Figure()
    draw_reliability(figure, metrics.model_copy(update={"calibration": calibration}))
    assert len(figure.axes[0].get_legend().get_texts()) == 1


def test_accuracy_against_magnitude(metrics: Metrics) -> None:
    figure = Figure(layout="constrained")
    draw_magnitude(figure, metrics)
    drawn = [line.get_ydata() for line in figure.axes[0].lines if line.get_marker() == "o"]
    bins = metrics.test.by["magnitude_r"].bins
    np.testing.assert_allclose(drawn[0], [each.accuracy for each in bins])
    assert len(figure.legends[0].get_texts()) == 2
    figure = Figure(layout="constrained")
    draw_magnitude(figure, metrics.model_copy(update={"baseline": None}))
    assert len(figure.legends[0].get_texts()) == 1


def test_errors_are_marked_in_the_colours(experiment: Path) -> None:
    table = read_predictions(experiment / "predictions.parquet")
    table.loc[0, "magnitude_u"] = np.nan
    figure = Figure(layout="constrained")
    draw_colours(figure, table, LABELS)
    wrong = table["label"] != table["predicted"]
    for axes, (x, y) in zip(figure.axes, (("ug", "gr"), ("gr", "ri")), strict=True):
        ringed = next(line for line in axes.lines if line.get_label() == "misclassified")
        known = wrong & table[[f"magnitude_{b}" for b in x + y]].notna().all(axis=1)
        assert len(ringed.get_xdata()) == known.sum()
        assert axes.get_xlabel() == f"{x[0]} − {x[1]} [mag]"


def test_colours_are_those_of_the_survey(experiment: Path) -> None:
    table = read_predictions(experiment / "predictions.parquet")
    for bands, drawn in (
        ("griz", [("g − r [mag]", "r − i [mag]"), ("r − i [mag]", "i − z [mag]")]),
        ("gri", [("g − r [mag]", "r − i [mag]")]),
    ):
        lacking = [f"magnitude_{band}" for band in "ugriz" if band not in bands]
        figure = Figure(layout="constrained")
        draw_colours(figure, table.drop(columns=lacking), LABELS)
        assert [(axes.get_xlabel(), axes.get_ylabel()) for axes in figure.axes] == drawn


def test_bad_input(experiment: Path, tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="unknown file format 'pgn'; did you mean 'png'"):
        write_figures(experiment, file_format="pgn")
    with pytest.raises(EvaluationError, match="run the experiment first"):
        write_figures(tmp_path)
