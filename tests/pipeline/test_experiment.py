"""One experiment from a survey to a report, broken off and gone on with."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

from skyclass.config.experiment_file import format_config, read_config
from skyclass.errors import (
    CatalogError,
    ConfigError,
    ExperimentError,
    ImageError,
    ModelError,
    TrainingError,
)
from skyclass.evaluation.scores import score
from skyclass.images.stored_cutouts import open_cutouts
from skyclass.models.measured_inputs import make_measured_inputs
from skyclass.models.saved_model import load_model
from skyclass.pipeline.check_experiment import check_experiment
from skyclass.pipeline.experiment import run_experiment, run_prepared, train
from skyclass.pipeline.prepared_experiment import prepare_experiment
from skyclass.training.lightning_module import ClassifierModule

TEXT = """
task = "spectral-class"
[catalog]
path = "{survey}/catalog.csv"
[survey]
frames = "{survey}/frames"
[cutouts]
size = 32
[images]
type = "{image}"
[model]
name = "{model}"
[training]
epochs = {epochs}
batch_size = {batch}
"""


def write(folder: Path, survey: Path, image="ugriz", model="compact", epochs=3, batch=16) -> Path:
    file = folder / f"{image}-{model}-{epochs}.toml"
    text = TEXT.format(survey=survey, image=image, model=model, epochs=epochs, batch=batch)
    file.write_text(text)
    return file


@pytest.fixture(scope="module")
def done(plain_survey: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("done")
    run_experiment(write(folder, plain_survey), folder / "out")
    return folder


def test_everything_is_there_and_agrees(done: Path) -> None:
    out = done / "out"
    metrics = json.loads((out / "metrics.json").read_text())
    table = pd.read_parquet(out / "predictions.parquet")
    labels = metrics["test"]["labels"]
    assert metrics["simulated"]
    assert metrics["registration"] == load_model(out / "model").spec.registration == "shift"
    assert "Simulated data" in (out / "report.html").read_text()
    assert metrics["test"]["accuracy"] == np.mean(table["label"] == table["predicted"])
    shares = table[[f"p_{label}" for label in labels]].to_numpy()
    label = table["label"].map({name: i for i, name in enumerate(labels)}).to_numpy()
    matrix = score(labels, label, shares).confusion_matrix
    assert np.array_equal(matrix, metrics["test"]["confusion_matrix"])
    catalog = pd.read_parquet(out / "catalog.parquet")
    assert set(table["specobjid"]) == set(catalog.query("split == 'test'")["specobjid"].map(str))
    assert metrics["baseline"]["accuracy"] > 0.5
    alone = metrics["differences"]["measurement alone"]
    assert alone["accuracy_a"] == metrics["test"]["accuracy"]
    assert alone["accuracy_b"] == metrics["baselines"]["measurement alone"]["accuracy"] > 0.3
    left = {path.name for path in out.iterdir()}
    assert left == {
        "catalog.parquet",
        "columns",
        "cutouts",
        "experiment.toml",
        "logs",
        "metrics.json",
        "model",
        "predictions.parquet",
        "report.html",
    }


def test_calibration_objects_lie_beside_the_model(
    done: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = done / "out"
    model = load_model(out / "model")
    calibration, cutouts = model.calibration, open_cutouts(out / "cutouts")
    split = cutouts["validation"]
    assert (calibration.split, len(calibration)) == ("validation", len(split))
    np.testing.assert_array_equal(calibration.label, split.label)
    shares = model.probabilities(
        split.take(range(len(split))),
        split.offsets(),
        measured=make_measured_inputs(
            split.measurement(),
            model.spec,
            np.load(out / "columns" / "extinction-validation.npy"),
        ),
    )
    np.testing.assert_allclose(calibration.probabilities, shares, atol=1e-6)
    truth = pd.read_parquet(out / "catalog.parquet").set_index("specobjid")
    r = truth.loc[[int(name) for name in split.column("specobjid")], "psfMag_r"]
    assert np.nanmedian(np.abs(calibration.magnitude - r.to_numpy())) < 0.1
    assert len(calibration.training) == len(cutouts["train"])
    # made again without training if it is lost
    file = out / "model" / "calibration.safetensors"
    content = file.read_bytes()
    file.unlink()
    monkeypatch.setattr("skyclass.pipeline.train_model.train_classifier", None)
    run_experiment(done / "ugriz-compact-3.toml", out)
    assert file.read_bytes() == content


def test_tuning_starts_where_a_measured_model_ended(done: Path, plain_survey: Path) -> None:
    text = write(done, plain_survey, epochs=1).read_text()
    tuning = f'weights = "{done}/out/model"\nfrozen = true\n[training]\nlearning_rate = 1e-12'
    file = done / "tuned.toml"
    file.write_text(text.replace("[training]", tuning))
    run_prepared(prepare_experiment(file, done / "tuned"), report=False)
    tuned, first = (load_model(done / name / "model") for name in ("tuned", "out"))
    assert tuned.spec.head_origin.startswith("kept")
    assert tuned.spec.measured == tuple("ugriz")
    shares = [model.calibration.probabilities for model in (tuned, first)]
    np.testing.assert_allclose(*shares, atol=1e-5)


def test_frames_are_downloaded_first(small_survey: Path, tmp_path: Path) -> None:
    mirror = tmp_path / "mirror"
    shutil.copytree(small_survey / "frames", mirror)
    next(mirror.rglob("frame-u-*-0101.fits.bz2")).unlink()
    file = write(tmp_path, small_survey)
    text = file.read_text()
    # enough of each class is left for validation where half of the objects are lost
    lines = f'base_url = "{mirror.as_uri()}"\nretries = 1\n[split]\nvalidation = 0.3'
    file.write_text(text.replace(f'frames = "{small_survey}/frames"', lines))
    metrics = run_experiment(file, tmp_path / "out").metrics
    catalog = pd.read_parquet(tmp_path / "out" / "catalog.parquet")
    lost = int((catalog["field"] == 101).sum())
    assert metrics.catalog.dropped["no frame in the archive"] == lost > 0
    table = pd.read_parquet(tmp_path / "out" / "predictions.parquet")
    test = catalog.query("split == 'test' and field == 100")
    assert set(table["specobjid"]) == set(test["specobjid"].map(str))
    shutil.rmtree(mirror)
    shutil.rmtree(tmp_path / ".skyclass-cache")
    file.write_text(file.read_text().replace("retries = 1", "retries = 2\nrate = 3"))
    assert run_experiment(file, tmp_path / "out").metrics == metrics
    file.write_text(file.read_text().replace("rate = 3", "release = 12"))
    with pytest.raises(ExperimentError, match=r"survey\.release"):
        run_experiment(file, tmp_path / "out")


def test_up_to_date_stages_are_skipped(done: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments, **_options):
        raise AssertionError("trained again")

    monkeypatch.setattr("skyclass.pipeline.train_model.train_classifier", refuse)
    run_experiment(done / "ugriz-compact-3.toml", done / "out")
    assert load_model(done / "out" / "model").spec.labels[-1] == "M"


def test_broken_off_training_ends_the_same(
    done: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class KilledError(Exception):
        pass

    step = ClassifierModule.training_step

    def killing(self, batch, index):
        if self.current_epoch == 1 and index == 2:
            raise KilledError
        return step(self, batch, index)

    file = done / "ugriz-compact-3.toml"
    monkeypatch.setattr(ClassifierModule, "training_step", killing)
    with pytest.raises(KilledError):
        run_experiment(file, tmp_path / "out")
    assert not (tmp_path / "out" / "model").exists()
    monkeypatch.setattr(ClassifierModule, "training_step", step)
    run_experiment(file, tmp_path / "out")
    one, other = (load_file(d / "out/model/model.safetensors") for d in (done, tmp_path))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_another_experiment_is_not_overwritten(done: Path, plain_survey: Path) -> None:
    before = (done / "out" / "metrics.json").read_bytes()
    with pytest.raises(ExperimentError, match=r"training\.epochs"):
        run_experiment(write(done, plain_survey, epochs=4), done / "out")
    assert (done / "out" / "metrics.json").read_bytes() == before


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"image": "ugri"}, ImageError, "did you mean 'ugriz'"),
        ({"model": "compct"}, ModelError, "did you mean 'compact'"),
    ],
)
def test_unknown_names_before_any_work(
    plain_survey: Path, tmp_path: Path, options, error, message: str
) -> None:
    with pytest.raises(error, match=message):
        run_experiment(write(tmp_path, plain_survey, **options), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_batch_larger_than_the_training_split(plain_survey: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="do not fill a batch"):
        run_experiment(write(tmp_path, plain_survey, batch=5000), tmp_path / "out")
    assert not (tmp_path / "out" / "cutouts").exists()


def at_one_place(table: pd.DataFrame) -> pd.DataFrame:
    table.loc[0, ["ra", "dec"]] = table.loc[1, ["ra", "dec"]]
    return table


BY_ID = '[clean]\nduplicates = "id"'


@pytest.mark.parametrize(
    ("change", "lines", "error", "message"),
    [
        (
            lambda table: table.drop(columns="extinction_u"),
            'columns = ["extinction"]',
            ModelError,
            "lacks extinction_u",
        ),
        (at_one_place, BY_ID, CatalogError, r"1 object\(s\) have the position of another"),
        (
            lambda table: table.drop(columns=["ra", "dec"]),
            BY_ID,
            CatalogError,
            "cutouts need positions",
        ),
    ],
)
def test_unusable_objects_before_any_pixel(
    plain_survey: Path, tmp_path: Path, change, lines: str, error, message: str
) -> None:
    table = pd.read_csv(plain_survey / "catalog.csv", dtype={"objid": str, "specobjid": str})
    change(table).to_csv(tmp_path / "catalog.csv", index=False)
    file = write(tmp_path, plain_survey)
    text = file.read_text().replace(f"{plain_survey}/catalog.csv", f"{tmp_path}/catalog.csv")
    file.write_text(text.replace('name = "compact"', f'name = "compact"\n{lines}'))
    with pytest.raises(error, match=message):
        run_experiment(file, tmp_path / "out")
    assert not (tmp_path / "out" / "cutouts").exists()


def test_a_model_without_weights(done: Path, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_bytes((done / "out/model/config.json").read_bytes())
    with pytest.raises(ModelError, match="no usable model"):
        load_model(tmp_path)


def test_the_directory_of_an_earlier_version(plain_survey: Path, tmp_path: Path) -> None:
    file, out = write(tmp_path, plain_survey), tmp_path / "out"
    old = format_config(read_config(file)).replace('grid = "native"', 'registration = "none"')
    out.mkdir()
    (out / "experiment.toml").write_text(old)
    with pytest.raises(ConfigError, match=r"out/experiment\.toml: .*cutouts\.grid") as refused:
        run_experiment(file, out)
    assert "\n" not in str(refused.value)
    assert (out / "experiment.toml").read_text() == old


def test_each_verb_goes_as_far_as_its_name_says(plain_survey: Path, tmp_path: Path) -> None:
    file, out = write(tmp_path, plain_survey, epochs=1), tmp_path / "out"
    config = read_config(file)
    assert check_experiment(config) is None
    assert not out.exists()
    model = train(file, out)
    assert model.spec == load_model(out / "model").spec
    assert not (out / "metrics.json").exists()
    # the experiment itself in place of its file
    metrics = run_prepared(prepare_experiment(config, str(out)), report=False).metrics
    assert (out / "predictions.parquet").exists()
    assert not (out / "report.html").exists()
    result = run_experiment(file, out)
    assert result.metrics == metrics
    assert result.report.exists()
    accuracy = f"{100 * metrics.test.accuracy:.1f} %"
    assert repr(result).startswith(f"<ExperimentResult: test accuracy {accuracy} (")
    assert "report.html" in result._repr_html_()


def test_progress_names_every_stage(plain_survey: Path, tmp_path: Path) -> None:
    steps: list[tuple[str, int, int]] = []

    def note(stage: str, done: int, total: int, detail: str = "") -> None:
        steps.append((str(stage), done, total))

    run_experiment(write(tmp_path, plain_survey, epochs=1), tmp_path / "out", progress=note)
    stages = list(dict.fromkeys(stage for stage, _, _ in steps))
    assert stages == [
        "catalogue",
        "checking frames",
        "cutouts",
        "training",
        "evaluation",
        "report",
    ]
    for stage in stages:
        (*_, last) = [step[1:] for step in steps if step[0] == stage]
        assert last[0] == last[1] > 0
