"""What can be known early is refused early: before catalogue, download and cutting."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from models.fake_hub import point_library_to
from skyclass import extras
from skyclass.config.experiment_file import write_config
from skyclass.config.sections import Experiment
from skyclass.errors import SkyclassError
from skyclass.pipeline import prepared_experiment
from skyclass.pipeline.check_effect import check_effect
from skyclass.pipeline.demo import run_demo
from skyclass.pipeline.experiment import run_experiment, train
from skyclass.pipeline.tune import sweep_learning_rate
from skyclass.pipeline.tune import tune as run_tune
from skyclass.studies.run_study import run_study
from skyclass.surveys import registry
from skyclass.surveys.survey import Band, Survey


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Record that objects were prepared, which stands for all work on them."""
    calls: list[str] = []

    def prepare(*_arguments: object) -> None:
        calls.append("prepare_objects")
        raise AssertionError

    monkeypatch.setattr(prepared_experiment, "prepare_objects", prepare)
    return calls


@pytest.fixture
def bare_survey(monkeypatch: pytest.MonkeyPatch) -> None:
    """Register a survey without archive, key columns or catalogue service."""
    monkeypatch.setattr(registry, "_surveys", dict(registry._surveys))
    bands = (Band("g", 4770.0), Band("r", 6231.0))
    registry.register_survey(
        Survey("bare", "Bare", bands, 0.3, "r", (), lambda *_: (), lambda _paths: {})
    )


def write(folder: Path, survey: Path, changes: str) -> Path:
    """Write an experiment file, with changes as TOML of dotted keys."""
    values: dict[str, Any] = {
        "task": "spectral-class",
        "catalog": {"path": str(survey / "catalog.csv")},
        "survey": {"frames": str(survey / "frames")},
    }
    for section, change in tomllib.loads(changes).items():
        both = isinstance(change, dict) and isinstance(values.get(section), dict)
        values[section] = {**values[section], **change} if both else change
    file = folder / "e.toml"
    write_config(Experiment.model_validate(values), file)
    return file


FAULTS = [
    ('plugins = ["no_such_plugin"]', "the plugin 'no_such_plugin' does not exist"),
    ('task = "spectral-clas"', "did you mean 'spectral-class'"),
    ('task = "absent.toml"', "absent.toml"),
    (
        'task = "object-type"\nlabels.template_luminosity = "main-sequence"',
        "template_luminosity",
    ),
    ('labels.drop = ["O", "B", "A", "F", "G", "K"]', "fewer than two classes"),
    ('survey.name = "sdsss"', "survey 'sdsss' is unknown; did you mean 'sdss'"),
    ('images.type = "ugri:z"', "image type 'ugri:z' is unknown"),
    ('images.type = "gri"\nimages.crop = 80', "crop"),
    ('images.resize = "learned"', "needs upscaler, a file of weights"),
    ('model.name = "compcat"', "did you mean 'compact'"),
    ('model.weights = "absent.safetensors"', "there is no file .*absent.safetensors"),
    ('model.weights = "wide.safetensors"', "wide.safetensors"),
    ("model.frozen = true", "needs trained weights"),
    ('catalog.path = "absent.csv"', "absent.csv does not exist"),
    ('survey.frames = "absent"', "the directory of frames .*absent does not exist"),
    ('survey.footprint = "absent.fits"', "absent.fits is not a MOC in FITS"),
    ('survey.base_url = "file:///no/such/mirror"', "there is no directory /no/such/mirror"),
    ('sample.method = "balanced"\nsample.counts = {o = 5}', "names class 'o'; did you mean"),
    ('sample.method = "random"\nsample.total = 20', "sample.total = 20 objects do not fill the 64"),
    ("training.batch_size = 63\ntraining.devices = 2", "cannot be divided among 2"),
    ('training.imbalance = "oversample"\naugmentation.turn = false', "repeats objects"),
    ("training.warmup = 0.1", "training.warmup has no effect"),
    (
        'model.measured = true\ncutouts.measure = "off"',
        "model.measured = true needs cutouts.measure",
    ),
    ('model.measured = true\nimages.type = "sdss-jpeg"', "model.measured = true needs frames"),
    ('model = { name = "measurement", measured = false }', "remove model.measured = false"),
    ('model.name = "measurement"\ncutouts.measure = "off"', '"measurement" needs cutouts.measure'),
]


@pytest.mark.parametrize(("changes", "message"), FAULTS, ids=[fault for fault, _ in FAULTS])
def test_faults_of_the_file_are_refused_before_any_work(
    small_survey: Path, tmp_path: Path, begun: list[str], changes: str, message: str
) -> None:
    save_file({"network.head.bias": torch.zeros(3)}, tmp_path / "wide.safetensors")
    file = write(tmp_path, small_survey, changes)
    with pytest.raises(SkyclassError, match=message) as caught:
        run_experiment(file, tmp_path / "out")
    assert "\n" not in str(caught.value)
    assert not begun
    assert not (tmp_path / "out").exists()


QUERY_FAULTS = [
    ('source = "casjobs"', "", "set SKYCLASS_CASJOBS_TOKEN"),
    ('source = "skyserver"\nlimits = {x = 20}', "", "catalog.limits names 'x'"),
    ('source = "skyserver"', '[survey]\nname = "bare"\nframes = "."', "bare has no catalogue serv"),
    (
        'path = "e.toml"',
        '[survey]\nname = "bare"\n[images]\ntype = "asinh"',
        "bare has no archive to download from",
    ),
    (
        'path = "e.toml"',
        '[survey]\nname = "bare"\n[split]\nby = "field"',
        "no fields, which",
    ),
    (
        'path = "e.toml"',
        '[survey]\nname = "bare"\n[clean]\nframe_keys = "objid"',
        "bare cannot take its key columns from objid",
    ),
]


@pytest.mark.usefixtures("bare_survey")
@pytest.mark.parametrize(("catalog", "rest", "message"), QUERY_FAULTS)
def test_what_a_survey_lacks_is_refused_before_any_work(
    tmp_path: Path,
    begun: list[str],
    monkeypatch: pytest.MonkeyPatch,
    catalog: str,
    rest: str,
    message: str,
) -> None:
    monkeypatch.delenv("SKYCLASS_CASJOBS_TOKEN", raising=False)
    file = tmp_path / "e.toml"
    file.write_text(f'task = "spectral-class"\n[catalog]\n{catalog}\n{rest}')
    with pytest.raises(SkyclassError, match=re.escape(message)):
        run_experiment(file, tmp_path / "out")
    assert not begun
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("module", ["matplotlib", "jinja2", "timm"])
def test_missing_packages_are_refused_before_any_work(
    small_survey: Path,
    tmp_path: Path,
    begun: list[str],
    monkeypatch: pytest.MonkeyPatch,
    module: str,
) -> None:
    monkeypatch.setattr(extras, "is_installed", lambda name: name != module)
    file = write(tmp_path, small_survey, "")
    for run in (run_experiment, train, sweep_learning_rate):
        with pytest.raises(
            SkyclassError, match=rf"{module}.*not installed; pip install 'skyclass\["
        ):
            run(file, tmp_path / "out")
    assert not begun
    assert not (tmp_path / "out").exists()


def test_a_search_needs_optuna_before_any_work(
    small_survey: Path, tmp_path: Path, begun: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extras, "is_installed", lambda name: name != "optuna")
    space = tmp_path / "space.toml"
    space.write_text('[space]\n"training.learning_rate" = {low = 0.001, high = 0.1}')
    with pytest.raises(SkyclassError, match=r"optuna.*'skyclass\[search\]'"):
        run_tune(write(tmp_path, small_survey, ""), space, tmp_path / "out")
    assert not begun
    assert not (tmp_path / "out").exists()


def test_the_ends_of_a_range_are_refused_before_any_work(
    small_survey: Path, tmp_path: Path, begun: list[str]
) -> None:
    space = tmp_path / "space.toml"
    space.write_text('[space]\n"images.crop" = {low = 16, high = 400}')
    with pytest.raises(SkyclassError, match="a crop of 400 pixels does not lie"):
        run_tune(write(tmp_path, small_survey, ""), space, tmp_path / "out")
    assert not begun
    assert not (tmp_path / "out").exists()


@pytest.fixture
def no_login(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Be a user of Weights & Biases who has not logged in."""
    wandb = pytest.importorskip("wandb")
    monkeypatch.setenv("WANDB_MODE", "online")
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    yield
    wandb.teardown()  # it keeps its settings for all of the process


@pytest.mark.usefixtures("no_login")
def test_a_missing_login_is_refused_before_any_work(
    small_survey: Path, tmp_path: Path, begun: list[str]
) -> None:
    file = write(tmp_path, small_survey, 'training.loggers = ["wandb"]')
    with pytest.raises(SkyclassError, match="needs a login: run `wandb login`"):
        run_experiment(file, tmp_path / "out")
    assert not begun
    assert not (tmp_path / "out").exists()


def test_a_demonstration_needs_galsim_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extras, "is_installed", lambda name: name != "galsim")
    with pytest.raises(SkyclassError, match=r"galsim.*'skyclass\[simulation\]'"):
        run_demo(tmp_path / "demo")
    assert not (tmp_path / "demo").exists()


def test_weights_that_cannot_be_downloaded_are_refused_before_any_work(
    small_survey: Path, tmp_path: Path, begun: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    point_library_to("http://127.0.0.1:9", tmp_path / "empty", monkeypatch)
    monkeypatch.setattr("huggingface_hub.utils._http._DEFAULT_RETRY_ON_EXCEPTIONS", ())
    file = write(
        tmp_path, small_survey, 'model.name = "test_resnet.r160_in1k"\nmodel.pretrained = true'
    )
    unavailable = r"weights of test_resnet\.r160_in1k are unavailable"
    with pytest.raises(SkyclassError, match=unavailable):
        run_experiment(file, tmp_path / "out")
    # a search asks for those of all its choices
    space = tmp_path / "space.toml"
    space.write_text('[space]\n"model.name" = ["test_resnet.r160_in1k"]')
    with pytest.raises(SkyclassError, match=unavailable):
        run_tune(write(tmp_path, small_survey, "model.pretrained = true"), space, tmp_path / "out")
    assert not begun
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("section", "values", "key"),
    [
        ("training", {"optimizer": "adam", "weight_decay": 0.1}, "training.weight_decay"),
        ("training", {"warmup": 0.2}, "training.warmup"),
        ("images", {"resize": "bilinear"}, "images.resize"),
        ("catalog", {"path": "c.csv", "limits": {"r": 20}}, "catalog.limits"),
        ("catalog", {"path": "c.csv", "query": "SELECT 1"}, "catalog.query"),
        ("clean", {"duplicates": "id", "radius": 2}, "clean.radius"),
        ("split", {"nside": 64}, "split.nside"),
        ("sample", {"total": 100}, "sample.total"),
        ("sample", {"method": "balanced", "counts": {"O": 5}}, "sample.counts"),
    ],
)
def test_settings_without_effect(section: str, values: dict[str, Any], key: str) -> None:
    base = {"task": "spectral-class", "catalog": {"path": "c.csv"}}
    assert check_effect(Experiment.model_validate(base)) is None
    with pytest.raises(SkyclassError, match=f"^{re.escape(key)} has no effect: "):
        check_effect(Experiment.model_validate(base | {section: values}))


STUDY = """
name = "s"
title = "S"
caption = "For tests only."
[base]
task = "spectral-class"
catalog.path = "{survey}/catalog.csv"
survey.frames = "{survey}/frames"
[[data_sets]]
name = "all"
[[image_types]]
name = "gri"
[[models]]
name = "compact"
[[models]]
name = "test_resnet.r160_in1k"
settings.model.pretrained = {pretrained}
"""


def test_each_cell_of_a_study_is_checked_before_the_first_runs(
    small_survey: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: object, **_options: object) -> None:
        raise AssertionError

    monkeypatch.setattr("skyclass.studies.shared_objects.prepare_objects", refuse)
    monkeypatch.setattr("skyclass.cluster.TIMEOUT", "1s")
    file = tmp_path / "study.toml"
    file.write_text(STUDY.format(survey=small_survey, pretrained="true"))
    point_library_to("http://127.0.0.1:9", tmp_path / "empty", monkeypatch)
    monkeypatch.setattr("huggingface_hub.utils._http._DEFAULT_RETRY_ON_EXCEPTIONS", ())
    with pytest.raises(SkyclassError, match="are unavailable"):
        run_study(file, tmp_path / "out")
    file.write_text(STUDY.format(survey=small_survey, pretrained="false"))
    with pytest.raises(SkyclassError, match="no scheduler answers"):
        run_study(file, tmp_path / "out", scheduler="tcp://127.0.0.1:1")
    monkeypatch.setattr(extras, "is_installed", lambda name: name != "dask")
    with pytest.raises(SkyclassError, match=r"dask.*'skyclass\[cluster\]'"):
        run_study(file, tmp_path / "out", scheduler="tcp://127.0.0.1:1")
    assert not (tmp_path / "out").exists()
