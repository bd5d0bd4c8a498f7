"""Old keys: refused where a file is read, and rewritten by the command for it."""

import tomllib
from pathlib import Path

import pytest

from skyclass.config.experiment_file import read_config
from skyclass.config.migrate import migrate_config
from skyclass.config.renamed_keys import RENAMED, RENAMED_VALUES
from skyclass.config.sections import Experiment
from skyclass.errors import ConfigError

OLD = """# my stars
task = "spectral-class"

[catalog]
path = "stars.csv"   # registration = "none"

[cutouts]
size = 64
registration = "reproject"   # one grid

[images]
registration = "none"

[sample]
preset = "thesis-1"
"""


def known(key: str) -> bool:
    section, _, name = key.partition(".")
    return name in Experiment.model_fields[section].annotation.model_fields  # type: ignore[union-attr]


@pytest.mark.parametrize(("old", "new"), RENAMED.items())
def test_old_keys_are_gone_and_new_ones_are_there(old: str, new: str) -> None:
    assert not known(old)
    assert known(new)
    assert old.partition(".")[0] == new.partition(".")[0]


def test_values_are_those_of_renamed_keys() -> None:
    assert set(RENAMED_VALUES) <= set(RENAMED)


@pytest.mark.parametrize(("old", "new"), RENAMED.items())
def test_an_old_key_is_refused_with_the_new_one(tmp_path: Path, old: str, new: str) -> None:
    section, _, name = old.partition(".")
    file = tmp_path / "a.toml"
    file.write_text(f'task = "object-type"\n[catalog]\npath = "a.csv"\n[{section}]\n{name} = "x"\n')
    with pytest.raises(ConfigError) as refused:
        read_config(file)
    message = str(refused.value)
    assert message.startswith(f"{file}: ")
    assert f"{old!r}" in message
    assert f"{new!r}" in message
    assert "skyclass migrate" in message
    assert "\n" not in message


def test_only_keys_and_their_values_change(tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    file.write_text(OLD)
    assert migrate_config(str(file)) == [
        'line 9: cutouts.registration = "reproject" is now cutouts.grid = "common"',
        'line 15: sample.preset = "thesis-1" is now sample.data_set = "thesis-1"',
    ]
    assert file.read_text() == OLD.replace('registration = "reproject"', 'grid = "common"').replace(
        "preset", "data_set"
    )
    config = read_config(file)
    assert (config.cutouts.grid, config.images.registration) == ("common", "none")
    assert config.sample.data_set == "thesis-1"
    assert [path.name for path in tmp_path.iterdir()] == ["a.toml"]


def test_a_second_time_nothing_changes(tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    file.write_text(OLD)
    migrate_config(file)
    before = file.stat()
    assert migrate_config(file) == []
    assert (file.stat().st_mtime_ns, file.stat().st_ino) == (before.st_mtime_ns, before.st_ino)


@pytest.mark.parametrize(
    ("text", "migrated"),
    [
        ('cutouts.registration = "none"', 'cutouts.grid = "native"'),
        (
            'cutouts = { size = 64, registration = "none" }',
            'cutouts = { size = 64, grid = "native" }',
        ),
        ("cutouts = { registration='none', size = 64 }", "cutouts = { grid='native', size = 64 }"),
        ('[cutouts]\n"registration"="reproject"\n', '[cutouts]\n"grid"="common"\n'),
        ('[cutouts]\r\nregistration = "none"\r\n', '[cutouts]\r\ngrid = "native"\r\n'),
        ('[base.sample]\npreset = "thesis-1"', '[base.sample]\ndata_set = "thesis-1"'),
        (
            '[[data_sets]]\nname = "a"\nsettings.sample.preset = "thesis-1"',
            '[[data_sets]]\nname = "a"\nsettings.sample.data_set = "thesis-1"',
        ),
        (
            '[space]\n"cutouts.registration" = ["none", "reproject"]',
            '[space]\n"cutouts.grid" = ["none", "reproject"]',
        ),
        ('note = """\n[cutouts]\nregistration = "none"\n"""', None),
        ('[cutouts]\nregistrations = "none"', None),
        ('# [sample]\n# preset = "thesis-1"', None),
    ],
)
def test_every_way_to_write_a_key(tmp_path: Path, text: str, migrated: str | None) -> None:
    file = tmp_path / "a.toml"
    file.write_bytes(text.encode())
    changes = migrate_config(file)
    assert bool(changes) == (migrated is not None)
    assert file.read_bytes().decode() == (migrated or text)


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(OLD)
    (tmp_path / "b.toml").symlink_to("a.toml")
    migrate_config(tmp_path / "b.toml")
    assert (tmp_path / "b.toml").is_symlink()
    assert tomllib.loads((tmp_path / "a.toml").read_text())["cutouts"]["grid"] == "common"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "does not exist"),
        (b"task = ", "is not a TOML file"),
        (b"task = '\xff'", "is not a TOML file"),
        (b"[cutouts]\ngrid = 'native'\nregistration = 'none'", "old and its new name"),
        (b"[cutouts.registration]\nx = 1", "by hand; nothing was changed"),
    ],
)
def test_what_cannot_be_rewritten_is_left_alone(
    tmp_path: Path, content: bytes | None, message: str
) -> None:
    file = tmp_path / "a.toml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigError, match=message):
        migrate_config(file)
    assert content is None or file.read_bytes() == content
