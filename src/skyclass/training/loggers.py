"""Send the figures of a training to TensorBoard, Weights & Biases or MLflow."""

import os
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from lightning.pytorch.loggers import Logger, MLFlowLogger, TensorBoardLogger, WandbLogger

from skyclass.errors import TrainingError
from skyclass.files import make_directory

__all__ = ["check_loggers", "make_loggers"]

_PACKAGES: Final = {"wandb": ("wandb",), "mlflow": ("mlflow", "mlflow_skinny")}
_PROJECT: Final = "skyclass"


def check_loggers(names: Sequence[str]) -> None:
    """Check that the packages of all loggers are installed, and that Weights & Biases has a login.

    Nothing is asked of a server.

    Parameters
    ----------
    names
        `wandb` or `mlflow`.

    Raises
    ------
    TrainingError
        If one is missing.

    Examples
    --------
    >>> check_loggers([])
    """
    for name in names:
        if not any(find_spec(package) for package in _PACKAGES[name]):
            raise TrainingError(
                f'training.loggers = ["{name}"] needs the package {name}: pip install {name}'
            )
        if name == "wandb":
            _check_wandb_login()


def _check_wandb_login() -> None:
    """Check that there is an API key of Weights & Biases where it is to send figures."""
    import wandb

    mode = os.environ.get("WANDB_MODE") or wandb.setup().settings.mode
    if mode not in {"online", "shared"}:
        return
    try:
        is_known = wandb.login(prompt=False, verify=False)
    except TypeError:  # earlier versions cannot tell without asking for a key
        return
    except wandb.Error as error:
        raise TrainingError(f'training.loggers = ["wandb"]: {error}') from error
    if not is_known:
        raise TrainingError(
            'training.loggers = ["wandb"] needs a login: run `wandb login`, or set WANDB_API_KEY,'
            " or WANDB_MODE=offline"
        )


def make_loggers(
    names: Sequence[str], folder: Path, settings: Mapping[str, object]
) -> list[Logger]:
    """Create TensorBoard's logger, and others on request.

    Parameters
    ----------
    names
        `wandb` or `mlflow`; their own environment variables say where they send to
        (`WANDB_MODE`, `MLFLOW_TRACKING_URI`).
    folder
        For everything that is written on disk.
    settings
        Settings of the training, recorded beside its figures by the loggers that can.

    Returns
    -------
    list of lightning.pytorch.loggers.Logger
        TensorBoard's first.

    Raises
    ------
    TrainingError
        If one of the others does not start: without a key, say, or with its server out of reach.
    """
    loggers: list[Logger] = [TensorBoardLogger(folder, name="tensorboard", version="")]
    for name in names:
        try:
            loggers.append(_STARTERS[name](folder, settings))
        except Exception as error:  # each package raises its own kinds
            reason = next(iter(str(error).splitlines()), type(error).__name__)
            place = f'training.loggers = ["{name}"]'
            raise TrainingError(f"{place} does not start: {reason}") from error
    return loggers


class _WandbRun(WandbLogger):
    """A run of Weights & Biases that ends with its training, so that the next is another run."""

    def finalize(self, status: str) -> None:
        """End the run."""
        super().finalize(status)
        self.experiment.finish()


def _start_wandb(folder: Path, settings: Mapping[str, object]) -> Logger:
    """Start a run of Weights & Biases; Lightning would only at the first figure."""
    logger = _WandbRun(project=_PROJECT, save_dir=folder, config=dict(settings))
    logger.experiment  # noqa: B018 - reading the property starts the run
    return logger


def _start_mlflow(folder: Path, settings: Mapping[str, object]) -> Logger:
    """Start a run of MLflow, which no longer keeps runs in Lightning's default, plain folders."""
    database = make_directory(folder) / "mlflow.db"
    address = os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{database}"
    logger = MLFlowLogger(_PROJECT, tracking_uri=address)
    logger.log_hyperparams(dict(settings))
    return logger


_STARTERS: Final = {"wandb": _start_wandb, "mlflow": _start_mlflow}
