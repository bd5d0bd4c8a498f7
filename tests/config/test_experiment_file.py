"""The experiment file."""

from pathlib import Path

import pytest

from skyclass.config.experiment_file import read_config, write_config
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


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (GOOD + "[training]\nepoch = 3\n", "unknown key 'training.epoch'.*'epochs'"),
        (GOOD + "[imges]\n", "unknown key 'imges'.*'images'"),
        (GOOD.replace('task = "spectral-class"', ""), "'task' is missing"),
        (GOOD + "[training]\nepochs = 0\n", "training.epochs"),
        (GOOD + "[augmentation]\nrotated = true\n", "unknown key 'augmentation.rotated'.*'rotate'"),
        (GOOD + "[augmentation]\nblur = 9\n", r"augmentation\.blur"),
        (GOOD + '[images]\nregistration = "wcs"\n', r"images\.registration.*'shift' or 'none'"),
        ("task = ", "not a TOML file"),
    ],
)
def test_bad_files(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "a.toml").write_text(text)
    with pytest.raises(ConfigError, match=message):
        read_config(tmp_path / "a.toml")
