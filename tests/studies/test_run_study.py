"""A grid of experiments: shared objects, failures, interruptions, and what is said of it."""

import json
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from skyclass.cli import app
from skyclass.errors import ClusterError, StudyError
from skyclass.images.stored_cutouts import open_cutouts
from skyclass.mock_archive.server import MockArchive
from skyclass.studies.run_study import run_study

TEXT = """
name = "small"
title = "Small & <quick>"
caption = "For tests only."
published = "published.csv"
learning_curves = true
seeds = [1, 2]
[base]
task = "spectral-class"
[base.catalog]
path = "{survey}/catalog.csv"
[base.sample]
method = "densest-fields"
per_class = 12
[base.split]
validation = 0.2
[base.survey]
base_url = "{url}"
rate = 0
[base.cutouts]
size = 32
[base.training]
epochs = 1
batch_size = 16
[[data_sets]]
name = "all"
[[image_types]]
name = "jpeg"
settings.images = {{ type = "sdss-jpeg", size = 16 }}
[[image_types]]
name = "colours"
settings.images.type = "ugriz"
[[models]]
name = "net"
settings.model.name = "compact"
[[models]]
name = "too-large"
only = ["colours"]
settings = {{ model.name = "compact", training.batch_size = 5000 }}
"""

PUBLISHED = """data_set,image_type,model,class,epoch,measure,value
all,jpeg,net,,,accuracy,0.5
all,colours,net,,,accuracy,0.25
all,colours,net,O,,precision,undefined
all,colours,net,,1,train_accuracy,0.125
"""


@pytest.fixture(scope="module")
def archive(small_survey: Path):
    with MockArchive(small_survey) as server:
        yield server


@pytest.fixture(scope="module")
def file(
    archive: MockArchive, plain_survey: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    path = tmp_path_factory.mktemp("study") / "small.toml"
    path.write_text(TEXT.format(survey=plain_survey, url=archive.url))
    (path.parent / "published.csv").write_text(PUBLISHED)
    return path


@pytest.fixture(scope="module")
def done(file: Path) -> Path:
    """Run the study, which ends with the failure of two cells."""
    out = file.parent / "out"
    result = CliRunner().invoke(app, ["study", str(file), "--out", str(out)])
    assert isinstance(result.exception, StudyError)
    assert "4 of 6 cells finished" in result.output
    return out


def metrics_of(out: Path, cell: str) -> dict:
    return json.loads((out / "cells" / cell / "metrics.json").read_text())


CELL = "all/colours/net/2"


def predictions_of(out: Path, cell: str) -> pd.DataFrame:
    return pd.read_parquet(out / "cells" / cell / "predictions.parquet")


@pytest.fixture
def two(file: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the study's two cells of one image type, without the baseline, which takes long."""
    monkeypatch.setattr("skyclass.pipeline.evaluate.classify_by_colours", no_colours)
    text = file.read_text()
    start, end = text.index("[[image_types]]"), text.index('[[image_types]]\nname = "colours"')
    path = file.with_name("two.toml")
    path.write_text((text[:start] + text[end:]).split('[[models]]\nname = "too-large"')[0])
    return path


def no_colours(*_arguments: object) -> dict[str, object]:
    """Stand in for the baselines, as where a catalogue has no magnitudes."""
    return {}


def test_all_cells_have_the_same_objects_and_none_a_copy(done: Path) -> None:
    tables = [
        pd.read_parquet(done / "cells" / cell / "predictions.parquet")
        for cell in ("all/jpeg/net/1", "all/jpeg/net/2", "all/colours/net/1")
    ]
    assert len(tables[0]) > 10
    for table in tables[1:]:
        assert list(table["specobjid"]) == list(tables[0]["specobjid"])
        assert list(table["label"]) == list(tables[0]["label"])
    for split in ("train", "validation", "test"):
        ids = [
            open_cutouts(done / "cells" / cell / "cutouts")[split].column("specobjid")
            for cell in ("all/jpeg/net/1", "all/colours/net/2")
        ]
        assert ids[0] == ids[1]
    link = done / "cells/all/jpeg/net/1/cutouts"
    assert link.resolve() == (done / "data/all/cutouts/sdss-jpeg").resolve()
    assert not Path(link.readlink()).is_absolute()
    assert sum(path.is_dir() for path in done.rglob("cutouts") if not path.is_symlink()) == 1


def test_seeds_differ_in_training_only(done: Path) -> None:
    one, other = (metrics_of(done, f"all/colours/net/{seed}") for seed in (1, 2))
    assert one["catalog"] == other["catalog"]
    assert one["test"]["accuracy"] != other["test"]["accuracy"] or one != other
    states = [
        (done / f"cells/all/colours/net/{seed}/model/model.safetensors").read_bytes()
        for seed in (1, 2)
    ]
    assert states[0] != states[1]


def test_a_failure_is_noted_and_tried_again(done: Path, file: Path) -> None:
    note = done / "cells/all/colours/too-large/2.failed"
    assert "do not fill a batch of 5000" in note.read_text()
    model = done / "cells/all/jpeg/net/1/model/model.safetensors"
    before = model.stat().st_mtime_ns
    result = run_study(str(file), done)
    assert set(result.failures) == {f"all/colours/too-large/{seed}" for seed in (1, 2)}
    assert model.stat().st_mtime_ns == before


class Cells(HTMLParser):
    """Reads tables as a browser would."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.tags: list[str] = []
        self._in = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs) -> None:
        self.tags.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in {"td", "th"}:
            self._in = True
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        if tag in {"td", "th"}:
            self._in = False

    def handle_data(self, data: str) -> None:
        if self._in:
            self.rows[-1][-1] += data


def test_tables_show_the_metrics_and_the_published_figures(done: Path) -> None:
    scores = {seed: metrics_of(done, f"all/colours/net/{seed}")["test"] for seed in (1, 2)}
    page = (done / "report.html").read_text()
    assert "<strong>Simulated data.</strong>" in page
    for name in ("study.md", "study.tex"):
        assert "Simulated data, not observations." in (done / name).read_text()
    rows = Cells(page).rows
    assert "Small &amp; &lt;quick&gt;" in page
    (row,) = [r for r in rows if r[:4] == ["all", "colours", "net", "2"]]
    assert row[4].startswith(f"{scores[2]['accuracy']:.4f} (")
    assert row[5] == "0.2500"
    assert row[8].startswith(f"{scores[2]['recall_weighted']:.4f}")
    failed = [r for r in rows if r[2:3] == ["too-large"]]
    assert [r[4] for r in failed] == ["failed", "failed"]
    own = [r for r in rows if r[:2] == ["net", "1"]]
    (row,) = [r for r in own if r[2] == "O" and len(r) == 10 and not r[3].isdigit()]
    assert row[4] == "undefined"
    assert row[5] == f"{scores[1]['per_class']['O']['recall']:.2f}"
    matrix = [[int(n) for n in r[3:]] for r in own if all(n.isdigit() for n in r[3:])]
    assert scores[1]["confusion_matrix"] in (matrix[:7], matrix[7:])
    baseline = metrics_of(done, "all/colours/net/1")["baseline"]
    (row,) = [r for r in rows if r[2:3] == ["catalogue colours"]]
    assert row[4].startswith(f"{baseline['accuracy']:.4f} (")
    assert row[8].startswith(f"{baseline['recall_weighted']:.4f} (")
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "")


def test_the_best_is_bold_in_every_form(done: Path) -> None:
    cells = [f"all/{images}/net/{seed}" for images in ("jpeg", "colours") for seed in (1, 2)]
    best = f"{max(metrics_of(done, cell)['test']['accuracy'] for cell in cells):.4f}"
    assert f"<strong>{best} (" in (done / "report.html").read_text()
    assert f"**{best} (" in (done / "study.md").read_text()
    tex = (done / "study.tex").read_text()
    assert f"\\textbf{{{best} (" in tex
    assert "**0.5000**" in (done / "study.md").read_text()
    assert tex.count("\\begin{tabular}") == tex.count("\\end{tabular}") > 3
    for line in (line for line in tex.splitlines() if line.endswith(r"\\")):
        assert "<" not in line.replace(r"\textless", "")


def test_every_table_says_how_it_was_made(done: Path) -> None:
    page, text = (done / "report.html").read_text(), (done / "study.md").read_text()
    assert page.count("<caption>") == page.count("For tests only.")
    assert text.count("For tests only.") == page.count("<caption>")
    assert "simulated" not in text


def test_learning_curves(done: Path) -> None:
    assert (done / "curves-all-colours.svg").read_text().count("<svg") == 1
    history = json.loads((done / "cells/all/colours/net/1/model/history.json").read_text())
    value = history["epochs"][0]["validation_accuracy"]
    rows = Cells((done / "report.html").read_text()).rows
    (row,) = [r for r in rows if len(r) == 5 and r[0] == "1" and "0.125" in r[2]]
    assert row[1].endswith(f"/ {value:.3f}")


KILL = """
import os, signal, sys
import skyclass.pipeline.train_model as train_model
import skyclass.pipeline.evaluate as scoring
from skyclass.studies.run_study import run_study
train, calls = train_model.train_classifier, []
def killing(*arguments, **options):
    calls.append(1)
    if len(calls) == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return train(*arguments, **options)
train_model.train_classifier = killing
scoring.classify_by_colours = lambda *_: {}
run_study(sys.argv[1], __import__("pathlib").Path(sys.argv[2]))
"""


def test_killed_between_cells_it_ends_the_same(done: Path, two: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    ended = subprocess.run([sys.executable, "-c", KILL, str(two), str(out)], check=False)
    assert ended.returncode == -9
    first = out / "cells/all/colours/net/1/model/model.safetensors"
    before = first.stat().st_mtime_ns
    assert not (out / "report.html").exists()
    result = run_study(str(two), out)
    assert (result.cells, result.failures) == (2, {})
    assert first.stat().st_mtime_ns == before
    assert predictions_of(out, "all/colours/net/2").equals(predictions_of(done, CELL))


def test_cells_on_dask_workers(two: Path, done: Path, tmp_path: Path) -> None:
    distributed = pytest.importorskip("dask.distributed")
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None
    ) as cluster:
        result = run_study(str(two), tmp_path / "out", scheduler=cluster.scheduler_address)
    assert result.failures == {}
    assert predictions_of(tmp_path / "out", CELL).equals(predictions_of(done, CELL))


def test_no_scheduler_there(file: Path, done: Path) -> None:
    with pytest.raises(ClusterError, match="no scheduler answers"):
        run_study(str(file), done, scheduler="nonsense")


def test_objects_that_lack_a_picture_are_in_no_cell(
    archive: MockArchive, small_survey: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("skyclass.pipeline.evaluate.classify_by_colours", no_colours)
    table = pd.read_csv(small_survey / "catalog.csv", dtype={"objid": "u8", "specobjid": "u8"})
    table.loc[::5, "dec"] += 30
    table.to_csv(tmp_path / "catalog.csv", index=False)
    file = tmp_path / "small.toml"
    text = TEXT.format(survey=tmp_path, url=archive.url).split("[[models]]")[0]
    file.write_text(
        text.replace('published = "published.csv"\n', "") + '[[models]]\nname = "compact"'
    )
    out = tmp_path / "out"
    assert run_study(str(file), out).failures == {}
    catalog = pd.read_parquet(out / "data/all/catalog.parquet")
    kept = pd.read_parquet(out / "data/all/objects.parquet")
    assert len(kept) < len(catalog)
    gone = set(table.loc[::5, "specobjid"])
    assert gone.isdisjoint(kept["specobjid"].astype("uint64"))
    assert len(gone & set(catalog["specobjid"].astype("uint64"))) == len(catalog) - len(kept)
    dropped = [
        metrics_of(out, f"all/{images}/compact/1")["catalog"]["dropped"]
        for images in ("jpeg", "colours")
    ]
    assert dropped[0]["no picture in the archive"] == len(catalog) - len(kept)


def test_a_simulated_study_from_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("skyclass.pipeline.evaluate.classify_by_colours", no_colours)
    file = tmp_path / "sky.toml"
    text = TEXT.format(survey="nowhere", url="http://127.0.0.1:1").split("[[models]]")[0]
    simulation = (
        '[[models]]\nname = "compact"\n'
        '[simulation]\nobjects = 10000\ncaption = "Simulated at {scale}."\n'
        "[simulation.settings.sample]\nmethod = 'densest-fields'\nper_class = 1200\n"
    )
    text = text.replace('published = "published.csv"\n', "").replace("seeds = [1, 2]\n", "")
    file.write_text(text.replace('type = "sdss-jpeg", size = 16', 'type = "gri"') + simulation)
    out = tmp_path / "out"
    command = ["study", str(file), "--out", str(out), "--simulated", "--scale", "0.01"]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    counts = pd.read_parquet(out / "data/all/objects.parquet")["label"].value_counts()
    assert set(counts) == {12} or min(counts) == counts["O"]
    assert metrics_of(out, "all/colours/compact/1")["simulated"]
    text = (out / "study.md").read_text()
    assert text.count("Simulated at 0.01.") == text.count("For tests only.")
    again = CliRunner().invoke(app, [*command[:-1], "0.02"])
    assert "holds another study (scale 0.01" in str(again.exception)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("[base]", "[basis]"), "did you mean 'base'"),
        (("[[image_types]]\nname", "[[image_types]]\ntitel = 1\nname"), "did you mean 'title'"),
        (('name = "jpeg"', 'name = "../jpeg"'), "name"),
        (('only = ["colours"]', 'only = ["colour"]'), "did you mean 'colours'"),
        (("seeds = [1, 2]", "seeds = [1, 1]"), "seeds has '1' twice"),
        (('name = "too-large"', 'name = "net"'), "models has 'net' twice"),
        (('"published.csv"', '"other.csv"'), "is not a table of published figures"),
    ],
)
def test_what_a_study_file_cannot_be(file: Path, change, message: str) -> None:
    text = file.read_text()
    assert change[0] in text
    other = file.with_name("other.toml")
    other.write_text(text.replace(*change))
    with pytest.raises(StudyError, match=message.replace("[", r"\[")):
        run_study(str(other), file.parent / "none")
    assert not (file.parent / "none").exists()


def test_a_wrong_key_of_an_experiment_before_any_work(file: Path, tmp_path: Path) -> None:
    other = file.with_name("other.toml")
    other.write_text(file.read_text().replace("settings.images.type", "settings.image.type"))
    with pytest.raises(Exception, match=r"study small, all/colours/net: unknown key 'image'"):
        run_study(str(other), tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("simulated", "scale", "message"),
    [
        (False, 0.5, "scale needs a simulated survey"),
        (True, 0.0, "above 0"),
        (True, 2.0, "at most 1, got 2"),
    ],
)
def test_a_scale_that_cannot_be_leaves_nothing(
    tmp_path: Path, simulated: bool, scale: float, message: str
) -> None:
    with pytest.raises(StudyError, match=message):
        run_study("thesis", tmp_path / "out", simulated=simulated, scale=scale)
    assert not (tmp_path / "out").exists()


def test_another_study_is_not_overwritten(done: Path, tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="holds another study"):
        run_study("thesis", done)
    (tmp_path / "file").write_text("mine")
    with pytest.raises(StudyError, match=r"no study\.json, so it is no study"):
        run_study("thesis", tmp_path)
