"""The experiment file."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skyclass.config.experiment_file import format_toml, read_config, write_config
from skyclass.errors import ConfigError

GOOD = """
task = "spectral-class"
[catalog]
path = "c.csv"
[survey]
frames = "frames"
"""


def test_round_trip(tmp_path: Path) -> None:
    images = '[images]\ntype = "gri"\nregistration = "shift"\ncrop = 32\nresize = "learned"\n'
    images += 'upscaler = "w.safetensors"\n[augmentation]\nrotate = true\nblur = 0.5\n'
    (tmp_path / "a.toml").write_text(GOOD + images)
    config = read_config(tmp_path / "a.toml")
    assert (config.images.registration, config.augmentation.blur) == ("shift", 0.5)
    assert config.images.upscaler == tmp_path / "w.safetensors"
    assert config.catalog.path == tmp_path / "c.csv"
    write_config(config, tmp_path / "b" / "b.toml")
    assert read_config(tmp_path / "b" / "b.toml") == config


SCALARS = st.text() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats()
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8
)


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(st.text(), VALUES))
def test_any_table_comes_back_as_it_was(values: dict[str, object]) -> None:
    # compared as text, since NaN is not equal to itself
    assert ordered(tomllib.loads(format_toml(values))) == ordered(values)


def ordered(value: object) -> str:
    """Return the text of a value with the keys of all tables in order."""
    if isinstance(value, dict):
        return str(sorted((key, ordered(item)) for key, item in value.items()))
    return str([ordered(item) for item in value]) if isinstance(value, list) else repr(value)


def test_a_character_beyond_the_first_plane_survives(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(GOOD.replace("c.csv", "a\U000e0001b"), encoding="utf-8")
    config = read_config(tmp_path / "a.toml")
    write_config(config, tmp_path / "b.toml")
    assert read_config(tmp_path / "b.toml").catalog.path == tmp_path / "a\U000e0001b"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (GOOD + "[training]\nepoch = 3\n", "unknown key 'training.epoch'.*'epochs'"),
        (GOOD + "[imges]\n", "unknown key 'imges'.*'images'"),
        (GOOD.replace('task = "spectral-class"', ""), "'task' is missing"),
        (GOOD + "[training]\nepochs = 0\n", "training.epochs must be at least 1, got 0"),
        (GOOD + "[training]\nepochs = 'x'\n", "training.epochs must be a whole number, got 'x'"),
        (GOOD + "[training]\ncompile = 'x'\n", "training.compile must be true or false, got 'x'"),
        (GOOD + "[training]\nlearning_rate = 0\n", "learning_rate must be greater than 0, got 0"),
        (GOOD + "[cutouts]\nsize = 1000\n", ": cutouts.size must be 8 to 512 pixels, got 1000"),
        (GOOD.replace("spectral-class", ""), ": task must not be empty"),
        (GOOD.replace('path = "c.csv"', ""), ": catalog.path is missing; name a file of objects"),
        (GOOD + "[split]\nnside = 30\n", ": split.nside must be a power of two, got 30"),
        (
            GOOD + '[model]\npretrained = true\nweights = "w.safetensors"\n',
            ": model.pretrained = true and model.weights exclude each other",
        ),
        (GOOD + "[augmentation]\nrotated = true\n", "unknown key 'augmentation.rotated'.*'rotate'"),
        (GOOD + "[augmentation]\nblur = 9\n", "augmentation.blur must be at most 4, got 9"),
        (
            GOOD + '[images]\nregistration = "wcs"\n',
            "images.registration must be 'shift' or 'none', got 'wcs'",
        ),
        ("task = ", "not a TOML file"),
    ],
)
def test_bad_files(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "a.toml").write_text(text)
    with pytest.raises(ConfigError, match=message):
        read_config(tmp_path / "a.toml")


@pytest.mark.parametrize(
    ("weights", "folder", "read"),
    [
        ("stars", False, "stars"),
        ("stars", True, "{base}/stars"),
        ("./stars", False, "{base}/stars"),
        ("stars.safetensors", False, "{base}/stars.safetensors"),
        ("hf://one/stars", False, "hf://one/stars"),
    ],
)
def test_weights_are_a_path_beside_the_file_or_a_name(
    tmp_path: Path, weights: str, folder: bool, read: str
) -> None:
    if folder:
        (tmp_path / "stars").mkdir()
    file = tmp_path / "a.toml"
    file.write_text(f'{GOOD}[model]\nweights = "{weights}"\n')
    assert read_config(file).model.weights == read.format(base=tmp_path)
