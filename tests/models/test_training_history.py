"""The history of a training, in its file and in a loaded model."""

from pathlib import Path

import pytest

from models.test_classifier import SPEC
from skyclass.errors import ModelError
from skyclass.models.classifier import Classifier
from skyclass.models.saved_model import load_model, save_model
from skyclass.models.training_history import (
    TrainingHistory,
    TrainingRound,
    read_history,
    write_history,
)

HISTORY = TrainingHistory(
    epochs=tuple(
        TrainingRound(
            epoch=number,
            step=10 * (number + 1),
            train_loss=1.0,
            train_accuracy=0.5,
            validation_loss=loss,
            validation_accuracy=1 - loss,
        )
        for number, loss in enumerate((0.5, 0.125, 0.25))
    ),
    best_epoch=1,
    steps_per_epoch=10,
    validate_every=10,
)


def test_a_history_is_read_as_it_was_written(tmp_path: Path) -> None:
    write_history(HISTORY, tmp_path)
    assert read_history(tmp_path) == HISTORY
    assert read_history(tmp_path).best.validation_loss == 0.125


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "history.json cannot be read: No such file"),
        ("{", "is not a training history: content: Invalid JSON"),
        ('{"epochs": [{"epoch": 0}], "best_epoch": 0}', "epochs.0.step: Field required"),
    ],
)
def test_an_invalid_history_is_one_line(tmp_path: Path, text: str | None, message: str) -> None:
    if text is not None:
        (tmp_path / "history.json").write_text(text)
    with pytest.raises(ModelError, match=message) as caught:
        read_history(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_loaded_model_says_how_good_it_is(tmp_path: Path) -> None:
    save_model(Classifier(SPEC), tmp_path)
    headline = "Classifier(spectral-class: O B M; sdss, simulated; compact on lupton:irg:q=3"
    assert repr(load_model(tmp_path)) == f"{headline})"
    write_history(HISTORY, tmp_path)
    loaded = load_model(tmp_path)
    assert repr(loaded) == f"{headline}; validation accuracy 0.875)"
    assert "<tr><th>Quality</th><td>validation accuracy 0.875</td></tr>" in loaded._repr_html_()
