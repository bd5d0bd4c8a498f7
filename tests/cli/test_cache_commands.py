"""The cache on the command line."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from skyclass.cache import CACHE_NAME, Cache
from skyclass.cli import app


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("SKYCLASS_CACHE", raising=False)
    monkeypatch.chdir(tmp_path)
    root = tmp_path / CACHE_NAME
    with Cache(root).open_entry("features", "0123", {"network": "compact"}) as entry:
        (entry.path / "value").write_bytes(bytes(4000))
        entry.finish()
    return root


def run(*words: str) -> str:
    result = CliRunner().invoke(app, ["cache", *words])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_entries_are_listed_and_cleared(root: Path) -> None:
    assert "features  0123  4." in run("ls")
    listed = json.loads(run("ls", str(root), "--json"))
    (entry,) = listed["entries"]
    assert (entry["kind"], entry["made_from"], entry["complete"]) == (
        "features",
        "network compact",
        True,
    )
    assert listed["size"] == entry["size"] > 4000
    assert run("clear", "--older-than", "1").startswith("0 entries removed")
    assert (root / "features" / "0123").exists()
    assert json.loads(run("clear", "--json"))["removed"] == 1
    assert not (root / "features" / "0123").exists()
    assert run("ls").startswith("0 entries in .skyclass-cache")


def test_any_other_action_is_refused(root: Path) -> None:
    assert CliRunner().invoke(app, ["cache", "delete"]).exit_code == 2
    assert (root / "features" / "0123").exists()
