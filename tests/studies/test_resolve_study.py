"""What the cells of a study are, before anything is run."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from skyclass.cli import app
from skyclass.errors import ConfigError, StudyError
from skyclass.studies.merge_settings import Layer, merge_layers
from skyclass.studies.resolve_study import ResolvedStudy, resolve_study
from skyclass.studies.run_study import run_study
from skyclass.studies.study_file import write_study

HEAD = """
name = "networks"
title = "Networks"
caption = "For tests only."
[base]
task = "spectral-class"
catalog.source = "skyserver"
"""
AXES = """
[[data_sets]]
name = "all"
[[image_types]]
name = "gri"
"""
THREE = """
[[models]]
name = "compact"
[[models]]
name = "resnet-small"
[[models]]
name = "mobilenet-small"
"""
SIMULATION = """
[simulation]
objects = 1000
caption = "Simulated."
"""

Resolve = Callable[..., ResolvedStudy]


@pytest.fixture
def resolve(tmp_path: Path) -> Resolve:
    def write_and_resolve(text: str, **options: bool) -> ResolvedStudy:
        (tmp_path / "study.toml").write_text(text)
        return resolve_study(tmp_path / "study.toml", **options)

    return write_and_resolve


def test_a_network_is_named_by_its_entry(resolve: Resolve) -> None:
    cells = resolve(HEAD + AXES + THREE).cells
    assert [c.config.model.name for c in cells] == ["compact", "resnet-small", "mobilenet-small"]
    assert {c.config.images.type for c in cells} == {"gri"}
    caption = THREE.replace('"resnet-small"', '"small"\nsettings.model.name = "resnet-small"')
    cells = resolve(HEAD + AXES + caption).cells
    assert [c.config.model.name for c in cells] == ["compact", "resnet-small", "mobilenet-small"]
    assert cells[1].name == "all/gri/small/1"


def test_the_example_of_the_docs(resolve: Resolve, tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "studies.md").read_text()
    (tmp_path / "stars.csv").write_text("ra,dec\n")
    columns = "data_set,image_type,model,class,epoch,measure,value\n"
    (tmp_path / "figures.csv").write_text(columns)
    resolved = resolve(page.split("```toml\n")[1].split("```")[0])
    trained = {
        cell.name: (cell.config.images.type, cell.config.model.name, cell.config.training.epochs)
        for cell in resolved.cells
        if cell.seed == 1
    }
    assert trained == {
        "all/gri/compact/1": ("gri", "compact", 30),
        "all/gri/resnet-small/1": ("gri", "resnet-small", 30),
        "all/five/compact/1": ("ugriz", "compact", 30),
        "all/five/resnet-small/1": ("ugriz", "resnet-small", 30),
        "all/five/compact-long/1": ("ugriz", "compact", 20),
    }


def test_a_preset_is_named_by_its_entry(resolve: Resolve) -> None:
    (cell,) = resolve(HEAD + AXES + '[[models]]\nname = "vit-thesis"\n').cells
    assert (cell.config.model.name, cell.config.training.patience) == ("vit-thesis", 5)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("resnet-small", "resnet-smal", r"models.resnet-smal has no settings.model.name.*'resnet-"),
        ("gri", "grj", r"image_types.grj has no settings.images.type.*did you mean 'gri'"),
    ],
)
def test_a_name_that_is_none(resolve: Resolve, old: str, new: str, message: str) -> None:
    # not even if the base has a network and an image type of its own
    base = HEAD + 'model.name = "compact"\nimages.type = "ugriz"\n'
    with pytest.raises(StudyError, match=message):
        resolve((base + AXES + THREE).replace(f'"{old}"', f'"{new}"'))


@pytest.mark.parametrize(
    ("old", "new", "cells"),
    [
        (
            '[[models]]\nname = "resnet',
            '[[models]]\nname = "b"\nsettings.model.name = "compact"\n[[models]]\nname = "resnet',
            "all/gri/compact/1 and all/gri/b/1",
        ),
        (
            '[[data_sets]]\nname = "all"',
            '[[data_sets]]\nname = "all"\n[[data_sets]]\nname = "b"',
            "all/gri/compact/1 and b/gri/compact/1",
        ),
        # the long name of the same image type
        (
            'name = "gri"\n',
            'name = "gri"\n[[image_types]]\nname = "b"\nsettings.images.type = "percentile:gri"\n',
            "all/gri/compact/1 and all/b/compact/1",
        ),
    ],
)
def test_two_cells_that_are_one_experiment(
    resolve: Resolve, old: str, new: str, cells: str
) -> None:
    text = HEAD + AXES + THREE
    assert old in text
    with pytest.raises(StudyError, match=f"the cells {cells} are the same experiment"):
        resolve(text.replace(old, new))


def test_a_key_of_the_base_holds_on_a_simulated_survey(tmp_path: Path) -> None:
    write_study("thesis", tmp_path / "my.toml")
    text = (tmp_path / "my.toml").read_text()
    base = '[base.training]\nimbalance = "balanced"\nepochs = 20\n\n[base.split]'
    (tmp_path / "my.toml").write_text(text.replace("[base.split]", base))
    resolved = resolve_study(tmp_path / "my.toml", simulated=True)
    assert {cell.config.training.imbalance for cell in resolved.cells} == {"balanced"}
    assert {cell.config.training.epochs for cell in resolved.cells} == {40}
    line = "base.training.epochs = 20 is overridden by simulation.settings: 40"
    assert [str(each) for each in resolved.overrides if "training" in each.key] == [line]
    assert line in str(resolved)
    assert "base.training" not in str(resolve_study(tmp_path / "my.toml"))


def test_the_narrower_setting_holds(resolve: Resolve) -> None:
    settings = {
        "data_sets": ("all", 2, 3),
        "image_types": ("gri", 4, 5),
        "models": ("compact", 6, 7),
    }
    text = HEAD + "training.epochs = 1\n"
    for axis, (name, always, simulated) in settings.items():
        text += f'[[{axis}]]\nname = "{name}"\nsettings.training.patience = {always}\n'
        text += f"simulated.training.batch_size = {simulated}\nreal.training.epochs = {always}\n"
    text += SIMULATION + "settings.training = { epochs = 11, patience = 12, batch_size = 13 }\n"
    (real,), (simulated,) = resolve(text).cells, resolve(text, simulated=True).cells
    assert (real.config.training.epochs, real.config.training.patience) == (6, 6)
    assert real.config.training.batch_size == 64
    training = simulated.config.training
    assert (training.epochs, training.patience, training.batch_size) == (11, 6, 7)


def test_what_overrides_is_logged_when_the_study_begins(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    text = HEAD.replace('source = "skyserver"', 'path = "c.csv"') + "training.epochs = 2\n"
    text += AXES + '[[models]]\nname = "compact"\nsettings.training.epochs = 3\n'
    (tmp_path / "study.toml").write_text(text)
    (tmp_path / "c.csv").write_text("ra,dec\n")
    result = run_study(tmp_path / "study.toml", tmp_path / "out")
    assert list(result.failures) == ["all/gri/compact/1"]
    line = "base.training.epochs = 2 is overridden by models.compact.settings: 3"
    assert [each.message for each in caplog.records if each.levelname == "WARNING"][:1] == [line]


def test_the_simulated_survey_has_sections_of_its_own() -> None:
    layers = [
        Layer("base", {"survey": {"release": 18, "rate": 0}, "training": {"epochs": 2}}),
        Layer("the simulated survey", {"survey": {"rate": 0, "base_url": "u"}}, whole=True),
    ]
    settings, overrides = merge_layers(layers)
    assert settings == {"survey": {"rate": 0, "base_url": "u"}, "training": {"epochs": 2}}
    assert [str(each) for each in overrides] == [
        "base.survey.release = 18 is dropped: the simulated survey has a section survey of its own"
    ]


def test_a_data_set_of_the_thesis_stands_alone(resolve: Resolve) -> None:
    text = HEAD + 'sample = { data_set = "thesis-1", method = "balanced" }\n' + AXES + THREE
    with pytest.raises(ConfigError, match=r"sample\.data_set = .* and sample\.method exclude"):
        resolve(text)


def test_dry_run_shows_every_cell_and_writes_nothing(tmp_path: Path) -> None:
    file, out = tmp_path / "study.toml", tmp_path / "out"
    file.write_text(HEAD + "training.epochs = 3\n" + AXES + THREE)
    command = ["study", str(file), "--dry-run", "--out", str(out)]
    shown = CliRunner().invoke(app, command)
    assert shown.exit_code == 0
    common, *cells = shown.stdout.split("\n\n")[1:]
    assert "  training.epochs = 3" in common.splitlines()
    assert cells[1] == 'all/gri/resnet-small/1:\n  model.name = "resnet-small"'
    printed = json.loads(CliRunner().invoke(app, [*command, "--json"]).stdout)
    assert printed["common"]["training.epochs"] == 3
    assert printed["cells"]["all/gri/compact/1"] == {"model.name": "compact"}
    assert [path.name for path in tmp_path.iterdir()] == ["study.toml"]


def test_a_simulated_study_is_checked_before_its_survey_is_made(tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text(HEAD + "training.epoch = 3\n" + AXES + THREE + SIMULATION)
    with pytest.raises(ConfigError, match=r"unknown key 'training\.epoch'"):
        run_study(tmp_path / "study.toml", tmp_path / "out", simulated=True)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [([], "--out"), (["--write", "my.toml", "--dry-run"], "--write takes no other option")],
)
def test_options_that_do_not_go_together(arguments: list[str], message: str) -> None:
    result = CliRunner().invoke(app, ["study", "thesis", *arguments])
    assert result.exit_code == 2
    assert message in result.output
