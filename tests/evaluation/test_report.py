"""The report of a made-up experiment."""

import json
import re
from dataclasses import asdict, dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from skyclass.errors import EvaluationError
from skyclass.evaluation import (
    paired_difference,
    predictions_table,
    read_predictions,
    reliability,
    samples,
    score,
    write_predictions,
    write_report,
)
from skyclass.evaluation.plots import reliability_diagram, training_curves

LABELS = ("star", "galaxy", "quasar")
EPOCHS = [
    {
        "epoch": epoch,
        "train_loss": 2 * 0.8**epoch,
        "validation_loss": 2 * 0.85**epoch,
        "validation_accuracy": 0.9 - 0.7 * 0.8**epoch,
    }
    for epoch in range(5)
]
HISTORY: dict[str, Any] = {"epochs": EPOCHS, "best_epoch": 3}


@dataclass(frozen=True)
class StandIn:
    """Cutouts in memory."""

    objid: list[str] | list[None]
    ra: list[float]

    def take(self, indices: np.ndarray) -> np.ndarray:
        rng = np.random.default_rng(1)
        return rng.normal(1, 0.1, (len(indices), 5, 12, 12)).astype(np.float32)

    def offsets(self) -> np.ndarray:
        return np.zeros((len(self.objid), 5, 2), dtype=np.float32)

    def column(self, name: str) -> list[str] | list[None] | list[float]:
        return {"objid": self.objid, "ra": self.ra}[name]


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
        found = {name: value or "" for name, value in attrs}
        self.tags.append(tag)
        if tag == "a":
            self.links.append(found["href"])
        else:
            self.loads += [found[name] for name in ("src", "href", "srcset") if name in found]
        if tag == "data":
            self.numbers.append(float(found["value"]))
        if tag == "img" and not found.get("alt"):
            self.without_alt += 1


def probabilities(true: np.ndarray, k: int, bonus: float) -> np.ndarray:
    logits = np.random.default_rng(int(10 * bonus)).normal(size=(len(true), k))
    logits[np.arange(len(true)), true] += bonus
    logits[:, -1] -= 30  # never predicted: its precision is undefined
    raw = np.exp(logits)
    return raw / raw.sum(axis=1, keepdims=True)


def make_experiment(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    labels: tuple[str, ...] = LABELS,
    simulated: bool = True,
    objid: str = "12376487045958",
) -> dict[str, Any]:
    """Write all that a report is made from but for the cutouts; give the metrics."""
    n = 90
    true = np.arange(n) % len(labels)
    model, baseline = (probabilities(true, len(labels), bonus) for bonus in (2.5, 1.0))
    ids = [f"{objid}{i:03d}" for i in range(n)]
    table = predictions_table(
        objid=ids,
        specobjid=ids,
        ra=np.linspace(190, 200, n),
        dec=np.linspace(-2, 2, n),
        labels=labels,
        true=true,
        probabilities=model,
    )
    difference = asdict(paired_difference(true, model.argmax(1), baseline.argmax(1)))
    per_class = dict.fromkeys(labels, n // len(labels))
    metrics = {
        "test": score(labels, true, model),
        "baseline": score(labels, true, baseline),
        "difference": {key: difference[key] for key in ("difference", "ci95", "n")},
        "task": "object-type",
        "ordered": False,
        "image_type": "ugriz",
        "model": "compact",
        "simulated": simulated,
        "catalog": {
            "rows_in": 102,
            "dropped": {"duplicates": 12},
            "per_class": dict.fromkeys(("train", "validation", "test"), per_class),
        },
        "versions": {"skyclass": "0.1.0"},
    }
    (folder / "model").mkdir()
    (folder / "model" / "history.json").write_text(json.dumps(HISTORY))
    (folder / "metrics.json").write_text(json.dumps(metrics))
    (folder / "experiment.toml").write_text('task = "object-type"\n')
    write_predictions(table, folder / "predictions.parquet")
    monkeypatch.setattr(samples, "open_cutouts", lambda *_: StandIn(ids, table["ra"].tolist()))
    return metrics


def read(path: Path) -> tuple[str, Page]:
    """Give the text without plotly.js, and what an HTML parser sees."""
    text = path.read_text(encoding="utf-8")
    page = Page()
    page.feed(text)
    return re.sub(r"<script>.*?</script>", "", text, flags=re.DOTALL), page


def test_needs_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_experiment(tmp_path, monkeypatch)
    path = write_report(tmp_path)
    text, page = read(path)
    assert path == tmp_path / "report.html"
    assert path.stat().st_size < 15e6
    assert page.loads
    assert all(address.startswith("data:image/png;base64,") for address in page.loads)
    assert all(address.startswith("#") for address in page.links)
    assert "default-src 'none'" in text
    assert "@import" not in text
    assert page.without_alt == 0


def test_numbers_are_those_of_the_metrics(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    metrics = make_experiment(tmp_path, monkeypatch)
    text, page = read(write_report(tmp_path))
    assert metrics["difference"]["difference"] in page.numbers
    for name in ("test", "baseline"):
        scores = metrics[name]
        assert scores["accuracy"] in page.numbers
        assert f"{100 * scores['accuracy']:.1f}\u202f%" in text
        for end in scores["accuracy_ci95"]:
            assert f"{100 * end:.1f}\u202f%" in text
        values = [scores[f"{which}_weighted"] for which in ("precision", "recall", "f1")]
        for row in scores["per_class"].values():
            values += [row[which] for which in ("precision", "recall", "f1")]
        assert {value for value in values if value is not None} <= set(page.numbers)
    counts = [int(cell) for cell in re.findall(r'put into \w+">(\d+)</td>', text)]
    matrices = [metrics[name]["confusion_matrix"] for name in ("test", "baseline")]
    assert counts == np.ravel(matrices).tolist()


def test_undefined_precision_is_a_dash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    metrics = make_experiment(tmp_path, monkeypatch)
    assert metrics["test"]["per_class"]["quasar"]["precision"] is None
    text, _ = read(write_report(tmp_path))
    scores = text[text.index('<table class="classes">') :]
    row = scores[scores.index('<th scope="row">quasar</th>') :].split("</tr>")[0]
    assert re.findall(r'<td class="first">\s*–', row)


def test_says_that_there_is_no_baseline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    metrics = make_experiment(tmp_path, monkeypatch)
    absent = {"baseline": None, "difference": None}
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


def test_without_ids_positions_tell_objects_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_experiment(tmp_path, monkeypatch)
    table = read_predictions(tmp_path / "predictions.parquet")
    table["objid"] = table["objid"].mask(table["objid"].notna())
    write_predictions(table, tmp_path / "predictions.parquet")
    ra = table["ra"].tolist()
    none = [None] * len(ra)
    monkeypatch.setattr(samples, "open_cutouts", lambda *_: StandIn(none, ra))
    text, _ = read(write_report(tmp_path))
    assert "&lt;NA&gt;" not in text
    monkeypatch.setattr(samples, "open_cutouts", lambda *_: StandIn(none, ra[::-1]))
    with pytest.raises(EvaluationError, match="other test objects"):
        write_report(tmp_path)


def test_says_what_is_simulated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_experiment(tmp_path, monkeypatch, simulated=True)
    text, _ = read(write_report(tmp_path))
    assert "<strong>Simulated data:</strong>" in text


def test_links_real_objects_to_the_archives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_experiment(tmp_path, monkeypatch, simulated=False)
    text, page = read(write_report(tmp_path))
    outside = {address.split("/")[2] for address in page.links if address.startswith("http")}
    assert outside == {"skyserver.sdss.org", "aladin.cds.unistra.fr"}
    assert "Simulated data" not in text


def test_escapes_what_comes_from_catalogues(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_experiment(tmp_path, monkeypatch)
    plain = read(write_report(tmp_path))[1].tags.count("script")
    hostile = tmp_path / "hostile"
    hostile.mkdir()
    bad = "<script>alert(1)</script>"
    make_experiment(hostile, monkeypatch, labels=("star", "galaxy", bad), objid=bad)
    (hostile / "experiment.toml").write_text(f"# {bad}\n")
    text, page = read(write_report(hostile))
    assert page.tags.count("script") == plain
    assert bad not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


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
    metrics = make_experiment(tmp_path, monkeypatch)
    metrics["difference"]["ci95"] = ends
    (tmp_path / "metrics.json").write_text(json.dumps(metrics))
    text, _ = read(write_report(tmp_path))
    assert f"<strong>{words}</strong>" in text


def test_shows_the_surest_mistakes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_experiment(tmp_path, monkeypatch)
    text, _ = read(write_report(tmp_path))
    rows = text[text.index('<table class="mistakes">') :].split("</table>")[0].split("<tr>")[2:]
    shown = [float(re.findall(r'<data value="([\d.]+)"', row)[0]) for row in rows]
    assert len(shown) == 12
    assert shown == sorted(shown, reverse=True)


@pytest.mark.parametrize(
    "name", ["metrics.json", "model/history.json", "experiment.toml", "predictions.parquet"]
)
def test_missing_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    make_experiment(tmp_path, monkeypatch)
    (tmp_path / name).unlink()
    with pytest.raises(EvaluationError, match=Path(name).name):
        write_report(tmp_path)
    assert not (tmp_path / "report.html").exists()


def test_refuses_metrics_of_other_predictions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    metrics = make_experiment(tmp_path, monkeypatch)
    metrics["test"]["confusion_matrix"][0][0] += 1
    (tmp_path / "metrics.json").write_text(json.dumps(metrics))
    with pytest.raises(EvaluationError, match="evaluate again"):
        write_report(tmp_path)


def test_refuses_cutouts_of_other_objects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_experiment(tmp_path, monkeypatch)
    monkeypatch.setattr(samples, "open_cutouts", lambda *_: StandIn(["1", "2"], [1.0, 2.0]))
    with pytest.raises(EvaluationError, match="other test objects"):
        write_report(tmp_path)


def test_reliability_by_hand() -> None:
    confidence = np.array([0.55, 0.57, 0.95, 1.0])
    shares = np.column_stack([confidence, 1 - confidence])
    bins = reliability(np.array([0, 1, 0, 0]), shares)
    assert [each.count for each in bins] == [0, 0, 0, 0, 0, 2, 0, 0, 0, 2]
    assert bins[5].accuracy == 0.5
    assert bins[5].confidence == pytest.approx(0.56)
    assert bins[9].accuracy == 1.0
    assert bins[0].accuracy is None


def test_figures_hold_the_numbers() -> None:
    curves = training_curves(HISTORY)
    assert list(curves.data[0].y) == [each["train_loss"] for each in EPOCHS]
    assert {shape.x0 for shape in curves.layout.shapes} == {3}
    true = np.arange(90) % 3
    bins = reliability(true, probabilities(true, 3, 2.0))
    diagram = reliability_diagram(bins)
    assert list(diagram.data[2].y) == [each.count for each in bins]
    assert sum(diagram.data[2].y) == 90
