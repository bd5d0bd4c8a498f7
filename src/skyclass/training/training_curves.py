"""Plot the training curves: losses and validation accuracy."""

from pathlib import Path

from matplotlib.figure import Figure

from skyclass.files import atomic_path
from skyclass.models.training_history import TrainingHistory

__all__ = ["write_training_curves"]


def write_training_curves(history: TrainingHistory, path: Path) -> None:
    """Plot losses and validation accuracy against the optimizer steps.

    Parameters
    ----------
    history
        All rounds.
    path
        PNG file to write or replace.
    """
    rounds = history.epochs
    steps = [one.step for one in rounds]
    best = history.best.step
    # a figure of its own: pyplot would keep it, and choose a window system
    figure = Figure(figsize=(7, 5), layout="constrained")
    loss, accuracy = figure.subplots(2, 1, sharex=True)
    loss.plot(steps, [one.train_loss for one in rounds], marker=".", label="training")
    loss.plot(steps, [one.validation_loss for one in rounds], marker=".", label="validation")
    accuracy.plot(steps, [one.validation_accuracy for one in rounds], marker=".", color="C1")
    for axes in (loss, accuracy):
        axes.axvline(best, color="grey", linestyle="--", linewidth=1)
    loss.set_ylabel("loss")
    loss.legend(title=f"kept: step {best}")
    accuracy.set_ylabel("validation accuracy")
    accuracy.set_xlabel("steps")
    with atomic_path(path) as partial:
        figure.savefig(partial, dpi=120, format="png")
