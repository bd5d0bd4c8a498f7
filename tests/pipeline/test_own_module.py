"""The module of the documentation: trained in two processes, reported and used on the command line.

Each step is a process of its own, as on a command line: nothing is registered before it.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from support.docs_examples import read_example

TEXT = """
plugins = ["my_module"]
task = "blue-red"
[catalog]
path = "{survey}/catalog.csv"
[survey]
frames = "{survey}/frames"
[cutouts]
size = 16
[images]
type = "root-gri"
[model]
name = "one-layer"
[training]
epochs = 1
batch_size = 16
devices = 2
"""


def call(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder."""
    command = [sys.executable, "-m", "skyclass", "--quiet", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def done(plain_survey: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run an experiment with the module, from another folder than its own."""
    folder = tmp_path_factory.mktemp("own-module")
    module = read_example("plugins.md", "A module that registers them")
    (folder / "my_module.py").write_text(module)
    (folder / "e.toml").write_text(TEXT.format(survey=plain_survey))
    result = call(folder.parent, "experiment", str(folder / "e.toml"), "--out", str(folder / "out"))
    assert result.returncode == 0, result.stderr
    return folder


def test_the_directory_says_where_the_module_is(done: Path) -> None:
    assert f'plugins = ["{done}/my_module.py"]' in (done / "out" / "experiment.toml").read_text()
    labels = json.loads((done / "out" / "metrics.json").read_text())["test"]["labels"]
    assert labels == ["blue", "red"]


def test_its_report_is_written_again(done: Path) -> None:
    (done / "out" / "report.html").unlink()
    result = call(done.parent, "report", str(done / "out"))
    assert result.returncode == 0, result.stderr
    assert "square root of the flux in g, r, i" in (done / "out" / "report.html").read_text()


def test_its_model_classifies_where_the_module_is_named(done: Path, plain_survey: Path) -> None:
    options = ["--model", "out/model", "--out", "table.csv"]
    # elsewhere, the option names the file
    plugin = ["--plugin", "my_module"]
    result = call(done, "classify", str(plain_survey / "frames"), *options, *plugin)
    assert result.returncode == 0, result.stderr
    assert re.match(r"^[1-9]\d* sources in table.csv: (blue|red) \d+", result.stdout)
