"""Contents of the report of a made-up experiment."""

import base64
import io
import json
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from evaluation.finished import (
    HISTORY,
    LABELS,
    PIXELS,
    StandIn,
    make_experiment,
    probabilities,
)
from skyclass.cli import app
from skyclass.errors import EvaluationError, ModelError
from skyclass.evaluation.calibration import CalibrationResult, CalibrationScores
from skyclass.evaluation.predictions import read_predictions, write_predictions
from skyclass.evaluation.reliability import compute_reliability
from skyclass.evaluation.report import report_data
from skyclass.evaluation.report.line_charts import plot_reliability, plot_training_curves
from skyclass.evaluation.report.page import write_report


@dataclass
class Page(HTMLParser):
    """The tags, addresses and exact numbers of a page."""

    tags: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    numbers: list[float] = field(default_factory=list)
    without_alt: int = 0

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        self.tags.append(tag)
        if tag == "a":
            self.links.append(attributes["href"])
        else:
            self.loads += [
                attributes[name] for name in ("src", "href", "srcset") if name in attributes
            ]
        if tag == "data":
            self.numbers.append(float(attributes["value"]))
        if tag == "img" and not attributes.get("alt"):
            self.without_alt += 1


def read(path: Path) -> tuple[str, Page]:
    """Give the text without scripts, and what an HTML parser sees."""
    text = path.read_text(encoding="utf-8")
    page = Page()
    page.feed(text)
    return re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL), page


def data_of(path: Path, name: str) -> dict:
    """Give what a script element of JSON holds."""
    pattern = rf'<script type="application/json" id="{name}">(.*?)</script>'
    return json.loads(re.search(pattern, path.read_text(encoding="utf-8"), re.DOTALL)[1])


def test_needs_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_experiment(tmp_path, monkeypatch)
    path = write_report(tmp_path)
    text, page = read(path)
    assert path == tmp_path / "report.html"
    assert path.stat().st_size < 15e6
    assert page.loads
    assert all(address.startswith("data:image/png;base64,") for address in page.loads)
    assert all(address.startswith("#") for address in page.links)
    styles = text.split("<style>")[1].split("</style>")[0]
    assert {address[:5] for address in re.findall(r"url\((.*?)\)", styles)} == {"data:"}
    assert "default-src 'none'" in text
    assert "@import" not in text
    assert page.without_alt == 0


def test_numbers_are_those_of_the_metrics(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    metrics = make_experiment(tmp_path, monkeypatch)
    text, page = read(write_report(tmp_path))
    assert metrics["difference"]["difference"] in page.numbers
    assert metrics["differences"]["k-nn"]["difference"] in page.numbers
    assert "Against k-nn (" in text
    assert "The baseline of catalogue colours alone reaches" in text
    for name in ("test", "baseline"):
        scores = metrics[name]
        assert scores["accuracy"] in page.numbers
        assert f"{100 * scores['accuracy']:.1f}\u202f%" in text
        for end in scores["accuracy_ci95"]:
            assert f"{100 * end:.1f}\u202f%" in text
        values = [scores[f"{which}_weighted"] for which in ("precision", "recall", "f1")]
        for row in scores["per_class"].values():
            values += [row[which] for which in ("precision", "recall", "f1")]
        values += [each["accuracy"] for binned in scores["by"].values() for each in binned["bins"]]
        assert {value for value in values if value is not None} <= set(page.numbers)
    for scores in (metrics["test"], metrics["baseline"], metrics["baselines"]["k-nn"]):
        assert {scores[name] for name in ("kappa", "log_loss", "brier")} <= set(page.numbers)
    assert "K-nn</th>" in text
    counts = [int(cell) for cell in re.findall(r">(\d+)(?:</button>)?</td>", text)]
    matrices = [metrics[name]["confusion_matrix"] for name in ("test", "baseline")]
    assert counts[: np.size(matrices)] == np.ravel(matrices).tolist()


def test_objects_are_those_of_the_predictions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_experiment(tmp_path, monkeypatch)
    objects = data_of(write_report(tmp_path), "object-data")
    table = read_predictions(tmp_path / "predictions.parquet")
    shares = table[[f"p_{label}" for label in LABELS]]
    surest = shares.max(axis=1).sort_values(ascending=False, kind="stable").index
    assert objects["id"] == table["objid"][surest].tolist()
    assert [LABELS[i] for i in objects["predicted"]] == table["predicted"][surest].tolist()
    np.testing.assert_allclose(np.array(objects["p"]) / 1e4, shares.loc[surest], atol=5.1e-5)
    r = np.array([np.nan if m[2] is None else m[2] for m in objects["magnitudes"]])
    np.testing.assert_allclose(r, table["magnitude_r"][surest], atol=0.0051)


def test_undefined_precision_is_a_dash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    metrics = make_experiment(tmp_path, monkeypatch)
    assert metrics["test"]["per_class"]["quasar"]["precision"] is None
    text, _ = read(write_report(tmp_path))
    scores = text[text.index('<table class="classes">') :]
    row = scores[scores.index('<th scope="row">quasar</th>') :].split("</tr>")[0]
    assert re.findall(r'<td class="first">\s*–', row)


def test_says_that_there_is_no_baseline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    metrics = make_experiment(tmp_path, monkeypatch)
    absent = {"baseline": None, "baselines": {}, "difference": None, "differences": {}}
    (tmp_path / "metrics.json").write_text(json.dumps({**metrics, **absent}))
    text, page = read(write_report(tmp_path))
    assert "<strong>no colour baseline</strong>" in text
    assert metrics["test"]["accuracy"] in page.numbers
    assert metrics["baseline"]["accuracy"] not in page.numbers
    assert "clear" not in text.split("</header>")[0].split("<body>")[1]
    assert re.findall(r"<caption>(.*?)</caption>", text)[:2] == [
        "Image model",
        "Scores on the test objects",
    ]


def test_without_magnitudes_there_is_no_chart_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_experiment(tmp_path, monkeypatch, magnitudes=False)
    path = write_report(tmp_path)
    text, _ = read(path)
    assert data_of(path, "object-data")["magnitudes"] is None
    charts = set(data_of(path, "chart-data"))
    assert charts == {
        *("training-curves", "reliability-diagram", "feature-map", "sky-map", "close-up")
    }
    assert set(re.findall(r'class="plot" id="(.*?)"', text)) == charts
    assert 'name="from"' not in text


def test_shows_the_coverage_of_prediction_sets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    metrics = make_experiment(tmp_path, monkeypatch)
    kept = {"observed": 0.9123, "ci95": [0.88, 0.94]}
    classes = {name: {**kept, "n": 20, "promised": True} for name in LABELS}
    sizes = {"mean_size": 1.25, "sizes": [0, 70, 20, 0]}
    each = {**kept, **sizes, "thresholds": dict.fromkeys(LABELS, 0.5), "classes": classes}
    sets = {"coverage": 0.9, "n": 60, "marginal": each, "per_class": each}
    (tmp_path / "metrics.json").write_text(json.dumps({**metrics, "conformal": sets}))
    table = read_predictions(tmp_path / "predictions.parquet")
    table["prediction_set"] = "star|galaxy"
    write_predictions(table, tmp_path / "predictions.parquet")
    path = write_report(tmp_path)
    text, page = read(path)
    assert 0.9123 in page.numbers
    assert "1.25 classes in a set" in text
    assert set(data_of(path, "object-data")["sets"]) == {"star, galaxy"}


def test_several_samples_of_an_object_stand_side_by_side(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_experiment(tmp_path, monkeypatch, image_type="grey:each")
    text, page = read(write_report(tmp_path))
    assert f"aspect-ratio: {5 * PIXELS} / {PIXELS}" in text
    pictures = [base64.b64decode(address.split(",")[1]) for address in page.loads]
    assert len(pictures) == 24
    assert {Image.open(io.BytesIO(each)).size for each in pictures} == {(5 * PIXELS, PIXELS)}


def test_without_pytorch_pictures_are_left_out_and_the_page_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_experiment(tmp_path, monkeypatch)
    whole = write_report(tmp_path).read_text()
    monkeypatch.setattr(report_data, "is_installed", lambda module: module != "torch")
    monkeypatch.setattr("skyclass.models.saved_model.load_model", None)
    page = write_report(tmp_path).read_text()
    note = "Pictures of objects, saliency and the map of features are left out: PyTorch"
    assert note in page
    assert note not in whole
    for part in ('id="saliency"', 'id="features"', "data:image/webp"):
        assert part in whole
        assert part not in page
    for part in ('id="confusion"', 'id="sky"', 'id="provenance"'):
        assert part in page
    assert not re.search(r'href="#(saliency|features)"', page)


def test_a_model_with_columns_of_the_catalogue_is_explained_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_experiment(tmp_path, monkeypatch, columns=("magnitudes",))
    _, page = read(write_report(tmp_path))
    assert len(page.loads) == 24


def test_without_ids_positions_tell_objects_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_experiment(tmp_path, monkeypatch)
    table = read_predictions(tmp_path / "predictions.parquet")
    table["objid"] = table["objid"].mask(table["objid"].notna())
    write_predictions(table, tmp_path / "predictions.parquet")
    ra = table["ra"].tolist()
    none = [None] * len(ra)
    monkeypatch.setattr(report_data, "open_cutouts", lambda _: {"test": StandIn(none, ra)})
    path = write_report(tmp_path)
    assert "&lt;NA&gt;" not in read(path)[0]
    assert set(data_of(path, "object-data")["id"]) == {None}
    monkeypatch.setattr(report_data, "open_cutouts", lambda _: {"test": StandIn(none, ra[::-1])})
    with pytest.raises(EvaluationError, match="other test objects"):
        write_report(tmp_path)


def test_says_where_everything_comes_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_experiment(tmp_path, monkeypatch, simulated=True)
    text, _ = read(write_report(tmp_path))
    assert "<strong>Simulated data:</strong>" in text
    assert "SDSS corrected frames, data release 17" in text
    assert "25.0\u202f% of the test objects share a field" in text
    assert "12 dropped: within 1 arcsec of another" in text
    assert "Nothing was dropped for: no position." in text
    toml = (tmp_path / "experiment.toml").read_text().replace('"', "&#34;")
    assert f'<code id="toml">{toml.rstrip()}' in text


def test_escapes_what_comes_from_catalogues(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_experiment(tmp_path, monkeypatch)
    plain = read(write_report(tmp_path))[1].tags.count("script")
    hostile = tmp_path / "hostile"
    hostile.mkdir()
    bad = "</script><script>alert(1)</script>"
    make_experiment(hostile, monkeypatch, labels=("star", "galaxy", bad), objid=bad)
    toml = (hostile / "experiment.toml").read_text()
    (hostile / "experiment.toml").write_text(f"# {bad}\n{toml}")
    path = write_report(hostile)
    text, page = read(path)
    assert page.tags.count("script") == plain
    assert bad not in path.read_text(encoding="utf-8")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert data_of(path, "object-data")["labels"][2] == bad


@pytest.mark.parametrize(
    ("ends", "words"),
    [
        ([0.02, 0.06], "clearly better"),
        ([-0.06, -0.02], "clearly worse"),
        ([-0.02, 0.06], "no clear difference"),
    ],
)
def test_the_difference_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ends: list[float], words: str
) -> None:
    metrics = make_experiment(tmp_path, monkeypatch, label=np.arange(9) % 3)
    metrics["difference"]["ci95"] = ends
    (tmp_path / "metrics.json").write_text(json.dumps(metrics))
    text, _ = read(write_report(tmp_path))
    assert f"<strong>{words}</strong>" in text


def test_the_command_writes_the_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_experiment(tmp_path, monkeypatch)
    result = CliRunner().invoke(app, ["report", str(tmp_path)])
    assert result.stdout.strip() == f"report: {tmp_path / 'report.html'}"
    assert (tmp_path / "report.html").is_file()


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("metrics.json", EvaluationError),
        ("model/history.json", ModelError),
        ("experiment.toml", EvaluationError),
        ("predictions.parquet", EvaluationError),
    ],
)
def test_missing_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, error: type[Exception]
) -> None:
    make_experiment(tmp_path, monkeypatch)
    (tmp_path / name).unlink()
    with pytest.raises(error, match=Path(name).name):
        write_report(tmp_path)
    assert not (tmp_path / "report.html").exists()


def test_refuses_what_does_not_belong_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    metrics = make_experiment(tmp_path, monkeypatch)
    old = {key: value for key, value in metrics.items() if key != "calibration"}
    (tmp_path / "metrics.json").write_text(json.dumps(old))
    with pytest.raises(EvaluationError, match=r"does not fit this version .*: calibration: field"):
        write_report(tmp_path)
    metrics["test"]["confusion_matrix"][0][0] += 1
    (tmp_path / "metrics.json").write_text(json.dumps(metrics))
    with pytest.raises(EvaluationError, match=r"counts .* objects correct, predictions.parquet"):
        write_report(tmp_path)


def test_refuses_cutouts_of_other_objects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_experiment(tmp_path, monkeypatch)
    monkeypatch.setattr(
        report_data, "open_cutouts", lambda _: {"test": StandIn(["1", "2"], [1.0, 2.0])}
    )
    with pytest.raises(EvaluationError, match="other test objects"):
        write_report(tmp_path)


def test_figures_hold_the_numbers() -> None:
    curves = plot_training_curves(HISTORY)
    assert list(curves.data[0].y) == [each.train_loss for each in HISTORY.epochs]
    # a reader counts epochs from 1
    assert list(curves.data[0].x) == [each.epoch + 1 for each in HISTORY.epochs]
    assert {shape.x0 for shape in curves.layout.shapes} == {HISTORY.best_epoch + 1}
    label = np.arange(90) % 3
    bins = compute_reliability(label, probabilities(label, 3, 2.0))
    scores = CalibrationScores(ece=0.1, log_loss=0.5, brier=0.2, ci95={}, bins=bins)
    diagram = plot_reliability(
        CalibrationResult(temperature=1.5, fitted_on="validation", before=scores, after=scores)
    )
    names = [trace.name for trace in diagram.data]
    assert names == ["perfect", "before scaling", "after temperature scaling", "objects"]
    assert list(diagram.data[3].y) == [each.count for each in bins]
    drawn = [each for each in bins if each.count]
    assert list(diagram.data[2].y) == [each.accuracy for each in drawn]
    np.testing.assert_allclose(
        diagram.data[2].error_y.array, [each.ci95.high - each.accuracy for each in drawn]
    )


def test_an_interval_that_too_few_fields_determine_is_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_experiment(tmp_path, monkeypatch)
    file = tmp_path / "metrics.json"
    metrics = json.loads(file.read_text(encoding="utf-8"))
    metrics["test"]["ci95"]["accuracy"] = None
    file.write_text(json.dumps(metrics), encoding="utf-8")
    text, _ = read(write_report(tmp_path))
    assert "(95 % interval undetermined: the test objects lie in too few fields)" in text


def test_the_ceiling_of_simulated_objects_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    metrics = make_experiment(tmp_path, monkeypatch)
    write_report(tmp_path)
    assert "ceiling" not in read(tmp_path / "report.html")[0]
    metrics["ceiling"] = {
        "scores": metrics["baseline"],
        "draws": 200_000,
        "accuracy_half": 0.877,
        "difference": metrics["difference"] | {"difference": -0.0321},
        "sky": "real",
        "wrong_labels": 0.0074,
    }
    (tmp_path / "metrics.json").write_text(json.dumps(metrics))
    text, page = read(write_report(tmp_path))
    lead = " ".join(text.split())
    assert "of 200,000 objects of the same sky, level <code>real</code>" in lead
    assert "another reaches 87.7" in lead
    assert "Of the labels 0.7" in lead
    assert -0.0321 in page.numbers
    charts = data_of(tmp_path / "report.html", "chart-data")
    assert [each.get("name") for each in charts["by-magnitude_r"]["data"]][-1] == "ceiling"
