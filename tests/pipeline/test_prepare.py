"""Experiments on pictures that archives draw, from the download to the report."""

import json
from pathlib import Path

import datasets
import pandas as pd
import pytest
from PIL import Image
from typer.testing import CliRunner

from skyclass.cli import app
from skyclass.errors import ImageError, InferenceError
from skyclass.inference.classify import classify
from skyclass.mock_archive.server import MockArchive
from skyclass.models.saved_model import load_model
from skyclass.pipeline.experiment import run_experiment
from skyclass.schema import COLOURS
from support.pictured_stars import read_stars

TEXT = """
task = "spectral-class"
[catalog]
path = "{table}"
[survey]
base_url = "{url}"
rate = 0
[images]
type = "{image}"
size = 32
[training]
epochs = 2
batch_size = 8
"""


@pytest.fixture(scope="module")
def archive(small_survey: Path):
    with MockArchive(small_survey) as server:
        yield server


@pytest.fixture(scope="module")
def table(small_survey: Path) -> pd.DataFrame:
    return read_stars(small_survey)


def write(folder: Path, url: str, image: str = "sdss-jpeg") -> Path:
    file = folder / "experiment.toml"
    file.write_text(TEXT.format(table=folder / "table.csv", url=url, image=image))
    return file


def test_an_experiment_from_positions_alone(
    archive: MockArchive, table: pd.DataFrame, tmp_path: Path
) -> None:
    table[["ra", "dec", "class", "subclass"]].to_csv(tmp_path / "table.csv", index=False)
    file, out = write(tmp_path, archive.url), tmp_path / "out"
    done = CliRunner().invoke(app, ["experiment", str(file), "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert "no colour baseline" in done.stdout
    metrics = json.loads((out / "metrics.json").read_text())
    assert metrics["baseline"] is None
    assert metrics["difference"] is None
    assert metrics["catalog"]["dropped"]["no picture in the archive"] == 2
    report = (out / "report.html").read_text()
    assert "<strong>no colour baseline</strong>" in report
    assert report.count("Confusion matrix: ") == 1
    assert "Simulated data" in report
    names = set(datasets.load_from_disk(str(out / "cutouts"))["test"].column_names)
    assert not names & {"run", "field"}
    spec = load_model(out / "model").spec
    assert (spec.bands, spec.unit, spec.size) == (COLOURS, "grey level", 224)
    with pytest.raises(InferenceError, match=r"takes ready-made pictures \(sdss-jpeg\)"):
        classify([out / "model"], out / "model", tmp_path / "classes.csv")


def test_dust_cannot_be_put_into_a_picture(table: pd.DataFrame, tmp_path: Path) -> None:
    table.to_csv(tmp_path / "table.csv", index=False)
    file = write(tmp_path, "http://127.0.0.1:1")
    file.write_text(file.read_text() + "[augmentation]\nreddening = 0.1\n")
    with pytest.raises(ImageError, match="extinction in red, green, blue is unknown"):
        run_experiment(file, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_experiment_with_magnitudes_and_fields(
    archive: MockArchive, table: pd.DataFrame, tmp_path: Path
) -> None:
    table.to_csv(tmp_path / "table.csv", index=False)
    file, out = write(tmp_path, archive.url, "ps1-jpeg"), tmp_path / "out"
    metrics = run_experiment(file, out).metrics
    assert metrics.catalog.dropped["no picture in the archive"] == 2
    assert metrics.baseline.accuracy > 0.5
    report = (out / "report.html").read_text()
    assert "Confusion matrix: Catalogue colours" in report
    asked = archive.requests.total()
    sheet = tmp_path / "sheet.png"
    typed = ["show", "--cutouts", str(out / "cutouts"), "--types", "ps1-jpeg", "--out", str(sheet)]
    done = CliRunner().invoke(app, typed)
    assert done.exit_code == 0, done.output
    assert Image.open(sheet).height > 7 * 128
    assert run_experiment(file, out).metrics == metrics
    assert archive.requests.total() == asked
