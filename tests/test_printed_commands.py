"""Every command that the README and the documentation print runs, on a small simulated survey."""

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from astropy.table import Table
from typer.testing import CliRunner

from models.fake_hub import hub
from skyclass.cli import app
from skyclass.mock_archive.server import serve_archive
from skyclass.models import saved_model
from skyclass.models.export_onnx import export_onnx
from skyclass.simulation.simulate import simulate
from skyclass.surveys.sdss.layout import BANDS, find_fields, find_frame
from support.docs_examples import read_example
from support.fields import copy_decompressed

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
ADDED = {"study thesis": "--dry-run", "simulate": "--fields 1"}
"""What is added to a command that would run for long; tests/studies runs small studies whole."""
ELSEWHERE = {"demo"}
"""Commands that .ci/run runs whole, by `make demo`."""
KEPT = (100, 40, 20)
"""Catalogued objects of each simulated field."""
QUICK = "\n[cutouts]\nsize = 32\n\n[training]\nepochs = 1\n"


def read_blocks(page: Path, language: str) -> list[str]:
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def read_lines(page: Path) -> list[str]:
    """Read the commands that a page prints, without their comments."""
    lines = "".join(read_blocks(page, "sh")).splitlines()
    return [text for line in lines if (text := re.sub(r"\s+#.*", "", line).strip())]


PRINTED = list(dict.fromkeys(line for page in PAGES for line in read_lines(page)))
SKYCLASS = [line.removeprefix("skyclass ") for line in PRINTED if line.startswith("skyclass ")]


def run(line: str) -> str:
    result = CliRunner().invoke(app, shlex.split(line))
    if result.exception is not None:
        raise result.exception
    return result.output


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Prepare what the printed commands name: a survey, catalogues, experiments."""
    folder = tmp_path_factory.mktemp("printed")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        simulate("survey", len(KEPT), objects_per_field=max(KEPT), workers=1)
        plain = tmp_path_factory.mktemp("plain") / "survey"
        copy_decompressed(folder / "survey", plain)  # decoded in no time
        (folder / "frames").symlink_to(plain / "frames")
        objects = thin_fields(pd.read_csv("survey/catalog.csv"))
        objects.to_csv("stars.csv", index=False)
        (folder / "objects.csv").symlink_to("stars.csv")
        objects["class"] = np.resize(["STAR", "GALAXY", "QSO"], len(objects))  # whatever they are
        Table.from_pandas(objects).write("objects.fits")
        write_experiments(folder)
        with pytest.MonkeyPatch.context() as whole:
            whole.setattr(saved_model, "export_onnx", export_onnx)
            run("experiment stars.toml --out stars")
        for name in ("stars-gri", "stars-asinh", "objects"):
            run(f"experiment {name}.toml --out {name}")
        run("catalog stars.csv --out c.parquet --set split.by=field")
        run("cutouts --catalog c.parquet --frames frames --out cutouts")
        (folder / "stars.parquet").symlink_to("c.parquet")
        (folder / "field").mkdir()
        unit, root = next(iter(find_fields([folder / "frames"]).items()))
        for band in BANDS:
            path = find_frame(root, unit, band)
            (folder / "field" / path.name).symlink_to(path)
        run("classify field --model stars/model --out classes.fits")
        (folder / "runs").mkdir()
        (folder / "runs/first").symlink_to("../stars")
        (folder / "experiments").symlink_to(".")
        (folder / "my_module.py").write_text(
            read_example("plugins.md", "A module that registers them")
        )
    return folder


def thin_fields(catalog: pd.DataFrame) -> pd.DataFrame:
    """Keep so many objects of each field that three fields can be split into the default shares."""
    kept = catalog["field"].map(dict(zip(catalog["field"].unique(), KEPT, strict=True)))
    return catalog[catalog.groupby("field").cumcount() < kept]


def write_experiments(folder: Path) -> None:
    """Write the experiment file of the README, its variants, and the search of the docs."""
    (stars,) = (text for text in read_blocks(ROOT / "README.md", "toml") if "stars.csv" in text)
    stars += QUICK
    objects = stars.replace("spectral-class", "object-type").replace("stars.csv", "objects.fits")
    for name, text in {
        "stars": stars,
        "experiment": stars,
        "stars-gri": stars.replace('"ugriz"', '"gri"'),
        "stars-asinh": stars.replace('"ugriz"', '"asinh"'),
        "objects": objects,
    }.items():
        (folder / f"{name}.toml").write_text(text)
    blocks = read_blocks(ROOT / "docs/training.md", "toml")
    (search,) = (text for text in blocks if "trials" in text)
    (folder / "search.toml").write_text(search.replace("trials = 40", "trials = 1"))


@pytest.fixture
def folder(prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Copy what is prepared, so that no command sees what another has left."""
    folder = tmp_path / "folder"
    shutil.copytree(prepared, folder, symlinks=True, ignore=shutil.ignore_patterns("survey"))
    (folder / "survey").symlink_to(prepared / "survey")
    monkeypatch.chdir(folder)
    yield folder
    shutil.rmtree(folder)


def test_commands_are_printed() -> None:
    assert len(SKYCLASS) > 20


@pytest.mark.parametrize("line", SKYCLASS)
def test_a_printed_command_runs(
    line: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = line.split()[0]
    remove_output(line)
    if name in ELSEWHERE:
        assert f"make {name}" in (ROOT / ".ci/run").read_text()
    elif name == "archive":
        assert "serving survey at http" in serve(line)
    elif name == "download":
        count = len(pd.read_parquet("c.parquet"))
        with serve_archive("survey", queries=False) as url:
            assert f"all {count} objects" in run(f"{line} --base-url {url} --rate 0")
    elif name == "push":
        with hub(tmp_path / "hub", monkeypatch) as files:
            run(line)
            assert "owner/stars/model.safetensors" in files
    elif "--plugin" in line:  # registers names for good
        subprocess.run([sys.executable, "-m", "skyclass", *shlex.split(line)], check=True)
    else:
        added = [text for start, text in ADDED.items() if line.startswith(start)]
        run(" ".join([line, *added]))


def remove_output(line: str) -> None:
    """Remove what a command is to write, if it was prepared for others."""
    _, _, rest = line.partition("--out ")
    path = Path(rest.split()[0]) if rest else None
    if path is not None and path.is_symlink():
        path.unlink()
    elif path is not None and path.is_dir():
        shutil.rmtree(path)


def serve(line: str) -> str:
    """Start a command that serves until it is stopped, and return its first line."""
    process = subprocess.Popen(
        [sys.executable, "-m", "skyclass", *shlex.split(line), "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        first = process.stdout.readline()
        process.terminate()
    return first


@pytest.mark.parametrize("line", [line for line in PRINTED if not line.startswith("skyclass ")])
def test_other_printed_commands_are_run_by_ci(line: str) -> None:
    assert line in (ROOT / ".ci/run").read_text()
