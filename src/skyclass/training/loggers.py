"""Where the figures of a training are sent."""

import os
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from lightning.pytorch.loggers import Logger, MLFlowLogger, TensorBoardLogger, WandbLogger

from skyclass.errors import TrainingError
from skyclass.files import make_directory

__all__ = ["check_loggers", "make_loggers"]

_PACKAGES: Final = {"wandb": ("wandb",), "mlflow": ("mlflow", "mlflow_skinny")}
_PROJECT: Final = "skyclass"


def check_loggers(names: Sequence[str]) -> None:
    """Refuse loggers whose package is not installed.

    Parameters
    ----------
    names
        `wandb` or `mlflow`.

    Raises
    ------
    TrainingError
        Where one is missing.
    """
    for name in names:
        if not any(find_spec(package) for package in _PACKAGES[name]):
            raise TrainingError(
                f'training.loggers = ["{name}"] needs the package {name}: pip install {name}'
            )


def make_loggers(names: Sequence[str], folder: Path, settings: dict[str, Any]) -> list[Logger]:
    """Give TensorBoard's logger, and the others that are asked for.

    Parameters
    ----------
    names
        `wandb` or `mlflow`; where they send to is theirs to be told, by their environment
        variables (`WANDB_MODE`, `MLFLOW_TRACKING_URI`).
    folder
        For everything that is written on disk.
    settings
        What the training is told, kept beside its figures by those that can.

    Returns
    -------
    list of lightning.pytorch.loggers.Logger
        TensorBoard's first.

    Raises
    ------
    TrainingError
        Where one of the others does not begin: without a key, say, or with its server out of reach.
    """
    loggers: list[Logger] = [TensorBoardLogger(folder, name="tensorboard", version="")]
    for name in names:
        try:
            loggers.append(_BEGINNINGS[name](folder, settings))
        except Exception as error:  # each package raises its own kinds
            reason = next(iter(str(error).splitlines()), type(error).__name__)
            place = f'training.loggers = ["{name}"]'
            raise TrainingError(f"{place} does not begin: {reason}") from error
    return loggers


class _WandbRun(WandbLogger):
    """A run of Weights & Biases that ends with its training, so that the next is another run."""

    def finalize(self, status: str) -> None:
        """End the run."""
        super().finalize(status)
        self.experiment.finish()


def _wandb(folder: Path, settings: dict[str, Any]) -> Logger:
    """Begin a run of Weights & Biases; Lightning would only at the first figure."""
    logger = _WandbRun(project=_PROJECT, save_dir=folder, config=settings)
    logger.experiment  # noqa: B018 - asking for it begins the run
    return logger


def _mlflow(folder: Path, settings: dict[str, Any]) -> Logger:
    """Begin a run of MLflow, which no longer keeps runs in Lightning's default, plain folders."""
    database = make_directory(folder) / "mlflow.db"
    place = os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{database}"
    logger = MLFlowLogger(_PROJECT, tracking_uri=place)
    logger.log_hyperparams(settings)
    return logger


_BEGINNINGS: Final = {"wandb": _wandb, "mlflow": _mlflow}
