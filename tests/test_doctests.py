"""Examples in docstrings: every one runs, in a directory with a small survey and an experiment."""

import doctest
import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import skyclass
from skyclass.pipeline.experiment import run_experiment
from skyclass.simulation.simulate import simulate

PACKAGE = Path(skyclass.__file__).parent
PUBLIC = [name for name in skyclass.__all__ if name != "__version__"]
EXPERIMENT = """task = "spectral-class"

[catalog]
path = "catalog.csv"

[labels]
merge = { hot = ["O", "B", "A"], cool = ["F", "G", "K", "M"] }

[survey]
frames = "frames"

[cutouts]
size = 32

[training]
epochs = 2
"""

STUDY = """name = "study"
title = "Two image types"
caption = "Simulated stars."

[base]
task = "spectral-class"
catalog.path = "catalog.csv"
labels.merge = { hot = ["O", "B", "A"], cool = ["F", "G", "K", "M"] }
survey.frames = "frames"
cutouts.size = 32
training.epochs = 1

[[data_sets]]
name = "all"

[[image_types]]
name = "ugriz"
settings.images.type = "ugriz"

[[image_types]]
name = "gri"
settings.images.type = "gri"

[[models]]
name = "compact"
settings.model.name = "compact"
"""


def find_examples() -> Iterator[doctest.DocTest]:
    finder = doctest.DocTestFinder()
    for path in sorted(PACKAGE.rglob("*.py")):
        if ">>> " in path.read_text(encoding="utf-8"):
            name = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
            module = importlib.import_module(name.removesuffix(".__init__"))
            yield from (found for found in finder.find(module) if found.examples)


@pytest.fixture(scope="session")
def example_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a survey, `stars.toml` with its experiment in `stars/`, and `study.toml`."""
    directory = tmp_path_factory.mktemp("examples")
    simulate(directory, 2, seed=5, objects_per_field=60, workers=1)
    (directory / "stars.toml").write_text(EXPERIMENT)
    (directory / "study.toml").write_text(STUDY)
    run_experiment(directory / "stars.toml", directory / "stars")
    for name in ("cutouts", "model"):
        (directory / name).symlink_to(Path("stars") / name)
    return directory


@pytest.mark.parametrize("example", [pytest.param(e, id=e.name) for e in find_examples()])
def test_an_example_prints_what_it_says(
    example: doctest.DocTest, example_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(example_directory)
    if example.name.rpartition(".")[2] in PUBLIC:
        example.globs = {}  # whoever reads it has nothing else than what it says
    printed: list[str] = []
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    runner = doctest.DocTestRunner(optionflags=flags, verbose=False)
    assert runner.run(example, out=printed.append).failed == 0, "".join(printed)


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_has_an_example(name: str) -> None:
    text = inspect.getdoc(getattr(skyclass, name)) or ""
    _, heading, examples = text.partition("\nExamples\n--------\n")
    assert heading
    assert ">>> " in examples
    assert not re.search(r"doctest:\s*\+SKIP", examples)
