"""What is said where a library of an extra is not installed."""

import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from skyclass.cli import main
from skyclass.errors import MissingExtraError, SkyclassError
from skyclass.extras import EXTRAS, check_installed, explain_missing

PROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]


def test_what_is_installed_passes() -> None:
    check_installed("torch", "plotly")
    with explain_missing():
        import plotly  # noqa: F401


def test_a_missing_library_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    line = "matplotlib is not installed; pip install 'skyclass[report]'"
    with pytest.raises(MissingExtraError) as caught:
        check_installed("torch", "matplotlib")
    assert str(caught.value) == line
    assert isinstance(caught.value, ImportError)
    assert isinstance(caught.value, SkyclassError)
    with pytest.raises(MissingExtraError, match=r"^a plot needs matplotlib, which is not inst"):
        check_installed("matplotlib", purpose="a plot")
    with pytest.raises(MissingExtraError) as caught, explain_missing():
        import matplotlib.figure  # noqa: F401
    assert str(caught.value) == line


def test_other_missing_modules_are_left_alone() -> None:
    with pytest.raises(ModuleNotFoundError, match="no_such_module"), explain_missing():
        import no_such_module  # type: ignore[import-not-found]  # noqa: F401


def test_a_command_without_its_extra(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "galsim", None)
    monkeypatch.setattr(sys, "argv", ["skyclass", "simulate", "--out", "x", "--fields", "1"])
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    error = capsys.readouterr().err
    assert error == (
        "error: a simulation needs galsim, which is not installed;"
        " pip install 'skyclass[simulation]'\n"
    )


def test_every_library_is_in_the_extra_that_is_named() -> None:
    distributions = packages_distributions()
    for extra, modules in EXTRAS.items():
        listed = {
            Requirement(line).name.lower() for line in PROJECT["optional-dependencies"][extra]
        }
        for module in modules:
            names = {name.lower().replace("_", "-") for name in distributions[module]}
            assert names & listed, f"{module} is not in the extra {extra}"
