"""Search files."""

from pathlib import Path

import pytest

from skyclass.config.sections import CatalogConfig, Experiment
from skyclass.config.tuning_file import read_search, replace_values
from skyclass.errors import ConfigError

EXPERIMENT = Experiment(task="spectral-class", catalog=CatalogConfig(path=Path("a.csv")))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '[space]\n"training.learning_rte" = [1, 2]',
            "did you mean 'learning_rate'",
        ),
        ('trialz = 3\n[space]\n"training.epochs" = [1, 2]', "trialz'; did you mean 'trials'"),
        (
            '[space]\n"training.learning_rate" = [1, -2]',
            "training.learning_rate must be greater than 0, got -2",
        ),
        (
            '[space]\n"training.learning_rate" = { low = 2, high = 1 }',
            "low must be below high, got 2 and 1",
        ),
        ('[space]\n"training.learning_rate" = { low = 0, high = 1, log = true }', "above 0"),
        ('[space]\n"split.test" = [0.1, 0.2]', "trials share the objects"),
        ('[space]\n"training.monitor" = ["loss", "accuracy"]', "the figure"),
        ("trials = 3", "space"),
        ("trials = ", "not a TOML file"),
    ],
)
def test_bad_search_files(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "space.toml").write_text(text)
    with pytest.raises(ConfigError, match=message):
        read_search(tmp_path / "space.toml", EXPERIMENT)


def test_values_are_put_into_the_experiment(tmp_path: Path) -> None:
    text = '[space]\n"training.batch_size" = [16, 32]\n"images.type" = ["ugriz", "gri"]\n'
    (tmp_path / "space.toml").write_text(text)
    config = read_search(tmp_path / "space.toml", EXPERIMENT)
    assert config.space["training.batch_size"] == (16, 32)
    changed = replace_values(EXPERIMENT, {"training.batch_size": 16, "images.type": "gri"})
    assert (changed.training.batch_size, changed.images.type) == (16, "gri")
    assert changed.training.model_fields_set == {"batch_size"}
