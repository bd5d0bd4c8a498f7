"""The search for settings, and the test of learning rates."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from skyclass.config.sections import CatalogConfig, Experiment
from skyclass.config.tuning_file import Range, SearchConfig
from skyclass.errors import TrainingError
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
