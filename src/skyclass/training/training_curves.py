"""The training curves as a picture."""

from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from skyclass.files import atomic_path

__all__ = ["plot_training_curves"]


def plot_training_curves(history: dict[str, Any], path: Path) -> None:
    """Draw losses and validation accuracy against the steps.

    Parameters
    ----------
    history
        What `history.json` holds.
    path
        PNG file to write or replace.
    """
    rounds = history["epochs"]
    steps = [one["step"] for one in rounds]
    best = steps[history["best_epoch"]]
    # a figure of its own: pyplot would keep it, and choose a window system
    figure = Figure(figsize=(7, 5), layout="constrained")
    loss, accuracy = figure.subplots(2, 1, sharex=True)
    for name, label in (("train_loss", "training"), ("validation_loss", "validation")):
        loss.plot(steps, [one[name] for one in rounds], marker=".", label=label)
    accuracy.plot(steps, [one["validation_accuracy"] for one in rounds], marker=".", color="C1")
    for axes in (loss, accuracy):
        axes.axvline(best, color="grey", linestyle="--", linewidth=1)
    loss.set_ylabel("loss")
    loss.legend(title=f"kept: step {best}")
    accuracy.set_ylabel("validation accuracy")
    accuracy.set_xlabel("steps")
    with atomic_path(path) as partial:
        figure.savefig(partial, dpi=120, format="png")
