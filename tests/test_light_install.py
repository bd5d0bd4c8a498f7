"""What works where only the core is installed, or the core and `[report]`."""

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from skyclass.config.sections import CutoutConfig
from skyclass.extras import EXTRAS
from skyclass.models.classifier import Classifier
from skyclass.models.model_spec import ModelSpec
from skyclass.models.saved_model import save_model
from skyclass.surveys.sdss.layout import BANDS

TESTS = Path(__file__).parent
CORE = ("report", "train", "hub", "formats", "cluster", "search", "upscale", "simulation")
REPORT = tuple(extra for extra in CORE if extra != "report")

WAY = """
from pathlib import Path
from typer.testing import CliRunner
import skyclass
from skyclass.catalog.catalog_file import write_catalog
from skyclass.cli import app
from skyclass.config.sections import CutoutConfig, SurveyConfig
from skyclass.images.export import export_cutouts

survey = Path(sys.argv[1])
catalog = skyclass.build_catalog(survey / "catalog.csv", "spectral-class")
write_catalog(catalog, "c.parquet")
mirror = SurveyConfig(base_url=(survey / "frames").as_uri(), rate=0)
there = skyclass.download(catalog.table, "frames", ["frames"], survey=mirror)
assert not there.failed
skyclass.make_cutouts(catalog, "frames", "cutouts", CutoutConfig(size=16))
cutouts = skyclass.open_cutouts("cutouts")
assert cutouts["train"].take([1, 0]).shape == (2, 5, 16, 16)
assert export_cutouts("cutouts", "fits", "fits") == cutouts.counts.to_numpy().sum()
assert len(list(Path("fits").rglob("*.fits"))) == cutouts.counts.to_numpy().sum()
words = ["classify", "frames", "--model", "model", "--out", "classes.csv"]
run = CliRunner().invoke(app, words)
assert run.exit_code == 0, run.output
Path("old.toml").write_text("seed = 1")
run = CliRunner().invoke(app, ["migrate", "old.toml"])
assert run.exit_code == 0, run.output
assert not hidden & {name.partition(".")[0] for name in sys.modules}
"""

NAMES = """
import skyclass
for name in skyclass.__all__:
    try:
        getattr(skyclass, name)
    except ImportError as error:
        print(f"{name}: {type(error).__name__}: {error}")
    else:
        print(f"{name}: works")
"""

COMMANDS = """
import contextlib, io
from pathlib import Path
import skyclass.cli
Path("e.toml").write_text('task = "object-type"\\n[catalog]\\npath = "a.csv"\\n')
Path("s.toml").write_text('trials = 2\\n[space]\\n"training.learning_rate" = [0.1, 0.2]\\n')
Path("done").mkdir()
Path("done/metrics.json").touch()
Path("model").mkdir()
Path("model/config.json").touch()
for line in sys.stdin:
    sys.argv = ["skyclass", *line.split()]
    error = io.StringIO()
    try:
        with contextlib.redirect_stderr(error), contextlib.redirect_stdout(io.StringIO()):
            skyclass.cli.main()
        code = 0
    except SystemExit as end:
        code = end.code
    print(code, error.getvalue().replace("\\n", "|"))
"""


def run_without(extras: tuple[str, ...], code: str, folder: Path, *words: str, typed: str = ""):
    """Run code in a process that lacks some extras; return the lines that it prints."""
    start = f"import sys; sys.path.append({str(TESTS)!r}); from support.light_install import hide;"
    hidden = {"datasets", *(module for extra in extras for module in EXTRAS[extra])}
    start += f"hide(*{extras!r}); hidden = {hidden!r}\n"
    run = subprocess.run(
        [sys.executable, "-c", start + code, *words],
        input=typed,
        capture_output=True,
        text=True,
        cwd=folder,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout.splitlines()


@pytest.mark.onnx
def test_the_core_goes_from_a_catalogue_to_a_classified_table(
    small_survey: Path, tmp_path: Path
) -> None:
    labels = ("O", "B", "M")
    rules = CutoutConfig(size=16)
    spec = ModelSpec("t", labels, "ugriz", "compact", 16, BANDS, "nanomaggy", True, rules=rules)
    save_model(Classifier(spec), tmp_path / "model")
    run_without(CORE, WAY, tmp_path, str(small_survey))
    table = pd.read_csv(tmp_path / "classes.csv")
    assert len(table) > 10
    assert set(table["class"]) <= set(labels)


@pytest.fixture(scope="module", params=[CORE, REPORT], ids=["core", "report"])
def public_names(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[tuple[str, ...], dict[str, str]]:
    """What is said of each public name without some extras."""
    lines = run_without(request.param, NAMES, tmp_path_factory.mktemp("names"))
    return request.param, dict(line.split(": ", 1) for line in lines)


def test_a_public_name_works_or_names_its_extra(
    public_names: tuple[tuple[str, ...], dict[str, str]],
) -> None:
    lacking, answers = public_names
    core = {"Experiment", "build_catalog", "download", "make_cutouts", "open_cutouts"}
    core |= {"read_config", "register_survey", "register_task", "simulate"}
    assert core <= {name for name, answer in answers.items() if answer == "works"}
    for name, answer in answers.items():
        if answer == "works":
            continue
        assert answer.startswith("MissingExtraError: "), name
        assert " is not installed; pip install 'skyclass[" in answer, name
    for name in ("compare", "score", "report"):
        assert (answers[name] == "works") == ("report" not in lacking)
    for name in ("run_experiment", "train", "load_model", "render"):
        assert "pip install 'skyclass[train]'" in answers[name]


@pytest.mark.parametrize(
    ("lacking", "line", "message"),
    [
        (CORE, "experiment e.toml --out o", "pip install 'skyclass[train]'"),
        (CORE, "learning-rate e.toml --out o", "pip install 'skyclass[train]'"),
        (CORE, "tune e.toml s.toml --out o", "pip install 'skyclass[train]'"),
        (CORE, "study thesis --out o", "pip install 'skyclass[train]'"),
        (CORE, "demo --out o", "pip install 'skyclass[train]'"),
        (CORE, "report done", "pip install 'skyclass[report]'"),
        (CORE, "figures done", "pip install 'skyclass[report]'"),
        (CORE, "compare done done", "scipy is not installed; pip install 'skyclass[report]'"),
        (CORE, "reweight done star=1", "pip install 'skyclass[report]'"),
        (CORE, "simulate --out o --fields 1", "pip install 'skyclass[simulation]'"),
        (CORE, "push model owner/x", "pip install 'skyclass[hub]'"),
        (
            REPORT,
            "experiment e.toml --out o",
            "torch, which is not installed; pip install 'skyclass[tr",
        ),
    ],
)
def test_a_command_names_the_extra_that_it_lacks(
    tmp_path: Path, lacking: tuple[str, ...], line: str, message: str
) -> None:
    (answer,) = run_without(lacking, COMMANDS, tmp_path, typed=f"{line}\n")
    assert answer.startswith("2 error: ")
    assert answer.count("|") == 1
    assert message in answer
