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
    """
    loggers: list[Logger] = [TensorBoardLogger(folder, name="tensorboard", version="")]
    if "wandb" in names:
        loggers.append(WandbLogger(project=_PROJECT, save_dir=folder, config=settings))
    if "mlflow" in names:
        # mlflow no longer keeps runs in plain folders, which is Lightning's default
        database = make_directory(folder) / "mlflow.db"
        place = os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{database}"
        logger = MLFlowLogger(_PROJECT, tracking_uri=place)
        logger.log_hyperparams(settings)
        loggers.append(logger)
    return loggers
