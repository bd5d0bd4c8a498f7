"""The search for settings, and the test of learning rates."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from skyclass.config.sections import CatalogConfig, Experiment
from skyclass.config.tuning_file import Range, SearchConfig, read_search, with_values
from skyclass.errors import ConfigError, TrainingError
from skyclass.training.hyperparameter_search import search_hyperparameters

pytestmark = pytest.mark.filterwarnings("ignore")

RATE = "training.learning_rate"
SPACE = SearchConfig(
    trials=12,
    space={RATE: Range(low=1e-5, high=1e-1, log=True), "training.optimizer": ("adam", "adamw")},
)
EXPERIMENT = Experiment(task="spectral-class", catalog=CatalogConfig(path=Path("a.csv")))


def judge(_number: int, values: dict) -> float:
    return abs(np.log10(values[RATE]) + 3) + (values["training.optimizer"] == "adam")


def test_an_interrupted_search_ends_the_same(tmp_path: Path) -> None:
    asked = []

    def interrupted(number: int, values: dict) -> float:
        asked.append((number, values))
        if len(asked) == 6:
            raise KeyboardInterrupt
        return judge(number, values)

    with pytest.raises(KeyboardInterrupt):
        search_hyperparameters(SPACE, tmp_path / "broken", interrupted, maximise=False, seed=1)
    result = search_hyperparameters(SPACE, tmp_path / "broken", interrupted, maximise=False, seed=1)
    assert asked[5] == asked[6]
    assert len(asked) == 13
    whole = search_hyperparameters(SPACE, tmp_path / "whole", judge, maximise=False, seed=1)
    assert result == whole
    assert whole.figure == judge(0, whole.values) < 1
    tables = [pd.read_csv(tmp_path / name / "trials.csv") for name in ("broken", "whole")]
    pd.testing.assert_frame_equal(*tables)
    with pytest.raises(TrainingError, match="another space"):
        search_hyperparameters(
            SearchConfig(space={RATE: (1.0, 2.0)}),
            tmp_path / "whole",
            judge,
            maximise=False,
            seed=1,
        )


def test_trials_that_fail_are_left_out(tmp_path: Path) -> None:
    def failing(number: int, values: dict) -> float:
        if number % 2 or tmp_path.name == "all":
            raise TrainingError("the loss is not finite")
        return judge(number, values)

    short = SPACE.model_copy(update={"trials": 4})
    result = search_hyperparameters(short, tmp_path / "half", failing, maximise=True, seed=1)
    assert (result.trials, result.failed) == (4, 2)

    def never(_number: int, _values: dict) -> float:
        raise TrainingError("the loss is not finite")

    with pytest.raises(TrainingError, match="none of 4 trials could be trained: the loss"):
        search_hyperparameters(short, tmp_path / "none", never, maximise=True, seed=1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '[space]\n"training.learning_rte" = [1, 2]',
            "did you mean 'learning_rate'",
        ),
        ('trialz = 3\n[space]\n"training.epochs" = [1, 2]', "trialz'; did you mean 'trials'"),
        ('[space]\n"training.learning_rate" = [1, -2]', "learning_rate = -2"),
        ('[space]\n"training.learning_rate" = { low = 2, high = 1 }', "is not below"),
        ('[space]\n"training.learning_rate" = { low = 0, high = 1, log = true }', "above 0"),
        ('[space]\n"split.test" = [0.1, 0.2]', "share one set of objects"),
        ('[space]\n"training.monitor" = ["loss", "accuracy"]', "one figure"),
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
    changed = with_values(EXPERIMENT, {"training.batch_size": 16, "images.type": "gri"})
    assert (changed.training.batch_size, changed.images.type) == (16, "gri")
    assert changed.training.model_fields_set == {"batch_size"}
