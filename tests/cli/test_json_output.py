"""Results as JSON: whatever a command returns, as a script reads it."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pydantic import BaseModel
from typer.testing import CliRunner

from skyclass.cli import app
from skyclass.cli.json_output import print_json


class Model(BaseModel):
    score: float
    labels: tuple[str, ...]


@dataclass(frozen=True)
class Result:
    path: Path
    model: Model
    table: pd.DataFrame
    missing: "pd.Series[str]"


def test_results_of_all_kinds(capsys: pytest.CaptureFixture[str]) -> None:
    table = pd.DataFrame(
        {"share": [0.5, np.nan], "n": [3, 4]}, index=pd.Index(["A", "F"], name="c")
    )
    model = Model(score=float("nan"), labels=("A", "F"))
    print_json(Result(Path("a/b"), model, table, pd.Series(["", "gone"])))
    assert json.loads(capsys.readouterr().out) == {
        "path": "a/b",
        "model": {"score": None, "labels": ["A", "F"]},
        "table": [{"c": "A", "share": 0.5, "n": 3}, {"c": "F", "share": None, "n": 4}],
        "missing": ["", "gone"],
    }


def test_numbers_of_numpy(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"n": np.int64(3), "rates": np.array([1.0, np.inf]), "ok": np.bool_(True)})
    assert json.loads(capsys.readouterr().out) == {"n": 3, "rates": [1.0, None], "ok": True}


def test_a_download_says_what_is_there(small_survey: Path, tmp_path: Path) -> None:
    frames = small_survey / "frames"
    words = ["download", "--out", str(tmp_path / "out"), "--json"]
    words += ["--catalog", str(small_survey / "catalog.csv")]
    done = CliRunner().invoke(app, ["--quiet", *words, "--base-url", frames.as_uri()])
    assert done.exit_code == 0, done.stderr
    assert done.stderr == ""
    result = json.loads(done.stdout)
    (kind,) = result["status"]["kinds"]
    assert (kind["kind"], kind["done"], kind["failed"]) == ("frames", 10, 0)
    assert result["missing"] == [""] * 240
    assert json.loads(CliRunner().invoke(app, [*words, "--status"]).stdout) == result
