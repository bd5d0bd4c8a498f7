"""Commands refused for their arguments: answered before any large library is imported."""

import json
import subprocess
import sys

import pytest

from skyclass.cli.app import PANELS

HEAVY = {"torch", "pandas", "astropy", "numpy", "pyarrow", "sklearn", "matplotlib", "plotly"}

REFUSED = {
    "classify nothing --model x --out a.fits": "nothing does not exist",
    "classify empty --model x --out a.xyz": "a.xyz has no known suffix; use one of .parquet, .csv",
    "classify empty --model hf://a/b --out a.csv --picture a.jpg": "a.jpg must end with .png",
    "classify empty --model hf://a/b --out a.csv --regions a.txt": "a.txt must end with .reg",
    "report a.hats": "a.hats does not exist",
    "classify empty --model done --out a.fits": "its model is done/model",
    "classify empty --model x --out a.fits": "x holds no usable model (config.json is missing)",
    "experiment none.toml --out o": "none.toml does not exist",
    "experiment bad.toml --out o": "bad.toml: the key 'task' is missing",
    "experiment unknown.toml --out o": "unknown key 'taks'; did you mean 'task'?",
    "study none.toml --out o": "none.toml does not exist",
    "study bad.toml --out o": "bad.toml: the key 'name' is missing",
    "tune none.toml s.toml --out o": "none.toml does not exist",
    "learning-rate bad.toml --out o": "bad.toml: the key 'task' is missing",
    "report none": "none does not exist",
    "report empty": "empty/metrics.json cannot be read; run the experiment first",
    "compare empty none": "empty/metrics.json cannot be read; run the experiment first",
    "figures empty --format gif": "unknown file format 'gif'; did you mean",
    "figures empty": "empty/metrics.json cannot be read",
    "reweight empty star=x": "prior must be CLASS=NUMBER, got 'star=x'",
    "evaluate empty cutouts --out o": "cutouts does not exist",
    "evaluate empty empty --out o": "empty holds no usable model",
    "reweight none star=1": "none does not exist",
    "show --cutouts empty --out a.gif": "a.gif must end with .png",
    "show --cutouts empty --out a.png": "empty holds no cutouts",
    "cutouts --catalog none.parquet --frames f --out o": "none.parquet does not exist",
    "cutouts --catalog a --frames f --out o --set bogus=1": "unknown key 'bogus'",
    "export-cutouts --cutouts empty --format gif --out o": "unknown format 'gif'",
    "export-cutouts --cutouts empty --format png --out o": "empty holds no cutouts",
    "export-cutouts --cutouts empty --format png --out empty": "empty exists already",
    "catalog none.csv --out c.parquet": "none.csv does not exist",
    "catalog bad.toml --out c.xyz": "c.xyz must end with .parquet",
    "download --catalog none.csv --out o": "none.csv does not exist",
    "download --out o": "--catalog is missing",
    "export empty --out o": "empty holds no usable model",
    "export empty --format gif --out o": "must be one of onnx, openvino, got 'gif'",
    "push empty owner/x": "empty holds no usable model",
    "archive none": "none does not exist",
    "simulate --out bad.toml --fields 1": "bad.toml is a file; choose another directory",
    "demo --out bad.toml": "bad.toml is a file; choose another directory",
    "migrate none.toml": "none.toml does not exist",
}

CODE = """
import contextlib, io, json, sys
from skyclass.cli import main
answers = {}
for line in json.loads(sys.stdin.read()):
    sys.argv = ["skyclass", *line.split()]
    error = io.StringIO()
    try:
        with contextlib.redirect_stderr(error):
            main()
        code = 0
    except SystemExit as end:
        code = end.code
    answers[line] = [code, error.getvalue(), [name for name in sys.modules if "." not in name]]
print(json.dumps(answers))
"""


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int, str, list[str]]]:
    """Exit code, message and modules imported so far, of every refused call in one process."""
    folder = tmp_path_factory.mktemp("refused")
    (folder / "empty").mkdir()
    (folder / "done/model").mkdir(parents=True)
    (folder / "bad.toml").write_text("seed = 1\n")
    (folder / "unknown.toml").write_text(
        'task = "object-type"\ntaks = 1\n[catalog]\npath = "a.csv"\n'
    )
    run = subprocess.run(
        [sys.executable, "-c", CODE],
        input=json.dumps(list(REFUSED)),
        capture_output=True,
        text=True,
        cwd=folder,
        check=True,
    )
    found = json.loads(run.stdout)
    assert {path.name for path in folder.iterdir()} == {
        "bad.toml",
        "done",
        "empty",
        "unknown.toml",
    }
    return found


@pytest.mark.parametrize("line", REFUSED)
def test_a_mistake_is_answered_in_one_line(
    answers: dict[str, tuple[int, str, list[str]]], line: str
) -> None:
    code, message, loaded = answers[line]
    assert code == 2
    assert REFUSED[line] in message
    assert message.startswith("error: ")
    assert message.count("\n") == 1
    assert not HEAVY & set(loaded)


def test_every_command_is_refused_early() -> None:
    names = {command.name for commands in PANELS.values() for command in commands}
    # Typer itself checks the arguments of `cache`
    assert {line.split()[0] for line in REFUSED} == names - {"cache"}
